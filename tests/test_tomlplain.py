"""What is called plain TOML is TOML, whatever it is made of; what is unusual is left to the parser."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gravity_lint.facts.tomlplain import is_plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

USUAL = """\
# what a service has
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "größe"  # a comment
requires-python = '>=3.11'
dependencies = [
  # the framework
  "fastapi>=0.110",
  'sqlalchemy[asyncio] == 2.*', "x" ,
  "last"
]
dynamic = [ ]

[tool.pytest.ini_options]
asyncio_mode = "auto"
xfail_strict = true
[tool.x]
line-length = 100
[tool]
"""


def test_what_people_write_is_plain() -> None:
    tomllib.loads(USUAL)
    assert is_plain(USUAL)
    assert is_plain("")


@pytest.mark.parametrize("text", [
    "a = 1\na = 2", "[a]\n[a]", "a = 1\n[a]", "[a]\nb = 1\n[a.b.c]", "a = [\"b\"\n\"c\"]", "a = [1", "a = [1\n[b]",
    "a = 01", "a = b", "a", "[a", "a = \"b", "a = \"b\" c", "a = \"\"\"\"\"", "= 1", "a = \"\x07\"", "a = [1]]",
    "a = [,]", "a = [1,,2]",
])
def test_what_is_wrong_is_not_plain(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
    assert not is_plain(text)


@pytest.mark.parametrize("text", [
    "a.b = 1", "[[a]]", "\"a\" = 1", "a = {b = 1}", "a = \"\"\"b\"\"\"", "a = \"\\n\"", "a = 1.5", "a = -1",
    "a = [[1]]", "a = 0", "a = 1\r\n", "a = 2020-01-01", "[ a ]", "a =\t1",
])
def test_what_is_unusual_is_left_to_the_parser(text: str) -> None:
    tomllib.loads(text)
    assert not is_plain(text)


WORDS = st.sampled_from([
    "a", "b", "c", ".", " ", "=", " = ", "[", "]", "[a]", "[b.a]", "[a.b.c]", "\"x\"", "'x'", "\"", "''", ",", ", ",
    "\n", "\n", "\n", "# c", "1", "10", "0", "true", "a = 1", "b = \"y\"", "c = [", "é", "\\", "{", "}", "[[a]]",
    "a = [1, 2]", "\"x\",",
])


@settings(max_examples=500)
@given(st.lists(WORDS, max_size=14).map("".join))
def test_plain_toml_is_toml(text: str) -> None:
    if is_plain(text):
        tomllib.loads(text)
