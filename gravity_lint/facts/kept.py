"""Keeps what was read from a source for as long as the source lives, so that nothing is read twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from gravity_lint.source import Source

_Facts = TypeVar("_Facts")


def kept(read: Callable[[Source], _Facts]) -> Callable[[Source], _Facts]:
    """A function of a source → the same, which is run once for each source."""
    known: WeakKeyDictionary[Source, _Facts] = WeakKeyDictionary()

    @wraps(read)
    def ask(source: Source) -> _Facts:
        if source not in known:
            known[source] = read(source)
        return known[source]

    return ask
