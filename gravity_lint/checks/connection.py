"""A value that reaches a database's driver: literal, defaulted, half literal, or possibly missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal as OneOf

from gravity_lint.link.service import Service
from gravity_lint.link.target import Target
from gravity_lint.record import Record
from gravity_lint.violation import Finding, Remedy

Origin = OneOf["hardcoded", "default", "credentials", "unchecked"]


class ConnectionValue(Record):
    """Finds the values of one origin that say where the database is, or with which credentials."""

    origin: Origin

    def __call__(self, service: Service) -> Iterator[Finding]:
        found = [target for target in service.targets if target.origin == self.origin]
        remedies = _remedies(service, self.origin) if found else None
        for target in found:
            yield _finding(service, target, remedies(target) if remedies is not None else None)


def _remedies(service: Service, origin: Origin) -> Callable[[Target], Remedy | None]:
    """What tells how a value is mended: imported where there is one."""
    if origin == "default":
        from gravity_lint.checks.defaults import Defaults

        return Defaults(service).remedy
    if origin in ("hardcoded", "credentials"):
        from gravity_lint.checks.literals import Literals

        return Literals(service).remedy
    from gravity_lint.checks.presence import Presence

    return Presence(service).remedy


def _finding(service: Service, target: Target, remedy: Remedy | None) -> Finding:
    fields = {
        "setting": target.setting,
        "value": target.value,
        "role": target.role,
        "sink": target.sink,
        "driver": target.driver,
    }
    return Finding(service.place(target.site), fields, service.steps(target.trail), "note" if target.is_test else None,
                   remedy)
