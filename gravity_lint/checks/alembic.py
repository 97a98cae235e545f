"""Alembic: that it is there where models are, that its ini names no database, that its revisions can be undone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint.checks.environments import URL, env_of, has_environment, overrides_url, reads_ini_first
from gravity_lint.checks.reading import source_of
from gravity_lint.facts.code import (
    Assign,
    Block,
    Call,
    Const,
    Do,
    Expr,
    Function,
    Import,
    Name,
    Other,
    PythonFacts,
    Raise,
    Return,
    Span,
    walk,
)
from gravity_lint.facts.ini import IniFacts, Option, matters, parse_ini
from gravity_lint.facts.sql import HOLE
from gravity_lint.facts.urls import in_memory, is_placeholder, parse_url
from gravity_lint.record import NamedTuple, Record
from gravity_lint.regex import regex
from gravity_lint.screen import tells
from gravity_lint.source import Source
from gravity_lint.violation import Finding, Place, Remedy, Severity

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_ROLES = ("code", "migration")
_INTERPOLATION = regex(r"%\((\w+)\)s")
_VARIABLE = regex(r"\$\{\w+[^}]*\}|\$\w+|\{\{?[^{}]*\}\}?")
_TOML_URL = regex(rb"^[ \t]*[\"']?sqlalchemy[._]url[\"']?[ \t]*=[ \t]*[\"']([^\"'\n]*)[\"']", re.MULTILINE)
_TOML_TABLE = regex(rb"^[ \t]*\[([^\]\n]+)\][ \t]*(?:#.*)?$", re.MULTILINE)
_EMPTY = rb"[ \t]*(?:#[^\n]*)?\r?\n"
_UNDOES = regex(
    rb"(?<!\\)(?<!\\\r)\ndef downgrade\([^()\n]*\)[^\n:]*:" + _EMPTY + rb"(?:" + _EMPTY + rb")*"
    rb"(?:[ \t]+\"\"\"[^\"\\\n]*\"\"\"" + _EMPTY + rb"(?:" + _EMPTY + rb")*)?"
    rb"[ \t]+(?!(?:return|raise|yield|del|print|exec)\b)"
    rb"(?:(?:with|for|if|try|while)\b|[A-Za-z_][\w.]*[ \t]*(?:\(|=(?!=)))")
"""A function at the top that begins, behind what is said of it, with more than `pass`, `return` or `raise`."""
_LOSES = "what upgrade() adds is dropped, with the rows that have come since; is that the way back?"
_RAISES = "somebody wrote that there is no way back"
_REPLACED = "though env.py replaces it; leave it empty"
_USED = "and migrations run against it; env.py must take the URL from the environment"


# ---- models without an environment


class MissingAlembic(Record):
    """SQLAlchemy models of a service that no Alembic environment migrates → a finding at the first model, with the
    field `models`."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        if service.kind != "service":
            return
        own = {file.path for file in service.files_of("python")}  # a library's models are not the service's
        mine = (model for model in service.models if model.orm == "sqlalchemy" and model.site.module.path in own)
        models = sorted(mine, key=lambda model: (model.site.module.path, model.site.span))
        if models and not has_environment(service):
            more = f" and {len(models) - 1} more" if len(models) > 1 else ""
            from gravity_lint.checks.scaffold import Scaffold  # only where something is missing

            yield Finding(service.place(models[0].site), {"models": f"the model `{models[0].name}`{more}"},
                          remedy=Scaffold(service, models).remedy())


# ---- a URL in the ini


class IniUrl(Record):
    """A real database URL in alembic.ini (or pyproject's `[tool.alembic]`) → a finding with the fields `section` and
    `consequence`; a note where env.py puts another URL in its place."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for file in service.files_of("ini", roles=_ROLES):
            source = source_of(service, file.path)
            if source is None or not matters(source.data):
                continue
            facts = parse_ini(source)
            for option in facts.options:
                if option.key == URL and _is_literal(_interpolated(option, facts)):
                    yield _ini_finding(service, source, option.section, option.span, facts)
        for file in service.files_of("toml", roles=_ROLES):
            if posixpath.basename(file.path) == "pyproject.toml" and (source := source_of(service, file.path)):
                for match in _TOML_URL.finditer(source.data):
                    table = [found[1] for found in _TOML_TABLE.finditer(source.data, 0, match.start())][-1:]
                    if table == [b"tool.alembic"] and _is_literal(match[1].decode("utf-8", "replace")):
                        yield _ini_finding(service, source, "tool.alembic", match.span(1), IniFacts((), ()))


def _ini_finding(service: Service, source: Source, section: str, span: Span, facts: IniFacts) -> Finding:
    env = env_of(service, source.path, facts)
    overridden = env is not None and overrides_url(service.facts(env))
    severity: Severity | None = "note" if overridden else None
    consequence = _REPLACED if overridden else _USED
    place = source.place(span)
    if env is not None and overridden:
        remedy = _emptying(service, source, place, service.facts(env))
    else:
        from gravity_lint.checks.advice import Advice  # only where something was found

        remedy = Advice(service).environment(env, place)
    return Finding(place, {"section": section, "consequence": consequence}, severity=severity, remedy=remedy)


def _emptying(service: Service, source: Source, place: Place, facts: PythonFacts) -> Remedy:
    """What empties a URL that env.py replaces; unsafe where something may still read it."""
    readers = [posixpath.basename(file.path) for file in service.files_of("python", "shell", roles=(*_ROLES, "test"))
               if _mentions_url(service, file.path) and service.facts(file.path) is not facts]
    if reads_ini_first(facts):
        readers.insert(0, "env.py")
    caution = f"{', '.join(f'`{name}`' for name in readers[:3])} may still read it" if readers else ""
    return Remedy("empty-ini-url", "unsafe" if caution else "safe", caution, (place,))


def _mentions_url(service: Service, path: str) -> bool:
    source = source_of(service, path)
    return source is not None and URL.encode() in source.data


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


# ---- revisions


class MissingDowngrade(Record):
    """A revision that does something and cannot be undone → a finding with the fields `revision` and `how`."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for file in service.files_of("python", roles=_ROLES):
            if file.role != "migration" and posixpath.basename(posixpath.dirname(file.path)) != "versions":
                continue
            source = source_of(service, file.path)
            if source is not None and b"def upgrade" in source.data and b"revision" in source.data \
                    and not undoes(source.data) and (lack := missing_downgrade(service.facts(file.path))):
                revision = lack.revision or posixpath.basename(file.path)
                place = source.place(lack.span)
                caution = f"{_RAISES}; {_LOSES}" if "raises" in lack.how else _LOSES
                remedy = Remedy("reverse-upgrade", "unsafe", caution, (place,))
                yield Finding(place, {"revision": revision, "how": lack.how}, remedy=remedy)


class Lack(NamedTuple):
    span: Span
    how: str
    revision: str
    """The revision's id; empty where it is not written as a text."""


def undoes(data: bytes) -> bool:
    """Whether a revision's text is certain to have a downgrade() that does something: there is one, and no text that
    goes over lines ends behind it, so that it does not stand in one. If it is no Python, another rule sees that.
    """
    found = _UNDOES.search(data)
    return found is not None and data.count(b"def downgrade") == 1 and tells(data) \
        and data.find(b'"""', found.end()) < 0 and data.find(b"'''", found.end()) < 0


def missing_downgrade(facts: PythonFacts) -> Lack | None:
    """A revision's facts → where and how it cannot be undone; None for one that can, or does nothing."""
    functions = {stmt.name: stmt for stmt in facts.body if isinstance(stmt, Function)}
    bound = {alias.bound for stmt in facts.body if isinstance(stmt, Import) for alias in stmt.names}
    assigned = {target.id: stmt.value for stmt in facts.body if isinstance(stmt, Assign)
                for target in stmt.targets if isinstance(target, Name)}
    upgrade, downgrade = functions.get("upgrade"), functions.get("downgrade")
    if "revision" not in assigned or upgrade is None or facts.troubles:
        return None
    if downgrade is not None and not all(isinstance(stmt, Raise) or _is_idle((stmt,)) for stmt in downgrade.body):
        return None  # what it undoes, mostly longer, need not be read
    if _is_idle(upgrade.body):
        return None
    given = assigned["revision"]
    revision = given.value if isinstance(given, Const) and isinstance(given.value, str) else ""
    if downgrade is None:
        known = {*bound, *assigned}
        return None if "downgrade" in known or "*" in known else Lack(upgrade.span, "has no downgrade()", revision)
    if _is_idle(downgrade.body):
        return Lack(downgrade.span, "has a downgrade() that does nothing", revision)
    return Lack(downgrade.span, "has a downgrade() that only raises", revision)


def _is_idle(body: Block) -> bool:
    """Nothing but `pass`, `...`, a docstring or a bare return."""
    return all((isinstance(stmt, Do) and isinstance(stmt.value, (Const, Other)) and not _calls(stmt.value))
               or (isinstance(stmt, Return) and (stmt.value is None or _is_none(stmt.value))) for stmt in body)


def _is_none(expr: Expr) -> bool:
    return isinstance(expr, Const) and expr.value is None


def _calls(expr: Expr) -> bool:
    return any(isinstance(inner, Call) for inner in walk(expr))
