"""The ways that a start takes to a function, and the ways in which it does not come there."""

from __future__ import annotations

DB = """
--- PKG/db.py
import os
from sqlalchemy import create_engine
IMPORTS
engine = create_engine(os.environ["DATABASE_URL"])
PREPARE
def init():
    OPERATE  #= CODE
"""
ASYNC_DB = DB.replace("def init", "async def init").replace("create_engine", "create_async_engine").replace(
    "sqlalchemy import", "sqlalchemy.ext.asyncio import")

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
    "app factory": (DB, """
        --- PKG/main.py
        from flask import Flask
        from PKG.db import init
        def create_app():
            app = Flask(__name__)
            with app.app_context():
                init()
            return app
        """),
    "app factory with a helper of the same module": (DB, """
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
    "method of a module-level object": (DB, """
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
    "re-exported helper": (DB, """
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
    "`asyncio.run`": (ASYNC_DB, """
        --- PKG/main.py
        import asyncio
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        asyncio.run(init())
        """),
    "`__main__`": (DB, """
        --- PKG/main.py
        import uvicorn
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        if __name__ == "__main__":
            init()
            uvicorn.run(app)
        """),
    "main function under `__main__`": (DB, """
        --- PKG/main.py
        import uvicorn
        from fastapi import FastAPI
        from PKG.db import init
        app = FastAPI()
        def main() -> None:
            init()
            uvicorn.run(app)
        if __name__ == "__main__":
            main()
        """),
    "list of handlers that a function fills": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import init
        def handlers():
            return [init]
        app = FastAPI(on_startup=handlers())
        """),
    "Starlette lifespan": (ASYNC_DB, """
        --- PKG/main.py
        import contextlib
        from starlette.applications import Starlette
        from PKG.db import init
        @contextlib.asynccontextmanager
        async def lifespan(app):
            await init()
            yield
        app = Starlette(routes=[], lifespan=lifespan)
        """),
    "Sanic decorator": (ASYNC_DB, """
        --- PKG/main.py
        from sanic import Sanic
        from PKG.db import init
        app = Sanic("orders")
        @app.before_server_start
        async def start(app, loop):
            await init()
        """),
    "Sanic listener": (ASYNC_DB, """
        --- PKG/main.py
        from sanic import Sanic
        from PKG.db import init
        app = Sanic("orders")
        @app.listener("before_server_start")
        async def start(app, loop):
            await init()
        """),
    "Sanic registered listener": (ASYNC_DB, """
        --- PKG/main.py
        from sanic import Sanic
        from PKG.db import init
        app = Sanic("orders")
        app.register_listener(init, "after_server_start")
        """),
    "Litestar list": (ASYNC_DB, """
        --- PKG/main.py
        from litestar import Litestar
        from PKG.db import init
        app = Litestar(route_handlers=[], on_startup=[init])
        """),
    "Litestar lifespan list": (ASYNC_DB, """
        --- PKG/main.py
        from contextlib import asynccontextmanager
        from litestar import Litestar
        from PKG.db import init
        @asynccontextmanager
        async def connection(app):
            await init()
            yield
        app = Litestar([], lifespan=[connection])
        """),
    "Quart": (ASYNC_DB, """
        --- PKG/main.py
        from quart import Quart
        from PKG.db import init
        app = Quart(__name__)
        @app.before_serving
        async def start():
            await init()
        """),
    "aiohttp cleanup context": (ASYNC_DB, """
        --- PKG/main.py
        from aiohttp import web
        from PKG.db import init
        async def database(app):
            await init()
            yield
        app = web.Application()
        app.cleanup_ctx.append(database)
        web.run_app(app)
        """),
    "Django ready": (DB, """
        --- PKG/settings.py
        INSTALLED_APPS = ["orders"]
        --- PKG/apps.py
        from django.apps import AppConfig
        class OrdersConfig(AppConfig):
            name = "orders"
            def ready(self):
                from PKG.db import init
                init()
        """),
    "Celery signal": (DB, """
        --- PKG/main.py
        from celery import Celery
        from celery.signals import worker_init
        from PKG.db import init
        app = Celery("orders")
        @worker_init.connect
        def start(**options):
            init()
        """),
    "Celery hook of the application": (DB, """
        --- PKG/main.py
        from celery import Celery
        from PKG.db import init
        app = Celery("orders")
        @app.on_after_configure.connect
        def start(sender, **options):
            init()
        """),
    "gunicorn hook": (DB, """
        --- PKG/main.py
        from flask import Flask
        app = Flask(__name__)
        --- gunicorn.conf.py
        from PKG.db import init
        def on_starting(server):
            init()
        """),
    "Flask factory that another module calls": (DB, """
        --- PKG/factory.py
        from flask import Flask
        from PKG.db import init
        def create_app():
            app = Flask(__name__)
            init()
            return app
        --- PKG/main.py
        from PKG.factory import create_app
        app = create_app()
        """),
    "before_first_request handed over": (DB, """
        --- PKG/main.py
        from flask import Flask
        from PKG.db import init
        app = Flask(__name__)
        app.before_first_request(init)
        """),
    "decorator of its own": (DB, """
        --- PKG/main.py
        from functools import wraps
        from fastapi import FastAPI
        from PKG.db import init
        def logged(function):
            @wraps(function)
            def inner(*args):
                return function(*args)
            return inner
        app = FastAPI()
        @logged
        def prepare():
            init()
        prepare()
        """),
    "partial of a handler": (DB, """
        --- PKG/main.py
        from functools import partial
        from fastapi import FastAPI
        from PKG.db import init
        def prepare(name):
            init()
        app = FastAPI(on_startup=[partial(prepare, "orders")])
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
    "task of a shared queue": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG import tasks
        app = FastAPI()
        --- PKG/tasks.py
        from celery import shared_task
        from PKG.db import init
        @shared_task
        def create():
            init()
        """),
    "Django command": (DB, """
        --- PKG/settings.py
        INSTALLED_APPS = ["orders"]
        --- PKG/management/commands/prepare.py
        from django.core.management.base import BaseCommand
        from PKG.db import init
        class Command(BaseCommand):
            def handle(self, *args, **options):
                init()
        """),
    "argument parser of a tool": (DB, """
        --- PKG/main.py
        from fastapi import FastAPI
        from PKG.db import engine
        app = FastAPI()
        --- tools/manage.py
        import argparse
        from PKG.db import init
        def main():
            argparse.ArgumentParser().parse_args()
            init()
        if __name__ == "__main__":
            main()
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
