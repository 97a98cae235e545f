"""Runs processes one after the other and tells how long each took and how much memory it held."""

from __future__ import annotations

import hashlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

PASSED_ON = ("PATH", "HOME", "USER", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT")
"""What a measured process inherits: nothing that configures Python or one of the tools."""
_UNIT = 1 if sys.platform == "darwin" else 1024


class BenchmarkError(Exception):
    """What keeps the benchmark, or a part of it, from being run; the text says why."""


@dataclass(frozen=True)
class Command:
    """One process to be measured."""

    name: str
    """Whose it is, as the table calls it."""
    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    fine: frozenset[int] = frozenset({0, 1})
    """The exit codes of a run that did its work."""


@dataclass(frozen=True)
class Sample:
    """One run of a command."""

    seconds: float
    peak: int
    """Bytes that the largest of its processes held at once."""
    output: str
    """A digest of its standard output."""
    lines: int
    """Lines of its standard output."""


@dataclass
class Series:
    """What repeated runs of one command gave."""

    name: str
    samples: list[Sample] = field(default_factory=list)
    trouble: str = ""
    """Why there are no more samples."""

    @property
    def seconds(self) -> float | None:
        """The median, unless a run failed."""
        if self.trouble or not self.samples:
            return None
        return statistics.median(each.seconds for each in self.samples)

    @property
    def peak(self) -> int | None:
        return None if self.trouble or not self.samples else max(each.peak for each in self.samples)

    @property
    def outputs(self) -> frozenset[str]:
        return frozenset(each.output for each in self.samples)


def run(command: Command, scratch: Path, timeout: float) -> Sample:
    """Runs a command to its end, its output going to files in the folder `scratch`.

    Raises `BenchmarkError` when it cannot be started, fails or needs more than `timeout` seconds.
    """
    environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ} | dict(command.environment)
    said, complained = scratch / "stdout", scratch / "stderr"
    with said.open("wb") as out, complained.open("wb") as err:
        begin = time.perf_counter()
        try:
            process = subprocess.Popen(command.arguments, cwd=command.folder, env=environment, stdout=out, stderr=err,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        except OSError as error:
            raise BenchmarkError(f"cannot start `{command.arguments[0]}`: {error.strerror}") from None
        code, peak, late = _wait(process, timeout)
        seconds = time.perf_counter() - begin
    if late:
        raise BenchmarkError(f"more than {timeout:g} s")
    if code not in command.fine or _broken(complained):
        raise BenchmarkError(f"failed with exit code {code}: {_last_line(complained) or _last_line(said) or 'silent'}")
    content = said.read_bytes()
    return Sample(seconds, peak, hashlib.sha256(content).hexdigest(), content.count(b"\n"))


def in_turns(commands: Sequence[Command], runs: int, scratch: Path, timeout: float,
             around: Callable[[Command, int], AbstractContextManager[None]] | None = None) -> list[Series]:
    """Runs the commands A B C A B C …, so that whatever else the machine does falls on all of them alike.

    One round more is run ahead, of turn -1, and thrown away: it fills caches, also those of the disk. Each run is done
    within what `around` gives for it. A command that fails is not run again.
    """
    series = [Series(command.name) for command in commands]
    for turn in range(-1, runs):
        for command, gathered in zip(commands, series, strict=True):
            if gathered.trouble:
                continue
            try:
                with around(command, turn) if around else nullcontext():
                    sample = run(command, scratch, timeout)
            except BenchmarkError as error:
                gathered.trouble = str(error)
                continue
            if turn >= 0:
                gathered.samples.append(sample)
            told = f"{'warm-up' if turn < 0 else f'run {turn + 1} of {runs}'}"
            print(f"  {command.name}: {told}, {sample.seconds:.3f} s", file=sys.stderr, flush=True)
    return series


def _wait(process: subprocess.Popen[bytes], timeout: float) -> tuple[int, int, bool]:
    """Exit code, peak memory of the largest process, and whether it had to be ended since it took too long."""
    late = threading.Event()

    def end() -> None:
        late.set()
        _end(process.pid)

    timer = threading.Timer(timeout, end)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        _end(process.pid)
        raise
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * _UNIT, late.is_set()


def _end(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _broken(complained: Path) -> bool:
    """Whether a program in Python ended by an exception: its exit code is that of one that found something."""
    return any(line.startswith(b"Traceback (most recent call last)") for line in complained.read_bytes().splitlines())


def _last_line(path: Path) -> str:
    lines = [line for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else ""
