"""Runs of one unit that call different things: told apart by the functions and objects that they are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from gravity_lint import knowledge
from gravity_lint.facts.code import Arg, Attr, Call, Class, Expr, Function, Lambda, Name, Param, Series, Span, children
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Module, Unit, first_param
from gravity_lint.link.typed import Typed
from gravity_lint.link.values import (
    ClassValue,
    Deferred,
    External,
    Frame,
    FunctionValue,
    Instance,
    Items,
    Literal,
    Site,
    Table,
    Unknown,
    Value,
    Values,
)
from gravity_lint.record import NamedTuple, cached_property
from gravity_lint.regex import regex

MAX_DEPTH = 8
"""Calls inside calls through which a function is handed on."""
MAX_OPEN = 2_000
"""Functions of which it is found out what decides their calls; the others have one run for all. Large applications have
up to a thousand."""
MAX_RUNS = 8
"""Runs of one unit that are told apart; a unit that is run in more ways is not followed in the others."""
PASSED = "passed as "
"""How the step of a value begins that a call gives to a parameter."""
_BUILT_IN = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical",
                       *(name for kind in (str, bytes, list, dict, set) for name in dir(kind) if name[0] != "_")})
"""Methods of what is built in, and of what writes logs."""
_PROPERTIES = ("property", "computed_field", "declared_attr", "reify")
_MODULE = regex(r"[A-Za-z_]\w*(?:[.:]\w+)*")

Invokers = list[tuple[int, knowledge.Invoker]]
"""Rows of the table, with their numbers."""


class Called(NamedTuple):
    """One function of the service that a call runs."""

    function: FunctionValue
    call: Call
    """The call as the function sees it: for what a runner calls, with the arguments that it hands on."""
    handed: bool = False
    """Whether somebody else calls it, who is given it here."""
    apart: bool = False


class Contexts:
    """Makes the runs in which start-up looks at units.

    Most units call the same whoever calls them, and have one run. Of the others, what decides is what they are given:
    a function to run, an object whose class has a method of its own, a variable of the function around them.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self.typed = Typed(evaluator)
        self.know = knowledge.frameworks()
        self.by_name = frozenset({"importlib.import_module", "__import__", *self.know.runner})
        """What imports a module by a text."""
        self._open: dict[Unit, frozenset[str]] = {}
        self._frames: dict[Unit, dict[object, Frame]] = {}
        self._forwarded: dict[tuple[int, int], Call] = {}
        self._differs: dict[tuple[Unit, str], bool] = {}
        self._places: dict[Module, dict[Span, Unit]] = {}
        self._tracing: set[tuple[Unit, str]] = set()

    # ---- calls

    @cached_property
    def _foreign(self) -> frozenset[str]:
        """Methods of what is built in, of whose names the service has none of its own, nor gives one to an object."""
        own = {name.decode() for name in self.ask.calls.methods if name.isascii()}
        given = {name for row in self.know.invokers for name in row.attributes}
        return frozenset(name for name in _BUILT_IN - own - given if not self.ask.names.is_set(name))

    def is_foreign(self, call: Call) -> bool:
        """Whether a call runs nothing of the service, by its name alone: `text.strip()`."""
        return isinstance(call.func, Attr) and call.func.name in self._foreign

    def called(self, call: Call, frame: Frame, callees: Values, invokers: Invokers) -> Iterator[Called]:
        """The functions of the service that a call runs, or has run by what it hands them to.

        `callees` is what is called, `invokers` the rows that say so.
        """
        for function in self._functions(callees, call.func, call, frame):
            yield Called(function, call)
        for number, invoker in invokers:
            inner = self._inner(call, invoker, number)
            if inner is None:
                continue
            for function in self._functions(self.ask.values(inner.func, frame), inner.func, inner, frame):
                yield Called(function, inner, True, invoker.apart)

    def _functions(self, values: Values, expr: Expr, call: Call, frame: Frame) -> Iterator[FunctionValue]:
        site = Site(frame.unit.module, call.span)
        known = False
        for value in values:
            known = known or isinstance(value, (FunctionValue, ClassValue, Instance))
            yield from self.ask.callable(value, site, call, frame)
        if not known:
            yield from self.typed.methods(expr, frame)

    def invokers(self, call: Call, callees: Values) -> Invokers:
        """The rows of the table that say that a call runs a function it is given."""
        attributes, calls = _invokers()
        found = set(attributes.get(call.func.name, ())) if isinstance(call.func, Attr) else set()
        for value in callees:
            if isinstance(value, External) and value.name in calls:
                found.update(calls[value.name])
        return [(number, self.know.invokers[number]) for number in sorted(found)]

    def _inner(self, call: Call, invoker: knowledge.Invoker, number: int) -> Call | None:
        """The call that a runner makes of its arguments; None where it is given no function."""
        key = id(call), number
        found = self._forwarded.get(key)
        if found is None:
            positional = [arg for arg in call.args if arg.name is None]
            named = {arg.name: arg.value for arg in call.args if arg.name is not None}
            func = next((named[name] for name in invoker.function.names if name in named), None)
            given: list[Arg] = []
            for place in invoker.function.positions:
                if func is None and place < len(positional):
                    func = positional[place].value
                    rest = call.args[call.args.index(positional[place]) + 1 :]
                    given = list(rest) if invoker.forwards else []
            if func is None:
                return None
            packed = next((named[name] for name in invoker.packed if name in named), None)
            if isinstance(packed, Series):
                given = [Arg(None, item) for item in packed.items]
            found = self._forwarded[key] = Call(func, tuple(given), call.span)
        return found

    # ---- runs

    def run(self, called: FunctionValue, call: Call | None = None, caller: Frame | None = None) -> Frame | None:
        """The run of a function that a call makes; None where it has been run in too many ways already."""
        unit = called.unit
        assert unit is not None
        wanted = self.open(unit)
        if not wanted:
            return self.ask.runs.frame(unit)
        inside = self.ask.runs.enter(called, call, caller)
        args = dict(inside.args or {})
        tokens: list[object] = []
        for name in sorted(wanted):
            if name in args:
                args[name] = self.ask.runs.force(args[name])
                tokens.append(frozenset(self._tokens(args[name])))
            else:
                tokens.append(inside.closure)  # a variable of the function around it
        known = self._frames.setdefault(unit, {})
        key = tuple(tokens)
        if key not in known and len(known) < MAX_RUNS:
            known[key] = Frame(unit, inside.closure, args, called.receiver)
        return known.get(key)

    def _tokens(self, given: Deferred | Values, depth: int = 0) -> Iterator[object]:
        """What makes two values different for what is called."""
        values: Iterable[Value] = self.ask.runs.force(given) if isinstance(given, Deferred) else given
        for value in values:
            if isinstance(value, FunctionValue) and value.unit is not None:
                closure = value.closure if self.open(value.unit) else None
                receiver = frozenset(self._tokens((value.receiver,), depth + 1)) if value.receiver is not None else None
                yield value.unit, receiver, closure, tuple((id(part.expr), part.frame) for part in value.bound)
            elif isinstance(value, ClassValue):
                yield value.unit
            elif isinstance(value, Instance):
                yield value.unit, id(value.call), value.frame
            elif isinstance(value, Literal) and isinstance(value.value, str) and _MODULE.fullmatch(value.value):
                yield value.value
            elif isinstance(value, (Items, Table)) and depth < 3:
                for item in value.items:
                    yield from self._tokens(item[1] if isinstance(value, Table) else item, depth + 1)  # type: ignore[arg-type]

    def givers(self, function: FunctionValue) -> tuple[Unit, ...]:
        """The functions whose calls gave a function to what keeps it: to a setter, say, of any object.

        A property runs without a call, so that nobody knows whether start-up runs it: it is none of them.
        """
        found: list[Unit] = []
        for hop in function.trail:
            unit = self._arguments(hop.site.module).get(hop.site.span) if hop.message.startswith(PASSED) else None
            if unit is None or not isinstance(unit.node, Function):
                continue
            if not any(name.endswith(_PROPERTIES) for name in self.ask.objects.decorators(unit)):
                found.append(unit)
        return tuple(found)

    def _arguments(self, module: Module) -> dict[Span, Unit]:
        """The places of all arguments in a module, with the units that give them."""
        found = self._places.get(module)
        if found is None:
            found = self._places[module] = {
                arg.value.span: unit for unit in module.units for call in unit.calls for arg in call.args
            }
        return found

    # ---- what decides

    def open(self, unit: Unit, depth: int = 0) -> frozenset[str]:
        """The parameters of a unit, and the variables around it, that decide what it calls."""
        found = self._open.get(unit)
        if found is None:
            if depth > MAX_DEPTH or len(self._open) >= MAX_OPEN or not isinstance(unit.node, (Function, Lambda)):
                return frozenset()
            found = self._open[unit] = frozenset()  # a function that calls itself
            if unit.module.role in ("code", "library"):
                found = self._open[unit] = self._deciding(unit, depth)
        return found

    def _deciding(self, unit: Unit, depth: int) -> frozenset[str]:
        found = set[str]()
        calls = [(self._most((call.func,), unit), self._most((arg.value for arg in call.args), unit), call)
                 for call in unit.calls if not self.is_foreign(call)]
        # What a module's name calls is known at once; to know a parameter's method may take all that is given for it
        for func, given, call in sorted(calls, key=lambda one: one[0] is None or len(one[0])):
            if func and self._is_own(call.func):
                found.update(self._names(call.func, unit, depth))
            if func is None or given is None or not func | given <= found:  # what adds nothing is not looked at
                found.update(self._by_call(call, unit, depth))
        return frozenset(found)

    def _is_own(self, func: Expr) -> bool:
        """Whether the service defines a function or a method of the name that is called."""
        return isinstance(func, Attr) and func.name.encode("utf-8", "replace") in self.ask.calls.methods

    def _most(self, parts: Iterable[Expr], unit: Unit) -> set[str] | None:
        """What of a unit can decide, at the most, what these expressions stand for; None where that cannot be said."""
        me = first_param(unit) if unit.owner is not None else ""
        found = set[str]()
        for expr in parts:
            if me and _is_inherited(expr):
                found.add(me)
            for source in self._sources(expr, unit):
                if isinstance(source, Unit):
                    return None
                found.add(source if isinstance(source, str) else me)
        return found

    def _by_call(self, call: Call, unit: Unit, depth: int) -> Iterator[str]:
        """What of a unit decides what one of its calls runs."""
        frame = self.ask.runs.frame(unit)
        callees = self.ask.values(call.func, frame)
        if any(isinstance(value, (FunctionValue, ClassValue, Instance, Unknown)) for value in callees):
            yield from self._names(call.func, unit, depth)
        invokers = self.invokers(call, callees)
        for number, invoker in invokers:
            inner = self._inner(call, invoker, number)
            if inner is not None:
                yield from self._names(inner.func, unit, depth)
        if any(isinstance(value, External) and value.name in self.by_name for value in callees):
            for arg in call.args:
                yield from self._names(arg.value, unit, depth)
        for one in self.called(call, frame, callees, invokers):
            yield from self._handed(one, unit, frame, depth)

    def _handed(self, one: Called, unit: Unit, frame: Frame, depth: int) -> Iterator[str]:
        """What of a unit decides what a function calls that it calls."""
        target = one.function.unit
        wanted = self.open(target, depth + 1) if target is not None else frozenset()
        if not wanted or target is None:
            return
        inside = self.ask.runs.enter(one.function, one.call, frame)
        for name in sorted(wanted):
            given = (inside.args or {}).get(name)
            if isinstance(given, Deferred):
                if given.frame is frame and given.unpacked is None:
                    yield from self._names(given.expr, unit, depth)
            elif given is None:
                yield from self._free(name, unit, depth)
            elif given and given[0] is one.function.receiver:  # an object: the one before the dot, or a new one
                yield from self._names(one.call.func, unit, depth)
                if _is_inherited(one.call.func) and unit.owner is not None:
                    yield first_param(unit)
                for arg in one.call.args:
                    if isinstance(given[0], Instance) and given[0].call is one.call:
                        yield from self._names(arg.value, unit, depth)

    def _free(self, name: str, unit: Unit, depth: int) -> Iterator[str]:
        """A variable around a function that is made in a unit: what of the unit decides it."""
        state = unit.flow.exit.get(name)
        if state is None or not state.bindings:
            if self._around(name, unit):
                yield name
            return
        key = unit, name
        if key in self._tracing:  # functions that are made of each other
            return
        self._tracing.add(key)
        found: list[str] = []
        for binding in state.bindings:
            if isinstance(binding.node, Param):
                found.append(binding.node.name)
            elif binding.kind in ("value", "entry", "element", "unpack") and binding.node is not None:
                found.extend(self._names(binding.node, unit, depth))  # type: ignore[arg-type]
        self._tracing.discard(key)
        yield from found

    def _around(self, name: str, unit: Unit) -> bool:
        """Whether a function around a unit binds a name."""
        parent = unit.parent
        while parent is not None and parent.parent is not None:
            if not isinstance(parent.node, Class) and parent.flow.binds(name):
                return True
            parent = parent.parent
        return False

    def _names(self, expr: Expr, unit: Unit, depth: int) -> Iterator[str]:
        """The parameters of a unit, and the variables around it, that decide what an expression in it stands for."""
        for source in self._sources(expr, unit):
            if isinstance(source, str):
                yield source
            elif isinstance(source, Attr):
                if unit.owner is not None and self._by_object(unit.owner, source.name, depth):
                    yield first_param(unit)
            else:
                params = {param.name for param in _params(source)}
                for name in sorted(self.open(source, depth + 1) - params):
                    yield from self._free(name, unit, depth)

    def _sources(self, expr: Expr, unit: Unit) -> Iterator[str | Attr | Unit]:
        """What an expression in a unit is made of: parameters of the unit and variables around it, attributes of its
        object, functions that are defined in it."""
        me = first_param(unit) if unit.owner is not None else ""
        stack, seen = [expr], set[int]()
        while stack:
            here = stack.pop()
            if id(here) in seen:
                continue
            seen.add(id(here))
            if isinstance(here, Attr) and isinstance(here.base, Name) and here.base.id == me and me:
                yield here
            elif not isinstance(here, Name):
                stack.extend(children(here))
                continue
            state = unit.flow.uses.get(here)
            if isinstance(here, Name) and (state is None or not state.bindings) and self._around(here.id, unit):
                yield here.id
            for binding in state.bindings if state is not None else ():
                if isinstance(binding.node, Param):
                    yield binding.node.name
                elif binding.kind == "function":
                    if (inner := unit.inner.get(id(binding.node))) is not None:
                        yield inner
                elif binding.kind in ("value", "entry", "element", "unpack") and binding.node is not None:
                    stack.append(binding.node)  # type: ignore[arg-type]

    def _by_object(self, owner: Unit, name: str, depth: int) -> bool:
        """Whether `self.name` in a class's methods depends on which object it is."""
        key = owner, name
        if key not in self._differs:
            self._differs[key] = False  # an attribute made of itself
            self._differs[key] = self._differ(owner, name, depth)
        return self._differs[key]

    def _differ(self, owner: Unit, name: str, depth: int) -> bool:
        if self.typed.heirs(owner, name):
            return True
        method = self.ask.objects.method(owner, name)
        if method is not None:
            return first_param(method) in self.open(method, depth + 1)
        for klass in self.ask.objects.lineage(owner)[0]:
            if name in self.ask.objects.settings.fields(klass):
                return True
            for expr, where, _ in self.ask.objects.assigned(klass, name):
                if depth < MAX_DEPTH and any(True for _ in self._names(expr, where, depth + 1)):
                    return True
        return False


@cache
def _invokers() -> tuple[Mapping[str, Sequence[int]], Mapping[str, Sequence[int]]]:
    """The rows of what runs at once what it is given: by the attributes that are called, and by dotted names."""
    attributes: dict[str, list[int]] = {}
    calls: dict[str, list[int]] = {}
    for number, row in enumerate(knowledge.frameworks().invokers):
        for found, names in ((attributes, row.attributes), (calls, row.calls)):
            for name in names if not row.later else ():
                found.setdefault(name, []).append(number)
    return attributes, calls


def _params(unit: Unit | None) -> tuple[Param, ...]:
    return unit.node.params if unit is not None and isinstance(unit.node, (Function, Lambda)) else ()


def _is_inherited(func: Expr) -> bool:
    """`super().method`"""
    made = func.base if isinstance(func, Attr) else None
    return isinstance(made, Call) and isinstance(made.func, Name) and made.func.id == "super"
