"""What start-up reaches: single cases, beside those of the product in `matrix`."""

from __future__ import annotations

import pytest
from tree import STARTUP, holds

from gravity_lint.link import contexts, reach

CASES = {
    "a test creates tables itself": """
        --- app.py
        from fastapi import FastAPI
        app = FastAPI()
        --- tests/conftest.py
        from sqlalchemy import MetaData, create_engine
        metadata = MetaData()
        metadata.create_all(create_engine("sqlite://"))
        """,
    "a Dockerfile says what is started": """
        --- Dockerfile
        FROM python
        CMD ["python", "-m", "worker.consume"]
        --- worker/consume.py
        from sqlalchemy import MetaData
        from worker.db import engine
        MetaData().create_all(engine)  #= GRV301
        --- worker/db.py
        import os
        from sqlalchemy import create_engine
        engine = create_engine(os.environ["DATABASE_URL"])
        """,
    "two ways to one place are one finding": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        metadata = MetaData()
        def init(engine):
            metadata.create_all(engine)  #= GRV301
        app = FastAPI()
        init(None)
        @app.on_event("startup")
        def start():
            init(None)
        """,
    "two functions of one name": """
        --- main.py
        from fastapi import FastAPI
        from a import init
        app = FastAPI()
        init()
        --- a.py
        from sqlalchemy import MetaData
        def init():
            MetaData().create_all(None)  #= GRV301
        --- b.py
        from sqlalchemy import MetaData
        def init():
            MetaData().create_all(None)  #= GRV302
        """,
    "modules that import each other": """
        --- main.py
        from fastapi import FastAPI
        import a
        app = FastAPI()
        --- a.py
        from sqlalchemy import MetaData
        import b
        def init():
            MetaData().create_all(None)  #= GRV301
        --- b.py
        import a
        def run():
            a.init()
        run()
        """,
    "functions that call each other": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        app = FastAPI()
        def even(n):
            return odd(n - 1)
        def odd(n):
            MetaData().create_all(None)  #= GRV301
            return even(n - 1)
        even(3)
        """,
    "a call of something else with the name": """
        --- main.py
        from fastapi import FastAPI
        from library import init as other
        from sqlalchemy import MetaData
        app = FastAPI()
        def init():
            MetaData().create_all(None)  #= GRV302
        other()
        """,
    "migrations at the start": """
        --- main.py
        from alembic import command
        from alembic.config import Config
        from fastapi import FastAPI
        app = FastAPI()
        @app.on_event("startup")
        def migrate():
            command.upgrade(Config("alembic.ini"), "head")  #= GRV303
        """,
    "migrations by a process": """
        --- main.py
        import subprocess
        from fastapi import FastAPI
        subprocess.run(["alembic", "upgrade", "head"], check=True)  #= GRV303
        app = FastAPI()
        """,
    "migrations by a command": """
        --- main.py
        import click
        from alembic import command
        from fastapi import FastAPI
        app = FastAPI()
        @click.command()
        def migrate():
            command.upgrade(None, "head")
        """,
    "django": """
        --- shop/settings.py
        INSTALLED_APPS = ["orders"]
        --- orders/apps.py
        from django.apps import AppConfig
        from django.core.management import call_command
        class OrdersConfig(AppConfig):
            def ready(self):
                call_command("migrate")  #= GRV303
        """,
    "gunicorn": """
        --- app.py
        from flask import Flask
        app = Flask(__name__)
        --- gunicorn.conf.py
        from tables import metadata
        def on_starting(server):
            metadata.create_all(None)  #= GRV301
        --- tables.py
        from sqlalchemy import MetaData
        metadata = MetaData()
        """,
    "arq": """
        --- worker.py
        from sqlalchemy import MetaData
        metadata = MetaData()
        async def start(ctx):
            metadata.create_all(None)  #= GRV301
        class WorkerSettings:
            on_startup = start
        """,
    "celery": """
        --- worker.py
        from celery import Celery
        from celery.signals import worker_init
        from sqlalchemy import MetaData
        app = Celery("shop")
        metadata = MetaData()
        @worker_init.connect
        def start(**_):
            metadata.create_all(None)  #= GRV301
        """,
    "a generator of the lifespan": """
        --- main.py
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        metadata = MetaData()
        @asynccontextmanager
        async def database():
            metadata.create_all(None)  #= GRV301
            yield
        @asynccontextmanager
        async def lifespan(app):
            async with database():
                yield
        app = FastAPI(lifespan=lifespan)
        """,
    "a lambda": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        metadata = MetaData()
        app = FastAPI(on_startup=[lambda: metadata.create_all(None)])  #= GRV301
        """,
    "a table of functions": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        def tables():
            MetaData().create_all(None)  #= GRV301
        STEPS = [tables]
        for step in STEPS:
            step()
        app = FastAPI()
        """,
    "a class method": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        class Database:
            @classmethod
            def connect(cls):
                cls._tables()
            @staticmethod
            def _tables():
                MetaData().create_all(None)  #= GRV301
        app = FastAPI()
        app.add_event_handler("startup", Database.connect)
        """,
    "a method handed over": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        class Database:
            def start(self):
                MetaData().create_all(None)  #= GRV301
        database = Database()
        app = FastAPI(on_startup=[database.start])
        """,
    "an object of an object": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        class Database:
            def start(self):
                MetaData().create_all(None)  #= GRV301
        class Container:
            def __init__(self):
                self.database = Database()
        container = Container()
        app = FastAPI()
        @app.on_event("startup")
        async def start():
            container.database.start()
        """,
    "an object handed to a function": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        class Database:
            def start(self):
                MetaData().create_all(None)  #= GRV301
        def boot(database):
            database.start()
        app = FastAPI()
        boot(Database())
        """,
    "an annotated parameter": """
        --- main.py
        from fastapi import FastAPI
        from sqlalchemy import MetaData
        class Database:
            def start(self):
                MetaData().create_all(None)  #= GRV301
        def boot(database: Database):
            database.start()
        app = FastAPI()
        app.add_event_handler("startup", boot)
        """,
}


@pytest.mark.parametrize("case", CASES)
def test_reach(case: str) -> None:
    holds(CASES[case], *STARTUP)


CHAIN = """
    --- main.py
    from fastapi import FastAPI
    from sqlalchemy import MetaData
    app = FastAPI()
    class Settings:
        class Inner:
            pass
    def first():
        second()
        MetaData().create_all(None)  #= GRV301
    def second():
        third()
    def third():
        MetaData().create_all(None)  #= GRV30{}
    first()
    """


@pytest.mark.parametrize(("far", "last"), [(3, 1), (2, 2)])
def test_how_far_it_is_followed(far: int, last: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "FAR", far)
    holds(CHAIN.format(last), *STARTUP)


OBJECTS = """
    --- main.py
    from fastapi import FastAPI
    from sqlalchemy import MetaData
    class Step:
        def __init__(self):
            self.act()
        def act(self):
            raise NotImplementedError
    class Nothing(Step):
        def act(self):
            pass
    class Tables(Step):
        def act(self):
            MetaData().create_all(None)  #= GRV30{}
    app = FastAPI()
    step = Tables()
    """


@pytest.mark.parametrize(("most", "code"), [(2_000, 1), (0, 2)])
def test_of_how_many_functions_the_runs_are_told_apart(most: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "MAX_OPEN", most)
    holds(OBJECTS.format(code), *STARTUP)
