"""Every example of every rule: what it marks is found, and nothing else."""

from __future__ import annotations

from collections import Counter
from difflib import unified_diff
from pathlib import Path

import pytest

from gravity_lint.config import Config
from gravity_lint.facts.shape import shape_of
from gravity_lint.mending import Wish, mending, write
from gravity_lint.rulebook import Example, Rule, load_rules
from gravity_lint.run import Options, run
from gravity_lint.suppress import UnusedSuppression

RULES = load_rules()
EXAMPLES = [pytest.param(rule, example, id=f"{rule.code}: {example.title}")
            for rule in RULES for example in rule.examples]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_example(rule: Rule, example: Example, tmp_path: Path) -> None:
    for file in example.files:
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8")
    rules = RULES if isinstance(rule.check, UnusedSuppression) else (rule,)  # it judges what the others leave
    report = run(Options(paths=(tmp_path,), config=Config(root=tmp_path), rules=rules))
    assert not report.crashes
    severities = {mark.severity for file in example.files for mark in file.violations}
    told = [(Path(found.place.path).relative_to(tmp_path).as_posix(), found.place.line, found.severity, found.message)
            for found in report.violations if found.code == rule.code]
    found = Counter((path, line, severity if severity in severities else None) for path, line, severity, _ in told)
    wanted = Counter((file.path, mark.line, mark.severity) for file in example.files for mark in file.violations)
    where = f"{rule.path}:{example.line}"
    assert found == wanted, f"{where}\nmissed: {sorted(wanted - found, key=str)}\nnot wanted: " \
                            f"{sorted(found - wanted, key=str)}\nfound: {told}"


FIXED = [param for param in EXAMPLES if param.values[1].rejects]


@pytest.mark.parametrize(("rule", "example"), FIXED)
def test_the_fix_of_an_example(rule: Rule, example: Example, tmp_path: Path) -> None:
    """What is fixed is what the example shows; it is gone, nothing came, and a second fix changes nothing."""
    (tmp_path / ".git").mkdir()
    for file in example.files:
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8")
    rules = RULES if isinstance(rule.check, UnusedSuppression) else (rule,)
    options = Options(paths=(tmp_path,), config=Config(root=tmp_path, fixable=(rule.code,)), rules=rules)
    found = mending(options, Wish(fix=True, unsafe=True))
    assert not found.report.crashes
    changed = {Path(path).relative_to(tmp_path).as_posix(): files for path, files in found.files.items()}
    assert not found.exhausted
    for path, (_, after) in changed.items():
        if path.endswith(".py"):
            assert shape_of(after).faults == 0
    if example.diffs or any(violation.code == rule.code for violation in found.report.fixed):
        wanted = dict(example.diffs)
        told = {path: body(before or b"", after) for path, (before, after) in changed.items()
                if before is not None or path in wanted or Path(path).name not in new_in(rule)}
        shown = "\n".join(f"`{path}`:\n\n```diff\n{text}```\n" for path, text in told.items())
        assert told == wanted, f"{rule.path}:{example.line}\n{shown}"
    write(found, options)
    again = mending(options, Wish(fix=True, unsafe=True))
    assert not again.files
    assert again.report.violations == found.report.violations


def new_in(rule: Rule) -> set[str]:
    """The names of the new files that some example of a rule shows; others need not show them again."""
    return {Path(path).name for example in rule.examples for path, text in example.diffs
            if all(line.startswith("+") for line in text.splitlines())}


def body(before: bytes, after: bytes) -> str:
    """What a unified diff says below its head with a line around each change, without blank ones and line numbers."""
    lines = unified_diff(before.decode().splitlines(), after.decode().splitlines(), n=1, lineterm="")
    told = ["@@" if line.startswith("@@") else line.rstrip() for line in lines]
    return "".join(line + "\n" for line in told[3:]).strip("\n") + "\n"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_rejects_and_accepts(rule: Rule) -> None:
    rejecting = sum(example.rejects for example in rule.examples)
    assert rejecting >= 2, f"{rule.path} needs two examples that it rejects"
    assert len(rule.examples) - rejecting >= 2, f"{rule.path} needs two examples that it accepts"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_check_takes_the_options(rule: Rule) -> None:
    assert callable(rule.check)
