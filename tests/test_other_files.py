"""YAML, ini and Dockerfile facts: values with their places, and what is no YAML or ini."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity_lint.facts.dockerfile import expand, parse_dockerfile
from gravity_lint.facts.ini import parse_ini
from gravity_lint.facts.troubles import troubles
from gravity_lint.facts.yamlfile import YamlFacts, parse_yaml
from gravity_lint.source import Source


def yaml(text: str) -> YamlFacts:
    return parse_yaml(Source("/x.yml", text.encode("utf-8", "surrogatepass")))


def test_yaml_values_have_paths_and_places() -> None:
    source = Source("/x.yml", "# é\nservices:\n  dbé:\n    image: 'é:1' # note\n  list: [a, {b: c}]\n".encode())
    facts = parse_yaml(source)
    assert [(entry.path, entry.text) for entry in facts.entries] == [
        (("services", "dbé", "image"), "é:1"), (("services", "list", "0"), "a"), (("services", "list", "1", "b"), "c")]
    assert source.place(facts.entries[0].span)[1:] == (4, 12, 4, 17)
    assert source.place(facts.entries[0].key)[1:] == (4, 5, 4, 10)
    assert [(comment.text, comment.line, comment.alone) for comment in facts.comments] == [
        ("é", 1, True), ("note", 4, False)]


def test_yaml_anchors_and_merge_keys() -> None:
    facts = yaml("x: &x {image: a, tag: b}\ny:\n  <<: *x\n  tag: c\n---\nz: 1\n")
    assert [(entry.document, entry.path, entry.text) for entry in facts.entries] == [
        (0, ("x", "image"), "a"), (0, ("x", "tag"), "b"), (0, ("y", "tag"), "c"), (0, ("y", "image"), "a"),
        (1, ("z",), "1")]


def test_yaml_comments_are_not_in_values() -> None:
    facts = yaml("a: 'x # no'\nb: |\n  # no\nc: x#no\nd: 1 # yes\n")
    assert [comment.text for comment in facts.comments] == ["yes"]


@pytest.mark.parametrize(("text", "line"), [
    ("a: [1\nb: 2\n", 2), ("a: b: c\n", 1), ("a: 1\n\tb: 2\n", 2), ("a: *nothing\n", 1), ("a:\n" + "[" * 9000, 2)])
def test_malformed_yaml_is_said(text: str, line: int) -> None:
    (trouble,) = yaml(text).troubles
    assert trouble.line == line


def test_before_an_error_yaml_is_still_read() -> None:
    assert [entry.text for entry in yaml("a: 1\nb: [\n").entries] == ["1"]


def test_a_template_is_not_malformed() -> None:
    facts = yaml("{{- if .Values.x }}\na: {{ .Values.y }}\n{{- end }}\n")
    assert facts.template
    assert not facts.troubles


def test_an_alias_bomb_is_cut_off() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]" for i in range(12)]
    began = time.perf_counter()
    facts = yaml("\n".join(lines))
    assert time.perf_counter() - began < 5
    assert facts.troubles


def test_an_anchor_that_holds_itself() -> None:
    assert yaml("a: &a [*a]\nb: &b {<<: *b, c: 1}\n").entries[-1].text == "1"


@given(st.one_of(st.text(), st.lists(st.sampled_from(
    ["a", ":", " ", "\n", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: *a", "'", '"', "|", "#", "---", "!t", "? ", "\t"]
)).map("".join)))
def test_yaml_never_raises(text: str) -> None:
    yaml(text)


def test_ini() -> None:
    facts = parse_ini(Source("/x.ini", b"; c\n[DEFAULT]\nhost = db\n[a]\nX = 1\n  2\n\n  # no\n  3\ny: %(here)s\n"))
    assert [(o.section, o.key, o.value, o.line) for o in facts.options] == [
        ("DEFAULT", "host", "db", 3), ("a", "x", "1\n2\n3", 5), ("a", "y", "%(here)s", 10)]
    assert facts.value("a", "host") == "db"
    assert facts.value("a", "nothing") is None


@pytest.mark.parametrize(("text", "lines"), [
    ("x = 1\n[a]\n", [1]), ("[a]\nx = 1\nnonsense\ny = 2\n", [3]), ("[a]\nx = 1\nx = 2\n", [3]), ("", [])])
def test_malformed_ini_is_said(text: str, lines: list[int]) -> None:
    assert [trouble.line for trouble in parse_ini(Source("/x.ini", text.encode())).troubles] == lines


def test_dockerfile() -> None:
    text = b"""# escape=`
FROM --platform=x python:3.12 AS Base
ENV A=1 B="2 3" `
    # a comment

    C='4'
ENV D some value
ARG E=${F:-x} G
RUN export H=5 && export I="6 7"
RUN <<END
ENV NO=1
END
CMD ["run", "--db", "url"]
"""
    source = Source("/Dockerfile", text)
    facts = parse_dockerfile(source)
    assert [(stage.image, stage.name) for stage in facts.stages] == [("python:3.12", "base")]
    assert [(s.instruction, s.name, s.value) for s in facts.settings] == [
        ("ENV", "A", "1"), ("ENV", "B", "2 3"), ("ENV", "C", "4"), ("ENV", "D", "some value"), ("ARG", "E", "${F:-x}"),
        ("RUN", "H", "5"), ("RUN", "I", "6 7")]
    assert [text[s.span[0]:s.span[1]] for s in facts.settings[:4]] == [b"1", b'"2 3"', b"'4'", b"some value"]
    assert [word.text for word in facts.words] == ["run", "--db", "url"]


@pytest.mark.parametrize(("value", "expected"), [
    ("a", "a"), ("$A/x", "1/x"), ("${A}x", "1x"), ("${B:-c}", "c"), ("${B:+c}", "?"), ("$B", "?"), ("${A:-c}", "1")])
def test_variables(value: str, expected: str) -> None:
    assert expand(value, {"A": "1"}, "?") == expected


@given(st.binary())
def test_dockerfile_and_ini_never_raise(data: bytes) -> None:
    source = Source("/x", data.decode("utf-8", "replace").encode())
    parse_dockerfile(source)
    parse_ini(source)


@pytest.mark.parametrize(("kind", "name", "text", "expected"), [
    ("yaml", "docker-compose.yml", "a: [\n", 2), ("yaml", "k8s.yaml", "apiVersion: v1\nkind: [\n", 3),
    ("yaml", "other.yaml", "a: [\n", None), ("yaml", "compose.yml", "services: {}\n", None),
    ("ini", "alembic.ini", "[alembic]\nnonsense\n", 2), ("ini", "setup.cfg", "nonsense\n", None),
    ("toml", "pyproject.toml", "[a]\nb = \n", 2), ("toml", "pyproject.toml", "[a]\n", None),
    ("toml", "pyproject.toml", "a = " + "[" * 9000, 1), ("toml", "other.toml", "[", None), ("other", "x", "[", None)])
def test_troubles(kind: str, name: str, text: str, expected: int | None) -> None:
    found = troubles(kind, Source(f"/{name}", text.encode()))
    assert [line for line, _ in found] == ([] if expected is None else [expected])
