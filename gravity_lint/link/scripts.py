"""What command lines do to databases, whether a script holds them or the code starts them as processes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from gravity_lint import knowledge
from gravity_lint.facts.code import Span
from gravity_lint.facts.shell import parse_shell
from gravity_lint.facts.sql import HOLE, Statement, statements
from gravity_lint.facts.words import Command, Word
from gravity_lint.record import altered, comparable
from gravity_lint.regex import regex

MAX_DEPTH = 3
"""Scripts inside the arguments of commands that are followed."""

_SECRET = regex(r"\b(?:IDENTIFIED|PASSWORD)\b", re.IGNORECASE)
_STOP = regex(r"[\n;]")
_OPTION = regex(r"--?[A-Za-z][\w-]*=|-[A-Za-z](?=\S)")


@comparable
class Deed:
    """One thing that a command line does to a database."""

    kind: str
    """Of a statement, or of an operation."""
    name: str
    """The program that does it."""
    text: str
    """For people, with `…` for what is not known."""
    span: Span
    """Where the statement or the command stands."""
    statement: Statement | None = None


def deeds(commands: Iterable[Command], depth: int = 0) -> Iterator[Deed]:
    """Commands → what they do to databases; what is `other` is left out."""
    know = knowledge.operations()
    for command in commands:
        words = [word.text for word in command.words]
        at = know.program(words)
        if at is None:  # `sh <<EOF`
            for word in command.input:
                yield from _inner(word, depth)
            continue
        program = know.base(words[at])
        if at and re.search(r"\s", words[at]):  # `su postgres -c "createdb shop"`
            yield from _inner(command.words[at], depth)
            continue
        given = (*command.words[at + 1:], *command.input)
        if program in know.sql:
            yield from (deed for word in given for deed in _statements(word, program))
        elif program in know.mongo:
            yield from (deed for word in given for deed in _functions(word, program))
        if (kind := know.of_command(words)) is not None:
            yield Deed(kind, program, _line(words[at:at + 4]), command.span)


def _line(words: Sequence[str]) -> str:
    """Words for people: one with spaces in it is left out, as nobody could see where it ends."""
    return " ".join("…" if re.search(r"\s", word) else word for word in words).replace(HOLE, "…")


def _statements(word: Word, program: str) -> Iterator[Deed]:
    """The SQL in an argument, which may be written together with its option, or on the standard input."""
    option = _OPTION.match(word.text)
    begin = option.end() if option else 0
    for statement in statements(word.text[begin:]):
        if statement.kind != "other":
            start = begin + statement.offset
            text = spoken(statement, word.text[begin:])
            yield Deed(statement.kind, program, text, _span(word, start, extent(word.text, start)), statement)


def _functions(word: Word, program: str) -> Iterator[Deed]:
    for match in _mongo().finditer(word.text):
        kind = knowledge.operations().mongo_function[match[1]]
        yield Deed(kind, program, f"{match[1]}(…)", _span(word, match.start(1), match.end(1)))


@cache
def _mongo() -> re.Pattern[str]:
    names = "|".join(map(re.escape, knowledge.operations().mongo_function))
    return re.compile(rf"(?<![\w$])({names})\s*[(:]")


def _inner(word: Word, depth: int) -> Iterator[Deed]:
    """What a script inside a word does, told by its places in the file."""
    if depth >= MAX_DEPTH:
        return
    data = word.text.encode("utf-8", "replace")
    for deed in deeds(parse_shell(data), depth + 1):
        start, end = (len(data[:byte].decode("utf-8", "replace")) for byte in deed.span)
        yield altered(deed, span=_span(word, start, end))


# ---- statements for people


def spoken(statement: Statement, text: str) -> str:
    """A statement for people: what it makes and its name, or how it begins; never a password."""
    shown = f"{statement.verb} {statement.object} {statement.name}"
    if not statement.name or not statement.kind.startswith(("create", "alter", "drop")):
        shown = _SECRET.split(text[statement.offset:statement.offset + 80].split(";", 1)[0])[0]
    return " ".join(shown.split()).replace(HOLE, "…")


def extent(text: str, start: int) -> int:
    """Where the first line of the statement that begins there ends."""
    stop = _STOP.search(text, start, start + 200)
    return stop.start() if stop else min(start + 200, len(text))


def _span(word: Word, start: int, end: int) -> Span:
    first = word.at(start)
    return first, max(first, word.at(max(start, end - 1)) + 1)
