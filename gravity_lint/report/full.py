"""For people: each violation with its code, the steps that prove it, and what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby

from gravity_lint.report import Look, Report
from gravity_lint.report.alike import Group, together
from gravity_lint.report.frame import Code
from gravity_lint.report.paint import Paint
from gravity_lint.report.text import columns, conclusion, ending, printed, relative, safe, where
from gravity_lint.source import Source
from gravity_lint.violation import Block, Edit, Place, Remedy, Severity, Step, Violation

_WIDEST_TEXT = 110
_WIDEST_STEP = 44
_NEW = 12
"""Lines of a new file that are shown."""
_PLACES = 5
"""Of those that say the same, so many are listed; the next line counts the rest."""


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → what a terminal shows of it."""
    yield from printed(lines(report, look.color, look.width or _columns(), look.verbose))
    yield from printed(ending(report, look))


def _columns() -> int:
    """The columns of the terminal."""
    import shutil  # imports what packs archives

    return max(50, shutil.get_terminal_size((100, 24)).columns)


def lines(report: Report, color: bool, width: int, verbose: bool = False) -> Iterator[str]:
    """A report → lines for a terminal of this width. What says the same is shown once, or each, if `verbose`."""
    writer = _Writer(report, Paint(color), width)
    for group in map(Group, report.violations) if verbose else together(report.violations):
        yield from writer.group(group)
        yield ""
    clean = not report.violations and not report.crashes
    yield Paint(color)("good" if clean else "bold", conclusion(report))


class _Writer:
    def __init__(self, report: Report, paint: Paint, width: int) -> None:
        self._report = report
        self._paint = paint
        self._width = width
        self._codes: dict[str, Code | None] = {}

    def group(self, group: Group) -> Iterator[str]:
        violation = group.first
        paint, place = self._paint, violation.place
        gutter = len(str(place.line + 1))
        kind = "" if violation.severity == "error" else f" ({violation.severity})"
        head = f"{violation.code} {violation.name}{kind}: "
        first, *rest = _wrap(head + safe(violation.message), self._width, "  ")
        label = head.rstrip()
        if first.startswith(label):
            first = paint(violation.severity, label) + paint("bold", first[len(label):])
        yield first
        yield from (paint("bold", line) for line in rest)
        yield f"{' ' * gutter}{paint('frame', '-->')} {where(place)}"
        yield from self._frame(place, gutter, violation.severity)
        if len(violation.trail) > 1:
            yield from self._trail(violation.trail, place, gutter)
        if group.others:
            yield from self._others(group, gutter)
        if violation.advice:
            yield from self._remark("help", safe(violation.advice), gutter)
        if violation.remedy is not None:
            yield from self._fix(violation, violation.remedy, gutter)
        yield from self._remark("more", f"gravity-lint rule {violation.code}", gutter)

    def _code(self, path: str) -> Code | None:
        if path not in self._codes:
            source = self._report.source(path)
            self._codes[path] = Code(source) if source is not None else None
        return self._codes[path]

    def _frame(self, place: Place, gutter: int, severity: Severity) -> Iterator[str]:
        """The line of the place with its columns underlined, and its neighbours that are not blank."""
        code, paint = self._code(place.path), self._paint
        bar = paint("frame", "|")
        if code is None or not 1 <= place.line <= len(code):
            return
        last = place.end_column - 1 if place.end_line == place.line else 1 << 30
        after = min(place.line + 1, max(place.end_line, place.line + 1))
        yield f"{' ' * gutter} {bar}"
        for number in (place.line - 1, place.line, after):
            here = number == place.line
            if not here and code.blank(number):
                continue
            room = max(20, self._width - gutter - 3)
            shown = code.show(number, place.column if here else 1, last if here else 0, room)
            yield f"{paint('frame', str(number).rjust(gutter))} {bar} {shown.text}".rstrip()
            if here:
                mark = paint(severity, "^" * shown.length)
                yield f"{' ' * gutter} {bar} {' ' * shown.before}{mark}"
        yield f"{' ' * gutter} {bar}"

    def _trail(self, trail: tuple[Step, ...], main: Place, gutter: int) -> Iterator[str]:
        paint = self._paint
        equals = paint("frame", "=")
        yield f"{' ' * gutter} {equals} {paint('bold', 'trail:')}"
        indent = " " * (gutter + 3)
        number_width = len(str(len(trail)))
        messages = [safe(step.message) for step in trail]
        column = max((columns(message) for message in messages if columns(message) <= _WIDEST_STEP), default=0)
        for number, (step, message) in enumerate(zip(trail, messages, strict=True), 1):
            label = f"{str(number).rjust(number_width)}. "
            gap = " " * (max(0, column - columns(message)) + 2)
            yield f"{indent}{paint('bold', label)}{message}{gap}{paint('frame', where(step.place))}"
            code = self._code(step.place.path)
            told = (step.place.path, step.place.line) == (main.path, main.line)
            if not told and code is not None and not code.blank(step.place.line):
                inner = indent + " " * len(label)
                yield f"{inner}{self._line(code, step.place, self._width - len(inner))}".rstrip()

    def _others(self, group: Group, gutter: int) -> Iterator[str]:
        title = self._paint("bold", f"the same in {group.spread}:")
        yield f"{' ' * gutter} {self._paint('frame', '=')} {title}"
        indent = " " * (gutter + 3)
        listed = group.others if len(group.others) <= _PLACES + 1 else group.others[:_PLACES]
        for other in listed:
            yield f"{indent}{self._paint('frame', where(other.place))}"
        if left := len(group.others) - len(listed):
            yield f"{indent}and {left} more; `--verbose` shows each"

    def _fix(self, violation: Violation, remedy: Remedy, gutter: int) -> Iterator[str]:
        """How to have it mended, what to look at before that, and the fix as a diff."""
        shown = self._report.proposed(violation)
        if isinstance(shown, str):
            yield from self._remark("fix", f"not here: {safe(shown)}", gutter)
            return
        option = {"safe": "`--fix`", "unsafe": "`--fix --unsafe-fixes`", "display": "by hand"}[remedy.applicability]
        yield from self._remark("fix", option + (f"; first look: {safe(remedy.caution)}" if remedy.caution else ""),
                                gutter)
        edits = [each for each in shown if isinstance(each, Edit)]
        for path in dict.fromkeys(edit.path for edit in edits):
            of_path = [edit for edit in edits if edit.path == path]
            long = self._report.source(path) is None and of_path[0].text.count("\n")
            more = f", new, {long} lines: `--diff` shows it" if long > _NEW else ""
            if path != violation.place.path:
                yield f"{' ' * gutter}   {self._paint('frame', safe(relative(path)) + more)}"
            if not more:
                yield from self._diff(path, of_path, gutter)
        for each in shown:
            if isinstance(each, Block):
                yield from self._block(each, gutter)

    def _block(self, block: Block, gutter: int) -> Iterator[str]:
        """Code for another place, below where that is."""
        indent = f"{' ' * gutter}   "
        for line in _wrap(f"{safe(block.where)}:", self._width - len(indent), ""):
            yield f"{indent}{self._paint('frame', line)}"
        code = Code(Source("", block.text.encode("utf-8", "surrogatepass")))
        for number in range(1, len(code) + 1):
            text = "".join(cell.text for cell in code.cells(number)).rstrip()
            yield f"{indent}  {self._paint('good', text)}".rstrip()

    def _diff(self, path: str, edits: Sequence[Edit], gutter: int) -> Iterator[str]:
        """What edits make of a file: the lines that go and come, with those around them."""
        source = self._report.source(path)
        text = source.text if source is not None else ""
        after = text
        for edit in sorted(edits, key=lambda each: each.start, reverse=True):
            after = after[:edit.start] + edit.text + after[edit.end:]
        old, new = Code(Source(path, text.encode())), Code(Source(path, after.encode()))
        room = max(20, self._width - gutter - 5)
        matcher = SequenceMatcher(None, text.split("\n"), after.split("\n"), autojunk=False)
        for group in matcher.get_grouped_opcodes(1):
            for kind, first, last, start, end in group:
                rows = [(" ", new, at, "dim") for at in range(start, end)] if kind == "equal" else [
                    *(("-", old, at, "error") for at in range(first, last)),
                    *(("+", new, at, "good") for at in range(start, end))]
                for sign, code, at, paint in rows:
                    shown = f"{sign} {code.show(at + 1, 1, 0, room).text}".rstrip()
                    if shown:
                        yield f"{' ' * gutter}   {self._paint(paint, shown)}"

    def _line(self, code: Code, place: Place, room: int) -> str:
        """A step's line without its indentation; in colour, the place in it is marked."""
        last = place.end_column - 1 if place.end_line == place.line else 1 << 30
        cells = code.cells(place.line, place.column)
        marked = {at for at, cell in enumerate(cells) if cell.last >= place.column and cell.first <= last}
        first = next((at for at, cell in enumerate(cells) if cell.text.strip()), 0)
        start, used, end = first, 0, first
        if marked and sum(cell.width for cell in cells[first:max(marked) + 1]) > room:
            start = max(first, min(marked) - room // 4)
        while end < start or (end < len(cells) and used + cells[end].width <= room - 2):
            used += cells[end].width if end >= start else 0
            end += 1
        parts = ["…" if start > first else ""]
        for is_marked, group in groupby(range(start, end), key=marked.__contains__):
            text = "".join(cells[at].text for at in group)
            parts.append(self._paint("marked", text) if is_marked else self._paint("dim", text))
        return "".join([*parts, "…" if end < len(cells) else ""])

    def _remark(self, title: str, text: str, gutter: int) -> Iterator[str]:
        before = f"{' ' * gutter} {self._paint('frame', '=')} {self._paint('bold', title + ':')} "
        indent = " " * (gutter + 5 + len(title))
        first, *rest = _wrap(text, self._width - len(indent), "")
        yield before + first
        yield from (indent + line for line in rest)


def _wrap(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, max(40, min(width, _WIDEST_TEXT)), subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False) or [""]
