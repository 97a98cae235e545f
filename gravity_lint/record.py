"""Values with named fields: like dataclasses, without the price of making their methods where nobody needs them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:
    def dataclass_transform(**_: object) -> Any:
        return lambda kind: kind


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
_END = (1 << 32) - 1


@dataclass_transform(eq_default=False)
def struct(kind: type[_Kind]) -> type[_Kind]:
    """A class whose annotated names are its slots, given to it in their order: for what is made by the thousand.

    What sets them is compiled when the first is made; from then on it is as fast as that of a dataclass with slots.
    """
    types = dict(kind.__dict__["__annotations__"])  # noqa: RUF063 (`inspect` is dear)
    space = {key: value for key, value in kind.__dict__.items() if key not in ("__dict__", "__weakref__", *types)}
    spans = {name: _span_of(f"_{name}") for name, annotation in types.items() if annotation == _SPAN}
    return type(kind.__name__, (), {
        **space, **spans, "__slots__": tuple(f"_{name}" if name in spans else name for name in types),
        "__init__": _first, "__repr__": _shown, "__match_args__": tuple(name.lstrip("_") for name in types),
        "_parts": tuple((name, name in spans) for name in types),
        "_usual": {name: kind.__dict__[name] for name in types if name in kind.__dict__}})


def packed(span: tuple[int, int]) -> int:
    """A pair of offsets as one number; numbers are ordered as their pairs are."""
    return span[0] << 32 | span[1]


def unpacked(number: int) -> tuple[int, int]:
    """The pair of offsets that `packed` was given."""
    return number >> 32, number & _END


@cache
def _span_of(slot: str) -> property:
    made: dict[str, Any] = {}
    exec(f"def span(self):\n    number = self.{slot}\n    return number >> 32, number & {_END}", made)
    return property(made["span"])


def _first(self: Any, *values: Any, **named: Any) -> None:
    kind = type(self)
    made: dict[str, Any] = {"_usual": kind._usual}
    given = ", ".join(f"{name}=_usual[{name!r}]" if name in kind._usual else name for name, _ in kind._parts)
    exec(f"def __init__(self, {given}):\n" + "\n".join(
        f"    self._{name} = {name}[0] << 32 | {name}[1]" if is_span else f"    self.{name} = {name}"
        for name, is_span in kind._parts), made)
    kind.__init__ = made["__init__"]
    kind.__init__(self, *values, **named)


def _shown(self: Any) -> str:
    return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__match_args__)})"
