"""One line a violation, in flake8's form."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint.report import Report
from gravity_lint.report.text import safe, where


def lines(report: Report) -> Iterator[str]:
    """A report → `path:line:column: GRV101 message`, in order."""
    for violation in report.violations:
        yield f"{where(violation.place)}: {violation.code} {safe(violation.message)}"
