"""Fixes that bring migrations: the files of an Alembic environment that knows its service."""

from __future__ import annotations

import posixpath

from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.violation import Block, Remedy

FIRST = "alembic revision --autogenerate -m initial"

_INI = """\
# The URL of the database is not here: {folder}/env.py takes it from where the service does.
# Next, against an empty database:  {first}
# Where the tables are there already:  alembic stamp head

[alembic]
script_location = %(here)s/{folder}
prepend_sys_path = {path}
path_separator = os

[loggers]
keys = root,sqlalchemy,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console
qualname =

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
datefmt = %H:%M:%S
"""

_MAKO = '''\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

"""
from alembic import op
import sqlalchemy as sa
{more}${{imports if imports else ""}}

revision = ${{repr(up_revision)}}
down_revision = ${{repr(down_revision)}}
branch_labels = ${{repr(branch_labels)}}
depends_on = ${{repr(depends_on)}}


def upgrade() -> None:
    ${{upgrades if upgrades else "pass"}}


def downgrade() -> None:
    ${{downgrades if downgrades else "pass"}}
'''.replace("${message}", "${{message}}").replace("${up_revision}\n", "${{up_revision}}\n").replace(
    "${down_revision | comma,n}", "${{down_revision | comma,n}}").replace("${create_date}", "${{create_date}}")

_HEAD = '''\
"""Runs the migrations of this service, against the database that its environment names."""

{imports}

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)

DATABASE = {url}
target_metadata = {metadata}


def run_migrations_offline() -> None:
    """Writes the SQL of the migrations, without a database."""
    context.configure(
        url=DATABASE, target_metadata=target_metadata, literal_binds=True, dialect_opts={{"paramstyle": "named"}}
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"  # which alters a table only by making it anew
    context.configure(connection=connection, target_metadata=target_metadata, render_as_batch=is_sqlite)
    with context.begin_transaction():
        context.run_migrations()


'''

_SYNC = '''\
def run_migrations_online() -> None:
    engine = create_engine(DATABASE, poolclass=NullPool)
    with engine.connect() as connection:
        run_migrations(connection)
    engine.dispose()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
'''

_ASYNC = '''\
async def run_migrations_online() -> None:
    engine = create_async_engine(DATABASE, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run_migrations)
    await engine.dispose()


if context.is_offline_mode():
    run_migrations_offline()
else:
    asyncio.run(run_migrations_online())
'''


def scaffolded(remedy: Remedy, texts: Texts) -> Mended:
    """alembic.ini at the first place, and beside it the folder with env.py, the template and an empty `versions/`."""
    if reason := remedy.word("refused"):
        raise Refused(reason)
    ini = remedy.places[0].path
    folder = remedy.word("folder")
    inside = f"{posixpath.dirname(ini)}/{folder}"
    more = "import sqlmodel\n" if remedy.word("sqlmodel") else ""
    path = remedy.word("path")
    made = {
        ini: _INI.format(folder=folder, first=FIRST, path="%(here)s" + (f"/{path}" if path != "." else "")),
        f"{inside}/env.py": _env(remedy),
        f"{inside}/script.py.mako": _MAKO.format(more=more),
        f"{inside}/versions/.gitkeep": "# git keeps no empty folder: this goes when the first revision is there\n",
    }
    for path in made:
        if texts(path) is not None:
            raise Refused(f"`{posixpath.basename(path)}` is there already")
    return Mended(made, blocks=(Block("Then, in the service's folder, against an empty database", "sh",
                                      f"{FIRST}\nalembic upgrade head"),))


def _env(remedy: Remedy) -> str:
    """The text of env.py."""
    is_async = bool(remedy.word("async"))
    wanted = [line.split(" ") for line in remedy.word("metadata").splitlines()]
    *needs, url = remedy.word("url").split("\0")
    expressions: list[str] = []
    own: list[str] = []
    standard, others = ["from logging.config import fileConfig"], ["from alembic import context"]
    if is_async:
        standard.append("import asyncio")
        others += ["from sqlalchemy.engine import Connection", "from sqlalchemy.ext.asyncio import create_async_engine"]
    else:
        others += ["from sqlalchemy import create_engine", "from sqlalchemy.engine import Connection"]
    others.append("from sqlalchemy.pool import NullPool")
    taken: dict[str, str] = {}
    for module, name, expression in wanted:
        alias = name if taken.setdefault(name, module) == module else f"{module.replace('.', '_')}_{name}"
        line = f"from {module} import {name}" + (f" as {alias}" if alias != name else "")
        (others if module == "sqlmodel" else own).append(line)
        expressions.append(expression if alias == name else expression.replace(name, alias, 1))
    for line in needs:
        (standard if line == "import os" else own).append(line)
    models = [f"import {module}  # noqa: F401 (declares tables)" for module in remedy.word("models").splitlines()]
    blocks = [_sorted(standard), _sorted(others), _merged([*models, *own])]
    metadata = expressions[0] if len(expressions) == 1 else f"[{', '.join(expressions)}]"
    return _HEAD.format(imports="\n\n".join(filter(None, blocks)), url=url, metadata=metadata) + (
        _ASYNC if is_async else _SYNC)


def _sorted(lines: list[str]) -> str:
    """Imports in isort's order: plain ones first."""
    return "\n".join(sorted(dict.fromkeys(lines), key=lambda line: (line.startswith("from "), line)))


def _merged(lines: list[str]) -> str:
    """The same, what is taken from one module on one line."""
    taken: dict[str, dict[str, None]] = {}
    for line in dict.fromkeys(lines):
        if line.startswith("from "):
            module, _, names = line.removeprefix("from ").partition(" import ")
            taken.setdefault(module, {})[names] = None
    merged = [f"from {module} import {', '.join(sorted(names, key=_case))}" for module, names in taken.items()]
    return _sorted([*(line for line in lines if not line.startswith("from ")), *merged])


def _case(name: str) -> tuple[int, str]:
    """Constants before classes before all else."""
    return 0 if name.isupper() else 1 if name[:1].isupper() else 2, name


def by_flask(remedy: Remedy, texts: Texts) -> Mended:
    """Flask-Migrate makes the files itself."""
    return Mended({}, blocks=(Block("In the service's folder, with FLASK_APP set; then commit the folder `migrations`",
                                    "sh", "flask db init\nflask db migrate -m initial\nflask db upgrade"),))
