"""One part of a database's address that does not come from the deployment as it should."""

from __future__ import annotations

from typing import Literal as OneOf
from typing import NamedTuple

from gravity_lint.link.values import Environment, Hop, Site, Value
from gravity_lint.record import comparable

Origin = OneOf["hardcoded", "default", "credentials", "unchecked"]
ROLES = {
    "url": "URL",
    "host": "host",
    "user": "user",
    "password": "password",
    "database": "database name",
    "file": "file",
}


class Part(NamedTuple):
    """One literal part of a target."""

    role: str
    value: Value
    text: str


@comparable
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
    kind: str = ""
    """Of the database: sql, document, cache."""
    is_call: bool = True
    """Whether a call opens the database; else it is configuration that a library reads."""
    parts: tuple[Part, ...] = ()
    """The literals that one finding is about."""
    beside: tuple[Environment, ...] = ()
    """What of the same address comes from the environment."""
    several: bool = False
    """Whether other literals may come in its place."""
