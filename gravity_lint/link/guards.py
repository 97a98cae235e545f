"""Variables whose absence stops the service elsewhere than where it connects."""

from __future__ import annotations

from bisect import bisect_right

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr, Call, Const, Expr, If, Item, Loop, Name, Other, walk
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.flow import key_of
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.values import Environment, FunctionValue, Items, Values, literal_text, sources
from gravity_lint.record import cached_property


class Guards:
    """Answers which variables stop the service when they are absent, wherever it looks at them."""

    def __init__(self, ask: Evaluator) -> None:
        self.ask = ask
        self._found: dict[Module, frozenset[str]] = {}
        self._tests: dict[Unit, _Around] = {}
        self._asked: dict[tuple[Unit, int], str] = {}

    def stop(self, value: Environment) -> bool:
        """Whether a module's body, or a function that is called, stops when this variable is absent.

        Only code that speaks of the variable, or of a name that its value has been given, is looked at.
        """
        words = {value.name, *(hop.given.rsplit(".", 1)[-1] for hop in value.trail)} - {""}
        return bool(value.name) and any(
            value.name in self._stopping(module) for module in self.ask.calls.code if any(map(module.mentions, words))
        )

    def _stopping(self, module: Module) -> frozenset[str]:
        """The variables without which the code of a module stops."""
        if module not in self._found:
            self._found[module] = frozenset(
                name
                for unit in module.unit.units()
                if unit.flow.guards and self._runs(unit)
                for name in self._guarded(unit)
            )
        return self._found[module]

    def tested(self, unit: Unit, span: tuple[int, int]) -> str:
        """The variable of a database in a test around this place, one branch of which uses it; empty without one."""
        if unit not in self._tests:
            self._tests[unit] = _Around(unit)
        return next(filter(None, (self._tested(stmt, unit) for stmt in self._tests[unit].find(span[0]))), "")

    def _tested(self, stmt: If, unit: Unit) -> str:
        """The variable of a database that a test asks for."""
        if (key := (unit, id(stmt))) not in self._asked:
            self._asked[key] = next((
                value.name
                for test, _ in stmt.branches if test is not None
                for part in walk(test)
                for value in self.ask.values(part, self.ask.runs.frame(unit))
                if isinstance(value, Environment) and knowledge.classify(value.name, "") in ("url", "host")
            ), "")
        return self._asked[key]

    def _runs(self, unit: Unit) -> bool:
        if unit.parent is None or unit.last_name in ("__init__", "__post_init__", "model_post_init"):
            return True
        return self.ask.is_called(unit) or unit in self._handlers

    @cached_property
    def _handlers(self) -> frozenset[Unit]:
        """The functions that are handed over to be run when the application starts."""
        rows = knowledge.frameworks().startup_calls
        written = self.ask.calls.paths(name for row in rows for name in row.attributes)
        return frozenset(
            value.unit
            for name in sorted(written)
            for call, where in self.ask.calls.named((name,), among=written[name])
            for arg in call.args if isinstance(arg.value, (Name, Attr))
            for value in self.ask.values(arg.value, self.ask.runs.frame(where))
            if isinstance(value, FunctionValue) and value.unit is not None
        )

    def _guarded(self, unit: Unit) -> set[str]:
        """The variables that the tests in a unit are about, when failing them stops the code."""
        frame = self.ask.runs.frame(unit)
        found = self._looped(unit)
        for guard in unit.flow.guards:
            for part in walk(guard):
                found |= self._names(part, unit)
                if isinstance(part, (Name, Attr, Item, Call)):
                    read = sources(self.ask.values(part, frame))
                    found |= {value.name for value in read if isinstance(value, Environment)}
        return found

    def _looped(self, unit: Unit) -> set[str]:
        """The literal names that a loop with a check in it runs over."""
        found: set[str] = set()
        for stmt in unit.statements:
            if isinstance(stmt, Loop) and stmt.target is not None:
                for value in self.ask.values(stmt.over, self.ask.runs.frame(unit)):
                    for item in value.items if isinstance(value, Items) else ():
                        found |= self._item(self.ask.runs.force(item))
        return found

    def _item(self, values: Values) -> set[str]:
        """The names in one item that a loop checks: a text, a value of the environment, or a pair of both."""
        found = {literal_text(values) or ""}
        for value in values:
            parts = [self.ask.runs.force(part) for part in value.items] if isinstance(value, Items) else [values]
            found |= {text for part in parts if (text := literal_text(part))}
            found |= {source.name for part in parts for source in sources(part) if isinstance(source, Environment)}
        return found

    def _names(self, part: Expr, unit: Unit) -> set[str]:
        """The names that a part of a test speaks of, those in a list that it was made from included."""
        if isinstance(part, Const):
            return {part.value} if isinstance(part.value, str) else set()
        key = key_of(part)
        if key is None:
            return set()
        found = {key.rsplit(".", 1)[-1]}
        state = unit.flow.uses.get(part)
        for binding in state.bindings if state is not None else ():
            if isinstance(binding.node, Other):  # missing = [name for name in ("DB_HOST", …) if not os.getenv(name)]
                for inner in walk(binding.node):
                    found |= self._listed(inner, unit)
        return found

    def _listed(self, expr: Expr, unit: Unit) -> set[str]:
        """The texts that an expression is, or is a list of."""
        if isinstance(expr, Const):
            return {expr.value} if isinstance(expr.value, str) else set()
        if not isinstance(expr, (Name, Attr)):
            return set()
        values = self.ask.values(expr, self.ask.runs.frame(unit))
        items = (item for value in values if isinstance(value, Items) for item in value.items)
        return {text for item in items if (text := literal_text(self.ask.runs.force(item)))}


class _Around:
    """The tests of a unit by the stretches of their branches, so that those around a place are soon found."""

    def __init__(self, unit: Unit) -> None:
        self._starts: list[int] = []
        self._blocks: list[tuple[int, If, int]] = []
        """Where a block ends, the test it is a branch of, and which of these blocks is the nearest around it."""
        tests = (stmt for stmt in unit.statements if isinstance(stmt, If))
        blocks = ((block[0].span[0], -block[-1].span[1], number, stmt)
                  for number, stmt in enumerate(tests) for _, block in stmt.branches if block)
        around: list[int] = []
        for start, end, _, stmt in sorted(blocks, key=lambda one: one[:3]):
            while around and self._blocks[around[-1]][0] < start:
                around.pop()
            self._starts.append(start)
            self._blocks.append((-end, stmt, around[-1] if around else -1))
            around.append(len(self._blocks) - 1)

    def find(self, offset: int) -> list[If]:
        """The tests around a place, outermost first."""
        found: list[If] = []
        index = bisect_right(self._starts, offset) - 1
        while index >= 0:
            end, stmt, index_around = self._blocks[index]
            if offset <= end:
                found.append(stmt)
            index = index_around
        return found[::-1]
