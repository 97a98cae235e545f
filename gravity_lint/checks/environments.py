"""Alembic environments: whether a service has one, which ini leads to which, what its env.py does with that URL."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gravity_lint import inputs
from gravity_lint.checks.reading import source_of
from gravity_lint.facts.code import (
    Arg,
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
    Do,
    Expr,
    Function,
    If,
    Import,
    Item,
    Loop,
    Mapping,
    Match,
    Name,
    PythonFacts,
    Raise,
    Return,
    Stmt,
    Try,
    With,
    children,
    walk,
)
from gravity_lint.facts.ini import IniFacts
from gravity_lint.facts.python import parse_python
from gravity_lint.source import Unreadable, read

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

URL = "sqlalchemy.url"
"""The option of an ini that names the database."""

_FROM_CONFIG = ("engine_from_config", "async_engine_from_config")
_ENGINES = ("create_engine", "create_async_engine")
_CONTACTS = ("connect", "begin", "run_sync")
_SETS = ("set_main_option", "set_section_option")
_READS = ("get_main_option", "get_section_option", "get", "pop")
_SHARED_FOLDERS = ("", "alembic", "migrations", "migration", "db", "db/alembic", "db/migrations", "database/alembic",
                   "database/migrations")
_FAR_UP = 6


# ---- whether there is one


def has_environment(service: Service) -> bool:
    """Whether the service, or the repository for it, has an Alembic environment (Flask-Migrate's and Flask-Alembic's
    are)."""
    paths = {file.path for file in service.files}
    for file in service.files:
        folder, name = posixpath.split(file.path)
        if name == "script.py.mako" and (f"{folder}/env.py" in paths or _has_revisions(service, folder)):
            return True
        if name == "env.py" and (_mentions(service, file.path, b"alembic") or f"{folder}/alembic.ini" in paths):
            return True
        if file.kind == "ini" and name.startswith("alembic") and _mentions(service, file.path, b"script_location"):
            return True
        if name == "pyproject.toml" and _mentions(service, file.path, b"[tool.alembic]"):
            return True
    return any(_feeds(Path(service.root), env) for env in _shared_environments(Path(service.root)))


def _has_revisions(service: Service, folder: str) -> bool:
    """Whether revisions stand in a folder itself, as Flask-Alembic has them, which needs no env.py."""
    return any(file.kind == "python" and posixpath.dirname(file.path) == folder
               and _mentions(service, file.path, b"down_revision") for file in service.files)


def _mentions(service: Service, path: str, word: bytes) -> bool:
    source = source_of(service, path)
    return source is not None and word in source.data


def _shared_environments(root: Path) -> Iterator[Path]:
    """The env.py files in the usual places above a service, up to the top of its repository."""
    above = list(root.parents)[:_FAR_UP]
    top = next((index for index, folder in enumerate(above) if inputs.exists(str(folder / ".git"))), None)
    if top is None or inputs.exists(str(root / ".git")):
        return
    for folder in above[:top + 1]:
        for place in _SHARED_FOLDERS:
            path = folder / place / "env.py"
            if inputs.state(str(path)) == "f":
                yield path


def _feeds(root: Path, env: Path) -> bool:
    """Whether the env.py imports something of the service: a part of an import is named like the service's folder."""
    try:
        source = read(env, python=True)
    except Unreadable:
        return False
    wanted = {root.name, root.name.replace("-", "_")}
    if b"alembic" not in source.data:
        return False
    return any(wanted & {*stmt.module.split("."), *(part for name in stmt.names for part in name.name.split("."))}
               for stmt, _ in _statements(parse_python(source.data).body, False) if isinstance(stmt, Import))


# ---- which ini leads to which, and what its env.py does with the URL


def env_of(service: Service, path: str, facts: IniFacts) -> str | None:
    """The path of the env.py that an alembic.ini leads to."""
    folder = posixpath.dirname(path)
    told = {option.section: option.value for option in reversed(facts.options) if option.key == "script_location"}
    sections = dict.fromkeys(option.section for option in facts.options)
    places: list[str] = []
    for location in dict.fromkeys(told.get(section, told.get("DEFAULT", "")) for section in reversed(sections)):
        if location:
            location = location.replace("%(here)s", ".").strip()
            if ":" in location:
                package, _, rest = location.partition(":")
                location = f"{package.replace('.', '/')}/{rest}"
            places += [posixpath.normpath(f"{folder}/{location}"), posixpath.normpath(f"{service.root}/{location}")]
    places.append(folder)
    places += [f"{folder}/alembic", f"{folder}/migrations"]
    paths = {file.path for file in service.files}
    return next((f"{place}/env.py" for place in places if f"{place}/env.py" in paths), None)


def overrides_url(facts: PythonFacts) -> bool:
    """Whether an env.py always uses a URL of its own: it replaces the ini's, or builds its engine without it."""
    from_ini = connects = False
    for body, names in _scopes(facts.body):
        for stmt, conditional in _statements(body, False, into_functions=False):
            if (isinstance(stmt, Assign) and stmt.value is not None and not conditional
                    and any(isinstance(target, Item) and _is(target.key, URL) for target in stmt.targets)
                    and not _takes_ini(stmt.value, names)):
                return True
            for expr in (inner for each in _expressions(stmt) for inner in walk(each)):
                if isinstance(expr, Mapping):
                    given = [value for key, value in expr.items if key is not None and _is(key, URL)]
                elif isinstance(expr, Call):
                    given = _given(expr)
                else:
                    continue
                if given and not conditional and not any(_takes_ini(value, names) for value in given):
                    return True
                if isinstance(expr, Call) and _called(expr) in _FROM_CONFIG:
                    from_ini = connects = True
                elif isinstance(expr, Call) and _called(expr) in (*_ENGINES, *_CONTACTS):
                    connects = True
                    from_ini = from_ini or (_called(expr) in _ENGINES
                                            and any(_takes_ini(arg.value, names) for arg in expr.args))
    return connects and not from_ini


def reads_ini_first(facts: PythonFacts) -> bool:
    """Whether an env.py, wherever it is, asks the ini for its URL without having put its own there before."""
    for stmt, conditional in _statements(facts.body, False, into_functions=False):
        calls = [inner for expr in _expressions(stmt) for inner in walk(expr) if isinstance(inner, Call)]
        if not conditional and any(_called(call) in _SETS and _given(call) for call in calls):
            return False
        if any(_takes_ini(expr, frozenset()) for expr in _expressions(stmt)):
            return True
    return any(_takes_ini(expr, frozenset()) for stmt, _ in _statements(facts.body, False)
               for expr in _expressions(stmt))


def _given(call: Call) -> list[Expr]:
    """The URL that a call puts in the ini's place, if it does."""
    name = _called(call)
    if name in _SETS:
        values = [arg.value for arg in call.args]
        at = next((index for index, value in enumerate(values) if _is(value, URL)), None)
        return values[at + 1:at + 2] if at is not None else []
    if name in _FROM_CONFIG:
        return [arg.value for arg in call.args if arg.name == "url"]
    return []


def _scopes(body: Block) -> Iterator[tuple[Block, frozenset[str]]]:
    """A module's block, and that of each function in it, with the names that may stand for the ini's URL there."""
    names = _read_from_ini(body, frozenset())
    functions = [stmt for stmt, _ in _statements(body, False) if isinstance(stmt, Function)]
    for function in functions:  # what one returns is the ini's URL for those that call it
        inner = _inside(function, names)
        returned = (stmt.value for stmt, _ in _statements(function.body, False, into_functions=False)
                    if isinstance(stmt, Return) and stmt.value is not None)
        if any(_takes_ini(value, inner) for value in returned):
            names |= {function.name}
    names = _read_from_ini(body, names)
    yield body, names
    for function in functions:
        yield function.body, _inside(function, names)


def _inside(function: Function, outer: frozenset[str]) -> frozenset[str]:
    """The names that may stand for the ini's URL in a function: its own, and those around it that it does not hide."""
    own = {param.name for param in function.params}
    own |= {name for stmt, _ in _statements(function.body, False, into_functions=False) for name, _ in _bound(stmt)}
    return _read_from_ini(function.body, outer - own)


def _read_from_ini(body: Block, names: frozenset[str]) -> frozenset[str]:
    """The names that may stand for the ini's URL in a scope, with those that it begins with."""
    found = set(names)
    for stmt, conditional in _statements(body, False, into_functions=False):
        for name, value in _bound(stmt):
            if _takes_ini(value, frozenset(found)):
                found.add(name)
            elif not conditional:
                found.discard(name)
    return frozenset(found)


def _bound(stmt: Stmt) -> Iterator[tuple[str, Expr]]:
    """The names that a statement itself binds, with their values."""
    for expr in (inner for each in _expressions(stmt) for inner in walk(each)):
        if isinstance(expr, Assigned):
            yield expr.name, expr.value
    if isinstance(stmt, Assign) and stmt.value is not None and not stmt.op:
        yield from ((target.id, stmt.value) for target in stmt.targets if isinstance(target, Name))


def _takes_ini(expr: Expr, names: frozenset[str]) -> bool:
    """Whether a value may be the ini's URL, or made of it; what is only asked of the URL gives something else."""
    stack = [expr]
    while stack:
        here = stack.pop()
        if isinstance(here, Call) and _called(here) in _READS and any(_is(arg.value, URL) for arg in here.args):
            return True
        if (isinstance(here, Item) and _is(here.key, URL)) or (isinstance(here, Name) and here.id in names):
            return True
        if isinstance(here, Choice):
            stack += (here.then, here.other)
        elif not isinstance(here, Compare):
            stack += children(here)
    return False


def _called(call: Call) -> str:
    return call.func.name if isinstance(call.func, Attr) else call.func.id if isinstance(call.func, Name) else ""


def _is(expr: Expr, text: str) -> bool:
    return isinstance(expr, Const) and expr.value == text


# ---- walking


def _statements(body: Block, conditional: bool, into_functions: bool = True) -> Iterator[tuple[Stmt, bool]]:
    """Every statement of a block and of the blocks in it, and whether it runs only under a condition."""
    stack = [(stmt, conditional) for stmt in reversed(body)]
    while stack:
        stmt, under = stack.pop()
        yield stmt, under
        inner: list[tuple[Iterable[Stmt], bool]] = []
        if isinstance(stmt, If):
            inner = [(block, True) for _, block in stmt.branches]
        elif isinstance(stmt, Loop):
            inner = [(stmt.body, under), (stmt.orelse, under)]
        elif isinstance(stmt, (With, Class)):
            inner = [(stmt.body, under)]
        elif isinstance(stmt, Try):
            inner = [(stmt.body, under), *((handler.body, True) for handler in stmt.handlers),
                     (stmt.orelse, under), (stmt.final, under)]
        elif isinstance(stmt, Match):
            inner = [(block, True) for block in stmt.cases]
        elif isinstance(stmt, Function) and into_functions:
            inner = [(stmt.body, under)]
        for block, now in reversed(inner):
            stack.extend((each, now) for each in reversed(tuple(block)))


def _expressions(stmt: Stmt) -> Iterator[Expr]:
    """The expressions that a statement itself evaluates, not those of the blocks in it."""
    if isinstance(stmt, (Do, Return, Raise, Assign)):
        if stmt.value is not None:
            yield stmt.value
    elif isinstance(stmt, If):
        yield from (test for test, _ in stmt.branches if test is not None)
    elif isinstance(stmt, Loop):
        yield stmt.over
    elif isinstance(stmt, With):
        yield from (value for value, _ in stmt.items)
    elif isinstance(stmt, Match):
        yield stmt.subject
    elif isinstance(stmt, Assert):
        yield stmt.test
    elif isinstance(stmt, Class):
        yield from (base.value for base in stmt.bases if isinstance(base, Arg))
