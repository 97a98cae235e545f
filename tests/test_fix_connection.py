"""Unchecked settings, shown addresses and drivers that do not fit: their fixes as properties, and in further forms."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gravity_lint.facts.shape import shape_of
from gravity_lint.mending import Wish, mending
from gravity_lint.source import decode
from gravity_lint.violation import Remedy
from tests.test_fix import FORMS, NOISE, Form, Piece, mended, options, put, service, stays
from tests.test_fix import written as laid_out

CODES = ("GRV001", "GRV104", "GRV105", "GRV107")
HEAD = "import os\nimport logging\nfrom os import getenv\nimport redis\nfrom sqlalchemy import create_engine\n" \
       "from sqlalchemy.ext.asyncio import create_async_engine\nfrom pydantic_settings import BaseSettings\n" \
       "from typing import Optional\nx = 1\nURL = os.environ['APP_DATABASE_URL']\n"
FAULTS = [Piece(text) for text in (
    'url{n} = os.getenv("A{n}_DATABASE_URL")  # read {n}\nengine{n} = create_engine(url{n})\n',
    'url{n}: Optional[str] = os.environ.get("A{n}_DATABASE_URL")\n\n# made {n}\nengine{n} = create_engine(url{n})\n',
    'engine{n} = create_engine(os.getenv("A{n}_DATABASE_URL"))  # at once {n}\n',
    'engine{n} = create_engine(  # opens {n}\n{i}getenv("A{n}_DATABASE_URL"),  # beside {n}\n{i}echo=True,\n)\n',
    'a{n} = os.getenv("A{n}_DATABASE_URL"); create_engine(a{n})  # both {n}\n',
    'if x: a{n} = os.getenv("A{n}_DATABASE_URL"); create_engine(a{n})\n',
    'a{n} = os.getenv("A{n}_DATABASE_URL")\nb{n} = os.getenv("B{n}")  # next {n}\ncreate_engine(a{n})\n',
    'a{n} = os.getenv("A{n}_DATABASE_URL") or os.getenv("B{n}_DATABASE_URL")\ncreate_engine(a{n})\n',
    'create_engine(f"postgresql://u@{{os.getenv(\'A{n}_DB_HOST\')}}/{n}")  # é {n}\n',
    'class C{n}:\n{i}"""Doc {n}."""\n\n{i}url = os.getenv("A{n}_DATABASE_URL")  # class {n}\n\n\n'
    'create_engine(C{n}.url)\n',
    'class S{n}(BaseSettings):\n{i}# above {n}\n{i}a{n}_database_url: Optional[str] = None  # field {n}\n'
    '{i}x: int = 1\n\n\ncreate_engine(S{n}().a{n}_database_url)\n',
    'def f{n}():\n{i}# reads {n}\n{i}url = os.getenv("A{n}_DATABASE_URL")\n{i}return create_engine(url)\n\n\nf{n}()\n',
    'url{n} = os.getenv("A{n}_DATABASE_URL")\nif not url{n}:\n{i}print("not set")  # only said {n}\n'
    'create_engine(url{n})\n',
    'print("é", URL, f"{{URL}} {n}")  # shown {n}\n',
    'logging.info(\n{i}"x %s",\n{i}URL,  # logged {n}\n)\n',
    'if x: logging.info("x %s", URL); y{n} = 1\n',
    'p{n} = redis.Redis(host=os.environ["H"], password=os.environ["A{n}_REDIS_PASSWORD"])\n'
    'print(f"with {{os.environ[\'A{n}_REDIS_PASSWORD\']}}")\n',
    'create_async_engine("postgresql://h/d{n}")  # driver {n}\n',
    'create_engine(\n{i}("postgresql+asyncpg://"\n{i}{i}"h/d{n}")  # parts {n}\n)\n',
)]


def written(form: Form, pieces: list[Piece]) -> tuple[bytes, list[str]]:
    """The file, and the lines of it that must stay."""
    data, noise = laid_out(form, pieces)
    text = decode(data, True).decode()
    start = text.index("import os")
    head, tail = text[:start], text[start:].split("BaseSettings" + form.newline, 1)[1]
    text = head + HEAD.replace("\n", form.newline) + tail
    if form.encoding == "utf-16-le":
        return b"\xff\xfe" + text.encode("utf-16-le"), noise
    return (form.bom if form.encoding == "utf-8" else b"") + text.encode(form.encoding), noise


@given(FORMS, st.lists(st.sampled_from([*FAULTS, *NOISE]), min_size=1, max_size=6))
@settings(max_examples=int(os.environ.get("FIXES", "60")) // 2, deadline=None,
          suppress_health_check=[HealthCheck.too_slow])
@example(Form("\t", "\r\n", "latin-1", b"", False), FAULTS)
@example(Form("    ", "\n", "utf-8", b"\xef\xbb\xbf", True), FAULTS[::-1])
@example(Form("  ", "\r\n", "utf-16-le", b"", True), [*FAULTS[::2], *NOISE])
def test_connections_however_they_are_written(form: Form, pieces: list[Piece]) -> None:
    data, noise = written(form, pieces)
    with service({"config.py": data, "requirements.txt": "asyncpg\npsycopg2\nsqlalchemy\n"}) as folder:
        found = mended(folder, *CODES)
        after = (folder / "config.py").read_bytes()
        before_text, after_text = decode(data, True).decode(), decode(after, True).decode()
        assert found.report.violations == (), [found.report.violations, found.refused]
        assert not found.refused
        assert not found.exhausted
        assert shape_of(decode(after, True)).faults == 0
        stays(before_text, after_text, noise)
        assert Counter(shape_of(decode(data, True)).comments) == Counter(shape_of(decode(after, True)).comments)
        assert after[:3] == data[:3]
        assert after_text.count("\r\n") == (after_text.count("\n") if form.newline == "\r\n" else 0)
        assert bool(found.report.fixed) == any(not piece.noise for piece in pieces)
        assert not mending(options(folder, *CODES), Wish(True, True)).files


# ---- unchecked settings


def remedy(folder: Path, code: str) -> Remedy:
    found, = mending(options(folder, code), Wish()).report.violations
    assert found.remedy is not None
    return found.remedy


READS = "import os\n\nfrom sqlalchemy import create_engine\n\nURL = os.getenv('DATABASE_URL')\n"
RUNS = {
    "compose.yaml": "services:\n  app:\n    build: .\n    environment: {LEVEL: 1}\n",
    "tests/test_app.py": "def test_it():\n    pass\n",
    ".github/workflows/ci.yml": "jobs:\n  test:\n    steps:\n    - run: pytest\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    put(tmp_path, {"main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n", ".git/HEAD": ""})
    return tmp_path


@pytest.mark.parametrize("name", RUNS)
def test_what_runs_the_service_without_the_variable_makes_it_unsafe(tree: Path, name: str) -> None:
    put(tree, {"config.py": READS + "engine = create_engine(URL)\n"})
    assert remedy(tree, "GRV104").applicability == "safe"
    put(tree, {name: RUNS[name]})
    found = remedy(tree, "GRV104")
    assert found.applicability == "unsafe"
    assert found.caution.startswith("`DATABASE_URL` is not set by ")


def test_who_asks_for_it_makes_it_unsafe(tree: Path) -> None:
    put(tree, {"config.py": READS, "db.py": "from sqlalchemy import create_engine\n\nfrom config import URL\n\n"
                                            "engine = create_engine(URL)\n",
               "health.py": "from config import URL\n\n\ndef health():\n    return 'db' if URL else 'no db'\n"})
    found = remedy(tree, "GRV104")
    assert found.applicability == "unsafe"
    assert found.caution == "`health.py` asks whether it is there"


def test_imports_that_are_not_needed_any_more(tree: Path) -> None:
    put(tree, {"config.py": "from typing import Any, Optional\n\nfrom pydantic_settings import BaseSettings\n"
                            "from sqlalchemy import create_engine\n\n\nclass S(BaseSettings):\n"
                            "    database_url: Optional[str] = None\n    x: Any = 1\n\n\n"
                            "create_engine(S().database_url)\n"})
    mended(tree, "GRV104")
    assert (tree / "config.py").read_text("utf-8").startswith("from typing import Any\n")


# ---- shown addresses


SHOWS = "import os\n\nfrom sqlalchemy import create_engine\n{}\nURL = os.environ['DATABASE_URL']\nengine = " \
        "create_engine(URL)\nprint({})\n"


@pytest.mark.parametrize(("imports", "before", "after"), [
    ("", "URL", "make_url(URL).render_as_string(hide_password=True)"),
    ("from sqlalchemy.engine import make_url as made\n", "URL", "made(URL).render_as_string(hide_password=True)"),
    ("", "f'at {URL}!'", "f'at {make_url(URL).render_as_string(hide_password=True)}!'"),
    ("", "'at ' + URL", "'at ' + make_url(URL).render_as_string(hide_password=True)"),
    ("", "{'a': [URL]}", "{'a': [make_url(URL).render_as_string(hide_password=True)]}"),
])
def test_how_sqlalchemy_shows_it(tree: Path, imports: str, before: str, after: str) -> None:
    put(tree, {"config.py": SHOWS.format(imports, before)})
    assert remedy(tree, "GRV105").applicability == "safe"
    mended(tree, "GRV105", unsafe=False)
    text = (tree / "config.py").read_text("utf-8")
    assert text.endswith(f"print({after})\n")
    assert text.count("import make_url") == 1


@pytest.mark.parametrize("before", ["f'{URL=}'", "f'{URL!r}'"])
def test_what_shows_more_than_a_value_is_left(tree: Path, before: str) -> None:
    put(tree, {"config.py": SHOWS.format("", before)})
    assert not mended(tree, "GRV105").files


@pytest.mark.parametrize(("kind", "after"), [
    ("str", "settings.redis_url"), ("RedisDsn", "str(settings.redis_url)"), ("str | None", "str(settings.redis_url)"),
])
def test_an_object_is_made_a_text(tree: Path, kind: str, after: str) -> None:
    put(tree, {"config.py": "from pydantic import RedisDsn\nfrom pydantic_settings import BaseSettings\n\n\n"
                            f"class S(BaseSettings):\n    redis_url: {kind}\n\n\nsettings = S()\n"
                            "print(settings.redis_url)\n"})
    mended(tree, "GRV105")
    assert (tree / "config.py").read_text("utf-8").endswith(f"print(urlsplit({after}).hostname)\n")


# ---- drivers


@pytest.mark.parametrize(("packages", "applicability", "text"), [
    ("asyncpg\n", "safe", ""),
    ("psycopg2-binary\n", "unsafe", "`asyncpg` is not among the packages of the service"),
    ("", "unsafe", "`asyncpg` must be installed"),
])
def test_the_packages_of_the_service(tree: Path, packages: str, applicability: str, text: str) -> None:
    put(tree, {"db.py": "from sqlalchemy.ext.asyncio import create_async_engine\n\n"
                        "create_async_engine('postgresql://h/d')\n"})
    if packages:
        put(tree, {"requirements.txt": packages})
    found = remedy(tree, "GRV107")
    assert (found.applicability, found.caution) == (applicability, text)


@pytest.mark.parametrize(("packages", "left"), [
    ("asyncmy\n", "mysql+asyncmy://h/d"), ("aiomysql\nasyncmy\n", "mysql+aiomysql://h/d"),
])
def test_the_driver_that_the_service_has(tree: Path, packages: str, left: str) -> None:
    put(tree, {"requirements.txt": packages, ".env.example": "DATABASE_URL='mysql://h/d'  # é\n",
               "db.py": "import os\n\nfrom sqlalchemy.ext.asyncio import create_async_engine\n\n"
                        "create_async_engine(os.environ['DATABASE_URL'])\n"})
    mended(tree, "GRV107")
    assert (tree / ".env.example").read_text("utf-8") == f"DATABASE_URL='{left}'  # é\n"


def test_several_drivers(tree: Path) -> None:
    put(tree, {"requirements.txt": "pg8000\npsycopg[binary]\n",
               "db.py": "from sqlalchemy import create_engine\n\ncreate_engine('postgresql+asyncpg://h/d')\n"})
    found = remedy(tree, "GRV107")
    assert found.applicability == "display"
    assert found.word("why") == "the service has several drivers for it: `pg8000`, `psycopg`"
    assert not mended(tree, "GRV107").files


def test_who_else_reads_the_variable(tree: Path) -> None:
    put(tree, {"requirements.txt": "asyncpg\n", ".env.example": "DATABASE_URL=postgresql://h/d?sslmode=require\n",
               "db.py": "import os\n\nfrom sqlalchemy.ext.asyncio import create_async_engine\n\n"
                        "create_async_engine(os.environ['DATABASE_URL'])\n",
               "report.py": "import os\nimport subprocess\n\nsubprocess.run(['psql', os.environ['DATABASE_URL']])\n"})
    found = remedy(tree, "GRV107")
    assert found.applicability == "unsafe"
    assert found.caution == "the parameters behind `?` are another driver's then; " \
                            "`report.py` may read `DATABASE_URL` as well"
