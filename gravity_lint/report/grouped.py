"""For people who mend file by file: each file once, with what was found in it under it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gravity_lint.report import Look, Report
from gravity_lint.report.paint import Paint
from gravity_lint.report.text import conclusion, ending, printed, relative, safe, tallied


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → its files, in order, each with aligned lines, and what there is to say of all."""
    yield from printed(lines(report, look.color))
    yield from printed(ending(report, look))


def lines(report: Report, color: bool) -> Iterator[str]:
    """A report → a heading a file with its counts, a line a violation, and the conclusion."""
    paint = Paint(color)
    for path, found in groupby(report.violations, lambda violation: violation.place.path):
        group = list(found)
        yield f"{paint('bold', safe(relative(path)))}  {paint('dim', tallied(group))}"
        at = [f"{each.place.line}:{each.place.column}" for each in group]
        widest = max(map(len, at))
        width = max(len(each.severity) for each in group)
        for each, place in zip(group, at, strict=True):
            mark = " [*]" if report.fixable(each) else ""
            yield f"  {place:>{widest}}  {paint(each.severity, f'{each.severity:<{width}}')}  " \
                  f"{paint('bold', each.code)}{mark}  {safe(each.message)}"
        yield ""
    clean = not report.violations and not report.crashes
    yield paint("good" if clean else "bold", conclusion(report))
