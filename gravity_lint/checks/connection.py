"""A value that reaches a database's driver: literal, defaulted, half literal, or possibly missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as OneOf

from gravity_lint.link.service import Service
from gravity_lint.link.target import Target
from gravity_lint.record import Record
from gravity_lint.violation import Finding

Origin = OneOf["hardcoded", "default", "credentials", "unchecked"]


class ConnectionValue(Record):
    """Finds the values of one origin that say where the database is, or with which credentials."""

    origin: Origin

    def __call__(self, service: Service) -> Iterator[Finding]:
        for target in service.targets:
            if target.origin == self.origin:
                yield _finding(service, target)


def _finding(service: Service, target: Target) -> Finding:
    fields = {
        "setting": target.setting,
        "value": target.value,
        "role": target.role,
        "sink": target.sink,
        "driver": target.driver,
    }
    return Finding(service.place(target.site), fields, service.steps(target.trail), "note" if target.is_test else None)
