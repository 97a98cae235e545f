"""Regular expressions that are compiled when they are first used, since most runs use few of them."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Later:
    """Stands for a `re.Pattern` and has its methods and attributes; not for `re.sub(pattern, …)` and the like."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._given: tuple[Any, int] = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(re.compile(*self._given), name)  # `re` remembers what it compiled
        setattr(self, name, value)  # so that this is asked only once, and using it costs no more than ever
        return value


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but a mistake in the text shows when it is first used."""
    return cast("re.Pattern[AnyStr]", _Later(text, flags))
