"""Where a service opens its databases: calls of drivers, and configuration that a library reads."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint import knowledge
from gravity_lint.facts.code import Assign, Attr, Call, Class, Const, Expr, Item, Name, dotted
from gravity_lint.link.choice import checked
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.values import (
    Environment,
    External,
    Given,
    Items,
    Joined,
    Literal,
    Made,
    Site,
    Table,
    Values,
    from_environment,
    literal_text,
)
from gravity_lint.record import altered, comparable
from gravity_lint.regex import regex

_MAX_NESTING = 6
_UPDATES = regex(rb"\bconf(?:ig)?\s*\.\s*(?:update|from_mapping)\b")


@comparable
class Sink:
    """One place where a target reaches a database's driver."""

    name: str
    """What is called or set, as people say it: `create_engine`, `SQLALCHEMY_DATABASE_URI`."""
    driver: str
    kind: str
    models: str | None
    site: Site
    unit: Unit
    roles: tuple[tuple[str, Values], ...]
    demands_scheme: bool = False
    is_call: bool = True
    beside: frozenset[str] = frozenset()
    """Roles that the environment gives by other keys of the same configuration."""


def sinks(ask: Evaluator) -> Iterator[Sink]:
    """Every place in the service's own code that opens a database, module by module."""
    yield from _calls(ask)
    configuration = list(_configuration(ask))
    given: dict[tuple[str, Unit], set[str]] = {}
    for sink in configuration:
        roles = {role for role, values in sink.roles if from_environment(values)}
        given.setdefault((sink.driver, sink.unit), set()).update(roles)
    for sink in configuration:
        yield altered(sink, beside=frozenset(given[sink.driver, sink.unit]))


def _calls(ask: Evaluator) -> Iterator[Sink]:
    table = knowledge.drivers()
    seen: set[int] = set()
    for call, unit in (*ask.carriers.calls(table), *ask.half_made(ask.calls.ends(table))):
        if id(call) in seen:
            continue
        seen.add(id(call))
        frame = ask.runs.frame(unit)
        for callee in ask.values(call.func, frame):
            name = (
                callee.name if isinstance(callee, External) else f"{callee.name}.()" if isinstance(callee, Made) else ""
            )
            driver = table.get(name)
            if driver is None:
                continue
            roles: list[tuple[str, Values]] = []
            for role, slot in driver.arguments.items():
                values = ask.runs.argument(call, frame, slot)
                if values is not None and role == "config" and driver.keys is not None:
                    roles.extend(_shaped(ask, values, driver.keys, 0))
                elif values is not None:
                    roles.append((role, values))
            yield Sink(
                dotted(call.func) or name.rsplit(".", 1)[-1],
                driver.driver,
                driver.kind,
                driver.models,
                Site(unit.module, call.span),
                unit,
                tuple(roles),
                driver.demands_scheme,
            )
            break


def _shaped(ask: Evaluator, values: Values, shape: knowledge.Shape, depth: int) -> Iterator[tuple[str, Values]]:
    """The roles that lie in a mapping, or in a list of mappings, of a known shape."""
    if depth > _MAX_NESTING:
        return
    for value in values:
        if isinstance(value, Items):
            for item in value.items:
                yield from _shaped(ask, ask.runs.force(item), shape, depth + 1)
        elif isinstance(value, Table):
            items = list(ask.runs.flat(value))
            if not _demanded(ask, items, shape):
                continue
            for key, given in items:
                inner = shape.at(key) if key is not None else None
                if isinstance(inner, knowledge.Shape):
                    yield from _shaped(ask, ask.runs.force(given), inner, depth + 1)
                elif inner is not None:
                    yield inner, ask.runs.force(given)
        elif shape.itself is not None:
            yield shape.itself, (value,)
        elif isinstance(value, (Joined, Literal, Environment)) and "HOST" in shape.roles:
            yield "url", (value,)  # a URL where parts are usual, as `env.db()` and `dj_database_url` give them


def _demanded(ask: Evaluator, items: list[tuple[str | None, Given]], shape: knowledge.Shape) -> bool:
    for key, words in shape.demands:
        texts = [literal_text(ask.runs.force(item)) for name, item in items if name == key]
        if not any(text is not None and any(word in text for word in words) for text in texts):
            return False
    return True


# ---- configuration


def _configuration(ask: Evaluator) -> Iterator[Sink]:
    keys = {row: (*row.keys.roles, *row.keys.inner) for row in knowledge.settings()}
    flask = [key for row, names in keys.items() if row.where == "flask" for key in names]
    for key, expr, unit, span in ask.objects.config_assignments(flask):
        yield from _setting(ask, "flask", key, expr, unit, span)
    for call, unit in ask.calls.named(("update", "from_mapping"), _UPDATES):
        base = dotted(call.func.base) if isinstance(call.func, Attr) else None
        where = {"config": "flask", "conf": "celery"}.get((base or "").rsplit(".", 1)[-1])
        if where is not None:
            yield from _updates(ask, where, call, unit)
    for unit in ask.calls.classes(flask):
        if not ask.objects.settings.is_settings(unit):
            yield from _body(ask, "flask", unit)
    for module in ask.calls.holding_any(key for names in keys.values() for key in names):
        for where in _kinds(ask, module):
            yield from _body(ask, where, module.unit)
        yield from _celery(ask, module)


def _updates(ask: Evaluator, where: str, call: Call, unit: Unit) -> Iterator[Sink]:
    _, named, _ = ask.runs.arguments(call, ask.runs.frame(unit))
    pairs: dict[str, Given] = dict(named)
    for arg in call.args:
        if arg.name is None:
            for value in ask.values(arg.value, ask.runs.frame(unit)):
                if isinstance(value, Table):
                    pairs.update({key: item for key, item in ask.runs.flat(value) if key is not None})
    for key, value_of in pairs.items():
        for row in _rows(ask, where, key):
            yield from _sink(ask, row, key, ask.runs.force(value_of), Site(unit.module, call.span), unit)


def _kinds(ask: Evaluator, module: Module) -> Iterator[str]:
    """Which libraries may read a module's own names as configuration."""
    binds = module.unit.flow.binds
    starred = bool(module.unit.flow.stars) and ask.names.member(module, "INSTALLED_APPS") is not None
    if starred or binds("DATABASES") or binds("INSTALLED_APPS"):
        yield "django"
    if (
        not binds("INSTALLED_APPS") and any(map(binds, ("SQLALCHEMY_DATABASE_URI", "MONGODB_SETTINGS")))
    ) or (
        ask.calls.imports("flask", "quart")
        and (
            module.stem in ("config", "settings", "default_config", "default_settings")
            or module in ask.objects.config_modules
        )
    ):
        yield "flask"
    if module.stem in ("celeryconfig", "celery_config"):
        yield "celery"


def _body(ask: Evaluator, where: str, unit: Unit) -> Iterator[Sink]:
    """The names that a class's or module's body sets and a library reads."""
    for stmt in unit.statements:
        if not isinstance(stmt, Assign) or stmt.value is None or stmt.op:
            continue
        for target in stmt.targets:
            if isinstance(target, Name) and (target.id.isupper() or where == "celery"):
                if isinstance(unit.node, Class) and unit.flow.exit.get(target.id) is None:
                    continue
                yield from _setting(ask, where, target.id, stmt.value, unit, target.span)
            elif (
                where == "django"
                and isinstance(target, Item)
                and isinstance(target.base, Name)
                and isinstance(target.key, Const)
            ):
                for row in _rows(ask, where, target.base.id):
                    shape = row.keys.inner.get(target.base.id)
                    inner = shape.at(str(target.key.value)) if shape is not None else None
                    if isinstance(inner, knowledge.Shape):
                        values = ask.values(stmt.value, ask.runs.frame(unit))
                        roles = tuple(_shaped(ask, values, inner, 0))
                        if roles:
                            yield Sink(
                                target.base.id,
                                row.driver,
                                row.kind,
                                row.models,
                                Site(unit.module, target.span),
                                unit,
                                roles,
                                row.demands_scheme,
                                False,
                            )


def _celery(ask: Evaluator, module: Module) -> Iterator[Sink]:
    for unit in module.holding("conf"):
        for stmt in unit.statements:
            if isinstance(stmt, Assign) and stmt.value is not None:
                for target in stmt.targets:
                    if isinstance(target, Attr) and (dotted(target.base) or "").rsplit(".", 1)[-1] == "conf":
                        yield from _setting(ask, "celery", target.name, stmt.value, unit, target.span)


def _rows(ask: Evaluator, where: str, key: str) -> Iterator[knowledge.Setting]:
    for row in knowledge.settings():
        if (
            row.where == where
            and (key in row.keys.roles or key in row.keys.inner)
            and (not row.imports or ask.calls.imports(*row.imports))
        ):
            yield row


def _setting(ask: Evaluator, where: str, key: str, expr: Expr, unit: Unit, span: tuple[int, int]) -> Iterator[Sink]:
    for row in _rows(ask, where, key):
        values = ask.values(expr, ask.runs.frame(unit))
        if _looked_at(unit, key):
            values = checked(values)
        yield from _sink(ask, row, key, values, Site(unit.module, span), unit)


def _looked_at(unit: Unit, key: str) -> bool:
    """Whether the unit that sets a key stops when there is nothing under it: `if not app.config[KEY]: raise`."""
    return any(
        state.checked
        for path, state in unit.flow.exit.items()
        if path == key or path.endswith((f"config[{key!r}]", f".{key}"))
    )


def _sink(ask: Evaluator, row: knowledge.Setting, key: str, values: Values, site: Site, unit: Unit) -> Iterator[Sink]:
    inner = row.keys.at(key)
    roles = (
        tuple(_shaped(ask, values, inner, 0))
        if isinstance(inner, knowledge.Shape)
        else ((inner, values),)
        if inner
        else ()
    )
    if roles:
        yield Sink(key, row.driver, row.kind, row.models, site, unit, roles, row.demands_scheme, False)
