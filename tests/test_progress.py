"""The line that shows how far a long run is: on a real terminal, and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")

SLOW = """
import sys, time
from gravity_lint import progress, run
progress.AFTER = {after}
summary = run._summary
def slow(*given):
    time.sleep({seconds})
    return summary(*given)
run._summary = slow
from gravity_lint.start import main
main()
"""
"""The program, with services that take their time."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for number in range(4):
        service = tmp_path / "tree" / f"s{number}"
        service.mkdir(parents=True)
        (service / "requirements.txt").write_text("fastapi\n", "utf-8")
        (service / "main.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n", "utf-8")
        (service / "compose.yaml").write_text("services:\n  db:\n    image: postgres:16\n", "utf-8")
    return tmp_path / "tree"


def run(tree: Path, *options: str, seconds: float = 0.5, after: float = 1.0, terminal: bool = True,
        program: str = SLOW, columns: int = 100, **environment: str) -> tuple[str, str, int]:
    """What comes to standard output, what to the terminal, and the exit code."""
    known = {key: value for key, value in os.environ.items() if key not in ("CI", "TERM", "COLUMNS")}
    master, slave = pty.openpty()
    with subprocess.Popen(
            [sys.executable, "-c", program.format(seconds=seconds, after=after), "check", "--isolated", "--no-cache",
             *options], cwd=tree, stdout=subprocess.PIPE, stderr=slave if terminal else subprocess.PIPE,
            env={**known, "TERM": "xterm", "COLUMNS": str(columns), **environment}) as process:
        os.close(slave)
        told = b""
        if terminal:
            while part := _read(master):
                told += part
        out, error = process.communicate(timeout=60)
    os.close(master)
    return out.decode(), (told or error or b"").decode(), process.returncode


def _read(master: int) -> bytes:
    try:
        return os.read(master, 1 << 16)
    except OSError:  # nobody holds the other end any more
        return b""


def screen(told: str) -> list[str]:
    """What stands on a terminal's lines after all that it was told."""
    lines, column = [""], 0
    for character in told:
        if character == "\r":
            column = 0
        elif character == "\n":
            lines.append("")
        else:
            lines[-1] = lines[-1][:column].ljust(column) + character + lines[-1][column + 1:]
            column += 1
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_long_run_shows_how_far_it_is(jobs: str, tree: Path) -> None:
    out, told, code = run(tree, "-f", "concise", "-j", jobs, seconds=0.8)
    shown = [line.strip() for line in told.split("\r") if line.strip()]
    assert shown
    assert all(re.fullmatch(r"judging \[#*\.*\] +\d+%  \d of 4 services  [1-9] s", line) for line in shown), shown
    assert len({line.partition("%")[0] for line in shown}) > 1
    assert screen(told) == [""]
    assert out == run(tree, "-f", "concise", seconds=0, terminal=False)[0]
    assert code == 1


def test_a_single_service_moves_too(tree: Path) -> None:
    _, told, _ = run(tree / "s1", seconds=1.6)
    assert "  1 service  1 s" in told
    assert screen(told) == [""]


def test_what_is_quick_says_nothing(tree: Path) -> None:
    assert run(tree, seconds=0)[1] == ""


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"TERM": "dumb"}], ids=str)
def test_nothing_where_nobody_looks(environment: dict[str, str], tree: Path) -> None:
    assert run(tree, seconds=0.1, after=0, **environment)[1] == ""


def test_nothing_where_there_is_no_terminal(tree: Path) -> None:
    assert run(tree, seconds=0.1, after=0, terminal=False)[1] == ""


def test_no_colours(tree: Path) -> None:
    assert "\x1b" not in run(tree, seconds=0.3, after=0, NO_COLOR="1")[1]


def test_a_narrow_terminal_takes_it_too(tree: Path) -> None:
    _, told, _ = run(tree, seconds=0.3, after=0, columns=30)
    assert told
    assert all(len(line) < 30 for line in told.split("\r"))


def test_it_is_rubbed_out_before_anything_else_is_said(tree: Path) -> None:
    fails = SLOW.replace("    return summary(*given)", "    raise KeyboardInterrupt")
    _, told, code = run(tree, seconds=0.7, after=0, program=fails)
    assert [line for line in screen(told) if line] == ["Aborted!"]
    assert code == 1


def test_it_is_imported_for_terminals_alone(tree: Path) -> None:
    asks = "import sys\nfrom gravity_lint.start import main\n" \
           "try:\n    main()\nfinally:\n    print('gravity_lint.progress' in sys.modules)\n"
    assert run(tree, program=asks, terminal=False)[0].endswith("False\n")
    assert run(tree, program=asks)[0].endswith("True\n")
