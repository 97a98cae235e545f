"""Adds an import to a Python text, where imports of its kind stand."""

from __future__ import annotations

import sys

from gravity_lint.facts.code import Assign, Class, Const, Do, Function, Import, Name, PythonFacts
from gravity_lint.facts.python import parse_python
from gravity_lint.fix.headers import newline_of
from gravity_lint.fix.kinds import Refused


def with_import(text: str, statement: str) -> str:
    """A text with an import in it (`import os`, `from app.config import settings`), at the top of the module.

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
    at, before, after = _where(facts, top, data, lines, level, module, name)
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


def _where(facts: PythonFacts, top: list[Import], data: bytes, lines: list[str], level: int, module: str,
           name: str) -> tuple[int, int, int]:
    """Before which line (from 0) the import comes, and how many blank lines part it from what is before and after."""
    plain = module == name and not level
    ours = _section(level, module)
    first = {id(stmt): data.count(b"\n", 0, stmt.span[0]) for stmt in top}
    last = {id(stmt): data.count(b"\n", 0, stmt.span[1]) for stmt in top}
    sections = [(_section(stmt.level, _module(stmt)), stmt) for stmt in top]
    beside = [stmt for section, stmt in sections if section == ours]
    if beside:
        key = (not plain, module)
        smaller = [stmt for stmt in beside if (not stmt.plain, _module(stmt)) <= key]
        if smaller:
            return last[id(smaller[-1])] + 1, 0, 0
        return _above(lines, first[id(beside[0])]), 0, 0
    earlier = [stmt for section, stmt in sections if section < ours]
    if earlier:
        at = last[id(earlier[-1])] + 1
        return at, 1, _gap(facts, data, lines, at)
    if top:
        return _above(lines, first[id(top[0])]), 0, 1
    return _begin(facts, data, lines)


def _module(stmt: Import) -> str:
    return stmt.names[0].name if stmt.plain and stmt.names else stmt.module


def _section(level: int, module: str) -> int:
    """Where the imports of a module stand: `__future__`, the standard library, others, the package's own."""
    head = module.partition(".")[0]
    return 3 if level else 0 if head == "__future__" else 1 if head in sys.stdlib_module_names else 2


def _above(lines: list[str], at: int) -> int:
    """The line before which to insert: a comment right above belongs to what follows, but not the file's head."""
    start = at
    while start > 0 and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return start if start > 0 else at


def _begin(facts: PythonFacts, data: bytes, lines: list[str]) -> tuple[int, int, int]:
    """Where a module without imports begins: below its docstring, or the comments at its head."""
    first = facts.body[0] if facts.body else None
    if isinstance(first, Do) and isinstance(first.value, Const) and isinstance(first.value.value, str):
        at = data.count(b"\n", 0, first.span[1]) + 1
        return at, 1, _gap(facts, data, lines, at)
    at = 0
    while at < len(lines) and lines[at].startswith("#"):
        at += 1
    before = int(at > 0 and not (at == 1 and lines[0].startswith("#!")))
    if at and at < len(lines) and not lines[at].strip():
        return at, before, 0
    return at, before, _gap(facts, data, lines, at)


def _gap(facts: PythonFacts, data: bytes, lines: list[str], at: int) -> int:
    """How many blank lines are missing before a line (from 0) where an import comes to stand above it."""
    if at >= len(lines) or not lines[at].strip():
        return 0
    following = next((stmt for stmt in facts.body if data.count(b"\n", 0, stmt.span[0]) >= at), None)
    return 2 if isinstance(following, (Class, Function)) else 1
