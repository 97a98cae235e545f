"""How a service reads its settings: the words in which one module of it asks for one variable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gravity_lint.facts.code import (
    Assign,
    Attr,
    Call,
    Class,
    Const,
    Function,
    Import,
    Item,
    Name,
    Return,
    Span,
    dotted,
    walk,
)
from gravity_lint.knowledge.names import classify
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.values import Environment, External, FunctionValue, Instance, Made, ModuleValue, Site, sources
from gravity_lint.record import NamedTuple, cached_property

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_READERS = ("decouple.config", "decouple.AutoConfig.()", "environs.Env.()", "environs.Env.str", "environs.env",
            "environs.env.str", "environ.Env.()", "environ.Env.str", "starlette.config.Config.()")
"""Calls that give the text of a variable, and raise an error that names it where it is absent."""


class Reading(NamedTuple):
    """How a variable is read at one place."""

    variable: str
    expression: str
    """`{}` in it stands for the quoted name of the variable."""
    imported: str = ""
    """The statement that makes its names known in the module, where they are not."""
    field: str = ""
    """The field that a settings class needs for it."""
    home: str = ""
    """Where that class is: path and name."""
    known: bool = False
    """Whether it is read there already, for the same address."""


class _Home(NamedTuple):
    """A settings class, and where its fields are asked for."""

    unit: Unit
    module: Module
    name: str
    """Of the object, or of the function that gives it."""
    called: bool
    span: Span
    """Of the statement that makes it."""


class Ways:
    """How the modules of a service read variables."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ask = service.evaluator
        self._calls: dict[Module, tuple[tuple[int, str], ...]] = {}

    def reads(self, name: str) -> bool:
        """Whether the service asks for a variable already."""
        return name in self.asked

    @cached_property
    def asked(self) -> dict[str, str]:
        """The variables that reach a database → the key of a library's configuration that one is read for, if it is."""
        return {each.name: "" if sink.is_call else sink.name for sink in self._service.sinks for _, values in sink.roles
                for each in sources(values) if isinstance(each, Environment)}

    def reading(self, site: Site, variable: str, role: str, beside: Iterable[Environment]) -> Reading:
        """How a variable is read at a place: in the way of this module, or through the service's settings class, or
        from the environment itself."""
        module = site.module
        if (call := self._call(site)) is not None:
            return Reading(variable, f"{call}({{}})")
        for each in beside:
            if each.kind == "variable" and (told := self._attribute(site, each, role)) is not None:
                return told
        if (near := self._beside(site, beside)) is not None:
            return self._of_field(near[0], near[1], "", variable)
        if (home := self._home) is not None and module.role == "code" \
                and (found := self._through(home, site)) is not None:
            return self._of_field(home.unit, *found, variable)
        return Reading(variable, "")

    def _of_field(self, unit: Unit, expression: str, imported: str, variable: str) -> Reading:
        """How a variable is read as a field of a settings class, an object of which is at hand."""
        field, name = self._field(unit, variable)
        where = "" if not field else f"{unit.module.path}\n{unit.last_name}"
        prefix = self._ask.objects.settings.prefix(unit)
        return Reading(f"{prefix}{name}".upper(), f"{expression}.{name}", imported, field, where)

    # ---- calls

    def _call(self, site: Site) -> str | None:
        """What a module calls for its variables, where that is known at a place."""
        known = self._calls.get(site.module)
        if known is None:
            known = self._calls[site.module] = tuple(self._reading_calls(site.module))
        at_once = bool(known) and self._unit(site) is site.module.unit
        return next((name for start, name in known if not at_once or start <= site.span[0]), None)

    def _reading_calls(self, module: Module) -> Iterator[tuple[int, str]]:
        """Where a module asks for its variables, and what it calls for them."""
        for unit in module.units:
            for call in unit.calls:
                name = dotted(call.func)
                if name is None or not call.args or not isinstance(call.args[0].value, Const):
                    continue
                for value in self._ask.values(call.func, self._ask.runs.frame(unit)):
                    told = value.name if isinstance(value, External) else f"{value.name}.()" \
                        if isinstance(value, Made) else ""
                    if told in _READERS and module.unit.flow.binds(name.partition(".")[0]):
                        yield call.span[0], name

    def _unit(self, site: Site) -> Unit:
        """The innermost function around a place, or the module."""
        found = site.module.unit
        for unit in site.module.units:
            if isinstance(unit.node, Function) and unit.ways.to(site.span) is not None:
                found = unit
        return found

    # ---- settings classes

    @cached_property
    def _home(self) -> _Home | None:
        """The settings class that has the service's databases, or the only one."""
        homes = [home for unit in self._ask.objects.settings.classes
                 if self._ask.objects.settings.is_settings(unit) and self._has_fields(unit)
                 for home in self._homes(unit)]
        first = {home.unit: home for home in reversed(homes)}
        fitting = [home for unit, home in first.items()
                   if any(classify(name) is not None for name in self._ask.objects.settings.fields(unit))]
        chosen = fitting or list(first.values())
        return chosen[0] if len(chosen) == 1 else None

    def _has_fields(self, unit: Unit) -> bool:
        """Whether it is a class of the service's own that pydantic fills, to which a field can be added."""
        known = self._ask.know.settings.bases
        return unit.module.role == "code" and any(isinstance(stmt, Assign) and stmt.annotation is not None
                                                  for stmt in unit.statements) \
            and any(name in known and name.endswith(".BaseSettings")
                    for name in self._ask.objects.lineage(unit)[1])

    def _homes(self, settings: Unit) -> Iterator[_Home]:
        """Where a module makes an object of a class, or a function without parameters gives one."""
        for call, unit in self._ask.calls.named((settings.last_name,)):
            if call.args or unit.module.role != "code" or not self._makes(call, unit, settings):
                continue
            for stmt in unit.statements:
                if isinstance(stmt, Assign) and stmt.value is call and unit is unit.module.unit \
                        and len(stmt.targets) == 1 and isinstance(stmt.targets[0], Name):
                    yield _Home(settings, unit.module, stmt.targets[0].id, False, stmt.span)
                elif isinstance(stmt, Return) and stmt.value is call and unit.parent is unit.module.unit \
                        and isinstance(unit.node, Function) and not unit.node.params and not unit.node.is_async:
                    yield _Home(settings, unit.module, unit.last_name, True, stmt.span)

    def _makes(self, call: Call, unit: Unit, settings: Unit) -> bool:
        return any(isinstance(value, Instance) and value.unit is settings
                   for value in self._ask.values(call, self._ask.runs.frame(unit)))

    def _through(self, home: _Home, site: Site) -> tuple[str, str] | None:
        """How a place gets at the settings, and the import that it needs for that; None where it cannot."""
        module, brackets = site.module, "()" * home.called
        if module is home.module:
            above = self._unit(site) is not module.unit or home.span[1] < site.span[0]
            return (f"{home.name}{brackets}", "") if above and module.unit.flow.binds(home.name) else None
        for stmt, unit in module.imports:
            for alias in stmt.names if unit is module.unit and stmt.span[0] < site.span[0] else ():
                for value in self._ask.values(Name(alias.bound, alias.span), self._ask.runs.frame(unit)):
                    if self._gives(value, home):
                        return f"{alias.bound}{brackets}", ""
                    if isinstance(value, ModuleValue) and value.module is home.module and alias.bound.isidentifier():
                        return f"{alias.bound}.{home.name}{brackets}", ""
        statement = self._import(home, module)
        if statement is None or module.unit.flow.binds(home.name) or self._reaches(home.module, module):
            return None
        return f"{home.name}{brackets}", statement

    def _gives(self, value: object, home: _Home) -> bool:
        if home.called:
            return isinstance(value, FunctionValue) and value.unit is not None and value.unit.last_name == home.name \
                and value.unit.module is home.module
        return isinstance(value, Instance) and value.unit is home.unit

    def _import(self, home: _Home, module: Module) -> str | None:
        """The import of the settings as the service writes it, if it would mean the same in a module."""
        near = [each for each in self._service.modules.values() if each.folder == module.folder and each.role == "code"]
        for other in (*near, *self._ask.calls.code):
            for stmt, unit in other.imports:
                if stmt.plain or stmt.level > 1 or (stmt.level and other.folder != module.folder):
                    continue
                given = any(self._gives(value, home) for alias in stmt.names if alias.name == alias.bound == home.name
                            for value in self._ask.values(Name(alias.bound, alias.span), self._ask.runs.frame(unit)))
                if given and self._source(other, stmt) is self._source(module, stmt) is not None \
                        and (stmt.level or self._speaks(near, stmt.module)):
                    return f"from {'.' * stmt.level}{stmt.module} import {home.name}"
        if module.folder == home.module.folder and not home.module.is_package \
                and any(stmt.level == 1 for each in near for stmt, _ in each.imports):
            return f"from .{home.module.stem} import {home.name}"
        return None

    def _source(self, module: Module, stmt: Import) -> Module | None:
        """The module from which an import of names takes them."""
        importer = self._ask.importer
        return importer.meant(module, stmt.module, stmt.level)

    def _speaks(self, near: Iterable[Module], name: str) -> bool:
        """Whether a module beside imports from the same package by its whole name."""
        head = name.partition(".")[0]
        return any(stmt.level == 0 and not stmt.plain and stmt.module.partition(".")[0] == head
                   for module in near for stmt, _ in module.imports)

    def _reaches(self, start: Module, end: Module) -> bool:
        """Whether a module imports another, however far."""
        seen, stack = {start}, [start]
        while stack:
            here = stack.pop()
            for stmt, _ in here.imports:
                for found in self._ask.importer.of(here, stmt):
                    if found is end:
                        return True
                    if found not in seen:
                        seen.add(found)
                        stack.append(found)
        return False

    def _beside(self, site: Site, beside: Iterable[Environment]) -> tuple[Unit, str] | None:
        """The settings class that gives other parts of the same address, and the object that is asked for them."""
        fields = {each.owner.rpartition(" ")[2]: each for each in beside if each.kind == "setting" and each.owner}
        unit = self._unit(site)
        for settings in self._ask.objects.settings.classes:
            names = {field.partition(".")[2] for field in fields if field.partition(".")[0] == settings.last_name}
            for part in unit.parts() if names and self._has_fields(settings) else ():
                if isinstance(part, Attr) and part.name in names and (base := dotted(part.base)) is not None:
                    return settings, base
        return None

    def _attribute(self, site: Site, beside: Environment, role: str) -> Reading | None:
        """The attribute of a class of constants from which another part of the same address comes, for a role."""
        for owner in beside.site.module.units:
            if not isinstance(owner.node, Class):
                continue
            given = {stmt.targets[0].id: stmt.value for stmt in owner.statements
                     if isinstance(stmt, Assign) and isinstance(stmt.targets[0], Name) and stmt.value is not None}
            names = {name for name, value in given.items() if _covers(value.span, beside.site.span)}
            for part in self._unit(site).parts() if names else ():
                if isinstance(part, Attr) and part.name in names and _covers(site.span, part.span) \
                        and (base := dotted(part.base)) is not None:
                    for name, value in given.items():
                        variable = next((each.value for each in walk(value) if isinstance(each, Const)
                                         and isinstance(each.value, str)), "")
                        if classify(name) == classify(variable) == role and isinstance(value, (Call, Item)):
                            return Reading(variable, f"{base}.{name}", known=True)
        return None

    def _field(self, unit: Unit, variable: str) -> tuple[str, str]:
        """The field that is to be declared, empty for one that is there, and the name under which it is asked for."""
        settings = self._ask.objects.settings
        prefix = settings.prefix(unit)
        fields = settings.fields(unit)
        told = [name for name, stmt in fields.items() if stmt.annotation is not None]
        upper = sum(name.isupper() for name in told) * 2 > len(told)
        name = variable[len(prefix):] if prefix and variable.lower().startswith(prefix.lower()) else variable
        name = name if upper else name.lower()
        return ("" if name in fields else f"{name}: str"), name


def _covers(outer: Span, inner: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
