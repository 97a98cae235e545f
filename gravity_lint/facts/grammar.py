"""Python's grammar: text into a concrete syntax tree, and where the text is not Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

from tree_sitter import Language, Node, Parser, Point, Range

from gravity_lint.facts.code import Span, SyntaxTrouble
from gravity_lint.regex import regex

MAX_CHECKED = 1_000_000
"""Bytes up to which a suspected syntax error is confirmed by Python's own parser."""

MAX_NODES = 300_000
"""Nodes of a tree that is read: the longest file that people are known to have written has 163,000, in 22,000 lines;
what has more was generated, and everything that is done with it would take seconds."""

_GLANCE = 1_250_000
"""Bytes at the beginning of a larger file that may already hold too many nodes."""

MAX_INDENTS = 200
"""Different indentations of one file that are read: tree-sitter's scanner ends the process where 512 are open."""

_DEEPEST = b" " * MAX_INDENTS

MANY_REMARKS = 300
"""Lines of comments and lone backslashes, with nothing between them, that are left out."""


def _binding(package: str) -> Any:
    """The compiled part of a grammar's package: importing the rest takes longer than importing all of `tree_sitter`."""
    found = PathFinder.find_spec(package)
    spec = PathFinder.find_spec(f"{package}._binding", found.submodule_search_locations) if found is not None else None
    if spec is None or spec.loader is None:  # it does not lie in a folder of its own
        return import_module(package)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_LANGUAGE = Language(_binding("tree_sitter_python").language())
_CONFLICT = regex(rb"^(?:<{7} |>{7} |={7}\r?$)", re.MULTILINE)
_DEEP = regex(rb"^[ \t\f]{25}|^[ \t\f]*\\\r?$", re.MULTILINE)  # fewer tabs cannot make so many
_LONE = regex(rb"^ *\\$", re.MULTILINE)
_REMARKS = regex(rb"(?:^[ \t\f]*(?:#[^\n]*|\\\r?)\n\s*){%d,}" % MANY_REMARKS, re.MULTILINE)
_INK = regex(rb"\S")
_INDENTED = regex(rb"^((?:[ \t\f\r]|\\\r?\n)*)([^\n]+)", re.MULTILINE)


def field(name: str) -> int:
    """The number under which the grammar knows the children of this name."""
    return _LANGUAGE.field_id_for_name(name) or 0


def parsed(data: bytes) -> tuple[bytes, Node, tuple[SyntaxTrouble, ...]]:
    """UTF-8 text → the text as it was read, the root of its tree, and where it is not Python.

    There is always a tree, however broken the text; spans lie in the text as it was given.
    """
    data, deep = _shallow(data) if _may_be_deep(data) else (data, ())
    # At every comment and lone backslash the scanner looks past all that follow: thousands would take minutes
    if data.count(b"#") + data.count(b"\\") >= MANY_REMARKS:
        data = _REMARKS.sub(lambda match: _INK.sub(b" ", match[0]), data)
    root = _tree(data)
    if root is None:
        end = data.find(b"\n")
        trouble = SyntaxTrouble((0, end if end >= 0 else len(data)), "was generated: it holds too much to be judged")
        return b"", Parser(_LANGUAGE).parse(b"").root_node, (trouble,)
    return data, root, deep or (tuple(_troubles(root, data)) if root.has_error else ())


def part(data: bytes, start: int, end: int) -> Node:
    """The root of the tree of a function's text inside a text without errors; spans lie in the whole text."""
    last = data.rfind(b"\n", start, end) + 1
    stop = Point(data.count(b"\n", start, end), end - (last or start))
    return Parser(_LANGUAGE, included_ranges=[Range(Point(0, 0), stop, start, end)]).parse(data).root_node


def _may_be_deep(data: bytes) -> bool:
    """Whether a text can have more different indentations than are read."""
    if any(map(data.count, (b"\t", b"\r", b"\f"))):
        return _DEEP.search(data) is not None
    return data.find(_DEEPEST) >= 0 or ((data.find(b"\\\n") >= 0 or data.endswith(b"\\"))
                                         and _LONE.search(data) is not None)


def _tree(data: bytes) -> Node | None:
    """The root of a text's tree; None for one that is too large."""
    if sum(data.count(sign) for sign in (b"(", b"[", b"{")) > MAX_NODES:  # the deeper, the longer the parser takes
        return None
    glance = data[: data.rfind(b"\n", 0, _GLANCE) + 1] if len(data) > _GLANCE else b""
    if any(glance.count(quotes) % 2 for quotes in (b'"""', b"'''")):
        glance = b""  # it would end inside a text, which would be read as if it were code
    for part in (glance, data) if glance else (data,):
        root = Parser(_LANGUAGE).parse(part).root_node
        if root.descendant_count > MAX_NODES:
            return None
    return root


def _shallow(data: bytes) -> tuple[bytes, tuple[SyntaxTrouble, ...]]:
    """The text with spaces in place of every line past too many different indentations, and a trouble at the first."""
    known: set[int] = set()
    left_out: list[tuple[int, int]] = []
    for match in _INDENTED.finditer(data):
        indent = re.split(rb"[\r\f]", re.sub(rb"\\\r?\n", b"", match[1]))[-1]
        width = len(indent) + 7 * indent.count(b"\t")
        if width not in known and len(known) >= MAX_INDENTS:
            left_out.append(match.span())
        else:
            known.add(width)
    if not left_out:
        return data, ()
    first = left_out[0]
    start = first[1] - len(data[slice(*first)].rpartition(b"\n")[2].lstrip())
    trouble = SyntaxTrouble((start, first[1]), "is nested too deeply here, what is deeper is left out")
    if len(data) > MAX_CHECKED:  # at the end of every block, the scanner looks past all blank lines that follow
        return data[: left_out[0][0]], (trouble,)
    text = bytearray(data)
    for start, end in left_out:
        text[start:end] = _INK.sub(b" ", data[start:end])
    return bytes(text), (trouble,)


def conflicts(data: bytes) -> tuple[SyntaxTrouble, ...]:
    """The first marker that a merge left in a text."""
    if not (b"<<<<<<< " in data or b">>>>>>> " in data) or (conflict := _CONFLICT.search(data)) is None:
        return ()
    end = data.find(b"\n", conflict.start())
    return (SyntaxTrouble((conflict.start(), end if end >= 0 else len(data)), "has merge conflict markers here"),)


def _troubles(root: Node, data: bytes) -> Iterator[SyntaxTrouble]:
    """Where the syntax errors are, outermost first; none where Python's own parser reads the file."""
    if conflict := _CONFLICT.search(data):
        end = data.find(b"\n", conflict.start())
        yield SyntaxTrouble((conflict.start(), end if end >= 0 else len(data)), "has merge conflict markers here")
        return
    line = _python_line(data)
    if line == 0:
        return  # newer than the grammar, not wrong
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_missing or node.is_error:
            what = f": `{node.type}` is missing" if node.is_missing else ""
            yield SyntaxTrouble(_narrowed(node, data, line), f"is not valid Python here{what}")
        elif node.has_error:
            stack.extend(reversed(node.children))


def _python_line(data: bytes) -> int | None:
    """The line, from 1, where Python's own parser stops; 0 where it reads the whole text, None where it cannot tell."""
    if len(data) > MAX_CHECKED:
        return None
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(data)
    except SyntaxError as error:
        return error.lineno or None
    except (ValueError, RecursionError, MemoryError):
        return None
    return 0


def _narrowed(node: Node, data: bytes, line: int | None) -> Span:
    """The first line of an error, or the line inside it where Python's own parser stops: nearer to the cause."""
    start, end = node.start_byte, node.end_byte
    if line is not None and node.start_point[0] < line - 1 <= node.end_point[0]:
        for _ in range(line - 1 - node.start_point[0]):
            start = data.index(b"\n", start) + 1
        start += len(data[start:end]) - len(data[start:end].lstrip(b" \t"))
    stop = data.find(b"\n", start, end)
    return start, stop if stop >= 0 else max(end, start)
