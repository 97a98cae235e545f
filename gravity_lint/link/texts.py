"""Texts with holes: what formatting makes of a template, and what a joined text looks like with its unknown parts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from gravity_lint.facts.sql import HOLE
from gravity_lint.facts.urls import in_memory, parse_url
from gravity_lint.link.values import MAX_HOPS, Environment, Hop, Joined, Literal, Site, Value, Values, sources
from gravity_lint.record import NamedTuple, altered
from gravity_lint.regex import regex

__all__ = ["HOLE", "Template", "braces", "names_file", "percent", "templates"]

MAX_TEMPLATES = 8
MAX_TEXT = 200_000
MAX_PIECES = 2_000
"""Pieces of one text that are kept, texts inside texts written out."""

_PERCENT = regex(
    r"%(?:\((?P<name>[^)]*)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?(?P<type>[diouxXeEfFgGcrsa%])"
)


class Template(NamedTuple):
    """A text whose unknown parts are holes."""

    text: str
    holes: tuple[Values, ...]
    """What each hole may be, in order."""
    value: Value
    """The value that it is the text of."""
    pieces: tuple[tuple[int, Value], ...]
    """Where each literal piece begins in the text, and which it is."""


def percent(template: str, given: list[Values], named: dict[str, Values], site: Site) -> tuple[Values, ...]:
    """`template % arguments` → the parts of the text."""
    parts: list[Values] = []
    end = 0
    queue = list(given)
    for match in _PERCENT.finditer(template):
        parts.append((Literal(site, (), template[end : match.start()]),))
        end = match.end()
        if match["type"] == "%":
            parts.append((Literal(site, (), "%"),))
        elif match["name"] is not None:
            parts.append(named.get(match["name"], ()))
        else:
            parts.append(queue.pop(0) if queue else ())
    parts.append((Literal(site, (), template[end:]),))
    return tuple(parts)


def braces(template: str, given: list[Values], named: dict[str, Values], site: Site) -> tuple[Values, ...]:
    """`template.format(arguments)` → the parts of the text."""
    import string  # compiles patterns for templates of its own

    parts: list[Values] = []
    counter = 0
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return ((Literal(site, (), template),),)
    for text, field, _, _ in fields:
        if text:
            parts.append((Literal(site, (), text),))
        if field is None:
            continue
        name = re.split(r"[.\[]", field, maxsplit=1)[0]
        if not name:
            name, counter = str(counter), counter + 1
        if field not in (name, ""):  # an attribute or an item of the argument
            parts.append(())
        elif name.isdigit():
            parts.append(given[int(name)] if int(name) < len(given) else ())
        else:
            parts.append(named.get(name, ()))
    return tuple(parts)


def templates(values: Values) -> Iterator[Template]:
    """The texts that values may be; nothing for values that are no texts."""
    for value in values[:MAX_TEMPLATES]:
        if isinstance(value, Literal):
            if isinstance(value.value, (str, bytes)):
                text = value.value if isinstance(value.value, str) else value.value.decode("utf-8", "replace")
                yield Template(text, (), value, ((0, value),))
        elif isinstance(value, Joined):
            text, holes, pieces = _joined(value, 0, MAX_PIECES)
            known = tuple(carried(hole, value) for hole in holes)
            yield Template(text[:MAX_TEXT], known, value, tuple(pieces))


def names_file(value: Value) -> bool:
    """Whether a text is the URL of a file whose folder, if it is a setting, has a default itself: nothing stops."""
    read = [source for source in sources((value,)) if isinstance(source, Environment)]
    texts = [template.text for template in templates((value,))]
    return bool(read) and all(source.default for source in read) and all(map(_is_file, texts))


def _is_file(text: str) -> bool:
    url = parse_url(text)
    return url is not None and url.scheme.startswith(("sqlite", "duckdb")) and not in_memory(text)


def folder(path: Values) -> Values:
    """The folder of a path; for one that is not a plain literal, the path itself, which is all that matters of it."""
    return tuple(
        altered(value, value=posixpath.dirname(value.value) or ".")
        if isinstance(value, Literal) and isinstance(value.value, str)
        else value
        for value in path
    )


def path_of(parts: list[Values], site: Site) -> tuple[Values, ...]:
    """The parts of a path with slashes between them."""
    slash: Values = (Literal(site, (), "/"),)
    return tuple(part for number, given in enumerate(parts) for part in ([slash, given] if number else [given]))


def carried(values: Values, text: Joined) -> Values:
    """What a hole of a text may be, with the way that the text itself has gone."""
    way = (Hop(text.site, "joined into a text here"), *text.trail)
    found = []
    for value in values:
        last = value.trail[-1].site if value.trail else value.site
        later = last.module is text.site.module and last.span[0] > text.site.span[1]
        found.append(altered(value, trail=(*value.trail, *(text.trail if later else way))[:MAX_HOPS]))
    return tuple(found)  # a text that `+=` makes longer begins before the parts that come last


def _joined(value: Joined, depth: int, room: int) -> tuple[str, list[Values], list[tuple[int, Value]]]:
    text: list[str] = []
    length = 0
    holes: list[Values] = []
    pieces: list[tuple[int, Value]] = []
    for part in value.parts:
        if length > MAX_TEXT or len(holes) + len(pieces) >= room:
            return "".join([*text, HOLE]), [*holes, ()], pieces
        only = part[0] if len(part) == 1 else None
        if only is None and part and all(isinstance(item, Literal) and item.value is not None for item in part):
            only = part[0]
        if isinstance(only, Literal) and only.value is not None:
            piece = only.value.decode("utf-8", "replace") if isinstance(only.value, bytes) else str(only.value)
            pieces.append((length, only))
        elif isinstance(only, Joined) and depth < 12:
            piece, inner, found = _joined(only, depth + 1, room - len(holes) - len(pieces))
            holes.extend(carried(hole, only) for hole in inner)
            pieces.extend((length + offset, item) for offset, item in found)
        else:
            piece = HOLE
            holes.append(part)
        text.append(piece)
        length += len(piece)
    return "".join(text), holes, pieces
