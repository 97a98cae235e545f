"""Which assignments reach which use of a name inside one unit of code, and what has been checked by then."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from operator import is_not
from types import MappingProxyType
from typing import TypeAlias

from gravity_lint.facts.code import (
    Alias,
    Assert,
    Assign,
    Assigned,
    Attr,
    Block,
    Call,
    Choice,
    Class,
    Compare,
    Const,
    Declare,
    Do,
    Expr,
    Function,
    Handler,
    If,
    Import,
    Item,
    Lambda,
    Leave,
    Logic,
    Loop,
    Match,
    Name,
    Other,
    Param,
    PythonFacts,
    Raise,
    Return,
    Series,
    Span,
    Stmt,
    Try,
    With,
    children,
    dotted,
    walk,
)
from gravity_lint.facts.code import (
    Mapping as Display,
)
from gravity_lint.record import NamedTuple, struct

MAX_LOOPS = 2
"""Loops inside loops whose bodies are walked twice."""
MAX_PATH = 300
"""Characters of a path in which its beginnings are looked for."""
MAX_BINDINGS = 12
"""Assignments of one name kept where they meet: a value with more sources than this is not worth following."""


@struct
class Binding:
    """One way in which a name gets a value.

    By itself it is also the `State` of a name of which nothing else is known, as it is of most: a state of its own
    would take more room than all that it says.
    """

    kind: str
    """value, unpack, entry (of `with`), element (of `for`), add (`+=`), param, import, function, class, error"""
    node: Expr | Stmt | Param | None
    place: Expr | Stmt | Param | Alias | Handler
    """What stands where it is told to be."""
    path: tuple[int, ...] = ()
    """For an unpacked value: which element of which."""
    alias: str = ""
    """For an import: the name as the other module knows it."""

    @property
    def span(self) -> Span:
        return self.place.span

    @property
    def bindings(self) -> tuple[Binding, ...]:
        return (self,)

    @property
    def checked(self) -> bool:
        return False


class Several(NamedTuple):
    """What is known of a name (or a path like `self.url`) at one point, where that is more than how it was set."""

    bindings: tuple[Binding, ...]
    checked: bool
    """Whether a missing value would have stopped the code before this point."""


State: TypeAlias = "Binding | Several"
"""What is known of a name at one point."""
Env = dict[str, State]
_EXITS = frozenset(
    {"sys.exit", "exit", "quit", "os._exit", "os.abort", "abort", "pytest.skip", "parser.error", "typer.Exit"}
)


class Flow:
    """What one unit's statements do to its names."""

    __slots__ = ("_bound", "exit", "globals", "guards", "returns", "stars", "uses")

    def __init__(self, walker: _Walker, end: Env) -> None:
        self.uses: dict[Expr, State] = walker.uses
        """A use → what is known there; only uses of what the unit itself sets or checks."""
        self.exit: Env = end
        """What is known when the unit has run."""
        self.globals: Mapping[str, Sequence[Binding]] = walker.bound_outside or _NONE
        """What it assigns to names it declares `global` or `nonlocal`."""
        beside = [name for name in walker.bound if name not in end or not end[name].bindings]
        self._bound: Collection[str] = frozenset(beside) if beside else ()
        """The names that it binds, but for those of which it is known at its end."""
        self.guards: Sequence[Expr] = tuple(walker.guards)
        """Tests whose failure stops the code by an exception or an exit."""
        self.returns: Sequence[tuple[Expr, Span]] = tuple(walker.returns)
        self.stars: Sequence[Import] = tuple(walker.stars)

    def binds(self, name: str) -> bool:
        """Whether it binds a name anywhere."""
        state = self.exit.get(name)
        return (state is not None and bool(state.bindings)) or name in self._bound

    @property
    def bound(self) -> set[str]:
        """The names it binds anywhere."""
        return {*self._bound, *(name for name, state in self.exit.items() if state.bindings)}


_NONE: Mapping[str, Sequence[Binding]] = MappingProxyType({})


def _state(bindings: tuple[Binding, ...], checked: bool) -> State:
    """What is known of a name that is set in these ways."""
    return bindings[0] if len(bindings) == 1 and not checked else Several(bindings, checked)


def key_of(expr: Expr) -> str | None:
    """`a`, `a.b`, `a["k"]`, `getenv("K")` → a text that names the place; None where it names none."""
    tail = ""
    while True:
        if isinstance(expr, Name):
            return expr.id + tail
        if isinstance(expr, Attr):
            tail = f".{expr.name}{tail}"
            expr = expr.base
        elif isinstance(expr, Item) and isinstance(expr.key, Const):
            tail = f"[{expr.key.value!r}]{tail}"
            expr = expr.base
        elif isinstance(expr, Call) and len(expr.args) == 1 and not tail and isinstance(expr.args[0].value, Const):
            called = dotted(expr.func) or ""
            if called.rsplit(".", 1)[-1] not in ("get", "getenv"):
                return None
            return f"{called}({expr.args[0].value.value!r})"  # two readings of one variable are the same reading
        else:
            return None


def flow_of(node: PythonFacts | Class | Function | Lambda) -> Flow:
    """A unit's facts → its flow."""
    walker = _Walker()
    env: Env = {}
    if isinstance(node, (Function, Lambda)):
        for param in node.params:
            env[param.name] = Binding("param", param, param)
            walker.bound.add(param.name)
    if isinstance(node, Lambda):
        walker.returns.append((node.body, node.span))
        _uses(walker, node.body, env)
        return Flow(walker, {})
    end = walker.block(node.body, env)
    return Flow(walker, end if end is not None else walker.last)


class _Walker:
    def __init__(self) -> None:
        self.uses: dict[Expr, State] = {}
        self.bound: set[str] = set()
        self.bound_outside: dict[str, list[Binding]] = {}
        self.guards: list[Expr] = []
        self.returns: list[tuple[Expr, Span]] = []
        self.stars: list[Import] = []
        self.globals: set[str] = set()
        self.left: list[tuple[list[Env | None], list[Env | None]]] = []
        """For each loop around: what is known where it is continued, and where it is left."""
        self.inside: dict[str, dict[str, None]] = {}
        """What a path (`a.b`, `a["k"]`) begins with → the paths that have been set: they end when it is set anew."""
        self.last: Env = {}
        """What was known when the code last stopped: a module that ends in `raise` still has its names."""

    def block(self, block: Block, env: Env | None) -> Env | None:
        """Runs statements; None when their end is never reached."""
        for stmt in block:
            if env is None:
                return None
            env = self.statement(stmt, env)
        return env

    def statement(self, stmt: Stmt, env: Env) -> Env | None:
        if isinstance(stmt, Assign):
            self.assign(stmt, env)
        elif isinstance(stmt, Do):
            _uses(self, stmt.value, env)
            if isinstance(stmt.value, Call) and dotted(stmt.value.func) in _EXITS:
                self.last = env
                return None
            if isinstance(stmt.value, Call):
                self.updated(stmt.value, env)
        elif isinstance(stmt, Import):
            self.imported(stmt, env)
        elif isinstance(stmt, (Function, Class)):
            for decorator in stmt.decorators:
                _uses(self, decorator, env)
            self.bind(stmt.name, Binding("function" if isinstance(stmt, Function) else "class", stmt, stmt), env)
        elif isinstance(stmt, (Return, Raise)):
            if stmt.value is not None:
                _uses(self, stmt.value, env)
                if isinstance(stmt, Return):
                    self.returns.append((stmt.value, stmt.span))
            self.last = env
            return None
        elif isinstance(stmt, Leave):
            if self.left:
                self.left[-1][stmt.kind == "break"].append(env)
            return None
        elif isinstance(stmt, Assert):
            _uses(self, stmt.test, env)
            self.guards.append(stmt.test)
            return _known(env, present_if_true(stmt.test) | _mentioned(stmt.test))
        elif isinstance(stmt, Declare):
            self.globals.update(stmt.names)
        else:
            return self.compound(stmt, env)
        return env

    def compound(self, stmt: Stmt, env: Env) -> Env | None:
        if isinstance(stmt, If):
            return self.choose(stmt, env)
        if isinstance(stmt, Loop):
            return self.loop(stmt, env)
        if isinstance(stmt, With):
            for value, target in stmt.items:
                _uses(self, value, env)
                if target is not None:
                    self.target(target, Binding("entry", value, stmt), env)
            return self.block(stmt.body, env)
        if isinstance(stmt, Try):
            return self.attempt(stmt, env)
        if isinstance(stmt, Match):
            _uses(self, stmt.subject, env)
            return _merge([env, *(self.block(case, dict(env)) for case in stmt.cases)])
        return env

    def loop(self, stmt: Loop, env: Env) -> Env | None:
        """A loop's body runs from what is known before it, and from what it leaves behind itself."""
        _uses(self, stmt.over, env)
        before: Env = env
        for _ in range(2 if len(self.left) < MAX_LOOPS else 1):
            self.left.append(([], []))
            inside = _known(before, present_if_true(stmt.over)) if stmt.target is None else dict(before)
            if stmt.target is not None:
                self.target(stmt.target, Binding("element", stmt.over, stmt), inside)
            end = self.block(stmt.body, inside)
            continued, broken = self.left.pop()
            before = _merge([env, end, *continued]) or env
        after = _known(before, present_if_false(stmt.over)) if stmt.target is None else before
        return _merge([self.block(stmt.orelse, after), *broken])

    def choose(self, stmt: If, env: Env) -> Env | None:
        ends: list[Env | None] = []
        left: Env | None = env
        for test, body in stmt.branches:
            if left is None:
                break
            if test is None:
                ends.append(self.block(body, dict(left)))
                left = None
                continue
            _uses(self, test, left)
            end = self.block(body, _known(left, _implied(left, present_if_true(test))))
            ends.append(end)
            present = present_if_false(test)
            if end is None and _stops(body):
                self.guards.append(test)
                present |= _mentioned(test)
            left = _known(left, present)
        return _merge([*ends, left])

    def attempt(self, stmt: Try, env: Env) -> Env | None:
        before = dict(env)
        body = self.block(stmt.body, env)
        ends = [self.block(stmt.orelse, body) if body is not None else None]
        for handler in stmt.handlers:
            inside = _merge([before, body]) or dict(before)
            if handler.name:
                self.bind(handler.name, Binding("error", None, handler), inside)
            ends.append(self.block(handler.body, dict(inside)))
        return self.block(stmt.final, _merge(ends) if any(end is not None for end in ends) else None)

    def assign(self, stmt: Assign, env: Env) -> None:
        if stmt.value is None:
            for target in stmt.targets:
                if isinstance(target, Name):
                    self.bound.add(target.id)
            return
        _uses(self, stmt.value, env)
        for target in stmt.targets:
            if stmt.op:
                _uses(self, target, env)
                key = key_of(target)
                earlier = env[key].bindings if key in env and key is not None else ()
                if key is not None and earlier:
                    env[key] = _state((*earlier, Binding("add", stmt.value, stmt))[:MAX_BINDINGS], False)
            else:
                if not isinstance(target, (Name, Series)):
                    for part in children(target):
                        _uses(self, part, env)
                self.target(target, Binding("value", stmt.value, stmt), env)

    def target(self, target: Expr, binding: Binding, env: Env) -> None:
        if isinstance(target, Series):
            for number, item in enumerate(target.items):
                value = binding.node
                if (
                    binding.kind == "value"
                    and not binding.path
                    and isinstance(value, Series)
                    and len(value.items) == len(target.items)
                ):
                    self.target(item, Binding("value", value.items[number], binding.place), env)
                else:
                    kind = "unpack" if binding.kind == "value" else binding.kind
                    self.target(item, Binding(kind, value, binding.place, (*binding.path, number)), env)
        elif (key := key_of(target)) is not None:
            self.bind(key, binding, env)

    def updated(self, call: Call, env: Env) -> None:
        """`mapping.update(key=value)` and `mapping.update({"key": value})` set items of a mapping."""
        if not isinstance(call.func, Attr) or call.func.name != "update" or (base := key_of(call.func.base)) is None:
            return
        for arg in call.args:
            items = arg.value.items if isinstance(arg.value, Display) and arg.name is None else ()
            given = [(key.value, value) for key, value in items if isinstance(key, Const)]
            for name, value in [(arg.name, arg.value)] if arg.name not in (None, "*", "**") else given:
                self.bind(f"{base}[{name!r}]", Binding("value", value, call), env)

    def bind(self, key: str, binding: Binding, env: Env) -> None:
        if key in self.globals:
            self.bound_outside.setdefault(key, []).append(binding)
        self.bound.add(key)
        if "." in key or "[" in key:
            for end, sign in enumerate(key[:MAX_PATH]):
                if sign in ".[":
                    self.inside.setdefault(key[:end], {})[key] = None
        for path in self.inside.get(key, ()):
            env.pop(path, None)
        env[key] = binding

    def imported(self, stmt: Import, env: Env) -> None:
        for alias in stmt.names:
            if alias.name == "*":
                self.stars.append(stmt)
            else:
                self.bind(alias.bound, Binding("import", stmt, alias, alias=alias.name), env)


_PLACES = frozenset((Attr, Item, Call))
"""What may name a place beside a name."""


def _uses(walker: _Walker, expr: Expr, env: Env) -> None:
    """Notes what is known at each use of a name or path inside an expression."""
    stack = [(expr, env)]
    while stack:
        part, known = stack.pop()
        kind = type(part)
        if kind is Name:
            if (state := known.get(part.id)) is not None:  # type: ignore[union-attr]
                walker.uses[part] = state
            continue
        if kind is Const:
            continue
        if kind in _PLACES:
            key = key_of(part)
            if key is not None and (state := known.get(key)) is not None:
                walker.uses[part] = state
            if kind is Attr:
                stack.append((part.base, known))  # type: ignore[union-attr]
                continue
        elif isinstance(part, Assigned):
            walker.bound.add(part.name)
            env[part.name] = known[part.name] = Binding("value", part.value, part)
        elif isinstance(part, Choice):
            stack.append((part.other, _known(known, present_if_false(part.test))))
            stack.append((part.then, _known(known, present_if_true(part.test))))
            stack.append((part.test, known))
            continue
        elif isinstance(part, Logic) and part.op == "and":
            _uses_in_turn(walker, part.parts, known)
            continue
        elif isinstance(part, Other) and (inner := _elements(part)):
            stack += [(child, {**known, **inner}) for child in reversed(part.parts)]
            continue
        stack += [(child, known) for child in reversed(children(part))]


def _elements(expr: Other) -> Env:
    """The names that a comprehension runs over its clauses with; empty for anything else."""
    found: Env = {}
    for clause in expr.parts:
        if isinstance(clause, Other) and clause.kind == "for_in_clause" and len(clause.parts) > 1:
            target, over = clause.parts[0], clause.parts[-1]
            names = enumerate(target.items) if isinstance(target, Series) else [(-1, target)]
            for number, name in names:
                if isinstance(name, Name):
                    path = (number,) if number >= 0 else ()
                    found[name.id] = Binding("element", over, clause, path)
    return found


def _uses_in_turn(walker: _Walker, parts: tuple[Expr, ...], env: Env) -> None:
    """`a and b and c`: each part is looked at only where those before it hold."""
    known = env
    for part in parts:
        _uses(walker, part, known)
        present = present_if_true(part)
        known = _known(known, present) if present else known
    if known is not env:
        env.update((key, state) for key, state in known.items() if key not in env and state.bindings)


def _merge(ends: list[Env | None]) -> Env | None:
    """What is known where several ways meet."""
    ways = [end for end in ends if end is not None]
    if len(ways) <= 1:
        return ways[0] if ways else None
    first, *rest = ways
    merged = dict(first)  # most names are the same on all ways, and there may be thousands of ways
    changed: dict[str, None] = {}
    for way in rest:
        changed.update(dict.fromkeys(compress(first, map(is_not, map(way.get, first), first.values()))))
        if not way.keys() <= first.keys():
            changed.update(dict.fromkeys(key for key in way if key not in first))
    known: dict[str, list[State]] = {key: [] for key in changed}
    for way in ways:
        for key in way.keys() & known.keys():
            known[key].append(way[key])
    for key, states in known.items():
        found = tuple(dict.fromkeys(binding for state in states for binding in state.bindings))
        checked = len(states) == len(ways) and all(state.checked for state in states)
        merged[key] = _state(found[:MAX_BINDINGS], checked)
    return merged


def _known(env: Env, keys: set[str]) -> Env:
    """The same, with these names known to be there."""
    if not keys:
        return dict(env)
    known = dict(env)
    for key in keys:
        state = env.get(key)
        known[key] = Several(state.bindings if state else (), True)
    return known


def _implied(env: Env, keys: set[str]) -> set[str]:
    """These names, and those that must be there because a flag made of them is true: `enabled = bool(url)`."""
    found = set(keys)
    for key in keys:
        state = env.get(key)
        node = state.bindings[0].node if state is not None and len(state.bindings) == 1 else None
        if isinstance(node, (Call, Compare, Logic)):
            found |= present_if_true(node)
    return found


def _stops(body: Block) -> bool:
    """Whether a block ends in an exception or an exit, rather than in a quiet return."""
    last = body[-1] if body else None
    return isinstance(last, Raise) or (
        isinstance(last, Do) and isinstance(last.value, Call) and dotted(last.value.func) in _EXITS
    )


def _mentioned(test: Expr) -> set[str]:
    """The names and paths in a test that stops the code: whoever wrote it has thought of them."""
    return {
        key for part in walk(test) if isinstance(part, (Name, Attr, Item, Call)) and (key := key_of(part)) is not None
    }


def present_if_true(test: Expr) -> set[str]:
    """The names and paths that hold something when a test is true."""
    if isinstance(test, (Name, Attr, Item)):
        key = key_of(test)
        return {key} if key else set()
    if isinstance(test, Assigned):
        return {test.name}
    if isinstance(test, Logic) and test.op == "and":
        return set().union(*(present_if_true(part) for part in test.parts))
    if isinstance(test, Compare):
        if test.op == "not":
            return present_if_false(test.parts[0])
        if test.op == "in" and isinstance(test.parts[0], Const):
            return _readings(test.parts[0].value, test.parts[-1])
        if test.op in ("is not", "!=", "==", "in") and not (test.op == "==" and _empty(test.parts[-1])):
            return present_if_true(test.parts[1 if _empty(test.parts[0]) else 0])
    if isinstance(test, Call):
        if (key := key_of(test)) is not None:
            return {key} | (present_if_true(test.func.base) if isinstance(test.func, Attr) else set())
        if isinstance(test.func, Name) and test.func.id in ("all", "isinstance", "len", "bool"):
            return _mentioned(test) - {test.func.id}
        if isinstance(test.func, Attr):
            return present_if_true(test.func.base)
    return set()


def present_if_false(test: Expr) -> set[str]:
    """The names and paths that hold something when a test is false."""
    if isinstance(test, Logic) and test.op == "or":
        return set().union(*(present_if_false(part) for part in test.parts))
    if isinstance(test, Compare):
        if test.op == "not":
            return present_if_true(test.parts[0])
        if test.op == "not in" and isinstance(test.parts[0], Const):
            return _readings(test.parts[0].value, test.parts[-1])
        if test.op in ("is", "==") and (_empty(test.parts[-1]) or _empty(test.parts[0])):
            return present_if_true(test.parts[1 if _empty(test.parts[0]) else 0])
    if isinstance(test, Call) and isinstance(test.func, Name) and test.func.id == "any":
        return _mentioned(test) - {"any"}
    return set()


def _readings(name: object, mapping: Expr) -> set[str]:
    """The ways to read a variable that is in the environment: `"K" in os.environ` proves each."""
    base = dotted(mapping) or ""
    if not base.endswith("environ"):
        return set()
    return {f"{base}.get({name!r})", f"os.getenv({name!r})", f"getenv({name!r})"}


def _empty(expr: Expr) -> bool:
    return isinstance(expr, Const) and expr.value in (None, "")
