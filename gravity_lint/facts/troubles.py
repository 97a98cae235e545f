"""What is wrong with a file that is not Python, where that keeps it from being judged."""

from __future__ import annotations

import re
import sys

from gravity_lint.facts import ini, yamlfile
from gravity_lint.facts.compose import compose_words
from gravity_lint.regex import regex
from gravity_lint.source import Source

MAX_TOML = 1_000_000
"""What is longer was not written by hand, and takes seconds."""

_CONFLICT = regex(rb"^(?:<{7}|>{7}) ", re.MULTILINE)
_LINE = regex(r" \(at (?:line (\d+), column \d+|end of document)\)")


def troubles(kind: str, source: Source) -> tuple[tuple[int, str], ...]:
    """A file and its kind → lines (from 1) and messages. Files that say nothing of a database are not looked into."""
    name = source.path.rsplit("/", 1)[-1]
    if not (kind == "dockerfile" or (kind == "toml" and name == "pyproject.toml")
            or (kind == "ini" and ini.matters(source.data))
            or (kind == "yaml" and (compose_words(name) is not None or yamlfile.matters(source.data)))):
        return ()
    if conflict := _CONFLICT.search(source.data):
        return ((source.position(conflict.start())[0], "has merge conflict markers here"),)
    if kind == "yaml":
        return yamlfile.troubles_of(source)
    if kind == "ini":
        return tuple(ini.parse_ini(source).troubles)
    return _of_toml(source) if kind == "toml" else ()


def _of_toml(source: Source) -> tuple[tuple[int, str], ...]:
    if len(source.data) > MAX_TOML:
        return ((1, f"is larger than {MAX_TOML // 1_000_000} MB, left out"),)
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        tomllib.loads(source.text)
    except ValueError as error:  # numbers of thousands of digits are no TOMLDecodeError
        place = _LINE.search(str(error))
        line = int(place[1]) if place and place[1] else source.text.rstrip().count("\n") + 1 if place else 1
        return ((line, f"is not valid TOML: {_LINE.sub('', str(error))[:1].lower()}{_LINE.sub('', str(error))[1:]}"),)
    except RecursionError:
        return ((1, "is nested too deeply, left out"),)
    return ()
