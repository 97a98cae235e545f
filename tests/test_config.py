"""Configuration files: which one holds, what it says, and what is said about its faults."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gravity_lint import keys
from gravity_lint.cli import cli
from gravity_lint.commands import CLEAN, FAILED, FOUND, Asked, check, guarded
from gravity_lint.config import Config, ConfigError, nearest
from gravity_lint.config import load as loaded
from gravity_lint.keys import BY_NAME, FAIL_ON, KEYS
from gravity_lint.rulebook import load_rules, unknown_selector

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = "[tool.gravity-lint]\n"


def load(*given: Any, **named: Any) -> Config:
    """A configuration, but for where each key stands."""
    return loaded(*given, **named)._replace(origins=())


def unknown(selectors: Iterable[str]) -> str | None:
    for selector in selectors:
        if selector not in ("GRV1", "GRV101", "hardcoded-database-url"):
            return f"unknown rule {selector!r}"
    return None


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_everything(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", TABLE + """\
select = ["GRV1"]
extend-select = ["GRV101"]
ignore = ["hardcoded-database-url"]
exclude = ["old/"]
services = ["services/*"]
fail-on = "note"
baseline = "lint/known.json"

[tool.gravity-lint.per-file-ignores]
"demo/*" = ["GRV101"]

[tool.gravity-lint.severity]
GRV101 = "note"
GRV1 = "off"
""")
    assert load(tmp_path, unknown=unknown) == Config(
        root=tmp_path, path=path, select=("GRV1",), extend_select=("GRV101",),
        ignore=("hardcoded-database-url", "GRV1"), exclude=("old/",), services=("services/*",),
        per_file_ignores=(("demo/*", ("GRV101",)),), severity=(("GRV101", "note"),), fail_on="note",
        baseline=f"{tmp_path}/lint/known.json")


def test_the_nearest_file_with_the_table_holds(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", TABLE + "exclude = ['outer']\n")
    write(tmp_path / "a" / "pyproject.toml", "[project]\nname = 'a'\n")
    start = write(tmp_path / "a" / "b" / "x.py", "")
    assert load(start).exclude == ("outer",)
    assert load(start).root == tmp_path
    write(tmp_path / "a" / "pyproject.toml", TABLE)
    assert load(start) == Config(root=tmp_path / "a", path=tmp_path / "a" / "pyproject.toml")


def test_our_own_file_wins_in_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", TABLE + "exclude = ['one']\n")
    write(tmp_path / "gravity-lint.toml", "exclude = ['two']\n")
    assert load(tmp_path).exclude == ("two",)


def test_isolated_and_explicit(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", TABLE + "exclude = ['one']\n")
    other = write(tmp_path / "other" / "lint.toml", "exclude = ['three']\n")
    assert load(tmp_path, isolated=True) == Config(root=tmp_path)
    assert load(tmp_path, other).exclude == ("three",)
    assert load(tmp_path, other).root == tmp_path / "other"


def test_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "gravity-lint.toml", "")
    assert load(Path()).root == tmp_path
    assert load(Path("new.py")).root == tmp_path


def test_a_broken_file_without_our_table_is_not_ours(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[project\n")
    assert load(tmp_path).path is None


@pytest.mark.parametrize(("text", "line", "reason"), [
    ("\nselct = []\n", 3, "unknown key `selct`; did you mean `select`?"),
    ("zzz = 1\n", 2, "unknown key `zzz`"),
    ("exclude = []\nselect = 'GRV1'\n", 3, "`select` must be a list of strings"),
    ("exclude = [\n  1,\n]\n", 2, "`exclude` must be a list of strings"),
    ("select = [\n  'GRV1',\n  'GRV999',\n]\n", 4, "`select`: unknown rule 'GRV999'"),
    ("ignore = ['GRV101', 'nonsense']\n", 2, "`ignore`: unknown rule 'nonsense'"),
    ("severity = 'note'\n", 2, "`severity` must be a table"),
    ("[tool.gravity-lint.severity]\nGRV101 = 'warnin'\n", 3,
     "`severity`: GRV101 must be error, warning, note or off; did you mean `warning`?"),
    ("[tool.gravity-lint.severity]\nGRV1 = 'note'\nGRV9 = 'note'\n", 4, "`severity`: unknown rule 'GRV9'"),
    ("[tool.gravity-lint.per-file-ignores]\n'a' = 'GRV1'\n", 3,
     "`per-file-ignores`: 'a' must be a list of rules"),
    ("per-file-ignores = {'a' = ['GRV7']}\n", 2, "`per-file-ignores`: unknown rule 'GRV7'"),
    ("fail-on = 'warnin'\n", 2, "`fail-on` must be error, warning, note or never; did you mean `warning`?"),
    ("\nfail-on = []\n", 3, "`fail-on` must be error, warning, note or never"),
    ("baseline = ''\n", 2, "`baseline` must be the path of a file"),
    ("extend = ['a.toml']\n", 2, "`extend` must be the path of a file"),
    ("select = [\n", 3, "is not valid TOML"),
    ("select = ]\n", 2, "is not valid TOML: Invalid value"),
])
def test_faults(text: str, line: int, reason: str, tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", TABLE + text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, unknown=unknown)
    assert str(caught.value).startswith(f"{path}:{line}: {reason}")


def test_our_table_must_be_one(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool]\ngravity-lint = 1\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:2: `tool\.gravity-lint` must be a table"):
        load(tmp_path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml:1: cannot be read: No such file"):
        load(tmp_path, tmp_path / "absent.toml")
    (tmp_path / "gravity-lint.toml").write_bytes(b"# one\n# \xff\n")
    with pytest.raises(ConfigError, match=r"gravity-lint\.toml:2: is not UTF-8"):
        load(tmp_path)


def test_a_key_of_another_tool_is_not_mistaken_for_ours(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[tool.other]\nselect = 1\n\n" + TABLE + "select = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"{path}:5:")


# ---- files that extend others


def test_extend(tmp_path: Path) -> None:
    base = write(tmp_path / "lint" / "base.toml", """\
select = ["GRV1"]
extend-select = ["GRV101"]
ignore = ["GRV101"]
exclude = ["old/", "/made/", "*.x"]
services = ["apps/*"]
baseline = "known.json"
fail-on = "error"
[severity]
GRV101 = "note"
GRV1 = "warning"
[per-file-ignores]
"demo/*.py" = ["GRV101"]
"*_x.py" = ["GRV1"]
""")
    own = write(tmp_path / "gravity-lint.toml", """\
extend = "lint/base.toml"
extend-select = ["GRV1"]
ignore = []
[severity]
GRV101 = "error"
[per-file-ignores]
"*_x.py" = []
""")
    assert load(tmp_path, unknown=unknown) == Config(
        root=tmp_path, path=own, extended=(base,), select=("GRV1",), extend_select=("GRV101", "GRV1"), ignore=(),
        exclude=("old/", "/lint/made/", "*.x"), services=("/lint/apps/*",), baseline=f"{tmp_path}/lint/known.json",
        fail_on="error", severity=(("GRV101", "error"), ("GRV1", "warning")),
        per_file_ignores=(("/lint/demo/*.py", ("GRV101",)), ("*_x.py", ())))


def test_extend_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "extend = 'b/pyproject.toml'\nselect = ['GRV1']\n")
    write(tmp_path / "b" / "pyproject.toml", TABLE + "extend = '../c.toml'\nselect = []\nignore = ['GRV1']\n")
    write(tmp_path / "c.toml", "ignore = ['GRV101']\nexclude = ['x']\n")
    found = loaded(tmp_path, tmp_path / "a.toml")
    assert (found.select, found.ignore, found.exclude) == (("GRV1",), ("GRV1",), ("x",))
    assert [path.name for path in found.extended] == ["pyproject.toml", "c.toml"]
    assert dict(found.origins)["ignore"] == f"{tmp_path}/b/pyproject.toml:4"


@pytest.mark.parametrize(("files", "at", "reason"), [
    ({"gravity-lint.toml": "\nextend = 'absent.toml'\n"}, "gravity-lint.toml:2",
     "`extend`: {root}/absent.toml is not there"),
    ({"gravity-lint.toml": "extend = 'sub'\n", "sub/x": ""}, "gravity-lint.toml:1", "`extend`: {root}/sub is a folder"),
    ({"gravity-lint.toml": "extend = 'gravity-lint.toml'\n"}, "gravity-lint.toml:1",
     "`extend`: the files extend each other: gravity-lint.toml → gravity-lint.toml"),
    ({"gravity-lint.toml": "extend = 'a.toml'\n", "a.toml": "#\nextend = 'b.toml'", "b.toml": "extend = './a.toml'"},
     "b.toml:1", "`extend`: the files extend each other: gravity-lint.toml → a.toml → b.toml → a.toml"),
    ({"gravity-lint.toml": "extend = 'sub/pyproject.toml'\n", "sub/pyproject.toml": "[project]\n"},
     "gravity-lint.toml:1", "`extend`: {root}/sub/pyproject.toml has no table `tool.gravity-lint`"),
    ({"gravity-lint.toml": "extend = 'a.toml'\n", "a.toml": "\n\nignore = ['GRV9']\n"}, "a.toml:3",
     "`ignore`: unknown rule 'GRV9'"),
])
def test_faults_of_extend(files: dict[str, str], at: str, reason: str, tmp_path: Path) -> None:
    for name, text in files.items():
        write(tmp_path / name, text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, unknown=unknown)
    assert str(caught.value) == f"{tmp_path}/{at}: {reason.format(root=tmp_path)}"


@pytest.mark.parametrize(("glob", "below", "above"), [
    ("old/", "old/", "old/"), ("*.x", "*.x", "*.x"), ("!keep", "!keep", "!keep"),
    ("/made", "/sub/made", None), ("a/b.py", "/sub/a/b.py", None), ("!/a/b", "!/sub/a/b", None),
    ("/sub/made/", "/sub/sub/made/", "/made/"), ("s*/x/y", "/sub/s*/x/y", "/x/y"), ("!sub/x", "!/sub/sub/x", "!/x"),
    ("**/x/y", "/sub/**/x/y", "**/x/y"), ("sub/", "sub/", "sub/"), ("other/x", "/sub/other/x", None),
])
def test_patterns_mean_the_same_elsewhere(glob: str, below: str, above: str | None, tmp_path: Path) -> None:
    """A file's patterns, seen from the folder above it, and from one below it."""
    write(tmp_path / "sub" / "base.toml", f"exclude = ['{glob}']\n")
    write(tmp_path / "gravity-lint.toml", "extend = 'sub/base.toml'\n")
    assert load(tmp_path).exclude == (below,)
    write(tmp_path / "base.toml", f"exclude = ['{glob}']\n")
    write(tmp_path / "sub" / "gravity-lint.toml", "extend = '../base.toml'\n")
    assert load(tmp_path / "sub").exclude == (() if above is None else (above,))


# ---- which file holds


def test_the_topmost_of_a_repository_governs_the_run(tmp_path: Path) -> None:
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    write(tmp_path / "gravity-lint.toml", "exclude = ['outside']\n")
    top = write(tmp_path / "repo" / "gravity-lint.toml", "exclude = ['top']\n")
    inner = write(tmp_path / "repo" / "a" / "b" / "pyproject.toml", TABLE)
    assert load(tmp_path / "repo" / "a" / "b").path == top
    top.unlink()
    assert load(tmp_path / "repo" / "a" / "b" / "c.py").path == inner
    assert load(tmp_path / "repo").path is None


def test_what_lies_nearer(tmp_path: Path) -> None:
    top = write(tmp_path / "gravity-lint.toml", "exclude = ['top']\n")
    above = write(tmp_path / "a" / "gravity-lint.toml", "select = ['GRV1']\n")
    inner = write(tmp_path / "a" / "b" / "pyproject.toml", TABLE + "extend = '../../gravity-lint.toml'\n")
    plain = write(tmp_path / "c" / "pyproject.toml", "[project]\n")
    run = load(tmp_path)
    found = nearest([str(inner), str(plain), str(top)], [f"{tmp_path}/a/b", f"{tmp_path}/c"], run, unknown)
    assert [each.path for each in found] == [above, inner]
    assert found[1].exclude == ("top",)
    write(above, "\nbaseline = 'x.json'\n")
    with pytest.raises(ConfigError) as caught:
        nearest([str(inner)], [f"{tmp_path}/a/b"], run)
    assert str(caught.value) == f"{above}:2: `baseline` holds for a whole run, and so it must stand in {top}"


SHOP = Path(__file__).parent.parent / "fixtures" / "shop"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop")
    (tmp_path / "shop" / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def found(capfd: pytest.CaptureFixture[str], *paths: str, code: int | None = None,
          **asked: Any) -> list[dict[str, str]]:
    asked = {"no_cache": True, **asked}
    got = guarded(lambda: check(Asked(paths, output_format=("json-lines",), **asked)))
    out, err = capfd.readouterr()
    assert code in (None, got), (out, err)
    return [row for row in map(json.loads, out.splitlines()) if "code" in row]


def test_each_part_is_judged_by_the_file_nearest_to_it(shop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    everything = found(capfd)
    write(shop / "gravity-lint.toml", "ignore = ['GRV5', 'GRV6']\n[severity]\nGRV101 = 'warning'\n")
    write(shop / "billing" / "pyproject.toml", TABLE + "select = ['GRV1']\n")
    write(shop / "catalog" / "scripts" / "gravity-lint.toml", "extend = '../../gravity-lint.toml'\n[severity]\n"
                                                              "GRV302 = 'error'\n")
    here = found(capfd)
    by = {service: {row["code"] for row in here if row["service"] == service} for service in
          ("billing", "catalog", "activity")}
    assert by["billing"] == {"GRV101"}
    assert {"GRV102", "GRV302", "GRV401"} <= by["catalog"]
    assert not {"GRV501", "GRV601"} & by["catalog"]
    weight = {(row["path"], row["code"]): row["severity"] for row in here}
    assert weight["billing/config.py", "GRV101"] == "error"
    assert weight["activity/activity/config.py", "GRV101"] == "warning"
    assert weight["catalog/scripts/create_tables.py", "GRV302"] == "error"
    assert len(here) < len(everything)
    for service in ("billing", "catalog", "catalog/scripts", "catalog/scripts/create_tables.py"):
        assert found(capfd, service) == [row for row in here if f"{row['path']}/".startswith(f"{service}/")]
    both = found(capfd, "catalog/catalog/config.py", "billing/config.py")
    assert both == found(capfd, "billing/config.py", "catalog/catalog/config.py")
    assert found(capfd, isolated=True) == everything
    assert {row["code"] for row in found(capfd, select=("GRV3",))} == {"GRV301", "GRV302", "GRV303", "GRV304", "GRV305"}


def test_a_comment_for_a_rule_that_does_not_speak_there_is_not_idle(shop: Path, capfd: pytest.CaptureFixture[str],
                                                                    ) -> None:
    idle = [row["path"] for row in found(capfd, select=("GRV002", "GRV401"))]
    assert "billing/billing/views.py" in idle
    write(shop / "gravity-lint.toml", "select = ['GRV002', 'GRV401']\n")
    write(shop / "billing" / "gravity-lint.toml", "select = ['GRV002']\n")
    assert [row["path"] for row in found(capfd) if row["code"] == "GRV002"] == [
        path for path in idle if not path.startswith("billing") and path.endswith("views.py")]


def test_warm_runs_see_a_new_file(shop: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    warm = {"no_cache": False, "cache_dir": str(tmp_path / "cache")}
    before = found(capfd, **warm)
    assert found(capfd, **warm) == before
    inner = write(shop / "billing" / "gravity-lint.toml", "ignore = ['GRV']\n")
    assert {row["service"] for row in found(capfd, **warm)} == {row["service"] for row in before} - {"billing"}
    inner.write_text("", "utf-8")
    assert found(capfd, **warm) == before


@pytest.mark.parametrize(("level", "code"), [("error", FOUND), ("warning", FOUND), ("note", FOUND), ("never", CLEAN)])
def test_fail_on(level: str, code: int, shop: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found(capfd, code=code, fail_on=level)
    write(shop / "gravity-lint.toml", f"fail-on = '{level}'\n")
    for _ in range(2):
        found(capfd, code=code, no_cache=False, cache_dir=str(tmp_path / "cache"))
    found(capfd, code=CLEAN, fail_on="never")
    found(capfd, code=CLEAN, fail_on="note", exit_zero=True)


@pytest.mark.parametrize("rule_level", ["error", "warning", "note"])
@pytest.mark.parametrize("level", FAIL_ON)
def test_what_fails_is_what_weighs_as_much(level: str, rule_level: str, shop: Path, capfd: pytest.CaptureFixture[str],
                                           ) -> None:
    write(shop / "gravity-lint.toml", f"select = ['GRV301']\n[severity]\nGRV301 = '{rule_level}'\n")
    fails = FAIL_ON.index(rule_level) <= FAIL_ON.index(level) and level != "never"  # type: ignore[arg-type]
    found(capfd, code=FOUND if fails else CLEAN, fail_on=level)


# ---- what the table of keys makes


RULES = load_rules()
SCHEMA = keys.schema([rule.code for rule in RULES], [rule.name for rule in RULES])


def accepted(table: dict[str, Any]) -> bool:
    return jsonschema.Draft7Validator(SCHEMA).is_valid(table)


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == set(BY_NAME)
    for key in KEYS:
        assert accepted({key.name: key.example})
        assert key.default is None or accepted({key.name: key.default})
    assert accepted({})
    assert not accepted({"selct": []})


def test_the_fields_are_the_keys() -> None:
    fields = {name.replace("_", "-") for name in Config._fields}
    assert fields - {"root", "path", "extended", "origins"} == set(BY_NAME) - {"extend"}
    for key in KEYS:
        if key.default is not None:
            assert getattr(Config(root=Path()), key.name.replace("-", "_")) == key.default


RULE = st.sampled_from(["GRV", "GRV1", "grv101", "raw-ddl", "GRV302", "nonsense", "GRV9", ""])
LEVEL = st.sampled_from(["error", "warning", "note", "off", "never", "bad"])
VALUES = st.one_of(
    st.lists(RULE, max_size=3), st.dictionaries(RULE, LEVEL, max_size=2), LEVEL, st.integers(), st.booleans(),
    st.dictionaries(st.sampled_from(["a/*.py", "x"]), st.one_of(st.lists(RULE, max_size=2), RULE), max_size=2))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*BY_NAME.keys() - {"extend"}, "other"]), VALUES, max_size=2))
def test_the_schema_and_the_program_accept_the_same(table: dict[str, Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        text = "".join(f"{name} = {toml(value)}\n" for name, value in table.items())
        assert tomllib.loads(text) == table
        path = write(Path(folder) / "gravity-lint.toml", text)
        try:
            load(path, path, unknown=lambda words: unknown_selector(tuple(words), RULES))
            fault = ""
        except ConfigError as error:
            fault = str(error)
        # the schema knows how codes look, not which there are; the program tells the first fault alone
        assert "unknown rule 'GRV9'" in fault or accepted(table) == (fault == "")


def toml(value: Any) -> str:
    if isinstance(value, (bool, int)):
        return str(value).lower()
    return keys.toml(value)


@given(st.recursive(st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\"\\")),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab-c. ü", min_size=1), inner,
                                                                              max_size=3)))
def test_toml_is_read_back(value: Any) -> None:
    assert tomllib.loads(f"x = {keys.toml(value)}\n") == {"x": value}


def command(*words: str) -> tuple[str, int]:
    from click.testing import CliRunner

    result = CliRunner().invoke(cli, list(words))
    return result.stdout + result.stderr, result.exit_code


def test_config_explains_every_key() -> None:
    told, code = command("config")
    assert code == CLEAN
    for key in KEYS:
        one, code = command("config", key.name)
        assert code == CLEAN
        assert one in told
        assert key.help in one
        example = next(line for line in one.splitlines() if "example:" in line).partition("example:")[2]
        assert tomllib.loads(example.strip()) == {key.name: key.example}
    assert command("config", "selct") == (
        "gravity-lint: unknown key 'selct'; did you mean `select`? (`gravity-lint config` lists them)\n", FAILED)


def test_config_gives_the_schema() -> None:
    told, code = command("config", "--schema")
    assert (json.loads(told), code) == (SCHEMA, CLEAN)
    assert command("config", "select", "--schema")[1] == FAILED


def test_show_settings(shop: Path) -> None:
    write(shop / "gravity-lint.toml", "extend = 'base.toml'\nignore = ['GRV5']\nbaseline = 'b.json'\n")
    write(shop / "base.toml", "fail-on = 'error'\nextend-select = ['GRV1']\n")
    write(shop / "billing" / "gravity-lint.toml", "\nignore = ['GRV6']\n")
    told, code = command("check", "--show-settings", "--ignore", "GRV3", "--select", "GRV")
    assert code == CLEAN
    lines = [" ".join(line.split()) for line in told.splitlines()]
    for line in ("# gravity-lint.toml: the whole run", 'select = ["GRV"] # --select',
                 'ignore = ["GRV5", "GRV3"] # gravity-lint.toml:2, --ignore', 'extend-select = ["GRV1"] # base.toml:2',
                 'fail-on = "error" # base.toml:1', 'baseline = "b.json" # gravity-lint.toml:3',
                 "exclude = [] # default",
                 "# billing/gravity-lint.toml: what lies below billing",
                 'ignore = ["GRV6", "GRV3"] # billing/gravity-lint.toml:2, --ignore'):
        assert line in lines
    assert sum(line.startswith("baseline") for line in lines) == 1


def test_show_files(shop: Path) -> None:
    write(shop / "gravity-lint.toml", "exclude = ['catalog/']\n")
    told, code = command("check", "--show-files", "billing", "catalog", "orders/alembic.ini")
    assert code == CLEAN
    assert told.splitlines()[0] == "billing (service, 15 files)"
    assert "  billing/config.py" in told.splitlines()
    assert "catalog" not in told
    assert "orders (service, 1 file)\n  orders/alembic.ini\n" in told
