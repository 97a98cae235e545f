"""Twice the input takes twice the time, whatever it is: nothing that grows with its square is left."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import pytest
from tree import findings, service_of

from gravity_lint.facts import grammar
from gravity_lint.facts.compose import compose_env_files, compose_services, compose_variables
from gravity_lint.facts.dockerfile import parse_dockerfile
from gravity_lint.facts.dotenv import parse_dotenv
from gravity_lint.facts.ini import parse_ini
from gravity_lint.facts.powershell import parse_powershell
from gravity_lint.facts.python import parse_python
from gravity_lint.facts.shell import parse_shell
from gravity_lint.facts.sql import statements
from gravity_lint.facts.urls import parse_url
from gravity_lint.facts.yamlfile import parse_yaml
from gravity_lint.source import Source

RATIO = 2.6
"""What the time for twice the input may be of the time for the input; squares come near 4."""
ENOUGH = 0.02
"""Seconds for the larger input that need no comparison: so little is mostly noise."""
TRIES = 4
URL = "postgresql://shop:s3cret@db/shop"

Work = Callable[[Any], object]
Made = Callable[[int], Any]


def seconds(work: Work, make: Made, size: int) -> float:
    """The least time of three, without the garbage collector's."""
    best = float("inf")
    for _ in range(3):
        given = make(size)
        gc.collect()
        gc.disable()
        begun = time.process_time()
        work(given)
        best = min(best, time.process_time() - begun)
        gc.enable()
    return best


def grows_in_proportion(work: Work, make: Made, size: int) -> None:
    """Asserts it, and tries again before it complains: other things run on this machine as well."""
    for _ in range(TRIES):
        one, two = seconds(work, make, size), seconds(work, make, 2 * size)
        if two < ENOUGH or two <= RATIO * one:
            return
    pytest.fail(f"{size}: {one:.3f} s, {2 * size}: {two:.3f} s")


def _source(text: str) -> Source:
    return Source("x", text.encode())


def _compose(source: Source) -> None:
    facts = parse_yaml(source)
    compose_services(facts)
    compose_variables(facts)
    compose_env_files(facts)


def _repeated(part: str) -> Made:
    return lambda n: part * n


# ---- one file

SHAPES: dict[str, tuple[Work, Made, int]] = {
    "compose services": (_compose, lambda n: _source("services:\n" + "".join(
        f"  s{i}:\n    image: postgres\n    environment:\n      A: b\n" for i in range(n))), 300),
    "variables of one container": (_compose, lambda n: _source("services:\n  s:\n    environment:\n" + "".join(
        f"      - A{i}=b\n" for i in range(n))), 1500),
    "merged mappings": (parse_yaml, lambda n: _source("a0: &a0 {x: y}\n" + "".join(
        f"a{i}: &a{i}\n  <<: *a{i - 1}\n" for i in range(1, n))), 1500),
    "YAML remarks": (parse_yaml, lambda n: _source("".join(f"k{i}: a  # remark\n" for i in range(n))), 1500),
    "YAML documents": (parse_yaml, lambda n: _source("a: b\n---\n" * n), 1500),
    "ini options": (parse_ini, lambda n: _source("[alembic]\n" + "".join(f"k{i} = v\n" for i in range(n))), 5000),
    "an ini value": (parse_ini, lambda n: _source("[alembic]\na =\n" + "  x\n" * n), 15_000),
    "options that stand twice": (parse_ini, lambda n: _source("[alembic]\n" + "a = b\n" * n), 5000),
    "variables on one line": (parse_dockerfile, lambda n: _source(
        "FROM x\nENV " + " ".join(f"A{i}=b" for i in range(n))), 10_000),
    "variables on joined lines": (parse_dockerfile, lambda n: _source(
        "FROM x\nENV " + " \\\n".join(f"A{i}=é" for i in range(n))), 5000),
    "exports of an image": (parse_dockerfile, lambda n: _source(
        "FROM x\nRUN " + " && ".join(f"export A{i}=b" for i in range(n))), 10_000),
    "words of an image": (parse_dockerfile, lambda n: _source("FROM x\nCMD " + '"\\"' * n), 8000),
    "environment": (parse_dotenv, lambda n: _source("".join(f"A{i}=b\n" for i in range(n))), 5000),
    "commands": (parse_shell, lambda n: b"psql -c 'CREATE DATABASE x'\n" * n, 600),
    "a here-document": (parse_shell, lambda n: b"psql <<EOF\n" + b"CREATE DATABASE $x;\n" * n + b"EOF\n", 1500),
    "words of one command": (parse_shell, lambda n: b"psql" + b" word" * n, 3000),
    "PowerShell": (parse_powershell, lambda n: b"$a = 'b'; psql -c $a\n" * n, 400),
    "a URL's query": (parse_url, lambda n: f"{URL}?" + "a=b&" * n, 10_000),
    "a URL of ats": (parse_url, lambda n: "postgresql://" + "@" * n, 50_000),
    **{f"SQL of {part!r}": (statements, _repeated(part), 20_000 // len(part)) for part in (
        "INSERT INTO a VALUES (1, 'b');\n", "(", "''", "\\a", "\\g ", "BEGIN EXEC ", "BEGIN EXECUTE 'a' ", "GO ",
        "DO BEGIN ALTER DEFAULT PRIVILEGES ", "'a' \\gexec ", "e'\\", "DO GRANT ALL ", "$a$", "# ", "CREATE TABLE a.")},
}


@pytest.mark.parametrize("name", SHAPES)
def test_files(name: str) -> None:
    grows_in_proportion(*SHAPES[name])


# ---- a service

HEAD = "import os\nfrom sqlalchemy import create_engine\nfrom pydantic_settings import BaseSettings\n\n"
TAIL = f'create_engine("{URL}")\n'
PYTHON: dict[str, tuple[Callable[[int], str], int]] = {
    "a dictionary": (lambda n: "d = {" + "".join(f'"k{i}": "v",\n' for i in range(n)) + "}\n", 3000),
    "functions": (lambda n: "".join(f"def f{i}(a):\n    return a\n\n\n" for i in range(n)), 1000),
    "assignments": (lambda n: "".join(f"x{i} = {i}\n" for i in range(n)), 2500),
    "names of names": (lambda n: "n0 = 1\n" + "".join(f"n{i} = n{i - 1}\n" for i in range(1, n)), 2000),
    "classes": (lambda n: "".join(f"class C{i}:\n    x: int = {i}\n" for i in range(n)), 800),
    "one function": (lambda n: "def f(a):\n" + "".join(f"    x{i} = a + {i}\n" for i in range(n)), 1500),
    "remarks": (lambda n: "# a remark\nx = 1\n" * n, 2500),
    "calls": (lambda n: "u = url" + ".a()" * n + "\n", 2000),
    "sums": (lambda n: 'u = "a"' + ' + "a"' * n + "\n", 3000),
    "engines": (lambda n: 'create_engine(os.environ["X"])\n' * n, 400),
    "engines under tests": (lambda n: "if a:\n    pass\n"
                            + 'elif b:\n    create_engine(os.environ["X"])\n' * n, 300),
    "tests that stop": (lambda n: "".join(
        f'if not os.environ.get("A{i}"):\n    raise ValueError("x")\n' for i in range(n)), 250),
}
"""What a file of each shape is made of, and how often for the smaller one."""


def _judge(text: str) -> None:
    for _ in findings(service_of(text), "GRV101", "GRV102", "GRV104", "GRV106", "GRV304"):
        pass


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str) -> None:
    make, size = PYTHON[name]
    grows_in_proportion(_judge, lambda n: f"{HEAD}{make(n)}{TAIL}", size)


# ---- what is left out

GENERATED: dict[str, Callable[[], str]] = {
    "dense lines": lambda: "x = f(1, [2, 3])\n" * (4_900_000 // 17),
    "brackets": lambda: "(" * 2_400_000 + ")" * 2_400_000,
    "brackets left open": lambda: "[" * 4_900_000,
}


@pytest.mark.parametrize("name", GENERATED)
def test_what_was_generated_is_left_out(name: str) -> None:
    data = GENERATED[name]().encode()
    begun = time.process_time()
    facts = parse_python(data)
    assert time.process_time() - begun < 4
    assert facts.body == ()
    assert [trouble.message for trouble in facts.troubles] == ["was generated: it holds too much to be judged"]


def test_long_texts_are_not_taken_for_generated_code() -> None:
    data = b'sql = """\n' + b"INSERT INTO a VALUES (1, (2), [3]);\n" * 100_000 + b'"""\nx = 1\n'
    assert len(data) > grammar.MAX_NODES
    facts = parse_python(data)
    assert len(facts.body) == 2
    assert facts.troubles == ()
