"""Turns a YAML file into its scalars, each with its path and place, and its comments."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any
from weakref import WeakKeyDictionary

from gravity_lint.facts.code import Span
from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex
from gravity_lint.source import Source

MAX_BYTES = 2_000_000
"""Files over this many bytes are generated; they are named and left out."""
MAX_ENTRIES = 50_000
"""Values of a file that are kept, aliases written out: some files have billions of them on ten lines."""
MAX_MERGED = 500_000
"""Keys that are looked at where mappings are merged into each other: a line of them repeats those before."""
MAX_DEPTH = 60
_MAX_BRACKETS = 500  # the parser's time grows with the square of the nesting

_TEMPLATE = regex(r"\{\{|\{%|<%")
_COMMENT = regex(r"(?:^|(?<=\s))#([^\n]*)", re.MULTILINE)
_MATTERS = regex(rb"^[ \t]*(?:image|build|services)[ \t]*:|^[ \t]*[\"']?(?:apiVersion|configMapGenerator|"
                 rb"secretGenerator)[\"']?[ \t]*:", re.MULTILINE)

_SHORT = 20_000
"""Bytes up to which the facts of the last files are kept, for the next check that asks."""
_TROUBLES: WeakKeyDictionary[Source, tuple[YamlTrouble, ...]] = WeakKeyDictionary()
"""Of the sources that live. The other facts are not kept: a folder of manifests holds hundreds of thousands of them."""


class Entry(NamedTuple):
    """One scalar of a document."""

    document: int
    path: tuple[str, ...]
    """The keys that lead to it; an item of a sequence is its index in digits."""
    text: str
    key: Span
    """Of the nearest key."""
    span: Span
    block: bool
    """A `|` or `>` block, whose text begins on the line below."""


class YamlComment(NamedTuple):
    text: str
    """Without `#`."""
    line: int
    alone: bool
    """Nothing else stands on its line."""


class YamlTrouble(NamedTuple):
    line: int
    message: str


class YamlFacts(NamedTuple):
    entries: tuple[Entry, ...]
    comments: tuple[YamlComment, ...]
    troubles: tuple[YamlTrouble, ...]
    template: bool
    """It is a template (Helm, Jinja) that only becomes YAML when it is filled in; `entries` ends where it is none."""


class _Scalar:
    def __init__(self, text: str, span: Span, block: bool) -> None:
        self.text, self.span, self.block = text, span, block


class _Sequence:
    def __init__(self) -> None:
        self.items: list[_Node] = []


class _Mapping:
    def __init__(self) -> None:
        self.items: list[_Node] = []
        """Keys and values by turns."""


_Node = _Scalar | _Sequence | _Mapping


def matters(data: bytes) -> bool:
    """Whether YAML text may be a compose file or a manifest, and so is worth parsing; other YAML is not ours."""
    return _MATTERS.search(data) is not None


def parse_yaml(source: Source) -> YamlFacts:
    """YAML text → its facts. Never raises: what cannot be read is said in `troubles`."""
    facts = _remembered(source) if len(source.data) <= _SHORT else _parsed(source)
    _TROUBLES[source] = facts.troubles
    return facts


def troubles_of(source: Source) -> tuple[YamlTrouble, ...]:
    """What of a YAML text cannot be read; where its facts have been asked for, it is not read again."""
    return _TROUBLES[source] if source in _TROUBLES else parse_yaml(source).troubles


def _parsed(source: Source) -> YamlFacts:
    if len(source.data) > MAX_BYTES:
        message = f"is a YAML file larger than {MAX_BYTES // 1_000_000} MB, left out"
        return YamlFacts((), (), (YamlTrouble(1, message),), False)
    text = source.text
    if (deep := _too_deep(source.data)) is not None:
        return YamlFacts((), (), (YamlTrouble(source.position(deep)[0], "is nested too deeply, left out"),), False)
    offsets = None if source.data.isascii() else [0, *accumulate(len(character.encode()) for character in text)]
    roots, scalars, trouble = _read(text, offsets)
    entries, complete = _entries(roots)
    template = trouble is not None and _TEMPLATE.search(text) is not None
    troubles: tuple[YamlTrouble, ...] = () if trouble is None or template else (trouble,)
    if not complete:
        troubles += (YamlTrouble(1, f"holds more than {MAX_ENTRIES} values; those after them are left out"),)
    return YamlFacts(tuple(entries), tuple(_comments(source, text, scalars, offsets)), troubles, template)


_remembered = lru_cache(8)(_parsed)


def _too_deep(data: bytes) -> int | None:
    """Where more brackets are open than the parser can bear."""
    depth = 0
    for match in re.finditer(rb"[\[{\]}]", data):
        depth = max(0, depth + (1 if match[0] in b"[{" else -1))
        if depth > _MAX_BRACKETS:
            return match.start()
    return None


def _read(text: str, offsets: list[int] | None) -> tuple[list[_Node], list[Span], YamlTrouble | None]:
    """Text → the documents as far as they can be read, the spans of the scalars, and why reading stopped."""
    import yaml

    roots: list[_Node] = []
    scalars: list[Span] = []
    anchors: dict[str, _Node] = {}
    parents: list[_Sequence | _Mapping] = []

    events: Iterator[Any] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def span(event: Any) -> Span:
        start, end = event.start_mark.index, event.end_mark.index
        return (start, end) if offsets is None else (offsets[start], offsets[end])

    def add(node: _Node, anchor: str | None) -> None:
        (parents[-1].items if parents else roots).append(node)
        if anchor:
            anchors[anchor] = node

    try:
        for event in events:
            start = event.start_mark
            if isinstance(event, yaml.ScalarEvent):
                scalars.append(span(event))
                block = text[start.index:start.index + 1] in ("|", ">")
                add(_Scalar(event.value, scalars[-1], block), event.anchor)
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                node = _Sequence() if isinstance(event, yaml.SequenceStartEvent) else _Mapping()
                add(node, event.anchor)
                parents.append(node)
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                parents.pop()
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in anchors:
                    return roots, scalars, YamlTrouble(start.line + 1,
                                                       f"is not valid YAML: the anchor `{event.anchor}` is not known")
                add(anchors[event.anchor], None)
            elif isinstance(event, yaml.DocumentStartEvent):
                anchors.clear()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        return roots, scalars, YamlTrouble(mark.line + 1 if mark else 1, f"is not valid YAML: {reason}")
    return roots, scalars, None


def _entries(roots: list[_Node]) -> tuple[list[Entry], bool]:
    """The scalars of the documents in order, aliases and merge keys written out, and whether these are all."""
    found: list[Entry] = []
    left, room = MAX_ENTRIES, MAX_MERGED
    for document, root in enumerate(roots):
        stack: list[tuple[_Node, tuple[str, ...], Span]] = [(root, (), (0, 0))]
        while stack and left > 0:
            node, path, key = stack.pop()
            left -= 1
            if isinstance(node, _Scalar):
                found.append(Entry(document, path, node.text, key if path else node.span, node.span, node.block))
            elif len(path) >= MAX_DEPTH:
                continue
            elif isinstance(node, _Sequence):
                inner = [(item, (*path, str(index)), key) for index, item in enumerate(node.items[:MAX_ENTRIES])]
                stack.extend(reversed(inner))
            else:
                pairs, looked = _pairs(node, room)
                room -= looked
                stack.extend((value, (*path, name.text), name.span) for name, value in reversed(pairs))
    return found, left > 0 and room > 0


def _pairs(mapping: _Mapping, room: int) -> tuple[list[tuple[_Scalar, _Node]], int]:
    """The keys and values of a mapping, those that `<<` merges in behind its own, and how many were looked at: no more
    than there is room for, with the first mapping whole."""
    found: list[tuple[_Scalar, _Node]] = []
    known: set[str] = set()
    queue = deque([mapping])
    seen: set[int] = set()
    looked = 0
    while queue and looked <= room:
        here = queue.popleft()
        if id(here) in seen:
            continue
        seen.add(id(here))
        looked += 1 + len(here.items) // 2
        added = set()
        for key, value in zip(here.items[::2], here.items[1::2]):  # noqa: B905 - cut off by an error, keys are one more
            if not isinstance(key, _Scalar):
                continue
            if key.text == "<<":
                merged = value.items if isinstance(value, _Sequence) else [value]
                queue.extend(each for each in merged if isinstance(each, _Mapping))
            elif key.text not in known:
                added.add(key.text)
                found.append((key, value))
        known |= added
    return found, looked


def _comments(source: Source, text: str, scalars: list[Span], offsets: list[int] | None) -> Iterator[YamlComment]:
    """The comments: every `#` behind white space that is in no scalar."""
    starts = [start for start, _ in scalars]
    for match in _COMMENT.finditer(text):
        offset = match.start() if offsets is None else offsets[match.start()]
        index = bisect_right(starts, offset) - 1
        if index >= 0 and starts[index] <= offset < scalars[index][1]:
            continue
        line, column = source.position(offset)
        yield YamlComment(match[1].strip(), line, not source.line(line)[:column - 1].strip())
