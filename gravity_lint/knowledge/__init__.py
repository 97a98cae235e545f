"""What the libraries' APIs are, as data: tables that every check shares, read once and strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from gravity_lint.knowledge.reading import ROLES, KnowledgeError, Shape, Slot, load

__all__ = ["ROLES", "Driver", "Kind", "KnowledgeError", "Role", "Shape", "Slot", "drivers"]

Kind = Literal["sql", "document", "cache"]
Role = Literal["url", "host", "user", "password", "database", "file"]
DriverRole = Literal["url", "host", "user", "password", "database", "file", "config"]

_HERE = Path(__file__).parent

# ---- drivers: what opens a database


@dataclass(frozen=True, eq=False)
class Driver:
    """Callables that open a database, all with the same arguments."""

    driver: str
    kind: Kind
    calls: tuple[str, ...]
    """Every dotted name under which code reaches the callable; a method is `package.Class.method`."""
    arguments: Mapping[DriverRole, Slot] = field(default_factory=lambda: MappingProxyType({}))
    """Role → where that argument stands; `config` is a mapping or object whose keys `keys` explains."""
    keys: Shape | None = None
    models: str | None = None
    """The ORM whose models this opens the database for."""
    demands_scheme: bool = False
    """The callable also takes what is no database (`rpc://`): only a URL with a database's scheme counts."""


@cache
def drivers() -> Mapping[str, Driver]:
    """Dotted name of a callable → the driver it belongs to. Raises `KnowledgeError` when the table is wrong."""
    rows: tuple[Driver, ...] = load(_HERE / "drivers.yaml", tuple[Driver, ...])
    found: dict[str, Driver] = {}
    for row in rows:
        for call in row.calls:
            if call in found:
                raise KnowledgeError(f"drivers.yaml: {call} stands in two rows ({found[call].driver}, {row.driver})")
            found[call] = row
    return MappingProxyType(found)
