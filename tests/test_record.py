"""Records and expressions, which cost little to define."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gravity_lint
from gravity_lint.facts.code import Span
from gravity_lint.record import Record, packed, struct, unpacked
from gravity_lint.regex import _Later, regex

MAX_OFFSET = 20_000_000
"""The bytes of the largest file that is read."""


class Shelf(Record):
    name: str
    books: tuple[str, ...] = ()

    @property
    def full(self) -> bool:
        return len(self.books) > 1


class Labelled(Shelf):
    label: str = ""


def test_fields_and_defaults() -> None:
    shelf = Shelf("a", books=("b", "c"))
    assert (shelf.name, shelf.books, shelf.full) == ("a", ("b", "c"), True)
    assert Shelf(name="a").books == ()
    assert Labelled("a", (), "x").label == "x"
    assert Labelled("a").label == ""


@pytest.mark.parametrize(("values", "named", "reason"), [
    ((), {}, "lacks name"), (("a", (), 1), {}, "too many"), (("a",), {"name": "b"}, "twice"),
    (("a",), {"colour": 1}, "has no colour")])
def test_what_does_not_fit(values: tuple[object, ...], named: dict[str, object], reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        Shelf(*values, **named)  # type: ignore[arg-type]


def test_records_are_frozen_and_only_equal_to_themselves() -> None:
    shelf = Shelf("a")
    with pytest.raises(AttributeError):
        shelf.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del shelf.name
    assert shelf == shelf
    assert shelf != Shelf("a")
    assert len({shelf, Shelf("a")}) == 2


def test_a_record_shows_and_copies_its_fields() -> None:
    assert repr(Shelf("a")) == "Shelf(name='a')"
    assert repr(pickle.loads(pickle.dumps(Labelled("a", label="x")))) == "Labelled(name='a', label='x')"


@struct
class Pair:
    left: str
    _right: int

    @property
    def right(self) -> int:
        return self._right


def test_a_struct_has_its_names_for_slots() -> None:
    pair = Pair("a", 2)
    assert (pair.left, pair.right, Pair(left="b", _right=3).left) == ("a", 2, "b")
    assert repr(pair) == "Pair(left='a', right=2)"
    assert not hasattr(pair, "__dict__")
    match pair:
        case Pair("a", right):
            assert right == 2
        case _:
            raise AssertionError
    for values in ((), ("a",), ("a", 2, 3)):
        with pytest.raises(TypeError):
            Pair(*values)


def test_an_expression_is_compiled_when_it_is_used() -> None:
    found = regex(r"(a)(?P<b>b)", re.IGNORECASE)
    assert "match" not in vars(found)
    assert found.match("AB")
    assert "match" in vars(found)
    assert (found.pattern, found.sub("x", "abc"), found.groupindex["b"]) == (r"(a)(?P<b>b)", "xc", 2)
    assert regex(rb"a").fullmatch(b"a")
    with pytest.raises(re.error):
        regex("(").match("")


def test_every_expression_compiles() -> None:
    for module in pkgutil.walk_packages(gravity_lint.__path__, "gravity_lint."):
        if module.name.rpartition(".")[2] != "__main__":
            waiting = list(vars(importlib.import_module(module.name)).values())
            while waiting:
                value = waiting.pop()
                if isinstance(value, _Later):
                    assert isinstance(value.pattern, (str, bytes))  # type: ignore[attr-defined]
                elif type(value) is tuple:
                    waiting += value


@struct
class Torn:
    page: int
    span: Span
    cause: str = "time"


@given(st.tuples(st.integers(0, MAX_OFFSET), st.integers(0, MAX_OFFSET)))
def test_spans_are_one_number(span: tuple[int, int]) -> None:
    torn = Torn(1, span)
    assert (torn.page, torn.span, torn.cause) == (1, span, "time")
    assert int(torn) == packed(span)  # type: ignore[call-overload]
    assert unpacked(packed(span)) == span


def test_what_has_a_span_is_equal_to_itself_alone() -> None:
    one, other = Torn(1, (0, 0)), Torn(1, (0, 0))
    assert one == one
    assert one != other
    assert bool(one)
    assert {one: "one", other: "other"}[one] == "one"
    assert repr(one) == "Torn(page=1, span=(0, 0), cause='time')"
    assert repr(Torn(page=2, cause="age", span=(3, 4))) == "Torn(page=2, span=(3, 4), cause='age')"
    with pytest.raises(TypeError):
        Torn(1)  # type: ignore[call-arg]


@given(st.lists(st.tuples(st.integers(0, MAX_OFFSET), st.integers(0, MAX_OFFSET))))
def test_numbers_are_ordered_as_their_spans(spans: list[tuple[int, int]]) -> None:
    assert sorted(spans) == [unpacked(number) for number in sorted(map(packed, spans))]
