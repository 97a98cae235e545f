"""Fixes of defaults: a setting that had one becomes required, and the examples of the deployment name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libcst as cst

from gravity_lint import mask
from gravity_lint.fix.environment import claims, with_variable
from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.fix.python import Tree, text_in
from gravity_lint.violation import Remedy

Changes = Mapping[cst.CSTNode, cst.CSTNode]
_LATER = frozenset({"get", "getenv", "getattr", "pop", "setdefault", "config", "env", "str", "url"})
"""Calls that evaluate what stands in for a value although the value is there."""


def required(remedy: Remedy, texts: Texts) -> Mended:
    """The default at the first place goes in the way that its `form` asks for, and each file at another place, an
    example of the deployment, gives the variable."""
    place = remedy.places[0]
    tree = Tree(texts, place.path)
    node = tree.at(place, cst.BaseExpression)  # type: ignore[type-abstract]
    changed = {place.path: tree.replaced(_FORMS[remedy.word("form")](tree, node))}
    name = remedy.word("variable")
    value = mask.HIDDEN if remedy.word("role") == "password" else mask.mask(text_in(node) or "")
    claimed: set[str] = set()
    for other in remedy.places[1:]:
        source = texts(other.path)
        if source is not None:
            containers = remedy.word(f"containers:{other.path}").split()
            changed[other.path] = with_variable(source, name, value, containers)
            if changed[other.path] != source.text:
                claimed.update(claims(source, name, containers))
    return Mended(changed, frozenset(claimed))


# ---- calls that read the environment


def _read(tree: Tree, default: cst.BaseExpression) -> Changes:
    """`os.getenv(name, default)` → `os.environ[name]`"""
    call = _call_of(tree, default)
    _refuse_eager(tree, call)
    return _subscript(tree, call, call)


def _either(tree: Tree, default: cst.BaseExpression) -> Changes:
    """`os.environ.get(name) or default` → `os.environ[name]`"""
    whole = tree.parent(default)
    if not isinstance(whole, cst.BooleanOperation) or not isinstance(whole.left, cst.Call):
        raise Refused("the default stands in another form than is known")
    _refuse_eager(tree, whole)
    return _subscript(tree, whole.left, whole)


def _subscript(tree: Tree, call: cst.Call, whole: cst.BaseExpression) -> Changes:
    """What puts a subscript of `os.environ` in the place of an expression, the variable's name taken from a call."""
    name = next((arg.value for arg in call.args if arg.keyword is None or arg.keyword.value == "key"), None)
    if name is None:
        raise Refused("the variable's name stands in another form than is known")
    environ, imports = _environ(tree, call.func)
    index = cst.SubscriptElement(slice=cst.Index(value=name))
    return {whole: cst.Subscript(environ, [index], lpar=whole.lpar, rpar=whole.rpar), **imports}


def _environ(tree: Tree, func: cst.BaseExpression) -> tuple[cst.BaseExpression, Changes]:
    """`os.environ` in the words of a module that calls this, and the import that it needs for that."""
    if isinstance(func, cst.Attribute) and func.attr.value == "get":
        return func.value, {}
    if isinstance(func, cst.Attribute):
        return func.with_changes(attr=cst.Name("environ")), {}
    if not isinstance(func, cst.Name):
        raise Refused("the environment is read in another form than is known")
    return cst.Name("environ"), _importing(tree, func.value)


def _importing(tree: Tree, name: str) -> Changes:
    """What makes of `from os import getenv` one that imports `environ`, too or instead."""
    names = [node.value for node in _nodes(tree.module) if isinstance(node, cst.Name) and not _is_attribute(tree, node)]
    for node in _nodes(tree.module):
        if not isinstance(node, cst.ImportFrom) or not isinstance(node.module, cst.Name) or node.module.value != "os" \
                or isinstance(node.names, cst.ImportStar):
            continue
        known = {alias.evaluated_alias or alias.evaluated_name: alias for alias in node.names}
        if name not in known:
            continue
        if known[name].evaluated_name != "getenv":
            break
        if "environ" in known and known["environ"].evaluated_name == "environ":
            return {}
        if "environ" in names:
            raise Refused("`environ` is something else in this file")
        if names.count(name) == 1 + (known[name].asname is None) and known[name].asname is None:
            return {known[name]: known[name].with_changes(name=cst.Name("environ"))}
        first = node.names[0]
        added = cst.ImportAlias(cst.Name("environ"), comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        return {node: node.with_changes(names=[added, first, *node.names[1:]])}
    raise Refused(f"`{name}` is imported in another form than is known")


def _is_attribute(tree: Tree, name: cst.Name) -> bool:
    around = tree.parent(name)
    return isinstance(around, cst.Attribute) and around.attr is name


def _nodes(node: cst.CSTNode) -> list[cst.CSTNode]:
    found, stack = [], [node]
    while stack:
        here = stack.pop()
        found.append(here)
        stack.extend(reversed(here.children))
    return found


def _argument(tree: Tree, default: cst.BaseExpression) -> Changes:
    """`config(name, default=default)` → `config(name)`"""
    call = _call_of(tree, default)
    _refuse_eager(tree, call)
    at = next(index for index, arg in enumerate(call.args) if arg.value is default)
    gone, rest = call.args[at], list(call.args)
    del rest[at]
    if gone.keyword is None and any(arg.keyword is None for arg in rest[at:]):
        raise Refused("the arguments behind the default are told by their position")
    if rest and at == len(rest):
        rest[-1] = rest[-1].with_changes(comma=gone.comma, whitespace_after_arg=gone.whitespace_after_arg)
    return {call: call.with_changes(args=rest)}


def _call_of(tree: Tree, default: cst.BaseExpression) -> cst.Call:
    """The call whose argument the default is. Raises `Refused`."""
    argument = tree.parent(default)
    call = tree.parent(argument)
    if not isinstance(argument, cst.Arg) or not isinstance(call, cst.Call):
        raise Refused("the default stands in another form than is known")
    return call


def _refuse_eager(tree: Tree, node: cst.CSTNode) -> None:
    """Raises `Refused` where an expression is evaluated although another gives the value, so that it must not fail."""
    below: cst.CSTNode = node
    for here in tree.around(node):
        if isinstance(here, (cst.BaseSmallStatement, cst.BaseCompoundStatement)):
            return
        if isinstance(here, cst.Call) and isinstance(below, cst.Arg):
            func = here.func.attr if isinstance(here.func, cst.Attribute) else here.func
            named = isinstance(func, cst.Name) and func.value in _LATER
            if named and (below.keyword is not None or here.args.index(below) > 0):
                raise Refused("it stands in for another setting and is read although that one is there")
        below = here


# ---- fields of settings classes


def _field(tree: Tree, default: cst.BaseExpression) -> Changes:
    """`url: str = default` → `url: str`"""
    statement = tree.parent(default)
    if isinstance(statement, cst.AnnAssign) and isinstance(statement.target, cst.Name):
        target, annotation = statement.target, _not_optional(statement.annotation)
    elif isinstance(statement, cst.Assign) and isinstance(statement.targets[0].target, cst.Name) \
            and len(statement.targets) == 1:
        target, annotation = statement.targets[0].target, cst.Annotation(cst.Name("str"))
    else:
        raise Refused("the default stands in another form than is known")
    _refuse_read(tree, statement, target.value)
    return {statement: cst.AnnAssign(target, annotation, semicolon=statement.semicolon)}


def _not_optional(annotation: cst.Annotation) -> cst.Annotation:
    """The annotation without None: pydantic 1 takes an optional field without a default for one whose default is."""
    kind = annotation.annotation
    if isinstance(kind, cst.Subscript) and len(kind.slice) == 1 and isinstance(kind.slice[0].slice, cst.Index):
        name = kind.value.attr if isinstance(kind.value, cst.Attribute) else kind.value
        if isinstance(name, cst.Name) and name.value == "Optional":
            return annotation.with_changes(annotation=kind.slice[0].slice.value)
    if isinstance(kind, cst.BinaryOperation) and isinstance(kind.operator, cst.BitOr):
        for one, other in ((kind.left, kind.right), (kind.right, kind.left)):
            if isinstance(one, cst.Name) and one.value == "None":
                return annotation.with_changes(annotation=other)
    return annotation


def _refuse_read(tree: Tree, statement: cst.CSTNode, name: str) -> None:
    """Raises `Refused` where the class's body reads a field that would have no value there any more."""
    owner = tree.nearest(statement, cst.ClassDef)
    stack: list[cst.CSTNode] = [owner.body]
    while stack:
        here = stack.pop()
        if isinstance(here, cst.Name) and here.value == name and not isinstance(tree.parent(here), (
                cst.AssignTarget, cst.AnnAssign, cst.Attribute, cst.Arg)):
            raise Refused(f"the class reads `{name}` when it is made")
        if isinstance(here, cst.Arg):
            stack.append(here.value)
            if isinstance(here.value, cst.Name) and here.value.value == name:
                raise Refused(f"the class reads `{name}` when it is made")
        elif not isinstance(here, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
            stack.extend(here.children)


def _field_argument(tree: Tree, default: cst.BaseExpression) -> Changes:
    """`Field(default, description=…)` → `Field(..., description=…)`"""
    _call_of(tree, default)
    return {default: cst.Ellipsis()}


_FORMS: Mapping[str, Callable[[Tree, cst.BaseExpression], Changes]] = {
    "read": _read, "either": _either, "argument": _argument, "field": _field, "field-argument": _field_argument,
}
