"""Fixes: violations that say what would mend them → other texts, each proved before it counts."""

from __future__ import annotations

from gravity_lint.fix.edits import diff
from gravity_lint.fix.passes import Ground, Outcome, Refusal, ignored, mend, proposed

__all__ = ["Ground", "Outcome", "Refusal", "diff", "ignored", "mend", "proposed"]
