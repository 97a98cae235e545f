"""What the libraries' APIs are, as data: tables that every check shares, each read once, when it is first asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeVar

from gravity_lint.knowledge.names import classify, is_test, kind_of, scheme_kind
from gravity_lint.knowledge.reading import ROLES, KnowledgeError, Role, Shape, Slot, table
from gravity_lint.record import Record, cached_property
from gravity_lint.regex import regex

__all__ = [
    "ROLES", "App", "BaseMethods", "Builder", "Callers", "Command", "Dialect", "Driver", "Executor", "FieldCall",
    "Frameworks", "Invoker", "Joins", "Kind", "KnowledgeError", "Launcher", "Mode", "Models", "ModuleHook",
    "MongoFunctions", "NamedClass", "Operation", "OperationKind", "Operations", "Option", "Pass", "Process", "Reader",
    "Role", "Runner", "Schemes", "Setting", "SettingsClasses", "Shape", "Slot", "StartupCall", "StartupDecorator",
    "Taker", "Values", "classify", "dotted_names", "drivers", "frameworks", "is_test", "kind_of", "library_names",
    "models", "opener_names", "operations", "scheme_kind", "schemes", "settings", "values",
]

Kind = Literal["sql", "document", "cache"]
DriverRole = Literal["url", "host", "user", "password", "database", "file", "config"]
BuilderRole = Literal["url", "host", "user", "password", "database", "scheme"]
OperationKind = Literal["create-tables", "drop-tables", "create-database", "drop-database", "create-user", "drop-user",
                        "run-migrations", "backup", "restore", "vacuum", "replication"]

_ASSIGNED = regex(r"[A-Za-z_]\w*=")  # what a command line sets for the program that it starts


class _Called(Protocol):
    @property
    def calls(self) -> tuple[str, ...]: ...


_Row = TypeVar("_Row", bound=_Called)


def _by_call(table: str, rows: Iterable[_Row]) -> Mapping[str, _Row]:
    """Rows → dotted name → its row. Raises `KnowledgeError` when two rows claim one name."""
    found: dict[str, _Row] = {}
    for row in rows:
        for call in row.calls:
            if call in found:
                raise KnowledgeError(f"{table}: {call} stands in two rows")
            found[call] = row
    return MappingProxyType(found)


_EMPTY: Mapping[Any, Any] = MappingProxyType({})


# ---- drivers.yaml, settings.yaml, models.yaml: what opens a database, and what lives in one


class Driver(Record):
    """Callables that open a database, all with the same arguments."""

    driver: str
    kind: Kind
    calls: tuple[str, ...]
    """Every dotted name under which code reaches the callable; a method is `package.Class.method`."""
    arguments: Mapping[DriverRole, Slot] = _EMPTY
    """Role → where that argument stands; `config` is a mapping or object whose keys `keys` explains."""
    keys: Shape | None = None
    models: str | None = None
    """The ORM whose models this opens the database for."""
    demands_scheme: bool = False
    """The callable also takes what is no database (`rpc://`): only a URL with a database's scheme counts."""
    takes: str | None = None
    """The taker of schemes.yaml that says which URL schemes it can open; None where all or none are known."""


class Setting(Record):
    """Keys that a library reads from an application's configuration, or from a settings module."""

    driver: str
    kind: Kind
    where: Literal["flask", "django", "celery"]
    keys: Shape
    models: str | None = None
    imports: tuple[str, ...] = ()
    """Libraries of which the service must import one, where the keys alone prove nothing."""
    demands_scheme: bool = False
    takes: str | None = None
    """As for a driver."""


class Models(Record):
    """How an ORM's models are recognised."""

    orm: str
    kind: Kind
    bases: tuple[str, ...] = ()
    factories: tuple[str, ...] = ()
    """Calls that return a base."""
    owners: tuple[str, ...] = ()
    """Calls that return an object of which `attributes` are bases."""
    attributes: tuple[str, ...] = ()
    mark: str | None = None
    """The class keyword that makes a subclass a table, where not every subclass is one."""
    table: tuple[str, ...] = ()
    """Class attributes of which a table has one, where not every subclass is a table."""
    tables: tuple[str, ...] = ()
    """Calls that declare a table without a class."""
    abstract: tuple[str, ...] = ()
    """Class attributes (`Meta.abstract` is one of an inner class) that, when true, make a subclass only a base."""


@cache
def drivers() -> Mapping[str, Driver]:
    """Dotted name of a callable → the driver it belongs to. Raises `KnowledgeError` when the table is wrong."""
    rows: tuple[Driver, ...] = table("drivers", tuple[Driver, ...])
    for row in rows:
        if ("config" in row.arguments) != (row.keys is not None):
            raise KnowledgeError(f"drivers.yaml: {row.driver}: `config` and `keys` go together")
    return _by_call("drivers.yaml", rows)


@cache
def opener_names() -> tuple[str, ...]:
    """The last names of all that opens a database."""
    return tuple(sorted({name.rsplit(".", 1)[-1] for name in drivers()}))


@cache
def dotted_names() -> frozenset[str]:
    """Every dotted name of a library that a table knows: what a star import of the library may bring."""
    rows = models()
    return frozenset({
        *drivers(), *values().reader, *values().builder, *values().option, *frameworks().app, *frameworks().runner,
        *(call for row in operations().operations for call in row.calls), *values().settings.bases,
        *(name for row in rows for name in (*row.bases, *row.factories, *row.owners)),
    })


@cache
def library_names() -> frozenset[str]:
    """The top-level packages of every library that a table names."""
    calls = [*drivers(), *values().reader, *values().builder, *frameworks().app, *frameworks().runner,
             *(call for row in operations().operations for call in row.calls)]
    return frozenset(call.split(".", 1)[0] for call in calls if "." in call)


@cache
def settings() -> tuple[Setting, ...]:
    """The configuration keys of all libraries. Raises `KnowledgeError` when the table is wrong."""
    found: tuple[Setting, ...] = table("settings", tuple[Setting, ...])
    return found


@cache
def models() -> tuple[Models, ...]:
    """How each ORM's models are recognised. Raises `KnowledgeError` when the table is wrong."""
    found: tuple[Models, ...] = table("models", tuple[Models, ...])
    return found


# ---- schemes.yaml: which URL schemes an engine can open

Mode = Literal["synchronous", "asynchronous"]


class Dialect(Record):
    """A dialect of SQLAlchemy with its drivers, by the engines that they work in."""

    dialect: str
    plain: Literal["synchronous", "asynchronous", "both", "unknown", "refused"]
    """What the dialect means without a driver."""
    instead: Mapping[Mode, str]
    """The scheme to write in place of one that does not fit."""
    synchronous: tuple[str, ...] = ()
    asynchronous: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    unless: str | None = None
    """A package with which the dialect without a driver may mean another one."""


class Taker(Record):
    """What can be done with a URL's scheme by whom it is given to."""

    taker: str
    mode: Mode | None = None
    """The engine that SQLAlchemy makes of it; None for what is not SQLAlchemy's."""
    schemes: tuple[str, ...] = ()
    """The schemes that are known where it is not SQLAlchemy's."""
    prefix: str = ""
    """What must stand before SQLAlchemy's scheme."""


class Schemes(Record):
    dialects: tuple[Dialect, ...]
    takers: tuple[Taker, ...]
    wraps: tuple[str, ...]
    """Calls that make a synchronous engine an asynchronous one."""
    overruling: tuple[str, ...]
    """Arguments of an engine with which its URL's driver no longer decides."""
    fallbacks: tuple[str, ...]
    """Words in a URL with which an asynchronous driver works in a synchronous engine."""

    @cached_property
    def dialect(self) -> Mapping[str, Dialect]:
        return MappingProxyType({row.dialect: row for row in self.dialects})

    @cached_property
    def taker(self) -> Mapping[str, Taker]:
        return MappingProxyType({row.taker: row for row in self.takers})


@cache
def schemes() -> Schemes:
    """Which URL schemes an engine can open. Raises `KnowledgeError` when the table is wrong."""
    found: Schemes = table("schemes", Schemes)
    return found


# ---- values.yaml: how values reach the code and pass through it


class Reader(Record):
    """Calls that read the environment."""

    calls: tuple[str, ...]
    name: Slot
    missing: Literal["none", "raises"]
    """What happens when the variable is absent and nothing stands in."""
    default: Slot | None = None
    variable: str | None = None
    """The variable that is read when the call names none."""


class Option(Record):
    """Calls that declare an option of a command line; its name is the longest positional string."""

    calls: tuple[str, ...]
    default: Slot
    attributes: tuple[str, ...] = ()
    variable: Slot | None = None
    """Where the environment variables stand that may give the option."""


class Pass(Record):
    """Calls that give one argument back, for all that matters here."""

    calls: tuple[str, ...]
    argument: Slot


class Joins(Record):
    """Calls that join their positional arguments, and methods that join their value and their arguments."""

    calls: tuple[str, ...]
    attributes: tuple[str, ...]


class Builder(Record):
    """Calls that make a URL of its parts."""

    calls: tuple[str, ...]
    arguments: Mapping[BuilderRole, Slot]


class SettingsClasses(Record):
    """Classes whose fields are settings."""

    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    prefix: tuple[str, ...]
    """Options that hold the prefix of the variables' names."""
    inner_classes: tuple[str, ...]
    """Classes inside that hold the options."""
    inner_names: tuple[str, ...]
    """Names inside whose value holds the options."""
    plain_bases: tuple[str, ...]
    """Bases of classes whose fields are only values: nothing reads the environment for them."""
    plain_decorators: tuple[str, ...]


class FieldCall(Record):
    """Calls that stand as the value of a field."""

    calls: tuple[str, ...]
    default: Slot
    factory: Slot | None = None
    """Where a callable stands that makes the default."""
    alias: Slot | None = None
    """Where the names of the variable stand."""


class Values(Record):
    readers: tuple[Reader, ...]
    mappings: tuple[str, ...]
    """Mappings of the environment; a subscript of one raises when the variable is absent."""
    mapping_calls: tuple[str, ...]
    options: tuple[Option, ...]
    passes: tuple[Pass, ...]
    suppliers: tuple[str, ...]
    """Calls that stand for what the function or class given to them makes."""
    methods: tuple[str, ...]
    """Methods of any value that give it back as it is, for all that matters here."""
    changes: tuple[str, ...]
    """Methods of any value that give it back with a part of it changed: it leads to the same place."""
    joins: Joins
    builders: tuple[Builder, ...]
    settings: SettingsClasses
    fields: tuple[FieldCall, ...]
    alias_calls: tuple[str, ...]
    """Calls that hold several names of a field's variable."""

    @cached_property
    def reader(self) -> Mapping[str, Reader]:
        return _by_call("values.yaml: readers", self.readers)

    @cached_property
    def option(self) -> Mapping[str, Option]:
        return _by_call("values.yaml: options", self.options)

    @cached_property
    def pass_(self) -> Mapping[str, Pass]:
        return _by_call("values.yaml: passes", self.passes)

    @cached_property
    def builder(self) -> Mapping[str, Builder]:
        return _by_call("values.yaml: builders", self.builders)

    @cached_property
    def field(self) -> Mapping[str, FieldCall]:
        return _by_call("values.yaml: fields", self.fields)


@cache
def values() -> Values:
    """How values pass. Raises `KnowledgeError` when the table is wrong."""
    found: Values = table("values", Values)
    return found


# ---- frameworks.yaml: what a framework builds, calls and when


class App(Record):
    """Constructors of an application."""

    framework: str
    calls: tuple[str, ...]
    startup: tuple[str, ...] = ()
    """Keyword arguments that hold what runs at start-up, a callable or a list of them."""


class Runner(Record):
    """Calls that start to serve."""

    calls: tuple[str, ...]
    app: Slot | None = None
    """Where the application, or its import string, stands."""
    raises: bool = False
    """What the application's start-up raises comes out of the call."""


class StartupDecorator(Record):
    """Decorators whose function runs at start-up; with `argument`, only where it is one of `values`."""

    calls: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    argument: Slot | None = None
    values: tuple[str, ...] = ()


class StartupCall(Record):
    """Calls that hand over a function to be run at start-up; with `argument`, only where it is one of `values`."""

    handler: Slot
    calls: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    argument: Slot | None = None
    values: tuple[str, ...] = ()
    builds: bool = False
    """An object is made of the class that is handed over, and called with each request."""


class BaseMethods(Record):
    """Methods that a framework calls on subclasses of these classes."""

    bases: tuple[str, ...]
    methods: tuple[str, ...]


class NamedClass(Record):
    """A class that a runner takes by its name; its attributes hold what runs at start-up."""

    name: str
    attributes: tuple[str, ...]


class ModuleHook(Record):
    """Functions that a runner calls by their names in a file with one of these names."""

    files: tuple[str, ...]
    functions: tuple[str, ...]


class Invoker(Record):
    """Calls that call a function they are given."""

    function: Slot
    calls: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    forwards: bool = False
    """The arguments behind the function go to it."""
    later: bool = False
    """The function is not called here: what the call returns calls it."""
    apart: bool = False
    """The function runs beside the caller, who does not see its failure."""
    packed: tuple[str, ...] = ()
    """The keywords under which a tuple of the function's arguments stands."""


class Callers(Record):
    """What marks a function as called by somebody else than the application's start."""

    decorators: tuple[str, ...]
    attributes: tuple[str, ...]
    bases: tuple[BaseMethods, ...]


class Frameworks(Record):
    apps: tuple[App, ...]
    runners: tuple[Runner, ...]
    startup_decorators: tuple[StartupDecorator, ...]
    startup_calls: tuple[StartupCall, ...]
    startup_attributes: tuple[str, ...]
    """Attributes of an application that hold what runs at start-up when they are assigned."""
    hooks: tuple[BaseMethods, ...]
    named_classes: tuple[NamedClass, ...]
    module_hooks: tuple[ModuleHook, ...]
    invokers: tuple[Invoker, ...]
    commands: Callers
    """Functions that only a person starts."""
    tasks: Callers
    """Functions that a task queue starts."""
    routes: tuple[str, ...]
    """Decorators of functions that answer a request, and whose return value goes to a client."""
    factories: tuple[str, ...]
    """Names of functions that servers call to get an application."""
    contexts: tuple[str, ...]
    """Decorators that make a context of a generator, as a life-span is one."""
    containers: tuple[str, ...]
    """Methods of containers that give an instance of the class that they are asked for."""
    keepers: tuple[str, ...]
    """Attributes of an application in which a service keeps what it wants."""

    @cached_property
    def app(self) -> Mapping[str, App]:
        return _by_call("frameworks.yaml: apps", self.apps)

    @cached_property
    def runner(self) -> Mapping[str, Runner]:
        return _by_call("frameworks.yaml: runners", self.runners)

    @cached_property
    def invoker(self) -> Mapping[str, Invoker]:
        return _by_call("frameworks.yaml: invokers", self.invokers)


@cache
def frameworks() -> Frameworks:
    """What frameworks build and call. Raises `KnowledgeError` when the table is wrong."""
    found: Frameworks = table("frameworks", Frameworks)
    return found


# ---- operations.yaml: what creates, drops, migrates or copies


class Operation(Record):
    """Calls that do one thing to a database; every demand that is given must hold."""

    operation: OperationKind
    calls: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    """Ends of what is written before the bracket, where the receiver is not known."""
    receiver: tuple[str, ...] = ()
    """For `attributes`: words with one of which the receiver's last name must end, in lower case."""
    imports: tuple[str, ...] = ()
    """For `attributes`: libraries of which the service must import one."""
    when: Mapping[str, bool] = _EMPTY
    """Keyword arguments and the constants that they must have."""
    words: tuple[str, ...] = ()
    """Words of which one must be among the constant arguments, or in a list among them."""


class Executor(Record):
    """Calls that take SQL."""

    sql: Slot
    calls: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    sends: bool = True
    """False where the call only makes a statement that another call sends."""


class Process(Record):
    """Calls that start a process."""

    calls: tuple[str, ...]
    command: Slot
    """Where the command line, or a list of its words, stands."""
    words: bool = False
    """Every positional argument is one word of the command line."""


class Command(Record):
    """A command line: the program, and words that must follow it in this order."""

    operation: OperationKind
    words: tuple[str, ...]


class Launcher(Record):
    """Programs that start another one, which stands among their arguments."""

    programs: tuple[str, ...]
    operands: int = 0
    """Words of their own that stand before it, besides options and what those take."""
    after: tuple[str, ...] = ()
    """Words of their own, behind one of which that begins."""


class MongoFunctions(Record):
    """Functions of MongoDB's shell that do one thing."""

    operation: OperationKind
    names: tuple[str, ...]


class Operations(Record):
    operations: tuple[Operation, ...]
    executors: tuple[Executor, ...]
    processes: tuple[Process, ...]
    commands: tuple[Command, ...]
    launchers: tuple[Launcher, ...]
    sql_programs: tuple[str, ...]
    mongo_programs: tuple[str, ...]
    mongo_functions: tuple[MongoFunctions, ...]

    @cached_property
    def process(self) -> Mapping[str, Process]:
        return _by_call("operations.yaml: processes", self.processes)

    @cached_property
    def launcher(self) -> Mapping[str, Launcher]:
        """A program's name, in lower case → how it starts another one."""
        return MappingProxyType({name.lower(): row for row in self.launchers for name in row.programs})

    @cached_property
    def sql(self) -> frozenset[str]:
        """The names of the programs that take SQL, in lower case."""
        return frozenset(name.lower() for name in self.sql_programs)

    @cached_property
    def mongo(self) -> frozenset[str]:
        """The names of the programs that take MongoDB's JavaScript, in lower case."""
        return frozenset(name.lower() for name in self.mongo_programs)

    @cached_property
    def mongo_function(self) -> Mapping[str, OperationKind]:
        """A function of MongoDB's shell → what it does."""
        return MappingProxyType({name: row.operation for row in self.mongo_functions for name in row.names})

    @cached_property
    def _known(self) -> frozenset[str]:
        names = {*self.sql_programs, *self.mongo_programs, *(row.words[0] for row in self.commands)}
        return frozenset(name.lower() for name in names) | frozenset(self.launcher)

    @staticmethod
    def base(word: str) -> str:
        """A program as it is called → its name, in lower case: `/usr/bin/psql`, `psql.exe`."""
        return re.split(r"[/\\]", word)[-1].lower().removesuffix(".exe")

    def program(self, words: Sequence[str]) -> int | None:
        """The words of a command line → which of them is the program that is run in the end, past all that start it."""
        at = 0
        while at < len(words):
            row = self.launcher.get(self.base(words[at]))
            if row is None:
                if not _ASSIGNED.match(words[at]):
                    return at
                at += 1
                continue
            at += 1
            if row.after:
                at = next((place + 1 for place in range(at, len(words)) if words[place] in row.after), len(words))
            at = self._past(words, at, row.operands)
        return None

    def _past(self, words: Sequence[str], at: int, room: int) -> int:
        """Past a launcher's options, with at most one word that each takes, and its operands."""
        while at < len(words):
            word = words[at]
            if word == "--":
                return at + 1
            if word.startswith("-"):
                room += 1
            elif not _ASSIGNED.match(word):
                known = self.base(word) in self._known
                behind = at + 1 < len(words) and self.base(words[at + 1]) in self._known  # a container named `mysql`
                if room <= 0 or (known and not behind) or " " in word or "\n" in word:
                    break
                room -= 1
            at += 1
        return at

    def of_command(self, words: Sequence[str]) -> OperationKind | None:
        """The words of a command line → what it does to a database; None when it does nothing of these."""
        at = self.program(words)
        if at is None:
            return None
        names = [self.base(words[at]), *(word.split(None, 1)[0].lower() for word in words[at + 1:] if word.strip())]
        for command in self.commands:
            if names[0] == command.words[0].lower():
                rest = iter(names)
                if all(word.lower() in rest for word in command.words):
                    return command.operation
        return None


@cache
def operations() -> Operations:
    """What is done to databases. Raises `KnowledgeError` when the table is wrong."""
    found: Operations = table("operations", Operations)
    return found
