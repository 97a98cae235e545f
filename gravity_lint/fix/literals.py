"""Fixes of literal addresses: variables take their places, and the examples of the deployment name them."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from gravity_lint import mask
from gravity_lint.facts.code import Assign, Class, Function, Name
from gravity_lint.facts.python import parse_python
from gravity_lint.facts.sql import HOLE
from gravity_lint.facts.urls import positions
from gravity_lint.fix.environment import claims, with_variable
from gravity_lint.fix.headers import newline_of
from gravity_lint.fix.imports import with_import
from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.fix.python import Tree, text_in
from gravity_lint.knowledge.names import classify
from gravity_lint.record import NamedTuple
from gravity_lint.source import Source
from gravity_lint.violation import Place, Remedy


class _Part(NamedTuple):
    """One literal, and what comes in its place."""

    place: Place
    variable: str
    role: str
    value: str
    inside: bool
    expression: str
    """Empty for the environment itself; `{}` for the variable's name in quotes."""
    imported: str
    field: str
    home: str


def read(remedy: Remedy, texts: Texts) -> Mended:
    """Each of the first places, as many as `parts` says, is read from a variable; the files at the others, examples of
    the deployment, give it."""
    words = dict(remedy.words)
    count = int(words["parts"])
    parts = [_Part(remedy.places[at], words[f"variable:{at}"], words[f"role:{at}"], words[f"value:{at}"],
                   bool(words[f"inside:{at}"]), words[f"read:{at}"], words[f"import:{at}"], words[f"field:{at}"],
                   words[f"home:{at}"]) for at in range(count)]
    changed: dict[str, str] = {}
    for path in dict.fromkeys(part.place.path for part in parts):
        changed[path] = _replaced(Tree(texts, path), [part for part in parts if part.place.path == path])
    for part in parts:
        if part.field:
            path, _, owner = part.home.partition("\n")
            source = texts(path)
            if source is None:
                raise Refused(f"`{path}` cannot be read")
            changed[path] = with_field(changed.get(path, source.text), owner, part.field)
    claimed = _shown(remedy, {part.variable: part.value for part in parts}, texts, changed, count)
    return Mended(changed, frozenset(claimed))


def _shown(remedy: Remedy, variables: Mapping[str, str], texts: Texts, changed: dict[str, str],
           count: int) -> set[str]:
    """Adds the variables to the examples of the deployment → what no other fix may do to them."""
    claimed: set[str] = set()
    for other in remedy.places[count:]:
        source = texts(other.path) or Source(other.path, b"")
        for name, value in variables.items():
            containers = remedy.word(f"containers:{name}:{other.path}").split()
            if not containers and other.path.endswith((".yml", ".yaml")):
                continue
            now = Source(other.path, changed.get(other.path, source.text).encode("utf-8", "surrogatepass"))
            changed[other.path] = with_variable(now, name, value, containers)
            if changed[other.path] != now.text:
                claimed.update(claims(source, name, containers))
    return claimed


# ---- the literal


def _replaced(tree: Tree, parts: list[_Part]) -> str:
    """The text of a file with its literals replaced, and the imports that it needs for that."""
    changes: dict[cst.CSTNode, cst.CSTNode] = {}
    segments: dict[cst.FormattedString, list[_Part]] = {}
    imports: dict[str, None] = {}
    for part in parts:
        node = tree.at(part.place, cst.BaseExpression)  # type: ignore[type-abstract]
        expression, imported = (part.expression, part.imported) if part.expression else _environ(tree)
        imports.update({imported: None} if imported else {})
        part = part._replace(expression=expression)
        if not part.inside:
            _refuse_other(node, part)
            changes[node] = _asked(part, _quote_of(node))
        elif isinstance(node, cst.FormattedString):
            segments.setdefault(node, []).append(part)
        else:
            raise Refused("the address is joined from parts in a form that cannot be rewritten")
    changes.update({node: _filled(node, inside) for node, inside in segments.items()})
    text = tree.replaced(changes)
    for statement in imports:
        text = with_import(text, statement, own=statement != "import os")
    return text


def _refuse_other(node: cst.BaseExpression, part: _Part) -> None:
    """Raises `Refused` where the text at the place is not what reaches the database."""
    text = text_in(node)
    if text is not None and part.role != "password" and mask.mask(text) != part.value:
        raise Refused("the literal is changed on its way")


def _environ(tree: Tree) -> tuple[str, str]:
    """`os.environ[…]` in the words of a module, and the import that it needs for that."""
    for stmt in tree.module.body:
        for small in stmt.body if isinstance(stmt, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.ImportFrom) and isinstance(small.module, cst.Name) and not small.relative \
                    and small.module.value == "os" and not isinstance(small.names, cst.ImportStar):
                for alias in small.names:
                    if alias.evaluated_name == "environ":
                        return f"{alias.evaluated_alias or 'environ'}[{{}}]", ""
            if isinstance(small, cst.Import):
                for alias in small.names:
                    if alias.evaluated_name == "os" and alias.evaluated_alias:
                        return f"{alias.evaluated_alias}.environ[{{}}]", ""
    return "os.environ[{}]", "import os"


def _asked(part: _Part, quote: str) -> cst.BaseExpression:
    return cst.parse_expression(part.expression.replace("{}", f"{quote}{part.variable}{quote}"))


def _quote_of(node: cst.CSTNode) -> str:
    """The quotes that a text is written in."""
    stack = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, cst.SimpleString):
            return here.quote[0]
        if isinstance(here, cst.FormattedString):
            return here.end[0]
        stack.extend(reversed(here.children))
    return '"'


def _filled(node: cst.FormattedString, parts: list[_Part]) -> cst.FormattedString:
    """A formatted text in which expressions take the place of some of its literal parts."""
    text = "".join(part.value if isinstance(part, cst.FormattedStringText) else HOLE for part in node.parts)
    if any(sign in text for sign in ("\\", "{{", "}}")):
        raise Refused("the address holds escaped characters")
    where = positions(text)
    quote = '"' if node.end[0] == "'" else "'"
    gone = sorted((*where[part.role], part) for part in parts if part.role in where)
    if len(gone) != len(parts):
        raise Refused("the address is joined from parts in a form that cannot be rewritten")
    made: list[cst.BaseFormattedStringContent] = []
    at = 0
    for part in node.parts:
        if not isinstance(part, cst.FormattedStringText):
            made.append(part)
            at += len(HOLE)
            continue
        end, literal = at + len(part.value), at
        for start, stop, new in gone:
            if at <= start and stop <= end:
                if start > literal:
                    made.append(cst.FormattedStringText(text[literal:start]))
                made.append(cst.FormattedStringExpression(_asked(new, quote)))
                literal = stop
        if literal < end:
            made.append(cst.FormattedStringText(text[literal:end]))
        at = end
    return node.with_changes(parts=made)


# ---- the settings class


def with_field(text: str, owner: str, field: str) -> str:
    """A text in which a class has one more field, below those for databases or else the last. Raises `Refused`."""
    data = text.encode("utf-8", "surrogatepass")
    name = field.partition(":")[0]
    found = next((stmt for stmt in parse_python(data).body if isinstance(stmt, Class) and stmt.name == owner), None)
    fields: list[tuple[str, Assign]] = []
    for stmt in found.body if found is not None else ():
        if isinstance(stmt, Function):
            break
        if isinstance(stmt, Assign) and stmt.annotation is not None and isinstance(stmt.targets[0], Name):
            fields.append((stmt.targets[0].id, stmt))
    if name in dict(fields):
        return text
    if not fields:
        raise Refused(f"`{owner}` is written in another form than is known")
    anchor = next((stmt for known, stmt in reversed(fields) if classify(known, owner) is not None), fields[-1][1])
    start = data.rfind(b"\n", 0, anchor.span[0]) + 1
    indent = data[start:anchor.span[0]].decode("utf-8", "replace")
    if not indent or indent.strip():
        raise Refused(f"`{owner}` is written in another form than is known")
    end = data.find(b"\n", anchor.span[1])
    newline = newline_of(text)
    if end < 0:
        return f"{text}{newline}{indent}{field}"
    head, tail = data[:end + 1].decode("utf-8", "surrogatepass"), data[end + 1:].decode("utf-8", "surrogatepass")
    return f"{head}{indent}{field}{newline}{tail}"
