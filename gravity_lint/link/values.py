"""What a value can be: a literal, a part of the environment, a text of parts, an object, or unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import attrgetter, itemgetter
from sys import intern
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from gravity_lint.facts.code import Call, Expr, Span
from gravity_lint.link.modules import Module, Unit
from gravity_lint.record import NamedTuple, frozen, packed, rest, unpacked

UNPACKED = "unpacked here"
"""The step of a value that a mapping brings to a call."""
MAX_HOPS = 24
MAX_VALUES = 12
MAX_SOURCES = 500
"""Texts inside texts that are looked into for what they are made of."""


class Site(tuple[Module, int]):
    """Where something stands."""

    __slots__ = ()

    def __new__(cls, module: Module, span: Span) -> Site:
        return tuple.__new__(cls, (module, packed(span)))

    if TYPE_CHECKING:
        module: Module
    else:
        module = property(itemgetter(0))

    @classmethod
    def of(cls, module: Module, expr: Expr) -> Site:
        """Where an expression stands."""
        return tuple.__new__(cls, (module, int(expr)))  # type: ignore[call-overload]  # as `struct` keeps it

    @property
    def span(self) -> Span:
        return unpacked(self[1])


class Hop(NamedTuple):
    """One step of a value on its way, from where it begins towards where it is used."""

    site: Site
    message: str
    given: str = ""
    """The name that the value is given at this step."""
    changes: bool = False
    """Whether the text is another one behind this step, though it still leads to the same place."""
    hides: bool = False
    """Whether what is made at this step shows no password when it is printed."""


NOTHING_KNOWN: dict[Expr, Values] = {}
"""What is known in most runs; nothing is ever put into it."""


class Frame:
    """One run of a unit: what its parameters hold. Without `args`, whatever its callers give them."""

    __slots__ = ("__weakref__", "args", "caller", "closure", "depth", "known", "receiver", "unit")

    def __init__(
        self,
        unit: Unit,
        closure: Frame | None = None,
        args: dict[str, Given] | None = None,
        receiver: Value | None = None,
        caller: Frame | None = None,
    ) -> None:
        self.unit = unit
        self.closure = closure
        self.args = args
        self.receiver = receiver
        self.caller = caller
        """The run that makes the call, as far as that is told apart."""
        self.depth: int = caller.depth + 1 if caller is not None else 0
        """How many calls it is away from the run that the question began in."""
        self.known: dict[Expr, Values] = NOTHING_KNOWN
        """What its expressions may be, as far as that has been asked."""

    def within(self, unit: Unit) -> bool:
        """Whether it is a run of a unit, or one that such a run makes."""
        frame: Frame | None = self
        while frame is not None:
            if frame.unit is unit:
                return True
            frame = frame.caller
        return False


@frozen
class Value:
    """One thing that an expression may be. `site` is where it begins, `trail` how it came from there."""

    site: Site
    trail: tuple[Hop, ...] = ()


Values = tuple[Value, ...]


@frozen
class Literal(Value):
    value: str | bytes | int | float | bool | None = None
    chosen: str | None = None
    """The variable that it stands in for, where the environment gives nothing; empty where that has no name."""


@frozen
class Environment(Value):
    """What the deployment gives: a variable, a field of the settings, an option of the command line."""

    name: str = ""
    """The variable, or the field; empty where it is not known."""
    kind: str = "variable"
    """variable | setting | option"""
    required: bool = False
    """Whether its absence stops the code where it is read."""
    checked: bool = False
    """Whether its absence stops the code before it is used."""
    default: Values = ()
    owner: str = ""
    """For a field: the class, with the prefix of its variables."""
    secret: bool = False
    """For a field: whether its type shows nothing of it when it is printed."""


@frozen
class Joined(Value):
    """A text of parts, each with what it may be."""

    parts: tuple[Values, ...] = ()
    chosen: str | None = None
    """As for a literal."""


@frozen
class Built(Value):
    """A URL made of named parts."""

    roles: tuple[tuple[str, Values], ...] = ()


class Deferred(NamedTuple):
    """An expression to be looked at when it is asked for, and the run that it belongs to."""

    expr: Expr
    frame: Frame
    unpacked: Site | None = None
    """Where a call unpacks the mapping that holds it."""


Given: TypeAlias = "Deferred | Values"
"""What a call gives for a parameter: looked at only when the parameter is asked for."""


@frozen
class Table(Value):
    """A dictionary; a key of None holds what is unpacked into it."""

    items: tuple[tuple[str | None, Deferred | Values], ...] = ()


@frozen
class Items(Value):
    """A list, tuple or set."""

    items: tuple[Given, ...] = ()


@frozen
class FunctionValue(Value):
    unit: Unit | None = None
    receiver: Value | None = None
    closure: Frame | None = None
    bound: tuple[Deferred, ...] = ()
    """Arguments that a `partial` has given already."""


@frozen
class ClassValue(Value):
    unit: Unit | None = None
    closure: Frame | None = None


@frozen
class Instance(Value):
    unit: Unit | None = None
    call: Call | None = None
    frame: Frame | None = None
    """The run in which it is made."""


@frozen
class ModuleValue(Value):
    module: Module | None = None
    folder: str = ""
    """For a folder of modules without an `__init__.py`."""


@frozen
class External(Value):
    """Something of a library, by its dotted name."""

    name: str = ""
    receiver: Value | None = None
    """For a method: what it is called on."""


@frozen
class Made(Value):
    """What a library's callable returns."""

    name: str = ""
    call: Call | None = None
    frame: Frame | None = None


@frozen
class Unknown(Value):
    reason: str = ""


V = TypeVar("V", bound=Value)


def hop(value: V, site: Site, message: str, given: str = "") -> V:
    """The value with one more step on its trail."""
    return _behind(value, Hop(site, message, given))


def _behind(value: V, step: Hop) -> V:
    if len(value.trail) >= MAX_HOPS:
        return value
    kind = type(value)  # `replaced` takes longer, and this is done for each step of each value
    return kind(value.site, (*value.trail, step), *_rest(kind)(value))  # type: ignore[arg-type]


@cache
def _rest(kind: type[Value]) -> Callable[[Value], tuple[object, ...]]:
    """What gives the fields that only a kind of value has."""
    return rest(kind, 2)


def hops(values: Iterable[Value], site: Site, message: str, given: str = "") -> Values:
    """The values, each with one more step on its trail."""
    step = Hop(site, intern(message), given)
    return tuple([_behind(value, step) for value in values])


_WHOLE = frozenset((Joined, Built, Table, Items))
"""Kinds of values that are only the same as themselves."""


@cache
def _identity(kind: type[Value]) -> Callable[[Value], object]:
    """What tells a value of a kind from others of it."""
    return attrgetter("site", *(name for name in ("name", "unit", "module", "checked") if hasattr(kind, name)))


def unique(values: Iterable[Value]) -> Values:
    """The values without those that are the same thing from the same place."""
    if isinstance(values, tuple) and len(values) < 2:
        return values
    found: dict[object, Value] = {}
    for value in values:
        kind: type[Value] = type(value)
        key: object = value if kind in _WHOLE else (kind, _identity(kind)(value), changed(value))  # type: ignore[arg-type]
        found.setdefault(key, value)
        if len(found) >= MAX_VALUES:
            break
    return tuple(found.values())


def sources(values: Iterable[Value]) -> Iterator[Value]:
    """The literals and pieces of the environment that values are made of."""
    stack = list(values)[::-1]
    seen: dict[int, object] = {}  # `url + url` twice over is four of them, sixty times over it is no end of them
    while stack and len(seen) < MAX_SOURCES:
        value = stack.pop()
        if isinstance(value, Joined):
            held, parts = id(value.parts), value.parts
        elif isinstance(value, Built):
            held, parts = id(value.roles), tuple(part for _, part in value.roles)
        else:
            yield value
            continue
        if held not in seen:
            seen[held] = value
            stack.extend(reversed([item for part in parts for item in part]))


def changed(value: Value) -> bool:
    """Whether a text was altered on its way: its scheme or its password may be another by now."""
    for hop in value.trail:  # noqa: SIM110 (asked of each value at each step)
        if hop.changes:
            return True
    return False


def hidden(value: Value) -> bool:
    """Whether a text lies in an object that shows no password when it is printed."""
    return any(hop.hides for hop in value.trail)


def from_environment(values: Iterable[Value]) -> bool:
    """Whether the deployment has a say in what the values are."""
    return any(isinstance(source, Environment) for source in sources(values))


def literal_text(values: Values) -> str | None:
    """The text, when it is one and the same literal whatever happens."""
    texts = {value.value if isinstance(value, Literal) else None for value in values}
    if len(texts) == 1:
        text = texts.pop()
        return text if isinstance(text, str) else None
    return None
