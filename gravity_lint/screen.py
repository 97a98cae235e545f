"""What a Python file can matter for, from its bytes alone, before anything is parsed."""

from __future__ import annotations

from functools import cache

from gravity_lint import knowledge

_SQL = ("create", "drop", "alter", "grant", "revoke")
_APART = bytes(code if chr(code).isalnum() or code == 95 or code > 127 else 32 for code in range(256))
"""Every byte that cannot stand in a name → a space."""


def names_in(data: bytes) -> set[bytes]:
    """Every name in a text, those in its comments and strings included."""
    return set(data.translate(_APART).split())


def tells(data: bytes) -> bool:
    """Whether the names in a text speak of databases, their settings or an application, so that it must be legible."""
    return not _telling().isdisjoint(data.translate(_APART).split())


@cache
def _telling() -> frozenset[bytes]:
    values, frameworks = knowledge.values(), knowledge.frameworks()
    libraries = [*knowledge.drivers(), *(name for row in knowledge.models() for name in (*row.bases, *row.factories))]
    tops = {name.split(".", 1)[0] for name in libraries} - {name.split(".", 1)[0] for name in frameworks.app}
    calls = (call.rsplit(".", 1)[-1] for row in knowledge.operations().operations for call in row.calls)
    names = {name.rsplit(".", 1)[-1] for name in (*frameworks.app, *values.settings.bases, *values.mappings)}
    keys = {key for row in knowledge.settings() for key in (*row.keys.roles, *row.keys.inner)}
    words = {"getenv", *tops, *keys, *names, *(name for name in calls if "_" in name)}
    return frozenset(word.encode() for word in words)


@cache
def _words() -> tuple[bytes, ...]:
    """Words, in small letters, without which no Python file gives a finding; all follow from the tables of knowledge.

    A database is opened, described, changed or asked for by a library's name, by a configuration key, by a read of
    the environment, by a process, or by SQL; a file with none of them can only pass on what others hold. The shortest
    comes first, which most files hold; a word is left out where it holds a shorter one.
    """
    values, operations = knowledge.values(), knowledge.operations()
    calls = [*values.reader, *values.option, *operations.process, *values.mappings, *values.mapping_calls]
    words = {*knowledge.library_names(), *_SQL, *(call.rsplit(".", 1)[-1] for call in calls if not call.endswith(")"))}
    words |= {base.split(".", 1)[0] for row in knowledge.models() for base in (*row.bases, *row.factories, *row.owners)}
    words |= {base.split(".", 1)[0] for base in (*values.settings.bases, *values.settings.decorators)}
    words |= {key for row in knowledge.settings() for key in (*row.keys.roles, *row.keys.inner)}
    words |= {name for row in operations.operations for name in row.attributes}
    found: list[bytes] = []
    ordered = sorted({word.lower().encode() for word in words}, key=lambda word: (len(word), word))
    text, held = b"\n".join((b"", *ordered, b"")), set[bytes]()
    for word in ordered:
        if word not in held:
            found.append(word)
            at = -1
            while (at := text.find(word, at + 1)) >= 0:
                at, start = text.find(b"\n", at), text.rfind(b"\n", 0, at) + 1
                held.add(text[start:at])
    return tuple(found)


def matters(data: bytes) -> bool:
    """Whether a Python file's text holds anything that a rule about code could speak of."""
    small = data.lower()
    return any(small.find(word) >= 0 for word in _words())  # `in` tries a number first, by way of an error
