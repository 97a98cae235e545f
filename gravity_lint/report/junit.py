"""JUnit's XML: a suite a service, a failed case for each violation of weight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from gravity_lint.record import NamedTuple
from gravity_lint.report import Look, Report
from gravity_lint.report.hosts import Names, crashed, roots
from gravity_lint.report.text import safe
from gravity_lint.violation import Violation

_ROOT = "(root)"
"""What a service in the root of a repository is called."""
_NO_XML = str.maketrans({"\ufffe": "\ufffd", "\uffff": "\ufffd"})


class _Case(NamedTuple):
    """One test case: what came of it (`failure`, `error`, or nothing), and why."""

    name: str
    outcome: str = ""
    message: str = ""
    text: str = ""


def render(report: Report, look: Look) -> Iterator[str]:
    """A report → XML. A service of which nothing is said has one case, which passed."""
    names = Names()
    suites: dict[str, list[_Case]] = {root: [] for root in roots(report)}
    for violation in report.violations:
        suites[violation.service].append(_case(violation, names, report.weighs(violation)))
    for crash in report.crashes:
        suites.setdefault(crashed(crash, suites), []).append(_Case("internal error", "error", crash))
    named = [(_suite(root, names), _distinct(cases) or [_Case("nothing to say")]) for root, cases in suites.items()]
    named = named or [(_ROOT, [_Case("nothing to judge")])]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="gravity-lint"{_counts([case for _, cases in named for case in cases])}>\n'
    for name, cases in named:
        yield f"  <testsuite name={_attribute(name)}{_counts(cases)}>\n"
        for case in cases:
            yield from _element(case, name)
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _suite(root: str, names: Names) -> str:
    name = names(root) if root else "."
    return _ROOT if name == "." else name


def _case(violation: Violation, names: Names, weighs: bool) -> _Case:
    """A violation as a case; its name holds no line, so that hosts know it again."""
    text = "\n".join((names.line(violation), *names.proof(violation)))
    return _Case(f"{violation.code} {violation.name}: {names(violation.place.path)}", "failure" if weighs else "",
                 safe(violation.message), text)


def _distinct(cases: Iterable[_Case]) -> list[_Case]:
    """The cases with names that occur once."""
    seen: dict[str, int] = {}
    found = []
    for case in cases:
        seen[case.name] = number = seen.get(case.name, 0) + 1
        found.append(case if number == 1 else case._replace(name=f"{case.name} ({number})"))
    return found


def _counts(cases: list[_Case]) -> str:
    failures, errors = (sum(case.outcome == outcome for case in cases) for outcome in ("failure", "error"))
    return f' tests="{len(cases)}" failures="{failures}" errors="{errors}"'


def _element(case: _Case, suite: str) -> Iterator[str]:
    opening = f"    <testcase name={_attribute(case.name)} classname={_attribute(suite)}"
    if not case.message:
        yield f"{opening}/>\n"
        return
    yield f"{opening}>\n"
    if case.outcome:
        kind = case.name.partition(" ")[0] if case.outcome == "failure" else case.name
        yield f"      <{case.outcome} type={_attribute(kind)} message={_attribute(case.message)}>" \
              f"{_text(case.text)}</{case.outcome}>\n"
    else:
        yield f"      <system-out>{_text(case.text)}</system-out>\n"
    yield "    </testcase>\n"


def _text(text: str) -> str:
    return "\n".join(escape(safe(line)) for line in text.split("\n")).translate(_NO_XML)


def _attribute(text: str) -> str:
    return quoteattr(safe(text)).translate(_NO_XML)
