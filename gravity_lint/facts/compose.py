"""What a compose file starts: its services, their images and builds, and which images are databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gravity_lint.facts.code import Span
from gravity_lint.facts.yamlfile import Entry, YamlFacts
from gravity_lint.regex import regex

DATABASE_IMAGES = frozenset({
    "postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha", "timescaledb-postgis",
    "postgresql-repmgr", "postgres-ha", "spilo", "crunchy-postgres", "postgres-patroni", "citus", "pgedge",
    "paradedb", "supabase-postgres", "alloydbomni", "edb-postgres", "mysql", "mysql-server", "mysql-cluster",
    "mariadb", "mariadb-galera", "percona", "percona-server", "percona-xtradb-cluster", "tidb", "mongo", "mongodb",
    "mongodb-community-server", "mongodb-enterprise-server", "mongodb-sharded", "mongodb-atlas-local",
    "percona-server-mongodb", "ferretdb", "redis", "redis-stack", "redis-stack-server", "redis-cluster",
    "redis-sentinel", "valkey", "valkey-cluster", "keydb", "dragonfly", "garnet", "mssql", "azure-sql-edge",
    "mssql-server-linux", "oracle-xe", "oracle-free", "oracle-database", "db2", "db2express-c", "cockroach",
    "cockroachdb", "yugabyte", "yugabytedb", "clickhouse", "clickhouse-server", "cassandra", "scylla", "couchdb",
    "couchbase", "firebird", "rqlite", "libsql-server", "sqld", "surrealdb", "arangodb", "rethinkdb",
    "singlestoredb-dev",
})
"""The last part of an image's name; an exporter or an administration page has another one."""

_FILE = regex(r"(?P<before>.+?[._-])??(?:docker[-_]?)?compose(?P<rest>[._-].*)?\.ya?ml", re.IGNORECASE)
_DEFAULTED = regex(r"\$\{\w+:?-([^}]*)\}")


class ComposeService(NamedTuple):
    name: str
    image: Entry | None
    context: str | None
    """The folder that is built, relative to the compose file."""
    dockerfile: str
    inline: str
    """The Dockerfile where it stands in the compose file itself."""
    key: Span
    """Where the service is introduced: its image, or what it builds."""
    first: int
    """Offset of the first thing that the file says of it."""


def compose_words(name: str) -> tuple[str, ...] | None:
    """A file's name → what it says besides `docker-compose.yml` (`test`, `prod`, …), in lower case; None for another
    kind of file."""
    match = _FILE.fullmatch(name)
    if match is None:
        return None
    return tuple(re.findall(r"[a-z0-9]+", f"{match['before'] or ''} {match['rest'] or ''}".lower()))


def compose_services(facts: YamlFacts) -> tuple[ComposeService, ...]:
    """The services of a compose file, in order; those of the old form without `services:` too."""
    entries = [entry for entry in facts.entries if entry.document == 0]
    depth = 1 if any(entry.path[:1] == ("services",) for entry in entries) else 0
    found: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        if len(entry.path) > depth + 1 and (depth == 0 or entry.path[0] == "services"):
            found.setdefault(entry.path[depth], {})[".".join(entry.path[depth + 1:])] = entry
    return tuple(_service(name, values) for name, values in found.items() if depth or "image" in values)


def _service(name: str, values: dict[str, Entry]) -> ComposeService:
    image = values.get("image")
    build = values.get("build") or values.get("build.context")
    context = build.text if build else "." if "build.dockerfile" in values else None
    dockerfile, inline = values.get("build.dockerfile"), values.get("build.dockerfile_inline")
    introduced = image or build or next(iter(values.values()))
    return ComposeService(name, image, context, dockerfile.text if dockerfile else "Dockerfile",
                          inline.text if inline else "", introduced.span,
                          min(entry.key[0] for entry in values.values()))


class ComposeVariable(NamedTuple):
    service: str
    """The container that is given it."""
    name: str
    text: str
    """Its value; variables in it as they are written."""
    span: Span


def compose_variables(facts: YamlFacts) -> tuple[ComposeVariable, ...]:
    """What a compose file puts into the environments of its containers, in order."""
    found: list[ComposeVariable] = []
    for path, entry in of_services(facts):
        if len(path) != 3 or path[1] != "environment":
            continue
        name, text = path[2], entry.text
        if name.isdigit():  # a list of `NAME=value`
            name, equals, text = text.partition("=")
            if not equals:
                continue
        found.append(ComposeVariable(path[0], name.strip(), text, entry.span))
    return tuple(found)


def compose_env_files(facts: YamlFacts) -> tuple[tuple[str, str], ...]:
    """The files that a compose file reads the environments of its containers from: container and path, in order."""
    return tuple((path[0], entry.text) for path, entry in of_services(facts)
                 if path[1:2] == ("env_file",) and (len(path) < 4 or path[3] == "path"))


def of_services(facts: YamlFacts) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """What a compose file says of its containers, each with its path from the container's name on."""
    entries = [entry for entry in facts.entries if entry.document == 0]
    depth = 1 if any(entry.path[:1] == ("services",) for entry in entries) else 0
    for entry in entries:
        if not depth or entry.path[0] == "services":
            yield entry.path[depth:], entry


def is_database_image(image: str) -> bool:
    """Whether a container of this image is a database server."""
    image = _DEFAULTED.sub(r"\1", image.strip())
    path = image.partition("@")[0].split("/")
    name = path[-1].partition(":")[0].lower()
    if name in ("server", "community-server", "enterprise-server", "database", "free", "express", "enterprise"):
        return len(path) > 1 and path[-2].lower() in {"mssql", "mysql", "mongodb", "database", "oracle", "cockroachdb"}
    return name in DATABASE_IMAGES
