"""What the text of a Python file seems to hold, without a grammar: its names, imports, classes, and what it calls."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import NamedTuple

from gravity_lint.screen import names_in

_CLASS = re.compile(rb"[ \t]*class[ \t]+([\w\x80-\xff]+)\s*\((.*?)\)\s*:", re.DOTALL)
_NAMED_CLASS = re.compile(rb"class[ \t]+([\w\x80-\xff]+)")
_IMPORT = re.compile(
    rb"[ \t]*(?:from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]+)|import[ \t]+([^\n#]+))"
)
_METHOD = re.compile(rb"def\s+(\w+)")
_KEPT = 2_000
"""Texts of shared libraries that are kept, since every service that imports the library asks for them."""
_CHAINED = bytes(
    code if chr(code).isalnum() or code in b"_.(" or code > 127 else 32 for code in range(256)
)
"""Every byte that cannot stand in a chain of names, or behind it where it is called → a space."""


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
    def names(self) -> frozenset[bytes]:
        """Every name, those in its comments and strings included."""
        return frozenset(names_in(self.text))

    @cached_property
    def imports(self) -> tuple[Written, ...]:
        return tuple(self._imports())

    def _imports(self) -> Iterator[Written]:
        for start in self._lines(b"import"):
            if (match := _IMPORT.match(self.text, start)) is None:
                continue
            dots, name, names, plain = match.groups(b"")
            if plain:
                words = (part.split() for part in plain.split(b","))
                yield from (Written(part[0].decode("utf-8", "replace"), 0, ()) for part in words if part)
                continue
            taken = (part.split() for part in names.strip(b"()").split(b","))
            yield Written(name.decode("utf-8", "replace"), len(dots),
                          tuple(part[0].decode("utf-8", "replace") for part in taken if part))

    @cached_property
    def called(self) -> frozenset[bytes]:
        """The names that a bracket follows, as after what is called; each with the dot before it."""
        parts = self.text.translate(_CHAINED).replace(b"(", b"( ").split()
        found = {part[:-1] for part in set(parts) if part[-1:] == b"("}
        if b"" in found:  # a space stands between some name and its bracket
            found.update(name for name, behind in zip(parts, parts[1:]) if behind == b"(")  # noqa: B905, RUF007
        return frozenset(part[part.rfind(b"."):] if b"." in part else part for part in found)

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

    @cached_property
    def names(self) -> dict[bytes, list[str]]:
        """Every name → the files that hold it. 45 MB/s; to search for thousands of names would take far longer."""
        found: defaultdict[bytes, list[str]] = defaultdict(list)
        for path, spelling in self._files:
            for name in spelling.names:
                found[name].append(path)
        return found

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


@lru_cache(_KEPT)
def shared(text: bytes) -> Spelling:
    """What the text of a shared library's file seems to hold, kept for the next service that asks."""
    return Spelling(text)


@lru_cache(2)
def shared_index(texts: tuple[tuple[str, bytes], ...]) -> Index:
    """What the files of shared libraries seem to hold, kept for the next service that asks."""
    return Index((path, shared(text)) for path, text in texts)
