"""Where the engines of a service are given their URLs, in its code and in Alembic's env.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from gravity_lint import knowledge
from gravity_lint.facts.code import (
    Assign,
    Attr,
    Call,
    Choice,
    Const,
    Expr,
    If,
    Item,
    Mapping,
    Match,
    Name,
    Return,
    Span,
    dotted,
    walk,
)
from gravity_lint.knowledge.names import split
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.flow import key_of
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.sinks import Sink
from gravity_lint.link.values import External, Made, Site, Values, sources
from gravity_lint.record import cached_property, comparable

_KEY = "sqlalchemy.url"
_ASKS_INI = (".get_main_option", ".get_section_option")
_ADDRESSES = frozenset({"url", "uri", "dsn"})
_KINDS = frozenset({"async", "asynchronous", "asyncio", "aio", "sync", "synchronous", "scheme", "driver", "drivername",
                    "dialect"})
"""Words of a test that may decide between two kinds of engine."""


@comparable
class Opening:
    """One place where an engine is given a URL."""

    name: str
    takes: str
    url: Values
    site: Site
    unit: Unit

    @property
    def is_test(self) -> bool:
        return any(knowledge.is_test(word) for word in self.unit.name.split(".") if word)


class Openings:
    """The engines of a service."""

    def __init__(self, ask: Evaluator, sinks: tuple[Sink, ...]) -> None:
        self.ask = ask
        self._sinks = sinks
        self._choices: dict[Unit, tuple[Span, ...]] = {}

    @cached_property
    def of_code(self) -> tuple[Opening, ...]:
        """Where the service's own code gives a URL to an engine, and nothing around it decides by that URL.

        Where engines of both kinds stand side by side for one URL, it is not known which of them it is for.
        """
        found = [opening for sink in self._sinks for opening in self._opening(sink)]
        takers: dict[tuple[Unit, Site], set[str]] = {}
        for opening in found:
            for source in sources(opening.url):
                takers.setdefault((opening.unit, source.site), set()).add(opening.takes)
        return tuple(
            opening
            for opening in found
            if all(len(takers[opening.unit, source.site]) == 1 for source in sources(opening.url))
        )

    def _opening(self, sink: Sink) -> Iterator[Opening]:
        url = tuple(value for role, values in sink.roles if role == "url" for value in values)
        takes = self._takes(sink)
        if url and takes is not None and not self._decided(sink.unit, sink.site.span):
            yield Opening(sink.name, takes, url, sink.site, sink.unit)

    def _takes(self, sink: Sink) -> str | None:
        if sink.is_call:
            call = self._calls.get((sink.site.module, sink.site.span))
            return self._engine(call, sink.unit) if call is not None else None
        for row in knowledge.settings():
            named = sink.name in row.keys.roles or sink.name in row.keys.inner
            if row.driver == sink.driver and named and row.takes is not None:
                package = row.driver.lower().replace("-", "_")
                return row.takes if self.ask.calls.imports(package) else None
        return None

    def _engine(self, call: Call, unit: Unit) -> str | None:
        """Who takes the URL of a call; None for a call that takes none, or in which the URL does not decide."""
        table = knowledge.schemes()
        frame = self.ask.runs.frame(unit)
        if not self.ask.runs.arguments(call, frame)[1].keys().isdisjoint(table.overruling):
            return None
        for callee in self.ask.values(call.func, frame):
            driver = knowledge.drivers().get(callee.name) if isinstance(callee, External) else None
            if driver is not None and driver.takes is not None:
                wrapped = (unit.module, call.span) in self._wrapped and table.taker[driver.takes].mode
                return "sqlalchemy-async" if wrapped else driver.takes
        return None

    @cached_property
    def _calls(self) -> dict[tuple[Module, tuple[int, int]], Call]:
        names = self.ask.calls.ends(name for name, row in knowledge.drivers().items() if row.takes is not None)
        return {(unit.module, call.span): call for call, unit in self.ask.calls.named(names)}

    @cached_property
    def _wrapped(self) -> frozenset[tuple[Module, tuple[int, int]]]:
        """The calls whose engine is made an asynchronous one: `AsyncEngine(create_engine(…))`."""
        wraps = knowledge.schemes().wraps
        ends = {name.rsplit(".", 1)[-1] for name in wraps}
        found: set[tuple[Module, tuple[int, int]]] = set()
        for module in self.ask.modules.values():
            if module.role not in ("code", "migration") or not any(map(module.mentions, ends)):
                continue
            for unit in module.holding(*ends):
                frame = self.ask.runs.frame(unit)
                for call in unit.calls:
                    callees = self.ask.values(call.func, frame)
                    if any(isinstance(callee, External) and callee.name in wraps for callee in callees):
                        given = (value for arg in call.args for value in self.ask.values(arg.value, frame))
                        found |= {(value.frame.unit.module, value.call.span) for value in given
                                  if isinstance(value, Made) and value.call is not None and value.frame is not None}
        return frozenset(found)

    # ---- what is decided by the code

    def _decided(self, unit: Unit, span: Span) -> bool:
        """Whether a test decides if a place is reached, and may do so by the URL or between two kinds of engine."""
        if unit not in self._choices:
            self._choices[unit] = tuple(_choices(unit))
        return any(begin <= span[0] <= end for begin, end in self._choices[unit])

    # ---- Alembic's env.py

    def of_env(self, path: str) -> tuple[tuple[Opening, ...], tuple[Opening, ...]]:
        """The path of an env.py → its engines whose URL the code gives, and those that take the URL of the ini."""
        own: list[Opening] = []
        of_ini: list[Opening] = []
        module = self.ask.modules.get(path)
        units = list(module.units) if module is not None else []
        given = [found for each in units for found in _replacements(each)]
        for unit, call in [(each, call) for each in units for call in each.calls]:
            takes = self._engine(call, unit)
            site = Site(unit.module, call.span)
            if takes is None or self._decided(unit, call.span):
                continue
            frame = self.ask.runs.frame(unit)
            slot = knowledge.drivers()["sqlalchemy.create_engine"].arguments["url"]
            name = (dotted(call.func) or "").rsplit(".", 1)[-1]
            url = None if name.endswith("_from_config") else self.ask.runs.argument(call, frame, slot)
            if url is not None and not any(isinstance(value, Made) and value.name.endswith(_ASKS_INI) for value in url):
                own.append(Opening(name, takes, url, site, unit))
            elif len(given) == 1:
                expr, where = given[0]
                own.append(Opening(name, takes, self.ask.values(expr, self.ask.runs.frame(where)), site, unit))
            elif not given:
                of_ini.append(Opening(name, takes, (), site, unit))
        return tuple(own), tuple(of_ini)


def _choices(unit: Unit) -> Iterator[Span]:
    """The stretches of a unit that run or not by what the URL is, or by which engine is wanted."""
    for stmt in unit.statements:
        blocks = [block for _, block in stmt.branches] if isinstance(stmt, If) else []
        if isinstance(stmt, Match):
            blocks = list(stmt.cases)
        elif isinstance(stmt, If) and not any(_is_deciding(test) for test, _ in stmt.branches if test):
            continue
        if any(block and isinstance(block[-1], Return) for block in blocks):
            yield stmt.span[0], 1 << 62  # all behind it runs only where it did not return
        yield from ((block[0].span[0], block[-1].span[1]) for block in blocks if block)
    for part in unit.parts():
        if isinstance(part, Choice) and _is_deciding(part.test):
            yield part.span


def _is_deciding(test: Expr) -> bool:
    """Whether a test may be about what the URL is, or about which engine is wanted, and not only about absence."""
    for part in walk(test):
        if isinstance(part, Const) and isinstance(part.value, str):
            words = set(split(part.value)) | set(re.findall("[a-z0-9]+", part.value.lower()))
        elif isinstance(part, (Name, Attr)):
            words = set(split(part.id if isinstance(part, Name) else part.name)) - _ADDRESSES
        elif isinstance(part, Call):
            asked = [arg.value for arg in part.args] + ([part.func.base] if isinstance(part.func, Attr) else [])
            words = {word for each in asked for word in split((key_of(each) or "").rsplit(".", 1)[-1])} & _ADDRESSES
        else:
            continue
        if words & _deciding():
            return True
    return False


@cache
def _deciding() -> frozenset[str]:
    dialects = knowledge.schemes().dialects
    drivers = {driver for row in dialects for driver in (*row.synchronous, *row.asynchronous, *row.both)}
    return frozenset({*_KINDS, *_ADDRESSES, *drivers, *(row.dialect for row in dialects)})


def _replacements(unit: Unit) -> Iterator[tuple[Expr, Unit]]:
    """What a unit of env.py puts in the place of the ini's URL."""
    for part in unit.parts():
        if isinstance(part, Call):
            name = (dotted(part.func) or "").rsplit(".", 1)[-1]
            values = [arg.value for arg in part.args]
            at = next((index for index, value in enumerate(values) if _is_key(value)), None)
            if name.startswith("set_") and at is not None and at + 1 < len(values):
                yield _unescaped(values[at + 1]), unit
            elif name.endswith("_from_config") or name in ("update", "dict"):
                yield from ((_unescaped(arg.value), unit) for arg in part.args if arg.name in ("url", _KEY))
        elif isinstance(part, Mapping):
            yield from ((_unescaped(value), unit) for key, value in part.items if key is not None and _is_key(key))
    for stmt in unit.statements:
        targets = stmt.targets if isinstance(stmt, Assign) else ()
        if isinstance(stmt, Assign) and stmt.value is not None and any(
            isinstance(target, Item) and _is_key(target.key) for target in targets
        ):
            yield _unescaped(stmt.value), unit


def _is_key(expr: Expr) -> bool:
    return isinstance(expr, Const) and expr.value == _KEY


def _unescaped(expr: Expr) -> Expr:
    """`url.replace("%", "%%")`, as an ini needs it → `url`"""
    if isinstance(expr, Call) and isinstance(expr.func, Attr) and expr.func.name == "replace" and expr.args:
        first = expr.args[0].value
        if isinstance(first, Const) and first.value == "%":
            return expr.func.base
    return expr
