"""Patterns in the manner of .gitignore, matched against one path at a time while a tree is walked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gravity_lint.regex import regex

MAX_STARS = 12
"""Stars of a pattern that is heeded: matching takes time to the power of their number."""

_NAME = regex(r"(!?)([\w.+@-]+)(/?)")
_SUFFIX = regex(r"(!?)\*(\.[\w-]+)")


class _Rule(NamedTuple):
    """A pattern that is neither a plain name nor `*.suffix`; `below` says it ends in `/**`, which spares the folder."""

    order: int
    regex: re.Pattern[str]
    below: bool


class Patterns:
    """The patterns of one file. The last one that fits decides, as with git.

    Only the entry itself is matched, never its parents: whoever walks does not enter what is left out. Plain names and
    `*.suffix`, which most patterns are, cost one look into a dictionary, however many there are.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._leaves_out: list[bool] = []
        self._names: dict[str, int] = {}
        self._folders: dict[str, int] = {}
        self._suffixes: dict[str, int] = {}
        self._rules: list[_Rule] = []
        for line in lines:
            self._add(line.rstrip("\r\n"))
        self._rules.reverse()

    def __bool__(self) -> bool:
        return bool(self._leaves_out)

    def _add(self, line: str) -> None:
        index = len(self._leaves_out)
        plain = line.rstrip(" ")
        if match := _NAME.fullmatch(plain):
            (self._folders if match[3] else self._names)[match[2]] = index
            self._leaves_out.append(not match[1])
        elif match := _SUFFIX.fullmatch(plain):
            self._suffixes[match[2]] = index
            self._leaves_out.append(not match[1])
        elif rule := _compiled(line):
            self._rules.append(_Rule(index, rule[0], plain.endswith("/**")))
            self._leaves_out.append(rule[1])

    def verdict(self, path: str, folder: bool) -> bool | None:
        """Left out (True), kept by a negation (False) or not named (None); `path` is relative to where they stand."""
        name = path.rpartition("/")[2]
        best = self._names.get(name, -1)
        if folder:
            best = max(best, self._folders.get(name, -1))
        if self._suffixes:
            dot = name.rfind(".")
            if dot >= 0:
                best = max(best, self._suffixes.get(name[dot:], -1))
        whole = f"{path}/" if folder else path
        for rule in self._rules:
            if rule.order < best:
                break
            if rule.regex.match(path if rule.below else whole):
                best = rule.order
                break
        return None if best < 0 else self._leaves_out[best]


def _compiled(line: str) -> tuple[re.Pattern[str], bool] | None:
    """A pattern → its regular expression and whether it leaves out; None for a comment or what git ignores too."""
    if not line.strip() or line.startswith("#") or line.count("*") > MAX_STARS:
        return None
    from pathspec import GitIgnoreSpec

    try:
        pattern = next(iter(GitIgnoreSpec.from_lines([line]).patterns), None)
    except (ValueError, re.error):  # `[z-a]`
        return None
    regex = getattr(pattern, "regex", None)
    return (regex, bool(pattern.include)) if pattern is not None and regex is not None else None


class Layer(NamedTuple):
    """Patterns and where they stand: a path is matched as `prefix` and what is behind its first `cut` characters."""

    patterns: Patterns
    prefix: str
    cut: int
    under: str = ""
    """Only paths that begin so are matched."""


def left_out(layers: tuple[Layer, ...], path: str, folder: bool) -> bool:
    """Whether the innermost layer (the last) that has a say leaves this path out."""
    for layer in reversed(layers):
        if path.startswith(layer.under):
            verdict = layer.patterns.verdict(layer.prefix + path[layer.cut:], folder)
            if verdict is not None:
                return verdict
    return False


def leaves_out(patterns: Patterns, path: str, folder: bool) -> bool:
    """Whether patterns leave out a path or one of the folders above it."""
    parts = path.split("/")
    return any(patterns.verdict("/".join(parts[:end]), folder or end < len(parts)) for end in range(1, len(parts) + 1))
