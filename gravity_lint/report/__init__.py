"""What a run found, and the formats that can say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import get_args

from gravity_lint.baseline import Outcome
from gravity_lint.keys import FAIL_ON, FailOn
from gravity_lint.record import NamedTuple
from gravity_lint.source import Source
from gravity_lint.violation import Place, Severity, Shown, Violation


class ServiceSummary(NamedTuple):
    """One service (or library, or what of a repository belongs to none) that was looked at."""

    path: str
    """Absolute, with `/`."""
    kind: str
    uses_database: bool
    why: tuple[str, ...] = ()
    files: int = 0
    database_place: Place | None = None


class Look(NamedTuple):
    """How a report is to look, for the formats that people read."""

    color: bool = False
    width: int = 100
    """Columns to fill; 0 for as many as the terminal has, which only a format that fills lines looks up."""
    verbose: bool = False
    statistics: bool = False
    """Whether to count by rule at the end."""


class Report(NamedTuple):
    """The result of a run, ready to be written: sorted, suppressed, and without a password in its words."""

    violations: tuple[Violation, ...]
    services: tuple[ServiceSummary, ...]
    files: int = 0
    crashes: tuple[str, ...] = ()
    """One line for each thing that failed through a fault of this program."""
    source: Callable[[str], Source | None] = lambda path: None
    """An absolute path → its text, None where it cannot be read: for code frames."""
    fixed: tuple[Violation, ...] = ()
    """What was found and has been mended: it does not count any more."""
    unsafe: bool = False
    """Whether fixes that a person must look at first are asked for."""
    fail_on: FailOn = "warning"
    """The least severity that makes the command fail."""
    baseline: Outcome | None = None
    """What became of the violations that are known."""
    proposed: Callable[[Violation], Shown | str] = lambda violation: ()
    """What would mend a violation; where that is refused, why."""

    def count(self, severity: Severity) -> int:
        return sum(violation.severity == severity for violation in self.violations)

    def weighs(self, violation: Violation) -> bool:
        """Whether it makes the command fail."""
        return violation.severity in (() if self.fail_on == "never" else
                                      get_args(Severity)[:FAIL_ON.index(self.fail_on) + 1])

    @property
    def failed(self) -> bool:
        """Whether something of the weight was found that makes the command fail."""
        return any(map(self.weighs, self.violations))

    def fixable(self, violation: Violation) -> bool:
        """Whether there is a fix that may be applied as things are asked for."""
        remedy = violation.remedy
        return remedy is not None and remedy.applicability in (("safe", "unsafe") if self.unsafe else ("safe",))

    @property
    def by_rule(self) -> list[tuple[str, str, int]]:
        """(code, name, count), the most frequent first."""
        counts = Counter((violation.code, violation.name) for violation in self.violations)
        return [(*rule, count) for rule, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
