"""Where databases are opened: every configuration key in every way to set it, and names that only look like drivers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tree import CONNECTION, ROOT, at, files_of, findings, holds, service_of

from gravity_lint import knowledge
from gravity_lint.knowledge import Shape
from gravity_lint.link.service import Service

VERDICTS = {
    "hardcoded": ('"LITERAL"', "GRV101"),
    "default": ('os.getenv("CONFIGURED", "LITERAL")', "GRV102"),
    "required": ('os.environ["CONFIGURED"]', ""),
    "unchecked": ('os.getenv("CONFIGURED")', "GRV104"),
}
URLS = {"sql": "postgresql://db.internal/shop", "document": "mongodb://db.internal/shop",
        "cache": "redis://db.internal/0"}


@dataclass(frozen=True)
class Key:
    """One key of a library's configuration, and how a target lies under it."""

    where: str
    name: str
    inner: tuple[tuple[str, str], ...]
    """Keys further down, each with entries that must stand beside it."""
    role: str
    kind: str
    imports: str
    optional: bool
    """Without a value the library does without a database, so that an absent one is no mistake."""

    @property
    def id(self) -> str:
        return "-".join([self.where, self.name, *(key for key, _ in self.inner)])

    def wrap(self, value: str) -> str:
        """The value with what stands around it."""
        for key, beside in reversed(self.inner):
            value = f'{{{beside}"{key}": {value}}}'
        return value


def _keys() -> Iterator[Key]:
    for row in knowledge.settings():
        for path, role in _leaves(row.keys):
            if role in ("url", "host", "file"):
                inner = tuple((key if key != "*" else "default", beside) for key, beside in path[1:])
                imports = (row.imports or ("os",))[0]
                yield Key(row.where, path[0][0], inner, role, row.kind, imports, row.demands_scheme)


def _leaves(shape: Shape) -> Iterator[tuple[tuple[tuple[str, str], ...], str]]:
    beside = "".join(f'"{key}": "some.{words[0]}.backend", ' for key, words in shape.demands)
    for key, role in shape.roles.items():
        yield ((key, beside),), role
    for key, inner in shape.inner.items():
        if inner.itself is not None:
            yield ((key, beside),), inner.itself
        for path, role in _leaves(inner):
            yield ((key, beside), *path), role


KEYS = tuple(dict.fromkeys(_keys()))
FLASK = {
    "item": """
        app.config["SETTING"] = VALUE  #< source sink
        """,
    "constant": """
        TARGET = VALUE0  #< source
        app.config["SETTING"] = WRAP(TARGET)  #< sink
        """,
    "update by names": """
        app.config.update(DEBUG=False, SETTING=VALUE)  #< source sink
        """,
    "update by a mapping": """
        app.config.update({"DEBUG": False, "SETTING": VALUE})  #< source sink
        """,
    "from_mapping": """
        app.config.from_mapping(
            DEBUG=False,
            SETTING=VALUE,  #< source
        )
        """,
    "class by object": """
        class Config:
            SETTING = VALUE  #< source sink
        app.config.from_object(Config)
        """,
    "class by name": """
        --- config.py
        import os
        class Config:
            SETTING = VALUE  #< source sink
        --- app.py
        from flask import Flask
        import IMPORT
        app = Flask(__name__)
        app.config.from_object("config.Config")
        """,
    "heir by name": """
        --- shop/config.py
        import os
        class Config:
            DEBUG = False
        class Production(Config):
            SETTING = VALUE  #< source sink
        --- shop/app.py
        from flask import Flask
        import IMPORT
        def create_app(name="Production"):
            app = Flask(__name__)
            app.config.from_object(f"shop.config.{name}")
            return app
        """,
    "module": """
        --- config.py
        import os
        SETTING = VALUE  #< source sink
        --- app.py
        from flask import Flask
        import IMPORT
        app = Flask(__name__)
        app.config.from_object("config")
        """,
    "settings of a factory": """
        def create_app():
            app = Flask(__name__)
            app.config["SETTING"] = VALUE  #< source sink
            return app
        """,
}
DJANGO = {
    "module": """
        --- shop/settings.py
        import os
        INSTALLED_APPS = []
        SETTING = VALUE  #< source
        """,
    "constant": """
        --- shop/settings.py
        import os
        INSTALLED_APPS = []
        TARGET = VALUE0  #< source
        SETTING = WRAP(TARGET)
        """,
    "split settings": """
        --- shop/settings/__init__.py
        --- shop/settings/base.py
        import os
        INSTALLED_APPS = []
        --- shop/settings/production.py
        import os
        from .base import *
        SETTING = VALUE  #< source
        """,
}
CELERY = {
    "attribute": """
        --- worker.py
        import os
        from celery import Celery
        app = Celery("shop")
        app.conf.SETTING = VALUE  #< source
        """,
    "update": """
        --- worker.py
        import os
        from celery import Celery
        app = Celery("shop")
        app.conf.update(task_serializer="json", SETTING=VALUE)  #< source
        """,
    "celeryconfig": """
        --- celeryconfig.py
        import os
        SETTING = VALUE  #< source
        --- worker.py
        from celery import Celery
        app = Celery("shop")
        app.config_from_object("celeryconfig")
        """,
}
WAYS = {"flask": FLASK, "django": DJANGO, "celery": CELERY}
HEAD = "import os\nfrom flask import Flask\nimport IMPORT\napp = Flask(__name__)\n"


def rendered(key: Key, way: str, expression: str) -> dict[str, str]:
    """The files of a way, for one key and value."""
    literal = {"url": URLS[key.kind], "host": "db.internal", "file": "/var/lib/shop.db"}[key.role]
    value = expression.replace("LITERAL", literal)
    lines = WAYS[key.where][way].splitlines()[1:]
    indent = len(lines[0]) - len(lines[0].lstrip())
    text = "\n".join(line[indent:] for line in lines) + "\n"
    text = text if text.startswith("---") else HEAD + text
    text = text.replace("SETTING", key.name).replace("IMPORT", key.imports).replace("VALUE0", value)
    return files_of(text.replace("WRAP(TARGET)", key.wrap("TARGET")).replace("VALUE", key.wrap(value)))


def cells() -> list[object]:
    """Every key in every way with every origin."""
    found = []
    for key in KEYS:
        for way in WAYS[key.where]:
            for verdict in VERDICTS:
                found.append(pytest.param(key, way, verdict, id=f"{key.id}-{way}-{verdict}"))
    return found


@pytest.mark.parametrize(("key", "way", "verdict"), cells())
def test_every_key(key: Key, way: str, verdict: str) -> None:
    expression, code = VERDICTS[verdict]
    files = rendered(key, way, expression)
    shown = "\n".join(f"--- {path}\n{text}" for path, text in files.items())
    found = list(findings(service_of(files), *CONNECTION))
    if code == "GRV104" and (key.role == "file" or key.optional):
        code = ""
    source = next((path, number) for path, text in files.items()
                  for number, line in enumerate(text.splitlines(), 1) if "#< source" in line)
    assert [at(code, finding.place) for code, finding in found] == ([(code, *source)] if code else []), shown
    for _, finding in found:
        first = finding.trail[0].place
        assert (first.path.removeprefix(f"{ROOT}/"), first.line) == source


# ---- what is a sink, and under which name


def names(text: str) -> list[str]:
    """The sinks of a little service."""
    return [sink.name for sink in service_of(text).sinks]


@pytest.mark.parametrize(("text", "found"), [
    ("from sqlalchemy import create_engine\ncreate_engine(url)\n", ["create_engine"]),
    ("import sqlalchemy\nsqlalchemy.create_engine(url)\n", ["sqlalchemy.create_engine"]),
    ("import sqlalchemy as sa\nsa.create_engine(url)\n", ["sa.create_engine"]),
    ("from sqlalchemy import create_engine as make\nmake(url)\n", ["make"]),
    ("def f():\n    from sqlalchemy import create_engine\n    create_engine(url)\n", ["create_engine"]),
    ("try:\n    import psycopg2 as pg\nexcept ImportError:\n    import psycopg2cffi as pg\npg.connect()\n",
     ["pg.connect"]),
    ("import redis.asyncio as redis\nredis.from_url(url)\n", ["redis.from_url"]),
    ("from redis import asyncio as aioredis\naioredis.Redis()\n", ["aioredis.Redis"]),
    ("import motor.motor_asyncio\nmotor.motor_asyncio.AsyncIOMotorClient(url)\n",
     ["motor.motor_asyncio.AsyncIOMotorClient"]),
    ("from psycopg_pool import AsyncConnectionPool\nasync with AsyncConnectionPool(url) as p:\n    pass\n",
     ["AsyncConnectionPool"]),
    ("from functools import partial\nimport psycopg2\nconnect = partial(psycopg2.connect, host=h)\nconnect()\n", None),
    ("from sqlalchemy import create_engine\nclass A:\n    engine = create_engine(url)\n", ["create_engine"]),
    ("from peewee import PostgresqlDatabase\ndb = PostgresqlDatabase(None)\ndb.init('x')\n",
     ["PostgresqlDatabase", "db.init"]),
    ("from pony.orm import Database\ndb = Database()\ndb.bind(provider='postgres')\n", ["Database", "db.bind"]),
    # what is none
    ("def create_engine(url):\n    return url\ncreate_engine('postgresql://a/b')\n", []),
    ("class MongoClient:\n    pass\nMongoClient('mongodb://a/b')\n", []),
    ("from mylib import create_engine\ncreate_engine('postgresql://a/b')\n", []),
    ("import socket\nsocket.connect('db')\n", []),
    ("import requests\nrequests.Session().connect('x')\n", []),
    ("connect('postgresql://a/b')\n", []),
    ("self.redis.Redis('x')\n", []),
    ("import redis\nredis.exceptions.ConnectionError('x')\n", []),
    ("from sqlalchemy import create_engine\n", []),
    ("from sqlalchemy import create_engine\nf = create_engine\n", []),
    ("import paho.mqtt.client as mqtt\nmqtt.Client().connect('broker')\n", []),
])
def test_what_is_a_sink(text: str, found: list[str] | None) -> None:
    if found is not None:
        assert sorted(names(text)) == sorted(found)


def test_a_module_of_the_service_hides_a_library_only_where_it_is_meant() -> None:
    files = """
        --- app/redis/__init__.py
        from redis import Redis
        client = Redis(host="cache.internal")  #= GRV101
        --- app/main.py
        from app.redis import client
        """
    holds(files)


def test_a_wrapper_of_the_same_name() -> None:
    files = """
        --- db/__init__.py
        --- db/engine.py
        import sqlalchemy
        def create_engine(url, **options):
            return sqlalchemy.create_engine(url, **options)
        --- app.py
        from db.engine import create_engine
        engine = create_engine("postgresql://db.internal/shop")  #= GRV101
        """
    holds(files)


@pytest.mark.parametrize(("text", "uses"), [
    ("from sqlalchemy import create_engine\ncreate_engine(url)\n", True),
    ("from sqlalchemy.orm import declarative_base as d\nBase = d()\nclass A(Base):\n    __tablename__ = 'a'\n", True),
    ("from sqlmodel import SQLModel\nclass A(SQLModel, table=True):\n    id: int\n", True),
    ("from sqlmodel import SQLModel\nclass A(SQLModel):\n    id: int\n", False),
    ("from sqlalchemy import Table, MetaData\nt = Table('a', MetaData())\n", True),
    ("from mongoengine import Document\nclass A(Document):\n    pass\n", True),
    ("from django.db import models\nclass A(models.Model):\n    pass\n", True),
    ("import sqlalchemy\n", False),
    ("from pydantic import BaseModel\nclass A(BaseModel):\n    id: int\n", False),
    ("", False),
])
def test_who_uses_a_database(text: str, uses: bool) -> None:
    service = service_of(text or "x = 1\n")
    assert service.uses_database is uses
    assert (service.database_place is not None) is uses


def test_tests_and_migrations_open_nothing() -> None:
    opens = 'from sqlalchemy import create_engine\nengine = create_engine("postgresql://a/b")\n'
    service: Service = service_of({"tests/conftest.py": opens, "alembic/versions/1.py": opens, "app.py": "x = 1\n"})
    assert service.sinks == ()
    assert not service.uses_database


def test_files_that_are_alike_are_each_told() -> None:
    text = """from sqlalchemy import create_engine
            engine = create_engine("postgresql://db.internal/shop")  #= GRV101
            later = lambda: create_engine("postgresql://db.internal/later")  #= GRV101
            """
    holds(f"""
            --- app/one.py
            {text}
            --- app/two.py
            {text}
            """)
