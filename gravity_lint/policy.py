"""Which rules speak of a file, and with what weight: by the configuration that holds where it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from gravity_lint.config import Config
from gravity_lint.record import Record
from gravity_lint.rulebook import Rule, matches, trust
from gravity_lint.suppress import per_file
from gravity_lint.violation import Remedy, Severity, Violation

Nested = tuple[tuple[Config, frozenset[str]], ...]
"""Configurations, each with the codes of the rules that it chooses; the first is the run's own."""


class _Policy(Record):
    """What one configuration wants."""

    codes: frozenset[str]
    ignored: Callable[[str, str, str], bool]
    severity: Mapping[str, Severity]
    trusted: Mapping[str, Callable[[Remedy], Remedy | None]]


class Policies:
    """The configurations of a run; each holds for what lies below its folder and below no nearer one."""

    def __init__(self, config: Config, rules: Sequence[Rule], nested: Nested = ()) -> None:
        self._rules = rules
        self._own = {rule.code: rule.severity for rule in rules}
        whole = (config, frozenset(self._own))
        (first, codes), *others = nested or (whole,)
        self._base = self._policy(first, codes)
        self._inner = {each.root.as_posix(): self._policy(each, those) for each, those in others}
        self._known: dict[str, _Policy] = {}

    def _policy(self, config: Config, codes: frozenset[str]) -> _Policy:
        wanted = {rule.code: severity for selector, severity in config.severity
                  for rule in self._rules if matches(selector, rule)}
        return _Policy(codes, per_file(config), wanted, trust(config, self._rules))

    def _at(self, path: str) -> _Policy:
        if not self._inner:
            return self._base
        folder = path.rpartition("/")[0]
        if folder not in self._known:
            self._known[folder] = self._inner.get(folder) or (self._at(folder) if folder else self._base)
        return self._known[folder]

    def speaks(self, path: str, code: str) -> bool:
        """Whether the rule of this code was chosen where this path lies."""
        return code in self._at(path).codes

    def ignored(self, path: str, code: str, name: str) -> bool:
        """Whether `per-file-ignores` leave out, of a path, the rule of this code and name."""
        return self._at(path).ignored(path, code, name)

    def weighed(self, violations: Iterable[Violation]) -> Iterator[Violation]:
        """Those of rules that were chosen where they are, with the severities and the remedies that are wanted there.

        It does not change the weight of what the circumstances made a note, nor make advice a fix.
        """
        for violation in violations:
            code, policy = violation.code, self._at(violation.place.path)
            if code not in policy.codes:
                continue
            if code in policy.severity and violation.severity == self._own[code]:
                violation = violation._replace(severity=policy.severity[code])
            if violation.remedy is not None and code in policy.trusted:
                violation = violation._replace(remedy=policy.trusted[code](violation.remedy))
            yield violation
