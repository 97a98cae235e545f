"""The fix that writes a DATABASE.md: what the code says of its databases, and a mark for what it cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from gravity_lint.fix.deployment import identifier, is_of, provisioning
from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.fix.scaffold import FIRST
from gravity_lint.violation import Remedy

Facts = dict[str, Any]
_URLS = {"PostgreSQL": ("postgresql", 5432), "MySQL": ("mysql", 3306), "MariaDB": ("mariadb", 3306),
         "Microsoft SQL Server": ("mssql", 1433), "Oracle Database": ("oracle", 1521),
         "CockroachDB": ("cockroachdb", 26257), "MongoDB": ("mongodb", 27017), "ClickHouse": ("clickhouse", 8123)}
_ROLES = {"host": "host", "port": "port", "user": "user", "password": "password", "database": "name of the database",
          "file": "path of the file"}
_NAMED_BY = {"django": "Django", "mongoengine": "MongoEngine", "beanie": "Beanie", "tortoise": "Tortoise ORM",
             "peewee": "peewee", "odmantic": "ODMantic", "pony": "Pony", "piccolo": "Piccolo", "ormar": "ormar"}
_KINDS = {"sql": "an SQL database", "document": "a document store", "cache": "a cache"}


def written(remedy: Remedy, texts: Texts) -> Mended:
    """The document at the first place."""
    path = remedy.places[0].path
    if texts(path) is not None:
        raise Refused("it is there already")
    facts: Facts = json.loads(remedy.word("facts"))
    if not facts["stores"]:
        raise Refused("which database the service uses is not known")
    parts = [_opening(facts), *_requirements(facts), *_variables(facts), *_steps(facts), *_schema(facts)]
    return Mended({path: "\n".join(parts).rstrip("\n") + "\n"})


def _opening(facts: Facts) -> str:
    return (f"# Database Setup\n\nWhat `{facts['name']}` needs of a database. The deployment brings it, sets the "
            "variables and takes the\nsteps below before it starts the service.\n")


def _called(store: Facts) -> str:
    return str(store["product"]) or _KINDS[store["kind"]]


# ---- requirements


def _requirements(facts: Facts) -> Iterator[str]:
    yield "## Requirements\n"
    for store in facts["stores"]:
        name = _called(store)
        yield f"- **{name[0].upper()}{name[1:]}**{_opened(store)}"
        if not store["product"]:
            yield "  - TODO: which product; the code does not say"
        images = [image for image in facts["images"] if is_of(image, store["product"])]
        tried = f"; the compose file here runs `{images[0]}`" if images else ""
        if store["product"] != "SQLite":
            yield f"  - Version: TODO: the oldest one that is supported{tried}"
        if store["product"] == "PostgreSQL":
            found = ", ".join(f"`{each}`" for each in facts["extensions"])
            yield f"  - Extensions: {found or 'none that the code names'}"
        yield f"  - Permissions: {_permissions(store, facts)}"
    yield ""


def _opened(store: Facts) -> str:
    if not store["paths"]:
        return ", for the models; nothing in the code opens it"
    kind = " (asynchronous engine)" if store["asynchronous"] else ""
    libraries = ", ".join([store["libraries"][0] + kind, *store["libraries"][1:]])
    shown = [f"`{path}`" for path in store["paths"][:3]]
    more = f" and {len(store['paths']) - 3} more" if len(store["paths"]) > 3 else ""
    return f", opened with {libraries} in {', '.join(shown)}{more}"


def _permissions(store: Facts, facts: Facts) -> str:
    if store["kind"] == "document":
        return "`readWrite` on its database" if store["product"] == "MongoDB" else "to read and to write its data"
    if store["kind"] == "cache":
        return "to read and to write keys"
    if store["product"] == "SQLite":
        return "to write the file and its folder"
    if facts["migrations"] is not None and not facts["makes"]:
        return "`SELECT`, `INSERT`, `UPDATE`, `DELETE` on its tables; the migrations need `CREATE`, `ALTER`, `DROP` too"
    if facts["makes"]:
        where = ", ".join(f"`{path}`" for path in facts["makes"][:3])
        return f"`SELECT`, `INSERT`, `UPDATE`, `DELETE`, and `CREATE`, for the service makes tables itself ({where})"
    return "`SELECT`, `INSERT`, `UPDATE`, `DELETE` on its tables"


# ---- variables


def _variables(facts: Facts) -> Iterator[str]:
    yield "### Variables\n"
    rows = [(store, variable) for store in facts["stores"] for variable in store["variables"]]
    if rows:
        yield "| variable | what it is | read in |\n|---|---|---|"
        for store, variable in rows:
            yield f"| `{variable['name']}` | {_meaning(store, variable, facts)} | `{variable['path']}` |"
        yield ""
    for store in facts["stores"]:
        where = ", ".join(f"`{path}`" for path in store["paths"][:3])
        here = ", ".join(f"`{path}`" for path in store["written"][:3])
        name = store["product"] or "its database"
        if here:
            yield f"TODO: how the service is told where {name} is; it is written in {here} and must become a variable\n"
        elif not store["variables"]:
            why = f"{where} could not be followed to a variable" if where else "nothing here opens it"
            yield f"TODO: how the service is told where {name} is; {why}\n"


def _meaning(store: Facts, variable: Facts, facts: Facts) -> str:
    of = f" of {_called(store)}" if len(facts["stores"]) > 1 or store["product"] else " of the database"
    role = variable["role"]
    if role == "url":
        url = _url(store, identifier(facts["name"]))
        return f"URL{of}" + (f", such as `{url}`" if url else "")
    if role in ("database", "file"):
        return _ROLES[role] + ("" if len(facts["stores"]) == 1 else f", {_called(store)}")
    return _ROLES.get(role, "setting" if role == "setting" else "part of the address") + of


def _url(store: Facts, name: str) -> str:
    """What a URL looks like; empty where that is not known."""
    product, scheme = store["product"], store["scheme"]
    if product == "SQLite":
        return f"{scheme if scheme.startswith('sqlite') else 'sqlite'}:////var/lib/{name}/{name}.db"
    if product == "Redis":
        return "redis://<host>:6379/0"
    if product not in _URLS:
        return ""
    plain, port = _URLS[product]
    return f"{scheme or plain}://<user>:<password>@<host>:{port}/{name}"


# ---- steps


def _steps(facts: Facts) -> Iterator[str]:
    yield "## Setup Steps\n"
    number = 0
    for store in facts["stores"]:
        number += 1
        yield from _creation(number, store, identifier(facts["name"]))
    names = [f"`{variable['name']}`" for store in facts["stores"] for variable in store["variables"]]
    if names:
        number += 1
        yield f"{number}. Set {_listed(list(dict.fromkeys(names)))} in the service's environment."
    if any(store["kind"] == "sql" for store in facts["stores"]):
        number += 1
        yield f"{number}. {_migrating(facts)}"
    if any(store["kind"] == "document" for store in facts["stores"]):
        number += 1
        yield f"{number}. No migrations for the document store: collections come with their first document.\n" \
              "   TODO: the indexes that it needs."
    yield ""


def _creation(number: int, store: Facts, name: str) -> Iterator[str]:
    code, language = provisioning(store["product"], name)
    if code:
        yield f"{number}. Create a database and a user in {_called(store)}; the names are yours:\n"
        yield f"   ```{language}\n" + "".join(f"   {line}\n" for line in code.splitlines()) + "   ```\n"
    elif store["product"] == "SQLite":
        yield f"{number}. Choose where the file lies: on a volume that outlives the container, and is backed up."
    elif store["kind"] == "cache":
        yield f"{number}. Bring {_called(store)} that only the service can reach."
    else:
        yield f"{number}. Create a database and a user that owns it: `CREATE DATABASE {name};`"


def _migrating(facts: Facts) -> str:
    found = facts["migrations"]
    if found is None:
        if facts["starts"]:
            where = _listed([f"`{path}`" for path in facts["starts"][:3]])
            return f"Nothing to run: the service makes its tables itself when it starts, in {where}.\n" \
                   "   TODO: bring migrations instead."
        if facts["makes"]:
            where = _listed([f"`{path}`" for path in facts["makes"][:3]])
            return f"TODO: build the tables; {where} can make them, and no migrations do."
        scripts = dict.fromkeys(f"`{table['path']}`" for table in facts["created"] if table["path"].endswith(".sql"))
        if scripts:
            return f"TODO: build the tables; they stand in {_listed(list(scripts))}, and no migrations build them."
        if any(table["kind"] == "sql" for table in facts["tables"]):
            return "TODO: build the tables; the service declares them and brings no migrations."
        return "TODO: build the tables; the service brings no migrations."
    if not found["command"]:
        return "Run the migrations, which lie above this folder. TODO: the command."
    make = "flask db migrate -m initial" if found["tool"] == "Flask-Migrate" else FIRST
    first = "" if found["revisions"] else f"\n   TODO: there is no revision yet; make the first with `{make}`."
    return f"Run the migrations, in the service's folder: `{found['command']}`.{first}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


# ---- schema


def _schema(facts: Facts) -> Iterator[str]:
    yield "## Schema Overview\n"
    kinds = {store["kind"] for store in facts["stores"]}
    tables = [table for table in facts["tables"] if table["kind"] in kinds]
    names = {table["name"].lower() for table in tables}
    created = [table for table in facts["created"] if table["name"].lower() not in names]
    for kind, word in (("sql", "Tables"), ("document", "Collections"), ("cache", "Models")):
        rows = [table for table in tables if table["kind"] == kind] + (created if kind == "sql" else [])
        if rows:
            yield f"- {word}: {len(rows)}\n"
            yield f"| {word[:-1].lower()} | model | declared in |\n|---|---|---|"
            yield from (_row(table) for table in rows)
            yield ""
            if any(table["orm"] == "django" for table in rows):
                yield "- Beside them, the tables of Django and of the applications that it is given\n"
        elif kind in kinds and kind != "cache":
            yield f"- {word}: TODO: list them; the code declares none"
    if "cache" in kinds:
        yield "- Cache: TODO: which keys it holds, and what happens when they are lost"
    yield "- Estimated size: TODO"
    yield "- Growth rate: TODO"


def _row(table: Facts) -> str:
    name = f"`{table['name']}`" if table["name"] else \
        f"named by {_NAMED_BY[table['orm']]}" if table["orm"] in _NAMED_BY else "named by the code"
    model = f"`{table['model']}`" if table["model"] and table["model"] != table["name"] else ""
    return f"| {name} | {model} | `{table['path']}` |"
