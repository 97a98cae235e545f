"""Which URL reaches which engine, and whether that engine can open a URL of its scheme."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from gravity_lint import knowledge
from gravity_lint.facts.code import (
    Assign,
    Attr,
    Block,
    Call,
    Choice,
    Const,
    Expr,
    Function,
    If,
    Item,
    Mapping,
    Match,
    Name,
    Return,
    dotted,
    walk,
)
from gravity_lint.knowledge.names import split
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.flow import key_of
from gravity_lint.link.modules import Module, Unit, body_of, statements
from gravity_lint.link.sinks import Sink
from gravity_lint.link.texts import HOLE, templates
from gravity_lint.link.values import (
    Built,
    Environment,
    External,
    Hop,
    Joined,
    Literal,
    Made,
    Site,
    Value,
    Values,
    changed,
    literal_text,
    sources,
)

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://")
_KEY = "sqlalchemy.url"
_ASKS_INI = (".get_main_option", ".get_section_option")
_ADDRESSES = frozenset({"url", "uri", "dsn"})
_KINDS = frozenset({"async", "asynchronous", "asyncio", "aio", "sync", "synchronous", "scheme", "driver", "drivername",
                    "dialect"})
"""Words of a test that may decide between two kinds of engine."""
_MAX_DEFAULTS = 4


class Fault(NamedTuple):
    """Why an engine cannot open a URL."""

    scheme: str
    why: str
    instead: str
    """The scheme to write; empty where none is known."""


def fault(text: str, takes: str, packages: Collection[str]) -> Fault | None:
    """A URL (behind its scheme it may have holes), who takes it, and the packages that the service may have installed
    → why it cannot be opened; None where it can, or where that is not known."""
    table = knowledge.schemes()
    taker = table.taker[takes]
    if not text.startswith(taker.prefix):
        return None
    match = _SCHEME.match(text.removeprefix(taker.prefix))
    if match is None:
        return None
    scheme = match["scheme"].lower()
    name, _, driver = scheme.partition("+")
    dialect = table.dialect.get(name)
    if dialect is None:
        return None
    if taker.mode is None:
        if not driver or _works(dialect, driver) == "unknown" or scheme in taker.schemes or name not in taker.schemes:
            return None
        return Fault(scheme, "which only SQLAlchemy understands", name)
    works = _works(dialect, driver)
    if works == "synchronous" and not driver and dialect.unless in packages:
        return None
    instead = taker.prefix + dialect.instead[taker.mode]
    if works == "refused":
        return Fault(scheme, "which SQLAlchemy does not know", instead) if taker.mode == "asynchronous" else None
    if works in ("both", "unknown", taker.mode) or any(word in text for word in table.fallbacks):
        return None
    return Fault(taker.prefix + scheme, f"whose driver is {works}", instead)


def _works(dialect: knowledge.Dialect, driver: str) -> str:
    """The engines that a driver works in; without one, what the dialect means."""
    if not driver:
        return dialect.plain
    for mode in ("synchronous", "asynchronous", "both"):
        if driver in getattr(dialect, mode):
            return mode
    return "unknown"


# ---- what opens, and what it is given


@dataclass(frozen=True, slots=True)
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


class Mismatch(NamedTuple):
    """A URL in the code that the engine it is given to cannot open."""

    opening: Opening
    fault: Fault
    site: Site
    """Where the URL's scheme stands."""
    trail: tuple[Hop, ...]
    is_test: bool


class _Text(NamedTuple):
    """A URL whose scheme is known."""

    value: Value
    text: str
    site: Site
    """Where its scheme stands."""
    way: tuple[Hop, ...]
    setting: str = ""
    """The variable or setting that it stands in for."""
    owner: str = ""
    """The class of that setting."""


class Schemes:
    """The engines of a service, and what reaches them as it is."""

    def __init__(self, ask: Evaluator, sinks: tuple[Sink, ...]) -> None:
        self.ask = ask
        self._sinks = sinks

    @cached_property
    def openings(self) -> tuple[Opening, ...]:
        """Where the service's own code gives a URL to an engine, and nothing around it decides by that URL."""
        found = [opening for sink in self._sinks for opening in self._opening(sink)]
        return tuple(opening for opening in found if not self._alternative(opening, found))

    def _opening(self, sink: Sink) -> Iterator[Opening]:
        url = tuple(value for role, values in sink.roles if role == "url" for value in values)
        takes = self._takes(sink)
        if url and takes is not None and not self._decided(sink.unit, sink.site.span):
            yield Opening(sink.name, takes, url, sink.site, sink.unit)

    def _takes(self, sink: Sink) -> str | None:
        if sink.is_call:
            call = self._calls.get((sink.site.module, sink.site.span))
            return self.engine(call, sink.unit) if call is not None else None
        for row in knowledge.settings():
            named = sink.name in row.keys.roles or sink.name in row.keys.inner
            if row.driver == sink.driver and named and row.takes is not None:
                package = row.driver.lower().replace("-", "_")
                return row.takes if package in self.ask.calls.imported else None
        return None

    def engine(self, call: Call, unit: Unit) -> str | None:
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
        names = {name.rsplit(".", 1)[-1] for name, row in knowledge.drivers().items() if row.takes is not None}
        return {(unit.module, call.span): call for call, unit in self.ask.calls.named(sorted(names))}

    @cached_property
    def _wrapped(self) -> frozenset[tuple[Module, tuple[int, int]]]:
        """The calls whose engine is made an asynchronous one: `AsyncEngine(create_engine(…))`."""
        wraps = knowledge.schemes().wraps
        ends = {name.rsplit(".", 1)[-1] for name in wraps}
        found: set[tuple[Module, tuple[int, int]]] = set()
        for module in self.ask.modules.values():
            if module.role not in ("code", "migration") or not any(map(module.mentions, ends)):
                continue
            for unit in module.unit.units():
                frame = self.ask.runs.frame(unit)
                for call in unit.calls:
                    callees = self.ask.values(call.func, frame)
                    if any(isinstance(callee, External) and callee.name in wraps for callee in callees):
                        given = (value for arg in call.args for value in self.ask.values(arg.value, frame))
                        found |= {(value.frame.unit.module, value.call.span) for value in given
                                  if isinstance(value, Made) and value.call is not None and value.frame is not None}
        return frozenset(found)

    # ---- what is decided by the code

    def _decided(self, unit: Unit, span: tuple[int, int]) -> bool:
        """Whether a test decides if a place is reached, and may do so by the URL or between two kinds of engine."""
        for stmt in statements(body_of(unit.node)):
            if isinstance(stmt, Match) and any(_around(block, span) for block in stmt.cases):
                return True
            if not isinstance(stmt, If) or stmt.span[0] > span[0]:
                continue
            blocks = [block for _, block in stmt.branches]
            if (any(_around(block, span) for block in blocks) or any(block and isinstance(block[-1], Return)
                    for block in blocks)) and any(_is_deciding(test) for test, _ in stmt.branches if test):
                return True
        return any(isinstance(part, Choice) and part.span[0] <= span[0] <= part.span[1] and _is_deciding(part.test)
                   for part in unit.parts())

    def _alternative(self, opening: Opening, all_of_them: list[Opening]) -> bool:
        """Whether engines of both kinds stand side by side for one URL: which of them it is for is not known."""
        sites = {source.site for source in sources(opening.url)}
        return any(
            other.unit is opening.unit and other.takes != opening.takes
            and any(source.site in sites for source in sources(other.url))
            for other in all_of_them
        )

    # ---- URLs in the code

    def mismatches(self, packages: Collection[str], openings: tuple[Opening, ...]) -> Iterator[Mismatch]:
        """The URLs in the code that an engine cannot open, each place once: where the URL begins, or, where another
        engine can open it, at the engine."""
        given = [(opening, text) for opening in openings for text in self._given(opening)]
        opened = {text.site for opening, text in given if fault(text.text, opening.takes, packages) is None}
        seen: set[Site] = set()
        for opening, text in given:
            found = fault(text.text, opening.takes, packages)
            site = opening.site if text.site in opened else text.site
            if found is None or site in seen:
                continue
            seen.add(site)
            start = Hop(text.site, f"stands in for `{text.setting}` here" if text.setting else "the URL begins here")
            trail = (start, *text.way, Hop(opening.site, f"reaches `{opening.name}` here"))
            is_test = opening.is_test or any(map(knowledge.is_test, (text.setting, text.owner)))
            yield Mismatch(opening, found, site, trail, is_test)

    def _given(self, opening: Opening) -> list[_Text]:
        """The texts that an engine may be given as they are; none that the code mends on another way to it."""
        unsure = _unsure(opening.url)
        texts = list(self._texts(opening.url, 0)) if _is_known(opening.url) else []
        return [text for text in texts if text.value.site not in unsure and text.site not in unsure]

    def _texts(self, values: Values, depth: int) -> Iterator[_Text]:
        """The texts that values may be as they are, with schemes that are known."""
        for value in values:
            if changed(value):
                continue
            if isinstance(value, Environment):
                if depth < _MAX_DEFAULTS and not self.rewritten(value):
                    for text in self._texts(value.default, depth + 1):
                        yield text._replace(way=(*text.way, *value.trail), setting=text.setting or value.name,
                                            owner=f"{text.owner} {value.owner}")
            elif isinstance(value, Built):
                scheme = next((part for role, part in value.roles if role == "scheme"), ())
                name = literal_text(scheme)
                if name and not any(map(changed, scheme)):
                    yield _Text(value, f"{name}://", scheme[0].site, value.trail)
            elif isinstance(value, (Literal, Joined)):
                yield from _beginning(value)

    # ---- the environment

    def readers(self, openings: tuple[Opening, ...]) -> Iterator[tuple[Environment, Opening]]:
        """The variables that reach an engine as the deployment gives them."""
        for opening in openings:
            if not _is_known(opening.url):
                continue
            unsure = _unsure(opening.url)
            parts = [value for value in opening.url if isinstance(value, (Joined, Built))]
            joined = {source.name for source in sources(parts) if isinstance(source, Environment)}
            for value in opening.url:
                if isinstance(value, Environment) and value.name and value.name not in joined \
                        and not changed(value) and value.site not in unsure and not self.rewritten(value):
                    yield value, opening

    def rewritten(self, value: Environment) -> bool:
        """Whether the class of a setting may give it another text, or a name that is not its own."""
        if value.kind != "setting":
            return False
        objects = self.ask.objects
        for unit in objects.classes:
            if unit.module is not value.site.module:
                continue
            for name, stmt in objects.settings.fields(unit).items():
                if stmt.span == value.site.span:
                    bases = self.ask.know.settings.bases
                    return not any(base in bases for base in objects.lineage(unit)[1]) or self._validated(unit, name)
        return True

    def _validated(self, unit: Unit, name: str) -> bool:
        """Whether a method that runs when the settings are made may give a field another value."""
        for owner in self.ask.objects.lineage(unit)[0]:
            for method in owner.inner.values():
                words = self.ask.objects.decorators(method)
                decorators = method.node.decorators if isinstance(method.node, Function) else ()
                if any(word.endswith("validator") for word in words):
                    named = {part.value for each in decorators for part in walk(each) if isinstance(part, Const)}
                    if named & {name, "*"}:
                        return True
                    if any(word in ("validator", "field_validator") for word in words):
                        continue  # of other fields
                elif method.last_name not in ("__init__", "__post_init__", "model_post_init"):
                    continue
                if any(_speaks_of(part, name) for part in method.parts()):
                    return True
        return False

    # ---- Alembic's env.py

    def of_alembic(self, path: str) -> tuple[tuple[Opening, ...], tuple[Opening, ...]]:
        """The path of an env.py → its engines whose URL the code gives, and those that take the URL of the ini."""
        own: list[Opening] = []
        of_ini: list[Opening] = []
        module = self.ask.modules.get(path)
        units = list(module.unit.units()) if module is not None else []
        given = [found for each in units for found in _replacements(each)]
        for unit, call in [(each, call) for each in units for call in each.calls]:
            takes = self.engine(call, unit)
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


def _speaks_of(part: Expr, name: str) -> bool:
    return (isinstance(part, Const) and part.value == name) or (isinstance(part, Attr) and part.name == name)


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
    for stmt in statements(body_of(unit.node)):
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


def _around(block: Block, span: tuple[int, int]) -> bool:
    return bool(block) and block[0].span[0] <= span[0] <= block[-1].span[1]


def _is_known(values: Values) -> bool:
    """Whether nothing unknown may stand for a URL: it may be another one of them, mended."""
    whole = all(isinstance(value, (Literal, Environment, Joined, Built)) for value in values)
    parts = [value for value in values if isinstance(value, Joined)] if len(values) > 1 else []
    return whole and all(isinstance(source, (Literal, Environment)) for source in sources(parts))


def _unsure(values: Values) -> frozenset[Site]:
    """Where the texts begin that may also reach their engine altered: the code mends some of them."""
    found: set[Site] = set()
    for value in values:
        for item in (value, *sources((value,))):
            if changed(value) or changed(item):
                found.add(item.site)
                found |= {inner.site for inner in _defaults(item, 0)}
    return frozenset(found)


def _defaults(value: Value, depth: int) -> Iterator[Value]:
    """What stands in for a variable."""
    for default in value.default if isinstance(value, Environment) and depth < _MAX_DEFAULTS else ():
        yield default
        yield from _defaults(default, depth + 1)


def _beginning(value: Literal | Joined) -> Iterator[_Text]:
    """A text whose scheme is known, and the place where it begins."""
    for template in templates((value,)):
        match = _SCHEME.match(template.text)
        if match is None or HOLE in match[0]:
            continue
        pieces = [piece for offset, piece in template.pieces if offset < match.end()]
        if not any(map(changed, pieces)):
            yield _Text(value, template.text, pieces[0].site if len(pieces) == 1 else value.site, value.trail)


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
