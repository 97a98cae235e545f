"""Classes and their instances: methods, attributes, inheritance, and classes whose fields are settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from gravity_lint.facts.code import (
    Assign,
    Attr,
    Call,
    Class,
    Const,
    Expr,
    Function,
    Item,
    Name,
    Param,
    Series,
    Span,
    dotted,
)
from gravity_lint.knowledge import frameworks
from gravity_lint.link.choice import checked, choose, nothing
from gravity_lint.link.modules import Module, Unit, first_param, place_of
from gravity_lint.link.settings import Settings
from gravity_lint.link.values import (
    ClassValue,
    External,
    Frame,
    FunctionValue,
    Instance,
    Literal,
    Made,
    ModuleValue,
    Site,
    Unknown,
    Value,
    Values,
    hops,
    unique,
)
from gravity_lint.record import cached_property

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
_APPLICATIONS = ("app", "application")
"""How the name of an application ends."""
MAX_CONSTRUCTIONS = 8
"""Calls that make an object of a class, of which the fields are looked at."""
MAX_BASES = 100
"""Classes that one class is known to inherit from; of one with more, the rest is unknown."""


class Objects:
    """What the classes of a service are made of. Answers with the evaluator whose part it is."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self._bases: dict[Unit, tuple[tuple[Unit, ...], tuple[str, ...]]] = {}
        self._assigned: dict[tuple[Unit, str], list[tuple[Expr, Unit, Span]]] = {}
        self._kept: dict[str, tuple[tuple[str, Expr, Unit], ...]] = {}
        self.settings = Settings(evaluator, self)

    # ---- classes

    def lineage(self, unit: Unit, depth: int = 0) -> tuple[tuple[Unit, ...], tuple[str, ...]]:
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
                if isinstance(value, ClassValue) and value.unit is not None and len(units) < MAX_BASES > depth:
                    inner, outer = self.lineage(value.unit, depth + 1)
                    units.update(dict.fromkeys(inner))
                    names.update(dict.fromkeys(outer))
                elif isinstance(value, External):
                    names[value.name] = None
                elif isinstance(value, Made):
                    names[f"{value.name}()"] = None
        self._bases[unit] = tuple(units), tuple(names)
        return self._bases[unit]

    def named(self, name: str) -> Iterator[Unit]:
        """The classes of the service's own code that have this name."""
        return self.ask.calls.declaring(name)

    def kin(self, bases: Iterable[str], decorators: Iterable[str] = ()) -> tuple[Unit, ...]:
        """The classes of the service's own code that may inherit, however far, from something of these last names, or
        be decorated with it; in the order of their places."""
        found: dict[Unit, None] = dict.fromkeys(self.ask.calls.classes(decorators))
        names = sorted(self.ask.calls.carriers(bases))
        seen = set[str]()
        while names:
            name = names.pop()
            if name not in seen:
                seen.add(name)
                names += self.ask.calls.aliases(name)
                heirs = list(self.ask.calls.inheriting(name))
                found.update(dict.fromkeys(unit for unit in heirs if unit.module.role == "code"))
                names += [unit.last_name for unit in heirs]
        return tuple(sorted(found, key=place_of))

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
        if isinstance(annotation, Item) and isinstance(annotation.key, Series) and annotation.key.items:
            # `Annotated[Settings, Depends(get_settings)]`
            for note in annotation.key.items[1:]:
                if isinstance(note, Call):
                    return self.ask.values(note, frame)
            annotation = annotation.key.items[0]
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
        for expr, where, span in self.assigned(unit, name):
            frame = self._method_frame(where, base)
            values = self.ask.values(expr, frame)
            state = where.flow.exit.get(f"{first_param(where)}.{name}")
            values = checked(values) if state is not None and state.checked else values
            found.extend(hops(values, Site(unit.module, span), f"`{name}` is set here", name))
        known = [value for value in found if not (isinstance(value, Literal) and value.value is None)]
        if isinstance(base, Instance) and self.settings.is_settings(unit) and name in self.settings.fields(unit):
            return choose((*self.settings.setting(unit, name), *known))  # a validator fills what is not given
        if known:
            return unique(known)
        if isinstance(base, Instance) and base.call is None and self._is_record_field(unit, name):
            return self._constructed(unit, name, site)
        if binding is not None and state is not None:
            frame = self.ask.runs.frame(unit)
            return self.ask.state(name, state, frame)
        if isinstance(base, Instance) and name in self.settings.fields(
            unit
        ):  # a field without a value: only its class is known
            return self._typed(unit, name, site)
        return tuple(found)

    def _is_record_field(self, unit: Unit, name: str) -> bool:
        """Whether an attribute is a field that whoever makes the object may give: of a dataclass or a plain model."""
        if self.settings.is_settings(unit) or name not in self.settings.fields(unit):
            return False
        known = self.ask.know.settings
        decorators = {decorator.rsplit(".", 1)[-1] for decorator in known.plain_decorators}
        return self.settings.is_model(unit) or not decorators.isdisjoint(self.decorators(unit))

    def _constructed(self, unit: Unit, name: str, site: Site) -> Values:
        """A field of an object of which only the class is known → what those who make such objects give for it.

        The default counts where somebody makes one without the field; it is no proof where nobody is seen to.
        """
        found: list[Value] = []
        calls = 0
        for call, where in self.ask.calls.named((unit.last_name,)):
            frame = self.ask.runs.frame(where)
            made = (value for value in self.ask.values(call.func, frame) if isinstance(value, ClassValue))
            if calls >= MAX_CONSTRUCTIONS or not any(value.unit is unit for value in made):
                continue
            calls += 1
            found.extend(self.attribute(Instance(Site(where.module, call.span), (), unit, call, frame), name, site))
        return unique(found) or (Unknown(site, (), "field"),)

    def _typed(self, unit: Unit, name: str, site: Site) -> Values:
        stmt = self.settings.fields(unit)[name]
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
            and base.unit is not None
            and self.method(base.unit, method.last_name) is method
            and method.last_name in ("__init__", "__new__")
        ):
            function = FunctionValue(base.site, (), method, base, self.ask.runs.frame(method).closure)
            return self.ask.runs.enter(function, base.call, base.frame)
        return self.ask.runs.frame(method)

    def assigned(self, unit: Unit, name: str) -> list[tuple[Expr, Unit, Span]]:
        """What the methods of a class assign to `self.name`: the value, the method, the place."""
        found = self._assigned.get((unit, name))
        if found is None:
            methods = unit.setting(name)
            found = self._assigned[unit, name] = [
                (value, method, span) for given, value, method, span in _assignments(methods) if given == name]
        return found

    def attributes(self, unit: Unit) -> set[str]:
        """The names that the methods of a class assign to as `self.name`."""
        return {name for name, *_ in _assignments(unit.inner.values())}

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
            or not base.call.args
            or self.method(base.unit, "__init__") is not None
        ):
            return ()
        fields = [field for unit in reversed(self.lineage(base.unit)[0]) for field in self.settings.fields(unit)]
        if name not in fields:
            return ()
        given, named, _ = self.ask.runs.arguments(base.call, base.frame)
        if name in named:
            return self.ask.runs.force(named[name])
        position = fields.index(name)
        return self.ask.runs.force(given[position]) if position < len(given) else ()

    # ---- configuration objects

    def configured(self, key: str, site: Site) -> Values:
        """What an application's configuration holds under a key: as some class or statement of the service sets it."""
        found: list[Value] = []
        for unit in self.ask.calls.classes((key,)):
            state = unit.flow.exit.get(key)
            if state is not None and state.bindings:
                found.extend(
                    self.settings.setting(unit, key)
                    if self.settings.is_settings(unit) and key in self.settings.fields(unit)
                    else self.ask.state(key, state, self.ask.runs.frame(unit))
                )
        for _, expr, unit, _ in self.config_assignments((key,)):
            found.extend(self.ask.values(expr, self.ask.runs.frame(unit)))
        for module in self.config_modules:
            found.extend(self.ask.names.member(module, key) or ())
        return hops(unique(found), site, f"`{key}` is read from the configuration here") or (
            Unknown(site, (), "configuration"),
        )

    @cached_property
    def config_modules(self) -> tuple[Module, ...]:
        """The modules that an application takes its configuration from: `app.config.from_object("shop.config")`."""
        found: dict[Module, None] = {}
        for call, unit in self.ask.calls.named(("from_object", "from_pyfile", "config_from_object")):
            for value in self.ask.values(call.args[0].value, self.ask.runs.frame(unit)) if call.args else ():
                given: Values = (value,)
                if isinstance(value, Literal) and isinstance(value.value, str):
                    name = value.value.removesuffix(".py").replace("/", ".").lstrip(".")
                    given = self.ask.names.module_value(unit.module, name, 0, value.site)
                for item in given:
                    if isinstance(item, ModuleValue) and item.module is not None:
                        found[item.module] = None
        return tuple(found)

    def of_django(self, name: str, site: Site) -> Values:
        """What `django.conf.settings.NAME` is: the name in a settings module of the service; empty when none has it."""
        found: list[Value] = []
        for module in self.ask.calls.holding("INSTALLED_APPS"):
            if module.unit.flow.binds("INSTALLED_APPS") and module.unit.flow.binds(name):
                found.extend(self.ask.names.member(module, name) or ())
        return hops(unique(found), site, f"`{name}` is read from Django's settings here")

    def kept(self, expr: Attr, site: Site) -> Values:
        """What `app.state.name` is: as the service's own code sets it, in whatever function; empty when none does."""
        name = expr.name
        if not _is_keeper(expr.base) or not self.ask.names.is_set(name):
            return ()
        if name not in self._kept:
            self._kept[name] = tuple(self._keeping(name))
        values = [self.ask.values(value, self.ask.runs.frame(unit)) for keeper, value, unit in self._kept[name]
                  if keeper == _last(expr.base)]
        found = unique(value for each in values for value in each if not nothing(value))
        return hops(found, site, f"`{name}` is read here")

    def _keeping(self, name: str) -> Iterator[tuple[str, Expr, Unit]]:
        """Every value that an application keeps under a name: the attribute in which it does, the value, the unit."""
        for module in self.ask.calls.holding(name):
            for unit in module.setters(name):
                for stmt in unit.statements:
                    if isinstance(stmt, Assign) and stmt.value is not None:
                        for target in stmt.targets:
                            if isinstance(target, Attr) and target.name == name and _is_keeper(target.base):
                                yield _last(target.base), stmt.value, unit

    def config_assignments(self, keys: Collection[str]) -> Iterator[tuple[str, Expr, Unit, tuple[int, int]]]:
        """Every `….config["KEY"] = value` for one of these keys: the key, the value, the unit, the place."""
        for module in self.ask.calls.holding_any(keys):
            for unit in module.holding(*keys):
                for stmt in unit.statements:
                    if isinstance(stmt, Assign) and stmt.value is not None:
                        for target in stmt.targets:
                            if (
                                isinstance(target, Item)
                                and isinstance(target.key, Const)
                                and target.key.value in keys
                                and (dotted(target.base) or "").rsplit(".", 1)[-1] == "config"
                            ):
                                yield str(target.key.value), stmt.value, unit, target.span


def _assignments(methods: Iterable[Unit]) -> Iterator[tuple[str, Expr, Unit, Span]]:
    """What is assigned to attributes of the object in its methods: the name, the value, the method, the place."""
    for method in methods:
        node = method.node
        if not isinstance(node, Function) or not node.params:
            continue
        first = first_param(method)
        for stmt in method.statements:
            if isinstance(stmt, Assign) and stmt.value is not None and not stmt.op:
                for target in stmt.targets:
                    if isinstance(target, Attr) and isinstance(target.base, Name) and target.base.id == first:
                        yield target.name, stmt.value, method, stmt.span


def _is_keeper(expr: Expr) -> bool:
    """`app.state`, `request.app.ctx`"""
    return (
        isinstance(expr, Attr)
        and expr.name in frameworks().keepers
        and _last(expr.base).lower().endswith(_APPLICATIONS)
    )


def _last(expr: Expr) -> str:
    """The last name of a path; nothing where it is none."""
    return (dotted(expr) or "").rsplit(".", 1)[-1]
