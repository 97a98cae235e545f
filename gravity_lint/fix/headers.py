"""Fixes at the top of files: the comment that marks an example."""

from __future__ import annotations

from gravity_lint.fix.edits import lines_of
from gravity_lint.fix.kinds import Mended, Texts, text_of
from gravity_lint.violation import Remedy

EXAMPLE = "# EXAMPLE: Not for production use. Configure for your project."
_FIRST = ("#!", "# yaml-language-server:", "# -*-", "# vim:", "%")
"""What begins lines that only count at the very top."""


def marked(remedy: Remedy, texts: Texts) -> Mended:
    """The mark above all else, a blank line between it and a comment that it would run into."""
    path = remedy.places[0].path
    text = text_of(texts, path)
    lines = lines_of(text)
    at = next((number for number, line in enumerate(lines) if not line.startswith(_FIRST)), len(lines))
    end = newline_of(text)
    gap = end if "".join(lines[at:at + 1]).lstrip().startswith("#") else ""
    return Mended({path: "".join([*lines[:at], EXAMPLE + end + gap, *lines[at:]])})


def newline_of(text: str) -> str:
    """How the lines of a text end."""
    return "\r\n" if "\r\n" in text and text.count("\r\n") * 2 >= text.count("\n") else "\n"
