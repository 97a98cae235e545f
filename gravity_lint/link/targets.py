"""What reaches a service's databases, judged: which parts of a target are literals, defaults, or may be missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr, Call, Const, Expr, Loop, Other, walk
from gravity_lint.facts.urls import in_memory, is_database_scheme, parse_url
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.flow import key_of
from gravity_lint.link.modules import Unit, body_of, expressions, statements
from gravity_lint.link.sinks import Sink
from gravity_lint.link.texts import HOLE, Template, templates
from gravity_lint.link.values import (
    UNPACKED,
    Built,
    Environment,
    External,
    Hop,
    Items,
    Joined,
    Literal,
    Site,
    Value,
    Values,
    from_environment,
    literal_text,
)

Origin = OneOf["hardcoded", "default", "credentials", "unchecked"]
ROLES = {
    "url": "URL",
    "host": "host",
    "user": "user",
    "password": "password",
    "database": "database name",
    "file": "file",
}
MAX_JUDGED = 2_000
"""Values of one sink that are judged, those inside others counted each time."""
_DSN = re.compile(
    r"(?:^|[\s;])(?P<key>host|hostaddr|server|data source|user|uid|username|user id|password|pwd|dbname|database|"
    r"initial catalog)\s*=\s*(?P<value>'[^']*'|[^\s;]*)",
    re.IGNORECASE,
)
_DSN_ROLES = {
    "host": "host",
    "hostaddr": "host",
    "server": "host",
    "data source": "host",
    "user": "user",
    "uid": "user",
    "username": "user",
    "user id": "user",
    "password": "password",
    "pwd": "password",
    "dbname": "database",
    "database": "database",
    "initial catalog": "database",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One part of a target that does not come from the deployment as it should."""

    origin: Origin
    role: str
    """In words: URL, host, user, password, database name, file."""
    setting: str
    """The variable or field, or the literal itself."""
    value: str
    sink: str
    driver: str
    site: Site
    trail: tuple[Hop, ...]
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """One role of one sink: what it may be."""

    role: str
    values: Values


def targets(ask: Evaluator, sinks: tuple[Sink, ...]) -> Iterator[Target]:
    """Every misplaced part of every target, each place once, connections before mere settings."""
    guards = Guards(ask)
    seen: set[tuple[str, str, int]] = set()
    judged = (target for sink in sinks for target in _Judge(sink, guards).judge())
    for target in (*judged, *_declared(ask)):
        key = target.origin, target.site.module.path, target.site.span[0]
        if key not in seen:
            seen.add(key)
            yield target


class _Judge:
    """Judges one sink."""

    def __init__(self, sink: Sink, guards: Guards, left: int = MAX_JUDGED) -> None:
        self.sink = sink
        self.guards = guards
        self.left = left
        self.literals: list[tuple[str, Value, str]] = []
        """Role, value and text of each literal part given to the sink itself."""
        self.given: set[str] = set()
        """Roles that the environment has a say in."""

    def judge(self) -> Iterator[Target]:
        for role, values in self.sink.roles:
            for value in values:
                yield from self.value(role, value)
        yield from self._literals()

    def _literals(self) -> Iterator[Target]:
        """The literal arguments of one call are one finding."""
        roles = {role for role, _, _ in self.literals}
        whole = [item for item in self.literals if item[0] in ("url", "file", "host")]
        rest = [item for item in self.literals if item[0] in ("user", "password", "database")]
        located = bool({"url", "file", "host"} & (self.given | roles))
        if whole:
            if len(roles) == 1 or not rest:
                for role, value, text in whole:
                    yield self._target("hardcoded", role, value, text, value.site)
                return
            role, value, text = whole[0]
            yield self._target("hardcoded", role, value, text, self._anchor([*whole, *rest]))
        elif rest and located:
            secret = [item for item in rest if item[0] in ("user", "password")]
            if secret and {"host", "url"} & self.given:
                role, value, text = secret[0]
                yield self._target("credentials", role, value, text, self._anchor(secret))
        elif ("password" in roles or {"user", "database"} <= roles) and not self.given:
            role, value, text = rest[0]
            yield self._target("hardcoded", role, value, text, self._anchor(rest))

    def _anchor(self, items: list[tuple[str, Value, str]]) -> Site:
        """Where a finding about several literals stands: at the first in the call, else at the call."""
        inside = [item[1].site for item in items if self._inside(item[1])]
        if not self.sink.is_call and len(items) > 1:
            return self.sink.site
        unpacked = [item[1].site for item in items if any(hop.message == UNPACKED for hop in item[1].trail)]
        if len(unpacked) == len(items):
            return min(unpacked, key=lambda site: (site.module.path, site.span))
        if inside:
            return min(inside, key=lambda site: site.span)
        return items[0][1].site if len(items) == 1 else self.sink.site

    def _inside(self, value: Value) -> bool:
        site, call = value.site, self.sink.site
        return site.module is call.module and call.span[0] <= site.span[0] and site.span[1] <= call.span[1]

    # ---- one value

    def value(self, role: str, value: Value) -> Iterator[Target]:
        self.left -= 1
        if self.left < 0:
            return
        if isinstance(value, Environment):
            self.given.add(role)
            yield from self._environment(role, value)
        elif isinstance(value, Built):
            parts = [(part, values) for part, values in value.roles if part != "scheme"]
            inner = _Judge(
                replace(self.sink, roles=tuple(parts), site=value.site, is_call=True), self.guards, self.left
            )
            for target in inner.judge():
                yield replace(target, trail=(*target.trail[:-1], *value.trail, target.trail[-1]))
            self.left = inner.left
            self.given.add(role)
        elif isinstance(value, Items) and role == "host":
            self.given.add(role)
        elif isinstance(value, (Literal, Joined)):
            for template in templates((value,)):
                yield from self._text(role, value, template)
        else:
            self.given.add(role)

    def _environment(self, role: str, value: Environment) -> Iterator[Target]:
        if value.default:
            for default in value.default:
                yield from _defaults(default, role, value, self.sink)
        elif not value.required and not value.checked and role in ("url", "host") and not self.guards.stop(value.name):
            yield self._target("unchecked", role, value, value.name, value.site, value.name)

    def _text(self, role: str, value: Value, template: Template) -> Iterator[Target]:
        text = template.text
        if not text.strip() or text == HOLE:
            for hole in template.holes:
                for item in hole:
                    yield from self.value(role, item)
            return
        if isinstance(value, Literal) and value.chosen:
            if _is_target(role, text, self.sink):
                yield self._target("default", role, value, text, value.site)
            return
        parts = list(_parts(role, template))
        if HOLE not in text:
            if _is_target(role, text, self.sink) or role in ("user", "password", "database"):
                self.literals.append((role, value, text))
            return
        if not parts:
            yield from self._unshaped(role, value, template)
            return
        yield from self._shaped(value, parts, text)

    def _unshaped(self, role: str, value: Value, template: Template) -> Iterator[Target]:
        """A text with holes that is no URL: a base with something behind it, or a path."""
        self.given.add(role)
        base = template.text.startswith(HOLE) and role in ("url", "host")
        for number, hole in enumerate(template.holes):
            for item in hole:
                yield from self.value(role if base and number == 0 else "database", item)

    def _shaped(self, value: Value, parts: list[tuple[str, str, list[Values]]], text: str) -> Iterator[Target]:
        literal = {role: part for role, part, holes in parts if part and not holes}
        open_roles = {role for role, _, holes in parts if holes}
        for role, part, holes in parts:
            for hole in holes:
                for item in hole:
                    if part.strip() == HOLE or role != "file":
                        yield from self.value(role, item)
        self.given |= open_roles
        fixed = "host" in literal or ("file" in literal and not from_environment((value,)))
        if fixed and not in_memory(text):
            yield self._target("hardcoded", "url", value, text, value.site)
        elif "host" in open_roles and ("password" in literal or "user" in literal):
            role = "password" if "password" in literal else "user"
            yield self._target("credentials", role, value, literal[role], value.site)

    def _target(self, origin: Origin, role: str, value: Value, text: str, site: Site, setting: str = "") -> Target:
        trail = (*value.trail, Hop(self.sink.site, f"reaches `{self.sink.name}` here"))
        shown = text.replace(HOLE, "…")
        name = setting or (value.name if isinstance(value, Environment) else "") or _named(value) or shown
        return Target(
            origin,
            ROLES.get(role, role),
            name,
            shown,
            self.sink.name,
            self.sink.driver,
            site,
            (Hop(value.site, _begins(value, shown)), *trail),
            knowledge.is_test(name),
        )


def _begins(value: Value, text: str) -> str:
    if isinstance(value, Environment):
        return (
            f"`{value.name}` is read here"
            if value.kind != "setting"
            else f"the setting `{value.name}` is declared here"
        )
    return "the literal stands here" if isinstance(value, Literal) else "it is joined here"


def _named(value: Value) -> str:
    """The name that a value is first given on its way."""
    for hop in value.trail[:1]:
        match = re.match(r"`([^`]+)` is set here", hop.message)
        if match:
            return match[1]
    return ""


def _parts(role: str, template: Template) -> Iterator[tuple[str, str, list[Values]]]:
    """The parts of a URL or DSN with holes: role, text, what its holes may be."""
    text = template.text
    holes = list(template.holes)
    url = parse_url(text)
    if url is not None and role in ("url", "host", "file"):
        holes = holes[url.scheme.count(HOLE) :]
        is_file = url.scheme.startswith(("sqlite", "duckdb"))
        order = [
            ("user", url.user),
            ("password", url.password),
            ("host", url.host),
            ("port", url.port),
            ("file" if is_file else "database", url.database),
        ]
        for name, part in order:
            count = part.count(HOLE) if part else 0
            taken, holes = holes[:count], holes[count:]
            if part and name != "port":
                yield name, part, taken
        return
    if role == "url" and "://" not in text:
        position = 0
        for match in _DSN.finditer(text):
            before = text.count(HOLE, position, match.start("value"))
            del holes[:before]
            count = match["value"].count(HOLE)
            position = match.end()
            yield _DSN_ROLES[match["key"].lower()], match["value"].strip("'"), holes[:count]
            del holes[:count]


def _is_target(role: str, text: str, sink: Sink) -> bool:
    """Whether a literal says where a database is."""
    if role not in ("url", "host", "file") or in_memory(text) or text.strip() in (":memory:", ""):
        return False
    url = parse_url(text) if "://" in text else None
    if url is not None:
        return (
            is_database_scheme(url.scheme) or (not sink.demands_scheme and not _foreign(url.scheme))
        ) and url.names_target
    if "://" in text:
        return False
    return not sink.demands_scheme and (role != "url" or sink.kind != "cache" or bool(text))


def _foreign(scheme: str) -> bool:
    return scheme.startswith(("http", "amqp", "kafka", "nats", "smtp", "memory", "cache", "rpc", "file", "disabled"))


def _defaults(value: Value, role: str, setting: Environment, sink: Sink | None, depth: int = 0) -> Iterator[Target]:
    """What stands in for an absent setting, where it is a literal."""
    name = setting.name or setting.owner.rsplit(".", 1)[-1]
    if isinstance(value, Environment) and depth < 6:
        for inner in value.default:
            yield from _defaults(inner, role, value if value.name else setting, sink, depth + 1)
    elif isinstance(value, (Literal, Joined)) and not (isinstance(value, Joined) and from_environment((value,))):
        for template in templates((value,)):
            text = template.text
            if not text.strip() or (HOLE in text and not _names_host(text)):
                continue
            foreign = "://" in text and not _leads_to_database(text)
            if role in ("url", "host", "file") and (foreign or in_memory(text)):
                continue
            end = (Hop(sink.site, f"reaches `{sink.name}` here"),) if sink is not None else ()
            trail = (Hop(value.site, f"stands in for `{name}` here"), *setting.trail, *end)
            yield Target(
                "default",
                ROLES.get(role, role),
                name,
                text.replace(HOLE, "…"),
                sink.name if sink else "",
                sink.driver if sink else "",
                value.site,
                trail,
                knowledge.is_test(name),
            )


def _names_host(text: str) -> bool:
    """Whether a text with unknown parts at least says which host."""
    url = parse_url(text)
    return url is not None and bool(url.host) and HOLE not in (url.host or "")


def _leads_to_database(text: str) -> bool:
    return is_database_scheme(text.split("://", 1)[0])


# ---- settings that name a database, whether or not something opens it


def _declared(ask: Evaluator) -> Iterator[Target]:
    """Settings and reads of the environment that are named after a database and have a literal default."""
    for unit in ask.objects.classes:
        if ask.objects.is_settings(unit):
            context = f"{unit.last_name} {ask.objects.prefix(unit)}"
            for name in ask.objects.fields(unit):
                role = knowledge.classify(name, context)
                for value in ask.objects.setting(unit, name) if role is not None else ():
                    if isinstance(value, Environment) and role is not None:
                        for default in value.default:
                            yield from _defaults(default, role, value, None)
    for module in ask.calls.code:
        for unit in module.unit.units():
            yield from _read(ask, unit)
    yield from _options(ask)


def _read(ask: Evaluator, unit: Unit) -> Iterator[Target]:
    frame = ask.runs.frame(unit)
    context = unit.last_name if unit.parent is not None else ""
    for call in unit.calls:
        role = _named_role(call, context)
        if role is None or len(call.args) < 2:
            continue
        for value in ask.values(call, frame):
            if isinstance(value, Environment):
                for default in value.default:
                    yield from _defaults(default, role, value, None)


def _options(ask: Evaluator) -> Iterator[Target]:
    """Options of a command line that are named after a database and have a literal default."""
    table = ask.know.option
    ends = {name.rsplit(".", 1)[-1] for name in table}
    for call, unit in ask.calls.named(sorted(ends)):
        frame = ask.runs.frame(unit)
        names = [value.name for value in ask.values(call.func, frame) if isinstance(value, External)]
        spelled = call.func.name if isinstance(call.func, Attr) else ""
        row = next((table[name] for name in names if name in table), None) or next(
            (row for row in ask.know.options if spelled in row.attributes), None
        )
        default = ask.runs.argument(call, frame, row.default) if row is not None else None
        if row is None or default is None:
            continue
        words = [arg.value.value for arg in call.args if isinstance(arg.value, Const) and arg.name is None]
        flags = sorted((word for word in words if isinstance(word, str) and word.startswith("-")), key=len)
        variable = literal_text(ask.runs.argument(call, frame, row.variable) or ())
        name = variable or (flags[-1].strip("-").replace("-", "_") if flags else "")
        role = knowledge.classify(name, "") if name else None
        if role is not None:
            setting = Environment(Site(unit.module, call.span), (), name, "option", default=default)
            for value in default:
                if isinstance(value, Literal):
                    yield from _defaults(value, role, setting, None)


def _named_role(call: Call, context: str) -> str | None:
    """The part of a target that a call asks for by the first literal text in it."""
    for arg in call.args:
        if (
            isinstance(arg.value, Const)
            and isinstance(arg.value.value, str)
            and arg.name in (None, "key", "name", "var")
        ):
            name = arg.value.value
            return knowledge.classify(name, context) if re.fullmatch(r"[A-Za-z][\w.]*", name) else None
    return None


# ---- checks elsewhere


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
