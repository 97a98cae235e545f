"""What a run found, and the formats that can say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from gravity_lint.source import Source
from gravity_lint.violation import Edit, Place, Severity, Violation


class ServiceSummary(NamedTuple):
    """One service (or library, or what of a repository belongs to none) that was looked at."""

    path: str
    """Absolute, with `/`."""
    kind: str
    uses_database: bool
    why: tuple[str, ...] = ()
    files: int = 0
    database_place: Place | None = None


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
    proposed: Callable[[Violation], tuple[Edit, ...] | str] = lambda violation: ()
    """What would mend a violation; where that is refused, why."""

    def count(self, severity: Severity) -> int:
        return sum(violation.severity == severity for violation in self.violations)

    @property
    def failed(self) -> bool:
        """Whether something of weight was found; notes alone do not fail."""
        return any(violation.severity != "note" for violation in self.violations)

    def fixable(self, violation: Violation) -> bool:
        """Whether there is a fix that may be applied as things are asked for."""
        remedy = violation.remedy
        return remedy is not None and remedy.applicability in (("safe", "unsafe") if self.unsafe else ("safe",))

    @property
    def by_rule(self) -> list[tuple[str, str, int]]:
        """(code, name, count), the most frequent first."""
        counts = Counter((violation.code, violation.name) for violation in self.violations)
        return [(*rule, count) for rule, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
