"""A page of Markdown: the summary of a step of GitHub Actions, or a comment on a merge request."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import groupby

from gravity_lint.report import Look, Report
from gravity_lint.report.hosts import Names
from gravity_lint.report.text import conclusion, counted, safe, tallied
from gravity_lint.violation import Place, Violation

MAX_BYTES = 1_000_000
"""GitHub takes no summary of more than 1 MiB."""
_SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}
_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~$#!@]")
_HEAD = "| | place | rule | what |\n|---|---|---|---|\n"


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → a heading and the conclusion, and a table a service, as far as there is room."""
    left, untold = MAX_BYTES, 0
    for part, rows in _parts(report, look):
        left -= len(part.encode("utf-8", "replace"))
        if left < 0:
            untold += rows
        else:
            yield part
    if untold:
        yield f"\n… and {untold} more, for which there is no room here\n"


def _parts(report: Report, look: Look) -> Iterator[tuple[str, int]]:
    """The parts of the page, each with how many violations it tells."""
    clean = not report.violations and not report.crashes
    yield f"## gravity-lint\n\n{'✅ ' if clean else ''}**{escaped(conclusion(report))}**\n", 0
    for crash in report.crashes:
        yield f"\n> [!CAUTION]\n> {escaped(crash)}\n", 0
    if look.statistics and report.violations:
        rows = "".join(f"| {number} | {code} | {name} |\n" for code, name, number in report.by_rule)
        yield f"\n<details><summary>By rule</summary>\n\n| times | rule | |\n|---:|---|---|\n{rows}\n</details>\n", 0
    names, page = Names(), _page()
    by_service = sorted(report.violations, key=lambda violation: violation.service)
    for service, group in groupby(by_service, lambda violation: violation.service):
        found = list(group)
        name = names(service)
        yield f"\n### {'In the root' if name == '.' else escaped(name)}\n\n{tallied(found)}\n\n{_HEAD}", 0
        for violation in found:
            yield _row(violation, names, page), 1


def _row(violation: Violation, names: Names, page: str) -> str:
    inside = names(violation.service)
    what = escaped(violation.message)
    if len(violation.trail) > 1:
        steps = "<br>".join(f"{number}. {escaped(step.message)} ({_link(step.place, names, page, inside)})"
                            for number, step in enumerate(violation.trail, 1))
        what += f"<details><summary>{counted(len(violation.trail), 'step')}</summary>{steps}</details>"
    place = _link(violation.place, names, page, inside)
    return f"| {_SIGNS[violation.severity]} | {place} | {violation.code} | {what} |\n"


def _link(place: Place, names: Names, page: str, inside: str) -> str:
    """A place, told from its service, as a link where the host is known."""
    name = names(place.path)
    told = escaped(f"{name.removeprefix(inside + '/')}:{place.line}")
    if not page:
        return told
    from urllib.parse import quote

    return f"[{told}]({page}/{quote(name)}#L{place.line})"


def _page() -> str:
    """Where the host shows the files of what is judged; empty outside of GitHub's and GitLab's runners."""
    known = os.environ.get
    if (server := known("GITHUB_SERVER_URL")) and (name := known("GITHUB_REPOSITORY")) and (sha := known("GITHUB_SHA")):
        return f"{server}/{name}/blob/{sha}"
    if (project := known("CI_PROJECT_URL")) and (sha := known("CI_COMMIT_SHA")):
        return f"{project}/-/blob/{sha}"
    return ""


def escaped(text: str) -> str:
    """A sentence as a part of one line, also in a table; what stands between backticks is code, all else is text."""
    parts = safe(text).split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return _literal("`".join(parts))
    return "".join(_code(part) if at % 2 else _literal(part) for at, part in enumerate(parts))


def _code(text: str) -> str:
    """Code; a bar or a backslash would end the cell or stay, so these make an element of it."""
    if "|" in text or "\\" in text:
        return f"<code>{_SPECIAL.sub(lambda match: f'&#{ord(match[0])};', text)}</code>"
    return f"`{text}`"


def _literal(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};" if match[0] in "\\|<>&" else f"\\{match[0]}", text)
