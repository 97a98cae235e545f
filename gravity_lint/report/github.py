"""Workflow commands of GitHub Actions: an annotation on the line of each violation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gravity_lint.report import Look, Report
from gravity_lint.report.alike import together
from gravity_lint.report.hosts import Names
from gravity_lint.report.text import safe
from gravity_lint.violation import Violation

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → a command a line. What says something new comes first, for GitHub shows ten of a kind only."""
    names = Names()
    groups = together(report.violations)
    for violation in (*(group.first for group in groups), *(each for group in groups for each in group.others)):
        message = "\n".join((names.line(violation), *names.proof(violation)))
        yield _command(_COMMANDS[violation.severity], _properties(violation, names), message)
    for crash in report.crashes:
        yield _command("error", {"title": "gravity-lint"}, safe(crash))


def _properties(violation: Violation, names: Names) -> Mapping[str, str]:
    place = violation.place
    columns = {"col": str(place.column), "endColumn": str(place.end_column)} if place.line == place.end_line else {}
    # of a stretch of several lines GitHub takes no columns
    return {"file": names(place.path), "line": str(place.line), "endLine": str(place.end_line), **columns,
            "title": f"{violation.code} {violation.name}"}


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    told = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {told}::{message.translate(_DATA)}\n"
