"""Which modules of a service can hold a thing at all: those where it begins, and those that its names lead to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from gravity_lint.facts.code import Attr, Call, Const, Expr, Function, Import, Item, Name, walk
from gravity_lint.link.modules import Module, body_of, expressions, statements, targets_of

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator


MIN_SPREAD = 30
"""Modules from which on it pays no more to tell those that carry a thing from the others, where a quarter does."""


class Carriers:
    """Follows names, not values: whatever is made where a name stands may hold what the name holds.

    So it says which modules are worth looking at, and never that there is something in them.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self._libraries: dict[frozenset[str], frozenset[Module]] = {}

    def of_libraries(self, dotted: Iterable[str]) -> frozenset[Module]:
        """The modules that can hold something of the libraries that these dotted names begin with."""
        libraries = frozenset(name.split(".", 1)[0] for name in dotted if "." in name)
        found = self._libraries.get(libraries)
        if found is None:
            seeds: dict[Module, set[str]] = {}
            for library in sorted(libraries):
                for module in self.ask.calls.importing(library):
                    seeds.setdefault(module, set()).update(_bound(module, library))
            found = self._libraries[libraries] = self.follow(seeds)
        return found

    def of_texts(self, pattern: re.Pattern[bytes], matching: Callable[[str], object]) -> frozenset[Module]:
        """The modules that can hold a text of a kind: `pattern` says it of a module's text, `matching` of a text."""
        seeds = {module: set(_naming(module, matching)) for module in self.ask.calls.code if module.matches(pattern)}
        return self.follow(seeds)

    def follow(self, seeds: dict[Module, set[str]]) -> frozenset[Module]:
        """Modules, with the names in them that hold a thing → the modules that can hold it."""
        names: dict[Module, set[str]] = {module: set() for module in seeds}
        waiting = {module: set(held) for module, held in seeds.items()}
        enough = max(MIN_SPREAD, len(self.ask.calls.code) // 4)
        while waiting:
            if len(names) > enough:
                return frozenset(self.ask.calls.code)
            module, new = waiting.popitem()
            held = names.setdefault(module, set())
            fresh = _spread(module, held | new) - held
            held |= fresh
            if fresh:
                for other, given in self._led_to(module, held, fresh):
                    if other not in names or not given <= names[other]:
                        names.setdefault(other, set())
                        waiting.setdefault(other, set()).update(given)
        return frozenset(names)

    def _led_to(self, module: Module, held: set[str], fresh: set[str]) -> Iterator[tuple[Module, set[str]]]:
        """The modules that take fresh names from a module, or are given what they hold."""
        exported = {name for name in fresh if name in module.unit.flow.bound or "." not in name}
        takers = set(self.ask.calls.holding(module.stem)) & set(self.ask.calls.holding_any(exported))
        for other in sorted(takers - {module}, key=lambda each: each.path):
            taken = set(self._taken(other, module, exported))
            if taken:
                yield other, taken
        yield from self._given(module, held)

    def _taken(self, other: Module, module: Module, exported: set[str]) -> Iterator[str]:
        """The names under which a module imports what another exports."""
        importer = self.ask.importer
        for stmt, _ in other.imports:
            if stmt.plain:
                for alias in stmt.names:
                    if importer.absolute(other, alias.name) is module:
                        yield from exported
                continue
            if self._meant(other, stmt) is module:
                for alias in stmt.names:
                    if alias.name == "*":
                        yield from exported
                    elif alias.name in exported:
                        yield alias.bound
            else:  # `from shop import db`, where `db` is the module
                prefix = f"{stmt.module}." if stmt.module else ""
                for alias in stmt.names:
                    if alias.name == module.stem and self._module(other, prefix + alias.name, stmt.level) is module:
                        yield from exported

    def _meant(self, module: Module, stmt: Import) -> Module | None:
        return self._module(module, stmt.module, stmt.level)

    def _module(self, module: Module, name: str, level: int) -> Module | None:
        importer = self.ask.importer
        return importer.relative(module, name, level) if level else importer.absolute(module, name)

    def _given(self, module: Module, held: set[str]) -> Iterator[tuple[Module, set[str]]]:
        """The modules whose functions are called with what some names hold: their parameters hold it too."""
        imported = {alias.bound: (stmt, alias.name) for stmt, _ in module.imports for alias in stmt.names}
        for unit in module.units:
            for call in unit.calls:
                root = call.func
                while isinstance(root, (Attr, Call, Item)):
                    root = root.func if isinstance(root, Call) else root.base
                if isinstance(root, Name) and root.id in imported and _speaks(held, *(arg.value for arg in call.args)):
                    stmt, name = imported[root.id]
                    other = self._meant(module, stmt) if not stmt.plain else self._module(module, name, 0)
                    if other is not None and other is not module:
                        yield other, _params(other, call)


def _bound(module: Module, library: str) -> Iterator[str]:
    """The names that a module's imports of a library bind."""
    for stmt, _ in module.imports:
        for alias in stmt.names:
            if not stmt.level and (alias.name if stmt.plain else stmt.module).split(".", 1)[0] == library:
                yield alias.bound


def _naming(module: Module, matching: Callable[[str], object]) -> Iterator[str]:
    """The names of a module that its texts of a kind are given to, and of the functions that they stand in."""
    for unit in module.units:
        for stmt in statements(body_of(unit.node)):
            for expr in expressions(stmt):
                if any(isinstance(part, Const) and isinstance(part.value, str) and matching(part.value)
                       for part in walk(expr)):
                    yield from targets_of(stmt)
                    yield unit.last_name


def _spread(module: Module, held: set[str]) -> set[str]:
    """Names of a module that hold a thing → all its names that may hold it because of them."""
    found = set(held)
    parts = module.spoken
    size = -1
    while size != len(found):
        size = len(found)
        for spoken, given in parts:
            if not found.isdisjoint(spoken):
                found.update(given)
    return found


def _speaks(held: set[str], *exprs: Expr) -> bool:
    return any((isinstance(part, Name) and part.id in held) or (isinstance(part, Attr) and part.name in held)
               for expr in exprs for part in walk(expr))


def _params(module: Module, call: Call) -> set[str]:
    """The parameters of the functions, or of the methods of the classes, that a call may mean in a module."""
    func = call.func
    name = func.id if isinstance(func, Name) else func.name if isinstance(func, Attr) else ""
    found: set[str] = set()
    for unit in module.units:
        owner = unit.owner.last_name if unit.owner is not None else ""
        if isinstance(unit.node, Function) and name in (unit.last_name, owner):
            found |= {param.name for param in unit.node.params[1 if owner else 0:]}
    return found
