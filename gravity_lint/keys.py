"""The keys of the configuration: one table, from which their validation, documentation and JSON Schema are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from gravity_lint.record import Record
from gravity_lint.violation import Severity

TABLE = "gravity-lint"
LEVELS = (*get_args(Severity), "off")
FailOn = Literal["error", "warning", "note", "never"]
FAIL_ON: tuple[FailOn, ...] = get_args(FailOn)

Kind = Literal["rules", "globs", "levels", "ignores", "choice", "file"]
"""What a value is: rule selectors, patterns, selector → level, pattern → selectors, one of some words, or a path."""
SHAPES: Mapping[Kind, str] = {
    "rules": "a list of rules", "globs": "a list of patterns", "levels": "a table: rule = level",
    "ignores": "a table: pattern = list of rules", "choice": "one of", "file": "the path of a file"}
"""Each kind in words, for `config`."""


class Key(Record):
    """One key: what may stand there, what holds where nothing does, and what it is for."""

    name: str
    kind: Kind
    help: str
    example: Any
    whole: bool = False
    """Whether it holds for a whole run, so that it belongs into the topmost file."""
    choices: tuple[str, ...] = ()
    default: Any = None
    """None for an empty list or table, or for no file."""

    @property
    def shape(self) -> str:
        return f"one of {', '.join(self.choices)}" if self.choices else SHAPES[self.kind]

    @property
    def standing(self) -> str:
        """The default, as it would be written."""
        if self.default is not None:
            return toml(self.default)
        return {"file": "none", "levels": "{}", "ignores": "{}"}.get(self.kind, "[]")


KEYS = (
    Key("extend", "file", "another file, whose keys hold where this one is silent", "../gravity-lint.toml"),
    Key("select", "rules", "only these rules; all by default", ["GRV"]),
    Key("extend-select", "rules", "these rules as well", ["missing-downgrade"]),
    Key("ignore", "rules", "not these rules", ["GRV5", "raw-ddl"]),
    Key("exclude", "globs", "files and folders that are not looked at, even where a path names them",
        ["legacy/", "*_pb.py"], whole=True),
    Key("services", "globs", "the roots of the services; found without help when absent",
        ["services/*", "gateway"], whole=True),
    Key("fixable", "rules", "only the fixes of these rules; all by default", ["GRV"]),
    Key("unfixable", "rules", "not the fixes of these", ["GRV601"]),
    Key("extend-safe-fixes", "rules", "their unsafe fixes count as safe", ["GRV102"]),
    Key("extend-unsafe-fixes", "rules", "their safe fixes count as unsafe", ["GRV402"]),
    Key("fail-on", "choice", "the least that makes the command fail: error, warning, note, or never", "error",
        whole=True, choices=FAIL_ON, default="warning"),
    Key("baseline", "file", "the violations that are known, and not told again", "gravity-lint-baseline.json",
        whole=True),
    Key("severity", "levels", "error, warning, note, or off", {"GRV302": "error"}),
    Key("per-file-ignores", "ignores", "the rules that do not speak about these files",
        {"scripts/*.py": ["GRV302"]}),
)
"""In the order in which they are told: tables last, as TOML wants them."""
BY_NAME: Mapping[str, Key] = {key.name: key for key in KEYS}
_TABLES = ("levels", "ignores")


# ---- as TOML


def toml(value: Any) -> str:
    """A plain value → TOML on one line."""
    if isinstance(value, str):
        return '"' + "".join(_ESCAPES.get(letter, letter) for letter in value) + '"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_word(name)} = {toml(each)}" for name, each in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]"


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _word(name: str) -> str:
    return name if name.isascii() and name.replace("-", "a").replace("_", "a").isalnum() else toml(name)


def example() -> str:
    """Every key with its example, as it stands in pyproject.toml; the README shows it."""
    plain = [key for key in KEYS if key.kind not in _TABLES]
    parts = [_block(f"[tool.{TABLE}]", [(key.name, key.example, key.help) for key in plain])]
    for key in KEYS:
        if key.kind in _TABLES:
            rows = [(_word(name), value, key.help) for name, value in key.example.items()]
            parts.append(_block(f"[tool.{TABLE}.{key.name}]", rows))
    return "\n".join(parts)


def _block(header: str, rows: Sequence[tuple[str, Any, str]]) -> str:
    lines = [f"{name} = {toml(value)}" for name, value, _ in rows]
    width = max(38, *map(len, lines)) + 1
    told = (f"{line:<{width}}# {about}" for line, (_, _, about) in zip(lines, rows, strict=True))
    return "\n".join((header, *told)) + "\n"


# ---- for people


def explained(key: Key) -> Iterator[str]:
    """One key: what it is for, what may stand there, its default and an example."""
    yield key.name
    yield f"  {key.help}"
    yield f"  value:    {key.shape}"
    yield f"  default:  {key.standing}"
    told = f"{key.name} = {toml(key.example)}"
    yield f"  example:  {told}"
    if key.whole:
        yield "  holds for a whole run: it counts in the topmost configuration of a repository"


# ---- for editors


def schema(codes: Iterable[str], names: Iterable[str]) -> dict[str, Any]:
    """The JSON Schema of gravity-lint.toml, and of the table in pyproject.toml; rules by these codes and names."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "gravity-lint",
        "description": f"gravity-lint.toml, or [tool.{TABLE}] in pyproject.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {key.name: _property(key) for key in KEYS},
        "definitions": {
            "rule": {
                "description": "The code of a rule, the beginning of a code, or a name",
                "anyOf": [{"enum": [*codes, *names]},
                          {"type": "string", "pattern": "^[Gg][Rr][Vv][0-9]{0,3}$"}],
            },
        },
    }


_RULE = {"$ref": "#/definitions/rule"}
_RULES = {"type": "array", "items": _RULE}
_SHAPES: Mapping[Kind, Mapping[str, Any]] = {
    "rules": _RULES,
    "globs": {"type": "array", "items": {"type": "string"}},
    "levels": {"type": "object", "propertyNames": _RULE, "additionalProperties": {"enum": list(LEVELS)}},
    "ignores": {"type": "object", "additionalProperties": _RULES},
    "choice": {"type": "string"},
    "file": {"type": "string", "minLength": 1},
}


def _property(key: Key) -> dict[str, Any]:
    found = {"description": key.help, **_SHAPES[key.kind], "examples": [key.example]}
    if key.choices:
        found["enum"] = list(key.choices)
    if key.default is not None:
        found["default"] = key.default
    return found
