"""What is read without a parser is what the parser gives, place by place; what is unusual is left to it."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gravity_lint.facts import yamlfile
from gravity_lint.facts.yamlplain import Mapping, Node, Scalar, Sequence, read

COMPOSE = """\
# EXAMPLE: not for production
---
version: "3.8"

services:
  db:
    image: postgres:16-alpine  # the deployment's
    environment:
      POSTGRES_DB: 'app'
      DATABASE_URL: postgresql://app:${PASSWORD:-secret}@db:5432/app?a=b#c
    command: [postgres, "-c", 'fsync=off', --single]
    labels: {app: shop, "tier": x}
    ports:
    - 5432:5432
    - "127.0.0.1:80:80"
  web:
    build: .
    depends_on: []
    volumes:
      - -x
      - type: volume
        source: data
      - - nested
        - lists
volumes:
  data:
  größe: übel
---
kind: Secret
data: {}
"""


def plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text, node.span, node.block
    return type(node).__name__, [plain(each) for each in node.items]


def check(text: str) -> bool:
    """Whether a text is read plainly; it is compared with what the parser says of it."""
    offsets = None if text.isascii() else [0, *accumulate(len(character.encode()) for character in text)]
    found = read(text, offsets)
    if found is None:
        return False
    roots, scalars, trouble = yamlfile._parsed_events(text, offsets)
    assert trouble is None
    assert [plain(each) for each in found[0]] == [plain(each) for each in roots]
    assert found[1] == scalars
    return True


def test_what_people_write_needs_no_parser() -> None:
    assert check(COMPOSE.replace('"tier"', "tier"))
    assert check("")
    assert check("# only a comment\n")


def test_the_collections_are_those_of_the_text() -> None:
    (root,), _ = read("a:\n- b\n- c: {d: e}\nf:") or ([], [])
    assert isinstance(root, Mapping)
    key, inner, last, nothing = root.items
    assert isinstance(inner, Sequence)
    assert [each.text for each in (key, last, nothing) if isinstance(each, Scalar)] == ["a", "f", ""]


@pytest.mark.parametrize("text", [
    "a: |\n  b\n", "a: >-\n  b\n", "a: &b c\n", "a: *b\n", "a: !t b\n", "<<: *b\n", "? a\n: b\n", "a: b\n  c\n",
    "a: {{ b }}\n", "{{- if a }}\nb: c\n", "a: \"b\\n\"\n", "a: 'it''s'\n", "a: [b, [c]]\n", "a: {b: {c: d}}\n",
    "a: [b,\n  c]\n", "a:\tb\n", "a: b\r\n", "--- a\n", "---\n---\na: b\n", "...\n", "%YAML 1.2\n---\na: b\n",
    "a: b: c\n", "a\n", "- a\nb: c\n", "a:\n    b: c\n  d: e\n", "a: \"b\" c\n", "a: @b\n", "a: `b`\n", "-\n",
    "a: b\n- c\n", "a: \x07\n", "a : b\n", "\ufeffa: b\n", "a: [b, , c]\n", "a: [b: c]\n", "a: {b}\n", "a: - b\n",
])
def test_what_is_unusual_or_wrong_is_left_to_the_parser(text: str) -> None:
    assert read(text) is None


VALUES = st.sampled_from([
    "", "b", "b c", "-b", "--b", "- b", "1:2", "1: 2", "b #c", "b#c", "#c", "'b'", '"b"', "'b", '"b" c', "[b, c]",
    "[b,c]", "[]", "{}", "{b: c}", "{b: c, d: 'e'}", "{b:c}", "{b}", "[b c]", "[-b]", "[- b]", "[a-, b]",
    "['b', \"c\"] # d", "[b]c", "~", "é", "b:", "...", "---", "b, c", "b]", "b}", "a: 1", "| ", "&b", "*b", "$b",
    "?b", ": b", ".b", "+1", "b  ", "[\"b\":c]", "{\"b\":c}", "[b, ]", "{b: c: d}", "[1:2]", "[b#c]", "[b #c]",
    "{b: -}", "[.]", "[--b]", "{a: [b]}", "b 'c'", "''", "[''] ", "0x1", "b\\", "%b", "@b",
])
LINES = st.builds(
    lambda indent, dashes, key, value: " " * indent + "".join(dashes) + key + value,
    st.integers(0, 5), st.lists(st.sampled_from(["- ", "-  ", "-"]), max_size=2),
    st.sampled_from(["", "", "a: ", "b: ", "c:", "d:  ", "a.b/c: ", "e", "1: ", "é: ", "'f': ", "a:b: ", "_: "]),
    VALUES)
OTHERS = st.sampled_from(["", "---", "# c", "  # c", "...", "   ", "--- # c", "-", "---a"])
TEXTS = st.lists(st.one_of(LINES, LINES, LINES, OTHERS), max_size=7).map("\n".join)


@settings(max_examples=500)
@given(text=TEXTS, end=st.sampled_from(["", "\n"]))
@example(text=COMPOSE, end="")
def test_what_is_read_is_what_the_parser_gives(text: str, end: str) -> None:
    check(text + end)
