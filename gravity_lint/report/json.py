"""The whole report as one JSON document."""

from __future__ import annotations

import json
import re
from typing import Any

from gravity_lint.report import Report
from gravity_lint.report.text import relative
from gravity_lint.violation import Block, Edit, Violation

VERSION = 1


def render(report: Report) -> str:
    """A report → JSON text that any UTF-8 stream takes, ending with a newline."""
    text = json.dumps(document(report), ensure_ascii=False, indent=2)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def document(report: Report) -> dict[str, Any]:
    """A report → plain values. Notes count in `summary`, but do not make the command fail."""
    return {
        "version": VERSION,
        "violations": [_violation(report, violation) for violation in report.violations],
        "services": [{"path": relative(service.path), "kind": service.kind, "uses_database": service.uses_database}
                     for service in report.services],
        "summary": {"violations": len(report.violations), "errors": report.count("error"),
                    "warnings": report.count("warning"), "notes": report.count("note"), "files": report.files,
                    "services": len(report.services), "failed": report.failed, "fixed": len(report.fixed),
                    "fixable": sum(map(report.fixable, report.violations))},
    }


def _violation(report: Report, violation: Violation) -> dict[str, Any]:
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
    shown = report.proposed(violation)
    refused, shown = (shown, ()) if isinstance(shown, str) else (None, shown)
    return {"kind": remedy.kind, "applicability": remedy.applicability, "caution": remedy.caution or None,
            "refused": refused, "edits": [_edit(report, each) for each in shown if isinstance(each, Edit)],
            "blocks": [each._asdict() for each in shown if isinstance(each, Block)]}


def _edit(report: Report, edit: Edit) -> dict[str, Any]:
    """An edit with its places as those of violations are told."""
    source = report.source(edit.path)
    text = source.text if source is not None else ""
    (line, column), (end_line, end_column) = (
        (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) for at in (edit.start, edit.end))
    return {"path": relative(edit.path), "line": line, "column": column, "end_line": end_line, "end_column": end_column,
            "text": edit.text}
