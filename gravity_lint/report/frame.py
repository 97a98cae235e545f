"""Lines of code as a terminal shows them: passwords hidden, tabs spread, wide characters counted, long lines cut."""

from __future__ import annotations

from bisect import bisect_left

from gravity_lint.mask import HIDDEN, Spans, secrets
from gravity_lint.record import NamedTuple, cached_property
from gravity_lint.report.text import columns, safe
from gravity_lint.source import Source

TAB = 4
ELLIPSIS = "…"
JOINER, EMOJI = "\u200d", "\ufe0f"
LARGE, NEAR = 1_000_000, 40
LONG = 4000
"""Lines longer than this are generated; of them only what is near the place is looked at."""


class Cell(NamedTuple):
    """What one stretch of a line is shown as, and from which of its columns (from 1) it comes."""

    text: str
    width: int
    first: int
    last: int


class Shown(NamedTuple):
    """One line ready to print, and where in it the marked columns are: leading spaces and length."""

    text: str
    before: int
    length: int


class Code:
    """One file's text, cut into cells; the passwords in it are found once."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @cached_property
    def _lines(self) -> list[str]:
        return self._source.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for line in self._lines:
            starts.append(at)
            at += len(line) + 1
        return starts

    @cached_property
    def _secrets(self) -> Spans:
        return secrets(self._source.text, self._source.path.endswith((".py", ".pyw")))

    def _spans(self, number: int) -> Spans:
        """The passwords of the file; of a very large one, those near this line."""
        if len(self._source.text) <= LARGE:
            return self._secrets
        first, last = max(1, number - NEAR), min(len(self), number + NEAR)
        start = self._starts[first - 1]
        part = "\n".join(line[:LARGE] for line in self._lines[first - 1:last])
        return tuple((start + begin, start + end) for begin, end in secrets(part, self._source.path.endswith(".py")))

    def __len__(self) -> int:
        return len(self._lines)

    def blank(self, number: int) -> bool:
        return not 1 <= number <= len(self._lines) or not self._lines[number - 1].strip()

    def cells(self, number: int, near: int = 1) -> list[Cell]:
        """The line with this number, from 1, in cells; empty beyond the last. Of a very long one, what is near."""
        if not 1 <= number <= len(self._lines):
            return []
        line, start = self._lines[number - 1].rstrip("\r"), self._starts[number - 1]
        column, stop = (0, len(line)) if len(line) <= LONG else (max(0, near - LONG // 4), near + LONG // 4)
        hidden = _hidden(self._spans(number), start, start + column, start + len(line))
        cells: list[Cell] = []
        width = 0
        while column < min(stop, len(line)):
            if column in hidden:
                end = hidden[column]
                cell = Cell(HIDDEN, len(HIDDEN), column + 1, end)
            else:
                end = column + 1
                while end < len(line) and end not in hidden and _joins(line, end):
                    end += 1
                cell = _cell(line[column:end], width, column + 1, end)
            cells.append(cell)
            width += cell.width
            column = end
        return cells

    def show(self, number: int, first: int, last: int, room: int) -> Shown:
        """A line with the columns `first` to `last` marked, cut to `room` around them; none where `last` is 0."""
        cells = self.cells(number, first)
        marked = [at for at, cell in enumerate(cells) if cell.last >= first and cell.first <= last]
        nowhere = len(cells) if last else 0
        begin, end = (marked[0], marked[-1] + 1) if marked else (nowhere, nowhere)
        left, right = _cut(cells, begin, end, room)
        text = "".join(cell.text for cell in cells[left:right])
        before = sum(cell.width for cell in cells[left:begin])
        length = sum(cell.width for cell in cells[begin:min(end, right)])
        if left:
            text, before = ELLIPSIS + text, before + 1
        if right < len(cells):
            text += ELLIPSIS
        return Shown(text.rstrip(), before, max(length, 1))


def _hidden(spans: Spans, start: int, first: int, end: int) -> dict[int, int]:
    """Where hidden stretches from offset `first` on begin and end, in characters from the start of the line."""
    at = max(0, bisect_left(spans, (first, first)) - 1)
    found: dict[int, int] = {}
    while at < len(spans) and spans[at][0] < end:
        if spans[at][1] > first:
            found[max(spans[at][0], first) - start] = min(spans[at][1], end) - start
        at += 1
    return found


def _cut(cells: list[Cell], begin: int, end: int, room: int) -> tuple[int, int]:
    """Which cells fit: all, or those around the marked ones, with room for an ellipsis on both sides."""
    if sum(cell.width for cell in cells) <= room:
        return 0, len(cells)
    room -= 2
    left = right = begin
    used = 0
    while right < end and used + cells[right].width <= room:
        used += cells[right].width
        right += 1
    spare = max(0, room - used)
    share = spare // 2
    while left and cells[left - 1].width <= share:
        left -= 1
        share -= cells[left].width
        used += cells[left].width
    while right < len(cells) and used + cells[right].width <= room:
        used += cells[right].width
        right += 1
    while left and used + cells[left - 1].width <= room:
        left -= 1
        used += cells[left].width
    return left, right


def _joins(line: str, at: int) -> bool:
    """Whether the character at `at` is drawn on the one before it: a combining mark, or what a joiner joins."""
    here = line[at]
    if here < "\u0300" or safe(here) != here:
        return False
    return line[at - 1] == JOINER or columns(here) == 0 or "\U0001f3fb" <= here <= "\U0001f3ff"


def _cell(text: str, width: int, first: int, last: int) -> Cell:
    if text == "\t":
        return Cell(" " * (TAB - width % TAB), TAB - width % TAB, first, last)
    if len(text) == 1 and " " <= text <= "~":
        return Cell(text, 1, first, last)
    shown = safe(text)
    least = 2 if EMOJI in shown else 0
    return Cell(shown, max(least, *(max(columns(part), 0) for part in shown)), first, last)
