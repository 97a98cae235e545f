"""Fixes of addresses that are shown: they are masked where they are shown."""

from __future__ import annotations

import libcst as cst

from gravity_lint.fix.imports import with_import
from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.fix.python import Tree
from gravity_lint.violation import Remedy

HIDDEN = "***"
_MAKERS = {
    "sqlalchemy": ("make_url", "sqlalchemy.engine", ".render_as_string(hide_password=True)"),
    "host": ("urlsplit", "urllib.parse", ".hostname"),
}
"""What makes an object of a URL, where it comes from, and what then shows no password."""
_ALIKE = {"urlsplit": ("urlsplit", "urlparse"), "make_url": ("make_url",)}


def masked(remedy: Remedy, texts: Texts) -> Mended:
    """What stands at the places is shown masked: a URL without its password, or its host alone, else nothing of it."""
    if why := remedy.word("why"):
        raise Refused(why)
    path = remedy.places[0].path
    tree = Tree(texts, path)
    changes: dict[cst.CSTNode, cst.CSTNode] = {}
    needed: dict[str, str] = {}
    for place, mask in zip(remedy.places, remedy.word("masks").split(), strict=True):
        node = tree.at(place, cst.BaseExpression)  # type: ignore[type-abstract]
        around = tree.parent(node)
        if isinstance(around, cst.FormattedStringExpression) and (around.equal or around.conversion):
            raise Refused("the text shows more of it than its value")
        kind, _, is_object = mask.partition("-")
        if kind == "hidden":
            if isinstance(around, cst.FormattedStringExpression):
                changes[around] = cst.FormattedStringText(HIDDEN)
            else:
                changes[node] = cst.SimpleString(f'"{HIDDEN}"')
            continue
        maker, module, ending = _MAKERS[kind]
        known = _imported(tree, maker)
        if not known:
            needed[maker] = f"from {module} import {maker}"
        code = tree.module.code_for_node(node)
        code = f"str({code})" if is_object else code
        changes[node] = cst.parse_expression(f"{known or maker}({code}){ending}", tree.module.config_for_parsing)
    text = tree.replaced(changes)
    for statement in needed.values():
        text = with_import(text, statement)
    return Mended({path: text})


def _imported(tree: Tree, maker: str) -> str:
    """The name under which a module has imported what makes an object of a URL; empty where it has not."""
    for line in tree.module.body:
        for stmt in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(stmt, cst.ImportFrom) and not isinstance(stmt.names, cst.ImportStar):
                for alias in stmt.names:
                    if alias.evaluated_name in _ALIKE[maker]:
                        return alias.evaluated_alias or alias.evaluated_name
    return ""
