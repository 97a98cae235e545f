"""What is built: a wheel that works alone, a source distribution that it can be built from, the same rules in all."""

from __future__ import annotations

import email.parser
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import gravity_lint
from gravity_lint.rulebook import load_rules

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "fixtures" / "shop"
PACKAGES = {"click": "click", "libcst": "libcst", "pathspec": "pathspec", "PyYAML": "yaml", "tomli": "tomli",
            "tree-sitter": "tree_sitter", "tree-sitter-bash": "tree_sitter_bash",
            "tree-sitter-powershell": "tree_sitter_powershell", "tree-sitter-python": "tree_sitter_python",
            "wcwidth": "wcwidth"}
"""What the wheel depends on → the package that is imported."""


def run(*command: str | Path, cwd: Path, fails: bool = False) -> str:
    """Runs a command in an environment in which nothing points to the checkout; its standard output."""
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("PYTHON", "PIP_", "COV_", "VIRTUAL_ENV", "FORCE_COLOR"))}
    environment |= {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True,
                          encoding="utf-8", timeout=300)
    assert done.returncode == int(fails), f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it, not from the checkout."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    found, = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel, and of this environment only what the wheel depends on."""
    folder = tmp_path_factory.mktemp("alone")
    run(sys.executable, "-m", "venv", folder, cwd=folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel, cwd=folder)
    where = run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    homes = {Path(spec.origin).parent.parent for package in PACKAGES.values()
             if (spec := importlib.util.find_spec(package)) and spec.origin}
    # the .pth files in these folders are not read, so that an editable install of the checkout stays unseen
    Path(where.strip(), "dependencies.pth").write_text("".join(f"{home}\n" for home in sorted(homes)), "utf-8")
    return programs


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def files(folder: str) -> set[str]:
    """The files of a folder of the checkout, without what running it leaves there."""
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix not in (".pyc", ".pyo")}


# ---- what is in it


def test_the_wheel_holds_the_package_and_the_rules(wheel: Path) -> None:
    tables = {path.stem for path in (ROOT / "gravity_lint" / "knowledge").glob("*.yaml")}
    expected = files("gravity_lint") | {f"gravity_lint/{name}" for name in files("rules")} \
        | {f"gravity_lint/built/{name}.py" for name in ("__init__", "patterns", "records", "rules", *tables)}
    assert {name for name in names(wheel) if ".dist-info/" not in name} == expected
    assert "gravity_lint/py.typed" in expected


def test_the_rules_in_the_wheel_are_those_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in files("rules"):
            assert archive.read(f"gravity_lint/{name}") == (ROOT / name).read_bytes()


def test_what_was_built_says_the_same_as_its_source(alone: Path, tmp_path: Path) -> None:
    program = """
import sys
from gravity_lint import knowledge
from gravity_lint.knowledge import contacts, exposures, names
from gravity_lint.rulebook import load_rules
for table in (contacts.contacts, exposures.exposures, names.words, knowledge.drivers, knowledge.frameworks,
              knowledge.models, knowledge.operations, knowledge.schemes, knowledge.settings, knowledge.values):
    print(table())
for rule in load_rules():
    print(rule.code, rule.name, rule.severity, rule.message, rule.advice, rule.check, rule.options, rule.section,
          rule.title, rule.path.name, rule.first_line, rule.where_line, rule.text, rule.examples)
print("yaml" in sys.modules)
"""
    built, read = (run(python, "-c", program, cwd=where).rpartition("True" if where == ROOT else "False")
                   for python, where in ((alone / "python", tmp_path), (sys.executable, ROOT)))
    assert built[:2] == (read[0], "False")


def test_what_was_compiled_is_what_would_be(alone: Path, tmp_path: Path) -> None:
    program = """
import re, sys
from gravity_lint import record, regex
from gravity_lint.built import patterns, records
from gravity_lint.facts.code import Assign, Call
from gravity_lint.violation import Place
assert patterns.ENGINE == regex.engine()
import gravity_lint.run
assert len(patterns.PATTERNS) > 100 and patterns.PATTERNS.keys() >= set(regex.KNOWN)
for text, flags in patterns.PATTERNS:
    assert regex._compiled(text, flags) == re.compile(text, flags), text  # the same code, flags and groups
for kind in (Assign, Call, Place):
    made, space = records.FUNCTIONS[record.making(kind)], {}
    exec(record.making(kind), space)
    assert made.__code__.co_code == space[made.__name__].__code__.co_code, kind
"""
    run(alone / "python", "-c", program, cwd=tmp_path)


def test_another_interpreter_compiles_what_it_needs(alone: Path, tmp_path: Path) -> None:
    program = """
from gravity_lint.built import patterns
patterns.ENGINE = ("another",)
from gravity_lint import regex
from gravity_lint.checks.literals import _WORD
assert not regex._built() and _WORD.fullmatch("two_words") and not _WORD.fullmatch("2")
"""
    run(alone / "python", "-c", program, cwd=tmp_path)


def test_the_wheel_describes_itself(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name, = (each for each in archive.namelist() if each.endswith("/METADATA"))
        described = email.parser.BytesParser().parsebytes(archive.read(name))
    assert described["Version"] == gravity_lint.__version__
    assert described["Requires-Python"] == ">=3.10"
    wanted = {re.split(r"[^\w-]", line, maxsplit=1)[0].lower() for line in described.get_all("Requires-Dist", [])
              if "extra ==" not in line}
    assert wanted == {name.lower() for name in PACKAGES}
    assert any(PurePosixPath(each).name == "LICENSE" for each in names(wheel))
    body = described.get_payload()
    assert isinstance(body, str)
    assert body.startswith("# gravity-lint")


def test_the_source_distribution_holds_the_project(built: Path) -> None:
    archive, = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        inside = {member.name.partition("/")[2] for member in opened if member.isfile()}
    project = {"README.md", "LICENSE", "pyproject.toml", ".pre-commit-hooks.yaml", ".ci/run"}
    assert project | files("gravity_lint") | files("rules") | files("tests") | files("fixtures") <= inside


# ---- that it works


def test_the_wheel_finds_its_own_rules(alone: Path, tmp_path: Path) -> None:
    program = "import gravity_lint.rulebook as book; print(book.__file__, book.rules_folder(), sep='\\n')"
    for place in run(alone / "python", "-c", program, cwd=tmp_path).split():
        assert Path(place).is_relative_to(alone.parent.resolve())


def test_every_way_lists_the_same_rules(alone: Path, tmp_path: Path) -> None:
    listed = run(alone / "gravity-lint", "rules", cwd=tmp_path)
    assert re.findall(r"^ +([A-Z]+[0-9]+)  ([\w-]+)", listed, re.M) == [(rule.code, rule.name) for rule in load_rules()]
    assert run(sys.executable, "-m", "gravity_lint", "rules", cwd=ROOT) == listed
    assert run(alone / "python", "-m", "gravity_lint", "rules", cwd=tmp_path) == listed


def test_the_wheel_judges_the_shop(alone: Path, tmp_path: Path) -> None:
    shop = shutil.copytree(SHOP, tmp_path / "shop")
    told = run(alone / "gravity-lint", "check", "--isolated", cwd=shop, fails=True)
    assert told == (SHOP / "expected.txt").read_text("utf-8")
    assert run(alone / "gravity-lint", "check", "--isolated", "shipping", cwd=shop) == ""


def test_the_wheel_explains_a_rule(alone: Path, tmp_path: Path) -> None:
    rule = load_rules()[0]
    assert rule.text.rstrip() in run(alone / "gravity-lint", "rule", rule.name, "--examples", cwd=tmp_path)


def test_the_wheel_knows_its_version(alone: Path, tmp_path: Path) -> None:
    assert run(alone / "gravity-lint", "--version", cwd=tmp_path) == f"gravity-lint {gravity_lint.__version__}\n"
