"""Fixes in ini files: a URL that env.py replaces goes."""

from __future__ import annotations

from gravity_lint.fix.edits import offset
from gravity_lint.fix.kinds import Mended, Texts, text_of
from gravity_lint.violation import Remedy


def emptied(remedy: Remedy, texts: Texts) -> Mended:
    """The value at the first place is left out, and the blanks before it where nothing encloses it."""
    place = remedy.places[0]
    text = text_of(texts, place.path)
    start, end = offset(text, place.line, place.column), offset(text, place.end_line, place.end_column)
    before = text[:start] if text[start - 1:start] in "\"'" else text[:start].rstrip(" \t")
    return Mended({place.path: before + text[end:]})
