"""Fixes of URLs in ini files: one that env.py replaces goes, and how env.py replaces another."""

from __future__ import annotations

from gravity_lint.fix.edits import offset
from gravity_lint.fix.kinds import Mended, Refused, Texts, text_of
from gravity_lint.violation import Block, Remedy


def emptied(remedy: Remedy, texts: Texts) -> Mended:
    """The value at the first place is left out, and the blanks before it where nothing encloses it."""
    place = remedy.places[0]
    text = text_of(texts, place.path)
    start, end = offset(text, place.line, place.column), offset(text, place.end_line, place.end_column)
    before = text[:start] if text[start - 1:start] in "\"'" else text[:start].rstrip(" \t")
    return Mended({place.path: before + text[end:]})


def supplied(remedy: Remedy, texts: Texts) -> Mended:
    """The lines of env.py that put the service's own URL in the place of the one in the ini."""
    *imports, url = remedy.word("url").split("\0")
    if not url:
        raise Refused("where the service takes its URL from is not known")
    text = url if url.startswith("os.environ") else f"str({url})"
    lines = [*imports, "", f'config.set_main_option("sqlalchemy.url", {text}.replace("%", "%%"))']
    where = f"In `{remedy.word('path')}`, behind `config = context.config`; then leave `sqlalchemy.url` empty"
    return Mended({}, blocks=(Block(where, "py", "\n".join(lines)),))
