"""What talks to a database there and then, and what code may do about its failure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from gravity_lint.knowledge.reading import table
from gravity_lint.record import Record, cached_property


class Contact(Record):
    """Calls that talk to a database: named whole, or as methods of what other calls return."""

    kind: Literal["sql", "document", "cache"]
    calls: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


class Contacts(Record):
    """The table of contacts.yaml."""

    contacts: tuple[Contact, ...]
    retriers: tuple[str, ...]
    """Decorators that try again, and so see a failure."""
    unrelated: tuple[str, ...]
    """Last names of exceptions that a database which is not there does not raise."""
    first_request: tuple[str, ...]
    """Decorators of what the first request runs."""
    swallowers: tuple[str, ...]
    """Calls that make a `with` swallow what is raised in it."""

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Dotted name of every call that talks to a database → the kind of database."""
        rows = self.contacts
        whole = {call: row.kind for row in rows for call in row.calls}
        return whole | {f"{maker}.{name}": row.kind for row in rows for maker in row.of for name in row.methods}


@cache
def contacts() -> Contacts:
    """What talks to databases. Raises `KnowledgeError` when the table is wrong."""
    found: Contacts = table("contacts", Contacts)
    return found
