"""Where a text leaves the service for eyes that should not see a password."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from gravity_lint.knowledge.reading import table
from gravity_lint.record import Record, cached_property

How = Literal["shows", "logs", "returns"]


class Exposure(Record):
    """Calls that show what they are given."""

    how: How
    calls: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    """Methods, where the receiver is not known."""
    receiver: tuple[str, ...] = ()
    """For `attributes`: words with one of which the receiver's last name must end, in lower case."""


class Exposures(Record):
    """The table of exposures.yaml."""

    exposures: tuple[Exposure, ...]
    hiding: tuple[str, ...]
    """Calls that give back a thing whose text form hides its password."""
    hidden_types: tuple[str, ...]
    """Last names of types whose text form hides the value."""
    harmless: tuple[str, ...]
    """Words that, all in one name, make it an address that holds no password."""
    dumps: tuple[str, ...]
    """Methods of a settings object that give all of its fields."""

    @cached_property
    def calls(self) -> Mapping[str, How]:
        """Dotted name → how it shows what it is given."""
        return {call: row.how for row in self.exposures for call in row.calls}


@cache
def exposures() -> Exposures:
    """What shows texts. Raises `KnowledgeError` when the table is wrong."""
    found: Exposures = table("exposures", Exposures)
    return found
