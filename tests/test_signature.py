"""A call that Python itself would take for a function's is never told apart from it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity_lint.facts.code import Call, Do
from gravity_lint.facts.python import parse_python
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.signature import fits

NAMES = ("a", "b", "c", "d")


def of(text: str) -> tuple[Call, Unit]:
    """A function and a call of it, written one below the other → the call, and the function."""
    module = Module("m.py", "code", lambda: parse_python(text.encode()))
    call = module.facts.body[-1]
    assert isinstance(call, Do)
    assert isinstance(call.value, Call)
    return call.value, module.units[-1]


@st.composite
def parameters(draw: st.DrawFn) -> str:
    names = draw(st.permutations(NAMES))[:draw(st.integers(0, 4))]
    cut = draw(st.integers(0, len(names)))
    defaults = draw(st.integers(0, cut))
    parts = [f"{name}=0" if place >= defaults else name for place, name in enumerate(names[:cut])]
    if cut < len(names):
        parts.append(draw(st.sampled_from(("*", "*rest"))))
        parts += [draw(st.sampled_from((name, f"{name}=0"))) for name in names[cut:]]
    elif draw(st.booleans()):
        parts.append("*rest")
    if draw(st.booleans()):
        parts.append("**named")
    return ", ".join(parts)


ARGUMENTS = st.builds(
    lambda number, names: ", ".join([*["1"] * number, *(f"{name}=1" for name in names)]),
    st.integers(0, 5), st.lists(st.sampled_from((*NAMES, "z")), unique=True))


@given(parameters(), ARGUMENTS)
def test_of_what_python_takes_nothing_is_left_out(params: str, args: str) -> None:
    space: dict[str, Any] = {}
    exec(f"def f({params}): pass\ndef given(*args, **named): return args, named\nargs, named = given({args})", space)
    try:
        inspect.signature(space["f"]).bind(*space["args"], **space["named"])
    except TypeError:
        taken = False
    else:
        taken = True
    assert fits(*of(f"def f({params}): pass\nf({args})\n")) == taken


@pytest.mark.parametrize(("args", "expected"), [
    ("1", True), ("1, 2", True), ("", False), ("1, 2, 3", False), ("one=1", True), ("1, three=3", False), ("*x", True),
    ("**x", True), ("1, *x, three=3", True),
])
def test_a_method(args: str, expected: bool) -> None:
    """Its object stands before the dot, or first between the brackets."""
    assert fits(*of(f"class C:\n    def f(self, one): pass\nc.f({args})\n")) == expected


@pytest.mark.parametrize("mark", ["inject", "app.route('/')", "retry(times=3)"])
def test_a_decorator_may_change_what_is_taken(mark: str) -> None:
    assert fits(*of(f"@{mark}\ndef f(one, two): pass\nf()\n"))
    assert not fits(*of("@contextmanager\ndef f(one, two): pass\nf()\n"))
    assert not fits(*of("class C:\n    @staticmethod\n    def f(one): pass\nc.f(1, 2)\n"))
