"""Classes whose fields are settings: what the environment gives for them, and what stands in for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.facts.code import Assign, Attr, Call, Class, Const, Expr, Function, Mapping, Name, Other, walk
from gravity_lint.knowledge.exposures import exposures
from gravity_lint.link.flow import key_of
from gravity_lint.link.modules import Unit, first_param, place_of
from gravity_lint.link.values import (
    ClassValue,
    Environment,
    External,
    Frame,
    FunctionValue,
    Instance,
    Items,
    Literal,
    Made,
    ModuleValue,
    Site,
    Table,
    Unknown,
    Values,
    literal_text,
)
from gravity_lint.record import cached_property

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator
    from gravity_lint.link.objects import Objects


class Settings:
    """What the settings classes of a service say. Answers with the evaluator and the objects whose part it is."""

    def __init__(self, evaluator: Evaluator, objects: Objects) -> None:
        self.ask = evaluator
        self.objects = objects
        self._settings: dict[Unit, bool] = {}
        self._written: dict[Unit, tuple[dict[str, Assign], dict[str, Assign]]] = {}
        self._inner: dict[Unit, tuple[Assign, ...]] = {}

    def fields(self, unit: Unit) -> dict[str, Assign]:
        """The fields that a class declares in its body: names with an annotation, or any name of a settings class."""
        every, annotated = self._assigned(unit)
        return every if len(every) > len(annotated) and self.is_settings(unit) else annotated

    def _assigned(self, unit: Unit) -> tuple[dict[str, Assign], dict[str, Assign]]:
        """The names that a class's body assigns to, and those of them with an annotation."""
        known = self._written.get(unit)
        if known is None:
            known = self._written[unit] = {}, {}
            for stmt in unit.statements:
                target = stmt.targets[0] if isinstance(stmt, Assign) and len(stmt.targets) == 1 else None
                if isinstance(stmt, Assign) and isinstance(target, Name):
                    for found in known if stmt.annotation else known[:1]:
                        found[target.id] = stmt
        return known

    def is_settings(self, unit: Unit) -> bool:
        """Whether the environment gives the fields of a class."""
        return self._declared(unit) or unit in self._nested

    def _declared(self, unit: Unit) -> bool:
        """Whether a class says of itself that it is settings."""
        found = self._settings.get(unit)
        if found is None:
            self._settings[unit] = False
            known = self.ask.know.settings
            units, names = self.objects.lineage(unit)
            found = any(name in known.bases for name in names)
            for one in units:
                for decorator in one.node.decorators if isinstance(one.node, Class) else ():
                    expr = decorator.func if isinstance(decorator, Call) else decorator
                    frame = self.ask.runs.frame(one.parent) if one.parent is not None else self.ask.runs.frame(one)
                    found = found or any(
                        isinstance(value, External) and value.name in known.decorators
                        for value in self.ask.values(expr, frame)
                    )
            self._settings[unit] = found
        return found

    @cached_property
    def candidates(self) -> tuple[Unit, ...]:
        """The classes that may be settings classes by their bases or decorators."""
        known = self.ask.know.settings
        ends = self.ask.calls.ends
        return self.objects.kin(ends(known.bases), ends(known.decorators))

    @cached_property
    def classes(self) -> tuple[Unit, ...]:
        """The settings classes of the service's own code, those that others hold included, and perhaps some more."""
        nested = (unit for unit in self._nested if unit.module.role == "code")
        return tuple(sorted({*self.candidates, *nested}, key=place_of))

    @cached_property
    def _nested(self) -> frozenset[Unit]:
        """The models that settings classes inherit from or hold: the environment fills them too (`DB__URL`)."""
        stack = [unit for unit in self.candidates if self._declared(unit)]
        found = {base for unit in stack for base in self.objects.lineage(unit)[0] if not self._declared(base)}
        stack.extend(found)
        while stack:
            unit = stack.pop()
            frame = self.ask.runs.frame(unit)
            for stmt in unit.statements:
                given = [expr for expr in (stmt.annotation, stmt.value) if expr] if isinstance(stmt, Assign) else []
                for value in (value for expr in given for value in self.ask.values(expr, frame)):
                    model = value.unit if isinstance(value, (ClassValue, Instance)) else None
                    if model is None or model in found:
                        continue
                    if any(name.startswith("pydantic") for name in self.objects.lineage(model)[1]):
                        found.add(model)
                        stack.append(model)
        return frozenset(found)

    def _configured(self, unit: Unit) -> tuple[Assign, ...]:
        """The statements of a class that configure it: `model_config = …`."""
        known = self._inner.get(unit)
        if known is None:
            names = self.ask.know.settings.inner_names
            known = self._inner[unit] = tuple(
                stmt
                for stmt in unit.statements
                if isinstance(stmt, Assign)
                and stmt.value is not None
                and isinstance(stmt.targets[0], Name)
                and stmt.targets[0].id in names
            )
        return known

    def prefix(self, unit: Unit) -> str:
        """What stands before the names of a settings class's variables."""
        known = self.ask.know.settings
        for owner in self.objects.lineage(unit)[0]:
            for stmt in self._configured(owner):
                value = stmt.value
                options: list[tuple[str | None, Expr]] = []
                if isinstance(value, Call):
                    options = [(arg.name, arg.value) for arg in value.args]
                elif isinstance(value, Mapping):
                    options = [
                        (key.value if isinstance(key, Const) and isinstance(key.value, str) else None, item)
                        for key, item in value.items
                    ]
                for name, expr in options:
                    if name in known.prefix:
                        return literal_text(self.ask.values(expr, self.ask.runs.frame(owner))) or ""
            for inner in owner.inner.values():
                if inner.last_name in known.inner_classes:
                    for name in known.prefix:
                        state = inner.flow.exit.get(name)
                        if state is not None:
                            return literal_text(self.ask.state(name, state, self.ask.runs.frame(inner))) or ""
        return ""

    def setting(self, unit: Unit, name: str) -> Values:
        """A field of a settings class → what the environment gives for it, with its default."""
        stmt = self.fields(unit)[name]
        frame = self.ask.runs.frame(unit)
        site = Site(unit.module, stmt.span)
        alias: str | None = None
        value = stmt.value
        default: Values | None = None
        if isinstance(value, Call):
            for callee in self.ask.values(value.func, frame):
                field = self.ask.know.field.get(callee.name) if isinstance(callee, External) else None
                if field is not None:
                    default = self.field_default(value, frame, field)
                    alias = self._alias(value, frame, field)
                    value = None
                    break
        if value is not None and not (isinstance(value, Other) and value.kind == "ellipsis"):
            default = self.ask.values(value, frame)
        objects = tuple(
            item for item in default or () if isinstance(item, (Instance, ModuleValue, FunctionValue, Table))
        )
        if objects:
            return objects
        if default is None and stmt.annotation is not None:
            typed = [
                Instance(site, (), item.unit)
                for item in self.ask.values(stmt.annotation, frame)
                if isinstance(item, ClassValue) and item.unit is not None and self.is_model(item.unit)
            ]
            if typed:
                return tuple(typed)
        refused = {None, "", *self._refused(unit, name)}
        kept = tuple(item for item in default or () if not (isinstance(item, Literal) and item.value in refused))
        required = default is None
        variable = alias or f"{self.prefix(unit)}{name}".upper()
        return (
            Environment(
                site,
                (),
                variable,
                "setting",
                required,
                self._validated(unit, name),
                kept,
                f"{self.prefix(unit)} {unit.last_name}.{name}",
                _is_secret(stmt.annotation),
            ),
        )

    def is_model(self, unit: Unit) -> bool:
        """Whether a class is a record of fields: a settings class, a pydantic model, a dataclass."""
        known = self.ask.know.settings
        return self.is_settings(unit) or any(name in known.plain_bases for name in self.objects.lineage(unit)[1])

    def field_default(self, call: Call, frame: Frame, field: knowledge.FieldCall) -> Values | None:
        """What a field's declaration gives when nothing else does; None when there is no default."""
        given = self.ask.runs.argument(call, frame, field.default)
        if given is not None:
            ellipses = all(isinstance(value, Unknown) and value.reason == "Other" for value in given)
            return None if ellipses and self._has_ellipsis(call) else given
        factory = self.ask.runs.argument(call, frame, field.factory)
        if factory is None:
            return None
        found = [
            value
            for item in factory
            for function in self.ask.callable(item, item.site)
            if isinstance(item, FunctionValue)
            for value in self.ask.returned(function, None, None)
        ]
        made = [Instance(item.site, (), item.unit) for item in factory if isinstance(item, ClassValue)]
        return (*found, *made) or factory

    def _has_ellipsis(self, call: Call) -> bool:
        return any(isinstance(arg.value, Other) and arg.value.kind == "ellipsis" for arg in call.args)

    def _alias(self, call: Call, frame: Frame, field: knowledge.FieldCall) -> str | None:
        values = self.ask.runs.argument(call, frame, field.alias)
        if values is None:
            return None
        for value in values:
            if isinstance(value, Made) and value.name in self.ask.know.alias_calls and value.call and value.frame:
                given = self.ask.runs.arguments(value.call, value.frame)[0]
                values = self.ask.runs.force(given[0]) if given else ()
        return literal_text(values)

    def _validated(self, unit: Unit, name: str) -> bool:
        """Whether a method that runs when the settings are made stops on a missing field, or fills it."""
        for method, own in self._validators(unit, name):
            if own and method.flow.returns:
                return True
            if any(_speaks_of(guard, name) for guard in method.flow.guards):
                return True
        return False

    def _refused(self, unit: Unit, name: str) -> set[str]:
        """The texts with which the settings cannot be made: a validator stops when the field holds one of them."""
        return {
            text
            for method, own in self._validators(unit, name)
            for guard in method.flow.guards
            if own or _speaks_of(guard, name)
            for part in walk(guard)
            for text in self._texts(part, method)
        }

    def _texts(self, part: Expr, method: Unit) -> set[str]:
        """The texts that a part of a test is, or that the list it names holds."""
        if isinstance(part, Const):
            return {part.value} if isinstance(part.value, str) else set()
        if not isinstance(part, (Name, Attr)) or (key_of(part) or "").split(".", 1)[0] == first_param(method):
            return set()  # the field itself is what is tested, not what it is tested for
        values = self.ask.values(part, self.ask.runs.frame(method))
        items = [self.ask.runs.force(item) for value in values if isinstance(value, Items) for item in value.items]
        return {text for given in [values, *items] if (text := literal_text(given))}

    def _validators(self, unit: Unit, name: str) -> Iterator[tuple[Unit, bool]]:
        """The methods that run when the settings are made, each with whether it is this one field's validator."""
        for owner in self.objects.lineage(unit)[0]:
            for method in owner.inner.values():
                validator = any(decorator.endswith("validator") for decorator in self.objects.decorators(method))
                if validator and isinstance(method.node, Function):
                    parts = (part for decorator in method.node.decorators for part in walk(decorator))
                    yield method, any(isinstance(part, Const) and part.value == name for part in parts)
                elif method.last_name in ("__init__", "__post_init__", "model_post_init"):
                    yield method, False


def _speaks_of(test: Expr, name: str) -> bool:
    """Whether a test is about a field: by its name as a text, or as an attribute."""
    return any(
        (isinstance(part, Const) and part.value == name) or (key_of(part) or "").endswith(f".{name}")
        for part in walk(test)
    )


def _is_secret(annotation: Expr | None) -> bool:
    """Whether a field's type shows nothing of its value when it is printed."""
    return annotation is not None and any(
        (part.id if isinstance(part, Name) else part.name if isinstance(part, Attr) else "") in exposures().hidden_types
        for part in walk(annotation)
    )
