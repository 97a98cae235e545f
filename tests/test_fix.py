"""Fixes as properties over generated code, on the disk, on the command line, and with bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gravity_lint import writing
from gravity_lint.cli import cli
from gravity_lint.config import Config
from gravity_lint.facts.shape import shape_of
from gravity_lint.fix import passes
from gravity_lint.fix.edits import applied, clash, edits, lines_of, offset
from gravity_lint.fix.kinds import KINDS, Mended, Refused, Texts
from gravity_lint.mending import Mending, Wish, mending, write
from gravity_lint.record import altered
from gravity_lint.rulebook import Example, Rule, load_rules
from gravity_lint.run import Options, run
from gravity_lint.source import decode
from gravity_lint.suppress import UnusedSuppression
from gravity_lint.violation import Edit, Remedy

RULES = load_rules()
DATABASE = "services:\n  db:\n    image: postgres:16\n"
COMPOSE = "services:\n  app:\n    build: .\n  db:\n    image: postgres:16\n"
DEFAULT = 'url = os.getenv("DATABASE_URL", "postgresql://localhost/app")\n'


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service that conforms, as the current directory."""
    put(tmp_path, {"main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n", "requirements.txt": "fastapi\n",
                   ".git/HEAD": "", "DATABASE.md": "# Database\n"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def options(folder: Path, *codes: str) -> Options:
    rules = tuple(rule for rule in RULES if not codes or rule.code in codes)
    return Options((folder,), Config(root=folder), rules)


def mended(folder: Path, *codes: str, unsafe: bool = True) -> Mending:
    """Fixes what these rules say of a folder, and writes it."""
    found = mending(options(folder, *codes), Wish(True, unsafe))
    _, failed = write(found, options(folder, *codes))
    assert not failed
    return found


def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, stdin, catch_exceptions=False, prog_name="gravity-lint")


# ---- edits


TEXTS = st.lists(st.sampled_from(["a", "b", "ab", "", " a", "\t", "é", "b\r"]), max_size=12).map("\n".join)


@given(TEXTS, TEXTS)
def test_edits_make_the_one_text_of_the_other(old: str, new: str) -> None:
    found = edits("x", old, new)
    assert applied(old, found) == new
    assert not any(clash(one, other) for at, one in enumerate(found) for other in found[:at])
    assert bool(found) == (old != new)


@given(TEXTS, st.data())
def test_edits_leave_the_lines_around_them(old: str, data: st.DataObject) -> None:
    lines = lines_of(old)
    at = data.draw(st.integers(0, len(lines)))
    new = "".join([*lines[:at], "new\n", *lines[at:]])
    found = edits("x", old, new)
    assert sum(len(edit.text) for edit in found) == 4
    assert all(edit.start == edit.end for edit in found)


@given(TEXTS)
def test_an_offset_is_where_line_and_column_say(text: str) -> None:
    for at in range(len(text) + 1):
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        assert offset(text, line, column) == at


def test_which_edits_clash() -> None:
    def edit(start: int, end: int, text: str) -> Edit:
        return Edit("x", start, end, text)
    assert clash(edit(0, 3, "a"), edit(2, 4, "b"))
    assert not clash(edit(0, 3, "a"), edit(0, 3, "a"))
    assert not clash(edit(0, 3, "a"), edit(3, 4, "b"))
    assert clash(edit(2, 2, "a"), edit(2, 2, "b"))
    assert not clash(edit(2, 2, "a\n"), edit(2, 2, "b\n"))
    assert not clash(edit(0, 3, "a"), edit(2, 4, "b")._replace(path="y"))


# ---- Python, however it is written


class Piece(NamedTuple):
    """Some statements: `{i}` is an indentation, `{n}` a number of its own."""

    text: str
    noise: bool = False
    """Whether it must stay as it is."""


DEFECTS = [Piece(text) for text in (
    'url{n} = os.getenv("DATABASE_URL_{n}", "postgresql://localhost/app")  # about {n}\n',
    'url{n} = os.environ.get("DATABASE_URL_{n}", default="postgresql://localhost/app"); other{n} = 1\n',
    'a{n} = os.getenv("A{n}_DB_HOST", "db"); b{n} = os.getenv("B{n}_DB_HOST", "db"); c{n} = (1)  # both {n}\n',
    'url{n} = (\n{i}os.getenv(  # opens {n}\n{i}{i}"DATABASE_URL_{n}",\n{i}{i}# the reason {n}\n{i}{i}"sqlite:///x.db",'
    '  # beside {n}\n{i})\n)\n',
    'url{n} = os.environ.get(\n{i}"DATABASE_URL_{n}"\n{i},("postgresql://"\n{i}{i}"localhost/app")\n{i})\n',
    'def f{n}():\n{i}def inner():\n{i}{i}# reads {n}\n{i}{i}return os.getenv("DATABASE_URL_{n}", "sqlite:///x.db")\n'
    '{i}return inner\n',
    '@decorator  # decorated {n}\nclass C{n}:\n{i}"""Doc {n}."""\n\n{i}url = os.getenv("DATABASE_URL_{n}", '
    '"postgresql://h/d")\n{i}other = 1\n',
    'if flag: url{n} = os.getenv("DATABASE_URL_{n}", "postgresql://localhost/app")  # one line {n}\n',
    'class S{n}(BaseSettings): database_url_{n}: str = "postgresql://h/app"  # suite {n}\n',
    'class S{n}(BaseSettings):\n{i}# above {n}\n{i}db_host_{n}: str = "localhost"  # behind {n}\n'
    '{i}debug: bool = False\n{i}db_user_{n}: Optional[str] = "app"\n\n'
    '{i}def get(self):\n{i}{i}return self.db_host_{n}\n',
    'class S{n}(BaseSettings):\n{i}database_url_{n}: str = Field(\n{i}{i}default="postgresql://h/app",  # default {n}\n'
    '{i}{i}description="é {n}",\n{i})\n',
    'class S{n}(BaseSettings):\n{i}database_url_{n}: str = (\n{i}{i}"postgresql://h/"\n{i}{i}"app"\n{i})\n'
    '{i}x: int = 1\n',
    'url{n} = getenv("DATABASE_URL_{n}", "postgresql://localhost/app")\n',
    'url{n} = config("DATABASE_URL_{n}",\n{i}default="sqlite:///x.db",  # decoupled {n}\n)\n',
    'x{n} = f"{{os.getenv(\'DATABASE_URL_{n}\', \'postgresql://h/d\')}}?{n}"\n',
)]
NOISE = [Piece(text, True) for text in (
    "# noise {n} é\n", "x{n} = [1,2 , 3]   # noise {n}\n", "\n", "\x0c\n", "\x0cv{n} = 1\n", "y{n}='é'  \n",
    "z{n} = 1;\n", "if x: pass # noise {n}\n", "def g{n}(a,\n{i}b):\n{i}return a  # noise {n}\n",
    '"""noise\n{i}{n}"""\n',
)]
HEAD = "import os\nfrom os import getenv\nfrom typing import Optional\nimport asyncpg\nimport psycopg2\n" \
       "from decouple import config\nfrom pydantic import Field\nfrom pydantic_settings import BaseSettings\n" \
       "from sqlalchemy import create_engine\n"


class Form(NamedTuple):
    """How a file is written."""

    indent: str
    newline: str
    encoding: str
    bom: bytes
    ends: bool


FORMS = st.builds(Form, st.sampled_from(["    ", "\t", "  "]), st.sampled_from(["\n", "\r\n"]),
                  st.sampled_from(["utf-8", "latin-1", "utf-16-le"]),
                  st.booleans().map(lambda yes: b"\xef\xbb\xbf" * yes), st.booleans())


def written(form: Form, pieces: Sequence[Piece]) -> tuple[bytes, list[str]]:
    """The file, and the lines of it that must stay."""
    head = {"latin-1": "# coding: latin-1\n"}.get(form.encoding, "") + HEAD
    texts = [piece.text.format(i=form.indent, n=number) for number, piece in enumerate(pieces)]
    noise = [text for text, piece in zip(texts, pieces, strict=True) if piece.noise]
    text = (head + "".join(texts)).replace("\n", form.newline)
    if not form.ends and not pieces[-1].noise:
        text = text.rstrip("\r\n")
    data = text.encode(form.encoding)
    if form.encoding == "utf-8":
        data = form.bom + data
    elif form.encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    return data, [each.replace("\n", form.newline) for each in noise]


@contextmanager
def service(files: dict[str, str | bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        put(folder, {"main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n", ".git/HEAD": "", **files})
        yield folder


def stays(before: str, after: str, noise: Sequence[str]) -> None:
    """Asserts that texts stand in the new text, in their order, as often as in the old one."""
    at = 0
    for text in noise:
        at = after.index(text, at) + len(text)
    for text in {text for text in noise if text.strip()}:
        assert after.count(text) == before.count(text)


LITERALS = [Piece(text) for text in (
    'e{n} = create_engine("postgresql://a:pw@h{n}/d{n}", echo=True)  # about {n}\n',
    'e{n} = create_engine(\n{i}# the reason {n}\n{i}("postgresql://"  # beside {n}\n{i}"h/d{n}"),\n)\n',
    'U{n} = "mysql://h/d{n}"; x{n} = 1\ne{n} = create_engine(U{n}, **{{}})\n',
    'def f{n}():\n{i}def inner():  # opens {n}\n{i}{i}return create_engine("sqlite:///f{n}.db")\n{i}return inner\n',
    '@decorator  # decorated {n}\nclass C{n}:\n{i}"""Doc {n}."""\n\n{i}url = "postgresql://h/d{n}"\n{i}other = 1\n\n\n'
    'e{n} = create_engine(C{n}.url)\n',
    'if flag: e{n} = create_engine("postgresql://h/d{n}")  # one line {n}\n',
    'def connect{n}():\n{i}with psycopg2.connect(host="h{n}", user="u{n}",  # who {n}\n{i}{i}password="p{n}", '
    'dbname="d{n}") as c: return c\n',
    'h{n} = os.environ["PG{n}_DB_HOST"]\ne{n} = create_engine(f"postgresql://u{n}:p{n}@{{h{n}}}:5432/d{n}")  # é {n}\n',
    'u{n} = "postgresql://%s/%s" % ("h{n}", "d{n}")\ne{n} = create_engine(u{n})\n',
    'H{n} = "h{n}"  # host {n}\nN{n} = \'d{n}\'\ne{n} = create_engine("postgresql://" + H{n} + "/" + N{n})\n',
    'a{n}, b{n} = create_engine("postgresql://h/a{n}"), create_engine("postgresql://h/b{n}")  # two {n}\n',
    'async def g{n}():\n{i}return (await asyncpg.connect("postgresql://h/d{n}")).x, [create_engine(u) for u in (1,)]\n',
)]
DEFECTIVE = {("GRV001", "GRV102"): DEFECTS, ("GRV001", "GRV101", "GRV103"): LITERALS}


@st.composite
def files(draw: st.DrawFn) -> tuple[tuple[str, ...], list[Piece]]:
    """The rules, and pieces of a file that some of them speak of."""
    codes = draw(st.sampled_from(sorted(DEFECTIVE)))
    return codes, draw(st.lists(st.sampled_from([*DEFECTIVE[codes], *NOISE]), min_size=1, max_size=7))


@given(FORMS, files())
@settings(max_examples=int(os.environ.get("FIXES", "80")), deadline=None,
          suppress_health_check=[HealthCheck.too_slow])
@example(Form("\t", "\r\n", "latin-1", b"", False), (("GRV001", "GRV102"), DEFECTS))
@example(Form("    ", "\n", "utf-8", b"\xef\xbb\xbf", True), (("GRV001", "GRV102"), DEFECTS[::-1]))
@example(Form("    ", "\n", "utf-8", b"", False),
         (("GRV001", "GRV102"), [NOISE[3], DEFECTS[0], NOISE[4], DEFECTS[4], NOISE[3], NOISE[3]]))
@example(Form("  ", "\n", "utf-16-le", b"", True), (("GRV001", "GRV102"), [*DEFECTS, *NOISE]))
@example(Form("\t", "\r\n", "latin-1", b"", False), (("GRV001", "GRV101", "GRV103"), LITERALS))
@example(Form("    ", "\n", "utf-8", b"\xef\xbb\xbf", True),
         (("GRV001", "GRV101", "GRV103"), [*NOISE, *LITERALS[::-1]]))
def test_python_however_it_is_written(form: Form, given: tuple[tuple[str, ...], list[Piece]]) -> None:
    codes, pieces = given
    data, noise = written(form, pieces)
    with service({"config.py": data}) as folder:
        path = folder / "config.py"
        found = mended(folder, *codes)
        after = path.read_bytes()
        before_text, after_text = decode(data, True).decode(), decode(after, True).decode()
        assert found.report.violations == (), [found.report.violations, found.refused]
        assert not found.refused
        assert not found.exhausted
        assert shape_of(decode(after, True)).faults == 0
        stays(before_text, after_text, noise)
        assert Counter(shape_of(decode(data, True)).comments) == Counter(shape_of(decode(after, True)).comments)
        assert after[:3] == data[:3]
        assert after_text.count("\r\n") == (after_text.count("\n") if form.newline == "\r\n" else 0)
        assert after_text.endswith("\n") == before_text.endswith("\n")
        assert bool(found.report.fixed) == any(not piece.noise for piece in pieces)
        again = mending(options(folder, *codes), Wish(True, True))
        assert not again.files


# ---- the examples of the rules, written in another way


EXAMPLES = [(rule, example) for rule in RULES for example in rule.examples if example.diffs]
MANNERS: dict[str, Callable[[str, str], str]] = {
    "line ends": lambda path, text: text.replace("\n", "\r\n"),
    "tabs": lambda path, text: re.sub(r"(?m)^(?: {4})+", lambda match: "\t" * (len(match[0]) // 4), text)
    if path.endswith(".py") else text,
    "no end": lambda path, text: text.rstrip("\n"),
    "a comment before": lambda path, text: f"# é: ä comment\n\n{text}" if path.endswith(".py") else text,
    "more behind": lambda path, text: text + "\n\ndef behind(é):\n    return [ é ,]  # é\n" * path.endswith(".py"),
}


def outcome(rule: Rule, files: dict[str, str]) -> dict[str, str]:
    """What the fixes of a rule make of files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        put(folder, {".git/HEAD": "", **files})
        rules = RULES if isinstance(rule.check, UnusedSuppression) else (rule,)
        asked = Options((folder,), Config(root=folder, fixable=(rule.code,)), rules)
        found = mending(asked, Wish(True, True))
        assert not write(found, asked)[1]
        assert not mending(asked, Wish(True, True)).files
        now = {Path(path).relative_to(folder).as_posix() for path in found.files} | files.keys()
        return {path: (folder / path).read_bytes().decode() for path in now}


@given(st.sampled_from(EXAMPLES), st.sampled_from(sorted(MANNERS)))
@settings(max_examples=int(os.environ.get("FIXES", "60")), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_example_written_in_another_way(given: tuple[Rule, Example], manner: str) -> None:
    """Fixing and rewriting come to the same, whichever comes first."""
    rule, shown = given
    files = {file.path: file.text for file in shown.files}
    way = MANNERS[manner]
    plain = outcome(rule, files)
    # a new file, and one without a line that is indented, say nothing of how lines are to be written
    same = {path for path in plain if path not in files or way(path, files[path]) == files[path]}
    wanted = {path: text if path in same else way(path, text) for path, text in plain.items()}
    assert outcome(rule, {path: way(path, text) for path, text in files.items()}) == wanted


def test_the_fixtures(tmp_path: Path) -> None:
    """Whole services: what changes parses, nothing comes that was not there, and a second time changes nothing."""
    shutil.copytree(Path(__file__).parent.parent / "fixtures" / "shop", tmp_path / "shop")
    put(tmp_path, {".git/HEAD": ""})
    before = run(options(tmp_path)).violations
    found = mended(tmp_path)
    assert len(found.report.fixed) >= 10
    for path, (_, after) in found.files.items():
        assert not path.endswith(".py") or shape_of(after).faults == 0
    left = Counter((each.code, each.place.path, each.message) for each in found.report.violations)
    assert not left - Counter((each.code, each.place.path, each.message) for each in before)
    assert not mending(options(tmp_path), Wish(True, True)).files


# ---- what Python is too much for


@pytest.mark.parametrize("text", [
    "x = " + "[" * 3_000 + "]" * 3_000 + "\n", "x = " + "not " * 10_000 + "a\n", "x = " + "+".join("a" * 10_000) + "\n",
    "if a: pass\n" + "elif b: pass\n" * 10_000, "x = " + "lambda: " * 10_000 + "a\n", "x = a" + ".b" * 10_000 + "\n",
    "x = a" + "()" * 10_000 + "\n", "x = " + '"a" ' * 10_000 + "\n", "import " + ".".join("a" * 5_000) + "\n",
    "x = [a " + "for a in b " * 5_000 + "]\n", "x = " + "a if b else " * 5_000 + "c\n",
    "print 'python 2'\n", f"#{'x' * 100}\n" * 12_000,
], ids=["brackets", "not", "sum", "elif", "lambda", "attributes", "calls", "strings", "dots", "comprehension",
        "choices", "python 2", "long"])
def test_what_cannot_be_rewritten_is_advice(tree: Path, text: str) -> None:
    put(tree, {"config.py": f"import os\n{DEFAULT}{text}"})
    done = subprocess.run([sys.executable, "-m", "gravity_lint", "fix", "--unsafe-fixes", "--isolated", "."], cwd=tree,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}, capture_output=True,
                          text=True, timeout=100, check=False)
    assert done.returncode == 1, done.stderr
    assert "GRV102 not fixed: the file " in done.stderr
    assert (tree / "config.py").read_text() == f"import os\n{DEFAULT}{text}"


def test_a_tree_that_is_not_too_deep_is_rewritten(tree: Path) -> None:
    put(tree, {"config.py": f"import os\n{DEFAULT}x = " + "[" * 150 + "]" * 150 + "\n"})
    assert len(mended(tree, "GRV102").report.fixed) == 1


# ---- other files


@given(st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "# for example\n", "#!shebang\n", "# A comment: é\n\n",
                                                        "---\n", "%YAML 1.2\n---\n", "version: '3'\n"]), st.booleans())
@settings(deadline=None, max_examples=30)
def test_the_mark_of_a_compose_file(newline: str, head: str, bom: bool) -> None:
    data = b"\xef\xbb\xbf" * bom + (head + COMPOSE).replace("\n", newline).encode()
    with service({"compose.yaml": data}) as folder:
        found = mended(folder, "GRV601", unsafe=False)
        after = (folder / "compose.yaml").read_bytes()
        assert found.report.violations == ()
        assert after.startswith(b"\xef\xbb\xbf") == bom
        lines = after.removeprefix(b"\xef\xbb\xbf").decode().split(newline)
        left = [line for line in lines if not line.startswith("# EXAMPLE")]
        assert len(left) == len(lines) - 1
        assert [line for line in left if line] == [line for line in (head + COMPOSE).split("\n") if line]
        assert mended(folder, "GRV601").files == {}


INI = "[alembic]\nscript_location = migrations\n{}\nprepend = 1\n"
ENV = "import os\n\nfrom alembic import context\n\n" \
      "context.config.set_main_option('sqlalchemy.url', os.environ['URL'])\n"


@pytest.mark.parametrize(("line", "left"), [
    ("sqlalchemy.url = postgresql://h/d", "sqlalchemy.url ="), ("sqlalchemy.url=postgresql://h/d", "sqlalchemy.url="),
    ("sqlalchemy.url:\tpostgresql://h/d  ", "sqlalchemy.url:  "),
    ("sqlalchemy.url = sqlite:///é.db\n; é", "sqlalchemy.url =\n; é"),
])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_url_of_an_ini(tree: Path, line: str, left: str, newline: str) -> None:
    put(tree, {"alembic.ini": INI.format(line).replace("\n", newline), "migrations/env.py": ENV})
    found = mended(tree, "GRV402", unsafe=False)
    assert [each.severity for each in found.report.fixed] == ["note"]
    assert (tree / "alembic.ini").read_bytes().decode() == INI.format(left).replace("\n", newline)


@pytest.mark.parametrize(("env", "applicability"), [
    (ENV, "safe"),
    (ENV + "url = context.config.get_main_option('sqlalchemy.url')\n", "safe"),
    ("from alembic import context\nfrom shop import engine\n\n\ndef offline():\n    context.configure("
     "url=context.config.get_main_option('sqlalchemy.url'))\n\n\nengine.connect()\n", "unsafe"),
])
def test_an_ini_that_is_still_read(tree: Path, env: str, applicability: str) -> None:
    put(tree, {"alembic.ini": INI.format("sqlalchemy.url = postgresql://h/d"), "migrations/env.py": env})
    found, = mending(options(tree, "GRV402"), Wish()).report.violations
    assert found.remedy is not None
    assert found.remedy.applicability == applicability
    assert bool(found.remedy.caution) == (applicability == "unsafe")


# ---- how far a fix can be trusted


RUNS = {
    ".env.example": "DATABASE_URL=x\n",
    "compose.yaml": "services:\n  app:\n    build: .\n    environment: {DATABASE_URL: x}\n",
    "tests/test_app.py": "def test_it(monkeypatch):\n    monkeypatch.setenv('DATABASE_URL', 'x')\n",
    ".github/workflows/ci.yml": "jobs:\n  test:\n    steps:\n    - run: pytest\n      env: {DATABASE_URL: x}\n",
    "deploy/app.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec:\n  env:\n  - name: DATABASE_URL\n",
}


def remedy(folder: Path) -> Remedy:
    found, = mending(options(folder, "GRV102"), Wish()).report.violations
    assert found.remedy is not None
    return found.remedy


def test_a_default_goes_safely_where_all_that_runs_the_service_sets_the_variable(tree: Path) -> None:
    put(tree, {"config.py": f"import os\n{DEFAULT}"})
    assert remedy(tree).applicability == "unsafe"
    assert "nothing in the repository sets `DATABASE_URL`" in remedy(tree).caution
    put(tree, {**RUNS})
    assert remedy(tree) == remedy(tree)._replace(applicability="safe", caution="")
    found = mended(tree, "GRV102", unsafe=False)
    assert set(found.files) == {str(tree / "config.py")}


@pytest.mark.parametrize("name", RUNS)
def test_who_does_not_set_the_variable_is_named(tree: Path, name: str) -> None:
    put(tree, {"config.py": f"import os\n{DEFAULT}", **RUNS, name: RUNS[name].replace("DATABASE_URL", "OTHER")})
    assert remedy(tree).applicability == "unsafe"
    shown = "the tests" if name.startswith("tests") else f"`{name.rsplit('/', 1)[-1]}`"
    assert remedy(tree).caution == f"`DATABASE_URL` is not set by {shown}"
    assert mended(tree, "GRV102", unsafe=False).files == {}


def test_the_examples_are_given_the_variable(tree: Path) -> None:
    put(tree, {"config.py": "import os\nurl = os.getenv('DATABASE_URL', 'postgresql://app:s3cret@h/d')\n"
                            "host = os.getenv('REDIS_HOST', 'localhost')\npw = os.getenv('REDIS_PASSWORD', 's3cret')\n",
               ".env.example": "A=1", "compose.yaml": COMPOSE,
               "docker-compose.dev.yml": "services:\n  web:\n    build: {context: .}\n    environment:\n      - A=1\n"})
    mended(tree, "GRV102")
    assert (tree / ".env.example").read_text() == \
        "A=1\nDATABASE_URL=postgresql://app:***@h/d\nREDIS_HOST=localhost\nREDIS_PASSWORD=***\n"
    assert (tree / "compose.yaml").read_text() == COMPOSE.replace(
        "    build: .\n", "    build: .\n    environment:\n" + "".join(
            f"      {name}: ${{{name}:?must be set}}\n" for name in ("DATABASE_URL", "REDIS_HOST", "REDIS_PASSWORD")))
    assert (tree / "docker-compose.dev.yml").read_text().endswith(
        "      - A=1\n" + "".join(f"      - {name}=${{{name}:?must be set}}\n"
                                 for name in ("DATABASE_URL", "REDIS_HOST", "REDIS_PASSWORD")))


@pytest.mark.parametrize("text", [
    "url = os.getenv('A_DATABASE_URL', os.getenv('B_DATABASE_URL', 'postgresql://h/d'))\n",
    "url = config('A_DATABASE_URL', default=os.getenv('B_DATABASE_URL', 'postgresql://h/d'))\n",
])
def test_what_stands_in_for_another_setting_must_not_fail(tree: Path, text: str) -> None:
    put(tree, {"config.py": f"import os\nfrom decouple import config\n{text}"})
    found = mended(tree, "GRV102")
    assert found.files == {}
    assert [each.reason for each in found.refused] == [
        "it stands in for another setting and is read although that one is there"]


def test_a_field_that_its_class_reads_keeps_its_default(tree: Path) -> None:
    put(tree, {"config.py": "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n"
                            "    db_host: str = 'localhost'\n    other: str = f'{db_host}:1'\n"})
    found = mended(tree, "GRV102")
    assert found.files == {}
    assert found.refused[0].reason == "the class reads `db_host` when it is made"


@pytest.mark.parametrize(("config", "outcome"), [
    (Config(Path(), extend_safe_fixes=("GRV102",)), "safe"), (Config(Path(), unfixable=("GRV1",)), None),
    (Config(Path(), fixable=("GRV6",)), None), (Config(Path(), fixable=("GRV1",)), "unsafe"),
    (Config(Path(), fixable=("GRV102",), unfixable=("GRV1",)), "unsafe"),
    (Config(Path(), extend_safe_fixes=("GRV1",), extend_unsafe_fixes=("default-database-url",)), "unsafe"),
])
def test_the_configuration_promotes_demotes_and_forbids(tree: Path, config: Config, outcome: str | None) -> None:
    put(tree, {"config.py": f"import os\n{DEFAULT}"})
    asked = altered(options(tree, "GRV102"), config=config._replace(root=tree))
    found, = mending(asked, Wish()).report.violations
    assert (found.remedy and found.remedy.applicability) == outcome


# ---- the machinery


def rigged(monkeypatch: pytest.MonkeyPatch, make: Callable[[Remedy, Texts], Mended]) -> None:
    """Has this function mend GRV601."""
    monkeypatch.setattr("gravity_lint.fix.headers.marked", make)


def test_a_fix_that_does_not_mend_is_left_out(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree, {"compose.yaml": DATABASE, "config.py": f"import os\n{DEFAULT}"})
    rigged(monkeypatch, lambda remedy, texts: Mended({remedy.places[0].path: DATABASE + "# no\n"}))
    found = mended(tree, "GRV601", "GRV102")
    assert [each.reason for each in found.refused] == ["the violation would stay"]
    assert set(found.files) == {str(tree / "config.py")}


def test_a_fix_that_brings_another_violation_is_left_out(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree, {"compose.yaml": COMPOSE})

    def worse(remedy: Remedy, texts: Texts) -> Mended:
        return Mended({remedy.places[0].path: "# Example only\n" + COMPOSE,
                       str(tree / "worse.py"): "import sqlalchemy\nsqlalchemy.create_engine('sqlite:///x.db')\n"})
    rigged(monkeypatch, worse)
    found = mended(tree)
    assert found.files == {}
    assert found.refused[0].reason.startswith("GRV101 would come instead: ")


def test_a_fix_that_breaks_python_is_left_out(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree, {"compose.yaml": COMPOSE})
    rigged(monkeypatch, lambda remedy, texts: Mended({remedy.places[0].path: "# Example only\n" + COMPOSE,
                                                      str(tree / "main.py"): "def f(:\n"}))
    found = mended(tree, "GRV601")
    assert found.files == {}
    assert found.refused[0].reason == "`main.py` could not be read any more"


def test_a_fix_that_loses_a_comment_is_unsafe(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree, {"compose.yaml": "# dear\n" + COMPOSE})
    rigged(monkeypatch, lambda remedy, texts: Mended({remedy.places[0].path: "# Example only\n" + COMPOSE}))
    found = mended(tree, "GRV601", unsafe=False)
    assert found.files == {}
    assert found.refused[0].reason == "a comment would be lost with it; `--unsafe-fixes` does it all the same"
    assert len(mended(tree, "GRV601").report.fixed) == 1


def test_fixes_that_conflict_wait_for_each_other(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree, {"compose.yaml": COMPOSE, "other.compose.yml": COMPOSE, "shared.txt": "0"})
    seen: list[str] = []

    def greedy(remedy: Remedy, texts: Texts) -> Mended:
        shared = texts(str(tree / "shared.txt"))
        assert shared is not None
        seen.append(shared.text)
        path = Path(remedy.places[0].path)
        return Mended({str(path): "# Example only\n" + COMPOSE, str(tree / "shared.txt"): f"{shared.text} {path.name}"})
    rigged(monkeypatch, greedy)
    found = mended(tree, "GRV601")
    assert seen == ["0", "0", "0 compose.yaml"]
    assert len(found.report.fixed) == 2
    assert (tree / "shared.txt").read_text() == "0 compose.yaml other.compose.yml"


def test_fixes_without_an_end_are_told(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"c{number}.compose.yml" for number in range(passes.MAX_PASSES + 2)]
    put(tree, dict.fromkeys(names, COMPOSE))
    rigged(monkeypatch, lambda remedy, texts: Mended({remedy.places[0].path: "# Example only\n" + COMPOSE},
                                                     frozenset({"one at a time"})))
    result = invoke("fix", "--isolated", "--select", "GRV601")
    assert "not everything could be mended at once; run it again" in result.stderr
    assert sum((tree / name).read_text() == COMPOSE for name in names) == 2
    assert invoke("fix", "--isolated", "--select", "GRV601").exit_code == 0


def test_every_kind_is_there() -> None:
    for name in KINDS:
        with suppress(Refused, IndexError, KeyError):
            assert passes.mended(Remedy(name, "safe"), lambda path: None).texts == {}


SHARED = {
    "common/__init__.py": "", "common/settings.py": f"import os\n{DEFAULT}",
    **{f"{name}/{file}": text for name in ("orders", "billing") for file, text in {
        "Dockerfile": "FROM python:3\nCMD [\"uvicorn\", \"main:app\"]\n", "requirements.txt": "fastapi\n",
        "main.py": "from fastapi import FastAPI\nfrom sqlalchemy import create_engine\n\n"
                   "from common.settings import url\n\napp = FastAPI()\nengine = create_engine(url)\n"}.items()},
}


def test_a_module_that_two_services_share_is_fixed_once_and_for_both(tmp_path: Path) -> None:
    put(tmp_path, {".git/HEAD": "", **SHARED})
    found = mending(options(tmp_path, "GRV102"), Wish(True, True))
    assert {Path(path).name for path in found.files} == {"settings.py"}
    assert found.report.violations == ()
    assert len({violation.service for violation in found.report.fixed}) == 3
    text = found.files[str(tmp_path / "common/settings.py")][1].decode()
    assert text == 'import os\nurl = os.environ["DATABASE_URL"]\n'


def test_a_module_that_one_of_its_services_has_no_setting_for_is_not_safe(tmp_path: Path) -> None:
    put(tmp_path, {".git/HEAD": "", **SHARED, "orders/.env.example": "DATABASE_URL=x\n",
                   "billing/.env.example": "OTHER=x\n"})
    assert mending(options(tmp_path, "GRV102"), Wish(True, False)).files == {}


# ---- the disk


def test_the_mode_stays_and_nothing_is_left_beside(tree: Path) -> None:
    put(tree, {"compose.yaml": COMPOSE})
    (tree / "compose.yaml").chmod(0o751)
    names = sorted(path.name for path in tree.iterdir())
    mended(tree, "GRV601")
    assert stat.S_IMODE((tree / "compose.yaml").stat().st_mode) == 0o751
    assert sorted(path.name for path in tree.iterdir()) == names


@pytest.mark.parametrize("when", ["before the fix", "after the fix"])
def test_what_changed_meanwhile_is_left_as_it_is(tree: Path, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree, {"compose.yaml": COMPOSE, "docker-compose.yml": COMPOSE})
    changed = "# new\n" + COMPOSE
    if when == "before the fix":
        monkeypatch.setattr("gravity_lint.mending._bytes", lambda path, read=Path.read_bytes: (
            put(tree, {"compose.yaml": changed}) if path.endswith("/compose.yaml") else None, read(Path(path)))[1])
    else:
        monkeypatch.setattr("gravity_lint.mending.written", lambda files, within, then=None: (
            put(tree, {"compose.yaml": changed}), writer(files, within))[1])
    from gravity_lint.fix.files import written as writer

    result = invoke("fix", "--isolated", "--select", "GRV601")
    assert (tree / "compose.yaml").read_text() == changed
    assert (tree / "docker-compose.yml").read_text().startswith("# EXAMPLE")
    assert "compose.yaml changed since it was read, and is left as it is" in result.stderr
    assert result.exit_code == 2
    assert "compose.yaml:6:12: GRV601" in result.stdout


def test_a_read_only_file_is_told_and_the_rest_done(tree: Path) -> None:
    put(tree, {"compose.yaml": COMPOSE, "docker-compose.yml": COMPOSE})
    (tree / "compose.yaml").chmod(0o444)
    result = invoke("fix", "--isolated", "--select", "GRV601")
    assert result.exit_code == 2
    assert "gravity-lint: compose.yaml cannot be written: is read-only\n" in result.stderr
    assert (tree / "compose.yaml").read_text() == COMPOSE
    assert (tree / "docker-compose.yml").read_text().startswith("# EXAMPLE")


@pytest.mark.parametrize(("function", "error"), [
    ("tempfile.mkstemp", PermissionError(13, "Permission denied")),
    ("os.replace", OSError(28, "No space left on device")),
    ("os.chmod", KeyboardInterrupt()),
])
def test_what_cannot_be_written_is_as_it_was(tree: Path, function: str, error: BaseException,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree, {"compose.yaml": COMPOSE})

    def fail(*_: object, **__: object) -> None:
        raise error
    with monkeypatch.context() as patched:
        patched.setattr(f"gravity_lint.writing.{function}", fail)
        if isinstance(error, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                writing.write(str(tree / "compose.yaml"), b"new")
        else:
            result = invoke("fix", "--isolated", "--select", "GRV601")
            assert (result.exit_code, error.strerror in result.stderr) == (2, True)
    assert (tree / "compose.yaml").read_text() == COMPOSE
    assert not [path for path in tree.iterdir() if path.name.startswith(".compose")]


def test_a_full_disk(tree: Path) -> None:
    """With no room for files of that size, which the system says as a full disk does: when bytes are written."""
    big = COMPOSE + "# filler\n" * 2_000
    put(tree, {"compose.yaml": big, "docker-compose.yml": COMPOSE})
    program = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n" \
              "from gravity_lint.start import main\nmain()"
    done = subprocess.run([sys.executable, "-c", program, "fix", "--isolated", "--select", "GRV601", "."], cwd=tree,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "compose.yaml cannot be written: File too large" in done.stderr
    assert (tree / "compose.yaml").read_text() == big
    assert (tree / "docker-compose.yml").read_text().startswith("# EXAMPLE")
    assert sorted(path.name for path in tree.glob(".*")) == [".git"]


def test_a_kill_in_the_middle_leaves_each_file_old_or_new(tree: Path) -> None:
    names = [f"c{number}.compose.yml" for number in range(6)]
    put(tree, dict.fromkeys(names, COMPOSE))
    program = "import os, signal\nfrom gravity_lint import writing\nleft, real = [3], os.replace\n" \
              "def replace(*given):\n    left[0] -= 1\n    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n" \
              "    real(*given)\nwriting.os.replace = replace\nfrom gravity_lint.start import main\nmain()"
    done = subprocess.run([sys.executable, "-c", program, "fix", "--isolated", "--select", "GRV601", "."], cwd=tree,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}, capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    new = "# EXAMPLE: Not for production use. Configure for your project.\n" + COMPOSE
    assert [(tree / name).read_text() == new for name in names] == [True, True, *[False] * 4]
    assert all((tree / name).read_text() in (COMPOSE, new) for name in names)
    assert invoke("fix", "--isolated", "--select", "GRV601").exit_code == 0


def test_a_link_is_followed_inside_the_given_paths_only(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "compose.yaml"
    outside.write_text(COMPOSE)
    put(tree, {"deploy/real.txt": COMPOSE})
    (tree / "compose.yaml").symlink_to(outside)
    (tree / "docker-compose.yml").symlink_to(tree / "deploy" / "real.txt")
    found = mending(options(tree, "GRV601"), Wish(True, False))
    write(found, options(tree, "GRV601"))
    told = {Path(each.violation.place.path).name: each.reason for each in found.refused}
    assert outside.read_text() == COMPOSE
    for name in told:
        assert name == "compose.yaml"
        assert told[name] == "`compose.yaml` is a link to what lies outside of the given paths"
    for each in found.report.fixed:
        assert Path(each.place.path).name == "docker-compose.yml"
        assert (tree / "docker-compose.yml").is_symlink()
        assert (tree / "deploy" / "real.txt").read_text().startswith("# EXAMPLE")


@pytest.mark.parametrize("line", ["# @generated by tool", "# DO NOT EDIT", "# This file is generated by make",
                                  "# Code generated by x. DO NOT EDIT."])
def test_a_generated_file_is_only_advised(tree: Path, line: str) -> None:
    put(tree, {"compose.yaml": f"{line}\n{COMPOSE}"})
    found = mending(options(tree, "GRV601"), Wish(True, True))
    assert found.files == {}
    assert found.refused[0].reason == "the file is generated; what generates it must change"


@pytest.mark.parametrize("line", ["# edit this", "# a generator", "x: DO NOT EDIT"])
def test_what_only_sounds_generated_is_fixed(tree: Path, line: str) -> None:
    put(tree, {"compose.yaml": f"{line}\n{COMPOSE}"})
    assert mending(options(tree, "GRV601"), Wish(True, True)).files


def test_what_an_encoding_lacks_is_not_written(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree, {"compose.yaml": COMPOSE, "config.py": "# coding: latin-1\n# é\n".encode("latin-1")})
    path = str(tree / "config.py")
    rigged(monkeypatch, lambda remedy, texts: Mended({remedy.places[0].path: "# Example only\n" + COMPOSE,
                                                      path: "# coding: latin-1\n# é\n# 日\n"}))
    found = mended(tree, "GRV601")
    assert found.files == {}
    assert found.refused[0].reason == "the file is ISO8859-1 text, which has no '日'"


# ---- the command line


@pytest.fixture
def defects(tree: Path) -> Path:
    """With a safe fix and an unsafe one."""
    put(tree, {"compose.yaml": DATABASE, "config.py": f"import os\n{DEFAULT}"})
    return tree


def check(*given: str, stdin: str | bytes | None = None) -> Result:
    return invoke("check", "--isolated", "--no-cache", *given, stdin=stdin)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_a_plain_check_changes_nothing_and_counts(defects: Path) -> None:
    before = texts(defects)
    result = check()
    assert result.stdout.splitlines()[-1] == "[*] 1 fixable with `--fix` (1 more with `--unsafe-fixes`)"
    assert [("[*]" in line) for line in result.stdout.splitlines()[:-1]] == [True, False]
    assert check("--unsafe-fixes").stdout.splitlines()[-1] == "[*] 2 fixable with `--fix --unsafe-fixes`"
    assert check("--select", "GRV1").stdout.splitlines()[-1] == "1 fixable with `--fix --unsafe-fixes`"
    assert texts(defects) == before


@pytest.mark.parametrize("command", [["check", "--fix"], ["fix"]])
def test_fix_applies_what_is_safe(defects: Path, command: list[str]) -> None:
    result = invoke(*command, "--isolated", "--show-fixes")
    assert result.exit_code == 1
    assert "config.py:2:33: GRV102 " in result.stdout
    assert result.stdout.splitlines()[-2:] == ["Fixed 1 violation in 1 file", "1 fixable with `--fix --unsafe-fixes`"]
    assert result.stderr == "compose.yaml:\n  1 × GRV601 (unmarked-compose-example)\n"
    result = invoke(*command, "--isolated", "--unsafe-fixes")
    assert (result.exit_code, result.stdout) == (0, "Fixed 1 violation in 1 file\n")
    assert invoke("check", "--isolated", "--no-cache").stdout == ""


def test_diff_writes_nothing(defects: Path) -> None:
    before = texts(defects)
    result = check("--diff")
    assert result.exit_code == 1
    assert result.stdout == "--- compose.yaml\n+++ compose.yaml\n@@ -1,3 +1,4 @@\n" \
                            "+# EXAMPLE: Not for production use. Configure for your project.\n services:\n   db:\n" \
                            "     image: postgres:16\n"
    assert result.stderr == "gravity-lint: would fix 1 violation\n"
    assert texts(defects) == before
    assert check("--diff", "--select", "GRV1").exit_code == 0


def test_a_diff_shows_no_password_and_an_end_without_a_line_end(defects: Path) -> None:
    put(defects, {"config.py": 'import os\nurl = os.getenv("DATABASE_URL", "postgresql://app:hunter2@h/app")'})
    result = check("--diff", "--unsafe-fixes", "--select", "GRV1")
    assert "hunter2" not in result.output
    assert "\\ No newline at end of file\n" in result.stdout


def test_fix_only_says_nothing_of_what_is_left(defects: Path) -> None:
    result = check("--fix-only")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert (defects / "compose.yaml").read_text().startswith("# EXAMPLE")


def test_json_carries_the_edits(defects: Path) -> None:
    document = json.loads(check("-f", "json").stdout)
    first, second = (each["fix"] for each in document["violations"])
    assert first == {"kind": "mark-example", "applicability": "safe", "caution": None, "refused": None,
                     "blocks": [], "edits": [
        {"path": "compose.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 1,
         "text": "# EXAMPLE: Not for production use. Configure for your project.\n"}]}
    assert second["applicability"] == "unsafe"
    assert second["caution"] == "nothing in the repository sets `DATABASE_URL`; whatever starts the service must"
    assert document["summary"]["fixable"] == 1
    assert json.loads(check("-f", "json", "--fix").stdout)["summary"]["fixed"] == 1


def test_full_shows_the_fix(defects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = check("-f", "full").stdout
    assert "  = fix: `--fix`\n    + # EXAMPLE: Not for production use. Configure for your project.\n" in shown
    assert re.search(r'= fix: `--fix --unsafe-fixes`; first look: nothing in the repository sets .*\n.*\n'
                     r'      import os\n    - url = os.getenv\(.*\n    \+ url = os.environ\["DATABASE_URL"\]\n', shown)


def test_a_cached_report_knows_its_fixes(defects: Path) -> None:
    for _ in range(2):
        result = invoke("check", "--isolated", "--cache-dir", "../cache", "-f", "json")
        assert [each["fix"]["applicability"] for each in json.loads(result.stdout)["violations"]] == ["safe", "unsafe"]


def test_a_plain_check_does_not_import_libcst(defects: Path) -> None:
    program = "import sys\nfrom gravity_lint.start import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n" \
              "print('libcst' in sys.modules, 'gravity_lint.fix' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, "check", "--isolated", "--no-cache"], cwd=defects, text=True,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}, capture_output=True,
                          timeout=60)
    assert (done.stdout.splitlines()[-1], done.returncode) == ("False False", 1)


def test_standard_input_is_given_back_whole(defects: Path) -> None:
    text = f"# coding: latin-1\nimport os\n{DEFAULT}# é\r\n".encode("latin-1")
    result = invoke("fix", "-", "--isolated", "--stdin-filename", "config.py", "--unsafe-fixes", stdin=text)
    assert result.stdout_bytes == text.replace(DEFAULT.encode(), b'url = os.environ["DATABASE_URL"]\n')
    assert "Fixed 1 violation in 1 file" in result.stderr
    result = invoke("fix", "-", "--isolated", "--stdin-filename", "config.py", stdin=text)
    assert result.stdout_bytes == text
    assert "GRV102" in result.stderr
    assert (defects / "config.py").read_text() == f"import os\n{DEFAULT}"


def test_standard_input_changes_no_other_file(defects: Path) -> None:
    put(defects, {".env.example": "A=1\n"})
    result = invoke("fix", "-", "--isolated", "--stdin-filename", "config.py", "--unsafe-fixes",
                    stdin=f"import os\n{DEFAULT}")
    assert result.stdout == f"import os\n{DEFAULT}"
    assert "not fixed: other files change with it; run `gravity-lint fix`" in result.stderr
    assert (defects / ".env.example").read_text() == "A=1\n"


# ---- suppressions for what is left


TWO = "sqlalchemy.MetaData().create_all(sqlalchemy.create_engine('sqlite:///x.db'))"
LEFT: dict[str, tuple[str, str, str]] = {
    "code": ("db.py", "{}import sqlalchemy\ne = sqlalchemy.create_engine('sqlite:///x.db')\n",
             "e = sqlalchemy.create_engine('sqlite:///x.db')  # gravity: ignore[GRV101] known\n"),
    "several lines": ("db.py", "{}import sqlalchemy\ne = sqlalchemy.create_engine(\n    '''sqlite:///\\\nx.db''',\n)\n",
                      "x.db''',  # gravity: ignore[GRV101] known\n"),
    "a comment": ("db.py", "{}import sqlalchemy\ne = sqlalchemy.create_engine('sqlite:///x.db')  # dear\n",
                  "  # dear  # gravity: ignore[GRV101] known\n"),
    "a suppression": ("db.py", f"{{}}import sqlalchemy\n{TWO}  # gravity: ignore[GRV302] why\n",
                      f"{TWO}  # gravity: ignore[GRV302, GRV101] why\n"),
    "compose": ("compose.yaml", "{}" + COMPOSE, "    image: postgres:16  # gravity: ignore[GRV601] known\n"),
    "ini": ("alembic.ini", "{}[alembic]\nsqlalchemy.url = postgresql://h/d\n",
            "# gravity: ignore[GRV402] known\nsqlalchemy.url = postgresql://h/d\n"),
    "Dockerfile": ("Dockerfile", "{}FROM python:3\nENV DATABASE_URL=postgresql://u:p@h/d\nCMD python main.py\n",
                   "# gravity: ignore[GRV604] known\nENV DATABASE_URL=postgresql://u:p@h/d\n"),
    "SQL": ("schema.sql", "{}CREATE DATABASE shop;\n", "CREATE DATABASE shop;  -- gravity: ignore[GRV204] known\n"),
    "shell": ("setup.sh", "{}createdb shop\n", "createdb shop  # gravity: ignore[GRV204] known\n"),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", LEFT)
def test_add_ignore(tree: Path, name: str, newline: str) -> None:
    path, text, wanted = LEFT[name]
    if newline == "\r\n" and name in ("several lines", "shell"):
        return  # there they mean something else
    put(tree, {path: text.format("").replace("\n", newline)})
    before = check("--ignore", "GRV401,GRV002")
    assert before.exit_code == 1
    result = check("--ignore", "GRV401,GRV002", "--add-ignore", "known")
    assert (result.exit_code, result.stderr) == (0, "")
    assert wanted.replace("\n", newline) in (tree / path).read_bytes().decode()
    after = check("--ignore", "GRV401")
    assert after.stdout == ""


def test_add_ignore_several_on_one_line(tree: Path) -> None:
    put(tree, {"db.py": f"import sqlalchemy\nclass A:\n    def f(self): {TWO}\n"})
    codes = {code for line in check().stdout.splitlines() for code in re.findall(r": (GRV\d+) ", line)}
    assert codes == {"GRV101", "GRV302"}
    assert check("--add-ignore", "known").exit_code == 0
    assert check().stdout == ""


@pytest.mark.parametrize(("code", "name", "text"), [
    ("GRV604", "deploy.yaml", "apiVersion: v1\nkind: ConfigMap\ndata:\n  app.env: |\n"
                              "    DATABASE_URL=postgresql://u:p@h/d\n"),
    ("GRV204", "setup.sh", "psql <<EOF\nCREATE DATABASE shop;\nEOF\n"),
])
def test_add_ignore_where_no_comment_can_be(tree: Path, code: str, name: str, text: str) -> None:
    put(tree, {name: text})
    result = check("--add-ignore", "known", "--select", code)
    assert (tree / name).read_text() == text
    assert f"{code} not fixed: there is no place for a comment" in result.stderr
    assert result.exit_code == 1


def test_add_ignore_after_fixing(defects: Path) -> None:
    result = check("--fix", "--add-ignore", "the demo")
    assert result.exit_code == 0
    assert (defects / "compose.yaml").read_text().startswith("# EXAMPLE")
    assert (defects / "config.py").read_text() == \
        f"import os\n{DEFAULT[:-1]}  # gravity: ignore[GRV102] the demo\n"
    assert check("--add-ignore", "two\nlines").exit_code == 2
