"""The whole report as one JSON document."""

from __future__ import annotations

import json
import re
from typing import Any

from gravity_lint.report import Report
from gravity_lint.report.text import relative
from gravity_lint.violation import Violation

VERSION = 1


def render(report: Report) -> str:
    """A report → JSON text that any UTF-8 stream takes, ending with a newline."""
    text = json.dumps(document(report), ensure_ascii=False, indent=2)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def document(report: Report) -> dict[str, Any]:
    """A report → plain values. Notes count in `summary`, but do not make the command fail."""
    return {
        "version": VERSION,
        "violations": [_violation(violation) for violation in report.violations],
        "services": [{"path": relative(service.path), "kind": service.kind, "uses_database": service.uses_database}
                     for service in report.services],
        "summary": {"violations": len(report.violations), "errors": report.count("error"),
                    "warnings": report.count("warning"), "notes": report.count("note"), "files": report.files,
                    "services": len(report.services), "failed": report.failed},
    }


def _violation(violation: Violation) -> dict[str, Any]:
    place = violation.place
    return {
        "code": violation.code, "name": violation.name, "severity": violation.severity, "message": violation.message,
        "path": relative(place.path), "line": place.line, "column": place.column, "end_line": place.end_line,
        "end_column": place.end_column, "service": relative(violation.service),
        "trail": [{"path": relative(step.place.path), "line": step.place.line, "column": step.place.column,
                   "message": step.message} for step in violation.trail],
        "fix": None,
    }
