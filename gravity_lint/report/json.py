"""The whole report as one JSON document, or as a line a violation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gravity_lint.report import Look, Report
from gravity_lint.report.edits import Placed, blocks, placed
from gravity_lint.report.text import relative
from gravity_lint.violation import Violation

VERSION = 1


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → a JSON document."""
    yield text(report)


def render_lines(report: Report, look: Look) -> Iterator[str]:
    """A report → an object a line: the violations, in order, and last what failed through a fault of this program."""
    for violation in report.violations:
        yield _dumped(told(report, violation), None)
    for crash in report.crashes:
        yield _dumped({"crash": crash}, None)


def text(report: Report) -> str:
    """A report → JSON text that any UTF-8 stream takes, ending with a newline."""
    return _dumped(document(report), 2)


def document(report: Report) -> dict[str, Any]:
    """A report → plain values. Notes count in `summary`, but do not make the command fail."""
    return {
        "version": VERSION,
        "violations": [told(report, violation) for violation in report.violations],
        "services": [{"path": relative(service.path), "kind": service.kind, "uses_database": service.uses_database}
                     for service in report.services],
        "crashes": list(report.crashes),
        "summary": {"violations": len(report.violations), "errors": report.count("error"),
                    "warnings": report.count("warning"), "notes": report.count("note"), "files": report.files,
                    "services": len(report.services), "failed": report.failed, "fixed": len(report.fixed),
                    "fixable": sum(map(report.fixable, report.violations))},
    }


def told(report: Report, violation: Violation) -> dict[str, Any]:
    """A violation → plain values."""
    place = violation.place
    return {
        "code": violation.code, "name": violation.name, "severity": violation.severity, "message": violation.message,
        "path": relative(place.path), "line": place.line, "column": place.column, "end_line": place.end_line,
        "end_column": place.end_column, "service": relative(violation.service),
        "trail": [{"path": relative(step.place.path), "line": step.place.line, "column": step.place.column,
                   "message": step.message} for step in violation.trail],
        "fix": _fix(report, violation),
    }


def _fix(report: Report, violation: Violation) -> dict[str, Any] | None:
    """What would mend a violation: how far it can be trusted, and the edits, or why there are none here."""
    remedy = violation.remedy
    if remedy is None:
        return None
    edits = placed(report, violation)
    refused, edits = (edits, ()) if isinstance(edits, str) else (None, edits)
    return {"kind": remedy.kind, "applicability": remedy.applicability, "caution": remedy.caution or None,
            "refused": refused, "edits": list(map(_edit, edits)),
            "blocks": [each._asdict() for each in blocks(report, violation)]}


def _edit(edit: Placed) -> dict[str, Any]:
    place = edit.place
    return {"path": relative(place.path), "line": place.line, "column": place.column, "end_line": place.end_line,
            "end_column": place.end_column, "text": edit.text}


def _dumped(value: Any, indent: int | None) -> str:
    dumped = json.dumps(value, ensure_ascii=False, indent=indent)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", dumped) + "\n"
