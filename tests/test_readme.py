"""What the README says twice: compared with the program, the rules, the configuration and the packaging."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from gravity_lint import keys
from gravity_lint.cli import CLEAN, FAILED, FOUND, cli
from gravity_lint.config import load
from gravity_lint.formats import FORMATS
from gravity_lint.keys import TABLE
from gravity_lint.knowledge import Driver
from gravity_lint.knowledge.reading import load as load_table
from gravity_lint.report import Report
from gravity_lint.report.json import document
from gravity_lint.rulebook import Rule, load_rules, read_rule, sections, unknown_selector

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
WIDTH = "100"
_FENCE = re.compile(r"^(`{3,})([a-z]*)\n(.*?)^\1$", re.M | re.S)


def blocks(language: str) -> list[str]:
    """The fenced texts of one language, in their order."""
    return [match[3] for match in _FENCE.finditer(README) if match[2] == language]


def table(heading: str) -> dict[str, list[str]]:
    """The first column of the table whose head begins so → the other columns."""
    lines = README.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {heading}"))
    rows: dict[str, list[str]] = {}
    for line in lines[start + 2:]:
        if not line.startswith("|"):
            break
        first, *rest = (cell.strip() for cell in line.strip("|").split(" | "))
        assert first not in rows, f"{first} stands twice"
        rows[first] = rest
    return rows


PICTURES = [block for block in blocks("text") if block.startswith("$ ")]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.partition("\n")[0])
def test_the_picture_is_what_a_terminal_shows(picture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command, _, shown = picture.partition("\n")
    monkeypatch.chdir(ROOT)
    options = [*command.removeprefix("$ gravity-lint ").split(), "--output-format", "full", "--color", "never"]
    result = CliRunner(env={"COLUMNS": WIDTH}).invoke(cli, options)
    assert result.stdout == shown
    assert "trail:" in shown


def test_the_commands_that_set_everything_up() -> None:
    assert "pip install . && gravity-lint check fixtures/shop\n" in blocks("sh")
    assert "pip install -e '.[test]' && pytest\n" in blocks("sh")
    assert "\n(pip install -e '.[test]' && pytest) " in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_rules() -> None:
    told = {code: rest for code, rest in table("code").items() if code.isupper()}
    assert told == {rule.code: [f"[{rule.name}](rules/{rule.section}/{rule.name}.md)", rule.severity, rule.title]
                    for rule in load_rules()}


@pytest.mark.parametrize(("folder", "rules"), [pytest.param(section.folder, rules, id=section.folder)
                                               for section, rules in sections(load_rules())])
def test_the_rules_of_a_section(folder: str, rules: tuple[Rule, ...]) -> None:
    text = (ROOT / "rules" / folder / "README.md").read_text("utf-8")
    assert re.findall(r"^\| ([A-Z]+[0-9]+) \| \[([\w-]+)\]\(([^)]+)\)", text, re.M) == [
        (rule.code, rule.name, f"{rule.name}.md") for rule in rules]


def test_the_commands() -> None:
    told = {re.match(r"`gravity-lint (\w+)", first)[1] for first in table("command")}  # type: ignore[index]
    assert told == set(cli.commands)


def test_the_options_exist() -> None:
    known = {option for each in (*cli.commands.values(), cli) for parameter in each.params for option in parameter.opts}
    known.add("--help")
    prose = _FENCE.sub("", README)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", prose)) <= known


def test_the_formats() -> None:
    told = table("format")
    assert {name.strip("`") for name in told} == set(FORMATS)
    assert set(document(Report((), ()))) <= set(re.findall(r"`(\w+)`", told["`json`"][0]))


def test_the_exit_codes() -> None:
    assert set(table("exit code")) == {str(code) for code in (CLEAN, FOUND, FAILED)}


# ---- configuration


def test_the_keys() -> None:
    text, = blocks("toml")
    assert text == keys.example()


@pytest.mark.parametrize("name", ["pyproject.toml", "gravity-lint.toml"])
def test_the_configuration(name: str, tmp_path: Path) -> None:
    text, = blocks("toml")
    if name != "pyproject.toml":
        text = text.replace(f"[tool.{TABLE}]\n", "").replace(f"[tool.{TABLE}.", "[")
    folder = tmp_path / "service"
    folder.mkdir()
    (tmp_path / "gravity-lint.toml").write_text("", "utf-8")
    (folder / name).write_text(text, "utf-8")
    config = load(folder, None, False, lambda words: unknown_selector(tuple(words), load_rules()))
    assert config.path == folder / name
    for key, value in config._asdict().items():
        assert value, f"the README lacks an example of {key}"
    table = tomllib.loads(text)
    told = table["tool"][TABLE] if name == "pyproject.toml" else table
    assert set(told) == set(keys.BY_NAME)


# ---- hooks, packaging


def test_the_hooks() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    stanzas = [yaml.safe_load(block) for block in blocks("yaml") if block.startswith("repos:")]
    used = {hook["id"] for stanza in stanzas for repo in stanza["repos"] for hook in repo["hooks"]}
    assert used <= set(hooks)
    assert all(f"id: {name}" in README or f"`{name}`" in README for name in hooks)
    for hook in hooks.values():
        program, command, *options = hook["entry"].split()
        assert program == "gravity-lint"
        with click.Context(cli.commands[command]) as context:
            cli.commands[command].make_parser(context).parse_args(options)


def test_every_line_for_a_ci_is_yaml() -> None:
    for block in blocks("yaml"):
        assert yaml.safe_load(block)


def test_the_dependencies() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.M | re.S)
    assert listed
    assert list(table("package")) == re.findall(r'^  "([\w-]+)', listed[1], re.M)


# ---- what it tells contributors


def test_the_example_of_a_rule_can_be_loaded(tmp_path: Path) -> None:
    text, = (block for block in blocks("markdown") if block.startswith("---\ncode:"))
    path = tmp_path / "1-connection" / "some-rule.md"
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    rule = read_rule(path)
    assert callable(rule.check)
    assert [example.rejects for example in rule.examples] == [True]


def test_the_example_of_a_driver_can_be_loaded(tmp_path: Path) -> None:
    text, = (block for block in blocks("yaml") if block.startswith("- driver:"))
    row, = yaml.safe_load(text)
    path = tmp_path / "drivers.yaml"
    path.write_text(text, "utf-8")
    loaded, = load_table(path, tuple[Driver, ...])
    assert loaded.driver == row["driver"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_what_it_links_to_exists(target: str) -> None:
    assert (ROOT / target).exists()


def test_the_project_keeps_its_own_rules() -> None:
    done = subprocess.run([sys.executable, "-m", "gravity_lint", "check", "gravity_lint", "tests"], cwd=ROOT,
                          capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", CLEAN)
