"""Completion in bash, zsh and fish: by the lines of the README, in the real shells."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from needed import needed

from gravity_lint.formats import FORMATS
from gravity_lint.rulebook import load_rules

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = shutil.which("gravity-lint", path=os.path.dirname(sys.executable))
CODES = [rule.code for rule in load_rules()]


def line(shell: str) -> str:
    """The README's line for a shell."""
    found, = re.findall(rf"^\| {shell} \| `[^`]+` \| `([^`]+)` \|$", (ROOT / "README.md").read_text("utf-8"), re.M)
    return str(found).replace("\\|", "|")  # as tables write a bar


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and the console script on the path."""
    if PROGRAM is None:
        pytest.skip("the console script is not installed beside this Python")
    return {**os.environ, "PATH": f"{os.path.dirname(PROGRAM)}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm",
            "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}


WORDS = {
    "check --select GRV60": ["GRV601", "GRV604"],
    "check --ignore GRV101,unmarked": ["GRV101,unmarked-compose-example"],
    "fix --extend-select raw": ["raw-ddl"],
    "rule default-data": ["default-database-url"],
    "check -f j": ["json", "json-lines", "junit"],
    "check --output-format sa": ["sarif"],
    "check --color a": ["auto", "always"],
    "check --statis": ["--statistics"],
    "serv": ["services"],
    "config extend-s": ["extend-safe-fixes", "extend-select"],
}
"""What stands on a command line → what may come of its last word."""


def asked(words: str, environment: dict[str, str]) -> list[str]:
    """What the program answers a shell."""
    given = f"gravity-lint {words}"
    done = subprocess.run(["gravity-lint"], env={**environment, "_GRAVITY_LINT_COMPLETE": "bash_complete",
                                                 "COMP_WORDS": given, "COMP_CWORD": str(given.count(" "))},
                          capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.returncode) == ("", 0)
    return [each.partition(",")[2] for each in done.stdout.splitlines()]


@pytest.mark.parametrize("words", WORDS)
def test_what_may_come(words: str, environment: dict[str, str]) -> None:
    assert sorted(asked(words, environment)) == sorted(WORDS[words])


def test_every_rule_and_format(environment: dict[str, str]) -> None:
    assert set(CODES) <= set(asked("check --select ", environment))
    assert {rule.name for rule in load_rules()} <= set(asked("rule ", environment))
    assert asked("check -f ", environment) == list(FORMATS)


@pytest.mark.parametrize("words", WORDS)
def test_bash(words: str, environment: dict[str, str]) -> None:
    script = f"""{line("bash")}
complete -p gravity-lint | grep -q -- '-F _gravity_lint_completion' || exit 1
COMP_WORDS=(gravity-lint {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_gravity_lint_completion gravity-lint "${{COMP_WORDS[COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run([needed("bash"), "--norc", "-c", script], env=environment, capture_output=True, text=True,
                          timeout=60)
    assert (done.stderr, done.returncode) == ("", 0)
    assert sorted(done.stdout.split()) == sorted(WORDS[words])


def test_fish(environment: dict[str, str]) -> None:
    # click's script for fish splits what it is told at commas
    known = {words: answer for words, answer in WORDS.items() if "," not in words}
    script = line("fish") + "".join(f"\nprintf '%s\\n' @; complete -C 'gravity-lint {words}'" for words in known)
    done = subprocess.run([needed("fish"), "--no-config", "-c", script], env=environment, capture_output=True,
                          text=True, timeout=120)
    assert (done.stderr, done.returncode) == ("", 0)
    answers = [[each.partition("\t")[0] for each in part.split("\n") if each] for part in done.stdout.split("@\n")[1:]]
    assert [sorted(each) for each in answers] == [sorted(each) for each in known.values()]
    assert "GRV601\tA compose file starts a database" in done.stdout


def test_zsh(environment: dict[str, str]) -> None:
    """A real prompt on a real terminal, with a real press of the tab key."""
    pty = pytest.importorskip("pty")
    zsh = needed("zsh")
    master, slave = pty.openpty()
    with subprocess.Popen([zsh, "-f", "-i"], stdin=slave, stdout=slave, stderr=slave, env=environment,
                          start_new_session=True) as process:
        os.close(slave)
        try:
            def told(until: str, seconds: float = 30) -> str:
                text, end = "", time.monotonic() + seconds
                while until not in text and time.monotonic() < end:
                    if select.select([master], [], [], 0.2)[0]:
                        text += os.read(master, 1 << 16).decode("utf-8", "replace")
                return text

            os.write(master, b"PS1='> '; autoload -Uz compinit; compinit -u; " + line("zsh").encode()
                     + b"; echo re''ady\n")
            assert "ready" in told("ready\r\n")
            os.write(master, b"gravity-lint check --select GRV60\t")
            listed = told("GRV604")
            assert "GRV601" in listed
            assert "A compose file starts a database" in listed
            os.write(master, b"\x15gravity-lint rule default-data\t")
            assert "default-database-url" in told("default-database-url")
        finally:
            process.kill()
            os.close(master)
