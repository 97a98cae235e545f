"""The deployment's side of a service: the statements and files by which it brings a database."""

from __future__ import annotations

import re

from gravity_lint.fix.kinds import Mended, Refused, Texts
from gravity_lint.violation import Block, Remedy

PASSWORD = "<password>"
"""Stands where the deployment puts its own."""


_RESERVED = frozenset({
    "all", "and", "any", "array", "as", "authorization", "both", "case", "check", "column", "constraint", "create",
    "current_user", "default", "delete", "do", "drop", "end", "fetch", "for", "foreign", "from", "function", "grant",
    "group", "in", "index", "insert", "into", "join", "key", "leading", "left", "like", "limit", "not", "null",
    "offset", "on", "or", "order", "primary", "procedure", "references", "returning", "right", "row", "rows", "schema",
    "select", "session_user", "system", "table", "then", "to", "trigger", "union", "unique", "update", "user", "using",
    "values", "view", "when", "where", "window", "with",
    "admin", "config", "information_schema", "local", "main", "master", "mysql", "postgres", "sys", "test"})
"""Words that SQL keeps for itself, and databases that servers have from the beginning."""


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
        "MongoDB": f'use {name}\ndb.createUser({{user: "{name}", pwd: "{PASSWORD}", '
                   f'roles: [{{role: "readWrite", db: "{name}"}}]}})',
    }
    statements["MariaDB"] = statements["MySQL"]
    code = statements.get(product, "")
    return code, "" if not code else "js" if product == "MongoDB" else "sql"


# ---- shown in place of what the service does itself


def provisioned(remedy: Remedy, texts: Texts) -> Mended:
    """Instead of CREATE or DROP DATABASE in the code: the statements, and for an example the database's container."""
    name, product = _database(remedy), remedy.word("product")
    if remedy.word("operation") == "drop-database":
        return _shown(Block("The deployment, when the service goes", "sql", f"DROP DATABASE {name};"))
    if product == "SQLite":
        raise Refused("a database of SQLite is a file, which the deployment gives a place")
    code, language = provisioning(product, name)
    code, language = (code, language) if code else (f"CREATE DATABASE {name};", "sql")
    blocks = [Block("The deployment, once, before the migrations", language, code)]
    if container := _container(product, remedy.word("image"), name):
        blocks.append(Block("Or, in a compose file that is an example, the database's container makes it", "yaml",
                            container))
    return _shown(*blocks)


def _container(product: str, image: str, name: str) -> str:
    """A container that creates the database when it is made for the first time."""
    images = {"PostgreSQL": ("postgres:16", "POSTGRES_DB POSTGRES_USER POSTGRES_PASSWORD"),
              "MySQL": ("mysql:8", "MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD MYSQL_ROOT_PASSWORD"),
              "MariaDB": ("mariadb:11", "MARIADB_DATABASE MARIADB_USER MARIADB_PASSWORD MARIADB_ROOT_PASSWORD")}
    if product not in images:
        return ""
    usual, variables = images[product]
    lines = ["services:", "  db:", f"    image: {image if is_of(image, product) else usual}", "    environment:"]
    for variable in variables.split():
        value = f"${{{variable}:?must be set}}" if variable.endswith("_PASSWORD") else name
        lines.append(f"      {variable}: {value}")
    return "\n".join(lines)


def is_of(image: str, product: str) -> bool:
    """Whether an image is one of a product."""
    return bool(product) and product.split()[0].lower().removesuffix("ql").removesuffix("db") in image


def permitted(remedy: Remedy, texts: Texts) -> Mended:
    """Instead of users and permissions in the code."""
    statement = " ".join(remedy.word("statement").replace("'***'", f"'{PASSWORD}'").replace("***", PASSWORD).split())
    if statement:
        unknown = "; `…` is what the code fills in" if "…" in statement else ""
        return _shown(Block(f"The deployment, as an administrator of the database{unknown}", "sql", f"{statement};"))
    code, language = provisioning(remedy.word("product"), _database(remedy))
    if not code:
        raise Refused("which database it is, is not known")
    return _shown(Block("The deployment, as an administrator of the database", language, code))


_DUMPS = {
    "PostgreSQL": ('pg_dump -Fc "$DATABASE_URL" > /backups/{0}-$(date +%F).dump', "postgres:16"),
    "MySQL": ('mysqldump --single-transaction -h "$DB_HOST" -u "$DB_USER" -p"$DB_PASSWORD" {0} '
              "> /backups/{0}-$(date +%F).sql", "mysql:8"),
    "MongoDB": ('mongodump --uri "$DATABASE_URL" --gzip --archive=/backups/{0}-$(date +%F).gz', "mongo:7"),
    "SQLite": ('sqlite3 /data/{0}.db ".backup /backups/{0}-$(date +%F).db"', "keinos/sqlite3"),
}
_RESTORES = {
    "PostgreSQL": 'pg_restore --clean --if-exists -d "$DATABASE_URL" /backups/{0}-2024-01-31.dump',
    "MySQL": 'mysql -h "$DB_HOST" -u "$DB_USER" -p"$DB_PASSWORD" {0} < /backups/{0}-2024-01-31.sql',
    "MongoDB": 'mongorestore --uri "$DATABASE_URL" --gzip --archive=/backups/{0}-2024-01-31.gz',
}


def backed_up(remedy: Remedy, texts: Texts) -> Mended:
    """Instead of backups by the service: a job of the deployment, with the client of the database's own image."""
    name, product = _database(remedy), remedy.word("product").replace("MariaDB", "MySQL")
    if remedy.word("operation") == "restore":
        if product not in _RESTORES:
            raise Refused("how this database is restored is not known")
        return _shown(Block("Whoever runs the database", "sh", _RESTORES[product].format(name)))
    if product not in _DUMPS:
        raise Refused("how this database is backed up is not known")
    command, image = _DUMPS[product]
    image = remedy.word("image") if is_of(remedy.word("image"), remedy.word("product")) else image
    text = f"""\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {_dashed(name)}-backup
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: backup
              image: {image}
              command: [sh, -c, '{command.format(name)}']
              envFrom:
                - secretRef: {{name: {_dashed(name)}-backup}}
              volumeMounts:
                - {{name: backups, mountPath: /backups}}
          volumes:
            - name: backups
              persistentVolumeClaim: {{claimName: backups}}"""
    return _shown(Block("In the deployment, where the database has no backups of its own", "yaml", text))


def cared_for(remedy: Remedy, texts: Texts) -> Mended:
    """Instead of vacuuming and replication by the service."""
    statement, product = remedy.word("statement"), remedy.word("product")
    if remedy.word("operation") == "replication":
        if not statement:
            raise Refused("how the deployment sets this up is not known")
        return _shown(Block("The deployment, as an administrator of the database", "sql", f"{statement};"))
    if product == "SQLite":
        return _shown(Block("Once, before the first table is made; then nobody has to", "sql",
                            "PRAGMA auto_vacuum = INCREMENTAL;"))
    if product != "PostgreSQL":
        raise Refused("how the deployment does this is not known")
    return _shown(Block("In a migration, for a table that autovacuum does not keep up with", "py",
                        'op.execute("ALTER TABLE <table> SET (autovacuum_vacuum_scale_factor = 0.02)")'))


def moved(remedy: Remedy, texts: Texts) -> Mended:
    """Instead of a script among the service's files."""
    path = remedy.word("path")
    name = path.rpartition("/")[2]
    return _shown(Block("Into what deploys the service; or, if it only shows how, among examples", "sh",
                        f"mkdir -p examples && git mv {path} examples/{name}"))


def migrated(remedy: Remedy, texts: Texts) -> Mended:
    """Instead of migrations by the service: a job before it, for compose and for Kubernetes."""
    name = _dashed(remedy.word("container") or remedy.word("name"))
    command, variables = remedy.word("command"), remedy.word("variables").split()
    given = [f"      {each}: ${{{each}:?must be set}}" for each in variables]
    environment = ["    environment:", *given] if given else []
    compose = ["services:", f"  {name}-migrations:", f"    build: {remedy.word('build')}", f"    command: {command}",
               *environment, f"  {name}:", "    depends_on:", f"      {name}-migrations:",
               "        condition: service_completed_successfully"]
    words = ", ".join(f'"{word}"' for word in command.split())
    secret = [f"      - name: {each}\n        valueFrom: {{secretKeyRef: {{name: {name}, key: {each}}}}}"
              for each in variables]
    pod = ["initContainers:", "  - name: migrations", f"    image: {name}:latest", f"    command: [{words}]",
           *(["    env:", *secret] if secret else [])]
    return _shown(Block(f"In {remedy.word('file') or 'a compose file'}", "yaml", "\n".join(compose)),
                  Block("Or in the pod of a Kubernetes Deployment", "yaml", "\n".join(pod)))


def _database(remedy: Remedy) -> str:
    return remedy.word("database") or identifier(remedy.word("name"))


def _dashed(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "service"


def _shown(*blocks: Block) -> Mended:
    return Mended({}, blocks=blocks)
