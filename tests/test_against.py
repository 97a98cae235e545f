"""What a branch adds, by real repositories; and that nothing a hostile one says is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gravity_lint import against
from gravity_lint.commands import CLEAN, FAILED, FOUND, Asked, check, guarded

CONFIG = """\
import os

from sqlalchemy import create_engine

URL = os.getenv("DATABASE_URL", "postgresql://localhost/app")
engine = create_engine(URL)
"""
FILES = {"requirements.txt": "fastapi\nsqlalchemy\n", "Dockerfile": "FROM python:3.13\n", "DATABASE.md": "# D\n",
         "app/__init__.py": "", "app/config.py": CONFIG,
         "app/main.py": "from fastapi import FastAPI\nfrom app.config import engine\napp = FastAPI()\n"}
SECOND = 'create_engine("mysql://db/second")\n'


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", *words],
                          cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def plant(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def commit(root: Path, message: str = "more") -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two services with a default each, on `main`, and a branch that has just begun."""
    root = tmp_path / "repo"
    for name in ("orders", "billing"):
        plant(root / name, FILES)
    git(root, "init", "-q", "-b", "main")
    commit(root)
    git(root, "checkout", "-q", "-b", "branch")
    monkeypatch.chdir(root)
    return root


class Told:
    """Runs commands, and keeps what they say."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self.err = ""

    def __call__(self, *paths: str, code: int | None = None, **asked: object) -> list[tuple[str, str]]:
        asked = {"no_cache": True, "diff_base": "main", **asked}
        got = guarded(lambda: check(Asked(paths, output_format=("json-lines",), **asked)))  # type: ignore[arg-type]
        out, self.err = self._capfd.readouterr()
        assert code in (None, got), (out, self.err)
        rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        return sorted((row["code"], row["path"]) for row in rows if "code" in row)


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Told:
    return Told(capfd)


def test_what_was_there_is_not_told(repo: Path, told: Told) -> None:
    assert told(code=CLEAN) == []
    assert told(code=FOUND, diff_base=None) != []


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("paths", [[], ["orders"], ["orders/app/config.py"], ["billing/app/main.py", "orders"]])
def test_what_the_branch_adds(paths: list[str], committed: bool, repo: Path, told: Told) -> None:
    path = repo / "orders" / "app" / "config.py"
    path.write_text("# moved\n\n\n" + CONFIG + SECOND, "utf-8")
    if committed:
        commit(repo)
    assert told(*paths, code=FOUND) == [("GRV101", "orders/app/config.py")]


@pytest.mark.parametrize("paths", [[], ["orders/app/settings.py"], ["orders"]])
def test_a_renamed_file_adds_nothing(paths: list[str], repo: Path, told: Told) -> None:
    git(repo, "mv", "orders/app/config.py", "orders/app/settings.py")
    plant(repo, {"orders/app/main.py": FILES["app/main.py"].replace("app.config", "app.settings")})
    assert told(*paths, code=CLEAN) == []


def test_a_renamed_service_adds_nothing(repo: Path, told: Told) -> None:
    git(repo, "mv", "orders", "ordering")
    assert told(code=CLEAN) == []
    assert told("ordering", code=CLEAN) == []


def test_a_new_file_and_a_new_service_do(repo: Path, told: Told) -> None:
    plant(repo, {"orders/app/more/db.py": "from sqlalchemy import create_engine\n" + SECOND})
    plant(repo / "new", FILES)
    assert told("orders/app/more/db.py", code=FOUND) == [("GRV101", "orders/app/more/db.py")]
    assert told("new", code=FOUND) == told("new", diff_base=None, code=FOUND)


def test_a_change_in_one_file_that_breaks_another(repo: Path, told: Told) -> None:
    plant(repo / "orders" / "app", {"db.py": "from sqlalchemy import create_engine\nfrom app.urls import URL\n"
                                             "other = create_engine(URL)\n",
                                    "urls.py": "import os\nURL = os.environ['OTHER_URL']\n"})
    commit(repo)
    git(repo, "branch", "-f", "main")
    plant(repo / "orders" / "app", {"urls.py": 'URL = "mysql://db/other"\n'})
    assert told("orders/app", code=FOUND) == [("GRV101", "orders/app/urls.py")]


def test_what_was_mended_elsewhere_meanwhile_is_no_addition(repo: Path, told: Told) -> None:
    git(repo, "checkout", "-q", "main")
    plant(repo / "orders", {"app/config.py": ""})
    commit(repo)
    git(repo, "checkout", "-q", "branch")
    assert told(code=CLEAN) == []


def test_the_configuration_is_that_of_now(repo: Path, told: Told) -> None:
    (repo / "gravity-lint.toml").write_text("exclude = ['billing/']\n", "utf-8")
    plant(repo, {"orders/gravity-lint.toml": "extend-select = ['GRV']\n"})
    commit(repo)
    assert told(code=CLEAN) == []
    (repo / "gravity-lint.toml").unlink()
    assert told(code=CLEAN) == []


def test_beside_a_baseline(repo: Path, told: Told) -> None:
    """What both know counts once: of three alike, of which the base has two, one is new."""
    path = repo / "orders" / "app" / "config.py"
    path.write_text(CONFIG + SECOND * 2, "utf-8")
    told(diff_base=None, write_baseline="known.json", code=CLEAN)
    commit(repo)
    git(repo, "branch", "-f", "main")
    assert told(code=CLEAN, baseline="known.json") == []
    path.write_text(CONFIG + SECOND * 3, "utf-8")
    assert told(code=FOUND, baseline="known.json") == [("GRV101", "orders/app/config.py")]


def test_fixes_touch_only_what_the_branch_adds(repo: Path, told: Told) -> None:
    plant(repo, {"orders/app/more.py": "x = 1  # gravity: ignore[GRV401]\n"})
    plant(repo, {"billing/app/old.py": "x = 1  # gravity: ignore[GRV401]\n"})
    git(repo, "add", "billing")
    git(repo, "commit", "-qm", "old")
    git(repo, "branch", "-f", "main")
    told(fix=True, code=CLEAN)
    assert "gravity" not in (repo / "orders/app/more.py").read_text("utf-8")
    assert "gravity" in (repo / "billing/app/old.py").read_text("utf-8")


def test_an_unsaved_text(repo: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    for name, text, codes in (("config.py", CONFIG, []), ("config.py", CONFIG + SECOND, ["GRV101"]),
                              ("new.py", "from sqlalchemy import create_engine\n" + SECOND, ["GRV101"])):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert [code for code, _ in told("-", stdin_filename=f"orders/app/{name}")] == codes


def test_warm_runs(repo: Path, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    real = against._judged

    def counted(tree: against.Tree, options: against.Options) -> against.Known:
        judged.append(tree.name)
        return real(tree, options)

    monkeypatch.setattr(against, "_judged", counted)
    warm = {"no_cache": False, "cache_dir": str(tmp_path / "cache")}
    for text, found in ((CONFIG, 0), (CONFIG, 0), (CONFIG + SECOND, 1), (CONFIG + SECOND, 1)):
        (repo / "orders" / "app" / "config.py").write_text(text, "utf-8")
        assert len(told(**warm)) == found
    assert len(judged) == 1
    commit(repo)
    git(repo, "branch", "-f", "main")
    assert told(code=CLEAN, **warm) == []
    assert len(judged) == 2


def test_ignored_and_linked_files_are_as_they_are_here(repo: Path, told: Told) -> None:
    """A tracked file that git's patterns leave out, a link, one to the outside, and one in place of a folder."""
    plant(repo, {".gitignore": "billing/app/\n",
                 "orders/app/extra.py": "from sqlalchemy import create_engine\n" + SECOND})
    (repo / "orders" / "app" / "linked.py").symlink_to("extra.py")
    (repo / "orders" / "app" / "outside.py").symlink_to("/etc/hostname")
    (repo / "orders" / "app" / "broken.py").symlink_to("nowhere.py")
    (repo / "orders" / "link").symlink_to("app")
    plant(repo, {"dépôt/ö.py": SECOND})
    commit(repo)
    git(repo, "branch", "-f", "main")
    assert told(code=CLEAN) == []


# ---- mistakes


def test_no_such_revision(repo: Path, told: Told) -> None:
    told(diff_base="nowhere", code=FAILED)
    assert told.err == f"gravity-lint: --diff-base: 'nowhere' is no revision of {repo}\n"
    told(diff_base="--upload-pack=touch owned", code=FAILED)
    assert "is no revision" in told.err
    told(diff_base="main:orders", code=FAILED)
    assert "is no revision" in told.err


def test_no_repository(tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path / "plain", FILES)
    monkeypatch.chdir(tmp_path / "plain")
    told(code=FAILED)
    assert told.err == f"gravity-lint: --diff-base: {tmp_path / 'plain'} lies in no git repository\n"


def test_no_git(repo: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    told(code=FAILED)
    assert told.err == "gravity-lint: --diff-base needs git, and there is none on the PATH\n"


def test_no_common_history(repo: Path, told: Told) -> None:
    git(repo, "checkout", "-q", "--orphan", "alone")
    commit(repo, "alone")
    told(code=FAILED)
    assert told.err == "gravity-lint: --diff-base: no common ancestor of HEAD and 'main' is known\n"


def test_a_shallow_clone(repo: Path, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo)
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", repo.as_uri(), "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    told(diff_base="origin/main", code=FAILED)
    assert "no common ancestor of HEAD and 'origin/main' is known; the clone is shallow: fetch" in told.err
    told(diff_base="main~3", code=FAILED)
    assert "is no revision" in told.err
    assert "the clone is shallow" in told.err


def test_several_repositories(repo: Path, told: Told, tmp_path: Path) -> None:
    plant(tmp_path / "other", FILES)
    git(tmp_path / "other", "init", "-q")
    told(".", str(tmp_path / "other"), code=FAILED)
    assert "the paths lie in several repositories" in told.err


# ---- safety


def test_nothing_of_the_repository_is_run(repo: Path, told: Told, tmp_path: Path) -> None:
    plant(repo, {".gitattributes": "*.py filter=evil diff=evil export-ignore\n"})
    commit(repo)
    git(repo, "branch", "-f", "main")
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\necho $0 $@ >> {tmp_path}/owned\ncat\n", "utf-8")
    evil.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "filter.evil.smudge",
                "filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "diff.external", "credential.helper",
                "core.askPass", "core.gitProxy", "uploadpack.packObjectsHook", "core.alternateRefsCommand",
                "gpg.program", "pager.ls-tree", "pager.cat-file"):
        git(repo, "config", key, str(evil))
    git(repo, "config", "alias.ls-tree", f"!{evil}")
    git(repo, "config", "alias.cat-file", f"!{evil}")
    hooks = repo / ".git" / "hooks"
    for name in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(evil.read_text("utf-8"), "utf-8")
        (hooks / name).chmod(0o755)
    plant(repo, {"orders/app/config.py": CONFIG + SECOND})
    (tmp_path / "owned").unlink(missing_ok=True)
    assert told(code=FOUND) == [("GRV101", "orders/app/config.py")]
    assert not (tmp_path / "owned").exists()


def test_missing_objects_are_not_fetched(repo: Path, told: Told, tmp_path: Path) -> None:
    """A clone without its files' contents would run what the repository calls its remote."""
    git(repo, "config", "extensions.partialClone", "evil")
    git(repo, "config", "remote.evil.url", f"ext::sh -c 'touch {tmp_path}/owned'")
    git(repo, "config", "remote.evil.promisor", "true")
    git(repo, "config", "protocol.ext.allow", "always")
    blob = git(repo, "rev-parse", "main:orders/app/config.py")
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    told(code=FAILED)
    assert "--diff-base:" in told.err
    assert not (tmp_path / "owned").exists()


def _raw(repo: Path, kind: str, data: bytes) -> str:
    done = subprocess.run(["git", "hash-object", "-w", "--literally", "-t", kind, "--stdin"], cwd=repo, input=data,
                          capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT", "a/../../../../escaped.py"])
def test_hostile_names(name: str, repo: Path, told: Told, tmp_path: Path) -> None:
    blob = _raw(repo, "blob", SECOND.encode())
    inner = _raw(repo, "tree", b"100644 escaped.py\0" + bytes.fromhex(blob))
    link = _raw(repo, "blob", str(tmp_path / "target").encode())
    (tmp_path / "target").mkdir()
    rows = b"40000 " + name.encode() + b"\0" + bytes.fromhex(inner)
    rows += b"120000 linked\0" + bytes.fromhex(link) + b"40000 linked\0" + bytes.fromhex(inner)
    tree = _raw(repo, "tree", rows)
    git(repo, "update-ref", "refs/heads/main", git(repo, "commit-tree", "-m", "x", "-p", "main", tree))
    git(repo, "update-ref", "refs/heads/branch", git(repo, "commit-tree", "-m", "x", "-p", "main", "branch^{tree}"))
    before = set(os.listdir(tmp_path))
    told()
    assert set(os.listdir(tmp_path)) == before
    assert list((tmp_path / "target").iterdir()) == []


def test_the_environment_of_a_hook(repo: Path, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path / "other", FILES)
    git(tmp_path / "other", "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nothing"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert told(code=CLEAN) == []


def test_nothing_is_left(repo: Path, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    before = {path: path.stat().st_mtime_ns for path in repo.rglob("*")}
    told(code=CLEAN)
    assert os.listdir(tmp_path / "temporary") == []
    assert {path: path.stat().st_mtime_ns for path in repo.rglob("*")} == before
