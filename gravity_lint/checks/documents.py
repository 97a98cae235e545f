"""The documents that a service must bring along for whoever deploys it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gravity_lint.violation import Finding

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_FOLDERS = ("", "docs", "doc", "documentation")
_NAMES = ("database.md", "database.markdown", "database.rst", "database.txt", "database.adoc")


@dataclass(frozen=True)
class MissingDatabaseMd:
    """A service that uses a database and has no DATABASE.md → a finding where it first does so."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        if service.kind != "service" or not service.uses_database or service.database_place is None:
            return
        if not any(_is_database_md(file.path, service.root) for file in service.files):
            yield Finding(service.database_place)


def _is_database_md(path: str, root: str) -> bool:
    """In the root or its folder of documents, whatever the case of the letters."""
    folder, name = posixpath.split(posixpath.relpath(path, root).lower())
    return folder in _FOLDERS and name in _NAMES
