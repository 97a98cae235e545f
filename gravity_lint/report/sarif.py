"""SARIF 2.1.0, as code hosts take it: a run a service, trails as code flows, fingerprints without line numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from gravity_lint import __version__
from gravity_lint.report import Look, Report
from gravity_lint.report.edits import placed
from gravity_lint.report.hosts import Names, crashed, dumped, fingerprints, hashed, roots
from gravity_lint.report.text import safe
from gravity_lint.rulebook import Rule, load_rules
from gravity_lint.violation import Place, Violation

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_RUNS = 20
"""GitHub rejects a file with more runs; of more services than these, all are told in one."""
_ROOT = "%SRCROOT%"
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")
_PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → a SARIF log."""
    yield dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": list(_Log(report).runs())})


class _Log:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._names = Names()
        self._rules = {rule.code: rule for rule in load_rules()}

    def runs(self) -> Iterator[dict[str, Any]]:
        report = self._report
        marked = list(zip(report.violations, fingerprints(report.violations, self._names), strict=True))
        services = roots(report)
        if not 1 <= len(services) <= MAX_RUNS:
            yield self._run("", marked, report.crashes)
            return
        met = [(crashed(crash, services) or services[0], crash) for crash in report.crashes]
        for root in services:
            own = [each for each in marked if each[0].service == root]
            name = self._names(root)
            yield self._run("" if name == "." else name, own, [crash for service, crash in met if service == root])

    def _run(self, service: str, marked: Sequence[tuple[Violation, tuple[str, int]]],
             crashes: Sequence[str]) -> dict[str, Any]:
        codes = sorted({violation.code for violation, _ in marked})
        examples = {violation.code: violation for violation, _ in marked}
        return {
            "tool": {"driver": {
                "name": "gravity-lint", "version": __version__, "semanticVersion": __version__,
                "rules": [_described(examples[code], self._rules.get(code)) for code in codes]}},
            "automationDetails": {"id": f"gravity-lint/{service}/" if service else "gravity-lint/"},
            "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository"}}},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": not crashes,
                "toolExecutionNotifications": [{"level": "error", "message": _message(crash)} for crash in crashes]}],
            "results": [self._result(violation, fingerprint, codes.index(violation.code))
                        for violation, fingerprint in marked],
        }

    def _result(self, violation: Violation, fingerprint: tuple[str, int], index: int) -> dict[str, Any]:
        key, ordinal = fingerprint
        result = {
            "ruleId": violation.code, "ruleIndex": index, "level": violation.severity,
            "message": _message(violation.message),
            "locations": [{"physicalLocation": self._physical(violation.place)}],
            "partialFingerprints": {"primaryLocationLineHash": f"{hashed(key)}:{ordinal + 1}"},
        }
        if len(violation.trail) > 1:
            result["codeFlows"] = [{"threadFlows": [{"locations": [
                {"location": {"physicalLocation": self._physical(step.place), "message": _message(step.message)}}
                for step in violation.trail]}]}]
        edits = placed(self._report, violation)
        if edits and not isinstance(edits, str) and violation.remedy is not None:
            remedy = violation.remedy
            first = f"; first look: {remedy.caution}" if remedy.caution else ""
            result["fixes"] = [{
                "description": _message(f"{remedy.applicability} fix{first}"),
                "artifactChanges": [
                    {"artifactLocation": self._artifact(path), "replacements": [
                        {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}}
                        for edit in group]}
                    for path, group in groupby(edits, lambda edit: edit.place.path)]}]
        return result

    def _physical(self, place: Place) -> dict[str, Any]:
        return {"artifactLocation": self._artifact(place.path), "region": _region(place)}

    def _artifact(self, path: str) -> dict[str, Any]:
        """A file by its name in the repository; one outside of it by its own place, as nothing is relative to that."""
        name = self._names.exact(path)
        if name.startswith("/") or name[1:3] == ":/":
            return {"uri": "file:///" + quote(name.lstrip("/"), safe="/:", errors="surrogateescape")}
        return {"uri": quote(name, safe="/", errors="surrogateescape"), "uriBaseId": _ROOT}


def _region(place: Place) -> dict[str, int]:
    return {"startLine": place.line, "startColumn": place.column, "endLine": place.end_line,
            "endColumn": place.end_column}


def _message(text: str) -> dict[str, str]:
    """Text in which nothing is a link."""
    return {"text": _LINK.sub(r"\\[", safe(text))}


def _described(violation: Violation, rule: Rule | None) -> dict[str, Any]:
    """What a host shows of a rule."""
    level = rule.severity if rule is not None else violation.severity
    told = {"id": violation.code, "name": violation.name, "defaultConfiguration": {"level": level}}
    properties = {"precision": "high", "problem.severity": _PROBLEM[level]}
    if rule is None:
        return {**told, "shortDescription": {"text": violation.name}, "properties": properties}
    advice = rule.advice or rule.title
    return {**told, "shortDescription": {"text": rule.title}, "fullDescription": {"text": advice},
            "help": {"text": advice, "markdown": rule.page()},
            "properties": {**properties, "tags": ["database", rule.section.partition("-")[2]]}}
