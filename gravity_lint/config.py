"""What the user configures: `[tool.gravity-lint]` in pyproject.toml, or gravity-lint.toml."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from gravity_lint import inputs
from gravity_lint.keys import BY_NAME, LEVELS, TABLE, FailOn, Key
from gravity_lint.record import NamedTuple, Record
from gravity_lint.regex import regex
from gravity_lint.violation import Severity

FILES = ("gravity-lint.toml", "pyproject.toml")
"""In the order in which they win within one folder."""
MAX_BYTES = 20_000_000

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
    fail_on: FailOn = "warning"
    baseline: str | None = None
    """The absolute path of the file with the violations that are known."""
    extended: tuple[Path, ...] = ()
    """The files that this one extends, the next first."""
    origins: tuple[tuple[str, str], ...] = ()
    """Of each key that a file gives, the file and line that do; of lists and tables that add up, all of them."""


class ConfigError(Exception):
    """A configuration that cannot be used; the message begins with its file and line."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")


def load(start: Path, explicit: Path | None = None, isolated: bool = False, unknown: Unknown | None = None) -> Config:
    """The configuration of a run that begins at `start`: the explicit file, else the one found upward from there.

    That is the topmost of the git repository around, so that a run says the same of a service from wherever it is
    started; without a repository, the nearest. `unknown` judges rule selectors (`rulebook.unknown_selector` with the
    rules filled in); without it they are not judged. Raises `ConfigError`.
    """
    place = Path(os.path.abspath(start))
    folder = place if inputs.is_folder(str(place)) else place.parent
    if isolated:
        return Config(root=folder)
    if explicit is not None:
        return _config(_chain(Path(os.path.abspath(explicit)), unknown))
    found = _upward(folder)
    return Config(root=folder) if found is None else _config(_chain(found, unknown))


def nearest(files: Iterable[str], folders: Iterable[str], run: Config, unknown: Unknown | None = None) -> list[Config]:
    """The configurations, other than the run's, that hold for a part of what it sees, each for what lies below it.

    `files` are those of the name of a configuration that were seen; `folders` are where the trees begin, above which
    others may stand. Raises `ConfigError`, also for a key that only holds for a whole run.
    """
    home = run.root
    seen = {os.path.dirname(path) for path in files}
    for folder in folders:
        for here in (Path(folder), *Path(folder).parents):
            if here == home or home not in here.parents:
                break
            seen.add(str(here))
    found = []
    for folder in sorted(seen):
        path = _in(Path(folder))
        if path is not None and path.parent != home and path != run.path:
            found.append(_config(_chain(path, unknown, run)))
    return found


def _upward(folder: Path) -> Path | None:
    """The topmost configuration of the repository around a folder; without a repository, the nearest one."""
    found: list[Path] = []
    for here in (folder, *folder.parents):
        if (path := _in(here)) is not None:
            found.append(path)
        if inputs.lexists(str(here / ".git")):
            return found[-1] if found else None
    return found[0] if found else None


def _in(folder: Path) -> Path | None:
    """The configuration that stands in a folder."""
    for name in FILES:
        path = folder / name
        if inputs.is_file(str(path)) and (name != "pyproject.toml" or _has_table(path)):
            return path
    return None


def _has_table(path: Path) -> bool:
    """Whether a pyproject.toml has our table; if it does not name it, its faults are not ours to tell here."""
    return _mentioned(path) and _read(path)[0] is not None


def _mentioned(path: Path) -> bool:
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
        value = self.table[key]
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.error(key, f"`{key}` must be a list of strings")
        return tuple(value)

    def rules(self, key: str) -> tuple[str, ...]:
        words = self.words(key)
        self.judge(key, words)
        return words

    def pairs(self, key: str) -> Mapping[str, Any]:
        value = self.table[key]
        if not isinstance(value, dict):
            raise self.error(key, f"`{key}` must be a table")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.table[key]
        if value not in choices:
            wanted = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise self.error(key, f"`{key}` must be {wanted}{meant(str(value), choices)}")
        return cast(str, value)

    def file(self, key: str) -> str:
        value = self.table[key]
        if not isinstance(value, str) or not value or "\0" in value:
            raise self.error(key, f"`{key}` must be the path of a file")
        return os.path.normpath(self.path.parent / value).replace(os.sep, "/")

    def judge(self, key: str, words: Iterable[str]) -> None:
        for word in words:
            if self.unknown and (reason := self.unknown([word])):
                raise self.error(key, f"`{key}`: {reason}", word)

    def levels(self, key: str) -> Mapping[str, str]:
        levels = self.pairs(key)
        for rule, level in levels.items():
            self.judge(key, [rule])
            if level not in LEVELS:
                wanted = f"{', '.join(LEVELS[:-1])} or {LEVELS[-1]}"
                raise self.error(key, f"`{key}`: {rule} must be {wanted}{meant(str(level), LEVELS)}", rule)
        return levels

    def ignores(self, key: str) -> Mapping[str, tuple[str, ...]]:
        from pathspec import GitIgnoreSpec

        found = {}
        for glob, rules in self.pairs(key).items():
            if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
                raise self.error(key, f"`{key}`: {glob!r} must be a list of rules", glob)
            self.judge(key, rules)
            try:
                GitIgnoreSpec.from_lines([glob])
            except (ValueError, re.error) as error:
                raise self.error(key, f"`{key}`: {glob!r} is no pattern: {error}", glob) from None
            found[glob] = tuple(rules)
        return found

    def value(self, key: Key) -> Any:
        """What stands at a key, as its kind wants it. Raises `ConfigError`."""
        if key.kind == "choice":
            return self.choice(key.name, key.choices)
        read = {"rules": self.rules, "globs": self.words, "levels": self.levels, "ignores": self.ignores,
                "file": self.file}
        return read[key.kind](key.name)


# ---- one file, and those that it extends


class _Layer(NamedTuple):
    """What one file gives: of each key its value, and where that stands."""

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[str, int]


def _layer(path: Path, unknown: Unknown | None, run: Config | None) -> _Layer:
    table, text = _read(path)
    reader = _Reader(path, table or {}, _Lines(text), unknown)
    values = {}
    for name in reader.table:
        if (key := BY_NAME.get(name)) is None:
            raise reader.error(name, f"unknown key `{name}`{meant(name, BY_NAME)}")
        if key.whole and run is not None:
            where = run.path or f"the configuration of {run.root}"
            raise reader.error(name, f"`{name}` holds for a whole run, and so it must stand in {where}")
        values[name] = reader.value(key)
    return _Layer(path, values, {name: reader.lines.of(name) for name in values})


def _chain(path: Path, unknown: Unknown | None, run: Config | None = None) -> list[_Layer]:
    """A file and those that it extends, in this order; inside of a run that another file governs, if one does."""
    layers = [_layer(path, unknown, run)]
    while (target := layers[-1].values.get("extend")) is not None:
        above = layers[-1]

        def error(reason: str, above: _Layer = above) -> ConfigError:
            return ConfigError(above.path, above.lines["extend"], f"`extend`: {reason}")

        if target in {layer.path.as_posix() for layer in layers}:
            raise error("the files extend each other: " + " → ".join(
                [layer.path.name for layer in layers] + [os.path.basename(target)]))
        if not inputs.is_file(target):
            raise error(f"{target} is {'a folder' if inputs.is_folder(target) else 'not there'}")
        found = Path(target)
        if found.name == "pyproject.toml" and _read(found)[0] is None:
            raise error(f"{target} has no table `tool.{TABLE}`")
        layers.append(_layer(found, unknown, None))
    return layers


def _config(layers: Sequence[_Layer]) -> Config:
    """What a file and those that it extends come to: the nearest value holds; what extends and tables add up."""
    home = layers[0].path.parent
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.values.items():
            key, where = BY_NAME[name], f"{layer.path}:{layer.lines[name]}"
            adds = key.kind in ("levels", "ignores") or name.startswith("extend-")
            if name not in values:
                values[name], origins[name] = _seen_from(home, layer.path.parent, key, value), where
            elif adds:
                more = _seen_from(home, layer.path.parent, key, value)
                values[name] = {**more, **values[name]} if isinstance(more, dict) else (*more, *values[name])
                origins[name] += f", {where}"
    levels = values.pop("severity", {})
    off = tuple(rule for rule, level in levels.items() if level == "off")
    told = {name.replace("-", "_"): value for name, value in values.items() if name != "extend"}
    told["ignore"] = (*told.get("ignore", ()), *off)
    told["severity"] = tuple((rule, level) for rule, level in levels.items() if level != "off")
    told["per_file_ignores"] = tuple(told.get("per_file_ignores", {}).items())
    return Config(root=home, path=layers[0].path, extended=tuple(layer.path for layer in layers[1:]),
                  origins=tuple(origins.items()), **told)


def _seen_from(home: Path, there: Path, key: Key, value: Any) -> Any:
    """A value whose patterns begin in one folder, with patterns that mean the same in another."""
    if home == there:
        return value
    if key.kind == "ignores":
        return {moved: rules for glob, rules in value.items() if (moved := _moved(home, there, glob)) is not None}
    if key.kind == "globs":
        anchor = "/" if key.name == "services" else ""
        found = (_moved(home, there, anchor + glob.removeprefix("./") if anchor else glob) for glob in value)
        return tuple(glob for glob in found if glob is not None)
    return value


def _moved(home: Path, there: Path, glob: str) -> str | None:
    """A pattern of the folder `there`, for the folder `home`; None where it can match nothing below it.

    What has no slash but at its end holds at any depth, and so wherever it is heard.
    """
    sign, bare = ("!", glob[1:]) if glob.startswith("!") else ("", glob)
    if "/" not in bare.rstrip("/"):
        return glob
    parts = bare.lstrip("/").split("/")
    if home in there.parents:
        return f"{sign}/{there.relative_to(home).as_posix()}/{'/'.join(parts)}"
    if there not in home.parents:
        return None
    for name in home.relative_to(there).parts:
        if parts[0] == "**":
            return sign + "/".join(parts)
        if len(parts) < 2 or not parts[1] or not fnmatch.fnmatchcase(name, parts[0]):
            return None
        del parts[0]
    return f"{sign}/{'/'.join(parts)}"


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for the nearest of some words, nothing where none is near."""
    import difflib

    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean `{close[0]}`?" if close else ""
