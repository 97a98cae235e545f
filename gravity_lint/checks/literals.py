"""What mends a literal address: the variables that take the place of its parts, and how the service reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from gravity_lint import mask
from gravity_lint.checks.readers import Reading, Ways
from gravity_lint.checks.runners import Runner, caution_of, runners, told_variables
from gravity_lint.facts.code import Choice, Logic, Span
from gravity_lint.facts.urls import parse_url, positions
from gravity_lint.knowledge.names import classify, kind_of, scheme_kind
from gravity_lint.link.modules import Module
from gravity_lint.link.texts import HOLE, templates
from gravity_lint.link.values import Environment, Joined, Literal, Site, Value, from_environment
from gravity_lint.record import NamedTuple, cached_property
from gravity_lint.regex import regex
from gravity_lint.violation import Applicability, Place, Remedy

if TYPE_CHECKING:
    from gravity_lint.link.service import Service
    from gravity_lint.link.target import Part, Target

_PARTS: Mapping[str, Mapping[str, str]] = {
    "sql": {"url": "DATABASE_URL", "host": "DB_HOST", "user": "DB_USER", "password": "DB_PASSWORD",
            "database": "DB_NAME", "file": "DATABASE_PATH"},
    "document": {"url": "URI", "host": "HOST", "user": "USER", "password": "PASSWORD", "database": "DATABASE",
                 "file": "PATH"},
    "cache": {"url": "URL", "host": "HOST", "user": "USERNAME", "password": "PASSWORD", "database": "DB",
              "file": "PATH"},
}
"""Kind of database and role → the variable's name; of what is not SQL, what stands behind the product's name."""
_SUFFIX = {"url": "URL", "host": "HOST", "user": "USER", "password": "PASSWORD", "database": "NAME", "file": "PATH"}
_SAME = ({"url", "host"}, {"url", "file"}, {"database", "file"})
"""Roles that one name may stand for."""
_BRANDS = ("couchdb", "couchbase", "cassandra", "memcached", "redis", "mongo")
_CONSTANT = regex(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_FORMATTED = regex(rb"[rR]?[fF][rR]?[\"']")
_WORD = regex(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")


class Piece(NamedTuple):
    """A literal that a variable takes the place of."""

    role: str
    site: Site
    """Of the expression that goes, or of the formatted text of which the role goes."""
    text: str
    inside: bool
    """Whether only the role in a formatted text goes."""
    given: str
    """What the code calls it."""


class Literals:
    """The remedies of a service's literal addresses."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ways = Ways(service)
        self._names: dict[tuple[str, str, str], str] = {}
        self._taken: dict[str, tuple[str, str]] = {}
        self._merged: set[str] = set()
        self._standing: dict[Module, frozenset[Span]] = {}
        for name, value in told_variables(service):
            if self._ways.reads(name):
                self._taken.setdefault(name, (value, self._ways.asked[name]))
        for target in service.targets:  # in their order, so that each has the same names whatever is fixed first
            if target.origin in ("hardcoded", "credentials") and not target.is_test:
                for piece in self._pieces(target):
                    self._name(piece, target)

    def remedy(self, target: Target) -> Remedy | None:
        """What mends one; None where no variable can take its place as it is written."""
        pieces = list(dict.fromkeys(self._pieces(target)))
        if target.is_test or not pieces:
            return None
        readings = [(piece, self._ways.reading(piece.site, self._name(piece, target), piece.role, target.beside))
                    for piece in pieces]
        variables = list(dict.fromkeys(reading.variable for _, reading in readings))
        known = {reading.variable for _, reading in readings if reading.known}
        found = {variable: runners(self._service, variable) for variable in variables}
        lacking = {variable: [each for each in found[variable] if not each.sets] for variable in variables}
        caution = "; ".join((*self._doubts(variables, known), *caution_of(lacking, all(found.values()))))
        adds = list(dict.fromkeys([*(each.path for runs in lacking.values() for each in runs if each.adds),
                                   *self._example(found)]))
        places = (*(self._service.place(piece.site) for piece, _ in readings),
                  *(Place(path, 1, 1, 1, 1) for path in adds))
        words = (("parts", str(len(readings))), *_told(readings), *_containers(lacking))
        applicability: Applicability = "unsafe" if caution else "safe"
        if target.several:
            applicability, caution = "display", f"it is one of several literals: let `{variables[0]}` take the place " \
                                                "of them all"
        elif any(self._stands_in(piece.site) for piece in pieces):
            applicability, caution = "display", "it stands in for something else, which must be given then"
        return Remedy("read-environment", applicability, caution, places, words)

    def _stands_in(self, site: Site) -> bool:
        """Whether a literal is what an `or` or a conditional expression gives in place of something else."""
        found = self._standing.get(site.module)
        if found is None:
            found = self._standing[site.module] = frozenset(_behind(site.module))
        return site.span in found

    # ---- what goes

    def _pieces(self, target: Target) -> Iterator[Piece]:
        for part in target.parts:
            yield from self._of(part, target)

    def _of(self, part: Part, target: Target) -> Iterator[Piece]:
        value = part.value
        if isinstance(value, Literal):
            if isinstance(value.value, str):
                yield Piece(_role(part.role, part.text), value.site, part.text, False, _given(value))
        elif isinstance(value, Joined):
            roles = ("user", "password") if target.origin == "credentials" else tuple(_SUFFIX)[1:]
            yield from self._joined(value, roles)

    def _joined(self, value: Joined, roles: Iterable[str]) -> Iterator[Piece]:
        """Of a text that is joined: what its literal parts are, each where it stands; or all of it, if nothing of it
        comes from elsewhere."""
        template = next(templates((value,)), None)
        if template is None:
            return
        text = template.text
        where = {role: span for role, span in positions(text).items()
                 if role in roles and text[span[0]:span[1]] and HOLE not in text[span[0]:span[1]]}
        beyond = {(start, start + len(str(piece.value))): piece for start, piece in template.pieces
                  if isinstance(piece, Literal) and isinstance(piece.value, str)
                  and not _within(piece.site, value.site)}
        outer = {role: beyond[span] for role, span in where.items() if span in beyond}
        inner = {role: span for role, span in where.items() if role not in outer}
        secret = [span for role, span in positions(text).items() if role in ("user", "password")]
        apart = any(start < end and begin < stop for begin, stop in beyond for start, end in secret)
        if (HOLE not in text and not outer and not apart) or _beside_code(text, template.holes):
            yield Piece("url" if "://" in text else "file", value.site, text, False, _given(value))
            return
        formatted = bool(_FORMATTED.match(value.site.module.text, value.site.span[0]))
        if inner.keys() - ({"database"} if outer and not formatted else set()) and not formatted:
            return
        for role, piece in outer.items():
            yield Piece(role, piece.site, str(piece.value), False, _given(piece))
        for role, (start, end) in inner.items() if formatted else ():
            yield Piece(role, value.site, text[start:end], True, "")

    # ---- names

    def _name(self, piece: Piece, target: Target) -> str:
        kind = scheme_kind(piece.text) if "://" in piece.text else None
        key = piece.role, kind or target.kind, piece.text
        if key not in self._names:
            self._names[key] = self._new_name(piece, target, kind or target.kind)
        return self._names[key]

    def _new_name(self, piece: Piece, target: Target, kind: str) -> str:
        own = [name for name in (piece.given, "" if target.is_call else target.sink)
               if _CONSTANT.fullmatch(name) and _fits(name, piece.role, kind) and not name.startswith("SQLALCHEMY")]
        name = next(iter((*own, *_beside(target.beside, piece.role), *self._set(piece.role, kind),
                          _usual(piece.role, kind, target.driver))))
        known = self._taken.get(name)
        if known is not None and target.several:
            return name
        if known is not None and known != (piece.text, target.sink):
            if (known[1] == target.sink and not target.is_call) or own:
                self._merged.add(name)
                return name
            if not _alike(known[0], piece):
                name = next(each for each in self._longer(name, piece) if each not in self._taken)
        self._taken[name] = piece.text, target.sink
        return name

    def _set(self, role: str, kind: str) -> list[str]:
        """What the deployment sets already for such a part, and no code reads."""
        modules = self._service.modules.values()
        found = [name for name in self._told if _fits(name, role, kind) and classify(name) == role
                 and not any(module.mentions(name) for module in modules)]
        return found if len(found) == 1 else []

    @cached_property
    def _told(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, _ in told_variables(self._service)))

    def _longer(self, name: str, piece: Piece) -> Iterator[str]:
        """The name with the database's own before it, or the module's, or a number behind it."""
        spans = positions(piece.text)
        database = next((piece.text[slice(*spans[role])] for role in ("database", "file") if role in spans), "")
        if piece.role in ("database", "file"):
            database = piece.text
        stem = database.rpartition("/")[2].partition(".")[0]
        for word in (re.sub(r"_?(?:db|database)$", "", stem, flags=re.IGNORECASE), piece.site.module.stem):
            if _WORD.fullmatch(word) and HOLE not in word:
                yield f"{word.upper()}_{name}"
        yield from (f"{name}_{number}" for number in range(2, 1_000_000))

    def _doubts(self, variables: Iterable[str], known: set[str]) -> Iterator[str]:
        """What of the variables may mean another thing than before."""
        for name in variables:
            if name in self._merged:
                yield f"`{name}` takes the place of different literals"
            if self._ways.reads(name) and name not in known:
                yield f"`{name}` is read already: both are the same database then"

    def _example(self, found: Mapping[str, tuple[Runner, ...]]) -> Iterator[str]:
        """The file that will show the variables, where there is none of that kind."""
        shown = any(each.adds and not each.path.endswith((".yml", ".yaml")) for runs in found.values() for each in runs)
        if not shown and self._service.kind != "library":
            yield f"{self._service.root}/.env.example"


def _alike(known: str, piece: Piece) -> bool:
    """Whether what a variable is said to hold leads to the same database as a literal, as far as that can be told."""
    told, own = mask.mask(known), mask.mask(piece.text)
    if told == own or piece.role == "password" or "$" in told:
        return True
    one, other = parse_url(told), parse_url(own)
    return one is not None and other is not None and one.database == other.database


def _beside_code(text: str, holes: Iterable[Iterable[Value]]) -> bool:
    """Whether a text is the path of a file in a folder that the code finds by itself."""
    path = positions(text).get("file") if "://" in text else (0, len(text))
    return path is not None and text[slice(*path)].startswith(HOLE) and text.count(HOLE) == 1 \
        and not from_environment(value for hole in holes for value in hole)


def _role(role: str, text: str) -> str:
    return "url" if "://" in text and role == "host" else role


def _given(value: Value) -> str:
    return value.trail[0].given if value.trail else ""


def _behind(module: Module) -> Iterator[Span]:
    """What the `or`s and conditional expressions of a module give in place of something else."""
    for unit in module.units:
        for part in unit.parts():
            operands = part.parts[1:] if isinstance(part, Logic) else (part.then, part.other) \
                if isinstance(part, Choice) else ()
            yield from (operand.span for operand in operands)


def _within(site: Site, around: Site) -> bool:
    return site.module is around.module and around.span[0] <= site.span[0] and site.span[1] <= around.span[1]


def _fits(name: str, role: str, kind: str) -> bool:
    """Whether a name may be that of a variable for a part of such a database."""
    found = classify(name)
    return (found == role or {found, role} in _SAME) and kind_of(name) in (kind, None if kind == "sql" else kind)


def _beside(environment: Iterable[Environment], role: str) -> Iterator[str]:
    """The name in the manner of those that other parts of the same address have."""
    for each in environment:
        prefix, _, last = each.name.rpartition("_")
        if prefix and _CONSTANT.fullmatch(each.name) and classify(each.name) not in (None, role):
            database = "DB" if last == "DB" else "NAME" if prefix.endswith(("DB", "DATABASE")) else "DATABASE"
            yield f"{prefix}_{database if role == 'database' else _SUFFIX[role]}"


def _usual(role: str, kind: str, driver: str) -> str:
    if driver == "Celery":
        return "CELERY_RESULT_BACKEND"
    if kind == "sql":
        return _PARTS["sql"][role]
    lower = driver.lower()
    brand = next((brand for brand in _BRANDS if brand in lower), "redis" if kind == "cache" else "mongo")
    return f"{'mongodb' if brand == 'mongo' else brand}_{_PARTS[kind][role]}".upper()


def _told(readings: Iterable[tuple[Piece, Reading]]) -> Iterator[tuple[str, str]]:
    """What the fix has to know of each part."""
    for number, (piece, reading) in enumerate(readings):
        shown = mask.HIDDEN if piece.role == "password" else mask.mask(piece.text.replace(f"{HOLE}/", ""))
        yield from ((f"variable:{number}", reading.variable), (f"role:{number}", piece.role),
                    (f"value:{number}", shown),
                    (f"inside:{number}", "yes" * piece.inside), (f"read:{number}", reading.expression),
                    (f"import:{number}", reading.imported), (f"field:{number}", reading.field),
                    (f"home:{number}", reading.home))


def _containers(lacking: Mapping[str, list[Runner]]) -> Iterator[tuple[str, str]]:
    for variable, runs in lacking.items():
        for each in runs:
            if each.containers:
                yield f"containers:{variable}:{each.path}", " ".join(each.containers)
