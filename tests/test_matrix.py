"""Every argument that names a database times every way of a value; a sample each time, all with MATRIX=all."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from matrix import product
from matrix.cells import FAULTS, LAYOUTS, REASONS, VERDICTS, WAYS, possible, render
from matrix.openers import SCHEMES, every_call, openers, rows, spelled
from matrix.ways import Way
from tree import CONNECTION, Told, at, findings, service_of

from gravity_lint import knowledge

WHOLE = os.environ.get("MATRIX") == "all"
TRAVELS = (
    "direct", "module constant", "constant in another module", "through a package's re-export", "star import",
    "class attribute", "instance attribute set in `__init__`", "settings field", "property that joins fields, host",
    "f-string, host", "%, host", ".format, host", "+, host", "URL.create, host", "returned by a function",
    "passed through a wrapper's parameter", "dictionary entry", "`**kwargs`", "`or`", "conditional expression",
    "if/else branches", "config object chosen by name",
)
"""The ways that are promised, by their names."""
LIBRARIES = {
    "pydantic v1 and v2": ("pydantic v1", "settings field"),
    "inherited settings": ("inherited settings",),
    "Field(default=…)": ("`Field(default=)`",),
    "positional default": ("`Field` with a positional default",),
    "alias": ("`Field(alias=)`", "`Field(validation_alias=)`"),
    "env_prefix": ("pydantic v1 with a prefix", "pydantic v2 with a prefix"),
    "validators that reject a sentinel": (
        "field validator that rejects a sentinel", "v1 validator that rejects a sentinel",
        "model validator that rejects a sentinel"),
    "properties and computed fields that join parts": ("property that joins fields, host", "computed field, host"),
    "dataclasses": ("dataclass field",),
    "Flask config objects named by string": (
        "Flask config by the name of a class", "Flask config by the name of a module"),
    "Django settings": ("Django settings",),
    "decouple": ("decouple",),
    "environs": ("environs",),
    "starlette Config": ("starlette",),
    "dynaconf": ("dynaconf",),
    "click, typer, argparse options": ("click option", "typer option", "argparse option"),
}
"""The settings libraries that the design lists, with ways for each."""


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_value_reaches_a_database(way: Way) -> None:
    found = product.wrong(product.whole(way) if WHOLE else product.sample(way))
    assert not found, product.report(found)


def test_every_name_of_every_driver() -> None:
    found = product.wrong(product.named())
    assert not found, product.report(found)


# ---- what the product is made of


def test_the_ways_that_are_promised() -> None:
    names = [way.name for way in WAYS]
    assert len(set(names)) == len(names)
    assert set(TRAVELS) <= set(names)
    assert {name for group in LIBRARIES.values() for name in group} <= set(names)


def test_every_row_and_every_argument_has_an_opener() -> None:
    assert {opener.row for opener in openers()} == rows()
    given = {(opener.row, opener.role) for opener in openers()}
    for number, row in enumerate(dict.fromkeys(knowledge.drivers().values())):
        for role, slot in row.arguments.items():
            ways = len(slot.positions) + len(slot.names)
            mine = [opener for opener in openers() if opener.row == f"{number}:{row.driver}"]
            assert role == "config" or len([opener for opener in mine if opener.role == role]) >= ways
            assert role == "config" or (f"{number}:{row.driver}", role) in given
    assert {call for call in knowledge.drivers() if knowledge.drivers()[call].arguments} == {
        opener.name.split("[")[0].split("(")[0] for opener in every_call()}


def test_the_sample_meets_everything() -> None:
    cells = [cell for way in WAYS for cell in product.sample(way)]
    assert {cell.opener for cell in cells} == set(openers())
    assert {cell.role for cell in cells} == {opener.role for opener in openers()}
    assert {(cell.way.name, cell.layout) for cell in cells} == {(way.name, name) for way in WAYS for name in LAYOUTS}
    assert {(cell.way.name, cell.verdict) for cell in cells} == {
        (way.name, verdict) for way in WAYS for verdict in VERDICTS
        if any(possible(way, opener, verdict) for opener in openers())}
    assert {cell.code for cell in cells} == {"GRV101", "GRV102", "GRV103", "GRV104", ""}
    assert {(cell.opener.row, cell.verdict) for cell in cells} >= {
        (row, verdict) for row in rows() for verdict in VERDICTS[:3]}


def test_every_service_is_python() -> None:
    for way in WAYS:
        for cell in product.sample(way):
            for path, text in render(cell).items():
                compile(text, f"{cell.id} {path}", "exec")


def test_what_is_undecided_and_what_is_wrong_is_named_with_a_reason() -> None:
    assert set(REASONS) <= {way.name for way in WAYS}
    assert all(REASONS.values())
    assert all(fault.reason for fault in FAULTS)
    cells = [cell for way in WAYS for cell in product.whole(way)]
    for fault in FAULTS:
        assert any(fault.holds(cell) for cell in cells), fault


# ---- credentials beside the place


def _logins() -> Iterator[tuple[str, knowledge.Driver, str]]:
    """Each row that takes a password and a place by name: a call, the row, and the role of the place."""
    for number, row in enumerate(dict.fromkeys(knowledge.drivers().values())):
        place = next((role for role in ("host", "url") if role in row.arguments and row.arguments[role].names), None)
        if place is not None and "password" in row.arguments:
            yield row.calls[number % len(row.calls)], row, place


def _login(row: knowledge.Driver, place: str, where: str, **values: str) -> str:
    """A service that opens a database with these values, each on a line of its own with its role as a mark."""
    given = {place: where, **{role: value for role, value in values.items() if role in row.arguments}}
    lines = [f"    {row.arguments[role].names[0]}={value},  #< {role}" for role, value in given.items()]  # type: ignore[index]
    return "\n".join(lines)


LOGINS = [pytest.param(call, row, place, id=call) for call, row, place in _logins()]
ENV = 'os.environ["{}"]'


@pytest.mark.parametrize(("call", "row", "place"), LOGINS)
@pytest.mark.parametrize(("place_is", "user_is", "password_is", "code", "at_role"), [
    ("environment", "environment", "environment", "", ""),
    ("environment", "environment", "literal", "GRV103", "password"),
    ("environment", "literal", "environment", "GRV103", "user"),
    ("environment", "literal", "literal", "GRV103", "user"),
    ("literal", "environment", "environment", "GRV101", "place"),
    ("literal", "literal", "literal", "GRV101", "place"),
    ("unknown", "unknown", "unknown", "", ""),
    ("environment", "unknown", "unknown", "", ""),
])
def test_credentials(call: str, row: knowledge.Driver, place: str, place_is: str, user_is: str, password_is: str,
                     code: str, at_role: str) -> None:
    imports, written = spelled(call, len(call))
    literal = {"host": '"db.internal"', "url": f'"{SCHEMES[row.kind]}://db.internal/shop"'}[place]
    unknown = "load()"
    where = {"environment": ENV.format("PLACE"), "literal": literal, "unknown": unknown}[place_is]
    user = {"environment": ENV.format("LOGIN"), "literal": '"shop"', "unknown": unknown}[user_is]
    password = {"environment": ENV.format("SECRET"), "literal": '"secret"', "unknown": unknown}[password_is]
    if at_role == "user" and "user" not in row.arguments:
        code, at_role = (code, "password") if password_is == "literal" else ("", "")
    body = _login(row, place, where, user=user, password=password, database=ENV.format("NAME"))
    text = f"import os\n{imports}\nfrom elsewhere import load\nopened = {written}(\n{body}\n)\n"
    found = [at(each, finding.place) for each, finding in findings(service_of({"db.py": text}), *CONNECTION)]
    role = place if at_role == "place" else at_role
    line = next((number for number, line in enumerate(text.splitlines(), 1) if line.endswith(f"#< {role}")), 0)
    assert found == ([Told(code, "db.py", line)] if code else []), text
