"""Adds an import to a Python text, where imports of its kind stand."""

from __future__ import annotations

import re
import sys

from gravity_lint.facts.code import Assign, Class, Const, Do, Function, Import, Name, PythonFacts
from gravity_lint.facts.python import parse_python
from gravity_lint.fix.headers import newline_of
from gravity_lint.fix.kinds import Refused
from gravity_lint.record import NamedTuple

_FUTURE = re.compile(rb"^from[ \t]+__future__[ \t]+import[ \t]*(?:\([^)]*\)|[^\n(]*)", re.MULTILINE)


def with_import(text: str, statement: str, own: bool = False) -> str:
    """A text with an import in it (`import os`, `from app.config import settings`), at the top of the module; `own` for
    one of the service's own modules.

    Raises `Refused` where the name that it binds is another thing there.
    """
    data = text.encode("utf-8", "surrogatepass")
    facts = parse_python(data)
    level, module, name = _read(statement)
    if _bound(facts, name):
        raise Refused(f"`{name}` is something else in this file")
    top = _top(facts)
    if any(_says(stmt, level, module, name) for stmt in top):
        return text
    lines = text.split("\n")
    end = newline_of(text).removesuffix("\n")
    place = _Place(facts, top, data, lines, module.partition(".")[0] if own else "")
    at, before, after = place.of(level, module, module == name and not level)
    new = [*[end] * before, statement + end, *[end] * after]
    if at > len(lines) - 1 and lines[-1]:  # the last line has no end
        return "\n".join([*lines[:-1], lines[-1] + end, *new])
    return "\n".join([*lines[:at], *new, *lines[at:]])


def _read(statement: str) -> tuple[int, str, str]:
    """`from ..a.b import c` → 2, a.b, c; `import os` → 0, os, os."""
    words = statement.split()
    if words[0] == "import":
        return 0, words[1], words[1]
    module = words[1].lstrip(".")
    return len(words[1]) - len(module), module, words[3]


def _top(facts: PythonFacts) -> list[Import]:
    """The imports at the top of a module, before its code."""
    found: list[Import] = []
    for stmt in facts.body:
        if isinstance(stmt, Import):
            found.append(stmt)
        elif found or not (isinstance(stmt, Do) and isinstance(stmt.value, Const)):
            break
    return found


def _says(stmt: Import, level: int, module: str, name: str) -> bool:
    if stmt.plain:
        return module == name and not level and any(alias.name == alias.bound == name for alias in stmt.names)
    return (stmt.level, stmt.module) == (level, module) and any(alias.name == alias.bound == name
                                                               for alias in stmt.names)


def _bound(facts: PythonFacts, name: str) -> bool:
    """Whether the module's own statements give a name to something else than an import."""
    for stmt in facts.body:
        if isinstance(stmt, (Class, Function)) and stmt.name == name:
            return True
        if isinstance(stmt, Assign) and any(isinstance(target, Name) and target.id == name for target in stmt.targets):
            return True
    return False


class _Place(NamedTuple):
    """Where an import comes in a module."""

    facts: PythonFacts
    top: list[Import]
    data: bytes
    lines: list[str]
    own: str
    """The first part of the names of the service's own modules; empty where that is of no interest."""

    def of(self, level: int, module: str, plain: bool) -> tuple[int, int, int]:
        """Before which line (from 0) it comes, and how many blank lines part it from what is before and after."""
        ours = self._section(level, module)
        sections = [(self._section(stmt.level, _module(stmt)), stmt) for stmt in self.top]
        beside = [stmt for section, stmt in sections if section == ours]
        smaller = [stmt for stmt in beside if (not stmt.plain, _module(stmt)) <= (not plain, module)]
        if smaller:
            return self._line(smaller[-1].span[1]) + 1, 0, 0
        if beside:
            return self._above(self._line(beside[0].span[0])), 0, 0
        if earlier := [stmt for section, stmt in sections if section < ours]:
            at = self._line(earlier[-1].span[1]) + 1
            return at, 1, self._gap(at)
        if futures := list(_FUTURE.finditer(self.data)):
            at = self._line(futures[-1].end()) + 1
            return at, 1, self._gap(at)
        if self.top:
            return self._above(self._line(self.top[0].span[0])), 0, 1
        return self._begin()

    def _line(self, offset: int) -> int:
        return self.data.count(b"\n", 0, offset)

    def _section(self, level: int, module: str) -> int:
        """Where the imports of a module stand: the standard library, others, the service's own, the package's own."""
        head = module.partition(".")[0]
        return 3 if level else 0 if head in sys.stdlib_module_names else 2 if self.own and head == self.own else 1

    def _above(self, at: int) -> int:
        """The line before which to insert: a comment right above belongs to what follows, but not the file's head."""
        start = at
        while start > 0 and self.lines[start - 1].lstrip().startswith("#"):
            start -= 1
        return start if start > 0 else at

    def _begin(self) -> tuple[int, int, int]:
        """Where a module without imports begins: below its docstring, or the comments at its head."""
        first = self.facts.body[0] if self.facts.body else None
        if isinstance(first, Do) and isinstance(first.value, Const) and isinstance(first.value.value, str):
            at = self._line(first.span[1]) + 1
            return at, 1, self._gap(at)
        at = 0
        while at < len(self.lines) and self.lines[at].startswith("#"):
            at += 1
        before = int(at > 0 and not (at == 1 and self.lines[0].startswith("#!")))
        while at and at < len(self.lines) - 1 and not self.lines[at].strip():
            at, before = at + 1, 0
        return at, before, self._gap(at)

    def _gap(self, at: int) -> int:
        """How many blank lines are missing before a line (from 0) where an import comes to stand above it."""
        if at >= len(self.lines) or not self.lines[at].strip():
            return 0
        following = next((stmt for stmt in self.facts.body if self._line(stmt.span[0]) >= at), None)
        return 2 if isinstance(following, (Class, Function)) else 1


def _module(stmt: Import) -> str:
    return stmt.names[0].name if stmt.plain and stmt.names else stmt.module
