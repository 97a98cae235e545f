"""Documents that fixes write, and code for other places that they show."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from sqlalchemy import create_engine, inspect, text

from gravity_lint.config import Config
from gravity_lint.facts.sql import statements
from gravity_lint.mask import apply, secrets
from gravity_lint.mending import Mending, Wish, mending, proposals, write
from gravity_lint.report import full
from gravity_lint.report import json as as_json
from gravity_lint.rulebook import load_rules
from gravity_lint.run import Options, run
from gravity_lint.violation import Block
from tests.tree import files_of

RULES = load_rules()


def put(folder: Path, service: str) -> None:
    for name, body in files_of(service).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8")


def options(folder: Path, *codes: str) -> Options:
    return Options((folder,), Config(root=folder), tuple(rule for rule in RULES if rule.code in codes))


def mended(folder: Path, *codes: str) -> Mending:
    found = mending(options(folder, *codes), Wish(True, True))
    _, failed = write(found, options(folder, *codes))
    assert not failed
    return found


# ---- GRV501: DATABASE.md


ORDERS = """
    --- orders/main.py
    from fastapi import FastAPI

    from orders import models, store

    app = FastAPI()
    --- orders/config.py
    from pydantic_settings import BaseSettings


    class Settings(BaseSettings):
        database_url: str
        redis_host: str
        redis_port: int = 6379

        class Config:
            env_prefix = "ORDERS_"


    settings = Settings()
    --- orders/store.py
    import redis
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.orm import DeclarativeBase

    from orders.config import settings

    engine = create_async_engine(settings.database_url)
    cache = redis.Redis(host=settings.redis_host, port=settings.redis_port)


    class Base(DeclarativeBase):
        pass
    --- orders/models.py
    from sqlalchemy.orm import Mapped, mapped_column

    from orders.store import Base


    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)


    class Line(Base):
        __tablename__ = "order_lines"
        id: Mapped[int] = mapped_column(primary_key=True)
    --- requirements.txt
    asyncpg
    fastapi
    redis
    sqlalchemy
    --- docker-compose.yml
    # EXAMPLE: not for production
    services:
      db:
        image: postgres:16-alpine
    --- pyproject.toml
    [project]
    name = "orders"
    --- alembic.ini
    [alembic]
    script_location = migrations
    --- migrations/env.py
    from alembic import context
    --- migrations/script.py.mako
    --- migrations/versions/0001_first.py
    revision = "0001"
    down_revision = None


    def upgrade():
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")


    def downgrade():
        op.execute("DROP EXTENSION pg_trgm")
"""

ORDERS_URL = "postgresql+asyncpg://<user>:<password>@<host>:5432/orders"
ORDERS_DOCUMENT = f"""\
# Database Setup

What `orders` needs of a database. The deployment brings it, sets the variables and takes the
steps below before it starts the service.

## Requirements

- **PostgreSQL**, opened with SQLAlchemy (asynchronous engine), asyncpg in `orders/store.py`
  - Version: TODO: the oldest one that is supported; the compose file here runs `postgres:16-alpine`
  - Extensions: `pg_trgm`
  - Permissions: `SELECT`, `INSERT`, `UPDATE`, `DELETE` on its tables; the migrations need `CREATE`, `ALTER`, `DROP` too
- **Redis**, opened with redis in `orders/store.py`
  - Version: TODO: the oldest one that is supported
  - Permissions: to read and to write keys

### Variables

| variable | what it is | read in |
|---|---|---|
| `ORDERS_DATABASE_URL` | URL of PostgreSQL, such as `{ORDERS_URL}` | `orders/config.py` |
| `ORDERS_REDIS_HOST` | host of Redis | `orders/config.py` |
| `ORDERS_REDIS_PORT` | port of Redis | `orders/config.py` |

## Setup Steps

1. Create a database and a user in PostgreSQL; the names are yours:

   ```sql
   CREATE USER orders WITH PASSWORD '<password>';
   CREATE DATABASE orders OWNER orders;
   ```

2. Bring Redis that only the service can reach.
3. Set `ORDERS_DATABASE_URL`, `ORDERS_REDIS_HOST` and `ORDERS_REDIS_PORT` in the service's environment.
4. Run the migrations, in the service's folder: `alembic upgrade head`.

## Schema Overview

- Tables: 2

| table | model | declared in |
|---|---|---|
| `orders` | `Order` | `orders/models.py` |
| `order_lines` | `Line` | `orders/models.py` |

- Cache: TODO: which keys it holds, and what happens when they are lost
- Estimated size: TODO
- Growth rate: TODO
"""


def test_the_document_of_a_service(tmp_path: Path) -> None:
    put(tmp_path, ORDERS)
    found = mended(tmp_path, "GRV501")
    assert [each.code for each in found.report.fixed] == ["GRV501"]
    assert not found.report.violations
    assert (tmp_path / "DATABASE.md").read_text("utf-8") == ORDERS_DOCUMENT
    assert not mended(tmp_path, "GRV501").files


def test_it_is_markdown(tmp_path: Path) -> None:
    """Every list, table and fence is one, and the sections are those that the architecture demands."""
    tokens = MarkdownIt().enable("table").parse(ORDERS_DOCUMENT)
    kinds = [token.type for token in tokens]
    assert kinds.count("table_open") == 2
    assert kinds.count("fence") == 1
    assert [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"] == [
        "Database Setup", "Requirements", "Variables", "Setup Steps", "Schema Overview"]
    assert "".join(token.content for token in tokens if token.type == "inline").count("TODO") == 5


def test_it_is_for_a_person_to_look_at(tmp_path: Path) -> None:
    put(tmp_path, ORDERS)
    assert not mending(options(tmp_path, "GRV501"), Wish(True)).files
    report = proposals(run(options(tmp_path, "GRV501")))
    violation, = report.violations
    assert violation.remedy is not None
    assert (violation.remedy.applicability, "TODO" in violation.remedy.caution) == ("unsafe", True)
    fix = as_json.document(report)["violations"][0]["fix"]
    assert fix["refused"] is None  # what stands for a password is none
    assert [edit["text"] for edit in fix["edits"]] == [ORDERS_DOCUMENT]


def lines(tmp_path: Path, service: str) -> list[str]:
    put(tmp_path, service)
    mended(tmp_path, "GRV501")
    return (tmp_path / "DATABASE.md").read_text("utf-8").splitlines()


SAID = {
    "Flask with MySQL": ("""
        --- app.py
        import os

        from flask import Flask
        from flask_sqlalchemy import SQLAlchemy

        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SHOP_URI"]
        db = SQLAlchemy(app)


        class LineItem(db.Model):
            id = db.Column(db.Integer, primary_key=True)


        with app.app_context():
            db.create_all()
        --- requirements.txt
        Flask-SQLAlchemy
        PyMySQL
        """, [
        "- **MySQL**, opened with Flask-SQLAlchemy, pymysql in `app.py`",
        "| `SHOP_URI` | URL of MySQL, such as `mysql+pymysql://<user>:<password>@<host>:3306/shop` | `app.py` |",
        "3. Nothing to run: the service makes its tables itself when it starts, in `app.py`.",
        "| `line_item` | `LineItem` | `app.py` |",
    ]),
    "Flask-Migrate": ("""
        --- app.py
        import os

        from flask import Flask
        from flask_migrate import Migrate
        from flask_sqlalchemy import SQLAlchemy

        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SHOP_URI"]
        db = SQLAlchemy(app)
        Migrate(app, db)


        class Item(db.Model):
            id = db.Column(db.Integer, primary_key=True)
        --- migrations/env.py
        from alembic import context
        from flask import current_app
        --- migrations/versions/0001.py
        revision = "0001"
        """, [
        "- **An SQL database**, opened with Flask-SQLAlchemy in `app.py`",
        "  - TODO: which product; the code does not say",
        "3. Run the migrations, in the service's folder: `flask db upgrade`.",
    ]),
    "Django": ("""
        --- manage.py
        from django.core.management import execute_from_command_line

        execute_from_command_line()
        --- shop/settings.py
        import os

        INSTALLED_APPS = ["shop"]
        DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["DB_NAME"],
                                 "HOST": os.environ["DB_HOST"], "USER": os.environ["DB_USER"],
                                 "PASSWORD": os.environ["DB_PASSWORD"]}}
        --- shop/models.py
        from django.db import models


        class Item(models.Model):
            name = models.TextField()


        class Other(models.Model):
            class Meta:
                db_table = "others"
        --- requirements.txt
        django
        psycopg2
        """, [
        "| `DB_NAME` | name of the database | `shop/settings.py` |",
        "| `DB_HOST` | host of PostgreSQL | `shop/settings.py` |",
        "3. Run the migrations, in the service's folder: `python manage.py migrate`.",
        "| named by Django | `Item` | `shop/models.py` |",
        "| `others` | `Other` | `shop/models.py` |",
    ]),
    "a document store": ("""
        --- main.py
        import os

        from fastapi import FastAPI
        from mongoengine import Document, EmbeddedDocument, connect

        app = FastAPI()
        connect(host=os.environ["MONGO_URL"])


        class Page(Document):
            meta = {"collection": "pages"}


        class Line(EmbeddedDocument):
            pass
        """, [
        "- **MongoDB**, opened with MongoEngine in `main.py`",
        "  - Permissions: `readWrite` on its database",
        "| `MONGO_URL` | URL of MongoDB, such as `mongodb://<user>:<password>@<host>:27017/shop` | `main.py` |",
        "3. No migrations for the document store: collections come with their first document.",
        "- Collections: 1",
    ]),
    "a cache": ("""
        --- main.py
        import os

        import redis
        from fastapi import FastAPI

        app = FastAPI()
        cache = redis.Redis.from_url(os.environ["CACHE_URL"])
        """, [
        "| `CACHE_URL` | URL of Redis, such as `redis://<host>:6379/0` | `main.py` |",
        "1. Bring Redis that only the service can reach.",
        "- Cache: TODO: which keys it holds, and what happens when they are lost",
    ]),
    "what is written in the code, and SQL of its own": ("""
        --- main.py
        import sqlite3

        from fastapi import FastAPI

        app = FastAPI()
        connection = sqlite3.connect("shop.db")
        --- schema.sql
        CREATE TABLE items (id INTEGER PRIMARY KEY);
        """, [
        "TODO: how the service is told where SQLite is; it is written in `main.py` and must become a variable",
        "2. TODO: build the tables; they stand in `schema.sql`, and no migrations build them.",
        "| `items` |  | `schema.sql` |",
    ]),
    "scripts and tests are not the service": ("""
        --- main.py
        import os

        from fastapi import FastAPI
        from sqlalchemy import create_engine

        app = FastAPI()
        engine = create_engine(os.environ["DATABASE_URL"])
        --- scripts/measure.py
        import os

        import pymysql

        pymysql.connect(host=os.environ["MEASURED_HOST"])
        --- tests/test_main.py
        import os

        import psycopg2

        psycopg2.connect(os.environ["TEST_DATABASE_URL"])
        --- .env.example
        DATABASE_URL=postgresql+psycopg://user:password@host/shop
        """, [
        "- **PostgreSQL**, opened with SQLAlchemy, psycopg in `main.py`",
        "2. Set `DATABASE_URL` in the service's environment.",
        "- Tables: TODO: list them; the code declares none",
    ]),
    "settings beside those of the address, and a host in the code": ("""
        --- main.py
        import os

        from fastapi import FastAPI
        from pymongo import MongoClient

        app = FastAPI()
        size = int(os.getenv("MONGO_POOL_SIZE", "10"))
        port = int(os.environ["MONGO_PORT"])
        level = os.getenv("LEVEL")
        client = MongoClient(f"mongodb://{os.environ['MONGO_USER']}:{os.environ['MONGO_PASSWORD']}@mongo:{port}")
        """, [
        "| `MONGO_USER` | user of MongoDB | `main.py` |",
        "| `MONGO_POOL_SIZE` | setting of MongoDB | `main.py` |",
        "| `MONGO_PORT` | port of MongoDB | `main.py` |",
        "TODO: how the service is told where MongoDB is; it is written in `main.py` and must become a variable",
        "2. Set `MONGO_USER`, `MONGO_PASSWORD`, `MONGO_POOL_SIZE` and `MONGO_PORT` in the service's environment.",
    ]),
    "names that the code computes": ("""
        --- app.py
        from fastapi import FastAPI
        from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

        app = FastAPI()


        class Base(DeclarativeBase):
            @declared_attr.directive
            def __tablename__(cls) -> str:
                return cls.__name__.lower() + "s"


        class Order(Base):
            id: Mapped[int] = mapped_column(primary_key=True)


        class Line(Base):
            id: Mapped[int] = mapped_column(primary_key=True)

            @declared_attr.directive
            def __tablename__(cls) -> str:
                return f"{cls.__name__.lower()}_of_order"


        class Other(Base):
            id: Mapped[int] = mapped_column(primary_key=True)

            @declared_attr.directive
            def __tablename__(cls) -> str:
                return named(cls)
        """, [
        "- Tables: 3",
        "| `orders` | `Order` | `app.py` |",
        "| `line_of_order` | `Line` | `app.py` |",
        "| named by the code | `Other` | `app.py` |",
    ]),
    "names that SQL keeps for itself": ("""
        --- main.py
        import os

        import asyncpg
        from fastapi import FastAPI

        app = FastAPI()


        async def connect():
            return await asyncpg.connect(user=os.environ["PGUSER"], database=os.environ["PGDATABASE"],
                                         host=os.environ["PGHOST"], port=os.environ["PGPORT"])
        --- pyproject.toml
        [project]
        name = "order"
        """, [
        "   CREATE DATABASE order_service OWNER order_service;",
        "2. Set `PGHOST`, `PGUSER`, `PGDATABASE` and `PGPORT` in the service's environment.",
    ]),
}


@pytest.mark.parametrize("name", SAID)
def test_what_a_document_says(name: str, tmp_path: Path) -> None:
    service, wanted = SAID[name]
    folder = tmp_path / "shop"
    folder.mkdir()
    found = lines(folder, service)
    assert [line for line in wanted if line not in found] == [], "\n".join(found)


def test_the_names_are_those_of_the_models(tmp_path: Path) -> None:
    """The tables that the document names are those that the models build."""
    put(tmp_path, ORDERS)
    mended(tmp_path, "GRV501")
    text_ = (tmp_path / "DATABASE.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(\w+)` \| `\w+` \| `orders/models.py` \|$", text_, re.MULTILINE))
    space: dict[str, object] = {}
    base = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n"
    models = (tmp_path / "orders" / "models.py").read_text("utf-8").replace("from orders.store import Base\n", base)
    exec(compile(models, "models.py", "exec", flags=0, dont_inherit=True), space)
    engine = create_engine("sqlite://")
    space["Base"].metadata.create_all(engine)  # type: ignore[attr-defined]
    assert told == set(inspect(engine).get_table_names())


def test_what_tells_of_other_changes_waits_for_them(tmp_path: Path) -> None:
    """Migrations that are scaffolded in the same run stand in the document."""
    put(tmp_path, ORDERS)
    for path in sorted((tmp_path / "migrations").rglob("*.*")):
        path.unlink()
    (tmp_path / "alembic.ini").unlink()
    found = mended(tmp_path, "GRV401", "GRV501")
    assert not found.report.violations
    assert "   TODO: there is no revision yet; make the first with `alembic revision --autogenerate -m initial`." \
        in (tmp_path / "DATABASE.md").read_text("utf-8").splitlines()


# ---- code for other places


def blocks(folder: Path, service: str, code: str) -> list[Block]:
    """What is shown for the first violation of a rule."""
    put(folder, service)
    report = proposals(run(options(folder, code)))
    violation = report.violations[0]
    assert violation.remedy is not None
    assert violation.remedy.applicability == "display"
    shown = report.proposed(violation)
    assert not isinstance(shown, str), shown
    assert not mending(options(folder, code), Wish(True, True)).files
    found = [each for each in shown if isinstance(each, Block)]
    for block in found:
        if block.language == "yaml":
            yaml.safe_load(block.text)
        elif block.language == "py":
            ast.parse(block.text)
        assert apply(block.text, secrets(block.text, False)) == block.text
    told = as_json.document(report)["violations"][0]["fix"]
    assert told["blocks"] == [each._asdict() for each in found]
    screen = "\n".join(full.lines(report, False, 200))
    assert all(f"{each.where}:" in screen and each.text.splitlines()[0] in screen for each in found)
    json.dumps(told)
    return found


ENGINE = """
    --- app/main.py
    import os

    import psycopg2
    from fastapi import FastAPI

    app = FastAPI()
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
"""


def code_of(line: str) -> str:
    return f"{ENGINE}\n    connection.cursor().execute({line})\n"


def test_a_database_is_created_by_the_deployment(tmp_path: Path) -> None:
    statement, container = blocks(tmp_path, code_of('"CREATE DATABASE shop ENCODING \'utf8\'"'), "GRV201")
    assert statement.text == "CREATE USER shop WITH PASSWORD '<password>';\nCREATE DATABASE shop OWNER shop;"
    assert [each.kind for each in statements(statement.text)] == ["create-user", "create-database"]
    assert yaml.safe_load(container.text)["services"]["db"]["environment"]["POSTGRES_DB"] == "shop"


def test_a_database_is_dropped_by_the_deployment(tmp_path: Path) -> None:
    block, = blocks(tmp_path, code_of('"DROP DATABASE IF EXISTS shop"'), "GRV201")
    assert block.text == "DROP DATABASE shop;"


def test_users_are_the_deployment_s(tmp_path: Path) -> None:
    """As the code has it, without its password."""
    block, = blocks(tmp_path, code_of('"CREATE USER shop WITH PASSWORD \'hunter2\'"'), "GRV202")
    assert block.text == "CREATE USER shop WITH PASSWORD '<password>';"
    assert block.language == "sql"


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    block, = blocks(tmp_path, code_of('f"GRANT SELECT ON orders TO {name}"'), "GRV202")
    assert block.text == "GRANT SELECT ON orders TO …;"
    assert block.where == "The deployment, as an administrator of the database; `…` is what the code fills in"


def test_backups_are_the_deployment_s(tmp_path: Path) -> None:
    service = ENGINE + "\n    import subprocess\n\n    subprocess.run(['pg_dump', '-Fc', 'shop'], check=True)\n"
    block, = blocks(tmp_path, service, "GRV203")
    job = yaml.safe_load(block.text)
    assert job["kind"] == "CronJob"
    container, = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"][2].startswith('pg_dump -Fc "$DATABASE_URL"')


def test_vacuuming_is_left_to_the_database(tmp_path: Path) -> None:
    block, = blocks(tmp_path, code_of('"VACUUM ANALYZE orders"'), "GRV203")
    assert "autovacuum" in block.text


def test_a_script_belongs_elsewhere(tmp_path: Path) -> None:
    service = ENGINE + "    --- sql/create.sql\n    CREATE DATABASE shop;\n"
    block, = blocks(tmp_path, service, "GRV204")
    assert block.text == "mkdir -p examples && git mv sql/create.sql examples/create.sql"
    (tmp_path / "examples").mkdir()
    (tmp_path / "sql" / "create.sql").rename(tmp_path / "examples" / "create.sql")
    assert not run(options(tmp_path, "GRV204")).violations


MIGRATING = """
    --- shop/main.py
    import os

    from alembic import command
    from alembic.config import Config
    from fastapi import FastAPI
    from sqlalchemy import create_engine

    engine = create_engine(os.environ["SHOP_URL"])
    app = FastAPI()


    @app.on_event("startup")
    def migrate():
        command.upgrade(Config("alembic.ini"), "head")
    --- shop/alembic.ini
    [alembic]
    script_location = migrations
    --- shop/migrations/env.py
    from alembic import context
    --- shop/Dockerfile
    FROM python:3.12
    CMD ["uvicorn", "main:app"]
    --- docker-compose.yml
    services:
      web:
        build: ./shop
    --- .git/HEAD
"""


def test_migrations_are_a_step_of_the_deployment(tmp_path: Path) -> None:
    compose, pod = blocks(tmp_path, MIGRATING, "GRV303")
    services = yaml.safe_load(compose.text)["services"]
    assert compose.where == "In docker-compose.yml"
    assert services["web-migrations"] == {"build": "./shop", "command": "alembic upgrade head",
                                          "environment": {"SHOP_URL": "${SHOP_URL:?must be set}"}}
    assert services["web"] == {"depends_on": {"web-migrations": {"condition": "service_completed_successfully"}}}
    container, = yaml.safe_load(pod.text)["initContainers"]
    assert container["command"] == ["alembic", "upgrade", "head"]
    assert container["env"][0]["name"] == "SHOP_URL"


DDL = {
    "CREATE TABLE orders (id int)": "DROP TABLE orders",
    "CREATE TABLE IF NOT EXISTS shop.orders (id int)": "DROP TABLE shop.orders",
    "CREATE UNIQUE INDEX ix ON orders (id)": "DROP INDEX ix",
    "ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT ''": "ALTER TABLE orders DROP COLUMN note",
    "ALTER TABLE orders RENAME TO old_orders": "ALTER TABLE old_orders RENAME TO orders",
    "ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0)": "",
    "ALTER TABLE orders ADD a int, ADD b int": "",
    "DROP TABLE orders": "",
}


@pytest.mark.parametrize("statement", DDL)
def test_tables_are_changed_by_a_revision(statement: str, tmp_path: Path) -> None:
    block, = blocks(tmp_path, code_of(f'"""{statement}"""'), "GRV304")
    sent: list[str] = []
    space = {"op": type("Operations", (), {"execute": staticmethod(sent.append)})}
    exec(block.text, space)
    space["upgrade"]()  # type: ignore[operator]
    space["downgrade"]()  # type: ignore[operator]
    assert sent == [each for each in (statement, DDL[statement]) if each]
    assert ("TODO" in block.text) == (not DDL[statement])


FORMS = {
    """'
            CREATE TABLE orders (
                id int
            );
        '""": ["CREATE TABLE orders (", "    id int", ")"],
    """'
        BEGIN
            EXECUTE IMMEDIATE ''CREATE TABLE orders (
                id int
            )'';
        END;
        '""": ["CREATE TABLE orders (", "    id int", ")"],
}


@pytest.mark.parametrize("written", FORMS)
def test_a_statement_keeps_its_form(written: str, tmp_path: Path) -> None:
    """Its lines stand to each other as they did; what it lies in is not a part of it."""
    text_ = written.replace("''", "'")
    block, = blocks(tmp_path, code_of(f'"""{text_[1:-1]}"""'), "GRV304")
    lines_ = block.text.splitlines()
    assert lines_[2:lines_.index('    """)')] == [f"        {line}" for line in FORMS[written]]


def test_the_way_back_of_a_statement_is_run(tmp_path: Path) -> None:
    """On a real database: what was there before is there again."""
    with create_engine("sqlite://").connect() as connection:
        def schema() -> list[str]:
            query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
            return [row[0] for row in connection.execute(text(query))]

        connection.execute(text("CREATE TABLE orders (id int, name text)"))
        for statement in ("CREATE TABLE other (id int)", "CREATE INDEX ix ON orders (id)",
                          "ALTER TABLE orders ADD COLUMN note text"):
            before = schema()
            block, = blocks(tmp_path, code_of(f'"{statement}"'), "GRV304")
            space = {"op": type("Operations", (), {"execute": staticmethod(
                lambda sql: connection.execute(text(sql)))})}
            exec(block.text, space)
            space["upgrade"]()  # type: ignore[operator]
            assert schema() != before
            space["downgrade"]()  # type: ignore[operator]
            assert schema() == before


def test_django_has_its_own_revisions(tmp_path: Path) -> None:
    service = SAID["Django"][0] + """
        --- shop/setup.py
        from django.db import connection


        def prepare():
            with connection.cursor() as cursor:
                cursor.execute("CREATE INDEX ix_name ON items (name)")
    """
    block, = blocks(tmp_path, service, "GRV304")
    assert block.text == 'migrations.RunSQL("CREATE INDEX ix_name ON items (name)", "DROP INDEX ix_name")'


def test_env_py_takes_the_url_of_the_service(tmp_path: Path) -> None:
    service = ORDERS.replace("script_location = migrations",
                             "script_location = migrations\n    sqlalchemy.url = postgresql://localhost/orders")
    block, = blocks(tmp_path, service, "GRV402")
    assert block.where == "In `migrations/env.py`, behind `config = context.config`; then leave `sqlalchemy.url` empty"
    assert block.text == ("from orders.config import settings\n\n"
                          'config.set_main_option("sqlalchemy.url", str(settings.database_url).replace("%", "%%"))')
    violation, = run(options(tmp_path, "GRV402")).violations
    assert violation.remedy is not None
    assert violation.remedy.caution == "the service's URL is for an asynchronous engine, which env.py must make as well"
    env = tmp_path / "migrations" / "env.py"
    env.write_text(f"{env.read_text('utf-8')}config = context.config\n{block.text}\n", "utf-8")
    found = mended(tmp_path, "GRV402")
    assert [each.severity for each in found.report.fixed] == ["note"]
    assert not found.report.violations
