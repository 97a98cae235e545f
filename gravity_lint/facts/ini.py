"""Turns an ini file into its options with their places, as Python's configparser reads them."""

from __future__ import annotations

from typing import NamedTuple

from gravity_lint.facts.code import Span
from gravity_lint.facts.kept import kept
from gravity_lint.regex import regex
from gravity_lint.source import Source

MAX_BYTES = 2_000_000
"""What is longer was not written by hand and is left out."""
MAX_TROUBLES = 20
"""Faults of one file that are told: what has so many of them is another kind of file."""

_SECTION = regex(r"\[(?P<name>.+)\]")
_DELIMITER = regex(r"[=:]")


class Option(NamedTuple):
    section: str
    key: str
    """In lower case."""
    value: str
    """Its lines joined by line feeds, interpolations left as they are."""
    key_span: Span
    span: Span
    """Of the value."""
    line: int
    """Of the key, from 1."""


class IniTrouble(NamedTuple):
    line: int
    message: str


class IniFacts(NamedTuple):
    options: tuple[Option, ...]
    troubles: tuple[IniTrouble, ...]

    def value(self, section: str, key: str) -> str | None:
        """What the section says, or `[DEFAULT]` for it."""
        for wanted in (section, "DEFAULT"):
            for option in self.options:
                if option.section == wanted and option.key == key.lower():
                    return option.value
        return None


@kept
def parse_ini(source: Source) -> IniFacts:
    """Ini text → its options. Never raises: a line that is neither section, option nor continuation is a trouble, and
    the lines around it are read all the same."""
    if len(source.data) > MAX_BYTES:
        return IniFacts((), (IniTrouble(1, f"is larger than {MAX_BYTES // 1_000_000} MB, left out"),))
    options: list[Option] = []
    troubles: list[IniTrouble] = []
    section: str | None = None
    known: set[tuple[str, str]] = set()
    more: dict[int, list[str]] = {}
    ends: dict[int, int] = {}
    indent, open_option, offset = 0, False, 0
    for number, raw in enumerate(source.data.split(b"\n"), 1):
        start, offset = offset, offset + len(raw) + 1
        line = raw.decode("utf-8", "replace").rstrip()
        text = line.strip()
        if not text or text.startswith(("#", ";")):
            continue
        depth = len(line) - len(line.lstrip())
        if open_option and depth > indent:
            more.setdefault(len(options) - 1, []).append(text)
            ends[len(options) - 1] = start + len(line.encode())
        elif header := _SECTION.match(text):
            section, open_option = header["name"], False
        elif section is None:
            troubles.append(IniTrouble(number, "is not a valid ini file: this line stands before the first [section]"))
            break
        elif (delimiter := _DELIMITER.search(text)) and (name := text[:delimiter.start()].rstrip()):
            key, value = name.lower(), text[delimiter.end():].lstrip()
            if (section, key) in known and len(troubles) < MAX_TROUBLES:
                troubles.append(IniTrouble(number, f"is not a valid ini file: `{key}` stands twice in [{section}]"))
            known.add((section, key))
            begin = start + len(line[:depth].encode())
            end = start + len(line.encode())
            options.append(Option(section, key, value, (begin, begin + len(name.encode())),
                                  (end - len(value.encode()), end), number))
            indent, open_option = depth, True
        else:
            troubles.append(IniTrouble(number, "is not a valid ini file: this line is neither a section nor an option"))
    for index, lines in more.items():  # once each, for a value may have thousands
        first = options[index]
        value = "\n".join((first.value, *lines)).strip("\n")
        options[index] = first._replace(value=value, span=(first.span[0], ends[index]))
    return IniFacts(tuple(options), tuple(troubles[:MAX_TROUBLES]))


def matters(data: bytes) -> bool:
    """Whether ini text may configure a database."""
    return b"sqlalchemy" in data or b"[alembic" in data
