"""The hooks under the real pre-commit: what a commit is told, however its files are split, and what is mended."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from gravity_lint.commands import Asked, judged
from tests.safely import SAFELY

ROOT = Path(__file__).resolve().parent.parent
CONFORMING = ROOT / "fixtures" / "shop" / "shipping"
HOOKS = [hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))]
LITERAL = 'from sqlalchemy import create_engine\n\nengine = create_engine("postgresql://localhost/app")\n'
FOUND = re.compile(r"^(\S.*?):(\d+):(\d+): (GRV\d+)", re.MULTILINE)


def ran(command: Sequence[str | Path], cwd: Path, home: Path | None = None) -> tuple[int, str]:
    """A command's exit code and what it printed, with no setting of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("GIT_", "PRE_COMMIT", "SKIP", "VIRTUAL_ENV", "PYTHONPATH"))}
    author = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
              for what, value in (("NAME", "nobody"), ("EMAIL", "nobody@example.com"))}
    done = subprocess.run([str(word) for word in command], cwd=cwd, check=False, text=True, encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                          env={**kept, **author, "PRE_COMMIT_HOME": str(home or cwd), "GIT_CONFIG_GLOBAL": os.devnull})
    return done.returncode, done.stdout


def git(repository: Path, *words: str | Path) -> str:
    code, said = ran(["git", *words], repository)
    assert not code, said
    return said


def committed(repository: Path, message: str = "state") -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "--no-verify", "-m", message)


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with this checkout as it is now, committed or not."""
    folder = tmp_path_factory.mktemp("tool")
    for name in git(ROOT, "ls-files", "-co", "--exclude-standard", "-z").split("\0"):
        if name and (ROOT / name).is_file() and name.partition("/")[0] not in ("tests", "fixtures", "benchmarks"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    git(folder, "init", "-q")
    committed(folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environment of the hooks, once for all tests."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def shop(tool: Path, home: Path, tmp_path: Path) -> Shop:
    """A repository with a conforming service and the hooks, committed."""
    shutil.copytree(CONFORMING, tmp_path / "shipping")
    revision = git(tool, "rev-parse", "HEAD").strip()
    hooks = [{"id": name} for name in HOOKS if name == "gravity-lint"]
    put(tmp_path, {".pre-commit-config.yaml": yaml.safe_dump(
        {"repos": [{"repo": str(tool), "rev": revision, "hooks": hooks}]})})
    git(tmp_path, "init", "-q", "-b", "main")
    committed(tmp_path)
    return Shop(tmp_path, home)


class Shop:
    """A repository in which pre-commit runs."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home

    def hooked(self, *words: str, cwd: str = ".") -> tuple[int, str]:
        return ran([sys.executable, "-m", "pre_commit", "run", *words], self.folder / cwd, self.home)

    def use(self, *hooks: dict[str, object]) -> None:
        path = self.folder / ".pre-commit-config.yaml"
        config = yaml.safe_load(path.read_text("utf-8"))
        config["repos"][0]["hooks"] = list(hooks)
        path.write_text(yaml.safe_dump(config), "utf-8")
        committed(self.folder, "hooks")

    def stage(self, files: dict[str, str]) -> None:
        put(self.folder, files)
        git(self.folder, "add", "-A")


def test_try_repo(tool: Path, home: Path, tmp_path: Path) -> None:
    """As the documentation of pre-commit tells whoever wants to look at a hook; here of a checkout with changes."""
    shutil.copytree(CONFORMING, tmp_path / "shipping")
    put(tmp_path, {"shipping/src/shipping/cache.py": LITERAL})
    git(tmp_path, "init", "-q")
    committed(tmp_path)
    (tool / "NOTE").write_text("not committed\n", "utf-8")
    try:
        code, said = ran([sys.executable, "-m", "pre_commit", "try-repo", tool, "gravity-lint", "--all-files"],
                         tmp_path, home)
    finally:
        (tool / "NOTE").unlink()
    assert code == 1, said
    assert ("shipping/src/shipping/cache.py", "3", "24", "GRV101") in FOUND.findall(said)


def test_commits(shop: Shop) -> None:
    code, said = shop.hooked()
    assert code == 0, said
    assert "no files to check" in said

    shop.stage({"shipping/src/shipping/cache.py": LITERAL, "notes/line of text.txt": "nothing\n"})
    code, said = shop.hooked()
    assert (code, FOUND.findall(said)) == (1, [("shipping/src/shipping/cache.py", "3", "24", "GRV101")]), said
    assert shop.hooked(cwd="shipping/src")[1] == said, "from a subfolder"

    committed(shop.folder, "a violation")
    shop.stage({"README.md": "# The shop\n"})
    assert shop.hooked()[0] == 0, "a file that is not touched is not reported"
    assert shop.hooked("--all-files")[0] == 1

    git(shop.folder, "mv", "shipping/src/shipping/cache.py", "shipping/src/shipping/kept files.py")
    code, said = shop.hooked()
    assert [path for path, *_ in FOUND.findall(said)] == ["shipping/src/shipping/kept files.py"], said

    git(shop.folder, "rm", "-q", "-f", "shipping/src/shipping/kept files.py")
    code, said = shop.hooked()
    assert code == 0, said


def test_a_conflict(shop: Shop) -> None:
    put(shop.folder, {"shipping/src/shipping/cache.py": "import os\n"})
    committed(shop.folder)
    git(shop.folder, "checkout", "-q", "-b", "other")
    put(shop.folder, {"shipping/src/shipping/cache.py": LITERAL})
    committed(shop.folder, "theirs")
    git(shop.folder, "checkout", "-q", "main")
    put(shop.folder, {"shipping/src/shipping/cache.py": "import sys\n"})
    committed(shop.folder, "ours")
    assert ran(["git", "merge", "-q", "other"], shop.folder)[0] == 1

    git(shop.folder, "add", "-A")  # with its markers, as people do in a hurry
    code, said = shop.hooked()
    assert code == 1, said
    assert ("shipping/src/shipping/cache.py", "GRV001") in [(path, rule) for path, _, _, rule in FOUND.findall(said)]

    shop.stage({"shipping/src/shipping/cache.py": LITERAL})
    code, said = shop.hooked()
    assert {rule for *_, rule in FOUND.findall(said)} == {"GRV101"}, said


def test_safe_fixes(shop: Shop) -> None:
    shop.use({"id": "gravity-lint-fix"}, {"id": "gravity-lint-repo"})
    shop.stage({"other/compose.yaml": "services:\n  db:\n    image: postgres:16\n"})
    code, said = shop.hooked()
    assert code == 1, said
    assert "files were modified by this hook" in said
    assert "EXAMPLE" in (shop.folder / "other/compose.yaml").read_text("utf-8")
    git(shop.folder, "add", "-A")
    code, said = shop.hooked()
    assert code == 0, said


def test_the_whole_repository_whatever_is_touched(shop: Shop) -> None:
    put(shop.folder, {"shipping/src/shipping/cache.py": LITERAL})
    committed(shop.folder)
    shop.use({"id": "gravity-lint-repo"})
    shop.stage({"README.md": "# The shop\n"})
    code, said = shop.hooked()
    assert code == 1, said
    assert [path for path, *_ in FOUND.findall(said)] == ["shipping/src/shipping/cache.py"]


def test_what_is_excluded_stays_excluded(shop: Shop) -> None:
    put(shop.folder, {"gravity-lint.toml": 'exclude = ["legacy/"]\n'})
    committed(shop.folder)
    shop.stage({"shipping/legacy/old.py": LITERAL})
    code, said = shop.hooked("--files", "shipping/legacy/old.py")
    assert code == 0, said


def test_fifty_services(shop: Shop) -> None:
    """More names than pre-commit hands to one process are still one process, and each service is told of."""
    for number in range(50):
        shutil.copytree(CONFORMING, shop.folder / f"services/s{number:02}")
        put(shop.folder, {f"services/s{number:02}/src/shipping/cache.py": LITERAL})
    git(shop.folder, "add", "-A")
    code, said = shop.hooked()
    assert code == 1
    assert sorted(path for path, *_ in FOUND.findall(said)) == [
        f"services/s{number:02}/src/shipping/cache.py" for number in range(50)]


# ---- whatever the split


def findings(folder: Path, names: Sequence[str]) -> set[tuple[str, ...]]:
    done = subprocess.run([sys.executable, SAFELY, "-m", "gravity_lint", "check", "-f", "json", "--isolated", *names],
                          cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return {(each["code"], each["path"], str(each["line"]), each["message"])
            for each in json.loads(done.stdout)["violations"]}


@pytest.mark.parametrize("seed", range(3))
def test_the_same_for_any_split(seed: int, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(ROOT / "fixtures" / "shop", shop)  # below a folder of that name all would be for tests
    names = [path.relative_to(shop).as_posix() for path in sorted(shop.rglob("*"))
             if path.is_file() and "__pycache__" not in path.parts]
    whole = findings(shop, names)
    assert len(whole) > 30
    chance = random.Random(seed)
    chance.shuffle(names)
    cuts = sorted(chance.sample(range(1, len(names)), 3 + 4 * seed))
    parts = [names[start:end] for start, end in zip([0, *cuts], [*cuts, len(names)], strict=True)]
    assert set().union(*(findings(shop, part) for part in parts)) == whole


def test_each_name_alone_tells_what_all_tell_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finest of all splits; what it holds for is true of every other."""
    shop = tmp_path / "shop"
    shutil.copytree(ROOT / "fixtures" / "shop", shop)
    git(shop, "init", "-q")  # by which the tree of a single name is known
    monkeypatch.chdir(shop)
    names = [path.as_posix() for path in sorted(shop.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    whole = judged(Asked(tuple(names), isolated=True)).violations
    assert {each.place.path for each in whole} <= set(names)
    for name in names:
        alone = judged(Asked((name,), isolated=True)).violations
        assert alone == tuple(each for each in whole if each.place.path == name), name
