"""Several values of which one is taken: what is known of them together."""

from __future__ import annotations

from collections.abc import Iterable

from gravity_lint.link.values import Environment, Joined, Literal, Value, Values, from_environment, sources, unique
from gravity_lint.record import altered

MAX_NESTING = 12
"""Texts inside texts that are followed."""


def checked(values: Iterable[Value]) -> Values:
    """The values, known not to be missing."""
    return _checked(values, {}, 0)


def _checked(values: Iterable[Value], known: dict[int, tuple[Values, ...]], depth: int) -> Values:
    """With what is `known` already of a text's parts by their identity: the same text may stand in many others."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Environment):
            found.append(altered(value, checked=True))
        elif isinstance(value, Joined) and depth < MAX_NESTING:
            parts = known.get(id(value.parts))
            if parts is None:
                parts = known[id(value.parts)] = tuple(_checked(part, known, depth + 1) for part in value.parts)
            found.append(altered(value, parts=parts))
        else:
            found.append(value)
    return tuple(found)


def choose(values: Iterable[Value]) -> Values:
    """Values of which one is taken: beside the environment, a literal only stands in where that gives nothing."""
    found = unique(values)
    if len(found) < 2 or not from_environment(found):
        return found
    literals = [value for value in found if isinstance(value, (Literal, Joined)) and not from_environment((value,))]
    if not any(not nothing(value) for value in literals):
        return found
    names = [source.name for source in sources(found) if isinstance(source, Environment)]
    chosen = names[0] if names else ""
    return checked(
        altered(value, chosen=chosen) if isinstance(value, (Literal, Joined)) and value in literals else value
        for value in found
    )


def nothing(value: Value) -> bool:
    """Whether a value is a literal that stands for absence: None or an empty text."""
    return isinstance(value, Literal) and value.value in (None, "")
