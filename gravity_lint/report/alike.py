"""Violations that say the same in several places, put together."""

from __future__ import annotations

from collections.abc import Iterable

from gravity_lint.record import NamedTuple
from gravity_lint.report.text import counted
from gravity_lint.violation import Violation


class Group(NamedTuple):
    """One violation, and those that say the same elsewhere, in the order of the report."""

    first: Violation
    others: tuple[Violation, ...] = ()

    @property
    def spread(self) -> str:
        """Where the others are: `51 more services`, `2 more files`, `4 more places in 3 services`."""
        number, here = len(self.others), self.first.service
        services = {each.service for each in self.others}
        if here not in services and len(services) == number:
            return counted(number, "more service")
        if services == {here}:
            files = {each.place.path for each in self.others} - {self.first.place.path}
            return counted(number, "more file" if len(files) == number else "more place")
        inside = counted(len(services), "service") if len(services) > 1 else "another service"
        return f"{counted(number, 'more place')} in {inside}"


def together(violations: Iterable[Violation]) -> list[Group]:
    """Violations → groups of one rule, weight and text, the text of the trail included, each where its first was.

    A different way to the same harm is a different thing to mend, so it is never put with another.
    """
    groups: dict[tuple[object, ...], list[Violation]] = {}
    for each in violations:
        said = each.code, each.name, each.severity, each.message, each.advice, *(step.message for step in each.trail)
        groups.setdefault(said, []).append(each)
    return [Group(first, tuple(others)) for first, *others in groups.values()]
