"""What a shell script runs: its commands with their words, here-documents and what is piped to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice

from tree_sitter import Language, Node, Parser

from gravity_lint.facts.words import Command, Word, Writer
from gravity_lint.regex import regex

MAX_BYTES = 500_000
"""What is longer was not written by hand and is left out."""
MAX_SIGNS = 5_000
"""The same for scripts that hold more of one sign: thousands of pipes in a row cost the grammar their square."""
MAX_VALUES = 2_000_000
"""Characters of variables' values that are put in their places in one file."""
MAX_CALLS = 200
"""Calls of a script's functions that are followed."""
MAX_CALLED = 5_000
"""Commands that they may run in one file."""
MAX_DEPTH = 5
"""Variables made of variables that are followed."""

_QUOTED = regex(rb"(\\)(?:[\"$`\\]|\r?\n)")
_DOCUMENT = regex(rb"(\\)(?:[$`\\]|\r?\n)")
_PLAIN = regex(rb"(\\)(?:\r?\n|.)", re.DOTALL)
_TELLS = frozenset({"echo", "printf"})
_PASSES = frozenset({"cat", "tee", "envsubst", "sed", "tr", "grep"})
_EVERY = frozenset({"$@", "$*", "${@}", "${*}"})
_HOLDS = frozenset({"subshell", "compound_statement", "do_group", "if_statement", "for_statement", "while_statement"})


@cache
def _language() -> Language:
    import tree_sitter_bash  # only where a script is read at all

    return Language(tree_sitter_bash.language())


def parse_shell(data: bytes) -> tuple[Command, ...]:
    """UTF-8 text of a shell script → its commands, in order; never raises, what is not understood says nothing.

    A variable that the script sets once, to a text, is that text. A call of one of the script's functions is what the
    function runs, with the arguments in their places.
    """
    if len(data) > MAX_BYTES or any(data.count(sign) > MAX_SIGNS for sign in (b"|", b"<<", b"(", b"[")):
        return ()
    return _Reader(data, Parser(_language()).parse(data).root_node).commands()


class _Reader:
    def __init__(self, data: bytes, root: Node) -> None:
        self.data = data
        self.root = root
        self.functions: dict[str, Node] = {}
        self.assigned: dict[str, Node | None] = {}
        self.values: dict[str, Word | None] = {}
        self.given: tuple[Word, ...] = ()
        self.room = MAX_VALUES
        self.depth = 0

    def commands(self) -> tuple[Command, ...]:
        for node in _walk(self.root):
            name = node.child_by_field_name("name")
            if node.type == "function_definition" and name is not None:
                self.functions[self._raw(name)] = node
            elif node.type == "variable_assignment" and name is not None:
                self._assign(self._raw(name), node if node.children[1].type == "=" else None)
            elif node.type == "redirected_statement" and (name := self._read(node)) is not None:
                self._assign(self._raw(name), node)
        return tuple(sorted(self._called(self._commands(self.root)), key=lambda command: command.span))

    def _called(self, commands: Iterable[Command]) -> Iterator[Command]:
        """The commands, those of the script's own functions with what each call gives them."""
        calls, room = 0, MAX_CALLED
        for command in tuple(commands):
            function = self.functions.get(command.words[0].text)
            if function is None:
                yield command
            elif calls < MAX_CALLS and room > 0:
                calls += 1
                self.given, self.values = command.words[1:], {}
                run = tuple(islice(self._commands(function), room))
                room -= len(run)
                yield from run
        self.given, self.values = (), {}

    # ---- variables

    def _assign(self, name: str, node: Node | None) -> None:
        self.assigned[name] = None if name in self.assigned else node

    def _read(self, node: Node) -> Node | None:
        """The variable of `read -r -d '' SQL <<EOF`."""
        body = node.child_by_field_name("body")
        if body is None or body.type != "command" or len(body.children) < 3:
            return None
        words = [self._raw(child) for child in body.children]
        return body.children[-1] if words[0] == "read" and any(word.startswith("-") for word in words[1:-1]) else None

    def _value(self, name: str) -> Word | None:
        """What a variable holds; None where it is not set once, to a text."""
        if name.isdigit():
            return self.given[int(name) - 1] if 0 < int(name[:3]) <= len(self.given) else None
        if name not in self.values and (node := self.assigned.get(name)) is not None and self.depth < MAX_DEPTH:
            self.values[name] = None  # it may speak of itself
            self.depth += 1
            self.values[name] = self._text(node)
            self.depth -= 1
        value = self.values.get(name)
        self.room -= len(value.text) if value is not None else 0
        return value if self.room > 0 else None

    def _text(self, node: Node) -> Word | None:
        """The text that an assignment gives: `x="…"`, `x=$(cat <<EOF …)`, `read x <<EOF`."""
        if node.type == "variable_assignment":
            value = node.child_by_field_name("value")
            if value is None or value.type == "array":
                return None
            named = value.named_children
            if value.type == "string" and len(named) == 1 and named[0].type == "command_substitution":
                value = named[0]
            if value.type != "command_substitution":
                return self._word(value)
            if len(value.named_children) != 1 or value.named_children[0].type != "redirected_statement":
                return None
            node = value.named_children[0]
            body = node.child_by_field_name("body")
            if body is None or self._raw(body) != "cat":
                return None
        texts = self._inputs(node)
        return texts[0] if len(texts) == 1 else None

    # ---- commands

    def _commands(self, root: Node) -> Iterator[Command]:
        stack: list[tuple[Node, tuple[Word, ...]]] = [(root, ())]
        while stack:
            node, given = stack.pop()
            if node.type == "command":
                words = self._words(node)
                if words:
                    own = self._inputs(node)
                    yield Command(words, own or given, (words[0].span[0], words[-1].span[1]))
                stack.extend((child, ()) for child in node.children)
            elif node.type == "redirected_statement":
                own = self._inputs(node) or given
                body = node.child_by_field_name("body")
                stack.extend((child, own if body is not None and child.id == body.id else
                              self._told(body, own) if child.type == "heredoc_redirect" else ())
                             for child in node.children)
            elif node.type in ("pipeline", "heredoc_redirect"):
                # behind `cat <<EOF |`, the rest of the pipeline stands inside the redirection
                for child in node.children:
                    if child.is_named and child.type not in ("heredoc_start", "heredoc_end"):
                        stack.append((child, given))
                        given = self._told(child, given) if node.type == "pipeline" else given
            elif node.type == "command_substitution":
                stack.extend((child, ()) for child in node.children)
            else:
                stack.extend((child, given) for child in node.children)

    def _told(self, node: Node | None, given: tuple[Word, ...]) -> tuple[Word, ...]:
        """What a part of a pipeline writes, where it is known."""
        found: list[Word] = []
        stack = [(node, given, 0)] if node is not None else []
        while stack:
            here, text, depth = stack.pop()
            if here.type == "command":
                words = self._words(here)
                name = words[0].text if words else ""
                if name in _TELLS:
                    found.extend(word for word in words[1:] if not word.text.startswith("-"))
                elif name in _PASSES:
                    found.extend(self._inputs(here) or text)
            elif here.type == "redirected_statement":
                stack.append((here.child_by_field_name("body") or here.children[0], self._inputs(here) or text, depth))
            elif here.type in _HOLDS and depth < 2:
                stack.extend((child, text, depth + 1) for child in reversed(here.children))
        return tuple(found)

    def _inputs(self, node: Node) -> tuple[Word, ...]:
        """The here-documents and here-strings of a command."""
        found: list[Word] = []
        for child in node.children:
            if child.type == "herestring_redirect" and child.named_children:
                found.append(self._word(child.named_children[-1]))
            elif child.type == "heredoc_redirect":
                start = next((self._raw(part) for part in child.children if part.type == "heredoc_start"), "")
                found.extend(self._document(part, any(sign in start for sign in "'\"\\"))
                             for part in child.children if part.type == "heredoc_body")
        return tuple(found)

    def _words(self, node: Node) -> tuple[Word, ...]:
        found: list[Word] = []
        for index, child in enumerate(node.children):
            if node.field_name_for_child(index) in ("name", "argument"):
                every = self.given and child.end_byte - child.start_byte < 6 and self._raw(child).strip('"') in _EVERY
                found.extend(self.given if every else (self._word(child),))
        return tuple(found)

    # ---- words

    def _word(self, node: Node) -> Word:
        writer = Writer(self.data)
        self._write(node, writer)
        return writer.done((node.start_byte, node.end_byte))

    def _write(self, node: Node, writer: Writer) -> None:
        stack = [node]
        while stack:
            here = stack.pop()
            start, end = here.start_byte, here.end_byte
            if here.type == "raw_string":
                writer.literal(start + 1, max(start + 1, end - 1))
            elif here.type == "ansi_c_string":
                writer.literal(start + 2, max(start + 2, end - 1))
            elif here.type in ("string", "translated_string"):
                self._between(here, start + 1, end - 1, _QUOTED, writer)
            elif here.type in ("concatenation", "command_name"):
                stack.extend(reversed(here.children))
            elif here.type in ("simple_expansion", "expansion"):
                writer.word(self._variable(here))
            elif here.type.endswith(("_expansion", "_substitution")):
                writer.word(None)
            else:
                writer.literal(start, end, _PLAIN)

    def _document(self, node: Node, quoted: bool) -> Word:
        writer = Writer(self.data)
        if quoted:
            writer.literal(node.start_byte, node.end_byte)
        else:
            self._between(node, node.start_byte, node.end_byte, _DOCUMENT, writer)
        return writer.done((node.start_byte, node.end_byte))

    def _between(self, node: Node, start: int, end: int, escape: re.Pattern[bytes], writer: Writer) -> None:
        """A text with expansions in it."""
        for child in node.children:
            if child.type.endswith(("expansion", "_substitution")):
                writer.literal(start, child.start_byte, escape)
                writer.word(self._variable(child))
                start = child.end_byte
        writer.literal(start, max(start, end), escape)

    def _variable(self, node: Node) -> Word | None:
        """The value of `$name` or `${name}`; None for any other expansion, and for what is not known."""
        names = node.named_children
        if node.type not in ("simple_expansion", "expansion") or len(names) != 1 or len(node.children) > 3:
            return None
        name = self._raw(names[0])
        return self.given[0] if name in "@*" and len(self.given) == 1 else self._value(name)

    def _raw(self, node: Node) -> str:
        return self.data[node.start_byte:node.end_byte].decode("utf-8", "replace")


def _walk(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))
