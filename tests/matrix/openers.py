"""Every argument and every key that can carry a part of a database's address, each as one way to open a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias, cast

from gravity_lint import knowledge
from gravity_lint.knowledge import Driver, Setting, Shape, Slot

URLS = {
    "sql": "postgresql://shop:secret@db.internal/shop",
    "document": "mongodb://mongo.internal/shop",
    "cache": "redis://cache.internal:6379/0",
}
LITERALS = {
    "host": "db.internal", "file": "/var/lib/shop.db", "user": "shopkeeper", "password": "sesame", "database": "orders",
}
SCHEMES = {"sql": "postgresql", "document": "mongodb", "cache": "redis"}
Slots: TypeAlias = Mapping[knowledge.DriverRole, Slot]
PLACES = ("url", "host", "file")
PARTS = ("user", "password", "database")
INSTANCE = ("init_app", "bind", "set_bind")
"""Methods of which a class has no use without an instance."""
ENV = 'os.environ["BESIDE_{}"]'


@dataclass(frozen=True)
class Opener:
    """One way to open one database: what to import, what to write, and where the value stands in it."""

    name: str
    row: str
    """The row of the table that it comes from."""
    role: str
    kind: str
    imports: str
    opens: str
    """An expression with TARGET where the value stands."""
    statement: str = ""
    """What stands for `opened = ` and the expression where a line of its own is possible."""
    unpacks: str = ""
    """A call with OPTIONS where a mapping is unpacked; empty where none can be."""
    keyword: str = ""
    """The key of the value in that mapping."""
    needs_none: bool = False
    """It also does without a database, so that a missing address is no mistake."""
    at_module_level: bool = False
    """It is no expression: the statement must stand at the top level of a module."""

    @property
    def id(self) -> str:
        return f"{self.name}.{self.role}"

    def literal(self) -> str:
        """A literal that is believable for the role."""
        return URLS[self.kind] if self.role == "url" else LITERALS[self.role]


@dataclass(frozen=True)
class Leaf:
    """One place in a configuration: the keys to it, its role, and how the mapping is written around the value."""

    keys: tuple[str, ...]
    role: str
    around: str
    """The text of the mapping with TARGET where the value stands."""
    top: str
    """The same without the outermost key."""
    beside: str = ""
    """The outermost key that names the database where the value is a part of it."""


def leaves(shape: Shape) -> Iterator[Leaf]:
    """Every place of a configuration that holds a part of an address."""
    beside = "".join(f'"{key}": "some.{words[0]}.backend", ' for key, words in shape.demands)
    for key, role in shape.roles.items():
        place = _place(shape) if role in PARTS else ""
        given = f'"{place}": {ENV.format("PLACE")}, ' if place else ""
        name = _key(key)
        yield Leaf((name,), role, f'{{{beside}{given}"{name}": TARGET}}', "TARGET", place)
    for key, inner in shape.inner.items():
        name = _key(key)
        if inner.itself is not None:
            yield Leaf((name,), inner.itself, f'{{{beside}"{name}": TARGET}}', "TARGET")
        for leaf in leaves(inner):
            place = _place(shape) if leaf.role in PARTS else ""
            given = f'"{place}": {ENV.format("PLACE")}, ' if place else ""
            text = f'{{{beside}{given}"{name}": {leaf.around}}}'
            yield Leaf((name, *leaf.keys), leaf.role, text, leaf.around, place)


def _key(key: str) -> str:
    return "default" if key == "*" else key


def _place(shape: Shape) -> str:
    return next((key for role in ("host", "url") for key, found in shape.roles.items() if found == role), "")


# ---- calls


def _label(number: int, driver: str) -> str:
    return f"{number}:{driver}"


def spelled(call: str, number: int) -> tuple[str, str]:
    """A dotted name → its import and how it is called: by its package, its own name, or another one."""
    parts = call.split(".")
    owned = len(parts) > 2 and parts[-2][:1].isupper()
    parent, names = ".".join(parts[: -2 if owned else -1]), parts[-2 if owned else -1 :]
    if owned and (names[1] in INSTANCE or (names[1] == "init" and "Database" in names[0])):
        return f"from {parent} import {names[0]}", f"{names[0]}().{names[1]}"
    if number % 3 == 0:
        return f"import {parent}", call
    if number % 3 == 1:
        return f"from {parent} import {names[0]}", ".".join(names)
    return f"from {parent} import {names[0]} as other", ".".join(["other", *names[1:]])


def _rows() -> tuple[tuple[str, Driver], ...]:
    return tuple((_label(number, row.driver), row)
                 for number, row in enumerate(dict.fromkeys(knowledge.drivers().values())))


def rows() -> frozenset[str]:
    """The rows of the tables that carry a part of an address."""
    drivers = [label for label, row in _rows() if row.arguments]
    return frozenset([*drivers, *(label for label, _ in _settings())])


def calls() -> Iterator[Opener]:
    """Each argument of each driver row, at each position and under each name, the row's calls in turn."""
    number = 0
    for label, row in _rows():
        for role, slot in row.arguments.items():
            for position, keyword in (*((each, "") for each in slot.positions), *((None, each) for each in slot.names)):
                call = row.calls[number % len(row.calls)]
                for opener in _of_argument(label, row, call, role, position, keyword, number):
                    yield opener
                    number += 1


def every_call() -> Iterator[Opener]:
    """Each dotted name of each row, with the argument that says where the database is."""
    number = 0
    for label, row in _rows():
        role = next((role for role in ("url", "host", "file", "config") if role in row.arguments), None)
        for call in row.calls if role is not None else ():
            slot = row.arguments[cast(knowledge.DriverRole, role)]
            position = slot.positions[0] if slot.positions else None
            keyword = "" if slot.positions else slot.names[0]
            yield from _of_argument(label, row, call, role or "", position, keyword, number)
            number += 1


def _of_argument(label: str, row: Driver, call: str, role: str, position: int | None, keyword: str,
                 number: int) -> Iterator[Opener]:
    where = f"[{position}]" if position is not None else f"({keyword}=)"
    if role == "config":
        assert row.keys is not None
        for step, leaf in enumerate(leaves(row.keys)):
            imports, name = spelled(call, number + step)
            given = _arguments(row.arguments, "config", position, keyword, leaf.around)
            yield Opener(f"{call}{where}{list(leaf.keys)}", label, leaf.role, row.kind, _os(imports, given),
                         f"{name}({given})", needs_none=row.demands_scheme)
        return
    imports, name = spelled(call, number)
    given = _arguments(row.arguments, role, position, keyword, "TARGET")
    unpacks = ""
    if keyword:
        beside = _beside(row.arguments, role, frozenset())
        unpacks = f"{name}({', '.join([*beside, '**OPTIONS'])})"
    yield Opener(f"{call}{where}", label, role, row.kind, _os(imports, given), f"{name}({given})",
                 unpacks=unpacks, keyword=keyword, needs_none=row.demands_scheme)


def _os(imports: str, text: str) -> str:
    return f"import os\n{imports}" if "os.environ" in text else imports


def _arguments(slots: Slots, role: str, position: int | None, keyword: str, value: str) -> str:
    """The arguments of a call: the value in its place, what must stand before it, and where the database is."""
    given: list[str] = []
    filled = {role}
    for number in range(position or 0):
        other = next((name for name, slot in slots.items() if number in slot.positions), "")
        filled.add(other)
        given.append(ENV.format(other.upper()) if other and other != "config" else "None")
    given.append(value if position is not None else f"{keyword}={value}")
    beside = _beside(slots, role, frozenset(filled)) if role in PARTS else []
    if beside and "=" not in beside[0].split("[", 1)[0]:  # by its position only, so before what has a name
        return ", ".join([*beside, *given]) if position is None else ", ".join(_padded(slots, given, beside[0]))
    return ", ".join([*given, *beside])


def _beside(slots: Slots, role: str, filled: frozenset[str]) -> list[str]:
    if role not in PARTS or {"host", "url"} & filled:
        return []
    slot = slots.get("host") or slots.get("url")
    if slot is None:
        return []
    env = ENV.format("PLACE")
    return [f"{slot.names[0]}={env}"] if slot.names else [*["None"] * slot.positions[0], env][-1:]


def _padded(slots: Slots, given: list[str], place: str) -> list[str]:
    slot = slots["host"] if "host" in slots else slots["url"]
    return [*given, *["None"] * (slot.positions[0] - len(given)), place]


# ---- keys


def _settings() -> tuple[tuple[str, Setting], ...]:
    return tuple((f"{row.where} {_label(number, row.driver)}", row) for number, row in enumerate(knowledge.settings()))


def keys() -> Iterator[Opener]:
    """Each key of each library's configuration, set as its framework sets it."""
    number = 0
    for label, row in _settings():
        for leaf in leaves(row.keys):
            yield _of_key(label, row, leaf, number)
            number += 1


def _of_key(label: str, row: Setting, leaf: Leaf, number: int) -> Opener:
    name, first = f"{row.where} {list(leaf.keys)}", leaf.keys[0]
    place = f"{leaf.beside}={ENV.format('PLACE')}, " if leaf.beside and leaf.top == "TARGET" else ""
    if row.where == "django":
        beside = f"{leaf.beside} = {ENV.format('PLACE')}\n" if place else ""
        head = f"import os\nINSTALLED_APPS = ['orders']\n{beside}".rstrip("\n")
        return Opener(name, label, leaf.role, row.kind, head, "", f"{first} = {leaf.top}",
                      needs_none=row.demands_scheme, at_module_level=True)
    library = f"import {row.imports[0]}\n" if row.imports else ""
    if row.where == "celery":
        imports = f"import os\n{library}from celery import Celery\napplication = Celery('orders')"
        return Opener(name, label, leaf.role, row.kind, imports,
                      f"application.conf.update({place}{first}={leaf.top})",
                      f"application.conf.{first} = {leaf.top}" if number % 2 and not place else "",
                      needs_none=row.demands_scheme)
    imports = f"import os\n{library}from flask import Flask\napplication = Flask(__name__)"
    method = ("update", "from_mapping")[number % 2]
    return Opener(name, label, leaf.role, row.kind, imports,
                  f"application.config.{method}({place}{first}={leaf.top})",
                  f'application.config["{first}"] = {leaf.top}' if number % 3 == 0 and not place else "",
                  needs_none=row.demands_scheme)


@cache
def openers() -> tuple[Opener, ...]:
    """Everything that can carry a part of an address, each once."""
    return tuple(dict.fromkeys([*calls(), *keys()]))
