"""The stretches of code that do not run: for the type checker only, or only when the module is the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gravity_lint.facts.code import Attr, Block, Class, Compare, Const, Expr, Function, If, Logic, Name, Series, Span
from gravity_lint.link.modules import Unit, blocks, body_of

_PROGRAM = frozenset({"__main__", "__mp_main__"})
_END = 1 << 60


def mains(unit: Unit) -> tuple[Span, ...]:
    """The stretches of a unit's own statements that run only when its module is the program."""
    return _kept(unit, "mains", _main)


def idle(unit: Unit) -> tuple[Span, ...]:
    """Those that never run: behind `TYPE_CHECKING`, `False`, or a name that the module never has."""
    return _kept(unit, "idle", _never)


def _kept(unit: Unit, name: str, chosen: Callable[[If], frozenset[int]]) -> tuple[Span, ...]:
    known = unit.code.known
    if known is None:
        known = unit.code.known = {}
    if name not in known:
        end = unit.node.whole[1] if isinstance(unit.node, (Function, Class)) else _END
        tested = any(isinstance(stmt, If) for stmt in unit.statements)
        known[name] = tuple(_branches(body_of(unit.node), end, chosen)) if tested else ()
    return known[name]


def within(span: Span, stretches: tuple[Span, ...]) -> bool:
    """Whether a place is in one of these stretches."""
    return any(start <= span[0] < end for start, end in stretches)


def _branches(body: Block, end: int, chosen: Callable[[If], frozenset[int]]) -> Iterator[Span]:
    """The stretches of the branches that a question chooses; a branch ends where what stands behind it begins."""
    stack: list[tuple[Block, int]] = [(body, end)]
    while stack:
        block, end = stack.pop()
        for number, stmt in enumerate(block):
            after = block[number + 1].span[0] if number + 1 < len(block) else end
            inner = blocks(stmt)
            places = chosen(stmt) if isinstance(stmt, If) else frozenset()
            for place, part in reversed(list(enumerate(inner))):
                if part and place in places:
                    yield part[0].span[0], after
                elif part:
                    stack.append((part, after))
                after = part[0].span[0] if part else after


def _main(stmt: If) -> frozenset[int]:
    """The branches of a statement that run only when the module is the program."""
    return frozenset(place for place, (test, _) in enumerate(stmt.branches)
                     if test is not None and _PROGRAM.intersection(_named(test) or ()))


def _never(stmt: If) -> frozenset[int]:
    """The branches of a statement that never run: their test fails, or one before them never does."""
    found: set[int] = set()
    decided = False
    for place, (test, _) in enumerate(stmt.branches):
        truth = _truth(test) if test is not None else None
        if decided or truth is False:
            found.add(place)
        decided = decided or truth is True
    return frozenset(found)


def _named(test: Expr) -> tuple[object, ...] | None:
    """The texts that `__name__` is compared with; None for any other test."""
    if isinstance(test, Compare) and any(isinstance(part, Name) and part.id == "__name__" for part in test.parts):
        parts = [item for part in test.parts for item in (part.items if isinstance(part, Series) else (part,))]
        return tuple(part.value for part in parts if isinstance(part, Const))
    return None


def _truth(test: Expr) -> bool | None:
    """What a test says whatever happens; None where that depends."""
    name = test.id if isinstance(test, Name) else test.name if isinstance(test, Attr) else ""
    if name == "TYPE_CHECKING":
        return False
    if isinstance(test, Const) and isinstance(test.value, (bool, int)):
        return bool(test.value)
    if isinstance(test, Compare):
        if test.op == "not":
            inner = _truth(test.parts[0])
            return None if inner is None else not inner
        texts = _named(test) if test.op == "==" else None
        # `__main__` is the program, a dotted name may be how the module is imported; other dunders are slips
        if texts and all(isinstance(text, str) and text.startswith("__") and text not in _PROGRAM for text in texts):
            return False
    if isinstance(test, Logic):
        known = [_truth(part) for part in test.parts]
        decisive = test.op == "or"
        if decisive in known:
            return decisive
        return (not decisive) if all(part is (not decisive) for part in known) else None
    return None
