"""What a service asks of its deployment: which databases, by which variables, and what it keeps in them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.checks.drivers import PACKAGES, Given, given_by_files
from gravity_lint.checks.environments import has_environment
from gravity_lint.checks.marks import is_for_tests
from gravity_lint.checks.reading import source_of
from gravity_lint.facts.code import Call, Class, Function, Return
from gravity_lint.facts.compose import compose_services, compose_words, is_database_image
from gravity_lint.facts.sql import HOLE, statements
from gravity_lint.facts.urls import in_memory
from gravity_lint.facts.yamlfile import parse_yaml
from gravity_lint.link.models import Model
from gravity_lint.link.openings import Openings
from gravity_lint.link.sinks import Sink
from gravity_lint.link.targets import parts_of
from gravity_lint.link.texts import templates
from gravity_lint.link.values import Built, Environment, Joined, Literal, Value, Values, changed, literal_text, sources
from gravity_lint.record import NamedTuple, cached_property
from gravity_lint.regex import regex

if TYPE_CHECKING:
    from gravity_lint.link.modules import Unit
    from gravity_lint.link.service import Service
    from gravity_lint.link.values import Site

PRODUCTS = {
    "PostgreSQL": "postgresql postgres postgis pgsql psycopg2 psycopg psycopg-pool psycopg_pool asyncpg aiopg pg8000 "
                  "litestar-asyncpg postgresql-psycopg2",
    "MySQL": "mysql pymysql mysqlclient mysqldb mysql-connector mysql-connector-python mysqlconnector aiomysql asyncmy "
             "flask-mysqldb flask-mysql",
    "MariaDB": "mariadb mariadb-connector mariadbconnector",
    "SQLite": "sqlite sqlite3 pysqlite aiosqlite apsw",
    "Microsoft SQL Server": "mssql sqlserver pymssql aioodbc",
    "Oracle Database": "oracle oracledb cx-oracle cx_oracle",
    "CockroachDB": "cockroachdb cockroach",
    "DuckDB": "duckdb",
    "ClickHouse": "clickhouse",
    "Snowflake": "snowflake",
    "MongoDB": "mongodb mongo pymongo motor mongoengine flask-mongoengine flask-pymongo beanie odmantic",
    "CouchDB": "couchdb",
    "Couchbase": "couchbase",
    "Cassandra": "cassandra",
    "Redis": "redis rediss valkey aioredis asyncio-redis asyncio_redis flask-redis taskiq-redis",
    "Memcached": "memcached pymemcache",
}
"""What people call a database → the drivers, packages and schemes of URLs that lead to it."""
_PRODUCT = {word: product for product, words in PRODUCTS.items() for word in words.split()}
_URL_NAMES = {"PostgreSQL": "postgresql", "MySQL": "mysql", "MariaDB": "mariadb", "SQLite": "sqlite",
              "Microsoft SQL Server": "mssql", "Oracle Database": "oracle"}
_URL = regex(r"(?:^|_)(?:URL|URI|DSN)$", re.IGNORECASE)
_OF_CLASS = regex(r"(?:f[\"']\{)?cls\.__name__(?P<lower>\.lower\(\))?(?:\}(?P<inside>\w*)[\"'])?"
                  r"(?: \+ [\"'](?P<behind>\w*)[\"'])?")
_READ = regex(r"(?:getenv|environ(?:\.get)?)\s*[(\[]\s*[\"']([A-Z][A-Z0-9_]*)[\"']")
_CREATES = regex(r"\bop\.create_table\(\s*[\"'](\w+)[\"']")
_PACKAGE = {"mysqldb": "mysqlclient", "mysqlconnector": "mysql-connector-python"}
"""Drivers in the schemes of URLs that are called otherwise as packages."""
_ORDER = {"sql": 0, "document": 1, "cache": 2}
_EXTENSION = regex(r"CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"'\\]*([\w-]+)", re.IGNORECASE)
_PROJECT = regex(r"^\[(?:project|tool\.poetry)\][^\[]*?^name\s*=\s*[\"']([\w.-]+)[\"']", re.MULTILINE)
_NAMING = {"Meta": ("db_table", "table_name", "table", "tablename"), "Settings": ("name",)}
"""Classes inside models, and what in them names the table."""
_EXTENDING = {"geoalchemy2": "postgis", "pgvector": "vector", "timescaledb": "timescaledb"}
"""Packages that need an extension of PostgreSQL."""


class Variable(NamedTuple):
    """One thing that the deployment sets."""

    name: str
    role: str
    """`url`, `host`, `user`, `password`, `database`, `file`, `port`; empty where it is not known."""
    path: str
    """The file that reads it, from the service's root."""


class Store(NamedTuple):
    """One kind of database that a service opens."""

    kind: str
    product: str
    """Empty where nothing says which."""
    libraries: tuple[str, ...]
    variables: tuple[Variable, ...]
    written: tuple[str, ...]
    """The files in which some of its address is written, from the service's root."""
    asynchronous: bool
    scheme: str
    """Of its URL, with the driver; empty where that is not known."""
    paths: tuple[str, ...]
    """The files that open it, from the service's root."""


class Table(NamedTuple):
    """What is kept: a table or a collection, or, where its name is not known, the model."""

    name: str
    model: str
    path: str
    orm: str


class Migrations(NamedTuple):
    """How the tables are built."""

    tool: str
    command: str
    revisions: bool


class Interface:
    """Answers about one service, each when it is asked for."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.ask = service.evaluator

    def path(self, absolute: str) -> str:
        """A file of the service as people of the service call it."""
        return posixpath.relpath(absolute, self.service.root)

    @cached_property
    def _given(self) -> tuple[Given, ...]:
        return tuple(given_by_files(self.service))

    # ---- databases

    @cached_property
    def stores(self) -> tuple[Store, ...]:
        """The databases that its code opens, and those that its models need although nothing opens them."""
        groups: dict[tuple[str, str], list[Sink]] = {}
        for sink in self.opened:
            groups.setdefault((sink.kind, self._product(sink)), []).append(sink)
        known = {kind: [product for of, product in groups if of == kind and product] for kind, _ in groups}
        for kind, product in list(groups):  # what says nothing is the same as what says something
            if not product and len(known[kind]) == 1:
                groups[kind, known[kind][0]] += groups.pop((kind, product))
        found = [self._store(kind, product, each) for (kind, product), each in groups.items()]
        kinds = {store.kind for store in found}
        for row in knowledge.models():
            if row.kind not in kinds and any(model.orm == row.orm for model in self.service.models):
                kinds.add(row.kind)
                product = _PRODUCT.get(row.orm, "") or self._said(row.kind)
                found.append(Store(row.kind, product, (), (), (), False, "", ()))
        return tuple(sorted(found, key=lambda store: (_ORDER.get(store.kind, 3), store.product)))

    @cached_property
    def opened(self) -> tuple[Sink, ...]:
        """Where the service opens a database; what only tests and scripts open, where nothing else does."""
        known = [sink for sink in self.service.opened if not any(map(knowledge.is_test, sink.unit.name.split(".")))]
        own = [sink for sink in known if not self.service.reach.by_hand(sink.unit)]
        return tuple(own or known or self.service.opened)

    def _store(self, kind: str, product: str, found: list[Sink]) -> Store:
        variables: dict[str, Variable] = {}
        own = [sink for sink in found if sink.models == "sqlalchemy"]
        libraries = dict.fromkeys(sink.driver for sink in (*own, *found))
        for sink in found:
            for variable in self.variables(sink):
                if not knowledge.is_test(variable.name) and (
                        variable.name not in variables or not variables[variable.name].role):
                    variables[variable.name] = variable
        asynchronous = any(self.is_asynchronous(sink) for sink in found)
        scheme = next(filter(None, (self.scheme(sink, product) for sink in found)), "")
        driver = scheme.partition("+")[2] or (self._driver(product, asynchronous) if own else "")
        package = _PACKAGE.get(driver, driver)
        if driver and package.lower() not in {name.lower() for name in libraries}:
            libraries[package] = None
        given = [value for sink in found for role, values in sink.roles if role in ("url", "host", "file")
                 for value in values]
        if driver and not scheme and not any(map(changed, given)):
            scheme = f"{_URL_NAMES[product]}+{driver}"
        written = {self.path(value.site.module.path) for value in given if _is_written(value)}
        for variable in self._beside(variables.values()):
            variables.setdefault(variable.name, variable)
        paths = {self.path(sink.site.module.path) for sink in found if sink.is_call} or {
            self.path(sink.site.module.path) for sink in found}
        return Store(kind, product, tuple(libraries), tuple(variables.values()), tuple(sorted(written)), asynchronous,
                     scheme, tuple(sorted(paths)))

    def is_asynchronous(self, sink: Sink) -> bool:
        """Whether a sink makes an asynchronous engine of SQLAlchemy."""
        openings = Openings(self.ask, (sink,)).of_code
        return openings[0].takes == "sqlalchemy-async" if openings else "async" in sink.name.rsplit(".", 1)[-1]

    def _product(self, sink: Sink) -> str:
        driver = sink.driver.lower().replace(" ", "-")
        if driver in _PRODUCT:
            return _PRODUCT[driver]
        schemes = [product for scheme in self._schemes(sink) if (product := product_of(scheme))]
        sure = [product for product in schemes if product != "SQLite"]
        return sure[0] if sure else self._said(sink.kind) or next(iter(schemes), "")

    def _said(self, kind: str) -> str:
        """The product that the packages or the compose file of the service speak of, if it is one."""
        images = (image.partition(":")[0].rpartition("/")[2] for image in self.images)
        names = {_PRODUCT[word] for word in (*self.packages, *images) if word in _PRODUCT}
        of_kind = {name for name in names if kind_of(name) == kind}
        if len(of_kind) > 1:
            of_kind -= {"SQLite"}
        return next(iter(of_kind)) if len(of_kind) == 1 else ""

    def _driver(self, product: str, asynchronous: bool) -> str:
        """The driver of a product that the service's packages name."""
        table = knowledge.schemes()
        for dialect in table.dialects:
            if product_of(dialect.dialect) == product and product:
                wanted = (*(dialect.asynchronous if asynchronous else dialect.synchronous), *dialect.both)
                return next((driver for driver in wanted if _PACKAGE.get(driver, driver) in self.packages), "")
        return ""

    def scheme(self, sink: Sink, product: str) -> str:
        """The scheme of the URLs of this product that a sink is given, so far as something says it: the examples first,
        for those are what people copy."""
        names = {variable.name for variable in self.variables(sink) if variable.role == "url"}
        for one in self._given:
            scheme = one.text.partition("://")[0]
            if one.name in names and "://" in one.text and HOLE not in scheme and product_of(scheme) == product:
                return scheme
        return next((scheme for scheme in self._schemes(sink) if product and product_of(scheme) == product), "")

    def _schemes(self, sink: Sink) -> Iterator[str]:
        """The schemes that code and examples give a sink."""
        names = {variable.name for variable in self.variables(sink)}
        for role, values in sink.roles:
            if role in ("url", "host", "scheme"):
                yield from _schemes_of(values)
        for one in self._given:
            if one.name in names and "://" in one.text:
                yield one.text.partition("://")[0]

    # ---- variables

    def variables(self, sink: Sink) -> tuple[Variable, ...]:
        """What the deployment sets for a sink."""
        found: dict[str, Variable] = {}
        given = [*sink.roles, *((role, values) for role, values in self._ports(sink))]
        for role, values in given:
            for part, value in _parted(role, values):
                if value.name and value.kind != "option":
                    found.setdefault(value.name, Variable(value.name, part, self.path(value.site.module.path)))
            for value in _environments(values):
                alone = len(list(_environments(values))) == 1 and not _is_joined(values)
                told = role if alone or role == "port" else knowledge.classify(value.name, value.owner) or ""
                if not told and re.search(r"(?:^|_)PORT$", value.name, re.IGNORECASE):
                    told = "port"
                if value.name and value.kind != "option":
                    found.setdefault(value.name, Variable(value.name, told, self.path(value.site.module.path)))
        return tuple(each._replace(role="url") if each.role == "host" and _URL.search(each.name) else each
                     for each in found.values())

    def _beside(self, known: Iterable[Variable]) -> Iterator[Variable]:
        """What is read from the environment beside known variables, and begins as one of them: `MONGO_POOL_SIZE`."""
        begins: dict[str, list[str]] = {}
        for each in known:
            if "_" in each.name:
                begins.setdefault(each.path, []).append(each.name.rpartition("_")[0] + "_")
        for path, starts in sorted(begins.items()):
            source = source_of(self.service, f"{self.service.root}/{path}")
            for name in _READ.findall(source.text) if source is not None else ():
                if name.startswith(tuple(starts)):
                    port = re.search(r"_PORT$", name)
                    yield Variable(name, "port" if port else knowledge.classify(name, "") or "setting", path)

    def _ports(self, sink: Sink) -> Iterator[tuple[str, Values]]:
        call = call_of(sink)
        for arg in call.args if call is not None else ():
            if arg.name == "port":
                yield "port", self.ask.values(arg.value, self.ask.runs.frame(sink.unit))

    # ---- what is kept

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables and collections of its own models, each once, in the order of their places."""
        own = {file.path for file in self.service.files_of("python")}
        found: dict[str, Table] = {}
        for model in self.service.models:
            if model.site.module.path in own and not self._is_embedded(model):
                name = self._name(model)
                found.setdefault(name or f"{model.site.module.path}:{model.name}",
                                 Table(name, model.name, self.path(model.site.module.path), model.orm))
        return tuple(found.values())

    def _is_embedded(self, model: Model) -> bool:
        """Whether a document only lies inside others."""
        unit = unit_of(model)
        return unit is not None and any(name.endswith("EmbeddedDocument") for name in self.ask.objects.lineage(unit)[1])

    def _name(self, model: Model) -> str:
        """The name of a model's table; empty where it is not written."""
        unit = unit_of(model)
        if unit is None:
            return model.name if model.name != "Table" else ""
        names = self.ask.objects.lineage(unit)[1]
        mark = {"sqlalchemy": "__tablename__", "edgy": "", "piccolo": ""}.get(model.orm)
        if model.orm == "sqlalchemy":
            for one in self.ask.objects.lineage(unit)[0]:
                state = one.flow.exit.get(mark or "")
                if state is not None and state.bindings:
                    told = literal_text(self.ask.state(mark or "", state, self.ask.runs.frame(one)))
                    return told or _computed(one, unit.last_name)
            if any(name.endswith("SQLModel") for name in names):
                return unit.last_name.lower()
            if any(name.endswith(".SQLAlchemy.Model") for name in names):
                return _snake(unit.last_name)
        for inner in unit.inner.values():
            for key in _NAMING.get(inner.last_name, ()):
                state = inner.flow.exit.get(key)
                if state is not None and state.bindings:
                    return literal_text(self.ask.state(key, state, self.ask.runs.frame(inner))) or ""
        return ""

    @cached_property
    def created(self) -> tuple[Table, ...]:
        """The tables that its own SQL creates."""
        found: dict[str, Table] = {}
        for file in self.service.files_of("sql"):
            source = source_of(self.service, file.path)
            for each in statements(source.text) if source is not None else ():
                if each.kind == "create-table" and not each.temporary and each.name and "…" not in each.name:
                    found.setdefault(each.name, Table(each.name, "", self.path(file.path), ""))
        for file in self.service.files_of("python", roles=("migration",)):
            source = source_of(self.service, file.path)
            for name in _CREATES.findall(source.text) if source is not None else ():
                found.setdefault(name, Table(name, "", self.path(file.path), ""))
        for sent in self.service.sent:
            if sent.kind == "create-table" and not sent.temporary:
                name = next((each.name for each in statements(sent.text) if each.kind == "create-table"), "")
                if name and "…" not in name:
                    found.setdefault(name, Table(name, "", self.path(sent.site.module.path), ""))
        return tuple(found.values())

    @cached_property
    def makes_tables(self) -> tuple[str, ...]:
        """The files in which the service makes its tables itself, when it starts or later."""
        return tuple(sorted({self.path(site.module.path) for unit, site in self._made
                             if not self.service.reach.by_hand(unit)}))

    @cached_property
    def starts_with_tables(self) -> tuple[str, ...]:
        """Those of them that start-up runs."""
        return tuple(sorted({self.path(site.module.path) for unit, site in self._made
                             if self.service.reach.reaches(unit, site.span)}))

    @cached_property
    def _made(self) -> tuple[tuple[Unit, Site], ...]:
        return (*((done.unit, done.site) for done in self.service.performed if done.operation == "create-tables"),
                *((sent.unit, sent.sender) for sent in self.service.sent
                  if sent.kind in ("create-table", "alter-table") and not sent.temporary))

    @cached_property
    def extensions(self) -> tuple[str, ...]:
        """The extensions of PostgreSQL that its code and its scripts speak of."""
        found = {name for package, name in _EXTENDING.items() if self.ask.calls.imports(package)}
        for file in self.service.files_of("python", "sql", roles=("code", "migration")):
            source = source_of(self.service, file.path)
            if source is not None and re.search(rb"(?i)create\s+extension", source.data):
                found.update(match[1] for match in _EXTENSION.finditer(source.text))
        return tuple(sorted(found - {"IF", "if"}))

    # ---- how its tables are built

    @cached_property
    def migrations(self) -> Migrations | None:
        """The tool that builds its tables, and the command; None where there is none."""
        paths = [file.path for file in self.service.files]
        revisions = any(file.role == "migration" and not file.path.endswith("/env.py")
                        for file in self.service.files_of("python", roles=("migration",)))
        manage = next((path for path in paths if posixpath.basename(path) == "manage.py"), None)
        if manage is not None and self._mentions(manage, b"django"):
            return Migrations("Django", f"python {self.path(manage)} migrate", True)
        for path in paths:
            if posixpath.basename(path) == "env.py" and self._mentions(path, b"alembic") \
                    and self._mentions(path, b"current_app"):
                folder = self.path(posixpath.dirname(path))
                more = "" if folder == "migrations" else f" --directory {folder}"
                return Migrations("Flask-Migrate", f"flask db upgrade{more}", revisions)
        for path in paths:
            if posixpath.basename(path).startswith("alembic") and path.endswith(".ini") \
                    and self._mentions(path, b"script_location"):
                name = self.path(path)
                more = "" if name == "alembic.ini" else f" -c {name}"
                return Migrations("Alembic", f"alembic{more} upgrade head", revisions)
        if self._mentions(f"{self.service.root}/pyproject.toml", b"[tool.aerich]"):
            return Migrations("Aerich", "aerich upgrade", True)
        return Migrations("Alembic", "", revisions) if has_environment(self.service) else None

    def _mentions(self, path: str, word: bytes) -> bool:
        source = source_of(self.service, path)
        return source is not None and word in source.data

    # ---- its files

    @cached_property
    def packages(self) -> frozenset[str]:
        """The drivers that its requirements name or its code imports."""
        found: set[str] = set()
        for file in self.service.files:
            source = source_of(self.service, file.path) if PACKAGES.fullmatch(posixpath.basename(file.path)) else None
            if source is not None:
                words = set(re.findall(r"(?<![\w.-])[a-z][\w-]*", source.text.lower()))
                found |= words & {*_PRODUCT, "alembic", "flask-migrate", "psycopg2-binary", "asyncpg"}
        if "psycopg2-binary" in found:
            found.add("psycopg2")
        return frozenset(found | {name for name in _PRODUCT if self.ask.calls.imports(name)})

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The images of databases that its compose files start."""
        found: dict[str, None] = {}
        for file in self.service.files_of("yaml"):
            words = compose_words(posixpath.basename(file.path))
            source = source_of(self.service, file.path) if words is not None else None
            for each in compose_services(parse_yaml(source)) if source is not None else ():
                if each.image is not None and is_database_image(each.image.text) and not is_for_tests(each.name):
                    found[each.image.text] = None
        return tuple(found)

    @cached_property
    def name(self) -> str:
        """What the service is called: as its project, else as its folder."""
        source = source_of(self.service, f"{self.service.root}/pyproject.toml")
        told = _PROJECT.search(source.text) if source is not None else None
        return told[1] if told else re.sub(r"[^\w.+-]+", "-", posixpath.basename(self.service.root)) or "service"


def _computed(owner: Unit, name: str) -> str:
    """The table's name that a class computes from the model's own; empty where it is not as simple as that."""
    method = next((unit for unit in owner.inner.values() if unit.last_name == "__tablename__"), None)
    last = method.node.body[-1:] if method is not None and isinstance(method.node, Function) else ()
    value = next((stmt.value for stmt in last if isinstance(stmt, Return)), None)
    text = owner.module.text[slice(*value.span)].decode("utf-8", "replace") if value is not None else ""
    found = _OF_CLASS.fullmatch(text)
    if found is None:
        return ""
    return (name.lower() if found["lower"] else name) + (found["inside"] or found["behind"] or "")


def product_of(scheme: str) -> str:
    """The product that a URL's scheme leads to; empty where that is not known."""
    return _PRODUCT.get(scheme.lower().split("+")[0].removesuffix("://"), "")


def kind_of(product: str) -> str:
    """Whether a product holds tables, documents, or what may be lost."""
    if product in ("MongoDB", "CouchDB", "Couchbase", "Cassandra"):
        return "document"
    return "cache" if product in ("Redis", "Memcached") else "sql"


def unit_of(model: Model) -> Unit | None:
    """The class that a model is; None for one without a class."""
    return next((unit for unit in model.site.module.units
                 if isinstance(unit.node, Class) and unit.node.span == model.site.span), None)


def call_of(sink: Sink) -> Call | None:
    """The call that a sink is, where it is one."""
    return next((call for call in sink.unit.calls if call.span == sink.site.span), None) if sink.is_call else None


def _environments(values: Values, depth: int = 0) -> Iterator[Environment]:
    """What the deployment gives for values, and for what stands in for them."""
    for value in sources(values):
        if isinstance(value, Environment):
            if value.name:
                yield value
            if depth < 3:
                yield from (inner for inner in _environments(value.default, depth + 1) if inner.name != value.name)


def _parted(role: str, values: Values) -> Iterator[tuple[str, Environment]]:
    """What the deployment gives for the parts of a URL, each with the part that it is."""
    for template in templates(tuple(value for value in values if isinstance(value, Joined))):
        if "://" in template.text:
            for part, _, holes in parts_of(role, template):
                yield from ((part, value) for hole in holes for value in _environments(hole))


def _is_written(value: Value) -> bool:
    """Whether an address, or the host in it, is a literal that nothing gives."""
    if isinstance(value, Literal):
        text = value.value
        return value.chosen is None and isinstance(text, str) and bool(text) and not in_memory(text)
    return isinstance(value, Joined) and value.chosen is None and any(
        part == "host" and not holes and bool(text) for template in templates((value,)) if "://" in template.text
        for part, text, holes in parts_of("url", template))


def _is_joined(values: Values) -> bool:
    return any(not isinstance(value, Environment) for value in values)


def _schemes_of(values: Values, depth: int = 0) -> Iterator[str]:
    for value in values:
        if isinstance(value, Built):
            text = next((literal_text(given) for role, given in value.roles if role == "scheme"), None)
            if text:
                yield text
        elif isinstance(value, Environment):
            if depth < 3:
                yield from _schemes_of(value.default, depth + 1)
        else:
            for template in templates((value,)):
                scheme, sign, _ = template.text.partition("://")
                if sign and HOLE not in scheme:
                    yield scheme


def _snake(name: str) -> str:
    """As Flask-SQLAlchemy names the table of a class."""
    return re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name).lower()
