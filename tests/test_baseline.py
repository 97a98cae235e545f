"""Known violations: silent wherever they move in their files, new ones told, mended ones found; merged by git."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gravity_lint import baseline
from gravity_lint.baseline import Entry, Known
from gravity_lint.commands import CLEAN, FAILED, FOUND, Asked, check, guarded
from gravity_lint.violation import Place, Violation

SHOP = Path(__file__).parent.parent / "fixtures" / "shop"
CONFIG = """\
import os

from sqlalchemy import create_engine

URL = os.getenv("DATABASE_URL", "postgresql://localhost/app")
engine = create_engine(URL)
"""
NAME = "known.json"


def plant(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two services, each with a default for its database's address."""
    root = tmp_path / "repo"
    for name in ("orders", "billing"):
        plant(root / name, {"requirements.txt": "fastapi\nsqlalchemy\n", "DATABASE.md": "# Database\n",
                            "Dockerfile": "FROM python:3.13\n", "app/__init__.py": "", "app/config.py": CONFIG,
                            "app/main.py": "from fastapi import FastAPI\nfrom app.config import engine\n"
                                           "app = FastAPI()\n"})
    monkeypatch.chdir(root)
    return root


class Told:
    """Runs commands, and keeps what they say."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self.err = ""

    def __call__(self, *paths: str, code: int | None = None, **asked: object) -> list[tuple[str, str]]:
        """What `check` finds: code and path of each, sorted."""
        asked = {"no_cache": True, **asked}
        got = guarded(lambda: check(Asked(paths, output_format=("json-lines",), **asked)))  # type: ignore[arg-type]
        out, self.err = self._capfd.readouterr()
        assert code in (None, got), (out, self.err)
        rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        return sorted((row["code"], row["path"]) for row in rows if "code" in row)


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Told:
    return Told(capfd)


BOTH = [("GRV102", "billing/app/config.py"), ("GRV102", "orders/app/config.py")]


def entries(path: str = NAME) -> Counter[tuple[str, str]]:
    rows = [row for rows in json.loads(Path(path).read_text("utf-8"))["services"].values() for row in rows]
    return Counter({(code, file): count for file, code, _, count in rows})


# ---- written, known, new, mended


def test_what_is_written_is_known(repo: Path, told: Told) -> None:
    assert told(code=FOUND) == BOTH
    told(write_baseline=NAME, code=CLEAN)
    assert told(baseline=NAME, code=CLEAN) == []
    assert told.err == ""
    assert entries() == dict.fromkeys(BOTH, 1)


def test_the_file(repo: Path, told: Told) -> None:
    shutil.copytree(repo / "orders", repo / "clean")
    (repo / "clean" / "app" / "config.py").write_text("", "utf-8")
    told(write_baseline=NAME, code=CLEAN)
    assert (repo / NAME).read_text("utf-8") == textwrap.dedent(f"""\
        {{
          "about": "{baseline.ABOUT}",
          "version": 1,
          "services": {{
            "billing": [
              ["billing/app/config.py", "GRV102", "DATABASE_URL", 1]
            ],
            "clean": [
            ],
            "orders": [
              ["orders/app/config.py", "GRV102", "DATABASE_URL", 1]
            ]
          }}
        }}
        """)


def test_a_new_one_fails(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    path = repo / "orders" / "app" / "config.py"
    path.write_text(CONFIG + 'second = create_engine("mysql://db/second")\n', "utf-8")
    assert told(baseline=NAME, code=FOUND) == [("GRV101", "orders/app/config.py")]


def test_of_several_alike_the_last_is_new(repo: Path, told: Told, capfd: pytest.CaptureFixture[str]) -> None:
    path = repo / "orders" / "app" / "config.py"
    literal = 'create_engine("mysql://db/second")\n'
    path.write_text(CONFIG + literal, "utf-8")
    told(write_baseline=NAME)
    path.write_text(CONFIG + literal * 2, "utf-8")
    check(Asked(baseline=NAME, no_cache=True, output_format=("concise",)))
    assert re.findall(r"^\S+:(\d+):\d+: (\w+)", capfd.readouterr().out, re.M) == [("8", "GRV101")]


def test_the_configuration_names_it_from_its_folder(repo: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told(write_baseline=NAME)
    (repo / "gravity-lint.toml").write_text(f'baseline = "{NAME}"\n', "utf-8")
    assert told(code=CLEAN) == []
    assert told(isolated=True, code=FOUND) == BOTH
    monkeypatch.chdir(repo / "orders" / "app")
    assert told("config.py", code=CLEAN) == []
    assert told(str(repo), code=CLEAN) == []


def test_what_is_mended_is_told_and_pruned(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    (repo / "orders" / "app" / "config.py").write_text("", "utf-8")
    assert told(baseline=NAME, code=CLEAN) == []
    assert told.err == (f"gravity-lint: 1 known violation is mended; `--prune-baseline` takes it out of {NAME}:\n"
                        "gravity-lint:   orders/app/config.py: GRV102 DATABASE_URL\n")
    told(baseline=NAME, prune_baseline=True, code=CLEAN)
    assert told.err == ""
    assert entries() == {BOTH[0]: 1}
    once = (repo / NAME).read_bytes()
    told(baseline=NAME, prune_baseline=True, code=CLEAN)
    assert (repo / NAME).read_bytes() == once
    (repo / "orders" / "app" / "config.py").write_text(CONFIG, "utf-8")
    assert told(baseline=NAME, code=FOUND) == [BOTH[1]]


def test_pruning_still_fails_on_what_is_new(repo: Path, told: Told) -> None:
    told("billing", write_baseline=NAME)
    assert told(baseline=NAME, prune_baseline=True, code=FOUND) == [BOTH[1]]
    assert entries() == {BOTH[0]: 1}


# ---- what was not asked for


def test_what_was_not_asked_for_is_neither_mended_nor_lost(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    for name in ("orders", "billing"):
        (repo / name / "app" / "config.py").write_text("", "utf-8")
    told("orders", baseline=NAME, prune_baseline=True, code=CLEAN)
    assert entries() == {BOTH[0]: 1}
    told("billing/app/main.py", baseline=NAME, prune_baseline=True, code=CLEAN)
    assert entries() == {BOTH[0]: 1}
    told("billing/app/config.py", baseline=NAME, prune_baseline=True, code=CLEAN)
    assert entries() == {}


def test_writing_a_part_keeps_the_rest(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    (repo / "orders" / "app" / "config.py").write_text("", "utf-8")
    told("orders", write_baseline=NAME, code=CLEAN)
    assert entries() == {BOTH[0]: 1}


@pytest.mark.parametrize("asked", [{"select": ("GRV5",)}, {"ignore": ("GRV102",)}])
def test_a_rule_that_was_not_asked_has_mended_nothing(asked: dict[str, tuple[str, ...]], repo: Path,
                                                      told: Told) -> None:
    told(write_baseline=NAME)
    (repo / "orders" / "app" / "config.py").write_text("", "utf-8")
    told(baseline=NAME, prune_baseline=True, code=CLEAN, **asked)
    assert entries() == dict.fromkeys(BOTH, 1)
    told(write_baseline=NAME, code=CLEAN, **asked)
    assert entries() == dict.fromkeys(BOTH, 1)


def test_what_cannot_be_read_has_mended_nothing(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    (repo / "orders" / "app" / "config.py").write_bytes(b"x = '\xff'\n")
    assert told(baseline=NAME, code=FOUND) == [("GRV001", "orders/app/config.py")]
    assert "mended" not in told.err


@pytest.mark.parametrize("paths", [["orders/app/config.py"], ["billing/app/main.py", "orders/app/config.py"],
                                   ["orders"], ["orders/app"]])
def test_any_part_of_the_paths_is_told_the_same(paths: list[str], repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    path = repo / "orders" / "app" / "config.py"
    path.write_text(CONFIG + 'create_engine("mysql://db/second")\n', "utf-8")
    assert told(*paths, baseline=NAME, code=FOUND) == [("GRV101", "orders/app/config.py")]


# ---- moved


def test_a_renamed_file(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    (repo / "orders" / "app" / "config.py").rename(repo / "orders" / "app" / "settings.py")
    main = repo / "orders" / "app" / "main.py"
    main.write_text(main.read_text("utf-8").replace("app.config", "app.settings"), "utf-8")
    assert told(baseline=NAME, code=CLEAN) == []
    assert told.err == ("gravity-lint: 1 known violation stands in another file now; `--prune-baseline` writes that "
                        "down\n")
    assert told("orders/app/settings.py", baseline=NAME, code=CLEAN) == []
    told(baseline=NAME, prune_baseline=True, code=CLEAN)
    assert told.err == ""
    assert entries() == {BOTH[0]: 1, ("GRV102", "orders/app/settings.py"): 1}


def test_a_renamed_service(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    (repo / "orders").rename(repo / "ordering")
    assert told(baseline=NAME, code=CLEAN) == []
    told(baseline=NAME, prune_baseline=True, code=CLEAN)
    assert entries() == {BOTH[0]: 1, ("GRV102", "ordering/app/config.py"): 1}
    assert set(json.loads(Path(NAME).read_text("utf-8"))["services"]) == {"billing", "ordering"}


def test_one_more_in_another_file_is_new(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    (repo / "orders" / "app" / "more.py").write_text(CONFIG, "utf-8")
    assert told(baseline=NAME, code=FOUND) == [("GRV102", "orders/app/more.py")]


def test_what_another_service_mended_does_not_pay(repo: Path, told: Told) -> None:
    told("orders", write_baseline=NAME)
    (repo / "orders" / "app" / "config.py").write_text("", "utf-8")
    assert told(baseline=NAME, code=FOUND) == [BOTH[0]]


def test_other_bounds_of_services(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    plant(repo, {"gravity-lint.toml": "services = ['.']\n", "DATABASE.md": "# Database\n"})
    assert told(baseline=NAME, code=CLEAN) == []


# ---- beside the rest of the program


def test_suppressed_is_mended(repo: Path, told: Told) -> None:
    told(write_baseline=NAME)
    path = repo / "orders" / "app" / "config.py"
    path.write_text(CONFIG.replace('/app")', '/app")  # gravity: ignore[GRV102] known'), "utf-8")
    assert told(baseline=NAME, code=CLEAN) == []
    assert "orders/app/config.py: GRV102" in told.err


def test_an_idle_suppression_is_known_too(repo: Path, told: Told) -> None:
    (repo / "orders" / "app" / "main.py").write_text("x = 1  # gravity: ignore[GRV401]\n", "utf-8")
    told(write_baseline=NAME)
    assert entries()["GRV002", "orders/app/main.py"] == 1
    assert told(baseline=NAME, code=CLEAN) == []
    assert told("orders/app/config.py", baseline=NAME, code=CLEAN) == []
    assert told.err == ""


def test_warm_runs(repo: Path, told: Told, tmp_path: Path) -> None:
    warm = {"no_cache": False, "cache_dir": str(tmp_path / "cache")}
    assert told(code=FOUND, **warm) == BOTH
    told(write_baseline=NAME)
    for _ in range(2):
        assert told(baseline=NAME, code=CLEAN, **warm) == []
        assert told(code=FOUND, **warm) == BOTH
    Path(NAME).write_text(Path(NAME).read_text("utf-8").replace("orders/app", "orders/other"), "utf-8")
    assert told(baseline=NAME, code=CLEAN, **warm) == []
    assert "in another file now" in told.err
    said = told.err
    told(baseline=NAME, code=CLEAN, **warm)
    assert told.err == said
    Path(NAME).unlink()
    told(baseline=NAME, code=FAILED, **warm)


def test_what_is_known_is_not_mended(repo: Path, told: Told) -> None:
    told("orders", write_baseline=NAME)
    told(baseline=NAME, fix=True, unsafe_fixes=True, code=CLEAN)
    assert (repo / "orders" / "app" / "config.py").read_text("utf-8") == CONFIG
    assert (repo / "billing" / "app" / "config.py").read_text("utf-8") != CONFIG


def test_standard_input(repo: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    told(write_baseline=NAME)
    for text, found in ((CONFIG, []), ("\n\n" + CONFIG + 'create_engine("mysql://h/d")\n', ["GRV101"])):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        paths = told("-", stdin_filename="orders/app/config.py", baseline=NAME)
        assert [code for code, _ in paths] == found


# ---- mistakes


@pytest.mark.parametrize(("text", "reason"), [
    (None, "1: is not there; `gravity-lint check --write-baseline FILE` writes one"),
    ("", "1: is no JSON"),
    ("[]", "1: is no baseline of gravity-lint"),
    ('{"version": 2, "services": {}}', "1: is a baseline of the form 2, and this program knows 1; write it anew"),
    ('{"version": 1,\n"services": {"a": [\n["a.py", "GRV101", "x", 0]]}}', "3: an entry must be [path, code, symbol, "
     "count]"),
    ('{"version": 1,\n"services": {"a": {"b": 1}}}', "2: an entry must be [path, code, symbol, count]"),
    ('{"version": 1,\n<<<<<<< ours\n"services": {}}', "2: holds a merge conflict; keep the lines of both sides, or "
     "write it anew"),
    ("[" * 100_000, "1: is no JSON"),
])
def test_what_is_no_baseline(text: str | None, reason: str, repo: Path, told: Told) -> None:
    if text is not None:
        (repo / NAME).write_text(text, "utf-8")
    told(baseline=NAME, code=FAILED)
    assert told.err == f"gravity-lint: {repo / NAME}:{reason}\n"


def test_a_folder_or_bytes_are_no_baseline(repo: Path, told: Told) -> None:
    told(baseline="orders", code=FAILED)
    assert "orders:1: cannot be read" in told.err
    (repo / NAME).write_bytes(b"{\n\xff")
    told(baseline=NAME, code=FAILED)
    assert f"{NAME}:2: is not UTF-8" in told.err


# ---- properties


LINES = st.lists(st.sampled_from(["", "# said", "import sys", "LIMIT = 3", "def helper():\n    return 1", "\f"]),
                 max_size=6)


def _again(text: str, spaces: int, quotes: str, wrapped: bool) -> str:
    """The same code, in another form."""
    text = text.replace('"', quotes).replace(" = ", " " * spaces + "=" + " " * spaces)
    if wrapped:
        text = text.replace("os.getenv(", "os.getenv(\n        ")
        text = text.replace("create_engine(URL)", "create_engine(\n  URL,\n)")
    return text


@settings(deadline=None, max_examples=40)
@given(LINES, LINES, LINES, st.integers(0, 3), st.sampled_from(['"', "'"]), st.booleans())
def test_moved_and_reformatted_code_is_known(first: list[str], second: list[str], third: list[str], spaces: int,
                                             quotes: str, wrapped: bool) -> None:
    import tempfile

    from gravity_lint.config import Config
    from gravity_lint.rulebook import load_rules
    from gravity_lint.run import Options, run

    head, body = CONFIG.split("URL = ")
    text = "\n".join([*first, head, *second, _again("URL = " + body, spaces, quotes, wrapped), *third]) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "repo"
        plant(root, {"requirements.txt": "sqlalchemy\n", "app/config.py": CONFIG})
        options = Options((root,), Config(root), load_rules(), baseline=f"{root}/{NAME}", anew=True)
        before = run(options).baseline
        assert before is not None
        assert before.after is not None
        (root / NAME).write_text(baseline.text(before.after), "utf-8")
        (root / "app" / "config.py").write_text(text, "utf-8")
        from gravity_lint.record import altered
        report = run(altered(options, anew=False))
        assert report.violations == ()
        assert report.baseline is not None
        assert (report.baseline.mended, report.baseline.moved) == ((), 0)


PATHS = st.sampled_from(["a/x.py", "a/y.py", "b/x.py", "b/y.py", "c ü/it's.py"])
ENTRIES = st.builds(lambda path, code, symbol: Entry(path.partition("/")[0], path, code, symbol), PATHS,
                    st.sampled_from(["GRV101", "GRV102"]),
                    st.sampled_from(["", "A", 'say "B"', "C\\n", "D\nE", "\ud800", "…"]))
COUNTS = st.dictionaries(ENTRIES, st.integers(1, 4), max_size=12)


def violations(counts: Mapping[Entry, int], home: str = "/repo") -> list[Violation]:
    return [Violation(entry.code, "some-rule", "error", f"`{entry.symbol}` is wrong {number}",
                      Place(f"{home}/{entry.path}", number + 1, 1, number + 1, 2), f"{home}/{entry.service}")
            for entry, count in counts.items() for number in range(count)]


def normal(counts: Mapping[Entry, int]) -> Counter[Entry]:
    """Entries whose symbols are as they come from a message."""
    found: Counter[Entry] = Counter()
    for entry, count in counts.items():
        found[entry._replace(symbol=baseline.symbol(f"`{entry.symbol}`"))] += count
    return found


@given(COUNTS, st.sets(st.sampled_from(["a", "b", "empty"])))
def test_written_and_read_are_one(counts: dict[Entry, int], services: set[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        known = Known(folder, counts, frozenset(services))
        path.write_bytes(baseline.text(known).encode("utf-8"))
        found = baseline.read(path.as_posix())
    assert found.counts == counts
    assert found.services == services | {entry.service for entry in counts}
    assert baseline.text(found) == baseline.text(known)


@given(COUNTS, COUNTS, st.booleans())
def test_as_many_are_new_as_there_are_more(known: dict[Entry, int], found: dict[Entry, int], certain: bool) -> None:
    before, now = normal(known), normal(found)
    split = baseline.split(violations(found), Known("/repo", before), lambda entry: certain)
    assert len(split.new) + len(split.known) == sum(found.values())
    more = now - before
    new = Counter(map(Known("/repo", {}).entry, split.new))
    assert new <= more
    if not certain:
        assert new == more
        assert not split.moved
    kinds = [Counter((entry.code, entry.symbol) for entry in each.elements()) for each in (before, now)]
    if sum((kinds[1] - kinds[0]).values()) > 0:
        assert split.new, "what there is more of can nowhere have come from"
    assert not violations(found) or baseline.split(violations(found), Known("/repo", now), lambda _: True).new == []


@given(COUNTS, COUNTS)
def test_pruned_twice_is_pruned_once(known: dict[Entry, int], found: dict[Entry, int]) -> None:
    def prune(before: Known) -> Known:
        split = baseline.split(violations(found), before, lambda entry: True)
        return baseline.pruned(before, split, lambda path: True, lambda entry: True, ())[0]

    once = prune(Known("/repo", normal(known)))
    assert prune(once).counts == once.counts
    assert once.counts <= normal(found)
    assert sum(once.counts.values()) <= sum(known.values())


@given(COUNTS, COUNTS)
def test_what_is_known_to_either_is_known_to_both(one: dict[Entry, int], other: dict[Entry, int]) -> None:
    both = baseline.united(Known("/repo", one), Known("/repo", other)).counts
    assert set(both) == {*one, *other}
    assert all(count == max(one.get(entry, 0), other.get(entry, 0)) for entry, count in both.items())


def test_entries_from_another_folder() -> None:
    known = Known("/repo/a/b", {Entry("x", "x/y.py", "GRV101", "s"): 2, Entry("../c", "../c/z.py", "GRV1", ""): 1})
    moved = baseline.rehomed(known, "/repo")
    assert moved.counts == {Entry("a/b/x", "a/b/x/y.py", "GRV101", "s"): 2, Entry("a/c", "a/c/z.py", "GRV1", ""): 1}
    assert baseline.rehomed(moved, "/repo/a/b").counts == known.counts


def test_no_password_and_no_line_is_kept(tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SHOP, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    written = told(write_baseline=NAME, code=CLEAN)
    assert written == []
    text = Path(NAME).read_text("utf-8")
    assert not re.search(r"hunter2|s3cret|:[^*/\s]*@", text)
    assert all(symbol == baseline.symbol(f"`{symbol}`") for symbol in re.findall(r'"GRV\d+", "([^"\\]*)"', text))
    for path in Path().rglob("*.py"):
        path.write_text("\n\n" + path.read_text("utf-8"), "utf-8")
    assert told(baseline=NAME, code=CLEAN) == []


# ---- merged by git


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", *words],
                          cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


ADDED = Entry("?", "?/new.py", "GRV101", "new")


@pytest.mark.parametrize("first", ["add", "empty", "change"])
@pytest.mark.parametrize("second", ["add", "empty", "change"])
@pytest.mark.parametrize("services", [("a", "b"), ("b", "c"), ("a", "d"), ("c", "d"), ("d", "e")])
def test_branches_that_touch_different_services_merge(first: str, second: str, services: tuple[str, str],
                                                      tmp_path: Path) -> None:
    names = ("a", "b", "c", "d", "e")  # of which c and d know nothing
    counts = {Entry(name, f"{name}/{file}.py", "GRV101", "x"): 1 for name in "abe" for file in ("one", "two")}
    path = tmp_path / NAME

    def write(counts: Mapping[Entry, int]) -> None:
        path.write_text(baseline.text(Known(tmp_path.as_posix(), counts, frozenset(names))), "utf-8")

    def changed(counts: Mapping[Entry, int], service: str, how: str) -> dict[Entry, int]:
        new = Entry(service, f"{service}/new.py", "GRV101", "new")
        if how == "add":
            return {**counts, new: 1}
        if how == "empty":
            return {entry: count for entry, count in counts.items() if entry.service != service}
        return {entry: count + (entry.service == service) for entry, count in counts.items()}

    git(tmp_path, "init", "-q", "-b", "main")
    write(counts)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "all")
    for branch, service, how in (("one", services[0], first), ("two", services[1], second)):
        git(tmp_path, "checkout", "-q", "-b", branch, "main")
        write(changed(counts, service, how))
        git(tmp_path, "commit", "-q", "--allow-empty", "-am", branch)
    git(tmp_path, "merge", "-q", "--no-edit", "one")
    merged = baseline.read(path.as_posix())
    assert merged.counts == changed(changed(counts, services[0], first), services[1], second)
    assert path.read_text("utf-8") == baseline.text(merged)
