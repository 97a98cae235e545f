"""Database settings that code reads from a settings object whose class does not declare them."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint import knowledge
from gravity_lint.facts.code import Assign, Attr, Call, Class, Const, Expr, Item, Name, dotted, walk
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Unit
from gravity_lint.link.objects import MAX_BASES
from gravity_lint.link.values import ClassValue, Environment, External, Instance, Site, Values, sources
from gravity_lint.record import comparable

_DYNAMIC = frozenset({"setattr", "vars", "locals", "globals", "exec", "eval", "__setattr__"})
"""Calls by which a class may get attributes that nobody can read in its text."""
_ASKING = frozenset({"hasattr", "getattr", "setattr", "delattr"})
_PLAIN = frozenset({"object", "abc.ABC", "typing.Generic", "typing.Protocol", "Exception"})
"""Bases that bring no attributes of a database's name."""
_HARMLESS = frozenset({"dataclass", "lru_cache", "cache", "final", "frozen", "define", "s", "attrs", "config"})
"""Decorators of a class that add no attributes of their own."""


@comparable
class Undeclared:
    """One read of a setting that is not there."""

    name: str
    """The setting."""
    read: str
    """The expression, as it is written."""
    owner: str
    """The settings class."""
    near: str
    """The declared setting whose name is nearest; empty where none is near."""
    site: Site
    declared: Site
    """Where the class is."""


def undeclared(ask: Evaluator) -> Iterator[Undeclared]:
    """Every read of a database's setting that is certain to fail, because its class has no attribute of that name."""
    judged: dict[Unit, bool] = {}
    for expr, unit in _reads(ask):
        owner = _owner(ask, expr, unit)
        if owner is None or _has(ask, owner, expr.name):
            continue
        if owner not in judged:
            judged[owner] = _may_hold(ask, owner) and _is_configuration(ask, owner) and _closed(ask, owner)
        if judged[owner]:
            yield _told(ask, expr, unit, owner)


def _reads(ask: Evaluator) -> Iterator[tuple[Attr, Unit]]:
    """The reads of an attribute that is named after a database, and that no code gives to an object."""
    for name in ask.calls.storing_names:
        if not _names_database(name):
            continue
        read = b"." + name.encode("utf-8", "replace")
        modules = [module for module in ask.calls.holding(name) if read in module.text]
        found = [(expr, unit) for module in modules for unit in module.holding(name)
                 for expr in unit.parts() if isinstance(expr, Attr) and expr.name == name]
        if found and not _is_given(ask, name):
            yield from found


def _may_hold(ask: Evaluator, owner: Unit) -> bool:
    """Whether a class of the service's own may hold settings: by its bases, or where the environment is read."""
    if owner.module.role != "code":
        return False
    if owner in ask.objects.settings.classes or owner.module in ask.reading:
        return True
    return any(
        isinstance(value, ClassValue) and value.unit is owner
        for call, unit in ask.calls.named((owner.last_name,), among=frozenset(ask.reading))
        if any(arg.name is not None for arg in call.args)
        for value in ask.values(call.func, ask.runs.frame(unit))
    )


def _names_database(name: str) -> bool:
    """Whether a name says on its own that it holds a part of a database's address: `host` alone does not."""
    return not name.startswith("__") and knowledge.classify(name) is not None


def _owner(ask: Evaluator, expr: Attr, unit: Unit) -> Unit | None:
    """The class of the object that an attribute is read from, where it can be no other."""
    values = ask.values(expr.base, ask.runs.frame(unit))
    owners = {value.unit if isinstance(value, (Instance, ClassValue)) else None for value in values}
    return owners.pop() if len(owners) == 1 else None


def _told(ask: Evaluator, expr: Attr, unit: Unit, owner: Unit) -> Undeclared:
    import difflib

    names = [name for one in ask.objects.lineage(owner)[0] for name in _names(ask, one)]
    folded = {name.lower(): name for name in names if _names_database(name)}
    near = difflib.get_close_matches(expr.name.lower(), folded, 1, 0.7)
    node = owner.node
    declared = Site(owner.module, node.span if isinstance(node, Class) else (0, 0))
    read = dotted(expr) or f"….{expr.name}"
    return Undeclared(
        expr.name, read, owner.last_name, folded[near[0]] if near else "", Site(unit.module, expr.span), declared
    )


# ---- what a class has


def _is_configuration(ask: Evaluator, unit: Unit) -> bool:
    """Whether a class holds settings: by what it inherits from, by what it reads, or by what it is made of."""
    if ask.objects.settings.is_settings(unit) or _made_of_settings(ask, unit):
        return True
    frame = ask.runs.frame(unit)
    given: Values = tuple(
        value
        for stmt in unit.statements
        if isinstance(stmt, Assign) and stmt.value is not None
        for value in ask.near(stmt.value, frame)
    )
    return any(isinstance(source, Environment) for source in sources(given))


def _made_of_settings(ask: Evaluator, unit: Unit) -> bool:
    """Whether somebody makes a record of what the environment gives: `Config(DB_HOST=env("DB_HOST"))`."""
    if not ask.objects.settings.is_model(unit):
        return False
    for call, where in ask.calls.named((unit.last_name,)):
        frame = ask.runs.frame(where)
        if any(isinstance(value, ClassValue) and value.unit is unit for value in ask.values(call.func, frame)):
            given = tuple(value for arg in call.args for value in ask.values(arg.value, frame))
            if any(isinstance(source, Environment) for source in sources(given)):
                return True
    return False


def _closed(ask: Evaluator, unit: Unit) -> bool:
    """Whether every attribute of a class can be read in its text and in those of its bases."""
    known = ask.know.settings
    allowed = {*known.bases, *known.plain_bases, *_PLAIN}
    units, names = ask.objects.lineage(unit)
    if len(units) >= MAX_BASES or not allowed.issuperset(names):
        return False
    return all(_legible(ask, one, allowed) for one in units)


def _legible(ask: Evaluator, unit: Unit, allowed: set[str]) -> bool:
    node = unit.node
    if not isinstance(node, Class) or not _HARMLESS.issuperset(ask.objects.decorators(unit)):
        return False
    around = ask.runs.frame(unit.parent) if unit.parent is not None else ask.runs.frame(unit)
    for arg in node.bases:
        base = arg.value.base if isinstance(arg.value, Item) else arg.value
        if arg.name in ("metaclass", "extra", "*", "**") or not all(
            isinstance(value, ClassValue) or (isinstance(value, External) and value.name in allowed)
            for value in ask.values(base, around)
            if arg.name is None
        ):
            return False
    if {"__getattr__", "__getattribute__", "__new__"} & unit.flow.bound or unit.flow.stars:
        return False
    return not any(_is_dynamic(expr) for inner in unit.units() for expr in inner.parts())


def _is_dynamic(expr: Expr) -> bool:
    """Whether an expression may give a class attributes: `setattr(self, …)`, `self.__dict__`, `extra="allow"`."""
    if isinstance(expr, Call):
        name = expr.func.id if isinstance(expr.func, Name) else expr.func.name if isinstance(expr.func, Attr) else ""
        return name in _DYNAMIC
    if isinstance(expr, Attr):
        return expr.name in ("__dict__", "allow")
    return isinstance(expr, Const) and expr.value == "allow"


def _names(ask: Evaluator, unit: Unit) -> set[str]:
    """The attributes that a class gives itself: in its body, or in its methods."""
    return {name for name in {*unit.flow.bound, *ask.objects.attributes(unit)} if "." not in name and "[" not in name}


def _has(ask: Evaluator, unit: Unit, name: str) -> bool:
    return any(
        one.flow.binds(name)
        or ask.objects.assigned(one, name)
        or any(name == inner.last_name for inner in one.inner.values())
        for one in ask.objects.lineage(unit)[0]
    )


def _is_given(ask: Evaluator, name: str) -> bool:
    """Whether code somewhere gives an object this name, or asks whether it has it: it may be there undeclared."""
    for module in ask.calls.holding(name):
        for unit in module.holding(name):
            for stmt in unit.statements:
                targets = stmt.targets if isinstance(stmt, Assign) else ()
                if any(isinstance(target, Attr) and target.name == name for target in targets):
                    return True
            for call in unit.calls:
                if isinstance(call.func, Name) and call.func.id in _ASKING:
                    consts = (part for arg in call.args for part in walk(arg.value) if isinstance(part, Const))
                    if any(const.value == name for const in consts):
                        return True
    return False
