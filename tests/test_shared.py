"""What a service comes to of the libraries beside it, and what it does not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tree import discovered

SERVICES = """
--- a/Dockerfile
FROM python
CMD ["python", "main.py"]
--- b/Dockerfile
FROM python
CMD ["python", "main.py"]
--- b/main.py
import sqlalchemy
app = FastAPI()
"""
KIT = """
--- libs/kit/pyproject.toml
[project]
name = "kit"
--- libs/kit/kit/__init__.py
--- libs/kit/kit/base.py
Base = declarative_base()
--- libs/kit/kit/db.py
from kit.base import Base
from . import names as n
--- libs/kit/kit/names.py
--- libs/kit/kit/types.py
--- libs/kit/kit/redis.py
--- libs/kit/kit/web/__init__.py
--- libs/kit/kit/web/main.py
from kit import db
"""
SHARED = """
--- shared/__init__.py
--- shared/db.py
from .base import Base
--- shared/base.py
--- shared/jwt.py
"""
PACKAGE = """
--- whole/__init__.py
--- whole/db.py
--- whole/other.py
--- whole/servers/__init__.py
"""


def taken(folder: Path, files: str, code: str) -> set[str]:
    """Some libraries' files, and the code of a service beside them → what it comes to of the libraries."""
    services = discovered(folder, f"{SERVICES}{files}--- a/main.py\nimport sqlalchemy\napp = FastAPI()\n{code}\n")
    service = next(each for each in services if each.root == f"{folder.as_posix()}/a")
    prefix = f"{folder.as_posix()}/"
    return {path.removeprefix(prefix).removesuffix(".py")
            for path, module in service.modules.items() if module.role == "library"}


ALL_OF_DB = {"libs/kit/kit/__init__", "libs/kit/kit/base", "libs/kit/kit/db", "libs/kit/kit/names"}


@pytest.mark.parametrize(("code", "found"), [
    ("import logging", set()),
    ("from kit.db import Base", ALL_OF_DB),
    ("from kit import db", ALL_OF_DB),
    ("import kit.db as d", ALL_OF_DB),
    ("def start():\n    from kit.db import engine", ALL_OF_DB),
    ("import kit", {"libs/kit/kit/__init__"}),
    ("from kit import *", {"libs/kit/kit/__init__"}),
    ("from kit.names import X", {"libs/kit/kit/__init__", "libs/kit/kit/names"}),
    ("uvicorn.run('kit.web.main:app')", {*ALL_OF_DB, "libs/kit/kit/web/__init__", "libs/kit/kit/web/main"}),
    ("import_module('kit.names')", {"libs/kit/kit/__init__", "libs/kit/kit/names"}),
    ("import_module(f'kit.web.{name}')", {*ALL_OF_DB, "libs/kit/kit/web/__init__", "libs/kit/kit/web/main"}),
    ("INSTALLED_APPS = ['kit.web']", {*ALL_OF_DB, "libs/kit/kit/web/__init__", "libs/kit/kit/web/main"}),
    ("x = 'kit.unknown'", {"libs/kit/kit/__init__"}),
    ("x = 'libs.kit.kit.names.Thing'", {"libs/kit/kit/__init__", "libs/kit/kit/names"}),
    ("x = 'a kit of names'", set()),
    ("x = 'kitten.names'", set()),
    # what lies in a package is named by it alone
    ("from types import ModuleType", set()),
    ("import redis", set()),
    ("from names import X", set()),
    ("from db import engine", set()),
])
def test_of_a_distribution(code: str, found: set[str], tmp_path: Path) -> None:
    assert taken(tmp_path, KIT, code) == found


@pytest.mark.parametrize(("code", "found"), [
    ("from shared.db import engine", {"shared/__init__", "shared/db", "shared/base"}),
    ("from shared import jwt", {"shared/__init__", "shared/jwt"}),
    ("from ..shared import jwt", {"shared/__init__", "shared/jwt"}),
    ("import jwt", set()),
    ("from a import shared", set()),
])
def test_of_a_package_beside_it(code: str, found: set[str], tmp_path: Path) -> None:
    assert taken(tmp_path, SHARED, code) == found


def test_of_a_package_named_alone(tmp_path: Path) -> None:
    assert taken(tmp_path, KIT, "INSTALLED_APPS = ['kit']") == {
        f"libs/kit/kit/{name}" for name in (
            "__init__", "base", "db", "names", "types", "redis", "web/__init__", "web/main")}


@pytest.mark.parametrize("name", ["setup.py", "pyproject.toml"])
def test_of_a_distribution_whose_folder_looks_like_a_package(name: str, tmp_path: Path) -> None:
    files = f"--- kit/{name}\n[project]\n--- kit/__init__.py\n--- kit/kit/__init__.py\n--- kit/kit/db.py\n"
    assert taken(tmp_path, files, "from kit.db import engine") >= {"kit/kit/__init__", "kit/kit/db"}


def test_of_a_folder_that_is_no_package(tmp_path: Path) -> None:
    files = ("--- libs/kit/pyproject.toml\n[project]\nname = 'kit'\n"
             "--- libs/kit/kit/parts/db.py\n--- libs/kit/kit/web.py\n")
    assert taken(tmp_path, files, "import_module(f'kit.parts.{name}')") == {"libs/kit/kit/parts/db"}
    assert taken(tmp_path, files, "from kit import web") == {"libs/kit/kit/web"}


def test_of_modules_in_no_package(tmp_path: Path) -> None:
    assert taken(tmp_path, "--- shared/db.py\n--- shared/jwt.py\n--- shared/in/db.py\n", "import jwt") == {"shared/jwt"}


def test_inside_the_package_around_it_nothing_is_named_without_it(tmp_path: Path) -> None:
    inner = SERVICES.replace("--- ", "--- whole/servers/")
    services = discovered(tmp_path, f"{PACKAGE}{inner}--- whole/jwt.py\n--- whole/servers/a/main.py\n"
                                    "import sqlalchemy\nimport jwt\nimport own\napp = FastAPI()\n"
                                    "--- whole/servers/a/own.py\n")
    service = next(each for each in services if each.root.endswith("/servers/a"))
    assert not any(module.role == "library" for module in service.modules.values())
    main = service.modules[f"{service.root}/main.py"]
    own = service.evaluator.importer.absolute(main, "own")
    assert own is not None
    assert own.path == f"{service.root}/own.py"


@pytest.mark.parametrize("code", ["from whole.db import engine", "from ...db import engine", "from ... import db"])
def test_of_the_package_around_it(code: str, tmp_path: Path) -> None:
    """A package that services stand in is one library, not one for each of its folders."""
    inner = SERVICES.replace("--- ", "--- whole/servers/")
    services = discovered(tmp_path, f"{PACKAGE}{inner}--- whole/servers/a/main.py\nimport sqlalchemy\n"
                                    f"{code}\napp = FastAPI()\n")
    root = f"{tmp_path.as_posix()}/whole"
    assert {(each.root, each.kind) for each in services} == {
        (root, "library"), (f"{root}/servers/a", "service"), (f"{root}/servers/b", "service")}
    service = next(each for each in services if each.root == f"{root}/servers/a")
    assert {path.removeprefix(root) for path, module in service.modules.items() if module.role == "library"} == {
        "/__init__.py", "/db.py"}


@pytest.mark.parametrize("word", ["kit", "kit.", ".kit"])
def test_one_word_of_megabytes_takes_no_time(word: str, tmp_path: Path) -> None:
    started = time.process_time()
    taken(tmp_path, KIT, f"x = '{word * 1_000_000}'")
    assert time.process_time() - started < 5
