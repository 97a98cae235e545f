"""Values with named fields: like dataclasses, without the price of making their methods where nobody needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from operator import attrgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

if TYPE_CHECKING:
    from functools import cached_property as cached_property
    from typing import NamedTuple as NamedTuple

    from typing_extensions import dataclass_transform
else:
    from _collections import _tuplegetter

    def dataclass_transform(**_: object) -> Any:
        return lambda kind: kind

    class cached_property:
        """As `functools.cached_property`, which before Python 3.12 takes a lock each time, thousands of them."""

        def __init__(self, func: Callable[[Any], Any]) -> None:
            self.func = func
            self.__doc__ = func.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.func(instance)
            return value

    class _Tuples(type):
        """Makes the classes of `NamedTuple`s: their annotated names are their items, in that order."""

        def __new__(kind, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> type:
            own = space.get("__annotations__", ()) if bases[0] is not tuple else ()
            names = tuple(own)
            space["__slots__"] = ()
            if names:
                space["_fields"] = space["__match_args__"] = names
                space["_field_defaults"] = {each: space[each] for each in names if each in space}
                space.update((each, _tuplegetter(place, "")) for place, each in enumerate(names))
            return super().__new__(kind, name, bases, space)

    class NamedTuple(tuple, metaclass=_Tuples):
        """As `typing.NamedTuple`, of which each takes a seventh of a millisecond to be defined: what makes one is only
        compiled when the first is made."""

        _fields = ()
        _field_defaults: ClassVar[dict[str, Any]] = {}

        def __new__(cls, *values: Any, **named: Any) -> Any:
            cls.__new__ = _function(making(cls), tuple(cls._field_defaults.values()), {"_new": tuple.__new__})
            return cls.__new__(cls, *values, **named)

        @classmethod
        def _make(cls, values: Iterable[Any]) -> Any:
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__} has {len(cls._fields)} items, not {len(made)}")
            return made

        def _replace(self, /, **changes: Any) -> Any:
            made = self._make(map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"{type(self).__name__} has no {', '.join(changes)}")
            return made

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            items = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({', '.join(items)})"


@dataclass_transform(frozen_default=True, eq_default=False)
class Record:
    """A base whose subclasses' annotated names are their fields; a value in the class is the default of its field.

    A dataclass compiles its methods when it is defined, a quarter of a millisecond each, and every command would pay
    that for fifty classes. Making a record takes longer in return, so what is made by the thousand is no record.
    Records are equal only to themselves.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        own = cls.__dict__.get("__annotations__", ())  # noqa: RUF063 (`inspect` is dear)
        cls._fields = (*cls._fields, *(name for name in own if name not in cls._fields))
        cls._required = frozenset(name for name in cls._fields if not hasattr(cls, name))

    def __init__(self, *values: Any, **named: Any) -> None:
        given = self.__dict__
        given.update(zip(self._fields, values), **named)  # noqa: B905 (what is too long is told below)
        if len(given) < len(values) + len(named):
            raise TypeError(f"{type(self).__name__} is given a field twice, or too many")
        if not self._required <= given.keys():
            raise TypeError(f"{type(self).__name__} lacks {', '.join(sorted(self._required - given.keys()))}")
        if unknown := named.keys() - set(self._fields):
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a {type(self).__name__} is frozen")

    def __repr__(self) -> str:
        given = (f"{name}={self.__dict__[name]!r}" for name in self._fields if name in self.__dict__)
        return f"{type(self).__name__}({', '.join(given)})"


_Kind = TypeVar("_Kind")


_SPAN = "Span"
"""The annotation of a pair of offsets, which is kept as one number: a pair of numbers takes four times the room."""
_BITS = 26
"""Of an offset: more than that of the largest file, and few enough for two of them to be told by a float."""
_END = (1 << _BITS) - 1
_IDENTICAL = ("__eq__", "__ge__", "__gt__", "__hash__", "__le__", "__lt__", "__ne__")


class _Placed(float):
    """The base of structs with a `span`: the number that it is kept as is what they are.

    One beside each would take two thirds of the room that most of them do. Nothing else follows from it: they are equal
    only to themselves, and true.
    """

    __slots__ = ()
    for _name in _IDENTICAL:  # as quick as those of any object, since they are these
        locals()[_name] = getattr(object, _name)

    def __bool__(self) -> bool:
        return True

    @property
    def span(self) -> tuple[int, int]:
        number = int(self)
        return number >> _BITS, number & _END


@dataclass_transform(eq_default=False)
def struct(kind: type[_Kind]) -> type[_Kind]:
    """A class whose annotated names are its slots, given to it in their order: for what is made by the thousand.

    A value in the class is the default of its field; those of a base that is one come first. What sets them is
    compiled when the first is made; from then on it is as fast as that of a dataclass with slots.
    """
    own: dict[str, Any] = kind.__dict__.get("__annotations__", {})  # noqa: RUF063 (`inspect` is dear)
    names = tuple(own)
    space = {key: value for key, value in kind.__dict__.items()
             if key not in ("__dict__", "__weakref__") and key not in own}
    placed = own.get("span") == _SPAN and kind.__bases__ == (object,)
    spans = {name: _span_of(f"_{name}") for name, annotation in own.items()
             if annotation == _SPAN and not (placed and name == "span")}
    fields = (*_fields(kind.__base__), *names)
    return type(kind.__name__, (_Placed,) if placed else kind.__bases__, {
        **space, **spans, "__slots__": tuple(f"_{name}" if name in spans else name for name in names
                                             if not (placed and name == "span")),
        **({"__new__": _first_placed} if placed or issubclass(kind, _Placed) else {"__init__": _first}),
        "__repr__": _shown, "_struct_fields": fields,
        "_struct_spans": frozenset((*getattr(kind, "_struct_spans", ()), *spans)),
        "_struct_defaults": {**getattr(kind, "_struct_defaults", {}),
                             **{name: kind.__dict__[name] for name in names if name in kind.__dict__}},
        "__match_args__": tuple(name.lstrip("_") for name in fields)})


def packed(span: tuple[int, int]) -> int:
    """A pair of offsets as one number; numbers are ordered as their pairs are."""
    return span[0] << _BITS | span[1]


def unpacked(number: int) -> tuple[int, int]:
    """The pair of offsets that `packed` was given."""
    return number >> _BITS, number & _END


@cache
def _span_of(slot: str) -> property:
    return property(_function(spanning(slot)))


def spanning(slot: str) -> str:
    """The text of the function that reads a pair of offsets from its slot."""
    return f"def span(self):\n    number = self.{slot}\n    return number >> {_BITS}, number & {_END}"


@dataclass_transform(frozen_default=True, eq_default=False)
def frozen(kind: type[_Kind]) -> type[_Kind]:
    """A `struct` that nothing writes to, which only the type checker sees to."""
    return struct(kind)


@dataclass_transform(frozen_default=True)
def comparable(kind: type[_Kind]) -> type[_Kind]:
    """The same, and two of them with the same fields are equal."""
    made = struct(kind)
    made.__eq__ = _equals  # type: ignore[method-assign]
    made.__hash__ = _hash  # type: ignore[method-assign]
    return made


def altered(given: _Kind, /, **changes: Any) -> _Kind:
    """The same with other values for some fields: of a struct or a `Record`."""
    kind: Any = type(given)
    if isinstance(given, Record):
        told = {name: given.__dict__[name] for name in kind._fields if name in given.__dict__}
        return cast(_Kind, kind(**{**told, **changes}))
    return cast(_Kind, kind(*[changes[name] if name in changes else getattr(given, name)
                              for name in kind._struct_fields]))


def _fields(kind: Any) -> tuple[str, ...]:
    """The names of a struct's fields, in their order; none for another class."""
    return getattr(kind, "_struct_fields", ())


def rest(kind: type[Any], first: int) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the fields of a struct but for the first ones."""
    names = _fields(kind)[first:]
    if not names:
        return lambda value: ()
    get = attrgetter(*names)
    return (lambda value: (get(value),)) if len(names) == 1 else get


def _first(self: Any, *values: Any, **named: Any) -> None:
    kind = type(self)
    kind.__init__ = _setting(kind)
    kind.__init__(self, *values, **named)


def _first_placed(kind: Any, *values: Any, **named: Any) -> Any:
    kind.__new__ = _setting(kind)
    return kind.__new__(kind, *values, **named)


def _setting(kind: Any) -> FunctionType:
    """What sets the fields of a struct."""
    defaults = kind._struct_defaults
    given = tuple(defaults[name] for name in kind._struct_fields if name in defaults)
    return _function(making(kind), given, {"_placed": float.__new__})


def making(kind: Any) -> str:
    """The text of the function that makes a `NamedTuple` or a struct of what it is given for each of its fields."""
    if issubclass(kind, tuple):
        names = ", ".join(kind._fields)
        return f"def __new__(_cls, {names}):\n    return _new(_cls, ({names},))"
    placed = issubclass(kind, _Placed)
    head = "__new__(cls" if placed else "__init__(self"
    spans = kind._struct_spans
    lines = [f"self._{name} = {name}[0] << {_BITS} | {name}[1]" if name in spans else f"self.{name} = {name}"
             for name in kind._struct_fields if not (placed and name == "span")]
    if placed:
        lines = [f"self = _placed(cls, span[0] * {_END + 1}.0 + span[1])", *lines, "return self"]
    return "\n    ".join((f"def {', '.join((head, *kind._struct_fields))}):", *(lines or ["pass"])))


def _function(text: str, defaults: tuple[Any, ...] = (), names: dict[str, Any] | None = None) -> FunctionType:
    """The function of a text, from the wheel where it was compiled when that was built."""
    made = _built().get(text)
    if made is None:
        space: dict[str, Any] = {}
        exec(text, space)
        made = cast(FunctionType, space.popitem()[1])  # what the text has added last
    return FunctionType(made.__code__, names or {}, made.__name__, defaults)


@cache
def _built() -> Mapping[str, FunctionType]:
    """The functions of such texts that were compiled when the wheel was built."""
    try:
        functions = import_module("gravity_lint.built.records").FUNCTIONS
    except ModuleNotFoundError:  # in a checkout
        return {}
    return cast(Mapping[str, FunctionType], functions)


def _shown(self: Any) -> str:
    return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__match_args__)})"


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self._struct_fields)


def _equals(self: Any, other: object) -> bool:
    return type(other) is type(self) and _values(self) == _values(other)


def _hash(self: Any) -> int:
    return hash(_values(self))
