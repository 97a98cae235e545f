"""What `init` proposes to a repository, and that it overwrites nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from gravity_lint.beginning import BASELINE
from gravity_lint.cli import cli
from gravity_lint.commands import CLEAN, FAILED
from gravity_lint.config import load

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "fixtures" / "shop"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop")
    (tmp_path / "shop" / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def command(*words: str, code: int = CLEAN) -> str:
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == code, result.output
    return result.output


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_shown_first(shop: Path) -> None:
    before = files(shop)
    told = command("init")
    assert files(shop) == before
    assert re.match("6 services, of which 6 use a database: activity, billing, catalog, customers, orders, shipping\n"
                    r"\d+ violations of \d+ rules\n\ngravity-lint\.toml, a new file:\n", told)
    assert ".pre-commit-config.yaml, a new file:" in told
    assert "No CI job: neither .github nor .gitlab-ci.yml is here" in told
    assert "Nothing is written yet" in told


def test_written_on_demand_and_only_once(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(shop)
    monkeypatch.chdir(shop / "orders" / "orders")
    told = command("init", "--write")
    assert "../../gravity-lint.toml: written" in told
    monkeypatch.chdir(shop)
    after = files(shop)
    assert {name: text for name, text in after.items() if name in before} == before
    assert after.keys() - before.keys() == {"gravity-lint.toml", ".pre-commit-config.yaml"}
    again = command("init", "--write")
    assert files(shop) == after
    assert "gravity-lint.toml: has gravity-lint already" in again
    assert "written" not in again


def test_from_nothing_to_a_green_check(shop: Path) -> None:
    told = command("init", "--write")
    steps = [line.strip().removeprefix("gravity-lint ") for line in told[told.index("Next:"):].splitlines()[1:]]
    assert steps == [f"check --write-baseline {BASELINE}", "pre-commit install"]
    command("check", code=FAILED)
    command(*steps[0].split())
    assert command("check") == ""
    assert load(shop).baseline == f"{shop}/{BASELINE}"
    assert "write-baseline" not in command("init")


def test_a_service_that_conforms_needs_no_baseline(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in [each for each in shop.iterdir() if each.is_dir() and each.name != "shipping"]:
        shutil.rmtree(folder)
    (shop / ".git").mkdir()
    told = command("init", "--write")
    assert "1 service, of which 1 uses a database: shipping\nNo violations\n" in told
    assert load(shop).baseline is None
    assert "write-baseline" not in told
    assert command("check") == ""


@pytest.mark.parametrize(("plants", "job"), [
    ({".github/dependabot.yml": "version: 2\n"}, ".github/workflows/gravity-lint.yml"),
    ({".git/config": "[remote]\n\turl = git@github.com:a/b\n"}, ".github/workflows/gravity-lint.yml"),
    ({".git/config": "[remote]\n\turl = https://gitlab.example.org/a/b\n"}, ".gitlab-ci.yml"),
])
def test_a_job_for_the_host_that_is_there(plants: dict[str, str], job: str, shop: Path) -> None:
    for name, text in plants.items():
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text(text, "utf-8")
    assert f"{job}: written" in command("init", "--write")
    document = yaml.safe_load((shop / job).read_text("utf-8"))
    scripts = [step["run"] for step in document["jobs"]["gravity-lint"]["steps"] if "run" in step] \
        if "jobs" in document else document["gravity-lint"]["script"]
    assert [line.split()[:2] for line in scripts] == [["pip", "install"], ["gravity-lint", "check"]]
    parts = scripts[1].split()
    with cli.commands["check"].make_context("check", parts[2:]) as context:
        assert context.params["output_format"]


def test_what_exists_is_shown_as_what_to_add(shop: Path) -> None:
    there = {".pre-commit-config.yaml": "repos:\n  - repo: local\n    hooks: []\n",
             ".gitlab-ci.yml": "test:\n  script: []\n", "pyproject.toml": "[project]\nname = 'shop'\n"}
    for name, text in there.items():
        (shop / name).write_text(text, "utf-8")
    told = command("init", "--write")
    for name, text in there.items():
        assert (shop / name).read_text("utf-8") == text
    blocks = dict(re.findall(r"^(\S+), which exists; add this:\n\n((?:    .*\n|\n)+)", told, re.M))
    assert set(blocks) == {".pre-commit-config.yaml", ".gitlab-ci.yml"}
    for name, block in blocks.items():
        text = there[name] + "".join(line[4:] + "\n" for line in block.splitlines())
        assert yaml.safe_load(text), name


@pytest.mark.parametrize(("name", "text"), [
    ("gravity-lint.toml", ""), ("pyproject.toml", "[tool.gravity-lint]\n"),
    (".pre-commit-config.yaml", "repos:\n  - repo: x/gravity-lint\n"), (".gitlab-ci.yml", "gravity-lint: {}\n"),
    (".github/workflows/lint.yaml", "jobs: {x: {run: gravity-lint check}}\n"),
])
def test_what_is_there_already(name: str, text: str, shop: Path) -> None:
    (shop / name).parent.mkdir(parents=True, exist_ok=True)
    (shop / name).write_text(text, "utf-8")
    told = command("init")
    assert f"{name}: has gravity-lint already\n" in told
    assert f"{name}, " not in told


def test_links_are_not_written_through(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (shop / ".github").symlink_to(tmp_path / "outside")
    (shop / "gravity-lint.toml").symlink_to(tmp_path / "outside" / "x.toml")
    (shop / ".pre-commit-config.yaml").symlink_to(tmp_path / "outside" / "y.yaml")
    told = command("init", "--write", code=FAILED)
    assert "cannot write .github/workflows/gravity-lint.yml: leads out of the repository" in told
    assert list((tmp_path / "outside").iterdir()) == []


def test_the_hook_is_for_the_files_that_the_hooks_are_for(shop: Path) -> None:
    command("init", "--write")
    own, = yaml.safe_load((shop / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    hook = next(each for each in hooks if each["id"] == "gravity-lint")
    assert {key: own[key] for key in ("id", "types", "require_serial")} == {
        key: hook[key] for key in ("id", "types", "require_serial")}
    assert hook["entry"].startswith(own["entry"])
