"""Mends what a report says, pass by pass, until nothing is left that can be mended; no file is written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from gravity_lint.facts.shape import shape_of
from gravity_lint.fix.content import faults
from gravity_lint.fix.edits import applied, clash, edits
from gravity_lint.fix.files import Within, encoded, refuse_generated
from gravity_lint.fix.kinds import LATE, Mended, Refused, Texts, mended
from gravity_lint.fix.suppressions import suppressed
from gravity_lint.record import NamedTuple
from gravity_lint.source import Source
from gravity_lint.source import Texts as Read
from gravity_lint.violation import Block, Edit, Remedy, Shown, Violation

MAX_PASSES = 10
"""Passes after which what is left waits for another run: fixes that never come to an end are a fault of theirs."""
_MARKS = ("#", ";", "--", "<!--", "//")
IDLE = "drop-suppression"
"""The kind of what may come up after a pass: a comment that suppresses what is gone goes in the next one."""

Judge = Callable[[Mapping[str, bytes]], "Sequence[Violation] | None"]
"""What is found when other bytes stand in place of those of some files; None where not all could be judged."""


class Refusal(NamedTuple):
    """A violation that is not mended although it could be, and why."""

    violation: Violation
    reason: str


class Outcome(NamedTuple):
    """What mending came to."""

    violations: Sequence[Violation]
    """What is left when the files hold the new texts."""
    files: Mapping[str, bytes]
    """Absolute path → what the file is to hold."""
    fixed: tuple[Violation, ...] = ()
    refused: tuple[Refusal, ...] = ()
    exhausted: bool = False
    """Whether there were too many passes."""


class _Fix(NamedTuple):
    violation: Violation
    edits: tuple[Edit, ...]
    claims: frozenset[str]
    instead: frozenset[str] = frozenset()


class Ground(NamedTuple):
    """What fixes stand on."""

    judge: Judge
    within: Within
    original: Callable[[str], bytes | None]
    """The bytes of a file on the disk."""
    only: frozenset[str] | None = None
    """The files that may change, if not all may."""


Make = Callable[[Violation, Texts], Mended]


def mend(violations: Sequence[Violation], ground: Ground, overlay: Mapping[str, bytes], unsafe: bool) -> Outcome:
    """What was found, and what stood in place of files → what becomes of them, and what is left.

    Each fix counts when its violation is gone with it and nothing new has come.
    """
    return _passed(violations, ground, overlay, lambda violation: applicable(violation.remedy, unsafe), _mended, unsafe)


def ignored(violations: Sequence[Violation], ground: Ground, overlay: Mapping[str, bytes], reason: str) -> Outcome:
    """The same for comments that suppress all that is left, with this reason."""
    def make(violation: Violation, texts: Texts) -> Mended:
        return suppressed(violation.code, violation.place, reason, texts)
    return _passed(violations, ground, overlay, lambda violation: True, make, False)


def _mended(violation: Violation, texts: Texts) -> Mended:
    if violation.remedy is None:
        raise Refused("there is no fix")
    return mended(violation.remedy, texts)


def _passed(violations: Sequence[Violation], ground: Ground, overlay: Mapping[str, bytes],
            wants: Callable[[Violation], bool], make: Make, unsafe: bool) -> Outcome:
    texts = dict(overlay)
    fixed: list[Violation] = []
    refused: dict[_Key, Refusal] = {}
    left: list[list[Violation]] = []
    for _ in range(MAX_PASSES):
        left = _wanted(violations, wants, refused)
        pass_ = _Pass(violations, ground, texts, make, unsafe)
        settled = pass_.settled(pass_.chosen(_first(left) if make is _mended else left))
        refused.update({_key(each.violation): each for each in pass_.refusals})
        fixed += [fix.violation for fix in settled.fixes]
        violations, texts = settled.violations, settled.texts
        left = _wanted(violations, wants, refused)
        if not left or not (settled.fixes or pass_.refusals):
            break
    return _outcome(violations, texts, overlay, fixed, refused, bool(left))


def _outcome(violations: Sequence[Violation], texts: Mapping[str, bytes], overlay: Mapping[str, bytes],
             fixed: Sequence[Violation], refused: Mapping[_Key, Refusal], exhausted: bool) -> Outcome:
    files = {path: data for path, data in texts.items() if overlay.get(path) != data}
    left = {_key(violation) for violation in violations}
    why = tuple(each for key, each in refused.items() if key in left)
    return Outcome(violations, files, tuple(fixed), why, exhausted)


_Key = tuple[str, str, str, str]


def _key(violation: Violation) -> _Key:
    return violation.code, violation.service, violation.place.path, violation.message


def _wanted(violations: Iterable[Violation], wants: Callable[[Violation], bool],
            refused: Mapping[_Key, Refusal]) -> list[list[Violation]]:
    """The violations to mend; of one place in several services those of all, if it may be mended for all of them."""
    places: dict[tuple[object, ...], list[Violation]] = {}
    for violation in violations:
        places.setdefault((violation.code, violation.place), []).append(violation)
    return [group for group in places.values() if all(wants(each) and _key(each) not in refused for each in group)]


def _first(wanted: list[list[Violation]]) -> list[list[Violation]]:
    """Those that do not have to wait for others."""
    late = [max(map(_lateness, group)) for group in wanted]
    return [group for group, each in zip(wanted, late, strict=True) if each == min(late)]


def _lateness(violation: Violation) -> int:
    kind = violation.remedy.kind if violation.remedy is not None else ""
    return LATE.index(kind) + 1 if kind in LATE else 0


def applicable(remedy: Remedy | None, unsafe: bool) -> bool:
    """Whether a remedy may be applied."""
    return remedy is not None and (remedy.applicability == "safe" or (unsafe and remedy.applicability == "unsafe"))


class _Settled(NamedTuple):
    fixes: list[_Fix]
    violations: Sequence[Violation]
    texts: dict[str, bytes]


class _Pass:
    """One pass: every fix begins with the same texts."""

    def __init__(self, before: Sequence[Violation], ground: Ground, overlay: dict[str, bytes], make: Make,
                 unsafe: bool) -> None:
        self._before = before
        self._ground = ground
        self._overlay = overlay
        self._make = make
        self._unsafe = unsafe
        self._read = Read(overlay).get
        self.refusals: list[Refusal] = []

    def chosen(self, wanted: Sequence[Sequence[Violation]]) -> list[_Fix]:
        """The fixes that do not get in each other's way; the others wait for the next pass."""
        found: list[_Fix] = []
        for group in wanted:
            try:
                fixes = [self._fix(violation) for violation in group]
            except Refused as error:
                self.refusals += [Refusal(violation, error.reason) for violation in group]
                continue
            if any(_clash(fix, other) for at, fix in enumerate(fixes) for other in fixes[:at]):
                self.refusals += [Refusal(violation, "the services that share it need different things")
                                  for violation in group]
            elif not any(_clash(fix, other) for fix in fixes for other in found):
                found += fixes
        return found

    def _fix(self, violation: Violation) -> _Fix:
        result = self._make(violation, self._read)
        changes: list[Edit] = []
        for path, text in result.texts.items():
            before = self._read(path)
            if before is not None and before.text == text:
                continue
            if self._ground.only is not None and path not in self._ground.only:
                raise Refused("other files change with it; run `gravity-lint fix`")
            self._ground.within.target(path)
            refuse_generated(before.text if before else "")
            encoded(text, self._bytes(path), path)
            _refuse_damage(path, before, text, result, self._unsafe)
            changes += edits(path, before.text if before else "", text)
        if not changes:
            raise Refused("there is nothing to change")
        return _Fix(violation, tuple(changes), result.claims, result.instead)

    def _bytes(self, path: str) -> bytes | None:
        return self._overlay[path] if path in self._overlay else self._ground.original(path)

    def settled(self, fixes: list[_Fix]) -> _Settled:
        """As many of the fixes as prove themselves together; why not the others, is in `refusals`."""
        nothing = _Settled([], self._before, self._overlay)
        if not fixes:
            return nothing
        texts = self._applied(fixes)
        after = self._ground.judge(texts)
        reason = _fault(self._before, after, fixes)
        if reason is None and after is not None:
            return _Settled(fixes, after, texts)
        if len({(fix.violation.code, fix.violation.place) for fix in fixes}) == 1:
            self.refusals += [Refusal(fix.violation, str(reason)) for fix in fixes]
            return nothing
        first, second = _halves(fixes)
        one, other = self.settled(first), self.settled(second)
        if not one.fixes or not other.fixes:
            return one if one.fixes else other
        both = [*one.fixes, *other.fixes]
        texts = self._applied(both)
        after = self._ground.judge(texts)
        if after is None or _fault(self._before, after, both) is not None:
            return one
        return _Settled(both, after, texts)

    def _applied(self, fixes: Sequence[_Fix]) -> dict[str, bytes]:
        by_path: dict[str, dict[Edit, None]] = {}
        for fix in fixes:
            for edit in fix.edits:
                by_path.setdefault(edit.path, {})[edit] = None
        texts = dict(self._overlay)
        for path, changes in by_path.items():
            source = self._read(path)
            texts[path] = encoded(applied(source.text if source else "", changes), self._bytes(path), path)
        return texts


def _halves(fixes: list[_Fix]) -> tuple[list[_Fix], list[_Fix]]:
    """Two parts, of which neither holds only some of the fixes of one place."""
    places = list(dict.fromkeys((fix.violation.code, fix.violation.place) for fix in fixes))
    first = set(places[:len(places) // 2])
    return ([fix for fix in fixes if (fix.violation.code, fix.violation.place) in first],
            [fix for fix in fixes if (fix.violation.code, fix.violation.place) not in first])


def _clash(one: _Fix, other: _Fix) -> bool:
    if one.edits == other.edits:
        return False
    for claim in one.claims & other.claims:
        path, inside, _ = claim.partition("\n")
        if not inside or _of(one, path) != _of(other, path):
            return True
    return any(clash(a, b) for a in one.edits for b in other.edits)


def _of(fix: _Fix, path: str) -> list[Edit]:
    return [edit for edit in fix.edits if edit.path == path]


def _fault(before: Sequence[Violation], after: Sequence[Violation] | None, fixes: Sequence[_Fix]) -> str | None:
    """What speaks against the new texts: a violation that stays, or one that is new."""
    if after is None:
        return "the new text cannot be judged"
    gone = Counter(_key(fix.violation) for fix in fixes)
    was, now = (Counter(map(_key, violations)) for violations in (before, after))
    for fix in fixes:
        key = _key(fix.violation)
        if now[key] > was[key] - gone[key]:
            return "the violation would stay"
    lines = Counter(key[:3] for key in was.elements())
    lines.subtract(key[:3] for key in gone.elements())
    instead = frozenset().union(*(fix.instead for fix in fixes))
    for violation in after:
        if (violation.remedy is not None and violation.remedy.kind == IDLE) or violation.code in instead:
            continue
        key3 = _key(violation)[:3]
        lines[key3] -= 1
        if lines[key3] < 0:
            return f"{violation.code} would come instead: {violation.message}"
    return None


def _refuse_damage(path: str, before: Source | None, text: str, result: Mended, unsafe: bool) -> None:
    """Raises `Refused` for a text that can be read no more, or that has lost comments which nobody agreed to lose."""
    old, new = comments_of(path, before.text if before else ""), comments_of(path, text)
    if faults(path, text) > (faults(path, before.text) if before else 0):
        raise Refused(f"`{path.rpartition('/')[2]}` could not be read any more")
    lost = [comment for comment in (old - new).elements() if not any(comment in each for each in result.drops)]
    if lost and not unsafe:
        raise Refused("a comment would be lost with it; `--unsafe-fixes` does it all the same")


def comments_of(path: str, text: str) -> Counter[str]:
    """The comments of a file, each as often as it stands there."""
    if path.endswith((".py", ".pyw")):
        return Counter(shape_of(text.encode("utf-8", "surrogatepass")).comments)
    found: Counter[str] = Counter()
    for line in text.splitlines():
        starts = [at for mark in _MARKS if (at := line.find(mark)) >= 0 and not line[:at].strip(" \t")]
        starts += [at + 1 for mark in _MARKS if (at := line.find(f" {mark}")) >= 0]
        if starts:
            found[line[min(starts):].strip()] += 1
    return found


def proposed(violation: Violation, texts: Texts) -> Shown | str:
    """What would mend a violation, by itself; where that is refused, why."""
    if violation.remedy is None:
        return ()
    try:
        result = mended(violation.remedy, texts)
        found: list[Edit | Block] = [*result.blocks]
        for path, text in result.texts.items():
            before = texts(path)
            refuse_generated(before.text if before else "")
            _refuse_damage(path, before, text, result, violation.remedy.applicability != "safe")
            found += edits(path, before.text if before else "", text)
    except Refused as error:
        return error.reason
    return tuple(found)
