"""What a script runs, as plain data: commands, their words, and where each character of a word stands."""

from __future__ import annotations

import re
from bisect import bisect_right

from gravity_lint.facts.code import Span
from gravity_lint.facts.sql import HOLE
from gravity_lint.record import NamedTuple

MAX_WORD = 100_000
"""Characters of a word that are kept: variables can make it longer than the file."""


class Word(NamedTuple):
    """One word of a command, or a text that stands on its standard input."""

    text: str
    """Without its quotes; `HOLE` for each part that is not known."""
    pieces: tuple[tuple[int, int], ...]
    """Where parts of the text begin, in its characters, and where they stand in the file, in bytes."""
    span: Span
    """As it is written."""

    def at(self, offset: int) -> int:
        """An offset in the text → the byte of the file that stands there."""
        index = bisect_right(self.pieces, (offset, len(self.text) + 2**40)) - 1
        if index < 0:
            return self.span[0]
        start, byte = self.pieces[index]
        return byte + len(self.text[start:offset].replace(HOLE, "").encode("utf-8", "replace"))


class Command(NamedTuple):
    """One command of a script."""

    words: tuple[Word, ...]
    """The program and its arguments; at least one."""
    input: tuple[Word, ...]
    """The texts on its standard input, where they are known."""
    span: Span


class Writer:
    """Builds a word from the parts of a script's text."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._parts: list[str] = []
        self._pieces: list[tuple[int, int]] = []
        self._length = 0

    def literal(self, start: int, end: int, escape: re.Pattern[bytes] | None = None) -> None:
        """Adds a stretch of the file as it is, but for the sign before what is escaped, the pattern's first group."""
        for match in escape.finditer(self.data, start, end) if escape is not None else ():
            self._add(self.data[start:match.start()].decode("utf-8", "replace"), start)
            start = match.end(1)
            if match[0].endswith(b"\n"):  # a line that goes on
                start = match.end()
        self._add(self.data[start:end].decode("utf-8", "replace"), start)

    def word(self, other: Word | None) -> None:
        """Adds the value of a variable, or a hole for one that is not known."""
        if other is None:
            self._add(HOLE, -1)
            return
        self._pieces.extend((self._length + start, byte) for start, byte in other.pieces)
        self._add(other.text, -1)

    def _add(self, text: str, byte: int) -> None:
        if text and self._length < MAX_WORD:
            if byte >= 0:
                self._pieces.append((self._length, byte))
            self._parts.append(text)
            self._length += len(text)

    def done(self, span: Span) -> Word:
        """The word that was built."""
        return Word("".join(self._parts), tuple(self._pieces), span)
