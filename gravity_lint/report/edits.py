"""What mends a violation, edits by lines and columns, for the formats that hand it on."""

from __future__ import annotations

from collections.abc import Sequence

from gravity_lint.mask import secrets
from gravity_lint.record import NamedTuple
from gravity_lint.report import Report
from gravity_lint.violation import Block, Edit, Place, Violation


class Placed(NamedTuple):
    """An edit: the stretch that goes, and what comes in its place."""

    place: Place
    text: str


def placed(report: Report, violation: Violation) -> tuple[Placed, ...] | str:
    """What would mend a violation, file by file, from the top down; where that is refused, why."""
    shown = report.proposed(violation)
    if isinstance(shown, str):
        return shown
    edits = [each for each in shown if isinstance(each, Edit)]
    found: list[Placed] = []
    for path in dict.fromkeys(edit.path for edit in edits):
        own = sorted((edit for edit in edits if edit.path == path), key=lambda edit: (edit.start, edit.end))
        source = report.source(path)
        text = source.text if source is not None else ""
        if _tells(text, own):
            return "the edit would show a password"
        found += [Placed(_place(edit, text), edit.text) for edit in own]
    return tuple(found)


def blocks(report: Report, violation: Violation) -> tuple[Block, ...]:
    """The code for other places that a violation asks for."""
    shown = report.proposed(violation)
    return () if isinstance(shown, str) else tuple(each for each in shown if isinstance(each, Block))


def one(report: Report, edits: Sequence[Placed]) -> Placed | None:
    """Edits of one file as a single one; None where there are none, they are of several, or tell a password."""
    if not edits or len({edit.place.path for edit in edits}) > 1:
        return None
    if len(edits) == 1:
        return edits[0]
    path = edits[0].place.path
    source = report.source(path)
    lines = (source.text if source is not None else "").split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text, parts = "\n".join(lines), []
    first = at = starts[edits[0].place.line - 1] + edits[0].place.column - 1
    for edit in edits:
        parts += [text[at:starts[edit.place.line - 1] + edit.place.column - 1], edit.text]
        at = starts[edit.place.end_line - 1] + edit.place.end_column - 1
    whole = Edit(path, first, at, "".join(parts))
    return None if _tells(text, [whole]) else Placed(_place(whole, text), whole.text)


def _place(edit: Edit, text: str) -> Place:
    """Where an edit is, as places of violations are told."""
    (line, column), (end_line, end_column) = (
        (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) for at in (edit.start, edit.end))
    return Place(edit.path, line, column, end_line, end_column)


def _tells(text: str, edits: Sequence[Edit]) -> bool:
    """Whether what comes holds a part of a password, as the text then reads."""
    if not any(edit.text for edit in edits):
        return False
    after, at, size, spans = [], 0, 0, []
    for edit in edits:
        after += [text[at:edit.start], edit.text]
        size += edit.start - at
        spans.append((size, size + len(edit.text)))
        size += len(edit.text)
        at = edit.end
    whole = "".join([*after, text[at:]])
    python = bool(edits) and edits[0].path.endswith((".py", ".pyw"))
    return any(start < last and first < end for start, end in secrets(whole, python) for first, last in spans)
