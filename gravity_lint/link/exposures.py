"""Addresses and passwords of databases that the code prints, logs or returns to a client."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gravity_lint import knowledge
from gravity_lint.facts.code import (
    Attr,
    Call,
    Choice,
    Const,
    Expr,
    Function,
    Item,
    Lambda,
    Name,
    Return,
    Sum,
    Text,
    children,
    dotted,
    walk,
)
from gravity_lint.facts.urls import parse_url
from gravity_lint.knowledge.exposures import How, exposures
from gravity_lint.knowledge.names import split
from gravity_lint.link.calls import spelled
from gravity_lint.link.evaluate import PART, Evaluator
from gravity_lint.link.modules import Module, Unit, body_of, statements
from gravity_lint.link.routes import is_route
from gravity_lint.link.values import (
    Environment,
    External,
    Hop,
    Instance,
    Items,
    Joined,
    Literal,
    Made,
    Site,
    Table,
    Unknown,
    Value,
    Values,
    changed,
    hidden,
)
from gravity_lint.record import comparable
from gravity_lint.regex import regex

_WORDS = r"ur[il]|dsn|conn|pass|pwd|cred|secret|setting|conf|env|db|database"
_SUSPECT = regex(_WORDS, re.IGNORECASE)
"""What stands in a name that may hold an address: most of what is logged holds none, and is not followed."""
_SHOWN = regex(rf"{_WORDS}|://".encode(), re.IGNORECASE)
"""What stands in the arguments of what may show an address."""
_PASSWORD = regex(rb"://[^\s/'\"@:]*:[^\s/'\"@]*@")
_ROUTE = regex(rb"@[\w.\s]+\(\s*[rbuf]*[\"'][/\"']")
"""A decorator that is given a path."""
_MAX_DEPTH = 6
_MAX_FIELDS = 200


@comparable
class Exposed:
    """One address or password that leaves the service."""

    name: str
    """The setting, or the beginning of the literal."""
    role: str
    """url or password"""
    how: How
    call: str
    """What shows it, as it is written."""
    site: Site
    trail: tuple[Hop, ...]
    unit: Unit
    shown: tuple[Expr, ...]
    """What is shown: the arguments of the call, or what is returned."""


def exposed(ask: Evaluator) -> Iterator[Exposed]:
    """Every call and every route of the service's own code that shows an address or a password, each once."""
    among = _among(ask)
    if not among:
        return
    for call, unit, how, name in _showing(ask, among):
        for arg in call.args:
            found = next((one for part in _parts(arg.value) if (one := _first(ask, part, unit))), None)
            if found is not None:
                source, label, role = found
                site = Site(unit.module, call.span)
                hops = (*_begins(source, label), Hop(Site(unit.module, arg.value.span), f"`{name}` is given it here"))
                yield Exposed(label, role, how, name, site, hops, unit, tuple(each.value for each in call.args))
                break
    yield from _routes(ask, among)


def _begins(source: Value, label: str) -> tuple[Hop, ...]:
    kind = "is read here" if isinstance(source, Environment) else "stands here"
    return (Hop(source.site, f"`{label}` {kind}"), *source.trail)


def _showing(ask: Evaluator, among: frozenset[Module]) -> Iterator[tuple[Call, Unit, How, str]]:
    """The calls that show what they are given, as far as that may be an address."""
    table = exposures()
    ends = set(ask.calls.ends(table.calls, proven=False))  # `_how` looks closer at the few that are given an address
    ends |= {name for row in table.exposures for name in row.attributes}
    for call, unit in ask.calls.named(sorted(ends), among=among, given=_SHOWN):
        if any(_parts(arg.value) for arg in call.args):
            how = _how(ask, call, unit)
            if how is not None:
                yield call, unit, how, spelled(call.func)


def _among(ask: Evaluator) -> frozenset[Module]:
    """The modules in which an address or a password may be at hand: where one is named, and beside those."""
    def shown(name: str) -> bool:
        return knowledge.classify(name) in ("url", "password")

    found = ask.calls.speaking(shown)
    found |= {module for module in ask.calls.code if b"://" in module.text and _PASSWORD.search(module.text)}
    found |= {unit.module for unit in ask.objects.settings.classes if _may_hold_address(ask, unit)}
    return ask.carriers.beside(found)


def _may_hold_address(ask: Evaluator, settings: Unit) -> bool:
    """Whether a field of a settings class may be an address or a password, which the name of a store must tell: its
    own, that of the class or a prefix. In a service that has no such name, only what a library declares can have it."""
    return bool(ask.calls.storing) or any(owner.module.role != "code" for owner in ask.objects.lineage(settings)[0])


def _parts(expr: Expr) -> list[Expr]:
    """The parts of a text that may hold an address or a password: what is said around them does not matter."""
    parts = expr.parts if isinstance(expr, (Text, Sum)) else (expr,)
    return [part for part in parts if (_says_address(part) if isinstance(part, Const) else _suspect(part))]


def _says_address(text: Const) -> bool:
    return isinstance(text.value, str) and "://" in text.value


def _suspect(expr: Expr) -> bool:
    for part in walk(expr):
        text = part.id if isinstance(part, Name) else part.name if isinstance(part, Attr) else None
        if text is None and isinstance(part, Const) and isinstance(part.value, str):
            text = part.value if " " not in part.value or "://" in part.value else None  # not what is said to people
        if text is not None and _SUSPECT.search(text):
            return True
    return False


def _how(ask: Evaluator, call: Call, unit: Unit) -> How | None:
    """How a call shows what it is given; None where it does not."""
    table = exposures()
    values = ask.values(call.func, ask.runs.frame(unit))
    for value in values:
        if isinstance(value, External) and value.name in table.calls:
            return table.calls[value.name]
    if isinstance(call.func, Attr) and all(isinstance(value, (External, Unknown)) for value in values):
        base = (dotted(call.func.base) or "").rsplit(".", 1)[-1].lower()
        for row in table.exposures:
            if call.func.name in row.attributes and base.endswith(row.receiver or ("",)):
                return row.how
    return None


def _routes(ask: Evaluator, among: frozenset[Module]) -> Iterator[Exposed]:
    """What functions return to clients."""
    for module in ask.calls.holding_any(knowledge.frameworks().routes):
        for unit in module.units if module in among and module.matches(_ROUTE) else ():
            if not is_route(unit) or not _returns_suspect(unit):
                continue
            for expr, span in unit.flow.returns:
                found = next((one for part in _parts(expr) if (one := _first(ask, part, unit))), None)
                if found is not None:
                    source, label, role = found
                    site = Site(unit.module, span)
                    hops = (*_begins(source, label), Hop(site, f"`{unit.last_name}` returns it here"))
                    yield Exposed(label, role, "returns", unit.last_name, site, hops, unit, (expr,))


def _returns_suspect(unit: Unit) -> bool:
    """Whether a function may return an address or a password: what says so in its text, and then in its statements."""
    text, node = unit.module.text, unit.node
    if text and isinstance(node, Function):
        returned = text.find(b"return", *node.whole)
        if returned < 0 or _SHOWN.search(text, returned, node.whole[1]) is None:
            return False
    stmts = statements(body_of(node))
    return any(isinstance(stmt, Return) and stmt.value is not None and _parts(stmt.value) for stmt in stmts)


# ---- what is in a value


def _first(ask: Evaluator, expr: Expr, unit: Unit) -> tuple[Value, str, str] | None:
    """The first address or password in what an expression may be: where it comes from, its name, its role."""
    return next(_leaks(ask, ask.near(expr, ask.runs.frame(unit)), 0), None)


def leaves(ask: Evaluator, one: Exposed) -> Iterator[tuple[Expr, Value]]:
    """The smallest parts of what is shown that hold an address or a password, each with where that comes from."""
    stack = list(reversed(one.shown))
    while stack:
        part = stack.pop()
        found = _first(ask, part, one.unit) if not isinstance(part, Const) else None
        inner = _inner(part)
        if inner and any(_suspect(each) for each in inner):
            stack.extend(reversed(inner))
        elif found is not None:
            yield part, found[0]


def _inner(expr: Expr) -> tuple[Expr, ...]:
    """What an expression is made of, where that can be looked at piece by piece."""
    if isinstance(expr, Call):
        name = expr.func.name if isinstance(expr.func, Attr) else expr.func.id if isinstance(expr.func, Name) else ""
        return tuple(arg.value for arg in expr.args) if name not in exposures().dumps else ()
    if isinstance(expr, (Attr, Item, Name, Lambda, Choice)):
        return ()
    return children(expr)


def _leaks(ask: Evaluator, values: Values, depth: int) -> Iterator[tuple[Value, str, str]]:
    if depth > _MAX_DEPTH or any(map(_is_masked, values)):
        return  # `url.split("@")[-1] if "@" in url else url` shows no password either way
    for value in values:
        if hidden(value):
            continue
        if isinstance(value, Environment):
            yield from _setting(value)
        elif isinstance(value, Literal):
            yield from _text(value)
        elif isinstance(value, Joined):
            yield from _leaks(ask, tuple(item for part in value.parts for item in part), depth + 1)
        elif isinstance(value, Table):
            for _, item in list(ask.runs.flat(value))[:_MAX_FIELDS]:
                yield from _leaks(ask, ask.runs.force(item), depth + 1)
        elif isinstance(value, Items):
            for item in value.items[:_MAX_FIELDS]:
                yield from _leaks(ask, ask.runs.force(item), depth + 1)
        elif isinstance(value, Instance):
            yield from _object(ask, value, depth)
        elif isinstance(value, Made) and value.name.rsplit(".", 1)[-1] in exposures().dumps:
            func = value.call.func if value.call is not None else None
            if isinstance(func, Attr) and value.frame is not None:
                objects = ask.values(func.base, value.frame)
                yield from _leaks(ask, tuple(item for item in objects if isinstance(item, Instance)), depth + 1)


def _is_masked(value: Value) -> bool:
    """Whether a value is what is left of a text, or what a library made of it: somebody has thought of the password."""
    if isinstance(value, Made):
        return value.name.rsplit(".", 1)[-1] not in exposures().dumps
    return changed(value) or (isinstance(value, Unknown) and value.reason == PART)


def _setting(value: Environment) -> Iterator[tuple[Value, str, str]]:
    role = knowledge.classify(value.name) or knowledge.classify(value.name, value.owner)
    words = set(split(value.name))
    if any(words.issuperset(harmless.split()) for harmless in exposures().harmless):
        return
    if role in ("url", "password") and not value.secret:
        yield value, value.name, role


def _text(value: Literal) -> Iterator[tuple[Value, str, str]]:
    url = parse_url(value.value) if isinstance(value.value, str) and "://" in value.value else None
    if url is not None and url.password:
        yield value, f"{url.scheme}://{url.user or ''}:…@{url.host or ''}", "url"


def _object(ask: Evaluator, value: Instance, depth: int) -> Iterator[tuple[Value, str, str]]:
    """The fields of a settings object, which shows them all."""
    settings = ask.objects.settings
    if value.unit is None or not settings.is_settings(value.unit):
        return
    for owner in ask.objects.lineage(value.unit)[0]:
        for name in settings.fields(owner):
            if settings.is_settings(owner):
                yield from _leaks(ask, settings.setting(owner, name), depth + 1)
