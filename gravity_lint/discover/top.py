"""The top of the tree around a path, so that rules see the whole service however small the path."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from gravity_lint.discover.walk import MADE, SPECIMENS

_STRONG = re.compile(r"pyproject\.toml|setup\.(py|cfg)|requirements[^/]*\.txt|pipfile|procfile|manage\.py|\.git"
                     r"|(docker-?)?compose([.-].*)?\.ya?ml|(docker|container)file(\..*)?|.*\.dockerfile"
                     r"|gravity-lint\.toml", re.I)
_README = re.compile(r"readme(\..*)?", re.I)


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
    names = _names(path)
    if any(_STRONG.fullmatch(name) or _README.fullmatch(name) for name in names):
        return True
    return any(any(map(_STRONG.fullmatch, _names(f"{path.rstrip('/')}/{name}"))) for name in names
               if "." not in name and os.path.isdir(f"{path}/{name}"))


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


@cache
def _outside() -> frozenset[str]:
    """Folders that are no repository, whatever lies in them."""
    found = {"/", tempfile.gettempdir()}
    with suppress(RuntimeError):  # a user without a home
        found.add(str(Path.home()))
    return frozenset(os.path.abspath(place).replace(os.sep, "/") for place in found)
