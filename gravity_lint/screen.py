"""Whether a file can matter at all, from its bytes alone, before anything is parsed."""

from __future__ import annotations

import re
from functools import cache

from gravity_lint import knowledge

_SQL = ("create", "drop", "alter", "grant", "revoke")


@cache
def _words() -> re.Pattern[bytes]:
    """Every word without which no Python file gives a finding; all follow from the tables of knowledge.

    A database is opened, described, changed or asked for by a library's name, by a configuration key, by a read of
    the environment, by a process, or by SQL; a file with none of them can only pass on what others hold.
    """
    values, operations = knowledge.values(), knowledge.operations()
    calls = [*values.reader, *values.option, *operations.process, *values.mappings, *values.mapping_calls]
    words = {*knowledge.library_names(), *_SQL, *(call.rsplit(".", 1)[-1] for call in calls if not call.endswith(")"))}
    words |= {base.split(".", 1)[0] for row in knowledge.models() for base in (*row.bases, *row.factories, *row.owners)}
    words |= {base.split(".", 1)[0] for base in (*values.settings.bases, *values.settings.decorators)}
    words |= {key for row in knowledge.settings() for key in (*row.keys.roles, *row.keys.inner)}
    words |= {name for row in operations.operations for name in row.attributes}
    pattern = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    return re.compile(pattern.encode(), re.IGNORECASE)


def matters(data: bytes) -> bool:
    """Whether a Python file's text holds anything that a rule about code could speak of."""
    return _words().search(data) is not None
