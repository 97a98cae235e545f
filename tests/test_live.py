"""Services that were fixed are started: with the variable they serve a request that reaches a database, without it they
stop and name the variable."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests import servers
from tests.safely import SAFELY

SERVICES = Path(__file__).with_name("live")
SECONDS = 30
"""How long a service may take to begin or to stop."""
UVICORN = ("-m", "uvicorn", "--port", "{port}", "--log-level", "warning")


class Stack(NamedTuple):
    """One way to build a service: its folder, how it is started, and what the deployment has to set for it."""

    folder: str
    command: tuple[str, ...]
    gives: Callable[[str, str], Mapping[str, str]]
    """The socket of PostgreSQL and the URL of MongoDB → the variables."""
    codes: frozenset[str]
    """What is mended in it."""


STACKS = (
    Stack("fastapi_settings", (*UVICORN, "app.main:app"),
          lambda pg, _: {"DATABASE_URL": servers.url(pg, "postgresql+asyncpg")}, frozenset({"GRV102"})),
    Stack("fastapi_plain", (*UVICORN, "main:app"),
          lambda pg, _: {"DATABASE_URL": servers.url(pg, "postgresql+psycopg")}, frozenset({"GRV101", "GRV301"})),
    Stack("flask_sqlalchemy", ("app.py",), lambda pg, _: {"DATABASE_URL": servers.url(pg, "postgresql+psycopg")},
          frozenset({"GRV102", "GRV301"})),
    Stack("django_site", ("manage.py", "runserver", "--noreload", "127.0.0.1:{port}"),
          lambda pg, _: {"DB_HOST": pg, "DB_NAME": "postgres", "DB_USER": "postgres",
                         "DB_PASSWORD": "x"}, frozenset({"GRV101"})),
    Stack("aiohttp_asyncpg", ("service.py",), lambda pg, _: {"DATABASE_URL": servers.url(pg)}, frozenset({"GRV101"})),
    Stack("mongo_motor", (*UVICORN, "main:app"), lambda _, mongo: {"MONGODB_URL": mongo}, frozenset({"GRV104"})),
    Stack("sqlite_plain", (*UVICORN, "main:app"), lambda _, __: {"DATABASE_PATH": "answers.db"}, frozenset({"GRV101"})),
)


@pytest.fixture(scope="module")
def databases() -> Iterator[tuple[str, str]]:
    with servers.postgres() as socket_folder, servers.mongo({"question": "everything", "answer": 42}) as mongo:
        yield socket_folder, mongo


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.folder)
def test_a_fixed_service_needs_its_variables(stack: Stack, tmp_path: Path, databases: tuple[str, str]) -> None:
    folder = tmp_path / "service"
    shutil.copytree(SERVICES / stack.folder, folder)
    assert stack.codes <= codes(folder), "there is something to mend"
    command("fix", "--unsafe-fixes", folder)
    assert not codes(folder) & {*stack.codes, "GRV101", "GRV102", "GRV103", "GRV104"}

    given = stack.gives(*databases)
    with started(stack, folder, given) as served:
        assert served("/answer") == {"answer": 42}
    for name in given:
        without = {each: value for each, value in given.items() if each != name}
        code, said = stopped(stack, folder, without)
        assert code, f"it went on without {name}"
        assert name.casefold() in said.casefold(), said


# ---- the service as a process


class started:
    """A running service: `with started(…) as served: served("/path")` → the JSON it answers."""

    def __init__(self, stack: Stack, folder: Path, given: Mapping[str, str]) -> None:
        self.port = free_port()
        self.log = folder.with_suffix(".log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(arguments(stack, self.port), cwd=folder, env=environment(given, self.port),
                                        stdout=self.log, stderr=self.log)

    def __enter__(self) -> Callable[[str], object]:
        return self.ask

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()

    def ask(self, path: str) -> object:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=SECONDS) as answer:
                    return json.load(answer)
            except (URLError, ConnectionError) as error:
                if getattr(error, "code", None) is not None:
                    break  # it answers, but not as it should
                time.sleep(0.1)
        self.log.seek(0)
        pytest.fail(f"the service does not serve:\n{self.log.read()[-3000:]}")


def stopped(stack: Stack, folder: Path, given: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of a service that stops by itself, and what it said."""
    port = free_port()
    done = subprocess.run(arguments(stack, port), cwd=folder, env=environment(given, port), timeout=SECONDS,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def arguments(stack: Stack, port: int) -> list[str]:
    return [sys.executable, *(word.format(port=port) for word in stack.command)]


def environment(given: Mapping[str, str], port: int) -> dict[str, str]:
    """What the deployment sets, and nothing that whoever runs the tests has set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
    return {**kept, **given, "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ---- gravity-lint as a process


def command(*words: object) -> str:
    done = subprocess.run([sys.executable, SAFELY, "-m", "gravity_lint", *map(str, words), "--isolated"], check=False,
                          capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def codes(folder: Path) -> set[str]:
    found: Sequence[Mapping[str, str]] = json.loads(command("check", "--no-cache", "-f", "json", folder))["violations"]
    return {each["code"] for each in found}
