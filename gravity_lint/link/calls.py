"""The calls and imports of a service's own code, by the names that they use."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from gravity_lint.facts.code import Attr, Call, Class, Expr, Name
from gravity_lint.knowledge.names import stores
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.spelling import Index, shared_index
from gravity_lint.record import cached_property

MAX_CARRIERS = 200
"""Names under which one thing is handed on; what has more of them has a name that means many things."""


class Calls:
    """An index over the modules of a service. A module is parsed only when its text holds what is asked for."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self._proven: dict[str, bool] = {}
        self._importing: dict[str, list[Module]] = {}
        self._holding: dict[str, tuple[Module, ...]] = {}
        self._aliases: dict[str, tuple[str, ...]] = {}
        self._imported: dict[str, tuple[Module, ...]] = {}
        self._calling: dict[str, tuple[Module, ...]] = {}
        self._families: dict[str, frozenset[str]] = {}

    @cached_property
    def code(self) -> tuple[Module, ...]:
        """The modules that are the service's own code, in order of their paths."""
        return tuple(self.modules[path] for path in sorted(self.modules) if self.modules[path].role == "code")

    # ---- which modules to look at

    def holding(self, word: str) -> tuple[Module, ...]:
        """The modules of the service's own code whose text holds a word, in order of their paths."""
        found = self._holding.get(word)
        if found is None:
            paths = self._own.holding(word.encode("utf-8", "replace"))
            found = self._holding[word] = tuple([self.modules[path] for path in paths])
        return found

    def anywhere(self, word: str) -> Sequence[Module]:
        """The modules whose text holds a word, those of shared libraries included, the service's own first."""
        name = word.encode("utf-8", "replace")
        return [self.modules[path] for path in (*self._own.holding(name), *self._shared.holding(name))]

    @cached_property
    def _own(self) -> Index:
        """What the texts of the service's own code hold."""
        return Index((module.path, module.spelling) for module in self.code)

    @cached_property
    def _shared(self) -> Index:
        """What the texts of shared libraries hold."""
        paths = (path for path in sorted(self.modules) if self.modules[path].role == "library")
        return shared_index(tuple((path, self.modules[path].text) for path in paths))

    @cached_property
    def _others(self) -> Index:
        """What the texts of migrations, tests and their like hold."""
        return Index((module.path, module.spelling) for module in self.modules.values()
                     if module.role not in ("code", "library"))

    def holding_any(self, words: Iterable[str]) -> tuple[Module, ...]:
        """The modules whose text holds one of these words, in order of their paths."""
        own = self._own
        found = {path for word in own.names & _encoded(tuple(words)) for path in own.holding(word)}
        return tuple([self.modules[path] for path in sorted(found)])

    def speaking(self, matching: Callable[[str], object]) -> set[Module]:
        """The modules of the service's own code that hold a name that may be a store's, and that matches."""
        return {module for word, modules in self._storing.items() if matching(word)
                for module in modules}

    @property
    def storing_names(self) -> Iterable[str]:
        """Every name in the service's own code that may be a store's."""
        return self._storing

    @cached_property
    def storing(self) -> frozenset[Module]:
        """The modules of the service's own code that hold a name that may be a store's."""
        return frozenset(self.speaking(lambda word: True))

    @cached_property
    def _storing(self) -> dict[str, list[Module]]:
        own = self._own
        return {word.decode("utf-8", "replace"): [self.modules[path] for path in own.holding(word)]
                for word in _holding_any(own.names, stores())}

    def classes(self, words: Iterable[str]) -> Iterator[Unit]:
        """The classes in the modules that hold one of these words."""
        for module in self.holding_any(words):
            yield from (unit for unit in module.units if isinstance(unit.node, Class))

    def ends(self, names: Iterable[str], proven: bool = True) -> tuple[str, ...]:
        """The last names of these dotted names of libraries that some module imports, each once; where that need not
        be `proven`, of those that some seems to import, for which nothing is parsed."""
        packages = by_package(tuple(names))
        found = set(packages.get("", ()))
        for package in self._seeming:  # a service has a dozen, a table of names a hundred
            if package in packages and (not proven or self._is_imported(package)):
                found |= packages[package]
        return tuple(sorted(found))

    def carriers(self, names: Iterable[str], among: Container[Module] | None = None) -> frozenset[str]:
        """Names, and those under which the service's own code hands on what they stand for; `among` is where."""
        found = set[str]()
        waiting = list(names)
        while waiting and len(found) < MAX_CARRIERS:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.aliases(name)
                waiting += [given for module in self.anywhere(name) if among is None or module in among
                            for given in module.made_of(name)]
        return frozenset(found)

    def imports(self, *names: str) -> bool:
        """Whether some module imports something of one of these top-level packages."""
        return any(self._is_imported(name) for name in names if name in self._seeming)

    def seems_to_import(self, *names: str) -> bool:
        """Whether some module seems to import something of one of these top-level packages; nothing is parsed."""
        return not self._seeming.isdisjoint(names)

    def _is_imported(self, package: str) -> bool:
        found = self._proven.get(package)
        if found is None:
            modules = sorted(self.importing(package), key=_toil)
            found = self._proven[package] = any(_imports(module, package) for module in modules)
        return found

    @cached_property
    def _seeming(self) -> frozenset[str]:
        """The top-level packages of which something seems to be imported."""
        return frozenset().union(*(one.importing for one in (self._own, self._others, self._shared)))

    def importing(self, name: str) -> Sequence[Module]:
        """The modules, of any role, that seem to import something of a top-level package."""
        found = self._importing.get(name)
        if found is None:
            indices = (self._own, self._others, self._shared)
            found = self._importing[name] = [self.modules[path] for one in indices
                                             for path in one.importing.get(name, ())]
        return found

    # ---- calls

    def named(
        self, names: Iterable[str], written: re.Pattern[bytes] | None = None, among: Container[Module] | None = None,
        given: re.Pattern[bytes] | None = None,
    ) -> Iterator[tuple[Call, Unit]]:
        """The calls in the service's own code whose last name is, or is an alias of, one of these.

        `written` is what their text must match, where that says more than the names; `among` is where to look,
        `given` what must match in the text of their arguments.
        """
        for spelled in self._spellings(names):
            for module in self.holding(spelled):
                if (among is None or module in among) and (written is None or module.matches(written)):
                    yield from module.calls(spelled, given)

    def seeming(self, names: Iterable[str], among: Container[Module]) -> Iterator[tuple[str, Module]]:
        """Where such calls seem to be, without reading them: what is spelled before the bracket, and the module."""
        for spelled in self._spellings(names):
            yield from ((spelled, module) for module in self.calling(spelled) if module in among)

    def _spellings(self, names: Iterable[str]) -> Iterable[str]:
        """Those of these names that the service's own code holds, and their aliases."""
        own = self._own.names
        held = [name for name in names if name.encode("utf-8", "replace") in own]
        return dict.fromkeys(one for name in held for one in (name, *self.aliases(name)))

    def spelled(self, name: str, among: Container[Module], dotted: bool) -> Iterator[tuple[Call, Unit]]:
        """The calls in these modules, of the service's own code, whose last name is this one; `dotted`: of objects."""
        word = name.encode("utf-8", "replace")
        for module in self.holding(name):
            if module in among and (not dotted or module.spelling.has_method(word)):
                yield from (one for one in module.calls(name) if not dotted or isinstance(one[0].func, Attr))

    def calling(self, name: str) -> tuple[Module, ...]:
        """The modules of the service's own code in whose text a bracket follows a name."""
        found = self._calling.get(name)
        if found is None:
            word = name.encode("utf-8", "replace")
            found = self._calling[name] = tuple(
                module for module in self.holding(name) if any(True for _ in module.spelling.calls(word)))
        return found

    def inheriting(self, name: str) -> Iterator[Unit]:
        """The classes, those of shared libraries included, that list something of this last name as a base."""
        word = name.encode("utf-8", "replace")
        for module in self.anywhere(name):
            if word in module.spelling.bases:
                yield from module.heirs.get(name, ())

    def declaring(self, name: str) -> Iterator[Unit]:
        """The classes of the service's own code that have this name."""
        word = name.encode("utf-8", "replace")
        for module in self.holding(name):
            if word in module.spelling.classes:
                yield from module.classes(name)

    @cached_property
    def methods(self) -> frozenset[bytes]:
        """The names of all functions and methods of the service, and of those beside it."""
        return self._own.methods | self._shared.methods

    def family(self, name: str) -> frozenset[str]:
        """The names of a class and, as far as texts tell, of all that inherit from it."""
        found = self._families.get(name)
        if found is None:
            names = {name: None}
            waiting = [name]
            while waiting:
                base = waiting.pop()
                word = base.encode("utf-8", "replace")
                heirs = {heir.decode("utf-8", "replace") for module in self.anywhere(base)
                         for heir in module.spelling.bases.get(word, ())}
                for one in (*heirs, *self.aliases(base)):
                    if one not in names:
                        names[one] = None
                        waiting.append(one)
            found = self._families[name] = frozenset(names)
        return found

    def overriding(self, owner: str, name: str) -> Iterator[Unit]:
        """The classes of the service's own code that, as far as texts tell, inherit from one of a name, and that define
        a name themselves."""
        word = name.encode("utf-8", "replace")
        for heir in sorted(self.family(owner)):
            told = heir.encode("utf-8", "replace")
            for module in self.holding(heir):
                spelling = module.spelling
                if told in spelling.classes and (word in spelling.methods or word in spelling.classes):
                    yield from (unit for unit in module.classes(heir)
                                if any(inner.last_name == name for inner in unit.inner.values()))

    def heirs(self, name: str) -> frozenset[str]:
        """The names of the classes of the service's own code that, as far as texts tell, list a name as a base."""
        word = name.encode("utf-8", "replace")
        return frozenset(heir.decode("utf-8", "replace") for module in self.holding(name)
                         for heir in module.spelling.bases.get(word, ()))

    def unnamed(self, modules: Iterable[Module]) -> Iterator[tuple[Call, Unit]]:
        """The calls of what a call returned, `app.on_event("startup")(start)`, in these modules."""
        for module in modules:
            yield from module.calls("()")

    def paths(self, written: Iterable[str]) -> dict[str, set[Module]]:
        """Ends of what is written, `on_startup.append` → the last name of each, with the modules of the service's own
        code that hold all names of one that ends so."""
        found: dict[str, set[Module]] = {}
        for path in written:
            names = path.split(".")
            modules = found.setdefault(names[-1], set())
            if all(holding := [self.holding(name) for name in names]):
                modules.update(set(holding[0]).intersection(*holding[1:]))
        return found

    def aliases(self, name: str) -> tuple[str, ...]:
        """The other names under which the service's own code imports a name."""
        found = self._aliases.get(name)
        if found is None:
            found = self._aliases[name] = tuple(dict.fromkeys(
                alias.bound
                for module in self._renaming.get(name.encode("utf-8", "replace"), ())
                for stmt in module.renaming(name)
                for alias in stmt.names
                if alias.name.rsplit(".", 1)[-1] == name and alias.bound != name
            ))
        return found

    @cached_property
    def _renaming(self) -> dict[bytes, dict[Module, None]]:
        """Every name that stands before an `as` → the modules in which it does."""
        found: dict[bytes, dict[Module, None]] = {}
        for module in self.code:
            for name in module.spelling.renamed:
                found.setdefault(name, {})[module] = None
        return found


@lru_cache(100)
def by_package(names: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    """Top-level package → the last names of those of these dotted names that lie in it; empty for what lies in none."""
    found: dict[str, set[str]] = {}
    for name in names:
        package, dot, _ = name.partition(".")
        found.setdefault(package if dot else "", set()).add(name.rpartition(".")[2])
    return {package: frozenset(last) for package, last in found.items()}


@lru_cache(100)
def _encoded(words: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(word.encode("utf-8", "replace") for word in words)


def _holding_any(words: Iterable[bytes], parts: Iterable[bytes]) -> set[bytes]:
    """The words that hold one of these parts, in whatever case: all of them are searched as one text."""
    text = b"\n".join(words)
    folded = text.lower()
    found: set[bytes] = set()
    for part in parts:
        at = -1
        while (at := folded.find(part, at + 1)) >= 0:
            end = folded.find(b"\n", at)
            end = len(folded) if end < 0 else end
            found.add(text[folded.rfind(b"\n", 0, at) + 1:end])
            at = end
    return found


def _toil(module: Module) -> tuple[bool, bool, int]:
    """By how much it costs to parse a module more than would be done anyway: what is short is parsed soon."""
    return not module.is_read, module.role != "code", len(module.text)


def _imports(module: Module, package: str) -> bool:
    """Whether a module imports something of a top-level package: its text may only speak of that."""
    return any(
        (alias.name if stmt.plain else stmt.module).split(".", 1)[0] == package
        for stmt, _ in module.imports if not stmt.level
        for alias in stmt.names
    )


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
