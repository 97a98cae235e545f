"""What mends a setting that may be absent: a check behind its reading, a reader that raises, a required field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint.checks.runners import caution_of, runners
from gravity_lint.facts.code import (
    Assign,
    Attr,
    Call,
    Choice,
    Class,
    Const,
    Do,
    Expr,
    If,
    Item,
    Logic,
    Name,
    Raise,
    Span,
    dotted,
    walk,
)
from gravity_lint.link.modules import Held, Unit, expressions, held_in
from gravity_lint.link.values import Environment, External, Made, Site
from gravity_lint.record import NamedTuple
from gravity_lint.violation import Remedy

if TYPE_CHECKING:
    from gravity_lint.link.service import Service
    from gravity_lint.link.target import Target

_OF_PROCESS = ("os.getenv", "os.environ.get")
"""Readers in whose place the mapping itself can stand, which raises."""
_LEAVES = frozenset({"sys.exit", "exit", "quit", "os._exit"})


class _Way(NamedTuple):
    """How a setting is made sure of."""

    form: str
    span: Span
    names: tuple[str, ...] = ()
    """The variables of which one must be there; none for that of the setting."""
    call: Span | None = None
    """The call that can raise by itself, where there is no room for a check."""


class Presence:
    """The remedies of a service's settings that may be absent."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ask = service.evaluator

    def remedy(self, target: Target) -> Remedy | None:
        """What mends one; None for what is written in no way that is known, and for what production has no need of."""
        if target.is_test:
            return None
        found = self._way(target.site)
        if found is None:
            return None
        variable = target.setting
        cautions = []
        if len(found.names) > 1:
            names = ", ".join(f"`{name}`" for name in found.names)
            cautions.append(f"whatever starts the service must set one of {names}")
        else:
            lacking = [each for each in runners(self._service, variable) if not each.sets]
            cautions += caution_of({variable: lacking}, True)
        cautions += self._asked(target)
        words = (("form", found.form), ("variable", " or ".join(found.names) or variable), ("role", target.role))
        spans = (found.span, *([found.call] if found.call else []))
        places = tuple(self._service.place(Site(target.site.module, span)) for span in spans)
        return Remedy("check-setting", "unsafe" if cautions else "safe", "; ".join(cautions), places, words)

    # ---- how it is written

    def _way(self, site: Site) -> _Way | None:
        for unit in site.module.units:
            for each in held_in(unit):
                if each.stmt.span == site.span and isinstance(each.stmt, Assign):
                    return self._of_field(each.stmt, unit)
                if any(_covers(expr, site.span) for expr in expressions(each.stmt)):
                    return self._of_call(each, unit, site.span)
        return None

    def _of_field(self, stmt: Assign, unit: Unit) -> _Way | None:
        """A field of a settings class that is None, or empty, where nothing gives it."""
        if not isinstance(unit.node, Class) or stmt.value is None:
            return None
        if isinstance(stmt.value, Const):
            return _Way("field", stmt.value.span)
        if isinstance(stmt.value, Call):
            field = self._ask.know.field.get(self._reader(stmt.value, unit))
            for arg in stmt.value.args if field is not None else ():
                if field is not None and field.default and (
                        arg.name in field.default.names or (arg.name is None and arg is stmt.value.args[0])):
                    return _Way("field-argument", arg.value.span)
        return None

    def _of_call(self, each: Held, unit: Unit, span: Span) -> _Way | None:
        """A call that gives None, or something empty, where the environment gives nothing."""
        calls = [part for expr in expressions(each.stmt) for part in walk(expr)
                 if isinstance(part, Call) and _covers(part, span)]
        call = next((part for part in calls if part.span == span), calls[-1] if calls else None)
        if call is None:
            return None
        name = self._reader(call, unit)
        guarded = self._guard(each, unit, call, name)
        reader = self._ask.know.reader.get(name)
        if guarded is not None:
            return guarded
        if name in _OF_PROCESS:
            return _Way("read", call.span)
        if reader is not None and reader.missing == "raises" and reader.default is not None:
            for arg in call.args:
                if arg.name in reader.default.names:
                    return _Way("argument", arg.value.span)
        return None

    def _reader(self, call: Call, unit: Unit) -> str:
        for value in self._ask.values(call.func, self._ask.runs.frame(unit)):
            if isinstance(value, External):
                return value.name
            if isinstance(value, Made):
                return f"{value.name}.()"
        return ""

    def _guard(self, each: Held, unit: Unit, call: Call, reader: str) -> _Way | None:
        """A check behind the assignment, where the call is all of it and what is read stands alone."""
        stmt = each.stmt
        if not isinstance(stmt, Assign) or len(stmt.targets) != 1 or stmt.op or not _is_named(stmt.targets[0]):
            return None
        names: tuple[str, ...] = ()
        if isinstance(stmt.value, Logic) and stmt.value.op == "or" and call in stmt.value.parts:
            names = tuple(_variable(part) for part in stmt.value.parts if isinstance(part, Call))
            if not all(names) or len(names) != len(stmt.value.parts) or isinstance(unit.node, Class):
                return None
        elif stmt.value is not call or (reader in _OF_PROCESS and (
                isinstance(unit.node, Class) or isinstance(stmt.targets[0], Item) or self._reads_on(each, unit))):
            return None
        return _Way("guard", stmt.span, names, call.span if reader in _OF_PROCESS and not names else None)

    def _reads_on(self, each: Held, unit: Unit) -> bool:
        """Whether the next line reads the environment as well: a check would tear apart what belongs together."""
        at = next(index for index, stmt in enumerate(each.block) if stmt is each.stmt)
        after = each.block[at + 1] if at + 1 < len(each.block) else None
        if not isinstance(after, Assign) or after.value is None:
            return False
        module = unit.module
        first, second = (self._service.place(Site(module, stmt.span)) for stmt in (each.stmt, after))
        return second.line == first.end_line + 1 and any(
            isinstance(part, Call) and self._reader(part, unit) in (*_OF_PROCESS, "os.environ") for part in
            walk(after.value))

    # ---- who can do without it

    def _asked(self, target: Target) -> Iterator[str]:
        """The modules that ask whether a setting is there, and go on without it."""
        words = {target.setting, *(hop.given.rsplit(".", 1)[-1] for hop in target.trail)} - {""}
        for module in self._ask.calls.code:
            if any(map(module.mentions, words)) and any(
                    self._asks(test, unit, target.setting, words) for unit in module.units for test in _tests(unit)):
                yield f"`{self._service.reach.starts.relative(module)}` asks whether it is there"

    def _asks(self, test: Expr, unit: Unit, variable: str, words: set[str]) -> bool:
        for part in walk(test):
            if isinstance(part, (Name, Attr, Call)) and (not isinstance(part, (Name, Attr)) or _last(part) in words):
                for value in self._ask.values(part, self._ask.runs.frame(unit)):
                    if isinstance(value, Environment) and value.name == variable:
                        return True
        return False


def _tests(unit: Unit) -> Iterator[Expr]:
    """The tests of a unit after which it goes on either way."""
    for stmt in unit.statements:
        if isinstance(stmt, If):
            yield from (test for test, block in stmt.branches if test is not None and not _stops(block[-1:]))
    yield from (part.test for part in unit.parts() if isinstance(part, Choice))


def _stops(last: tuple[object, ...]) -> bool:
    stmt = last[0] if last else None
    call = stmt.value if isinstance(stmt, Do) else None
    return isinstance(stmt, Raise) or (isinstance(call, Call) and dotted(call.func) in _LEAVES)


def _covers(expr: Expr, span: Span) -> bool:
    return expr.span[0] <= span[0] and span[1] <= expr.span[1]


def _last(expr: Name | Attr) -> str:
    return expr.name if isinstance(expr, Attr) else expr.id


def _is_named(target: Expr) -> bool:
    """Whether what is set can be asked for again by what is written: `url`, `self.url`, `config["url"]`."""
    while isinstance(target, (Attr, Item)):
        if isinstance(target, Item) and not isinstance(target.key, Const):
            return False
        target = target.base
    return isinstance(target, Name)


def _variable(call: Expr) -> str:
    """The variable that a call reads, where it is written there."""
    first = call.args[0].value if isinstance(call, Call) and call.args else None
    return first.value if isinstance(first, Const) and isinstance(first.value, str) else ""

