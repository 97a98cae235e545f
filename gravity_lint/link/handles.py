"""Objects that talk to a database, and the addresses that they were opened with."""

from __future__ import annotations

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr
from gravity_lint.facts.urls import in_memory
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.texts import templates
from gravity_lint.link.values import External, Made, Value, Values

_MAX_WAY = 6
"""Objects made by methods of objects that are followed back."""
_MEMORY = ":memory:"
_WITHOUT = frozenset({"duckdb.connect"})
"""Openers that open a database in memory when they are given no address."""


def is_in_memory(ask: Evaluator, values: Values) -> bool:
    """Whether objects lead only to databases in memory, which are gone with the process and belong to nobody else."""
    texts = addresses(ask, values)
    return texts is not None and all(text.strip() == _MEMORY or in_memory(text) for text in texts)


def addresses(ask: Evaluator, values: Values, depth: int = 0) -> list[str] | None:
    """The addresses behind engines, connections, sessions and cursors; None where one of them is not known."""
    found: list[str] = []
    for value in values:
        texts = _behind(ask, value, depth)
        if not texts:
            return None
        found.extend(texts)
    return found or None


def _behind(ask: Evaluator, value: Value, depth: int) -> list[str] | None:
    if depth > _MAX_WAY:
        return None
    if isinstance(value, External):
        return _behind(ask, value.receiver, depth + 1) if value.receiver is not None else None
    if not isinstance(value, Made) or value.call is None or value.frame is None:
        return None
    driver = knowledge.drivers().get(value.name)
    if driver is not None:
        return _given(ask, value, driver)
    func = value.call.func
    if isinstance(func, Attr):
        return addresses(ask, ask.values(func.base, value.frame), depth + 1)
    made = addresses(ask, ask.values(func, value.frame), depth + 1)  # `SessionLocal()`: what the factory was given
    if made is not None:
        return made
    for arg in value.call.args:
        texts = addresses(ask, ask.values(arg.value, value.frame), depth + 1)
        if texts is not None:
            return texts
    return None


def _given(ask: Evaluator, value: Made, driver: knowledge.Driver) -> list[str] | None:
    """The addresses in the call of a driver."""
    assert value.call is not None
    assert value.frame is not None
    for role in ("url", "file", "host"):
        given = ask.runs.argument(value.call, value.frame, driver.arguments.get(role))
        if given is not None:
            texts = [template.text for template in templates(given)]
            return texts if len(texts) == len(given) else None
    return [_MEMORY] if value.name in _WITHOUT and not value.call.args else None
