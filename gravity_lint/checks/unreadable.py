"""Files that cannot be read, decoded or parsed: said, never silently skipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gravity_lint.violation import Finding

if TYPE_CHECKING:
    from gravity_lint.link.service import Service


@dataclass(frozen=True)
class Unreadable:
    """Every trouble of a service's files → a finding with the field `reason`."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for place, message in service.troubles:
            yield Finding(place, {"reason": message})
