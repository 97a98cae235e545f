"""Scripts that provision databases, in SQL, for the shell or for PowerShell, in the tree of a service."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint.checks.deployment import UnmarkedCompose, starts_database
from gravity_lint.checks.marks import says_development, says_example
from gravity_lint.checks.reading import source_of
from gravity_lint.facts.compose import compose_services, compose_words
from gravity_lint.facts.powershell import parse_powershell
from gravity_lint.facts.shell import parse_shell
from gravity_lint.facts.sql import MAX_TEXT, statements
from gravity_lint.facts.words import Word
from gravity_lint.facts.yamlfile import parse_yaml
from gravity_lint.link.scripts import deeds, extent, spoken
from gravity_lint.record import NamedTuple, Record, cached_property
from gravity_lint.regex import regex
from gravity_lint.source import Source
from gravity_lint.violation import Finding, Place, Severity

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_TELLING = regex(
    rb"(?:create|alter|drop|rename)\b.{1,60}?(?:database|user|role|login|group|default)|grant|revoke|set\s+password"
    rb"|createdb|dropdb|mysqladmin|sp_(?:add|drop|grant|password)|acl\s+setuser|createRole|addUser|\b(?:gcloud|aws|az)\b"
    rb"|New-(?:Dba|Az)", re.IGNORECASE | re.DOTALL)
_ELSEWHERE = frozenset({
    "deploy", "deployment", "deployments", "infra", "infrastructure", "iac", "terraform", "ansible", "pulumi", "k8s",
    "kubernetes", "helm", "charts", "ops", "devops", "provisioning", "cloudformation",  # the deployment's own
    "doc", "docs", "documentation", "example", "examples", "sample", "samples", "demo", "demos", "template",
    "templates", "test", "tests", "testing", "e2e", "integration", "ci", "fixtures", "devcontainer", "benchmarks"})
"""Folders whose scripts are the deployment's, or examples, or for tests."""
_NAMES = frozenset({"example", "examples", "sample", "samples", "demo", "template", "test", "tests", "testing", "e2e"})
_DEVELOPMENT = frozenset({"dev", "devel", "develop", "development", "local", "localdev", "localhost"})
_TESTED = frozenset({"test", "tests", "testing", "testdb"})
_MIGRATIONS = frozenset({"migrations", "migration", "alembic", "versions", "flyway", "liquibase", "sqitch"})
_DUMP = regex(rb"^-- (?:PostgreSQL database (?:cluster )?dump|(?:MySQL|MariaDB|mydumper) dump|phpMyAdmin SQL Dump"
                   rb"|Dumped (?:by|from) )|^/\*!40101 SET", re.MULTILINE)
_PERMISSIONS = frozenset({"grant", "revoke", "create-user", "alter-user", "drop-user"})
_INITIAL = "docker-entrypoint-initdb.d"


class _Told(NamedTuple):
    kind: str
    text: str
    name: str
    place: Place


class ProvisioningScript(Record):
    """A statement or command of one of these kinds in a script of a service → a finding with the field `statement`;
    a note in what is there for development, and for a database that is there for tests.

    Silent about what belongs to the deployment, to an example (a compose file that is marked as one and runs the script
    makes it one) or to the tests, and about permissions in migrations and dumps.
    """

    kinds: tuple[str, ...]

    def __call__(self, service: Service) -> Iterator[Finding]:
        if service.kind != "service":
            return
        composed = _Composed(service)
        for file in service.files_of("sql", "shell"):
            inner = posixpath.relpath(file.path, service.root).lower()
            folders, name = inner.split("/")[:-1], re.findall(r"[a-z0-9]+", posixpath.basename(inner))
            if not _ELSEWHERE.isdisjoint(folders) or not _NAMES.isdisjoint(name):
                continue
            source = source_of(service, file.path)
            if source is None or not _TELLING.search(source.data) or _is_example(source):
                continue
            left_out = _PERMISSIONS if not _MIGRATIONS.isdisjoint(folders) else \
                {"grant", "revoke"} if file.kind == "sql" and _DUMP.search(source.data[:20_000]) else frozenset()
            told = [each for each in _told(source, file.kind) if each.kind in self.kinds and each.kind not in left_out]
            if not told:
                continue
            run_by = composed.severity(file.path)
            if run_by == "example":
                continue
            development = run_by == "note" or not _DEVELOPMENT.isdisjoint((*folders, *name)) or _is_development(source)
            from gravity_lint.checks.advice import Advice  # only where something was found

            advice = Advice(service)
            for each in told:
                tested = not _TESTED.isdisjoint(re.split(r"[^a-z]+", each.name.lower()))
                severity: Severity | None = "note" if development or tested else None
                yield Finding(each.place, {"statement": each.text}, severity=severity, remedy=advice.script(each.place))


def _told(source: Source, kind: str) -> Iterator[_Told]:
    """What a script does to databases."""
    if kind == "sql":
        text = source.text[:MAX_TEXT]
        whole = Word(text, tuple(_lines(text)), (0, 0))
        for statement in statements(text):
            if statement.kind != "other":
                start, end = whole.at(statement.offset), whole.at(extent(text, statement.offset))
                yield _Told(statement.kind, spoken(statement, text), statement.name, source.place((start, end)))
        return
    parse = parse_powershell if source.path.lower().endswith(".ps1") else parse_shell
    seen = set()
    for deed in deeds(parse(source.data)):
        if (deed.kind, deed.span) not in seen:  # a function of the script runs it again
            seen.add((deed.kind, deed.span))
            name = deed.statement.name if deed.statement else deed.text
            yield _Told(deed.kind, deed.text, name, source.place(deed.span))


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where each line begins, in characters and in bytes."""
    start = byte = 0
    for line in text.split("\n"):
        yield start, byte
        start, byte = start + len(line) + 1, byte + len(line.encode("utf-8", "replace")) + 1


# ---- examples


def _is_example(source: Source) -> bool:
    return says_example(_head(source))


def _is_development(source: Source) -> bool:
    return says_development(_head(source))


def _head(source: Source) -> list[str]:
    """The comment that a script begins with, line by line."""
    found = []
    for line in source.text[:5_000].split("\n"):
        bare = line.strip()
        if bare and not bare.startswith(("#", "--", "/*", "*")):
            break
        found.append(bare.lstrip("#-/*! "))
    return found


class _Composed:
    """Which scripts the compose files of a service run, and what those files are."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def severity(self, path: str) -> str:
        """`example` for a script that only compose files run which are marked as examples, `note` where those that run
        it are for development, empty for any other."""
        runs = [self._marks.get(file, "example") for file, sources in self._sources.items()
                if any(path == source or path.startswith(f"{source}/") for source in sources)]
        if not runs or "" in runs:
            return ""
        return "note" if "note" in runs else "example"

    @cached_property
    def _marks(self) -> dict[str, str]:
        """The compose files that are not marked as examples; `note` for those that are for development."""
        return {finding.place.path: finding.severity or "" for finding in UnmarkedCompose()(self.service)}

    @cached_property
    def _sources(self) -> dict[str, set[str]]:
        """Compose file → the files and folders that its databases run when they are made."""
        found: dict[str, set[str]] = {}
        for file in self.service.files_of("yaml", roles=("code", "test")):
            folder, name = posixpath.split(file.path)
            source = source_of(self.service, file.path) if compose_words(name) is not None else None
            if source is None:
                continue
            facts = parse_yaml(source)
            mounts = [entry.text.rpartition(f":/{_INITIAL}") for entry in facts.entries]
            paths = [path for path, sign, _ in mounts if sign]
            mounted = {entry.path[:-1] for entry in facts.entries
                       if entry.path[-1:] == ("target",) and entry.text.startswith(f"/{_INITIAL}")}
            paths += [entry.text for entry in facts.entries
                      if entry.path[-1:] == ("source",) and entry.path[:-1] in mounted]
            paths += [each.context for each in compose_services(facts)
                      if each.context and starts_database(self.service, folder, each)]
            found[file.path] = {_path(folder, path) for path in paths} - {self.service.root}
        return found


def _path(folder: str, path: str) -> str:
    inner = re.sub(r"^\$(?:PWD|\{PWD\})/", "", path.replace("\\", "/"))
    return posixpath.normpath(posixpath.join(folder, inner))
