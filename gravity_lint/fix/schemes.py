"""Fixes of URLs: another scheme, which names another driver."""

from __future__ import annotations

import re

from gravity_lint.fix.edits import offset
from gravity_lint.fix.kinds import Mended, Refused, Texts, text_of
from gravity_lint.violation import Remedy


def changed(remedy: Remedy, texts: Texts) -> Mended:
    """The scheme of the first URL at the place gives way to another; everything behind it stays."""
    if why := remedy.word("why"):
        raise Refused(why)
    place = remedy.places[0]
    text = text_of(texts, place.path)
    start, end = offset(text, place.line, place.column), offset(text, place.end_line, place.end_column)
    scheme = re.escape(remedy.word("scheme"))
    found = re.search(rf"(?<![\w+.])(?<!\w-){scheme}(?=://|[\"']?$)", text[start:end], re.IGNORECASE)
    if found is None:
        raise Refused("the scheme stands in another form than is known")
    at, behind = start + found.start(), start + found.end()
    return Mended({place.path: text[:at] + remedy.word("instead") + text[behind:]})
