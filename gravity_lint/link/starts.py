"""Where the start of a service begins: the modules that are run, and what frameworks run when an application starts."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

from gravity_lint import knowledge
from gravity_lint.facts.code import Assign, Attr, Call, Class, Expr, Function, Name, dotted
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.idle import mains, within
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.routes import is_route
from gravity_lint.link.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Items,
    Made,
    Site,
    Values,
    literal_text,
)
from gravity_lint.record import NamedTuple, cached_property
from gravity_lint.regex import regex

_ENTRIES = frozenset({"main", "app", "application", "wsgi", "asgi", "server", "run", "__main__", "api"})
"""Names of modules that are run, not imported, by the usual tools."""
_SCRIPTS = frozenset({"scripts", "script", "tools", "bin"})
"""Folders of what people run by hand."""
_DJANGO = frozenset({"settings", "urls", "wsgi", "asgi", "models", "apps", "admin", "views"})
_STARTED = regex(r"^\s*(?:CMD|ENTRYPOINT|web:|worker:|release:)(.*)$", re.MULTILINE | re.IGNORECASE)
_TARGET = regex(
    r"(?P<app>[A-Za-z_][\w.]*):[A-Za-z_]\w*|-m[\s\",']+(?P<module>[A-Za-z_][\w.]*)|(?P<file>[\w./-]+)\.py\b"
)


_MAX_NESTING = 6
"""Calls and lists inside each other in which handlers are looked for: an application may be handed itself."""


class Begin(NamedTuple):
    """One function, or module, that runs when the service starts; in words, why."""

    unit: Unit
    site: Site
    message: str
    function: FunctionValue | None = None
    """How it is called, where that is known: of which object, with which variables around it."""


class Starts:
    """Where start-up begins.

    `root` is the service's folder, `commands` the texts of the files that say how it is started.
    """

    def __init__(self, ask: Evaluator, root: str, commands: tuple[str, ...]) -> None:
        self.ask = ask
        self.root = root.rstrip("/")
        self.commands = commands
        self.know = knowledge.frameworks()

    # ---- modules

    def relative(self, module: Module) -> str:
        """A module's path from the service's root."""
        return module.path.removeprefix(f"{self.root}/")

    def by_hand(self, module: Module) -> bool:
        """Whether a module lies among the scripts that people run."""
        folders = self.relative(module).split("/")[:-1]
        return not _SCRIPTS.isdisjoint(folders) and module not in self.entries

    @cached_property
    def entries(self) -> frozenset[Module]:
        """The modules that are run to start the service."""
        found = {module for module in self.ask.calls.code if self._is_named_entry(module)}
        made = dict(self.know.app.items())
        names = self.ask.calls.ends((*made, *self.know.runner))
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
            caller.parent is None and within(call.span, mains(caller)) for call, caller in self.ask.callers(unit)
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

    # ---- hooks

    def hooks(self) -> Iterator[Begin]:
        """The functions that a framework runs when the application starts."""
        calls = self.ask.calls
        hooked = self.ask.objects.kin(calls.ends(base for hook in self.know.hooks for base in hook.bases))
        modules = {*calls.holding_any(named.name for named in self.know.named_classes), *self._marked,
                   *(unit.module for unit in hooked),
                   *(module for module in calls.code if module.path.rsplit("/", 1)[-1] in self._hook_files)}
        for module in sorted(modules, key=lambda module: module.path):
            for unit in module.units:
                yield from self._decorated(unit)
                yield from self._method_hooks(unit)
            for file in self.know.module_hooks:
                if module.path.rsplit("/", 1)[-1] in file.files:
                    for unit in module.unit.inner.values():
                        if unit.last_name in file.functions:
                            yield self._begins(unit, f"gunicorn runs `{unit.last_name}`")
        yield from self._registered()
        yield from self._assigned()
        yield from self._factories()
        yield from self._servers()
        yield from self._lifespans()
        yield from self._django()

    @cached_property
    def _marked(self) -> tuple[Module, ...]:
        """The modules that hold the names of a decorator whose functions run at start-up, in order of their paths."""
        rows = self.know.startup_decorators
        found = set(self.ask.calls.holding_any(self.ask.calls.ends(name for row in rows for name in row.calls)))
        found.update(*self.ask.calls.paths(name for row in rows for name in row.attributes).values())
        return tuple(sorted(found, key=lambda module: module.path))

    @cached_property
    def _hook_files(self) -> frozenset[str]:
        return frozenset(name for hook in self.know.module_hooks for name in hook.files)

    def _begins(self, unit: Unit, message: str) -> Begin:
        node = unit.node
        return Begin(unit, Site(unit.module, node.span if isinstance(node, (Function, Class)) else (0, 0)), message)

    def _imported(self, module: Module) -> Begin:
        return Begin(module.unit, Site(module, (0, 0)), f"`{self.relative(module)}` is imported")

    def _decorated(self, unit: Unit) -> Iterator[Begin]:
        node = unit.node
        if isinstance(node, Function) and unit.parent is not None:
            for decorator in node.decorators:
                if self._is_startup_decorator(decorator, unit.parent):
                    yield self._begins(unit, f"`{unit.last_name}` runs when the application starts")

    def _lifespans(self) -> Iterator[Begin]:
        """Contexts of an application, whoever registers them: their only parameter says so."""
        for module in self.ask.calls.holding_any(self.ask.calls.ends(self.know.contexts)):
            for unit in module.units:
                if isinstance(unit.node, Function) and unit.node.decorators and self._is_lifespan(unit, unit.node):
                    yield self._begins(unit, f"`{unit.last_name}` is a life-span of the application")

    def _is_lifespan(self, unit: Unit, node: Function) -> bool:
        required = [param for param in node.params if param.default is None and not param.kind]
        if len(required) != 1 or (annotation := required[0].annotation) is None or unit.parent is None:
            return False
        frame = self.ask.runs.frame(unit.parent)
        return (
            _named(self.ask.values(annotation, frame), self.know.app)
            and any(_named(self.ask.values(mark, frame), self.know.contexts) for mark in node.decorators)
            and not self.ask.is_called(unit)
            and (len(node.decorators) > 1 or self._is_handed_over(unit))
        )

    def _is_handed_over(self, unit: Unit) -> bool:
        """Whether the code names a function that it does not call."""
        return any(
            isinstance(part, (Name, Attr)) and (part.id if isinstance(part, Name) else part.name) == unit.last_name
            for module in self.ask.calls.holding(unit.last_name)
            for where in module.holding(unit.last_name)
            for part in where.parts()
        )

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
        if isinstance(func, Attr):
            written = dotted(func) or f".{func.name}"  # of what a call gives back: `Builder().token(…).post_init(…)`
            if any(written.endswith(f".{attribute}") for attribute in attributes):
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

    def _method_hooks(self, unit: Unit) -> Iterator[Begin]:
        if not isinstance(unit.node, Class):
            return
        names = self.ask.objects.lineage(unit)[1]
        for hook in self.know.hooks:
            if any(name in hook.bases for name in names):
                for method in unit.inner.values():
                    if method.last_name in hook.methods:
                        yield self._begins(method, f"the framework runs `{method.name}` at start-up")
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

    def _registered(self) -> Iterator[Begin]:
        """Functions handed over by a call, and by the application's constructor."""
        for call, unit in self._handing_over():
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
                site, message = Site(unit.module, call.span), "is handed over to run at start-up here"
                if row.builds:
                    made = (value for value in given if not isinstance(value, Instance))
                    yield from self._begun((one for value in made for one in self.ask.callable(value, site)), site,
                                           message)
                else:
                    yield from self._handlers(given, site, message)
        for call, unit in self.ask.calls.unnamed(self._marked):  # `app.on_event("startup")(handler)`
            if isinstance(call.func, Call) and call.args and self._is_startup_decorator(call.func, unit):
                given = self.ask.values(call.args[0].value, self.ask.runs.frame(unit))
                yield from self._handlers(given, Site(unit.module, call.span), "is handed over to run at start-up here")
        apps = self.know.app
        for call, unit in self.ask.calls.named(self.ask.calls.ends(apps)):
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

    def _handing_over(self) -> Iterator[tuple[Call, Unit]]:
        """The calls that may hand over a function, by what is written before the bracket."""
        rows = self.know.startup_calls
        ends = self.ask.calls.ends(name for row in rows for name in row.calls)
        written = self.ask.calls.paths(name for row in rows for name in row.attributes)
        for name in sorted({*ends, *(name for name, modules in written.items() if modules)}):
            yield from self.ask.calls.named((name,), among=None if name in ends else written[name])

    def _handlers(self, values: Values, site: Site, message: str, depth: int = 0) -> Iterator[Begin]:
        for value in values if depth < _MAX_NESTING else ():
            if isinstance(value, Items):
                for item in value.items:
                    yield from self._handlers(self.ask.runs.force(item), site, message, depth + 1)
            elif isinstance(value, Made) and value.call is not None and value.frame is not None:
                for arg in value.call.args:
                    yield from self._handlers(self.ask.values(arg.value, value.frame), site, message, depth + 1)
            elif isinstance(value, (FunctionValue, ClassValue, Instance)):
                methods: list[FunctionValue] = []
                if not isinstance(value, FunctionValue) and value.unit is not None:  # a lifespan that is a class
                    found = (self.ask.objects.method(value.unit, name) for name in ("__call__", "__aenter__"))
                    methods = [self._method(method, value, site) for method in found if method is not None]
                yield from self._begun((*self.ask.callable(value, site), *methods), site, message)

    def _begun(self, functions: Iterable[FunctionValue], site: Site, message: str) -> Iterator[Begin]:
        """The functions of the service that run for a reason that stands at a place."""
        for function in functions:
            if function.unit is not None:
                yield Begin(function.unit, site, f"`{self.ask.objects.display(function.unit)}` {message}", function)

    def _method(self, method: Unit, value: ClassValue | Instance, site: Site) -> FunctionValue:
        receiver = value if isinstance(value, Instance) else Instance(site, (), value.unit)
        return FunctionValue(site, (), method, receiver, self.ask.runs.frame(method).closure)

    def _assigned(self) -> Iterator[Begin]:
        ends = tuple(f".{name}" for name in self.know.startup_attributes)
        lasts = {name.rsplit(".", 1)[-1] for name in ends}
        for module in self.ask.calls.holding_any(lasts):
            for unit in module.holding(*lasts):
                for stmt in unit.statements:
                    if isinstance(stmt, Assign) and stmt.value is not None and isinstance(stmt.targets[0], Attr):
                        name = dotted(stmt.targets[0])
                        if name is not None and name.endswith(ends):
                            yield from self._handlers(
                                self.ask.values(stmt.value, self.ask.runs.frame(unit)),
                                Site(module, stmt.span),
                                "is made the application's start-up here",
                            )

    def _factories(self) -> Iterator[Begin]:
        """Functions that build the application: a server may call them by their name."""
        apps = self.know.app
        for call, unit in self.ask.calls.named(self.ask.calls.ends(apps)):
            if not isinstance(unit.node, Function) or unit.owner is not None or is_route(unit):
                continue  # an answer to a request may build an application for itself: a Celery, to ask its workers
            if any(
                isinstance(value, External) and value.name in apps and "Router" not in value.name
                for value in self.ask.values(call.func, self.ask.runs.frame(unit))
            ):
                yield self._begins(unit, f"`{unit.last_name}` builds the application")
                yield self._imported(unit.module)
        for module in self.ask.calls.holding_any(self.know.factories):
            for unit in module.unit.inner.values():
                if unit.last_name in self.know.factories and self._returns_app(unit):
                    yield self._begins(unit, f"`{unit.last_name}` gives the application")
                    yield self._imported(module)

    def _returns_app(self, unit: Unit) -> bool:
        """Whether a function gives back an application: its own, or another module's that it dresses."""
        frame = self.ask.runs.frame(unit)
        return isinstance(unit.node, Function) and any(
            isinstance(value, Made) and value.name in self.know.app and "Router" not in value.name
            for expr, _ in unit.flow.returns
            for value in self.ask.values(expr, frame)
        )

    def _servers(self) -> Iterator[Begin]:
        """Functions that serve: a person's command, or a script of the distribution, starts the service by them."""
        for unit in self.serving:
            if not isinstance(unit.node, Function) or self.by_hand(unit.module):
                continue
            if self.is_command(unit, ignoring=True) or not self.ask.is_called(unit):
                yield self._begins(unit, f"`{unit.last_name}` serves the application")
                yield self._imported(unit.module)

    @cached_property
    def raising(self) -> tuple[tuple[Call, Unit], ...]:
        """The calls that serve, with their units, where what a hook raises comes out of each; otherwise none."""
        calls = [(call, unit) for unit, calls in self.serving.items() for call in calls]
        runner = self.know.runner
        raises = (
            any(
                isinstance(value, External) and value.name in runner and runner[value.name].raises
                for value in self.ask.values(call.func, self.ask.runs.frame(unit))
            )
            for call, unit in calls
        )
        return tuple(calls) if all(raises) else ()

    @cached_property
    def serving(self) -> dict[Unit, list[Call]]:
        """The units that start to serve, with the calls that do."""
        found: dict[Unit, list[Call]] = {}
        for call, unit in self.ask.calls.named(self.ask.calls.ends(self.know.runner)):
            values = self.ask.values(call.func, self.ask.runs.frame(unit))
            if any(isinstance(value, External) and value.name in self.know.runner for value in values):
                found.setdefault(unit, []).append(call)
        return found

    def _django(self) -> Iterator[Begin]:
        """Django imports these modules of every application by their names."""
        if not any(module.unit.flow.binds("INSTALLED_APPS") for module in self.ask.calls.holding("INSTALLED_APPS")):
            return
        for module in self.ask.calls.code:
            if module.stem in _DJANGO:
                yield Begin(module.unit, Site(module, (0, 0)), f"Django imports `{self.relative(module)}`")

    def is_command(self, unit: Unit, rows: tuple[knowledge.Callers, ...] = (), ignoring: bool = False) -> bool:
        """Whether only a person, or a task queue, starts a function; `rows` says which of them.

        A command that serves is the service's start, unless that is `ignoring`d.
        """
        node = unit.node
        rows = rows or (self.know.commands, self.know.tasks)
        if not isinstance(node, Function) or (not ignoring and unit in self.serving):
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




def _named(values: Values, names: Container[str]) -> bool:
    return any(isinstance(value, External) and value.name in names for value in values)
