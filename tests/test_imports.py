"""What each command imports: a new import is a cost that every run pays, so it has to be put on a list here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import gravity_lint

ROOT = Path(gravity_lint.__file__).parent.parent

VERSION = {"start"}
HELP = VERSION | {"cli", "commands", "formats", "record"}
RULES = HELP | {"checks", "regex", "rulebook", "violation"}
SERVICES = RULES | {"baseline", "cache", "config", "discover", "facts", "inputs", "keys", "knowledge", "link", "mask",
                    "policy", "remember", "report", "roots", "run", "screen", "source", "suppress", "workers"}
"""The rooms of ours that a command may enter."""
REMEMBERED = {"baseline", "cache", "commands", "config", "discover", "formats", "inputs", "keys", "mask", "record",
              "regex", "remember", "report", "source", "start", "violation"}
"""Those of a run whose report is told again; `discover`, and what it needs, only where files are seconds old."""

YAML = {"yaml", "_yaml"}  # for the rules and tables in a checkout; in a wheel they are built in
PARSER = {"tree_sitter", "tree_sitter_python"}
MAYBE = {"colorama", "cython_runtime", "tomli", "typing_extensions"}
"""What those import on some systems and versions."""

COMMANDS = {
    "--version": (VERSION, set()),
    "-V": (VERSION, set()),
    "--help": (HELP, {"click"}),
    "check --help": (HELP, {"click"}),
    "rules": (RULES, {"click"} | YAML),
    "rule GRV101": (RULES, {"click"} | YAML),
    "services --isolated": (SERVICES, {"click"} | YAML | PARSER),
    "check --isolated": (SERVICES - {"cli"}, YAML | PARSER),
    "check --isolated --output-format full": (SERVICES - {"cli"}, YAML | PARSER),
    "check --isolated --output-format json": (SERVICES - {"cli"}, YAML | PARSER),
    "check --isolated --color=never": (SERVICES, {"click"} | YAML | PARSER),
}
"""Of a command, our rooms and the packages of others that it may import."""

DEAR = {"asyncio", "concurrent", "ctypes", "dbm", "doctest", "email", "http", "logging", "lib2to3", "multiprocessing",
        "optparse", "pdb", "pydoc", "sqlite3", "ssl", "subprocess", "tarfile", "unittest", "xml", "xmlrpc", "zipfile"}
"""Of the standard library, what no command needs."""
if sys.version_info < (3, 11):
    DEAR.discard("subprocess")  # `uuid` of that version takes it, and click takes `uuid`

PROGRAM = """
import atexit, os, sys
before = set(sys.modules)
def tell():
    sys.stdout.flush()
    print("\\n".join(sorted(set(sys.modules) - before)), file=open(os.environ["IMPORTED"], "w"))
atexit.register(tell)
leave = os._exit
os._exit = lambda code: (tell(), leave(code))
from gravity_lint.start import main
main()
"""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service that conforms, of Python alone."""
    folder = tmp_path / "service"
    (folder / "app").mkdir(parents=True)
    (folder / "requirements.txt").write_text("fastapi\nsqlalchemy\n", "utf-8")
    (folder / "DATABASE.md").write_text("# Database\n", "utf-8")
    (folder / "app" / "main.py").write_text(
        "import os\n\nfrom fastapi import FastAPI\nfrom sqlalchemy import create_engine\n\n"
        "engine = create_engine(os.environ[\"DATABASE_URL\"])\napp = FastAPI()\n", "utf-8")
    return folder


def imported(*arguments: str, cwd: Path) -> set[str]:
    """The modules that a command line imports, by whatever they are called."""
    told = cwd.parent / "imported.txt"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IMPORTED": str(told)}
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], cwd=cwd, env=environment, capture_output=True,
                          encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return set(told.read_text("utf-8").split())


def rooms(modules: Iterable[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("gravity_lint.")} - {"built"}


def foreign(modules: Iterable[str]) -> set[str]:
    tops = {name.partition(".")[0] for name in modules}
    named = tops - sys.stdlib_module_names - MAYBE - {"gravity_lint"}
    return {name for name in named if not name.startswith("_cython_")}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_imports_what_it_uses(command: str, service: Path) -> None:
    ours, others = COMMANDS[command]
    modules = imported(*command.split(), cwd=service)
    assert rooms(modules) <= ours
    assert foreign(modules) <= others
    assert not modules & DEAR
    assert "click.shell_completion" not in modules


def test_a_check_makes_no_dataclass(service: Path) -> None:
    """What defines classes dearly, and what only a failure needs."""
    assert not imported("check", "--isolated", cwd=service) & {"ast", "dataclasses", "difflib", "inspect", "traceback"}


def test_the_version_imports_nothing_else(service: Path) -> None:
    assert imported("--version", cwd=service) == {"gc", "gravity_lint", "gravity_lint.start"}


def test_a_run_that_is_remembered_judges_nothing(service: Path) -> None:
    first = imported("check", "--isolated", "--cache-dir", "../cache", cwd=service)
    again = imported("check", "--isolated", "--cache-dir", "../cache", cwd=service)
    assert "link" in rooms(first)
    assert rooms(again) <= REMEMBERED
    assert foreign(again) == set()
    assert not again & (DEAR | {"dataclasses", "inspect", "json", "pickle", "tempfile"})


def test_a_branch_that_is_remembered_judges_nothing(service: Path) -> None:
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm a"):
        subprocess.run(["git", *words.split()], cwd=service, check=True)
    words = ("check", "--isolated", "--cache-dir", "../cache", "--diff-base", "HEAD")
    assert {"run", "link"} <= rooms(imported(*words, cwd=service))
    again = imported(*words, cwd=service)
    assert rooms(again) <= REMEMBERED | {"against"}
    assert foreign(again) == set()


def test_pathspec_is_for_patterns_that_are_no_names(service: Path) -> None:
    (service / ".gitignore").write_text("*.pyc\nbuild/\n", "utf-8")
    assert "pathspec" not in foreign(imported("check", "--isolated", cwd=service))


def test_other_grammars_are_for_scripts(service: Path) -> None:
    (service / "start.sh").write_text("#!/bin/sh\nexec uvicorn app.main:app\n", "utf-8")
    assert foreign(imported("check", "--isolated", cwd=service)) <= {"tree_sitter_bash"} | YAML | PARSER


def test_checks_that_are_not_asked_stay_away(service: Path) -> None:
    modules = imported("check", "--isolated", "--select", "GRV101", cwd=service)
    assert {name for name in modules if name.startswith("gravity_lint.checks.")} == {"gravity_lint.checks.connection"}
