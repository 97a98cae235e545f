"""Configuration files: which one holds, what it says, and what is said about its faults."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from gravity_lint.config import Config, ConfigError, load

TABLE = "[tool.gravity-lint]\n"


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

[tool.gravity-lint.per-file-ignores]
"demo/*" = ["GRV101"]

[tool.gravity-lint.severity]
GRV101 = "note"
GRV1 = "off"
""")
    assert load(tmp_path, unknown=unknown) == Config(
        root=tmp_path, path=path, select=("GRV1",), extend_select=("GRV101",),
        ignore=("hardcoded-database-url", "GRV1"), exclude=("old/",), services=("services/*",),
        per_file_ignores=(("demo/*", ("GRV101",)),), severity=(("GRV101", "note"),))


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
