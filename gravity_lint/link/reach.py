"""What runs when a service starts: from its application and its hooks through imports and calls, with the way there."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from gravity_lint import knowledge
from gravity_lint.facts.code import (
    Assign,
    Attr,
    Call,
    Class,
    Compare,
    Const,
    Expr,
    Function,
    If,
    Import,
    Name,
    Span,
    With,
    dotted,
    walk,
)
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Module, Unit, body_of, expressions, statements
from gravity_lint.link.values import (
    ClassValue,
    External,
    FunctionValue,
    Hop,
    Instance,
    Items,
    Made,
    ModuleValue,
    Site,
    Value,
    Values,
    literal_text,
)

_ENTRIES = frozenset({"main", "app", "application", "wsgi", "asgi", "server", "run", "__main__", "api"})
"""Names of modules that are run, not imported, by the usual tools."""
_SCRIPTS = frozenset({"scripts", "script", "tools", "bin"})
"""Folders of what people run by hand."""
_DJANGO = frozenset({"settings", "urls", "wsgi", "asgi", "models", "apps", "admin", "views"})
_STARTED = re.compile(r"^\s*(?:CMD|ENTRYPOINT|web:|worker:|release:)(.*)$", re.MULTILINE | re.IGNORECASE)
_TARGET = re.compile(
    r"(?P<app>[A-Za-z_][\w.]*):[A-Za-z_]\w*|-m[\s\",']+(?P<module>[A-Za-z_][\w.]*)|(?P<file>[\w./-]+)\.py\b"
)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """How start-up comes to a unit: from which unit, at which place, in words."""

    origin: Unit | None
    site: Site
    message: str
    apart: bool = False
    """Whether the unit runs beside the one that starts it, which does not see its failure."""


class Reach:
    """The units that start-up reaches.

    `root` is the service's folder, `commands` the texts of the files that say how it is started.
    """

    def __init__(self, ask: Evaluator, root: str, commands: tuple[str, ...]) -> None:
        self.ask = ask
        self.root = root.rstrip("/")
        self.commands = commands
        self.know = knowledge.frameworks()

    # ---- answers

    def reaches(self, unit: Unit, span: Span) -> bool:
        """Whether start-up runs what stands at this place of a unit."""
        if unit not in self._steps:
            return False
        return unit.parent is not None or unit.module in self.entries or not self._in_main(unit, span)

    def trail(self, unit: Unit) -> tuple[Hop, ...]:
        """The way from the start to a unit, in its order."""
        found = [Hop(step.site, step.message) for step in islice(self.way(unit), 30)]
        return tuple(reversed(found))

    def way(self, unit: Unit) -> Iterator[Step]:
        """The steps that lead to a unit, nearest first; the last has no origin."""
        here: Unit | None = unit
        seen = 0
        while here is not None and (step := self._steps.get(here)) is not None and seen < 100:
            yield step
            here, seen = step.origin, seen + 1

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
            return f"when `{self.relative(here.module)}` is " + ("run" if here.module in self.entries else "imported")
        return f"at start-up, from `{here.name}`"

    def relative(self, module: Module) -> str:
        """A module's path from the service's root."""
        return module.path.removeprefix(f"{self.root}/")

    def by_hand(self, unit: Unit) -> bool:
        """Whether only a person runs a unit: a command, what only commands call, or a module among the scripts."""
        stack, seen = [unit], set[Unit]()
        while stack:
            here = stack.pop()
            if here in seen or self._is_command(here, (self.know.commands,)) or self._among_scripts(here.module):
                continue
            seen.add(here)
            callers = [caller for _, caller in self.ask.callers(here)] if here.parent is not None else []
            if not callers or here in self._steps:
                return False
            stack.extend(callers)
        return True

    def _among_scripts(self, module: Module) -> bool:
        folders = self.relative(module).split("/")[:-1]
        return not _SCRIPTS.isdisjoint(folders) and module not in self.entries

    # ---- where it begins

    @cached_property
    def entries(self) -> frozenset[Module]:
        """The modules that are run to start the service."""
        found = {module for module in self.ask.calls.code if self._is_named_entry(module)}
        made = dict(self.know.app.items())
        names = {name.rsplit(".", 1)[-1] for name in (*made, *self.know.runner)}
        for call, unit in self.ask.calls.named(names):
            if unit.parent is not None and not self._runs_nothing_else(unit):
                continue
            for value in self.ask.values(call.func, self.ask.runs.frame(unit)):
                name = value.name if isinstance(value, External) else ""
                if (name in made or name in self.know.runner) and "Router" not in name:
                    found.add(unit.module)
        for name in self._started:
            found.update(module for module in self.ask.calls.code if self._dotted(module).endswith(name))
        return frozenset(found)

    def _runs_nothing_else(self, unit: Unit) -> bool:
        """A function that its own module calls under `__main__`."""
        return any(
            caller.parent is None and self._in_main(caller, call.span) for call, caller in self.ask.callers(unit)
        )

    def _is_named_entry(self, module: Module) -> bool:
        if module.path.rsplit("/", 1)[-1].removesuffix(".py") not in _ENTRIES:
            return False
        folders = module.folder.removeprefix(self.root).strip("/").split("/")
        return len(folders) <= 3 and not {"scripts", "tools", "bin", "examples", "docs"} & set(folders)

    @cached_property
    def _started(self) -> set[str]:
        """Dotted names of modules that a Dockerfile or Procfile starts."""
        found: set[str] = set()
        for text in self.commands:
            for line in _STARTED.findall(text):
                for match in _TARGET.finditer(line):
                    name = match["app"] or match["module"] or (match["file"] or "").replace("/", ".").strip(".")
                    if name and name not in ("http", "https", "uvicorn", "gunicorn", "flask", "alembic"):
                        found.add(f".{name}")
        return found

    def _dotted(self, module: Module) -> str:
        path = self.relative(module).removesuffix(".py").removesuffix("/__init__").removesuffix("/__main__")
        return "." + path.replace("/", ".")

    def _in_main(self, unit: Unit, span: Span) -> bool:
        return any(start <= span[0] < end for start, end in self._mains(unit.module))

    def _mains(self, module: Module) -> list[Span]:
        """The stretches of a module that run only when it is the program."""
        found: list[Span] = []
        body = module.facts.body
        for number, stmt in enumerate(body):
            if isinstance(stmt, If):
                for test, block in stmt.branches:
                    if test is not None and _asks_main(test) and block:
                        after = body[number + 1].span[0] if number + 1 < len(body) else 1 << 60
                        found.append((block[0].span[0], after))
        return found

    # ---- the way

    @cached_property
    def _steps(self) -> dict[Unit, Step]:
        found: dict[Unit, Step] = {}
        queue: deque[Unit] = deque()

        def visit(unit: Unit, step: Step) -> None:
            if unit not in found and unit.module.role in ("code", "library") and not self._is_command(unit):
                found[unit] = step
                queue.append(unit)

        for module in sorted(self.entries, key=lambda module: module.path):
            visit(module.unit, Step(None, Site(module, (0, 0)), f"`{self.relative(module)}` is run"))
            self._packages(module, module.unit, Site(module, (0, 0)), visit)
        for unit, step in self._hooks():
            visit(unit, step)
        while queue:
            unit = queue.popleft()
            for target, step in self._next(unit):
                visit(target, step)
                if target.parent is None:
                    self._packages(target.module, unit, step.site, visit)
        return found

    def _packages(self, module: Module, origin: Unit, site: Site, visit: Callable[[Unit, Step], None]) -> None:
        for package in self.ask.importer.packages_above(module):
            if package.unit is not origin:
                visit(package.unit, Step(origin, site, f"which runs `{self.relative(package)}`"))

    def _next(self, unit: Unit) -> Iterator[tuple[Unit, Step]]:
        """What running a unit runs directly."""
        skip = unit.parent is None and unit.module not in self.entries
        frame = self.ask.runs.frame(unit)
        apart: set[int] = set()
        for stmt in statements(body_of(unit.node)):
            if skip and self._in_main(unit, stmt.span):
                continue
            if isinstance(stmt, Import):
                yield from self._import(stmt, unit)
            elif isinstance(stmt, Class) and (inner := unit.inner.get(id(stmt))) is not None:
                yield inner, Step(unit, Site(unit.module, stmt.span), f"the class `{stmt.name}` is made here")
            elif isinstance(stmt, With):
                for expr, _ in stmt.items:
                    for value in self.ask.values(expr, frame):
                        yield from self._entered(value, unit, expr.span)
            for root in expressions(stmt):
                for expr in walk(root):
                    if isinstance(expr, Call):
                        yield from self._call(expr, unit, apart)

    def _import(self, stmt: Import, unit: Unit) -> Iterator[tuple[Unit, Step]]:
        importer, module = self.ask.importer, unit.module
        names = [(alias.name, 0) for alias in stmt.names] if stmt.plain else [(stmt.module, stmt.level)]
        if not stmt.plain:
            prefix = f"{stmt.module}." if stmt.module else ""
            names += [(prefix + alias.name, stmt.level) for alias in stmt.names if alias.name != "*"]
        for name, level in names:
            target = importer.relative(module, name, level) if level else importer.absolute(module, name)
            if target is not None:
                yield target.unit, Step(unit, Site(module, stmt.span), f"imports `{self.relative(target)}` here")

    def _entered(self, value: Value, unit: Unit, span: Span) -> Iterator[tuple[Unit, Step]]:
        if isinstance(value, Instance) and value.unit is not None:
            for name in ("__enter__", "__aenter__"):
                method = self.ask.objects.method(value.unit, name)
                if method is not None:
                    yield method, Step(unit, Site(unit.module, span), f"enters `{value.unit.last_name}` here")

    def _call(self, call: Call, unit: Unit, apart: set[int]) -> Iterator[tuple[Unit, Step]]:
        """What one call runs. `apart` are the calls whose coroutines an outer call has run beside this code."""
        site = Site(unit.module, call.span)
        frame = self.ask.runs.frame(unit)
        callees = self.ask.values(call.func, frame)
        for value in callees:
            for function in self.ask.callable(value, site, call, frame):
                if function.unit is not None:
                    message = f"calls `{self.ask.objects.display(function.unit)}` here"
                    yield function.unit, Step(unit, site, message, id(call) in apart)
        for invoker in self._invokers(call, callees):
            if invoker.apart:
                apart.update(id(arg.value) for arg in call.args)
            given = self.ask.runs.argument(call, frame, invoker.function) or ()
            for value in given:
                for function in self.ask.callable(value, site):
                    if function.unit is not None:
                        message = f"has `{self.ask.objects.display(function.unit)}` called here"
                        yield function.unit, Step(unit, site, message, invoker.apart)
        for value in callees:
            name = value.name if isinstance(value, External) else ""
            if name in self.know.runner or name in ("importlib.import_module", "__import__"):
                yield from self._by_name(name, call, unit, site)

    def _by_name(self, name: str, call: Call, unit: Unit, site: Site) -> Iterator[tuple[Unit, Step]]:
        """Modules that a call names by a text: `uvicorn.run("app.main:app")`, `import_module("app.models")`."""
        frame = self.ask.runs.frame(unit)
        if name not in self.know.runner:
            targets: Values = self.ask.values(call, frame)
        else:
            text = literal_text(self.ask.runs.argument(call, frame, self.know.runner[name].app) or ())
            targets = self.ask.names.module_value(unit.module, text.split(":", 1)[0], 0, site) if text else ()
        for value in targets:
            if isinstance(value, ModuleValue) and value.module is not None:
                yield value.module.unit, Step(unit, site, f"imports `{self.relative(value.module)}` here")

    def _invokers(self, call: Call, callees: Values) -> Iterator[knowledge.Invoker]:
        names = {value.name for value in callees if isinstance(value, External)}
        attribute = call.func.name if isinstance(call.func, Attr) else ""
        for invoker in self.know.invokers:
            if not invoker.later and (attribute in invoker.attributes or names & set(invoker.calls)):
                yield invoker

    # ---- hooks

    def _hooks(self) -> Iterator[tuple[Unit, Step]]:
        """The functions that a framework runs when the application starts."""
        for module in self.ask.calls.code:
            for unit in module.unit.units():
                yield from self._decorated(unit)
                yield from self._method_hooks(unit)
            for file in self.know.module_hooks:
                if module.path.rsplit("/", 1)[-1] in file.files:
                    for unit in module.unit.inner.values():
                        if unit.last_name in file.functions:
                            yield unit, self._begins(unit, f"gunicorn runs `{unit.last_name}`")
        yield from self._registered()
        yield from self._assigned()
        yield from self._factories()
        yield from self._django()

    def _begins(self, unit: Unit, message: str, site: Site | None = None) -> Step:
        node = unit.node
        return Step(
            None, site or Site(unit.module, node.span if isinstance(node, (Function, Class)) else (0, 0)), message
        )

    def _decorated(self, unit: Unit) -> Iterator[tuple[Unit, Step]]:
        node = unit.node
        if isinstance(node, Function) and unit.parent is not None:
            for decorator in node.decorators:
                if self._is_startup_decorator(decorator, unit.parent):
                    yield unit, self._begins(unit, f"`{unit.last_name}` runs when the application starts")

    def _is_startup_decorator(self, decorator: Expr, unit: Unit) -> bool:
        """Whether a function under this decorator runs when the application starts."""
        call = decorator if isinstance(decorator, Call) else None
        for row in self.know.startup_decorators:
            if not self._matches(call.func if call is not None else decorator, row.attributes, row.calls, unit):
                continue
            if row.argument is None:
                return True
            given = self.ask.runs.argument(call, self.ask.runs.frame(unit), row.argument) if call is not None else None
            if self._word(given or ()) in row.values:
                return True
        return False

    def _matches(self, func: Expr, attributes: tuple[str, ...], calls: tuple[str, ...], unit: Unit) -> bool:
        name = dotted(func)
        if (
            name is not None
            and isinstance(func, Attr)
            and any(name.endswith(f".{attribute}") for attribute in attributes)
        ):
            return True
        return bool(calls) and any(
            isinstance(value, External) and value.name in calls
            for value in self.ask.values(func, self.ask.runs.frame(unit))
        )

    def _word(self, values: Values) -> str | None:
        text = literal_text(values)
        if text is None and values and isinstance(values[0], External):
            text = values[0].name.rsplit(".", 1)[-1]
        return text

    def _method_hooks(self, unit: Unit) -> Iterator[tuple[Unit, Step]]:
        if not isinstance(unit.node, Class):
            return
        names = self.ask.objects.lineage(unit)[1]
        for hook in self.know.hooks:
            if any(name in hook.bases for name in names):
                for method in unit.inner.values():
                    if method.last_name in hook.methods:
                        yield method, self._begins(method, f"the framework runs `{method.name}` at start-up")
        for named in self.know.named_classes:
            if unit.last_name == named.name:
                for attribute in named.attributes:
                    state = unit.flow.exit.get(attribute)
                    for binding in state.bindings if state else ():
                        if isinstance(binding.node, (Name, Attr)):
                            yield from self._handlers(
                                self.ask.values(binding.node, self.ask.runs.frame(unit)),
                                Site(unit.module, binding.span),
                                "is run at start-up",
                            )

    def _registered(self) -> Iterator[tuple[Unit, Step]]:
        """Functions handed over by a call, and by the application's constructor."""
        names = {name.rsplit(".", 1)[-1] for row in self.know.startup_calls for name in (*row.attributes, *row.calls)}
        for call, unit in self.ask.calls.named(sorted(names)):
            frame = self.ask.runs.frame(unit)
            for row in self.know.startup_calls:
                if not self._matches(call.func, row.attributes, row.calls, unit):
                    continue
                if (
                    row.argument is not None
                    and self._word(self.ask.runs.argument(call, frame, row.argument) or ()) not in row.values
                ):
                    continue
                given = self.ask.runs.argument(call, frame, row.handler) or ()
                yield from self._handlers(given, Site(unit.module, call.span), "is handed over to run at start-up here")
        for call, unit in self.ask.calls.spelled("()"):  # `app.on_event("startup")(handler)`
            if isinstance(call.func, Call) and call.args and self._is_startup_decorator(call.func, unit):
                given = self.ask.values(call.args[0].value, self.ask.runs.frame(unit))
                yield from self._handlers(given, Site(unit.module, call.span), "is handed over to run at start-up here")
        apps = self.know.app
        for call, unit in self.ask.calls.named(sorted({name.rsplit(".", 1)[-1] for name in apps})):
            if not call.args:
                continue
            _, named, _ = self.ask.runs.arguments(call, self.ask.runs.frame(unit))
            for value in self.ask.values(call.func, self.ask.runs.frame(unit)):
                app = apps.get(value.name) if isinstance(value, External) else None
                for keyword in app.startup if app is not None else ():
                    if keyword in named:
                        yield from self._handlers(
                            self.ask.runs.force(named[keyword]),
                            Site(unit.module, call.span),
                            f"is the application's `{keyword}`",
                        )

    def _handlers(self, values: Values, site: Site, message: str) -> Iterator[tuple[Unit, Step]]:
        for value in values:
            if isinstance(value, Items):
                for item in value.items:
                    yield from self._handlers(self.ask.runs.force(item), site, message)
            elif isinstance(value, Made) and value.call is not None and value.frame is not None:
                for arg in value.call.args:
                    yield from self._handlers(self.ask.values(arg.value, value.frame), site, message)
            elif isinstance(value, (FunctionValue, ClassValue, Instance)):
                found = [function.unit for function in self.ask.callable(value, site)]
                if not isinstance(value, FunctionValue) and value.unit is not None:  # a lifespan that is a class
                    found += [self.ask.objects.method(value.unit, name) for name in ("__call__", "__aenter__")]
                for unit in found:
                    if unit is not None:
                        yield unit, Step(None, site, f"`{self.ask.objects.display(unit)}` {message}")

    def _assigned(self) -> Iterator[tuple[Unit, Step]]:
        ends = tuple(f".{name}" for name in self.know.startup_attributes)
        for module in self.ask.calls.code:
            for unit in module.unit.units():
                for stmt in statements(body_of(unit.node)):
                    if isinstance(stmt, Assign) and stmt.value is not None and isinstance(stmt.targets[0], Attr):
                        name = dotted(stmt.targets[0])
                        if name is not None and name.endswith(ends):
                            yield from self._handlers(
                                self.ask.values(stmt.value, self.ask.runs.frame(unit)),
                                Site(module, stmt.span),
                                "is made the application's start-up here",
                            )

    def _factories(self) -> Iterator[tuple[Unit, Step]]:
        """Functions that build the application: a server may call them by their name."""
        apps = self.know.app
        for call, unit in self.ask.calls.named(sorted({name.rsplit(".", 1)[-1] for name in apps})):
            if not isinstance(unit.node, Function) or unit.owner is not None:
                continue
            if any(
                isinstance(value, External) and value.name in apps and "Router" not in value.name
                for value in self.ask.values(call.func, self.ask.runs.frame(unit))
            ):
                yield unit, self._begins(unit, f"`{unit.last_name}` builds the application")
                yield (
                    unit.module.unit,
                    Step(None, Site(unit.module, (0, 0)), f"`{self.relative(unit.module)}` is imported"),
                )

    def _django(self) -> Iterator[tuple[Unit, Step]]:
        """Django imports these modules of every application by their names."""
        if not any("INSTALLED_APPS" in module.unit.flow.bound for module in self.ask.calls.code):
            return
        for module in self.ask.calls.code:
            if module.stem in _DJANGO:
                yield module.unit, Step(None, Site(module, (0, 0)), f"Django imports `{self.relative(module)}`")

    def _is_command(self, unit: Unit, rows: tuple[knowledge.Callers, ...] = ()) -> bool:
        """Whether only a person, or a task queue, starts a function; `rows` says which of them."""
        node = unit.node
        rows = rows or (self.know.commands, self.know.tasks)
        if not isinstance(node, Function):
            return False
        for decorator in node.decorators:
            func = decorator.func if isinstance(decorator, Call) else decorator
            for row in rows:
                if unit.parent is not None and self._matches(func, row.attributes, row.decorators, unit.parent):
                    return True
        if unit.owner is not None:
            names = self.ask.objects.lineage(unit.owner)[1]
            for row in rows:
                for base in row.bases:
                    if unit.last_name in base.methods and any(name in base.bases for name in names):
                        return True
        return False


def _asks_main(test: Expr) -> bool:
    return (
        isinstance(test, Compare)
        and any(isinstance(part, Name) and part.id == "__name__" for part in test.parts)
        and any(isinstance(part, Const) and part.value == "__main__" for part in test.parts)
    )
