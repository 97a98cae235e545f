"""Rule files: what is taken, what is refused and where, and how rules are chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from gravity_lint.rulebook import Mark, Rule, RuleError, choose, load_rules, read_rule, sections, unknown_selector
from gravity_lint.violation import Finding, Place

GOOD = """---
code: GRV901
severity: error
check: issued-statement
where:
  kinds: [create-database]
message: "`{statement}` is issued by the service"
advice: "Leave it to the deployment"
---
# The service creates a database

Why, with an example in passing:

```py
create()
```

## It is rejected

`app/db.py`:

```py
run("CREATE DATABASE x")  # violation
run("CREATE DATABASE y; CREATE DATABASE z")  # violation x2
```

`compose.yaml`:

```yaml
a: b  # violation: note
```

## It is accepted

`README.md`:

````md
```sh
createdb
```
````

```diff
- a
+ b
```

## Only prose

Nothing here.
"""


def rule_file(folder: Path, text: str, name: str = "some-rule") -> Path:
    path = folder / f"{name}.md"
    path.write_text(text, "utf-8")
    return path


def test_a_good_rule(tmp_path: Path) -> None:
    rule = read_rule(rule_file(tmp_path, GOOD))
    assert (rule.code, rule.name, rule.severity, rule.title) == (
        "GRV901", "some-rule", "error", "The service creates a database")
    rejecting, accepting = rule.examples
    assert rejecting.rejects
    assert not accepting.rejects
    assert rejecting.files[0].text == 'run("CREATE DATABASE x")\nrun("CREATE DATABASE y; CREATE DATABASE z")\n'
    assert rejecting.files[0].violations == (Mark(1, None), Mark(2, None), Mark(2, None))
    assert rejecting.files[1].violations == (Mark(1, "note"),)
    assert accepting.files[0].text == "```sh\ncreatedb\n```\n"
    assert accepting.line == GOOD[:GOOD.index("## It is accepted")].count("\n") + 1


def test_a_message_is_filled_with_fields(tmp_path: Path) -> None:
    rule = read_rule(rule_file(tmp_path, GOOD))
    finding = Finding(Place("/a", 1, 1, 1, 2), {"statement": "CREATE {odd}"})
    assert rule.say(finding) == "`CREATE {odd}` is issued by the service"


@pytest.mark.parametrize(("old", "new", "line", "reason"), [
    ("check: issued-statement", "check: issued-statment", 4, "did you mean 'issued-statement'?"),
    ("severity: error", "severity: warnin", 3, "did you mean 'warning'?"),
    ("severity: error", "severty: error", 3, "did you mean 'severity'?"),
    ("severity: error\n", "", 1, "lacks `severity`"),
    ("code: GRV901", "code: 901", 2, "`code` must be text"),
    ("code: GRV901", "code: X1", 2, "must look like GRV101"),
    ("code: GRV901", "code: GRV901\ncode: GRV902", 3, "stands twice"),
    ("advice: ", "advice: [", 9, "not YAML"),
    ("  kinds: [create-database]", "  - kinds", 5, "`where` must be a mapping"),
    ('service"', 'service."', 7, "full stop"),
    ("{statement}", "{0}", 7, "must name its fields"),
    ("{statement}", "{statement", 7, "not a template"),
    ("# The service creates a database", "The service", 10, "title"),
    ("---\ncode", "code", 1, "front matter"),
    ("\n---\n#", "\n#", 1, "not closed"),
])
def test_what_is_refused(tmp_path: Path, old: str, new: str, line: int, reason: str) -> None:
    assert old in GOOD
    path = rule_file(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(RuleError) as caught:
        read_rule(path)
    assert reason in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(("old", "new", "reason"), [
    ("`app/db.py`:\n", "", "needs a line"),
    ("`app/db.py`:", "`app/db.py`:\n\nOh", "must be followed by its fenced text"),
    ("`app/db.py`:", "`../db.py`:", "inside the example"),
    ("`compose.yaml`:", "`app/db.py`:", "two files"),
    ("````\n\n```diff", "```\n\n```diff", "not closed"),
    ("```py\ncreate", "`x.py`:\n\n```py\ncreate", "below a `##` heading"),
])
def test_what_is_refused_in_examples(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert old in GOOD
    rule = read_rule(rule_file(tmp_path, GOOD.replace(old, new, 1)))
    with pytest.raises(RuleError, match=reason):
        rule.examples  # noqa: B018


@pytest.mark.parametrize(("old", "new", "reason"), [
    ("kinds:", "kindz:", "no option `kindz`; did you mean 'kinds'?"),
    ("[create-database]", "[7]", "`kinds` .* must be a list, each "),
    ("[create-database]", "create-database", "`kinds` .* must be a list, each "),
    ("where:\n  kinds: [create-database]\n", "", "needs the option `kinds`"),
])
def test_options_must_fit_the_check(tmp_path: Path, old: str, new: str, reason: str) -> None:
    pytest.importorskip("gravity_lint.checks.statements")
    with pytest.raises(RuleError, match=reason):
        read_rule(rule_file(tmp_path, GOOD.replace(old, new, 1))).check  # noqa: B018


def test_codes_and_names_are_unique(tmp_path: Path) -> None:
    rule_file(tmp_path, GOOD)
    rule_file(tmp_path, GOOD, "other-rule")
    with pytest.raises(RuleError, match="GRV901 is already the rule"):
        load_rules(tmp_path)


def test_the_projects_rules_load_by_code() -> None:
    rules = load_rules()
    assert [rule.code for rule in rules] == sorted(rule.code for rule in rules)
    assert len(rules) >= 11
    assert [rule for _, members in sections(rules) for rule in members] == list(rules)


def codes(rules: tuple[Rule, ...]) -> str:
    return " ".join(rule.code[3:] for rule in rules)


@pytest.mark.parametrize(("select", "extend", "ignore", "expected"), [
    ((), (), (), "101 102 201 202"),
    (("GRV1",), (), (), "101 102"),
    (("grv1", "grv201"), (), (), "101 102 201"),
    (("default-database-url",), (), (), "102"),
    (("GRV1",), ("GRV202",), ("GRV102",), "101 202"),
    (("GRV102",), (), ("GRV1",), "102"),
    ((), (), ("GRV1", "database-creation"), "202"),
    (("GRV",), (), ("GRV2",), "101 102"),
])
def test_choosing(select: tuple[str, ...], extend: tuple[str, ...], ignore: tuple[str, ...], expected: str) -> None:
    rules = tuple(rule for rule in load_rules() if rule.code in ("GRV101", "GRV102", "GRV201", "GRV202"))
    assert codes(choose(rules, select, extend, ignore)) == expected


@pytest.mark.parametrize(("selector", "reason"), [
    ("GRV1010", "unknown rule 'GRV1010'; did you mean 'GRV101'?"),
    ("defualt-database-url", "unknown rule 'defualt-database-url'; did you mean 'default-database-url'?"),
    ("Q7", "unknown rule 'Q7'"),
    ("", "unknown rule ''"),
])
def test_unknown_selectors(selector: str, reason: str) -> None:
    assert unknown_selector(["GRV1", selector], load_rules()) == reason
