"""What may be rewritten, and the writing: only what is still as it was read, where the given paths allow it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from gravity_lint.fix.kinds import Refused
from gravity_lint.regex import regex
from gravity_lint.source import Unreadable, encode
from gravity_lint.writing import write

_HEAD = 2_000
"""Characters in which a program says that a file is its own."""
_GENERATED = regex(r"@generated\b|\bDO NOT (?:EDIT|MODIFY)\b|\b(?:auto-?|automatically )?generated "
                   r"(?:by(?! Alembic - please adjust)|from|with|file|code)\b"
                   r"|\bthis file (?:is|was) (?:auto-?)?generated\b", 2)
_REMARK = ("#", ";", "--", "//", "<!--", "/*", "*", '"""', "'''")


class Within:
    """Where files may be written: what lies under the given paths, and beside it what a link does not lead to."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._roots = [os.path.realpath(path).replace(os.sep, "/").rstrip("/") for path in paths]

    def target(self, path: str) -> str:
        """The file that a path leads to. Raises `Refused` where it is a link to the outside."""
        real = os.path.realpath(path).replace(os.sep, "/")
        if os.path.islink(path) and not any(f"{real}/".startswith(f"{root}/") for root in self._roots):
            raise Refused(f"`{os.path.basename(path)}` is a link to what lies outside of the given paths")
        return real


def refuse_generated(text: str) -> None:
    """Raises `Refused` for a file that says in its first lines that a program writes it."""
    for line in text[:_HEAD].splitlines()[:15]:
        if line.lstrip().startswith(_REMARK) and _GENERATED.search(line):
            raise Refused("the file is generated; what generates it must change")


def encoded(text: str, before: bytes | None, path: str) -> bytes:
    """A text as the bytes of its file: in the encoding that it has. Raises `Refused`."""
    try:
        return encode(text, before if before is not None else b"", path.endswith((".py", ".pyw")))
    except Unreadable as error:
        raise Refused(f"the file {error.reason}") from None


def written(files: Mapping[str, tuple[bytes | None, bytes]], within: Within) -> tuple[list[str], list[tuple[str, str]]]:
    """Writes files, each given as what it held and what it is to hold → the paths that were written, and those that
    were not, each with the reason. What cannot be written does not keep the others from it."""
    done, failed = [], []
    for path, (before, after) in sorted(files.items()):
        try:
            if _bytes(path) != before:
                raise Refused("changed since it was read, and is left as it is")
            target = within.target(path)
            if before is None:
                os.makedirs(os.path.dirname(target), exist_ok=True)
            write(target, after)
        except Refused as error:
            failed.append((path, error.reason))
        except OSError as error:
            failed.append((path, f"cannot be written: {error.strerror or error}"))
        else:
            done.append(path)
    return done, failed


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
