"""SQL statements, library calls and processes by which the code changes databases, users or tables."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from gravity_lint.link.operations import Sent
from gravity_lint.link.service import Service
from gravity_lint.link.values import Hop
from gravity_lint.violation import Finding, Place


@dataclass(frozen=True)
class IssuedStatement:
    """Finds what the service's own code does of these kinds, whoever runs that code."""

    kinds: tuple[str, ...]
    """Kinds of statements: `create-database`, `grant`, `alter-table`, …"""
    outside: tuple[str, ...] = ()
    """Modules and folders in which the statements belong, by name."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for sent in service.sent:
            if sent.kind in self.kinds and not sent.temporary and not self._belongs(service, sent):
                hops = (*sent.trail, Hop(sent.sender, f"`{sent.name}` sends it here"))
                yield Finding(_place(service, sent), {"statement": sent.text, "call": sent.name}, service.steps(hops))
        for done in service.performed:
            if done.operation in self.kinds:
                yield Finding(
                    service.place(done.site), {"statement": done.operation.replace("-", " "), "call": done.name}
                )

    def _belongs(self, service: Service, sent: Sent) -> bool:
        inner = posixpath.relpath(sent.site.module.path, service.root)
        return not set(self.outside).isdisjoint(posixpath.splitext(inner)[0].split("/"))


def _place(service: Service, sent: Sent) -> Place:
    """Where a statement begins inside the text that holds it, which may have many lines."""
    start, end = sent.site.span
    source = service.source(sent.site.module.path)
    found = source.data.find(sent.begins.encode(), start, end) if sent.begins else -1
    if found < 0 or not source.data[start:found].strip(b"\"'rRbBfFuU"):
        return source.place((start, end))
    return source.place((found, found + len(sent.begins.encode())))
