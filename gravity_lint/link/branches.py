"""What decides between several values of one name: the absence of a setting, or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr, Call, Compare, Const, Expr, If, Item, Logic, Match, Name, Span, walk
from gravity_lint.knowledge.names import is_pipeline
from gravity_lint.link.choice import choose, nothing
from gravity_lint.link.flow import key_of
from gravity_lint.link.modules import Unit
from gravity_lint.link.texts import names_file
from gravity_lint.link.values import Environment, Frame, Joined, Literal, Site, Value, Values, sources, unique
from gravity_lint.record import altered

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator


class Branches:
    """Answers what several values are together. Works with the evaluator whose part it is."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator

    def either(self, test: Expr, values: Values, frame: Frame) -> Values:
        """The values of `then if test else other`."""
        asked = self._asked([test], _names(values), "", frame)
        return choose(replaced(values, asked)) if asked or not _mixed(values) else unique(values)

    def merged(self, found: list[tuple[Span, Values]], name: str, frame: Frame) -> Values:
        """The values that a name, or a function, gets at several places of a unit.

        A literal beside the environment stands in for it only where the code asks whether the setting is there.
        """
        values = tuple(value for _, given in found for value in given if not nothing(value))
        if not values:
            return choose(value for _, given in found for value in given)
        names = _names(values)
        if not names or not any(not isinstance(value, Environment) for value in values):
            return choose(values)
        tests = self._between([span for span, _ in found], frame.unit)
        asked = self._asked(tests, names, name, frame)
        if asked or not tests or not _mixed(values):
            return choose(replaced(values, asked))
        return unique(values)

    def _between(self, places: list[Span], unit: Unit) -> list[Expr]:
        """The tests that decide which of several places of a unit runs."""
        ways = [unit.ways.to(span) or () for span in places]
        blocks: dict[int, list[int | None]] = {}
        found: dict[int, If | Match] = {}
        for number, way in enumerate(ways):
            for stmt, block in way:
                if isinstance(stmt, (If, Match)):
                    found[id(stmt)] = stmt
                    blocks.setdefault(id(stmt), [None] * len(ways))[number] = id(block)
        return [test for key, stmt in found.items() if len(set(blocks[key])) > 1 for test in _tests(stmt)]

    def _asked(self, tests: list[Expr], names: set[str], name: str, frame: Frame) -> set[str]:
        """Those of these settings that tests are about; all of them where a test is about the name they are given."""
        found: set[str] = set()
        for part in (part for test in tests for part in walk(test)) if names else ():
            if isinstance(part, Const) and isinstance(part.value, str):
                found |= {part.value} & names
            elif isinstance(part, (Name, Attr, Item, Call)):
                if name and key_of(part) == name:
                    return names
                found |= {value.name for value in self._read(part, frame) if isinstance(value, Environment)} & names
        return found

    def _read(self, part: Expr, frame: Frame) -> list[Value]:
        return list(sources(self.ask.values(part, frame)))

    def for_tests(self, site: Site) -> bool:
        """Whether a place runs only where a test of the environment's name says that it is a test."""
        for unit in site.module.units:
            way = unit.ways.to(site.span)
            if way is not None:
                return any(
                    test is not None and block is one and _speaks_of_tests(test)
                    for stmt, block in way
                    if isinstance(stmt, If)
                    for test, one in stmt.branches
                )
        return False


def replaced(values: Values, asked: set[str]) -> Values:
    """Values of which the code has asked for some settings: where one is not there, another value is taken."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Environment) and value.name in asked:
            others = (other for other in values if not (isinstance(other, Environment) and other.name == value.name))
            if any(value.name not in _names((other,)) for other in others):
                value = altered(value, checked=True)
        elif isinstance(value, Joined) and value.chosen is None and names_file(value):
            missing = [other.name for other in values if isinstance(other, Environment) and other.name in asked]
            value = altered(value, chosen=missing[0]) if missing else value
        found.append(value)
    return tuple(found)


def _tests(stmt: If | Match) -> list[Expr]:
    """What a statement asks before it takes a branch."""
    return [stmt.subject] if isinstance(stmt, Match) else [test for test, _ in stmt.branches if test is not None]


def _speaks_of_tests(test: Expr) -> bool:
    """`ENV == "test"`, `TESTING`, `"pytest" in sys.modules`; not what begins with a `not`, or holds for others, too."""
    if isinstance(test, Logic):
        return (all if test.op == "or" else any)(_speaks_of_tests(part) for part in test.parts)
    words: list[str] = []
    for part in walk(test):
        if isinstance(part, Compare) and part.op in ("not", "!=", "is not", "not in"):
            return False
        word = part.id if isinstance(part, Name) else part.name if isinstance(part, Attr) else None
        if word is None and isinstance(part, Const) and isinstance(part.value, str):
            word = part.value
        if word:
            words.append(word)
    return any(knowledge.is_test(word) or is_pipeline(word) for word in words)


def _mixed(values: Values) -> bool:
    """Whether literals stand beside what the environment gives."""
    literal = any(
        isinstance(value, Literal) or (isinstance(value, Joined) and not _names((value,)))
        for value in values
        if not nothing(value)
    )
    return literal and bool(_names(values))


def _names(values: Values) -> set[str]:
    """The settings that values are made of."""
    return {source.name for source in sources(values) if isinstance(source, Environment)}
