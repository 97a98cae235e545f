"""One cell of the start's product: a service in which the start reaches an operation or does not, and the answer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

from tree import ROOT, STARTUP, Told, at, discovered, files_of, findings, marked, service_of

from gravity_lint.violation import Step
from matrix.cells import LAYOUTS, arrange, place_of, shown, trail_problem
from matrix.operations import Operation
from matrix.starts import OTHERWISE, STARTS

CASES = {**STARTS, **OTHERWISE}


@dataclass(frozen=True)
class StartCell:
    """One service of the start's product."""

    case: str
    operation: Operation
    layout: str

    @property
    def id(self) -> str:
        return f"{self.case} | {self.operation.name} | {self.layout}"

    @property
    def code(self) -> str:
        """The rule that must speak; empty where none may."""
        return self.operation.reached if self.case in STARTS else self.operation.otherwise


def cells(case: str, operations: tuple[Operation, ...], layouts: tuple[str, ...]) -> Iterator[StartCell]:
    """A case with each of these operations in each of these layouts."""
    for operation in operations:
        for layout in layouts:
            yield StartCell(case, operation, layout)


def render(cell: StartCell) -> dict[str, str]:
    """The files of a cell, marks included."""
    head, body = CASES[cell.case]
    operation = cell.operation
    text = head.lstrip("\n") + dedent(body).lstrip("\n")
    text = text.replace("IMPORTS", operation.imports).replace("PREPARE\n", f"{operation.prepare}\n".lstrip("\n"))
    text = text.replace("OPERATE", operation.operate)
    text = text.replace("#= CODE", f"#= {cell.code}" if cell.code else "#")
    requirements = {"requirements.txt": "fastapi\nsqlalchemy\npsycopg2\n"}
    return {**arrange(files_of(text), LAYOUTS[cell.layout]), **requirements}


def problem(cell: StartCell, folder: Path | None = None) -> str:
    """What is wrong about the answer to a cell, found on the disk where a folder is given; empty where nothing is."""
    files = render(cell)
    services = discovered(folder, files) if folder is not None else [service_of(files)]
    root = folder.as_posix() if folder is not None else ROOT
    found: list[Told] = []
    for service in services:
        for code, finding in findings(service, *STARTUP):
            found.append(at(code, finding.place, root))
            if code != "GRV302" and root == ROOT and (wrong := _trail(files, finding.trail, found[-1])):
                return wrong
    wanted = marked(files)
    return "" if sorted(found) == wanted else f"found {sorted(found)}, wanted {wanted}"


def _trail(files: Mapping[str, str], trail: tuple[Step, ...], told: Told) -> str:
    """What is wrong with the way from the start to the call: each step must lie in what the step before it names."""
    if wrong := trail_problem(files, trail, -1):
        return wrong
    if place_of(trail[-1]) != (told.path, told.line):
        return f"the trail ends at {place_of(trail[-1])}"
    if len(trail) < 2:
        return "the start is somewhere else, so there must be several steps"
    for step, following in pairwise(trail):
        names = re.findall(r"`([^`]*)`", step.message)
        path, line = place_of(following)
        if not any(name == path or line in _lines(files[path], name) for name in names):
            return f"{step.message!r} does not lead to {path}:{line}\n{shown(files)}"
    return ""


def _lines(text: str, name: str) -> range | list[int]:
    """The lines of the functions and classes of a name."""
    last = name.split(".")[-1]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, kinds) and node.name == last and node.end_lineno
        for line in range(min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.end_lineno + 1)
    ]


# ---- what is known to be wrong

FAULTS: tuple[tuple[str, str, tuple[str, ...], str], ...] = ()
"""Patterns of a case and of an operation, the codes that are expected, and what is wrong yet."""


def fault_of(cell: StartCell) -> str:
    """Why a cell is known to fail; empty where it must not."""
    for case, operation, codes, reason in FAULTS:
        if cell.code in codes and re.fullmatch(case, cell.case) and re.fullmatch(operation, cell.operation.name):
            return reason
    return ""
