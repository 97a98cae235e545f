"""Every example of every rule: what it marks is found, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gravity_lint.config import Config
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


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_rejects_and_accepts(rule: Rule) -> None:
    rejecting = sum(example.rejects for example in rule.examples)
    assert rejecting >= 2, f"{rule.path} needs two examples that it rejects"
    assert len(rule.examples) - rejecting >= 2, f"{rule.path} needs two examples that it accepts"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_check_takes_the_options(rule: Rule) -> None:
    assert callable(rule.check)
