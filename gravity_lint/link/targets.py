"""What reaches a service's databases, judged: which parts of a target are literals, defaults, or may be missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gravity_lint import knowledge
from gravity_lint.facts.urls import in_memory, is_database_scheme, parse_url
from gravity_lint.link.defaults import FOLDERS, declared, defaults
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.guards import Guards
from gravity_lint.link.sinks import Sink
from gravity_lint.link.target import ROLES, Origin, Part, Target
from gravity_lint.link.texts import HOLE, Template, names_file, templates
from gravity_lint.link.values import (
    UNPACKED,
    Built,
    Environment,
    Hop,
    Items,
    Joined,
    Literal,
    Site,
    Value,
    Values,
    sources,
)
from gravity_lint.record import altered
from gravity_lint.regex import regex

MAX_JUDGED = 2_000
"""Values of one sink that are judged, those inside others counted each time."""
_DSN = regex(
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


def targets(ask: Evaluator, sinks: tuple[Sink, ...]) -> Iterator[Target]:
    """Every misplaced part of every target, each place once, connections before mere settings."""
    guards = Guards(ask)
    seen: set[tuple[str, str, int]] = set()
    judged = (target for sink in sinks for target in _Judge(sink, guards).judge())
    for target in (*judged, *declared(ask)):
        key = target.origin, target.site.module.path, target.site.span[0]
        if key not in seen:
            seen.add(key)
            yield target


class _Judge:
    """Judges one sink."""

    def __init__(self, sink: Sink, guards: Guards, left: int = MAX_JUDGED, call: Site | None = None) -> None:
        self.sink = sink
        self.call = call or sink.site
        """The call whose arguments the literals are: the sink's own, or one that makes a URL for it."""
        self.guards = guards
        self.left = left
        self.literals: list[tuple[str, Value, str]] = []
        """Role, value and text of each literal part given to the sink itself."""
        self.given: set[str] = set(sink.beside)
        """Roles that the environment has a say in."""
        self.listed: set[int] = set()
        """The literals, by identity, of which each is only one of a list."""
        self.tested = guards.tested(sink.unit, sink.site.span)
        """The variable of a database that was asked for first, where the sink is what happens without it."""

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
            for role, value, text in whole:
                items = [(role, value, text), *rest]
                site = self._anchor(items) if rest and len(whole) == 1 else value.site
                yield self._target("hardcoded", role, value, text, site, items=items, several=len(whole) > 1)
        elif rest and located:
            secret = [item for item in rest if item[0] in ("user", "password")]
            if secret and {"host", "url"} & self.given:
                role, value, text = secret[0]
                yield self._target("credentials", role, value, text, self._anchor(secret), items=secret)
        elif ("password" in roles or {"user", "database"} <= roles) and not self.given:
            role, value, text = rest[0]
            yield self._target("hardcoded", role, value, text, self._anchor(rest), items=rest)

    def _anchor(self, items: list[tuple[str, Value, str]]) -> Site:
        """Where a finding about several literals stands.

        At the first in the call, else at the call; where a literal comes from another module, at that literal.
        """
        inside = [item[1].site for item in items if self._inside(item[1])]
        if any(item[1].site.module is not self.call.module for item in items[:1]):
            return items[0][1].site
        if not self.sink.is_call and len(items) > 1:
            return self.sink.site
        unpacked = [item[1].site for item in items if any(hop.message == UNPACKED for hop in item[1].trail)]
        if len(unpacked) == len(items):
            return min(unpacked, key=lambda site: (site.module.path, site.span))
        if inside:
            return min(inside, key=lambda site: site.span)
        return items[0][1].site if len(items) == 1 else self.call

    def _inside(self, value: Value) -> bool:
        site, call = value.site, self.call
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
            sink = altered(self.sink, roles=tuple(parts), is_call=True)
            inner = _Judge(sink, self.guards, self.left, value.site)
            for target in inner.judge():
                yield altered(target, trail=(*target.trail[:-1], *value.trail, target.trail[-1]))
            self.left = inner.left
            self.given.add(role)
        elif isinstance(value, Items) and role == "host":
            if value.items:  # several hosts are one address: its first says where it comes from
                for item in self.guards.ask.runs.force(value.items[0]):
                    if len(value.items) > 1:
                        self.listed.add(id(item))
                    yield from self.value(role, item)
            else:
                self.given.add(role)
        elif isinstance(value, (Literal, Joined)):
            for template in templates((value,)):
                yield from self._text(role, value, template)
        else:
            self.given.add(role)

    def _environment(self, role: str, value: Environment) -> Iterator[Target]:
        if value.default:
            for default in value.default:
                if isinstance(default, Environment) and not default.default and not value.checked:
                    yield from self._environment(role, default)  # a field whose default is a read of the environment
                else:
                    yield from defaults(default, role, value, self.sink)
                    yield from self._joined_default(role, default)
        elif (
            not value.required
            and not value.checked
            and not (self.sink.demands_scheme and role == "url")  # without one, it does without a database
            and role in ("url", "host")
            and not self.guards.stop(value)
        ):
            yield self._target("unchecked", role, value, value.name, value.site, value.name)

    def _joined_default(self, role: str, default: Value) -> Iterator[Target]:
        """The settings that a default is joined from: what stands in for them stands in for it."""
        for template in templates((default,)) if isinstance(default, Joined) else ():
            for part, _, holes in parts_of(role, template):
                for item in (item for hole in holes for item in hole):  # of a file, the whole path is told
                    if isinstance(item, Environment) and item.default and part != "file":
                        yield from self._environment(part, item)

    def _text(self, role: str, value: Value, template: Template) -> Iterator[Target]:
        text = template.text
        if not text.strip() or text == HOLE:
            for hole in template.holes:
                for item in hole:
                    yield from self.value(role, item)
            return
        if isinstance(value, (Literal, Joined)) and value.chosen is not None:
            told = _is_target(role, text, self.sink) or role in ("user", "password", "database")
            if told and (HOLE not in text or names_file(value)):
                yield self._target("default", role, value, text, value.site, value.chosen)
            return
        parts = list(parts_of(role, template))
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
        fixed = "host" in literal or ("file" in literal and HOLE not in text)
        if fixed and not in_memory(text):
            yield self._target("hardcoded", "url", value, text, value.site)
        elif "host" in open_roles and ("password" in literal or "user" in literal):
            role = "password" if "password" in literal else "user"
            yield self._target("credentials", role, value, literal[role], value.site)

    def _target(self, origin: Origin, role: str, value: Value, text: str, site: Site, setting: str = "",
                items: Sequence[tuple[str, Value, str]] = (), several: bool = False) -> Target:
        if origin == "hardcoded" and not setting and (setting := self.tested) != "":
            origin = "default"
        trail = (*value.trail, Hop(self.sink.site, f"reaches `{self.sink.name}` here"))
        shown = text.replace(HOLE, "…")
        name = setting or (value.name if isinstance(value, Environment) else "") or _named(value)
        around = (name, *self.sink.unit.name.split("."))
        return Target(
            origin,
            ROLES.get("url" if "://" in text and role == "host" else role, role),
            name or shown,
            shown,
            self.sink.name,
            self.sink.driver,
            site,
            (Hop(value.site, _begins(value, shown)), *trail),
            any(knowledge.is_test(word) for word in around if word) or self.guards.ask.branches.for_tests(value.site),
            self.sink.kind,
            self.sink.is_call,
            tuple(Part(*item) for item in items or [(role, value, text)]) if id(value) not in self.listed else (),
            tuple(each for _, values in self.sink.roles for each in sources(values) if isinstance(each, Environment)),
            several,
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
    """The name that a value is given at the first step of its way."""
    return value.trail[0].given if value.trail else ""


def parts_of(role: str, template: Template) -> Iterator[tuple[str, str, list[Values]]]:
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
    if role == "host" and text.strip().startswith(":"):
        return False  # a port alone
    url = parse_url(text) if "://" in text else None
    if url is not None:
        return (
            is_database_scheme(url.scheme) or (not sink.demands_scheme and not _foreign(url.scheme))
        ) and url.names_target
    if "://" in text or (role == "url" and text.startswith(FOLDERS)):
        return False
    return not sink.demands_scheme


def _foreign(scheme: str) -> bool:
    return scheme.startswith(("http", "amqp", "kafka", "nats", "smtp", "memory", "cache", "rpc", "file", "disabled"))


def leads_to_database(sink: Sink) -> bool:
    """Whether any address that reaches a sink, defaults included, has a database's scheme."""
    for _, values in sink.roles:
        given = [
            *values,
            *(default for value in sources(values) if isinstance(value, Environment) for default in value.default),
        ]
        for template in templates(tuple(given)):
            if is_database_scheme(template.text.split("://", 1)[0]) and "://" in template.text:
                return True
    return False
