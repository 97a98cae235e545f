"""What is wrong with a file that is not Python, where that keeps it from being judged."""

from __future__ import annotations

import re
import sys

from gravity_lint.facts import ini, yamlfile
from gravity_lint.facts.compose import compose_words
from gravity_lint.source import Source

_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


def troubles(kind: str, source: Source) -> tuple[tuple[int, str], ...]:
    """A file and its kind → lines (from 1) and messages. Files that say nothing of a database are not looked into."""
    name = source.path.rsplit("/", 1)[-1]
    if kind == "yaml" and (compose_words(name) is not None or yamlfile.matters(source.data)):
        return tuple(yamlfile.parse_yaml(source).troubles)
    if kind == "ini" and ini.matters(source.data):
        return tuple(ini.parse_ini(source).troubles)
    if kind == "toml" and name == "pyproject.toml":
        return _of_toml(source)
    return ()


def _of_toml(source: Source) -> tuple[tuple[int, str], ...]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        place = _LINE.search(str(error))
        line = int(place[1]) if place and place[1] else source.text.count("\n") + 1
        return ((line, f"is not valid TOML: {_LINE.sub('', str(error))[:1].lower()}{_LINE.sub('', str(error))[1:]}"),)
    except RecursionError:
        return ((1, "is nested too deeply, left out"),)
    return ()
