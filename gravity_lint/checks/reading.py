"""Reading a file of a service for a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gravity_lint.source import Source, Unreadable

if TYPE_CHECKING:
    from gravity_lint.link.service import Service


def source_of(service: Service, path: str) -> Source | None:
    """The text of a file; None for one that cannot be read, which GRV001 says."""
    try:
        source: Source = service.source(path)
    except Unreadable:
        return None
    return source
