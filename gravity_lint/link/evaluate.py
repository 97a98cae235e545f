"""What an expression may be: values followed through names, modules, calls, objects and settings of one service."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import cast

from gravity_lint import knowledge
from gravity_lint.facts.code import (
    Assigned,
    Attr,
    Await,
    Binary,
    Call,
    Choice,
    Class,
    Const,
    Expr,
    Function,
    Import,
    Item,
    Lambda,
    Logic,
    Mapping,
    Name,
    Other,
    Param,
    Series,
    Span,
    Sum,
    Text,
    children,
)
from gravity_lint.link import texts
from gravity_lint.link.branches import Branches
from gravity_lint.link.calls import Calls
from gravity_lint.link.carriers import Carriers
from gravity_lint.link.choice import checked, choose, nothing
from gravity_lint.link.commandline import CommandLine
from gravity_lint.link.flow import Binding, State, key_of, present_if_true
from gravity_lint.link.importer import Importer
from gravity_lint.link.library import Library
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.names import Names
from gravity_lint.link.objects import Objects
from gravity_lint.link.runs import Runs
from gravity_lint.link.values import (
    NOTHING_KNOWN,
    ClassValue,
    Deferred,
    Environment,
    External,
    Frame,
    FunctionValue,
    Instance,
    Items,
    Joined,
    Literal,
    Made,
    ModuleValue,
    Site,
    Table,
    Unknown,
    Value,
    Values,
    hops,
    literal_text,
    unique,
)
from gravity_lint.record import cached_property

MAX_DEPTH = 60
"""Steps from the question to the value; a value further away is unknown."""
MAX_STEPS = 1_000
"""Expressions looked at for one question; a value that takes more is unknown."""
NEAR = 500
"""The same for questions of which only a near answer is worth telling."""
PART = "part of a text"
"""Why a value is not known that was cut out of a text."""
MAX_KEPT = 50_000
"""Answers about the runs of single calls that are known at once, half a kilobyte each: of a large service there are
millions, seldom asked again."""
MAX_KNOWN = 200_000
"""The same about the runs of units whoever calls them, which are asked again more often."""
MAX_APART = 20
"""Parts of an expression that are looked at to see whether it is the same in every run of its function."""
MAX_CALLERS = 8
"""Callers of a function that are asked for an argument."""


class _Kept:
    """Answers that are kept in their runs as long as there are not too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number = 0
        self._frames: deque[Frame] = deque()
        """The runs in which something is known, in the order in which they were first asked."""

    def keep(self, expr: Expr, frame: Frame, found: Values) -> None:
        if frame.known is NOTHING_KNOWN:
            frame.known = {}
            self._frames.append(frame)
        frame.known[expr] = found
        self._number += 1

    def forget(self) -> None:
        """Forgets the older half of all answers where there are too many."""
        if self._number > self._most:
            while self._frames and self._number > self._most // 2:
                frame = self._frames.popleft()
                self._number -= len(frame.known)
                frame.known = NOTHING_KNOWN


class Evaluator:
    """Answers what an expression of a service may be, remembering the answers.

    A question is an expression and a `Frame`, the run of the unit that it stands in. The answer is never empty.
    """

    def __init__(self, modules: dict[str, Module], importer: Importer) -> None:
        self.modules = modules
        self.importer = importer
        self.know = knowledge.values()
        self.objects = Objects(self)
        self.library = Library(self)
        self.calls = Calls(modules)
        self.names = Names(self)
        self.runs = Runs(self)
        self.branches = Branches(self)
        self.commandline = CommandLine(self)
        self.carriers = Carriers(self)
        self._cut: dict[tuple[Expr, Frame], Values] = {}
        """Answers to questions that had the whole budget and used it up."""
        self._single = _Kept(MAX_KEPT)
        self._general = _Kept(MAX_KNOWN)
        self._imported: dict[tuple[int, Module], Values] = {}
        """What imports of libraries bring, by the identity of the binding."""
        self._asked = False
        self._steps = 0
        self._budget = MAX_STEPS
        self._active: set[tuple[Expr, Frame]] = set()
        self._callers: dict[Unit, tuple[list[tuple[Call, Unit]], Iterator[tuple[Call, Unit] | None]]] = {}
        self._searching: set[Unit] = set()
        self._lambdas: dict[int, Unit] = {}
        self._halves: dict[str, list[tuple[Call, Call, Unit]]] = {}

    # ---- questions

    def values(self, expr: Expr, frame: Frame) -> Values:
        """What an expression may be in a run. Never empty; what is not known is `Unknown`."""
        found = frame.known.get(expr)
        if found is not None:
            return found
        if frame.args is not None and _is_apart(expr, frame.unit):
            frame = self.runs.frame(frame.unit)
            if (found := frame.known.get(expr)) is not None:
                return found
        site = Site.of(frame.unit.module, expr)
        if not self._asked:
            return self._first(expr, frame, site)
        self._steps += 1
        key = expr, frame
        if key in self._active or len(self._active) > MAX_DEPTH or self._steps > self._budget:
            return (Unknown(site, (), "recursion"),)
        self._active.add(key)
        try:
            found = unique(self._ask(expr, frame, site)) or (Unknown(site),)
        finally:
            self._active.discard(key)
        if self.exhausted:
            return found  # cut short: another question may have the budget to see more
        (self._general if frame.args is None else self._single).keep(expr, frame, found)
        return found

    def _first(self, expr: Expr, frame: Frame, site: Site) -> Values:
        """A question that is not part of another: it has the whole budget, and its failure is nobody else's."""
        key = expr, frame
        if key in self._cut:
            return self._cut[key]
        self._single.forget()
        self._general.forget()
        self._asked, self._steps = True, 0
        try:
            found = self.values(expr, frame)
            if self._steps > MAX_STEPS:
                self._cut[key] = found
            return found
        except RecursionError:
            self._active.clear()
            return (Unknown(site, (), "recursion"),)
        finally:
            self._asked = False

    def near(self, expr: Expr, frame: Frame) -> Values:
        """The same, as far as it is not far to seek."""
        before, self._budget = self._budget, min(self._budget, NEAR)
        try:
            return self.values(expr, frame)
        finally:
            self._budget = before

    @property
    def exhausted(self) -> bool:
        """Whether the question under way has used up its budget, so that its answers are not the last word."""
        return self._steps > self._budget

    def _ask(self, expr: Expr, frame: Frame, site: Site) -> Values:
        if isinstance(expr, Const):
            return (Literal(site, (), expr.value),)
        if isinstance(expr, Name):
            return self._name(expr, frame, site)
        if isinstance(expr, Call):
            state = frame.unit.flow.uses.get(expr)
            found = self._call(expr, frame, site)
            return checked(found) if state is not None and state.checked else found
        if isinstance(expr, (Attr, Item)):
            return self._path(expr, frame, site)
        if isinstance(expr, (Text, Sum)):
            parts = [self.values(part, frame) for part in expr.parts]
            if isinstance(expr, Sum) and all(isinstance(value, Items) for part in parts for value in part):
                return (
                    Items(
                        site,
                        (),
                        tuple(
                            item for part in parts for value in part if isinstance(value, Items) for item in value.items
                        ),
                    ),
                )
            return (Joined(site, (), tuple(parts)),)
        if isinstance(expr, Binary):
            return self._binary(expr, frame, site)
        if isinstance(expr, Logic):
            return self._logic(expr, frame)
        if isinstance(expr, Choice):
            then = self.values(expr.then, frame)
            key = key_of(expr.then)
            if key is not None and key in present_if_true(expr.test):
                then = checked(then)
            return self.branches.either(expr.test, (*then, *self.values(expr.other, frame)), frame)
        if isinstance(expr, Mapping):
            return (Table(site, (), tuple(self._item(key, value, frame) for key, value in expr.items)),)
        if isinstance(expr, Series):
            return (Items(site, (), tuple(Deferred(item, frame) for item in expr.items)),)
        if isinstance(expr, Lambda):
            unit = self._lambdas.setdefault(id(expr), Unit(frame.unit.module, expr, frame.unit, "lambda"))
            return (FunctionValue(site, (), unit, None, frame),)
        if isinstance(expr, (Await, Assigned)):
            return self.values(expr.value, frame)
        return (Unknown(site, (), type(expr).__name__),)

    def _item(self, key: Expr | None, value: Expr, frame: Frame) -> tuple[str | None, Deferred]:
        name = literal_text(self.values(key, frame)) if key is not None else None
        return (name if key is None or name is not None else "", Deferred(value, frame))

    def _binary(self, expr: Binary, frame: Frame, site: Site) -> Values:
        left = self.values(expr.left, frame)
        if expr.op == "%":
            template = literal_text(left)
            if template is None:
                return (Unknown(site, (), "format"),)
            right = self.values(expr.right, frame)[0]
            if isinstance(right, Items):
                given: list[Values] = [self.runs.force(item) for item in right.items]
                named: dict[str, Values] = {}
            elif isinstance(right, Table):
                given, named = (
                    [],
                    {key: self.runs.force(item) for key, item in self.runs.flat(right) if key is not None},
                )
            else:
                given, named = [self.values(expr.right, frame)], {}
            return (Joined(site, (), texts.percent(template, given, named, left[0].site)),)
        if expr.op == "/":
            return (Joined(site, (), texts.path_of([left, self.values(expr.right, frame)], site)),)
        if expr.op == "|":
            right_values = self.values(expr.right, frame)
            if all(isinstance(value, Table) for value in (*left, *right_values)):
                return (Table(site, (), ((None, left), (None, right_values))),)
        return (Unknown(site, (), "operator"),)

    def _logic(self, expr: Logic, frame: Frame) -> Values:
        if expr.op == "and":
            return self.values(expr.parts[-1], frame)
        found: list[Value] = []
        parts = [self.values(part, frame) for part in expr.parts]
        for number, values in enumerate(parts):
            behind = any(not nothing(value) for later in parts[number + 1 :] for value in later)
            found.extend(value for value in (checked(values) if behind else values) if not nothing(value))
        return choose(found) or parts[-1]

    # ---- names

    def _name(self, expr: Name, frame: Frame, site: Site) -> Values:
        unit: Unit | None = frame.unit
        state = frame.unit.flow.uses.get(expr)
        if state is not None and state.bindings:
            return self.state(expr.id, state, frame)
        found = self._outer(expr.id, frame, site)
        if unit is not None and state is not None and state.checked:
            return checked(found)
        return found

    def _outer(self, name: str, frame: Frame, site: Site) -> Values:
        """A name that the unit does not set itself: of the functions around it, of its module, or built in."""
        unit = frame.unit
        if (
            unit.flow.binds(name)
            and unit.parent is not None
            and not isinstance(unit.node, Class)
            and name not in unit.flow.globals
        ):
            return (Unknown(site, (), "not set yet"),)
        around = frame.closure
        while around is not None and around.unit.parent is not None:
            state = around.unit.flow.exit.get(name)
            if not isinstance(around.unit.node, Class) and state is not None and state.bindings:
                return self.state(name, state, around)
            around = around.closure
        found = self.names.member(unit.module, name)
        if found is not None:
            return found
        if name == "__file__":
            return (Literal(site, (), "./" + unit.module.path.rsplit("/", 1)[-1]),)
        return (External(site, (), name),)

    def state(self, name: str, state: State, frame: Frame) -> Values:
        adds = [binding for binding in state.bindings if binding.kind == "add"]
        if adds:
            base = [
                value
                for binding in state.bindings
                if binding.kind != "add"
                for value in self.binding(name, binding, frame)
            ]
            parts = [tuple(base), *(self.values(cast(Expr, binding.node), frame) for binding in adds)]
            return (Joined(Site(frame.unit.module, state.bindings[0].span), (), tuple(parts)),)
        if len(state.bindings) == 1:  # what several callers give does not stand in for each other
            values = self.binding(name, state.bindings[0], frame)
        else:
            found = [(binding.span, self.binding(name, binding, frame)) for binding in state.bindings]
            values = self.branches.merged(found, name, frame)
        return checked(values) if state.checked else values

    def binding(self, name: str, binding: Binding, frame: Frame) -> Values:
        node, module = binding.node, frame.unit.module
        site = Site(module, binding.span)
        if binding.kind == "param":
            assert isinstance(node, Param)
            return self._param(node, frame)
        if binding.kind == "import":
            assert isinstance(node, Import)
            key = id(binding), module
            imported = self._imported.get(key)
            if imported is None:
                imported = hops(self.names.imported(module, node, binding, site), site, f"`{name}` is imported here")
                if all(type(value) is External for value in imported):  # of a library: no other question had a part
                    self._imported[key] = imported
            return imported
        if binding.kind in ("function", "class"):
            unit = frame.unit.inner.get(id(node))
            if unit is None:
                return (Unknown(site, (), "definition"),)
            return (
                FunctionValue(site, (), unit, None, frame)
                if binding.kind == "function"
                else ClassValue(site, (), unit, frame),
            )
        if binding.kind == "error" or node is None:
            return (Unknown(site, (), binding.kind),)
        values = self.values(cast(Expr, node), frame)
        if binding.kind == "element":
            values = tuple(
                value
                for item in values
                if isinstance(item, Items)
                for part in item.items
                for value in self.runs.force(part)
            ) or (Unknown(site, (), "element"),)
        for number in binding.path:
            values = tuple(
                value
                for item in values
                if isinstance(item, Items) and number < len(item.items)
                for value in self.runs.force(item.items[number])
            ) or (Unknown(site, (), "unpacked"),)
        return hops(values, site, f"`{name}` is set here", name)

    def _param(self, param: Param, frame: Frame) -> Values:
        unit, site = frame.unit, Site(frame.unit.module, param.span)
        if frame.args is not None:
            return self.objects.annotated(self.runs.given(frame, param), param, unit)
        params = unit.node.params if isinstance(unit.node, (Function, Lambda)) else ()
        if unit.owner is not None and params and params[0] is param and not self.objects.is_static(unit):
            return (self.objects.receiver(unit),)
        found_values: list[Value] = list(self.commandline.parameter(unit, param))
        for call, caller in islice(self.callers(unit), MAX_CALLERS):
            for function in self.functions(call, self.runs.frame(caller)):
                if function.unit is unit:
                    inside = self.runs.enter(function, call, self.runs.frame(caller))
                    found_values.extend(self.runs.given(inside, param))
                    break
        if not found_values and param.default is not None:
            around = self.runs.frame(unit.parent) if unit.parent is not None else frame
            # A literal default that nobody is seen to use is no proof of a target
            found_values.extend(
                value
                for value in self.values(param.default, around)
                if not isinstance(value, Literal) or value.value is None
            )
        return self.objects.annotated(unique(found_values) or (Unknown(site, (), "parameter"),), param, unit)

    # ---- attributes and items

    def _path(self, expr: Attr | Item, frame: Frame, site: Site) -> Values:
        state = frame.unit.flow.uses.get(expr)
        if state is not None and state.bindings:
            return self.state(key_of(expr) or "", state, frame)
        found: list[Value] = []
        for base in self.values(expr.base, frame):
            if isinstance(expr, Attr):
                found.extend(self.attribute(base, expr.name, site, expr, frame))
            else:
                found.extend(self._subscript(base, expr, frame, site))
        values = unique(found)
        if isinstance(expr, Attr):
            values = self.objects.kept(expr, site) or values
        return checked(values) if state is not None and state.checked else values

    def attribute(
        self, base: Value, name: str, site: Site, expr: Attr | None = None, frame: Frame | None = None
    ) -> Values:
        """What `base.name` may be."""
        if isinstance(base, ModuleValue):
            if base.module is None:
                return self.names.submodule(base.folder, name, site) or (Unknown(site, (), "not in its folder"),)
            found = self.names.member(base.module, name)
            if found is None:
                return (Unknown(site, (), "not in its module"),)
            return hops(found, site, f"`{name}` is read here")
        if isinstance(base, (External, Made)) and name.isupper() and (
            base.name in self.know.mappings or base.name in self.know.mapping_calls
        ):  # dynaconf's settings
            return (self.library.variable((Literal(site, (), name),), site, required=True),)
        if isinstance(base, (Instance, ClassValue)):
            found = self.objects.attribute(base, name, site)
            return hops(found, site, f"`{name}` is read here") if found else (Unknown(site, (), "attribute"),)
        if isinstance(base, External):
            if base.name == "super.()" and frame is not None:
                return self.objects.inherited(frame, name, site)
            if base.name == "django.conf.settings" and (found := self.objects.of_django(name, site)):
                return found
            return (External(site, (), f"{base.name}.{name}", base.receiver),)
        if isinstance(base, Made):
            if base.name == "super" and frame is not None:
                return self.objects.inherited(frame, name, site)
            if parsed := self.commandline.parsed(base, name, site) or self._of_namespace(base, name):
                return parsed
            return (External(site, (), f"{base.name}.{name}", base),)
        if name == "parent" and isinstance(base, (Literal, Joined)):
            return texts.folder((base,))
        if name == "value" and isinstance(base, (Literal, Joined, Environment)):
            return (base,)
        return (Unknown(site, (), _of_text(base, "attribute")),)

    def _of_namespace(self, base: Made, name: str) -> Values:
        """What `SimpleNamespace(name=value).name` is."""
        if base.name not in ("types.SimpleNamespace", "argparse.Namespace") or base.call is None or base.frame is None:
            return ()
        named = self.runs.arguments(base.call, base.frame)[1]
        return self.runs.force(named[name]) if name in named else ()

    def _subscript(self, base: Value, expr: Item, frame: Frame, site: Site) -> Values:
        key = literal_text(self.values(expr.key, frame))
        if isinstance(base, External) and base.name in self.know.mappings:
            return (self.library.variable(self.values(expr.key, frame), site, required=True),)
        if isinstance(base, Made) and base.name in self.know.mapping_calls:
            return (self.library.variable(self.values(expr.key, frame), site, required=True),)
        if isinstance(base, Table):
            found = self.runs.lookup(base, key)
            return hops(found, site, "read here") if found else (Unknown(site, (), "key"),)
        if isinstance(base, Items) and isinstance(expr.key, Const) and isinstance(expr.key.value, int):
            try:
                return self.runs.force(base.items[expr.key.value])
            except IndexError:
                return (Unknown(site, (), "index"),)
        if key is not None and isinstance(base, External) and base.name.endswith(".config"):
            return self.objects.configured(key, site)
        return (Unknown(site, (), _of_text(base, "item")),)

    # ---- calls

    def functions(self, call: Call, frame: Frame) -> Iterator[FunctionValue]:
        """The functions of the service that a call runs; for a class, its `__init__`."""
        for value in self.values(call.func, frame):
            yield from self.callable(value, Site(frame.unit.module, call.span), call, frame)

    def callable(
        self, value: Value, site: Site, call: Call | None = None, frame: Frame | None = None
    ) -> Iterator[FunctionValue]:
        """The functions of the service that calling a value runs."""
        if isinstance(value, FunctionValue):
            yield value
        elif isinstance(value, ClassValue):
            assert value.unit is not None
            instance = Instance(site, (), value.unit, call, frame)
            for name in ("__new__", "__init__", "__post_init__", "model_post_init"):
                method = self.objects.method(value.unit, name)
                if method is not None:
                    yield FunctionValue(site, (), method, instance, self.runs.frame(method).closure)
        elif isinstance(value, Instance) and value.unit is not None:
            method = self.objects.method(value.unit, "__call__")
            if method is not None:
                yield FunctionValue(site, (), method, value, self.runs.frame(method).closure)

    def _call(self, expr: Call, frame: Frame, site: Site) -> Values:
        if isinstance(expr.func, Attr):
            found = self.library.method(expr, expr.func, frame, site)
            if found is not None:
                return found
        results: list[Value] = []
        for callee in self._callees(expr.func, frame):
            if isinstance(callee, ClassValue):
                results.append(Instance(site, (), callee.unit, expr, frame))
            elif isinstance(callee, (FunctionValue, Instance)):
                for function in self.callable(callee, site, expr, frame):
                    results.extend(self.returned(function, expr, frame))
            elif isinstance(callee, External):
                results.extend(self.library.external(callee.name, expr, frame, site))
            elif isinstance(callee, Made):
                results.extend(self.library.external(f"{callee.name}.()", expr, frame, site))
            else:
                results.append(Unknown(site, (), _of_text(callee, "call")))
        return tuple(results)

    def _callees(self, func: Expr, frame: Frame) -> Values:
        """What is called; a library's own is the same with its types: `async_sessionmaker[AsyncSession](engine)`."""
        values = self.values(func, frame)
        if not isinstance(func, Item) or isinstance(func.key, Const):
            return values
        if not all(isinstance(value, Unknown) for value in values):
            return values
        return tuple(value for value in self.values(func.base, frame) if isinstance(value, External)) or values

    def returned(self, function: FunctionValue, call: Call | None, frame: Frame | None) -> Values:
        """What a function returns when it is called so."""
        assert function.unit is not None
        inside = self.runs.enter(function, call, frame)
        returns = function.unit.flow.returns or _yields(function.unit)
        found = [(span, self.values(expr, inside)) for expr, span in returns]
        values = self.branches.merged(found, "", inside)
        if call is not None and frame is not None and not isinstance(function.unit.node, Lambda):
            name = self.objects.display(function.unit)
            values = hops(values, Site(frame.unit.module, call.span), f"`{name}()` returns it here")
        return values

    # ---- callers

    def callers(self, unit: Unit) -> Iterator[tuple[Call, Unit]]:
        """The calls of a function, or of its class for `__init__`, in the service's own code.

        They are looked for as far as they are asked for; while one is looked for, only those before it are known.
        """
        known, more = self._callers.setdefault(unit, ([], self._calling(unit)))
        at = 0
        while True:
            if at == len(known):
                if unit in self._searching:
                    return
                self._searching.add(unit)
                try:
                    found = next(more, None)
                finally:
                    self._searching.discard(unit)
                if found is None:
                    return
                known.append(found)
            yield known[at]
            at += 1

    def is_called(self, unit: Unit) -> bool:
        """Whether some call of the service's own code runs a function."""
        return any(True for _ in self.callers(unit))

    def _calling(self, unit: Unit) -> Iterator[tuple[Call, Unit] | None]:
        """The calls of a function; None where the question under way may look no further, but the next one may."""
        for call, where in self._candidates(unit):
            while self._asked and self.exhausted:
                yield None
            if any(function.unit is unit for function in self.functions(call, self.runs.frame(where))):
                yield call, where

    def _candidates(self, unit: Unit) -> Iterator[tuple[Call, Unit]]:
        """The calls that may run a function, by the names that they use and the modules in which they stand."""
        owner, name = unit.owner, unit.last_name
        makes = owner is not None and name in ("__init__", "__new__")
        if makes and owner is not None:
            names = {owner.last_name, *self.calls.heirs(owner.last_name)}
        else:
            names = {name}
        names |= {alias for one in names for alias in self.calls.aliases(one)}
        if owner is None or makes:
            among = self.carriers.naming(unit.module, names)
        else:
            among = self.carriers.having(owner)
        for spelled in sorted(names):
            yield from self.calls.spelled(spelled, among, owner is not None and not makes)
        if makes and owner is not None:  # `super().__init__()`
            heirs = {heir.module for heir in self.calls.inheriting(owner.last_name)}
            yield from self.calls.spelled(name, heirs, True)
        yield from self.half_made(sorted(names))

    @cached_property
    def reading(self) -> tuple[Module, ...]:
        """The modules of the service's own code that may read the environment."""
        found: dict[Module, None] = {}
        for library, needed in _readers().items():
            for words in needed if self.calls.imports(library) else ():
                for module in self.calls.holding(words[0]):
                    if all(map(module.mentions, words[1:])):
                        found[module] = None
        return tuple(sorted(found, key=lambda module: module.path))

    def half_made(self, names: Iterable[str]) -> Iterator[tuple[Call, Unit]]:
        """`partial(function, argument)` of functions with these last names, each as the call that it begins to make."""
        for name in names:
            for begun, call, where in self._partials(name):
                if any(
                    isinstance(value, External) and value.name == "functools.partial"
                    for value in self.values(call.func, self.runs.frame(where))
                ):
                    yield begun, where

    def _partials(self, name: str) -> list[tuple[Call, Call, Unit]]:
        """The calls of something called `partial` that are given a function of a last name, and how they begin it."""
        found = self._halves.get(name)
        if found is None:
            found = self._halves[name] = []
            for spelled, module in self._begun.get(name, ()):
                for call, where in module.calls(spelled):
                    func = call.args[0].value if call.args else None
                    if isinstance(func, (Name, Attr)) and (func.id if isinstance(func, Name) else func.name) == name:
                        found.append((Call(func, call.args[1:], call.span), call, where))
        return found

    @cached_property
    def _begun(self) -> dict[str, list[tuple[str, Module]]]:
        """Last name of a function → the modules in which something called `partial` seems to be given it first."""
        found: dict[str, list[tuple[str, Module]]] = {}
        for spelled in ("partial", *self.calls.aliases("partial")):
            for module in self.calls.holding(spelled):
                for name in module.spelling.first_arguments(spelled.encode("utf-8", "replace")):
                    found.setdefault(name.decode("utf-8", "replace"), []).append((spelled, module))
        return found


def _is_apart(expr: Expr, unit: Unit) -> bool:
    """Whether an expression is the same in every run of a function: it holds no name that the function sets."""
    above = unit.parent
    while above is not None:
        if isinstance(above.node, (Function, Lambda)):
            return False
        above = above.parent
    uses, stack, left = unit.flow.uses, [expr], MAX_APART
    while stack:
        here = stack.pop()
        left -= 1
        if not left or isinstance(here, (Lambda, Other, Assigned)):
            return False
        if isinstance(here, (Name, Attr, Item, Call)):
            state = uses.get(here)
            if (state is not None and state.bindings) or (isinstance(here, Name) and here.id == "super"):
                return False
        stack.extend(children(here))
    return True


@cache
def _readers() -> dict[str, dict[tuple[str, ...], None]]:
    """The libraries that read the environment → for each, the words one set of which is in a module that does it so."""
    know = knowledge.values()
    found: dict[str, dict[tuple[str, ...], None]] = {}
    for dotted in (*know.reader, *know.mappings, *know.mapping_calls, *know.option):
        library, *rest = dotted.removesuffix(".()").split(".")
        found.setdefault(library, {})[tuple(rest if library == "os" else (library, *rest[:1]))] = None
    return found


def _yields(unit: Unit) -> list[tuple[Expr, Span]]:
    """What a function yields: what a `with` around its call, or a dependency, is given of it."""
    parts = (part for part in unit.parts() if isinstance(part, Other) and part.kind == "yield")
    return [(part.parts[0], part.span) for part in parts if part.parts]


def _of_text(base: Value, reason: str) -> str:
    """Why what is taken of a value is not known: it is some part of a text, or for another reason."""
    if isinstance(base, (Literal, Environment, Joined)) or (isinstance(base, Unknown) and base.reason == PART):
        return PART
    return reason
