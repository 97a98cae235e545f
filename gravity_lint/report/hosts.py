"""What code hosts ask of every report: names of files in their repository, and fingerprints that survive edits."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from gravity_lint.baseline import spoken
from gravity_lint.report import Report
from gravity_lint.report.text import safe
from gravity_lint.violation import Violation


class Names:
    """Absolute paths → names from the root of the repository, with `/`, whatever folder the command runs in.

    That is the repository around the current directory, else the one around the path; without any, the current
    directory stands for it. What lies outside of all these keeps its absolute path.
    """

    def __init__(self) -> None:
        self._here = os.getcwd().replace(os.sep, "/")
        self._known: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        return safe(self.exact(path))

    def exact(self, path: str) -> str:
        """The name with whatever bytes and control characters it has."""
        for root in (self._root(self._here), self._root(path.rpartition("/")[0]), self._here):
            if root and path == root:
                return "."
            if root and path.startswith(root.rstrip("/") + "/"):
                return path[len(root.rstrip("/")) + 1:]
        return path

    def line(self, violation: Violation) -> str:
        """Where, which rule and what, as in flake8's line."""
        place = violation.place
        return f"{self(place.path)}:{place.line}:{place.column}: {violation.code} {safe(violation.message)}"

    def proof(self, violation: Violation) -> Iterator[str]:
        """What proves a violation and what to do about it, a line each."""
        if len(violation.trail) > 1:
            yield from (f"{number}. {safe(step.message)} ({self(step.place.path)}:{step.place.line})"
                        for number, step in enumerate(violation.trail, 1))
        if violation.advice:
            yield f"help: {safe(violation.advice)}"

    def _root(self, folder: str) -> str:
        """The repository around a folder; empty where there is none."""
        if folder not in self._known:
            above = folder.rpartition("/")[0]
            self._known[folder] = folder if folder and os.path.lexists(f"{folder}/.git") else \
                self._root(above) if above else ""
        return self._known[folder]


def roots(report: Report) -> list[str]:
    """The roots of the services that a report speaks of, also of those of which there is nothing to say."""
    return sorted({each.path for each in report.services} | {each.service for each in report.violations})


def crashed(crash: str, roots: Iterable[str]) -> str:
    """In which of these services a crash was met; empty where it does not say."""
    return next((root for root in roots if f" service {root} (" in crash), "")


def fingerprints(violations: Iterable[Violation], names: Names) -> list[tuple[str, int]]:
    """For each violation what tells it from all others, whatever lines are added, moved or formatted anew.

    A text of what a baseline knows it by, with paths from the repository, and how many before it have the same one.
    """
    seen: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    for violation in violations:
        path, symbol = spoken(violation)
        key = "\0".join((violation.code, names(violation.service), names(path), safe(symbol)))
        found.append((key, seen[key]))
        seen[key] += 1
    return found


def hashed(*parts: object) -> str:
    """32 characters that stand for some values."""
    from hashlib import sha256

    return sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:32]


def dumped(value: Any) -> str:
    """Plain values as JSON text."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
