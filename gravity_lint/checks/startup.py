"""Operations on a database that start-up reaches, or that other code of the service performs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gravity_lint.link.service import Service
from gravity_lint.link.values import Hop
from gravity_lint.violation import Finding


@dataclass(frozen=True)
class StartupCall:
    """Finds calls that do one thing to a database: those that start-up reaches, or those that it does not."""

    operation: str
    """`create-tables` or `run-migrations`"""
    reached: bool

    def __call__(self, service: Service) -> Iterator[Finding]:
        for done in service.performed:
            if done.operation != self.operation:
                continue
            reached = service.reach.reaches(done.unit, done.site.span)
            if reached != self.reached:
                continue
            hops = (*service.reach.trail(done.unit), Hop(done.site, f"calls `{done.name}` here")) if reached else ()
            how = service.reach.how(done.unit)
            yield Finding(service.place(done.site), {"call": done.name, "how": how}, service.steps(hops))
