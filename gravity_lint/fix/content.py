"""What files say beside their comments: faults that a fix must not bring, and what a mere comment must not change."""

from __future__ import annotations

import sys

from gravity_lint.discover.walk import kind_of
from gravity_lint.facts.shape import shape_of
from gravity_lint.source import Source


def faults(path: str, text: str) -> int:
    """In how many places a text is not what its file's name promises, so far as that can be told."""
    kind = _kind(path)
    source = Source(path, text.encode("utf-8", "surrogatepass"))
    if kind == "python":
        return shape_of(source.data).faults
    if kind == "yaml":
        from gravity_lint.facts.yamlfile import parse_yaml

        return len(parse_yaml(source).troubles)
    if kind == "ini":
        from gravity_lint.facts.ini import parse_ini

        return len(parse_ini(source).troubles)
    return int(kind == "toml" and _toml(text) is None)


def said(path: str, text: str) -> object:
    """What a text says, to be compared: the same for two that differ in comments alone. Of Python it is not asked."""
    kind = _kind(path)
    source = Source(path, text.encode("utf-8", "surrogatepass"))
    if kind == "yaml":
        from gravity_lint.facts.yamlfile import parse_yaml

        facts = parse_yaml(source)
        return len(facts.troubles), [(entry.path, entry.text) for entry in facts.entries]
    if kind == "toml":
        return _toml(text)
    if kind == "shell":
        return _commands(source, path)
    if kind == "sql":
        from gravity_lint.facts.sql import words

        return words(text)
    return None


def _kind(path: str) -> str:
    return kind_of(path.rpartition("/")[2])


def _toml(text: str) -> object:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _commands(source: Source, path: str) -> object:
    if path.lower().endswith(".ps1"):
        from gravity_lint.facts.powershell import parse_powershell as parse
    else:
        from gravity_lint.facts.shell import parse_shell as parse
    return [([word.text for word in command.words], [text.text for text in command.input])
            for command in parse(source.data)]
