"""Classes and their instances: methods, attributes, inheritance, and classes whose fields are settings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.facts.code import (
    Assign,
    Attr,
    Call,
    Class,
    Const,
    Expr,
    Function,
    Item,
    Mapping,
    Name,
    Other,
    Param,
    dotted,
    walk,
)
from gravity_lint.link.choice import checked
from gravity_lint.link.flow import key_of
from gravity_lint.link.modules import Unit, body_of, statements
from gravity_lint.link.values import (
    ClassValue,
    Environment,
    External,
    Frame,
    FunctionValue,
    Instance,
    Literal,
    Made,
    ModuleValue,
    Site,
    Table,
    Unknown,
    Value,
    Values,
    hops,
    literal_text,
    unique,
)

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator

_PROPERTIES = (
    "property",
    "cached_property",
    "computed_field",
    "hybrid_property",
    "declared_attr",
    "lazy_property",
    "classproperty",
    "async_property",
    "reify",
)
_MAX_BASES = 30


class Objects:
    """What the classes of a service are made of. Answers with the evaluator whose part it is."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self._bases: dict[Unit, tuple[tuple[Unit, ...], tuple[str, ...]]] = {}
        self._assigned: dict[Unit, dict[str, list[tuple[Expr, Unit, tuple[int, int]]]]] = {}
        self._settings: dict[Unit, bool] = {}

    # ---- classes

    def lineage(self, unit: Unit) -> tuple[tuple[Unit, ...], tuple[str, ...]]:
        """A class → itself and the classes of the service that it inherits from, and the libraries' names behind them.

        What a call returned and is inherited from appears with `()`, as `sqlalchemy.orm.declarative_base()`.
        """
        found = self._bases.get(unit)
        if found is not None:
            return found
        self._bases[unit] = ((unit,), ())  # a class that inherits from itself
        units: dict[Unit, None] = {unit: None}
        names: dict[str, None] = {}
        node = unit.node
        frame = self.ask.runs.frame(unit.parent) if unit.parent is not None else self.ask.runs.frame(unit)
        for arg in node.bases if isinstance(node, Class) else ():
            expr = arg.value.base if isinstance(arg.value, Item) else arg.value
            if arg.name is not None and arg.name != "*":
                continue
            for value in self.ask.values(expr, frame):
                if isinstance(value, ClassValue) and value.unit is not None and len(units) < _MAX_BASES:
                    inner, outer = self.lineage(value.unit)
                    units.update(dict.fromkeys(inner))
                    names.update(dict.fromkeys(outer))
                elif isinstance(value, External):
                    names[value.name] = None
                elif isinstance(value, Made):
                    names[f"{value.name}()"] = None
        self._bases[unit] = tuple(units), tuple(names)
        return self._bases[unit]

    def heirs(self, name: str) -> set[str]:
        """Names of the classes that list a class of this name among their bases."""
        return self._heirs.get(name, set())

    @cached_property
    def _heirs(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for unit in self.classes:
            for arg in unit.node.bases if isinstance(unit.node, Class) else ():
                base = dotted(arg.value)
                if base:
                    found.setdefault(base.rsplit(".", 1)[-1], set()).add(unit.last_name)
        return found

    @cached_property
    def classes(self) -> tuple[Unit, ...]:
        """Every class of the service's own code."""
        return tuple(
            unit for module in self.ask.calls.code for unit in module.unit.units() if isinstance(unit.node, Class)
        )

    def method(self, unit: Unit, name: str) -> Unit | None:
        """The function that a method's name means in a class, inherited ones included."""
        for owner in self.lineage(unit)[0]:
            state = owner.flow.exit.get(name)
            if state is not None and state.bindings:
                return owner.inner.get(id(state.bindings[-1].node))
        return None

    def display(self, unit: Unit) -> str:
        """A function's name as people say it: a class for its `__init__`."""
        owner = unit.owner
        if owner is None:
            return unit.last_name
        return owner.last_name if unit.last_name in ("__init__", "__new__") else f"{owner.last_name}.{unit.last_name}"

    def is_static(self, unit: Unit) -> bool:
        return "staticmethod" in self.decorators(unit)

    def decorators(self, unit: Unit) -> tuple[str, ...]:
        """The last names of a function's or class's decorators."""
        node = unit.node
        found = []
        for decorator in node.decorators if isinstance(node, (Function, Class)) else ():
            expr = decorator.func if isinstance(decorator, Call) else decorator
            found.append(expr.name if isinstance(expr, Attr) else expr.id if isinstance(expr, Name) else "")
        return tuple(found)

    def receiver(self, unit: Unit) -> Value:
        """What the first parameter of a method is: an instance of its class, or the class itself."""
        owner = unit.owner
        assert owner is not None
        site = Site(unit.module, owner.node.span if isinstance(owner.node, Class) else (0, 0))
        names = self.decorators(unit)
        if "classmethod" in names or any(name.endswith("validator") for name in names) or unit.last_name == "__new__":
            return ClassValue(site, (), owner, self.ask.runs.frame(owner).closure)
        return Instance(site, (), owner)

    def annotated(self, values: Values, param: Param, unit: Unit) -> Values:
        """The values of a parameter; where they are unknown, an instance of the class that its annotation names."""
        if param.annotation is None or not all(isinstance(value, Unknown) for value in values):
            return values
        frame = self.ask.runs.frame(unit.parent) if unit.parent is not None else self.ask.runs.frame(unit)
        annotation = param.annotation
        if isinstance(annotation, Const) and isinstance(annotation.value, str) and annotation.value.isidentifier():
            annotation = Name(annotation.value, annotation.span)
        found = [
            Instance(value.site, (), value.unit)
            for value in self.ask.values(annotation, frame)
            if isinstance(value, ClassValue)
        ]
        return tuple(found) or values

    # ---- attributes

    def attribute(self, base: Instance | ClassValue, name: str, site: Site) -> Values:
        """What an attribute of an instance or a class may be; empty when it has none of that name."""
        assert base.unit is not None
        units, names = self.lineage(base.unit)
        if isinstance(base, Instance):
            given = self._given(base, name)
            if given:
                return given
        for unit in units:
            found = self._own(unit, base, name, site)
            if found:
                return found
        return tuple(External(site, (), f"{library}.{name}", base) for library in names)

    def _own(self, unit: Unit, base: Instance | ClassValue, name: str, site: Site) -> Values:
        state = unit.flow.exit.get(name)
        binding = state.bindings[-1] if state is not None and state.bindings else None
        if binding is not None and binding.kind == "function":
            method = unit.inner.get(id(binding.node))
            return self._method_value(method, base, site) if method is not None else ()
        found: list[Value] = []
        for expr, where, span in self.assigned(unit).get(name, ()):
            frame = self._method_frame(where, base)
            values = self.ask.values(expr, frame)
            state = where.flow.exit.get(f"{first_param(where)}.{name}")
            values = checked(values) if state is not None and state.checked else values
            found.extend(hops(values, Site(unit.module, span), f"`{name}` is set here"))
        known = [value for value in found if not (isinstance(value, Literal) and value.value is None)]
        if known:
            return unique(known)
        if isinstance(base, Instance) and self.is_settings(unit) and name in self.fields(unit):
            return self.setting(unit, name)
        if binding is not None and state is not None:
            frame = self.ask.runs.frame(unit)
            return self.ask._state(name, state, frame)
        if isinstance(base, Instance) and name in self.fields(unit):  # a field without a value: only its class is known
            return self._typed(unit, name, site)
        return tuple(found)

    def _typed(self, unit: Unit, name: str, site: Site) -> Values:
        stmt = self.fields(unit)[name]
        values = self.ask.values(stmt.annotation, self.ask.runs.frame(unit)) if stmt.annotation is not None else ()
        found = tuple(Instance(site, (), value.unit) for value in values if isinstance(value, ClassValue))
        return found or (Unknown(site, (), "field"),)

    def _method_value(self, method: Unit, base: Instance | ClassValue, site: Site) -> Values:
        names = self.decorators(method)
        receiver: Value | None = base
        if "staticmethod" in names or (isinstance(base, ClassValue) and "classmethod" not in names):
            receiver = None
        elif isinstance(base, Instance) and "classmethod" in names:
            receiver = ClassValue(base.site, (), base.unit)
        function = FunctionValue(site, (), method, receiver, self.ask.runs.frame(method).closure)
        if isinstance(base, Instance) and any(name in _PROPERTIES for name in names):
            values = self.ask.returned(function, None, None)
            node = method.node
            span = node.span if isinstance(node, Function) else (0, 0)
            return hops(values, Site(method.module, span), f"the property `{method.last_name}` gives it")
        return (function,)

    def _method_frame(self, method: Unit, base: Instance | ClassValue) -> Frame:
        """The run of a method for one object: for `__init__`, the one that made it."""
        if (
            isinstance(base, Instance)
            and base.call is not None
            and base.frame is not None
            and method.last_name in ("__init__", "__new__")
        ):
            function = FunctionValue(base.site, (), method, base, self.ask.runs.frame(method).closure)
            return self.ask.runs.enter(function, base.call, base.frame)
        return self.ask.runs.frame(method)

    def assigned(self, unit: Unit) -> dict[str, list[tuple[Expr, Unit, tuple[int, int]]]]:
        """What the methods of a class assign to `self.name`: the value, the method, the place."""
        found = self._assigned.get(unit)
        if found is None:
            found = self._assigned[unit] = {}
            for method in unit.inner.values():
                node = method.node
                if not isinstance(node, Function) or not node.params:
                    continue
                first = first_param(method)
                for stmt in statements(node.body):
                    if isinstance(stmt, Assign) and stmt.value is not None and not stmt.op:
                        for target in stmt.targets:
                            if isinstance(target, Attr) and isinstance(target.base, Name) and target.base.id == first:
                                found.setdefault(target.name, []).append((stmt.value, method, stmt.span))
        return found

    def inherited(self, frame: Frame, name: str, site: Site) -> Values:
        """What `super().name` is in a method."""
        owner = frame.unit.owner
        if owner is None:
            return (Unknown(site, (), "super"),)
        receiver = frame.receiver or self.receiver(frame.unit)
        for unit in self.lineage(owner)[0][1:]:
            state = unit.flow.exit.get(name)
            if state is not None and state.bindings:
                method = unit.inner.get(id(state.bindings[-1].node))
                if method is not None:
                    return (FunctionValue(site, (), method, receiver, self.ask.runs.frame(method).closure),)
        return tuple(External(site, (), f"{library}.{name}", receiver) for library in self.lineage(owner)[1]) or (
            Unknown(site, (), "super"),
        )

    def _given(self, base: Instance, name: str) -> Values:
        """What the call that made an object gave for a field, where the class writes no `__init__` of its own."""
        if (
            base.call is None
            or base.frame is None
            or base.unit is None
            or self.method(base.unit, "__init__") is not None
        ):
            return ()
        fields = [field for unit in reversed(self.lineage(base.unit)[0]) for field in self.fields(unit)]
        if name not in fields or not base.call.args:
            return ()
        given, named, _ = self.ask.runs.arguments(base.call, base.frame)
        if name in named:
            return self.ask.runs.force(named[name])
        position = fields.index(name)
        return self.ask.runs.force(given[position]) if position < len(given) else ()

    # ---- settings

    def fields(self, unit: Unit) -> dict[str, Assign]:
        """The fields that a class declares in its body: names with an annotation, or any name of a settings class."""
        found: dict[str, Assign] = {}
        for stmt in statements(body_of(unit.node)):
            target = stmt.targets[0] if isinstance(stmt, Assign) and len(stmt.targets) == 1 else None
            if isinstance(stmt, Assign) and isinstance(target, Name) and (stmt.annotation or self.is_settings(unit)):
                found[target.id] = stmt
        return found

    def is_settings(self, unit: Unit) -> bool:
        """Whether the environment gives the fields of a class."""
        found = self._settings.get(unit)
        if found is None:
            self._settings[unit] = False
            known = self.ask.know.settings
            units, names = self.lineage(unit)
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

    def prefix(self, unit: Unit) -> str:
        """What stands before the names of a settings class's variables."""
        known = self.ask.know.settings
        for owner in self.lineage(unit)[0]:
            for stmt in statements(body_of(owner.node)):
                if (
                    isinstance(stmt, Assign)
                    and stmt.value is not None
                    and isinstance(stmt.targets[0], Name)
                    and stmt.targets[0].id in known.inner_names
                ):
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
                            return literal_text(self.ask._state(name, state, self.ask.runs.frame(inner))) or ""
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
        kept = tuple(item for item in default or () if not (isinstance(item, Literal) and item.value in (None, "")))
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
            ),
        )

    def is_model(self, unit: Unit) -> bool:
        """Whether a class is a record of fields: a settings class, a pydantic model, a dataclass."""
        known = self.ask.know.settings
        return self.is_settings(unit) or any(name in known.plain_bases for name in self.lineage(unit)[1])

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
            if isinstance(value, Made) and value.call is not None and value.call.args:
                values = self.ask.values(value.call.args[0].value, frame)
        return literal_text(values)

    def _validated(self, unit: Unit, name: str) -> bool:
        """Whether a method that runs when the settings are made stops on a missing field, or fills it."""
        for owner in self.lineage(unit)[0]:
            for method in owner.inner.values():
                names = self.decorators(method)
                validator = any(decorator.endswith("validator") for decorator in names)
                if not validator and method.last_name not in ("__init__", "__post_init__", "model_post_init"):
                    continue
                if validator and isinstance(method.node, Function) and method.flow.returns:
                    texts = {
                        part.value
                        for decorator in method.node.decorators
                        for part in walk(decorator)
                        if isinstance(part, Const)
                    }
                    if name in texts:
                        return True
                for guard in method.flow.guards:
                    if any(
                        (isinstance(part, Const) and part.value == name) or (key_of(part) or "").endswith(f".{name}")
                        for part in walk(guard)
                    ):
                        return True
        return False

    # ---- configuration objects

    def configured(self, key: str, site: Site) -> Values:
        """What an application's configuration holds under a key: as some class or statement of the service sets it."""
        found: list[Value] = []
        for unit in self.classes:
            state = unit.flow.exit.get(key)
            if state is not None and state.bindings:
                found.extend(
                    self.setting(unit, key)
                    if self.is_settings(unit) and key in self.fields(unit)
                    else self.ask._state(key, state, self.ask.runs.frame(unit))
                )
        for expr, unit in self._config_items.get(key, ()):
            found.extend(self.ask.values(expr, self.ask.runs.frame(unit)))
        return hops(unique(found), site, f"`{key}` is read from the configuration here") or (
            Unknown(site, (), "configuration"),
        )

    @cached_property
    def _config_items(self) -> dict[str, list[tuple[Expr, Unit]]]:
        """`….config["KEY"] = value` in the service's own code."""
        found: dict[str, list[tuple[Expr, Unit]]] = {}
        for target, value, unit, _ in self.config_assignments():
            found.setdefault(target, []).append((value, unit))
        return found

    def config_assignments(self) -> Iterator[tuple[str, Expr, Unit, tuple[int, int]]]:
        """Every `….config["KEY"] = value`: the key, the value, the unit, the place."""
        for module in self.ask.calls.code:
            for unit in module.unit.units():
                for stmt in statements(body_of(unit.node)):
                    if isinstance(stmt, Assign) and stmt.value is not None:
                        for target in stmt.targets:
                            if (
                                isinstance(target, Item)
                                and isinstance(target.key, Const)
                                and isinstance(target.key.value, str)
                                and (dotted(target.base) or "").rsplit(".", 1)[-1] == "config"
                            ):
                                yield target.key.value, stmt.value, unit, target.span


def first_param(method: Unit) -> str:
    """The name of a method's first parameter; empty where it has none."""
    node = method.node
    return node.params[0].name if isinstance(node, Function) and node.params else ""
