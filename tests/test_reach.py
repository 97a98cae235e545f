"""What start-up reaches: every way of a framework to run code at its start times every layout of a service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tree import STARTUP, Told, at, discovered, files_of, findings, holds, marked, service_of

DB = """
--- PKG/db.py
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase
import os
engine = create_engine(os.environ["DATABASE_URL"])
class Base(DeclarativeBase):
    pass
def init():
    Base.metadata.create_all(engine)  #= CODE
async def init_async():
    pass
"""
ASYNC_DB = """
--- PKG/db.py
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase
import os
engine = create_async_engine(os.environ["DATABASE_URL"])
class Base(DeclarativeBase):
    pass
async def init():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)  #= CODE
"""

STARTS = {
    "import": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        init()
        app = FastAPI()
        """),
    "import of a module that does it": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG import tables
        app = FastAPI()
        --- PKG/tables.py
        from PKG import db
        db.init()
        """),
    "on_event": (ASYNC_DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        @app.on_event("startup")
        async def start():
            await init()
        """),
    "on_event of a router": (ASYNC_DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.routes import router
        app = FastAPI()
        app.include_router(router)
        --- PKG/routes.py
        from fastapi import APIRouter
        from PKG.db import init
        router = APIRouter()
        router.on_event("startup")(init)
        """),
    "lifespan": (ASYNC_DB, """
        --- PKG/main.py
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from PKG.db import init
        @asynccontextmanager
        async def lifespan(app):
            await init()
            yield
        app = FastAPI(lifespan=lifespan)
        """),
    "lifespan of another module": (ASYNC_DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.life import lifespan as span
        app = FastAPI(title="shop", lifespan=span)
        --- PKG/life.py
        import contextlib
        from PKG import db
        @contextlib.asynccontextmanager
        async def lifespan(_):
            try:
                await db.init()
                yield
            finally:
                pass
        """),
    "lifespan as a class": (ASYNC_DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        class Lifespan:
            def __init__(self, app): ...
            async def __aenter__(self):
                await init()
            async def __aexit__(self, *_): ...
        app = FastAPI(lifespan=Lifespan)
        """),
    "lifespan set later": (ASYNC_DB, """
        --- PKG/main.py
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from PKG.db import init
        @asynccontextmanager
        async def lifespan(app):
            await init()
            yield
        app = FastAPI()
        app.router.lifespan_context = lifespan
        """),
    "add_event_handler": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG import db
        app = FastAPI()
        app.add_event_handler("startup", db.init)
        """),
    "add_event_handler with a factory": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.events import handler
        app = FastAPI()
        app.add_event_handler("startup", handler(app))
        --- PKG/events.py
        from PKG.db import init
        def handler(app):
            async def start():
                init()
            return start
        """),
    "list of handlers": (DB, """
        --- PKG/main.py
        from starlette.applications import Starlette
        from PKG.db import init
        STARTUP = [init]
        app = Starlette(on_startup=STARTUP)
        """),
    "appended handler": (ASYNC_DB, """
        --- PKG/main.py
        from aiohttp import web
        from PKG.db import init
        def make():
            app = web.Application()
            app.on_startup.append(init)
            return app
        web.run_app(make())
        """),
    "application factory": (DB, """
        --- PKG/main.py
        from flask import Flask
        from PKG.db import init
        def create_app():
            app = Flask(__name__)
            with app.app_context():
                init()
            return app
        """),
    "application factory with a helper of the same module": (DB, """
        --- PKG/main.py
        from flask import Flask
        from PKG import db
        def create_app(config=None):
            app = Flask(__name__)
            _extensions(app)
            return app
        def _extensions(app):
            db.init()
        """),
    "before_first_request": (DB, """
        --- PKG/main.py
        from flask import Flask
        from PKG.db import init
        app = Flask(__name__)
        @app.before_first_request
        def start():
            init()
        """),
    "method of an object of a module": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.store import store
        store.prepare()
        app = FastAPI()
        --- PKG/store.py
        from PKG.db import init
        class Store:
            def prepare(self):
                self._tables()
            def _tables(self):
                init()
        store = Store()
        """),
    "constructor of an object": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.store import Store
        app = FastAPI()
        app.state.store = Store()
        --- PKG/store.py
        from PKG.db import init
        class Store:
            def __init__(self):
                init()
        """),
    "inherited method": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.store import Orders
        app = FastAPI()
        Orders().prepare()
        --- PKG/store.py
        from PKG.db import init
        class Store:
            def prepare(self):
                init()
        class Orders(Store):
            pass
        """),
    "passed on by a package": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.core import prepare
        prepare()
        app = FastAPI()
        --- PKG/core/__init__.py
        from PKG.db import init as prepare
        """),
    "asyncio.run under __main__": (ASYNC_DB, """
        --- PKG/main.py
        import asyncio
        import uvicorn
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        if __name__ == "__main__":
            asyncio.run(init())
            uvicorn.run(app)
        """),
    "run_until_complete": (ASYNC_DB, """
        --- PKG/main.py
        import asyncio
        from fastapi import FastAPI
        from PKG.db import init
        loop = asyncio.get_event_loop()
        loop.run_until_complete(init())
        app = FastAPI()
        """),
    "partial": (DB, """
        --- PKG/main.py
        from functools import partial
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        start = partial(init)
        start()
        """),
    "thread": (DB, """
        --- PKG/main.py
        import threading
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        threading.Thread(target=init).start()
        """),
    "decorated helper": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.helpers import prepare
        app = FastAPI()
        prepare()
        --- PKG/helpers.py
        from tenacity import retry
        from PKG.db import init
        @retry
        def prepare():
            init()
        """),
    "context manager": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        class Started:
            def __enter__(self):
                init()
            def __exit__(self, *_): ...
        with Started():
            app = FastAPI()
        """),
    "import inside the start": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        app = FastAPI()
        @app.on_event("startup")
        def start():
            from PKG.db import init
            init()
        """),
    "uvicorn by name": (DB, """
        --- PKG/main.py
        import uvicorn
        uvicorn.run("PKG.service:app")
        --- PKG/service.py
        from fastapi import FastAPI
        from PKG.db import init
        init()
        app = FastAPI()
        """),
}

OTHERWISE = {
    "helper that nobody calls": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        """),
    "script": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import engine
        app = FastAPI()
        --- scripts/create_tables.py
        from PKG.db import init
        init()
        """),
    "a module's own __main__": (f"{DB}if __name__ == '__main__':\n    init()\n", """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import engine
        app = FastAPI()
        """),
    "click command": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG import commands
        app = FastAPI()
        --- PKG/commands.py
        import click
        from PKG.db import init
        @click.command()
        def create():
            init()
        """),
    "flask command": (DB, """
        --- PKG/main.py
        from flask import Flask
        from PKG.db import init
        app = Flask(__name__)
        @app.cli.command("create")
        def create():
            init()
        """),
    "typer command": (DB, """
        --- PKG/main.py
        import typer
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        cli = typer.Typer()
        @cli.command()
        def create():
            init()
        """),
    "request": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        @app.post("/reset")
        def reset():
            init()
        """),
    "shutdown": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        @app.on_event("shutdown")
        def stop():
            init()
        """),
    "task of a queue": (DB, """
        --- PKG/main.py
        from celery import Celery
        from PKG.db import init
        app = Celery("shop")
        @app.task
        def create():
            init()
        """),
    "method that nobody calls": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        class Store:
            def __init__(self):
                self.ready = False
            def prepare(self):
                init()
        app = FastAPI()
        store = Store()
        """),
    "nested function that nobody calls": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        def create_app():
            app = FastAPI()
            def reset():
                init()
            return app
        """),
    "called by a test only": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import engine
        app = FastAPI()
        --- tests/conftest.py
        from PKG.db import init
        init()
        """),
}

LAYOUTS = {
    "flat": ("", ""),
    "package": ("shop", "shop"),
    "src": ("src/shop", "shop"),
    "nested": ("shop/backend", "shop.backend"),
    "root package": ("app", "app"),
    "no package files": ("shop", "shop"),
}


def arrange(text: str, layout: str, code: str) -> dict[str, str]:
    """The files of a case in a layout, with the code that is expected where tables are created."""
    folder, package = LAYOUTS[layout]
    parts = text.replace("CODE", code)
    if package:
        parts = parts.replace("--- PKG/", f"--- {folder}/").replace("PKG", package)
    else:
        parts = parts.replace("--- PKG/", "--- ").replace("from PKG import", "import").replace("PKG.", "")
    files = files_of(parts)
    if layout != "no package files":
        heads = {path[: match.end()] for path in files for match in re.finditer("/", path)
                 if not path.startswith(("scripts/", "tests/")) and path[: match.end()] != "src/"}
        files = {**{f"{head}__init__.py": "" for head in heads}, **files}
    return {**files, "requirements.txt": "fastapi\nsqlalchemy\npsycopg2\n"}


def text_of(case: tuple[str, str]) -> str:
    lines = case[1].splitlines()[1:]
    indent = len(lines[0]) - len(lines[0].lstrip())
    return case[0].lstrip("\n") + "\n".join(line[indent:] for line in lines) + "\n"


def judged(files: dict[str, str], folder: Path, on_disk: bool) -> None:
    """Exactly what is marked is found, and each trail ends where the tables are created."""
    services = discovered(folder, files) if on_disk else [service_of(files)]
    root = folder.as_posix() if on_disk else "/service"
    found: list[Told] = []
    for service in services:
        for code, finding in findings(service, *STARTUP):
            found.append(at(code, finding.place, root))
            if code == "GRV301":
                last = finding.trail[-1].place
                assert (last.path, last.line) == (finding.place.path, finding.place.line)
                assert len(finding.trail) >= 2, "a start somewhere else, so a trail of several steps"
    shown = "\n".join(f"--- {path}\n{text}" for path, text in files.items())
    assert sorted(found) == marked(files), shown


def cells(cases: dict[str, tuple[str, str]]) -> list[object]:
    """Every case in every layout; each layout once by way of a disk."""
    found = []
    for number, case in enumerate(cases):
        for place, layout in enumerate(LAYOUTS):
            on_disk = number % len(LAYOUTS) == place
            found.append(pytest.param(case, layout, on_disk, id=f"{case}-{layout}"))
    return found


@pytest.mark.parametrize(("case", "layout", "on_disk"), cells(STARTS))
def test_the_start_reaches_it(case: str, layout: str, on_disk: bool, tmp_path: Path) -> None:
    judged(arrange(text_of(STARTS[case]), layout, "GRV301"), tmp_path, on_disk)


@pytest.mark.parametrize(("case", "layout", "on_disk"), cells(OTHERWISE))
def test_the_start_does_not_reach_it(case: str, layout: str, on_disk: bool, tmp_path: Path) -> None:
    judged(arrange(text_of(OTHERWISE[case]), layout, "GRV302"), tmp_path, on_disk)


# ---- single cases

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
