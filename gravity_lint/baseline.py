"""Violations that are known: what tells one from another, which are new, and the file that they are kept in."""

from __future__ import annotations

import errno
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from gravity_lint import inputs
from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex
from gravity_lint.violation import Violation

VERSION = 1
ABOUT = "Known violations, not told again; gravity-lint writes this with --write-baseline and --prune-baseline"
MAX_BYTES = 50_000_000
_SAID = regex(r"`([^`]*)`")
_MARKERS = (b"<<<<<<<", b"=======", b">>>>>>>")


class BaselineError(Exception):
    """A baseline that cannot be used; the message begins with its file and line."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")


class NoBase(Exception):
    """Why there is no tree of git to compare with."""


class Entry(NamedTuple):
    """What tells one known violation from another, wherever in its file it stands; paths from the baseline's folder."""

    service: str
    path: str
    code: str
    symbol: str
    """What the message names, without the words around it, so that the words may become better."""


class Known(NamedTuple):
    """How often each violation is known, and the services that were looked at."""

    home: str
    """The absolute folder from which the paths begin."""
    counts: Mapping[Entry, int]
    services: frozenset[str] = frozenset()

    def entry(self, violation: Violation) -> Entry:
        """What tells a violation from others; of a rule that speaks once of a file or service, that alone."""
        path, symbol = spoken(violation)
        return Entry(self.inner(violation.service), self.inner(path), violation.code, symbol)

    def inner(self, path: str) -> str:
        """An absolute path → as the entries have it."""
        start = self.home.rstrip("/") + "/"
        if path.startswith(start):
            return path[len(start):]
        return os.path.relpath(path, self.home).replace(os.sep, "/")

    def outer(self, path: str) -> str:
        """A path of an entry → absolute."""
        return os.path.normpath(f"{self.home}/{path}").replace(os.sep, "/")


class Outcome(NamedTuple):
    """What became of the entries of a baseline in a run."""

    path: str
    known: int = 0
    """Violations that were silent."""
    moved: int = 0
    """Those of them that stand in another file than the baseline says."""
    mended: tuple[tuple[Entry, int], ...] = ()
    """What was asked for and is not there any more."""
    after: Known | None = None
    """What the file is to hold."""


@cache
def _once() -> Mapping[str, str]:
    from gravity_lint.rulebook import load_rules

    return {rule.code: rule.once for rule in load_rules() if rule.once}


def spoken(violation: Violation) -> tuple[str, str]:
    """The absolute path of what a violation speaks of, and what it names there: nothing, if it speaks of that whole."""
    once = _once().get(violation.code, "")
    path = violation.service if once == "service" else violation.place.path
    return path, "" if once else symbol(violation.message)


def symbol(message: str) -> str:
    """What a message names first, however it is spaced and quoted; what else it names may lie in other files."""
    said = _SAID.search(message)
    return " ".join(said[1].replace("'", '"').split()) if said else ""


# ---- which are new


class Split(NamedTuple):
    """Violations beside what is known of them."""

    new: list[Violation]
    known: list[Violation]
    moved: list[tuple[Entry, Violation]]
    left: Counter[Entry]
    """The entries that no violation met."""


def split(violations: Iterable[Violation], known: Known, gone: Callable[[Entry], bool]) -> Split:
    """Violations, in their order, → which of them are new; of several alike the last.

    What is not there as it is known may have moved: within its service, with its service, or to another service where
    only the bounds of services have changed. `gone` says of an entry that nothing meets whether that is certain.
    """
    left = Counter(dict(known.counts))
    met: list[Violation] = []
    pending: list[tuple[Entry, Violation]] = []
    for violation in violations:
        entry = known.entry(violation)
        if left[entry] > 0:
            left[entry] -= 1
            met.append(violation)
        else:
            pending.append((entry, violation))
    left = +left

    def may(old: Entry, rank: int) -> bool:
        return gone(old) and (rank < LAST or not inputs.exists(known.outer(old.service)))

    moved, new = _moved(pending, left, may)
    return Split(new, met + [violation for _, violation in moved], moved, +left)


def _moved(pending: Sequence[tuple[Entry, Violation]], left: Counter[Entry],
           may: Callable[[Entry, int], bool]) -> tuple[list[tuple[Entry, Violation]], list[Violation]]:
    alike: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(left):
        alike.setdefault((entry.code, entry.symbol), []).append(entry)
    moved: list[tuple[Entry, Violation]] = []
    new: list[Violation] = []
    for entry, violation in pending:
        ranked = sorted((rank, old) for old in alike.get((entry.code, entry.symbol), ())
                        if left[old] and (rank := _rank(old, entry)) and may(old, rank))
        if ranked:
            left[ranked[0][1]] -= 1
            moved.append((ranked[0][1], violation))
        else:
            new.append(violation)
    return moved, new


LAST = 4
"""The rank of what has moved with its whole service."""


def _rank(old: Entry, entry: Entry) -> int:
    """How near an entry is to what may be the same violation elsewhere, 1 the nearest; 0 for not at all."""
    if old.path == entry.path:
        return 1
    if old.service == entry.service:
        return 2 if os.path.basename(old.path) == os.path.basename(entry.path) else 3
    inner = (os.path.relpath(each.path, each.service) for each in (old, entry))
    return LAST if len(set(inner)) == 1 else 0


# ---- the file


def read(path: str) -> Known:
    """The baseline in a file. Raises `BaselineError`."""
    import json

    try:
        data = inputs.read(path, MAX_BYTES)
    except FileNotFoundError:
        raise BaselineError(path, 1, "is not there; `gravity-lint check --write-baseline FILE` writes one") from None
    except (OSError, ValueError, inputs.NotRegular) as error:
        reason = getattr(error, "strerror", None) or os.strerror(errno.EINVAL)
        raise BaselineError(path, 1, f"cannot be read: {reason}") from None
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text)
    except UnicodeDecodeError as error:
        raise BaselineError(path, data[:error.start].count(b"\n") + 1, "is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise _not_json(path, data, getattr(error, "lineno", 1)) from None
    return _known(path, text, document)


def _not_json(path: str, data: bytes, line: int) -> BaselineError:
    for number, each in enumerate(data.splitlines(), 1):
        if each.startswith(_MARKERS):
            return BaselineError(path, number, "holds a merge conflict; keep the lines of both sides, or write it anew")
    return BaselineError(path, line, "is no JSON")


def _known(path: str, text: str, document: Any) -> Known:
    version = document.get("version") if isinstance(document, dict) else None
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict) or not isinstance(version, int):
        raise BaselineError(path, 1, "is no baseline of gravity-lint")
    if version != VERSION:
        raise BaselineError(path, 1, f"is a baseline of the form {version}, and this program knows {VERSION}; "
                                     "write it anew")
    counts: dict[Entry, int] = {}
    for service, rows in services.items():
        for row in rows if isinstance(rows, list) else [rows]:
            match row:
                case [str(file), str(code), str(symbol), int(count)] if count > 0:
                    entry = Entry(service, file, code, symbol)
                    counts[entry] = max(count, counts.get(entry, 0))  # both sides of a merge may have it
                case _:
                    raise BaselineError(path, _line(text, row), "an entry must be [path, code, symbol, count]")
    return Known(os.path.dirname(path), counts, frozenset(services))


def _line(text: str, row: object) -> int:
    import json

    told = json.dumps(row, ensure_ascii=False)
    lines = text.split("\n")
    return next((number for number, line in enumerate(lines, 1) if told in line), 1)


def text(known: Known) -> str:
    """A baseline as it stands in its file: an entry a line, sorted, by service.

    A service without entries has its lines as well: so what two branches write of different services is never side by
    side, and merges without a conflict.
    """
    import json

    rows: dict[str, list[str]] = {service: [] for service in sorted({*known.services,
                                                                    *(entry.service for entry in known.counts)})}
    for entry, count in sorted(known.counts.items()):
        if count > 0:
            rows[entry.service].append("      " + _clean(json.dumps([*entry[1:], count], ensure_ascii=False)))
    parts = [f"    {_clean(json.dumps(service, ensure_ascii=False))}: [\n" + "".join(",\n".join(lines) + "\n" if lines
             else "" for lines in [those]) + "    ]" for service, those in rows.items()]
    inner = "{\n" + ",\n".join(parts) + "\n  }" if parts else "{}"
    return f'{{\n  "about": {json.dumps(ABOUT)},\n  "version": {VERSION},\n  "services": {inner}\n}}\n'


def _clean(text: str) -> str:
    """JSON that UTF-8 takes."""
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)


# ---- what of it is to be kept


def pruned(known: Known, found: Split, asked: Callable[[str], bool], gone: Callable[[Entry], bool],
           services: Iterable[str]) -> tuple[Known, tuple[tuple[Entry, int], ...]]:
    """A baseline without what is mended, and with what has moved where it is now; and what is mended.

    `asked` says of an absolute path whether it was asked for: of all else, nothing is lost.
    """
    counts = Counter(dict(known.counts))
    for old, violation in found.moved:
        if asked(known.outer(old.path)) or asked(violation.place.path):
            counts[old] -= 1
            counts[known.entry(violation)] += 1
    mended = tuple((entry, count) for entry, count in sorted(found.left.items())
                   if asked(known.outer(entry.path)) and gone(entry))
    counts.subtract(dict(mended))
    left = +counts
    return Known(known.home, left, _kept(known, services)), mended


def anew(before: Known, violations: Iterable[Violation], keeps: Callable[[Entry], bool],
         services: Iterable[str]) -> Known:
    """A baseline of these violations, and of what it held before and keeps, because it was not asked for."""
    counts = Counter(before.entry(violation) for violation in violations)
    for entry, count in before.counts.items():
        if keeps(entry):
            counts[entry] = max(count, counts[entry])
    return Known(before.home, counts, _kept(before, services))


def _kept(known: Known, services: Iterable[str]) -> frozenset[str]:
    """The services that a baseline names: those that were found, and those that it named and that still are there."""
    there = (each for each in known.services if inputs.is_folder(known.outer(each)))
    return frozenset({*there, *map(known.inner, services)})


def united(one: Known, other: Known) -> Known:
    """What is known to either of two; what is known to both, counts once. Both must have one home."""
    counts = Counter(dict(one.counts)) | Counter(dict(other.counts))
    return Known(one.home, counts, one.services | other.services)


def rehomed(known: Known, home: str) -> Known:
    """The same entries, with paths from another folder."""
    if home == known.home:
        return known
    there = Known(home, {})

    def moved(path: str) -> str:
        return there.inner(known.outer(path))

    counts: Counter[Entry] = Counter()
    for entry, count in known.counts.items():
        counts[Entry(moved(entry.service), moved(entry.path), entry.code, entry.symbol)] += count
    return Known(home, counts, frozenset(map(moved, known.services)))
