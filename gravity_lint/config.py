"""What the user configures: `[tool.gravity-lint]` in pyproject.toml, or gravity-lint.toml."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

from gravity_lint import inputs
from gravity_lint.record import Record
from gravity_lint.regex import regex
from gravity_lint.violation import Severity

FILES = ("gravity-lint.toml", "pyproject.toml")
"""In the order in which they win within one folder."""
TABLE = "gravity-lint"
MAX_BYTES = 20_000_000
LEVELS = (*get_args(Severity), "off")

Unknown = Callable[[Iterable[str]], "str | None"]
"""What is wrong with the first of these rule selectors that chooses no rule; None where all do."""

_AT = regex(r"\(at line (\d+)")
_KEY = regex(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*(?:[.=]|$)""")
_HEADER = regex(r"\s*\[([^\[\]]+)\]")


class Config(NamedTuple):
    """What a run is told by a file; `root` is where its globs begin."""

    root: Path
    path: Path | None = None
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    services: tuple[str, ...] = ()
    fixable: tuple[str, ...] = ()
    unfixable: tuple[str, ...] = ()
    extend_safe_fixes: tuple[str, ...] = ()
    """Rules whose unsafe fixes are trusted."""
    extend_unsafe_fixes: tuple[str, ...] = ()
    """Rules whose safe fixes are not."""


class ConfigError(Exception):
    """A configuration that cannot be used; the message begins with its file and line."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")


def load(start: Path, explicit: Path | None = None, isolated: bool = False, unknown: Unknown | None = None) -> Config:
    """The configuration for what lies at `start`: the explicit file, else that of the nearest folder upward.

    `unknown` judges rule selectors (`rulebook.unknown_selector` with the rules filled in); without it they are not
    judged. Raises `ConfigError`.
    """
    place = Path(os.path.abspath(start))
    folder = place if inputs.is_folder(str(place)) else place.parent
    if isolated:
        return Config(root=folder)
    if explicit is not None:
        table, text = _read(explicit)
        return _config(Path(os.path.abspath(explicit)), table or {}, _Lines(text), unknown)
    for here in (folder, *folder.parents):
        for name in FILES:
            path = here / name
            if inputs.is_file(str(path)) and (name != "pyproject.toml" or _mentioned(path)):
                table, text = _read(path)
                if table is not None:
                    return _config(path, table, _Lines(text), unknown)
    return Config(root=folder)


def _mentioned(path: Path) -> bool:
    """Whether a pyproject.toml has our table at all; if not, its faults are not ours to tell here."""
    try:
        return TABLE.encode() in _bytes(path)
    except OSError:
        return False


def _bytes(path: Path) -> bytes:
    try:
        return inputs.read(os.path.abspath(path), MAX_BYTES)
    except inputs.NotRegular:
        raise OSError(errno.EINVAL, "is not a regular file") from None


def _read(path: Path) -> tuple[Mapping[str, Any] | None, str]:
    """A file → its table for this program (None where it has none) and its text."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        text = _bytes(path).decode("utf-8-sig")
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(path, 1, f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = error.object[:error.start].count(b"\n") + 1
        raise ConfigError(path, line, f"is not UTF-8 text: {error.reason}") from None
    except (ValueError, RecursionError) as error:
        at = _AT.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        reason = re.sub(r" \(at .*\)$", "", str(error)) or "nested too deep"
        raise ConfigError(path, line, f"is not valid TOML: {reason}") from None
    if path.name != "pyproject.toml":
        return document, text
    tool = document.get("tool")
    table = tool.get(TABLE) if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(path, _Lines(text).of(TABLE), f"`tool.{TABLE}` must be a table")
    return table, text


class _Lines:
    """Finds the line of a key or of a word below it, by reading the text and not the syntax; 1 where it fails."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def of(self, key: str, word: str | None = None) -> int:
        """The line of `key`, or of the string `word` that stands in its value."""
        ours = not any(f"tool.{TABLE}" in line or f'tool."{TABLE}"' in line for line in self._lines)
        found = 0
        for number, line in enumerate(self._lines, 1):
            if header := _HEADER.match(line):
                names = [part.strip(" \"'") for part in header[1].split(".")]
                ours = TABLE in names or names[0] == key or (ours and len(names) == 1)
                if key in names:
                    found = number
            elif ours and not found and (match := _KEY.match(line)) and key in match.groups():
                found = number
            if found and (word is None or re.search(rf"""["']?(?<![\w-]){re.escape(word)}(?![\w-])["']?""", line)):
                return number
        return found or 1


class _Reader(Record):
    """One table being read: typed access to its values, each fault with its line."""

    path: Path
    table: Mapping[str, Any]
    lines: _Lines
    unknown: Unknown | None

    def error(self, key: str, reason: str, word: str | None = None) -> ConfigError:
        return ConfigError(self.path, self.lines.of(key, word), reason)

    def words(self, key: str) -> tuple[str, ...]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.error(key, f"`{key}` must be a list of strings")
        return tuple(value)

    def rules(self, key: str) -> tuple[str, ...]:
        words = self.words(key)
        self.judge(key, words)
        return words

    def pairs(self, key: str) -> tuple[tuple[str, Any], ...]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"`{key}` must be a table")
        return tuple(value.items())

    def judge(self, key: str, words: Iterable[str]) -> None:
        for word in words:
            if self.unknown and (reason := self.unknown([word])):
                raise self.error(key, f"`{key}`: {reason}", word)


def _config(path: Path, table: Mapping[str, Any], lines: _Lines, unknown: Unknown | None) -> Config:
    """A table → the configuration it makes. Raises `ConfigError` at the first fault."""
    reader = _Reader(path, table, lines, unknown)
    known = ("select", "extend-select", "ignore", "exclude", "per-file-ignores", "severity", "services",
             "fixable", "unfixable", "extend-safe-fixes", "extend-unsafe-fixes")
    for key in table:
        if key not in known:
            raise reader.error(key, f"unknown key `{key}`{_meant(key, known)}")
    levels = _levels(reader)
    off = tuple(rule for rule, level in levels if level == "off")
    return Config(
        root=path.parent, path=path, select=reader.rules("select"), extend_select=reader.rules("extend-select"),
        ignore=(*reader.rules("ignore"), *off), exclude=reader.words("exclude"), services=reader.words("services"),
        per_file_ignores=_per_file(reader), fixable=reader.rules("fixable"), unfixable=reader.rules("unfixable"),
        extend_safe_fixes=reader.rules("extend-safe-fixes"), extend_unsafe_fixes=reader.rules("extend-unsafe-fixes"),
        severity=tuple((rule, level) for rule, level in levels if level != "off"))


def _levels(reader: _Reader) -> list[tuple[str, Any]]:
    levels = reader.pairs("severity")
    for rule, level in levels:
        reader.judge("severity", [rule])
        if level not in LEVELS:
            wanted = f"{', '.join(LEVELS[:-1])} or {LEVELS[-1]}"
            raise reader.error("severity", f"`severity`: {rule} must be {wanted}{_meant(str(level), LEVELS)}", rule)
    return list(levels)


def _per_file(reader: _Reader) -> tuple[tuple[str, tuple[str, ...]], ...]:
    from pathspec import GitIgnoreSpec

    result = []
    for glob, rules in reader.pairs("per-file-ignores"):
        if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
            raise reader.error("per-file-ignores", f"`per-file-ignores`: {glob!r} must be a list of rules", glob)
        reader.judge("per-file-ignores", rules)
        try:
            GitIgnoreSpec.from_lines([glob])
        except (ValueError, re.error) as error:
            reason = f"`per-file-ignores`: {glob!r} is no pattern: {error}"
            raise reader.error("per-file-ignores", reason, glob) from None
        result.append((glob, tuple(rules)))
    return tuple(result)


def _meant(word: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean `{close[0]}`?" if close else ""
