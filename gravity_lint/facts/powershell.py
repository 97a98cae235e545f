"""What a PowerShell script runs: its commands with their words, and the texts that are piped to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tree_sitter import Language, Node, Parser

from gravity_lint.facts.shell import MAX_BYTES, MAX_VALUES
from gravity_lint.facts.words import Command, Word, Writer
from gravity_lint.regex import regex

MAX_MISREAD = 20
"""Lines that the grammar does not understand and that are left out."""

_ASSIGNED = regex(rb"(?<=\s)(--?[A-Za-z][\w-]*)=(?=[\"'])")  # the grammar knows no `--command="…"`
_ESCAPE = regex(rb"(`)(?:\r?\n|.)", re.DOTALL)
_DOUBLED = regex(rb"(')'")
_HERE = {"expandable_here_string_literal": _ESCAPE, "verbatim_here_string_characters": None}
_STRINGS = {"expandable_string_literal": _ESCAPE, "verbatim_string_characters": _DOUBLED}
_TELLS = frozenset({"write-output", "echo", "write"})


@cache
def _language() -> Language:
    import tree_sitter_powershell  # only where a script is read at all

    return Language(tree_sitter_powershell.language())


def parse_powershell(data: bytes) -> tuple[Command, ...]:
    """UTF-8 text of a PowerShell script → its commands, in order; never raises, what is not understood says nothing.

    A variable that the script sets once, to a text, is that text.
    """
    return () if len(data) > MAX_BYTES else _Reader(*_parsed(data), data).commands()


def _parsed(data: bytes) -> tuple[bytes, Node]:
    """The text as it was read, and its tree; lines that end the grammar's understanding of all the rest are blank."""
    data = _ASSIGNED.sub(rb"\1 ", data)
    parser = Parser(_language())
    root = parser.parse(data).root_node
    for _ in range(min(MAX_MISREAD, 1 + MAX_BYTES // (len(data) + 1))):
        stop = _misread(root) if root.has_error else None
        if stop is None:
            break
        start, end = data.rfind(b"\n", 0, stop) + 1, data.find(b"\n", stop)
        end = len(data) if end < 0 else end
        if not data[start:end].strip():
            break
        data = data[:start] + b" " * (end - start) + data[end:]
        root = parser.parse(data).root_node
    return data, root


def _misread(root: Node) -> int | None:
    """Where the first syntax error begins."""
    error = next((node for node in _walk(root) if node.is_error), None)
    if error is None:
        return None
    loose = (child.start_byte for child in error.children if child.type in ("simple_name", "UNEXPECTED", "ERROR"))
    return next(loose, error.start_byte)


class _Reader:
    def __init__(self, data: bytes, root: Node, written: bytes) -> None:
        self.data = data
        self.written = written
        """The text as it stands in the file, of which words are made."""
        self.root = root
        self.values: dict[str, Word | None] = {}
        self.room = MAX_VALUES

    def commands(self) -> tuple[Command, ...]:
        known: dict[str, Word | None] = {}
        found: list[Command] = []
        nodes = list(_walk(self.root))
        for node in nodes:
            if node.type == "assignment_expression" and len(node.children) == 3:
                name, sign, value = node.children
                spoken = self._raw(name).lower()
                certain = self._raw(sign) == "=" and spoken not in known
                known[spoken] = self._text(value) if certain else None
        self.values = known
        for node in nodes:
            if node.type == "pipeline_chain":
                found.extend(self._pipeline(node))
        return tuple(sorted(found, key=lambda command: command.span))

    def _pipeline(self, node: Node) -> Iterator[Command]:
        given: tuple[Word, ...] = ()
        for part in node.named_children:
            if part.type != "command":
                text = self._text(part)
                given = (text,) if text is not None else ()
                continue
            words = tuple(self._words(part))
            if words:
                yield Command(words, given, (part.start_byte, part.end_byte))
            given = words[1:] if words and words[0].text.lower() in _TELLS else ()

    def _words(self, node: Node) -> Iterator[Word]:
        for part in node.named_children:
            if part.type in ("command_name", "command_name_expr"):
                yield self._word(part)
            elif part.type == "command_elements":
                for element in part.named_children:
                    if element.type not in ("command_argument_sep", "redirection"):
                        yield self._word(element)

    # ---- words

    def _word(self, node: Node) -> Word:
        writer = Writer(self.written)
        stack = [node]
        while stack:
            here = stack.pop()
            start, end = here.start_byte, here.end_byte
            if here.type in _HERE:
                self._between(here, start + 2, end - 2, _HERE[here.type], writer)
            elif here.type in _STRINGS:
                self._between(here, start + 1, end - 1, _STRINGS[here.type], writer)
            elif here.type == "variable":
                writer.word(self._variable(here))
            elif here.type in ("sub_expression", "member_access", "invokation_expression", "element_access"):
                writer.word(None)
            elif here.named_children and len(here.named_children) <= 2:  # one inside the other, or `"…" + $name`
                stack.extend(reversed(here.named_children))
            elif here.named_children:
                writer.word(None)
            else:
                writer.literal(start, end, _ESCAPE)
        return writer.done((node.start_byte, node.end_byte))

    def _between(self, node: Node, start: int, end: int, escape: re.Pattern[bytes] | None, writer: Writer) -> None:
        for child in node.named_children:
            if child.type in ("variable", "sub_expression"):
                writer.literal(start, child.start_byte, escape)
                writer.word(self._variable(child) if child.type == "variable" else None)
                start = child.end_byte
        writer.literal(start, max(start, end), escape)

    def _text(self, node: Node) -> Word | None:
        """What an expression is, where it is one text or a sum of texts and variables."""
        here = node
        while len(here.named_children) == 1 and here.type not in (*_STRINGS, *_HERE):
            here = here.named_children[0]
        known = here.type in (*_STRINGS, *_HERE, "additive_expression", "variable")
        return self._word(here) if known else None

    def _variable(self, node: Node) -> Word | None:
        value = self.values.get(self._raw(node).lower().replace("{", "").replace("}", ""))
        if value is not None:
            self.room -= len(value.text)
        return value if self.room > 0 else None

    def _raw(self, node: Node) -> str:
        return self.data[node.start_byte:node.end_byte].decode("utf-8", "replace")


def _walk(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))
