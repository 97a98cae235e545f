"""Python texts as libcst's trees, with the guards that libcst needs, and what several kinds of fixes do with them."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeVar, cast

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider

from gravity_lint.facts.shape import shape_of
from gravity_lint.fix.edits import applied, edits, offset
from gravity_lint.fix.kinds import Refused, Texts
from gravity_lint.violation import Edit, Place

MAX_DEPTH = 200
"""How deep a tree may be: libcst recurses through it, and from some 3,000 on it ends the process."""
MAX_BYTES = 1_000_000
"""How long a text may be: libcst reads less than that in a second."""
STACK = 4_000
"""Python frames that libcst may need for the deepest tree."""

FEED = "\x0c"
"""What may stand before a statement and parts pages; libcst loses some of them."""

Node = TypeVar("Node", bound=cst.CSTNode)
Changes = Mapping[cst.CSTNode, "cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]"]
"""What comes in place of nodes: another, or several, or none."""


class Tree:
    """One Python file as libcst sees it."""

    def __init__(self, texts: Texts, path: str) -> None:
        """Raises `Refused` for what libcst cannot read, or only at the price of the process."""
        source = texts(path)
        if source is None:
            raise Refused(f"`{path}` cannot be read")
        parsed = _parsed(source.data)
        if isinstance(parsed, str):
            raise Refused(parsed)
        self._text = source.text
        self.module, self._places, self._parents = parsed

    def at(self, place: Place, kind: type[Node]) -> Node:
        """The outermost node of a kind that stands exactly at a place. Raises `Refused`."""
        for node in self.within(place):
            if isinstance(node, kind) and not isinstance(node, (cst.Arg, cst.Module)):
                return node
        raise Refused("what is to be mended was not found")

    def statement(self, place: Place) -> cst.BaseSmallStatement | cst.BaseCompoundStatement:
        """The statement that begins at a place. Raises `Refused`."""
        start = self._position(place.line, place.column)
        for node, found in self._places.items():
            first, last = (found.start.line, found.start.column), (found.end.line, found.end.column)
            if (isinstance(node, cst.BaseCompoundStatement) and first == start) or (
                    isinstance(node, cst.BaseSmallStatement) and first <= start < last):
                return node
        raise Refused("what is to be mended was not found")

    def _position(self, line: int, column: int) -> tuple[int, int]:
        """A line and a column as libcst counts them: columns from 0, without form feeds."""
        start = offset(self._text, line, 1) if FEED in self._text else 0
        return line, column - 1 - self._text.count(FEED, start, start + column - 1) if start else column - 1

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node around a node. Raises `Refused` at the module."""
        found = self._parents.get(node)
        if found is None:
            raise Refused("what is to be mended stands in another form than is known")
        return found

    def around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around a node, from the nearest on."""
        while (found := self._parents.get(node)) is not None:
            yield found
            node = found

    def nearest(self, node: cst.CSTNode, kind: type[Node]) -> Node:
        """The nearest node of a kind around a node. Raises `Refused`."""
        for found in self.around(node):
            if isinstance(found, kind):
                return found
        raise Refused("what is to be mended stands in another form than is known")

    def within(self, place: Place) -> Iterator[cst.CSTNode]:
        """The nodes that stand exactly at a place, the outermost first."""
        start, end = self._position(place.line, place.column), self._position(place.end_line, place.end_column)
        for node, found in self._places.items():
            if (found.start.line, found.start.column) == start and (found.end.line, found.end.column) == end:
                yield node

    def replaced(self, changes: Changes) -> str:
        """The text with other nodes in place of some, whose comments go above the statement if they are lost."""
        above: dict[cst.CSTNode, list[str]] = {}
        for old, new in changes.items():
            if lost := _lost(old, new):
                statement = next((node for node in self.around(old) if hasattr(node, "leading_lines")), None)
                if statement is not None:
                    above.setdefault(statement, []).extend(lost)
        return self.with_feeds(self.module.visit(_Replacing(changes, above)).code)

    def with_feeds(self, code: str) -> str:
        """The new text with the form feeds of the old one, which libcst has not seen."""
        if FEED not in self._text:
            return code
        feeds = [at for at, letter in enumerate(self._text) if letter == FEED]
        before = [at - number for number, at in enumerate(feeds)]
        moved = []
        for each in edits("", self._text.replace(FEED, ""), code):
            start = each.start + bisect_right(before, each.start)
            moved.append(Edit("", start, max(start, each.end + bisect_left(before, each.end)), each.text))
        return applied(self._text, moved)


@lru_cache(4)
def _parsed(data: bytes) -> tuple[cst.Module, Mapping[cst.CSTNode, CodeRange], Mapping[cst.CSTNode, cst.CSTNode]] | str:
    """A text as a tree, with the place of each node and what is around it; or why it cannot be rewritten."""
    if len(data) > MAX_BYTES or shape_of(data).depth > MAX_DEPTH:
        return "the file is too long or too deep to be rewritten"
    sys.setrecursionlimit(max(sys.getrecursionlimit(), STACK))
    text = data.decode("utf-8", "replace").replace(FEED, "")
    try:
        module = cst.parse_module(text)
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        places = cast("Mapping[cst.CSTNode, CodeRange]", wrapper.resolve(PositionProvider))
        parents = cast("Mapping[cst.CSTNode, cst.CSTNode]", wrapper.resolve(ParentNodeProvider))
        same = module.code == text
    except (cst.ParserSyntaxError, RecursionError, ValueError) as error:
        return f"the file cannot be rewritten ({type(error).__name__})"
    return (module, places, parents) if same else \
        "the file cannot be rewritten without touching more than is to be mended"


class _Replacing(cst.CSTTransformer):
    def __init__(self, changes: Changes, above: Mapping[cst.CSTNode, list[str]]) -> None:
        super().__init__()
        self._changes = changes
        self._above = above

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self._changes

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]:
        node = self._changes.get(original_node, updated_node)
        if isinstance(node, cst.CSTNode) and (comments := self._above.get(original_node)):
            lines = [cst.EmptyLine(comment=cst.Comment(comment)) for comment in comments]
            node = node.with_changes(leading_lines=[*node.leading_lines, *lines])  # type: ignore[attr-defined]
        return node


def _lost(old: cst.CSTNode, new: cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]) -> list[str]:
    """The comments of a node that what comes in its place has no more."""
    kept = [comment for node in ([new] if isinstance(new, cst.CSTNode) else new) for comment in comments_in(node)]
    lost = []
    for comment in comments_in(old):
        if comment in kept:
            kept.remove(comment)
        else:
            lost.append(comment)
    return lost


def comments_in(node: cst.CSTNode) -> Iterator[str]:
    """The comments inside a node, in order."""
    stack = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, cst.Comment):
            yield here.value
        stack.extend(reversed(here.children))


def text_in(node: cst.BaseExpression) -> str | None:
    """The text that an expression is, if it is a literal one."""
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None
