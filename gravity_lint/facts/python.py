"""Turns one Python file into plain facts, in one pass over tree-sitter's concrete syntax tree."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from sys import intern

from tree_sitter import Node

from gravity_lint.facts.code import (
    Alias,
    Arg,
    Assert,
    Assign,
    Assigned,
    Attr,
    Await,
    Binary,
    Block,
    Call,
    Choice,
    Class,
    Comment,
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
    Mapping,
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
    Sum,
    Text,
    Try,
    With,
)
from gravity_lint.facts.grammar import field, parsed, part
from gravity_lint.regex import regex

MAX_DEPTH = 80
"""Expressions and blocks nested deeper than this say nothing: no one reads them, and Python's stack is finite."""
MAX_CHAIN = 150
"""Links of one chain of attributes, calls and subscripts that are kept, counted from its end."""

MAX_TREES = 400_000
"""Bytes of text whose trees are kept for functions that are not read yet: a tree takes thirty times its text."""

MAX_WORD = 40
"""Letters of a text up to which all that are alike are one object: keys of mappings are written again and again."""

# What a child is to its node; the number is found in a third of the time that its name takes
_ALIAS, _ALTERNATIVE, _ARGUMENT, _ARGUMENTS, _ATTRIBUTE, _BODY, _CONDITION, _CONSEQUENCE = map(field, (
    "alias", "alternative", "argument", "arguments", "attribute", "body", "condition", "consequence"))
_DEFINITION, _EXPRESSION, _FUNCTION, _KEY, _LEFT, _MODULE_NAME, _NAME, _OBJECT = map(field, (
    "definition", "expression", "function", "key", "left", "module_name", "name", "object"))
_OPERATOR, _OPERATORS, _PARAMETERS, _RETURN_TYPE, _RIGHT, _SUBJECT, _SUBSCRIPT, _SUPERCLASSES, _TYPE, _VALUE = map(
    field, ("operator", "operators", "parameters", "return_type", "right", "subject", "subscript", "superclasses",
            "type", "value"))

_SKIPPED = frozenset({"comment", "line_continuation", "ERROR"})
_LINKS = frozenset({"attribute", "call", "subscript"})
_MARK = regex(rb"#.*?(?:gravity:|noqa)", re.IGNORECASE)
_ESCAPE = regex(r"\\(\r?\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def parse_python(data: bytes) -> PythonFacts:
    """UTF-8 text of a Python file → its facts. Never raises: what cannot be read is said in `troubles`."""
    given = data
    data, root, troubles = parsed(data)
    # A part of what is not Python may be read otherwise when it stands alone
    unread = None if root.has_error else _Unread(data)
    body = _Reader(data, unread).block(root)
    if unread is not None and unread.nodes:
        _recent.keep(unread)
    return PythonFacts(body, troubles, partial(comments, given), {})


def comments(data: bytes) -> tuple[Comment, ...]:
    """UTF-8 text of a Python file → the comments that may suppress, with the lines of the statements they stand on."""
    if not _MARK.search(data):
        return ()
    data, root, _ = parsed(data)
    reader = _Reader(data, rows=[])
    reader.block(root)
    return tuple(_comments(root, data, reader.rows or ()))


def _comments(root: Node, data: bytes, rows: Iterable[tuple[int, int, bool]]) -> Iterator[Comment]:
    innermost = _innermost(_lines(data, rows))
    for match in _MARK.finditer(data):
        node = root.descendant_for_byte_range(match.start(), match.start() + 1)
        if node is None or node.type != "comment":
            continue
        line = node.start_point[0] + 1
        first, last = innermost(line)
        text = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
        yield Comment(text, line, first, last)


def _lines(data: bytes, rows: Iterable[tuple[int, int, bool]]) -> Iterator[tuple[int, int]]:
    """The first and last lines of statements' own texts: to where they end, or to the line before their body's."""
    ends = [match.start() for match in re.finditer(rb"\n", data)]
    for start, stop, has_body in rows:
        first, last = bisect_left(ends, start), bisect_left(ends, stop)
        yield first + 1, last + (not has_body or first == last)


def _innermost(rows: Iterable[tuple[int, int]]) -> Callable[[int], tuple[int, int]]:
    """The first and last lines of statements → what finds, for lines in rising order, the shortest around a line."""
    waiting = sorted(set(rows), reverse=True)
    around: list[tuple[int, int]] = []

    def find(line: int) -> tuple[int, int]:
        while waiting and waiting[-1][0] <= line:
            around.append(waiting.pop())
        around[:] = [row for row in around if line <= row[1]]
        return min(around, key=lambda row: row[1] - row[0], default=(line, line))

    return find


class _Unread:
    """The functions of one text whose statements nobody has asked for, with their trees as long as those are kept."""

    __slots__ = ("data", "letters", "nodes")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.letters = data.decode("ascii") if data.isascii() else None
        self.nodes: dict[int, Node] | None = {}
        """Where a function begins → the block of its statements; None where the trees are not kept any more."""

    def forget(self) -> None:
        """Lets go of the trees: what is asked for from now on is parsed again."""
        self.letters = self.nodes = None

    def read(self, whole: Span, /) -> Block:
        """The statements of the function that stands there, its decorators included."""
        body = self.nodes.pop(whole[0], None) if self.nodes is not None else None
        if body is None:
            node: Node | None = part(self.data, *whole).named_child(0)
            if node is not None and node.type == "decorated_definition":
                node = node.child_by_field_id(_DEFINITION)
            body = node.child_by_field_id(_BODY) if node is not None else None
        return _Reader(self.data, self).block(body)


class _Recent:
    """The texts that were read last, whose trees are kept, and no more of them than there is room for."""

    def __init__(self) -> None:
        self.texts: deque[_Unread] = deque()
        self.size = 0

    def keep(self, unread: _Unread) -> None:
        self.texts.append(unread)
        self.size += len(unread.data)
        while self.size > MAX_TREES:
            oldest = self.texts.popleft()
            self.size -= len(oldest.data)
            oldest.forget()


_recent = _Recent()


class _Reader:
    """Walks a syntax tree once. Every method takes a node and gives a plain value.

    Functions are left to `unread`, to be read when their statements are asked for; without it they are read at once.
    """

    def __init__(self, data: bytes, unread: _Unread | None = None,
                 rows: list[tuple[int, int, bool]] | None = None) -> None:
        self.data = data
        self.unread = unread
        self.letters = unread.letters if unread is not None else data.decode("ascii") if data.isascii() else None
        """The text where each of its bytes is a letter."""
        self.depth = 0
        self.rows = rows
        """Where each statement's own text begins and ends, and whether a body follows, if that is asked for."""

    def text(self, node: Node) -> str:
        if self.letters is not None:
            return self.letters[node.start_byte : node.end_byte]
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def name(self, node: Node) -> str:
        """The text of a name; one object for all that are alike."""
        return intern(self.text(node))

    # ---- statements

    def block(self, node: Node | None) -> Block:
        """A module, a block or a run of statements around an error → its statements."""
        if node is None or self.depth > MAX_DEPTH:
            return ()
        self.depth += 1
        found: list[Stmt] = []
        for child in node.named_children:
            kind = child.type
            if (method := _STATEMENTS.get(kind)) is not None:
                found.extend(method(self, child))
            elif kind == "ERROR":
                found.extend(self.block(child))
            elif kind in _EXPRESSIONS and node.type == "ERROR":
                found.append(Do(self.expr(child), _span(child)))
        self.depth -= 1
        return tuple(found)

    def later(self, whole: Span, body: Node | None) -> Block | _Unread:
        """The statements of a function, or what reads them."""
        unread = self.unread
        if unread is None or body is None or self.depth > MAX_DEPTH:
            return self.block(body)
        if (nodes := unread.nodes) is not None:
            nodes[whole[0]] = body
        return unread

    def _row(self, node: Node, end: Node | None = None) -> Span:
        """Notes the place of a statement's own text, up to its body, and gives that span."""
        start, stop = span = node.start_byte, node.end_byte if end is None else end.start_byte
        if self.rows is not None:
            self.rows.append((start, stop, end is not None))
        return span

    def expression_statement(self, node: Node) -> Block:
        span = self._row(node)
        found: list[Stmt] = []
        for child in node.named_children:
            kind = child.type
            if kind == "assignment":
                found.append(self._assignment(child, span))
            elif kind == "augmented_assignment":
                target, value = child.child_by_field_id(_LEFT), child.child_by_field_id(_RIGHT)
                operator = child.child_by_field_id(_OPERATOR)
                op = intern(self.text(operator)[:-1]) if operator else ""
                found.append(Assign((self.expr(target),), self.expr(value), None, op, span))
            elif kind not in _SKIPPED:
                found.append(Do(self.expr(child), span))
        return tuple(found)

    def _assignment(self, node: Node, span: Span) -> Assign:
        targets: list[Expr] = []
        annotation: Expr | None = None
        value: Node | None = node
        while value is not None and value.type == "assignment":
            targets.append(self.expr(value.child_by_field_id(_LEFT)))
            if (kind := value.child_by_field_id(_TYPE)) is not None:
                annotation = self.expr(kind)
            value = value.child_by_field_id(_RIGHT)
        return Assign(tuple(targets), None if value is None else self.expr(value), annotation, "", span)

    def import_statement(self, node: Node) -> Block:
        names = tuple(self._aliases(node.children_by_field_id(_NAME), plain=True))
        return (Import("", 0, names, True, self._row(node)),)

    def import_from_statement(self, node: Node) -> Block:
        module = node.child_by_field_id(_MODULE_NAME)
        name, level = "", 0
        if module is not None:
            spelled = self.text(module).replace(" ", "")
            name = spelled.lstrip(".")
            level = len(spelled) - len(name)
        names = tuple(self._aliases(node.children_by_field_id(_NAME), plain=False))
        if not names:
            stars = [child for child in node.named_children if child.type == "wildcard_import"]
            names = (Alias("*", "*", _span(stars[0])),) if stars else ()
        return (Import(name, level, names, False, self._row(node)),)

    def _aliases(self, nodes: list[Node], plain: bool) -> Iterator[Alias]:
        for node in nodes:
            if node.type == "aliased_import":
                named, alias = node.child_by_field_id(_NAME), node.child_by_field_id(_ALIAS)
                if named is not None and alias is not None:
                    yield Alias(self.name(named), self.name(alias), _span(node))
            else:
                name = self.name(node)
                yield Alias(name, intern(name.split(".")[0]) if plain else name, _span(node))

    def return_statement(self, node: Node) -> Block:
        return (Return(self._only(node), self._row(node)),)

    def raise_statement(self, node: Node) -> Block:
        return (Raise(self._only(node), self._row(node)),)

    def assert_statement(self, node: Node) -> Block:
        test = self._only(node)
        return (Assert(test, self._row(node)),) if test is not None else ()

    def leave(self, node: Node) -> Block:
        return (Leave(intern(node.type.split("_")[0]), self._row(node)),)

    def declare(self, node: Node) -> Block:
        names = tuple(self.name(child) for child in node.named_children if child.type == "identifier")
        return (Declare(intern(node.type.split("_")[0]), names, self._row(node)),)

    def effect(self, node: Node) -> Block:
        """`del`, `print x` and their like: only what they compute."""
        parts = tuple(self.expr(child) for child in node.named_children if child.type not in _SKIPPED)
        return (Do(Other(intern(node.type), parts, _span(node)), self._row(node)),)

    def if_statement(self, node: Node) -> Block:
        body = node.child_by_field_id(_CONSEQUENCE)
        span = self._row(node, body)
        branches: list[tuple[Expr | None, Block]] = [
            (self.expr(node.child_by_field_id(_CONDITION)), self.block(body))
        ]
        for clause in node.children_by_field_id(_ALTERNATIVE):
            if clause.type == "elif_clause":
                body = clause.child_by_field_id(_CONSEQUENCE)
                self._row(clause, body)
                branches.append((self.expr(clause.child_by_field_id(_CONDITION)), self.block(body)))
            else:
                branches.append((None, self.block(clause.child_by_field_id(_BODY))))
        return (If(tuple(branches), span),)

    def for_statement(self, node: Node) -> Block:
        body = node.child_by_field_id(_BODY)
        span = self._row(node, body)
        target = self.expr(node.child_by_field_id(_LEFT))
        over = self.expr(node.child_by_field_id(_RIGHT))
        return (Loop(target, over, self.block(body), self._orelse(node), span),)

    def while_statement(self, node: Node) -> Block:
        body = node.child_by_field_id(_BODY)
        span = self._row(node, body)
        test = self.expr(node.child_by_field_id(_CONDITION))
        return (Loop(None, test, self.block(body), self._orelse(node), span),)

    def _orelse(self, node: Node) -> Block:
        clause = node.child_by_field_id(_ALTERNATIVE)
        return self.block(clause.child_by_field_id(_BODY)) if clause is not None else ()

    def with_statement(self, node: Node) -> Block:
        body = node.child_by_field_id(_BODY)
        span = self._row(node, body)
        items: list[tuple[Expr, Expr | None]] = []
        for clause in node.named_children:
            if clause.type != "with_clause":
                continue
            for item in clause.named_children:
                value = item.child_by_field_id(_VALUE)
                if value is None:
                    continue
                if value.type == "tuple":  # `with (a as b, c):` in the grammar's eyes
                    items.extend(self._with_item(part) for part in value.named_children if part.type not in _SKIPPED)
                else:
                    items.append(self._with_item(value))
        return (With(tuple(items), self.block(body), span),)

    def _with_item(self, node: Node) -> tuple[Expr, Expr | None]:
        if node.type == "as_pattern":
            parts = [child for child in node.named_children if child.type not in _SKIPPED]
            target = parts[-1].named_children if len(parts) > 1 else []
            return self.expr(parts[0]), self.expr(target[0]) if target else None
        return self.expr(node), None

    def try_statement(self, node: Node) -> Block:
        body = node.child_by_field_id(_BODY)
        span = self._row(node, body)
        handlers: list[Handler] = []
        orelse: Block = ()
        final: Block = ()
        for clause in node.named_children:
            if clause.type in ("except_clause", "except_group_clause"):
                handlers.append(self._handler(clause))
            elif clause.type == "else_clause":
                orelse = self.block(clause.child_by_field_id(_BODY))
            elif clause.type == "finally_clause":
                final = self.block(clause.named_children[-1] if clause.named_children else None)
        return (Try(self.block(body), tuple(handlers), orelse, final, span),)

    def _handler(self, node: Node) -> Handler:
        parts = [child for child in node.named_children if child.type not in _SKIPPED]
        blocks = [child for child in parts if child.type == "block"]
        kinds = [child for child in parts if child.type != "block"]
        name: str | None = None
        kind: Expr | None = None
        if kinds:
            caught, target = self._with_item(kinds[0])
            kind = caught
            name = target.id if isinstance(target, Name) else None
        span = self._row(node, blocks[0] if blocks else None)
        return Handler(kind, name, self.block(blocks[0] if blocks else None), span)

    def match_statement(self, node: Node) -> Block:
        subject = node.child_by_field_id(_SUBJECT)
        body = node.child_by_field_id(_BODY)
        span = self._row(node, body)
        clauses = [child for child in (body.named_children if body is not None else []) if child.type == "case_clause"]
        cases = tuple(self.block(clause.child_by_field_id(_CONSEQUENCE)) for clause in clauses)
        return (Match(self.expr(subject), cases, span),)

    def decorated_definition(self, node: Node) -> Block:
        clauses = [child for child in node.named_children if child.type == "decorator"]
        decorators = tuple(expr for clause in clauses if (expr := self._only(clause)) is not None)
        definition = node.child_by_field_id(_DEFINITION)
        if definition is None:
            return ()
        if definition.type == "class_definition":
            return self.class_definition(definition, decorators, node)
        return self.function_definition(definition, decorators, node)

    def function_definition(self, node: Node, decorators: tuple[Expr, ...] = (), around: Node | None = None) -> Block:
        name = node.child_by_field_id(_NAME)
        body = node.child_by_field_id(_BODY)
        if name is None:
            return ()
        self._row(node, body)
        returns = node.child_by_field_id(_RETURN_TYPE)
        is_async = bool(node.children) and node.children[0].type == "async"
        params = self._params(node.child_by_field_id(_PARAMETERS))
        returned = None if returns is None else self.expr(returns)
        named, whole = _span(name), _span(around or node)
        read = self.later(whole, body)
        return (Function(self.name(name), params, read, decorators, returned, is_async, named, whole),)

    def class_definition(self, node: Node, decorators: tuple[Expr, ...] = (), around: Node | None = None) -> Block:
        name = node.child_by_field_id(_NAME)
        body = node.child_by_field_id(_BODY)
        if name is None:
            return ()
        self._row(node, body)
        bases = self._args(node.child_by_field_id(_SUPERCLASSES))
        return (Class(self.name(name), bases, self.block(body), decorators, _span(name), _span(around or node)),)

    def _params(self, node: Node | None) -> tuple[Param, ...]:
        found: list[Param] = []
        keyword_only = False
        for child in node.named_children if node is not None else ():
            kind = child.type
            if kind == "keyword_separator":
                keyword_only = True
                continue
            if (param := self._param(child, keyword_only)) is not None:
                found.append(param)
                keyword_only = keyword_only or param.kind == "*"
        return tuple(found)

    def _param(self, node: Node, keyword_only: bool) -> Param | None:
        name: Node | None = node
        if node.type in ("default_parameter", "typed_default_parameter"):
            name = node.child_by_field_id(_NAME)
        elif node.type == "typed_parameter":
            name = node.named_children[0] if node.named_children else None
        if name is None:
            return None
        stars = {"list_splat_pattern": "*", "dictionary_splat_pattern": "**"}.get(name.type, "")
        inner = name.named_children[0] if stars and name.named_children else name
        if inner.type != "identifier":
            return None
        default, annotation = node.child_by_field_id(_VALUE), node.child_by_field_id(_TYPE)
        return Param(
            self.name(inner),
            None if default is None else self.expr(default),
            None if annotation is None else self.expr(annotation),
            stars,
            keyword_only,
            _span(inner),
        )

    # ---- expressions

    def _only(self, node: Node) -> Expr | None:
        """The first expression directly inside a node."""
        for child in node.named_children:
            if child.type not in _SKIPPED:
                return self.expr(child)
        return None

    def expr(self, node: Node | None) -> Expr:
        if node is None:
            return Other("missing", (), (0, 0))
        kind = node.type
        if kind == "identifier":
            start, end = span = node.start_byte, node.end_byte
            if self.letters is not None:
                return Name(intern(self.letters[start:end]), span)
            return Name(self.name(node), span)
        if self.depth > MAX_DEPTH:
            return Other("deep", (), _span(node))
        self.depth += 1
        found = _EXPRESSIONS.get(kind, _Reader.other)(self, node)
        self.depth -= 1
        return found

    def other(self, node: Node) -> Expr:
        parts = tuple(self.expr(child) for child in node.named_children if child.type not in _SKIPPED)
        return Other(intern(node.type), parts, _span(node))

    def inner(self, node: Node) -> Expr:
        """Parentheses, `type` and other wrappers: what they hold."""
        found = self._only(node)
        return found if found is not None else Other(intern(node.type), (), _span(node))

    def constant(self, node: Node) -> Expr:
        value = {"true": True, "false": False, "none": None}[node.type]
        return Const(value, _span(node))

    def number(self, node: Node) -> Expr:
        try:
            return Const(int(self.text(node), 0) if node.type == "integer" else float(self.text(node)), _span(node))
        except ValueError:
            return Other("number", (), _span(node))

    def string(self, node: Node) -> Expr:
        start, end = span = node.start_byte, node.end_byte
        if (plain := _plain(self.data[start:end])) is not None:
            text = plain.decode("utf-8", "replace")
            return Const(intern(text) if len(text) <= MAX_WORD else text, span)
        parts = tuple(self._string_parts(node))
        if len(parts) == 1 and isinstance(parts[0], Const):
            return Const(parts[0].value, _span(node))
        return Text(parts, _span(node)) if parts else Const("", _span(node))

    def concatenated(self, node: Node) -> Expr:
        parts = [part for child in node.named_children if child.type == "string" for part in self._string_parts(child)]
        values = [part.value for part in parts if isinstance(part, Const)]
        if len(values) == len(parts) and all(isinstance(value, str) for value in values):
            return Const("".join(str(value) for value in values), _span(node))
        return Text(tuple(parts), _span(node))

    def _string_parts(self, node: Node) -> Iterator[Expr]:
        children = node.children
        prefix = self.text(children[0]).rstrip("'\"").lower() if children else ""
        for child in children:
            if child.type == "string_content":
                raw = self.text(child)
                value = raw if "r" in prefix or "\\" not in raw else _ESCAPE.sub(_unescape, raw)
                if "f" in prefix or "t" in prefix:
                    value = value.replace("{{", "{").replace("}}", "}")
                yield Const(value.encode("utf-8", "replace") if "b" in prefix else value, _span(child))
            elif child.type == "interpolation":
                hole = child.child_by_field_id(_EXPRESSION)
                yield self.expr(hole) if hole is not None else Other("hole", (), _span(child))

    def binary(self, node: Node) -> Expr:
        """`+` is flattened on its way down the left side, however long the chain."""
        operator = node.child_by_field_id(_OPERATOR)
        op = intern(operator.type) if operator is not None else ""
        if op != "+":
            left, right = node.child_by_field_id(_LEFT), node.child_by_field_id(_RIGHT)
            return Binary(op, self.expr(left), self.expr(right), _span(node))
        return Sum(self._flat(node, "binary_operator", "+"), _span(node))

    def boolean(self, node: Node) -> Expr:
        operator = node.child_by_field_id(_OPERATOR)
        op = intern(operator.type) if operator is not None else "and"
        return Logic(op, self._flat(node, "boolean_operator", op), _span(node))

    def _flat(self, node: Node, kind: str, op: str) -> tuple[Expr, ...]:
        parts: list[Expr] = []
        here: Node | None = node
        while here is not None and here.type == kind:
            operator = here.child_by_field_id(_OPERATOR)
            if operator is None or operator.type != op:
                break
            parts.append(self.expr(here.child_by_field_id(_RIGHT)))
            here = here.child_by_field_id(_LEFT)
        parts.append(self.expr(here))
        return tuple(reversed(parts))

    def negation(self, node: Node) -> Expr:
        return Compare("not", (self.expr(node.child_by_field_id(_ARGUMENT)),), _span(node))

    def comparison(self, node: Node) -> Expr:
        parts = tuple(self.expr(child) for child in node.named_children if child.type not in _SKIPPED)
        ops = " ".join([child.type for child in node.children_by_field_id(_OPERATORS)])
        return Compare(intern(ops), parts, _span(node))

    def choice(self, node: Node) -> Expr:
        parts = [child for child in node.named_children if child.type not in _SKIPPED]
        if len(parts) != 3:
            return self.other(node)
        return Choice(self.expr(parts[1]), self.expr(parts[0]), self.expr(parts[2]), _span(node))

    def primary(self, node: Node) -> Expr:
        """A chain of attributes, calls and subscripts, built from its base up without recursion."""
        links: list[tuple[Node, str]] = []
        here: Node | None = node
        while here is not None and (kind := here.type) in _LINKS and len(links) < MAX_CHAIN:
            links.append((here, kind))
            here = here.child_by_field_id(
                _FUNCTION if kind == "call" else _OBJECT if kind == "attribute" else _VALUE
            )
        cut = here is not None and here.type in _LINKS
        found = Other("deep", (), _span(node)) if cut else self.expr(here)
        for link, kind in reversed(links):
            found = self._link(link, kind, found)
        return found

    def _link(self, node: Node, kind: str, base: Expr) -> Expr:
        span = node.start_byte, node.end_byte
        if kind == "attribute":
            name = node.child_by_field_id(_ATTRIBUTE)
            return Attr(base, self.name(name) if name is not None else "", span)
        if kind == "call":
            arguments = node.child_by_field_id(_ARGUMENTS)
            func = base.base if isinstance(base, Item) and _is_typed(base) else base
            if arguments is not None and arguments.type == "generator_expression":
                return Call(func, (Arg(None, self.expr(arguments)),), span)
            return Call(func, self._args(arguments), span)
        keys = node.children_by_field_id(_SUBSCRIPT)
        key = self.expr(keys[0]) if len(keys) == 1 else Series("tuple", tuple(map(self.expr, keys)), span)
        return Item(base, key, span)

    def _args(self, node: Node | None) -> tuple[Arg, ...]:
        found: list[Arg] = []
        for child in node.named_children if node is not None else ():
            kind = child.type
            if kind in _SKIPPED:
                continue
            if kind == "keyword_argument":
                name = child.child_by_field_id(_NAME)
                value = child.child_by_field_id(_VALUE)
                found.append(Arg(self.name(name) if name is not None else "", self.expr(value)))
            elif kind in ("list_splat", "dictionary_splat"):
                found.append(Arg("*" if kind == "list_splat" else "**", self.inner(child)))
            else:
                found.append(Arg(None, self.expr(child)))
        return tuple(found)

    def mapping(self, node: Node) -> Expr:
        items: list[tuple[Expr | None, Expr]] = []
        for child in node.named_children:
            if child.type == "pair":
                key, value = child.child_by_field_id(_KEY), child.child_by_field_id(_VALUE)
                items.append((self.expr(key), self.expr(value)))
            elif child.type == "dictionary_splat":
                items.append((None, self.inner(child)))
        return Mapping(tuple(items), _span(node))

    def series(self, node: Node) -> Expr:
        kind = intern(node.type.removesuffix("_pattern")) if node.type in ("list", "list_pattern", "set") else "tuple"
        parts = tuple(self.expr(child) for child in node.named_children if child.type not in _SKIPPED)
        return Series(kind, parts, _span(node))

    def generic(self, node: Node) -> Expr:
        """`Annotated[A, b]` where a type is expected: the same as the subscript that it is elsewhere."""
        parts = [child for child in node.named_children if child.type not in _SKIPPED]
        if len(parts) != 2:
            return self.other(node)
        keys = tuple(self.expr(child) for child in parts[1].named_children if child.type not in _SKIPPED)
        key = keys[0] if len(keys) == 1 else Series("tuple", keys, _span(parts[1]))
        return Item(self.expr(parts[0]), key, _span(node))

    def function_value(self, node: Node) -> Expr:
        params = self._params(node.child_by_field_id(_PARAMETERS))
        return Lambda(params, self.expr(node.child_by_field_id(_BODY)), _span(node))

    def awaited(self, node: Node) -> Expr:
        return Await(self.inner(node), _span(node))

    def assigned(self, node: Node) -> Expr:
        name = node.child_by_field_id(_NAME)
        value = self.expr(node.child_by_field_id(_VALUE))
        return Assigned(self.text(name) if name is not None else "", value, _span(node))


def _plain(text: bytes) -> bytes | None:
    """What stands between the quotes of a string; None where it has a prefix, an escape, or is not whole."""
    quote = text[:1]
    if quote not in (b"'", b'"') or text.find(b"\\") >= 0:
        return None
    if text[:3] != quote * 3:
        return text[1:-1] if text.count(quote) == 2 and text[-1:] == quote and text.find(b"\n") < 0 else None
    inner = text[3:-3]
    return inner if len(text) >= 6 and text[-3:] == text[:3] and text[:3] not in inner else None


def _is_typed(item: Item) -> bool:
    """Whether a subscript only says of which types a class is, whose name tells: `MongoClient[Any](url)`."""
    base = item.base
    name = base.id if isinstance(base, Name) else base.name if isinstance(base, Attr) else ""
    keys = item.key.items if isinstance(item.key, Series) else (item.key,)
    return name[:1].isupper() and not name.isupper() and not any(isinstance(key, Const) for key in keys)


def _span(node: Node) -> Span:
    return node.start_byte, node.end_byte


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code in _ESCAPES:
        return _ESCAPES[code]
    if code.endswith("\n"):
        return ""
    try:
        if code[0] in "xuU" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code[0] in "01234567":
            return chr(int(code, 8))
    except (ValueError, OverflowError):
        pass
    return match[0]


_STATEMENTS: dict[str, Callable[[_Reader, Node], Block]] = {
    "expression_statement": _Reader.expression_statement,
    "import_statement": _Reader.import_statement,
    "import_from_statement": _Reader.import_from_statement,
    "future_import_statement": lambda reader, node: (),
    "return_statement": _Reader.return_statement,
    "raise_statement": _Reader.raise_statement,
    "assert_statement": _Reader.assert_statement,
    "break_statement": _Reader.leave,
    "continue_statement": _Reader.leave,
    "global_statement": _Reader.declare,
    "nonlocal_statement": _Reader.declare,
    "delete_statement": _Reader.effect,
    "print_statement": _Reader.effect,
    "exec_statement": _Reader.effect,
    "if_statement": _Reader.if_statement,
    "for_statement": _Reader.for_statement,
    "while_statement": _Reader.while_statement,
    "with_statement": _Reader.with_statement,
    "try_statement": _Reader.try_statement,
    "match_statement": _Reader.match_statement,
    "decorated_definition": _Reader.decorated_definition,
    "function_definition": _Reader.function_definition,
    "class_definition": _Reader.class_definition,
}

_EXPRESSIONS: dict[str, Callable[[_Reader, Node], Expr]] = {
    "true": _Reader.constant,
    "false": _Reader.constant,
    "none": _Reader.constant,
    "integer": _Reader.number,
    "float": _Reader.number,
    "string": _Reader.string,
    "concatenated_string": _Reader.concatenated,
    "binary_operator": _Reader.binary,
    "boolean_operator": _Reader.boolean,
    "not_operator": _Reader.negation,
    "comparison_operator": _Reader.comparison,
    "conditional_expression": _Reader.choice,
    "attribute": _Reader.primary,
    "call": _Reader.primary,
    "subscript": _Reader.primary,
    "dictionary": _Reader.mapping,
    "list": _Reader.series,
    "tuple": _Reader.series,
    "set": _Reader.series,
    "expression_list": _Reader.series,
    "pattern_list": _Reader.series,
    "tuple_pattern": _Reader.series,
    "list_pattern": _Reader.series,
    "lambda": _Reader.function_value,
    "await": _Reader.awaited,
    "named_expression": _Reader.assigned,
    "parenthesized_expression": _Reader.inner,
    "type": _Reader.inner,
    "generic_type": _Reader.generic,
    "list_splat": _Reader.inner,
    "as_pattern_target": _Reader.inner,
}
