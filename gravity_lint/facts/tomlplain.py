"""Tells that a TOML text is right where it is written as most people do, so that only others need a parser imported."""

from __future__ import annotations

from gravity_lint.regex import regex

_TEXT = r"""\"[^\"\\]*\"(?!\")|'[^']*'(?!')"""
_ITEM = rf"(?:{_TEXT}|true|false|[1-9][0-9]{{0,8}})"
_END = r" *(?:#.*)?"
_TABLE = regex(rf"\[([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\]{_END}")
_SETTING = regex(rf"([A-Za-z0-9_-]+) *= *(?:{_ITEM}{_END}|\[(.*))")
_ITEMS = regex(rf" *(?:{_ITEM} *, *)*({_ITEM} *)?(\])?{_END}")


def is_plain(text: str) -> bool:
    """Whether a text is certainly TOML: tables and settings with plain names, each once, set to texts without escapes,
    small numbers, `true`, `false`, or arrays of those. Of what is unusual or wrong, a parser has to judge.
    """
    tables, settings, table = set[str](), set[str](), ""
    array: str | None = None
    """Of an array that goes on, what may stand next: an item, or only its end."""
    for line in text.split("\n"):
        if not line.isprintable():
            return False
        line = line.strip(" ")
        if not line or line[0] == "#":
            continue
        if array is None and (setting := _SETTING.fullmatch(line)) is not None:
            name = f"{table}.{setting[1]}"
            if name in settings:
                return False
            settings.add(name)
            if setting[2] is None:
                continue
            array, line = "item", setting[2]
        if array is not None:
            items = _ITEMS.fullmatch(line)
            if items is None or (array == "end" and line[0] != "]"):
                return False
            array = None if items[2] else "end" if items[1] else "item"
        elif (header := _TABLE.fullmatch(line)) is not None:
            table = f".{header[1]}"
            if table in tables:
                return False
            tables.add(table)
        else:
            return False
    # A table is no setting's name, nor is one that is around it
    above = {table[:end] for table in tables for end in range(1, len(table) + 1) if table[end:end + 1] in ("", ".")}
    return array is None and settings.isdisjoint(above)
