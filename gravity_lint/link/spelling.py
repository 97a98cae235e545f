"""What the text of a Python file seems to hold, without a grammar: its names, imports, classes, and what it calls."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, KeysView, Sequence
from functools import lru_cache
from sys import intern

from gravity_lint.record import NamedTuple, cached_property
from gravity_lint.regex import regex
from gravity_lint.screen import names_in
from gravity_lint.source import found_in

_CLASS = regex(rb"[ \t]*class[ \t]+([\w\x80-\xff]+)\s*\((.*?)\)\s*:", re.DOTALL)
_NAMED_CLASS = regex(rb"class[ \t]+([\w\x80-\xff]+)")
_IMPORT = regex(
    rb"(?:[^\n]*?[:;])??[ \t]*(?:from[ \t]*(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]*"
    rb"(\((?:[^)#]|#[^\n]*\n)*\)|(?:\\\r?\n|[^\n#;])+)|import[ \t]+((?:\\\r?\n|[^\n#;])+))(;?)"
)
_METHOD = regex(rb"def\s+(\w+)")
_KEPT = 2_000
"""Texts of shared libraries that are kept, since every service that imports the library asks for them."""
SHORT = 4_000
"""Bytes up to which a file may be the same in several services, as what a template makes is."""
ALIKE = 300
"""Such files of which all that was found out is kept for the next service."""
_BRACKET = regex(rb"(?:\s|\\|#[^\n]*\n)*\(")
_OPENS = frozenset((b"(", b"["))
_SETS = regex(rb"(?:\s|\\|#[^\n]*\n)*(?::|[-+*/%&|^@<>]{0,2}=(?!=))")
"""What stands behind an attribute that is assigned to: `=`, `+=`, or an annotation."""
_AS = regex(rb"(?:\s|\\|#[^\n]*\n)+as\b")
_AGAIN = regex(rb"[)\]](?:\s|\\|#[^\n]*\n)*\(")
_FIRST = regex(rb"(?:\s|\\|#[^\n]*\n)*\((?:\s|\\|#[^\n]*\n)*(?:[\w\x80-\xff]+\s*\.\s*)*([\w\x80-\xff]+)")
_CLOSES = regex(rb"\s*(?:[)\]}]|[\"'])")
"""How a line begins that goes on with what stands before it."""
_BLANK = frozenset(bytes([code]) for code in b" \t\r\n\f\\#")
_NAME = bytes(code for code in range(256) if chr(code).isalnum() or code == 95 or code > 127)
"""What a name is made of."""
_LETTERS = frozenset(bytes([code]) for code in _NAME)
_GIVING = frozenset((b"return", b"or", b"and", b"else", b"await"))


class Written(NamedTuple):
    """An import as a text seems to hold it."""

    name: str
    level: int
    taken: tuple[str, ...]
    """What it takes of that, `*` for all; nothing where it takes the module itself."""


class Spelling:
    """What one text seems to hold. It may seem to hold more than it does, never less."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    @cached_property
    def imports(self) -> tuple[Written, ...]:
        return tuple(self._imports())

    def _imports(self) -> Iterator[Written]:
        for start in self._lines(b"import"):
            while (match := _IMPORT.match(self.text, start)) is not None:
                dots, name, names, plain, more = match.groups(b"")
                words = [_told(part) for part in _firsts(plain or names.strip(b"()"))]
                if plain:
                    yield from (Written(word, 0, ()) for word in words)
                else:
                    yield Written(_told(name), len(dots), tuple(words))
                if not more:
                    break
                start = match.end()

    def calls(self, name: bytes) -> Iterator[int]:
        """Where a name stands with a bracket behind it, as what is called does: `Client(url)`, `Client[Any](url)`."""
        text = self.text
        for at in found_in(text, name):
            if text[at - 1:at] not in _LETTERS or at == 0:
                end = at + len(name)
                behind = text[end:end + 1]
                if behind in _OPENS or (behind in _BLANK and _BRACKET.match(text, end)):
                    yield at

    def calls_again(self) -> Iterator[int]:
        """Where a bracket is opened behind one that is closed, as it is to call what a call or an item is."""
        return (match.start() for match in _AGAIN.finditer(self.text))

    def end(self, at: int) -> int:
        """The end of the lines of a call that begins there: it may seem to be further, never nearer."""
        text = self.text
        indent = at - (text.rfind(b"\n", 0, at) + 1)
        line = text[at - indent:at]
        indent = len(line) - len(line.lstrip(b" \t"))
        depth, start = 0, at
        while True:
            stop = text.find(b"\n", start)
            if stop < 0:
                return len(text)
            part = text[start:stop]
            depth += sum(map(part.count, (b"(", b"[", b"{"))) - sum(map(part.count, (b")", b"]", b"}")))
            following = text[stop + 1:stop + 2 + indent]
            deeper = len(following) - len(following.lstrip(b" \t")) > indent
            if depth <= 0 and not deeper and not _CLOSES.match(text, stop):
                return stop
            start = stop + 1

    def first_arguments(self, name: bytes) -> dict[bytes, None]:
        """The last names of what stands first between the brackets of its calls."""
        matches = (_FIRST.match(self.text, at + len(name)) for at in self.calls(name))
        return dict.fromkeys(match[1] for match in matches if match is not None)

    def given(self, name: bytes) -> Iterator[int]:
        """Where a name may stand as, or call, what is assigned or returned."""
        text = self.text
        for at in found_in(text, name):
            if (at and text[at - 1:at] in _LETTERS) or text[at + len(name):at + len(name) + 1] in _LETTERS:
                continue
            ahead = text[max(0, at - 120):at]
            before = _before(ahead)
            if before[-1:] == b"=" or before[len(before.rstrip(_NAME)):] in _GIVING \
                    or (before[-1:] in (b")", b"]") and ahead.rstrip()[-1:] == b"."):  # `registry().generate_base()`
                yield at

    def sets(self, name: bytes) -> Iterator[int]:
        """Where a name stands behind a dot, as what an assignment may be to."""
        text = self.text
        for at in found_in(text, name):
            if _SETS.match(text, at + len(name)) and text[max(0, at - 200):at].rstrip(b" \t\r\n\f\\")[-1:] == b".":
                yield at

    def has_method(self, name: bytes) -> bool:
        """Whether a name stands between a dot and a bracket."""
        return any(self.text[max(0, at - 200):at].rstrip(b" \t\r\n\f\\")[-1:] == b"." for at in self.calls(name))

    @cached_property
    def classes(self) -> frozenset[bytes]:
        """The names that follow the word `class`."""
        return frozenset(_NAMED_CLASS.findall(self.text))

    @cached_property
    def bases(self) -> dict[bytes, set[bytes]]:
        """Names between the brackets behind its classes' names → those classes' names."""
        found: dict[bytes, set[bytes]] = {}
        for start in self._lines(b"class"):
            if (match := _CLASS.match(self.text, start)) is not None:
                for word in names_in(match[2]):
                    found.setdefault(word, set()).add(match[1])
        return found

    @cached_property
    def methods(self) -> frozenset[bytes]:
        """The names that follow the word `def`."""
        return frozenset(_METHOD.findall(self.text))

    @cached_property
    def renamed(self) -> frozenset[bytes]:
        """The names that stand before an `as`."""
        found = set[bytes]()
        text, at = self.text, -1
        while (at := text.find(b" as ", at + 1)) >= 0:
            before = text[max(0, at - 200):at].split()
            if before:
                found.add(before[-1].rpartition(b".")[2].lstrip(b"("))
        return frozenset(found)

    def renames(self, name: bytes) -> Iterator[int]:
        """Where a name stands before an `as`."""
        return (at for at in found_in(self.text, name) if _AS.match(self.text, at + len(name)))

    def _lines(self, word: bytes) -> Iterator[int]:
        """Where the lines begin that hold a word, each once."""
        text, at, last = self.text, -1, -1
        while (at := text.find(word, at + 1)) >= 0:
            start = text.rfind(b"\n", 0, at) + 1
            if start != last:
                yield start
                last = start


class Index:
    """What the texts of several files seem to hold: which of them hold what, by their paths, in their order."""

    def __init__(self, files: Iterable[tuple[str, Spelling]]) -> None:
        self._files = tuple(files)

    def holding(self, name: bytes) -> Sequence[str]:
        """The files that hold a name, be it in a comment or in a string."""
        found = self._names.get(name, ())
        return (found,) if isinstance(found, str) else found

    @property
    def names(self) -> KeysView[bytes]:
        """Every name that some file holds."""
        return self._names.keys()

    @cached_property
    def _names(self) -> dict[bytes, str | tuple[str, ...]]:
        """Every name → the file that holds it, or all that do. 45 MB/s; to search for thousands would take longer."""
        found: dict[bytes, str | list[str]] = {}
        for path, spelling in self._files:
            for name in names_in(spelling.text):
                known = found.get(name)
                if known is None:
                    found[name] = path
                elif isinstance(known, str):  # as most names are: a list of one would take twice the room
                    found[name] = [known, path]
                else:
                    known.append(path)
        return {name: known if isinstance(known, str) else tuple(known) for name, known in found.items()}

    @cached_property
    def importing(self) -> dict[str, list[str]]:
        """Every top-level package → the files that seem to import something of it."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for path, spelling in self._files:
            for package in {one.name.split(".", 1)[0] for one in spelling.imports if not one.level}:
                found[package].append(path)
        return found

    @cached_property
    def methods(self) -> frozenset[bytes]:
        """The names of all functions and methods."""
        return frozenset().union(*(spelling.methods for _, spelling in self._files))

    @cached_property
    def classes(self) -> frozenset[bytes]:
        """The names of all classes."""
        return frozenset().union(*(spelling.classes for _, spelling in self._files))


def _told(name: bytes) -> str:
    """A name as text; one object for all that are alike."""
    return intern(name.decode("utf-8", "replace"))


@lru_cache(_KEPT)
def shared(text: bytes) -> Spelling:
    """What the text of a shared library's file seems to hold, kept for the next service that asks."""
    return Spelling(text)


@lru_cache(ALIKE)
def alike(text: bytes) -> Spelling:
    """The same, of a short file."""
    return Spelling(text)


@lru_cache(2)
def shared_index(texts: tuple[tuple[str, bytes], ...]) -> Index:
    """What the files of shared libraries seem to hold, kept for the next service that asks."""
    return Index((path, shared(text)) for path, text in texts)


def _firsts(names: bytes) -> list[bytes]:
    """The first word of each name in a list of what is imported: what stands behind it is an alias."""
    if names.find(b"#") >= 0 or names.find(b"\\") >= 0:
        names = re.sub(rb"#[^\n]*|\\", b"", names)
    return [words[0] for part in names.split(b",") if (words := part.split())]


def _before(text: bytes) -> bytes:
    """What stands before a name, without the names and dots that it hangs on, and without brackets that only group."""
    while True:
        text = text.rstrip(b" \t\r\n\f\\")
        if text[-1:] == b".":
            text = text[:-1].rstrip().rstrip(_NAME)
        elif text[-1:] == b"(" and _groups(text[:-1].rstrip(b" \t")):
            text = text[:-1]
        else:
            return text


def _groups(before: bytes) -> bool:
    """Whether a bracket behind this holds no arguments."""
    word = before[len(before.rstrip(_NAME)):]
    return word in _GIVING if word else before[-1:] not in (b")", b"]")
