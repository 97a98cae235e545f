"""Fixes of defaults: a setting that had one becomes required, and the examples of the deployment name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libcst as cst

from gravity_lint import mask
from gravity_lint.fix.environment import claims, with_variable
from gravity_lint.fix.imports import with_import
from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.fix.python import Changes, Tree
from gravity_lint.violation import Place, Remedy

_LATER = frozenset({"get", "getenv", "getattr", "pop", "setdefault", "config", "env", "str", "url"})
"""Calls that evaluate what stands in for a value although the value is there."""


def required(remedy: Remedy, texts: Texts) -> Mended:
    """The default at the first place goes in the way that its `form` asks for, and each file at another place, an
    example of the deployment, gives the variable."""
    place, apart = remedy.places[0], bool(remedy.word("origin"))
    tree = Tree(texts, place.path)
    node = tree.at(place, cst.BaseExpression)  # type: ignore[type-abstract]
    form, name = remedy.word("form"), remedy.word("variable")
    changes = _FORMS[form](tree, node, name)
    changed: dict[str, str] = {}
    if apart:
        asked = remedy.places[1]
        other = tree if asked.path == place.path else Tree(texts, asked.path)
        demanded = _demanded(other, asked)
        if other is tree:
            changes = {**changes, **demanded}
        else:
            changed[asked.path] = other.replaced(demanded)
    changed[place.path] = _imported(tree, form, tree.replaced(changes))
    value = mask.HIDDEN if remedy.word("role") == "password" else remedy.word("value")
    claimed: set[str] = set()
    for example in remedy.places[1 + apart:]:
        source = texts(example.path)
        if source is not None:
            containers = remedy.word(f"containers:{example.path}").split()
            changed[example.path] = with_variable(source, name, value, containers)
            if changed[example.path] != source.text:
                claimed.update(claims(source, name, containers))
    return Mended(changed, frozenset(claimed))


# ---- calls that read the environment


def _imported(tree: Tree, form: str, text: str) -> str:
    """The text with the import that a form needs."""
    return with_import(text, "import os") if form in ("parse", "wrapped") else text


def _demanded(tree: Tree, place: Place) -> Changes:
    """What makes of a field, or of a call that reads the environment, one that stops when there is nothing."""
    for node in tree.within(place):
        if isinstance(node, (cst.AnnAssign, cst.Assign)) and node.value is not None:
            return _field(tree, node.value, "")
        if isinstance(node, cst.Call):
            return subscript(tree, node, node)
    raise Refused("what it stands in for is asked for in another form than is known")


def _read(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`os.getenv(name, default)` → `os.environ[name]`"""
    call = _call_of(tree, default)
    refuse_eager(tree, call)
    return subscript(tree, call, call)


def _either(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`os.environ.get(name) or default` → `os.environ[name]`"""
    whole = tree.parent(default)
    if not isinstance(whole, cst.BooleanOperation) or not isinstance(whole.left, cst.Call):
        raise Refused("the default stands in another form than is known")
    refuse_eager(tree, whole)
    return subscript(tree, whole.left, whole)


def subscript(tree: Tree, call: cst.Call, whole: cst.BaseExpression) -> Changes:
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


def _argument(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`config(name, default=default)` → `config(name)`"""
    call = _call_of(tree, default)
    refuse_eager(tree, call)
    at = next(index for index, arg in enumerate(call.args) if arg.value is default)
    gone, rest = call.args[at], list(call.args)
    del rest[at]
    if gone.keyword is None and any(arg.keyword is None for arg in rest[at:]):
        raise Refused("the arguments behind the default are told by their position")
    if rest and at == len(rest):
        rest[-1] = rest[-1].with_changes(comma=gone.comma, whitespace_after_arg=gone.whitespace_after_arg)
    return {call: call.with_changes(args=rest)}


def _wrapped(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`env(name, default)`, a function of the service's own, → `os.environ[name]`"""
    call = _call_of(tree, default)
    refuse_eager(tree, call)
    if not call.args or call.args[0].keyword is not None:
        raise Refused("the variable's name stands in another form than is known")
    index = cst.SubscriptElement(slice=cst.Index(value=call.args[0].value))
    return {call: cst.Subscript(cst.parse_expression("os.environ"), [index], lpar=call.lpar, rpar=call.rpar)}


def _instead(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`url or default` → `url`"""
    whole = tree.parent(default)
    if not isinstance(whole, cst.BooleanOperation) or tree.parent(whole) is None:
        raise Refused("the default stands in another form than is known")
    refuse_eager(tree, whole)
    return {whole: whole.left.with_changes(lpar=whole.lpar or whole.left.lpar, rpar=whole.rpar or whole.left.rpar)}


def _choice(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`os.environ[name] if name in os.environ else default` → `os.environ[name]`"""
    whole = tree.parent(default)
    if not isinstance(whole, cst.IfExp) or whole.orelse is not default:
        raise Refused("the default stands in another form than is known")
    refuse_eager(tree, whole)
    told = "".join(word for word in tree.module.code_for_node(whole.test))
    if variable not in told and tree.module.code_for_node(whole.body) not in told:
        raise Refused("something else decides whether the default is taken")
    if isinstance(whole.body, cst.Call):
        return subscript(tree, whole.body, whole)
    return {whole: whole.body.with_changes(lpar=whole.lpar or whole.body.lpar, rpar=whole.rpar or whole.body.rpar)}


def _stop(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`url = default`, where there is no value, → `raise ValueError("DATABASE_URL is not set")`"""
    statement = tree.parent(default)
    if not isinstance(statement, (cst.Assign, cst.AnnAssign)):
        raise Refused("the default stands in another form than is known")
    words = f'raise ValueError("{variable} is not set")'
    if isinstance(next((each for each in tree.around(statement) if isinstance(
            each, (cst.ExceptHandler, cst.If, cst.Else, cst.FunctionDef))), None), cst.ExceptHandler):
        words += " from None"
    made = cst.ensure_type(cst.parse_statement(words), cst.SimpleStatementLine).body[0]
    return {statement: made.with_changes(semicolon=statement.semicolon)}


def _drop(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`os.environ.setdefault(name, default)` for its effect goes."""
    line = tree.nearest(default, cst.SimpleStatementLine)
    block = tree.parent(line)
    if len(line.body) != 1 or not isinstance(block, (cst.Module, cst.IndentedBlock)) or len(block.body) < 2:
        raise Refused("nothing would be left in its place")
    return {line: cst.FlattenSentinel([])}


def _parse(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`dj_database_url.config(default=default)` → `dj_database_url.parse(os.environ["DATABASE_URL"])`"""
    call = _call_of(tree, default)
    rest = [arg for arg in call.args if arg.value is not default
            and (arg.keyword is None or arg.keyword.value != "env")]
    if not isinstance(call.func, cst.Attribute) or any(arg.keyword is None for arg in rest):
        raise Refused("the call stands in another form than is known")
    read = cst.Arg(cst.parse_expression(f'os.environ["{variable}"]'))
    if rest:
        read = read.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    return {call: call.with_changes(func=call.func.with_changes(attr=cst.Name("parse")), args=[read, *rest])}


# ---- options of a command line


def _demand(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`option("--url", default=default)` → `option("--url", required=True)`"""
    argument = tree.parent(default)
    _call_of(tree, default)
    return {argument: cst.ensure_type(argument, cst.Arg).with_changes(keyword=cst.Name("required"),
                                                                      value=cst.Name("True"))}


def _ellipsis(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`Option(default)` → `Option(...)`"""
    _call_of(tree, default)
    return {default: cst.Ellipsis()}


def _call_of(tree: Tree, default: cst.BaseExpression) -> cst.Call:
    """The call whose argument the default is. Raises `Refused`."""
    argument = tree.parent(default)
    call = tree.parent(argument)
    if not isinstance(argument, cst.Arg) or not isinstance(call, cst.Call):
        raise Refused("the default stands in another form than is known")
    return call


def refuse_eager(tree: Tree, node: cst.CSTNode) -> None:
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


def _field(tree: Tree, default: cst.BaseExpression, variable: str) -> Changes:
    """`url: str = default` → `url: str`"""
    statement = tree.parent(default)
    if isinstance(statement, cst.AnnAssign) and isinstance(statement.target, cst.Name):
        target, annotation = statement.target, not_optional(statement.annotation)
    elif isinstance(statement, cst.Assign) and isinstance(statement.targets[0].target, cst.Name) \
            and len(statement.targets) == 1:
        target, annotation = statement.targets[0].target, cst.Annotation(cst.Name("str"))
    else:
        raise Refused("the default stands in another form than is known")
    _refuse_read(tree, statement, target.value)
    return {statement: cst.AnnAssign(target, annotation, semicolon=statement.semicolon)}


def not_optional(annotation: cst.Annotation) -> cst.Annotation:
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


_FORMS: Mapping[str, Callable[[Tree, cst.BaseExpression, str], Changes]] = {
    "argument": _argument, "choice": _choice, "demand": _demand, "drop": _drop, "either": _either,
    "ellipsis": _ellipsis, "field": _field, "field-argument": _ellipsis, "instead": _instead, "parse": _parse,
    "read": _read, "stop": _stop, "wrapped": _wrapped,
}
