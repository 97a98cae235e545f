"""What goes with a call that creates tables: the statements, helpers, handlers and imports that only serve it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.checks.environments import has_environment
from gravity_lint.facts.code import (
    Arg,
    Assign,
    Assigned,
    Attr,
    Await,
    Block,
    Call,
    Class,
    Const,
    Declare,
    Do,
    Expr,
    Function,
    If,
    Import,
    Lambda,
    Leave,
    Loop,
    Name,
    Return,
    Series,
    Span,
    Stmt,
    Text,
    Try,
    With,
    dotted,
    walk,
)
from gravity_lint.link.modules import Held, Module, Unit, blocks, expressions, held_in
from gravity_lint.link.operations import Performed
from gravity_lint.link.values import FunctionValue, Site, Unknown
from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex
from gravity_lint.source import Unreadable
from gravity_lint.violation import Place, Remedy

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_ABOUT = regex(r"\b(?:tables?|schemas?|databases?|db|tabellen?|tabelas?|tablas?|bases? de (?:données|datos|dados))\b",
               re.IGNORECASE)
_DONE = regex(r"\b(?:creat|initiali[sz]|build|built|ready|exist|set[ -]?up|prepar|made\b|done\b|cr[eé][aeé]|criad|"
              r"criando|erstell|angelegt)", re.IGNORECASE)
_ENDED = regex(r"\b(?:done|success|complet|finish|ok\b|initiali[sz]ed|creat|ready)|^\W*$", re.IGNORECASE)
_CONNECTED = regex(r"\bconnect", re.IGNORECASE)
_THROWN_AWAY = regex(rb"\bdrop_all\b|\bdrop_database\b|\bDROP\s+(?:SCHEMA|DATABASE)\b|\bCREATE\s+SCHEMA\b",
                     re.IGNORECASE)
_STAMPS = regex(r"(?:^|_)stamp(?:_|$)")
_EMPTIES = regex(r"drop|reset|wipe|truncate|purge|clear")
_SAYS = frozenset({"print", "echo", "secho", "debug", "info", "warning", "error", "critical", "exception", "log",
                   "success"})
_ENDS = frozenset({"commit", "dispose", "close", "flush"})
_MAKES = frozenset({
    "create_engine", "create_async_engine", "sessionmaker", "async_sessionmaker", "Session", "inspect", "MetaData",
    "getenv", "get", "create_app", "make_app", "get_engine", "get_settings", "Settings", "connect", "get_bind",
    "get_event_loop", "new_event_loop", "SessionLocal",
})
"""What only makes an object, for the code behind it."""
_GATHERS = frozenset({"gather", "extend"})
_REGISTERS = frozenset({"add_command", "append", "insert", "register", "connect", "run_in_executor"})
_AFTER = frozenset({"start", "join", "result", "run"})
"""Methods of what is started, called on it at once: `Thread(target=create).start()`."""
_KEPT = frozenset({"property", "cached_property", "abstractmethod", "override", "overload", "contextmanager",
                   "asynccontextmanager", "fixture"})
_ROUTES = frozenset({"get", "post", "put", "patch", "delete", "route", "api_route"})
_BARE = frozenset({"python", "markdown", "other"})
"""Kinds of files in which a name may stand without being called."""


class Unable(Exception):
    """Why the call cannot be taken out, in words that go on from "not here:"."""


class _Dangerous(Unable):
    """That what would be left does harm."""


class _Emptied(Unable):
    """That nothing would be left of a file."""


class _Needed(Exception):
    """A function that others than start-up need: it stays, and only start-up leaves it alone."""

    def __init__(self, unit: Unit, who: str, references: list[_Reference]) -> None:
        super().__init__(unit.name)
        self.unit = unit
        self.who = who
        self.references = references


class _Reference(NamedTuple):
    """A place that names a function."""

    unit: Unit
    span: Span


class Removal:
    """The remedies of a service's calls that create tables."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[tuple[Unit, bool], Remedy] = {}

    def remedy(self, done: Performed, reached: bool, group: Iterable[Performed]) -> Remedy:
        """What mends one call; of several in one function, which go together, `group` names all."""
        key = done.unit, reached
        if key not in self._known:
            try:
                self._known[key] = self._remedy(done.unit, [each.site.span for each in group], reached)
            except Unable as error:
                place = self._service.place(done.site)
                self._known[key] = Remedy("drop-creation", "display", "", (place,), (("why", str(error)),))
        return self._known[key]

    def _remedy(self, unit: Unit, spans: list[Span], reached: bool) -> Remedy:
        plan = _Plan(self._service)
        try:
            for span in spans:
                plan.refuse_own(unit, span)
                plan.drop(unit, span)
            if not reached:
                plan.refuse_throw_away(unit)
        except _Needed as needed:
            plan = self._without_start(needed)
        return self._told(plan, unit)

    def _without_start(self, needed: _Needed) -> _Plan:
        """What goes where a function must stay: that start-up calls it."""
        for _ in range(10):
            plan = _Plan(self._service)
            reach = self._service.reach
            started = [each for each in needed.references if reach.reaches(each.unit, each.span)]
            if not started:
                break
            try:
                for each in started:
                    plan.drop(each.unit, each.span)
            except _Needed as more:
                needed = more
                continue
            plan.notes.append(f"`{needed.unit.last_name}` stays: {needed.who}")
            plan.stays = True
            return plan
        raise Unable(f"{needed.who.removesuffix('it')}`{needed.unit.last_name}`")

    def _told(self, plan: _Plan, unit: Unit) -> Remedy:
        places: dict[Place, str] = {}
        for module, span, form in plan.parts:
            places.setdefault(self._service.place(Site(module, span)), form)
        modules = {module.path: module for module, _, _ in plan.parts}
        keep = [(f"keep:{path}", " ".join(sorted(plan.named_outside(module)))) for path, module in modules.items()]
        words = (("forms", " ".join(places.values())), *keep, ("stays", "yes" if plan.stays else ""))
        notes = [*plan.notes, *plan.emptied(), *self._commented(places)]
        caution = "; ".join(dict.fromkeys([self._first(unit), *notes]))
        return Remedy("drop-creation", "unsafe", caution, tuple(places), words)

    def _commented(self, places: dict[Place, str]) -> Iterator[str]:
        """That comments go, where some stand above what goes."""
        for place, form in places.items():
            if form in ("statement", "function"):
                above = self._service.source(place.path).text.split("\n")[:place.line - 1]
                while above and above[-1].lstrip().startswith("@"):
                    above.pop()
                if above and above[-1].lstrip().startswith("#"):
                    yield "the comments above it go with it"

    def _first(self, unit: Unit) -> str:
        """Who builds the tables then."""
        orms = {model.orm for model in self._service.models}
        if orms and "sqlalchemy" not in orms:
            return "nothing proves that migrations build the same tables"
        if has_environment(self._service):
            return "the migrations must build the same tables; `alembic check` says what they lack"
        return "there are no migrations here: without them the tables will be missing, so set up Alembic first"


class _Plan:
    """What is taken out, as far as it is known."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ask = service.evaluator
        self.parts: list[tuple[Module, Span, str]] = []
        """Where something goes, and of what form it is: statement, function, alias, element."""
        self.notes: list[str] = []
        self.stays = False
        self._gone: set[int] = set()
        self._functions: set[Unit] = set()

    # ---- a place, and the statement around it

    def drop(self, unit: Unit, span: Span) -> None:
        """Takes out what stands at a place of a unit, and what is there only for it. Raises `Unable`, `_Needed`."""
        if unit in self._functions:
            return
        held = self._holding(unit, span)
        if id(held.stmt) in self._gone:
            return
        if (switch := _switch(held.stmt, span)) is not None:
            self.parts.append((unit.module, switch.span, "element"))
            return
        value = held.stmt.value if isinstance(held.stmt, (Do, Return, Assign)) else None
        whole = _only(value, span) if value is not None else None
        if whole is None:
            raise Unable("it is part of something else")
        if whole is not value:
            self.parts.append((unit.module, whole.span, "element"))
            return
        if isinstance(held.stmt, Return) and (held.way or held.stmt is not held.block[-1]):
            raise Unable("what it returns may be used")
        if isinstance(held.stmt, Assign):
            self._refuse_used(held.stmt, unit)
        self._vanish(unit, held)
        if isinstance(held.stmt, Return) and isinstance(value, (Name, Attr)) and unit not in self._functions:
            raise Unable("what it returns may be used")

    def _holding(self, unit: Unit, span: Span) -> Held:
        for each in held_in(unit):
            if any(_covers(expr, span) for expr in expressions(each.stmt)) \
                    and not isinstance(each.stmt, (Function, Class)):
                return each
        raise Unable("it stands in another form than is known")

    def _refuse_used(self, stmt: Assign, unit: Unit) -> None:
        names = {target.id for target in stmt.targets if isinstance(target, Name)}
        if len(names) != len(stmt.targets) or unit.parent is None:
            raise Unable("what it gives may be used")
        for part in unit.parts():
            if isinstance(part, Name) and part.id in names and not any(part is target for target in stmt.targets):
                raise Unable(f"`{part.id}` is used")

    def _vanish(self, unit: Unit, held: Held) -> None:
        """Takes out a statement, what is said about it in front and behind, and a block that it leaves empty."""
        self._take(unit, held.stmt)
        at = next(index for index, stmt in enumerate(held.block) if stmt is held.stmt)
        for beside in (reversed(held.block[:at]), held.block[at + 1:]):
            for stmt in beside:
                if _ends(stmt):
                    continue
                if _tells(stmt) or (_is_drop(stmt) and stmt.span < held.stmt.span):
                    self._take(unit, stmt)
                elif id(stmt) not in self._gone:
                    break
        after = self._left(held.block[at + 1:])
        if isinstance(held.stmt, With) and after and _says(after[0]) and _CONNECTED.search(_text(after[0])):
            self.notes.append("what is said behind it is not known any more: that the database is connected")
        for stmt in held.block[:at]:
            if isinstance(stmt, Do) and id(stmt) not in self._gone and (name := _empties(stmt)):
                raise _Dangerous(f"`{name}` in front of it may empty the database")
        self._collapse(unit, held)

    def _take(self, unit: Unit, stmt: Stmt) -> None:
        self._gone.add(id(stmt))
        self.parts.append((unit.module, stmt.span, "statement"))

    def _left(self, block: Block) -> list[Stmt]:
        return [stmt for stmt in block if id(stmt) not in self._gone]

    def _collapse(self, unit: Unit, held: Held) -> None:
        """Takes out the statement around a block that has nothing to do any more."""
        left = self._left(held.block)
        if not held.way:
            if isinstance(unit.node, Function) and all(_is_idle(stmt, unit, left) for stmt in left):
                self._dissolve(unit)
            elif unit.parent is None and self._is_script(unit, left):
                raise _Emptied(f"`{posixpath.basename(unit.module.path)}` does nothing else; delete the file")
            return
        around, _ = held.way[-1]
        outer = next(each for each in held_in(unit) if each.stmt is around)
        looped = any(isinstance(each, Loop) for each, _ in held.way)
        if looped and any(isinstance(stmt, (Leave, Return)) for stmt in left):
            raise Unable("the loop around it waits for the database")
        rest = [stmt for block in blocks(around) for stmt in self._left(block)]
        if isinstance(around, With):
            useless = all(_is_spare(stmt) or _says(stmt) for stmt in left)
        elif isinstance(around, If):
            useless = all(_is_spare(stmt) for stmt in rest) and not any(
                isinstance(part, Assigned) for test, _ in around.branches if test is not None for part in walk(test))
        elif isinstance(around, Try):
            if left:
                return
            if any(not _is_spare(stmt) for stmt in (*self._left(around.orelse), *self._left(around.final))):
                raise Unable("the `try` around it does more")
            useless = True
        elif isinstance(around, Loop):
            if around.target is None or any(isinstance(each, Try) for each, _ in held.way):
                raise Unable("the loop around it waits for the database")
            useless = not rest
        else:
            return
        if useless:
            if isinstance(around, If) and (switch := _named(around)):
                self.notes.append(f"`{switch}` decides nothing there any more")
            self._vanish(unit, outer)

    def _is_script(self, unit: Unit, left: list[Stmt]) -> bool:
        """Whether nothing is left of a module that nobody imports."""
        return all(isinstance(stmt, Import) or _is_idle(stmt, unit, left) for stmt in left) \
            and not self._imported_elsewhere(unit.module, unit.module)

    def emptied(self) -> Iterator[str]:
        """Which files hold nothing any more."""
        for module in dict.fromkeys(module for module, _, form in self.parts if form == "function"):
            gone = {id(unit.node) for unit in self._functions} | self._gone
            left = [stmt for stmt in module.facts.body if id(stmt) not in gone and not _is_spare(stmt)]
            if all(isinstance(stmt, Import) for stmt in left) and not module.is_package:
                yield f"`{self._service.reach.starts.relative(module)}` holds nothing then, delete it"

    def refuse_own(self, unit: Unit, span: Span) -> None:
        """Raises `Unable` where no migration can build the tables, or the code says that one has built them."""
        if not isinstance(unit.node, Function):
            return
        made = {target.id for each in held_in(unit) if isinstance(each.stmt, Assign) and _calls(each.stmt, "MetaData")
                for target in each.stmt.targets if isinstance(target, Name)}
        inside = [part for part in unit.parts() if _covers(part, span) or (span[0] <= part.span[0] < span[1])]
        if any(isinstance(part, Attr) and isinstance(part.base, Name) and part.base.id in made for part in inside):
            raise Unable("its tables are declared right here, and no migration knows them")
        for call in unit.calls:
            if _STAMPS.search(_last(call.func)):
                raise Unable(f"`{_last(call.func)}` says there that the migrations have been run")

    def refuse_throw_away(self, unit: Unit) -> None:
        """Raises `Unable` where the code that is left works with a database that it builds and drops by itself."""
        if unit not in self._functions and unit.module.matches(_THROWN_AWAY):
            raise Unable("the code builds a database of its own and drops it again; if nobody needs it, suppress this "
                         "with the reason")

    # ---- a function that has nothing to do any more

    def _dissolve(self, unit: Unit) -> None:
        """Takes out a function with whatever names it; where that cannot be, it stays without a body."""
        node = unit.node
        assert isinstance(node, Function)
        references, aliases, sure = self._references(unit)
        outside = self._outside(unit)
        if outside:
            raise _Needed(unit, outside, references)
        if not sure or not self._may_go(unit, node):
            return
        trial = _Plan(self._service)
        trial._gone, trial._functions = {*self._gone, id(node)}, {*self._functions, unit}
        try:
            for each in references:
                trial.drop(each.unit, each.span)
        except _Emptied:
            raise _Needed(unit, "a script that does nothing else calls it", references) from None
        except _Dangerous:
            raise
        except Unable:
            return
        if _is_route(node):
            self.notes.append(f"the route of `{unit.last_name}` goes")
        elif self._service.reach.starts.is_command(unit):
            self.notes.append(f"the command `{unit.last_name}` goes")
        self._functions |= trial._functions
        self._gone |= trial._gone
        own = _within(unit)
        self.parts = [part for part in self.parts if part[0] is not unit.module or part[1] not in own]
        self.parts += [(unit.module, node.span, "function"), *aliases, *trial.parts]
        self.notes += trial.notes

    def _may_go(self, unit: Unit, node: Function) -> bool:
        """Whether nothing but its name leads to a function."""
        words = {(dotted(each.func if isinstance(each, Call) else each) or "").rsplit(".", 1)[-1]
                 for each in node.decorators}
        if words & _KEPT or any(word.endswith("validator") for word in words):
            return False
        owner = unit.owner
        if owner is None:
            return unit.parent is not None
        names = self._ask.objects.lineage(owner)
        alone = len(names[0]) == 1 and not [name for name in names[1] if name not in ("object", "builtins.object")]
        plain = not unit.last_name.startswith("__") and not list(self._ask.calls.inheriting(owner.last_name))
        return plain and (alone or unit.last_name == "ready")

    def _outside(self, unit: Unit) -> str:
        """Who needs a function besides the service's own code, in words; empty where nobody does."""
        word = re.compile(rb"(?<![\w-])" + re.escape(unit.last_name.encode()) + rb"(?![\w-])")
        if any(module.role == "test" and word.search(module.text) and _speaks_of(module, unit)
               for module in self._ask.modules.values()):
            return "the tests call it"
        for file in self._service.files:
            if file.kind not in _BARE and file.role == "code":
                try:
                    if word.search(self._service.source(file.path).data):
                        return f"`{posixpath.basename(file.path)}` names it"
                except Unreadable:
                    continue
        return ""

    def _references(self, unit: Unit) -> tuple[list[_Reference], list[tuple[Module, Span, str]], bool]:
        """Where code names a function; the imports of it; and whether that is all of it."""
        names = {unit.last_name, *self._ask.calls.aliases(unit.last_name)}
        references: list[_Reference] = []
        aliases: list[tuple[Module, Span, str]] = []
        sure = True
        for module in self._ask.modules.values():
            if module.role == "test" or not any(map(module.mentions, names)):
                continue
            bound = {unit.last_name} if module is unit.module else set()
            for stmt, where in module.imports:
                for alias in stmt.names:
                    if alias.name in names and not stmt.plain and self._imports(module, where, alias.bound, unit):
                        aliases.append((module, alias.span, "alias"))
                        bound.add(alias.bound)
            for where in module.units:
                for part in where.parts():
                    if not isinstance(part, (Name, Attr)):
                        continue
                    if (part.id if isinstance(part, Name) else part.name) not in names:
                        continue
                    found = self._is(part, where, unit)
                    if found:
                        references.append(_Reference(where, part.span))
                    elif found is None and where is not unit:
                        sure = False
            listed = list(_listed(module, bound))
            aliases += [(module, span, "element") for span in listed]
            if _quoted(module, names) > len(listed):
                sure = False
        return references, aliases, sure

    def _imports(self, module: Module, where: Unit, bound: str, unit: Unit) -> bool:
        if where.parent is None:
            values = self._ask.names.member(module, bound)
        else:
            state = where.flow.exit.get(bound)
            values = self._ask.state(bound, state, self._ask.runs.frame(where)) if state is not None else ()
        return any(isinstance(value, FunctionValue) and value.unit is unit for value in values or ())

    def _is(self, part: Name | Attr, where: Unit, unit: Unit) -> bool | None:
        """Whether an expression is a function; None where that is not known."""
        values = self._ask.values(part, self._ask.runs.frame(where))
        if any(isinstance(value, FunctionValue) and value.unit is unit for value in values):
            return True
        if not isinstance(part, Attr):
            return False
        if unit.owner is not None:  # an object of which nothing is known may be one of its class
            return False if values and all(isinstance(value, FunctionValue) for value in values) else None
        return None if not values or any(isinstance(value, Unknown) for value in values) else False

    def named_outside(self, module: Module) -> set[str]:
        """The names of a module that others import from it, or read of it."""
        found: set[str] = set()
        for other in self._ask.modules.values():
            if other is module or not other.mentions(module.stem):
                continue
            seems = any(one.taken and self._ask.importer.meant(other, one.name, one.level) is module
                        for one in other.spelling.imports)
            for stmt, _ in other.imports if seems else ():
                if stmt.plain:
                    continue
                imported = self._ask.names.target(other, stmt)
                if imported is module:
                    found |= {alias.name for alias in stmt.names}
            found |= {name.decode("utf-8", "replace")
                      for name in re.findall(rb"\b" + re.escape(module.stem.encode()) + rb"\.(\w+)", other.text)}
        return found | self._declaring(module)

    def _declaring(self, module: Module) -> set[str]:
        """The names under which a module imports what declares models, and what nobody else imports."""
        declaring = {model.site.module for model in self._service.models}
        found: set[str] = set()
        for stmt, _ in module.imports:
            for alias in stmt.names:
                base = alias.name if stmt.plain else f"{stmt.module}.{alias.name}" if stmt.module else alias.name
                targets = [self._ask.names.target(module, stmt)] if not stmt.plain else []
                targets.append(self._ask.importer.meant(module, base, stmt.level))
                for target in targets:
                    if target is not None and target is not module and self._fills(target, declaring) \
                            and not self._imported_elsewhere(target, module):
                        found.add(alias.bound)
        return found

    def _fills(self, module: Module, declaring: set[Module]) -> bool:
        """Whether importing a module declares models: its own, or those of what it imports."""
        if module in declaring:
            return True
        for stmt, _ in module.imports:
            target = self._ask.names.target(module, stmt) if not stmt.plain else None
            if target in declaring:
                return True
        return False

    def _imported_elsewhere(self, target: Module, module: Module) -> bool:
        importer, others = self._ask.importer, (each for each in self._ask.calls.code if each not in (module, target))
        return any(target in importer.of(other, stmt) for other in others
                   if target in self._ask.carriers.imports(other) for stmt, _ in other.imports)


# ---- statements


def _within(unit: Unit) -> set[Span]:
    """The spans of a function's own statements and of what is in them."""
    found: set[Span] = set()
    for each in held_in(unit):
        found.add(each.stmt.span)
        found |= {part.span for expr in expressions(each.stmt) for part in walk(expr)}
    return found


def _only(expr: Expr, span: Span) -> Expr | None:
    """The largest part of an expression that only serves what stands at a place: all of it, one item of a list, one
    argument; None where it is not known."""
    if expr.span == span:
        return expr
    if isinstance(expr, (Await, Lambda)):
        value = expr.value if isinstance(expr, Await) else expr.body
        inner = _only(value, span)
        return expr if inner is value else inner
    if isinstance(expr, Series):
        item = next((item for item in expr.items if item.span[0] <= span[0] and span[1] <= item.span[1]), None)
        return _only(item, span) if item is not None else None
    if not isinstance(expr, Call):
        return None
    if expr.func.span == span:
        return expr if all(map(_is_inert, (arg.value for arg in expr.args))) else None
    if isinstance(expr.func, Attr) and _covers(expr.func.base, span):
        base = expr.func.base
        inner = _only(base, span)
        follows = expr.func.name in _AFTER and all(_is_inert(arg.value) for arg in expr.args)
        return expr if inner is base and follows else None
    arg = next((arg for arg in expr.args if _covers(arg.value, span)), None)
    if arg is None:
        return None
    inner = _only(arg.value, span)
    if isinstance(arg.value, Series) and len(arg.value.items) == 1 and inner is arg.value.items[0]:
        inner = arg.value
        if arg.name is not None:
            return inner
    if inner is not arg.value:
        return inner
    name = _last(expr.func.func if isinstance(expr.func, Call) else expr.func)
    others = [each.value for each in expr.args if each is not arg]
    if name in _GATHERS and others:
        return inner
    return expr if name in _runners() and all(map(_is_inert, others)) else None


@cache
def _runners() -> frozenset[str]:
    """The last names of what runs a function that it is given, or has it run at start-up."""
    know = knowledge.frameworks()
    names = {name.rsplit(".", 1)[-1] for row in know.invokers for name in (*row.calls, *row.attributes)}
    names |= {name.rsplit(".", 1)[-1] for row in know.startup_calls if not row.builds
              for name in (*row.calls, *row.attributes)}
    names |= {name.rsplit(".", 1)[-1] for row in know.startup_decorators for name in (*row.calls, *row.attributes)}
    return frozenset(names | _REGISTERS | _GATHERS) - {"map", "filter"}


def _covers(expr: Expr, span: Span) -> bool:
    return expr.span[0] <= span[0] and span[1] <= expr.span[1]


def _is_inert(expr: Expr) -> bool:
    return not any(isinstance(part, (Call, Await, Assigned)) for part in walk(expr))


def _last(func: Expr) -> str:
    return func.name if isinstance(func, Attr) else func.id if isinstance(func, Name) else ""


def _switch(stmt: Stmt, span: Span) -> Expr | None:
    """The argument that makes a call create tables: `generate_schemas=True`."""
    words = {name for row in knowledge.operations().operations if row.operation == "create-tables" for name in row.when}
    for expr in expressions(stmt):
        for part in walk(expr):
            if isinstance(part, Call) and part.span == span:
                given: list[Arg] = [arg for arg in part.args if arg.name in words and isinstance(arg.value, Const)]
                return given[0].value if given and given[0].value.value is True else None  # type: ignore[union-attr]
    return None


def _called(stmt: Stmt) -> Call | None:
    """The call that a statement makes for its effect."""
    value = stmt.value if isinstance(stmt, Do) else None
    value = value.value if isinstance(value, Await) else value
    return value if isinstance(value, Call) else None


def _calls(stmt: Assign, name: str) -> bool:
    return isinstance(stmt.value, Call) and _last(stmt.value.func) == name


def _ends(stmt: Stmt) -> bool:
    """Whether a statement only closes something."""
    call = _called(stmt)
    return call is not None and isinstance(call.func, Attr) and call.func.name in _ENDS and not call.args


def _says(stmt: Stmt) -> bool:
    """Whether a statement only prints or logs something."""
    call = _called(stmt)
    return call is not None and _last(call.func) in _SAYS and all(_is_inert(arg.value) for arg in call.args)


def _text(stmt: Stmt) -> str:
    """The texts in a statement."""
    parts = [part.value for expr in expressions(stmt) for part in walk(expr) if isinstance(part, Const)]
    return " ".join(part for part in parts if isinstance(part, str))


def _tells(stmt: Stmt) -> bool:
    """Whether a statement only says that tables are made."""
    text = _text(stmt) if _says(stmt) else ""
    return bool(_ABOUT.search(text) and _DONE.search(text))


def _is_drop(stmt: Stmt) -> bool:
    """Whether a statement empties what the next one builds anew: `metadata.drop_all(engine)`."""
    call = _called(stmt)
    if call is None:
        return False
    handed = [_last(arg.value) for arg in call.args if isinstance(arg.value, Attr)]
    return _last(call.func) == "drop_all" or (_last(call.func) == "run_sync" and handed == ["drop_all"])


def _empties(stmt: Do) -> str:
    """The name of a call that may empty a database; empty for any other statement."""
    call = _called(stmt)
    name = _last(call.func) if call is not None else ""
    return name if _EMPTIES.search(name.lower()) and _ABOUT.search(name.replace("_", " ")) else ""


def _is_spare(stmt: Stmt) -> bool:
    """Whether a statement has nothing to do where nothing was done: it says so, or ends a transaction."""
    call = _called(stmt)
    ends = call is not None and isinstance(call.func, Attr) and call.func.name == "commit" and not call.args
    text = isinstance(stmt, Do) and isinstance(stmt.value, (Const, Text))
    return ends or text or _tells(stmt) or isinstance(stmt, Declare)


def _is_idle(stmt: Stmt, unit: Unit, left: list[Stmt]) -> bool:
    """Whether a statement of a function, or of a script, has nothing to do where the others do nothing."""
    if _is_spare(stmt) or (_says(stmt) and _ENDED.search(_text(stmt))):
        return True
    if isinstance(stmt, Import):
        return unit.parent is not None
    if isinstance(stmt, Return):
        return stmt.value is None or (isinstance(stmt.value, Const) and stmt is left[-1])
    given = [target for each in left if isinstance(each, Assign) for target in each.targets]
    local = {target.id for target in given if isinstance(target, Name)}
    call = _called(stmt)
    if call is not None and isinstance(call.func, Attr) and isinstance(call.func.base, Name):
        return call.func.name in _ENDS and call.func.base.id in local
    if call is not None and unit.parent is None:
        return _last(call.func) in ("load_dotenv", "basicConfig")
    if not isinstance(stmt, Assign) or stmt.value is None:
        return False
    made = [part for part in walk(stmt.value) if isinstance(part, (Call, Await))]
    plain = all(isinstance(target, Name) for target in stmt.targets) and not any(
        isinstance(each, Declare) for each in left)
    return plain and all(isinstance(part, Call) and _last(part.func) in _MAKES for part in made)


def _named(stmt: If) -> str:
    """The setting that a test is about, as it is written."""
    test = stmt.branches[0][0]
    return (dotted(test) or "") if isinstance(test, (Name, Attr)) else ""


def _is_route(node: Function) -> bool:
    for each in node.decorators:
        if isinstance(each, Call) and _last(each.func) in _ROUTES and each.args:
            path = each.args[0].value
            if isinstance(path, Const) and isinstance(path.value, str) and path.value.startswith("/"):
                return True
    return False


# ---- names in texts


def _speaks_of(module: Module, unit: Unit) -> bool:
    """Whether a test names the module of a function, or its class, besides the function."""
    owner = unit.owner
    return module.mentions(unit.module.stem) or (owner is not None and module.mentions(owner.last_name)) \
        or module.mentions(posixpath.basename(unit.module.folder))


def _listed(module: Module, names: set[str]) -> Iterator[Span]:
    """The items of a module's `__all__` that are these names."""
    for stmt in module.facts.body:
        if isinstance(stmt, Assign) and isinstance(stmt.value, Series) and any(
                isinstance(target, Name) and target.id == "__all__" for target in stmt.targets):
            yield from (item.span for item in stmt.value.items if isinstance(item, Const) and item.value in names)


def _quoted(module: Module, names: set[str]) -> int:
    """How often a text holds one of these names as a text of its own, or behind a colon or a dot at the end of one."""
    words = b"|".join(re.escape(name.encode()) for name in names)
    return len(re.findall(rb"[\"'](?:[\w.]*[.:])?(?:" + words + rb")[\"']", module.text))

