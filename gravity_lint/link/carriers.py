"""Which modules of a large service are worth looking at for a thing: those where it stands, and those beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gravity_lint.facts.code import Const, walk
from gravity_lint.link.modules import Module, body_of, expressions, statements

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]+)|import[ \t]+([^\n#]+))",
    re.MULTILINE,
)
MANY = 40
"""Modules from which on it pays to tell those that can hold a thing from the others."""


class Carriers:
    """Says where a thing can be, and never that it is there.

    A thing is handed on by imports: to a module that imports the one where it stands, or, as an argument, to one that
    is imported there. What goes further by way of modules that name neither is not seen in a large service.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self._imported: dict[Module, frozenset[Module]] = {}
        self._libraries: dict[frozenset[str], frozenset[Module]] = {}

    def of_libraries(self, dotted: Iterable[str]) -> frozenset[Module]:
        """The modules that can hold something of the libraries that these dotted names begin with."""
        libraries = frozenset(name.split(".", 1)[0] for name in dotted if "." in name)
        found = self._libraries.get(libraries)
        if found is None:
            importing = {module for library in libraries for module in self.ask.calls.importing(library)}
            found = self._libraries[libraries] = self.beside(importing)
        return found

    def of_texts(self, words: Iterable[str], matching: re.Pattern[str]) -> frozenset[Module]:
        """The modules that can hold a text that matches; `words` are names of which such a text holds one."""
        return self.beside({module for module in self.ask.calls.holding_any(words) if _holds(module, matching)})

    def beside(self, modules: set[Module]) -> frozenset[Module]:
        """These modules, those that import them, and those that they import; all of a small service."""
        code = self.ask.calls.code
        if not modules or len(code) <= MANY:
            return frozenset(code if modules else ())
        importers = {other for module in modules for other in self._importers(module)}
        for package in [one for one in importers - modules if one.is_package]:
            importers |= self._importers(package)  # it hands on what its modules hold
        return frozenset(modules | importers | {other for module in modules for other in self._imports(module)})

    def _importers(self, module: Module) -> set[Module]:
        return {other for other in self.ask.calls.anywhere(module.stem) if module in self._imports(other)}

    def _imports(self, module: Module) -> frozenset[Module]:
        """The modules of the service that a module's text seems to import."""
        found = self._imported.get(module)
        if found is None:
            importer = self.ask.importer
            meant = (importer.relative(module, name, level) if level else importer.absolute(module, name)
                     for name, level in _written(module.text))
            found = self._imported[module] = frozenset(each for each in meant if each is not None)
        return found


def _written(text: bytes) -> Iterator[tuple[str, int]]:
    """The dotted names that the imports in a text may mean, each with its leading dots, without a grammar."""
    for dots, start, names, plain in _IMPORT.findall(text):
        if plain:
            for part in plain.split(b","):
                yield part.split()[0].decode("utf-8", "replace") if part.split() else "", 0
            continue
        base = start.decode("utf-8", "replace")
        yield base, len(dots)
        for part in names.strip(b"()").split(b","):
            words = part.split()
            if words and words[0] != b"*":
                name = words[0].decode("utf-8", "replace")
                yield f"{base}.{name}" if base else name, len(dots)


def _holds(module: Module, matching: re.Pattern[str]) -> bool:
    """Whether a text in a module's code matches."""
    return any(
        isinstance(part, Const) and isinstance(part.value, str) and matching.search(part.value)
        for unit in module.units
        for stmt in statements(body_of(unit.node))
        for expr in expressions(stmt)
        for part in walk(expr)
    )
