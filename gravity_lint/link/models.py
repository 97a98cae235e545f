"""The tables and documents that a service's code declares."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint import knowledge
from gravity_lint.facts.code import Assign, Class, Const, Expr, Name, dotted
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Unit, body_of, statements
from gravity_lint.link.values import External, Site, literal_text
from gravity_lint.record import NamedTuple


class Model(NamedTuple):
    """One table or document: its ORM, the name of its class (or of the table, without one), where it is declared."""

    orm: str
    name: str
    site: Site


def models(ask: Evaluator) -> Iterator[Model]:
    """Every model of the service's own code, module by module."""
    rows = knowledge.models()
    bases = {name for row in rows for name in (*row.bases, *row.factories)}
    bases |= {f"{owner}.{name}" for row in rows for owner in row.owners for name in row.attributes}
    for unit in ask.objects.kin(ask.calls.ends(bases)):
        assert isinstance(unit.node, Class)
        names = ask.objects.lineage(unit)[1]
        for row in rows:
            if names and _is_base(names, row) and _is_table(ask, unit, row):
                yield Model(row.orm, unit.last_name, Site(unit.module, unit.node.span))
                break
    tables = {call: row for row in rows for call in row.tables}
    for call, unit in ask.calls.named(ask.calls.ends(tables)):
        for value in ask.values(call.func, ask.runs.frame(unit)):
            if isinstance(value, External) and value.name in tables and len(call.args) > 1:
                name = literal_text(ask.values(call.args[0].value, ask.runs.frame(unit))) or "Table"
                yield Model(tables[value.name].orm, name, Site(unit.module, call.span))


_ROOTS = ("DeclarativeBase", "DeclarativeBaseNoMeta")


def _last(expr: Expr) -> str:
    return (dotted(expr) or "").rpartition(".")[2]


def _is_base(names: tuple[str, ...], row: knowledge.Models) -> bool:
    made = {f"{owner}.{attribute}" for owner in row.owners for attribute in row.attributes}
    calls = {f"{factory}()" for factory in row.factories}
    return any(name in row.bases or name in made or name in calls for name in names)


def _is_table(ask: Evaluator, unit: Unit, row: knowledge.Models) -> bool:
    node = unit.node
    assert isinstance(node, Class)
    if row.mark is not None:
        return any(
            arg.name == row.mark and isinstance(arg.value, Const) and bool(arg.value.value) for arg in node.bases
        )
    bound = {
        target.id
        for stmt in statements(body_of(node))
        if isinstance(stmt, Assign)
        for target in stmt.targets
        if isinstance(target, Name)
    }
    if any("." not in name and name in bound for name in row.abstract):
        return False
    if any(_last(arg.value) in _ROOTS for arg in node.bases if arg.name is None):
        return False  # what inherits from it has the tables
    if (
        any(inner.last_name == "Meta" and inner.flow.binds("abstract") for inner in unit.inner.values())
        and row.abstract
    ):
        return False
    if row.table and not row.owners:
        return any(name in bound for name in row.table)
    if row.table:  # Flask-SQLAlchemy names the table itself; SQLAlchemy does not
        owned = any(
            f"{owner}.{attribute}" in ask.objects.lineage(unit)[1]
            for owner in row.owners
            for attribute in row.attributes
        )
        return owned or any(
            one.flow.binds(name) or name in one.flow.exit
            for one in ask.objects.lineage(unit)[0]
            for name in row.table
        )
    return True
