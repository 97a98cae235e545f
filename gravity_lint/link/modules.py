"""The Python modules of a service and their units of code."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from gravity_lint.facts.code import (
    Assert,
    Assign,
    Attr,
    Await,
    Block,
    Call,
    Choice,
    Class,
    Do,
    Expr,
    Function,
    If,
    Import,
    Item,
    Lambda,
    Logic,
    Loop,
    Match,
    Name,
    PythonFacts,
    Raise,
    Return,
    Span,
    Stmt,
    Try,
    With,
    calls_in,
    dotted,
    walk,
)
from gravity_lint.link.flow import Flow, flow_of
from gravity_lint.link.spelling import SHORT, Spelling, alike, shared
from gravity_lint.record import NamedTuple, cached_property
from gravity_lint.regex import regex
from gravity_lint.source import found_in

_DEFINES = regex(rb"\b(?:def|class)\b")


class Code:
    """What follows from the statements of a unit alone, in whatever service and module it stands."""

    __slots__ = ("_called", "_calls", "_flow", "_imports", "_inner", "_statements", "_ways", "known", "node")

    def __init__(self, node: PythonFacts | Class | Function | Lambda) -> None:
        self.node = node
        self.known: dict[str, tuple[Span, ...]] | None = None
        """Stretches of it, by what they are."""
        self._flow: Flow | None = None
        self._ways: Ways | None = None
        self._statements: tuple[Stmt, ...] | None = None
        self._calls: tuple[Call, ...] | None = None
        self._called: dict[str, Call | list[Call]] | None = None
        self._inner: tuple[Function | Class, ...] | None = None
        self._imports: tuple[Import, ...] | None = None

    @property
    def flow(self) -> Flow:
        found = self._flow
        if found is None:
            found = self._flow = flow_of(self.node)
        return found

    @property
    def ways(self) -> Ways:
        """Which statements stand around each place of it."""
        found = self._ways
        if found is None:
            found = self._ways = Ways(body_of(self.node))
        return found

    @property
    def statements(self) -> tuple[Stmt, ...]:
        """Its own statements, those in blocks included, in source order."""
        found = self._statements
        if found is None:
            found = self._statements = tuple(statements(body_of(self.node)))
        return found

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls in its own statements."""
        found = self._calls
        if found is None:
            found = self._calls = tuple([call for stmt in self.statements for root in expressions(stmt)
                                         for call in calls_in(root)])
        return found

    def called(self, name: str) -> Sequence[Call]:
        """Those of its calls of which the last part of what is called is spelled so; `()` for what has no name."""
        known = self._called
        if known is None:
            known = self._called = {}
            for call in self.calls:
                func = call.func
                last = func.id if isinstance(func, Name) else func.name if isinstance(func, Attr) else "()"
                before = known.setdefault(last, call)  # most have one, of which a list would take more room than it
                if isinstance(before, list):
                    before.append(call)
                elif before is not call:
                    known[last] = [before, call]
        found = known.get(name, ())
        return (found,) if isinstance(found, Call) else found

    @property
    def inner(self) -> tuple[Function | Class, ...]:
        """The classes and functions defined directly in it."""
        found = self._inner
        if found is None:
            found = self._inner = tuple([stmt for stmt in self.statements if isinstance(stmt, (Function, Class))])
        return found

    @property
    def imports(self) -> tuple[Import, ...]:
        """The imports among its own statements."""
        found = self._imports
        if found is None:
            found = self._imports = tuple([stmt for stmt in self.statements if isinstance(stmt, Import)])
        return found


_NOTHING: dict[int, Unit] = {}
"""What most functions define; nothing is ever put into it."""


class Unit:
    """Code that runs as one: a module's, a class's or a function's own statements."""

    __slots__ = ("_code", "_flow", "_inner", "_made_of", "last_name", "module", "node", "parent")

    def __init__(
        self, module: Module, node: PythonFacts | Class | Function | Lambda, parent: Unit | None, name: str
    ) -> None:
        self.module = module
        self.node = node
        self.parent = parent
        self.last_name = name
        """Empty for the module itself."""
        self._code: Code | None = None
        self._flow: Flow | None = None
        self._inner: dict[int, Unit] | None = None
        self._made_of: dict[str, list[str]] | None = None

    def __repr__(self) -> str:
        return f"<Unit {self.module.path}:{self.name}>"

    @property
    def name(self) -> str:
        """The dotted name inside the module; empty for the module itself."""
        above = self.parent.name if self.parent is not None and not isinstance(self.node, Lambda) else ""
        return f"{above}.{self.last_name}" if above else self.last_name

    @property
    def code(self) -> Code:
        """What it is in every service that has the same text."""
        found = self._code
        if found is None:
            known = self.module.facts.known
            found = known.get(id(self.node))
            if found is None or found.node is not self.node:
                found = known[id(self.node)] = Code(self.node)
            self._code = found
        return found

    @property
    def flow(self) -> Flow:
        found = self._flow
        if found is None:
            found = self._flow = self.code.flow
        return found

    @property
    def owner(self) -> Unit | None:
        """The class whose method this is."""
        return self.parent if self.parent is not None and isinstance(self.parent.node, Class) else None

    @property
    def inner(self) -> dict[int, Unit]:
        """The classes and functions defined directly in it, by the identity of their facts."""
        found = self._inner
        if found is None:
            if isinstance(self.node, Function) and not self.module.defines(self.node):
                found = _NOTHING  # and its statements need not be read
            else:
                found = {id(stmt): Unit(self.module, stmt, self, stmt.name) for stmt in self.code.inner} or _NOTHING
            self._inner = found
        return found

    def units(self) -> Iterator[Unit]:
        """This unit and every unit inside it."""
        stack = [self]
        while stack:
            here = stack.pop()
            yield here
            stack.extend(reversed(here.inner.values()))

    def holds(self, word: str) -> bool:
        """Whether its text, with that of the units inside it, holds a word; true where the text is not at hand."""
        node = self.node
        if not isinstance(node, (Function, Class)) or not (text := self.module.text):
            return self.module.mentions(word)
        return text.find(word.encode("utf-8", "replace"), *node.whole) >= 0

    def setting(self, name: str) -> Iterator[Unit]:
        """What is defined directly in it and seems to assign to an attribute of a name; of the others, nothing is read.
        """
        places = self.module.setting(name)
        return (unit for unit in self.inner.values() if places is None or unit.encloses(places))

    def encloses(self, places: Sequence[int]) -> bool:
        """Whether one of these places, given in rising order, lies in it."""
        if not isinstance(self.node, (Function, Class)):
            return True
        start, end = self.node.whole
        at = bisect_left(places, start)
        return at < len(places) and places[at] < end

    def parts(self) -> Iterator[Expr]:
        """Every expression in its own statements, lambdas included, in source order."""
        for stmt in self.statements:
            for root in expressions(stmt):
                yield from walk(root)

    @property
    def statements(self) -> tuple[Stmt, ...]:
        """Its own statements, those in blocks included, in source order."""
        return self.code.statements

    @property
    def ways(self) -> Ways:
        """Which statements stand around each place of it."""
        return self.code.ways

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls in its own statements."""
        return self.code.calls

    def called(self, name: str) -> Sequence[Call]:
        """Those of its calls of which the last part of what is called is spelled so; `()` for what has no name."""
        return self.code.called(name)

    @property
    def made_of(self) -> dict[str, list[str]]:
        """Name → what its statements set to something of that name or made by it, and itself where it returns it."""
        found = self._made_of
        if found is not None:
            return found
        found = self._made_of = {}
        for stmt in self.statements:
            if isinstance(stmt, Assign) and stmt.value is not None:
                targets = [target for target in stmt.targets if isinstance(target, (Name, Attr))]
                given = [target.id if isinstance(target, Name) else target.name for target in targets]
            elif isinstance(stmt, Return) and stmt.value is not None:
                given = [self.last_name]
            else:
                continue
            for name in _given_by(stmt.value):
                found.setdefault(name, []).extend(given)
        return found


class Module:
    """One Python file of a service."""

    def __init__(
        self, path: str, role: str, facts: Callable[[], PythonFacts], data: Callable[[], bytes] | None = None
    ) -> None:
        self.path = path
        self.role = role
        self._facts = facts
        self._data = data
        self._calls: dict[str, list[tuple[Call, Unit]]] = {}
        self._made_of: dict[str, list[str]] = {}
        self._setting: dict[str, tuple[int, ...]] = {}

    def __repr__(self) -> str:
        return f"<Module {self.path}>"

    @cached_property
    def facts(self) -> PythonFacts:
        return self._facts()

    @property
    def is_read(self) -> bool:
        """Whether its facts have been taken already."""
        return "facts" in self.__dict__

    @cached_property
    def unit(self) -> Unit:
        return Unit(self, self.facts, None, "")

    def mentions(self, word: str) -> bool:
        """Whether its text holds a word; true where the text is not at hand."""
        return self._data is None or self.text.find(word.encode("utf-8", "replace")) >= 0

    def matches(self, pattern: re.Pattern[bytes]) -> bool:
        """Whether something in its text matches; true where the text is not at hand."""
        return self._data is None or pattern.search(self.text) is not None

    @cached_property
    def text(self) -> bytes:
        """Its text; empty where it is not at hand."""
        return self._data() if self._data is not None else b""

    @cached_property
    def spelling(self) -> Spelling:
        """What its text seems to hold, without a grammar."""
        text = self.text
        return shared(text) if self.role == "library" else alike(text) if len(text) <= SHORT else Spelling(text)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Every unit in it, its own first."""
        return tuple(self.unit.units())

    def classes(self, name: str) -> Iterator[Unit]:
        """The classes in it that have this name."""
        return (unit for unit in self.units if isinstance(unit.node, Class) and unit.last_name == name)

    def defines(self, node: Function) -> bool:
        """Whether a function's text seems to define functions or classes; true where the text is not at hand."""
        text, start, end = self.text, node.span[1], node.whole[1]
        if text and text.find(b"def", start, end) < 0 and text.find(b"class", start, end) < 0:
            return False
        return not text or _DEFINES.search(text, start, end) is not None

    def holding(self, *words: str) -> Iterator[Unit]:
        """Every unit in it that holds one of these words; of the others, the statements are not read."""
        return (unit for unit in self.units if any(map(unit.holds, words)))

    def calls(self, name: str, given: re.Pattern[bytes] | None = None) -> Sequence[tuple[Call, Unit]]:
        """The calls in it of which the last part is spelled so; `()` for those of what a call or an item is.

        `given` is what seems to match in the text of its arguments; others may be left out.
        """
        if given is not None and self.text:
            word = name.encode("utf-8", "replace")
            places = [at for at in self.spelling.calls(word) if given.search(self.text, at, self.spelling.end(at))]
            return [(call, unit) for unit in self.around(places) for call in unit.called(name)]
        found = self._calls.get(name)
        if found is None:
            found = self._calls[name] = [(call, unit) for unit in self.calling(name)
                                         for call in unit.called(name)]
        return found

    def calling(self, name: str) -> Iterable[Unit]:
        """The units of it that seem to call something of a name."""
        if name == "()":
            return self.around(list(self.spelling.calls_again()))
        return self.around(list(self.spelling.calls(name.encode("utf-8", "replace"))))

    def places(self, words: Iterable[bytes]) -> list[int]:
        """Where one of these words, in small letters, stands in it in whatever case, in rising order."""
        text = self.text.lower()
        return sorted(at for word in words for at in found_in(text, word))

    def around(self, places: Sequence[int]) -> Iterator[Unit]:
        """The units of it in which one of these places lies, given in rising order; of the others, nothing is read."""
        return (unit for unit in (self.units if places or not self.text else ())
                if not self.text or unit.encloses(places))

    def setting(self, name: str) -> Sequence[int] | None:
        """Where something seems to be assigned to an attribute of a name; None where its text is not at hand."""
        if not self.text:
            return None
        found = self._setting.get(name)
        if found is None:
            found = self._setting[name] = tuple(self.spelling.sets(name.encode("utf-8", "replace")))
        return found

    def setters(self, name: str) -> Iterator[Unit]:
        """The units of it that seem to assign to an attribute of a name."""
        places = self.setting(name)
        return iter(self.units) if places is None else self.around(places)

    def renaming(self, name: str) -> Iterator[Import]:
        """The imports in it that seem to give another name to what has this one, with others of the same units."""
        places = list(self.spelling.renames(name.encode("utf-8", "replace")))
        return (stmt for unit in self.around(places) for stmt in unit.code.imports)

    @cached_property
    def heirs(self) -> dict[str, list[Unit]]:
        """Last name of a base → the classes in it that list such a base."""
        found: dict[str, list[Unit]] = {}
        for unit in self.units:
            for arg in unit.node.bases if isinstance(unit.node, Class) else ():
                base = dotted(arg.value.base if isinstance(arg.value, Item) else arg.value)
                if base:
                    found.setdefault(base.rsplit(".", 1)[-1], []).append(unit)
        return found

    def made_of(self, name: str) -> Sequence[str]:
        """What its statements set to something of a name or made by it, and the functions that return it."""
        found = self._made_of.get(name)
        if found is None:
            units = self.around(list(self.spelling.given(name.encode("utf-8", "replace"))))
            found = self._made_of[name] = [given for unit in units for given in unit.made_of.get(name, ())]
        return found

    @cached_property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    @cached_property
    def folder(self) -> str:
        return self.path.rpartition("/")[0] or ("/" if self.path[:1] == "/" else ".")

    @cached_property
    def stem(self) -> str:
        """The last part of its dotted name: the folder's for a package."""
        folder, _, name = self.path.rpartition("/")
        return folder.rpartition("/")[2] if self.is_package else name.rpartition(".")[0] or name

    @cached_property
    def imports(self) -> tuple[tuple[Import, Unit], ...]:
        """Every import statement in it, with the unit that runs it."""
        return tuple(
            (stmt, unit) for unit in self.holding("import") for stmt in unit.code.imports
        )


def _given_by(expr: Expr) -> set[str]:
    """The names of which an expression is something, or of what gives it when it is called."""
    found: set[str] = set()
    stack = [expr]
    while stack:
        here = stack.pop()
        if isinstance(here, (Logic, Choice)):
            stack.extend(here.parts if isinstance(here, Logic) else (here.then, here.other))
        elif isinstance(here, Await):
            stack.append(here.value)
        elif isinstance(here, Call):
            stack.append(here.func)
        elif isinstance(here, (Name, Attr)):
            found.add(here.id if isinstance(here, Name) else here.name)
    return found


def place_of(unit: Unit) -> tuple[str, Span]:
    """Where a unit stands, to sort by."""
    node = unit.node
    return unit.module.path, (0, 0) if isinstance(node, PythonFacts) else node.span


def first_param(method: Unit) -> str:
    """The name of a method's first parameter; empty where it has none."""
    node = method.node
    return node.params[0].name if isinstance(node, Function) and node.params else ""


def body_of(node: PythonFacts | Class | Function | Lambda) -> Block:
    return (Return(node.body, node.span),) if isinstance(node, Lambda) else node.body


_BLOCKS: dict[type[Any], Callable[[Any], tuple[Block, ...]]] = {
    If: lambda stmt: tuple([body for _, body in stmt.branches]),
    Loop: lambda stmt: (stmt.body, stmt.orelse),
    With: lambda stmt: (stmt.body,),
    Try: lambda stmt: (stmt.body, *[handler.body for handler in stmt.handlers], stmt.orelse, stmt.final),
    Match: lambda stmt: stmt.cases,
}
"""Kind of a statement → what gives the blocks inside one."""


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The blocks inside a statement that run with it: not the bodies of functions and classes."""
    held = _BLOCKS.get(type(stmt))
    return held(stmt) if held is not None else ()


def statements(block: Block) -> Iterator[Stmt]:
    """Every statement of a block and of the blocks inside it, in source order."""
    stack = list(block[::-1])
    while stack:
        stmt = stack.pop()
        yield stmt
        held = _BLOCKS.get(type(stmt))
        for inner in reversed(held(stmt)) if held is not None else ():
            stack += inner[::-1]


_COMPUTED: dict[type[Any], Callable[[Any], tuple[Expr, ...]]] = {
    Do: lambda stmt: (stmt.value,),
    Assign: lambda stmt: stmt.targets if stmt.value is None else (*stmt.targets, stmt.value),
    **dict.fromkeys((Return, Raise), lambda stmt: (stmt.value,) if stmt.value is not None else ()),
    Assert: lambda stmt: (stmt.test,),
    If: lambda stmt: tuple([test for test, _ in stmt.branches if test is not None]),
    Loop: lambda stmt: (stmt.over,),
    With: lambda stmt: tuple([value for value, _ in stmt.items]),
    Match: lambda stmt: (stmt.subject,),
    Function: lambda stmt: (*stmt.decorators, *[each.default for each in stmt.params if each.default is not None]),
    Class: lambda stmt: (*stmt.decorators, *[arg.value for arg in stmt.bases]),
}
"""Kind of a statement → what gives the expressions that one computes."""


def expressions(stmt: Stmt) -> tuple[Expr, ...]:
    """The expressions that a statement itself computes when it runs."""
    computed = _COMPUTED.get(type(stmt))
    return computed(stmt) if computed is not None else ()


class Held(NamedTuple):
    """A statement, the block that it stands in, and the statements around that with their blocks, outermost first."""

    stmt: Stmt
    block: Block
    way: tuple[tuple[Stmt, Block], ...]


def held_in(unit: Unit) -> Iterator[Held]:
    """The statements of a unit, each with what is around it."""
    stack: list[tuple[Block, tuple[tuple[Stmt, Block], ...]]] = [(body_of(unit.node), ())]
    while stack:
        block, way = stack.pop()
        for stmt in block:
            yield Held(stmt, block, way)
            stack.extend((inner, (*way, (stmt, inner))) for inner in reversed(blocks(stmt)) if inner)


class Around(NamedTuple):
    """A statement around a place, and which of its blocks the place is in."""

    stmt: Stmt
    block: Block


class Ways:
    """Which statements stand around each place of a block; looked up by bisection."""

    def __init__(self, body: Block) -> None:
        found: list[tuple[int, int, tuple[Around, ...]]] = []
        self._exact: dict[Span, tuple[Around, ...]] = {}
        stack: list[tuple[Stmt, tuple[Around, ...]]] = [(stmt, ()) for stmt in reversed(body)]
        while stack:
            stmt, way = stack.pop()
            self._exact.setdefault(stmt.span, way)
            found.extend((expr.span[0], expr.span[1], way) for expr in expressions(stmt))
            for block in reversed(blocks(stmt)):
                stack.extend((inner, (*way, Around(stmt, block))) for inner in reversed(block))
        found.sort(key=lambda one: one[:2])
        self._found = found
        self._starts = [start for start, _, _ in found]

    def to(self, span: Span) -> tuple[Around, ...] | None:
        """The statements around a place, outermost first; None when the place is in none of the block's statements."""
        at = bisect_right(self._starts, span[0]) - 1
        while at > 0 and self._found[at][1] < span[1] and self._starts[at - 1] == self._starts[at]:
            at -= 1
        if at >= 0 and span[1] <= self._found[at][1]:
            return self._found[at][2]
        return self._exact.get(span)
