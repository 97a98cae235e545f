"""Findings that someone has answered for: comments beside them, and whole files in the configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from gravity_lint.config import Config
from gravity_lint.facts.python import parse_python
from gravity_lint.source import Source
from gravity_lint.violation import Violation

_OURS = re.compile(r"gravity:\s*ignore\b[ \t]*(?:\[([^\]\n]*)\]|(?!\[))")
_NOQA = re.compile(r"#\s*noqa\b(?:[ \t]*:[ \t]*([A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*)|(?![ \t]*:))", re.IGNORECASE)
_MARKS = {"ini": ("#", ";"), "sql": ("--",), "markdown": ("<!--",)}
"""What begins a comment, where it is not only `#`."""


class Suppression(NamedTuple):
    """A comment on `line` that answers for findings on the lines `first` to `last`."""

    path: str
    line: int
    first: int
    last: int
    rules: tuple[str, ...]
    """Codes (or, after `noqa`, beginnings of codes) and names; empty for every rule."""
    text: str

    def covers(self, violation: Violation) -> bool:
        place = violation.place
        if place.path != self.path or not (self.first <= place.line <= self.last
                                           or place.line <= self.line <= place.end_line):
            return False
        return not self.rules or any(
            rule == violation.name or (len(rule) >= 3 and violation.code.startswith(rule.upper()))
            for rule in self.rules)


class Suppressed(NamedTuple):
    """Violations that stay, those that were answered for, and which comments did that."""

    violations: tuple[Violation, ...]
    suppressed: tuple[Violation, ...]
    used: frozenset[Suppression]


def suppress(violations: Iterable[Violation], read: Callable[[str], Source | None], config: Config) -> Suppressed:
    """Takes away what a comment or the configuration answers for. `read` gives a file's text, or None."""
    ignored = _per_file(config)
    comments: dict[str, tuple[Suppression, ...]] = {}
    kept: list[Violation] = []
    gone: list[Violation] = []
    used: set[Suppression] = set()
    for violation in violations:
        path = violation.place.path
        if path not in comments:
            source = read(path)
            comments[path] = tuple(suppressions(source)) if source is not None else ()
        found = [comment for comment in comments[path] if comment.covers(violation)]
        used.update(found)
        (gone if found or ignored(violation) else kept).append(violation)
    return Suppressed(tuple(kept), tuple(gone), frozenset(used))


def suppressions(source: Source) -> Iterator[Suppression]:
    """The suppressing comments of a file, by the comment form that its kind of file has."""
    if b"gravity:" not in source.data and b"noqa" not in source.data.lower():
        return
    name = source.path.rpartition("/")[2].lower()
    if name.endswith((".py", ".pyw")):
        for comment in parse_python(source.data).comments:
            yield from _read(source.path, comment.text, comment.line, comment.first_line, comment.last_line, True)
    else:
        yield from _in_lines(source, _kind(name))


def _kind(name: str) -> str:
    endings = {".md": "markdown", ".markdown": "markdown", ".sql": "sql", ".ini": "ini", ".cfg": "ini"}
    return next((kind for ending, kind in endings.items() if name.endswith(ending)), "other")


def _in_lines(source: Source, kind: str) -> Iterator[Suppression]:
    """Comments of files that are read line by line.

    A comment behind text holds for its line; one that stands alone holds for the next line that is no comment, with
    the lines that a backslash joins to it; in Markdown, which findings judge as a whole, for the whole document.
    """
    lines = source.text.split("\n")
    marks = _MARKS.get(kind, ("#",))
    for number, line in enumerate(lines, 1):
        starts = [at for mark in marks if (at := line.find(mark)) >= 0]
        if not starts or not ("gravity:" in line or "noqa" in line.lower()):
            continue
        first = last = number
        if line.lstrip().startswith(marks):
            if kind == "markdown":
                first, last = 1, len(lines)
            else:
                last = _next(lines, number, marks)
        while last < len(lines) and lines[last - 1].rstrip().endswith("\\"):
            last += 1
        yield from _read(source.path, line[min(starts):], number, first, last, "#" in marks)


def _next(lines: Sequence[str], number: int, marks: tuple[str, ...]) -> int:
    """The line (from 1) that a comment alone on line `number` speaks of."""
    return next((at for at in range(number + 1, len(lines) + 1)
                 if not lines[at - 1].lstrip().startswith(marks)), number)


def _read(path: str, text: str, line: int, first: int, last: int, noqa: bool) -> Iterator[Suppression]:
    if match := _OURS.search(text):
        rules = _words(match[1])
        if rules or match[1] is None:
            yield Suppression(path, line, first, last, rules, text)
    if noqa and (match := _NOQA.search(text)):
        yield Suppression(path, line, first, last, _words(match[1]), text)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(re.findall(r"[\w-]+", text or ""))


def _per_file(config: Config) -> Callable[[Violation], bool]:
    if not config.per_file_ignores:
        return lambda violation: False
    from pathspec import GitIgnoreSpec

    root = config.root.as_posix().rstrip("/") + "/"
    specs = [(GitIgnoreSpec.from_lines([pattern]), rules) for pattern, rules in config.per_file_ignores]

    def ignored(violation: Violation) -> bool:
        path = violation.place.path.removeprefix(root)
        return any(rule == violation.name or violation.code.startswith(rule.upper())
                   for spec, rules in specs if spec.match_file(path) for rule in rules)

    return ignored
