"""GitLab's code quality report, which merge requests show beside the lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gravity_lint.report import Look, Report
from gravity_lint.report.hosts import Names, crashed, dumped, fingerprints, hashed, roots
from gravity_lint.report.text import safe

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → a JSON list of issues."""
    names = Names()
    issues = [_issue(safe(violation.message), violation.code, _SEVERITIES[violation.severity],
                     names(violation.place.path), violation.place.line, hashed(*fingerprint))
              for violation, fingerprint in zip(report.violations, fingerprints(report.violations, names), strict=True)]
    for number, crash in enumerate(report.crashes):
        root = crashed(crash, roots(report))
        issues.append(_issue(safe(crash), "internal-error", "blocker", names(root) if root else ".", 1,
                             hashed("internal-error", crash, number)))
    yield dumped(issues)


def _issue(description: str, name: str, severity: str, path: str, line: int, fingerprint: str) -> dict[str, Any]:
    return {"description": description, "check_name": name, "fingerprint": fingerprint, "severity": severity,
            "location": {"path": path, "lines": {"begin": line}}}
