"""The calls and imports of a service's own code, by the names that they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from gravity_lint.facts.code import Attr, Call, Expr, Name
from gravity_lint.link.modules import Module, Unit


class Calls:
    """An index over the modules of a service."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules

    @cached_property
    def code(self) -> tuple[Module, ...]:
        """The modules that are the service's own code, in order of their paths."""
        return tuple(self.modules[path] for path in sorted(self.modules) if self.modules[path].role == "code")

    @cached_property
    def imported(self) -> frozenset[str]:
        """The top-level names of what the service's code imports."""
        return frozenset(
            (alias.name if stmt.plain else stmt.module).split(".", 1)[0]
            for module in self.modules.values()
            for stmt, _ in module.imports
            if not stmt.level
            for alias in stmt.names
        )

    def named(self, names: Iterable[str]) -> Iterator[tuple[Call, Unit]]:
        """The calls in the service's own code whose last name is, or is an alias of, one of these."""
        spelled = dict.fromkeys(one for name in names for one in (name, *self.aliases.get(name, ())))
        for name in spelled:
            yield from self._index.get(name, ())

    def spelled(self, name: str) -> tuple[tuple[Call, Unit], ...]:
        """The calls in the service's own code whose last name is this one."""
        return tuple(self._index.get(name, ()))

    @cached_property
    def _index(self) -> dict[str, list[tuple[Call, Unit]]]:
        """Last part of what is called → the calls spelled so."""
        found: dict[str, list[tuple[Call, Unit]]] = {}
        for module in self.code:
            for unit in module.unit.units():
                for call in unit.calls:
                    func = call.func
                    name = func.id if isinstance(func, Name) else func.name if isinstance(func, Attr) else "()"
                    found.setdefault(name, []).append((call, unit))
        return found

    @cached_property
    def aliases(self) -> dict[str, set[str]]:
        """Name → the other names under which it is imported."""
        found: dict[str, set[str]] = {}
        for module in self.code:
            for stmt, _ in module.imports:
                for alias in stmt.names:
                    name = alias.name.rsplit(".", 1)[-1]
                    if alias.bound != name and alias.name != "*":
                        found.setdefault(name, set()).add(alias.bound)
        return found


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
