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
_TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*"
_END = rb"[ \t]*(?:#" + _TEXT + rb")?(?:\r?\n|\Z)"
_BETWEEN = rb"(?:[ \t]|\r?\n|#" + _TEXT + rb"\r?\n)*"
_QUOTED = rb"\"[^\"\\\x00-\x08\x0a-\x1f\x7f]*\""
_ATOM = rb"(?:" + _QUOTED + rb"|'[^'\x00-\x08\x0a-\x1f\x7f]*'|true|false|(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,9})?)"
_LIST = rb"\[" + _BETWEEN + rb"(?:" + _ATOM + _BETWEEN + rb"(?:," + _BETWEEN + rb"|(?=\])))*\]"
_PLAIN = regex(rb"[ \t]*(?:\[(?P<table>[\w-]+(?:\.[\w-]+)*)\]|(?P<key>[\w-]+|" + _QUOTED + rb")[ \t]*=[ \t]*(?:" + _ATOM
               + rb"|" + _LIST + rb"))?" + _END)
"""What most of TOML is made of: nothing, the head of a table, or a text, a number or a list of such behind a key."""
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
    if plainly_toml(source.data):
        return ()
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


def plainly_toml(data: bytes) -> bool:
    """Whether a text is certain to be TOML: most are so simple that what reads all of it need not even be imported."""
    end, table = 0, tuple[bytes, ...]()
    tables, keys = set[tuple[bytes, ...]](), set[tuple[bytes, ...]]()
    while end < len(data):
        if (match := _PLAIN.match(data, end)) is None:
            return False
        end = match.end()
        if match["table"] is not None:
            table = tuple(match["table"].split(b"."))
            known, name = tables, table
        elif match["key"] is not None:
            known, name = keys, (*table, match["key"].strip(b'"'))
        else:
            continue
        if name in known:
            return False
        known.add(name)
    return not any(name[:length] in keys for name in tables for length in range(1, len(name) + 1))
