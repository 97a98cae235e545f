"""What runs when a service starts: from its application and its hooks through imports and calls, with the way there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import islice

from gravity_lint.facts.code import Call, Class, Function, Import, Lambda, Span, With, calls_in
from gravity_lint.link.contexts import Contexts
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.idle import idle, mains, within
from gravity_lint.link.modules import Module, Unit, expressions
from gravity_lint.link.starts import Begin, Starts
from gravity_lint.link.values import (
    External,
    Frame,
    FunctionValue,
    Hop,
    Instance,
    Items,
    ModuleValue,
    Site,
    Value,
    Values,
    literal_text,
)
from gravity_lint.record import NamedTuple, cached_property, frozen

FAR = 1_000
"""Functions, nearest first, that start-up is followed into. Large applications run some five hundred, the very largest
twice as many; who runs more does it by what runs beside the start and calls nearly all there is, which nobody would
call start-up. What imports bring is followed wherever it leads: modules and classes only cost the reading."""


@frozen
class Step:
    """How start-up comes to a unit: from which unit, at which place, in words."""

    origin: Unit | None
    site: Site
    message: str
    apart: bool = False
    """Whether the unit runs beside the one that starts it, which does not see its failure."""
    before: Step | None = None
    """How it comes to the unit that this one is reached from."""


@frozen
class _Run:
    """One run of a unit that start-up makes, and how it came to it."""

    unit: Unit
    frame: Frame
    step: Step


class _Found(NamedTuple):
    """What a run runs; where `givers` handed it over, only if start-up runs those as well."""

    unit: Unit
    frame: Frame | None
    step: Step
    givers: tuple[Unit, ...] = ()


class Reach:
    """The units that start-up reaches.

    `root` is the service's folder, `commands` the texts of the files that say how it is started.
    """

    def __init__(self, ask: Evaluator, root: str, commands: tuple[str, ...]) -> None:
        self.ask = ask
        self.starts = Starts(ask, root, commands)
        self.contexts = Contexts(ask)
        self.know = self.starts.know
        self._calls: dict[Unit, dict[tuple[Span, Unit], None]] = {}
        self._idle: dict[Unit, tuple[Span, ...]] = {}
        self._inner: dict[Unit, tuple[Lambda, ...]] = {}

    # ---- answers

    def reaches(self, unit: Unit, span: Span) -> bool:
        """Whether start-up runs what stands at this place of a unit."""
        if unit not in self._steps or within(span, self._skipped(unit)):
            return False
        around = (inner for inner in self._lambdas_of(unit) if inner.span[0] <= span[0] < inner.span[1])
        return all(id(inner) in self._lambdas for inner in around)

    @property
    def units(self) -> Container[Unit]:
        """The units of which start-up runs anything."""
        return self._steps

    def _lambdas_of(self, unit: Unit) -> tuple[Lambda, ...]:
        """The lambdas in a unit's own statements."""
        found = self._inner.get(unit)
        if found is None:
            found = self._inner[unit] = tuple(_lambdas(unit))
        return found

    @cached_property
    def _lambdas(self) -> frozenset[int]:
        """The lambdas that are called, by their identity."""
        return frozenset(id(unit.node) for unit in self._steps if isinstance(unit.node, Lambda))

    def trail(self, unit: Unit) -> tuple[Hop, ...]:
        """The way from the start to a unit, in its order."""
        found = [Hop(step.site, step.message) for step in islice(self.way(unit), 30)]
        return tuple(reversed(found))

    def way(self, unit: Unit) -> Iterator[Step]:
        """The steps that lead to a unit, nearest first; the last has no origin."""
        step = self._steps.get(unit)
        while step is not None:
            yield step
            step = step.before

    def calls(self, unit: Unit) -> Iterable[tuple[Span, Unit]]:
        """The functions that a unit has start-up wait for, each with the place: all of them, also those that it came to
        by another way first."""
        return self._calls.get(unit, ()) if unit in self._steps else ()

    def start(self, unit: Unit) -> Unit:
        """The unit that start-up begins with on its way to this one."""
        for step in self.way(unit):
            unit = step.origin or unit
        return unit

    def how(self, unit: Unit) -> str:
        """When a unit runs, in words: `when app/main.py is imported`, `from the lifespan of the application`."""
        here = self.start(unit)
        if here not in self._steps:
            return "never when the service starts"
        if here.parent is None:
            run = here.module in self.starts.entries
            return f"when `{self.starts.relative(here.module)}` is " + ("run" if run else "imported")
        return f"at start-up, from `{here.name}`"

    def by_hand(self, unit: Unit) -> bool:
        """Whether only a person runs a unit: a command, what only commands call, or a module among the scripts."""
        stack, seen = [unit], set[Unit]()
        called: list[Unit] = []
        while stack:
            here = stack.pop()
            if here in seen:
                continue
            if self.starts.is_command(here, (self.know.commands,)):
                seen.add(here)
                stack.extend(self._called_by_name(here))
                continue
            if self.starts.by_hand(here.module):
                continue
            seen.add(here)
            callers = [caller for _, caller in self.ask.callers(here)] if here.parent is not None else []
            if not callers:
                return False
            called.append(here)
            stack.extend(callers)
        return all(here not in self._steps for here in called)

    def _called_by_name(self, command: Unit) -> Iterator[Unit]:
        """The code that runs a management command by its name: `call_command("save_database")`."""
        for call, unit in self.ask.calls.named(("call_command",)):
            values = (value for arg in call.args for value in self.ask.values(arg.value, self.ask.runs.frame(unit)))
            for value in values:
                first = self.ask.runs.force(value.items[0]) if isinstance(value, Items) and value.items else (value,)
                if literal_text(first) == command.module.stem:
                    yield unit

    # ---- the way

    @cached_property
    def _steps(self) -> dict[Unit, Step]:
        found: dict[Unit, Step] = {}
        seen: set[tuple[Unit, Frame]] = set()
        functions = set[Unit]()
        queue: deque[_Run] = deque()

        def visit(unit: Unit, frame: Frame | None, step: Step) -> None:
            frame = frame or self.ask.runs.frame(unit)
            if step.origin is not None and not step.apart and isinstance(unit.node, Function):
                self._calls.setdefault(step.origin, {})[step.site.span, unit] = None
            if (unit, frame) in seen or unit.module.role not in ("code", "library") or self.starts.is_command(unit):
                return
            if unit not in found:
                if isinstance(unit.node, (Function, Lambda)):
                    if len(functions) >= FAR:
                        return
                    functions.add(unit)
                found[unit] = step
            seen.add((unit, frame))
            queue.append(_Run(unit, frame, step))

        for module in sorted(self.starts.entries, key=lambda module: module.path):
            step = Step(None, Site(module, (0, 0)), f"`{self.starts.relative(module)}` is run")
            visit(module.unit, None, step)
            self._packages(module, module.unit, step, visit)
        for begin in self.starts.hooks():
            visit(begin.unit, self._begun(begin), Step(None, begin.site, begin.message))
        waiting: list[_Found] = []
        while queue:
            run = queue.popleft()
            for one in self._next(run):
                if all(giver in found for giver in one.givers):
                    visit(one.unit, one.frame, one.step)
                else:
                    waiting.append(one)
                if one.unit.parent is None:
                    self._packages(one.unit.module, run.unit, one.step, visit)
            if not queue:
                for one in [one for one in waiting if all(giver in found for giver in one.givers)]:
                    waiting.remove(one)
                    visit(one.unit, one.frame, one.step)
        return found

    def _begun(self, begin: Begin) -> Frame | None:
        """The run that a framework makes: it gives what the service does not know."""
        unit = begin.unit
        if not self.contexts.open(unit):
            return None
        function = begin.function
        if function is None:
            receiver = self.ask.objects.receiver(unit) if unit.owner is not None else None
            static = unit.owner is not None and self.ask.objects.is_static(unit)
            closure = self.ask.runs.frame(unit).closure
            function = FunctionValue(begin.site, (), unit, None if static else receiver, closure)
        return self.contexts.run(function)

    def _packages(
        self, module: Module, origin: Unit, step: Step, visit: Callable[[Unit, Frame | None, Step], None]
    ) -> None:
        before = step.before if step.origin is origin else step
        for package in self.ask.importer.packages_above(module):
            if package.unit is not origin:
                message = f"which runs `{self.starts.relative(package)}`"
                visit(package.unit, None, Step(origin, step.site, message, before=before))

    def _skipped(self, unit: Unit) -> tuple[Span, ...]:
        """The stretches of a unit, and of those around it, that start-up does not run."""
        found = self._idle.get(unit)
        if found is None:
            found = idle(unit) + (() if unit.module in self.starts.entries else mains(unit))
            if unit.parent is not None:
                found += self._skipped(unit.parent)
            self._idle[unit] = found
        return found

    def _next(self, run: _Run) -> Iterator[_Found]:
        """What a run of a unit runs directly."""
        unit = run.unit
        skipped = self._skipped(unit)
        apart: set[int] = set()
        for stmt in unit.statements:
            if skipped and within(stmt.span, skipped):
                continue
            if isinstance(stmt, Import):
                yield from self._import(stmt, run)
            elif isinstance(stmt, Class) and (inner := unit.inner.get(id(stmt))) is not None:
                yield _Found(inner, None, self._step(run, stmt.span, f"the class `{stmt.name}` is made here"))
            elif isinstance(stmt, With):
                for expr, _ in stmt.items:
                    for value in self.ask.values(expr, run.frame):
                        yield from self._entered(value, run, expr.span)
            for root in expressions(stmt):
                for call in calls_in(root, lambdas=False):
                    if not self.contexts.is_foreign(call):
                        yield from self._call(call, run, apart)

    def _step(self, run: _Run, span: Span, message: str, apart: bool = False) -> Step:
        return Step(run.unit, Site(run.unit.module, span), message, apart, run.step)

    def _import(self, stmt: Import, run: _Run) -> Iterator[_Found]:
        for target in self.ask.importer.of(run.unit.module, stmt):
            step = self._step(run, stmt.span, f"imports `{self.starts.relative(target)}` here")
            yield _Found(target.unit, None, step)

    def _entered(self, value: Value, run: _Run, span: Span) -> Iterator[_Found]:
        if isinstance(value, Instance) and value.unit is not None:
            for name in ("__enter__", "__aenter__"):
                method = self.ask.objects.method(value.unit, name)
                if method is not None:
                    function = FunctionValue(value.site, (), method, value, self.ask.runs.frame(method).closure)
                    frame = self.contexts.run(function)
                    yield _Found(method, frame, self._step(run, span, f"enters `{value.unit.last_name}` here"))

    def _call(self, call: Call, run: _Run, apart: set[int]) -> Iterator[_Found]:
        """What one call runs. `apart` are the calls whose coroutines an outer call has run beside this code."""
        callees = self.ask.values(call.func, run.frame)
        invokers = self.contexts.invokers(call, callees)
        if any(invoker.apart for _, invoker in invokers):
            apart.update(id(arg.value) for arg in call.args)
        for one in self.contexts.called(call, run.frame, callees, invokers):
            unit = one.function.unit
            if unit is not None:
                frame = self.contexts.run(one.function, one.call, run.frame)
                if frame is not None:
                    verb = "has `{}` called here" if one.handed else "calls `{}` here"
                    message = verb.format(self.ask.objects.display(unit))
                    step = self._step(run, call.span, message, one.apart or id(call) in apart)
                    yield _Found(unit, frame, step, self.contexts.givers(one.function))
        for value in callees:
            name = value.name if isinstance(value, External) else ""
            if name in self.contexts.by_name:
                yield from self._by_name(name, call, run)

    def _by_name(self, name: str, call: Call, run: _Run) -> Iterator[_Found]:
        """Modules that a call names by a text: `uvicorn.run("app.main:app")`, `import_module("app.models")`."""
        if name not in self.know.runner:
            targets: Values = self.ask.values(call, run.frame)
        else:
            text = literal_text(self.ask.runs.argument(call, run.frame, self.know.runner[name].app) or ())
            site = Site(run.unit.module, call.span)
            targets = self.ask.names.module_value(run.unit.module, text.split(":", 1)[0], 0, site) if text else ()
        for value in targets:
            if isinstance(value, ModuleValue) and value.module is not None:
                message = f"imports `{self.starts.relative(value.module)}` here"
                yield _Found(value.module.unit, None, self._step(run, call.span, message))


def _lambdas(unit: Unit) -> Iterator[Lambda]:
    if not isinstance(unit.node, Lambda):
        yield from (part for part in unit.parts() if isinstance(part, Lambda))
