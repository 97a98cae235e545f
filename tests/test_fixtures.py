"""The fixtures: whole services, each report compared with what was written down by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gravity_lint.cli import cli
from gravity_lint.facts import python
from gravity_lint.formats import FORMATS
from gravity_lint.link import evaluate
from gravity_lint.rulebook import load_rules

SHOP = Path(__file__).resolve().parent.parent / "fixtures" / "shop"
RULES = {rule.code for rule in load_rules()}
SECRETS = ("Iechu7ah", "ohDe9quo", "billing:billing", "orders:orders", "activity:activity")
CONFORMING = "shipping"


@pytest.fixture
def in_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHOP)


def check(*options: str) -> Result:
    return CliRunner().invoke(cli, ["check", "--isolated", *options])


def trail(code: str, path: str, line: int) -> list[str]:
    """The files and lines that prove one finding, in their order."""
    document: dict[str, Any] = json.loads(check("--output-format", "json").stdout)
    found = [each["trail"] for each in document["violations"]
             if (each["code"], each["path"], each["line"]) == (code, path, line)]
    assert len(found) == 1, f"{code} is expected once at {path}:{line}"
    return [f"{step['path']}:{step['line']}" for step in found[0]]


@pytest.mark.usefixtures("in_shop")
def test_the_whole_report() -> None:
    result = check("--output-format", "concise")
    assert result.stdout.splitlines() == (SHOP / "expected.txt").read_text("utf-8").splitlines()
    assert result.exit_code == 1


@pytest.mark.usefixtures("in_shop")
def test_what_is_let_go_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MAX_KEPT", 0)
    monkeypatch.setattr(python, "MAX_TREES", 0)
    test_the_whole_report()


@pytest.mark.usefixtures("in_shop")
@pytest.mark.parametrize("form", FORMATS)
def test_no_report_shows_a_password(form: str) -> None:
    result = check("--output-format", form)
    assert not [secret for secret in SECRETS if secret in result.output]


@pytest.mark.usefixtures("in_shop")
@pytest.mark.parametrize("paths", [[], [CONFORMING]], ids=["with the others", "alone"])
def test_the_conforming_service_is_silent(paths: list[str]) -> None:
    document = json.loads(check("--output-format", "json", *paths).stdout)
    assert [each for each in document["violations"] if each["service"] == CONFORMING] == []
    assert [each for each in document["violations"] if each["path"].startswith(f"{CONFORMING}/")] == []
    assert {"path": CONFORMING, "kind": "service", "uses_database": True} in document["services"]


@pytest.mark.usefixtures("in_shop")
def test_the_services() -> None:
    document = json.loads(check("--output-format", "json").stdout)
    assert {each["path"] for each in document["services"] if each["kind"] == "service"} == {
        "activity", "billing", "catalog", "customers", "orders", "shipping"}
    assert all(each["uses_database"] for each in document["services"] if each["kind"] == "service")


@pytest.mark.usefixtures("in_shop")
def test_a_default_is_followed_through_the_settings_to_the_engine() -> None:
    steps = trail("GRV102", "catalog/catalog/config.py", 20)
    assert steps[0] == "catalog/catalog/config.py:20"
    assert steps[-1] == "catalog/catalog/database.py:11"


@pytest.mark.usefixtures("in_shop")
def test_the_tables_are_followed_from_the_lifespan_through_the_re_export() -> None:
    steps = trail("GRV301", "orders/orders/db/schema.py", 9)
    assert steps[0].startswith("orders/orders/app.py:")
    assert steps[-1] == "orders/orders/db/schema.py:9"


def test_every_rule_is_shown() -> None:
    *lines, _ = (SHOP / "expected.txt").read_text("utf-8").splitlines()
    assert {line.split(": ", 1)[1].split(" ", 1)[0] for line in lines} == RULES
