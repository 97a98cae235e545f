"""What is printed, read by editors: the stanzas of the README, as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.needed import needed

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
LITERAL = 'from sqlalchemy import create_engine\n\nengine = create_engine("postgresql://localhost/app")\n'
NAMES = ("plain.py", "with spaces/in it.py", "größe/東京.py", "a:1/b:c.py")
PLACE = (3, 24)
"""The line and column of what is found in each of them."""


def stanza(language: str, word: str) -> str:
    """The block of the README in this language that holds a word."""
    found = [block for block in re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
             if word in block]
    assert len(found) == 1, f"one block in {language} is expected to speak of {word}"
    return str(found[0])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A service with a violation in each of some files, whose names are not plain."""
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(LITERAL, "utf-8")
    (tmp_path / "DATABASE.md").write_text("# Database\n", "utf-8")
    return tmp_path


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One in which `gravity-lint` is this checkout, and no setting of an editor is anybody's."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "gravity-lint"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m gravity_lint "$@"\n', "utf-8")
    script.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"}


def ran(words: Sequence[str | Path], cwd: Path, environment: dict[str, str]) -> str:
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=environment, check=False, timeout=120,
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    return done.stdout + done.stderr


def vim(tree: Path, environment: dict[str, str], *commands: str) -> list[dict[str, object]]:
    """The quickfix list after these commands, of a Vim that has the README's lines in its vimrc."""
    vimrc, out = tree / ".vimrc", tree / ".quickfix"
    vimrc.write_text(stanza("vim", "errorformat"), "utf-8")
    told = "map(filter(getqflist(), 'v:val.valid'), " \
           "'extend(v:val, {\"name\": fnamemodify(bufname(v:val.bufnr), \":.\")})')"
    written = f"call writefile([json_encode({told})], '{out}')"
    words = [*(f"silent! {command}" for command in commands), written, "qall!"]
    ran([needed("vim"), "-N", "-u", vimrc, "-i", "NONE", "-es", *(part for word in words for part in ("-c", word))],
        tree, environment)
    return list(json.loads(out.read_text("utf-8")))


def test_vim(tree: Path, environment: dict[str, str]) -> None:
    listed = vim(tree, environment, "make", "redraw")
    assert [(each["name"], each["lnum"], each["col"]) for each in listed] == [(name, *PLACE) for name in sorted(NAMES)]
    assert all(str(each["text"]).startswith("GRV101 `create_engine` gets a literal URL") for each in listed)


def test_vim_jumps_to_the_column_behind_letters_of_two_bytes(tree: Path, environment: dict[str, str]) -> None:
    """Vim counts bytes, and so does not reach the place by those that stand before it on the line, as with flake8."""
    (tree / "plain.py").write_text(LITERAL.replace("engine =", 'größe = "ö"; engine ='), "utf-8")
    listed = vim(tree, environment, "make")
    assert {each["name"]: each["col"] for each in listed}["plain.py"] == PLACE[1] + len('größe = "ö"; ')


def test_emacs(tree: Path, environment: dict[str, str]) -> None:
    walk = tree / ".walk.el"
    walk.write_text("""
(setq compilation-ask-about-save nil)
(compile (concat compile-command))
(while (get-buffer-process "*compilation*") (accept-process-output nil 0.1))
(accept-process-output nil 0.1)
(condition-case nil
    (while t
      (next-error)
      (with-current-buffer (window-buffer (selected-window))
        (princ (format "%s|%d|%d\\n" (file-relative-name buffer-file-name default-directory-of-tree)
                       (line-number-at-pos) (1+ (current-column))))))
  (error nil))
""", "utf-8")
    settings = tree / ".settings.el"
    settings.write_text(f'(setq default-directory-of-tree "{tree}/")\n' + stanza("elisp", "compile-command"), "utf-8")
    said = ran([needed("emacs"), "--batch", "-Q", "-l", settings, "-l", walk], tree, environment)
    found = [line.split("|") for line in said.splitlines() if line.count("|") == 2]
    assert [(name, int(line), int(column)) for name, line, column in found] == [
        (name, *PLACE) for name in sorted(NAMES)], said


def test_the_problem_matcher(tree: Path, environment: dict[str, str]) -> None:
    """The expression in the README's task, in the language in which VS Code reads it."""
    task = json.loads(stanza("json", "problemMatcher"))["tasks"][0]
    pattern = task["problemMatcher"]["pattern"]
    script = """
const [pattern, text] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const found = text.split(/\\r?\\n/).map(line => new RegExp(pattern.regexp).exec(line)).filter(Boolean);
console.log(JSON.stringify(found.map(each => [each[pattern.file], each[pattern.line], each[pattern.column],
                                              each[pattern.code], each[pattern.message]])));
"""
    (tree / "a:3:4: b.py").write_text(LITERAL, "utf-8")  # nobody else would understand it
    text = ran(["sh", "-c", task["command"]], tree, environment)
    done = subprocess.run([needed("node"), "-e", script], input=json.dumps([pattern, text]), check=True,
                          encoding="utf-8", capture_output=True)
    found = json.loads(done.stdout)
    assert [(name, int(line), int(column), code) for name, line, column, code, _ in found] == [
        (name, *PLACE, "GRV101") for name in sorted((*NAMES, "a:3:4: b.py"))]


def test_a_buffer_in_place_of_its_file(tree: Path, environment: dict[str, str]) -> None:
    """What an editor shows counts, saved or not, with the rest of its service as it is on the disk."""

    (tree / "settings.py").write_text('URL = "postgresql://localhost/app"\n', "utf-8")
    (tree / "plain.py").write_text("from settings import URL\nfrom sqlalchemy import create_engine\n\n"
                                   "engine = create_engine(URL)\n", "utf-8")
    literal = 'import os\n\nURL = "postgresql://localhost/app"\n'
    assert [line.partition(":")[0] for line in told_lines(tree, environment, literal)] == ["settings.py"]
    assert told_lines(tree, environment, 'import os\n\nURL = os.environ["DATABASE_URL"]\n') == []
    assert told_lines(tree, environment, literal + "def (\n") == told_lines(tree, environment, literal)
    assert told_lines(tree, environment, LITERAL, "new/of no file yet.py") == ["new/of no file yet.py:3"]


def told_lines(tree: Path, environment: dict[str, str], text: str, name: str = "settings.py") -> list[str]:
    """Where GRV101 is found when this text stands in place of a file's."""
    done = subprocess.run(["gravity-lint", "check", "--select", "GRV101", "--stdin-filename", name, "-"], cwd=tree,
                          env=environment, input=text, check=False, capture_output=True, encoding="utf-8")
    assert not done.stderr
    return re.findall(r"^(.+?:\d+):\d+: GRV101", done.stdout, re.MULTILINE)
