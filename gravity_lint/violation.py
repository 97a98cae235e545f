"""What a run says: places, trails, findings and violations, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from gravity_lint.record import NamedTuple

Severity = Literal["error", "warning", "note"]
Applicability = Literal["safe", "unsafe", "display"]
"""How far a fix can be trusted: the service behaves as before, once the deployment gives what it must give; a person
must look first; or it only shows what to write.
"""


class Place(NamedTuple):
    """A stretch of one file. Lines and columns count characters from 1; `end_column` is the first column after it."""

    path: str
    """Absolute, with `/`."""
    line: int
    column: int
    end_line: int
    end_column: int


class Step(NamedTuple):
    """One step of a trail: at this place, this happens."""

    place: Place
    message: str


class Remedy(NamedTuple):
    """What would mend a finding, as plain values; `fix` makes edits of it when they are asked for."""

    kind: str
    """By this name `fix` knows what to do."""
    applicability: Applicability
    caution: str = ""
    """What a person must look at before an unsafe fix."""
    places: tuple[Place, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    """What else the kind has to know, by name."""

    def word(self, name: str) -> str:
        """A word by its name; empty where there is none."""
        return dict(self.words).get(name, "")


class Edit(NamedTuple):
    """One stretch of a file's text, from `start` to `end` in characters, and what comes in its place."""

    path: str
    start: int
    end: int
    text: str


class Block(NamedTuple):
    """Code for another place than the file that a finding stands in: the deployment's, a terminal."""

    where: str
    """Where it goes, in words that end before a colon."""
    language: str
    """As the fence of a Markdown file names it."""
    text: str


Shown = tuple[Edit | Block, ...]
"""What would mend a violation: edits, and code for other places."""


class Finding(NamedTuple):
    """What a check found, before a rule gives it a code, a severity and words."""

    place: Place
    fields: Mapping[str, str] = MappingProxyType({})
    """What the rule's message template may name."""
    trail: tuple[Step, ...] = ()
    """From where the value or the start-up begins to the place where it does harm."""
    severity: Severity | None = None
    """Set where the circumstances, not the rule, decide how much it weighs."""
    remedy: Remedy | None = None


class Violation(NamedTuple):
    """A finding in the words and with the weight of its rule."""

    code: str
    name: str
    severity: Severity
    message: str
    place: Place
    service: str
    """The absolute path of the service's root."""
    trail: tuple[Step, ...] = ()
    advice: str = ""
    """What to do about it, in a sentence or two."""
    remedy: Remedy | None = None
