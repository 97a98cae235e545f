"""Which functions answer a request."""

from __future__ import annotations

from gravity_lint.facts.code import Attr, Call, Const, Expr, Function
from gravity_lint.knowledge import frameworks
from gravity_lint.link.modules import Unit


def is_route(unit: Unit) -> bool:
    """Whether a function stands under a decorator that says for which path it answers."""
    decorators = unit.node.decorators if isinstance(unit.node, Function) else ()
    return any(
        isinstance(decorator, Call)
        and isinstance(decorator.func, Attr)
        and decorator.func.name in frameworks().routes
        and any(_is_path(arg.value) for arg in decorator.args[:1])
        for decorator in decorators
    )


def _is_path(expr: Expr) -> bool:
    return isinstance(expr, Const) and isinstance(expr.value, str) and expr.value[:1] in ("", "/")
