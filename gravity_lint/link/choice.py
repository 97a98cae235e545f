"""Several values of which one is taken: what is known of them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gravity_lint.link.values import Environment, Joined, Literal, Value, Values, from_environment, unique


def checked(values: Iterable[Value]) -> Values:
    """The values, known not to be missing."""
    return tuple(
        replace(value, checked=True)
        if isinstance(value, Environment)
        else replace(value, parts=tuple(checked(part) for part in value.parts))
        if isinstance(value, Joined)
        else value
        for value in values
    )


def choose(values: Iterable[Value]) -> Values:
    """Values of which one is taken: beside the environment, a literal only stands in where that gives nothing."""
    found = unique(values)
    if len(found) < 2 or not from_environment(found):
        return found
    literals = [value for value in found if isinstance(value, (Literal, Joined)) and not from_environment((value,))]
    if not any(not nothing(value) for value in literals):
        return found
    chosen = tuple(replace(value, chosen=True) if isinstance(value, Literal) else value for value in found)
    return checked(chosen)


def nothing(value: Value) -> bool:
    """Whether a value is a literal that stands for absence: None or an empty text."""
    return isinstance(value, Literal) and value.value in (None, "")
