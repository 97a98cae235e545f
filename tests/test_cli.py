"""The command as a user meets it: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import gravity_lint
from gravity_lint import run as run_module
from gravity_lint.cli import cli
from gravity_lint.rulebook import Rule, load_rules

COMPOSE = "services:\n  db:\n    image: postgres:16\n"
MARKED = "# Example only, not for production\n" + COMPOSE
BROKEN = "import sqlalchemy\n\ndef f(:\n    return 1\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service with two findings, as the current directory."""
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n", "utf-8")
    (tmp_path / "requirements.txt").write_text("fastapi\n", "utf-8")
    (tmp_path / "compose.yaml").write_text(COMPOSE, "utf-8")
    (tmp_path / "broken.py").write_text(BROKEN, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "GRAVITY_LINT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def invoke(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, stdin, catch_exceptions=False, prog_name="gravity-lint")


def codes(result: Result) -> list[str]:
    return re.findall(r"^\S+:\d+:\d+: (\w+) ", result.stdout, re.M)


@pytest.mark.usefixtures("tree")
def test_concise_is_the_form_where_no_terminal_is() -> None:
    result = invoke("check")
    assert result.exit_code == 1
    first, second, last = result.stdout.splitlines()
    assert first.startswith("broken.py:3:")
    assert ": GRV001 " in first
    assert second.startswith("compose.yaml:3:")
    assert ": GRV601 [*] " in second
    assert last == "[*] 1 fixable with `--fix`"
    assert result.stderr == ""


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("options", "expected"), [
    (["--select", "GRV6"], ["GRV601"]),
    (["--select", "unreadable-file,GRV2"], ["GRV001"]),
    (["--ignore", "GRV601"], ["GRV001"]),
    (["--select", "GRV2", "--extend-select", "GRV601"], ["GRV601"]),
    (["--select", "GRV2"], []),
    (["compose.yaml"], ["GRV601"]),
    (["main.py"], []),
    ([".", "compose.yaml"], ["GRV001", "GRV601"]),
])
def test_what_is_selected(options: list[str], expected: list[str]) -> None:
    result = invoke("check", *options)
    assert codes(result) == expected
    assert result.exit_code == (1 if expected else 0)


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("options", "reason"), [
    (["--select", "GRV6011"], "--select: unknown rule 'GRV6011'; did you mean 'GRV601'?"),
    (["--ignore", "unreadable-fil"], "did you mean 'unreadable-file'?"),
    (["--output-format", "xml"], "'xml' is not one of"),
    (["nowhere"], "nowhere: no such file or folder"),
    (["--config", "nowhere.toml"], "nowhere.toml:1: cannot be read"),
    (["--config", "a.toml", "--isolated"], "exclude each other"),
    (["-"], "--stdin-filename"),
    (["-o", "no/such/folder/x"], "cannot write"),
    (["--colour"], "No such option"),
])
def test_mistakes_in_use(options: list[str], reason: str) -> None:
    result = invoke("check", *options)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(("text", "reason"), [
    ('[tool.gravity-lint]\nselct = ["GRV1"]\n', "pyproject.toml:2: unknown key `selct`; did you mean `select`?"),
    ('[tool.gravity-lint]\nselect = [\n"GRV1",\n"GRV999"]\n', "pyproject.toml:4: `select`: unknown rule 'GRV999'"),
    ("[tool.gravity-lint\n", "pyproject.toml:1: is not valid TOML"),
])
def test_mistakes_in_the_configuration(tree: Path, text: str, reason: str) -> None:
    (tree / "pyproject.toml").write_text(text, "utf-8")
    result = invoke("check")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert codes(invoke("check", "--isolated", "--select", "GRV6")) == ["GRV601"]


def test_the_configuration_counts(tree: Path) -> None:
    (tree / "gravity-lint.toml").write_text(
        'ignore = ["GRV601"]\nseverity = { GRV001 = "note" }\n', "utf-8")
    result = invoke("check")
    assert codes(result) == ["GRV001"]
    assert result.exit_code == 0, "notes alone do not fail"
    assert codes(invoke("check", "--isolated")) == ["GRV001", "GRV601"]
    (tree / "other.toml").write_text('select = ["GRV601"]\n[per-file-ignores]\n"comp*.yaml" = ["GRV6"]\n', "utf-8")
    assert codes(invoke("check", "--config", "other.toml")) == []
    assert codes(invoke("check", "--config", "other.toml", "--select", "GRV001")) == ["GRV001"]


@pytest.mark.usefixtures("tree")
def test_exit_zero_and_statistics() -> None:
    result = invoke("check", "--exit-zero", "--statistics")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[2:-1] == ["1  GRV001  unreadable-file", "1  GRV601  unmarked-compose-example"]


@pytest.mark.usefixtures("tree")
def test_full() -> None:
    result = invoke("check", "-f", "full", "--select", "GRV6")
    assert "GRV601 unmarked-compose-example" in result.stdout
    assert " --> compose.yaml:3:" in result.stdout
    assert result.stdout.splitlines()[-2].startswith("Found 1 ")
    assert "\x1b" not in result.stdout


def test_full_and_verbose(tree: Path) -> None:
    (tree / "compose.yaml").unlink()
    (tree / "second.py").write_text(BROKEN, "utf-8")
    for form, verbose, times in (("full", [], 1), ("full", ["-v"], 2), ("full", ["--verbose"], 2), ("concise", [], 2),
                                 ("concise", ["-v"], 2), ("json", [], 2)):
        result = invoke("check", "-f", form, *verbose)
        assert result.stdout.count("this file is not valid Python") == times
        assert result.exit_code == 1
    invoke("check", "-f", "full", "-o", "short.txt")
    invoke("check", "-f", "full", "-v", "-o", "long.txt")
    assert (tree / "short.txt").read_text("utf-8").count("= the same in 1 more file:\n    second.py:3:") == 1
    assert "the same" not in (tree / "long.txt").read_text("utf-8")


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("option", "environment", "colored"), [
    ("always", {}, True), ("never", {"FORCE_COLOR": "1"}, False), ("auto", {}, False),
    ("auto", {"FORCE_COLOR": "1"}, True), ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ("always", {"NO_COLOR": "1"}, True),
])
def test_colours(option: str, environment: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(cli, ["check", "-f", "full", "--color", option], color=True)
    assert ("\x1b[" in result.stdout) is colored


def test_json(tree: Path) -> None:
    document = json.loads(invoke("check", "-f", "json").stdout)
    assert [each["code"] for each in document["violations"]] == ["GRV001", "GRV601"]
    assert document["services"] == [{"path": ".", "kind": "service", "uses_database": False}]
    assert document["summary"]["violations"] == 2
    (tree / "sub").mkdir()
    os.chdir(tree / "sub")
    document = json.loads(invoke("check", "-f", "json", "..").stdout)
    assert {each["path"] for each in document["violations"]} == {"../broken.py", "../compose.yaml"}
    assert {each["service"] for each in document["violations"]} == {".."}


def test_output_file(tree: Path) -> None:
    result = invoke("check", "-o", "report.json", "-f", "json")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 1)
    assert json.loads((tree / "report.json").read_text("utf-8"))["version"] == 1
    assert [path.name for path in tree.iterdir() if path.name.startswith(".report")] == []
    invoke("check", "-o", "report.json")
    assert (tree / "report.json").read_text("utf-8").count("\n") == 3


@pytest.mark.usefixtures("tree")
def test_standard_input() -> None:
    assert codes(invoke("check", "--stdin-filename", "compose.yaml", "-", stdin=MARKED)) == []
    assert codes(invoke("check", "--stdin-filename", "compose.yaml", stdin=COMPOSE + "\n")) == ["GRV601"]
    assert codes(invoke("check", "--stdin-filename", "new.py", stdin=BROKEN)) == ["GRV001"]
    assert codes(invoke("check", "--stdin-filename", "broken.py", stdin="x = 1\n")) == []


@pytest.mark.usefixtures("tree")
def test_a_fault_in_one_check_is_told_and_the_rest_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(service: object) -> None:
        raise RuntimeError("boom\nsecond line with postgresql://u:hunter2@h/db")

    rule = next(rule for rule in load_rules() if rule.code == "GRV601")
    monkeypatch.setitem(rule.__dict__, "check", fail)
    result = invoke("check")
    assert codes(result) == ["GRV001"]
    assert result.exit_code == 2
    assert "internal error in service " in result.stderr
    assert "(rule GRV601): RuntimeError: boom; please report it" in result.stderr
    assert "Traceback" not in result.stderr
    assert invoke("check", "--exit-zero").exit_code == 2


@pytest.mark.usefixtures("tree")
def test_a_fault_anywhere_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ValueError("boom")

    monkeypatch.setattr(run_module, "discover", fail)
    result = invoke("check")
    assert result.exit_code == 2
    assert result.stderr == "gravity-lint: internal error: ValueError: boom; please report it " \
                            "(GRAVITY_LINT_DEBUG=1 shows where)\n"


@pytest.mark.usefixtures("tree")
def test_services() -> None:
    result = invoke("services")
    assert result.exit_code == 0
    assert result.stdout.startswith(".  service, ")
    assert "requirements.txt" in result.stdout


def test_no_services(tmp_path: Path) -> None:
    assert invoke("services", str(tmp_path)).stdout == "No service, library or deployment file was found\n"
    assert invoke("check", str(tmp_path)).exit_code == 0


def test_rules() -> None:
    result = invoke("rules")
    assert result.exit_code == 0
    for rule in load_rules():
        assert f"  {rule.code}  {rule.name} " in result.stdout
    assert all(len(line) < 160 for line in result.stdout.splitlines())


@pytest.mark.parametrize("name", ["GRV601", "grv601", "unmarked-compose-example"])
def test_rule(name: str) -> None:
    result = invoke("rule", name)
    assert result.exit_code == 0
    assert result.stdout.startswith("GRV601 unmarked-compose-example (")
    assert "\n# " in result.stdout


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.code)
def test_a_page_shows_the_prose_and_some_examples(rule: Rule) -> None:
    short, whole = invoke("rule", rule.code).stdout, invoke("rule", rule.code, "--examples").stdout
    assert rule.text.rstrip() in whole
    titles = [f"\n## {example.title}\n" for example in rule.examples]
    shown = [example.rejects for example, title in zip(rule.examples, titles, strict=True) if title in short]
    assert sorted(shown) == [False, False, True, True]
    assert all(line in short for line in rule.text.split("\n## ", 1)[0].splitlines())
    assert f"Every example ({len(rule.examples)})" in short


@pytest.mark.parametrize(("name", "reason"), [
    ("GRV6O1", "unknown rule 'GRV6O1'; did you mean 'GRV601'?"), ("GRV6", "the beginning of several codes")])
def test_no_such_rule(name: str, reason: str) -> None:
    result = invoke("rule", name)
    assert result.exit_code == 2
    assert reason in result.stderr


@pytest.mark.parametrize("command", [[], ["check"], ["rules"], ["rule"], ["services"]])
def test_help(command: list[str]) -> None:
    result = invoke(*command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: gravity-lint")


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(gravity_lint.__file__).parent.parent)}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, check=False)


def test_version_and_help_import_little(tree: Path) -> None:
    code = ("import sys\nfrom gravity_lint.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
            "print([name for name in ('yaml', 'tree_sitter', 'libcst', 'pathspec', 'wcwidth') if name in sys.modules])")
    for option in ("--version", "--help"):
        result = python("-c", code, option, cwd=tree)
        assert result.stdout.splitlines()[-1] == b"[]"


def test_names_that_are_not_utf_8(tree: Path) -> None:
    try:
        (tree / os.fsdecode(b"caf\xe9.py")).write_text(BROKEN, "utf-8")
    except OSError:
        pytest.skip("the file system takes no such name")
    for form in ("concise", "full", "json"):
        result = python("-m", "gravity_lint", "check", "-f", form, "--select", "GRV001", cwd=tree)
        assert result.returncode == 1
        assert b"caf" in result.stdout
        assert b"Traceback" not in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_reader_that_goes_away(tree: Path) -> None:
    command = f"{sys.executable} -m gravity_lint check -f full --select GRV001 | true"
    result = subprocess.run(["sh", "-c", command], cwd=tree, capture_output=True, check=False,
                            env={**os.environ, "PYTHONPATH": str(Path(gravity_lint.__file__).parent.parent)})
    assert result.stderr == b""
