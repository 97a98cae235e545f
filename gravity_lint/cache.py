"""Plain values kept on the disk between runs: found again by a key, bounded, and worth nothing when they are spoilt."""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import sys
import time
from collections.abc import Iterator
from importlib.machinery import PathFinder
from typing import Any

from gravity_lint import __version__
from gravity_lint.inputs import blake2b
from gravity_lint.record import NamedTuple

MAX_BYTES = 200_000_000
MAX_ENTRIES = 5_000
_KEPT = 0.8
"""The share of the bounds that is left when they are passed, so that not every run has to look for what is old."""

_FORMAT = b"gravity-lint cache 1\n"
_MARSHAL = 4
_ENDING = ".entry"
_HALF = ".half"
"""The ending of what is being written."""
_HOUR = 3600
_TAG = b"""\
Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of gravity-lint; `gravity-lint clean` removes it. See https://bford.info/cachedir/
"""
_LIBRARIES = ("pathspec", "tomli", "tree_sitter", "tree_sitter_bash", "tree_sitter_powershell", "tree_sitter_python",
              "yaml")
"""What is installed beside this program and has a say in what it finds."""


class Cleaned(NamedTuple):
    """What `clean` took away."""

    folder: str
    entries: int
    size: int


class Cache:
    """A folder of entries of some kinds. Whatever goes wrong with it, there is only nothing in it, or nothing kept."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.path.abspath(folder)

    def get(self, kind: str, key: str, place: int = 0) -> Any | None:
        """What was kept under a key, last or some `place` before; None where nothing is that can be trusted."""
        path = self._path(kind, key, place)
        try:
            with open(path, "rb", buffering=0) as file:
                found = os.fstat(file.fileno())
                if not _is_ours(found):
                    return None
                data = file.read()
        except OSError:
            return None
        head = len(_FORMAT) + 32
        if data[:len(_FORMAT)] != _FORMAT or data[len(_FORMAT):head] != _sum(key, data[head:]):
            return None
        if time.time() - found.st_mtime > _HOUR:  # what is used last is kept longest
            with contextlib.suppress(OSError):
                os.utime(path)
        with _without_gc():
            return marshal.loads(memoryview(data)[head:])

    def put(self, kind: str, key: str, value: Any, instead: int = 0) -> None:
        """Keeps plain values under a key: None, truth, numbers, texts, bytes, tuples, lists, dictionaries.

        What stands at the place `instead` makes room, and what was kept after it moves on by one place; where the last
        is the same, as another run may have found at the same time, nothing is kept.
        """
        data = marshal.dumps(value, _MARSHAL)
        path, text = self._path(kind, key), _FORMAT + _sum(key, data) + data
        if instead and _holds(path, text):
            return
        half = f"{path}.{os.getpid()}.{time.time_ns()}{_HALF}"
        try:
            self._prepare(kind)
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            try:
                with open(handle, "wb") as file:
                    file.write(text)
                for place in range(instead, 0, -1):
                    with contextlib.suppress(FileNotFoundError):
                        os.replace(self._path(kind, key, place - 1), self._path(kind, key, place))
                os.replace(half, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(half)
                raise
        except OSError:
            return

    def prune(self) -> None:
        """Takes the oldest entries away where there are too many, and what was left half written."""
        found, now = list(self._entries()), time.time()
        for entry in found:
            if entry.path.endswith(_HALF) and now - entry.used > _HOUR:
                _remove(entry)
        kept = [entry for entry in found if entry.path.endswith(_ENDING)]
        size, count = sum(entry.size for entry in kept), len(kept)
        if size <= MAX_BYTES and count <= MAX_ENTRIES:
            return
        for entry in sorted(kept, key=lambda entry: entry.used):
            if size <= MAX_BYTES * _KEPT and count <= MAX_ENTRIES * _KEPT:
                break
            size, count = size - entry.size, count - 1
            _remove(entry)

    def clean(self) -> Cleaned:
        """Takes away every entry, and the folder if nothing else is in it; nothing of a folder that is no cache of
        ours. Raises `OSError` where something cannot be removed."""
        if not self._is_tagged():
            return Cleaned(self.folder, 0, 0)
        found = list(self._entries())
        for entry in found:
            os.unlink(entry.path)
        for name in ("CACHEDIR.TAG", ".gitignore"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.folder}/{name}")
        for folder in [*{os.path.dirname(entry.path) for entry in found}, self.folder]:
            with contextlib.suppress(OSError):  # something else is in it
                os.rmdir(folder)
        return Cleaned(self.folder, len(found), sum(entry.size for entry in found))

    def _path(self, kind: str, key: str, place: int = 0) -> str:
        return f"{self.folder}/{kind}/{key}{f'.{place}' if place else ''}{_ENDING}"

    def _prepare(self, kind: str) -> None:
        """Makes the folder for a kind of entries; a new cache says that it is one."""
        os.makedirs(self.folder, 0o700, exist_ok=True)
        for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", b"*\n")):
            with contextlib.suppress(FileExistsError), open(f"{self.folder}/{name}", "xb") as file:
                file.write(text)
        os.makedirs(f"{self.folder}/{kind}", 0o700, exist_ok=True)

    def _is_tagged(self) -> bool:
        try:
            with open(f"{self.folder}/CACHEDIR.TAG", "rb") as file:
                return file.read(len(_TAG) + 1) == _TAG
        except OSError:
            return False

    def _entries(self) -> Iterator[_Entry]:
        """What stands in the folders of the kinds and has our endings."""
        for kind in _scanned(self.folder):
            for entry in _scanned(kind.path) if kind.is_dir(follow_symlinks=False) else ():
                if entry.name.endswith((_ENDING, _HALF)) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        found = entry.stat(follow_symlinks=False)
                        yield _Entry(entry.path, found.st_size, found.st_mtime)


class _Entry(NamedTuple):
    path: str
    size: int
    used: float


def _scanned(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _remove(entry: _Entry) -> None:
    with contextlib.suppress(OSError):  # another run was faster
        os.unlink(entry.path)


def _holds(path: str, text: bytes) -> bool:
    """Whether a file has this content."""
    try:
        with open(path, "rb", buffering=0) as file:
            return os.fstat(file.fileno()).st_size == len(text) and file.read() == text
    except OSError:
        return False


def _is_ours(found: os.stat_result) -> bool:
    """Whether an entry was written by this user; what others say of a repository is not believed."""
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def _sum(key: str, data: bytes) -> bytes:
    """What stands in front of an entry; also of its key, for an entry may be copied to another's place."""
    return blake2b(data, digest_size=32, key=key.encode()[:64]).digest()


@contextlib.contextmanager
def _without_gc() -> Iterator[None]:
    """Thousands of new values, none of which is garbage, are not looked through again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


# ---- keys and places


def key_of(*parts: Any) -> str:
    """Plain values → the key that they make."""
    return blake2b(marshal.dumps(parts, 2), digest_size=20).hexdigest()


def tool() -> tuple[object, ...]:
    """What of this program has a say in what it finds: its version, Python's, its files, rules and libraries.

    Nothing is imported for it. Raises `OSError` where the program's own files cannot be listed.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.join(os.path.dirname(package), "rules")
    inside = os.path.join(package, "rules")
    own = [*_files(package), *(() if os.path.isdir(inside) else _files(beside))]
    return __version__, sys.version, sys.platform, own, [_installed(name) for name in _LIBRARIES]


def _files(folder: str, deep: bool = True) -> list[tuple[str, int, int]]:
    """The files of a folder with size and time of modification, sorted, those of the folders below it after them."""
    result, below = [], []
    with os.scandir(folder) as found:
        for entry in sorted(found, key=lambda entry: entry.name):
            if entry.is_dir():
                if deep and entry.name != "__pycache__":
                    below.append(entry.path)
            else:
                stat = entry.stat()
                result.append((entry.path, stat.st_size, stat.st_mtime_ns))
    for path in below:
        result += _files(path)
    return result


def _installed(name: str) -> object:
    """What tells one version of an installed library from another."""
    try:
        spec = PathFinder.find_spec(name)
        return _files(os.path.dirname(spec.origin), False) if spec and spec.origin else None
    except (OSError, ImportError, ValueError):
        return None


def default_folder() -> str | None:
    """Where the user's caches are; None where the user has no place for them."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        above = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        above = os.path.join(home, "Library", "Caches")
    else:
        above = os.environ.get("XDG_CACHE_HOME") or ""
        above = above if os.path.isabs(above) else os.path.join(home, ".cache")
    return os.path.join(above, "gravity-lint") if os.path.isabs(above) else None
