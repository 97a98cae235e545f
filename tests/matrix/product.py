"""The product of all cells: whole, in the sample that runs each time, and judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from matrix import startup
from matrix.cells import LAYOUTS, VERDICTS, WAYS, Cell, cells, fault_of, possible, problem, render, shown
from matrix.openers import Opener, every_call, openers
from matrix.operations import operations
from matrix.startup import CASES, StartCell
from matrix.ways import ISSUE, Way

NAMES = tuple(LAYOUTS)
SHOWN = 3


def _layouts(way: Way, number: int) -> tuple[str, ...]:
    """All layouts for the ways that are promised, where their modules import each other; else the layouts in turn."""
    return NAMES if way in ISSUE and way.text.count("---") > 1 else (NAMES[number % len(NAMES)],)


def whole(way: Way) -> Iterator[Cell]:
    """Every cell of a way: all openers, all verdicts, all layouts."""
    for number, opener in enumerate(openers()):
        yield from cells(way, opener, _layouts(way, number + WAYS.index(way)))


def sample(way: Way) -> Iterator[Cell]:
    """Some cells of a way, always the same.

    Over all ways each opener is met at least once; each way has each verdict in each layout.
    """
    place = WAYS.index(way)
    fit = _fit(way)
    chosen = [*fit[place % 61 :: 61], *(fit[(place * 7 + step) % len(fit)] for step in range(len(NAMES)))]
    for number, opener in enumerate(dict.fromkeys(chosen)):
        yield from cells(way, opener, (NAMES[(place + number) % len(NAMES)],))
    for number, name in enumerate(NAMES):
        yield from cells(way, fit[(place * 3 + number * 5) % len(fit)], (name,))


def _fit(way: Way) -> list[Opener]:
    """The openers that a way can lead to, those first that carry the most verdicts."""
    return [opener for opener in openers() if any(possible(way, opener, verdict) for verdict in VERDICTS)]


def named() -> Iterator[Cell]:
    """The literal, the default and the rest given at once to each dotted name of each driver."""
    for number, opener in enumerate(every_call()):
        yield from cells(WAYS[0], opener, (NAMES[number % len(NAMES)],))


def whole_start(case: str) -> Iterator[StartCell]:
    """Every cell of a way to start: all operations in all layouts."""
    return startup.cells(case, operations(), NAMES)


def sample_start(case: str) -> Iterator[StartCell]:
    """Some cells of a way to start, always the same: each layout, and over all cases each operation several times."""
    place = list(CASES).index(case)
    every = operations()
    yield from startup.cells(case, every[:1], NAMES)
    for number, operation in enumerate(every[1 + place % 12 :: 12]):
        yield from startup.cells(case, (operation,), (NAMES[(place + number) % len(NAMES)],))


# ---- judging


def wrong(asked: Iterable[Cell]) -> list[str]:
    """What is not as expected about cells, in words; a fault that is known must still be there."""
    found = []
    for cell in dict.fromkeys(asked):
        told, fault = problem(cell), fault_of(cell)
        if told and fault is None:
            found.append(f"{cell.id}: {told}\n{shown(render(cell))}")
        elif fault is not None and not told:
            found.append(f"{cell.id}: mended, so take it from FAULTS: {fault.reason}")
    return found


def wrong_start(asked: Iterable[StartCell]) -> list[str]:
    """What is not as expected about cells of the start, in words."""
    found = []
    for cell in dict.fromkeys(asked):
        told, fault = startup.problem(cell), startup.fault_of(cell)
        if told and not fault:
            found.append(f"{cell.id}: {told}\n{shown(startup.render(cell))}")
        elif fault and not told:
            found.append(f"{cell.id}: mended, so take it from FAULTS: {fault}")
    return found


def report(found: list[str]) -> str:
    """The first of them, and how many there are."""
    return "\n\n".join([f"{len(found)} cells are not as expected", *found[:SHOWN]]) if found else ""


def every_cell() -> Iterator[Cell]:
    """All cells of values."""
    return chain(named(), *(whole(way) for way in WAYS))
