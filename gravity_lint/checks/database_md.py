"""What a DATABASE.md can say of a service, as the plain values of a remedy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gravity_lint.checks.interface import Interface
from gravity_lint.violation import Place, Remedy

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_CAUTION = "whether what it says is true, and what it leaves to you as TODO: versions, sizes, all that no code says"


def remedy(service: Service) -> Remedy:
    """The document for a service; unsafe, for what no code can know is left to be written."""
    known = Interface(service)
    facts = {
        "name": known.name,
        "stores": [{**store._asdict(), "variables": [each._asdict() for each in store.variables]}
                   for store in known.stores],
        "tables": [{**table._asdict(), "kind": _kind(table.orm)} for table in known.tables],
        "created": [table._asdict() for table in known.created],
        "makes": known.makes_tables,
        "starts": known.starts_with_tables,
        "extensions": known.extensions,
        "images": known.images,
        "migrations": known.migrations and known.migrations._asdict(),
    }
    place = Place(f"{service.root}/DATABASE.md", 1, 1, 1, 1)
    return Remedy("write-database-md", "unsafe", _CAUTION, (place,), (("facts", json.dumps(facts)),))


def _kind(orm: str) -> str:
    if orm in ("mongoengine", "beanie", "odmantic", "umongo"):
        return "document"
    return "cache" if orm == "redis-om" else "sql"
