"""Migrations that fixes bring, run by the real Alembic: the scaffold of an environment, and the way back."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent, indent
from typing import NamedTuple

import psycopg
import pytest
import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations

from gravity_lint.config import Config
from gravity_lint.mending import Mending, Wish, mending, proposals, write
from gravity_lint.rulebook import load_rules
from gravity_lint.run import Options
from gravity_lint.violation import Block
from tests.servers import postgres
from tests.tree import files_of

RULES = load_rules()


def put(folder: Path, text: str) -> None:
    for name, body in files_of(text).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8")


def mended(folder: Path, *codes: str) -> Mending:
    """Fixes what these rules say of a folder, and writes it."""
    options = Options((folder,), Config(root=folder), tuple(rule for rule in RULES if rule.code in codes))
    found = mending(options, Wish(True, True))
    _, failed = write(found, options)
    assert not failed
    return found


# ---- GRV401: the scaffold


class Service(NamedTuple):
    """A service without migrations."""

    text: str
    tables: frozenset[str]
    variable: str = "DATABASE_URL"
    driver: str = "sqlite"
    postgres: str = ""
    """The driver for PostgreSQL, where it is to be run on that too."""


SYNC = Service('''
    --- app/__init__.py
    --- app/main.py
    from fastapi import FastAPI

    from app.models import order

    app = FastAPI()
    --- app/db.py
    import os

    from sqlalchemy import create_engine
    from sqlalchemy.orm import DeclarativeBase

    engine = create_engine(os.environ["ORDERS_DATABASE_URL"])


    class Base(DeclarativeBase):
        pass
    --- app/models/__init__.py
    --- app/models/order.py
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import Mapped, mapped_column

    from app.db import Base


    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        client: Mapped[int] = mapped_column(ForeignKey("clients.id"), index=True)
    --- app/models/client.py
    from sqlalchemy.orm import Mapped, mapped_column

    from app.db import Base


    class Client(Base):
        __tablename__ = "clients"
        id: Mapped[int] = mapped_column(primary_key=True)
        mail: Mapped[str] = mapped_column(unique=True)
''', frozenset({"orders", "clients"}), "ORDERS_DATABASE_URL", postgres="postgresql+psycopg")

ASYNC = Service('''
    --- app/main.py
    from fastapi import FastAPI

    from app import models

    app = FastAPI()
    --- app/settings.py
    class Settings:
        def __init__(self, url):
            self.database_url = url


    def load():
        import os

        return Settings(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"))


    settings = load()
    --- app/database.py
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.orm import declarative_base

    from .settings import settings

    engine = create_async_engine(settings.database_url, pool_pre_ping=True)
    Base = declarative_base()
    --- app/models.py
    from sqlalchemy import Column, Integer, String

    from .database import Base


    class Stop(Base):
        __tablename__ = "stops"
        id = Column(Integer, primary_key=True)
        name = Column(String(80), nullable=False)
''', frozenset({"stops"}), driver="sqlite+aiosqlite", postgres="postgresql+asyncpg")

SOURCE_LAYOUT = Service('''
    --- src/ferry/__init__.py
    --- src/ferry/main.py
    from fastapi import FastAPI

    from ferry.storage import tables

    app = FastAPI()
    --- src/ferry/storage/__init__.py
    import os

    from sqlalchemy import create_engine

    URL = "{}://{}/{}".format(os.environ["DB_SCHEME"], os.environ.get("DB_HOST", ""), os.environ["DB_NAME"])


    def connect():
        return create_engine(URL)
    --- src/ferry/storage/tables.py
    from sqlalchemy import Column, Integer, MetaData, Table

    metadata = MetaData()
    ports = Table("ports", metadata, Column("id", Integer, primary_key=True))
    ships = Table("ships", metadata, Column("id", Integer, primary_key=True))
    --- pyproject.toml
    [project]
    name = "ferry"
    version = "1"
    dependencies = ["fastapi", "sqlalchemy", "alembic"]
''', frozenset({"ports", "ships"}), "")

FLAT = Service('''
    --- main.py
    from fastapi import FastAPI

    import models

    app = FastAPI()
    --- database.py
    import os

    from sqlalchemy import create_engine
    from sqlalchemy.orm import declarative_base

    DATABASE_URL = os.getenv("DATABASE_URL")
    if not DATABASE_URL:
        raise ValueError("DATABASE_URL must be set")
    engine = create_engine(DATABASE_URL)
    Base = declarative_base()
    Other = declarative_base()
    --- models.py
    from sqlalchemy import Column, Integer

    from database import Base, Other


    class Parcel(Base):
        __tablename__ = "parcels"
        id = Column(Integer, primary_key=True)


    class Letter(Other):
        __tablename__ = "letters"
        id = Column(Integer, primary_key=True)
''', frozenset({"parcels", "letters"}))

SQLMODEL = Service('''
    --- app/main.py
    from fastapi import FastAPI

    from app.models import Berth

    app = FastAPI()
    --- app/db.py
    import os

    from sqlmodel import create_engine

    engine = create_engine(os.environ["DATABASE_URL"])
    --- app/models.py
    from typing import Optional

    from sqlmodel import Field, SQLModel


    class BerthBase(SQLModel):
        name: str


    class Berth(BerthBase, table=True):
        id: Optional[int] = Field(default=None, primary_key=True)
''', frozenset({"berth"}))

FLASK = Service('''
    --- shop/__init__.py
    import os

    from flask import Flask
    from flask_sqlalchemy import SQLAlchemy

    db = SQLAlchemy()


    def create_app():
        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SHOP_DATABASE_URI"]
        db.init_app(app)
        from shop import models
        return app
    --- shop/models.py
    from shop import db


    class LineItem(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        count = db.Column(db.Integer, nullable=False)
    --- wsgi.py
    from shop import create_app

    app = create_app()
''', frozenset({"line_item"}), "SHOP_DATABASE_URI")

FLASK_PARTS = Service('''
    --- app.py
    import os

    from flask import Flask
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    name = os.environ["DATABASE_PATH"]
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///" + name
    db = SQLAlchemy(app)


    class Note(db.Model):
        id = db.Column(db.Integer, primary_key=True)
''', frozenset({"note"}), "DATABASE_PATH", driver="")

SERVICES = {"sync": SYNC, "async": ASYNC, "src layout": SOURCE_LAYOUT, "flat, two bases": FLAT, "SQLModel": SQLMODEL,
            "Flask-SQLAlchemy": FLASK, "Flask-SQLAlchemy, a URL of parts": FLASK_PARTS}


class Alembic:
    """Runs the real one in a folder, several commands in one process."""

    PROGRAM = "import sys\nfrom alembic.config import main\nfor line in sys.argv[1:]: main(line.split(' '))"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("DB_")}

    def __call__(self, *lines: str, fails: bool = False) -> str:
        done = subprocess.run([sys.executable, "-c", self.PROGRAM, *lines], cwd=self.folder, env=self.environment,
                              capture_output=True, encoding="utf-8", timeout=60, check=False)
        told = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, told
        return told


@pytest.fixture
def alembic(tmp_path: Path) -> Alembic:
    return Alembic(tmp_path)


def tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        return {name for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_scaffold_is_run(service: Service, tmp_path: Path, alembic: Alembic) -> None:
    """Made by the fix; the first revision, the tables, and none of them any more."""
    put(tmp_path, service.text)
    found = mended(tmp_path, "GRV401")
    assert not found.report.violations
    database = tmp_path / "shop.db"
    if service.variable:
        assert service.variable in alembic("upgrade head", fails=True)
        alembic.environment[service.variable] = f"{service.driver}:///{database}" if service.driver else str(database)
    else:
        alembic.environment.update(DB_SCHEME="sqlite", DB_NAME=str(database))
    sql = alembic("revision --autogenerate -m initial", "upgrade head", "check", "upgrade head --sql")
    assert all(f"CREATE TABLE {name}" in sql for name in service.tables)
    assert tables(database) == {*service.tables, "alembic_version"}
    alembic("downgrade base")
    assert tables(database) == {"alembic_version"}
    again = mended(tmp_path, "GRV401")
    assert not again.files
    assert not again.report.violations


@pytest.fixture(scope="module")
def socket() -> Iterator[str]:
    with postgres() as folder:
        yield folder


@pytest.mark.parametrize("service", [each for each in SERVICES.values() if each.postgres],
                         ids=[name for name, each in SERVICES.items() if each.postgres])
def test_a_scaffold_is_run_on_postgresql(service: Service, tmp_path: Path, alembic: Alembic, socket: str) -> None:
    put(tmp_path, service.text)
    mended(tmp_path, "GRV401")
    name = service.variable.lower()
    with psycopg.connect(host=socket, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}_{service.postgres[-7:].strip('+')}".encode())
    name = f"{name}_{service.postgres[-7:].strip('+')}"
    alembic.environment[service.variable] = f"{service.postgres}://postgres@/{name}?host={socket}"
    alembic("revision --autogenerate -m initial", "upgrade head", "check")
    with psycopg.connect(host=socket, user="postgres", dbname=name) as connection:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert {row[0] for row in connection.execute(query)} == {*service.tables, "alembic_version"}
        alembic("downgrade base")
        assert [row[0] for row in connection.execute(query)] == ["alembic_version"]


def test_flask_migrate_makes_its_folder_itself(tmp_path: Path) -> None:
    put(tmp_path, FLASK.text + "    --- requirements.txt\n    Flask-Migrate\n")
    found = mended(tmp_path, "GRV401")
    assert not found.files
    violation, = found.report.violations
    assert violation.remedy is not None
    assert violation.remedy.applicability == "display"
    shown = proposals(found.report).proposed(violation)
    assert [each.text.splitlines()[0] for each in shown if isinstance(each, Block)] == ["flask db init"]


@pytest.mark.parametrize(("add", "why"), [
    ("    --- my-models/extra.py\n    from app.db import Base\n\n\n    class Extra(Base):\n"
     "        __tablename__ = 'extra'\n",
     "`my-models.extra` cannot be imported by that name"),
    ("    --- migrations/notes.sql\n    SELECT 1;\n    --- alembic/notes.sql\n    SELECT 1;\n",
     "the folders `migrations` and `alembic` are there already, and hold something else"),
])
def test_what_is_not_scaffolded(add: str, why: str, tmp_path: Path) -> None:
    put(tmp_path, SYNC.text + add)
    found = mended(tmp_path, "GRV401")
    assert [each.reason for each in found.refused] == [why]
    assert not found.files


def test_another_folder_is_taken_where_one_is_there(tmp_path: Path) -> None:
    put(tmp_path, SYNC.text + "    --- migrations/notes.sql\n    SELECT 1;\n")
    assert str(tmp_path / "alembic" / "env.py") in mended(tmp_path, "GRV401").files


# ---- GRV403: the way back


class Revision(NamedTuple):
    """What `upgrade()` does, to tables that are there, and the way back that is written."""

    upgrade: str
    downgrade: str


BEFORE = """
op.create_table("clients", sa.Column("id", sa.Integer, primary_key=True), sa.Column("mail", sa.String(80)),
                sa.Column("age", sa.Integer, nullable=False, server_default="1"))
op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("client", sa.Integer))
"""

BOTH = {
    "a table and its indexes": Revision("""
        op.create_table("ships",
            sa.Column("id", sa.Integer(), nullable=False),  # its number
            sa.Column("name", sa.String(length=80), nullable=True),
            sa.PrimaryKeyConstraint("id")
        )
        op.create_index(op.f("ix_ships_name"), "ships", ["name"], unique=True)
        """, """
        op.drop_index(op.f("ix_ships_name"), table_name="ships")
        op.drop_table("ships")
        """),
    "columns, one by keywords": Revision("""
        op.add_column("clients", sa.Column("note", sa.Text()))
        op.add_column(table_name="clients", column=sa.Column(name="rank", type_=sa.Integer()))
        """, """
        op.drop_column("clients", "rank")
        op.drop_column("clients", "note")
        """),
    "another name": Revision("""
        op.rename_table("clients", "customers")
        op.create_index("ix_mail", "customers", ["mail"])
        """, """
        op.drop_index("ix_mail", table_name="customers")
        op.rename_table("customers", "clients")
        """),
    "a batch": Revision("""
        with op.batch_alter_table("clients", schema=None) as batch_op:
            batch_op.add_column(sa.Column("port", sa.Integer(), nullable=True))
            batch_op.create_index(batch_op.f("ix_clients_port"), ["port"], unique=False)
            batch_op.create_unique_constraint("uq_clients_mail", ["mail"])
            batch_op.create_check_constraint("ck_age", "age > 0")
            batch_op.alter_column("mail", existing_type=sa.String(80), nullable=False)
        """, """
        with op.batch_alter_table("clients", schema=None) as batch_op:
            batch_op.alter_column("mail", existing_type=sa.String(80), nullable=True)
            batch_op.drop_constraint("ck_age", type_="check")
            batch_op.drop_constraint("uq_clients_mail", type_="unique")
            batch_op.drop_index(batch_op.f("ix_clients_port"))
            batch_op.drop_column("port")
        """),
    "a batch with a foreign key and other types": Revision("""
        with op.batch_alter_table("orders") as batch:
            batch.create_foreign_key("fk_client", "clients", ["client"], ["id"])
        with op.batch_alter_table("clients") as batch:
            batch.alter_column("age", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False,
                               existing_server_default="1", server_default="2")
            batch.alter_column("mail", new_column_name="email", existing_type=sa.String(80))
        """, """
        with op.batch_alter_table("clients") as batch:
            batch.alter_column("email", existing_type=sa.String(80), new_column_name="mail")
            batch.alter_column("age", existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=False, \
existing_server_default="2", server_default="1")
        with op.batch_alter_table("orders") as batch:
            batch.drop_constraint("fk_client", type_="foreignkey")
        """),
    "rows for a table that is new": Revision("""
        bind: sa.Connection = op.get_bind()
        ports = op.create_table("ports", sa.Column("name", sa.String(20), primary_key=True))
        op.bulk_insert(ports, [{"name": "Dover"}])
        """, """
        op.drop_table("ports")
        """),
}

POSTGRES = {
    "constraints outside of a batch": Revision("""
        op.create_unique_constraint("uq_mail", "clients", ["mail"])
        op.create_foreign_key("fk_client", "orders", "clients", ["client"], ["id"], ondelete="CASCADE")
        op.create_check_constraint("ck_age", "clients", "age > 0")
        op.alter_column("clients", "mail", existing_type=sa.String(80), nullable=False)
        op.alter_column("clients", "age", type_=sa.BigInteger(), existing_type=sa.Integer())
        """, """
        op.alter_column("clients", "age", type_=sa.Integer(), existing_type=sa.BigInteger())
        op.alter_column("clients", "mail", existing_type=sa.String(80), nullable=True)
        op.drop_constraint("ck_age", "clients", type_="check")
        op.drop_constraint("fk_client", "orders", type_="foreignkey")
        op.drop_constraint("uq_mail", "clients", type_="unique")
        """),
    "types that come with a table": Revision("""
        op.create_table("tickets", sa.Column("id", sa.Integer, primary_key=True),
                        sa.Column("state", sa.Enum("open", "closed", name="state")),
                        sa.Column("former", sa.Enum("open", "closed", name="state")))
        with op.get_context().autocommit_block():
            op.create_index("ix_state", "tickets", ["state"], postgresql_concurrently=True)
        """, """
        with op.get_context().autocommit_block():
            op.drop_index("ix_state", table_name="tickets", postgresql_concurrently=True)
        op.drop_table("tickets")
        sa.Enum(name="state").drop(op.get_bind(), checkfirst=True)
        """),
}


def revision(folder: Path, upgrade: str, downgrade: str = "    pass\n") -> Path:
    path = folder / "migrations" / "versions" / "0002_more.py"
    put(folder, "--- migrations/env.py\nfrom alembic import context\n--- main.py\nimport fastapi\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('"""More."""\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "0002"\n'
                    f'down_revision = "0001"\n\n\ndef upgrade():\n{indent(dedent(upgrade).strip(), "    ")}\n\n\n'
                    f"def downgrade():\n{downgrade}", "utf-8")
    return path


def body(path: Path) -> str:
    """What `downgrade()` does."""
    return dedent(path.read_text("utf-8").partition("def downgrade():\n")[2]).strip()


def runs_back(engine: sa.Engine, path: Path) -> None:
    """Up, down, and up again: each time the schema is what it was."""
    space: dict[str, Callable[[], None]] = {}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), space)

    def do(step: Callable[[], None]) -> list[object]:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            with context.begin_transaction(), Operations.context(context):
                step()
            connection.commit()
        return schema(engine)

    first = do(lambda: exec(BEFORE, {"op": op, "sa": sa}))
    up = do(space["upgrade"])
    assert up != first
    assert do(space["downgrade"]) == first
    assert do(space["upgrade"]) == up


def schema(engine: sa.Engine) -> list[object]:
    """What a database holds, to be compared."""
    inspector = sa.inspect(engine)
    return [(table, [{**column, "type": str(column["type"])} for column in inspector.get_columns(table)],
             inspector.get_pk_constraint(table)["constrained_columns"], inspector.get_foreign_keys(table),
             sorted(map(str, inspector.get_unique_constraints(table))), sorted(map(str, inspector.get_indexes(table))),
             inspector.get_check_constraints(table)) for table in sorted(inspector.get_table_names())]


@pytest.mark.parametrize("name", BOTH)
def test_a_way_back_is_run(name: str, tmp_path: Path) -> None:
    path = revision(tmp_path, BOTH[name].upgrade)
    found = mended(tmp_path, "GRV403")
    assert not found.report.violations, found.refused
    assert body(path) == dedent(BOTH[name].downgrade).strip()
    runs_back(sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}"), path)


@pytest.mark.parametrize("name", [*BOTH, *POSTGRES])
def test_a_way_back_is_run_on_postgresql(name: str, tmp_path: Path, socket: str) -> None:
    one = {**BOTH, **POSTGRES}[name]
    path = revision(tmp_path, one.upgrade)
    found = mended(tmp_path, "GRV403")
    assert not found.report.violations, found.refused
    assert body(path) == dedent(one.downgrade).strip()
    database = "way_" + re.sub(r"\W", "_", name)
    with psycopg.connect(host=socket, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}".encode())
    engine = sa.create_engine(f"postgresql+psycopg://postgres@/{database}?host={socket}")
    try:
        runs_back(engine, path)
    finally:
        engine.dispose()


REFUSED = {
    "op.execute('UPDATE clients SET age = 1')": "`op.execute` in `upgrade()` has no way back that the code could say",
    "op.drop_column('clients', 'mail')": "`op.drop_column` in `upgrade()` has no way back that the code could say",
    "op.drop_table('clients')": "`op.drop_table` in `upgrade()` has no way back that the code could say",
    "op.create_unique_constraint(None, 'clients', ['mail'])":
        "what `upgrade()` creates has no name by which it could be dropped",
    "op.alter_column('clients', 'mail', type_=sa.Text())":
        "what a column had before (`existing_type`) is not written there",
    "for name in ('a', 'b'):\n    op.add_column(name, sa.Column('x', sa.Integer()))":
        "`upgrade()` decides or repeats something; how to take that back is not known",
    "op.create_table('x', sa.Column('id', sa.Integer()), if_not_exists=True)":
        "whether `upgrade()` made it or found it is not known",
    "sa.Enum('a', name='x').create(op.get_bind())":
        "`sa.Enum('a', name='x').create(op.get_bi…` is no operation of Alembic whose way back is known",
    "op.add_column('clients', sa.Column('x', sa.Integer(), index=True))":
        "the index of the column that `upgrade()` adds has no name there",
    "op.add_column('clients', sa.Column('x', sa.Integer()))\nop.drop_index('ix', table_name='clients')":
        "`op.drop_index` in `upgrade()` has no way back that the code could say",
    "op.add_column('clients', *columns)":
        "`op.add_column('clients', *columns)` has arguments that are not written there",
}


@pytest.mark.parametrize("upgrade", REFUSED)
def test_a_way_that_is_not_known_is_not_written(upgrade: str, tmp_path: Path) -> None:
    path = revision(tmp_path, upgrade)
    found = mended(tmp_path, "GRV403")
    assert [each.reason for each in found.refused] == [REFUSED[upgrade]]
    assert body(path) == "pass"


@pytest.mark.parametrize(("before", "after"), [
    ("    # ### commands auto generated by Alembic - please adjust! ###\n    pass\n"
     "    # ### end Alembic commands ###\n",
     "    # ### commands auto generated by Alembic - please adjust! ###\n    op.drop_column('clients', 'x')\n"
     "    # ### end Alembic commands ###\n"),
    ('    """Back."""\n    ...  # nothing yet\n',
     '    """Back."""\n    # nothing yet\n    op.drop_column(\'clients\', \'x\')\n'),
    ("    raise NotImplementedError\n", "    op.drop_column('clients', 'x')\n"),
])
def test_what_stands_around_stays(before: str, after: str, tmp_path: Path) -> None:
    path = revision(tmp_path, "op.add_column('clients', sa.Column('x', sa.Integer()))", before)
    text = path.read_text("utf-8")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    mended(tmp_path, "GRV403")
    assert path.read_bytes() == text.replace(before, after).replace("\n", "\r\n").encode()
