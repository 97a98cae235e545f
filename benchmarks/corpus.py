"""The 18 real projects that are judged: fetched from the package index as pinned wheels, unpacked, never installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from stat import S_IFMT, S_IFREG

from benchmarks.measure import BenchmarkError

LIST = Path(__file__).with_name("corpus.txt")
_ANYWHERE = ("--python-version", "3.13", "--implementation", "cp", "--abi", "cp313", "--abi", "abi3", "--abi", "none",
             "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64", "--platform", "any")
_PURE = ("--python-version", "3.13", "--implementation", "py", "--abi", "none", "--platform", "any")
_WAYS = ((), ("--ignore-requires-python",), _ANYWHERE, _PURE)
"""How a wheel is asked for, in turn: some demand another Python or platform, which does not matter to a reader, and
the index offers the wheel of this platform before the one without a platform."""


@dataclass(frozen=True)
class Wheel:
    """One project of the corpus."""

    file: str
    sha256: str

    @property
    def project(self) -> str:
        return self.file.split("-")[0]

    @property
    def version(self) -> str:
        return self.file.split("-")[1]


@dataclass(frozen=True)
class Corpus:
    """The unpacked projects."""

    paths: tuple[Path, ...]
    """What the tools are given: the folder of all projects, or those of the chosen ones."""
    python: tuple[Path, ...]
    """Every Python file below these, sorted."""
    size: int
    """Their bytes."""
    projects: int


def wheels(text: str | None = None) -> tuple[Wheel, ...]:
    """The pinned wheels, from lines `sha256  file` as sha256sum writes them. Raises `BenchmarkError`."""
    found: list[Wheel] = []
    for number, line in enumerate((LIST.read_text("utf-8") if text is None else text).splitlines(), 1):
        digest, _, file = line.partition("  ")
        if len(digest) != 64 or not file.endswith(".whl") or "/" in file or file.count("-") < 4:
            raise BenchmarkError(f"line {number} of the list of wheels is not a SHA-256 and the name of a wheel")
        found.append(Wheel(file, digest))
    return tuple(found)


def fetch(home: Path, chosen: Iterable[str] = ()) -> Corpus:
    """Downloads and unpacks what is not there yet: `home/wheels/*.whl` → `home/x/<project>/`.

    `chosen` names projects; all when it is empty. Raises `BenchmarkError`.
    """
    pinned, names = wheels(), set(chosen)
    if unknown := names - {each.project for each in pinned}:
        raise BenchmarkError(f"`{min(unknown)}` is no project of the corpus; "
                             f"it must be one of {', '.join(each.project for each in pinned)}")
    wanted = [each for each in pinned if not names or each.project in names]
    for wheel in wanted:
        folder = home / "x" / wheel.project
        archive = home / "wheels" / wheel.file
        if not archive.is_file():
            print(f"fetching {wheel.file}", file=sys.stderr, flush=True)
            download(wheel, archive)
        verify(archive, wheel.sha256)
        if not folder.is_dir():
            unpack(archive, folder)
        else:
            mend(archive, folder)
    paths = tuple(home / "x" / each.project for each in wanted)  # each a repository of its own, not parts of one
    files = tuple(sorted(file for path in paths for file in path.rglob("*.py") if file.is_file()))
    return Corpus(paths, files, sum(file.stat().st_size for file in files), len(wanted))


def download(wheel: Wheel, archive: Path) -> None:
    """Asks the package index for one wheel. Raises `BenchmarkError`."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    complaint = ""
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        for way in _WAYS:
            done = subprocess.run(
                [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps",
                 "--only-binary", ":all:", *way, "--dest", scratch, f"{wheel.project}=={wheel.version}"],
                capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
            got = Path(scratch, wheel.file)
            if not done.returncode and got.is_file():
                verify(got, wheel.sha256)
                os.replace(got, archive)
                return
            complaint = (done.stderr.strip().splitlines() or ["another file than the pinned one was offered"])[-1]
    raise BenchmarkError(f"cannot fetch `{wheel.file}`: {complaint}")


def verify(archive: Path, sha256: str) -> None:
    """Raises `BenchmarkError` unless the file has this digest."""
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != sha256:
        raise BenchmarkError(f"`{archive}` is not the pinned wheel: its SHA-256 is {digest.hexdigest()}, "
                             f"it must be {sha256}; delete it, and it is fetched again")


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a wheel into a new folder, whole or not at all. Raises `BenchmarkError`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder.parent.parent))
    try:
        with _opened(archive) as opened:
            for info in _members(archive, opened):
                opened.extract(info, scratch)
        scratch.chmod(0o755)
        os.replace(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def mend(archive: Path, folder: Path) -> None:
    """Writes those files again that have not the size they were packed with: a run that was killed may have left one
    changed. Raises `BenchmarkError`."""
    with _opened(archive) as opened:
        for info in _members(archive, opened):
            path = folder / info.filename
            if not info.is_dir() and (not path.is_file() or path.stat().st_size != info.file_size):
                opened.extract(info, folder)


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (OSError, zipfile.BadZipFile) as error:
        raise BenchmarkError(f"`{archive}` cannot be unpacked: {error}") from None


def _members(archive: Path, opened: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The members, once none of them would leave the folder it is unpacked into."""
    members = opened.infolist()
    for info in members:
        name = info.orig_filename.replace("\\", "/")
        outside = ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive
        kind = S_IFMT(info.external_attr >> 16)
        if outside or "\0" in name or (kind not in (0, S_IFREG) and not info.is_dir()):
            raise BenchmarkError(f"`{archive}` holds `{info.orig_filename}`, which is no file inside it; "
                                 "nothing of it is unpacked")
    yield from members

