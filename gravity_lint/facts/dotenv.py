"""Turns an environment file (`.env.example`) into its variables with their places."""

from __future__ import annotations

import re
from typing import NamedTuple

from gravity_lint.facts.code import Span
from gravity_lint.source import Source

MAX_BYTES = 500_000
"""What is longer was not written by hand and is left out."""

_LINE = re.compile(rb"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*[=][ \t]*
                        (?P<value>"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\n\r]*?)[ \t]*(?:[ \t]\#[^\n]*)?\r?$""",
                   re.MULTILINE | re.VERBOSE)


class Variable(NamedTuple):
    name: str
    value: str
    """Without its quotes; variables in it as they are written."""
    span: Span
    """Of the value, quotes included."""


def parse_dotenv(source: Source) -> tuple[Variable, ...]:
    """The text of an environment file → its variables in order; never raises, other lines say nothing."""
    if len(source.data) > MAX_BYTES:
        return ()
    return tuple(
        Variable(match["name"].decode(), _unquoted(match["value"].decode("utf-8", "replace")), match.span("value"))
        for match in _LINE.finditer(source.data)
    )


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
