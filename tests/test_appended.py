"""A comment at the end of a file is soon passed over, and only where it certainly says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gravity_lint.appended import says_nothing
from gravity_lint.facts.python import parse_python

FIXTURES = Path(__file__).parent.parent / "fixtures"
BEFORE = b"import os\n\nurl = os.environ['DATABASE_URL']\n"
ADDED = b"\n# changed by hand: twice, at least\n"


@pytest.mark.parametrize("before", [
    b"", b"x = 1\n", BEFORE, BEFORE + b"def f():\n    return '''\n'''\n", b"\n\n", b"x = [\n(')')]\n",
    "x = 'ü'  # '\n# ü\n".encode(), b"x = '\\\n'\n", b"x = '\\''\r\n\r\n"])
@pytest.mark.parametrize("added", [ADDED, b"#\n", b"\n", b"\n   \n# one\n\n# two\n"])
def test_what_says_nothing(before: bytes, added: bytes) -> None:
    assert says_nothing(before, added, {b"sqlalchemy"})
    assert repr(parse_python(before)) == repr(parse_python(before + added))


@pytest.mark.parametrize("added", [
    b"x = 1\n", b"# one", b" # one\n", b"# gravity: ignore\n", b"# noqa\n", b"# NoQA\n", b"# coding: x\n",
    b"# GRV101\n", b"# FastAPI()\n",
    b"# a.b = c\n", b"# DJANGO_SETTINGS_MODULE\n", b"# from sqlalchemy\n", "# ü\n".encode(),
    b"# 'x'\n", b"# x\\\n", b"<<<<<<< ours\n", b"\n\x0c\n", b"#\r\n", b"# x = 1\n"])
def test_what_may_say_something(added: bytes) -> None:
    assert not says_nothing(BEFORE, added, {b"sqlalchemy"})


@pytest.mark.parametrize("before", [
    b"# coding: latin-1\n\n", b"\n# vim: fileencoding=utf-16\n", b"\xef\xbb\xbf\n\nx = 1\n",
    b"\xff\xfex\0\n\0\n\0", b"\n\nx = 1 \\", b"\n\nx = '''\n", b'\n\nx = """\n"\'\n', b"\n\nx = 'y\n", b"\n\nx = (\n",
    b"\n\nx = )\n", b"\n\nx = 1 + \\\n", b"\n\nx = 1 + \\\r\n", b"\n\nx = '''\\'''\n", b"\n\nx = '\0'\n"])
def test_what_is_not_complete(before: bytes) -> None:
    assert not says_nothing(before, ADDED, set())


@pytest.mark.parametrize("before", [b"x = 1", b"\n\nx = [\n]", b"def f():\n    return 1", b"# one", b"\n   "])
def test_a_last_line_without_an_end(before: bytes) -> None:
    assert says_nothing(before, ADDED, set())
    assert repr(parse_python(before)) == repr(parse_python(before + ADDED))
    assert not says_nothing(before, b"# one\n", set())


def test_facts_stay_as_they_are() -> None:
    files = sorted(FIXTURES.rglob("*.py"))
    passed = [data for path in files if says_nothing(data := path.read_bytes(), ADDED, set())]
    assert len(passed) > len(files) * 0.6
    for data in passed:
        assert repr(parse_python(data)) == repr(parse_python(data + ADDED))


def test_it_is_soon_known() -> None:
    for part in (b'"', b"'''", b"(", b"#", b"\\", b'""" "" ', b"\n#" + b" " * 50):
        says_nothing(b"\n\n" + part * 200_000 + b"\n", ADDED, set())
        says_nothing(BEFORE, part * 200_000, set())
