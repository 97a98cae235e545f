"""What a service's code does to databases: calls that create tables, run migrations, and SQL that it sends."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr, Call, Const, Expr, Name, dotted, walk
from gravity_lint.facts.sql import Statement, statements
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Unit
from gravity_lint.link.texts import HOLE, Template, templates
from gravity_lint.link.values import (
    External,
    FunctionValue,
    Hop,
    Items,
    Site,
    Values,
)

_BEGINS = 500
"""Characters of a statement that are enough to know it by."""


@dataclass(frozen=True, slots=True)
class Performed:
    """One call that does something to a database."""

    operation: str
    name: str
    """What is called, as it is written."""
    unit: Unit
    site: Site


@dataclass(frozen=True, slots=True)
class Sent:
    """One SQL statement that the code sends."""

    kind: str
    text: str
    """How it begins, with `…` for what is not known."""
    begins: str
    """Its first line as it is written, to be found in the text that it stands in."""
    name: str
    """What sends it, as it is written."""
    unit: Unit
    site: Site
    """Where the text stands that holds the statement."""
    sender: Site
    trail: tuple[Hop, ...]
    temporary: bool = False
    """A table that is gone with the connection."""


def performed(ask: Evaluator) -> Iterator[Performed]:
    """Every operation on a database in the service's own code."""
    know = knowledge.operations()
    ends = {name.rsplit(".", 1)[-1] for row in know.operations for name in (*row.calls, *row.attributes)}
    seen: set[int] = set()
    for call, unit in ask.calls.named(sorted(ends)):
        if id(call) not in seen:
            seen.add(id(call))
            operation = _operation(ask, call.func, call, unit)
            if operation is not None:
                yield Performed(operation, dotted(call.func) or "…", unit, Site(unit.module, call.span))
    yield from _handed(ask, ends)
    for call, unit, words in _processes(ask):
        kind = know.of_command(words)
        if kind is not None:
            yield Performed(kind, " ".join(words[:4]), unit, Site(unit.module, call.span))


def _handed(ask: Evaluator, ends: set[str]) -> Iterator[Performed]:
    """Operations handed over to be called: `connection.run_sync(Base.metadata.create_all)`."""
    rows = [row for row in knowledge.frameworks().invokers if not row.later]
    names = {name.rsplit(".", 1)[-1] for row in rows for name in (*row.calls, *row.attributes)}
    for call, unit in ask.calls.named(sorted(names)):
        for arg in call.args:
            if isinstance(arg.value, Attr) and arg.value.name in ends:
                operation = _operation(ask, arg.value, None, unit)
                if operation is not None:
                    yield Performed(
                        operation, dotted(arg.value) or arg.value.name, unit, Site(unit.module, arg.value.span)
                    )


def _operation(ask: Evaluator, func: Expr, call: Call | None, unit: Unit) -> str | None:
    """What calling something does to a database; None when it does nothing of that kind."""
    values = ask.values(func, ask.runs.frame(unit))
    if any(isinstance(value, FunctionValue) for value in values):
        return None
    names = {value.name for value in values if isinstance(value, External)}
    text = dotted(func) or (func.name if isinstance(func, Attr) else "")
    for row in knowledge.operations().operations:
        named = bool(names & set(row.calls))
        if not named:
            ending = any(text == end or text.endswith(f".{end}") for end in row.attributes) and isinstance(func, Attr)
            base = _last(func.base) if isinstance(func, Attr) else ""
            named = (
                ending
                and (not row.receiver or base.endswith(row.receiver))
                and (not row.imports or bool(ask.calls.imported & set(row.imports)))
            )
        if named and (call is None or _demanded(ask, row, call, unit)):
            return row.operation
    return None


def _last(expr: Expr) -> str:
    """The last name of what a method is called on, in lower case."""
    if isinstance(expr, Call):
        expr = expr.func
    return expr.name.lower() if isinstance(expr, Attr) else expr.id.lower() if isinstance(expr, Name) else ""


def _demanded(ask: Evaluator, row: knowledge.Operation, call: Call, unit: Unit) -> bool:
    for name, wanted in row.when.items():
        given = [arg.value for arg in call.args if arg.name == name]
        if not given or not isinstance(given[0], Const) or given[0].value is not wanted:
            return False
    if row.words:
        words = {str(part.value) for arg in call.args for part in walk(arg.value) if isinstance(part, Const)}
        return bool(words & set(row.words))
    return True


# ---- processes


def _processes(ask: Evaluator) -> Iterator[tuple[Call, Unit, list[str]]]:
    """The processes that the code starts, each as the words of its command line; unknown words are holes."""
    table = knowledge.operations().process
    for call, unit in ask.calls.named(sorted({name.rsplit(".", 1)[-1] for name in table})):
        frame = ask.runs.frame(unit)
        for value in ask.values(call.func, frame):
            process = table.get(value.name) if isinstance(value, External) else None
            if process is None:
                continue
            if process.words:
                words = [_word(ask.values(arg.value, frame)) for arg in call.args if arg.name is None]
            else:
                words = _words(ask, ask.runs.argument(call, frame, process.command) or ())
            if words:
                yield call, unit, words
            break


def _words(ask: Evaluator, values: Values) -> list[str]:
    for value in values:
        if isinstance(value, Items):
            words = [_word(ask.runs.force(item)) for item in value.items]
            if words[:2] in (["sh", "-c"], ["bash", "-c"]) and len(words) > 2:
                return _split(words[2])
            return words
    for template in templates(values):
        return _split(template.text)
    return []


def _split(text: str) -> list[str]:
    for part in text.replace("&&", ";").split(";"):
        try:
            words = shlex.split(part)
        except ValueError:
            words = part.split()
        if words and knowledge.operations().of_command(words) is not None:
            return words
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _word(values: Values) -> str:
    return next((template.text for template in templates(values)), HOLE)


# ---- SQL


def sent(ask: Evaluator) -> Iterator[Sent]:
    """Every SQL statement of a kind worth knowing that the service's own code sends."""
    seen: set[tuple[int, int, str]] = set()
    for row in knowledge.operations().executors:
        if not row.sends:
            continue
        ends = {name.rsplit(".", 1)[-1] for name in (*row.attributes, *row.calls)}
        for call, unit in ask.calls.named(sorted(ends)):
            if not isinstance(call.func, Attr) or not call.args:
                continue
            values = ask.runs.argument(call, ask.runs.frame(unit), row.sql)
            for template in templates(values or ()):
                for statement in statements(template.text):
                    found = _sent(ask, statement, template, call, unit)
                    key = id(found.site.module), found.site.span[0], found.begins
                    if key not in seen:
                        seen.add(key)
                        yield found
    for call, unit, words in _processes(ask):
        yield from _sent_by_program(call, unit, words)


def _sent(ask: Evaluator, statement: Statement, template: Template, call: Call, unit: Unit) -> Sent:
    piece = [value for offset, value in template.pieces if offset <= statement.offset]
    value = piece[-1] if piece else template.value
    name = dotted(call.func) or (f"….{call.func.name}" if isinstance(call.func, Attr) else "…")
    text = _shown(statement, template.text)
    begins = template.text[statement.offset : statement.offset + _BEGINS].split("\n", 1)[0].split(HOLE, 1)[0].rstrip()
    return Sent(
        statement.kind,
        text,
        begins,
        name,
        unit,
        value.site,
        Site(unit.module, call.span),
        template.value.trail,
        statement.temporary,
    )


def _shown(statement: Statement, text: str) -> str:
    """A statement for people: what it makes and its name, or how it begins."""
    shown = f"{statement.verb} {statement.object} {statement.name}"
    if not statement.name or not statement.kind.startswith(("create", "alter", "drop")):
        shown = text[statement.offset : statement.offset + 80]
    return " ".join(shown.split()).replace(HOLE, "…")


def _sent_by_program(call: Call, unit: Unit, words: list[str]) -> Iterator[Sent]:
    for program in knowledge.operations().sql_programs:
        if words[0].rsplit("/", 1)[-1] != program.program:
            continue
        for number, word in enumerate(words[1:], 1):
            if not program.options or words[number - 1] in program.options:
                for statement in statements(word):
                    site = Site(unit.module, call.span)
                    text = " ".join(word.split())[:80].replace(HOLE, "…")
                    yield Sent(statement.kind, text, "", program.program, unit, site, site, ())
