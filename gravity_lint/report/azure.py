"""Logging commands of Azure Pipelines: an issue of the run for each violation."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint.report import Look, Report
from gravity_lint.report.hosts import Names
from gravity_lint.report.text import disarmed, safe
from gravity_lint.violation import Violation

_ESCAPES = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A", "]": "%5D", ";": "%3B"})


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → a command a line. Azure knows no notes, so these are plain lines of the log."""
    names = Names()
    for violation in report.violations:
        if violation.severity == "note":
            yield disarmed(names.line(violation)) + "\n"
        else:
            yield _command(safe(violation.message), type=violation.severity, **_place(violation, names))
    for crash in report.crashes:
        yield _command(safe(crash), type="error")


def _place(violation: Violation, names: Names) -> dict[str, str]:
    place = violation.place
    return {"sourcepath": names(place.path), "linenumber": str(place.line), "columnnumber": str(place.column),
            "code": violation.code}


def _command(message: str, **properties: str) -> str:
    told = "".join(f"{key}={value.translate(_ESCAPES)};" for key, value in properties.items())
    return f"##vso[task.logissue {told}]{message.translate(_ESCAPES)}\n"
