"""Variables whose absence stops the service elsewhere than where it connects."""

from __future__ import annotations

from gravity_lint import knowledge
from gravity_lint.facts.code import Const, Expr, If, Loop, Other, walk
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.flow import key_of
from gravity_lint.link.modules import Unit, body_of, expressions, statements
from gravity_lint.link.values import Environment


class Guards:
    """Answers which variables stop the service when they are absent, wherever it looks at them."""

    def __init__(self, ask: Evaluator) -> None:
        self.ask = ask
        self._found: dict[str, bool] = {}

    def stop(self, name: str) -> bool:
        """Whether a module's body, or a function that is called, stops when this variable is absent."""
        if name not in self._found:
            self._found[name] = bool(name) and any(
                name in _guarded(unit)
                for module in self.ask.calls.code
                if module.mentions(name)
                for unit in module.unit.units()
                if self._runs(unit)
            )
        return self._found[name]

    def tested(self, unit: Unit, span: tuple[int, int]) -> str:
        """The variable of a database in a test around this place, one branch of which uses it; empty without one."""
        for stmt in statements(body_of(unit.node)):
            if not isinstance(stmt, If) or stmt.span[0] > span[0]:
                continue
            tests = [test for test, _ in stmt.branches if test is not None]
            if any(block and block[0].span[0] <= span[0] <= block[-1].span[1] for _, block in stmt.branches):
                for part in (part for test in tests for part in walk(test)):
                    for value in self.ask.values(part, self.ask.runs.frame(unit)):
                        if isinstance(value, Environment) and knowledge.classify(value.name, "") in ("url", "host"):
                            return value.name
        return ""

    def _runs(self, unit: Unit) -> bool:
        if not unit.flow.guards:
            return False
        return unit.parent is None or unit.last_name == "__init__" or bool(self.ask.callers(unit))


def _guarded(unit: Unit) -> set[str]:
    """The names that the tests in a unit are about, when failing them stops the code."""
    found = _looped(unit)
    for guard in unit.flow.guards:
        for part in walk(guard):
            found |= _names(part, unit)
    return found


def _names(part: Expr, unit: Unit) -> set[str]:
    if isinstance(part, Const):
        return {part.value} if isinstance(part.value, str) else set()
    key = key_of(part)
    if key is None:
        return set()
    found = {key.rsplit(".", 1)[-1]}
    state = unit.flow.uses.get(id(part))
    for binding in state.bindings if state is not None else ():
        if isinstance(binding.node, Other):  # missing = [name for name in ("DB_HOST", …) if not os.getenv(name)]
            found |= {
                inner.value for inner in walk(binding.node) if isinstance(inner, Const) and isinstance(inner.value, str)
            }
    return found


def _looped(unit: Unit) -> set[str]:
    """The literal names that a loop with a check in it runs over."""
    return {
        part.value
        for stmt in statements(body_of(unit.node))
        if isinstance(stmt, Loop)
        for root in expressions(stmt)
        for part in walk(root)
        if isinstance(part, Const) and isinstance(part.value, str)
    }
