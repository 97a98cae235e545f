"""The documents that a service must bring along for whoever deploys it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint.record import Record
from gravity_lint.violation import Finding, Place

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_FOLDERS = ("", "docs", "doc", "documentation")
_NAMES = ("database.md", "database.markdown", "database.rst", "database.txt", "database.adoc")


class MissingDatabaseMd(Record):
    """A service that uses a database and has no DATABASE.md → a finding where it first does so, with the field
    `what`: what opens or declares the database there."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        if service.kind != "service" or not service.uses_database or service.database_place is None:
            return
        if not any(_is_database_md(file.path, service.root) for file in service.files):
            from gravity_lint.checks.database_md import remedy  # only where something is missing

            yield Finding(service.database_place, {"what": _what(service, service.database_place)},
                          remedy=remedy(service))


def _what(service: Service, place: Place) -> str:
    """What uses a database at a place, in words."""
    for sink in service.sinks:
        if service.place(sink.site) == place:
            return f"`{sink.name}` {'opens' if sink.is_call else 'names'} a database"
    return next((f"`{model.name}` is kept in a database" for model in service.models
                 if service.place(model.site) == place), "The service uses a database")


def _is_database_md(path: str, root: str) -> bool:
    """In the root or its folder of documents, whatever the case of the letters."""
    folder, name = posixpath.split(posixpath.relpath(path, root).lower())
    return folder in _FOLDERS and name in _NAMES
