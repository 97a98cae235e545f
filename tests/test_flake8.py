"""The plug-in under the real flake8: the findings of `check`, once for a whole run, whatever flake8 is asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.safely import SAFELY

SHOP = Path(__file__).resolve().parent.parent / "fixtures" / "shop"
LINE = re.compile(r"^(?:\./)?(.+?):(\d+):(\d+): ([A-Z]+\d+) (.*)$")
LITERAL = 'from sqlalchemy import create_engine\n\nengine = create_engine("postgresql://localhost/app")\n'


class Said(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str
    seconds: float
    """Of the processors, its children's included."""

    @property
    def found(self) -> list[tuple[str, ...]]:
        return sorted(match.groups() for line in self.out.splitlines() if (match := LINE.match(line)))


def ran(words: Sequence[object], cwd: Path, text: str | bytes | None = None) -> Said:
    given = text.encode() if isinstance(text, str) else text
    before = os.times()
    done = subprocess.run([sys.executable, SAFELY, "-m", *map(str, words)], cwd=cwd, check=False, capture_output=True,
                          input=given if given is not None else b"", timeout=300)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode(), spent)


def flake8(cwd: Path, *words: object, text: str | bytes | None = None) -> Said:
    return ran(("flake8", "--isolated", "--select", "GRV", *words), cwd, text)


def checked(cwd: Path, *words: object) -> list[tuple[str, ...]]:
    """What `check` finds in Python files, as flake8 would write it."""
    done = ran(("gravity_lint", "check", "-f", "json", *words), cwd)
    return sorted((each["path"], str(each["line"]), str(each["column"]), each["code"], each["message"])
                  for each in json.loads(done.out)["violations"] if each["path"].endswith(".py"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The shop in a folder that is not called after tests."""
    shutil.copytree(SHOP, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.mark.parametrize("jobs", [1, 4])
def test_what_check_finds(shop: Path, jobs: int) -> None:
    said = flake8(shop, "--jobs", jobs, ".")
    unparsed = "customers/customers/report.py"  # flake8 asks no plug-in about it
    assert said.found == [each for each in checked(shop, ".") if each[0] != unparsed]
    assert len(said.found) > 20
    assert (said.code, said.err) == (1, "")


@pytest.mark.parametrize("name", ["orders/orders/db/schema.py", "catalog/catalog/config.py",
                                  "shipping/src/shipping/main.py"])
def test_one_file(shop: Path, name: str) -> None:
    said = flake8(shop, name)
    assert said.found == checked(shop, name)
    assert bool(said.found) is (not name.startswith("shipping"))


def test_standard_input_in_place_of_a_file(shop: Path) -> None:
    name = "shipping/src/shipping/database.py"
    said = flake8(shop, "--stdin-display-name", name, "-", text=LITERAL)
    assert ("GRV101", "3") in [(code, line) for _, line, _, code, _ in said.found]
    saved = (shop / name).read_bytes()
    assert flake8(shop, "--stdin-display-name", name, "-", text=saved).found == []
    assert flake8(shop, "-", text=LITERAL).found == [], "of text without a name no service is known"


def test_what_flake8_is_told(shop: Path) -> None:
    name = "catalog/catalog/config.py"
    every = flake8(shop, name)
    others = [each for each in every.found if each[3] != "GRV102"]
    assert flake8(shop, "--extend-ignore", "GRV102", name).found == others
    assert ran(("flake8", "--isolated", "--select", "E9", name), shop).found == []
    path = shop / name
    path.write_text(path.read_text("utf-8").replace('"localhost"', '"localhost"  # noqa: GRV102', 1), "utf-8")
    assert len(flake8(shop, name).found) < len(every.found)


def test_a_configuration_of_ours_holds(shop: Path) -> None:
    (shop / "gravity-lint.toml").write_text('ignore = ["GRV102"]\n', "utf-8")
    assert "GRV102" not in {code for *_, code, _ in flake8(shop, "catalog").found}
    (shop / "gravity-lint.toml").write_text("no = 1\n", "utf-8")
    said = flake8(shop, "catalog")
    assert said.code == 1
    assert "gravity-lint.toml:1: unknown key `no`" in said.out
    assert "Traceback" not in said.out + said.err


def test_what_cannot_be_parsed_is_told_by_flake8(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LITERAL + "def (\n", "utf-8")
    said = ran(("flake8", "--isolated", "app.py"), tmp_path)
    assert [code for *_, code, _ in said.found] == ["E999"]
    assert said.err == ""


def test_a_fault_of_ours_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LITERAL, "utf-8")
    (tmp_path / "sitecustomize.py").write_text(
        "from gravity_lint import commands\n\n\ndef judged(asked):\n    raise RuntimeError('oh')\n\n\n"
        "commands.judged = judged\n",
        "utf-8")
    done = subprocess.run([sys.executable, "-m", "flake8", "--isolated", "app.py"], cwd=tmp_path, check=False,
                          text=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.stdout.startswith("app.py:1:1: GRV000 internal error: RuntimeError: oh; please report it")
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (1, 1, "")


def test_processes_that_share_nothing(shop: Path) -> None:
    """Where processes are not forked, each asks anew, and the first one's run is told again."""
    (shop / "sitecustomize.py").write_text(
        "import multiprocessing\nmultiprocessing.set_start_method('spawn')\n", "utf-8")
    done = subprocess.run([sys.executable, "-m", "flake8", "--isolated", "--select", "GRV", "--jobs", "2", "catalog"],
                          cwd=shop, check=False, text=True, capture_output=True, timeout=300,
                          env={**os.environ, "PYTHONPATH": str(shop)})
    assert Said(done.returncode, done.stdout, done.stderr, 0).found == checked(shop, "catalog")
    assert done.stderr == ""


def test_a_service_is_judged_once(tmp_path: Path) -> None:
    """Sixty files cost no more than a few of them: all that is done for each is flake8's own."""
    service = tmp_path / "service"
    shutil.copytree(SHOP / "orders", service)
    for number in range(50):
        text = f"from orders.db import models\n\nNUMBER = {number}\n"
        (service / "orders" / f"part{number}.py").write_text(text, "utf-8")
    plain = ran(("flake8", "--isolated", "--select", "E9", "--jobs", "4", "service"), tmp_path).seconds
    with_us = flake8(tmp_path, "--jobs", "4", "service")
    alone = ran(("gravity_lint", "check", "--no-cache", "service"), tmp_path).seconds
    assert with_us.found
    assert with_us.seconds < plain + 2 * alone + 0.5
