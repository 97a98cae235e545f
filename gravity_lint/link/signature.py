"""Whether a call can be one of a function: its arguments have to fit the parameters."""

from __future__ import annotations

from gravity_lint.facts.code import Attr, Call, Expr, Function, Name
from gravity_lint.link.modules import Unit

_PLAIN = frozenset({"staticmethod", "classmethod", "abstractmethod", "override", "final", "contextmanager",
                    "asynccontextmanager"})
"""Decorators that leave the parameters as they are; others may fill some in, or take more."""


def fits(call: Call, unit: Unit) -> bool:
    """Whether a call may be one of a function; true where that cannot be told.

    Calls and functions are brought together by names, and `get` is the name of many: what would fail with a `TypeError`
    is told apart without asking what stands before the dot.
    """
    node = unit.node
    if not isinstance(node, Function) or not all(_last(mark) in _PLAIN for mark in node.decorators):
        return True
    named = {arg.name for arg in call.args if arg.name is not None}
    if not named.isdisjoint(("*", "**")):
        return True
    params = [param for param in node.params if not param.kind]
    kinds = {param.kind for param in node.params}
    own = unit.owner is not None and not any(_last(mark) == "staticmethod" for mark in node.decorators)
    by_place = [param for param in params if not param.keyword_only]
    given = len(call.args) - len(named)
    if given > len(by_place) and "*" not in kinds:  # `Class.method(object, …)` gives the object as well
        return False
    if "**" not in kinds and not named <= {param.name for param in params}:
        return False
    if not named.isdisjoint(param.name for param in by_place[own:given]):
        return False
    filled = by_place[:given + own]
    return all(param.default is not None or param.name in named or param in filled for param in params)


def _last(expr: Expr) -> str:
    func = expr.func if isinstance(expr, Call) else expr
    return func.name if isinstance(func, Attr) else func.id if isinstance(func, Name) else ""
