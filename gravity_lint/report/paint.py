"""Colours for terminals."""

from __future__ import annotations

_CODES = {"error": "1;31", "warning": "1;33", "note": "1;36", "bold": "1", "frame": "34", "dim": "2", "good": "1;32",
          "marked": "4"}


class Paint:
    """Colours text, or leaves it as it is where none are wanted."""

    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, kind: str, text: str) -> str:
        return f"\x1b[{_CODES[kind]}m{text}\x1b[0m" if self._color and text else text
