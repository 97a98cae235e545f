"""SQL statements, library calls and processes by which the code changes databases, users or tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gravity_lint.link.service import Service
from gravity_lint.link.values import Hop
from gravity_lint.violation import Finding


@dataclass(frozen=True)
class IssuedStatement:
    """Finds what the service's own code does of these kinds, whoever runs that code."""

    kinds: tuple[str, ...]
    """Kinds of statements: `create-database`, `grant`, `alter-table`, …"""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for sent in service.sent:
            if sent.kind in self.kinds:
                hops = (*sent.trail, Hop(sent.sender, f"`{sent.name}` sends it here"))
                yield Finding(service.place(sent.site), {"statement": sent.text, "call": sent.name}, service.steps(hops))
        for done in service.performed:
            if done.operation in self.kinds:
                yield Finding(service.place(done.site), {"statement": done.operation.replace("-", " "), "call": done.name})
