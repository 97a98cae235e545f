"""Worker processes: forks of this one that are handed tasks, and give plain values back."""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gravity_lint.record import NamedTuple

if TYPE_CHECKING:
    import selectors

    from gravity_lint.progress import Progress

_STOP = (1 << 32) - 1
_GLANCE = 0.2
"""Seconds between two looks at how far the work is, if that is to be shown."""
_FAILED = 70
"""The exit code of a worker that failed in something else than a task."""


class Lost(NamedTuple):
    """What became of a task that raised something, or whose worker ended before it could say more."""

    why: str


def cores() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def possible() -> bool:
    """Whether this process can be forked; one with threads may hold locks that nobody would ever release."""
    return hasattr(os, "fork") and len(sys._current_frames()) == 1


def spread(sizes: Sequence[int], work: Callable[[int], Any], processes: int, enough: int,
           progress: Progress | None = None) -> list[Any]:
    """Does `work` with 0, 1, … in forks of this process, the largest first → plain values in the order of the sizes.

    A worker that has done `enough` makes place for a new one: its memory is given back at once, which is cheaper than
    looking through it for garbage. A task that raises something, or whose worker dies, has a `Lost` for a result; the
    others are done nevertheless. No worker outlives this call, whatever is raised in it.
    """
    import selectors

    found: list[Any] = [None] * len(sizes)
    waiting = iter(sorted(range(len(sizes)), key=lambda index: -sizes[index]))
    crew: list[_Worker] = []
    gc.freeze()  # what is here now is never looked through in a worker, and so stays one copy
    with selectors.DefaultSelector() as pipes:
        try:
            for _ in range(processes):
                _hire(crew, pipes, work, waiting)
            while crew:
                for key, _ in pipes.select(_GLANCE if progress else None):
                    worker: _Worker = key.data
                    if worker.hear():
                        for result in worker.results():
                            found[worker.task] = result
                            worker.done += sizes[worker.task]
                            if progress is not None:
                                progress.step(sizes[worker.task], 1)
                            worker.send(next(waiting, _STOP) if worker.done < enough else _STOP)
                        continue
                    pipes.unregister(worker.ear)
                    crew.remove(worker)
                    why = worker.buried()
                    if worker.task != _STOP:
                        found[worker.task] = Lost(why)
                    _hire(crew, pipes, work, waiting)
                if progress is not None:
                    progress.tick()
        finally:
            if progress is not None:
                progress.clear()
            for worker in crew:
                worker.kill()
            gc.unfreeze()
    return found


def _hire(crew: list[_Worker], pipes: selectors.BaseSelector, work: Callable[[int], Any],
          waiting: Iterator[int]) -> None:
    """One worker more, if there is something to do for it."""
    import selectors

    task = next(waiting, None)
    if task is not None:
        worker = _Worker(work, crew)
        crew.append(worker)
        pipes.register(worker.ear, selectors.EVENT_READ, worker)
        worker.send(task)


class _Worker:
    """A fork of this process, seen from outside."""

    def __init__(self, work: Callable[[int], Any], others: Sequence[_Worker]) -> None:
        self.task = _STOP
        self.done = 0
        self._heard = bytearray()
        orders, self._mouth = os.pipe()
        self.ear, results = os.pipe()
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._pid = os.fork()
            if not self._pid:
                _serve(work, orders, results, [end for one in (self, *others) for end in (one.ear, one._mouth)], held)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        os.close(orders)
        os.close(results)

    def send(self, task: int) -> None:
        """Hands it a task, or the word that there is none."""
        self.task = task
        with contextlib.suppress(BrokenPipeError):  # it is dead, as its other pipe will say
            os.write(self._mouth, task.to_bytes(4, "big"))

    def hear(self) -> bool:
        """Takes what it says next; False where it has said its last."""
        part = os.read(self.ear, 1 << 20)
        self._heard += part
        return bool(part)

    def results(self) -> Iterator[Any]:
        """What it has said in full."""
        while len(self._heard) >= 8 and len(self._heard) >= (end := 8 + int.from_bytes(self._heard[:8], "big")):
            said = bytes(self._heard[8:end])
            del self._heard[:end]
            value, why = marshal.loads(said)
            yield value if why is None else Lost(why)

    def buried(self) -> str:
        """Waits for its end → what that was, in words."""
        os.close(self.ear)
        os.close(self._mouth)
        _, status = os.waitpid(self._pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return f"its process ended with exit code {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        short = ", perhaps for want of memory" if -code == getattr(signal, "SIGKILL", 9) else ""
        return f"its process was ended by {name}{short}"

    def kill(self) -> None:
        """Ends it, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self.buried()


def _serve(work: Callable[[int], Any], orders: int, results: int, foreign: Sequence[int], mask: set[Any]) -> None:
    """What a worker does; it never returns."""
    code = 0
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for end in foreign:
            os.close(end)
        while len(order := os.read(orders, 4)) == 4 and (task := int.from_bytes(order, "big")) != _STOP:
            data = marshal.dumps(_done(work, task))
            _write(results, len(data).to_bytes(8, "big") + data)
    except BrokenPipeError:  # nobody listens any more
        pass
    except BaseException as error:
        code = _FAILED
        _debugged(error)
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code)  # what this process has of the other's buffers and handlers is not its own


def _done(work: Callable[[int], Any], task: int) -> tuple[Any, str | None]:
    try:
        return work(task), None
    except Exception as error:
        _debugged(error)
        return None, f"{type(error).__name__}: {error}".strip().partition("\n")[0]


def _debugged(error: BaseException) -> None:
    if os.environ.get("GRAVITY_LINT_DEBUG"):
        import traceback

        traceback.print_exception(error)


def _write(end: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(end, view):]
