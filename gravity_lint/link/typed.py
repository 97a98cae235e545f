"""Objects that are known by their class alone: as an annotation names it, or as a container is asked for it."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint import knowledge
from gravity_lint.facts.code import (
    Assign,
    Attr,
    Await,
    Binary,
    Call,
    Choice,
    Class,
    Const,
    Do,
    Expr,
    Function,
    Item,
    Logic,
    Name,
    Param,
    Raise,
    Series,
    Span,
)
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Module, Unit, first_param
from gravity_lint.link.values import (
    ClassValue,
    Frame,
    FunctionValue,
    Instance,
    ModuleValue,
    Site,
    Value,
)
from gravity_lint.regex import regex

MAX_DEPTH = 6
"""Names and calls between a use and the annotation that says its class."""
_OPTIONAL = regex(r"^(?:\w+\.)*Optional\[(.*)\]$")
_DOTTED = regex(r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$")
_WRAPPERS = frozenset({"Optional", "Annotated", "Union", "Final", "ClassVar", "Awaitable", "Coroutine"})


class Typed:
    """Says which methods are called on objects whose values are not known.

    For what a service runs, not for its addresses: an annotation says the class, not how the object was made.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self.containers = frozenset(knowledge.frameworks().containers)
        self._annotations: dict[Unit, dict[int, Expr]] = {}

    def methods(self, func: Expr, frame: Frame) -> Iterator[FunctionValue]:
        """The functions of the service that `object.method` may mean, by the class of the object."""
        if not isinstance(func, Attr) or func.name.encode("utf-8", "replace") not in self.ask.calls.methods:
            return
        site = Site(frame.unit.module, func.span)
        for owner in dict.fromkeys(self._classes(func.base, frame, 0)):
            receiver = Instance(site, (), owner)
            for value in self.ask.objects.attribute(receiver, func.name, site):
                if isinstance(value, FunctionValue) and value.unit is not None:
                    yield self._made(value, value.unit, owner, func.name, site)

    def _made(self, value: FunctionValue, method: Unit, owner: Unit, name: str, site: Site) -> FunctionValue:
        """The method of the one class that has it, where the class that is named only declares it."""
        if not _abstract(method):
            return value
        found = self.heirs(owner, name)
        if len(found) != 1:
            return value
        for one in self.ask.objects.attribute(Instance(site, (), found[0]), name, site):
            if isinstance(one, FunctionValue):
                return one
        return value

    def heirs(self, owner: Unit, name: str) -> list[Unit]:
        """The classes of the service that inherit from a class, and define this name themselves."""
        return [unit for unit in self.ask.calls.overriding(owner.last_name, name)
                if unit is not owner and owner in self.ask.objects.lineage(unit)[0]]

    # ---- the class of an expression

    def _classes(self, expr: Expr, frame: Frame, depth: int) -> Iterator[Unit]:
        """The classes of the service whose instance an expression is said to be."""
        if depth > MAX_DEPTH:
            return
        unit = frame.unit
        if isinstance(expr, Await):
            yield from self._classes(expr.value, frame, depth)
        elif isinstance(expr, (Logic, Choice)):
            for part in expr.parts if isinstance(expr, Logic) else (expr.then, expr.other):
                yield from self._classes(part, frame, depth + 1)
        elif isinstance(expr, Call):
            yield from self._returned(expr, frame, depth)
        elif isinstance(expr, Name):
            yield from self._named_object(expr, frame, depth)
        elif isinstance(expr, Attr):
            if isinstance(expr.base, Name) and unit.owner is not None and expr.base.id == first_param(unit):
                yield from self._attribute(unit.owner, expr.name, depth)
            else:
                for value in self.ask.values(expr.base, frame):
                    if isinstance(value, Instance) and value.unit is not None:
                        yield from self._attribute(value.unit, expr.name, depth)
                    elif isinstance(value, ModuleValue) and value.module is not None:
                        yield from self._global(value.module, expr.name, depth)

    def _returned(self, call: Call, frame: Frame, depth: int) -> Iterator[Unit]:
        """What a call gives: as its function's annotation says, or the class that a container is asked for."""
        callees = self.ask.values(call.func, frame)
        for value in callees:
            if isinstance(value, FunctionValue) and value.unit is not None:
                node = value.unit.node
                if isinstance(node, Function) and node.returns is not None:
                    yield from self._annotated(node.returns, value.unit)
                else:
                    inside = self.ask.runs.frame(value.unit)
                    for returned, _ in value.unit.flow.returns:
                        yield from self._classes(returned, inside, depth + 1)
        known = any(isinstance(value, (FunctionValue, ClassValue, Instance)) for value in callees)
        if not known and isinstance(call.func, Attr) and call.func.name in self.containers:
            asked = [
                value.unit
                for arg in call.args
                for value in self.ask.values(arg.value, frame)
                if isinstance(value, ClassValue) and value.unit is not None
            ]
            if len(asked) == 1:
                yield asked[0]

    def _named_object(self, expr: Name, frame: Frame, depth: int) -> Iterator[Unit]:
        state = frame.unit.flow.uses.get(expr)
        around: Frame | None = frame
        while (state is None or not state.bindings) and around is not None:
            around = around.closure
            if around is None or around.unit.parent is None:
                break
            state = around.unit.flow.exit.get(expr.id) if not isinstance(around.unit.node, Class) else None
        if state is not None and state.bindings and around is not None:
            for binding in state.bindings:
                if isinstance(binding.node, Param):
                    if binding.node.annotation is not None:
                        yield from self._annotated(binding.node.annotation, around.unit)
                elif binding.kind in ("value", "entry") and not binding.path:
                    yield from self._assigned(binding.node, around, depth)
            if all(binding.kind != "import" for binding in state.bindings):
                return
        for value in self.ask.values(expr, frame):  # of another module: its value tells where it was set
            for hop in [hop for hop in value.trail if hop.given][-1:]:
                yield from self._global(hop.site.module, hop.given, depth)

    def _assigned(self, node: object, frame: Frame, depth: int) -> Iterator[Unit]:
        annotation = self._said(frame.unit).get(id(node))
        if annotation is not None:
            yield from self._annotated(annotation, frame.unit)
        elif isinstance(node, (Await, Logic, Choice, Call, Name, Attr)):
            yield from self._classes(node, frame, depth + 1)

    def _global(self, module: Module, name: str, depth: int) -> Iterator[Unit]:
        state = module.unit.flow.exit.get(name)
        for binding in state.bindings if state is not None else ():
            if binding.kind == "value":
                yield from self._assigned(binding.node, self.ask.runs.frame(module.unit), depth + 1)

    def _attribute(self, owner: Unit, name: str, depth: int) -> Iterator[Unit]:
        """An attribute: as the class annotates it, or as the method that sets it does."""
        for klass in self.ask.objects.lineage(owner)[0]:
            fields = self.ask.objects.settings.fields(klass)
            if name in fields and (annotation := fields[name].annotation) is not None:
                yield from self._annotated(annotation, klass)
                return
            found = self.ask.objects.assigned(klass, name)
            for expr, where, _ in found:
                yield from self._assigned(expr, self.ask.runs.frame(where), depth + 1)
            if found:
                return

    def _said(self, unit: Unit) -> dict[int, Expr]:
        """The values that a unit assigns under an annotation, by their identity, with that annotation."""
        found = self._annotations.get(unit)
        if found is None:
            bare: dict[str, Expr] = {}
            found = self._annotations[unit] = {}
            for stmt in unit.statements:
                if not isinstance(stmt, Assign):
                    continue
                name = stmt.targets[0].id if isinstance(stmt.targets[0], Name) else ""
                if stmt.annotation is not None and stmt.value is None:
                    bare[name] = stmt.annotation
                elif stmt.value is not None and (said := stmt.annotation or bare.get(name)) is not None and not stmt.op:
                    found[id(stmt.value)] = said
        return found

    # ---- annotations

    def _annotated(self, annotation: Expr, unit: Unit) -> Iterator[Unit]:
        """The classes of the service that an annotation in a unit names; the classes of a container's items are not."""
        stack = [annotation]
        while stack:
            here = stack.pop()
            if isinstance(here, Const) and isinstance(here.value, str):
                stack.extend(_spelled(here.value, here.span))
            elif isinstance(here, Binary) and here.op == "|":
                stack.extend((here.right, here.left))
            elif isinstance(here, Item):
                outer = here.base.name if isinstance(here.base, Attr) else getattr(here.base, "id", "")
                parts = here.key.items if isinstance(here.key, Series) else (here.key,)
                if outer in _WRAPPERS:
                    stack.extend(parts[:1] if outer == "Annotated" else parts[-1:] if outer == "Coroutine" else parts)
                else:
                    stack.append(here.base)  # a generic class of the service
            elif isinstance(here, (Name, Attr)):
                for value in self._meant(here, unit):
                    if isinstance(value, ClassValue) and value.unit is not None:
                        yield value.unit

    def _meant(self, expr: Expr, unit: Unit) -> tuple[Value, ...]:
        """What an annotation's name is: as the unit itself binds it, or as what is around it does."""
        state = unit.flow.exit.get(expr.id) if isinstance(expr, Name) else None
        if isinstance(expr, Name) and state is not None and state.bindings:
            return self.ask.state(expr.id, state, self.ask.runs.frame(unit))
        return self.ask.values(expr, self.ask.runs.frame(unit.parent if unit.parent is not None else unit))


def _spelled(text: str, span: Span) -> Iterator[Expr]:
    """An annotation in quotes → the names in it that are classes."""
    text = text.strip()
    optional = _OPTIONAL.match(text)
    for part in (optional[1] if optional else text).split("|"):
        name = part.strip()
        if _DOTTED.match(name):
            first, *rest = name.split(".")
            expr: Expr = Name(first, span)
            for attribute in rest:
                expr = Attr(expr, attribute, span)
            yield expr


def _abstract(method: Unit) -> bool:
    """Whether a method only declares what a class that inherits it does."""
    node = method.node
    if not isinstance(node, Function):
        return False
    marks = [mark.name if isinstance(mark, Attr) else getattr(mark, "id", "") for mark in node.decorators]
    return "abstractmethod" in marks or all(
        isinstance(stmt, Raise) or (isinstance(stmt, Do) and not isinstance(stmt.value, (Call, Await)))
        for stmt in node.body
    )
