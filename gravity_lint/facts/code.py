"""The plain values that Python code is turned into: expressions and statements without a syntax tree.

Nothing writes to them, yet they are not frozen: a frozen dataclass takes three times as long to make, and there are
many. What a function does is read when it is first asked for.
A span is a pair of byte offsets into the file's UTF-8 text (`Source.place` turns it into lines and columns).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias

from gravity_lint.record import struct

Span = tuple[int, int]

# ---- expressions


@struct
class Const:
    value: str | bytes | int | float | bool | None
    span: Span


@struct
class Name:
    id: str
    span: Span


@struct
class Attr:
    """`base.name`"""

    base: Expr
    name: str
    span: Span


@struct
class Arg:
    """One argument: `name` is None for a positional one, `*` or `**` for an unpacked one."""

    name: str | None
    value: Expr


@struct
class Call:
    func: Expr
    args: tuple[Arg, ...]
    span: Span


@struct
class Item:
    """`base[key]`"""

    base: Expr
    key: Expr
    span: Span


@struct
class Text:
    """An f-string or strings side by side: literal parts are `Const`, holes are any expression."""

    parts: tuple[Expr, ...]
    span: Span


@struct
class Sum:
    """`a + b + c`, flat however long."""

    parts: tuple[Expr, ...]
    span: Span


@struct
class Binary:
    """Any other operator of two operands: `%`, `/`, `|` …"""

    op: str
    left: Expr
    right: Expr
    span: Span


@struct
class Logic:
    """`a or b or c` or `a and b and c`, flat however long."""

    op: str
    parts: tuple[Expr, ...]
    span: Span


@struct
class Choice:
    """`then if test else other`"""

    test: Expr
    then: Expr
    other: Expr
    span: Span


@struct
class Compare:
    """`not a` (op `not`, one operand) or a comparison (`==`, `is not`, `in` …)."""

    op: str
    parts: tuple[Expr, ...]
    span: Span


@struct
class Mapping:
    """A dictionary display; a key of None is `**value`."""

    items: tuple[tuple[Expr | None, Expr], ...]
    span: Span


@struct
class Series:
    """A list, tuple or set display (`kind`)."""

    kind: str
    items: tuple[Expr, ...]
    span: Span


@struct
class Lambda:
    params: tuple[Param, ...]
    body: Expr
    span: Span


@struct
class Await:
    """`await value`"""

    value: Expr
    span: Span


@struct
class Assigned:
    """`name := value`"""

    name: str
    value: Expr
    span: Span


@struct
class Other:
    """What has no value here (a comprehension, a slice, …), its parts kept so that calls in them are seen."""

    kind: str
    parts: tuple[Expr, ...]
    span: Span


Expr: TypeAlias = (
    "Const | Name | Attr | Call | Item | Text | Sum | Binary | Logic | "
    "Choice | Compare | Mapping | Series | Lambda | Await | Assigned | Other"
)

# ---- statements


@struct
class Param:
    """`kind` is empty, `*` or `**`; `keyword_only` stands behind a `*`."""

    name: str
    default: Expr | None
    annotation: Expr | None
    kind: str
    keyword_only: bool
    span: Span


@struct
class Assign:
    """`targets = value`, `target: annotation = value`; `op` is `+` for `+=`. `value` is None for a bare annotation."""

    targets: tuple[Expr, ...]
    value: Expr | None
    annotation: Expr | None
    op: str
    span: Span


@struct
class Alias:
    """One imported name: `name` (`*` for a star) as `bound`."""

    name: str
    bound: str
    span: Span


@struct
class Import:
    """`from module import names` (`level` dots), or `import a.b as c` (`plain`, each name a whole dotted path)."""

    module: str
    level: int
    names: tuple[Alias, ...]
    plain: bool
    span: Span


@struct
class Do:
    """An expression for its effect."""

    value: Expr
    span: Span


@struct
class Return:
    value: Expr | None
    span: Span


@struct
class Raise:
    value: Expr | None
    span: Span


@struct
class Assert:
    test: Expr
    span: Span


@struct
class Leave:
    """`break` or `continue`"""

    kind: str
    span: Span


@struct
class Declare:
    """`global` or `nonlocal`"""

    kind: str
    names: tuple[str, ...]
    span: Span


@struct
class If:
    """Its branches in order, `elif` flat; a test of None is `else`."""

    branches: tuple[tuple[Expr | None, Block], ...]
    span: Span


@struct
class Loop:
    """`for target in over` (target set) or `while over`."""

    target: Expr | None
    over: Expr
    body: Block
    orelse: Block
    span: Span


@struct
class With:
    items: tuple[tuple[Expr, Expr | None], ...]
    body: Block
    span: Span


@struct
class Handler:
    type: Expr | None
    name: str | None
    body: Block
    span: Span


@struct
class Try:
    body: Block
    handlers: tuple[Handler, ...]
    orelse: Block
    final: Block
    span: Span


@struct
class Match:
    subject: Expr
    cases: tuple[Block, ...]
    span: Span


class Unread(Protocol):
    """The functions of one text whose statements nobody has asked for."""

    def read(self, whole: Span, /) -> Block:
        """The statements of the function that stands there, its decorators included."""


@struct
class Function:
    name: str
    params: tuple[Param, ...]
    _body: Block | Unread
    """Its statements, or what reads them: half of all code stands in functions that nobody asks for."""
    decorators: tuple[Expr, ...]
    returns: Expr | None
    is_async: bool
    span: Span
    """The name alone."""
    whole: Span
    """From its first decorator to its end."""

    @property
    def body(self) -> Block:
        found = self._body
        if not isinstance(found, tuple):
            found = self._body = found.read(self.whole)
        return found


@struct
class Class:
    name: str
    bases: tuple[Arg, ...]
    body: Block
    decorators: tuple[Expr, ...]
    span: Span
    """The name alone."""
    whole: Span
    """From its first decorator to its end."""


Stmt: TypeAlias = (
    "Assign | Import | Do | Return | Raise | Assert | Leave | Declare | "
    "If | Loop | With | Try | Match | Function | Class"
)
Block: TypeAlias = "tuple[Stmt, ...]"


@struct
class SyntaxTrouble:
    """Where the text is not Python, and how that shows."""

    span: Span
    message: str


@struct
class Comment:
    """A comment that may hold a suppression, with the lines (from 1) of the logical statement it stands on."""

    text: str
    line: int
    first_line: int
    last_line: int


@struct
class PythonFacts:
    body: Block
    troubles: tuple[SyntaxTrouble, ...]
    _comments: tuple[Comment, ...] | Callable[[], tuple[Comment, ...]]
    known: dict[int, Any]
    """What has been made of its parts, by their identity, for whoever asks next."""

    @property
    def comments(self) -> tuple[Comment, ...]:
        """Those that may suppress."""
        found = self._comments
        if not isinstance(found, tuple):
            found = self._comments = found()
        return found


_INNER: dict[type[Any], Callable[[Any], tuple[Expr, ...]]] = {
    Const: lambda expr: (),
    Name: lambda expr: (),
    Call: lambda expr: (expr.func, *[arg.value for arg in expr.args]),
    **dict.fromkeys((Text, Sum, Logic, Compare, Other), lambda expr: expr.parts),
    Attr: lambda expr: (expr.base,),
    Item: lambda expr: (expr.base, expr.key),
    Binary: lambda expr: (expr.left, expr.right),
    Choice: lambda expr: (expr.test, expr.then, expr.other),
    Mapping: lambda expr: tuple(part for item in expr.items for part in item if part is not None),
    Series: lambda expr: expr.items,
    Lambda: lambda expr: (expr.body,),
    **dict.fromkeys((Await, Assigned), lambda expr: (expr.value,)),
}
"""Kind of an expression → what gives the expressions directly inside one."""


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside an expression."""
    return _INNER[type(expr)](expr)


def walk(expr: Expr) -> Iterator[Expr]:
    """An expression and every expression inside it, in source order; never recursive."""
    stack = [expr]
    while stack:
        here = stack.pop()
        yield here
        if inner := _INNER[type(here)](here):
            stack += inner[::-1]


def calls_in(expr: Expr, lambdas: bool = True) -> list[Call]:
    """The calls in an expression, itself among them, in source order: with those in lambdas, or without them."""
    found: list[Call] = []
    stack: list[Any] = [expr]
    while stack:
        here = stack.pop()
        kind = type(here)
        if kind is Attr:
            stack.append(here.base)
        elif kind is Call:
            found.append(here)
            if here.args:
                stack += [arg.value for arg in here.args[::-1]]
            stack.append(here.func)
        elif kind is not Name and kind is not Const and (lambdas or kind is not Lambda):
            stack += _INNER[kind](here)[::-1]
    return found


def dotted(expr: Expr) -> str | None:
    """`a.b.c` for a chain of names, None for anything else."""
    names: list[str] = []
    while isinstance(expr, Attr):
        names.append(expr.name)
        expr = expr.base
    if not isinstance(expr, Name):
        return None
    names.append(expr.id)
    return ".".join(reversed(names))
