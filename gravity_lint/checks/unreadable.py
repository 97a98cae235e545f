"""Files that cannot be read, decoded or parsed: said, never silently skipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint.facts.troubles import troubles
from gravity_lint.record import Record
from gravity_lint.source import Unreadable
from gravity_lint.violation import Finding, Place

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_KINDS = ("yaml", "ini", "dockerfile", "toml")
"""What is read beside Python."""


class UnreadableFile(Record):
    """Every trouble of a service's files → a finding with the field `reason`."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for place, message in service.troubles:
            yield Finding(place, {"reason": message})
        for file in service.files_of(*_KINDS, roles=("code", "migration")):
            try:
                source = service.source(file.path)
            except Unreadable as error:
                place = Place(file.path, error.line, 1, error.line, 2)
                yield Finding(place, {"reason": error.reason})
                continue
            for line, message in troubles(file.kind, source):
                yield Finding(source.whole_line(line), {"reason": message})
