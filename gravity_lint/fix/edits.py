"""Texts before and after as edits: where they differ, whether edits get in each other's way, and how to show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher, unified_diff

from gravity_lint.violation import Edit

MAX_COMPARED = 2_000
"""Lines that are compared one by one; where more may differ, all between the first and the last is one edit."""


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends, as `Place` counts them."""
    parts = text.split("\n")
    return [*(part + "\n" for part in parts[:-1]), *([parts[-1]] if parts[-1] else [])]


def edits(path: str, old: str, new: str) -> tuple[Edit, ...]:
    """What to change in a text to make another of it, each change as short as it can be."""
    before, after = lines_of(old), lines_of(new)
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    old_lines, new_lines = before[start:len(before) - end], after[start:len(after) - end]
    if len(old_lines) + len(new_lines) > MAX_COMPARED:
        codes = [(0, len(old_lines), 0, len(new_lines))]
    else:
        matcher = SequenceMatcher(None, old_lines, new_lines, autojunk=False)
        codes = [tuple(code[1:]) for code in matcher.get_opcodes() if code[0] != "equal"]  # type: ignore[misc]
    offsets = [sum(map(len, before[:start]))]
    for line in old_lines:
        offsets.append(offsets[-1] + len(line))
    return tuple(_trimmed(Edit(path, offsets[i], offsets[j], "".join(new_lines[k:m])), old) for i, j, k, m in codes)


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items at the beginning are the same."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _trimmed(edit: Edit, old: str) -> Edit:
    """The edit without the characters at its ends that stay; whole lines that come or go stay whole."""
    gone = old[edit.start:edit.end]
    if not gone or not edit.text:
        return edit
    head = _alike(gone, edit.text)
    tail = _alike(gone[head:][::-1], edit.text[head:][::-1])
    return Edit(edit.path, edit.start + head, edit.end - tail, edit.text[head:len(edit.text) - tail])


def applied(text: str, changes: Iterable[Edit]) -> str:
    """A text with some of its stretches replaced; the edits do not overlap, and those at one place keep their order."""
    parts, at = [], 0
    for edit in sorted(changes, key=lambda each: (each.start, each.end)):
        parts += [text[at:edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def clash(one: Edit, other: Edit) -> bool:
    """Whether two different edits of one text cannot both be made: only whole lines may come at one place."""
    if one.path != other.path or one == other:
        return False
    if one.start == one.end == other.start == other.end:
        return not all(each.text.endswith("\n") and each.text[0] not in "\r\n" for each in (one, other))
    return one.start < other.end and other.start < one.end


def offset(text: str, line: int, column: int) -> int:
    """Line and column, from 1 and in characters → the offset in a text."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return at + column - 1


def diff(path: str, old: str | None, new: str) -> Iterator[str]:
    """A unified diff, in lines that end; without a text before, of a file that is new."""
    before, after = lines_of(old or ""), lines_of(new)
    for line in unified_diff(before, after, "/dev/null" if old is None else path, path):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
