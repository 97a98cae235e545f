"""Alembic: that it is there where models are, that its ini names no database, that its revisions can be undone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gravity_lint.checks.reading import source_of
from gravity_lint.facts.code import (
    Arg,
    Assert,
    Assign,
    Attr,
    Block,
    Call,
    Class,
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
    Other,
    PythonFacts,
    Raise,
    Return,
    Span,
    Stmt,
    Try,
    With,
    walk,
)
from gravity_lint.facts.ini import IniFacts, Option, matters, parse_ini
from gravity_lint.facts.python import parse_python
from gravity_lint.facts.sql import HOLE
from gravity_lint.facts.urls import in_memory, is_placeholder, parse_url
from gravity_lint.source import Source, Unreadable, read
from gravity_lint.violation import Finding, Severity

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_URL = "sqlalchemy.url"
_ROLES = ("code", "migration")
_INTERPOLATION = re.compile(r"%\((\w+)\)s")
_VARIABLE = re.compile(r"\$\{\w+[^}]*\}|\$\w+|\{\{?[^{}]*\}\}?")
_FROM_CONFIG = ("engine_from_config", "async_engine_from_config")
_ENGINES = ("create_engine", "create_async_engine")
_TOML_URL = re.compile(rb"^[ \t]*[\"']?sqlalchemy[._]url[\"']?[ \t]*=[ \t]*[\"']([^\"'\n]*)[\"']", re.MULTILINE)
_TOML_TABLE = re.compile(rb"^[ \t]*\[([^\]\n]+)\][ \t]*(?:#.*)?$", re.MULTILINE)
_SHARED_FOLDERS = ("", "alembic", "migrations", "migration", "db", "db/alembic", "db/migrations", "database/alembic",
                   "database/migrations")
_FAR_UP = 6
_REPLACED = "though env.py replaces it; leave it empty"
_USED = "and migrations run against it; env.py must take the URL from the environment"


# ---- models without an environment


@dataclass(frozen=True)
class MissingAlembic:
    """SQLAlchemy models of a service that no Alembic environment migrates → a finding at the first model, with the
    field `count`."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        if service.kind != "service":
            return
        own = {file.path for file in service.files_of("python")}  # a library's models are not the service's
        models = [place for place in service.sqlalchemy_models if place.path in own]
        if models and not has_environment(service):
            yield Finding(models[0], {"count": f"{len(models)} model{'s' if len(models) > 1 else ''}"})


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
    top = next((index for index, folder in enumerate(above) if (folder / ".git").exists()), None)
    if top is None or (root / ".git").exists():
        return
    for folder in above[:top + 1]:
        for place in _SHARED_FOLDERS:
            path = folder / place / "env.py"
            if path.is_file() and not path.is_symlink():
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


# ---- a URL in the ini


@dataclass(frozen=True)
class IniUrl:
    """A real database URL in alembic.ini (or pyproject's `[tool.alembic]`) → a finding with the fields `section` and
    `consequence`; a note where env.py puts another URL in its place."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for file in service.files_of("ini", roles=_ROLES):
            source = source_of(service, file.path)
            if source is None or not matters(source.data):
                continue
            facts = parse_ini(source)
            for option in facts.options:
                if option.key == _URL and _is_literal(_interpolated(option, facts)):
                    yield _ini_finding(service, source, option.section, option.span, facts)
        for file in service.files_of("toml", roles=_ROLES):
            if posixpath.basename(file.path) == "pyproject.toml" and (source := source_of(service, file.path)):
                for match in _TOML_URL.finditer(source.data):
                    table = [found[1] for found in _TOML_TABLE.finditer(source.data, 0, match.start())][-1:]
                    if table == [b"tool.alembic"] and _is_literal(match[1].decode("utf-8", "replace")):
                        yield _ini_finding(service, source, "tool.alembic", match.span(1), IniFacts((), ()))


def _ini_finding(service: Service, source: Source, section: str, span: Span, facts: IniFacts) -> Finding:
    env = _env_of(service, source.path, facts)
    overridden = env is not None and overrides_url(service.facts(env))
    severity: Severity | None = "note" if overridden else None
    consequence = _REPLACED if overridden else _USED
    return Finding(source.place(span), {"section": section, "consequence": consequence}, severity=severity)


def _interpolated(option: Option, facts: IniFacts) -> str:
    """The value with its interpolations: by what the file itself says, else unknown, for env.py supplies it."""
    def known(match: re.Match[str]) -> str:
        if match[1] == "here":
            return "."
        return facts.value(option.section, match[1]) or HOLE
    value = _INTERPOLATION.sub(known, option.value.partition("\n")[0])
    return _VARIABLE.sub(HOLE, _INTERPOLATION.sub(HOLE, value)).replace("%%", "%")


def _is_literal(value: str) -> bool:
    """Whether the value names a database that nothing else chooses."""
    url = parse_url(value)
    if url is None or is_placeholder(value) or in_memory(value) or not url.names_target:
        return False
    where = url.host or url.database or ""
    return HOLE not in where and HOLE not in url.scheme


def _env_of(service: Service, path: str, facts: IniFacts) -> str | None:
    """The path of the env.py that an alembic.ini leads to."""
    folder = posixpath.dirname(path)
    places = [folder]
    for section in dict.fromkeys(option.section for option in facts.options):
        if location := facts.value(section, "script_location"):
            location = location.replace("%(here)s", ".").strip()
            if ":" in location:
                package, _, rest = location.partition(":")
                location = f"{package.replace('.', '/')}/{rest}"
            places[:0] = [posixpath.normpath(f"{folder}/{location}"), posixpath.normpath(f"{service.root}/{location}")]
    places += [f"{folder}/alembic", f"{folder}/migrations"]
    paths = {file.path for file in service.files}
    return next((f"{place}/env.py" for place in places if f"{place}/env.py" in paths), None)


def overrides_url(facts: PythonFacts) -> bool:
    """Whether an env.py always uses a URL of its own: it replaces the ini's, or builds its engine without it."""
    from_ini = connects = False
    for body in _scopes(facts.body):
        names = _read_from_ini(body)
        for stmt, conditional in _statements(body, False, into_functions=False):
            if (isinstance(stmt, Assign) and stmt.value is not None and not conditional
                    and any(isinstance(target, Item) and _is(target.key, _URL) for target in stmt.targets)
                    and not _takes_ini(stmt.value, names)):
                return True
            for expr in (inner for each in _expressions(stmt) for inner in walk(each)):
                if isinstance(expr, Mapping):
                    given = [value for key, value in expr.items if key is not None and _is(key, _URL)]
                elif isinstance(expr, Call):
                    given = _given(expr)
                else:
                    continue
                if given and not conditional and not any(_takes_ini(value, names) for value in given):
                    return True
                if isinstance(expr, Call) and _called(expr) in _FROM_CONFIG:
                    from_ini = connects = True
                elif isinstance(expr, Call) and _called(expr) in (*_ENGINES, "connect", "begin", "run_sync"):
                    connects = True
                    from_ini = from_ini or (_called(expr) in _ENGINES
                                            and any(_takes_ini(arg.value, names) for arg in expr.args))
    return connects and not from_ini


def _given(call: Call) -> list[Expr]:
    """The URL that a call puts in the ini's place, if it does."""
    name = _called(call)
    if name in ("set_main_option", "set_section_option"):
        values = [arg.value for arg in call.args]
        at = next((index for index, value in enumerate(values) if _is(value, _URL)), None)
        return values[at + 1:at + 2] if at is not None else []
    if name in _FROM_CONFIG:
        return [arg.value for arg in call.args if arg.name == "url"]
    return []


def _scopes(body: Block) -> Iterator[Block]:
    """A module's block, and that of each function in it."""
    yield body
    for stmt, _ in _statements(body, False):
        if isinstance(stmt, Function):
            yield stmt.body


def _read_from_ini(body: Block) -> frozenset[str]:
    """The names that a scope assigns from the ini's URL."""
    names: set[str] = set()
    for stmt, _ in _statements(body, False, into_functions=False):
        if isinstance(stmt, Assign) and stmt.value is not None and _takes_ini(stmt.value, frozenset(names)):
            names |= {target.id for target in stmt.targets if isinstance(target, Name)}
    return frozenset(names)


def _takes_ini(expr: Expr, names: frozenset[str]) -> bool:
    return any((isinstance(inner, Call) and _called(inner) in ("get_main_option", "get_section_option")
                and any(_is(arg.value, _URL) for arg in inner.args))
               or (isinstance(inner, Item) and _is(inner.key, _URL))
               or (isinstance(inner, Name) and inner.id in names) for inner in walk(expr))


def _called(call: Call) -> str:
    return call.func.name if isinstance(call.func, Attr) else call.func.id if isinstance(call.func, Name) else ""


def _is(expr: Expr, text: str) -> bool:
    return isinstance(expr, Const) and expr.value == text


# ---- revisions


@dataclass(frozen=True)
class MissingDowngrade:
    """A revision that does something and cannot be undone → a finding with the field `how`."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for file in service.files_of("python", roles=_ROLES):
            if file.role != "migration" and posixpath.basename(posixpath.dirname(file.path)) != "versions":
                continue
            source = source_of(service, file.path)
            if source is not None and b"def upgrade" in source.data and b"revision" in source.data and (
                    lack := missing_downgrade(service.facts(file.path))):
                yield Finding(source.place(lack.span), {"how": lack.how})


class Lack(NamedTuple):
    span: Span
    how: str


def missing_downgrade(facts: PythonFacts) -> Lack | None:
    """A revision's facts → where and how it cannot be undone; None for one that can, or does nothing."""
    functions = {stmt.name: stmt for stmt in facts.body if isinstance(stmt, Function)}
    bound = {alias.bound for stmt in facts.body if isinstance(stmt, Import) for alias in stmt.names}
    assigned = {target.id for stmt in facts.body if isinstance(stmt, Assign)
                for target in stmt.targets if isinstance(target, Name)}
    upgrade, downgrade = functions.get("upgrade"), functions.get("downgrade")
    if "revision" not in assigned or upgrade is None or _is_idle(upgrade.body) or facts.troubles:
        return None
    if downgrade is None:
        known = bound | assigned
        return None if "downgrade" in known or "*" in known else Lack(upgrade.span, "has no downgrade()")
    if _is_idle(downgrade.body):
        return Lack(downgrade.span, "has a downgrade() that does nothing")
    if all(isinstance(stmt, Raise) or _is_idle((stmt,)) for stmt in downgrade.body):
        return Lack(downgrade.span, "has a downgrade() that only raises")
    return None


def _is_idle(body: Block) -> bool:
    """Nothing but `pass`, `...`, a docstring or a bare return."""
    return all((isinstance(stmt, Do) and isinstance(stmt.value, (Const, Other)) and not _calls(stmt.value))
               or (isinstance(stmt, Return) and (stmt.value is None or _is_none(stmt.value))) for stmt in body)


def _is_none(expr: Expr) -> bool:
    return isinstance(expr, Const) and expr.value is None


def _calls(expr: Expr) -> bool:
    return any(isinstance(inner, Call) for inner in walk(expr))


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
