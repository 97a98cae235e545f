"""Reports of earlier runs, told again where nothing that they depend on has changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial

from gravity_lint import inputs
from gravity_lint.baseline import Entry, Outcome
from gravity_lint.cache import Cache, key_of, tool
from gravity_lint.report import Report, ServiceSummary
from gravity_lint.source import Texts
from gravity_lint.violation import Applicability, Place, Remedy, Step, Violation

_KIND = "runs"
_PART = "parts"
_PLACES = 4
"""States of a service whose reports are kept: a hook sees what is staged, an editor what is not, a branch another."""
_ENVIRONMENT = ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP")
"""What decides how far upward the top of a tree is looked for."""


class Parts:
    """What earlier runs to the same question found in parts: each holds while what it depends on is as it was."""

    def __init__(self, cache: Cache, key: str) -> None:
        self._cache = cache
        self._key = key

    def get(self, name: inputs.Plain) -> tuple[inputs.Plain, inputs.Inputs] | None:
        """A part of this name that still holds, and what it depends on."""
        key = key_of(self._key, name)
        for place in range(_PLACES):
            if (kept := self._cache.get(_PART, key, place)) is not None:
                seen, value = kept
                if holds := inputs.unchanged(seen, _lens):
                    return value, holds if isinstance(holds, inputs.Inputs) else inputs.restored(seen)
        return None

    def put(self, name: inputs.Plain, value: inputs.Plain, seen: inputs.Inputs) -> None:
        """Keeps a part, if what it depends on has not changed meanwhile."""
        if seen.settled:
            self._cache.put(_PART, key_of(self._key, name), (inputs.plain(seen), value), _PLACES - 1)


def remembered(cache: Cache | None, question: tuple[object, ...],
               produce: Callable[[Parts | None], Report]) -> Report:
    """The report to a question: the one that is kept in the cache, if it still holds, else a new one, which is kept.

    The question is all that is asked for, as plain values, with absolute paths. `produce` is given the parts of earlier
    reports to it, if there is a place for them; whatever it raises is raised.
    """
    key = _key(question) if cache is not None else None
    if cache is None or key is None:
        return produce(None)
    for place in range(_PLACES):
        if (kept := cache.get(_KIND, key, place)) is not None:
            seen, report, words = kept
            if holds := inputs.unchanged(seen, _lens, partial(_is_idle, words)):
                if isinstance(holds, inputs.Inputs) and (now := inputs.plain(holds)) != seen:
                    cache.put(_KIND, key, (now, report, words), place)
                return restored(report)
    with inputs.recording(found := inputs.Inputs()):
        report = produce(Parts(cache, key))
    if found.settled and not report.crashes:
        # Of a tree of many services, the parts are kept: to compare with several whole ones would take too long
        instead = 0 if len(report.services) > 1 else _PLACES - 1
        cache.put(_KIND, key, (inputs.plain(found), plain(report), _words()), instead)
        cache.prune()
    return report


def _key(question: tuple[object, ...]) -> str | None:
    try:
        return key_of(tool(), getattr(os, "geteuid", int)(), [os.environ.get(name) for name in _ENVIRONMENT], question)
    except OSError:
        return None


def _lens(name: str) -> inputs.Lens:
    from gravity_lint.discover import LENSES

    return LENSES[name]


def _is_idle(words: frozenset[bytes], path: str, before: bytes, added: bytes) -> bool:
    if not path.endswith((".py", ".pyw")):
        return False
    from gravity_lint.appended import says_nothing

    return says_nothing(before, added, words)


def _words() -> frozenset[bytes]:
    """The words for which a Python file is read that would not be otherwise; kept, for they are dear to gather."""
    from gravity_lint.screen import _telling

    return _telling()


# ---- reports as plain values


def plain(report: Report) -> inputs.Plain:
    """A report as plain values. One with crashes is not to be kept."""
    known = report.baseline and (*report.baseline[:3], [(*entry, count) for entry, count in report.baseline.mended])
    return (plain_violations(report.violations), [plain_summary(each) for each in report.services], report.files,
            report.fail_on, known)


def restored(values: inputs.Plain) -> Report:
    """What `plain` was given."""
    violations, services, files, fail_on, known = values
    return Report(restored_violations(violations), tuple(map(restored_summary, services)), files,
                  source=Texts({}).get, fail_on=fail_on, baseline=known and _outcome(*known))


def _outcome(path: str, known: int, moved: int, mended: Iterable[tuple[str, str, str, str, int]]) -> Outcome:
    return Outcome(path, known, moved, tuple((Entry(*entry), count) for *entry, count in mended))


def plain_violations(violations: Iterable[Violation]) -> list[inputs.Plain]:
    """Violations as plain values."""
    return [(each.code, each.name, each.severity, each.message, tuple(each.place), each.service,
             [(tuple(step.place), step.message) for step in each.trail], each.advice,
             each.remedy and (*each.remedy[:3], list(map(tuple, each.remedy.places)), each.remedy.words))
            for each in violations]


def restored_violations(values: Iterable[inputs.Plain]) -> tuple[Violation, ...]:
    """What `plain_violations` was given."""
    return tuple(
        Violation(code, name, severity, message, Place(*place), service,
                  tuple(Step(Place(*where), words) for where, words in trail), advice, remedy and _remedy(*remedy))
        for code, name, severity, message, place, service, trail, advice, remedy in values)


def _remedy(kind: str, applicability: Applicability, caution: str, places: Iterable[tuple[str, int, int, int, int]],
            words: tuple[tuple[str, str], ...]) -> Remedy:
    return Remedy(kind, applicability, caution, tuple(Place(*place) for place in places), words)


def plain_summary(summary: ServiceSummary) -> inputs.Plain:
    """A summary as plain values."""
    return (*summary[:-1], summary.database_place and tuple(summary.database_place))


def restored_summary(values: inputs.Plain) -> ServiceSummary:
    """What `plain_summary` was given."""
    return ServiceSummary._make((*values[:-1], values[-1] and Place(*values[-1])))
