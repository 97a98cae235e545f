"""SQL statements, library calls and processes by which the code changes databases, users or tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint.checks.reading import is_within
from gravity_lint.link.modules import Unit
from gravity_lint.link.operations import Sent
from gravity_lint.link.service import Service
from gravity_lint.link.values import Hop
from gravity_lint.record import Record
from gravity_lint.violation import Finding, Place, Severity

if TYPE_CHECKING:
    from gravity_lint.checks.advice import Advice


class IssuedStatement(Record):
    """Finds what the service's own code does of these kinds, whoever runs that code."""

    kinds: tuple[str, ...]
    """Kinds of statements: `create-database`, `grant`, `alter-table`, …"""
    outside: tuple[str, ...] = ()
    """Modules and folders in which the statements belong, by name."""
    by_hand: Severity | None = None
    """How much it weighs where only a person runs it: a command, a script."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        advice: Advice | None = None
        for sent in service.sent:
            belongs = sent.temporary or is_within(service, sent.site.module.path, self.outside)
            if sent.kind in self.kinds and not belongs:
                hops = (*sent.trail, Hop(sent.sender, f"`{sent.name}` sends it here"))
                fields = {"statement": sent.text, "call": sent.name, "what": sent.text}
                advice, place = advice or _advice(service), _place(service, sent)
                yield Finding(place, fields, service.steps(hops), self._weight(service, sent.unit),
                              advice.sent(sent, place))
        for done in service.performed:
            if done.operation in self.kinds:
                fields = {"statement": done.operation.replace("-", " "), "call": done.name, "what": done.name}
                advice, place = advice or _advice(service), service.place(done.site)
                yield Finding(place, fields, severity=self._weight(service, done.unit),
                              remedy=advice.performed(done, place))

    def _weight(self, service: Service, unit: Unit) -> Severity | None:
        return self.by_hand if self.by_hand and service.reach.by_hand(unit) else None


def _advice(service: Service) -> Advice:
    """What tells how the deployment does it: imported where something was found."""
    from gravity_lint.checks.advice import Advice

    return Advice(service)


def _place(service: Service, sent: Sent) -> Place:
    """Where a statement begins inside the text that holds it, which may have many lines."""
    start, end = sent.site.span
    source = service.source(sent.site.module.path)
    begins = sent.begins.encode("utf-8", "surrogatepass")  # an escape may stand for half a character
    found = source.data.find(begins, start, end) if begins else -1
    if found < 0 or not source.data[start:found].strip(b"\"'rRbBfFuU"):
        return source.place((start, end))
    return source.place((found, found + len(begins)))
