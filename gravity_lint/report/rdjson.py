"""reviewdog's diagnostics, with fixes as suggestions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gravity_lint.report import Look, Report
from gravity_lint.report.edits import one, placed
from gravity_lint.report.hosts import Names, crashed, dumped, roots
from gravity_lint.report.text import safe
from gravity_lint.violation import Place, Violation

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "note": "INFO"}


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → reviewdog's JSON (`rdjson`)."""
    writer = _Writer(report)
    yield dumped({"source": {"name": "gravity-lint"},
                  "diagnostics": [*map(writer.diagnostic, report.violations), *map(writer.crash, report.crashes)]})


class _Writer:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._names = Names()
        self._lines: dict[str, list[str]] = {}

    def diagnostic(self, violation: Violation) -> dict[str, Any]:
        place = violation.place
        suggestions = self._suggestions(violation)
        return {
            "message": "\n".join((safe(violation.message), *self._names.proof(violation))),
            "location": {"path": self._names(place.path), "range": self._range(place)},
            "severity": _SEVERITIES[violation.severity],
            "code": {"value": violation.code},
            **({"suggestions": suggestions} if suggestions else {}),
        }

    def crash(self, crash: str) -> dict[str, Any]:
        root = crashed(crash, roots(self._report))
        return {"message": safe(crash), "location": {"path": self._names(root) if root else "."},
                "severity": "ERROR", "code": {"value": "internal-error"}}

    def _suggestions(self, violation: Violation) -> list[dict[str, Any]]:
        """A fix that mends the file of the violation and no other: reviewdog knows no edits elsewhere."""
        edits = placed(self._report, violation)
        whole = None if isinstance(edits, str) else one(self._report, edits)
        if whole is None or whole.place.path != violation.place.path:
            return []
        return [{"range": self._range(whole.place), "text": whole.text}]

    def _range(self, place: Place) -> dict[str, Any]:
        return {"start": self._position(place.path, place.line, place.column),
                "end": self._position(place.path, place.end_line, place.end_column)}

    def _position(self, path: str, line: int, column: int) -> dict[str, int]:
        """A place whose column counts the bytes of UTF-8, as reviewdog does."""
        if path not in self._lines:
            source = self._report.source(path)
            self._lines[path] = source.text.split("\n") if source is not None else []
        lines = self._lines[path]
        before = lines[line - 1][:column - 1] if line <= len(lines) else ""
        return {"line": line, "column": column + len(before.encode("utf-8", "replace")) - len(before)}
