"""A line on the terminal while a run takes its time: how far it is, and nothing of it when that is over."""

from __future__ import annotations

import threading
import time
from typing import TextIO

AFTER = 1.0
"""Seconds that may pass without a word."""
EVERY = 0.2
_BAR = 24


class Progress:
    """How far a run is. As a context it watches what one thread does; others call `tick` now and then themselves."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = time.monotonic()
        self._shown = 0
        self._stop = threading.Event()
        self._watch: threading.Thread | None = None
        self.begin(0, 0)

    def begin(self, size: float, services: int) -> None:
        """There is something to do, of this size, in so many services."""
        self._size, self._services = max(size, 1), services
        self._done, self._judged = 0.0, 0

    def step(self, size: float, judged: int = 0) -> None:
        """So much of it is done, and with it so many services."""
        self._done += size
        self._judged += judged

    def tick(self) -> None:
        """Shows how far it is, if it takes that long."""
        seconds = time.monotonic() - self._begun
        if seconds >= AFTER:
            self._write(self._line(int(seconds)))

    def clear(self) -> None:
        """Rubs out what is shown."""
        if self._shown:
            self._write("")

    def __enter__(self) -> None:
        self._stop.clear()
        self._watch = threading.Thread(target=self._ticking, daemon=True)
        self._watch.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._watch is not None:
            self._watch.join()
        self.clear()

    def _ticking(self) -> None:
        while not self._stop.wait(EVERY):
            self.tick()

    def _line(self, seconds: int) -> str:
        share = min(self._done / self._size, 1.0)
        bar = "#" * int(share * _BAR)
        services = f"{self._judged} of {self._services} services" if self._services > 1 else "1 service"
        return f"judging [{bar:.<{_BAR}}] {share:4.0%}  {services}  {seconds} s"

    def _write(self, line: str) -> None:
        import shutil  # dear, and most runs are done before

        line = line[:shutil.get_terminal_size().columns - 1]
        try:
            self._stream.write(f"\r{line:<{self._shown}}" + ("" if line else "\r"))
            self._stream.flush()
        except OSError:  # the terminal is gone
            self._stop.set()
        self._shown = len(line)
