"""The kinds of fixes by their names, and what each of them takes, gives and may refuse."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import cast

from gravity_lint.record import NamedTuple
from gravity_lint.source import Source
from gravity_lint.violation import Block, Remedy

KINDS: dict[str, str] = {
    "change-scheme": "gravity_lint.fix.schemes:changed",
    "check-setting": "gravity_lint.fix.presence:checked",
    "deploy-backup": "gravity_lint.fix.deployment:backed_up",
    "deploy-care": "gravity_lint.fix.deployment:cared_for",
    "deploy-database": "gravity_lint.fix.deployment:provisioned",
    "deploy-migration": "gravity_lint.fix.deployment:migrated",
    "deploy-script": "gravity_lint.fix.deployment:moved",
    "deploy-users": "gravity_lint.fix.deployment:permitted",
    "drop-creation": "gravity_lint.fix.removal:dropped",
    "drop-suppression": "gravity_lint.fix.suppressions:dropped",
    "empty-ini-url": "gravity_lint.fix.ini:emptied",
    "env-url": "gravity_lint.fix.ini:supplied",
    "flask-migrate": "gravity_lint.fix.scaffold:by_flask",
    "mark-example": "gravity_lint.fix.headers:marked",
    "mask-address": "gravity_lint.fix.masking:masked",
    "move-to-revision": "gravity_lint.fix.revision:moved",
    "read-environment": "gravity_lint.fix.literals:read",
    "require-setting": "gravity_lint.fix.defaults:required",
    "reverse-upgrade": "gravity_lint.fix.downgrade:reversed_upgrade",
    "scaffold-alembic": "gravity_lint.fix.scaffold:scaffolded",
    "write-database-md": "gravity_lint.fix.database_md:written",
}
"""What the `kind` of a remedy may be → where it is; imported when one is made."""

LATE = ("scaffold-alembic", "write-database-md")
"""The kinds that tell of what others change, in order: each waits until nothing before it is left to be mended."""

Texts = Callable[[str], "Source | None"]
"""An absolute path → the text of the file as it is now; None for one that is not there or cannot be read."""


class Refused(Exception):
    """What a fix cannot do here, in words that go on from "not fixed:"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Mended(NamedTuple):
    """What one fix makes of files."""

    texts: Mapping[str, str]
    """Absolute path → the whole text that is to be there; of a new file too."""
    claims: frozenset[str] = frozenset()
    """What only one fix of a pass may do, such as adding a variable to a file; the next pass sees that it is done.

    Where a claim begins with a path and a line end, two fixes may do it that change that file in one and the same way.
    """
    drops: tuple[str, ...] = ()
    """The comments that go because they are what is mended."""
    instead: frozenset[str] = frozenset()
    """The rules that may speak in place of this one: what is left is less, and somebody needs it."""
    blocks: tuple[Block, ...] = ()
    """What is to be written or run elsewhere, by a person; shown, never applied."""


Kind = Callable[[Remedy, Texts], Mended]


def mended(remedy: Remedy, texts: Texts) -> Mended:
    """A remedy → what it makes of the files. Raises `Refused`."""
    module, _, name = KINDS[remedy.kind].partition(":")
    kind = cast(Kind, getattr(importlib.import_module(module), name))
    return kind(remedy, texts)


def text_of(texts: Texts, path: str) -> str:
    """The text of a file that must be there. Raises `Refused`."""
    source = texts(path)
    if source is None:
        raise Refused(f"`{path}` cannot be read")
    return source.text
