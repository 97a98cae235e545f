"""Database URLs, taken apart without ever failing, also where parts of them are not known."""

from __future__ import annotations

import re
from urllib.parse import unquote

from gravity_lint.facts.sql import HOLE
from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex

SCHEMES = frozenset({
    "postgresql", "postgres", "postgis", "pgsql", "postgresql-psycopg2", "psycopg", "psycopg2", "asyncpg",
    "timescaledb", "timescale",
    "timescalegis", "cockroachdb", "cockroach", "crdb", "redshift", "yugabytedb", "crate",
    "mysql", "mysql2", "mysqlgis", "mysql-connector", "aiomysql", "asyncmy", "mariadb", "tidb", "aurora",
    "singlestoredb", "memsql",
    "sqlite", "sqlite3", "sqliteext", "aiosqlite", "sqlcipher", "spatialite", "duckdb", "libsql", "access",
    "oracle", "oraclegis", "mssql", "mssqlms", "sqlserver", "sybase", "db2", "ibm_db_sa", "ibmi", "informix",
    "firebird", "hana", "teradatasql", "snowflake", "bigquery", "awsathena", "spanner", "databricks",
    "clickhouse", "clickhousedb", "vertica", "exasol", "exa", "hive", "impala", "trino", "presto",
    "mongodb", "mongodb+srv", "mongo", "couchdb", "couchbase", "couchbases", "cassandra", "scylla", "cosmosdb",
    "redis", "rediss", "redis+sentinel", "redis-sentinel", "redis-cluster", "redis-socket", "valkey", "valkeys",
    "unix+redis",
})
"""What may stand before `://` (or before its `+driver`) of a database's address. Brokers and web servers may not."""

_PARTS = regex(r"(?P<scheme>[^:/\s]+)://(?:(?P<user>[^:@/\s]*)(?::(?P<password>[^@/\s]*))?@)?"
               r"(?P<host>[^@:/?,\s]*)(?::[^@:/?,\s]*)?(?:/(?P<database>[^?\s]*))?(?:\?.*)?", re.DOTALL)
_DRIVER = regex(r"^(?P<base>[a-z0-9_-]+?)(?:\+[\w.-]+)*$")
_URL = regex(rf"(?P<jdbc>jdbc:)?(?P<scheme>[A-Za-z{HOLE}][\w+.{HOLE}-]*):(?://(?P<rest>.*)|(?P<thin>thin:@.*))",
             re.DOTALL)
_WITH_SLASH = regex(r"(?P<user>[^:/?#@]*):(?P<password>[^@\s]*)@(?P<rest>[^@]*)", re.DOTALL)
_HOSTS_OF_QUERY = ("host", "unix_sock", "unix_socket", "server")
_PLACEHOLDER_SCHEMES = frozenset({"driver", "dialect", "scheme", "protocol", "dbtype"})
_PLACEHOLDER_HOSTS = frozenset({"host", "hostname", "your-host", "your_host", "yourhost", "db_host", "dbhost"})
_BLANK = regex(r"<[^<>]+>|\[[a-z_ -]+\]|\.\.\.|…|x{3,}")
_MEMORY = regex(r"(?:^|/|file:):memory:|[?&]mode=memory\b", re.IGNORECASE)
_BARE_MEMORY = regex(r"(?:sqlite3?|sqlite3?\+\w+):(?://)?/?", re.IGNORECASE)


class DatabaseUrl(NamedTuple):
    """The parts of an address; None for one that is not there. Any of them may hold `HOLE`s."""

    scheme: str
    """In lower case, with its driver, without `jdbc:`."""
    user: str | None
    password: str | None
    host: str | None
    """Several hosts as they are written; for a socket what the query names."""
    port: str | None
    database: str | None
    """A database's name, or a file's path."""
    query: tuple[tuple[str, str], ...] = ()
    jdbc: bool = False

    @property
    def names_target(self) -> bool:
        """It says which database, and is not the mere beginning of a URL."""
        return bool(self.host or self.database)


def is_database_scheme(scheme: str) -> bool:
    """Whether a URL with this scheme (with or without `+driver`, `jdbc:` and `://`) leads to a database."""
    scheme = scheme.lower().removeprefix("jdbc:").removesuffix("://").removesuffix(":")
    scheme = scheme.removeprefix("db+")  # Celery's results in an SQL database
    match = _DRIVER.match(scheme)
    return scheme in SCHEMES or (match is not None and match["base"] in SCHEMES)


def parse_url(text: str) -> DatabaseUrl | None:
    """A database's URL → its parts; None for what is none. A scheme with a `HOLE` passes where the rest is one."""
    match = _URL.fullmatch(text.strip().strip("'\""))
    if match is None:
        return None
    scheme = match["scheme"].lower()
    if match["thin"]:
        return _oracle_thin(match["thin"]) if scheme == "oracle" else None
    base = scheme.split("+")[0]
    if not (is_database_scheme(scheme) or HOLE in base or base in _PLACEHOLDER_SCHEMES):
        return None
    rest, semicolons = _parameters(match["rest"], bool(match["jdbc"]))
    rest, _, raw_query = rest.partition("?")
    query = tuple(_pairs(raw_query)) + semicolons
    authority, slash, path = rest.partition("/")
    swapped = _WITH_SLASH.fullmatch(rest)
    if "@" not in authority and swapped and not _is_port(authority.partition(":")[2]):
        user, password = swapped["user"], swapped["password"]  # a password with an unescaped slash
        authority, slash, path = swapped["rest"].partition("/")
        login: tuple[str | None, str | None] = (user or None, password)
    else:
        before, at, authority = authority.rpartition("@")
        login = _login(before) if at else (None, None)
    host, port = _host(authority)
    known = dict(query)
    host = host or next((known[key] for key in _HOSTS_OF_QUERY if known.get(key)), None)
    database = unquote(path) or known.get("databasename") or known.get("database") or None
    return DatabaseUrl(scheme, login[0] or known.get("user"), login[1] or known.get("password"), host, port,
                       database if slash or database else None, query, bool(match["jdbc"]))


def positions(text: str) -> dict[str, tuple[int, int]]:
    """Where in a plain URL its parts are: user, password, host, and database or file; nothing for another text."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return {}
    found = {name: match.span(name) for name in ("user", "password", "host", "database") if match[name]}
    if match["scheme"].lower().startswith(("sqlite", "duckdb")):
        return {"file": found["database"]} if "database" in found and not match["host"] else {}
    return found


def is_placeholder(text: str) -> bool:
    """A URL that stands there to be replaced: `driver://user:pass@localhost/dbname`, `…@host:port/…`, `…@<host>/…`."""
    scheme = text.strip().strip("'\"").partition("://")[0].lower()
    if scheme.split("+")[0] in _PLACEHOLDER_SCHEMES:
        return True
    url = parse_url(text)
    return url is not None and ((url.host or "").lower() in _PLACEHOLDER_HOSTS
                                or (url.port or "").strip("{}[]<>$").lower() in ("port", "db_port")
                                or any(part and _BLANK.fullmatch(part.lower())
                                       for part in (url.user, url.password, url.host, url.database)))


def in_memory(text: str) -> bool:
    """An SQLite database that lives in memory: `sqlite://`, `sqlite:///:memory:`, `:memory:`, `file:x?mode=memory` …"""
    text = text.strip().strip("'\"")
    return bool(_BARE_MEMORY.fullmatch(text)) or bool(
        text.lower().startswith((":memory:", "file:", "sqlite")) and _MEMORY.search(text))


def _oracle_thin(text: str) -> DatabaseUrl:
    """`thin:@//host:port/service` or `thin:@host:port:sid`."""
    address = text.removeprefix("thin:@").removeprefix("//")
    host, _, rest = address.partition(":")
    port, _, database = rest.replace("/", ":", 1).partition(":")
    return DatabaseUrl("oracle", None, None, host or None, port or None, database or None, (), True)


def _parameters(rest: str, jdbc: bool) -> tuple[str, tuple[tuple[str, str], ...]]:
    """SQL Server's `//host;key=value;key=value` → what is before them, and they."""
    if not jdbc or ";" not in rest:
        return rest, ()
    rest, _, parameters = rest.partition(";")
    return rest, tuple(_pairs(parameters.replace(";", "&").lower()))


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(key, unquote(value)) for key, _, value in (pair.partition("=") for pair in query.split("&")) if key]


def _login(text: str) -> tuple[str | None, str | None]:
    user, colon, password = text.partition(":")
    return unquote(user) or None, unquote(password) if colon else None


def _host(authority: str) -> tuple[str | None, str | None]:
    if "," in authority:  # a replica set
        return authority, None
    if authority.startswith("["):
        host, _, port = authority[1:].partition("]")
        return host or None, port.lstrip(":") or None
    host, _, port = authority.partition(":")
    return host or None, port or None


def _is_port(text: str) -> bool:
    return bool(re.fullmatch(rf"\d+|{HOLE}|", text))
