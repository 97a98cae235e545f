"""Which modules of a large service are worth looking at for a thing: those where it stands, and those beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from gravity_lint.facts.code import Call
from gravity_lint.link.calls import by_package
from gravity_lint.link.modules import Module, Unit
from gravity_lint.record import cached_property

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator

MANY = 40
"""Modules from which on it pays to tell those that can hold a thing from the others."""


class _Marked(Container[Module]):
    """Many of a service's modules, in a byte for each module: there may be a thousand such sets of a thousand."""

    __slots__ = ("_marks", "_numbers")

    def __init__(self, numbers: Mapping[Module, int], chosen: Iterable[Module]) -> None:
        self._numbers = numbers
        self._marks = bytearray(len(numbers))
        for module in chosen:
            self._marks[numbers[module]] = 1

    def __contains__(self, module: object) -> bool:
        return self._marks[self._numbers[module]] == 1  # type: ignore[index]


class Carriers:
    """Says where a thing can be, and never that it is there.

    A thing is handed on by imports: to a module that imports the one where it stands, or, as an argument, to one that
    is imported there. What goes further by way of modules that name neither is not seen in a large service.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self._libraries: dict[frozenset[str], frozenset[Module]] = {}
        self._naming: dict[tuple[Module, frozenset[str]], set[Module]] = {}
        self._taken: dict[Module, tuple[Module, ...]] = {}
        self._having: dict[str, Container[Module]] = {}
        self._texts: dict[tuple[frozenset[str], object], frozenset[Module]] = {}

    def of_libraries(self, dotted: Iterable[str]) -> frozenset[Module]:
        """The modules that can hold something of the libraries that these dotted names begin with."""
        return self._of(frozenset(by_package(tuple(dotted)).keys() - {""}))

    def _of(self, libraries: frozenset[str]) -> frozenset[Module]:
        found = self._libraries.get(libraries)
        if found is None:
            importing = {module for library in libraries for module in self.ask.calls.importing(library)}
            found = self._libraries[libraries] = self.beside(importing)
        return found

    def calls(self, dotted: Collection[str]) -> Iterator[tuple[Call, Unit]]:
        """The calls whose last name is one of these dotted names', each where it can be of a library that has it."""
        names = tuple(dotted)
        owners = _packages(names)
        for last in self.ask.calls.ends(names):
            yield from self.ask.calls.named((last,), among=self._of(owners[last]))

    def seeming(self, dotted: Collection[str]) -> Iterator[tuple[str, Module]]:
        """Where such calls seem to be: what is spelled before the bracket, and the module; nothing of it is read."""
        names = tuple(dotted)
        owners = _packages(names)
        for last in self.ask.calls.ends(names):
            yield from self.ask.calls.seeming((last,), self._of(owners[last]))

    def of_texts(self, words: Iterable[str], matching: Callable[[bytes], object] | None = None) -> frozenset[Module]:
        """The modules that can hold a text with one of these words, and that matches."""
        key = frozenset(words), matching
        found = self._texts.get(key)
        if found is None:
            holding = {module for module in self.ask.calls.holding_any(key[0])
                       if matching is None or matching(module.text)}
            found = self._texts[key] = self.beside(holding)
        return found

    def beside(self, modules: set[Module]) -> frozenset[Module]:
        """These modules, those that import them, and those that they import; all of a small service."""
        code = self.ask.calls.code
        if not modules or len(code) <= MANY:
            return frozenset(code if modules else ())
        importers = {other for module in modules for other in self._importers.get(module, ())}
        for package in [one for one in importers - modules if one.is_package]:
            importers.update(self._importers.get(package, ()))  # it hands on what its modules hold
        return frozenset(modules | importers | {other for module in modules for other in self.imports(module)})

    @cached_property
    def _all(self) -> frozenset[Module]:
        return frozenset(self.ask.calls.code)

    def naming(self, module: Module, names: Iterable[str]) -> Container[Module]:
        """The modules that can hold, under one of these names, something of a module's own: a function or a class.

        It is handed on from module to module by imports that name it, that take everything, or that take a module.
        """
        if len(self.ask.calls.code) <= MANY:
            return self._all
        key = module, frozenset(names)
        found = self._naming.get(key)
        if found is None:
            held = {one for name in key[1] for one in self.ask.calls.anywhere(name)}
            found = self._naming[key] = {module}
            waiting = [module]
            while waiting:
                here = waiting.pop()
                for other, taken in self._importers.get(here, {}).items():
                    if other not in found and ("*" in taken or not key[1].isdisjoint(taken)
                                               or ("" in taken and (other in held or other.is_package))):
                        found.add(other)
                        waiting.append(other)
        return found

    def having(self, owner: Unit) -> Container[Module]:
        """The modules that can hold an object of a class: those that name it or an heir of it, those beside them."""
        if len(self.ask.calls.code) <= MANY:
            return self._all
        found = self._having.get(owner.last_name)
        if found is None:
            names = self.ask.calls.family(owner.last_name)
            holding = {module for name in names for module in self.ask.calls.anywhere(name)}
            found = self._having[owner.last_name] = _Marked(self._numbers, self.beside(holding))
        return found

    @cached_property
    def _numbers(self) -> dict[Module, int]:
        """Every module, and its number."""
        return {module: number for number, module in enumerate(self.ask.modules.values())}

    @cached_property
    def _importers(self) -> dict[Module, dict[Module, tuple[str, ...]]]:
        """Every module → those that seem to import it, each with the names that it takes; empty for the module."""
        found: dict[Module, dict[Module, tuple[str, ...]]] = {}
        for module in self.ask.modules.values():
            if module.role in ("code", "library"):
                taken: dict[Module, list[str]] = {}
                for imported, name in self.ask.importer.imported(module):
                    taken.setdefault(imported, []).append(name)
                self._taken[module] = tuple(taken)
                for imported, names in taken.items():
                    found.setdefault(imported, {})[module] = tuple(names)
        return found

    def imports(self, module: Module) -> tuple[Module, ...]:
        """The modules that a module's text seems to import."""
        found = self._taken.get(module)
        if found is None:
            found = self._taken[module] = tuple(dict.fromkeys(other for other, _ in self.ask.importer.imported(module)))
        return found


@lru_cache(100)
def _packages(names: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    """Last part of these dotted names → the top-level packages in which they lie."""
    found: dict[str, set[str]] = {}
    for package, ends in by_package(names).items():
        for last in ends:
            found.setdefault(last, set()).update((package,) if package else ())
    return {last: frozenset(packages) for last, packages in found.items()}
