"""Fixes of settings that may be absent: a check behind the assignment, or what raises in place of a call."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from gravity_lint.fix.defaults import not_optional, refuse_eager, required, subscript
from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.fix.python import Tree
from gravity_lint.fix.removal import without_imports
from gravity_lint.violation import Remedy


def checked(remedy: Remedy, texts: Texts) -> Mended:
    """What stands at the place is made sure of, in its form: `guard` for a statement, `read` for a call, those of a
    default for what is None, or empty, by default."""
    place = remedy.places[0]
    tree = Tree(texts, place.path)
    if remedy.word("form") not in ("guard", "read"):
        default = tree.at(place, cst.BaseExpression)  # type: ignore[type-abstract]
        text = _demanded(tree, default) if remedy.word("form") == "field-argument" \
            else required(remedy, texts).texts[place.path]
        return Mended({place.path: without_imports(tree, text, {"Optional"})})
    if remedy.word("form") == "guard":
        statement = tree.statement(place)
        if (block := _room(tree, statement)) is not None:
            return Mended({place.path: _guarded(tree, statement, block, remedy.word("variable"))})
        if len(remedy.places) == 1:
            raise Refused("there is no room for a check behind it")
    call = tree.at(remedy.places[-1], cst.Call)
    refuse_eager(tree, call)
    return Mended({place.path: tree.replaced(subscript(tree, call, call))})


def _demanded(tree: Tree, default: cst.BaseExpression) -> str:
    """`url: str | None = Field(None, …)` → `url: str = Field(..., …)`"""
    changes: dict[cst.CSTNode, cst.CSTNode] = {default: cst.Ellipsis()}
    statement = next((node for node in tree.around(default) if isinstance(node, cst.AnnAssign)), None)
    if statement is not None:
        changes[statement.annotation] = not_optional(statement.annotation)
    return tree.replaced(changes)


def _room(tree: Tree, statement: cst.CSTNode) -> cst.IndentedBlock | cst.Module | None:
    """The block that a statement has a line of its own in, so that another can follow."""
    line = tree.parent(statement)
    block = tree.parent(line) if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    return block if isinstance(block, (cst.IndentedBlock, cst.Module)) else None


def _guarded(tree: Tree, statement: cst.CSTNode, block: cst.IndentedBlock | cst.Module, variable: str) -> str:
    """The text with a check behind an assignment; where one follows that only speaks, it is made to stop."""
    line = tree.parent(statement)
    name = _target(statement)
    at = next(index for index, each in enumerate(block.body) if each is line)
    before, after = list(block.body[:at + 1]), list(block.body[at + 1:])
    stop = _statement(tree, f'raise ValueError("{variable} not configured")')
    if after and isinstance(after[0], cst.If) and _speaks_only(after[0], tree.module.code_for_node(name)):
        body = after[0].body
        assert isinstance(body, cst.IndentedBlock)
        after[0] = after[0].with_changes(body=body.with_changes(body=[*body.body, stop]))
        guard: list[cst.BaseStatement] = []
    else:
        guard = [_statement(tree, f"if not {tree.module.code_for_node(name)}:\n    pass").with_changes(
            body=cst.IndentedBlock([stop]))]
        after = _parted(after)
    new = block.with_changes(body=[*before, *guard, *after])
    return tree.with_feeds(new.code) if isinstance(new, cst.Module) else tree.replaced({block: new})


def _target(statement: cst.CSTNode) -> cst.BaseExpression:
    if isinstance(statement, cst.Assign):
        return statement.targets[0].target
    if isinstance(statement, cst.AnnAssign):
        return statement.target
    raise Refused("what is to be mended stands in another form than is known")


def _statement(tree: Tree, text: str) -> cst.BaseStatement:
    return cst.parse_statement(text, tree.module.config_for_parsing)


def _parted(after: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
    """The statements behind a check, a blank line between."""
    if not after or list(after[0].leading_lines)[:1]:  # type: ignore[attr-defined]
        return list(after)
    return [after[0].with_changes(leading_lines=[cst.EmptyLine(indent=False)]), *after[1:]]


def _speaks_only(test: cst.If, name: str) -> bool:
    """Whether a test is that for the absence of a name, and what then happens goes on: only calls stand there."""
    if test.orelse is not None or not isinstance(test.body, cst.IndentedBlock):
        return False
    words = cst.Module([]).code_for_node(test.test)
    calls = all(isinstance(line, cst.SimpleStatementLine) and all(
        isinstance(each, cst.Expr) and isinstance(each.value, cst.Call) for each in line.body)
        for line in test.body.body)
    return words in (f"not {name}", f"{name} is None") and calls
