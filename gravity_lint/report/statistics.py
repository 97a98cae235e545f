"""How often each rule spoke."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint.report import Report


def lines(report: Report) -> Iterator[str]:
    """A report → one line a rule, the most frequent first."""
    counts = report.by_rule
    width = max((len(str(count)) for *_, count in counts), default=1)
    for code, name, count in counts:
        yield f"{count:>{width}}  {code}  {name}"
