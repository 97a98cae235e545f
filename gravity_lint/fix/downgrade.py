"""Fixes of revisions: the way back, written from what `upgrade()` does, last step first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import libcst as cst

from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.fix.python import Tree, comments_in, text_in
from gravity_lint.violation import Remedy

Named = Mapping[str, cst.BaseExpression]
_CONSTRAINTS = {"create_foreign_key": "foreignkey", "create_unique_constraint": "unique",
                "create_check_constraint": "check", "create_primary_key": "primary", "create_exclude_constraint": ""}
_HARMLESS = ("get_bind", "get_context", "f")
_EMPTY = cst.Module([])


def reversed_upgrade(remedy: Remedy, texts: Texts) -> Mended:
    """`downgrade()` of the revision at the first place undoes what `upgrade()` does; a missing one is added."""
    path = remedy.places[0].path
    tree = Tree(texts, path)
    functions = {node.name.value: node for node in tree.module.body if isinstance(node, cst.FunctionDef)}
    upgrade = functions.get("upgrade")
    if upgrade is None or not isinstance(upgrade.body, cst.IndentedBlock):
        raise Refused("`upgrade()` is written in another form than is known")
    operations = _operations(tree.module)
    back = _Back(operations, _quote(upgrade))
    steps = back.block(upgrade.body.body)
    if not steps:
        raise Refused("`upgrade()` does nothing that is to be undone")
    lines = [line for step in steps for line in step]
    downgrade = functions.get("downgrade")
    if downgrade is None:
        new = upgrade.with_changes(name=cst.Name("downgrade"), body=_body(lines, [], tree.module),
                                   leading_lines=[cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)])
        at = tree.module.body.index(upgrade) + 1
        module = tree.module.with_changes(body=[*tree.module.body[:at], new, *tree.module.body[at:]])
        return Mended({path: module.code})
    if not isinstance(downgrade.body, cst.IndentedBlock):
        kept: list[cst.BaseStatement] = []
    else:
        kept = [stmt for stmt in downgrade.body.body[:1] if _is_docstring(stmt)]
    new = downgrade.with_changes(body=_body(lines, kept, tree.module, downgrade.body))
    return Mended({path: tree.replaced({downgrade: new})})


def _body(lines: Sequence[str], kept: Sequence[cst.BaseStatement], module: cst.Module,
          before: cst.BaseSuite | None = None) -> cst.IndentedBlock:
    """A function's body of these lines, behind the docstring that it has, with the comments that were there."""
    if any("\n" in line and ('"""' in line or "'''" in line) for line in lines):
        raise Refused("`upgrade()` holds a text of several lines")
    text = "".join(line + "\n" for line in lines).replace("\r\n", "\n").replace("\n", module.default_newline)
    parsed = cst.parse_module(text, config=module.config_for_parsing)
    statements = [*kept, *(stmt for stmt in parsed.body if isinstance(stmt, cst.BaseStatement))]
    if not isinstance(before, cst.IndentedBlock):
        return cst.IndentedBlock(statements)
    rest = before.body[len(kept):]
    above = [line for stmt in rest for line in getattr(stmt, "leading_lines", ())]
    trailing = [comment for stmt in rest for comment in comments_in(stmt)]
    for line in above:
        if line.comment is not None and line.comment.value in trailing:
            trailing.remove(line.comment.value)
    added = [cst.EmptyLine(comment=cst.Comment(comment)) for comment in trailing]
    first = statements[len(kept)]
    statements[len(kept)] = first.with_changes(leading_lines=[*above, *added])
    return before.with_changes(body=statements)


def _is_docstring(stmt: cst.BaseStatement) -> bool:
    return isinstance(stmt, cst.SimpleStatementLine) and isinstance(stmt.body[0], cst.Expr) \
        and isinstance(stmt.body[0].value, (cst.SimpleString, cst.ConcatenatedString))


def _operations(module: cst.Module) -> str:
    """The name by which a revision calls Alembic's operations. Raises `Refused`."""
    for stmt in module.body:
        for small in stmt.body if isinstance(stmt, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.ImportFrom) and isinstance(small.module, cst.Name) \
                    and small.module.value == "alembic" and not isinstance(small.names, cst.ImportStar):
                for alias in small.names:
                    if alias.evaluated_name == "op":
                        return alias.evaluated_alias or "op"
            if isinstance(small, cst.Import):
                for alias in small.names:
                    if alias.evaluated_name == "alembic.op" and alias.evaluated_alias:
                        return alias.evaluated_alias
    raise Refused("it does not import Alembic's operations")


def _quote(node: cst.CSTNode) -> str:
    """The quotes in which most texts of some code stand."""
    single = double = 0
    stack = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, cst.SimpleString) and len(here.quote) == 1:
            single, double = single + (here.quote == "'"), double + (here.quote == '"')
        stack.extend(here.children)
    return "'" if single > double else '"'


def _code(node: cst.CSTNode) -> str:
    return _EMPTY.code_for_node(node)


class _Back:
    """Undoes statements, one by one."""

    def __init__(self, operations: str, quote: str, table: str = "") -> None:
        self._operations = operations
        self._quote = quote
        self._table = table
        """The table of the batch that the statements stand in."""
        self._made: set[str] = set()
        """The names that were given tables which `upgrade()` creates."""

    def block(self, body: Sequence[cst.CSTNode]) -> list[list[str]]:
        """The lines that undo a block, those for its last statement first. Raises `Refused`."""
        found: list[list[str]] = []
        for stmt in body:
            if isinstance(stmt, cst.SimpleStatementLine):
                for small in stmt.body:
                    found.insert(0, self._small(small))
            elif isinstance(stmt, cst.With):
                found.insert(0, self._with(stmt))
            else:
                raise Refused("`upgrade()` decides or repeats something; how to take that back is not known")
        return [lines for lines in found if lines]

    def _small(self, small: cst.CSTNode) -> list[str]:
        if isinstance(small, cst.Pass) or (isinstance(small, cst.Expr) and isinstance(
                small.value, (cst.SimpleString, cst.ConcatenatedString, cst.Ellipsis))):
            return []
        value = small.value if isinstance(small, (cst.Expr, cst.Assign, cst.AnnAssign)) else None
        name = self._called(value)
        if not isinstance(value, cst.Call) or not name:
            raise Refused(f"`{_short(small)}` is no operation of Alembic whose way back is known")
        if isinstance(small, (cst.Assign, cst.AnnAssign)):
            target = small.targets[0].target if isinstance(small, cst.Assign) else small.target
            if name not in (*_HARMLESS, "create_table") or not isinstance(target, cst.Name):
                raise Refused(f"`{_short(small)}` has no way back that is known")
            if name == "create_table":
                self._made.add(target.value)
        if name in _HARMLESS:
            return []
        return self._undone(name, value)

    def _called(self, value: cst.CSTNode | None) -> str:
        if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) \
                and isinstance(value.func.value, cst.Name) and value.func.value.value == self._operations:
            return value.func.attr.value
        return ""

    def _with(self, stmt: cst.With) -> list[str]:
        """`with op.batch_alter_table(…) as batch:` and the block that commits each statement by itself."""
        item = stmt.items[0]
        head = f"with {_code(item.item)}"
        name = self._called(item.item)
        if len(stmt.items) != 1 or stmt.asynchronous is not None or not isinstance(stmt.body, cst.IndentedBlock):
            raise Refused("`upgrade()` has a `with` of another form than is known")
        if name == "batch_alter_table" and item.asname is not None and isinstance(item.asname.name, cst.Name):
            batch = item.asname.name.value
            inner = _Back(batch, self._quote, "batch").block(stmt.body.body)
            head += f" as {batch}"
        elif isinstance(item.item, cst.Call) and isinstance(item.item.func, cst.Attribute) \
                and item.item.func.attr.value == "autocommit_block" and self._called(item.item.func.value):
            inner = self.block(stmt.body.body)
        else:
            raise Refused(f"`{_short(item.item)}` has no way back that is known")
        lines = [line for step in inner for line in step]
        return [f"{head}:\n" + "\n".join("    " + line.replace("\n", "\n    ") for line in lines)] if lines else []

    def _undone(self, name: str, call: cst.Call) -> list[str]:
        if any(arg.star for arg in call.args):
            raise Refused(f"`{_short(call)}` has arguments that are not written there")
        if name == "bulk_insert" and call.args and isinstance(call.args[0].value, cst.Name) \
                and call.args[0].value.value in self._made:
            return []  # the rows go with their table
        way = self._ways().get(name)
        if way is None:
            raise Refused(f"`{_short(call.func)}` in `upgrade()` has no way back that the code could say")
        given = [arg.value for arg in call.args if arg.keyword is None]
        named = {arg.keyword.value: arg.value for arg in call.args if arg.keyword is not None}
        if any(option in named for option in ("if_not_exists", "if_exists")):
            raise Refused("whether `upgrade()` made it or found it is not known")
        return list(way(name, given, named))

    def _ways(self) -> Mapping[str, Callable[[str, list[cst.BaseExpression], Named], Iterator[str]]]:
        constraints = dict.fromkeys(_CONSTRAINTS, self._constraint)
        ways = {"add_column": self._column, "create_index": self._index, "alter_column": self._altered, **constraints}
        return ways if self._table else {**ways, "create_table": self._dropped, "rename_table": self._renamed}

    # ---- operations

    def _dropped(self, name: str, given: list[cst.BaseExpression], named: Named) -> Iterator[str]:
        table = _first(given, named, "table_name")
        yield self._call("drop_table", [table], named, "schema")
        seen: set[str] = set()
        for part in given[1:]:
            for enum in _enums(part):
                if enum not in seen:
                    seen.add(enum)
                    yield f"{enum}.drop({self._operations}.get_bind(), checkfirst=True)"

    def _column(self, name: str, given: list[cst.BaseExpression], named: Named) -> Iterator[str]:
        own = [] if self._table else [_first(given, named, "table_name")]
        column = _at(given, len(own), named, "column")
        if not isinstance(column, cst.Call) or not column.args:
            raise Refused("the column that `upgrade()` adds is not written there")
        told = {arg.keyword.value: arg.value for arg in column.args if arg.keyword is not None}
        label = told.get("name") or (column.args[0].value if column.args[0].keyword is None else None)
        if label is None or text_in(label) is None:
            raise Refused("the name of the column that `upgrade()` adds is not written there")
        if "index" in told and _code(told["index"]) != "False":
            raise Refused("the index of the column that `upgrade()` adds has no name there")
        yield self._call("drop_column", [*own, label], named, "schema")

    def _index(self, name: str, given: list[cst.BaseExpression], named: Named) -> Iterator[str]:
        index = _first(given, named, "index_name")
        _refuse_nameless(index)
        options = "schema", "postgresql_concurrently"
        if self._table:
            yield self._call("drop_index", [index], named, "postgresql_concurrently")
        else:
            table = _at(given, 1, named, "table_name")
            if table is None:
                raise Refused("the table of an index is not written there")
            yield self._call("drop_index", [index], {**named, "table_name": table}, "table_name", *options)

    def _constraint(self, name: str, given: list[cst.BaseExpression], named: Named) -> Iterator[str]:
        constraint = _first(given, named, "constraint_name")
        _refuse_nameless(constraint)
        table = None if self._table else _at(given, 1, named, "table_name") or named.get("source_table")
        if not self._table and table is None:
            raise Refused("the table of a constraint is not written there")
        schema = named.get("schema") or named.get("source_schema")
        kind = _CONSTRAINTS[name]
        options: dict[str, cst.BaseExpression] = {"schema": schema} if schema is not None else {}
        if kind:
            options["type_"] = cst.SimpleString(f"{self._quote}{kind}{self._quote}")
        yield self._call("drop_constraint", [constraint, *([table] if table is not None else [])], options,
                         "schema", "type_")

    def _renamed(self, name: str, given: list[cst.BaseExpression], named: Named) -> Iterator[str]:
        old, new = _first(given, named, "old_table_name"), _at(given, 1, named, "new_table_name")
        if new is None:
            raise Refused("the new name of a table is not written there")
        yield self._call("rename_table", [new, old], named, "schema")

    def _altered(self, name: str, given: list[cst.BaseExpression], named: Named) -> Iterator[str]:
        """Each `thing` goes back to the `existing_thing` that is told beside it."""
        own = [] if self._table else [_first(given, named, "table_name")]
        rest = {key: value for key, value in named.items() if key not in ("table_name", "column_name")}
        column = _at(given, len(own), named, "column_name")
        if column is None or len(given) > len(own) + 1:
            raise Refused("what `upgrade()` alters is told by position")
        if other := next((key for key in rest if key.startswith(("postgresql_", "mysql_", "mssql_", "insert_"))), ""):
            raise Refused(f"`{other}` in `upgrade()` says nothing of the way back")
        options = dict(rest)
        renamed = options.pop("new_column_name", None)
        for key in ("type_", "server_default", "comment", "autoincrement"):
            existing = f"existing_{key.rstrip('_')}"
            if key in rest:
                if existing not in rest:
                    raise Refused(f"what a column had before (`{existing}`) is not written there")
                options[key], options[existing] = rest[existing], rest[key]
        if "nullable" in rest:
            before = rest.get("existing_nullable")
            opposite = {"True": "False", "False": "True"}.get(_code(rest["nullable"]))
            if before is None and opposite is None:
                raise Refused("whether a column could be null before is not written there")
            options["nullable"] = before if before is not None else cst.Name(str(opposite))
            if before is not None:
                options["existing_nullable"] = rest["nullable"]
        if renamed is not None:
            options["new_column_name"] = column
        yield self._call("alter_column", [*own, renamed if renamed is not None else column], options, *options)

    def _call(self, name: str, given: Sequence[cst.BaseExpression], named: Named, *options: str) -> str:
        words = [_code(value) for value in given]
        words += [f"{key}={_code(named[key])}" for key in options if key in named]
        return f"{self._operations}.{name}({', '.join(words)})"


def _at(given: Sequence[cst.BaseExpression], index: int, named: Named, key: str) -> cst.BaseExpression | None:
    """An argument by its place or its name."""
    return given[index] if len(given) > index else named.get(key)


def _first(given: Sequence[cst.BaseExpression], named: Named, key: str) -> cst.BaseExpression:
    """The first argument, wherever it stands. Raises `Refused`."""
    found = given[0] if given else named.get(key)
    if found is None:
        raise Refused("an operation of `upgrade()` does not say what it acts on")
    return found


def _refuse_nameless(name: cst.BaseExpression) -> None:
    if isinstance(name, cst.Name) and name.value == "None":
        raise Refused("what `upgrade()` creates has no name by which it could be dropped")


def _enums(column: cst.CSTNode) -> Iterator[str]:
    """The types of PostgreSQL that come with a table and do not go with it, each as what drops it."""
    stack = [column]
    while stack:
        here = stack.pop()
        if isinstance(here, cst.Call):
            func = _code(here.func)
            named = {arg.keyword.value: arg.value for arg in here.args if arg.keyword is not None}
            own = _code(named["create_type"]) != "False" if "create_type" in named else True
            native = _code(named["native_enum"]) != "False" if "native_enum" in named else True
            if func.rpartition(".")[2] in ("Enum", "ENUM") and "name" in named and own and native:
                yield f"{func}(name={_code(named['name'])})"
        stack.extend(reversed(here.children))


def _short(node: cst.CSTNode) -> str:
    """How a piece of code begins."""
    text = re.sub(r"\s+", " ", _code(node)).strip()
    return text if len(text) <= 40 else f"{text[:39]}…"
