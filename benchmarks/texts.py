'''The texts of the made services: files behind `--- path` headers, with `$names` that are filled in.'''

ALEMBIC = '''\
--- $home/alembic.ini
[alembic]
script_location = $scripts
prepend_sys_path = .
version_path_separator = os
$ini_url
[loggers]
keys = root,sqlalchemy,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console

[logger_sqlalchemy]
level = WARNING
handlers =
qualname = sqlalchemy.engine

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
'''

REVISION = '''\
--- $versions/${number}_$things.py
"""The table of $things

Revision ID: $number
Revises: $previous
"""

import sqlalchemy as sa
from alembic import op

revision = "$number"
down_revision = $previous_value
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "$things",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, server_default="new"),
        sa.Column("amount", sa.Numeric(12, 2), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_${things}_reference", "$things", ["reference"], unique=True)
    op.create_index("ix_${things}_state", "$things", ["state"])


def downgrade():
    $downgrade
'''

MODEL = '''\
--- $package/${module}models.py
"""What is kept about $things."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import DateTime, Numeric, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from $import_package.database import Base


class $Thing(Base):
    __tablename__ = "$things"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(64), unique=True, index=True)
    state: Mapped[str] = mapped_column(String(16), default="new", index=True)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), onupdate=func.now())

    def __repr__(self) -> str:
        return f"<$Thing {self.reference} {self.state}>"

    @property
    def is_open(self) -> bool:
        return self.state in ("new", "waiting")

    def close(self, reason: str | None = None) -> None:
        if not self.is_open:
            raise ValueError(f"{self.reference} is {self.state} already")
        self.state = "closed"
        if reason:
            self.note = f"{self.note}\\n{reason}" if self.note else reason
'''

SCHEMAS = '''\
--- $package/${module}schemas.py
"""What goes over the wire about $things."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

State = Literal["new", "waiting", "closed"]


class ${Thing}In(BaseModel):
    reference: str = Field(min_length=3, max_length=64)
    amount: Decimal | None = Field(default=None, ge=0)
    note: str | None = None

    @field_validator("reference")
    @classmethod
    def tidy(cls, value: str) -> str:
        return value.strip().upper()


class ${Thing}Change(BaseModel):
    state: State | None = None
    amount: Decimal | None = Field(default=None, ge=0)
    note: str | None = None


class ${Thing}Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    reference: str
    state: State
    amount: Decimal | None
    note: str | None
    created_at: datetime


class ${Thing}Page(BaseModel):
    items: list[${Thing}Out]
    total: int
    limit: int = 50
    offset: int = 0

    @property
    def more(self) -> bool:
        return self.offset + len(self.items) < self.total
'''

REPOSITORY = '''\
--- $package/${module}repository.py
"""How $things are found and kept."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from $import_package.${module}models import $Thing
from $import_package.${module}schemas import ${Thing}Change, ${Thing}In


class ${Thing}Repository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, reference: str) -> $Thing | None:
        found = await self.session.execute(select($Thing).where($Thing.reference == reference))
        return found.scalar_one_or_none()

    async def page(self, state: str | None, limit: int, offset: int) -> tuple[Sequence[$Thing], int]:
        query = select($Thing).order_by($Thing.created_at.desc())
        counted = select(func.count()).select_from($Thing)
        if state is not None:
            query = query.where($Thing.state == state)
            counted = counted.where($Thing.state == state)
        rows = await self.session.execute(query.limit(limit).offset(offset))
        total = await self.session.execute(counted)
        return rows.scalars().all(), total.scalar_one()

    async def add(self, wanted: ${Thing}In) -> $Thing:
        $thing = $Thing(**wanted.model_dump())
        self.session.add($thing)
        await self.session.flush()
        await self.session.refresh($thing)
        return $thing

    async def change(self, $thing: $Thing, wanted: ${Thing}Change) -> $Thing:
        for name, value in wanted.model_dump(exclude_unset=True).items():
            setattr($thing, name, value)
        await self.session.flush()
        return $thing

    async def remove(self, $thing: $Thing) -> None:
        await self.session.delete($thing)
        await self.session.flush()
'''

ROUTES = '''\
--- $package/${module}routes.py
"""The addresses under which $things are served."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, status
from sqlalchemy.ext.asyncio import AsyncSession

from $import_package.${module}repository import ${Thing}Repository
from $import_package.${module}schemas import ${Thing}Change, ${Thing}In, ${Thing}Out, ${Thing}Page
from $import_package.database import get_session

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/$things", tags=["$things"])
Session = Annotated[AsyncSession, Depends(get_session)]


@router.get("", response_model=${Thing}Page)
async def list_$things(
    session: Session,
    state: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> ${Thing}Page:
    rows, total = await ${Thing}Repository(session).page(state, limit, offset)
    items = [${Thing}Out.model_validate(row) for row in rows]
    return ${Thing}Page(items=items, total=total, limit=limit, offset=offset)


@router.post("", response_model=${Thing}Out, status_code=status.HTTP_201_CREATED)
async def add_$thing(wanted: ${Thing}In, session: Session) -> ${Thing}Out:
    repository = ${Thing}Repository(session)
    if await repository.get(wanted.reference):
        raise HTTPException(status.HTTP_409_CONFLICT, f"{wanted.reference} is there already")
    $thing = await repository.add(wanted)
    logger.info("%s was added", $thing.reference)
    return ${Thing}Out.model_validate($thing)


@router.get("/{reference}", response_model=${Thing}Out)
async def show_$thing(reference: str, session: Session) -> ${Thing}Out:
    $thing = await ${Thing}Repository(session).get(reference)
    if $thing is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"no $thing {reference}")
    return ${Thing}Out.model_validate($thing)


@router.patch("/{reference}", response_model=${Thing}Out)
async def change_$thing(reference: str, wanted: ${Thing}Change, session: Session) -> ${Thing}Out:
    repository = ${Thing}Repository(session)
    $thing = await repository.get(reference)
    if $thing is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"no $thing {reference}")
    return ${Thing}Out.model_validate(await repository.change($thing, wanted))


@router.delete("/{reference}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_$thing(reference: str, session: Session) -> None:
    repository = ${Thing}Repository(session)
    $thing = await repository.get(reference)
    if $thing is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"no $thing {reference}")
    await repository.remove($thing)
'''

ROUTE_TEST = '''\
--- $home/tests/test_${module}routes.py
"""The addresses of $things, tried from outside."""

import pytest
from fastapi.testclient import TestClient

from $import_package.main import app


@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client


def test_a_${thing}_is_added_once(client):
    wanted = {"reference": "abc-1", "amount": "12.50"}
    assert client.post("/$things", json=wanted).status_code == 201
    assert client.post("/$things", json=wanted).status_code == 409


def test_an_unknown_${thing}_is_not_found(client):
    assert client.get("/$things/nothing").status_code == 404


@pytest.mark.parametrize("limit", [0, 201, -1])
def test_a_page_has_a_limit(client, limit):
    assert client.get("/$things", params={"limit": limit}).status_code == 422
'''

DOCUMENT = '''\
--- $home/DATABASE.md
# Database Setup

## Requirements
- PostgreSQL 15+
- Required extensions: none
- Minimum permissions: CREATE, SELECT, INSERT, UPDATE, DELETE

## Setup Steps
1. Create database: `CREATE DATABASE $database;`
2. Configure URL: `DATABASE_URL=postgresql+asyncpg://user:pass@host/$database`
3. Run migrations: `alembic upgrade head`

## Schema Overview
- Tables: $tables
- Estimated size: 200MB
- Growth rate: ~1GB/year
'''

FASTAPI = DOCUMENT + ALEMBIC + REVISION + MODEL + SCHEMAS + REPOSITORY + ROUTES + ROUTE_TEST + '''\
--- $home/Dockerfile
FROM python:3.12-slim
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
$image_url
EXPOSE 8000
CMD ["uvicorn", "$import_package.main:app", "--host", "0.0.0.0", "--port", "8000"]
--- $home/compose.yaml
$compose_mark
services:
  $service:
    build: .
    environment:
      DATABASE_URL: $${DATABASE_URL:?}
    ports:
      - "8000:8000"
    depends_on:
      - db
  db:
    image: postgres:15
    environment:
      POSTGRES_PASSWORD: $${POSTGRES_PASSWORD:?}
    volumes:
      - data:/var/lib/postgresql/data
volumes:
  data: {}
--- $home/requirements.txt
alembic>=1.13
asyncpg>=0.29
fastapi>=0.110
httpx>=0.27
pydantic-settings>=2.2
sqlalchemy[asyncio]>=2.0
uvicorn[standard]>=0.29
--- $home/migrations/env.py
"""Migrates the database that the deployment names."""

import asyncio
from logging.config import fileConfig

from alembic import context
from sqlalchemy import pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from $import_package.database import Base
from $import_package.settings import get_settings

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name)


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def online() -> None:
    engine = create_async_engine(get_settings().database_url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(online())
--- $home/migrations/script.py.mako
"""$${message}

Revision ID: $${up_revision}
Revises: $${down_revision | comma,n}
"""

import sqlalchemy as sa
from alembic import op
$${imports if imports else ""}
revision = $${repr(up_revision)}
down_revision = $${repr(down_revision)}


def upgrade():
    $${upgrades if upgrades else "pass"}


def downgrade():
    $${downgrades if downgrades else "pass"}
--- $home/migrations/versions/0100_comment.py
"""A comment for each of the $things

Revision ID: 0100
Revises: $last
"""

import sqlalchemy as sa
from alembic import op

revision = "0100"
down_revision = "$last"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("$things") as table:
        table.add_column(sa.Column("comment", sa.Text(), nullable=True))
    op.execute("UPDATE $things SET comment = note WHERE note IS NOT NULL")


def downgrade():
    with op.batch_alter_table("$things") as table:
        table.drop_column("comment")
--- $package/__init__.py
"""The service for $things."""

__version__ = "1.4.0"
--- $package/main.py
"""The application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from $import_package import __version__
from $import_package.database import $main_imports
from $import_package.routes import router
$more_imports
logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    logger.info("starting %s", __version__)
    $startup
    yield
    await dispose()


app = FastAPI(title="$service", version=__version__, lifespan=lifespan)
app.include_router(router)
$more_routers

@app.exception_handler(ValueError)
async def refused(request: Request, error: ValueError) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=400)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok", "version": __version__}
--- $package/settings.py
"""What the deployment tells the service."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    database_url: str$database_default
    pool_size: int = Field(default=5, ge=1)
    log_level: str = "INFO"
    page_size: int = 50
    notify_url: str | None = None
    feature_flags: list[str] = []


@lru_cache
def get_settings() -> Settings:
    return Settings()
--- $package/database.py
"""Sessions with the database that the deployment names."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from $import_package.settings import get_settings

settings = get_settings()
engine = create_async_engine($engine_url, pool_size=settings.pool_size, pool_pre_ping=True)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        try:
            yield session
            await session.commit()
        except Exception:
            await session.rollback()
            raise


async def create_missing() -> None:
    $create_missing


async def dispose() -> None:
    await engine.dispose()
'''

FLASK = ALEMBIC + REVISION + '''\
--- $home/$flask_document
# $Thing service

Keeps $things for the back office. Run the tests with `pytest`, the server with `flask --app wsgi run`.
$flask_setup
--- $home/Dockerfile
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt requirements.txt
RUN pip install -r requirements.txt
COPY . /app
$image_url
CMD ["gunicorn", "--bind", "0.0.0.0:5000", "wsgi:app"]
--- $home/docker-compose.yml
$compose_mark
version: "3.8"
services:
  web:
    build: .
    ports: ["5000:5000"]
    environment:
      SQLALCHEMY_DATABASE_URI: $${SQLALCHEMY_DATABASE_URI:?}
  db:
    image: mysql:8
    environment:
      MYSQL_DATABASE: $database
      MYSQL_ROOT_PASSWORD: $${MYSQL_ROOT_PASSWORD:?}
--- $home/requirements.txt
Flask>=3.0
Flask-Migrate>=4.0
Flask-SQLAlchemy>=3.1
gunicorn>=21
PyMySQL>=1.1
--- $home/wsgi.py
"""What gunicorn serves."""

from $import_package import create_app

app = create_app()

if __name__ == "__main__":
    app.run(debug=False)
--- $home/config.py
"""The configurations that the factory chooses from."""

import os


class Config:
    SECRET_KEY = os.environ["SECRET_KEY"]
    SQLALCHEMY_DATABASE_URI = $flask_url
    SQLALCHEMY_ENGINE_OPTIONS = {"pool_pre_ping": True, "pool_recycle": 300}
    SQLALCHEMY_TRACK_MODIFICATIONS = False
    JSON_SORT_KEYS = False
    ITEMS_PER_PAGE = 25


class TestConfig(Config):
    TESTING = True
    SQLALCHEMY_DATABASE_URI = os.environ.get("TEST_DATABASE_URL", "sqlite://")


configs = {"default": Config, "test": TestConfig}
--- $home/migrations/env.py
"""Migrates the database that the application is configured with."""

from alembic import context
from flask import current_app

target_db = current_app.extensions["migrate"].db
engine = target_db.engine


def run_migrations_online():
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=target_db.metadata)
        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
--- $package/__init__.py
"""The factory of the application."""

from flask import Flask, jsonify

from config import configs
from $import_package.extensions import db, migrate


def create_app(name="default"):
    app = Flask(__name__)
    app.config.from_object(configs[name])
    db.init_app(app)
    migrate.init_app(app, db)

    from $import_package.cli import commands
    from $import_package.views import views

    app.register_blueprint(views, url_prefix="/$things")
    app.cli.add_command(commands)
    $flask_startup

    @app.errorhandler(404)
    def missing(error):
        return jsonify(error="not found"), 404

    return app
--- $package/extensions.py
"""What is shared by the modules."""

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
migrate = Migrate()
--- $package/models.py
"""The tables."""

from datetime import datetime, timezone

from $import_package.extensions import db


class Stamped:
    created_at = db.Column(db.DateTime, default=lambda: datetime.now(timezone.utc), nullable=False)
    updated_at = db.Column(db.DateTime, onupdate=lambda: datetime.now(timezone.utc))


class $Thing(Stamped, db.Model):
    __tablename__ = "$things"

    id = db.Column(db.Integer, primary_key=True)
    reference = db.Column(db.String(64), unique=True, nullable=False)
    state = db.Column(db.String(16), nullable=False, default="new")
    amount = db.Column(db.Numeric(12, 2))
    note = db.Column(db.Text)

    def as_dict(self):
        return {
            "reference": self.reference,
            "state": self.state,
            "amount": str(self.amount) if self.amount is not None else None,
            "note": self.note,
        }
--- $package/services.py
"""What can be done with $things, whoever asks."""

from $import_package.extensions import db
from $import_package.models import $Thing


class Refused(Exception):
    pass


def find(reference):
    return db.session.execute(db.select($Thing).filter_by(reference=reference)).scalar_one_or_none()


def page(number, size, state=None):
    query = db.select($Thing).order_by($Thing.created_at.desc())
    if state:
        query = query.filter_by(state=state)
    return db.paginate(query, page=number, per_page=size, error_out=False)


def add(reference, amount=None, note=None):
    if find(reference) is not None:
        raise Refused(f"{reference} is there already")
    $thing = $Thing(reference=reference, amount=amount, note=note)
    db.session.add($thing)
    db.session.commit()
    return $thing


def close(reference):
    $thing = find(reference)
    if $thing is None:
        raise Refused(f"no $thing {reference}")
    $thing.state = "closed"
    db.session.commit()
    return $thing
--- $package/views.py
"""The addresses."""

from flask import Blueprint, abort, current_app, jsonify, request

from $import_package import services

views = Blueprint("$things", __name__)


@views.get("/")
def index():
    number = request.args.get("page", 1, type=int)
    found = services.page(number, current_app.config["ITEMS_PER_PAGE"], request.args.get("state"))
    return jsonify(items=[each.as_dict() for each in found.items], pages=found.pages, total=found.total)


@views.post("/")
def add():
    wanted = request.get_json(force=True)
    try:
        added = services.add(wanted["reference"], wanted.get("amount"), wanted.get("note"))
    except services.Refused as error:
        return jsonify(error=str(error)), 409
    return jsonify(added.as_dict()), 201


@views.get("/<reference>")
def show(reference):
    found = services.find(reference)
    if found is None:
        abort(404)
    return jsonify(found.as_dict())


@views.post("/<reference>/close")
def close(reference):
    try:
        return jsonify(services.close(reference).as_dict())
    except services.Refused as error:
        return jsonify(error=str(error)), 404
--- $package/cli.py
"""Commands for whoever runs the service."""

import click
from flask.cli import AppGroup

from $import_package import services
from $import_package.extensions import db

commands = AppGroup("$things")


@commands.command("close")
@click.argument("references", nargs=-1)
def close(references):
    for reference in references:
        services.close(reference)
        click.echo(f"closed {reference}")


@commands.command("purge")
@click.option("--state", default="closed")
def purge(state):
    removed = db.session.execute(db.text("DELETE FROM $things WHERE state = :state"), {"state": state})
    db.session.commit()
    click.echo(f"removed {removed.rowcount}")
$flask_command
--- $home/tests/conftest.py
import pytest

from $import_package import create_app
from $import_package.extensions import db


@pytest.fixture
def app():
    app = create_app("test")
    with app.app_context():
        db.create_all()
        yield app
        db.drop_all()


@pytest.fixture
def client(app):
    return app.test_client()
'''

WORKER = '''\
--- $home/DATABASE.md
# Database Setup

## Requirements
- PostgreSQL 14+
- Required extensions: none
- Minimum permissions: SELECT, INSERT, UPDATE
- Redis 7+, for results and locks; nothing in it needs to be kept

## Setup Steps
1. Create database: `CREATE DATABASE $database;`
2. Configure URLs: `DATABASE_URL=postgresql://…` and `REDIS_URL=redis://…`
3. The tables are those of the service that owns them

## Schema Overview
- Tables: none of its own
- Estimated size: none
- Growth rate: none
--- $home/Dockerfile
FROM python:3.12-slim
WORKDIR /srv
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
$image_url
CMD ["celery", "-A", "app.celery_app", "worker", "--loglevel", "INFO"]
--- $home/requirements.txt
celery[redis]>=5.3
psycopg[binary]>=3.1
redis>=5.0
--- $home/app/__init__.py
--- $home/app/settings.py
"""What the deployment tells the worker."""

import os
from dataclasses import dataclass


class Missing(RuntimeError):
    pass


def required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise Missing(f"{name} must be set")
    return value


@dataclass(frozen=True)
class Settings:
    database_url: str
    redis_url: str
    batch: int = 100
    retry_after: float = 30.0


def load() -> Settings:
    return Settings(
        database_url=$worker_url,
        redis_url=$worker_redis,
        batch=int(os.environ.get("BATCH", "100")),
    )


settings = load()
--- $home/app/celery_app.py
"""The worker."""

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_ready

from app.settings import settings

app = Celery("$service", broker=settings.redis_url, backend=settings.redis_url, include=["app.tasks"])
app.conf.update(
    task_acks_late=True,
    task_time_limit=600,
    worker_prefetch_multiplier=1,
    beat_schedule={
        "sweep": {"task": "app.tasks.sweep", "schedule": crontab(minute="*/15")},
        "report": {"task": "app.tasks.report", "schedule": crontab(hour=4, minute=0)},
    },
)


@worker_ready.connect
def ready(**_):
    $worker_startup
--- $home/app/tasks.py
"""What is done in the background."""

import logging

from app.cache import lock, remember
from app.celery_app import app
from app.settings import settings
from app.store import close_old, count_by_state, waiting

logger = logging.getLogger(__name__)


@app.task(bind=True, max_retries=5)
def sweep(self):
    with lock("sweep") as held:
        if not held:
            return 0
        try:
            closed = close_old(days=30, limit=settings.batch)
        except ConnectionError as error:
            raise self.retry(exc=error, countdown=settings.retry_after) from error
    logger.info("closed %d $things", closed)
    return closed


@app.task
def report():
    counted = count_by_state()
    remember("$things:report", counted)
    for state, number in sorted(counted.items()):
        logger.info("%s: %d", state, number)
    return counted


@app.task
def remind(limit=20):
    return [row["reference"] for row in waiting(limit)]
--- $home/app/store.py
"""The statements."""

from __future__ import annotations

from contextlib import contextmanager

import psycopg
from psycopg.rows import dict_row

from app.settings import settings


@contextmanager
def connection():
    with psycopg.connect(settings.database_url, row_factory=dict_row, connect_timeout=5) as opened:
        yield opened


def waiting(limit: int) -> list[dict[str, object]]:
    with connection() as opened:
        rows = opened.execute(
            "SELECT reference, created_at FROM $things WHERE state = 'waiting' ORDER BY created_at LIMIT %s", (limit,)
        )
        return rows.fetchall()


def close_old(days: int, limit: int) -> int:
    with connection() as opened, opened.cursor() as cursor:
        cursor.execute(
            """
            UPDATE $things SET state = 'closed', updated_at = now()
            WHERE id IN (
                SELECT id FROM $things
                WHERE state <> 'closed' AND created_at < now() - make_interval(days => %s)
                LIMIT %s FOR UPDATE SKIP LOCKED
            )
            """,
            (days, limit),
        )
        return cursor.rowcount


def count_by_state() -> dict[str, int]:
    with connection() as opened:
        rows = opened.execute("SELECT state, count(*) AS number FROM $things GROUP BY state")
        return {row["state"]: row["number"] for row in rows}


def prepare() -> None:
    with connection() as opened:
        opened.execute($worker_statement)
--- $home/app/cache.py
"""Locks and remembered results."""

from __future__ import annotations

import json
from contextlib import contextmanager

import redis

from app.settings import settings

client = redis.Redis.from_url(settings.redis_url, socket_timeout=2)


@contextmanager
def lock(name: str, seconds: int = 300):
    held = bool(client.set(f"lock:{name}", "1", nx=True, ex=seconds))
    try:
        yield held
    finally:
        if held:
            client.delete(f"lock:{name}")


def remember(key: str, value: object, seconds: int = 86_400) -> None:
    client.set(key, json.dumps(value), ex=seconds)


def recall(key: str) -> object | None:
    found = client.get(key)
    return json.loads(found) if found else None
--- $home/tests/test_tasks.py
from unittest.mock import patch

from app import tasks


def test_a_report_is_remembered():
    with patch("app.tasks.count_by_state", return_value={"new": 2}), patch("app.tasks.remember") as remember:
        assert tasks.report() == {"new": 2}
    remember.assert_called_once_with("$things:report", {"new": 2})
'''

CORE = DOCUMENT + ALEMBIC + REVISION + '''\
--- $home/Dockerfile
FROM python:3.12-slim
WORKDIR /srv
COPY libs/common /libs/common
COPY services/$service /srv
RUN pip install /libs/common /srv
$image_url
CMD ["uvicorn", "--factory", "$import_package.app:create_app", "--host", "0.0.0.0"]
--- $home/pyproject.toml
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$service"
version = "0.9.2"
requires-python = ">=3.11"
dependencies = ["alembic", "common", "fastapi", "psycopg[binary]", "pydantic-settings", "sqlalchemy", "uvicorn"]

[tool.hatch.build.targets.wheel]
packages = ["src/$import_package"]

[tool.pytest.ini_options]
testpaths = ["tests"]
--- $home/migrations/env.py
"""Migrates the database that the deployment names."""

from alembic import context

from common.database import make_engine
from $import_package.config import config
from $import_package.tables import metadata

with make_engine(config.database_url).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
--- $package/__init__.py
--- $package/app.py
"""The factory of the application."""

from fastapi import FastAPI

from $import_package.api import router
from $import_package.config import config
$core_imports

def create_app() -> FastAPI:
    app = FastAPI(title="$service", debug=config.debug)
    app.include_router(router, prefix="/api/v1")
    $core_startup
    return app
--- $package/config.py
"""What the deployment tells the service."""

from common.settings import CommonSettings


class Config(CommonSettings):
    debug: bool = False
    page_size: int = 100
    partner_url: str | None = None
    partner_timeout: float = 5.0
    $core_field


config = Config()
--- $package/db.py
"""Connections to the database that the deployment names."""

from collections.abc import Iterator
from contextlib import contextmanager

from common.database import make_engine
from sqlalchemy import Connection

from $import_package.config import config

engine = make_engine(config.database_url)


@contextmanager
def transaction() -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection
--- $package/tables.py
"""The tables."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Numeric, String, Table, Text, func

metadata = MetaData()

$things = Table(
    "$things",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reference", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False, server_default="new"),
    Column("amount", Numeric(12, 2)),
    Column("note", Text),
    Column("created_at", DateTime(timezone=True), server_default=func.now()),
    Column("updated_at", DateTime(timezone=True)),
)
--- $package/api.py
"""The addresses."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from $import_package import service

router = APIRouter(tags=["$things"])


class New(BaseModel):
    reference: str
    amount: float | None = None
    note: str | None = None


@router.get("/$things")
def index(state: str | None = None, limit: Annotated[int, Query(le=500)] = 100) -> list[dict[str, object]]:
    return service.listed(state, limit)


@router.get("/$things/{reference}")
def show(reference: str) -> dict[str, object]:
    if (found := service.found(reference)) is None:
        raise HTTPException(404, f"no $thing {reference}")
    return found


@router.post("/$things", status_code=201)
def add(wanted: New) -> dict[str, object]:
    return service.added(wanted.model_dump())


@router.post("/$things/{reference}/close")
def close(reference: str) -> dict[str, object]:
    if not service.closed(reference):
        raise HTTPException(404, f"no open $thing {reference}")
    return {"reference": reference, "state": "closed"}
--- $package/service.py
"""What can be done with $things."""

from __future__ import annotations

import logging

from sqlalchemy import insert, select, update

from $import_package.db import transaction
from $import_package.tables import $things

logger = logging.getLogger(__name__)


def listed(state: str | None, limit: int) -> list[dict[str, object]]:
    query = select($things).order_by($things.c.created_at.desc()).limit(limit)
    if state is not None:
        query = query.where($things.c.state == state)
    with transaction() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def found(reference: str) -> dict[str, object] | None:
    with transaction() as connection:
        row = connection.execute(select($things).where($things.c.reference == reference)).mappings().first()
    return dict(row) if row else None


def added(values: dict[str, object]) -> dict[str, object]:
    with transaction() as connection:
        connection.execute(insert($things).values(**values))
    logger.info("added %s", values["reference"])
    return values


def closed(reference: str) -> bool:
    change = update($things).where($things.c.reference == reference, $things.c.state != "closed")
    with transaction() as connection:
        return bool(connection.execute(change.values(state="closed")).rowcount)
--- $home/tests/test_api.py
from unittest.mock import patch

from fastapi.testclient import TestClient

from $import_package.app import create_app


def test_an_unknown_${thing}_is_not_found():
    with patch("$import_package.service.found", return_value=None):
        assert TestClient(create_app()).get("/api/v1/$things/nothing").status_code == 404
'''

GATEWAY = '''\
--- $home/README.md
# $service

Passes requests about $things on to the services that keep them. It has no database of its own.

| setting | meaning |
|---|---|
| `UPSTREAM_URL` | where the service for $things is |
| `TOKEN_SECRET` | what tokens are signed with |
--- $home/Dockerfile
FROM python:3.12-slim
WORKDIR /srv
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0"]
--- $home/requirements.txt
fastapi>=0.110
httpx>=0.27
pydantic-settings>=2.2
pyjwt>=2.8
uvicorn>=0.29
--- $home/deploy/kubernetes.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $service
  labels: {app: $service}
spec:
  replicas: 2
  selector:
    matchLabels: {app: $service}
  template:
    metadata:
      labels: {app: $service}
    spec:
      containers:
        - name: $service
          image: registry.example.com/$service:1.8.0
          ports:
            - containerPort: 8000
          env:
            - name: UPSTREAM_URL
              value: http://$things.default.svc:8000
            - name: TOKEN_SECRET
              valueFrom:
                secretKeyRef: {name: $service, key: token}
          readinessProbe:
            httpGet: {path: /health, port: 8000}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
---
apiVersion: v1
kind: Service
metadata:
  name: $service
spec:
  selector: {app: $service}
  ports:
    - port: 80
      targetPort: 8000
--- $home/app/__init__.py
--- $home/app/main.py
"""The application."""

from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.clients import Upstream
from app.middleware import Timed
from app.routes import router
from app.settings import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.upstream = Upstream(str(settings.upstream_url), settings.timeout)
    yield
    await app.state.upstream.close()


app = FastAPI(title="$service", lifespan=lifespan)
app.add_middleware(Timed, header="X-Took")
app.include_router(router)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
--- $home/app/settings.py
"""What the deployment tells the gateway."""

from pydantic import HttpUrl, SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    upstream_url: HttpUrl
    token_secret: SecretStr
    timeout: float = 10.0
    retries: int = 2


settings = Settings()
--- $home/app/clients.py
"""Talks to the service behind the gateway."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx

logger = logging.getLogger(__name__)


class Upstream:
    def __init__(self, base: str, timeout: float, retries: int = 2) -> None:
        self.client = httpx.AsyncClient(base_url=base, timeout=timeout)
        self.retries = retries

    async def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        for attempt in range(self.retries + 1):
            try:
                return await self.client.request(method, path, **arguments)
            except httpx.TransportError as error:
                if attempt == self.retries:
                    raise
                logger.warning("%s %s: %s, once more", method, path, error)
                await asyncio.sleep(0.1 * 2**attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        await self.client.aclose()
--- $home/app/auth.py
"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass

import jwt
from fastapi import Header, HTTPException

from app.settings import settings


@dataclass(frozen=True)
class Caller:
    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


def caller(authorization: str = Header()) -> Caller:
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer":
        raise HTTPException(401, "a bearer token is needed")
    try:
        claims = jwt.decode(token, settings.token_secret.get_secret_value(), algorithms=["HS256"])
    except jwt.PyJWTError as error:
        raise HTTPException(401, str(error)) from error
    return Caller(claims["sub"], frozenset(claims.get("scope", "").split()))
--- $home/app/routes.py
"""What is passed on."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from app.auth import Caller, caller

router = APIRouter(prefix="/$things")


async def passed_on(request: Request, path: str) -> Response:
    answer = await request.app.state.upstream.request(
        request.method, f"/$things{path}", params=dict(request.query_params), content=await request.body()
    )
    return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))


@router.get("")
async def index(request: Request, who: Annotated[Caller, Depends(caller)]) -> Response:
    if not who.may("$things:read"):
        raise HTTPException(403)
    return await passed_on(request, "")


@router.post("")
async def add(request: Request, who: Annotated[Caller, Depends(caller)]) -> Response:
    if not who.may("$things:write"):
        raise HTTPException(403)
    return await passed_on(request, "")


@router.get("/{reference}")
async def show(reference: str, request: Request, who: Annotated[Caller, Depends(caller)]) -> Response:
    if not who.may("$things:read"):
        raise HTTPException(403)
    return await passed_on(request, f"/{reference}")
--- $home/app/middleware.py
"""How long an answer took."""

import time


class Timed:
    def __init__(self, app, header):
        self.app = app
        self.header = header.lower().encode()

    async def __call__(self, scope, receive, send):
        begin = time.perf_counter()

        async def timed(message):
            if message["type"] == "http.response.start":
                took = f"{time.perf_counter() - begin:.4f}".encode()
                message = {**message, "headers": [*message["headers"], (self.header, took)]}
            await send(message)

        await self.app(scope, receive, timed)
--- $home/tests/test_auth.py
import pytest
from fastapi import HTTPException

from app.auth import Caller, caller


def test_admins_may_do_everything():
    assert Caller("ann", frozenset({"admin"})).may("$things:write")


def test_only_bearer_tokens_are_taken():
    with pytest.raises(HTTPException):
        caller("Basic abc")
'''

LIBRARY = '''\
--- libs/common/pyproject.toml
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "common"
version = "2.1.0"
dependencies = ["pydantic-settings", "sqlalchemy"]
--- libs/common/common/__init__.py
"""What the services share."""
--- libs/common/common/settings.py
"""What every deployment tells every service."""

from pydantic_settings import BaseSettings


class CommonSettings(BaseSettings):
    database_url: str
    log_level: str = "INFO"
    sentry_dsn: str | None = None
--- libs/common/common/database.py
"""One way to open a database, for every service."""

from sqlalchemy import Engine, create_engine


def make_engine(url: str, **options: object) -> Engine:
    return create_engine(url, pool_pre_ping=True, **{"pool_size": 5, **options})
'''
