"""What every format says in the same way: paths, severities, counts, and text that is safe to print."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator

from gravity_lint.regex import regex
from gravity_lint.report import Look, Report
from gravity_lint.violation import Place, Severity, Violation

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_UNSAFE = regex("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")
_ORDER = regex(r"^\s*::|##(?:vso)?\[")
"""How orders to GitHub's and Azure's runners begin."""


def safe(text: str) -> str:
    """Text without what would move a terminal's cursor, turn its direction or break the line."""
    return _UNSAFE.sub(lambda match: " " if match[0] in "\t\n\r" else "\ufffd", text)


def printed(lines: Iterable[str]) -> Iterator[str]:
    """Lines with their ends; on a CI that obeys what is written to its log, without orders."""
    obeyed = "GITHUB_ACTIONS" in os.environ or "TF_BUILD" in os.environ
    yield from ((disarmed(line) if obeyed else line) + "\n" for line in lines)


def disarmed(line: str) -> str:
    """A line that no CI takes for an order to itself, whatever code says in it."""
    return _ORDER.sub(lambda match: f"{match[0][:-1]}\u200b{match[0][-1]}", line)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes; -1 where it holds what moves the cursor."""
    if text.isascii() and text.isprintable():
        return len(text)
    from wcwidth import wcswidth  # dear, and few texts need it

    return wcswidth(text)


def relative(path: str, base: str | None = None) -> str:
    """An absolute path → relative to the current directory, with `/`; `.` for the directory itself."""
    try:
        return os.path.relpath(path, base).replace(os.sep, "/")
    except ValueError:  # another drive
        return path


def where(place: Place) -> str:
    return f"{safe(relative(place.path))}:{place.line}:{place.column}"


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def tallied(violations: Iterable[Violation]) -> str:
    """`2 errors, 1 note`: how many there are of each weight."""
    numbers = Counter(violation.severity for violation in violations)
    return ", ".join(counted(numbers[severity], severity) for severity in SEVERITIES if numbers[severity])


def conclusion(report: Report) -> str:
    """The last line for people: what was found, in how much."""
    services = [service for service in report.services if service.kind != "repository"]
    libraries = sum(service.kind == "library" for service in services)
    seen = [counted(len(services) - libraries, "service")] if len(services) > libraries or not libraries else []
    if libraries:
        seen.append(f"{libraries} {'library' if libraries == 1 else 'libraries'}")
    found = tallied(report.violations)
    whole = f"{' and '.join(seen)} ({counted(report.files, 'file')})"
    if found:
        return f"Found {found} in {whole}"
    if report.crashes:
        return f"Not everything could be judged in {whole}"
    return f"All clean: nothing to say about {whole}"


def ending(report: Report, look: Look) -> Iterator[str]:
    """The last lines of the formats that people read: how often each rule spoke, and what was or can be mended."""
    if look.statistics:
        from gravity_lint.report.statistics import lines

        yield from lines(report)
    yield from fixes(report)


def fixes(report: Report) -> Iterator[str]:
    """The lines about what was mended, and what can be; none where there is nothing to say."""
    if report.fixed:
        files = len({violation.place.path for violation in report.fixed})
        yield f"Fixed {counted(len(report.fixed), 'violation')} in {counted(files, 'file')}"
    now = sum(map(report.fixable, report.violations))
    later = sum(each.remedy is not None and each.remedy.applicability == "unsafe" for each in report.violations)
    later = 0 if report.unsafe else later
    option = "--fix --unsafe-fixes" if report.unsafe else "--fix"
    if now:
        yield f"[*] {now} fixable with `{option}`" + (f" ({later} more with `--unsafe-fixes`)" if later else "")
    elif later:
        yield f"{later} fixable with `--fix --unsafe-fixes`"


def fixed(report: Report) -> Iterator[str]:
    """What was mended: each file, with how often for which rule."""
    by_file: dict[str, Counter[tuple[str, str]]] = {}
    for violation in report.fixed:
        by_file.setdefault(violation.place.path, Counter())[violation.code, violation.name] += 1
    for path, counts in sorted(by_file.items()):
        yield f"{safe(relative(path))}:"
        yield from (f"  {number} × {code} ({name})" for (code, name), number in sorted(counts.items()))
