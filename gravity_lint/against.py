"""What a branch adds: the tree that it began with is judged as well, and what was there already is known."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gravity_lint import inputs
from gravity_lint.baseline import Entry, Known, NoBase
from gravity_lint.cache import Cache, key_of, tool
from gravity_lint.regex import regex

if TYPE_CHECKING:  # a run that is remembered only has to know which tree it was
    from gravity_lint.config import Config
    from gravity_lint.run import Options

_KIND = "bases"
_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.pager=cat",
         "-c", "core.alternateRefsCommand=", "-c", "uploadpack.packObjectsHook=")
"""No configuration of a repository decides that something runs."""
_ENVIRONMENT = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0",
                "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
"""Nothing is fetched, nobody is asked, nothing is written, nothing stands for another thing."""
_LOCAL = regex(r"GIT_(?:DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|NAMESPACE|SHALLOW_FILE"
                    r"|GRAFT_FILE|ALTERNATE_OBJECT_DIRECTORIES|IMPLICIT_WORK_TREE|TRACE\w*|EXTERNAL_DIFF)")
"""What a hook of git is given about its own repository, which need not be ours."""
_CHUNK = 1 << 20


class Tree(NamedTuple):
    """A tree of a repository, by its object's name."""

    top: str
    """Absolute, with `/`."""
    name: str


class _Blob(NamedTuple):
    path: str
    name: str
    link: bool


def begun(revision: str, paths: tuple[str, ...]) -> Tree:
    """The tree of the commit in which the branch around these absolute paths left a revision. Raises `NoBase`."""
    tops = {_top(path) for path in paths}
    if len(tops) > 1:
        raise NoBase("--diff-base: the paths lie in several repositories; judge one at a time")
    top, = tops
    commit = _asked(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise NoBase(f"--diff-base: {revision!r} is no revision of {top}{_shallow(top)}")
    base = _asked(top, "merge-base", "HEAD", commit)
    if base is None:
        raise NoBase(f"--diff-base: no common ancestor of HEAD and {revision!r} is known{_shallow(top)}")
    tree = _asked(top, "rev-parse", "--verify", "--quiet", f"{base}^{{tree}}")
    if tree is None:
        raise NoBase(f"--diff-base: the tree of {revision!r} is not there{_shallow(top)}")
    return Tree(top, tree)


def compared(options: Options, tree: Tree, cache: Cache | None) -> Options:
    """The same run, to which is known what is found in a tree."""
    from gravity_lint.record import altered

    found: dict[str, Known] = {}

    def base(asked: Options) -> Known:
        key = _key(tree, asked)
        if key not in found:
            found[key] = _kept(tree, asked, cache, key)
        return found[key]

    return altered(options, base=base)


def _key(tree: Tree, options: Options) -> str:
    nested = [(repr(config), sorted(codes)) for config, codes in options.nested]
    paths = sorted(os.path.abspath(path) for path in options.paths)
    return key_of(tool(), tree.name, tree.top, paths, repr(options.config), [rule.code for rule in options.rules],
                  nested)


def _kept(tree: Tree, options: Options, cache: Cache | None, key: str) -> Known:
    """What is found in a tree; a tree never changes, so what was found once holds."""
    if cache is not None and (kept := cache.get(_KIND, key)) is not None:
        return Known(tree.top, {Entry(*entry): count for *entry, count in kept})
    known = _judged(tree, options)
    if cache is not None:
        cache.put(_KIND, key, [(*entry, count) for entry, count in known.counts.items()])
    return known


def _judged(tree: Tree, options: Options) -> Known:
    from pathlib import Path

    from gravity_lint.record import altered
    from gravity_lint.run import run

    with tempfile.TemporaryDirectory(prefix="gravity-lint-") as folder, inputs.recording(None):
        above = os.path.realpath(folder).replace(os.sep, "/")
        paths = _written(tree, above, [os.path.abspath(path).replace(os.sep, "/") for path in options.paths])
        there = altered(
            options, paths=tuple(map(Path, paths)), config=_mirrored(options.config, above), overlay={}, parts=None,
            recorded=False, chosen=None, everything=True, baseline=None, anew=False, base=None,
            nested=tuple((_mirrored(config, above), codes) for config, codes in options.nested))
        report = run(there)
    if report.crashes:
        raise NoBase(f"--diff-base: {report.crashes[0]}")
    known = Known(above + tree.top, {})
    return Known(tree.top, Counter(map(known.entry, report.violations)))


def _mirrored(config: Config, above: str) -> Config:
    from pathlib import Path

    return config._replace(root=Path(above + config.root.as_posix()))


# ---- the tree, in a folder


def _written(tree: Tree, above: str, paths: Sequence[str]) -> list[str]:
    """Writes what of a tree can matter below a folder, at the place where the tree is → the paths, there.

    Every file has its name there, but only those that may be read have their text.
    """
    root = above + tree.top
    os.makedirs(f"{root}/.git/info")
    with contextlib.suppress(OSError):
        where = _asked(tree.top, "rev-parse", "--git-path", "info/exclude") or ""
        shutil.copyfile(os.path.join(tree.top, where), f"{root}/.git/info/exclude")
    blobs = list(_blobs(tree))
    wanted = [blob for blob in blobs if blob.link or _matters(blob.path)]
    texts = zip(wanted, _texts(tree.top, [blob.name for blob in wanted]), strict=True)
    links: list[tuple[str, bytes]] = []
    for blob, text in texts:
        if blob.link:
            links.append((blob.path, text))
        else:
            _put(f"{root}/{blob.path}", text)
    for blob in blobs:
        if not blob.link and not _matters(blob.path):
            _put(f"{root}/{blob.path}", b"")
    for path, target in links:  # last, so that nothing is written through them
        with contextlib.suppress(OSError, ValueError):
            os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
            os.symlink(os.fsdecode(target), f"{root}/{path}")
    return [_there(tree, root, path, blobs) for path in paths]


def _there(tree: Tree, root: str, path: str, blobs: Sequence[_Blob]) -> str:
    """A path as the tree has it; of a file that is new, a neighbour, of whose service all is told."""
    inner = path[len(tree.top):].strip("/")
    if os.path.lexists(f"{root}/{inner}"):
        return f"{root}/{inner}".rstrip("/")
    if not os.path.isdir(path):
        while inner := inner.rpartition("/")[0]:
            near = [blob.path for blob in blobs if blob.path.startswith(f"{inner}/") and _matters(blob.path)]
            if near:
                return f"{root}/{min(near, key=lambda path: (path.count('/'), path))}"
    return root


def _matters(path: str) -> bool:
    from gravity_lint.discover.walk import kind_of

    name = path.rpartition("/")[2]
    return name == ".gitignore" or kind_of(name) != ""


def _put(path: str, data: bytes) -> None:
    with contextlib.suppress(FileExistsError, NotADirectoryError):  # two names that are one on this disk
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with open(handle, "wb") as file:
            file.write(data)


def _blobs(tree: Tree) -> Iterator[_Blob]:
    """The files and links of a tree, but for names that no honest tree has."""
    for row in _run(tree.top, "ls-tree", "-r", "-z", "--full-tree", tree.name).split(b"\0"):
        head, tab, name = row.partition(b"\t")
        mode, _, rest = head.partition(b" ")
        kind, _, blob = rest.partition(b" ")
        path = os.fsdecode(name)
        parts = path.split("/")
        if tab and kind == b"blob" and not {"", ".", ".."} & set(parts) and ".git" not in map(str.lower, parts) \
                and (os.sep == "/" or not set("\\:") & set(path)):
            yield _Blob(path, blob.decode("ascii"), mode == b"120000")


# ---- git


def _top(path: str) -> str:
    here = path
    while not os.path.lexists(f"{here.rstrip('/')}/.git"):
        above = os.path.dirname(here)
        if above == here:
            raise NoBase(f"--diff-base: {path} lies in no git repository")
        here = above
    return here


def _environment() -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if not _LOCAL.fullmatch(name)}, **_ENVIRONMENT}


def _git(top: str, *words: str) -> list[str]:
    program = shutil.which("git")
    if program is None:
        raise NoBase("--diff-base needs git, and there is none on the PATH")
    return [program, "-C", top, *_SAFE, *words]


def _asked(top: str, *words: str) -> str | None:
    """What git answers; None where it has no answer. Raises `NoBase` where it refuses to look."""
    done = subprocess.run(_git(top, *words), env=_environment(), capture_output=True, stdin=subprocess.DEVNULL,
                          check=False)
    if done.returncode == 0:
        return os.fsdecode(done.stdout).strip()
    said = done.stderr.decode("utf-8", "replace").strip()
    if "dubious ownership" in said or "not a git repository" in said:
        raise NoBase(f"--diff-base: git says: {said.splitlines()[0]}")
    return None


def _run(top: str, *words: str) -> bytes:
    done = subprocess.run(_git(top, *words), env=_environment(), capture_output=True, stdin=subprocess.DEVNULL,
                          check=False)
    if done.returncode:
        raise _failed(done.stderr)
    return done.stdout


def _failed(said: bytes) -> NoBase:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return NoBase(f"--diff-base: git says: {lines[0] if lines else 'nothing, and fails'}")


def _shallow(top: str) -> str:
    if _asked(top, "rev-parse", "--is-shallow-repository") != "true":
        return ""
    return "; the clone is shallow: fetch the whole history (`git fetch --unshallow`, or `fetch-depth: 0`)"


def _texts(top: str, names: Iterable[str]) -> Iterator[bytes]:
    """The contents of objects, in their order."""
    with tempfile.TemporaryFile() as wanted, tempfile.TemporaryFile() as said:
        wanted.writelines(name.encode("ascii") + b"\n" for name in names)
        wanted.seek(0)
        with subprocess.Popen(_git(top, "cat-file", "--batch"), env=_environment(), stdin=wanted,
                              stdout=subprocess.PIPE, stderr=said, bufsize=_CHUNK) as process:
            assert process.stdout is not None
            while head := process.stdout.readline():
                words = head.split()
                if len(words) != 3:
                    process.kill()
                    raise NoBase("--diff-base: files of that revision are not there (a partial clone?); fetch them")
                yield process.stdout.read(int(words[2]))
                process.stdout.read(1)
        if process.returncode:
            said.seek(0)
            raise _failed(said.read())
