"""Reading a table of knowledge strictly: YAML into records by the types of their fields."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gravity_lint.record import NamedTuple, Record

Role = Literal["url", "host", "user", "password", "database", "file"]
ROLES: tuple[Role, ...] = get_args(Role)
"""What a part of a database's address can be.

`url` is a URL or a DSN, `host` a host, which some libraries also let hold a URL or a list of either, `file` the path of
a database's file.
"""

_HERE = Path(__file__).parent


class KnowledgeError(Exception):
    """A table that is not what its types demand; names the file and the row."""


class Slot(NamedTuple):
    """Where an argument stands in a call: positions counted from 0 without `self` or `cls`, and keyword names."""

    positions: tuple[int, ...]
    names: tuple[str, ...]


class Shape(NamedTuple):
    """Where the roles lie in a mapping.

    In YAML a mapping of keys to roles or to further shapes, with three signs: `*` is any key, `=` is the value itself
    where it is no mapping, and `?` holds conditions, a key and words of which its value must contain one.
    """

    roles: Mapping[str, Role]
    inner: Mapping[str, Shape]
    itself: Role | None
    demands: tuple[tuple[str, tuple[str, ...]], ...]

    def at(self, key: str) -> Role | Shape | None:
        """What lies under a key: a role, a further shape or, where the shape knows nothing of it, None."""
        for name in (key, "*"):
            if name in self.roles:
                return self.roles[name]
            if name in self.inner:
                return self.inner[name]
        return None


def table(name: str, kind: Any) -> Any:
    """The table `name`.yaml of this folder: as it was built into the wheel, or read. Raises `KnowledgeError`."""
    try:
        return import_module(f"gravity_lint.built.{name}").TABLE
    except ModuleNotFoundError:  # in a checkout
        return load(_HERE / f"{name}.yaml", kind)


def load(path: Path, kind: Any) -> Any:
    """A YAML file → a value of type `kind`. Raises `KnowledgeError` with file and row for whatever does not fit."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is ten times faster, and not in every build
    try:
        data = yaml.load(path.read_bytes(), loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise KnowledgeError(f"{path.name}{line}: {getattr(error, 'problem', None) or error}") from None
    return _value(data, kind, path.name)


def _value(data: Any, kind: Any, where: str) -> Any:
    """Plain YAML data → a value of type `kind`; `where` names the file and the row for errors."""
    origin = get_origin(kind)
    if kind is Slot:
        return _slot(data, where)
    if kind is Shape:
        return _shape(data, where)
    if _is_record(kind):
        return _record(data, kind, where)
    if origin is tuple:
        return _series(data, get_args(kind)[0], where)
    if origin is Mapping:
        if not isinstance(data, dict):
            raise KnowledgeError(f"{where}: must be a mapping, not {data!r}")
        key, value = get_args(kind)
        return MappingProxyType({_value(k, key, where): _value(v, value, f"{where}: {k}") for k, v in data.items()})
    if origin in (Union, UnionType):
        choices = tuple(choice for choice in get_args(kind) if choice is not type(None))
        return _value(data, choices[0], where) if len(choices) == 1 else _plain(data, choices, where)
    if origin is Literal:
        if data not in get_args(kind):
            raise KnowledgeError(f"{where}: must be one of {', '.join(map(str, get_args(kind)))}, not {data!r}")
        return sys.intern(data)
    return _plain(data, (kind,), where)


def _plain(data: Any, kinds: tuple[type, ...], where: str) -> Any:
    if type(data) not in kinds:
        raise KnowledgeError(f"{where}: must be {' or '.join(kind.__name__ for kind in kinds)}, not {data!r}")
    return data


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Record)


@cache
def _types(kind: Any) -> Mapping[str, Any]:
    """The types of a record's fields."""
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind._fields}


def _record(data: Any, kind: Any, where: str) -> Any:
    types = _types(kind)
    if not isinstance(data, dict):
        raise KnowledgeError(f"{where}: must be a mapping with {', '.join(types)}, not {data!r}")
    if unknown := [str(key) for key in data if key not in types]:
        raise KnowledgeError(f"{where}: has no key {', '.join(unknown)}; known are {', '.join(types)}")
    if missing := sorted(kind._required - data.keys()):
        raise KnowledgeError(f"{where}: lacks {', '.join(missing)}")
    return kind(**{key: _value(value, types[key], f"{where}: {key}") for key, value in data.items()})


def _series(data: Any, kind: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise KnowledgeError(f"{where}: must be a list, not {data!r}")
    if not _is_record(kind):
        return tuple(_value(item, kind, where) for item in data)
    return tuple(_value(item, kind, f"{where}: row {number}{_title(item)}") for number, item in enumerate(data, 1))


def _title(row: Any) -> str:
    """The first plain value of a row, so that an error names it in words too."""
    values = row.values() if isinstance(row, dict) else ()
    return next((f" ({value})" for value in values if isinstance(value, str)), "")


def _slot(data: Any, where: str) -> Slot:
    if not isinstance(data, list) or not all(type(item) in (int, str) for item in data):
        raise KnowledgeError(f"{where}: must be a list of positions and names, not {data!r}")
    return Slot(tuple(item for item in data if isinstance(item, int)),
                tuple(item for item in data if isinstance(item, str)))


def _shape(data: Any, where: str) -> Shape:
    if not isinstance(data, dict):
        raise KnowledgeError(f"{where}: must be a mapping of keys to roles, not {data!r}")
    roles: dict[str, Role] = {}
    inner: dict[str, Shape] = {}
    demands: tuple[tuple[str, tuple[str, ...]], ...] = ()
    for key, value in data.items():
        if key == "?":
            demands = tuple(_value(value, Mapping[str, tuple[str, ...]], f"{where}: ?").items())
        elif isinstance(value, dict):
            inner[str(key)] = _shape(value, f"{where}: {key}")
        elif value in ROLES:
            roles[str(key)] = value
        else:
            raise KnowledgeError(f"{where}: {key}: must be one of {', '.join(ROLES)}, not {value!r}")
    return Shape(MappingProxyType(roles), MappingProxyType(inner), roles.pop("=", None), demands)
