"""Services and their files, found in trees of every shape."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gravity_lint.config import Config
from gravity_lint.discover import Discovery, NoSuchPath, ServiceFiles, discover
from gravity_lint.discover.ignore import Patterns
from gravity_lint.discover.walk import kind_of

API = "from fastapi import FastAPI\n\napp = FastAPI()\n"
FLASK = "from flask import Flask\n\napp = Flask(__name__)\n"
CODE = "x = 1\n"
IMAGE = "FROM python:3.12\nCMD [\"uvicorn\", \"app.main:app\"]\n"
DISTRIBUTION = "[project]\nname = \"thing\"\n"
SETUP = "from setuptools import setup\n\nsetup()\n"
COMPOSE = "services:\n  db:\n    image: postgres:16\n"

Plant = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    def plant(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path

    return plant


def found(*paths: Path, config: Config | None = None) -> Discovery:
    return discover(paths, config or Config(root=paths[0]))


def relative(root: Path, path: str) -> str:
    return Path(path).relative_to(root).as_posix()


def shape(root: Path, discovery: Discovery) -> dict[str, str]:
    return {relative(root, service.root): service.kind for service in discovery.services}


def files(root: Path, discovery: Discovery, role: str | None = None) -> set[str]:
    return {relative(root, file.path) for service in discovery.services for file in service.files
            if role in (None, file.role)}


def of(root: Path, discovery: Discovery, path: str) -> ServiceFiles:
    return next(service for service in discovery.services if relative(root, service.root) == path)


SHAPES = {
    "one service": ({"Dockerfile": IMAGE, "app/main.py": API}, {".": "service"}),
    "no packaging": ({"app/config.py": CODE, "app/db.py": CODE}, {".": "service"}),
    "src layout": ({"pyproject.toml": DISTRIBUTION, "src/shop/main.py": API, "src/shop/__init__.py": ""},
                   {".": "service"}),
    "packaging in app, compose above": (
        {"app/Dockerfile": IMAGE, "app/pyproject.toml": DISTRIBUTION, "app/main.py": API, "requirements.txt": "",
         "docker-compose.yml": "services:\n  web:\n    build: .\n"}, {".": "service"}),
    "a monorepo": (
        {"services/a/Dockerfile": IMAGE, "services/a/main.py": API, "services/b/requirements.txt": "",
         "services/b/app/main.py": API, "docker-compose.yml": COMPOSE},
        {".": "repository", "services/a": "service", "services/b": "service"}),
    "numbered folders": ({f"0{number}_step/app.py": FLASK for number in range(3)},
                         {f"0{number}_step": "service" for number in range(3)}),
    "numbered folders with one list of requirements": (
        {"requirements.txt": "flask\n", "01/app.py": FLASK, "02/app.py": FLASK},
        {".": "repository", "01": "service", "02": "service"}),
    "Django projects with one list of requirements": (
        {"requirements.txt": "django\n",
         **{f"{name}/{file}": f"os.environ.setdefault('DJANGO_SETTINGS_MODULE', '{name}.settings')\n"
            for name in ("edge/back", "orders") for file in ("manage.py", "shop/wsgi.py")}},
        {".": "repository", "edge/back": "service", "orders": "service"}),
    "demonstrations below a list of what developers need": (
        {"requirements-dev.txt": "", **{f"demos/{name}/{file}": text for name in ("a", "b") for file, text in (
            ("setup.py", SETUP), (f"{name}/__init__.py", ""), (f"{name}/main.py", "app = web.Application()\n"))}},
        {".": "repository", "demos/a": "service", "demos/b": "service"}),
    "several entries that share code": (
        {"requirements.txt": "", "api/main.py": API, "worker/celery_app.py": "app = Celery()\n", "core/db.py": CODE},
        {".": "service"}),
    "a workspace above its services": (
        {"pyproject.toml": DISTRIBUTION, "main.py": "print('hello')\n", "a/alembic.ini": "", "a/app/main.py": API,
         "a/app/__init__.py": "", "b/alembic.ini": "", "b/app/main.py": API, "c/Dockerfile": IMAGE, "c/run.py": CODE},
        {".": "repository", "a": "service", "b": "service", "c": "service"}),
    "a gateway above its services": (
        {"Dockerfile": IMAGE, "main.py": API, "a/Dockerfile": IMAGE, "a/main.py": API, "b/Dockerfile": IMAGE,
         "b/main.py": API}, {".": "service", "a": "service", "b": "service"}),
    "a gateway that is a package above its services": (
        {f"edge/{name}": text for name, text in {
            "__init__.py": "", "Dockerfile": IMAGE, "main.py": API, "a/Dockerfile": IMAGE, "a/main.py": API,
            "b/Dockerfile": IMAGE, "b/main.py": API}.items()},
        {"edge": "service", "edge/a": "service", "edge/b": "service"}),
    "one image of several packages": (
        {"Dockerfile": IMAGE, "Pipfile": "", "app/services/run.py": CODE,
         **{f"app/services/{name}/{file}.py": CODE for name in ("a", "b") for file in ("__init__", "app")}},
        {".": "service"}),
    "images of others": (
        {"infra/Dockerfile": "FROM postgres:16\n", "infra/pyproject.toml": DISTRIBUTION, "services/a/Dockerfile": IMAGE,
         "services/a/main.py": API, "services/b/Dockerfile": IMAGE, "services/b/main.py": API},
        {".": "repository", "services/a": "service", "services/b": "service"}),
    "a compose file builds them": (
        {"infra/compose.yaml": "services:\n  a:\n    build: ../a\n  b:\n    build:\n      context: ..\n"
                               "      dockerfile: b/Dockerfile.prod\n",
         "a/main.py": CODE, "b/main.py": CODE}, {".": "repository", "a": "service", "b": "service"}),
    "a library beside services": (
        {"a/Dockerfile": IMAGE, "a/main.py": API, "b/Dockerfile": IMAGE, "b/main.py": API,
         "kit/pyproject.toml": DISTRIBUTION, "kit/kit/__init__.py": ""},
        {"a": "service", "b": "service", "kit": "library"}),
    "a library that nothing declares": (
        {"a/Dockerfile": IMAGE, "a/main.py": API, "b/Dockerfile": IMAGE, "b/main.py": API, "shared/db.py": CODE},
        {"a": "service", "b": "service", "shared": "library"}),
    "a library beside one service": (
        {"service/Dockerfile": IMAGE, "service/main.py": API, "libs/kit/setup.py": SETUP,
         "libs/kit/kit.py": CODE},
        {"service": "service", "libs/kit": "library"}),
    "only a library": ({"pyproject.toml": DISTRIBUTION, "kit/__init__.py": "", "kit/db.py": CODE}, {".": "library"}),
    "a library that its documentation uses": (
        {"pyproject.toml": DISTRIBUTION, "kit/__init__.py": "", "kit/db.py": CODE, "docs_src/first.py": API,
         "docs_examples/second.py": API, "documentation/conf.py": CODE}, {".": "library"}),
    "a library with an example beside it": (
        {"setup.py": SETUP + "# app = Flask(__name__)\n", "example.py": FLASK, "kit/__init__.py": ""},
        {".": "library"}),
    "a service named example": ({"requirements.txt": "flask\n", "example.py": FLASK}, {".": "service"}),
    "an entry of any name": ({"pyproject.toml": DISTRIBUTION, "shop/http.py": API}, {".": "service"}),
    "a Django project": (
        {"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n", "shop/settings.py": CODE,
         "shop/wsgi.py": "application = get_wsgi_application()\n", "orders/models.py": CODE}, {".": "service"}),
    "scripts beside an app": ({"requirements.txt": "", "main.py": API, "scripts/run.py": FLASK}, {".": "service"}),
    "examples only": ({"README.md": "", "examples/a/app.py": FLASK, "examples/b/app.py": FLASK},
                      {".": "repository", "examples/a": "service", "examples/b": "service"}),
    "a frontend beside it": ({"docker-compose.yml": "services:\n  api:\n    build: ./server\n",
                              "server/Dockerfile": IMAGE, "server/run.py": CODE, "client/package.json": "{}"},
                             {".": "repository", "server": "service"}),
    "a test's own app": ({"pyproject.toml": DISTRIBUTION, "main.py": API, "tests/app/main.py": API,
                          "tests/app/Dockerfile": IMAGE}, {".": "service"}),
    "entries by name alone": ({"01/main.py": CODE, "02/app.py": CODE}, {"01": "service", "02": "service"}),
    "an entry by name alone among other code": ({"utils/run.py": CODE, "core/db.py": CODE}, {".": "service"}),
    "entries by name alone below another": ({"main.py": CODE, "utils/run.py": CODE, "jobs/main.py": CODE},
                                            {".": "service"}),
    "a program without packaging beside services": (
        {"a/Dockerfile": IMAGE, "a/main.py": API, "b/Dockerfile": IMAGE, "b/main.py": API, "loader/main.py": CODE,
         "stub/pyproject.toml": DISTRIBUTION, "stub/main.py": CODE},
        {"a": "service", "b": "service", "loader": "library", "stub": "library"}),
    "a declared workspace": (
        {"pyproject.toml": "[project]\nname = \"all\"\n[tool.uv.workspace]\nmembers = [\"*\"]\n",
         "a/pyproject.toml": DISTRIBUTION, "a/src/a/main.py": API, "kit/pyproject.toml": DISTRIBUTION,
         "kit/src/kit/db.py": CODE}, {".": "repository", "a": "service", "kit": "library"}),
    "a folder of requirements": ({"requirements/base.txt": "", "shop/http.py": CODE}, {".": "service"}),
    "a Procfile": ({"Procfile": "web: gunicorn shop:app\n", "shop/__init__.py": FLASK}, {".": "service"}),
    "a command": ({"pyproject.toml": DISTRIBUTION + "[project.scripts]\nshop = \"shop:main\"\n",
                   "shop/__init__.py": CODE}, {".": "service"}),
    "a package with an old command": ({"setup.py": SETUP + "console_scripts = []\n", "shop/x.py": CODE},
                                      {".": "service"}),
    "an environment of Alembic alone": ({"alembic.ini": "", "db.py": CODE, "alembic/env.py": CODE}, {".": "service"}),
    "an environment of Alembic deep in a package": (
        {"kit/__init__.py": "", "kit/server/__init__.py": "", "kit/server/http/__init__.py": "",
         "kit/server/http/server.py": API, "kit/server/store/__init__.py": "", "kit/server/store/alembic.ini": "",
         "kit/server/store/engine.py": CODE, "kit/server/store/revisions/env.py": CODE}, {".": "service"}),
    "an environment of Alembic deep in a package of one of several services": (
        {"a/Dockerfile": IMAGE, "a/main.py": API, "b/requirements.txt": "", "b/kit/__init__.py": "",
         "b/kit/web/__init__.py": "", "b/kit/web/app.py": API, "b/kit/store/__init__.py": "",
         "b/kit/store/alembic.ini": "", "b/kit/store/engine.py": CODE},
        {"a": "service", "b": "service"}),
    "an environment of Alembic beside services": (
        {"a/Dockerfile": IMAGE, "a/main.py": API, "b/Dockerfile": IMAGE, "b/main.py": API, "schema/alembic.ini": "",
         "schema/__init__.py": "", "schema/models.py": CODE},
        {"a": "service", "b": "service", "schema": "library"}),
    "deployment files only": ({"docker-compose.yml": COMPOSE}, {".": "repository"}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str, plant: Plant) -> None:
    tree, expected = SHAPES[name]
    root = plant(tree)
    discovery = found(root)
    assert shape(root, discovery) == expected
    assert not discovery.troubles
    assert files(root, discovery) == {name for name in tree if not name.endswith(".json")}


def test_the_innermost_service_owns_a_file(plant: Plant) -> None:
    root = plant({"a/Dockerfile": IMAGE, "a/main.py": API, "a/db.py": CODE, "b/Dockerfile": IMAGE, "b/main.py": API,
                  "stray.py": CODE})
    discovery = found(root)
    assert [file.path for file in of(root, discovery, "a").files] == [
        f"{root.as_posix()}/a/{name}" for name in ("Dockerfile", "db.py", "main.py")]
    assert [relative(root, file.path) for file in of(root, discovery, ".").files] == ["stray.py"]


def test_services_may_import_from_libraries(plant: Plant) -> None:
    root = plant({"a/Dockerfile": IMAGE, "a/main.py": API, "b/Dockerfile": IMAGE, "b/main.py": API,
                  "common/__init__.py": ""})
    discovery = found(root)
    assert of(root, discovery, "a").imports_from == (f"{root.as_posix()}/common",)
    assert of(root, discovery, "common").imports_from == ()


def test_the_reasons_are_told(plant: Plant) -> None:
    root = plant({"Dockerfile": IMAGE, "requirements.txt": "", "alembic.ini": "", "app/main.py": API})
    assert found(root).services[0].why == ("Dockerfile", "requirements.txt", "alembic.ini", "app/main.py calls FastAPI")


def test_the_configuration_names_the_services(plant: Plant) -> None:
    root = plant({"requirements.txt": "", "main.py": API, "parts/a/x.py": CODE, "parts/b/x.py": CODE, "c/x.py": CODE})
    config = Config(root=root, services=("parts/*", "./c"))
    assert shape(root, found(root, config=config)) == {".": "repository", "parts/a": "service", "parts/b": "service",
                                                      "c": "service"}
    assert shape(root, found(root, config=Config(root=root, services=(".",)))) == {".": "service"}


# ---- what is left out


def test_what_others_made_is_left_out(plant: Plant) -> None:
    made = ("node_modules/a.py", "venv/pyvenv.cfg", "venv/b.py", "build/c.py", "vendor/d.py", "third_party/e.py",
            "generated/f.py", "shop_pb2.py", "shop_pb2_grpc.py", ".tox/g.py", "x/__pycache__/h.py", "x/stub.pyi",
            "lib/site-packages/i.py", "env/pyvenv.cfg", "env/bin/j.py")
    root = plant({"main.py": API, "env_of_ours/k.py": CODE, ".env.example": "", **dict.fromkeys(made, CODE)})
    assert files(root, found(root)) == {"main.py", "env_of_ours/k.py", ".env.example"}


def test_git_ignored_files_are_left_out(plant: Plant) -> None:
    root = plant({
        ".gitignore": "# ours\n*.local.py\n/secret/\nlogs\n!keep.local.py\ndocs/**\n!docs/api\ncache-*/\n",
        ".git/info/exclude": "mine.py\n", "main.py": API, "a.local.py": CODE, "keep.local.py": CODE,
        "secret/x.py": CODE, "sub/secret/y.py": CODE, "sub/logs/z.py": CODE, "docs/a.py": CODE, "docs/api/b.py": CODE,
        "sub/.gitignore": "/only.py\n!logs\n", "sub/only.py": CODE, "sub/in/only.py": CODE, "mine.py": CODE,
        "cache-1/x.py": CODE})
    kept = {"main.py", "keep.local.py", "sub/secret/y.py", "sub/logs/z.py", "docs/api/b.py", "sub/in/only.py"}
    assert files(root, found(root)) == kept


def test_ignore_files_above_the_root_hold(plant: Plant) -> None:
    root = plant({".git/HEAD": "", ".gitignore": "*.tmp.py\n/a/off/\n", "a/Dockerfile": IMAGE, "a/x.tmp.py": CODE,
                  "a/off/y.py": CODE, "a/main.py": API})
    assert files(root / "a", found(root / "a")) == {"Dockerfile", "main.py"}
    (root / ".gitignore").write_text("a/\n")
    assert "main.py" in files(root / "a", found(root / "a"))


@pytest.mark.parametrize("lines", [
    ["*.log", "!a.log"], ["a/", "b"], ["/a", "x/b"], ["**/a", "b/**"], ["a*", "!ab"], ["*.py[co]"], ["\\#a", "#b"],
    ["x/**/b"], ["[ab]"], ["!", "/", ""], ["x/*", "!x/b"]])
def test_patterns_are_gits(lines: list[str], plant: Plant) -> None:
    names = ["a", "b", "ab", "a.log", "b.log", "x/a", "x/b", "x/y/b", "b/c", "a.pyc", "#a", "x/y/a.log"]
    root = plant({".gitignore": "\n".join(lines) + "\n"})
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    told = subprocess.run(["git", "-C", str(root), "check-ignore", "--no-index", *names], capture_output=True,
                          text=True).stdout.split()
    patterns = Patterns(lines)

    def ignored(path: str) -> bool:
        parts = path.split("/")
        return any(patterns.verdict("/".join(parts[:end]), end < len(parts)) for end in range(1, len(parts) + 1))

    assert [name for name in names if ignored(name)] == told


def test_the_configuration_leaves_out(plant: Plant) -> None:
    root = plant({"main.py": API, "old/x.py": CODE, "new/gen.py": CODE, "new/y.py": CODE})
    config = Config(root=root, exclude=("old", "new/gen.py"))
    assert files(root, found(root, config=config)) == {"main.py", "new/y.py"}
    assert files(root, found(root, root / "old" / "x.py", config=config)) == {"main.py", "new/y.py"}
    below = found(root / "old" / "x.py", config=config)
    assert "old/x.py" not in files(root, below)


def test_the_configuration_of_a_part_leaves_out_only_there(plant: Plant) -> None:
    root = plant({".git/HEAD": "", "a/x.py": CODE, "b/x.py": CODE})
    assert files(root, found(root, config=Config(root=root / "a", exclude=("x.py",)))) == {"b/x.py"}


# ---- roles and kinds


def test_roles(plant: Plant) -> None:
    tests = {"tests/x.py", "test/y.py", "app/test_z.py", "app/w_test.py", "shop/tests.py", "conftest.py",
             "fixtures/f.py", "test_/test_.py"}
    migrations = {"alembic/env.py", "alembic/versions/1_a.py", "db/env.py", "db/versions/sub/b.py",
                  "shop/migrations/0001_initial.py"}
    code = {"main.py", "app/settings/test.py", "app/env.py", "api/versions/v1.py", "shop/migrations/__init__.py"}
    root = plant({**dict.fromkeys(tests | migrations | code, CODE), "db/script.py.mako": ""})
    discovery = found(root)
    assert files(root, discovery, "test") == tests
    assert files(root, discovery, "migration") == migrations
    assert files(root, discovery, "code") == code | {"db/script.py.mako"}


def test_what_shows_how_to_use_a_library_is_none_of_its_code(plant: Plant) -> None:
    samples = {"example.py", "docs_src/first.py", "examples/shop/main.py", "docs/conf.py"}
    root = plant({"pyproject.toml": DISTRIBUTION, **dict.fromkeys(samples, FLASK), "kit/__init__.py": "",
                  "kit/example.py": CODE})
    assert files(root, found(root), "test") == samples
    (root / "main.py").write_text(API)
    assert samples <= files(root, found(root), "code")


@pytest.mark.parametrize(("name", "kind"), [
    ("a.py", "python"), ("a.pyw", "python"), ("a.pyi", ""), ("Dockerfile", "dockerfile"), ("dockerfile", "dockerfile"),
    ("Dockerfile.dev", "dockerfile"), ("api.Dockerfile", "dockerfile"), ("Containerfile", "dockerfile"),
    ("docker-compose.yml", "yaml"), ("a.yaml", "yaml"), ("alembic.ini", "ini"), ("setup.cfg", "ini"),
    (".env", "env"), (".env.example", "env"), ("prod.env", "env"), ("README.md", "markdown"), ("a.sql", "sql"),
    ("a.sh", "shell"), ("a.ps1", "shell"), ("pyproject.toml", "toml"), ("Procfile", "other"),
    ("requirements.txt", "other"), ("x_pb2.py", ""), ("a.png", ""), ("py", ""), (".py", "")])
def test_kinds(name: str, kind: str) -> None:
    assert kind_of(name) == kind


# ---- paths


def test_a_path_within_a_service_sees_the_whole_service(plant: Plant) -> None:
    root = plant({"services/a/Dockerfile": IMAGE, "services/a/app/main.py": API, "services/a/app/db.py": CODE})
    for asked in ("services/a/app", "services/a/app/db.py"):
        discovery = found(root / asked)
        assert shape(root, discovery) == {"services/a": "service"}
        assert len(discovery.services[0].files) == 3
        assert discovery.selected(f"{root.as_posix()}/services/a/app/db.py")
        assert not discovery.selected(f"{root.as_posix()}/services/a/Dockerfile")
        assert not discovery.selected(f"{root.as_posix()}/services/a/application.py")


def test_files_of_a_repository_are_one_tree(plant: Plant) -> None:
    root = plant({".git/HEAD": "", "a/Dockerfile": IMAGE, "a/main.py": API, "b/Dockerfile": IMAGE, "b/main.py": API,
                  "shared/__init__.py": ""})
    discovery = found(root / "a/main.py", root / "b/main.py", config=Config(root=root))
    assert shape(root, discovery) == shape(root, found(root)) == {"a": "service", "b": "service", "shared": "library"}


def test_a_tree_is_discovered_once(plant: Plant) -> None:
    root = plant({"a/Dockerfile": IMAGE, "a/main.py": API, "b/Dockerfile": IMAGE, "b/main.py": API})
    assert found(root, root / "a", root / "a/main.py").services == found(root).services
    assert len(found(root / "a", root / "b").services) == 2


def test_specimens_are_trees_of_their_own(plant: Plant) -> None:
    root = plant({".git/HEAD": "", "pyproject.toml": DISTRIBUTION, "main.py": API, "fixtures/shop/README.md": "",
                  "fixtures/shop/a/main.py": API, "fixtures/shop/tests/x.py": CODE, "fixtures/mini/app.py": FLASK})
    shop = root / "fixtures" / "shop"
    assert files(shop, found(shop), "code") == {"README.md", "a/main.py"}
    assert files(shop, found(shop), "test") == {"tests/x.py"}
    assert shape(root, found(root / "fixtures" / "mini")) == {"fixtures/mini": "service"}
    both = found(root, shop)
    assert shape(root, both) == {".": "service", "fixtures/shop": "repository", "fixtures/shop/a": "service"}
    paths = [file.path for service in both.services for file in service.files]
    assert len(paths) == len(set(paths))


def test_tests_asked_for_stay_tests(plant: Plant) -> None:
    root = plant({".git/HEAD": "", "main.py": API, "tests/helper.py": CODE})
    assert files(root, found(root / "tests"), "test") == {"tests/helper.py"}
    assert files(root, found(root / "tests" / "helper.py"), "test") == {"tests/helper.py"}


def test_what_is_asked_for_by_name_is_read(plant: Plant) -> None:
    root = plant({".git/HEAD": "", ".gitignore": "local/\n", "main.py": API, "local/deep/x.py": CODE,
                  "local/y.py": CODE, "build/z.py": CODE})
    assert files(root, found(root, root / "local/deep/x.py")) == {"main.py", "local/deep/x.py"}
    assert files(root, found(root, root / "build")) == {"main.py", "build/z.py"}


def test_an_unsaved_file_counts(plant: Plant) -> None:
    root = plant({"Dockerfile": IMAGE, "main.py": API})
    unsaved = f"{root.as_posix()}/new.py"
    discovery = discover([Path(unsaved)], Config(root=root), {unsaved: b""})
    assert files(root, discovery) == {"Dockerfile", "main.py", "new.py"}


@pytest.mark.parametrize("name", ["absent", "absent/x.py", "main.py/x", "a\0b", "pipe"])
def test_no_such_path(name: str, plant: Plant) -> None:
    root = plant({"main.py": API})
    os.mkfifo(root / "pipe")
    with pytest.raises(NoSuchPath, match=name.partition("/")[0].partition("\0")[0]):
        found(root / name)


# ---- bad input


def test_broken_links_and_links_out_of_the_tree(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x.py").write_text(CODE)
    root = plant({"main.py": API, "real/a.py": CODE})
    (root / "broken.py").symlink_to("nowhere.py")
    (root / "broken.png").symlink_to("nowhere.png")
    (root / "loop.py").symlink_to("loop.py")
    (root / "outside.py").symlink_to(outside / "x.py")
    (root / "inside.py").symlink_to("real/a.py")
    (root / "linked").symlink_to("real")
    (root / "again").symlink_to(".")
    discovery = found(root)
    assert files(root, discovery) == {"main.py", "real/a.py", "inside.py"}
    assert [(relative(root, each.path), each.line) for each in discovery.troubles] == [("broken.py", 1), ("loop.py", 1)]
    assert discovery.troubles[0].message.startswith("is a broken link")
    assert found(root / "broken.py", config=Config(root=root)).troubles


def test_folders_and_pipes_named_like_files(plant: Plant) -> None:
    root = plant({"main.py": API, "x.py/inner.py": CODE})
    os.mkfifo(root / "pipe.py")
    discovery = found(root)
    assert files(root, discovery) == {"main.py", "x.py/inner.py"}
    assert [relative(root, trouble.path) for trouble in discovery.troubles] == ["pipe.py", "x.py"]


def test_folders_that_cannot_be_read(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant({"main.py": API, "locked/x.py": CODE})
    scan = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    discovery = found(root)
    assert files(root, discovery) == {"main.py"}
    assert [(relative(root, each.path), each.message) for each in discovery.troubles] == [
        ("locked", "is a folder that cannot be read: Permission denied")]


def test_malformed_packaging_is_packaging(plant: Plant) -> None:
    root = plant({"main.py": API, "pyproject.toml": "[project]\nname = \n"})
    (root / "compose.yml").write_bytes(b"services:\n  a: \xff\n    build: [\n")
    assert shape(root, found(root)) == {".": "service"}


def test_nothing_is_imported_or_run(plant: Plant) -> None:
    bomb = "raise SystemExit('this was run')\n"
    root = plant(dict.fromkeys(("setup.py", "conftest.py", "sitecustomize.py", "yaml/__init__.py", "main.py"), bomb))
    assert shape(root, found(root)) == {".": "service"}
