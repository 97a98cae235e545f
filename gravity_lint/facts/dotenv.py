"""Turns an environment file (`.env.example`) into its variables with their places."""

from __future__ import annotations

import re
from typing import NamedTuple

from gravity_lint.facts.code import Span
from gravity_lint.regex import regex
from gravity_lint.source import Source

MAX_BYTES = 500_000
"""What is longer was not written by hand and is left out."""

_NAME = regex(rb"^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*", re.MULTILINE)
_QUOTED = regex(rb"(?:\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')(?=[ \t]*(?:[ \t]#|\r?$))", re.MULTILINE)
_END = regex(rb"[ \t]\#|\r|$", re.MULTILINE)


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
    found: list[Variable] = []
    for match in _NAME.finditer(source.data):
        start = match.end()
        quoted = _QUOTED.match(source.data, start)
        if quoted is not None:
            end = quoted.end()
        else:
            stop = _END.search(source.data, start)
            end = start + len(source.data[start:stop.start() if stop else start].rstrip(b" \t"))
        text = source.data[start:end].decode("utf-8", "replace")
        found.append(Variable(match[1].decode(), _unquoted(text), (start, end)))
    return tuple(found)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
