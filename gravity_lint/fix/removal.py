"""Fixes that take statements out, with the helpers, handlers and imports that were there only for them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeVar

import libcst as cst

from gravity_lint.facts.shape import shape_of
from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.fix.python import FEED, Tree
from gravity_lint.violation import Place, Remedy

_RULER = re.compile(r"#\W*[-=─━═*#_~]{4,}")
"""A line of a heading, which is about more than what stands behind it."""
_NAMES = re.compile(r"[\w.\[\], |]+")
"""A text that may be names: an annotation, an item of `__all__`."""
_ENGINES = frozenset({"create_engine", "create_async_engine", "inspect", "sessionmaker", "async_sessionmaker"})

Part = TypeVar("Part", bound=cst.CSTNode)


def dropped(remedy: Remedy, texts: Texts) -> Mended:
    """What stands at the places goes, each in its form, and the imports that nobody needs then."""
    if why := remedy.word("why"):
        raise Refused(why)
    forms = dict(zip(remedy.places, remedy.word("forms").split(), strict=True))
    changed: dict[str, str] = {}
    drops: list[str] = []
    for path in dict.fromkeys(place.path for place in remedy.places):
        tree = Tree(texts, path)
        taking = _Taking(tree, {place: form for place, form in forms.items() if place.path == path})
        before = tree.module
        after = before.visit(taking)
        keep = set(remedy.word(f"keep:{path}").split())
        text = tree.with_feeds(_tidied(before, cst.parse_module(after.code), keep, path).code)
        changed[path] = text if text.strip() else ""
        drops += _lost(before.code, text)
    return Mended(changed, frozenset(f"{path}:removal" for path in changed), tuple(drops),
                  instead=frozenset({"GRV302"}) if remedy.word("stays") else frozenset())


def _lost(before: str, after: str) -> Iterator[str]:
    old, new = (Counter(shape_of(text.encode("utf-8", "surrogatepass")).comments) for text in (before, after))
    yield from (old - new).elements()


class _Taking(cst.CSTTransformer):
    """Takes out what stands at some places."""

    def __init__(self, tree: Tree, forms: dict[Place, str]) -> None:
        super().__init__()
        self._gone: set[cst.CSTNode] = set()
        self._touched: set[cst.CSTNode] = set()
        for place, form in forms.items():
            node = _node(tree, place, form)
            self._gone.add(node)
            self._touched.update(around for around in tree.around(node) if isinstance(around, cst.FunctionDef))

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self._gone and super().on_visit(node)

    # ---- items

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        if isinstance(original_node.names, cst.ImportStar) or isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        names = self._items(original_node.names, updated_node.names)
        if not names:
            self._gone.add(original_node)
            return updated_node
        return updated_node.with_changes(names=names)

    def leave_List(self, original_node: cst.List, updated_node: cst.List) -> cst.List:
        return updated_node.with_changes(elements=self._items(original_node.elements, updated_node.elements))

    def leave_Tuple(self, original_node: cst.Tuple, updated_node: cst.Tuple) -> cst.Tuple:
        items = self._items(original_node.elements, updated_node.elements)
        if len(items) == 1 < len(original_node.elements) and not isinstance(items[0].comma, cst.Comma):
            items = [items[0].with_changes(comma=cst.Comma())]
        return updated_node.with_changes(elements=items)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        args = self._items(original_node.args, updated_node.args)
        if args and args[-1] is not updated_node.args[-1]:
            args[-1] = args[-1].with_changes(whitespace_after_arg=updated_node.args[-1].whitespace_after_arg)
        return updated_node.with_changes(args=args)

    def _items(self, old: Sequence[Part], new: Sequence[Part]) -> list[Part]:
        """The items that stay; the last one ends as the last one did."""
        left = [item for was, item in zip(old, new, strict=True) if was not in self._gone]
        if left and left[-1] is not new[-1]:
            left[-1] = left[-1].with_changes(comma=new[-1].comma)  # type: ignore[attr-defined]
        return left

    # ---- statements

    def leave_SimpleStatementLine(self, original_node: cst.SimpleStatementLine,
                                  updated_node: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
        left = self._small(original_node.body, updated_node.body)
        if not left:
            self._gone.add(original_node)
            return updated_node
        return updated_node.with_changes(body=left)

    def leave_SimpleStatementSuite(self, original_node: cst.SimpleStatementSuite,
                                   updated_node: cst.SimpleStatementSuite) -> cst.SimpleStatementSuite:
        left = self._small(original_node.body, updated_node.body)
        return updated_node.with_changes(body=left or [cst.Pass()])

    def _small(self, old: Sequence[cst.BaseSmallStatement],
               new: Sequence[cst.BaseSmallStatement]) -> list[cst.BaseSmallStatement]:
        left = [stmt for was, stmt in zip(old, new, strict=True) if was not in self._gone]
        if left and left[-1] is not new[-1]:
            left[-1] = left[-1].with_changes(semicolon=new[-1].semicolon)
        return left

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock,
                            updated_node: cst.IndentedBlock) -> cst.IndentedBlock:
        body, lines = self._block(original_node.body, updated_node.body)
        if body and not self._gone.isdisjoint(original_node.body[:1]):
            body[0] = _led(body[0], _unspaced(_lines(body[0])))
        if not body:
            body = [cst.SimpleStatementLine([cst.Pass()], lines)]
            lines = []
        return updated_node.with_changes(body=body, footer=[*lines, *updated_node.footer])

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        body, lines = self._block(original_node.body, updated_node.body)
        return updated_node.with_changes(body=body, footer=[*lines, *updated_node.footer])

    def _block(self, old: Sequence[cst.BaseStatement], new: Sequence[cst.BaseStatement]) -> tuple[
            list[cst.BaseStatement], list[cst.EmptyLine]]:
        """The statements that stay, with the headings above those that go; and the headings behind the last one."""
        left: list[cst.BaseStatement] = []
        lines: list[cst.EmptyLine] = []
        blank: list[cst.EmptyLine] = []
        for was, stmt in zip(old, new, strict=True):
            if was in self._gone:
                lines += _headings(_lines(was))
                blank = max(blank, _blank(_lines(was)), key=len)
                continue
            if lines:  # the heading goes on to what is now below it
                stmt = _led(stmt, [*lines, *_unspaced(_lines(stmt))])
                lines = []
            elif blank and left:
                stmt = _led(stmt, [*blank[len(_blank(_lines(stmt))):], *_lines(stmt)])
            blank = []
            left.append(stmt)
        return left, lines

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        if original_node not in self._touched:
            return updated_node
        engines = set(_engines(updated_node))
        before, after = _used(original_node), _used(updated_node)
        spare = {name for name in engines if before[name] > after[name] == 1 + _ends(updated_node, name)}
        return updated_node.visit(_Spare(spare)) if spare else updated_node  # type: ignore[return-value]


def _node(tree: Tree, place: Place, form: str) -> cst.CSTNode:
    """What is to go at a place. Raises `Refused`."""
    if form == "function":
        return tree.nearest(tree.at(place, cst.Name), cst.FunctionDef)
    if form == "alias":
        return tree.at(place, cst.ImportAlias)
    if form == "element":
        expression = tree.at(place, cst.BaseExpression)  # type: ignore[type-abstract]
        around = tree.parent(expression)
        if isinstance(around, (cst.Element, cst.Arg)):
            return around
        raise Refused("what is to be mended stands in another form than is known")
    return tree.statement(place)


def _lines(stmt: cst.BaseStatement) -> Sequence[cst.EmptyLine]:
    """The lines above a statement."""
    return stmt.leading_lines  # type: ignore[attr-defined,no-any-return]


def _led(stmt: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    """A statement with other lines above it."""
    return stmt.with_changes(leading_lines=lines)


def _blank(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """The blank lines in front."""
    return list(lines[:next((at for at, line in enumerate(lines) if line.comment is not None), len(lines))])


def _headings(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """The comments above a statement that are about more than the statement: those behind which a line is blank, and
    those that are drawn as a heading."""
    ends = [at for at, line in enumerate(lines) if line.comment is None]
    last = ends[-1] + 1 if ends else 0
    attached = lines[last:]
    if any(line.comment is not None and _RULER.match(line.comment.value) for line in attached):
        return list(lines)
    kept = list(lines[:last])
    return kept if any(line.comment is not None for line in kept) else []


def _unspaced(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Lines without the blank ones in front."""
    return list(lines[len(_blank(lines)):])


# ---- names that nobody needs any more


class _Spare(cst.CSTTransformer):
    """Takes out the assignments of names, and the calls that end what they stand for."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self._names = names

    def leave_SimpleStatementLine(self, original_node: cst.SimpleStatementLine,
                                  updated_node: cst.SimpleStatementLine) -> cst.BaseStatement | cst.RemovalSentinel:
        if len(updated_node.body) == 1 and (_made(updated_node.body[0]) in self._names
                                            or _ended(updated_node.body[0]) in self._names):
            return cst.RemoveFromParent()
        return updated_node


def _made(stmt: cst.CSTNode) -> str:
    """The name that a statement gives an engine; empty for any other statement."""
    if isinstance(stmt, cst.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0].target, cst.Name) \
            and isinstance(stmt.value, cst.Call):
        func = stmt.value.func.attr if isinstance(stmt.value.func, cst.Attribute) else stmt.value.func
        if isinstance(func, cst.Name) and func.value in _ENGINES:
            return stmt.targets[0].target.value
    return ""


def _ended(stmt: cst.CSTNode) -> str:
    """The name of the engine that a statement closes."""
    value = stmt.value if isinstance(stmt, cst.Expr) else None
    value = value.expression if isinstance(value, cst.Await) else value
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and value.func.attr.value == "dispose" \
            and isinstance(value.func.value, cst.Name):
        return value.func.value.value
    return ""


def _engines(node: cst.FunctionDef) -> Iterator[str]:
    yield from (name for each in _nodes(node) if (name := _made(each)))


def _ends(node: cst.FunctionDef, name: str) -> int:
    return sum(_ended(each) == name for each in _nodes(node))


def _nodes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        stack.extend(reversed(here.children))


def _used(node: cst.CSTNode) -> Counter[str]:
    """How often names stand in a node, those of imports, attributes and keywords left out."""
    found: Counter[str] = Counter()
    stack: list[cst.CSTNode] = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, cst.Name):
            found[here.value] += 1
        elif isinstance(here, (cst.Attribute, cst.Arg)):
            stack.append(here.value)
        elif isinstance(here, (cst.SimpleString, cst.ConcatenatedString)):
            text = here.evaluated_value
            if isinstance(text, str) and _NAMES.fullmatch(text):
                found.update(re.findall(r"\w+", text))
        elif not isinstance(here, (cst.Import, cst.ImportFrom)):
            stack.extend(here.children)
    return found


def without_imports(tree: Tree, text: str, names: set[str]) -> str:
    """A text that a tree has become, without the imports of these names that it does not need any more."""
    before, after = _used(tree.module), cst.parse_module(text.replace(FEED, ""))
    spare = {name for name in names if before[name] and not _used(after)[name]}
    return tree.with_feeds(after.visit(_Imports(spare)).code) if spare else text


def _tidied(before: cst.Module, after: cst.Module, keep: set[str], path: str) -> cst.Module:
    """The module without the imports that were used, and are not any more."""
    old, new = _used(before), _used(after)
    spare = {name for name in old if not new[name]} - keep
    if not spare or path.endswith("__init__.py"):
        return after
    taking = _Imports(spare)
    return after.visit(taking)


class _Imports(_Taking):
    """Takes out the imports of names."""

    def __init__(self, names: set[str]) -> None:
        cst.CSTTransformer.__init__(self)
        self._gone = set()
        self._touched = set()
        self._names = names

    def visit_ImportAlias(self, node: cst.ImportAlias) -> bool:
        bound = node.evaluated_alias or node.evaluated_name.split(".", 1)[0]
        if bound in self._names:
            self._gone.add(node)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return not (isinstance(node.module, cst.Name) and node.module.value == "__future__")

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:
        names = self._items(original_node.names, updated_node.names)
        if not names:
            self._gone.add(original_node)
            return updated_node
        return updated_node.with_changes(names=names)

