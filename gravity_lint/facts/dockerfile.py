"""Turns a Dockerfile into what its instructions set: variables, base images and what is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from gravity_lint.facts.code import Span
from gravity_lint.facts.kept import kept
from gravity_lint.regex import regex
from gravity_lint.source import Source

MAX_BYTES = 500_000
"""What is longer was not written by hand and is left out."""
MAX_VALUE = 10_000
"""Characters of a value that are kept: variables made of each other double with every line."""

_INSTRUCTION = regex(rb"[ \t]*([A-Za-z]+)(?:[ \t]+|$)")
_ESCAPE = regex(rb"#[ \t]*escape[ \t]*=[ \t]*(\S)", re.IGNORECASE)
_HEREDOC = regex(rb"<<-?[ \t]*[\"']?([A-Za-z_]\w*)[\"']?")
_PAIR = regex(r"""(?:^|(?<=\s))(?P<key>[^\s=]+)=
                       (?P<value>(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])*)""", re.DOTALL | re.VERBOSE)
_EXPORT = regex(r"""\bexport\s+(?P<key>[A-Za-z_]\w*)=(?P<value>"(?:\\.|[^"\\])*"|'[^']*'|[^\s;&|"']+)""")
_WORD = regex(r"""(?P<value>"(?:\\.|[^"\\])*"|'[^']*'|[^\s,\[\]"']+)""")
_VARIABLE = regex(r"\$(?:(\w+)|\{(\w+)(?::?([-+])([^}]*))?\})")


class Setting(NamedTuple):
    """A variable that gets a value while the image is built."""

    instruction: str
    """ENV, ARG, or RUN for an `export`."""
    name: str
    value: str
    """Without its quotes; variables in it as they are written."""
    span: Span
    """Of the value, quotes included."""
    stage: str


class Word(NamedTuple):
    """One word of the command that the container runs."""

    text: str
    span: Span
    stage: str


class Stage(NamedTuple):
    image: str
    name: str
    """In lower case; empty where it has none."""


class DockerfileFacts(NamedTuple):
    stages: tuple[Stage, ...]
    settings: tuple[Setting, ...]
    words: tuple[Word, ...]
    """Of CMD and ENTRYPOINT."""


class _Instruction(NamedTuple):
    name: str
    text: str
    """Its arguments; line continuations and comments blanked, so that offsets hold."""
    offset: int
    """Of `text`, in bytes."""
    bytes: tuple[int, ...]
    """Where each character of `text` stands in bytes, from its beginning; empty where each is one byte."""

    def span(self, start: int, length: int) -> Span:
        """A stretch of `text` in characters → in bytes of the file."""
        end = start + length
        if self.bytes:
            start, end = self.bytes[start], self.bytes[end]
        return self.offset + start, self.offset + end


@kept
def parse_dockerfile(source: Source) -> DockerfileFacts:
    """Dockerfile text → its facts; never raises, what is not understood says nothing."""
    if len(source.data) > MAX_BYTES:
        return DockerfileFacts((), (), ())
    stages: list[Stage] = []
    settings: list[Setting] = []
    words: list[Word] = []
    for instruction in _instructions(source.data):
        stage = stages[-1].name if stages else ""
        if instruction.name == "FROM":
            parts = [part for part in instruction.text.split() if not part.startswith("--")]
            named = len(parts) >= 3 and parts[1].upper() == "AS"
            stages.append(Stage(parts[0] if parts else "", parts[2].lower() if named else ""))
        elif instruction.name in ("ENV", "ARG"):
            settings.extend(_settings(instruction, stage))
        elif instruction.name == "RUN":
            settings.extend(_setting("RUN", match["key"], match["value"], instruction, match.start("value"), stage)
                            for match in _EXPORT.finditer(instruction.text))
        elif instruction.name in ("CMD", "ENTRYPOINT"):
            words.extend(Word(_unquoted(match["value"]), instruction.span(match.start(), len(match["value"])), stage)
                         for match in _WORD.finditer(instruction.text))
    return DockerfileFacts(tuple(stages), tuple(settings), tuple(words))


def expand(value: str, known: dict[str, str], hole: str) -> str:
    """A value with its variables replaced: by what is known of them, by their own default, or by `hole`."""
    def replace(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name in known:
            return known[name]
        if match[3] == "-":
            return match[4]
        return hole
    return _VARIABLE.sub(replace, value[:MAX_VALUE])[:MAX_VALUE]


def _instructions(data: bytes) -> Iterator[_Instruction]:
    """The instructions, several lines made one."""
    escape, heredoc = b"\\", b""
    name, offset, position = "", 0, 0
    parts: list[bytes] = []
    for number, line in enumerate(data.split(b"\n")):
        start, position = position, position + len(line) + 1
        bare = line.strip()
        if heredoc:
            heredoc = b"" if bare == heredoc else heredoc
            continue
        if number == 0 and (directive := _ESCAPE.match(bare)):
            escape = directive[1]
        if bare.startswith(b"#") or (name and not bare):
            parts += [b" " * (len(line) + 1)] if name else []
            continue
        if not name:
            match = _INSTRUCTION.match(line)
            if match is None:
                continue
            name, offset = match[1].decode().upper(), start + match.end()
            line = line[match.end():]
        continued = line.rstrip().endswith(escape)
        if continued:
            stripped = line.rstrip()[:-1]
            line = stripped + b" " * (len(line) - len(stripped))
        parts.append(line + b"\n")
        if not continued:
            text = b"".join(parts)
            if name in ("RUN", "COPY", "ADD") and (document := _HEREDOC.search(text)):
                heredoc = document[1]
            yield _instruction(name, text, offset)
            name, parts = "", []
    if name:
        yield _instruction(name, b"".join(parts), offset)


def _instruction(name: str, data: bytes, offset: int) -> _Instruction:
    text = data.decode("utf-8", "replace")
    places = () if data.isascii() else (0, *accumulate(len(character.encode()) for character in text))
    return _Instruction(name, text, offset, places)


def _settings(instruction: _Instruction, stage: str) -> Iterator[Setting]:
    """`ENV A=1 B="2 3"`, the old `ENV A 1 2`, and `ARG A=1 B`."""
    first = instruction.text.split(None, 1)
    if instruction.name == "ENV" and len(first) == 2 and "=" not in first[0]:
        begin = instruction.text.index(first[0]) + len(first[0])
        begin += len(instruction.text[begin:]) - len(instruction.text[begin:].lstrip())
        yield _setting("ENV", first[0], first[1].strip(), instruction, begin, stage)
        return
    for match in _PAIR.finditer(instruction.text):
        yield _setting(instruction.name, match["key"], match["value"], instruction, match.start("value"), stage)


def _setting(kind: str, name: str, value: str, instruction: _Instruction, start: int, stage: str) -> Setting:
    return Setting(kind, name, _unquoted(value), instruction.span(start, len(value)), stage)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
