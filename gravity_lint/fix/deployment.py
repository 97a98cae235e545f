"""The deployment's side of a service: the statements and files by which it brings a database."""

from __future__ import annotations

import re

PASSWORD = "<password>"
"""Stands where the deployment puts its own."""


_RESERVED = frozenset({
    "all", "and", "any", "array", "as", "authorization", "both", "case", "check", "column", "constraint", "create",
    "current_user", "default", "delete", "do", "drop", "end", "fetch", "for", "foreign", "from", "function", "grant",
    "group", "in", "index", "insert", "into", "join", "key", "leading", "left", "like", "limit", "not", "null",
    "offset", "on", "or", "order", "primary", "procedure", "references", "returning", "right", "row", "rows", "schema",
    "select", "session_user", "system", "table", "then", "to", "trigger", "union", "unique", "update", "user", "using",
    "values", "view", "when", "where", "window", "with"})


def identifier(name: str) -> str:
    """A name that every database takes without quotes."""
    found = re.sub(r"\W+", "_", name.lower()).strip("_")[:48] or "service"
    return f"{found}_service" if found in _RESERVED or found[0].isdigit() else found


def provisioning(product: str, name: str) -> tuple[str, str]:
    """The product and the name of a database → the code that creates it with a user of its own, and its language; both
    empty where nothing is to be created."""
    statements = {
        "PostgreSQL": f"CREATE USER {name} WITH PASSWORD '{PASSWORD}';\nCREATE DATABASE {name} OWNER {name};",
        "CockroachDB": f"CREATE USER {name} WITH PASSWORD '{PASSWORD}';\nCREATE DATABASE {name} OWNER {name};",
        "MySQL": f"CREATE DATABASE {name};\nCREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
                 f"GRANT ALL PRIVILEGES ON {name}.* TO '{name}'@'%';",
        "Microsoft SQL Server": f"CREATE DATABASE {name};\nCREATE LOGIN {name} WITH PASSWORD = '{PASSWORD}';\nGO\n"
                                f"USE {name};\nCREATE USER {name} FOR LOGIN {name};\n"
                                f"ALTER ROLE db_owner ADD MEMBER {name};",
        "MongoDB": f'use {name}\ndb.createUser({{user: "{name}", pwd: passwordPrompt(), '
                   f'roles: [{{role: "readWrite", db: "{name}"}}]}})',
    }
    statements["MariaDB"] = statements["MySQL"]
    code = statements.get(product, "")
    return code, "" if not code else "js" if product == "MongoDB" else "sql"
