"""Whether what was added at the end of a Python file can change what is found in it."""

from __future__ import annotations

import re
from collections.abc import Container

_OPENING = re.compile(rb"#[^\n]*|\"\"\"|'''|\"|'|[(\[{]|[)\]}]")
_ENDS = {quote: re.compile(rb"\\.|" + quote + (b"" if len(quote) == 3 else b"|\n"), re.DOTALL)
         for quote in (b'"""', b"'''", b'"', b"'")}
_COMMENTS = re.compile(rb"(?:[ \t]*\n|#[\w \t.,:;!?/+-]*\n)*", re.ASCII)
"""Empty lines, and comments without what looks like code: whoever looks at texts alone would see it."""
_MEANT = re.compile(rb"gravity|grv|noqa|coding|DJANGO_SETTINGS_MODULE|setuptools|distutils|console_scripts",
                    re.IGNORECASE)
"""What suppresses, names an encoding, or tells discovery something, be it in a comment."""
_NAME = re.compile(rb"\w+", re.ASCII)


def says_nothing(before: bytes, added: bytes, words: Container[bytes]) -> bool:
    """Whether a Python file's findings stay as they are when this is added to it.

    So it is where the text was complete, and only comments were added, with none of the words that make a file worth
    reading.
    """
    if before and not before.endswith(b"\n"):
        if not added.startswith(b"\n"):
            return False
        before, added = before + b"\n", added[1:]
    return (_COMMENTS.fullmatch(added) is not None and _MEANT.search(added) is None
            and all(word not in words for word in _NAME.findall(added))
            and _is_utf8(before) and _is_complete(before))


def _is_utf8(text: bytes) -> bool:
    """Whether a text is read as UTF-8: it begins with no byte order mark, and names no encoding (PEP 263)."""
    return b"coding" not in b"".join(text.split(b"\n", 2)[:2]) and b"\0" not in text and text[:1] < b"\xef"


def _is_complete(text: bytes) -> bool:
    """Whether nothing is left open at the end of a text: no string, no bracket, no line."""
    at = depth = 0
    while match := _OPENING.search(text, at):
        at, opened = match.end(), match[0]
        if opened in _ENDS:
            while True:
                found = _ENDS[opened].search(text, at)
                if found is None or found[0] == b"\n":
                    return False
                at = found.end()
                if found[0] == opened:
                    break
        elif opened in b"([{":
            depth += 1
        elif opened in b")]}":
            depth -= 1
    return not depth and not text.endswith((b"\\\n", b"\\\r\n"))
