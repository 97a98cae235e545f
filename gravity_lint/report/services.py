"""What was taken for a service, and why."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint.report import Report
from gravity_lint.report.text import counted, relative, safe, where

_KINDS = {"service": "service", "library": "library", "repository": "belongs to no service"}


def lines(report: Report) -> Iterator[str]:
    """A report → for each service its path and kind, the evidence, and whether it uses a database."""
    if not report.services:
        yield "No service, library or deployment file was found"
    for service in report.services:
        yield f"{safe(relative(service.path))}  {_KINDS.get(service.kind, service.kind)}, " \
              f"{counted(service.files, 'file')}"
        if service.why:
            yield f"    because of {', '.join(map(safe, service.why))}"
        if service.uses_database:
            seen = f", first seen at {where(service.database_place)}" if service.database_place else ""
            yield f"    uses a database{seen}"
