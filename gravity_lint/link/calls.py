"""The calls and imports of a service's own code, by the names that they use."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cached_property

from gravity_lint.facts.code import Attr, Call, Class, Expr, Name
from gravity_lint.link.modules import Module, Unit
from gravity_lint.screen import names_in

MAX_NAME = 200
"""Bytes before an `as` in which a name is looked for."""
MAX_CARRIERS = 200
"""Names under which one thing is handed on; what has more of them has a name that means many things."""


class Calls:
    """An index over the modules of a service. A module is parsed only when its text holds what is asked for."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self._holding: dict[str, tuple[Module, ...]] = {}
        self._aliases: dict[str, tuple[str, ...]] = {}
        self._imported: dict[str, tuple[Module, ...]] = {}
        self._spelled: dict[str, tuple[tuple[Call, Unit], ...]] = {}

    @cached_property
    def code(self) -> tuple[Module, ...]:
        """The modules that are the service's own code, in order of their paths."""
        return tuple(self.modules[path] for path in sorted(self.modules) if self.modules[path].role == "code")

    # ---- which modules to look at

    def holding(self, word: str) -> tuple[Module, ...]:
        """The modules of the service's own code whose text holds a word, in order of their paths."""
        found = self._holding.get(word)
        if found is None:
            held = self.anywhere(word)
            found = self._holding[word] = tuple(module for module in held if module.role == "code")
        return found

    def anywhere(self, word: str) -> Sequence[Module]:
        """The modules whose text holds a word, those of shared libraries included, the service's own first."""
        return self._words.get(word.encode("utf-8", "replace"), ())

    @cached_property
    def _words(self) -> dict[bytes, list[Module]]:
        """Every name in the texts of the service's own code and of shared libraries → the modules that hold it.

        45 MB/s; a search for each of thousands of names would read all texts as often.
        """
        found: defaultdict[bytes, list[Module]] = defaultdict(list)
        shared = (self.modules[path] for path in sorted(self.modules) if self.modules[path].role == "library")
        for module in (*self.code, *shared):
            for word in names_in(module.text):
                found[word].append(module)
        return found

    def holding_any(self, words: Iterable[str]) -> tuple[Module, ...]:
        """The modules whose text holds one of these words, in order of their paths."""
        found = {module for word in words for module in self.holding(word)}
        return tuple(sorted(found, key=lambda module: module.path))

    def speaking(self, tells: re.Pattern[bytes], matching: Callable[[str], object]) -> set[Module]:
        """The modules of the service's own code that hold a name of a kind: `tells` looks first, `matching` decides."""
        return {module for word, modules in self._words.items()
                if tells.search(word) and matching(word.decode("utf-8", "replace"))
                for module in modules if module.role == "code"}

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
                waiting += [given for module in self.anywhere(name) for given in module.made_of.get(name, ())]
        return frozenset(found)

    def imports(self, *names: str) -> bool:
        """Whether some module imports something of one of these top-level packages."""
        return any(self.importing(name) for name in names)

    def importing(self, name: str) -> tuple[Module, ...]:
        """The modules, of any role, that import something of a top-level package."""
        found = self._imported.get(name)
        if found is None:
            written = import_of(name)
            found = self._imported[name] = tuple(
                module
                for module in self.modules.values()
                if module.mentions(name)
                and module.matches(written)
                and any(
                    (alias.name if stmt.plain else stmt.module).split(".", 1)[0] == name
                    for stmt, _ in module.imports
                    if not stmt.level
                    for alias in stmt.names
                )
            )
        return found

    # ---- calls

    def named(
        self, names: Iterable[str], written: re.Pattern[bytes] | None = None, among: Container[Module] | None = None
    ) -> Iterator[tuple[Call, Unit]]:
        """The calls in the service's own code whose last name is, or is an alias of, one of these.

        `written` is what their text must match, where that says more than the names; `among` is where to look.
        """
        for spelled in dict.fromkeys(one for name in names for one in (name, *self.aliases(name))):
            for module in self.holding(spelled):
                if (among is None or module in among) and (written is None or module.matches(written)):
                    yield from module.calls.get(spelled, ())

    def spelled(self, name: str) -> tuple[tuple[Call, Unit], ...]:
        """The calls in the service's own code whose last name is this one."""
        found = self._spelled.get(name)
        if found is None:
            found = tuple(call for module in self.holding(name) for call in module.calls.get(name, ()))
            self._spelled[name] = found
        return found

    def unnamed(self, words: Iterable[str]) -> Iterator[tuple[Call, Unit]]:
        """The calls of what a call returned, `app.on_event("startup")(start)`, in modules with one of these words."""
        for module in self.holding_any(words):
            yield from module.calls.get("()", ())

    def aliases(self, name: str) -> tuple[str, ...]:
        """The other names under which the service's own code imports a name."""
        found = self._aliases.get(name)
        if found is None:
            found = self._aliases[name] = tuple(dict.fromkeys(
                alias.bound
                for module in self._renaming.get(name.encode("utf-8", "replace"), ())
                for stmt, _ in module.imports
                for alias in stmt.names
                if alias.name.rsplit(".", 1)[-1] == name and alias.bound != name
            ))
        return found


    @cached_property
    def _renaming(self) -> dict[bytes, dict[Module, None]]:
        """Every name that stands before an `as` → the modules in which it does."""
        found: dict[bytes, dict[Module, None]] = {}
        for module in self.code:
            text, at = module.text, -1
            while (at := text.find(b" as ", at + 1)) >= 0:
                before = text[max(0, at - MAX_NAME) : at].split()
                if before:
                    found.setdefault(before[-1].rpartition(b".")[2].lstrip(b"("), {})[module] = None
        return found


def import_of(package: str) -> re.Pattern[bytes]:
    """What shows in a text that imports something of this name: on the line of the import, or in its brackets."""
    word = re.escape(package.encode("utf-8", "replace"))
    return re.compile(rb"\b(?:from|import)\b[^\n]*\b%b\b|\bimport\s*\([^)]*\b%b\b" % (word, word))


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
