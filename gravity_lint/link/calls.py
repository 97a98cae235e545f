"""The calls and imports of a service's own code, by the names that they use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from gravity_lint.facts.code import Attr, Call, Class, Expr, Name
from gravity_lint.link.modules import Module, Unit

MAX_CARRIERS = 200
"""Names under which one thing is handed on; what has more of them has a name that means many things."""


class Calls:
    """An index over the modules of a service. A module is parsed only when its text holds what is asked for."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self._holding: dict[str, tuple[Module, ...]] = {}
        self._aliases: dict[str, tuple[str, ...]] = {}
        self._imported: dict[str, bool] = {}

    @cached_property
    def code(self) -> tuple[Module, ...]:
        """The modules that are the service's own code, in order of their paths."""
        return tuple(self.modules[path] for path in sorted(self.modules) if self.modules[path].role == "code")

    # ---- which modules to look at

    def holding(self, word: str) -> tuple[Module, ...]:
        """The modules of the service's own code whose text holds a word, in order of their paths."""
        found = self._holding.get(word)
        if found is None:
            found = self._holding[word] = tuple(module for module in self.code if module.mentions(word))
        return found

    def holding_any(self, words: Iterable[str]) -> tuple[Module, ...]:
        """The modules whose text holds one of these words, in order of their paths."""
        found = {module for word in words for module in self.holding(word)}
        return tuple(sorted(found, key=lambda module: module.path))

    def classes(self, words: Iterable[str]) -> Iterator[Unit]:
        """The classes in the modules that hold one of these words."""
        for module in self.holding_any(words):
            yield from (unit for unit in module.units if isinstance(unit.node, Class))

    def ends(self, names: Iterable[str]) -> tuple[str, ...]:
        """The last names of these dotted names of libraries that some module imports, each once."""
        wanted = (name for name in names if "." not in name or self.imports(name.split(".", 1)[0]))
        return tuple(sorted({name.rsplit(".", 1)[-1] for name in wanted}))

    def carriers(self, names: Iterable[str]) -> frozenset[str]:
        """Names, and those under which the service's own code hands on what they stand for."""
        found = set[str]()
        waiting = list(names)
        while waiting and len(found) < MAX_CARRIERS:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.aliases(name)
                waiting += [given for module in self.holding(name) for given in module.made_of(name)]
        return frozenset(found)

    def imports(self, *names: str) -> bool:
        """Whether some module imports something of one of these top-level packages."""
        return any(self._is_imported(name) for name in names)

    def _is_imported(self, name: str) -> bool:
        found = self._imported.get(name)
        if found is None:
            written = _import_of(name)
            found = self._imported[name] = any(
                (alias.name if stmt.plain else stmt.module).split(".", 1)[0] == name
                for module in self.modules.values()
                if module.mentions(name) and module.matches(written)
                for stmt, _ in module.imports
                if not stmt.level
                for alias in stmt.names
            )
        return found

    # ---- calls

    def named(self, names: Iterable[str], written: re.Pattern[bytes] | None = None) -> Iterator[tuple[Call, Unit]]:
        """The calls in the service's own code whose last name is, or is an alias of, one of these.

        `written` is what their text must match, where that says more than the names.
        """
        for spelled in dict.fromkeys(one for name in names for one in (name, *self.aliases(name))):
            for module in self.holding(spelled):
                if written is None or module.matches(written):
                    yield from module.calls.get(spelled, ())

    def spelled(self, name: str) -> tuple[tuple[Call, Unit], ...]:
        """The calls in the service's own code whose last name is this one."""
        return tuple(found for module in self.holding(name) for found in module.calls.get(name, ()))

    def unnamed(self, words: Iterable[str]) -> Iterator[tuple[Call, Unit]]:
        """The calls of what a call returned, `app.on_event("startup")(start)`, in modules with one of these words."""
        for module in self.holding_any(words):
            yield from module.calls.get("()", ())

    def aliases(self, name: str) -> tuple[str, ...]:
        """The other names under which the service's own code imports a name."""
        found = self._aliases.get(name)
        if found is None:
            written = re.compile(rb"\b%b\s+as\b" % re.escape(name.encode("utf-8", "replace")))
            found = self._aliases[name] = tuple(dict.fromkeys(
                alias.bound
                for module in self.holding(name)
                if module.matches(written)
                for stmt, _ in module.imports
                for alias in stmt.names
                if alias.name.rsplit(".", 1)[-1] == name and alias.bound != name
            ))
        return found


def _import_of(package: str) -> re.Pattern[bytes]:
    return re.compile(rb"^[ \t]*(?:from|import)\b[^\n]*\b%b\b" % re.escape(package.encode()), re.MULTILINE)


def spelled(func: Expr) -> str:
    """What is called, as people say it: `User.query.filter_by(…).first`, with `…` for what is no name."""
    tail: list[str] = []
    while True:
        if isinstance(func, Attr):
            tail.append(f".{func.name}")
            func = func.base
        elif isinstance(func, Call):
            tail.append("(…)" if func.args else "()")
            func = func.func
        else:
            return (func.id if isinstance(func, Name) else "…") + "".join(reversed(tail))
