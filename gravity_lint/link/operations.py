"""What a service's code does to databases: calls that create tables, run migrations, and SQL that it sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr, Call, Const, Expr, Name, dotted, walk
from gravity_lint.facts.shell import parse_shell
from gravity_lint.facts.sql import Statement, speaks, statements, verbs
from gravity_lint.facts.words import Command, Word
from gravity_lint.knowledge import Slot
from gravity_lint.link.calls import spelled
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.handles import is_in_memory
from gravity_lint.link.modules import Unit
from gravity_lint.link.scripts import deeds, spoken
from gravity_lint.link.texts import HOLE, Template, templates
from gravity_lint.link.values import (
    External,
    FunctionValue,
    Hop,
    Items,
    Site,
    Values,
)
from gravity_lint.record import comparable

_INPUT = Slot((), ("input",))
_WHOLE = 4_000
"""Characters of a statement that are kept."""
_BEGINS = 500
"""Characters of a statement that are enough to know it by."""


@comparable
class Performed:
    """One call that does something to a database."""

    operation: str
    name: str
    """What is called, as it is written."""
    unit: Unit
    site: Site


@comparable
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
    whole: str = ""
    """All of it, with `…` for what is not known."""


def performed(ask: Evaluator) -> Iterator[Performed]:
    """Every operation on a database in the service's own code."""
    know = knowledge.operations()
    # `_operation` proves what is met
    ends = set(ask.calls.ends((name for row in know.operations for name in row.calls), proven=False))
    ends |= {name.rsplit(".", 1)[-1] for row in know.operations for name in row.attributes
             if not row.imports or ask.calls.seems_to_import(*row.imports)}
    seen: set[int] = set()
    for call, unit in ask.calls.named(sorted(ends)):
        if id(call) not in seen:
            seen.add(id(call))
            operation = _operation(ask, call.func, call, unit)
            if operation is not None and not _of_memory(ask, call, unit):
                yield Performed(operation, spelled(call.func), unit, Site(unit.module, call.span))
    yield from _handed(ask, ends)
    for call, unit, commands in _processes(ask):
        for deed in deeds(commands):
            if deed.statement is None:
                yield Performed(deed.kind, deed.text, unit, Site(unit.module, call.span))


def _handed(ask: Evaluator, ends: set[str]) -> Iterator[Performed]:
    """Operations handed over to be called: `connection.run_sync(Base.metadata.create_all)`."""
    if not any(map(ask.calls.holding, ends)):
        return
    rows = [row for row in knowledge.frameworks().invokers if not row.later]
    names = {*ask.calls.ends(name for row in rows for name in row.calls),
             *(name.rsplit(".", 1)[-1] for row in rows for name in row.attributes)}
    for call, unit in ask.calls.named(sorted(names)):
        for arg in call.args:
            if isinstance(arg.value, Attr) and arg.value.name in ends:
                operation = _operation(ask, arg.value, None, unit)
                if operation is not None and not _sends_to_memory(ask, call, unit):
                    yield Performed(operation, spelled(arg.value), unit, Site(unit.module, arg.value.span))


def _of_memory(ask: Evaluator, call: Call, unit: Unit) -> bool:
    """Whether an operation is given an engine or a connection that leads only into memory."""
    frame = ask.runs.frame(unit)
    given = [arg.value for arg in call.args if arg.name in (None, "bind", "engine", "connection")][:1]
    return any(is_in_memory(ask, ask.values(expr, frame)) for expr in given)


def _sends_to_memory(ask: Evaluator, call: Call, unit: Unit) -> bool:
    """Whether what a method is called on leads only into memory."""
    return isinstance(call.func, Attr) and is_in_memory(ask, ask.values(call.func.base, ask.runs.frame(unit)))


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
                and (not row.imports or ask.calls.imports(*row.imports))
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


def _processes(ask: Evaluator) -> Iterator[tuple[Call, Unit, tuple[Command, ...]]]:
    """The processes that the code starts, each as the commands of its command line; unknown words are holes."""
    table = knowledge.operations().process
    among = ask.carriers.of_texts(_program_words())
    if not among:
        return
    for call, unit in ask.calls.named(ask.calls.ends(table, proven=False), among=among):
        frame = ask.runs.frame(unit)
        for value in ask.values(call.func, frame):
            process = table.get(value.name) if isinstance(value, External) else None
            if process is None:
                continue
            given = ask.runs.argument(call, frame, _INPUT) or ()
            if process.words:
                words = [_word(ask.values(arg.value, frame)) for arg in call.args if arg.name is None]
                commands = _command(words, given)
            else:
                commands = _commands(ask, ask.runs.argument(call, frame, process.command) or (), given)
            if commands:
                yield call, unit, commands
            break


@cache
def _program_words() -> frozenset[str]:
    """A word of the name of each program that does something to databases: the longest that joints cut it into."""
    know = knowledge.operations()
    names = {*know.sql, *know.mongo, *(command.words[0] for command in know.commands)}
    return frozenset(max(re.split(r"\W+", name), key=len) for name in names)


def _commands(ask: Evaluator, values: Values, given: Values) -> tuple[Command, ...]:
    for value in values:
        if isinstance(value, Items):
            return _command([_word(ask.runs.force(item)) for item in value.items], given)
    for template in templates(values):
        commands = parse_shell(template.text.encode("utf-8", "replace"))
        return tuple(command._replace(input=command.input or _input(given)) for command in commands)
    return ()


def _command(words: list[str], given: Values) -> tuple[Command, ...]:
    known = tuple(Word(word, (), (0, 0)) for word in words)
    return (Command(known, _input(given), (0, 0)),) if words else ()


def _input(given: Values) -> tuple[Word, ...]:
    return tuple(Word(template.text, (), (0, 0)) for template in templates(given))


def _word(values: Values) -> str:
    return next((template.text for template in templates(values)), HOLE)


# ---- SQL


def sent(ask: Evaluator) -> Iterator[Sent]:
    """Every SQL statement of a kind worth knowing that the service's own code sends."""
    seen: set[tuple[int, int, str]] = set()
    among = ask.carriers.of_texts(verbs(), speaks)
    for row in knowledge.operations().executors:
        if not row.sends or not among:
            continue
        ends = {name.rsplit(".", 1)[-1] for name in (*row.attributes, *row.calls)}
        for call, unit in ask.calls.named(sorted(ends), among=among):
            if not isinstance(call.func, Attr) or not call.args:
                continue
            values = ask.runs.argument(call, ask.runs.frame(unit), row.sql)
            for template in templates(values or ()):
                known = statements(template.text)
                for statement, following in zip_longest(known, known[1:]):
                    if statement.kind == "other" or _sends_to_memory(ask, call, unit):
                        continue
                    end = following.offset if following is not None else len(template.text)
                    found = _sent(ask, statement, template, end, call, unit)
                    key = id(found.site.module), found.site.span[0], found.begins
                    if key not in seen:
                        seen.add(key)
                        yield found
    for call, unit, commands in _processes(ask):
        for deed in deeds(commands):
            if deed.statement is not None:
                site = Site(unit.module, call.span)
                yield Sent(deed.kind, deed.text, "", deed.name, unit, site, site, (), whole=deed.text)


def _sent(ask: Evaluator, statement: Statement, template: Template, end: int, call: Call, unit: Unit) -> Sent:
    piece = [value for offset, value in template.pieces if offset <= statement.offset]
    value = piece[-1] if piece else template.value
    name = dotted(call.func) or (f"….{call.func.name}" if isinstance(call.func, Attr) else "…")
    text = spoken(statement, template.text)
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
        _trimmed(template.text[statement.offset : end][:_WHOLE]),
    )


def _trimmed(text: str) -> str:
    """A statement without what stands behind it: its semicolon, the quote that closes the text it lies in."""
    if text.count("'") % 2:
        text = text.rpartition("'")[0]
    return text.rstrip().rstrip(";").rstrip().replace(HOLE, "…")
