"""Nothing of what is read is ever imported, executed or sent anywhere: a tree full of canaries proves it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
SINGS = "from pathlib import Path\nPath({marker!r}).write_text(__file__)\nraise SystemExit('imported')\n"
PACKAGES = ("yaml", "libcst", "click", "tree_sitter", "tree_sitter_python", "pathspec", "wcwidth", "tomli",
            "gravity_lint")
MODULES = ("setup.py", "conftest.py", "sitecustomize.py", "usercustomize.py", "json.py", "typing.py", "app.py",
           "manage.py", "alembic/env.py", "alembic/versions/0001_first.py")
AUDIT = """
import sys
seen = []
def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn",
                 "os.fork", "shutil.rmtree", "os.remove", "os.rename", "os.mkdir"):
        seen.append((event, str(args)[:200]))
    elif event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        seen.append((event, str(args[:2])))
    elif event == "exec" and getattr(args[0], "co_filename", "").startswith(TREE):
        seen.append((event, args[0].co_filename))
    elif event == "import" and str(args[1] or "").startswith(TREE):
        seen.append((event, str(args[1])))
sys.dont_write_bytecode = True
TREE = sys.argv[1]
sys.addaudithook(hook)
from gravity_lint.cli import cli
try:
    cli(["check", "--isolated", TREE], standalone_mode=False)
except SystemExit:
    pass
print("SEEN", seen, file=sys.stderr)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A service every module of which leaves a mark when it is imported or executed."""
    root, marker = tmp_path / "service", tmp_path / "marker"
    for name in MODULES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SINGS.format(marker=str(marker)), encoding="utf-8")
    for name in PACKAGES:
        (root / name).mkdir()
        (root / name / "__init__.py").write_text(SINGS.format(marker=str(marker)), encoding="utf-8")
    (root / "canary.pth").write_text(f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n", encoding="utf-8")
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "setup"\nbackend-path = ["."]\n', encoding="utf-8")
    (root / "db.py").write_text(
        'from sqlalchemy import create_engine\n\nengine = create_engine("postgresql://u:secret@db/app")\n',
        encoding="utf-8")
    return root


def installed() -> list[str]:
    script = Path(sysconfig.get_path("scripts")) / "gravity-lint"
    if not script.exists():
        pytest.skip("gravity-lint is not installed as a script here")
    return [str(script)]


@pytest.mark.parametrize("way", ["script", "module"])
@pytest.mark.parametrize("paths", [["."], ["db.py"], []], ids=["folder", "file", "default"])
def test_no_canary_sings(tree: Path, way: str, paths: list[str]) -> None:
    command = installed() if way == "script" else [sys.executable, "-m", "gravity_lint"]
    if way == "module":
        # `python -m` puts the current folder first, so the tree's own `gravity_lint` would be what is asked to run
        shutil.rmtree(tree / "gravity_lint")
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run([*command, "check", "--isolated", *paths], cwd=tree, capture_output=True, text=True,
                         check=False, env=clean)
    assert not (tree.parent / "marker").exists(), (tree.parent / "marker").read_text("utf-8")
    assert run.returncode == 1, run.stderr
    assert "GRV101" in run.stdout
    assert "Traceback" not in run.stderr
    assert "secret" not in run.stdout


@pytest.mark.parametrize("target", ["canaries", "shop"])
def test_nothing_is_written_started_or_called(tree: Path, tmp_path: Path, target: str) -> None:
    place = tree if target == "canaries" else FIXTURES / "shop"
    script = tmp_path / "audit.py"
    script.write_text(AUDIT, encoding="utf-8")
    run = subprocess.run([sys.executable, str(script), str(place)], cwd=tmp_path, capture_output=True, text=True,
                         check=False)
    assert "SEEN []" in run.stderr, run.stderr
    assert "GRV101" in run.stdout
    assert not (tmp_path / "marker").exists()
