"""A run that is remembered says what a new one would, and nothing that it depends on is left out."""

from __future__ import annotations

import contextlib
import marshal
import os
import pickle
import random
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gravity_lint import cache as cache_module
from gravity_lint import inputs
from gravity_lint import run as run_module
from gravity_lint.cache import Cache, default_folder, key_of, tool
from gravity_lint.commands import Asked, check, clean, guarded
from gravity_lint.config import Config
from gravity_lint.discover import LENSES, Discovery, ServiceFiles, discover
from gravity_lint.inputs import Inputs, recording, unchanged
from gravity_lint.rulebook import load_rules
from gravity_lint.run import Options

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "fixtures" / "shop"

SERVICE = {
    "requirements.txt": "fastapi\nsqlalchemy\n",
    "Dockerfile": "FROM python:3.12\nCMD [\"python\", \"-m\", \"app.main\"]\n",
    "app/__init__.py": "",
    "app/main.py": "from fastapi import FastAPI\nfrom app.db import engine\napp = FastAPI()\n",
    "app/db.py": "from sqlalchemy import create_engine\n\nengine = create_engine(\"postgresql://a:b@h/d\")\n",
}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return planted(tmp_path / "work" / "repo")


def planted(root: Path) -> Path:
    for name, text in SERVICE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


class Said:
    """What a command said, and whether it was a new run that said it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self._runs = 0
        run = run_module.run

        def counted(options: Options) -> run_module.Report:
            self._runs += 1
            return run(options)

        monkeypatch.setattr(run_module, "run", counted)

    def __call__(self, *paths: Path, **asked: object) -> tuple[str, bool]:
        before = self._runs
        self._capfd.readouterr()
        given = Asked(tuple(map(str, paths)), **{"output_format": ("json",), **asked})  # type: ignore[arg-type]
        code = guarded(lambda: check(given))
        streams = self._capfd.readouterr()
        return f"{code}\n{streams.out}{streams.err}", self._runs > before


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Said:
    return Said(monkeypatch, capfd)


# ---- the same, warm and cold


@pytest.mark.parametrize("asked", [
    {"output_format": (form,), "statistics": counted, "verbose": counted}
    for form in ("concise", "full", "json", "sarif", "rdjson") for counted in (False, True)], ids=str)
def test_the_shop_warm_and_cold(asked: dict[str, object], said: Said, shelf: Path) -> None:
    without, _ = said(SHOP, no_cache=True, **asked)
    assert not shelf.exists()
    assert said(SHOP, cache_dir=str(shelf), **asked) == (without, True)
    assert said(SHOP, cache_dir=str(shelf), **asked) == (without, False)
    assert said(SHOP, no_cache=True, cache_dir=str(shelf), **asked) == (without, True)
    assert without.startswith("1\n")


def test_a_run_is_kept_for_what_was_asked(said: Said, tree: Path, shelf: Path, tmp_path: Path) -> None:
    own = {"cache_dir": str(shelf)}
    (tmp_path / "other.toml").write_text("ignore = ['GRV101']\n", "utf-8")
    for asked in ({}, {"select": ("GRV1",)}, {"ignore": ("GRV101",)}, {"extend_select": ("GRV101",)},
                  {"isolated": True}, {"config_file": str(tmp_path / "other.toml")}):
        assert said(tree, **own, **asked)[1]
        assert not said(tree, **own, **asked)[1]
    assert said(tree / "app" / "main.py", **own)[1]
    assert said(tree / "app", **own)[1]
    assert not said(tree, exit_zero=True, **own)[1], "how it is said does not matter"


def test_paths_are_told_from_where_one_stands(said: Said, tree: Path, shelf: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert "app/db.py:3:" in said(output_format=("concise",), cache_dir=str(shelf))[0]
    monkeypatch.chdir(tree / "app")
    text, new = said(tree, output_format=("concise",), cache_dir=str(shelf))
    assert "\ndb.py:3:" in text
    assert not new


def test_unsaved_text_is_neither_looked_up_nor_kept(said: Said, tree: Path, shelf: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        class buffer:
            read = staticmethod(lambda: b"x = 1\n")

    monkeypatch.setattr(sys, "stdin", Stream)
    for _ in range(2):
        assert said(Path("-"), stdin_filename=str(tree / "app" / "db.py"), cache_dir=str(shelf))[1]
    assert not shelf.exists()


def test_a_run_with_a_fault_is_not_kept(said: Said, tree: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gravity_lint.link.service import Service

    with monkeypatch.context() as patch:
        patch.setattr(Service, "uses_database", property(lambda self: 1 / 0))
        assert said(tree, cache_dir=str(shelf))[0].startswith("2\n")
    assert said(tree, cache_dir=str(shelf)) == (said(tree, no_cache=True)[0], True)


# ---- whatever changes


EDITS: dict[str, Callable[[Path], object]] = {
    "a file is changed": lambda root: (root / "app/db.py").write_text("x = 1\n"),
    "a file of the same size and time": lambda root: swapped(root / "app/db.py"),
    "a file is new": lambda root: (root / "app/more.py").write_text(SERVICE["app/db.py"]),
    "a file is new in a new folder": lambda root: planted(root / "second"),
    "a file is gone": lambda root: (root / "app/db.py").unlink(),
    "a file is renamed": lambda root: (root / "app/db.py").rename(root / "app/dc.py"),
    "a file becomes a folder": lambda root: ((root / "app/db.py").unlink(), (root / "app/db.py").mkdir()),
    "a file becomes a link": lambda root: ((root / "app/db.py").rename(root / "app/dc.py"),
                                           (root / "app/db.py").symlink_to("dc.py")),
    "a folder is gone": lambda root: shutil.rmtree(root / "app"),
    "a configuration": lambda root: (root / "gravity-lint.toml").write_text("ignore = ['GRV101']\n"),
    "a configuration above": lambda root: (root.parent / "gravity-lint.toml").write_text("ignore = ['GRV101']\n"),
    "a table above": lambda root: (root.parent / "pyproject.toml").write_text(
        "[tool.gravity-lint]\nignore = ['GRV101']\n"),
    "an ignore file": lambda root: (root / ".gitignore").write_text("db.py\n"),
    "an ignore file below": lambda root: (root / "app" / ".gitignore").write_text("db.py\n"),
    "a repository": lambda root: (root / ".git").mkdir(),
    "a repository above, with an ignore file": lambda root: ((root.parent / ".git").mkdir(),
                                                             (root.parent / ".gitignore").write_text("db.py\n")),
    "an environment": lambda root: (root / "app" / "pyvenv.cfg").write_text(""),
    "a document": lambda root: (root / "DATABASE.md").write_text("# Database\n"),
}
SAME: dict[str, Callable[[Path], object]] = {
    "touched": lambda root: os.utime(root / "app/db.py"),
    "written again": lambda root: (root / "app/db.py").write_text(SERVICE["app/db.py"]),
    "copied over": lambda root: swapped(root / "app/main.py", SERVICE["app/main.py"]),
    "what Python made": lambda root: ((root / "app/__pycache__").mkdir(),
                                      (root / "app/__pycache__/db.cpython-311.pyc").write_bytes(b"")),
    "files of no interest": lambda root: (root / "app/logo.png").write_bytes(b"x"),
    "a file that came and went": lambda root: ((root / "app/db.py.swp").write_text(""),
                                               (root / "app/db.py.swp").unlink()),
    "folders of tools": lambda root: (root / ".pytest_cache").mkdir(),
    "beside it": lambda root: (root.parent / "notes").mkdir(),
}


def swapped(path: Path, text: str | None = None) -> None:
    """Puts another file in the place of this one, with its size and times, as `cp -p` and tar do."""
    before = path.stat()
    other = path.with_suffix(".new")
    other.write_text(SERVICE["app/db.py"].replace("@h/d", "@i/d") if text is None else text, "utf-8")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.fixture(params=[0, 60], ids=["young", "old"])
def age(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Runs that begin when the files are this many seconds old: the stamps of the young ones are not believed."""
    later = request.param
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + later * 1_000_000_000)
    return int(later)


@pytest.mark.usefixtures("age")
@pytest.mark.parametrize("edit", EDITS)
def test_a_change_is_seen(edit: str, said: Said, tree: Path, shelf: Path) -> None:
    before, _ = said(tree, cache_dir=str(shelf))
    assert said(tree, cache_dir=str(shelf)) == (before, False)
    EDITS[edit](tree)
    now, _ = said(tree, no_cache=True)
    assert said(tree, cache_dir=str(shelf)) == (now, True)
    assert said(tree, cache_dir=str(shelf)) == (now, False)


@pytest.mark.usefixtures("age")
@pytest.mark.parametrize("edit", SAME)
def test_what_changes_nothing_is_no_change(edit: str, said: Said, tree: Path, shelf: Path) -> None:
    before, _ = said(tree, cache_dir=str(shelf))
    SAME[edit](tree)
    assert said(tree, no_cache=True)[0] == before
    assert said(tree, cache_dir=str(shelf)) == (before, False)
    assert said(tree, cache_dir=str(shelf)) == (before, False)


def test_old_files_are_only_looked_at_from_outside(said: Said, tree: Path, shelf: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)
    said(tree, cache_dir=str(shelf))
    for edit in (None, *SAME.values()):
        if edit is not None:
            edit(tree)
            assert not said(tree, cache_dir=str(shelf))[1], "compared by content, and kept as it is now"
        with monkeypatch.context() as patch:
            patch.setattr(inputs, "_compared", lambda *rest: pytest.fail("something was opened"))
            assert not said(tree, cache_dir=str(shelf))[1]


def test_a_young_file_changed_within_one_tick(said: Said, tree: Path, shelf: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that knows only every other second."""
    class Coarse:
        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

        def stat(self, path: str) -> SimpleNamespace:
            found, second = os.stat(path), 1_000_000_000
            return SimpleNamespace(st_ino=found.st_ino, st_mode=found.st_mode, st_size=found.st_size,
                                   st_mtime_ns=found.st_mtime_ns // (2 * second) * 2 * second,
                                   st_ctime_ns=found.st_ctime_ns // (2 * second) * 2 * second)

    monkeypatch.setattr(inputs, "os", Coarse())
    said(tree, cache_dir=str(shelf))
    (tree / "app/db.py").write_text(SERVICE["app/db.py"].replace("@h/d", "@i/d"))
    assert said(tree, cache_dir=str(shelf)) == (said(tree, no_cache=True)[0], True)


def test_another_version_of_the_program_looks_again(said: Said, tree: Path, shelf: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    said(tree, cache_dir=str(shelf))
    monkeypatch.setattr(cache_module, "__version__", "9.9")
    assert said(tree, cache_dir=str(shelf))[1]
    _, _, _, own, installed = tool()
    names = {Path(path).relative_to(ROOT).as_posix() for path, _, _ in own}  # type: ignore[attr-defined]
    assert {"gravity_lint/run.py", "gravity_lint/link/service.py", "gravity_lint/knowledge/names.yaml",
            "rules/1-connection/default-database-url.md"} <= names
    assert [bool(files) for files in installed].count(False) <= 1, "all are found but tomli"  # type: ignore[attr-defined]


def test_a_file_that_changes_while_it_is_judged_is_not_kept(said: Said, tree: Path, shelf: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    read = inputs._read
    texts = iter([b"x = 1\n", b"x = 2222\n"] * 100)

    def changing(path: str, limit: int, size: int) -> bytes:
        if path.endswith("main.py"):
            Path(path).write_bytes(next(texts))
        return read(path, limit, size)

    with monkeypatch.context() as patch:
        patch.setattr(inputs, "_read", changing)
        said(tree, cache_dir=str(shelf))
    assert said(tree, cache_dir=str(shelf)) == (said(tree, no_cache=True)[0], True)


NAMES = ("app/db.py", "app/main.py", "app/a b.py", "lib/x.py", "lib/__init__.py", "requirements.txt", "notes.txt",
         ".gitignore", "app/.gitignore", "gravity-lint.toml", "pyproject.toml", "svc/main.py", "svc/Dockerfile")
TEXTS = ("", "x = 1\n", SERVICE["app/db.py"], SERVICE["app/db.py"].replace("@h/d", "@i/d"), "db.py\n", "lib/\n!x.py\n",
         "[tool.gravity-lint]\nexclude = ['lib']\n", "exclude = ['app/main.py']\n", SERVICE["Dockerfile"],
         "from fastapi import FastAPI\napp = FastAPI()\n")
STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(TEXTS)),
    st.tuples(st.just("append"), st.sampled_from(NAMES), st.sampled_from(["# a remark\n", "\n# sqlalchemy\n", *TEXTS])),
    st.tuples(st.just("remove"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("touch"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("replace"), st.sampled_from(NAMES), st.sampled_from(TEXTS)),
    st.tuples(st.just("remove"), st.sampled_from(["app", "lib", "svc"]), st.just("")),
    st.tuples(st.just("touch"), st.sampled_from(["app", "lib", "svc", ".git", "app/.git"]), st.just("folder")))


def take(root: Path, step: tuple[str, str, str]) -> None:
    what, name, more = step
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        if what == "write":
            path.write_text(more, "utf-8")
        elif what == "insert":
            path.write_text(more + path.read_text("utf-8"), "utf-8")
        elif what == "change":
            path.write_text(path.read_text("utf-8").replace("@h/d", more), "utf-8")
        elif what == "append":
            with path.open("a", encoding="utf-8") as file:
                file.write(more)
        elif what == "remove" and path.is_dir():
            shutil.rmtree(path)
        elif what == "remove":
            path.unlink()
        elif what == "touch" and more:
            path.mkdir()
        elif what == "touch":
            os.utime(path)
        elif what == "rename":
            path.rename(root / more)
        elif what == "replace" and path.is_file():
            before = path.stat()
            path.with_name("new").write_text(more[:before.st_size].ljust(before.st_size), "utf-8")
            os.utime(path.with_name("new"), ns=(before.st_atime_ns, before.st_mtime_ns))
            os.replace(path.with_name("new"), path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=8), old=st.booleans())
def test_after_any_edits(said: Said, tmp_path: Path, steps: list[tuple[str, str, str]], old: bool) -> None:
    home = tmp_path / str(random.getrandbits(64))
    tree = planted(home / "work" / "repo")
    now = time.time_ns
    with pytest.MonkeyPatch.context() as patch:
        if old:
            patch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)
        for step in (("touch", "app/db.py", ""), *steps):
            take(tree, step)
            assert said(tree, cache_dir=str(home / "cache"))[0] == said(tree, no_cache=True)[0], step
            assert not said(tree, cache_dir=str(home / "cache"))[1]


# ---- everything that is looked at


WATCH = """
import json, os, sys

touched = set()
events = {"open": 0, "os.listdir": 0, "os.scandir": 0}

def hook(event, arguments):
    if event in events and isinstance(arguments[events[event]], (str, bytes)):
        touched.add(os.fsdecode(arguments[events[event]]))

def watched(look):
    def looked(path, *rest, **named):
        if isinstance(path, (str, bytes, os.PathLike)):
            touched.add(os.fsdecode(path))
        return look(path, *rest, **named)
    return looked

from gravity_lint.config import Config
from gravity_lint.commands import Asked, check
for name in ("stat", "lstat", "readlink", "access"):
    setattr(os, name, watched(getattr(os, name)))
for name in ("exists", "isfile", "isdir", "islink", "lexists"):
    setattr(os.path, name, watched(getattr(os.path, name)))
sys.addaudithook(hook)
from gravity_lint import cache, inputs
kept = []
cache.Cache.put = lambda self, kind, key, value, instead=0: kept.append(value) if kind == "runs" else None
code = check(Asked((sys.argv[1],), output_format=("concise",), cache_dir=sys.argv[2]))
files, folders, answers = kept[0][0]
seen = [folder + name for folder, names, *_ in files for name in names]
seen += [path for path, *_ in folders] + [path for _, path, _ in answers]
json.dump([sorted(touched), sorted(set(seen))], open(sys.argv[3], "w"))
"""


@pytest.mark.parametrize("place", ["shop", "repository", "service in a repository"])
def test_every_path_that_is_looked_at_is_known(place: str, tmp_path: Path) -> None:
    import json

    home = tmp_path / "home"
    if place == "shop":
        shutil.copytree(SHOP, home / "shop")
        asked = home / "shop"
    else:
        shutil.copytree(SHOP, home / "shop")
        (home / "shop" / ".git" / "info").mkdir(parents=True)
        (home / "shop" / ".git" / "info" / "exclude").write_text("nothing\n")
        (home / "shop" / "linked.py").symlink_to("orders/orders/app.py")
        (home / "shop" / "broken.py").symlink_to("nowhere.py")
        (home / "shop" / "docker-compose.env.yml").symlink_to("orders/Dockerfile")
        os.mkfifo(home / "shop" / "pipe.py")
        asked = home / "shop" if place == "repository" else home / "shop" / "orders"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", WATCH, str(asked), str(tmp_path / "cache"), str(tmp_path / "told")],
                          env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    touched, seen = json.loads((tmp_path / "told").read_text("utf-8"))
    mine = {path for path in touched if path.startswith(f"{tmp_path}/") and "/cache" not in path}
    mine -= {str(tmp_path / "told"), str(tmp_path), str(home)} | {str(each) for each in home.parents}
    assert len([path for path in mine if path.endswith(".py")]) > 10
    ways = {str(folder) for path in seen for folder in Path(path).parents}  # links on the way are looked for
    assert mine - set(seen) - ways == set()


# ---- the folder of entries


def entries(shelf: Path) -> list[Path]:
    return sorted(shelf.rglob("*.entry"))


@pytest.mark.parametrize("spoil", [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes()[:-1]),
    lambda path: path.write_bytes(path.read_bytes()[:30]),
    lambda path: path.write_bytes(b"gravity-lint cache 0\n" + path.read_bytes()[21:]),
    lambda path: path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:]),
    lambda path: path.write_bytes(marshal.dumps("foreign")),
    lambda path: shutil.copy(path.with_name("other.entry"), path),
    lambda path: (path.unlink(), path.mkdir()),
    lambda path: path.chmod(0),
], ids=["empty", "cut", "head alone", "older", "one byte", "foreign", "another's", "folder", "unreadable"])
def test_a_spoilt_entry_is_nothing(spoil: Callable[[Path], object], said: Said, tree: Path, shelf: Path) -> None:
    whole, _ = said(tree, cache_dir=str(shelf))
    (path,) = entries(shelf)
    Cache(shelf).put("runs", "other", ("other", 1))
    spoil(path)
    again, new = said(tree, cache_dir=str(shelf))
    assert again == whole
    assert new or os.geteuid() == 0
    if path.is_file():
        assert said(tree, cache_dir=str(shelf)) == (whole, False)


def test_bytes_at_random_never_count(tmp_path: Path) -> None:
    kept = Cache(tmp_path)
    kept.put("runs", "k", ({"a": [1, 2.5, None, True, b"x", "\udcff"]}, ()))
    path = tmp_path / "runs" / "k.entry"
    data = path.read_bytes()
    chance = random.Random(4)
    for _ in range(300):
        spoilt = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        path.write_bytes(spoilt)
        assert bytes(spoilt) == data or kept.get("runs", "k") is None
    path.write_bytes(data)
    assert kept.get("runs", "k") == ({"a": [1, 2.5, None, True, b"x", "\udcff"]}, ())
    assert kept.get("runs", "l") is None


@pytest.mark.parametrize("place", ["file", "below a file", "nothing may be written"])
def test_a_cache_that_cannot_be_written_is_none(place: str, said: Said, tree: Path, tmp_path: Path) -> None:
    folder = tmp_path / "place"
    if place == "nothing may be written":
        folder.mkdir(mode=0o500)
    else:
        folder.write_text("mine")
    asked = {"cache_dir": str(folder / "below" if place == "below a file" else folder)}
    without = said(tree, no_cache=True)[0]
    assert said(tree, **asked) == (without, True)
    assert said(tree, **asked)[0] == without


def test_others_cannot_read_it(said: Said, tree: Path, shelf: Path) -> None:
    said(tree, cache_dir=str(shelf))
    (path,) = entries(shelf)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(shelf.stat().st_mode) == stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (shelf / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert (shelf / ".gitignore").read_text() == "*\n"


def test_no_password_is_kept(said: Said, tree: Path, shelf: Path) -> None:
    (tree / "app/db.py").write_text(SERVICE["app/db.py"].replace("a:b@", "admin:hunter2@"))
    assert "***" in said(tree, cache_dir=str(shelf))[0]
    assert all(b"hunter2" not in path.read_bytes() for path in shelf.rglob("*") if path.is_file())


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Cache(tmp_path)
    for number in range(10):
        kept.put("runs", str(number), b"x" * 1000)
        os.utime(tmp_path / "runs" / f"{number}.entry", (1_000_000 + number, 1_000_000 + number))
    kept.prune()
    assert len(entries(tmp_path)) == 10
    assert kept.get("runs", "0") == b"x" * 1000, "and now it is the one used last"
    monkeypatch.setattr(cache_module, "MAX_ENTRIES", 5)
    kept.prune()
    assert [path.stem for path in entries(tmp_path)] == ["0", "7", "8", "9"]
    monkeypatch.setattr(cache_module, "MAX_BYTES", 2_800)
    kept.prune()
    assert [path.stem for path in entries(tmp_path)] == ["0", "9"]


def test_what_was_left_half_written_goes(tmp_path: Path) -> None:
    kept = Cache(tmp_path)
    kept.put("runs", "k", 1)
    for name, used in (("old.1.2.half", 1_000_000), ("new.1.2.half", time.time())):
        (tmp_path / "runs" / name).write_bytes(b"x")
        os.utime(tmp_path / "runs" / name, (used, used))
    kept.prune()
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"k.entry", "new.1.2.half"}


def test_runs_at_the_same_time(tree: Path, shelf: Path) -> None:
    command = [sys.executable, "-m", "gravity_lint", "check", str(tree), "-f", "json", "--cache-dir", str(shelf)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, cwd=tree) for _ in range(4)]
    assert len({run.communicate(timeout=60)[0] for run in runs}) == 1
    assert 1 <= len(entries(shelf)) <= 4, "each that did not see another's takes a place"
    assert not list(shelf.rglob("*.half"))


def test_threads_that_write_and_read(tmp_path: Path) -> None:
    kept, met = Cache(tmp_path), set()

    def work(number: int) -> None:
        for _ in range(50):
            kept.put("runs", "k", [number] * 1000)
            met.add(str(kept.get("runs", "k")))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met <= {str([number] * 1000) for number in range(4)}


def test_clean(said: Said, tree: Path, shelf: Path) -> None:
    said(tree, cache_dir=str(shelf))
    assert clean(str(shelf)) == 0
    assert not shelf.exists()
    assert said(tree, cache_dir=str(shelf))[1]
    (shelf / "mine.txt").write_text("x")
    (shelf / "runs" / "mine.txt").write_text("x")
    assert clean(str(shelf)) == 0
    assert {path.name for path in shelf.rglob("*")} == {"mine.txt", "runs"}


def test_clean_leaves_what_is_no_cache(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "x.entry").write_text("mine")
    assert clean(str(tmp_path)) == 0
    assert capfd.readouterr().out == f"Nothing to remove in {tmp_path}\n"
    assert clean(str(tmp_path / "nowhere")) == 0
    assert (tmp_path / "runs" / "x.entry").exists()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform in ("win32", "darwin"):
        pytest.skip("other systems have other places")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_folder() == "/home/me/.cache/gravity-lint"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert default_folder() == "/home/me/.cache/gravity-lint"
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_folder() == "/caches/gravity-lint"


def test_the_environment_names_the_folder(said: Said, tree: Path, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAVITY_LINT_CACHE_DIR", str(tmp_path / "named"))
    said(tree)
    assert entries(tmp_path / "named")
    said(tree, cache_dir=str(tmp_path / "other"))
    assert entries(tmp_path / "other")


def test_keys() -> None:
    assert key_of("a", ["b"]) == key_of("a", ["b"]) != key_of("a", "b")
    assert key_of("ab") != key_of("a", "b")


# ---- looking at the disk


def test_what_is_seen(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "away").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    states = {name: inputs.state(str(tmp_path / name)) for name in ("file", "folder", "link", "away", "pipe", "none")}
    assert states == {"file": "f", "folder": "d", "link": "lf", "away": "l", "pipe": "o", "none": ""}
    assert inputs.read(str(tmp_path / "link"), 4) == b"0123"
    assert inputs.read(str(tmp_path / "file"), 100) == b"0123456789"
    for name in ("pipe", "folder"):
        with pytest.raises(inputs.NotRegular):
            inputs.read(str(tmp_path / name), 4)
    with pytest.raises(OSError, match="No such file"):
        inputs.read(str(tmp_path / "none"), 4)


def test_parts_of_a_run_are_put_together(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(name.encode())

    def look(name: str, limit: int = 100) -> Inputs:
        found = Inputs()
        with recording(found):
            inputs.read(str(tmp_path / name), limit)
            inputs.scan(str(tmp_path))
            inputs.state(str(tmp_path / "none"))
        return found

    whole = Inputs()
    with recording(whole):
        for part in (look("one", 1), look("one"), look("two")):
            inputs.add(part)
    assert set(whole.files) == {str(tmp_path / "one"), str(tmp_path / "two")}
    assert whole.files[str(tmp_path / "one")][1] == 100, "what was read further counts"
    assert whole.settled
    assert unchanged(inputs.plain(whole), LENSES.__getitem__) is not False
    (tmp_path / "none").mkdir()
    assert unchanged(inputs.plain(whole), LENSES.__getitem__) is False
    with recording(whole):
        inputs.add(look("one"))
    assert not whole.settled, "a folder has changed between two looks"


def test_each_service_tells_what_it_depends_on() -> None:
    def looked(recorded: bool) -> tuple[Inputs, list[run_module.Judged]]:
        judged: list[run_module.Judged] = []
        judge = run_module.judge
        whole = Inputs()
        with pytest.MonkeyPatch.context() as patch, recording(whole):
            patch.setattr(run_module, "judge", lambda *given: judged.append(judge(*given)) or judged[-1])
            run_module.run(Options((SHOP,), Config(root=SHOP), load_rules(), recorded=recorded))
        return whole, judged

    whole, _ = looked(False)
    same, judged = looked(True)
    assert inputs.plain(same) == inputs.plain(whole), "nothing is lost in between"
    assert same.settled
    orders = next(each for each in judged if each.root.endswith("/orders"))
    assert orders.seen is not None
    assert {path for path in orders.seen.files if "/shop/orders/" in path} > {f"{SHOP}/orders/orders/app.py"}
    assert not [path for path in orders.seen.files if "/shop/catalog/" in path]
    assert pickle.loads(pickle.dumps(orders)).violations == orders.violations, "it may come from another process"


def test_what_was_judged_as_plain_values(tree: Path) -> None:
    (tree / "app/db.py").write_text(SERVICE["app/db.py"].rstrip() + "  # gravity: ignore[GRV101, GRV103, GRV301]\n")
    options = Options((SHOP, tree), Config(root=tree), load_rules())
    found = discover(options.paths, options.config)
    judged = [run_module.judge(files, (), options) for files in found.services]
    assert any(each.used for each in judged)
    assert any(each.gathered for each in judged)
    assert any(each.violations for each in judged)
    for each in judged:
        assert run_module.restored(marshal.loads(marshal.dumps(run_module.plain(each)))) == each


def test_what_stays_young_is_compared_and_not_written_again(said: Said, tree: Path, shelf: Path) -> None:
    later = time.time() + 3600
    os.utime(tree / "app/db.py", (later, later))
    said(tree, cache_dir=str(shelf))
    (path,) = entries(shelf)
    with pytest.MonkeyPatch.context() as patch:
        now = time.time_ns
        patch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)
        assert not said(tree, cache_dir=str(shelf))[1]
        before = path.stat().st_ino
        assert not said(tree, cache_dir=str(shelf))[1]
    assert path.stat().st_ino == before


# ---- edits that change nothing


@pytest.mark.parametrize("name", ["app/db.py", "app/main.py"])
def test_a_comment_more_is_no_change(name: str, said: Said, tree: Path, shelf: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)
    before, _ = said(tree, cache_dir=str(shelf))
    (path,) = entries(shelf)
    text = path.read_bytes()
    for added, counts in (("\n# a remark\n", False), ("# and one more\n", False), ("# sqlalchemy\n", True),
                          ("# gravity: ignore[GRV101]\n", True), ("x = 1\n", True)):
        with (tree / name).open("a", encoding="utf-8") as file:
            file.write(added)
        assert said(tree, cache_dir=str(shelf))[1] == counts, added
        assert said(tree, cache_dir=str(shelf))[0] == said(tree, no_cache=True)[0]
        if not counts:
            assert path.read_bytes() == text, "it is too little to be written down"
    assert said(tree, no_cache=True)[0].startswith(before[0])


def test_many_comments_are_written_down(said: Said, tree: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)
    monkeypatch.setattr(inputs, "FEW", 0)
    said(tree, cache_dir=str(shelf))
    (path,) = entries(shelf)
    text = path.read_bytes()
    with (tree / "app/db.py").open("a", encoding="utf-8") as file:
        file.write("# a remark\n")
    assert not said(tree, cache_dir=str(shelf))[1]
    assert path.read_bytes() != text
    with (tree / "app/db.py").open("a", encoding="utf-8") as file:
        file.write("# another\n")
    assert said(tree, cache_dir=str(shelf)) == (said(tree, no_cache=True)[0], False)


# ---- states that come again


def put(path: Path, texts: list[str], said: Said, root: Path, own: dict[str, str]) -> list[bool]:
    """Writes one text after the other and asks each time → whether that took a new run; what was said is right."""
    found = []
    for text in texts:
        path.write_text(text, "utf-8")
        told, new = said(root, **own)
        found.append(new)
        assert told == said(root, no_cache=True)[0]
    return found


@pytest.mark.parametrize("old", [True, False])
def test_a_state_that_comes_again_is_known(old: bool, said: Said, tree: Path, shelf: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook sees what is staged, the editor what is not yet; branches come and go."""
    if old:
        now = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)
    file, own = tree / "app/db.py", {"cache_dir": str(shelf)}
    one, two, three, four, five = (SERVICE["app/db.py"].replace("@h/d", f"@h/{word}") for word in "abcde")
    assert put(file, [one, two, one, two, one], said, tree, own) == [True, True, False, False, False]
    assert put(file, [three, one, four, two], said, tree, own) == [True, False, True, False]
    assert put(file, [five, three, one, two], said, tree, own) == [True, True, True, False] or not old
    assert len(entries(shelf)) <= 4


def test_a_state_of_one_service_comes_again(said: Said, tmp_path: Path, services_judged: list[str]) -> None:
    root, own = shared(tmp_path / "repo"), {"cache_dir": str(tmp_path / "cache")}
    before = said(root, **own)[0]
    (root / "bills/idle.py").write_text("x = 2\n", "utf-8")
    assert said(root, **own)[0] != before
    services_judged.clear()
    (root / "bills/idle.py").write_text(SHARED["bills/idle.py"], "utf-8")
    assert said(root, **own)[0] == before
    assert not services_judged


def test_entries_move_on(tmp_path: Path) -> None:
    kept = Cache(tmp_path)
    for value in ("a", "b", "c", "d"):
        kept.put("runs", "key", value, 2)
    assert [kept.get("runs", "key", place) for place in range(4)] == ["d", "c", "b", None]
    kept.put("runs", "key", "C", 1)
    assert [kept.get("runs", "key", place) for place in range(3)] == ["C", "d", "b"]
    kept.put("runs", "key", "C", 2)
    assert [kept.get("runs", "key", place) for place in range(3)] == ["C", "d", "b"], "the same takes no other place"
    kept.put("runs", "key", "only")
    assert [kept.get("runs", "key", place) for place in range(3)] == ["only", "d", "b"]


# ---- services that an edit does not concern


SHARED = {
    "orders/requirements.txt": "fastapi\nsqlalchemy\n",
    "orders/Dockerfile": SERVICE["Dockerfile"],
    "orders/app/main.py": "from fastapi import FastAPI\nfrom app.db import engine\napp = FastAPI()\n",
    "orders/app/db.py": "from shared.db import connect\n\nengine = connect(\"postgresql://a:b@h/d\")\n",
    "bills/requirements.txt": "flask\nsqlalchemy\n",
    "bills/Dockerfile": SERVICE["Dockerfile"],
    "bills/main.py": "import os\nfrom flask import Flask\nfrom sqlalchemy import create_engine\n"
                     "engine = create_engine(os.environ.get('DATABASE_URL', 'postgresql://a:b@h/d'))\napp = Flask()\n",
    "bills/idle.py": "x = 1  # gravity: ignore[GRV101]\n",
    "shared/pyproject.toml": "[project]\nname = 'shared'\n",
    "shared/shared/__init__.py": "",
    "shared/shared/db.py": "from sqlalchemy import create_engine\n\ndef connect(url):\n    return create_engine(url)\n",
    "docker-compose.yml": "services:\n  db:\n    image: postgres\n",
    "pyproject.toml": "[tool.gravity-lint]\nignore = ['GRV501']\n",
}


def shared(root: Path) -> Path:
    for name, text in SHARED.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


@pytest.fixture
def services_judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the services that were judged, and `discovery` where files were looked for."""
    found: list[str] = []
    judge, look = run_module.judge, run_module.discover

    def judging(files: ServiceFiles, *given: Any) -> run_module.Judged:
        found.append(Path(files.root).name)
        return judge(files, *given)

    def looking(*given: Any) -> Discovery:
        found.append("discovery")
        return look(*given)

    monkeypatch.setattr(run_module, "judge", judging)
    monkeypatch.setattr(run_module, "discover", looking)
    return found


@pytest.mark.parametrize(("name", "text", "judged"), [
    ("bills/main.py", "x = 1\n", "bills discovery"),  # it is one of those that discovery looks into
    ("bills/idle.py", "x = 2\n", "bills"),
    ("orders/app/db.py", "x = 2\n", "orders"),
    ("orders/app/db.py", "# a remark\n", ""),
    ("shared/shared/db.py", "x = 2\n", "orders shared"),  # bills takes nothing of it
    ("orders/app/new.py", "x = 2\n", "discovery orders"),
    ("docker-compose.yml", "  web:\n    build: bills\n", "bills discovery repo"),
    ("pyproject.toml", "select = ['GRV1']\n", "bills discovery orders repo shared"),
    ("gravity-lint.toml", "exclude = ['bills']\n", "discovery orders repo shared"),
    ("orders/README.md", "# Orders\n", "discovery orders"),
])
@pytest.mark.parametrize("old", [True, False])
def test_only_what_an_edit_concerns_is_judged(name: str, text: str, judged: str, old: bool, said: Said, tmp_path: Path,
                                              services_judged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    root, own = shared(tmp_path / "repo"), {"cache_dir": str(tmp_path / "cache")}
    if old:
        now = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)
    said(root, **own)
    assert sorted(services_judged) == ["bills", "discovery", "orders", "repo", "shared"]
    services_judged.clear()
    with (root / name).open("a", encoding="utf-8") as file:
        file.write(text)
    told = said(root, **own)[0]
    if old or judged:
        assert sorted(services_judged) == judged.split()
    assert told == said(root, no_cache=True)[0]
    services_judged.clear()
    assert said(root, **own) == (told, False)
    assert not services_judged


CHANGES = st.one_of(
    st.tuples(st.just("append"), st.sampled_from(sorted(SHARED)), st.sampled_from(
        ["# a remark\n", "# sqlalchemy\n", "x = 1\n", "# gravity: ignore\n", "def f():\n    return engine\n", "\n"])),
    st.tuples(st.just("write"), st.sampled_from(sorted(SHARED)), st.sampled_from(sorted(SHARED.values()))),
    st.tuples(st.just("insert"), st.sampled_from(sorted(SHARED)), st.sampled_from(["import os\n", "\n", "# x\n"])),
    st.tuples(st.just("change"), st.sampled_from(sorted(SHARED)), st.sampled_from(["@i/d", "@h/e"])),
    st.tuples(st.just("write"), st.sampled_from(["bills/new.py", "shared/shared/more.py", "new/main.py", "orders/.env",
                                                 "new/Dockerfile", "gravity-lint.toml", ".gitignore"]),
              st.sampled_from([*sorted(SHARED.values()), "DATABASE_URL=postgresql://a:b@h/d\n", "ignore = ['GRV1']\n",
                               "bills\n", "shared\n"])),
    st.tuples(st.just("rename"), st.sampled_from(sorted(SHARED)), st.sampled_from(["bills/other.py", "shared/x.py"])),
    st.tuples(st.just("touch"), st.sampled_from(sorted(SHARED)), st.just("")),
    st.tuples(st.just("remove"), st.sampled_from([*sorted(SHARED), "shared", "bills"]), st.just("")))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(CHANGES, min_size=1, max_size=6), old=st.booleans())
def test_services_after_any_edits(said: Said, tmp_path: Path, steps: list[tuple[str, str, str]], old: bool) -> None:
    home = tmp_path / str(random.getrandbits(64))
    tree = shared(home / "work" / "repo")
    now = time.time_ns
    with pytest.MonkeyPatch.context() as patch:
        if old:
            patch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)
        for step in (("touch", "bills/main.py", ""), *steps):
            take(tree, step)
            assert said(tree, cache_dir=str(home / "cache"))[0] == said(tree, no_cache=True)[0], step
            assert not said(tree, cache_dir=str(home / "cache"))[1]
