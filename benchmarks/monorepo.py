"""Makes a monorepo of typical services, the same one for the same seed, some of them with the usual ills."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from benchmarks import texts

KINDS = ("fastapi", "flask", "worker", "core", "gateway")
"""In turn, so that twice as many services are twice as many files; five of them have 70 files."""
_HOMES = {"fastapi": "$home/$import_package", "flask": "$home/$import_package", "core": "$home/src/$import_package"}
_TEXTS = {"fastapi": texts.FASTAPI, "flask": texts.FLASK, "worker": texts.WORKER, "core": texts.CORE,
          "gateway": texts.GATEWAY}
_THINGS = ("order", "invoice", "parcel", "product", "customer", "payment", "refund", "voucher", "shelf_mark", "return",
           "contract", "ticket", "account", "offer", "delivery", "stockroom", "campaign", "review", "subscription",
           "supplier", "warehouse", "route", "driver", "document", "message")
_PLACES = ("", "intake", "archive", "partner", "export", "search", "mobile", "legacy")
_HEADER = re.compile(r"^--- (\S+)\n", re.MULTILINE)
_UNIT = texts.REVISION + texts.MODEL + texts.SCHEMAS + texts.REPOSITORY + texts.ROUTES + texts.ROUTE_TEST
"""The six files with which a FastAPI service grows by another thing."""

_WELL = {
    "compose_mark": "# EXAMPLE: Not for production use. The deployment brings the database",
    "core_field": "cache_seconds: int = 60",
    "core_imports": "",
    "core_startup": 'app.state.page_size = config.page_size',
    "create_missing": 'raise NotImplementedError("run `alembic upgrade head`")',
    "database_default": "",
    "downgrade": 'op.drop_table("$things")',
    "engine_url": "settings.database_url",
    "flask_command": "",
    "flask_document": "DATABASE.md",
    "flask_setup": "\n".join((
        "", "# Database Setup", "", "## Requirements", "- MySQL 8+", "- Required extensions: none",
        "- Minimum permissions: CREATE, SELECT, INSERT, UPDATE, DELETE", "", "## Setup Steps",
        "1. Create database: `CREATE DATABASE $database;`",
        "2. Configure URL: `SQLALCHEMY_DATABASE_URI=mysql+pymysql://user:pass@host/$database`",
        "3. Run migrations: `flask db upgrade`", "", "## Schema Overview", "- Tables: 1", "- Estimated size: 100MB",
        "- Growth rate: ~1GB/year")),
    "flask_startup": 'app.logger.info("ready")',
    "flask_url": 'os.environ["SQLALCHEMY_DATABASE_URI"]',
    "image_url": "ENV PYTHONUNBUFFERED=1",
    "ini_url": "",
    "main_imports": "dispose",
    "startup": 'app.state.ready = True',
    "worker_redis": 'required("REDIS_URL")',
    "worker_startup": 'app.log.get_default_logger().info("ready")',
    "worker_statement": '"SELECT 1"',
    "worker_url": 'required("DATABASE_URL")',
}
_ILLS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "fastapi": (
        {"database_default": ' = "postgresql+asyncpg://$database:$database@localhost:5432/$database"'},
        {"main_imports": "create_missing, dispose", "startup": "await create_missing()",
         "create_missing": "async with engine.begin() as connection:\n"
                           "        await connection.run_sync(Base.metadata.create_all)"},
        {"engine_url": '"postgresql+asyncpg://$database:s3cret@db.internal/$database"', "compose_mark": ""},
        {"downgrade": "pass", "ini_url": "sqlalchemy.url = postgresql://$database:s3cret@localhost/$database"},
        {"startup": 'logger.info("database: %s", settings.database_url)', "main_imports": "dispose, settings"},
    ),
    "flask": (
        {"flask_url": 'os.environ.get("SQLALCHEMY_DATABASE_URI", "mysql+pymysql://root:root@localhost/$database")'},
        {"flask_startup": "with app.app_context():\n        db.create_all()"},
        {"flask_document": "README.md", "flask_setup": "", "compose_mark": ""},
        {"flask_command": '\n\n@commands.command("index")\ndef index():\n'
                          '    db.session.execute(db.text("CREATE INDEX ix_${things}_note ON $things (note)"))'},
        {"image_url": "ENV SQLALCHEMY_DATABASE_URI=mysql+pymysql://root:root@mysql/$database"},
    ),
    "worker": (
        {"worker_url": 'os.getenv("DATABASE_URL", "postgresql://worker:worker@localhost/$database")'},
        {"worker_redis": 'os.environ.get("REDIS_URL") or "redis://localhost:6379/0"'},
        {"worker_startup": "from app.store import prepare\n\n    prepare()",
         "worker_statement": '"CREATE TABLE IF NOT EXISTS $things (id serial PRIMARY KEY, reference text)"'},
        {"worker_statement": '"GRANT SELECT ON $things TO reporting"'},
        {"image_url": "ENV DATABASE_URL=postgresql://worker:worker@db/$database"},
    ),
    "core": (
        {"core_field": 'database_url: str = "postgresql+psycopg://$database@localhost/$database"'},
        {"core_imports": "from $import_package.db import engine\nfrom $import_package.tables import metadata\n",
         "core_startup": "metadata.create_all(engine)"},
        {"core_imports": "from alembic import command\nfrom alembic.config import Config\n",
         "core_startup": 'command.upgrade(Config("alembic.ini"), "head")'},
        {"downgrade": "pass", "image_url": "ENV DATABASE_URL=postgresql+psycopg://$database:s3cret@db/$database"},
        {"ini_url": "sqlalchemy.url = postgresql+psycopg://$database:s3cret@localhost/$database"},
    ),
    "gateway": ({},),
}
"""What services of each kind have in place of what is well, one of these at a time."""


def monorepo(services: int, seed: int = 0) -> dict[str, str]:
    """A monorepo of so many services and one library that they share, as path → text."""
    files = dict(_files(texts.LIBRARY, {}))
    for index in range(services):
        files |= service(index, seed)
    return files


def service(index: int, seed: int = 0, *, more: int = 0) -> dict[str, str]:
    """The service of this number, as path → text; a FastAPI service may keep `more` other things as well."""
    kind = KINDS[index % len(KINDS)]
    names = {**_WELL, **ill(index, seed), **_names(index, kind)}
    names["more_imports"] = names["more_routers"] = ""
    files: dict[str, str] = {}
    for number in range(more):
        thing = _THINGS[(index + number + 1) % len(_THINGS)]
        names["more_imports"] += f"from $import_package.{thing}_routes import router as {thing}_router\n"
        names["more_routers"] += f"app.include_router({thing}_router)\n"
        files |= _files(_UNIT, {**names, **_thing(thing), "module": f"{thing}_", "number": f"{number + 2:04}",
                                "previous": f"{number + 1:04}", "previous_value": f'"{number + 1:04}"'})
    return files | dict(_files(_TEXTS[kind], names | {"tables": str(1 + more), "last": f"{more + 1:04}"}))


def write(files: Mapping[str, str], folder: Path) -> Path:
    """Writes the files into a folder, which is given back."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return folder


def _names(index: int, kind: str) -> dict[str, str]:
    turn, thing = divmod(index, len(_THINGS))
    place = _PLACES[turn % len(_PLACES)] + (str(turn // len(_PLACES)) if turn >= len(_PLACES) else "")
    word = _THINGS[thing]
    package = f"{word}s_{place}" if place else f"{word}s"
    name = package.replace("_", "-")
    scripts = {"fastapi": "migrations", "flask": "migrations", "core": "migrations"}.get(kind, "")
    return _thing(word) | {
        "service": name, "home": f"services/{name}", "import_package": package, "package": _HOMES.get(kind, ""),
        "database": package, "scripts": scripts, "versions": "$home/migrations/versions", "module": "",
        "number": "0001", "previous": "", "previous_value": "None",
    }


def _thing(word: str) -> dict[str, str]:
    return {"thing": word, "things": f"{word}s", "Thing": "".join(part.title() for part in word.split("_"))}


def ill(index: int, seed: int = 0) -> Mapping[str, str]:
    """What is wrong with the service of this number, as parts of texts; with two of five nothing is."""
    drawn = zlib.crc32(f"{seed}:{index}".encode())  # not `random`, which promises no one sequence to all versions
    ills = _ILLS[KINDS[index % len(KINDS)]]
    return ills[drawn // 5 % len(ills)] if drawn % 5 < 3 else {}


def _files(text: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The files behind the headers; a name may stand for a text with names of its own."""
    for _ in range(3):
        text = text if not names else Template(text).safe_substitute(names)
    text = text.replace("$$", "$")
    parts = _HEADER.split(text)
    yield from zip(parts[1::2], parts[2::2], strict=True)
