"""The tables of what the libraries' APIs are: strictly read, free of contradiction, and right where it matters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gravity_lint import knowledge
from gravity_lint.knowledge import Driver, KnowledgeError, Shape, classify, is_test, kind_of, reading, scheme_kind
from gravity_lint.knowledge.names import split, words
from gravity_lint.knowledge.reading import load
from tests.tree import holds

DOTTED = re.compile(r"[A-Za-z_]\w*(\.([A-Za-z_]\w*|\(\)))*")


@pytest.fixture
def table(tmp_path: Path):
    """Writes a table and reads it as drivers."""
    def read(text: str) -> tuple[Driver, ...]:
        path = tmp_path / "drivers.yaml"
        path.write_text(text)
        rows: tuple[Driver, ...] = load(path, tuple[Driver, ...])
        return rows
    return read


# ---- strictness


def test_a_row_is_read_into_positions_and_names(table) -> None:
    row, = table("- {driver: new, kind: sql, calls: [new.connect], arguments: {url: [0, 2, dsn]}}")
    assert row.arguments["url"] == ((0, 2), ("dsn",))
    assert row.models is None
    assert row.arguments.get("host") is None


ROW = "- {driver: new, kind: sql, calls: [a.b], "


@pytest.mark.parametrize(("text", "message"), [
    (ROW + "argument: {}}",
     r"drivers.yaml: row 1 \(new\): has no key argument; known"),
    (ROW + "arguments: {port: [0]}}", "must be one of url, host, .*not 'port'"),
    ("- {driver: new, kind: graph, calls: [a.b]}",
     r"row 1 \(new\): kind: must be one of sql, document, cache, not 'graph'"),
    ("- {driver: new, kind: sql}", "lacks calls"),
    ("- {driver: a, kind: sql, calls: []}\n- {driver: b, kind: sql, calls: c.d}",
     r"row 2 \(b\): calls: must be a list"),
    (ROW + "arguments: {url: 0}}", "url: must be a list of positions and names"),
    (ROW + "arguments: {url: [0.5]}}", "must be a list of positions and names"),
    (ROW + "keys: {HOST: hots}}", "keys: HOST: must be one of url, host, .*'hots'"),
    (ROW + "keys: {'?': [HOST]}}", "must be a mapping"),
    (ROW + "demands_scheme: 1}", "demands_scheme: must be bool, not 1"),
    ("- {driver: 1, kind: sql, calls: [a.b]}", "driver: must be str, not 1"),
    ("- driver", r"row 1: must be a mapping with driver, kind"),
    ("driver: new", "drivers.yaml: must be a list"),
    ("", "drivers.yaml: must be a list"),
    ("- {driver: new,\n  kind: ]", "drivers.yaml:2: "),
])
def test_what_does_not_fit_is_refused_with_its_place(table, text: str, message: str) -> None:
    with pytest.raises(KnowledgeError, match=message):
        table(text)


def test_one_callable_has_one_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = "- {driver: new, kind: sql, calls: [new.connect]}\n"
    (tmp_path / "drivers.yaml").write_text(row + row)
    monkeypatch.setattr(reading, "_HERE", tmp_path)
    with pytest.raises(KnowledgeError, match=r"new\.connect stands in two rows"):
        knowledge.drivers.__wrapped__()


def test_every_table_is_read_once() -> None:
    for read in (knowledge.drivers, knowledge.settings, knowledge.models, knowledge.values, knowledge.frameworks,
                 knowledge.operations, words):
        assert read() is read()


def test_every_index_is_free_of_doubles() -> None:
    values, frameworks = knowledge.values(), knowledge.frameworks()
    for index in (values.reader, values.option, values.pass_, values.builder, values.field, frameworks.app,
                  frameworks.runner, frameworks.invoker, knowledge.operations().process):
        assert all(DOTTED.fullmatch(call) for call in index), index


def test_every_callable_is_a_dotted_name() -> None:
    assert [call for call in knowledge.drivers() if not DOTTED.fullmatch(call)] == []


def test_orms_that_drivers_and_settings_name_are_known() -> None:
    known = {row.orm for row in knowledge.models()}
    named = {row.models for row in (*knowledge.drivers().values(), *knowledge.settings())} - {None}
    assert named <= known


def test_rules_of_matching_always_have_something_to_match() -> None:
    frameworks, operations = knowledge.frameworks(), knowledge.operations()
    for row in (*frameworks.startup_decorators, *frameworks.startup_calls, *frameworks.invokers, *operations.operations,
                *operations.executors):
        assert row.calls or row.attributes, row
    for row in (*frameworks.startup_decorators, *frameworks.startup_calls):
        assert bool(row.argument) == bool(row.values), row
    for operation in operations.operations:
        assert not operation.receiver or operation.attributes, operation
        assert not operation.attributes or operation.imports, operation


# ---- drivers

@pytest.mark.parametrize(("call", "kind", "role", "position", "name"), [
    ("sqlalchemy.create_engine", "sql", "url", 0, "url"),
    ("sqlalchemy.ext.asyncio.create_async_engine", "sql", "url", 0, "url"),
    ("sqlmodel.create_engine", "sql", "url", 0, "url"),
    ("databases.Database", "sql", "url", 0, "url"),
    ("psycopg2.connect", "sql", "url", 0, "dsn"),
    ("psycopg2.connect", "sql", "database", None, "dbname"),
    ("psycopg2.pool.SimpleConnectionPool", "sql", "url", 2, "dsn"),
    ("psycopg.connect", "sql", "url", 0, "conninfo"),
    ("psycopg.AsyncConnection.connect", "sql", "host", None, "host"),
    ("psycopg_pool.AsyncConnectionPool", "sql", "config", None, "kwargs"),
    ("asyncpg.connect", "sql", "url", 0, "dsn"),
    ("asyncpg.create_pool", "sql", "password", None, "password"),
    ("aiopg.create_pool", "sql", "url", 0, "dsn"),
    ("pymysql.connect", "sql", "host", 0, "host"),
    ("pymysql.connections.Connection", "sql", "password", 2, "passwd"),
    ("MySQLdb.connect", "sql", "database", 3, "db"),
    ("mysql.connector.connect", "sql", "host", None, "host"),
    ("mysql.connector.pooling.MySQLConnectionPool", "sql", "database", None, "database"),
    ("aiomysql.create_pool", "sql", "database", None, "db"),
    ("sqlite3.connect", "sql", "file", 0, "database"),
    ("aiosqlite.connect", "sql", "file", 0, "database"),
    ("pyodbc.connect", "sql", "url", 0, None),
    ("oracledb.create_pool", "sql", "url", 0, "dsn"),
    ("cx_Oracle.connect", "sql", "url", 2, "dsn"),
    ("pymssql.connect", "sql", "host", 0, "server"),
    ("tortoise.Tortoise.init", "sql", "url", 3, "db_url"),
    ("tortoise.contrib.fastapi.register_tortoise", "sql", "config", 1, "config"),
    ("peewee.PostgresqlDatabase", "sql", "database", 0, "database"),
    ("playhouse.db_url.connect", "sql", "url", 0, "url"),
    ("pony.orm.Database.bind", "sql", "host", None, "host"),
    ("pymongo.MongoClient", "document", "host", 0, "host"),
    ("motor.motor_asyncio.AsyncIOMotorClient", "document", "host", 0, "host"),
    ("beanie.init_beanie", "document", "url", 1, "connection_string"),
    ("mongoengine.connect", "document", "database", 0, "db"),
    ("mongoengine.register_connection", "document", "host", 3, "host"),
    ("flask_pymongo.PyMongo", "document", "url", 1, "uri"),
    ("redis.Redis", "cache", "host", 0, "host"),
    ("redis.asyncio.Redis", "cache", "password", 3, "password"),
    ("redis.StrictRedis", "cache", "host", 0, "host"),
    ("redis.from_url", "cache", "url", 0, "url"),
    ("redis.asyncio.Redis.from_url", "cache", "url", 0, "url"),
    ("redis.ConnectionPool.from_url", "cache", "url", 0, "url"),
    ("redis.ConnectionPool", "cache", "host", None, "host"),
    ("asyncio_redis.Connection.create", "cache", "host", 0, "host"),
    ("yoyo.get_backend", "sql", "url", 0, "uri"),
    ("celery.Celery", "cache", "url", 2, "backend"),
])
def test_where_a_driver_takes_what(call: str, kind: str, role: str, position: int | None, name: str | None) -> None:
    driver = knowledge.drivers()[call]
    slot = driver.arguments[role]  # type: ignore[index]
    assert driver.kind == kind
    assert position in slot.positions if position is not None else not slot.positions
    assert name is None or name in slot.names


def test_a_broker_is_no_database() -> None:
    celery = knowledge.drivers()["celery.Celery"]
    assert celery.demands_scheme
    assert "broker" not in {name for slot in celery.arguments.values() for name in slot.names}
    holds("""
        --- tasks.py
        from arq import create_pool
        from arq.connections import RedisSettings
        from flask import Flask
        from flask_rq2 import RQ
        from redis import Redis
        from rq import Queue
        app = Flask(__name__)
        app.config["RQ_REDIS_URL"] = "redis://queue.internal/0"
        rq = RQ(app)
        pool = create_pool(RedisSettings(host="queue.internal"))
        queue = Queue(connection=Redis(host="cache.internal"))  #= GRV101
        --- shop/settings.py
        INSTALLED_APPS = ["django_rq"]
        RQ_QUEUES = {"default": {"HOST": "queue.internal", "URL": "redis://queue.internal/0"}}
        """)


def test_a_search_engine_is_no_database() -> None:
    holds("""
        import os
        from elasticsearch import Elasticsearch
        from opensearchpy import OpenSearch
        ELASTICSEARCH_URL = os.getenv("ELASTICSEARCH_URL", "https://search.internal:9200")
        engines = [Elasticsearch(ELASTICSEARCH_URL), OpenSearch(hosts=["https://search.internal:9200"])]
        """)


def test_a_migrator_opens_the_database_that_it_migrates() -> None:
    holds("""
        import os
        from yoyo import get_backend, read_migrations
        from yoyo.connections import get_backend as other
        parts = {"host": "db.internal", "user": "ferry"}
        backend = get_backend("postgres://{user}@{host}/ferry".format(**parts))  #= GRV101
        backend = other(os.getenv("FERRY_DATABASE_URL", "sqlite:///ferry.db"))  #= GRV102
        backend = get_backend(os.environ["FERRY_DATABASE_URL"])
        """)


def test_a_shape_knows_any_key_the_value_itself_and_keys_within() -> None:
    shape = knowledge.drivers()["tortoise.Tortoise.init"].keys
    assert shape is not None
    connections = shape.at("connections")
    assert isinstance(connections, Shape)
    default = connections.at("default")
    assert isinstance(default, Shape)
    assert default.itself == "url"
    credentials = default.at("credentials")
    assert isinstance(credentials, Shape)
    assert credentials.at("host") == "host"
    assert credentials.at("port") is None


def setting(where: str, *keys: str) -> list[object]:
    """What the rows for this place say of a path of keys."""
    found = []
    for row in knowledge.settings():
        here: object = row.keys
        for key in keys:
            here = here.at(key) if isinstance(here, Shape) else None
        if row.where == where and here is not None:
            found.append(here)
    return found


@pytest.mark.parametrize(("where", "keys", "role"), [
    ("flask", ["SQLALCHEMY_DATABASE_URI"], "url"),
    ("flask", ["SQLALCHEMY_BINDS", "reports", "url"], "url"),
    ("flask", ["MONGO_URI"], "url"),
    ("flask", ["MONGODB_SETTINGS", "host"], "host"),
    ("flask", ["MYSQL_DB"], "database"),
    ("flask", ["MYSQL_DATABASE_USER"], "user"),
    ("flask", ["REDIS_URL"], "url"),
    ("celery", ["result_backend"], "url"),
    ("django", ["DATABASES", "default", "PASSWORD"], "password"),
    ("django", ["DATABASES", "replica", "NAME"], "database"),
    ("django", ["CACHES", "default", "LOCATION"], "url"),
])
def test_which_setting_holds_what(where: str, keys: list[str], role: str) -> None:
    assert role in setting(where, *keys)


@pytest.mark.parametrize("keys", [
    ["DATABASES", "default", "ENGINE"], ["DATABASES", "default", "PORT"], ["CELERY_BROKER_URL"],
])
def test_which_settings_hold_nothing(keys: list[str]) -> None:
    assert setting("django", *keys) == []


def test_a_cache_counts_only_with_a_backend_that_is_a_store() -> None:
    shapes = setting("django", "CACHES", "default")
    assert all(isinstance(shape, Shape) and shape.demands[0][0] == "BACKEND" for shape in shapes)


# ---- values, frameworks, operations


@pytest.mark.parametrize(("call", "missing", "default"), [
    ("os.getenv", "none", 1), ("os.environ.get", "none", 1), ("os.environ.pop", "raises", 1),
    ("decouple.config", "raises", 1), ("environs.Env.()", "raises", 1), ("environs.Env.str", "raises", 1),
    ("environ.Env.()", "raises", 2),
    ("starlette.config.Config.()", "raises", 2), ("dj_database_url.config", "none", 1),
])
def test_what_reads_the_environment(call: str, missing: str, default: int) -> None:
    reader = knowledge.values().reader[call]
    assert reader.missing == missing
    assert reader.default is not None
    assert reader.default.positions == (default,)


def test_the_settings_of_dynaconf() -> None:
    holds("""
        from dynaconf import Dynaconf, LazySettings, settings as of_flask
        from sqlalchemy import create_engine
        settings = Dynaconf(envvar_prefix="FERRY")
        create_engine(settings.get("DATABASE_URL", "postgresql://db.internal/ferry"))  #= GRV102
        create_engine(settings("DATABASE_URL", default="postgresql://db.internal/ferry"))  #= GRV102
        create_engine(of_flask.get("DATABASE_URL", "postgresql://db.internal/ferry"))  #= GRV102
        create_engine(LazySettings().get("DATABASE_URL"))  #= GRV104
        create_engine(settings["DATABASE_URL"])
        create_engine(settings.DATABASE_URL)
        create_engine(of_flask["DATABASE_URL"])
        """)


def test_copies_of_the_environment_and_files_beside_it() -> None:
    holds("""
        import os
        from dotenv import dotenv_values
        from sqlalchemy import create_engine
        environment = os.environ.copy()
        create_engine(environment.get("DATABASE_URL", "postgresql://db.internal/ferry"))  #= GRV102
        create_engine(environment["DATABASE_URL"])
        create_engine(dict(os.environ).get("DATABASE_URL", "postgresql://db.internal/ferry"))  #= GRV102
        create_engine(dotenv_values(".env").get("DATABASE_URL", "postgresql://db.internal/ferry"))  #= GRV102
        create_engine(dotenv_values(".env").get("DATABASE_URL"))  #= GRV104
        create_engine(dotenv_values(".env")["DATABASE_URL"])
        """)


def test_a_url_builder_puts_its_parts_in_order() -> None:
    builder = knowledge.values().builder["sqlalchemy.engine.URL.create"]
    assert {role: slot.positions for role, slot in builder.arguments.items()} == {
        "scheme": (0,), "user": (1,), "password": (2,), "host": (3,), "database": (5,)}


@pytest.mark.parametrize(("line", "operation"), [
    ("createdb shop", "create-database"),
    ("/usr/bin/dropdb --if-exists shop", "drop-database"),
    ("sudo -u postgres createuser shop", "create-user"),
    ("docker exec -it db createdb -U postgres shop", "create-database"),
    ("docker exec -e PGPASSWORD=x mysql mysqladmin create shop", "create-database"),
    ("docker compose -f compose.yml exec -T db pg_dump shop", "backup"),
    ("kubectl exec -it db-0 -n shop -- pg_restore shop.dump", "restore"),
    ("gosu postgres createdb shop", "create-database"),
    ("sudo apt-get install pg_dump", None),
    ("docker exec db which pg_dump", None),
    ("docker pull mysql", None),
    ("command -v createdb", None),
    ("python manage.py dbbackup", "backup"),
    ("vacuumdb --all", "vacuum"),
    ("redis-cli -h cache BGSAVE", "backup"),
    ("sudo createuser shop", "create-user"),
    ("alembic upgrade head", "run-migrations"),
    ("alembic -c conf/alembic.ini upgrade head", "run-migrations"),
    ("python -m alembic upgrade head", "run-migrations"),
    ("PGPASSWORD=x poetry run alembic upgrade head", "run-migrations"),
    ("flask db upgrade", "run-migrations"),
    ("python manage.py migrate --noinput", "run-migrations"),
    ("aerich upgrade", "run-migrations"),
    ("pg_dump -Fc shop", "backup"),
    ("alembic current", None),
    ("alembic revision -m upgrade-users", None),
    ("python manage.py runserver", None),
    ("echo createdb", None),
    ("", None),
])
def test_what_a_command_line_does(line: str, operation: str | None) -> None:
    assert knowledge.operations().of_command(line.split()) == operation


# ---- names

PARTS = {
    "url": """
        DATABASE_URL database_url databaseUrl DATABASEURL DB_URI APP_DB_URI PG_DSN mongoUri MONGODB_URI REDIS_URL
        CACHE_REDIS_URL SQLALCHEMY_DATABASE_URI DB_CONNECTION_STRING POSTGRES_CONN_STR MongoConnectionString
        DATABASE_URL_ASYNC DATABASE_TEST_URL DATABASE_URL_TEST USER_SERVICE_DATABASE_URL EMAIL_SERVICE_DATABASE_URL
        JAWSDB_URL READ_REPLICA_DB_URL
        """,
    "host": """
        DB_HOST DBHOST PGHOST MYSQLHOST POSTGRES_SERVER REDIS_HOST mongodb_host PostgreSQLHost DB_SERVER_NAME
        DB_HOST_NAME DB_HOSTNAME RDS_HOSTNAME db1_host REDIS_SENTINEL_HOST DATABASE_ADDRESS REDIS_ADDR AUTH_DB_HOST
        """,
    "user": """
        DB_USER PGUSER POSTGRES_USER MONGO_INITDB_ROOT_USERNAME MySQLUser DB_USER_NAME DB_USERNAME DATABASE_LOGIN
        """,
    "password": """
        DB_PASSWORD DB_PASS DBPASS PGPASSWORD REDIS_PASSWORD MYSQL_ROOT_PASSWORD MONGO_INITDB_ROOT_PASSWORD
        DB_USER_PASSWORD mysql_pwd
        """,
    "database": """
        DB_NAME DBNAME POSTGRES_DB POSTGRES_DB_NAME POSTGRES_DBNAME MYSQL_DATABASE PGDATABASE MONGO_DB
        MONGODB_DATABASE MONGO_INITDB_DATABASE TEST_DB_NAME DB_DATABASE
        """,
    "file": """
        DB_PATH SQLITE_PATH DATABASE_FILE SQLITE_FILE_PATH
        """,
}


@pytest.mark.parametrize(("name", "role"), [(name, role) for role, names in PARTS.items() for name in names.split()])
def test_names_of_parts(name: str, role: str) -> None:
    assert classify(name) == role


OTHERS = """
    DB DATABASE APP_DB HOST USER NAME URL PASSWORD DB_PORT REDIS_PORT DB_ECHO DB_ENGINE DATABASE_DIR DB_POOL_SIZE
    DB_POOL_NAME DB_TABLE_NAME DB_DRIVER_NAME DB_APP_NAME DB_SERVICE_NAME DB_CONN_MAX_AGE DB_CONNECT_TIMEOUT
    DB_SCHEMA MONGO_COLLECTION MONGO_COLLECTION_NAME REDIS_DB REDIS_DATABASE REDIS_NAME REDIS_KEY_PREFIX REDIS_TTL
    SQLALCHEMY_TRACK_MODIFICATIONS SQL_PATH SQL_FILE POSTGRES_PASSWORD_FILE DATABASE_URL_FILE DB_PASSWORD_HASH
    DB_URL_PATTERN DB_API_URL DATABASE_SERVICE_URL MONGO_EXPRESS_URL REDIS_COMMANDER_USER PGADMIN_DEFAULT_PASSWORD
    POSTGRES_EXPORTER_HOST SMTP_HOST SMTP_USER EMAIL_PASSWORD API_HOST API_URL EXCHANGE_API_HOST RABBITMQ_URL
    AMQP_URI KAFKA_URL BROKER_URL CELERY_BROKER_URL CELERY_BROKER_REDIS_URL CELERY_RESULT_BACKEND KEYCLOAK_DB
    KEYCLOAK_DB_URL QDRANT_HOST VECTOR_DB_URL NEO4J_DATABASE NEO4J_DB_HOST ELASTICSEARCH_URL GEOIP_DB_PATH
    MINIO_HOST SFTP_HOST JWT_SECRET SUPERUSER_PASSWORD SCHEMA_REGISTRY_URL RATE_LIMIT_STORAGE_URL DOCS_USERNAME
    PRODUCT_SERVICE_URL OTEL_EXPORTER_OTLP_ENDPOINT db_session get_db DatabaseError IMDB_URL
    """


@pytest.mark.parametrize("name", ["", *OTHERS.split()])
def test_names_of_other_things(name: str) -> None:
    assert classify(name) is None


@pytest.mark.parametrize(("name", "context", "role"), [
    ("host", "PostgresSettings", "host"),
    ("database", "PostgresSettings", "database"),
    ("database", "DatabaseSettings DB_", "database"),
    ("user", "DB_", "user"),
    ("name", "DatabaseConfig", "database"),
    ("db", "MongoConfig", "database"),
    ("url", "RedisSettings", "url"),
    ("dsn", "PGSettings", "url"),
    ("password", "MySQLSettings", "password"),
    ("path", "SQLiteSettings", "file"),
    ("DB_HOST", "Settings", "host"),
    ("name", "RedisSettings", None),
    ("db", "RedisSettings", None),
    ("port", "DBConfig", None),
    ("app_name", "DatabaseSettings", None),
    ("docs_password", "PostgresSettings", None),
    ("smtp_host", "DatabaseSettings", None),
    ("host", "Settings", None),
    ("host", "SmtpSettings", None),
    ("url", "RedisBrokerSettings", None),
    ("url", "", None),
])
def test_a_plain_name_gets_its_meaning_from_its_class_or_prefix(name: str, context: str, role: str | None) -> None:
    assert classify(name, context) == role


@pytest.mark.parametrize(("name", "expected"), [
    ("TEST_DATABASE_URL", True), ("DATABASE_URL_TEST", True), ("testDbUrl", True), ("TestSettings", True),
    ("DATABASE_URL", False), ("LATEST_DB_URL", False), ("CONTEST_DB_HOST", False),
])
def test_names_of_tests(name: str, expected: bool) -> None:
    assert is_test(name) is expected


@pytest.mark.parametrize(("name", "expected"), [
    ("MySQLSettings", ("mysql", "settings")), ("POSTGRES_DB", ("postgres", "db")), ("DBHOST", ("db", "host")),
    ("postgresql_db2_host", ("postgresql", "db", "host")), ("MONGODB__URI", ("mongodb", "uri")),
    ("ÜBER", ("ber",)), ("", ()),
    ("x" * 10_000, ("x" * 10_000,)),
])
def test_a_name_is_cut_into_words(name: str, expected: tuple[str, ...]) -> None:
    assert split(name) == expected


def test_what_kind_a_name_and_a_scheme_speak_of() -> None:
    assert kind_of("REDIS_URL") == "cache"
    assert kind_of("MONGO_DB") == "document"
    assert kind_of("SQLALCHEMY_DATABASE_URI") == "sql"
    assert kind_of("DB_URL") is None
    assert scheme_kind("postgresql+asyncpg://db/shop") == "sql"
    assert scheme_kind("mongodb+srv://cluster") == "document"
    assert scheme_kind("rediss://cache") == "cache"
    assert scheme_kind("sqlite:///x.db") == "sql"
    for other in ("amqp://queue", "http://users", "rpc://", "localhost", "kafka://q"):
        assert scheme_kind(other) is None
