"""Every call that creates tables or migrates, as a statement in a function of a service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from gravity_lint import knowledge
from gravity_lint.knowledge import Operation as Row

KINDS = ("create-tables", "run-migrations")
OWN_NAMES = {"SQLModel.metadata.create_all", "Model.create_table", "Tortoise.generate_schemas"}


@dataclass(frozen=True)
class Operation:
    """One way to write an operation: what to import, what must stand before it, and the call."""

    name: str
    kind: str
    row: str
    imports: str
    prepare: str
    operate: str

    @property
    def reached(self) -> str:
        """The rule that speaks where the start reaches it."""
        return "GRV301" if self.kind == "create-tables" else "GRV303"

    @property
    def otherwise(self) -> str:
        """The rule that speaks where it does not; empty where none does."""
        return "GRV302" if self.kind == "create-tables" else ""


def label(number: int) -> str:
    """The name of a row of the operations."""
    return f"operation {number}"


def rows() -> frozenset[str]:
    """The rows of the tables that create tables or migrate."""
    table = knowledge.operations()
    return frozenset([
        *(label(number) for number, row in enumerate(table.operations) if row.operation in KINDS),
        *(f"command {' '.join(row.words)}" for row in table.commands if row.operation in KINDS),
    ])


@cache
def operations() -> tuple[Operation, ...]:
    """Each call, method and command line of these rows, each once."""
    found: list[Operation] = []
    for number, row in enumerate(knowledge.operations().operations):
        if row.operation in KINDS:
            found += [_called(call, row, number) for call in row.calls]
            found += [each for attribute in row.attributes for each in _written(attribute, row, number)]
    processes = [call for row in knowledge.operations().processes for call in row.calls if call.startswith(
        ("subprocess.", "os.system", "os.popen", "asyncio.create_subprocess"))]
    for number, command in enumerate(row for row in knowledge.operations().commands if row.operation in KINDS):
        for step in range(2):
            found.append(_process(processes[(number * 2 + step) % len(processes)], command.words, command.operation))
    return (_plain(), _handed(), _made(), *found)


def _plain() -> Operation:
    return Operation("Base.metadata.create_all", "create-tables", label(0),
                     "from sqlalchemy.orm import DeclarativeBase", "class Base(DeclarativeBase):\n    pass",
                     "Base.metadata.create_all(engine)")


def _handed() -> Operation:
    return Operation("run_sync(Base.metadata.create_all)", "create-tables", label(0),
                     "from sqlalchemy.orm import DeclarativeBase", "class Base(DeclarativeBase):\n    pass",
                     "engine.connect().run_sync(Base.metadata.create_all)")


def _made() -> Operation:
    return Operation("MetaData().create_all", "create-tables", label(0), "from sqlalchemy import MetaData", "",
                     "MetaData().create_all(engine)")


def _given(row: Row) -> str:
    given = [f'"{row.words[0]}"'] if row.words else []
    return ", ".join([*given, *(f"{name}={value}" for name, value in row.when.items())])


def _called(call: str, row: Row, number: int) -> Operation:
    parts = call.split(".")
    first = next((place for place, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    module, names = ".".join(parts[:first]), parts[first:]
    given = _given(row)
    imports = f"from {module} import {names[0]}"
    if len(names) == 1:
        return Operation(call, row.operation, label(number), imports, "", f"{names[0]}({given})")
    written = ".".join(names)
    if names[0] == "Model":
        return Operation(call, row.operation, label(number), imports, "class Order(Model):\n    pass",
                         f"Order.{'.'.join(names[1:])}({given})")
    if written in OWN_NAMES:
        return Operation(call, row.operation, label(number), imports, "", f"{written}({given})")
    return Operation(call, row.operation, label(number), imports, f'thing = {names[0]}("orders")',
                     f"thing.{'.'.join(names[1:])}({given})")


def _written(attribute: str, row: Row, number: int) -> Iterator[Operation]:
    library = row.imports[0]
    for word in row.receiver or ("Order",):
        receiver = word if "." in attribute or row.receiver else "known"
        yield Operation(f"{receiver}.{attribute} beside {library}", row.operation, label(number),
                        f"import {library}\nfrom elsewhere import {receiver}", "",
                        f"{receiver}.{attribute}({_given(row)})")


def _process(call: str, words: tuple[str, ...], kind: str) -> Operation:
    module, name = call.rsplit(".", 1)
    line = " ".join(words)
    if name.endswith("_exec"):
        given = ", ".join(f'"{word}"' for word in words)
    elif name in ("run", "call", "check_call", "check_output", "Popen"):
        given = "[" + ", ".join(f'"{word}"' for word in words) + "]"
    else:
        given = f'"{line}"'
    return Operation(f"{name}({line})", kind, f"command {line}", f"import {module}", "", f"{call}({given})")
