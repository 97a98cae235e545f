"""Malformed pyproject.toml files, said with their line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from gravity_lint.discover.values import Trouble
from gravity_lint.discover.walk import Tree
from gravity_lint.source import Unreadable, read

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_AT = re.compile(r"\s*\(at (?:line (\d+)|end of document).*\)$")


def toml_troubles(tree: Tree) -> Iterator[Trouble]:
    """The pyproject.toml files of a tree that cannot be read or are not TOML; tests keep such on purpose."""
    for path, folder in tree.folders.items():
        if "pyproject.toml" in folder.files and not folder.test:
            place = tree.absolute(path, "pyproject.toml")
            try:
                source = read(place)
                tomllib.loads(source.text)
            except Unreadable as error:
                yield Trouble(place, error.line, error.reason)
            except (tomllib.TOMLDecodeError, RecursionError) as error:
                at = _AT.search(str(error))
                line = int(at[1]) if at and at[1] else source.text.count("\n") + 1
                yield Trouble(place, line, f"is not valid TOML: {_AT.sub('', str(error))}")
