"""Comments and configuration that answer for findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gravity_lint.config import Config
from gravity_lint.source import Source
from gravity_lint.suppress import Comments, suppress
from gravity_lint.violation import Place, Violation


def violation(path: str, line: int, code: str = "GRV101", end_line: int = 0) -> Violation:
    return Violation(code, "hardcoded-database-url", "error", "wrong", Place(path, line, 1, end_line or line, 2), "/s")


def kept(name: str, text: str, *lines: int, config: Config | None = None) -> list[int]:
    """The lines whose finding stays."""
    path = f"/s/{name}"
    source = Source(path, text.encode())
    comments = Comments(lambda _: source)
    found = suppress([violation(path, line) for line in lines], comments, config or Config(root=Path("/s")))
    assert len(found.violations) + len(found.suppressed) == len(lines)
    assert bool(found.used) <= bool(found.suppressed)
    return [each.place.line for each in found.violations]


@pytest.mark.parametrize("comment", [
    "# gravity: ignore", "# gravity: ignore[GRV101]", "#gravity:ignore[GRV101] because of the demo",
    "# gravity: ignore[GRV201, GRV101]", "# gravity: ignore[hardcoded-database-url]", "# gravity: ignore for now",
    "# noqa", "# NOQA", "# noqa: GRV101", "# noqa:E501,GRV101", "# noqa: E501 GRV101", "# noqa: GRV1",
    "# type: ignore[x]  # noqa: GRV101  # why not", "# nosec gravity: ignore[GRV101]",
])
def test_comments_that_suppress(comment: str) -> None:
    assert kept("a.py", f"x = 1  {comment}\ny = 2\n", 1, 2) == [2]


@pytest.mark.parametrize("comment", [
    "# gravity: ignored", "# gravity: ignore[GRV102]", "# gravity: ignore[]", "# gravity: ignore[GRV101",
    "# gravity: ignore[G]", "# noqa: E501", "# noqa:", "# noqa: !", "# noqah", "# gravity ignore", "",
])
def test_comments_that_do_not(comment: str) -> None:
    assert kept("a.py", f"x = 1  {comment}\n", 1) == [1]


def test_any_line_of_the_statement() -> None:
    text = "e = create(\n    'u',\n    1,  # gravity: ignore[GRV101]\n)\nf = create('u')\n"
    assert kept("a.py", text, 1, 2, 3, 4, 5) == [5]
    assert kept("a.py", "e = create(\n    'u',\n)  # noqa\nf = 1\n", 1, 2, 4) == [4]


def test_a_function_is_not_its_body() -> None:
    assert kept("a.py", "def f():  # gravity: ignore\n    x = 1\n", 1, 2) == [2]


def test_a_comment_in_a_string_is_none() -> None:
    assert kept("a.py", 'x = "# gravity: ignore"\n', 1) == [1]


@pytest.mark.parametrize("name", ["compose.yaml", "alembic.ini", "Dockerfile", ".env", "deploy.sh", "pyproject.toml"])
def test_lines_of_other_files(name: str) -> None:
    assert kept(name, "a=b  # gravity: ignore[GRV101]\nc=d\n", 1, 2) == [2]
    assert kept(name, "a=b\n# gravity: ignore[GRV101] why\n# more\nc=d\ne=f\n", 1, 4, 5) == [1, 5]


def test_continued_lines() -> None:
    text = "FROM x\n# gravity: ignore\nENV A=1 \\\n    B=2 \\\n    C=3\nENV D=4\n"
    assert kept("Dockerfile", text, 3, 4, 5, 6) == [6]


def test_ini_and_sql_have_comments_of_their_own() -> None:
    assert kept("alembic.ini", "; gravity: ignore\na = b\nc = d\n", 2, 3) == [3]
    assert kept("init.sql", "CREATE DATABASE x; -- gravity: ignore[GRV101]\nSELECT 1;\n", 1, 2) == [2]


def test_markdown() -> None:
    assert kept("DATABASE.md", "# A <!-- gravity: ignore[GRV101] -->\n\n# B\n", 1, 3) == [3]
    assert kept("DATABASE.md", "# A\n<!-- gravity: ignore[GRV101] -->\n# B\n", 1, 3) == []
    assert kept("DATABASE.md", "# gravity: ignore\n", 1) == [1]


def test_per_file_ignores() -> None:
    config = replace(Config(root=Path("/s")), per_file_ignores=(("demo/*", ("GRV1",)), ("*.sql", ("GRV2",))))
    assert kept("demo/a.py", "x\n", 1, config=config) == []
    assert kept("app/a.py", "x\n", 1, config=config) == [1]
    assert kept("app/a.sql", "x\n", 1, config=config) == [1]


def test_a_file_that_cannot_be_read() -> None:
    found = suppress([violation("/s/a.py", 1)], Comments(lambda _: None), Config(root=Path("/s")))
    assert len(found.violations) == 1
