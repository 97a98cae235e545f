"""Runs of functions: which arguments a call gives, and what the parameters hold because of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.facts.code import Call, Function, Lambda, Param
from gravity_lint.link.modules import Unit
from gravity_lint.link.values import (
    MAX_VALUES,
    UNPACKED,
    Deferred,
    Frame,
    FunctionValue,
    Given,
    Instance,
    Items,
    Site,
    Table,
    Unknown,
    Value,
    Values,
    hops,
    unique,
)

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator


MAX_DEPTH = 8
"""Calls inside calls of which the arguments are kept; further in, parameters are unknown."""


class Runs:
    """Makes the frames in which expressions are looked at, each once. Works with the evaluator whose part it is."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self._frames: dict[object, Frame] = {}

    def frame(self, unit: Unit) -> Frame:
        """The run of a unit in which its parameters are whatever its callers give."""
        found = self._frames.get(unit)
        if found is None:
            closure = self.frame(unit.parent) if unit.parent is not None else None
            found = self._frames[unit] = Frame(unit, closure)
        return found

    def enter(self, function: FunctionValue, call: Call | None, caller: Frame | None) -> Frame:
        """The run of a function that one call makes."""
        unit = function.unit
        assert unit is not None
        receiver = function.receiver
        if caller is not None and (caller.depth >= MAX_DEPTH or caller.within(unit)):
            call = caller = None  # what a function that calls itself is given further in is not known
        key = unit, call, caller, _identity(receiver)
        found = self._frames.get(key)
        if found is None:
            args = self._bind(function, call, caller)
            closure = function.closure or self.frame(unit).closure
            found = self._frames[key] = Frame(unit, closure, args, receiver, caller)
        return found

    def _bind(self, function: FunctionValue, call: Call | None, caller: Frame | None) -> dict[str, Given]:
        unit = function.unit
        assert unit is not None
        node = unit.node
        params = list(node.params) if isinstance(node, (Function, Lambda)) else []
        args: dict[str, Given] = {}
        if function.receiver is not None and params and not self.ask.objects.is_static(unit):
            args[params.pop(0).name] = (function.receiver,)
        given, named, rest = self.arguments(call, caller) if call is not None and caller is not None else ([], {}, ())
        given = [*function.bound, *given]
        for param in params:
            site = Site(unit.module, param.span)
            if param.kind == "*":
                known = tuple(item for item in given if isinstance(item, Deferred))
                whole = len(known) == len(given) and not rest
                args[param.name] = (Items(site, (), known) if whole else Unknown(site, (), "arguments"),)
                given = []
            elif param.kind == "**":
                free = {name: value for name, value in named.items() if name not in {p.name for p in params}}
                args[param.name] = (Table(site, (), (*free.items(), *rest)),)
            elif param.name in named:
                args[param.name] = named[param.name]
            elif given and not param.keyword_only:
                args[param.name] = given.pop(0)
            elif rest:  # what is unpacked may hold it
                args[param.name] = (Unknown(site, (), "unpacked"),)
            elif param.default is not None:
                args[param.name] = Deferred(param.default, self.frame(unit.parent or unit))
            else:
                args[param.name] = (Unknown(site, (), "parameter"),)
        return args

    def given(self, frame: Frame, param: Param) -> Values:
        """What a parameter holds in the run of one call."""
        value = (frame.args or {}).get(param.name)
        if value is None:
            return (Unknown(Site(frame.unit.module, param.span), (), "parameter"),)
        found = self.force(value)
        if isinstance(value, Deferred) and value.unpacked is None and value.expr is not param.default:
            site = Site(value.frame.unit.module, value.expr.span)
            return hops(found, site, f"passed as `{param.name}` to `{self.ask.objects.display(frame.unit)}` here")
        return found

    def arguments(
        self, call: Call, frame: Frame
    ) -> tuple[list[Given], dict[str, Given], tuple[tuple[None, Given], ...]]:
        """A call's arguments: by position, by name, and what is unpacked from mappings that are not known."""
        given: list[Given] = []
        named: dict[str, Given] = {}
        rest: list[tuple[None, Given]] = []
        for arg in call.args:
            if arg.name is None:
                given.append(Deferred(arg.value, frame))
            elif arg.name == "*":
                for value in self.ask.values(arg.value, frame)[:1]:
                    given.extend(value.items if isinstance(value, Items) else ())
                    rest.extend(() if isinstance(value, Items) else ((None, (value,)),))
            elif arg.name == "**":
                for value in self.ask.values(arg.value, frame):
                    if isinstance(value, Table):
                        site = Site(frame.unit.module, arg.value.span)
                        for key, item in self.flat(value):
                            if key is not None:
                                named.setdefault(key, self._unpacked(item, site))
                    else:
                        rest.append((None, (value,)))
            else:
                named[arg.name] = Deferred(arg.value, frame)
        return given, named, tuple(rest)

    def _unpacked(self, item: Given, site: Site) -> Given:
        """An item of a mapping that is unpacked at a place; it is not looked at before it is asked for."""
        if isinstance(item, Deferred) and item.unpacked is None:
            return item._replace(unpacked=site)
        return hops(self.force(item), site, UNPACKED)

    def argument(self, call: Call, frame: Frame, slot: knowledge.Slot | None) -> Values | None:
        """The values of the argument that a slot describes; None when the call does not give it."""
        if slot is None:
            return None
        given, named, _ = self.arguments(call, frame)
        for name in slot.names:
            if name in named:
                return self.force(named[name])
        for position in slot.positions:
            if position < len(given):
                return self.force(given[position])
        return None

    def force(self, value: Given) -> Values:
        if not isinstance(value, Deferred):
            return value
        found = self.ask.values(value.expr, value.frame)
        return hops(found, value.unpacked, UNPACKED) if value.unpacked is not None else found

    def flat(self, table: Table, depth: int = 0) -> Iterator[tuple[str | None, Given]]:
        """A dictionary's items, with what is unpacked into it."""
        for key, item in table.items:
            if key is not None or depth > 5:
                yield key, item
                continue
            for value in self.force(item):
                if isinstance(value, Table):
                    yield from self.flat(value, depth + 1)
                else:
                    yield None, item  # what it holds is not known

    def lookup(self, table: Table, key: str | None) -> Values:
        """What a dictionary holds under a key; everything it holds where the key is not known."""
        items = list(self.flat(table))
        if key is None:
            return unique(value for _, item in items[:MAX_VALUES] for value in self.force(item))
        for name, item in reversed(items):
            if name == key:
                return self.force(item)
        return ()


def _identity(receiver: Value | None) -> object:
    """What makes two receivers of a method the same object."""
    if receiver is None:
        return None
    made = (id(receiver.call), receiver.frame) if isinstance(receiver, Instance) else None
    return type(receiver), receiver.site, getattr(receiver, "unit", None), made
