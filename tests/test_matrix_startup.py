"""Every way to start times every call that creates tables or migrates; a sample each time, all with MATRIX=all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from matrix import product, startup
from matrix.cells import LAYOUTS
from matrix.operations import operations, rows
from matrix.starts import OTHERWISE, STARTS
from matrix.startup import CASES, StartCell

WHOLE = os.environ.get("MATRIX") == "all"
PROMISED = (
    "import", "on_event", "lifespan", "add_event_handler", "list of handlers", "app factory",
    "method of a module-level object", "re-exported helper", "`asyncio.run`", "`__main__`",
)
HOOKS = {
    "FastAPI and Starlette": ("on_event", "lifespan", "Starlette lifespan", "add_event_handler", "list of handlers"),
    "Flask": ("app factory", "before_first_request"),
    "aiohttp": ("appended handler", "aiohttp cleanup context"),
    "Sanic": ("Sanic decorator", "Sanic listener", "Sanic registered listener"),
    "Litestar": ("Litestar list", "Litestar lifespan list"),
    "Quart": ("Quart",),
    "Django": ("Django ready", "Django command"),
    "Celery": ("Celery signal", "Celery hook of the application", "task of a queue"),
    "gunicorn": ("gunicorn hook",),
    "the application's own": ("`__main__`", "asyncio.run under __main__"),
    "commands and tests": ("click command", "flask command", "typer command", "called by a test only"),
    "calls": ("method of a module-level object", "partial", "decorated helper", "`asyncio.run`", "run_until_complete"),
}
"""What the design lists, with cases for each."""


@pytest.mark.parametrize("case", CASES)
def test_what_the_start_reaches(case: str) -> None:
    found = product.wrong_start(product.whole_start(case) if WHOLE else product.sample_start(case))
    assert not found, product.report(found)


@pytest.mark.parametrize("case", CASES)
def test_what_the_start_reaches_as_it_lies_on_a_disk(case: str, tmp_path: Path) -> None:
    number = list(CASES).index(case)
    cell = StartCell(case, operations()[0], list(LAYOUTS)[number % len(LAYOUTS)])
    assert not startup.problem(cell, tmp_path)


def test_the_cases_that_are_promised() -> None:
    assert set(PROMISED) <= set(STARTS)
    assert len(STARTS) >= 8
    assert len(OTHERWISE) >= 4
    assert not STARTS.keys() & OTHERWISE.keys()
    assert {name for group in HOOKS.values() for name in group} <= set(CASES)


def test_every_row_of_the_operations() -> None:
    assert {operation.row for operation in operations()} == rows()


def test_every_service_is_python() -> None:
    for case in CASES:
        for cell in product.sample_start(case):
            for path, text in startup.render(cell).items():
                if path.endswith(".py"):
                    compile(text, f"{cell.id} {path}", "exec")


def test_the_sample_meets_everything() -> None:
    cells = [cell for case in CASES for cell in product.sample_start(case)]
    assert {(cell.case, cell.layout) for cell in cells} == {(case, name) for case in CASES for name in LAYOUTS}
    for group in (STARTS, OTHERWISE):
        assert {cell.operation for cell in cells if cell.case in group} == set(operations())
    assert {cell.code for cell in cells} == {"GRV301", "GRV302", "GRV303", ""}
