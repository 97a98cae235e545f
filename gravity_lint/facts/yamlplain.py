"""Reads the YAML that most people write, line by line, so that only what is unusual needs a parser to be imported."""

from __future__ import annotations

from gravity_lint.facts.code import Span
from gravity_lint.regex import regex

_QUOTED = r"""\"[^\"\\]*\"|'[^']*'"""
_KEY = regex(r"([A-Za-z_][\w./-]{0,200}):(?= |$)")
_VALUE = regex(
    rf"(?:({_QUOTED})|(?:[\w./$~+]|-(?=[\w-]))(?:[^ :#]|:(?=[^ ])|(?<=[^ ])#| +(?=[^ #]))*)(?= *$| +#)")
_ITEM = rf"(?:{_QUOTED}|-{{0,2}}[\w./$][\w./$=+-]*)"
_ITEMS = regex(rf"\[ *(?:{_ITEM}(?: *, *{_ITEM})*)? *\](?= *$| +#)")
_PAIR = rf"[A-Za-z_][\w./-]{{0,200}}: +{_ITEM}"
_PAIRS = regex(rf"\{{ *(?:{_PAIR}(?: *, *{_PAIR})*)? *\}}(?= *$| +#)")
_EACH = regex(rf"{_ITEM}(?=[ ,:}}\]])")


class Scalar:
    def __init__(self, text: str, span: Span, block: bool = False) -> None:
        self.text, self.span, self.block = text, span, block


class Sequence:
    def __init__(self) -> None:
        self.items: list[Node] = []


class Mapping:
    def __init__(self) -> None:
        self.items: list[Node] = []
        """Keys and values by turns."""


Node = Scalar | Sequence | Mapping


class _Unusual(Exception):
    """Something that is left to a parser, be it wrong or only rare."""


def read(text: str, offsets: list[int] | None = None) -> tuple[list[Node], list[Span]] | None:
    """Text → its documents and the spans of its scalars, as a parser gives them; None where that must be asked.

    Block mappings and sequences of words, of quoted texts without escapes, and of lists and mappings of those on one
    line are read; nothing with an anchor, a tag or a text of several lines. `offsets` are those of the characters.
    """
    reader = _Reader()
    at = 0
    try:
        for line in text.split("\n"):
            if not line.isprintable():
                return None
            reader.line(line, at)
            at += len(line) + 1
        reader.end()
    except _Unusual:
        return None
    if offsets is not None:
        for scalar in reader.scalars:
            scalar.span = offsets[scalar.span[0]], offsets[scalar.span[1]]
    return reader.roots, [scalar.span for scalar in reader.scalars]


class _Reader:
    """What has been read of a text up to a line."""

    def __init__(self) -> None:
        self.roots: list[Node] = []
        self.scalars: list[Scalar] = []
        self.open: list[tuple[int, Sequence | Mapping]] = []
        """The collections around, outermost first, each with its column."""
        self.awaited: int | None = None
        """The offset behind the sign that a value must follow, where it has not come yet."""
        self.empty = False
        """Whether a document has begun of which nothing has come yet."""

    def line(self, line: str, at: int) -> None:
        rest = line.lstrip(" ")
        column = len(line) - len(rest)
        if not rest or rest[0] == "#":
            return
        if line[:3] in ("---", "..."):
            if line != "---":
                raise _Unusual
            self.end()
            self.empty = True
            return
        inside = False
        while rest[:2] == "- ":
            self.into(column, Sequence)
            rest = line[column + 1:].lstrip(" ")
            column, inside = len(line) - len(rest), True
            self.awaited = at + column
        if (key := _KEY.match(rest)) is not None:
            self.into(column, Mapping)
            self.put(Scalar(key[1], (at + column, at + column + key.end(1))))
            column += key.end()
            rest = line[column:].lstrip(" ")
            self.awaited, inside = at + column, True
            column = len(line) - len(rest)
            if not rest or rest[0] == "#":
                return
        if not inside:
            raise _Unusual
        self.value(line, column, at)
        self.awaited = None

    def value(self, line: str, column: int, at: int) -> None:
        """A word, a quoted text, a list or a mapping at a column of a line."""
        if (found := _VALUE.match(line, column)) is not None:
            self.put(_scalar(found[0], at + column, found[1] is not None))
            return
        kind, pattern = (Mapping, _PAIRS) if line[column:column + 1] == "{" else (Sequence, _ITEMS)
        if (items := pattern.match(line, column)) is None:
            raise _Unusual
        inner: Sequence | Mapping = kind()
        self.open[-1][1].items.append(inner)
        for item in _EACH.finditer(line, column + 1, items.end()):
            self.put(_scalar(item[0], at + item.start(), item[0][0] in "\"'"), inner)

    def put(self, scalar: Scalar, into: Sequence | Mapping | None = None) -> None:
        (into or self.open[-1][1]).items.append(scalar)
        self.scalars.append(scalar)

    def into(self, column: int, kind: type[Sequence] | type[Mapping]) -> None:
        """Makes the collection of this kind at this column the innermost one, and opens it where it is awaited."""
        if self.awaited is not None:
            above, around = self.open[-1]
            if column > above or (column == above and kind is Sequence and isinstance(around, Mapping)):
                self.begin(column, kind, around.items)
                return
            self.nothing()
        while self.open and self.open[-1][0] > column:
            self.open.pop()
        if kind is Mapping and len(self.open) > 1 and self.open[-2][0] == column:
            self.open.pop()  # a list may begin below the first letter of its key
        if not self.open and (self.empty or not self.roots):
            self.begin(column, kind, self.roots)
        elif not self.open or self.open[-1][0] != column or type(self.open[-1][1]) is not kind:
            raise _Unusual

    def begin(self, column: int, kind: type[Sequence] | type[Mapping], items: list[Node]) -> None:
        new = kind()
        items.append(new)
        self.open.append((column, new))
        self.awaited, self.empty = None, False

    def nothing(self) -> None:
        """A key has no value."""
        if not isinstance(self.open[-1][1], Mapping) or self.awaited is None:
            raise _Unusual
        self.put(Scalar("", (self.awaited, self.awaited)))
        self.awaited = None

    def end(self) -> None:
        """A document ends."""
        if self.empty:
            raise _Unusual
        if self.awaited is not None:
            self.nothing()
        self.open = []


def _scalar(written: str, start: int, quoted: bool) -> Scalar:
    return Scalar(written[1:-1] if quoted else written, (start, start + len(written)))
