"""What goes with a call that creates tables: a property over generated code, and forms that examples do not show."""

from __future__ import annotations

import ast
import builtins
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gravity_lint.facts.shape import shape_of
from gravity_lint.mending import Wish, mending
from gravity_lint.source import decode
from tests.test_fix import FORMS, NOISE, Form, Piece, mended, options, put, service, stays
from tests.test_fix import written as laid_out

CODES = ("GRV001", "GRV301", "GRV302")
DB = "import os\n\nfrom sqlalchemy import create_engine\nfrom sqlalchemy.orm import declarative_base\n\n" \
     "engine = create_engine(os.environ['DATABASE_URL'])\nBase = declarative_base()\n"
HEAD = "from fastapi import FastAPI\nfrom app.db import Base, engine\nx = 1\napp = FastAPI()\n"
CREATIONS = [Piece(text) for text in (
    "Base.metadata.create_all(engine)  # goes {n}\n",
    "# above it\nBase.metadata.create_all(\n{i}engine,  # which {n}\n)\n",
    "if app.debug: Base.metadata.create_all(engine)\n",
    "a{n} = 1; Base.metadata.create_all(engine); b{n} = 2  # both {n}\n",
    "if app.debug:\n{i}Base.metadata.create_all(engine)\nelse:\n{i}c{n} = 3  # stays {n}\n",
    "try:\n{i}Base.metadata.create_all(engine)\nexcept ValueError as error:\n{i}print(error)\n{i}raise\n",
    "with engine.begin() as connection:\n{i}Base.metadata.drop_all(connection)\n"
    "{i}Base.metadata.create_all(connection)\n",
    '@app.on_event("startup")  # decorated {n}\ndef start{n}():\n{i}Base.metadata.create_all(engine)\n',
    '@app.on_event("startup")\nasync def start{n}():\n{i}async with engine.begin() as connection:\n'
    "{i}{i}await connection.run_sync(Base.metadata.create_all)\n{i}app.state.n{n} = (1)  # stays {n}\n",
    'def make{n}():\n{i}"""Doc {n}."""\n{i}global engine\n{i}Base.metadata.create_all(engine)\n\n\nmake{n}()\n',
    "def make{n}(): Base.metadata.create_all(engine)\nif app.debug: make{n}()\n",
    "def outer{n}():\n{i}def make():\n{i}{i}Base.metadata.create_all(engine)\n{i}make()\n"
    "{i}return {n}\nouter{n}()\n",
    "class Store{n}:\n{i}def create(self):\n{i}{i}Base.metadata.create_all(engine)\n\n"
    "{i}def other(self):  # stays {n}\n{i}{i}return {n}\n\n\nstore{n} = Store{n}()\nstore{n}.create()\n",
    'app.add_event_handler("startup", lambda: Base.metadata.create_all(engine))\n',
    "def unused{n}():\n{i}from app.db import engine as other\n{i}Base.metadata.create_all(other)\n",
)]


QUIET = [piece._replace(text=f"{piece.text}\n") if piece.text.startswith("#") else piece
         for piece in NOISE if not piece.text.startswith("\x0c")]
"""A comment right above what goes is about that; with a blank line between it stays."""


def written(form: Form, pieces: list[Piece]) -> tuple[bytes, list[str]]:
    """The file, and the lines of it that must stay."""
    data, noise = laid_out(form, pieces)
    noise = [text.rstrip("\r\n") for text in noise if text.strip()]
    text = decode(data, True).decode()
    start = text.index("import os")
    head, tail = text[:start], text[start:].split("BaseSettings" + form.newline, 1)[1]
    text = head + HEAD.replace("\n", form.newline) + tail
    if form.encoding == "utf-16-le":
        return b"\xff\xfe" + text.encode("utf-16-le"), noise
    return (form.bom if form.encoding == "utf-8" else b"") + text.encode(form.encoding), noise


def undefined(text: str) -> set[str]:
    """The names that a text reads and nothing in it gives."""
    nodes = list(ast.walk(ast.parse(text)))
    given = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    given |= {(alias.asname or alias.name).split(".")[0]
              for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}
    given |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    given |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    given |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - given - set(dir(builtins))


@given(FORMS, st.lists(st.sampled_from([*CREATIONS, *QUIET]), min_size=1, max_size=6))
@settings(max_examples=int(os.environ.get("FIXES", "60")) // 2, deadline=None,
          suppress_health_check=[HealthCheck.too_slow])
@example(Form("\t", "\r\n", "latin-1", b"", False), CREATIONS[:8])
@example(Form("    ", "\n", "utf-8", b"\xef\xbb\xbf", True), CREATIONS[8:])
@example(Form("  ", "\r\n", "utf-16-le", b"", True), [*CREATIONS[4:9], *QUIET])
def test_creations_however_they_are_written(form: Form, pieces: list[Piece]) -> None:
    data, noise = written(form, pieces)
    with service({"main.py": data, "app/__init__.py": "", "app/db.py": DB}) as folder:
        found = mended(folder, *CODES)
        after = (folder / "main.py").read_bytes()
        before_text, after_text = decode(data, True).decode(), decode(after, True).decode()
        assert found.report.violations == (), [found.report.violations, found.refused]
        assert not found.exhausted
        assert shape_of(decode(after, True)).faults == 0
        assert not undefined(after_text.lstrip("\ufeff")) - undefined(before_text.lstrip("\ufeff"))
        stays(before_text, after_text, noise)
        kept = [line for line in before_text.splitlines() if "# stays" in line]
        assert [line for line in after_text.splitlines() if "# stays" in line] == kept
        assert "create_all" not in after_text
        assert after[:3] == data[:3] or not after_text
        assert after_text.count("\r\n") == (after_text.count("\n") if form.newline == "\r\n" else 0)
        assert bool(found.report.fixed) == any(not piece.noise for piece in pieces)
        assert not mending(options(folder, *CODES), Wish(True, True)).files


# ---- forms that examples do not show


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    put(tmp_path, {"app/__init__.py": "", "app/db.py": DB, ".git/HEAD": ""})
    return tmp_path


def fixed(tree: Path, text: str) -> str:
    """What becomes of the service's main module."""
    put(tree, {"main.py": text})
    mended(tree, *CODES)
    return (tree / "main.py").read_text("utf-8")


def why(tree: Path, text: str) -> str:
    """Why the one call in a main module is left alone."""
    assert fixed(tree, text) == text
    found, = mending(options(tree, *CODES), Wish()).report.violations
    assert found.remedy is not None
    assert found.remedy.applicability == "display"
    return found.remedy.word("why")


APP = "from fastapi import FastAPI\n\nfrom app.db import Base, engine\n\napp = FastAPI()\n"


@pytest.mark.parametrize(("text", "left"), [
    ("def make():\n    return Base.metadata.create_all(engine)\n\n\nmake()\n", ""),
    ("def make():\n    Base.metadata.create_all(engine)\n    return 1\n\n\nnumber = make()\n",
     "\n\ndef make():\n    return 1\n\n\nnumber = make()\n"),
    ("# ---- tables ----\ndef make():\n    Base.metadata.create_all(engine)\n\n\ndef other():\n    return 1\n",
     "\n# ---- tables ----\ndef other():\n    return 1\n"),
    ("app.hooks = {'tables': lambda: Base.metadata.create_all(engine)}\napp.hooks['tables']()\n", None),
])
def test_functions(tree: Path, text: str, left: str | None) -> None:
    after = fixed(tree, APP + text)
    if left is None:
        assert after == APP + text
    else:
        assert after.split("FastAPI()\n")[1].strip() == left.strip()


@pytest.mark.parametrize(("text", "reason"), [
    ("while True:\n    Base.metadata.create_all(engine)\n", "the loop around it waits for the database"),
    ("try:\n    Base.metadata.create_all(engine)\nfinally:\n    app.ready = True\n", "the `try` around it does more"),
    ("done = Base.metadata.create_all(engine)\nprint(done)\n", "what it gives may be used"),
    ("app.state.tables = [print(Base.metadata.create_all(engine))]\n", "it is part of something else"),
])
def test_what_is_left_alone(tree: Path, text: str, reason: str) -> None:
    assert why(tree, APP + text) == reason


def test_models_stay_imported(tree: Path) -> None:
    put(tree, {"app/models.py": "from sqlalchemy import Column, Integer\n\nfrom app.db import Base\n\n\n"
                                "class A(Base):\n    __tablename__ = 'a'\n"
                                "    id = Column(Integer, primary_key=True)\n"})
    text = "from fastapi import FastAPI\n\nfrom app import models\nfrom app.db import engine\n\napp = FastAPI()\n"
    after = fixed(tree, text + "models.Base.metadata.create_all(engine)\n")
    assert after == text.replace("from app.db import engine\n", "")


def test_what_others_import_stays(tree: Path) -> None:
    put(tree, {"worker.py": "from main import engine\n\nengine.connect()\n"})
    after = fixed(tree, APP + "Base.metadata.create_all(engine)\n")
    assert "from app.db import engine\n" in after


def test_a_script_needs_the_helper(tree: Path) -> None:
    put(tree, {"app/db.py": DB + "\n\ndef make():\n    Base.metadata.create_all(engine)\n",
               "scripts/make.py": "from app.db import make\n\nmake()\n"})
    after = fixed(tree, "from fastapi import FastAPI\n\nfrom app.db import make\n\napp = FastAPI()\nmake()\n")
    assert after == "from fastapi import FastAPI\n\napp = FastAPI()\n"
    assert "def make" in (tree / "app/db.py").read_text("utf-8")
    left, = mending(options(tree, *CODES), Wish()).report.violations
    assert left.code == "GRV302"
    assert left.remedy is not None
    assert left.remedy.word("why") == "a script that does nothing else calls `make`"
