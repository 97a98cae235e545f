"""URLs whose driver does not fit the engine: the table against SQLAlchemy, and what the rule's page leaves out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from gravity_lint import knowledge
from gravity_lint.facts.compose import compose_variables
from gravity_lint.facts.dotenv import parse_dotenv
from gravity_lint.facts.yamlfile import parse_yaml
from gravity_lint.link.schemes import fault
from gravity_lint.source import Source
from tests.tree import discovered, holds, told

DIALECTS = knowledge.schemes().dialects
DRIVERS = [
    (row.dialect, driver, mode)
    for row in DIALECTS
    for mode in ("synchronous", "asynchronous", "both")
    for driver in getattr(row, mode)
]

# ---- the table


@pytest.mark.parametrize(("dialect", "driver", "mode"), DRIVERS)
def test_a_driver_works_where_sqlalchemy_says(dialect: str, driver: str, mode: str) -> None:
    modes = _modes(f"{dialect}+{driver}")
    assert modes == ({"synchronous", "asynchronous"} if mode == "both" else {mode})


@pytest.mark.parametrize("row", DIALECTS, ids=lambda row: row.dialect)
def test_a_dialect_alone_works_where_sqlalchemy_says(row: knowledge.Dialect) -> None:
    if row.plain == "unknown":
        return
    if row.plain == "refused":
        with pytest.raises(sqlalchemy.exc.NoSuchModuleError):
            sqlalchemy.engine.make_url(f"{row.dialect}://").get_dialect()
        return
    modes = _modes(row.dialect)
    assert modes == {row.plain} or (row.unless and modes == _modes(f"{row.dialect}+{row.unless}"))


@pytest.mark.parametrize("row", DIALECTS, ids=lambda row: row.dialect)
def test_every_suggestion_fits(row: knowledge.Dialect) -> None:
    for mode, scheme in row.instead.items():
        assert mode in _modes(scheme)
        taker = "sqlalchemy" if mode == "synchronous" else "sqlalchemy-async"
        assert fault(f"{scheme}://", taker, ()) is None


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite", "oracle", "mssql"])
def test_no_driver_of_sqlalchemy_is_forgotten(dialect: str) -> None:
    package = importlib.import_module(f"sqlalchemy.dialects.{dialect}")
    known = {driver for name, driver, _ in DRIVERS if name == dialect}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name in ("base", "provision") or module.name.startswith("_"):
            continue
        made = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), "dialect", None)
        if made is not None:
            assert module.name in known


def _modes(scheme: str) -> set[str]:
    """The engines in which SQLAlchemy itself opens a scheme."""
    url = sqlalchemy.engine.make_url(f"{scheme}://")
    try:
        dialect = url.get_dialect()
    except (sqlalchemy.exc.NoSuchModuleError, ImportError):
        pytest.skip("not in this version of SQLAlchemy")
    both = {dialect.is_async, dialect.get_async_dialect_cls(url).is_async}
    return {"asynchronous" if each else "synchronous" for each in both}


def test_every_taker_is_known() -> None:
    rows = [row.takes for row in (*knowledge.drivers().values(), *knowledge.settings())]
    assert {takes for takes in rows if takes} == set(knowledge.schemes().taker)


@pytest.mark.parametrize(("url", "takes", "expected"), [
    ("postgresql://db/app", "sqlalchemy-async", "postgresql+asyncpg"),
    ("postgresql+psycopg2://db/app", "sqlalchemy-async", "postgresql+asyncpg"),
    ("PostgreSQL+PG8000://db/app", "sqlalchemy-async", "postgresql+asyncpg"),
    ("postgres://db/app", "sqlalchemy-async", "postgresql+asyncpg"),
    ("sqlite://", "sqlalchemy-async", "sqlite+aiosqlite"),
    ("mysql+pymysql://db/app", "sqlalchemy-async", "mysql+aiomysql"),
    ("mssql+pyodbc://db/app", "sqlalchemy-async", "mssql+aioodbc"),
    ("oracle+cx_oracle://db/app", "sqlalchemy-async", "oracle+oracledb"),
    ("postgresql+asyncpg://db/app", "sqlalchemy", "postgresql+psycopg2"),
    ("postgresql+psycopg_async://db/app", "sqlalchemy", "postgresql+psycopg2"),
    ("sqlite+aiosqlite:///a.db", "sqlalchemy", "sqlite"),
    ("mysql+asyncmy://db/app", "sqlalchemy", "mysql+pymysql"),
    ("db+postgresql+asyncpg://db/app", "celery", "db+postgresql+psycopg2"),
    ("postgresql+asyncpg://db/app", "libpq", "postgresql"),
    ("mysql+aiomysql://db/app", "tortoise", "mysql"),
    ("postgresql+psycopg2://db/app", "peewee", "postgresql"),
])
def test_what_does_not_fit(url: str, takes: str, expected: str) -> None:
    found = fault(url, takes, ())
    assert found is not None
    assert found.instead == expected


@pytest.mark.parametrize(("url", "takes"), [
    ("postgresql+asyncpg://db/app", "sqlalchemy-async"),
    ("postgresql+psycopg://db/app", "sqlalchemy-async"),
    ("postgresql+psycopg://db/app", "sqlalchemy"),
    ("oracle+oracledb://db/app", "sqlalchemy-async"),
    ("oracle://db/app", "sqlalchemy-async"),  # a matter of the version
    ("postgres://db/app", "sqlalchemy"),  # SQLAlchemy before 1.4 takes it
    ("postgresql+asyncpg://db/app?async_fallback=True", "sqlalchemy"),
    ("cockroachdb://db/app", "sqlalchemy-async"),  # of a package that the table does not know
    ("postgresql+mydriver://db/app", "sqlalchemy-async"),
    ("postgresql://db/app", "libpq"),
    ("postgresql+mydriver://db/app", "libpq"),
    ("postgresql+pool://db/app", "peewee"),
    ("redis://cache/0", "celery"),
    ("host=db dbname=app", "libpq"),
    ("", "sqlalchemy"),
])
def test_what_fits_or_is_not_known(url: str, takes: str) -> None:
    assert fault(url, takes, ()) is None


def test_a_package_may_change_what_the_dialect_means() -> None:
    assert fault("postgresql://db/app", "sqlalchemy-async", {"psycopg"}) is None
    assert fault("postgresql+psycopg2://db/app", "sqlalchemy-async", {"psycopg"}) is not None


# ---- files

ENV = """
# COMMENTED=postgresql://a/b
export PLAIN = postgresql://db/app
QUOTED="postgresql://db/a # b"   # a comment
SINGLE='x'
HASH=a#b
EMPTY=
 INDENTED=1
not a line
LAST=${PLAIN}"""


def test_an_environment_file() -> None:
    source = Source(".env.example", ENV.encode())
    found = parse_dotenv(source)
    assert [(each.name, each.value) for each in found] == [
        ("PLAIN", "postgresql://db/app"), ("QUOTED", "postgresql://db/a # b"), ("SINGLE", "x"), ("HASH", "a#b"),
        ("EMPTY", ""), ("INDENTED", "1"), ("LAST", "${PLAIN}")]
    assert source.place(found[0].span)[1:] == (3, 16, 3, 35)


@pytest.mark.parametrize("text", ["A=1\r\nB=2\r\n", "A=1\nB='2'", "A=1\n\nB = 2   \n", "\n\nA=1\nB=2 # three"])
def test_lines_of_an_environment_file(text: str) -> None:
    assert [(each.name, each.value) for each in parse_dotenv(Source("x", text.encode()))] == [("A", "1"), ("B", "2")]


def test_an_environment_file_of_anything() -> None:
    for text in ("", "=", "=x", "A", "A=\"", "A='x", "\0", "A=1" * 10_000, "\"" * 10_000, "A=" + "\\\"" * 10_000):
        parse_dotenv(Source("x", text.encode()))


def test_the_variables_of_a_compose_file() -> None:
    text = "services:\n  a:\n    environment:\n      A: b=c\n      N:\n" \
           "  b:\n    environment: [B=c=d, INHERITED]\nx: {y: {z: 1}}\n"
    found = compose_variables(parse_yaml(Source("compose.yml", text.encode())))
    assert [(each.service, each.name, each.text) for each in found] == [
        ("a", "A", "b=c"), ("a", "N", ""), ("b", "B", "c=d")]
    old = compose_variables(parse_yaml(Source("compose.yml", b"a:\n  build: .\n  environment:\n    A: b\n")))
    assert [(each.service, each.name, each.text) for each in old] == [("a", "A", "b")]


# ---- code

HEAD = """
import os
import re
from sqlalchemy import create_engine, engine_from_config, URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
"""


@pytest.mark.parametrize("code", [
    'create_async_engine("postgresql://db/app")  #= GRV107',
    'create_async_engine(url="sqlite://", **os.environ)  #= GRV107',
    'create_async_engine(f"postgresql://{os.environ[\'HOST\']}/app")  #= GRV107',
    'create_async_engine("postgresql://" + os.environ["HOST"])  #= GRV107',
    'create_async_engine("postgresql+%s://%s" % ("psycopg2", os.environ["HOST"]))  #= GRV107',
    'create_async_engine(URL.create("postgresql", host=os.environ["HOST"]))  #= GRV107',
    'create_async_engine(make_url("mysql://db/app"))  #= GRV107',
    'create_async_engine(os.getenv("DATABASE_URL", "postgresql://db/app"))  #= GRV107',
    'create_async_engine(os.getenv("DATABASE_URL") or "postgresql://db/app")  #= GRV107',
    'create_engine("postgresql+asyncpg://db/app")  #= GRV107',
    'create_engine({"a": "sqlite+aiosqlite:///a.db"}["a"])  #= GRV107',
    'engine_from_config({"sqlalchemy.url": "mysql+aiomysql://db/app"})  #= GRV107',
    'AsyncEngine(create_engine("postgresql://db/app"))  #= GRV107',
    'URL_ = "postgresql://db/app"  #= GRV107\nif URL_ is None:\n    raise SystemExit\n'
    'engine = create_async_engine(URL_)',
    'engine = None\ndef get():\n    global engine\n    if engine is None:\n        engine = create_async_engine('
    '"postgresql://db/app")  #= GRV107\n    return engine',
    # right for one engine, wrong for the other: the engine is named
    'URL_ = os.getenv("DATABASE_URL", "postgresql+asyncpg://db/app")\ndef a():\n    return create_async_engine(URL_)\n'
    'def b():\n    return create_engine(URL_)  #= GRV107',
])
def test_does_not_fit(code: str) -> None:
    holds(f"{HEAD}{code}\n", "GRV107")


@pytest.mark.parametrize("code", [
    'create_async_engine("postgresql+asyncpg://db/app")',
    'create_engine("postgresql://db/app")',
    'create_engine("postgresql+psycopg://db/app")',
    'AsyncEngine(create_engine("postgresql+asyncpg://db/app"))',
    'plain = create_engine("postgresql+asyncpg://db/app")\nengine = AsyncEngine(plain)',
    'create_engine("postgresql+asyncpg://", creator=connect)',
    'create_engine("postgresql+asyncpg://db/app?async_fallback=true")',
    'create_async_engine("postgresql://db/app".replace("postgresql://", "postgresql+asyncpg://"))',
    'url = "postgresql://db/app"\nurl = url.replace("postgresql:", "postgresql+asyncpg:")\ncreate_async_engine(url)',
    'url = "postgresql://db/app"\nif url.startswith("postgresql://"):\n'
    '    url = url.replace("postgresql:", "postgresql+asyncpg:")\ncreate_async_engine(url)',
    'url = os.getenv("A", "postgresql://db/app")\nif url.startswith("postgresql://"):\n'
    '    url = re.sub("^postgresql:", "postgresql+asyncpg:", url)\ncreate_async_engine(url)',
    'url = os.getenv("A", "postgresql://db/app")\nif url.startswith("postgresql://"):\n'
    '    url = "postgresql+asyncpg://" + url[13:]\ncreate_async_engine(url)',
    'create_async_engine(re.sub("^postgresql:", "postgresql+asyncpg:", "postgresql://db/app"))',
    'create_async_engine(make_url("postgresql://db/app").set(drivername="postgresql+asyncpg"))',
    'create_async_engine(URL.create(os.environ["DRIVER"], host="db"))',
    'create_async_engine(f"{os.getenv(\'DRIVER\', \'postgresql\')}://db/app")',
    'def make(url, is_async):\n    if is_async:\n        return create_async_engine(url)\n'
    '    return create_engine(url)\nmake("postgresql://db/app", False)\nmake("postgresql+asyncpg://db/app", True)',
    'def make(url):\n    if "asyncpg" in url:\n        return create_async_engine(url)\n    else:\n'
    '        return create_engine(url)\nmake("postgresql://db/app")\nmake("postgresql+asyncpg://db/app")',
    'url = "postgresql://db/app"\nasync_url = url.replace("postgresql", "postgresql+asyncpg")\n'
    'a = create_engine(url)\nb = create_async_engine(async_url)',
    'url = "postgresql://db/app"\nengine = create_async_engine(url) if USE_ASYNC else create_engine(url)',
    'base = f"postgresql+asyncpg://{HOST}"\nurl = f"{base.replace(\'+asyncpg\', \'\')}/app"\ncreate_engine(url)',
    'import psycopg\ncreate_async_engine("postgresql://db/app")',
])
def test_fits_or_is_not_known(code: str) -> None:
    holds(f"{HEAD}{code}\n", "GRV107")


@pytest.mark.parametrize(("code", "wrong"), [
    ('import asyncpg\nasync def a():\n    await asyncpg.connect("postgresql+asyncpg://db/app")', True),
    ('import asyncpg\nasync def a():\n    await asyncpg.connect("postgresql://db/app")', False),
    ('import psycopg2\npsycopg2.connect("postgresql+psycopg2://db/app")', True),
    ('from tortoise import Tortoise\nTortoise.init(db_url="postgresql+asyncpg://db/app")', True),
    ('from tortoise import Tortoise\nTortoise.init(db_url="asyncpg://db/app")', False),
    ('from databases import Database\nDatabase("postgresql+psycopg2://db/app")', False),
    ('from playhouse.db_url import connect\nconnect("postgresql+psycopg2://db/app")', True),
    ('from celery import Celery\nCelery("a", backend="db+postgresql+asyncpg://db/app")', True),
    ('from celery import Celery\nCelery("a", backend="db+postgresql://db/app")', False),
    ('import flask_sqlalchemy\napp.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+asyncpg://db/a"', True),
    ('class Config:\n    SQLALCHEMY_DATABASE_URI = "postgresql+asyncpg://db/a"', False),
    ('from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore\n'
     'SQLAlchemyJobStore("sqlite+aiosqlite:///a.db")', True),
    ('from advanced_alchemy.config import SQLAlchemyAsyncConfig\n'
     'SQLAlchemyAsyncConfig(connection_string="sqlite://")', True),
    ('from advanced_alchemy.config import SQLAlchemySyncConfig\n'
     'SQLAlchemySyncConfig(connection_string="sqlite://")', False),
])
def test_other_libraries(code: str, wrong: bool) -> None:
    lines = code.splitlines()
    holds("\n".join([*lines[:-1], lines[-1] + ("  #= GRV107" if wrong else "")]), "GRV107")


# ---- services

APP = {
    "requirements.txt": "fastapi\nsqlalchemy\n",
    "app/__init__.py": "",
    "app/main.py": "from fastapi import FastAPI\nfrom app.db import engine\napp = FastAPI()\n",
    "app/db.py": "import os\nfrom sqlalchemy.ext.asyncio import create_async_engine\n"
                 "engine = create_async_engine(os.environ['DATABASE_URL'])\n",
}


def found_in(root: Path, files: dict[str, str]) -> list[tuple[str, int]]:
    services = discovered(root, files)
    return sorted((each.path, each.line) for service in services
                  for each in told(service, "GRV107", root=root.as_posix()))


PLAIN = "DATABASE_URL=postgresql://db/app\n"


@pytest.mark.parametrize("name", [".env.example", ".env.sample", ".env.dev", "example.env"])
def test_an_example_of_the_environment(tmp_path: Path, name: str) -> None:
    assert found_in(tmp_path, {**APP, name: PLAIN}) == [(name, 1)]


@pytest.mark.parametrize("name", [".env", ".env.test", ".env.ci", "tests/.env.example"])
def test_what_is_no_example(tmp_path: Path, name: str) -> None:
    assert found_in(tmp_path, {**APP, name: PLAIN}) == []


COMPOSE = "services:\n  app:\n    build: {build}\n    environment:\n      DATABASE_URL: postgresql://db/app\n"


def in_a_repository(root: Path, files: dict[str, str]) -> dict[str, str]:
    (root / ".git").mkdir()
    return {"other/requirements.txt": "fastapi\n", "other/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            **{f"shop/{name}": text for name, text in files.items()}}


def test_a_compose_file_above_the_service(tmp_path: Path) -> None:
    files = in_a_repository(tmp_path, APP)
    assert found_in(tmp_path, {**files, "docker-compose.yml": COMPOSE.format(build="./shop")}) == [
        ("docker-compose.yml", 5)]


@pytest.mark.parametrize("build", ["./other", ".", "{context: ., dockerfile: other/Dockerfile}"])
def test_a_compose_file_of_another_service(tmp_path: Path, build: str) -> None:
    files = in_a_repository(tmp_path, APP)
    assert found_in(tmp_path, {**files, "docker-compose.yml": COMPOSE.format(build=build)}) == []


@pytest.mark.parametrize(("env_file", "expected"), [
    (".env", [(".env.example", 1)]),
    ("[.env]", [(".env.example", 1)]),
    ("[{path: ./.env, required: false}]", [(".env.example", 1)]),
    ("settings.env", [("settings.env", 1)]),
    ("none.env", []),
    (".env\n    environment: {DATABASE_URL: 'postgresql+asyncpg://db/app'}", []),
])
def test_an_environment_file_that_compose_reads(tmp_path: Path, env_file: str, expected: list[tuple[str, int]]) -> None:
    files = in_a_repository(tmp_path, APP)
    text = f"services:\n  app:\n    build: shop\n    env_file: {env_file}\n"
    found = found_in(tmp_path, {**files, "docker-compose.yml": text, ".env.example": PLAIN, "settings.env": PLAIN,
                                ".env": PLAIN})
    assert found == expected


def test_nothing_is_read_outside(tmp_path: Path) -> None:
    (tmp_path / "outside.env").write_text(PLAIN)
    root = tmp_path / "repository"
    root.mkdir()
    (root / "link.env").symlink_to(tmp_path / "outside.env")
    files = in_a_repository(root, APP)
    for path in ("../outside.env", (tmp_path / "outside.env").as_posix(), "link.env"):
        text = f"services:\n  app:\n    build: shop\n    env_file: {path}\n"
        assert found_in(root, {**files, "docker-compose.yml": text}) == []


def test_a_compose_file_that_is_a_test(tmp_path: Path) -> None:
    assert found_in(tmp_path, {**APP, "docker-compose.test.yml": COMPOSE.format(build=".")}) == []


def test_a_driver_that_is_declared_above(tmp_path: Path) -> None:
    files = in_a_repository(tmp_path, {**APP, ".env.example": PLAIN})
    assert found_in(tmp_path, {**files, "uv.lock": "name = \"psycopg2\"\n"}) == [("shop/.env.example", 1)]
    assert found_in(tmp_path, {**files, "uv.lock": "name = \"psycopg\"\n"}) == []


ENV_PY = """
from alembic import context
from sqlalchemy import engine_from_config, pool
from app.db import URL
config = context.config
{given}

def run_migrations_online():
    connectable = engine_from_config(config.get_section(config.config_ini_section), prefix="sqlalchemy.")
"""
INI = "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql+asyncpg://db/app\n"


def alembic(given: str, ini: str = INI, url: str = "'postgresql+asyncpg://db/app'") -> Iterator[tuple[str, str]]:
    yield from APP.items()
    yield "app/db.py", f"import os\nfrom sqlalchemy.ext.asyncio import create_async_engine\nURL = {url}\n" \
                       "engine = create_async_engine(URL)\n"
    yield "alembic.ini", ini
    yield "migrations/env.py", ENV_PY.format(given=given)
    yield "migrations/script.py.mako", ""


@pytest.mark.parametrize(("given", "expected"), [
    ("", [("alembic.ini", 3)]),
    ("config.set_main_option('sqlalchemy.url', URL)", [("migrations/env.py", 9)]),
    ("config.set_main_option('sqlalchemy.url', URL.replace('%', '%%'))", [("migrations/env.py", 9)]),
    ("config.set_main_option('sqlalchemy.url', URL.replace('+asyncpg', ''))", []),
    ("if os.environ.get('A'):\n    config.set_main_option('sqlalchemy.url', other())", []),
])
def test_alembic(tmp_path: Path, given: str, expected: list[tuple[str, int]]) -> None:
    assert found_in(tmp_path, dict(alembic(given))) == expected


def test_a_variable_that_only_alembic_cannot_open(tmp_path: Path) -> None:
    files = dict(alembic("config.set_main_option('sqlalchemy.url', URL)", url="os.environ['DATABASE_URL']"))
    example = {".env.example": "DATABASE_URL=postgresql+asyncpg://db/app\n"}
    assert found_in(tmp_path, {**files, **example}) == [("migrations/env.py", 9)]
