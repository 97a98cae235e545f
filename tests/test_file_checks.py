"""The checks of Alembic and deployment files, where a rule's example cannot show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gravity_lint.checks.alembic import IniUrl, MissingAlembic, MissingDowngrade
from gravity_lint.checks.deployment import BakedUrl, UnmarkedCompose
from gravity_lint.checks.documents import MissingDatabaseMd
from gravity_lint.checks.environments import has_environment, overrides_url
from gravity_lint.discover import File, ServiceFiles
from gravity_lint.facts.compose import compose_words, is_database_image
from gravity_lint.facts.python import parse_python
from gravity_lint.link.models import Model
from gravity_lint.link.modules import Module
from gravity_lint.link.service import Service
from gravity_lint.link.values import Site
from gravity_lint.violation import Finding, Place

_KINDS = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".ini": "ini", ".toml": "toml", ".md": "markdown"}


class _Declaring(Service):
    """A service that declares one model and opens nothing, whatever its files hold."""

    opened = sinks = ()  # type: ignore[assignment]

    def __init__(self, files: ServiceFiles, model: Model, place: Place) -> None:
        super().__init__(files)
        self.models = (model,)  # type: ignore[misc]
        self.database_place = place  # type: ignore[misc]

    def place(self, site: Site) -> Place:
        return self.database_place


def service(root: Path, kind: str = "service", **texts: str) -> Any:
    """As much of a service as these checks ask for."""
    files = []
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        role = "migration" if path.parent.name == "versions" or path.name == "env.py" else "code"
        files.append(File(path.as_posix(), "dockerfile" if path.name.startswith("Dockerfile")
                          else _KINDS.get(path.suffix, "other"), role))
    main = (root / "main.py").as_posix()
    module = Module(main, "code", lambda: parse_python(b""), lambda: b"")
    return _Declaring(ServiceFiles(root.as_posix(), kind, (), tuple(files), ()),
                      Model("sqlalchemy", "Item", Site(module, (0, 1))), Place(main, 1, 1, 1, 2))


def compose(root: Path, text: str, name: str = "docker-compose.yml") -> list[Finding]:
    return list(UnmarkedCompose()(service(root, **{name: text})))


MARKS = [
    "EXAMPLE: Not for production use", "This is an example. Configure for your project.", "Example docker-compose file",
    "Sample compose setup", "example only", "NOT FOR PRODUCTION", "Do not use this in production!", "Demo",
    "Non-production stack", "For development use only", "Local development only", "only for local testing",
    "This compose file is just a sample", "Adapt it to your own infrastructure", "Never run this in prod",
    "Fichier d'exemple : pas pour la production", "for demonstration purposes", "- EXAMPLE -",
    "Projects should create their own docker-compose", "Serves as an example",
]
NO_MARKS = [
    "Use postgres/example user/password credentials", "The production database", "Production-ready, not a toy",
    "see https://example.com", "for example psql -h localhost", "Orchestration of all twelve containers", "version 3",
    "user: example_user", "Shared network of the services", "examples of queries are in docs/", "Database",
    "password is 'example' in this file", "Starts the sampler and the exampler",
]


@pytest.mark.parametrize("mark", MARKS)
def test_marked(mark: str, tmp_path: Path) -> None:
    assert not compose(tmp_path, f"# {mark}\nservices:\n  db:\n    image: postgres\n")
    assert not compose(tmp_path, f"services:\n  app:\n    build: .\n\n  # {mark}\n  db:\n    image: postgres\n")


@pytest.mark.parametrize("mark", NO_MARKS)
def test_not_marked(mark: str, tmp_path: Path) -> None:
    (found,) = compose(tmp_path, f"# {mark}\nservices:\n  db:\n    image: postgres  # example only\n")
    assert (found.place.line, found.severity) == (4, None)


def test_a_mark_elsewhere_is_about_something_else(tmp_path: Path) -> None:
    assert compose(tmp_path, "services:\n  db:\n    image: postgres\n  app:\n    # example only\n    build: .\n")


@pytest.mark.parametrize("text", ["Development environment", "for local development", "local dev compose"])
def test_for_development(text: str, tmp_path: Path) -> None:
    (found,) = compose(tmp_path, f"# {text}\nservices:\n  db:\n    image: postgres\n")
    assert found.severity == "note"


@pytest.mark.parametrize(("image", "expected"), [
    ("postgres", True), ("postgres:16-alpine", True), ("postgis/postgis:16-3.4", True), ("bitnami/postgresql", True),
    ("localhost:5000/library/mysql:8", True), ("mcr.microsoft.com/mssql/server:2022-latest", True),
    ("redis/redis-stack-server@sha256:00", True), ("${REGISTRY}/mongo:${TAG}", True), ("${IMAGE:-mariadb:11}", True),
    ("clickhouse/clickhouse-server", True), ("container-registry.oracle.com/database/free", True),
    ("dpage/pgadmin4", False), ("mongo-express", False), ("prometheuscommunity/postgres-exporter", False),
    ("rabbitmq:3", False), ("my/server", False), ("shop/postgres-backup", False), ("", False), ("${IMAGE}", False),
])
def test_images(image: str, expected: bool) -> None:
    assert is_database_image(image) is expected


@pytest.mark.parametrize(("name", "words"), [
    ("docker-compose.yml", ()), ("compose.yaml", ()), ("docker-compose.prod.yml", ("prod",)),
    ("docker-compose-test_db.yaml", ("test", "db")), ("docker_compose.yml", ()), ("composer.yml", None),
    ("decompose.yml", None), ("compose.json", None), ("docker-compose.yml.j2", None),
    ("infra-compose.yml", ("infra",)), ("test.docker-compose.ci.yml", ("test", "ci")),
])
def test_compose_names(name: str, words: tuple[str, ...] | None) -> None:
    assert compose_words(name) == words


def test_the_old_form_without_services(tmp_path: Path) -> None:
    assert compose(tmp_path, "db:\n  image: postgres:9\nweb:\n  build: .\n")


def test_a_build_outside_the_service_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM postgres\n", "utf-8")
    assert not compose(tmp_path / "shop", "services:\n  db:\n    build: ..\n")
    assert compose(tmp_path / "shop", "services:\n  db:\n    build:\n      dockerfile_inline: FROM postgres\n")


@pytest.mark.parametrize(("text", "expected"), [
    ('config.set_main_option("sqlalchemy.url", url)\nengine_from_config(x)', True),
    ('config.set_section_option("alembic", "sqlalchemy.url", url)\nengine_from_config(x)', True),
    ('section["sqlalchemy.url"] = url\nengine_from_config(section)', True),
    ('engine_from_config({"sqlalchemy.url": url})', True),
    ("engine_from_config(x, url=url)", True),
    ("def online():\n    with create_engine(url).connect(): pass", True),
    ("with engine.connect() as connection: pass", True),
    ('def main():\n    try:\n        config.set_main_option("sqlalchemy.url", url)\n    finally: pass', True),
    ("engine_from_config(x)", False),
    ('if url:\n    config.set_main_option("sqlalchemy.url", url)\nengine_from_config(x)', False),
    ('url = config.get_main_option("sqlalchemy.url")\ncreate_engine(url)', False),
    ('config.set_main_option("sqlalchemy.url", getenv("X") or config.get_main_option("sqlalchemy.url"))\n'
     "engine_from_config(x)", False),
    ('config.set_main_option("script_location", url)\nengine_from_config(x)', False),
    ('if not (url := config.get_main_option("sqlalchemy.url")):\n    url = environ["X"]\n'
     "engine_from_config(x, url=url)", False),
    ('url = config.get_main_option("sqlalchemy.url") or environ["X"]\n'
     "def online():\n    engine_from_config(x, url=url)", False),
    ('def address():\n    url = getenv("X", config.get_main_option("sqlalchemy.url"))\n    return url\n'
     'config.set_main_option("sqlalchemy.url", address())\nengine_from_config(x)', False),
    ('section = config.get_section("alembic")\nurl = section.get("sqlalchemy.url")\n'
     "engine_from_config(section, url=url)", False),
    ('url = config.get_main_option("sqlalchemy.url")\nurl = environ["X"]\nengine_from_config(x, url=url)', True),
    ('url = config.get_main_option("sqlalchemy.url")\n'
     "def online(url):\n    engine_from_config(x, url=url)", True),
    ('url = one if config.get_main_option("sqlalchemy.url") == "x" else two\nengine_from_config(x, url=url)', True),
    ("", False),
])
def test_env_py(text: str, expected: bool) -> None:
    assert overrides_url(parse_python(text.encode())) is expected


def test_the_ini_of_pyproject(tmp_path: Path) -> None:
    text = '[tool.other]\n"sqlalchemy.url" = "sqlite:///no"\n[tool.alembic]\n"sqlalchemy.url" = "sqlite:///shop.db"\n'
    (found,) = IniUrl()(service(tmp_path, **{"pyproject.toml": text}))
    assert (found.place.line, found.place.column) == (4, 21)


def test_script_location_of_a_package(tmp_path: Path) -> None:
    ini = "[alembic]\nscript_location = shop.db:migrations\nsqlalchemy.url = sqlite:///shop.db\n"
    env = 'config.set_main_option("sqlalchemy.url", url)\n'
    (found,) = IniUrl()(service(tmp_path, **{"alembic.ini": ini, "shop/db/migrations/env.py": env}))
    assert found.severity == "note"


def test_an_environment_above_the_service(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    above = tmp_path / "migrations" / "env.py"
    above.parent.mkdir()
    above.write_text("from alembic import context\nfrom services.order_items.models import Base\n", "utf-8")
    assert has_environment(service(tmp_path / "services" / "order-items"))
    assert not has_environment(service(tmp_path / "services" / "stock"))


@pytest.mark.parametrize("kind", ["library", "repository"])
def test_only_services_must_bring_things(kind: str, tmp_path: Path) -> None:
    unit = service(tmp_path, kind)
    assert not [*MissingAlembic()(unit), *MissingDatabaseMd()(unit)]


def test_several_models(tmp_path: Path) -> None:
    unit = service(tmp_path, **{"main.py": ""})
    assert [found.fields["models"] for found in MissingAlembic()(unit)] == ["the model `Item`"]
    unit.models *= 3
    assert [found.fields["models"] for found in MissingAlembic()(unit)] == ["the model `Item` and 2 more"]
    assert [found.fields["what"] for found in MissingDatabaseMd()(unit)] == ["`Item` is kept in a database"]


@pytest.mark.parametrize("text", ["", "\t- [", "{{ x", "services: [a]\n", "services:\n", "services: {db: {image: [x]}}",
                                  "a: &a [*a]", "services:\n  db: postgres\n", "apiVersion: v1\nkind: [a]\n",
                                  "apiVersion: v1\nkind: Secret\ndata: {A: '%%', B: /w==, C: [x]}\nenv: [{value: a}]"])
def test_bad_files_are_no_fault(text: str, tmp_path: Path) -> None:
    names = ("compose.yml", "k8s.yaml", "alembic.ini", "Dockerfile", "versions/x.py", "pyproject.toml")
    unit = service(tmp_path, **dict.fromkeys(names, text))
    for check in (UnmarkedCompose(), BakedUrl(), IniUrl(), MissingDowngrade(), MissingAlembic(), MissingDatabaseMd()):
        list(check(unit))
