"""A run that mends: judges, makes the fixes, writes what has changed, and keeps what is left to be said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from os.path import abspath
from typing import NamedTuple

from gravity_lint import inputs
from gravity_lint.fix import Ground, Outcome, Refusal, diff, ignored, mend, proposed
from gravity_lint.fix.files import Within, written
from gravity_lint.mask import apply, secrets
from gravity_lint.record import altered
from gravity_lint.report import Report
from gravity_lint.run import Options, run
from gravity_lint.source import Source, Texts
from gravity_lint.violation import Shown, Violation

MAX_READ = 60_000
"""Bytes of Python that are rewritten to show fixes with a report: libcst takes a second for each 40,000."""
_DEAR = "it would take long to show; `gravity-lint fix --diff` does"


class Wish(NamedTuple):
    """How far a run may go."""

    fix: bool = False
    unsafe: bool = False
    reason: str | None = None
    """Why what is left is to be suppressed, if it is."""
    only: frozenset[str] | None = None
    """The files that may change, if not all may."""


class Mending(NamedTuple):
    """What a run that mends came to; nothing is written yet."""

    report: Report
    files: Mapping[str, tuple[bytes | None, bytes]]
    """Absolute path → what the file held, None for a new one, and what it is to hold."""
    refused: tuple[Refusal, ...]
    exhausted: bool


def mending(options: Options, wish: Wish) -> Mending:
    """Judges what the options ask for, and mends of it what is wished. Raises what `run` raises."""
    with inputs.recording(seen := inputs.Inputs()):
        report = run(options)
    originals: dict[str, bytes | None] = {}

    def original(path: str) -> bytes | None:
        if path not in originals:
            originals[path] = found = _bytes(path)
            if found is not None and path not in options.overlay and not seen.agrees(path, found):
                originals[path] = b""  # what is on the disk now will not be written over
        return originals[path]

    reports = {_name(options.overlay): report}

    def judge(overlay: Mapping[str, bytes]) -> Sequence[Violation] | None:
        found = run(altered(options, overlay=overlay))
        reports[_name(overlay)] = found
        return None if found.crashes else found.violations

    ground = Ground(judge, Within([abspath(path) for path in options.paths]), original, wish.only)
    outcome = Outcome(report.violations, {})
    if wish.fix and not report.crashes:
        outcome = mend(report.violations, ground, options.overlay, wish.unsafe)
    if wish.reason is not None and not report.crashes:
        more = ignored(outcome.violations, ground, {**options.overlay, **outcome.files}, wish.reason)
        outcome = Outcome(more.violations, {**outcome.files, **more.files}, outcome.fixed,
                          (*outcome.refused, *more.refused), outcome.exhausted or more.exhausted)
    left = reports[_name({**options.overlay, **outcome.files})]._replace(fixed=outcome.fixed, unsafe=wish.unsafe)
    files = {path: (options.overlay.get(path, original(path)), data) for path, data in outcome.files.items()}
    return Mending(left, files, outcome.refused, outcome.exhausted)


def _name(overlay: Mapping[str, bytes]) -> frozenset[tuple[str, bytes]]:
    return frozenset(overlay.items())


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def write(found: Mending, options: Options) -> tuple[Report, list[tuple[str, str]]]:
    """Writes what a run mended → what is left to be said, and the files that were not written, each with the reason."""
    _, failed = written(found.files, Within([abspath(path) for path in options.paths]))
    if not failed:
        return found.report, []
    lost = {path for path, _ in failed}
    fixed = tuple(each for each in found.report.fixed if each.place.path not in lost)
    return run(options)._replace(fixed=fixed, unsafe=found.report.unsafe), failed


def diffs(found: Mending, shown: Callable[[str], str]) -> Iterator[str]:
    """What a run would write, as a unified diff without a password in it; `shown` names a file."""
    for path, (before, after) in sorted(found.files.items()):
        old = Texts({path: before}).get(path) if before is not None else None
        new = Texts({path: after}).get(path)
        if new is not None:
            yield from diff(shown(path), _masked(old) if old is not None else None, _masked(new))


def _masked(source: Source) -> str:
    return apply(source.text, secrets(source.text, source.path.endswith((".py", ".pyw"))))


def proposals(report: Report, unsafe: bool = False) -> Report:
    """A report that can tell of each violation what would mend it, as far as that does not take long."""
    known: dict[Violation, Shown | str] = {}
    read: dict[str, int] = {}

    def propose(violation: Violation) -> Shown | str:
        if violation not in known:
            for path in _rewritten(violation):
                if path not in read:
                    source = report.source(path)
                    read[path] = len(source.data) if source is not None else 0
            dear = bool(_rewritten(violation)) and sum(read.values()) > MAX_READ
            known[violation] = _DEAR if dear else proposed(violation, report.source)
        return known[violation]

    return report._replace(unsafe=unsafe, proposed=propose)


def _rewritten(violation: Violation) -> frozenset[str]:
    """The Python files that have to be rewritten to show what would mend a violation."""
    remedy = violation.remedy
    if remedy is None or remedy.applicability == "display":
        return frozenset()
    return frozenset(place.path for place in (violation.place, *remedy.places) if place.path.endswith((".py", ".pyw")))
