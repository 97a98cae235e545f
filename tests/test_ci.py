"""The action for GitHub and the template for GitLab: valid, and their steps run by real shells, as hosts run them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import formats as hosts
import jsonschema
import pytest
import yaml

from tests.safely import SAFELY

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "fixtures" / "shop"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
TEMPLATE = (ROOT / "templates" / "gravity-lint.yml").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")
_INPUT = re.compile(r"\$\[\[ *inputs\.([\w-]+) *\]\]")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="bash and sh are those of a Unix here")


def stanza(comment: str) -> Any:
    """The README's YAML that begins with this comment."""
    text, = re.findall(rf"^```yaml\n# {comment}\n(.*?)^```", README, re.M | re.S)
    return yaml.safe_load(text)


def schema(name: str) -> Any:
    spec = importlib.util.find_spec("check_jsonschema")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "builtin_schemas" / "vendor" / f"{name}.json"
    return json.loads(path.read_text("utf-8"))


def test_the_action_is_valid() -> None:
    jsonschema.validate(ACTION, schema("github-actions"), jsonschema.Draft7Validator)


def test_no_script_holds_an_expression() -> None:
    """What somebody gives the action reaches its scripts as the value of a variable, never as code."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "eval" not in step.get("run", "")
    assert "$[[" not in str(template({})["script"])


def test_the_template_is_valid() -> None:
    head, job = yaml.safe_load_all(TEMPLATE)
    jsonschema.validate(job, schema("gitlab-ci"), jsonschema.Draft7Validator)
    assert set(head["spec"]["inputs"]) == set(_INPUT.findall(TEMPLATE.split("\n---\n")[1]))


def test_both_stand_in_the_readme_with_inputs_that_they_have() -> None:
    _, step = stanza("GitHub Actions")
    assert set(step["with"]) <= set(ACTION["inputs"])
    included, = stanza("GitLab CI")["include"]
    assert (ROOT / included["file"]).is_file()
    inputs = next(yaml.safe_load_all(TEMPLATE))["spec"]["inputs"]
    assert {name for name, about in inputs.items() if "default" not in about} <= set(included["inputs"]) <= set(inputs)


# ---- GitHub


class Ran(NamedTuple):
    """What came of an action: its outputs, its log, the summary, and the exit code of its last step."""

    outputs: Mapping[str, str]
    log: str
    summary: str
    code: int


class Runner:
    """Runs the steps of the action as GitHub does, where `uses` is done already."""

    def __init__(self, workspace: Path, temp: Path) -> None:
        self._workspace = workspace
        self._temp = temp
        self._values: dict[str, str] = {"steps.python.outputs.python-path": sys.executable}

    def run(self, installed: bool, **given: str) -> Ran:
        """The action with these inputs (`_` stands for `-`), `installed` by a real pip or beside this Python."""
        inputs = {name: about["default"] for name, about in ACTION["inputs"].items()}
        inputs |= {name.replace("_", "-"): value for name, value in given.items()}
        assert set(inputs) == set(ACTION["inputs"])
        self._values |= {f"inputs.{name}": value for name, value in inputs.items()}
        if not installed:
            self._values["steps.install.outputs.programs"] = os.path.dirname(sys.executable)
        log, summary, code = "", "", 0
        for step in ACTION["runs"]["steps"]:
            if "run" in step and (installed or step.get("id") != "install"):
                assert code == 0, log  # a step that fails ends the action
                told, page, code = self._step(step)
                log, summary = log + told, summary + page
        outputs = {name: self._filled(about["value"]) for name, about in ACTION["outputs"].items()}
        return Ran(outputs, log, summary, code)

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda match: self._values.get(match[1], ""), text)

    def _step(self, step: Mapping[str, Any]) -> tuple[str, str, int]:
        assert step["shell"] == "bash"
        script, output, page = (self._temp / name for name in ("script.sh", "output", "page"))
        script.write_text(step["run"], "utf-8")
        for path in (output, page):
            path.write_text("", "utf-8")
        known = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "PYTHON", "COV_"))}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self._workspace / self._filled(step.get("working-directory", ".")), capture_output=True, text=True,
            timeout=300, env={**known, "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(ROOT),
                              "GITHUB_WORKSPACE": str(self._workspace), "RUNNER_TEMP": str(self._temp),
                              "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(page),
                              "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r",
                              "GITHUB_SHA": "abc",
                              **{name: self._filled(value) for name, value in step.get("env", {}).items()}})
        for line in output.read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            self._values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.stdout + done.stderr, page.read_text("utf-8"), done.returncode


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The shop as a repository of its own."""
    shutil.copytree(SHOP, tmp_path / "work", ignore=shutil.ignore_patterns("expected.*", "__pycache__"))
    (tmp_path / "work" / ".git").mkdir()
    return tmp_path / "work"


@pytest.fixture
def runner(repository: Path, tmp_path: Path) -> Runner:
    (tmp_path / "runner temp").mkdir()
    return Runner(repository, tmp_path / "runner temp")


def test_the_action_as_the_readme_has_it(runner: Runner, repository: Path) -> None:
    ran = runner.run(False, **stanza("GitHub Actions")[1]["with"])
    assert ran.code == 1
    assert ran.outputs == {"exit-code": "1", "sarif": str(repository / "gravity-lint.sarif")}
    annotations = hosts.github(ran.log)
    rows = hosts.rows(ran.summary)
    results = hosts.results(hosts.sarif((repository / "gravity-lint.sarif").read_text("utf-8")))
    assert len(annotations) == len(rows) == len(results) > 30
    assert "](https://github.com/o/r/blob/abc/catalog/catalog/config.py#L20)" in ran.summary
    assert "<summary>By rule</summary>" in ran.summary


def test_a_conforming_service(runner: Runner) -> None:
    ran = runner.run(False, paths="shipping")
    assert (ran.code, ran.log, ran.outputs["exit-code"], ran.outputs["sarif"]) == (0, "", "0", "")
    assert "✅ **All clean" in ran.summary


def test_its_inputs(runner: Runner, repository: Path) -> None:
    ran = runner.run(False, working_directory="catalog", paths="catalog\nscripts\n", annotations="false",
                     summary="false", args="--select=GRV1\n\n--exit-zero", sarif="a b.sarif")
    assert (ran.code, ran.summary) == (0, "")
    assert ran.outputs == {"exit-code": "0", "sarif": str(repository / "catalog" / "a b.sarif")}
    places = [line for line in ran.log.splitlines() if ": GRV" in line]
    assert places
    assert all(re.match(r"catalog/[\w./]+:\d+:\d+: GRV1", line) for line in places)
    uploaded = runner.run(False, upload="true", args="--select=GRV1")
    hosts.sarif(Path(uploaded.outputs["sarif"]).read_text("utf-8"))


NASTY = ["$(touch pwned)`touch pwned`", "\"; touch pwned; \"", "'; touch pwned #", "END\ntouch pwned\n", "* ;&|<>"]
"""What would be obeyed if a shell read it."""


@pytest.mark.parametrize("name", ["paths", "args", "sarif", "annotations", "summary", "upload"])
def test_inputs_are_no_code(name: str, runner: Runner, repository: Path) -> None:
    for nasty in NASTY:
        ran = runner.run(False, **{"paths": "shipping", name: nasty})
        assert ran.outputs["exit-code"] == ("2" if name in ("paths", "args") else "0"), ran.log
    assert not list(repository.rglob("pwned"))


def test_what_cannot_be_judged(runner: Runner) -> None:
    ran = runner.run(False, paths="no such folder")
    assert (ran.code, ran.outputs["exit-code"]) == (2, "2")
    assert "no such folder: no such file or folder" in ran.log


def test_the_action_with_a_real_pip(runner: Runner, repository: Path, tmp_path: Path,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network: what the checkout is built with and depends on is this environment's."""
    packages = ("hatchling", "click", "libcst", "yaml", "tree_sitter", "pathspec")
    homes = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")} | {
        str(Path(spec.origin).parent.parent) for name in packages
        if (spec := importlib.util.find_spec(name)) and spec.origin}
    python = tmp_path / "python"
    python.write_text(f"""#!/bin/sh
'{sys.executable}' "$@" || exit
for folder in "$3"/lib/python*/site-packages; do
  printf '%s\\n' {' '.join(f"'{home}'" for home in sorted(homes))} > "$folder/here.pth"
done
""", "utf-8")
    python.chmod(0o755)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}.items():
        monkeypatch.setenv(name, value)
    runner._values["steps.python.outputs.python-path"] = str(python)
    ran = runner.run(True, paths="orders")
    assert ran.code == 1, ran.log
    assert "::error file=orders/orders/db/schema.py,line=9," in ran.log
    found = subprocess.run([str(tmp_path / "runner temp" / "gravity-lint" / "bin" / "python"), SAFELY, "-c",
                            "import gravity_lint; print(gravity_lint.__file__)"], capture_output=True, text=True,
                           cwd=tmp_path, timeout=60)
    assert found.stdout.startswith(str(tmp_path / "runner temp")), found.stderr


# ---- GitLab


def template(given: Mapping[str, str]) -> dict[str, Any]:
    """The job with these inputs, put into its texts as GitLab puts them."""
    head, job = yaml.safe_load_all(TEMPLATE)
    inputs = head["spec"]["inputs"]
    values = {name: about["default"] for name, about in inputs.items() if "default" in about} | dict(given)

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return _INPUT.sub(lambda match: values.get(match[1], ""), value)
        if isinstance(value, list):
            return [filled(each) for each in value]
        return {key: filled(each) for key, each in value.items()} if isinstance(value, dict) else value

    return dict(filled(job["gravity-lint"]))


@pytest.fixture(params=["bash", "sh"])
def job(request: pytest.FixtureRequest, repository: Path, tmp_path: Path) -> Any:
    """Runs the template's script as GitLab's runner does, with pip's place taken by what notes its words."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/pip"\n', "utf-8")
    (programs / "python").chmod(0o755)

    def run(**given: str) -> subprocess.CompletedProcess[str]:
        job = template({"package": "https://example.com/gravity_lint.whl", **given})
        variables = {name: each["value"] for name, each in job["variables"].items()}
        assert all(each["expand"] is False for each in job["variables"].values())
        path = os.pathsep.join([str(programs), os.path.dirname(sys.executable), os.environ["PATH"]])
        return subprocess.run([request.param, "-c", "set -e\n" + "\n".join(job["script"])], cwd=repository,
                              env={**os.environ, **variables, "CI": "true", "PATH": path}, capture_output=True,
                              text=True, timeout=120)

    return run


def test_the_template_as_the_readme_has_it(job: Any, repository: Path, tmp_path: Path) -> None:
    included, = stanza("GitLab CI")["include"]
    done = job(**included["inputs"])
    assert done.returncode == 1
    assert (tmp_path / "pip").read_text("utf-8").split()[-1] == included["inputs"]["package"]
    reports = template(included["inputs"])["artifacts"]["reports"]
    issues = hosts.gitlab((repository / reports["codequality"]).read_text("utf-8"))
    tests = hosts.junit((repository / reports["junit"]).read_text("utf-8"))
    assert len(issues) == int(tests.get("failures")) == done.stdout.count(": GRV") > 30
    assert all((repository / issue["location"]["path"]).is_file() for issue in issues)


def test_the_inputs_of_the_template(job: Any) -> None:
    done = job(paths="catalog\norders", args="--select=GRV1\n--exit-zero")
    assert done.returncode == 0
    places = [line for line in done.stdout.splitlines() if ": GRV" in line]
    assert {line.partition("/")[0] for line in places} == {"catalog", "orders"}
    assert all(": GRV1" in line for line in places)
    assert job(paths="shipping").returncode == 0
    assert job(paths="no such folder").returncode == 2


def test_inputs_of_the_template_are_no_code(job: Any, repository: Path) -> None:
    for nasty in NASTY:
        for name in ("paths", "args", "package"):
            done = job(**{"paths": "shipping", name: nasty})
            assert done.returncode == (0 if name == "package" else 2), done.stderr
    assert not list(repository.rglob("pwned"))
