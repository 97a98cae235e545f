"""What must be known of a Python text before it is rewritten: how deep its tree is, its comments, its faults."""

from __future__ import annotations

from gravity_lint.facts.grammar import parsed
from gravity_lint.record import NamedTuple

_FLAT = frozenset({"concatenated_string", "dictionary_comprehension", "dotted_name", "generator_expression",
                   "if_statement", "list_comprehension", "set_comprehension"})
"""Nodes whose children other parsers nest into each other."""


class Shape(NamedTuple):
    """`depth` counts what other parsers nest as nested."""

    depth: int
    comments: tuple[str, ...]
    faults: int


def shape_of(data: bytes) -> Shape:
    """UTF-8 text of a Python file → its shape. Never raises."""
    data, root, troubles = parsed(data)
    deepest = 0
    comments: list[str] = []
    stack = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        if node.type == "comment":
            comments.append(data[node.start_byte:node.end_byte].decode("utf-8", "replace").rstrip())
        inside = depth + (len(node.children) if node.type in _FLAT else 1)
        deepest = max(deepest, inside)
        stack.extend((child, inside) for child in node.children)
    return Shape(deepest, tuple(reversed(comments)), len(troubles))
