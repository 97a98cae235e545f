"""One part of a database's address that does not come from the deployment as it should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from gravity_lint.link.values import Hop, Site

Origin = OneOf["hardcoded", "default", "credentials", "unchecked"]
ROLES = {
    "url": "URL",
    "host": "host",
    "user": "user",
    "password": "password",
    "database": "database name",
    "file": "file",
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
