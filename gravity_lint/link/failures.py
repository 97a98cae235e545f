"""What becomes of an exception that is raised at one place of a unit: handled there, swallowed, or let through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as OneOf

from gravity_lint.facts.code import (
    Attr,
    Block,
    Call,
    Const,
    Do,
    Expr,
    Function,
    Handler,
    Item,
    Leave,
    Loop,
    Name,
    Other,
    Raise,
    Return,
    Series,
    Span,
    Stmt,
    Try,
    With,
)
from gravity_lint.knowledge.contacts import contacts
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Unit
from gravity_lint.link.values import External

Fate = OneOf["open", "handled", "swallowed"]


def fate(ask: Evaluator, unit: Unit, span: Span) -> Fate:
    """What a unit does with the failure of a database that is raised at a place of it."""
    way = unit.ways.to(span) or ()
    for number in range(len(way) - 1, -1, -1):
        stmt, block = way[number]
        found: Fate = "open"
        if isinstance(stmt, Try) and block is stmt.body:
            looped = any(isinstance(outer.stmt, Loop) for outer in way[:number])
            found = _caught(stmt.handlers, looped)
        elif isinstance(stmt, With) and any(_swallows(ask, value, unit) for value, _ in stmt.items):
            found = "swallowed"
        if found != "open":
            return found
    return "handled" if _retried(ask, unit) else "open"


def _caught(handlers: tuple[Handler, ...], looped: bool) -> Fate:
    """What the first handler does that a database's failure reaches."""
    for handler in handlers:
        if _related(handler.type):
            return _handled(handler.body, looped)
    return "open"


def _related(kind: Expr | None) -> bool:
    """Whether a handler of this kind sees a database's failure: its class is not one that means something else."""
    if kind is None:
        return True
    names = [_last(item) for item in (kind.items if isinstance(kind, Series) else (kind,))]
    return any(name not in contacts().unrelated for name in names)


def _last(expr: Expr) -> str:
    return expr.name if isinstance(expr, Attr) else expr.id if isinstance(expr, Name) else ""


def _handled(body: Block, looped: bool) -> Fate:
    """What a handler makes of a failure: nothing at all swallows it, a bare `raise` lets it through."""
    if len(body) == 1 and isinstance(body[0], Raise) and body[0].value is None:
        return "open"
    if all(_does_nothing(stmt) for stmt in body):
        again = looped and not any(isinstance(stmt, (Return, Leave)) and _leaves(stmt) for stmt in body)
        return "handled" if again else "swallowed"  # around a loop's body it is another try
    return "handled"


def _leaves(stmt: Return | Leave) -> bool:
    return isinstance(stmt, Return) or stmt.kind == "break"


def _does_nothing(stmt: Stmt) -> bool:
    if isinstance(stmt, Do):
        return isinstance(stmt.value, (Const, Other, Name))
    if isinstance(stmt, Return):
        return stmt.value is None or (isinstance(stmt.value, Const) and stmt.value.value is None)
    return isinstance(stmt, Leave)


def _swallows(ask: Evaluator, expr: Expr, unit: Unit) -> bool:
    if not isinstance(expr, Call):
        return False
    named = {value.name for value in ask.values(expr.func, ask.runs.frame(unit)) if isinstance(value, External)}
    return bool(named & set(contacts().swallowers)) and any(_related(arg.value) for arg in expr.args)


def _retried(ask: Evaluator, unit: Unit) -> bool:
    """Whether a function stands under a decorator that tries again."""
    return any(name in contacts().retriers for name in _decorators(ask, unit))


def _decorators(ask: Evaluator, unit: Unit) -> Iterator[str]:
    node = unit.node
    if isinstance(node, Function) and unit.parent is not None:
        for decorator in node.decorators:
            func = decorator.func if isinstance(decorator, Call) else decorator
            func = func.base if isinstance(func, Item) else func
            for value in ask.values(func, ask.runs.frame(unit.parent)):
                if isinstance(value, External):
                    yield value.name
