"""Migrations that fixes bring, run by the real Alembic: the scaffold of an environment, and the way back."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gravity_lint.config import Config
from gravity_lint.mending import Mending, Wish, mending, write
from gravity_lint.rulebook import load_rules
from gravity_lint.run import Options
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

SERVICES = {"sync": SYNC, "async": ASYNC, "src layout": SOURCE_LAYOUT, "flat, two bases": FLAT, "SQLModel": SQLMODEL,
            "Flask-SQLAlchemy": FLASK}


class Alembic:
    """Runs the real one in a folder, several commands in one process."""

    PROGRAM = "import sys\nfrom alembic.config import main\nfor line in sys.argv[1:]: print('#', line, flush=True) or " \
              "main(line.split(' '))"

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
        alembic.environment[service.variable] = f"{service.driver}:///{database}"
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
