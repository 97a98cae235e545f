"""One line a violation, in flake8's form."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint.report import Look, Report
from gravity_lint.report.text import ending, printed, safe, where


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → a line each, and what there is to say of all."""
    yield from printed((*lines(report), *ending(report, look)))


def lines(report: Report) -> Iterator[str]:
    """A report → `path:line:column: GRV101 message`, in order, `[*]` before the message where there is a fix."""
    for violation in report.violations:
        mark = "[*] " if report.fixable(violation) else ""
        yield f"{where(violation.place)}: {violation.code} {mark}{safe(violation.message)}"
