"""The plug-in of flake8: what is found in the Python files that flake8 looks at, in its report."""

from __future__ import annotations

import os
from argparse import Namespace
from ast import AST
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from gravity_lint import __version__

_STDIN = "-"
_NAMELESS = "stdin"
"""What flake8 calls standard input when nobody has told a name."""

FAULT = "GRV000"
"""The code of faults of this program, which make flake8 fail as they make `check` fail."""

Told = tuple[int, int, str, type]
"""Line, column from 0, code and message, and what flake8 wants there."""


class Plugin:
    """One file of a run of flake8. All files are judged at once, before the first is looked at: the service around one
    of them is the service around the next, and flake8 hands the result to the processes that it makes."""

    name = "gravity-lint"
    version = __version__
    found: ClassVar[dict[str, list[Told]]] = {}
    """Absolute path → what is found there."""
    faults: ClassVar[list[Told]] = []
    """What kept us from finding more; each process tells it once, of the file that it looks at first."""

    def __init__(self, tree: AST, filename: str) -> None:
        self.filename = filename

    def run(self) -> Iterator[Told]:
        """What is found in this file."""
        while self.faults:
            yield self.faults.pop()
        yield from self.found.get(_absolute(self.filename), ())

    @classmethod
    def parse_options(cls, manager: object, options: Namespace, names: Sequence[str]) -> None:
        """Judges what flake8 is asked to look at. Raises `ExecutionError`, by which flake8 tells of users' mistakes."""
        asked = _asked(names or (os.curdir,), options)
        cls.found, cls.faults = _found(asked) if asked is not None else ({}, [])


def _asked(names: Sequence[str], options: Namespace) -> Any | None:
    """What flake8 is asked for, as `check` would be; None where there is nothing to judge."""
    from gravity_lint.commands import Asked

    paths = tuple(name for name in names if name != _STDIN and os.path.lexists(name))
    if _STDIN not in names:
        return Asked(paths) if paths else None
    name = options.stdin_display_name
    if name in (None, "", _NAMELESS):
        return None
    from flake8.utils import stdin_get_value  # it reads once, and gives the same to whoever asks next

    return Asked((*paths, name), stdin_filename=name, stdin=stdin_get_value().encode("utf-8", "surrogateescape"))


def _found(asked: Any) -> tuple[dict[str, list[Told]], list[Told]]:
    """What is found, by file, and what went wrong through a fault of this program."""
    from flake8.exceptions import ExecutionError

    from gravity_lint.commands import is_mistake, judged
    from gravity_lint.report.text import safe

    try:
        report = judged(asked)
    except Exception as error:
        if not is_mistake(error):
            what = f"{type(error).__name__}: {error}".partition("\n")[0]
            return {}, [_fault(f"internal error: {what}; please report it (GRAVITY_LINT_DEBUG=1 shows where)")]
        raise ExecutionError(f"gravity-lint: {error}") from error
    found: dict[str, list[Told]] = {}
    for violation in report.violations:
        place = violation.place
        told = (place.line, place.column - 1, f"{violation.code} {safe(violation.message)}", Plugin)
        found.setdefault(place.path, []).append(told)
    return found, list(map(_fault, report.crashes))


def _fault(what: str) -> Told:
    from gravity_lint.mask import mask
    from gravity_lint.report.text import safe

    return 1, 0, f"{FAULT} {safe(mask(what))}", Plugin


def _absolute(name: str) -> str:
    return os.path.abspath(name).replace(os.sep, "/")
