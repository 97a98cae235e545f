"""What checks ask of one file of a service: its text, and which folders it lies in."""

from __future__ import annotations

import posixpath
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


def is_within(service: Service, path: str, names: tuple[str, ...]) -> bool:
    """Whether a file, or a folder that it lies in below the service's root, has one of these names."""
    inner = posixpath.relpath(path, service.root)
    return not set(names).isdisjoint(posixpath.splitext(inner)[0].split("/"))
