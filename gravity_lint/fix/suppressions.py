"""Comments that suppress: the idle ones go, and what is left is given one."""

from __future__ import annotations

import re

from gravity_lint.discover.walk import kind_of
from gravity_lint.fix.content import said
from gravity_lint.fix.edits import offset
from gravity_lint.fix.headers import newline_of
from gravity_lint.fix.kinds import Mended, Refused, Texts, text_of
from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex
from gravity_lint.source import Source
from gravity_lint.suppress import suppressions
from gravity_lint.violation import Place, Remedy

_FAR = 20
"""Lines below a place on which its statement may end."""
_INDENT = regex(r"[ \t]*")

_OPENS = regex(r"[ \t]*(?:#+|--|;|<!--)?[ \t]*$")
_CLOSES = regex(r"[ \t]*-->")
_NEXT = regex(r"[ \t]+(?=#)")


def dropped(remedy: Remedy, texts: Texts) -> Mended:
    """The comment at the first place goes with its reason, or of it the word at the second place."""
    place = remedy.places[0]
    text = text_of(texts, place.path)
    start, end = offset(text, place.line, place.column), offset(text, place.end_line, place.end_column)
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    line = text[text.rfind("\n", 0, start) + 1:line_end]
    if len(remedy.places) > 1:
        word = remedy.places[1]
        at = offset(text, word.line, word.column)
        new = _without_word(text, at, at + word.end_column - word.column)
    else:
        new = _without_comment(text, start, end, line_end)
    return Mended({place.path: new}, drops=tuple(_parts(line)))


def _parts(line: str) -> list[str]:
    """The comments of a line that may change when one of them goes."""
    at = min((found for mark in ("#", "--", ";", "<!--") if (found := line.find(mark)) >= 0), default=len(line))
    return [line[at:]]


def _without_word(text: str, start: int, end: int) -> str:
    """A list of words without one, and without the comma behind it or before it."""
    after = re.compile(r"[ \t]*,[ \t]*").match(text, end)
    if after is not None:
        return text[:start] + text[after.end():]
    before = re.search(r"[ \t]*,?[ \t]*$", text[:start])
    return text[:before.start() if before else start] + text[end:]


def _without_comment(text: str, start: int, end: int, line_end: int) -> str:
    """A text without a comment and its reason; a line that held nothing else goes too."""
    opens = _OPENS.search(text, text.rfind("\n", 0, start) + 1, start)
    begin = opens.start() if opens is not None else start
    rest = text[end:line_end]
    closes, following = _CLOSES.search(rest), _NEXT.search(rest)
    if text[begin:start].lstrip().startswith("<!--"):
        if closes is None:
            raise Refused("the comment does not end on its line")
        stop = end + closes.end()
    else:
        stop = end + following.start() if following is not None else line_end
    if stop == line_end and text[line_end - 1:line_end] == "\r":
        stop = line_end - 1
    line_start = text.rfind("\n", 0, begin) + 1
    if not text[line_start:begin].strip() and not text[stop:line_end].strip():
        return text[:line_start] + text[min(line_end + 1, len(text)):]
    left = text[stop:]
    if not text[line_start:begin].strip():
        return text[:line_start] + text[line_start:begin] + left.lstrip(" \t")
    return text[:begin] + left


# ---- new ones


def suppressed(code: str, place: Place, reason: str, texts: Texts) -> Mended:
    """A comment that answers for a rule at a place, in the way that its kind of file has; one that is there already is
    given the code. Raises `Refused` where a comment has no place."""
    source = texts(place.path)
    if source is None:
        raise Refused("the file cannot be read")
    text = source.text
    for known in suppressions(source):
        if known.rules and not known.noqa and known.first <= place.line <= known.last:
            at = offset(text, known.line, known.column + known.text.index("]"))
            return Mended({place.path: f"{text[:at]}, {code}{text[at:]}"}, drops=(source.line(known.line),))
    style, words = _style(place.path), f"gravity: ignore[{code}] {reason}".rstrip()
    if style.kind == "markdown":
        return Mended({place.path: _above(text, 1, f"<!-- {words} -->")})
    behind = ((_behind(text, line, f"{style.mark} {words}"), line) for line in _lines(source, place) if style.behind)
    above = ((_above(text, place.line, f"{style.mark} {words}"), place.line) for _ in range(style.above))
    before = said(place.path, text)
    for new, line in (*behind, *above):
        if any(code in each.rules and each.first <= place.line + new.count("\n") - text.count("\n") <= each.last
               for each in suppressions(Source(place.path, new.encode("utf-8", "surrogatepass")))) \
                and said(place.path, new) == before:
            return Mended({place.path: new}, drops=(source.line(line),))
    raise Refused("there is no place for a comment")


class _Style(NamedTuple):
    """Where the comments of a kind of file may stand."""

    kind: str
    mark: str
    behind: bool
    above: bool


def _style(path: str) -> _Style:
    kind = kind_of(path.rpartition("/")[2])
    if kind in ("other", ""):
        raise Refused("there is no place for a comment")
    return _Style(kind, "--" if kind == "sql" else "#", kind not in ("ini", "dockerfile", "env"), kind != "python")


def _lines(source: Source, place: Place) -> list[int]:
    """The lines of a statement behind which a comment may answer for a place, the nearest first."""
    last = place.end_line if not place.path.endswith((".py", ".pyw")) else place.line + _FAR
    return [line for line in range(place.line, last + 1) if not source.line(line).rstrip().endswith("\\")]


def _behind(text: str, line: int, comment: str) -> str:
    end = offset(text, line, 1)
    end = stop if (stop := text.find("\n", end)) >= 0 else len(text)
    if text[end - 1:end] == "\r":
        end -= 1
    start = text.rfind("\n", 0, end) + 1
    kept = text[:start] + text[start:end].rstrip(" \t")
    return f"{kept}  {comment}{text[end:]}"


def _above(text: str, line: int, comment: str) -> str:
    start = offset(text, line, 1)
    indent = _INDENT.match(text, start)
    return f"{text[:start]}{indent[0] if indent else ''}{comment}{newline_of(text)}{text[start:]}"
