"""Programs that only the system's packages bring."""

from __future__ import annotations

import os
import shutil

import pytest

WHOLE = "GRAVITY_LINT_WHOLE_GATE"
"""Set where all of them have to be there: `.ci/run` installs them."""


def needed(program: str) -> str:
    """The path of a program that pip cannot install; a test without it is left out, and says so, or fails."""
    path = shutil.which(program)
    if path is None:
        reason = f"{program.upper()} IS NOT INSTALLED: what it makes of our output is not tested"
        if os.environ.get(WHOLE):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
