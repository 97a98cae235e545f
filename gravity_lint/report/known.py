"""What is said about a baseline: what of it is mended, and what has moved."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from gravity_lint.baseline import Known, Outcome
from gravity_lint.report.text import counted

SHOWN = 10
"""Mended violations that are named."""


def lines(outcome: Outcome, shown: Callable[[str], str]) -> Iterator[str]:
    """The lines about what is mended, and how the file shrinks; none where nothing is."""
    number = sum(count for _, count in outcome.mended)
    if number:
        verb = "is" if number == 1 else "are"
        yield f"{counted(number, 'known violation')} {verb} mended; `--prune-baseline` takes " \
              f"{'it' if number == 1 else 'them'} out of {shown(outcome.path)}:"
        home = Known(os.path.dirname(outcome.path), {})
        for entry, count in outcome.mended[:SHOWN]:
            times = f" ({count} times)" if count > 1 else ""
            yield f"  {shown(home.outer(entry.path))}: {entry.code} {entry.symbol}".rstrip() + times
        if len(outcome.mended) > SHOWN:
            yield f"  and {len(outcome.mended) - SHOWN} more"
    if outcome.moved:
        yield f"{counted(outcome.moved, 'known violation')} stand{'s' if outcome.moved == 1 else ''} in another " \
              f"file now; `--prune-baseline` writes that down"
