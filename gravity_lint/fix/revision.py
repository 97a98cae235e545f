"""A revision that does what a statement in the code does: shown, for where it belongs is the next one of a chain."""

from __future__ import annotations

import re
from textwrap import dedent, indent

from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.regex import regex
from gravity_lint.violation import Block, Remedy

_NAME = r"(?P<{0}>(?:[\w$…]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])(?:\.(?:[\w$…]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\]))?)"
_TABLE = regex(r"CREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?" + _NAME.format("name"), re.IGNORECASE)
_INDEX = regex(r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?" + _NAME.format("name")
               + r"\s+ON\s+(?:ONLY\s+)?" + _NAME.format("table"), re.IGNORECASE)
_ADDED = regex(r"ALTER\s+TABLE\s+(?:ONLY\s+)?" + _NAME.format("name")
               + r"\s+ADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?" + _NAME.format("column") + r"\s+[^,]*$",
               re.IGNORECASE | re.DOTALL)
_RENAMED = regex(r"ALTER\s+TABLE\s+" + _NAME.format("name") + r"\s+RENAME\s+TO\s+" + _NAME.format("other")
                 + r"\s*$", re.IGNORECASE)
_NOT_COLUMNS = frozenset({"constraint", "primary", "foreign", "unique", "check", "index", "key", "partition"})


def moved(remedy: Remedy, texts: Texts) -> Mended:
    """The statement as the two functions of a revision, or as the operation of a Django migration."""
    first, line_end, rest = remedy.word("statement").strip().partition("\n")
    statement = f"{first}{line_end}{dedent(rest)}"  # the first line begins where the statement does
    if not re.search(r"['\"\n]", statement):
        statement = " ".join(statement.split())  # what backslashes have joined
    if not statement:
        raise Refused("which statement it is, is not known")
    back = undone(statement, remedy.word("product"))
    unknown = "; `…` is what the code fills in" if "…" in statement else ""
    if remedy.word("tool") == "Django":
        reverse = f', "{_escaped(back)}"' if back else ""
        text = f"migrations.RunSQL({_literal(statement, '    ')}{reverse})"
        return Mended({}, blocks=(Block(f"In a migration, among its `operations`{unknown}", "py", text),))
    where = "In a revision" if remedy.word("tool") else "In a revision, once `alembic init migrations` has been run"
    lines = ["def upgrade() -> None:", f"    op.execute({_literal(statement, '    ')})", "", "",
             "def downgrade() -> None:"]
    lines += [f'    op.execute("{_escaped(back)}")'] if back else ["    ...  # TODO: bring back what was there before"]
    where += f" (`alembic revision -m …` makes the file){unknown}"
    return Mended({}, blocks=(Block(where, "py", "\n".join(lines)),))


def undone(statement: str, product: str) -> str:
    """The statement that takes another back; empty where that does not say what was there before."""
    if match := _TABLE.match(statement):
        return f"DROP TABLE {match['name']}"
    if match := _INDEX.match(statement):
        behind = f" ON {match['table']}" if product in ("MySQL", "MariaDB", "Microsoft SQL Server") else ""
        return f"DROP INDEX {match['name']}{behind}"
    if (match := _ADDED.match(statement)) and match["column"].lower() not in _NOT_COLUMNS:
        return f"ALTER TABLE {match['name']} DROP COLUMN {match['column']}"
    if match := _RENAMED.match(statement):
        return f"ALTER TABLE {match['other']} RENAME TO {match['name']}"
    return ""


def _literal(text: str, margin: str) -> str:
    """A statement as a text of Python: on one line, or as it stands."""
    if "\n" not in text and len(text) <= 90:
        return f'"{_escaped(text)}"'
    body = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""\n{indent(body, margin * 2)}\n{margin}"""'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
