"""One file's text: read, decoded, and turned from byte offsets into lines and columns."""

from __future__ import annotations

import codecs
import os
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gravity_lint import inputs
from gravity_lint.record import cached_property
from gravity_lint.regex import regex
from gravity_lint.violation import Place

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 20_000_000
"""Files over this many bytes are generated data, not code someone wrote; they are named and left out."""
MAX_PYTHON = 5_000_000
"""The same for Python, of which every byte costs far more."""

_COOKIE = regex(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_FIRST = frozenset(bom[:1] for bom, _ in _BOMS)


class Unreadable(Exception):
    """A file that cannot be read or decoded; says why, and on which line where that is known."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Source:
    """The text of one file, always UTF-8 inside, whatever it was outside.

    Offsets that facts carry are byte offsets into `data`.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    @cached_property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")

    @cached_property
    def _plain(self) -> bool:
        """Whether every character is one byte: then no column need be counted, on lines that may have millions."""
        return self.data.isascii()

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(rb"\n", self.data))]

    def line(self, number: int) -> str:
        """The line with this number, from 1, without its end; empty beyond the last."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.data)
        return self.data[self._starts[number - 1]:end].decode("utf-8", "replace").rstrip("\r\n")

    def position(self, offset: int) -> tuple[int, int]:
        """Byte offset → line and column, both from 1, the column in characters."""
        line = bisect_right(self._starts, offset)
        if self._plain:
            return line, offset - self._starts[line - 1] + 1
        return line, len(self.data[self._starts[line - 1]:offset].decode("utf-8", "replace")) + 1

    def place(self, span: tuple[int, int]) -> Place:
        """A (start, end) pair of byte offsets → the place it names."""
        line, column = self.position(span[0])
        end_line, end_column = self.position(span[1])
        return Place(self.path, line, column, end_line, end_column)

    def whole_line(self, number: int) -> Place:
        """The place of a whole line, from 1."""
        return Place(self.path, number, 1, number, max(len(self.line(number)), 1) + 1)


def decode(data: bytes, python: bool = False) -> bytes:
    """Bytes of a file → the same text as UTF-8 without a byte order mark.

    Honours byte order marks and, for Python, coding cookies (PEP 263). Raises `Unreadable` where the text does not
    fit its encoding, or the encoding is not known.
    """
    bom, encoding = encoding_of(data, python)
    data = data[len(bom):]
    if data.find(b"\0") >= 0 and encoding == "utf-8":
        raise Unreadable("holds a NUL byte, so it is not text", data[:data.index(b"\0")].count(b"\n") + 1)
    try:
        return data if encoding == "utf-8" and data.isascii() else data.decode(encoding).encode("utf-8")
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b"\n") + 1
        raise Unreadable(f"is not {encoding.upper()} text: {error.reason} at byte {error.start}", line) from None
    except (LookupError, UnicodeEncodeError):
        raise Unreadable(f"declares the encoding {encoding!r}, which is not known") from None


def encoding_of(data: bytes, python: bool = False) -> tuple[bytes, str]:
    """The byte order mark with which a file begins, and the encoding of what follows. Raises `Unreadable`."""
    for bom, name in _BOMS if data[:1] in _FIRST else ():
        if data.startswith(bom):
            return bom, name
    return b"", _declared(data) if python else "utf-8"


def encode(text: str, like: bytes, python: bool = False) -> bytes:
    """A text in the encoding of these bytes of a file, with their byte order mark. Raises `Unreadable`."""
    bom, encoding = encoding_of(like, python)
    try:
        return bom + text.encode(encoding)
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        raise Unreadable(f"is {encoding.upper()} text, which has no {letter!r}", 1) from None


def _declared(data: bytes) -> str:
    """The encoding that a coding cookie in the first two lines names, as Python reads it."""
    head = data[:data.find(b"\n", data.find(b"\n") + 1) + 1 or len(data)]
    if head.find(b"coding") < 0:
        return "utf-8"
    for line in head.split(b"\n", 2)[:2]:
        if match := _COOKIE.match(line):
            name = match[1].decode("ascii")
            try:
                known = codecs.lookup(name)
            except LookupError:
                raise Unreadable(f"declares the encoding {name!r}, which is not known") from None
            if not known._is_text_encoding:
                raise Unreadable(f"declares the encoding {name!r}, which is not a text encoding")
            return known.name
        if line.strip() and not line.lstrip().startswith(b"#"):
            break
    return "utf-8"


def open_source(path: str, overlay: Mapping[str, bytes]) -> Source:
    """A file → its `Source`, with the bytes that an overlay gives in place of its own. Raises `Unreadable`."""
    python = path.endswith((".py", ".pyw"))
    data = overlay.get(path)
    return read(path, python) if data is None else Source(path, decode(_limited(data, python), python))


class Texts:
    """The texts of files that violations stand in, read when they are asked for."""

    def __init__(self, overlay: Mapping[str, bytes]) -> None:
        self._overlay = overlay
        self._texts: dict[str, Source | None] = {}

    def get(self, path: str) -> Source | None:
        """A file's text; None where it cannot be read."""
        if path not in self._texts:
            try:
                self._texts[path] = open_source(path, self._overlay)
            except Unreadable:
                self._texts[path] = None
        return self._texts[path]


def read(path: str | Path, python: bool = False) -> Source:
    """A file → its `Source`. Raises `Unreadable` when it is too large, cannot be opened or cannot be decoded."""
    try:
        data = inputs.read(os.fspath(path), _limit(python) + 1)
    except inputs.NotRegular:
        raise Unreadable("is not a regular file") from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a name with a NUL in it
        raise Unreadable(f"cannot be read: {error}") from None
    return Source(os.fspath(path).replace(os.sep, "/"), decode(_limited(data, python), python))


def _limit(python: bool) -> int:
    return MAX_PYTHON if python else MAX_BYTES


def _limited(data: bytes, python: bool) -> bytes:
    """The bytes of a file. Raises `Unreadable` where they are too many."""
    if len(data) > _limit(python):
        raise Unreadable(f"is larger than {_limit(python) // 1_000_000} MB, left out")
    return data


def found_in(text: bytes, word: bytes) -> Iterator[int]:
    """Where a word begins in a text."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)
