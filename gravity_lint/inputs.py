"""The one room through which a run looks at the disk, and what it saw there, to be compared with later."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from gravity_lint.record import NamedTuple

try:
    from _blake2 import blake2b as blake2b  # hashlib loads OpenSSL first, which takes longer than all else
except ImportError:  # pragma: no cover
    from hashlib import blake2b as blake2b

Stamp = tuple[int, int, int, int]
"""What changes with a file's content or a folder's names: inode, size, time of modification, time of change."""
Plain = tuple[Any, ...]

MARGIN = 2_000_000_000
"""Nanoseconds within which two changes may bear the same time on the coarsest file system (FAT)."""

FEW = 20
"""Files and folders that are sooner compared in every run than written down anew."""

_FLAGS = (os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
          | getattr(os, "O_NONBLOCK", 0))


class NotRegular(Exception):
    """What was to be read is a pipe, a device or a folder."""


class Lens(NamedTuple):
    """Which entries of a listed folder count; the name finds it again when the folder is compared."""

    name: str
    keeps: Callable[[os.DirEntry[str]], object]


EVERYTHING = Lens("everything", lambda entry: True)
FILES = Lens("files", lambda entry: not entry.is_dir(follow_symlinks=False))
"""Files and links, but not the folders that tools leave everywhere."""


# ---- looking


def read(path: str, limit: int) -> bytes:
    """The first `limit` bytes of a regular file. Raises `NotRegular`, `OSError`, and `ValueError` for a bad name."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever, a device might do anything
            state(path)
            raise NotRegular(path)
        data = _read(path, limit, found.st_size)
    except OSError as error:
        _asked("unread", path, str(error.errno))
        raise
    if (record := _current.get()) is not None:
        record.read(path, _stamp(found), limit, data)
    return data


def scan(path: str, lens: Lens = EVERYTHING) -> list[os.DirEntry[str]]:
    """The entries of a folder; what the lens does not keep may be there or not. Raises `OSError`."""
    record = _current.get()
    try:
        found = os.stat(path) if record is not None else None
        with os.scandir(path) as listed:
            entries = list(listed)
    except OSError as error:
        _asked("unlisted", path, str(error.errno))
        raise
    if record is not None and found is not None:
        record.listed(path, lens, _stamp(found), entries)
    return entries


def state(path: str) -> str:
    """What a path is: `f` a file, `d` a folder, `o` another thing, empty for nothing; `l` in front of it for a link."""
    return _asked("state", path, _state(path))


def is_file(path: str) -> bool:
    """Whether a path is a file or leads to one."""
    return state(path).endswith("f")


def is_folder(path: str) -> bool:
    """Whether a path is a folder or leads to one."""
    return state(path).endswith("d")


def is_link(path: str) -> bool:
    """Whether a path is a link, broken or not."""
    return state(path).startswith("l")


def exists(path: str) -> bool:
    """Whether something is there; not so for a broken link."""
    return state(path) not in ("", "l")


def lexists(path: str) -> bool:
    """Whether something is there, be it a broken link."""
    return state(path) != ""


def resolved(path: str) -> str:
    """The path without links."""
    return _asked("resolved", path, os.path.realpath(path))


def _read(path: str, limit: int, size: int) -> bytes:
    handle = os.open(path, _FLAGS)
    try:
        parts: list[bytes] = []
        left = limit
        while left > 0 and (part := os.read(handle, wanted := min(left, max(size, 1 << 16) + 1))):
            parts.append(part)
            left -= len(part)
            if len(part) < wanted and len(part) >= size:  # what is regular gives all that it has
                break
    finally:
        os.close(handle)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _state(path: str) -> str:
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError):
        return ""
    if not stat.S_ISLNK(mode):
        return _type(mode)
    try:
        return "l" + _type(os.stat(path).st_mode)
    except OSError:
        return "l"


def _type(mode: int) -> str:
    return "f" if stat.S_ISREG(mode) else "d" if stat.S_ISDIR(mode) else "o"


def _unread(path: str) -> str:
    try:
        if stat.S_ISREG(os.stat(path).st_mode):
            _read(path, 1, 1)
    except OSError as error:
        return str(error.errno)
    return ""


def _unlisted(path: str) -> str:
    try:
        os.scandir(path).close()
    except OSError as error:
        return str(error.errno)
    return ""


_QUESTIONS: Mapping[str, Callable[[str], str]] = {
    "state": _state, "resolved": os.path.realpath, "unread": _unread, "unlisted": _unlisted}
"""What may be asked of a path, few times in a run, and is asked again when the run is compared."""


# ---- recording


class Inputs:
    """What a run saw: files by their stamp and a digest of what was read, folders by their names, other answers.

    `settled` is False where something changed between two looks at it: such a run is no basis for another.
    """

    def __init__(self, begun: int | None = None) -> None:
        self.begun = time.time_ns() if begun is None else begun
        self.settled = True
        self.files: dict[str, tuple[Stamp, int, bytes]] = {}
        self.folders: dict[tuple[str, str], tuple[Stamp, bytes]] = {}
        self.answers: dict[tuple[str, str], str] = {}

    def read(self, path: str, stamp: Stamp, limit: int, data: bytes) -> None:
        known = self.files.get(path)
        self.settled &= known is None or known[0] == stamp
        if known is None or known[1] < limit:
            self.files[path] = stamp, limit, _digest(data)

    def listed(self, path: str, lens: Lens, stamp: Stamp, entries: Iterable[os.DirEntry[str]]) -> None:
        self._set(self.folders, (path, lens.name), (stamp, _names(entries, lens)))

    def answered(self, question: str, path: str, answer: str) -> None:
        self._set(self.answers, (question, path), answer)

    def add(self, other: Inputs) -> None:
        """Takes in what another part of the same run saw, perhaps in another process."""
        self.begun = min(self.begun, other.begun)
        self.settled &= other.settled
        for path, found in other.files.items():
            known = self.files.setdefault(path, found)
            self.settled &= known[0] == found[0]
            if known[1] < found[1]:
                self.files[path] = found
        for folder, names in other.folders.items():
            self._set(self.folders, folder, names)
        for asked, answer in other.answers.items():
            self._set(self.answers, asked, answer)

    def agrees(self, path: str, data: bytes) -> bool:
        """Whether these bytes are what was read of a file, if it was read whole."""
        known = self.files.get(path)
        return known is None or len(data) > known[1] or known[2] == _digest(data)

    def plain(self) -> Plain:
        """All of it as plain values, for another process."""
        return self.begun, self.settled, self.files, self.folders, self.answers

    @classmethod
    def of(cls, values: Plain) -> Inputs:
        """What `plain` gave."""
        found = cls(values[0])
        _, found.settled, found.files, found.folders, found.answers = values
        return found

    def _set(self, table: dict[Any, Any], key: object, value: object) -> None:
        self.settled &= table.setdefault(key, value) == value


_current: ContextVar[Inputs | None] = ContextVar("inputs", default=None)


@contextmanager
def recording(record: Inputs | None) -> Iterator[None]:
    """What is looked at inside goes into this record, and only there; None records nothing."""
    token = _current.set(record)
    try:
        yield
    finally:
        _current.reset(token)


def recorded() -> bool:
    """Whether this run is being recorded."""
    return _current.get() is not None


def add(record: Inputs | None) -> None:
    """What another part of this run saw belongs to it, if it is recorded."""
    if record is not None and (current := _current.get()) is not None:
        current.add(record)


def _asked(question: str, path: str, answer: str) -> str:
    if (record := _current.get()) is not None:
        record.answered(question, path, answer)
    return answer


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _names(entries: Iterable[os.DirEntry[str]], lens: Lens) -> bytes:
    """What stands for the entries of a folder that a lens keeps."""
    kept = [f"{_kind(entry)}{entry.name}" for entry in entries if lens.keeps(entry)]
    return _digest("/".join(sorted(kept)).encode("utf-8", "surrogatepass"))


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "l"
    return "d" if entry.is_dir(follow_symlinks=False) else "f" if entry.is_file(follow_symlinks=False) else "o"


# ---- comparing


def plain(record: Inputs) -> Plain:
    """A record as plain values: the files by folder, so that their paths take little room."""
    late = record.begun - MARGIN
    by_folder: dict[str, list[tuple[str, Stamp | None, int, bytes]]] = {}
    for path, (stamp, limit, digest) in sorted(record.files.items()):
        folder, slash, name = path.rpartition("/")
        by_folder.setdefault(folder + slash, []).append((name, _or_racy(stamp, late), limit, digest))
    files = [(folder, *map(list, zip(*those, strict=True))) for folder, those in by_folder.items()]
    folders = [(*key, _or_racy(stamp, late), digest) for key, (stamp, digest) in sorted(record.folders.items())]
    return files, folders, [(*key, answer) for key, answer in sorted(record.answers.items())]


def restored(known: Plain) -> Inputs:
    """The record that `plain` was given, where `unchanged` has just said True of it."""
    files, folders, answers = known
    found = Inputs()
    for folder, names, stamps, limits, digests in files:
        for name, stamp, limit, digest in zip(names, stamps, limits, digests, strict=True):
            found.files[folder + name] = stamp, limit, digest
    found.folders = {(path, lens): (stamp, digest) for path, lens, stamp, digest in folders}
    found.answers = {(question, path): answer for question, path, answer in answers}
    return found


def _or_racy(stamp: Stamp, late: int) -> Stamp | None:
    """None in place of a stamp that a later change might leave as it is, for it is as young as the run."""
    return None if stamp[2] >= late or stamp[3] >= late else stamp


def unchanged(known: Plain, lenses: Callable[[str], Lens],
              idle: Callable[[str, bytes, bytes], bool] = lambda path, before, added: False) -> Inputs | bool:
    """Whether all that a record (as `plain` gives it) tells of is as it was, or differs in nothing that counts.

    True where the stamps say so, or so little differs that it is soon seen again; else the new record. `lenses` finds a
    lens by its name; `idle` says of a file, what was in it and what was added to it, whether that does not count.
    """
    begun = time.time_ns()
    files, folders, answers = known
    if any(_QUESTIONS[question](path) != answer for question, path, answer in answers):
        return False
    other_folders = _moved_folders(folders)
    if other_folders is None:
        return False
    other_files = _moved_files(files)
    if other_files is None:
        return False
    if not other_folders and not other_files:
        return True
    return _compared(known, Inputs(begun), other_folders, other_files, lenses, idle)


def _moved_folders(folders: Sequence[Plain]) -> list[int] | None:
    """The positions of the folders whose stamp is another; None where one is gone."""
    look, moved = os.stat, []
    for index, (path, _, stamp, _) in enumerate(folders):
        try:
            found = look(path)
        except OSError:
            return None
        if (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) != stamp:
            moved.append(index)
    return moved


def _moved_files(files: Sequence[Plain]) -> list[tuple[int, int]] | None:
    """The positions of the files whose stamp is another; None where one is gone."""
    look, moved = os.stat, []
    for outer, (folder, names, stamps, _, _) in enumerate(files):
        for inner, name in enumerate(names):
            try:
                found = look(folder + name)
            except OSError:
                return None
            if (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) != stamps[inner]:
                moved.append((outer, inner))
    return moved


def _compared(known: Plain, record: Inputs, folders: Sequence[int], files: Sequence[tuple[int, int]],
              lenses: Callable[[str], Lens], idle: Callable[[str, bytes, bytes], bool]) -> Inputs | bool:
    """The new record where the folders and files at these positions hold what they held; else False.

    Or True, where a file differs in nothing that counts, and too little in all to be worth a new record.
    """
    differing = 0
    with recording(record):
        try:
            for index in folders:
                path, lens, _, digest = known[1][index]
                scan(path, lenses(lens))
                if record.folders[path, lens][1] != digest:
                    return False
            for outer, inner in files:
                folder, names, stamps, limits, digests = known[0][outer]
                path, stamp, digest = folder + names[inner], stamps[inner], digests[inner]
                data = read(path, limits[inner])
                if record.files[path][2] == digest:
                    continue
                differing += 1
                if stamp is None or not stamp[1] <= len(data) < limits[inner] or _digest(data[:stamp[1]]) != digest \
                        or not idle(path, data[:stamp[1]], data[stamp[1]:]):
                    return False
        except (OSError, NotRegular):
            return False
    if differing and len(folders) + len(files) <= FEW:
        return True
    for folder, names, stamps, limits, digests in known[0]:
        for name, stamp, limit, digest in zip(names, stamps, limits, digests, strict=True):
            record.files.setdefault(folder + name, (stamp, limit, digest))
    for path, lens, stamp, digest in known[1]:
        record.folders.setdefault((path, lens), (stamp, digest))
    record.answers = {(question, path): answer for question, path, answer in known[2]}
    return record
