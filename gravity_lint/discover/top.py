"""The top of the tree around a path, so that rules see the whole service however small the path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from gravity_lint import inputs
from gravity_lint.discover.walk import MADE, SPECIMENS
from gravity_lint.regex import regex

_STRONG = regex(r"pyproject\.toml|setup\.(py|cfg)|requirements[^/]*\.txt|pipfile|procfile|manage\.py|\.git"
                r"|(docker-?)?compose([.-].*)?\.ya?ml|(docker|container)file(\..*)?|.*\.dockerfile",
                re.I)
_README = regex(r"readme(\..*)?", re.I)


def top_of(path: str, asked: bool) -> str:
    """An absolute folder → the root of its tree.

    `asked` says that the folder itself was asked for: it is the root if it looks like one, or holds folders that do.
    Anything else belongs to the git repository around it, or else to the nearest folder that looks like a service.
    """
    if asked and _looks_like_root(path):
        return path
    nearest, here = "", path
    while here not in _outside():
        names = _names(here)
        if ".git" in names:
            return here
        if not nearest and any(map(_STRONG.fullmatch, names)):
            nearest = here
        above, _, name = here.rpartition("/")
        if not name or (asked and above.rpartition("/")[2] in SPECIMENS | MADE):
            break
        here = above or "/"
    return nearest or path


def _looks_like_root(path: str) -> bool:
    if any(_STRONG.fullmatch(name) or _README.fullmatch(name) for name in _names(path)):
        return True
    return any(any(map(_STRONG.fullmatch, _names(below))) for below in _folders(path))


def _names(path: str) -> list[str]:
    try:
        return [entry.name for entry in inputs.scan(path, MARKED)]
    except OSError:
        return []


def _folders(path: str) -> Iterator[str]:
    try:
        entries = inputs.scan(path, PARTED)
    except OSError:
        return
    for entry in entries:
        if _may_be_folder(entry):
            below = f"{path.rstrip('/')}/{entry.name}"
            if not entry.is_symlink() or inputs.is_folder(below):
                yield below


def _may_be_folder(entry: os.DirEntry[str]) -> bool:
    return "." not in entry.name and (entry.is_dir(follow_symlinks=False) or entry.is_symlink())


def _marked(entry: os.DirEntry[str]) -> bool:
    return any(pattern.fullmatch(entry.name) for pattern in (_STRONG, _README))


MARKED = inputs.Lens("marked", _marked)
"""What of a folder says that it is a root."""
PARTED = inputs.Lens("parted", _may_be_folder)
"""What of a folder may hold such marks."""


@cache
def _outside() -> frozenset[str]:
    """Folders that are no repository, whatever lies in them."""
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))  # `tempfile` would write a file to try them
    found = {"/", "/tmp", "/var/tmp", "/usr/tmp", *filter(None, named)}
    with suppress(RuntimeError):  # a user without a home
        found.add(str(Path.home()))
    return frozenset(os.path.abspath(place).replace(os.sep, "/") for place in found)
