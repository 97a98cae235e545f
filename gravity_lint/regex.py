"""Regular expressions that are compiled when they are first used, since most runs use few of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, AnyStr, cast

_sre: Any = import_module("_sre")
"""The engine; to give it the code of a pattern is what `re.compile` ends with."""
KNOWN: list[tuple[Any, int]] = []
"""The text and the flags of each, for what compiles them ahead."""


class _Later:
    """Stands for a `re.Pattern` and has its methods and attributes; not for `re.sub(pattern, …)` and the like."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._given: tuple[Any, int] = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _compiled(*self._given) if name == "_pattern" else getattr(self._pattern, name)
        setattr(self, name, value)  # so that this is asked only once, and using it costs no more than ever
        return value


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but a mistake in the text shows when it is first used."""
    KNOWN.append((text, int(flags)))
    return cast("re.Pattern[AnyStr]", _Later(text, flags))


def engine() -> tuple[object, ...]:
    """What a compiled pattern fits: it holds the interpreter's own numbers."""
    return sys.implementation.cache_tag, sys.byteorder, _sre.MAGIC, _sre.CODESIZE


def _compiled(text: Any, flags: int) -> Any:
    """A pattern. Of one that was compiled when the wheel was built, only the engine has to be convinced."""
    made = _built().get((text, flags))
    if made is None:
        return re.compile(text, flags)
    flags, code, *rest = made
    return _sre.compile(text, flags, memoryview(code).cast("I").tolist(), *rest)


@cache
def _built() -> Mapping[tuple[Any, int], tuple[Any, ...]]:
    """What was compiled when the wheel was built: nothing in a checkout, or where the interpreter is another."""
    try:
        patterns = import_module("gravity_lint.built.patterns")
    except ModuleNotFoundError:
        return {}
    return patterns.PATTERNS if engine() == patterns.ENGINE else {}
