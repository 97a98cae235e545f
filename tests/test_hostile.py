"""Input that nobody means well: whatever it is, the command ends soon, with words, and judges everything else."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from tree import findings, service_of

from gravity_lint.cli import cli
from gravity_lint.config import Config
from gravity_lint.facts.dotenv import parse_dotenv
from gravity_lint.facts.powershell import parse_powershell
from gravity_lint.facts.python import parse_python
from gravity_lint.facts.shell import parse_shell
from gravity_lint.link.idle import idle
from gravity_lint.link.modules import Module
from gravity_lint.link.scripts import deeds
from gravity_lint.rulebook import load_rules
from gravity_lint.run import Options, run
from gravity_lint.source import Source

SECONDS = 30
"""Far more than any of these takes, on a machine that is busy with other things."""
GOOD = """from fastapi import FastAPI
from sqlalchemy import create_engine

app = FastAPI()
engine = create_engine("postgresql://shop:s3cret@db/shop")
"""
FOUND = "main.py:5:24: GRV101 "
IMPORTS = 'import os\nfrom sqlalchemy import create_engine\n\nurl = os.environ["U"]\n'
SINK = "create_engine(u)\n"
URL = "postgresql://shop:s3cret@db/shop"


def _too_slow(number: int, frame: FrameType | None) -> NoReturn:
    pytest.fail(f"took more than {SECONDS} seconds")


@pytest.fixture(autouse=True)
def _time_limit() -> Iterator[None]:
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _too_slow)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service with one hard-coded database, as the current directory."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "main.py").write_text(GOOD, "utf-8")
    (root / "DATABASE.md").write_text("# Database\n", "utf-8")
    monkeypatch.chdir(root)
    for name in ("NO_COLOR", "FORCE_COLOR", "GRAVITY_LINT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return root


def check(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", "--isolated", *arguments], catch_exceptions=False)


def judged(*arguments: str) -> list[str]:
    """The lines of the report, after a look that nothing went wrong and the good file was judged."""
    result = check(*arguments)
    assert result.stderr == ""
    assert result.exit_code == 1
    assert FOUND in result.stdout
    return result.stdout.splitlines()


def only(lines: list[str], code: str, path: str) -> list[int]:
    """The lines at which a rule speaks of a file."""
    return [int(line.split(":")[1]) for line in lines if line.startswith(f"{path}:") and f" {code} " in line]


# ---- Python that is deep, long or goes in circles

DEEP, LONG = 100_000, 10_000


def _doubling(first: str, step: str, times: int = 60) -> str:
    """Assignments each of which takes the one before twice."""
    lines = [f"u{number} = " + step.replace("#", f"u{number - 1}") for number in range(1, times)]
    return "\n".join([f"u0 = {first}", *lines, f"create_engine(u{times - 1})\n"])


def _nested(head: str, times: int, inside: str) -> str:
    return "".join(" " * depth + head.replace("#", str(depth)) + "\n" for depth in range(times)) + " " * times + inside


PYTHON: dict[str, Callable[[], str]] = {
    "brackets": lambda: "(" * DEEP + ")" * DEEP,
    "brackets left open": lambda: "[" * DEEP,
    "brackets closed only": lambda: "}" * DEEP,
    "calls in calls": lambda: "create_engine(" * DEEP + "url" + ")" * DEEP,
    "texts in texts": lambda: "u = " + 'f"{' * 3000 + "1" + '}"' * 3000,
    "texts left open": lambda: 'f"{' * DEEP,
    "texts of two quotes left open": lambda: "u = " + "f\"{f'{" * 30_000,
    "quotes": lambda: '"' * DEEP + '"""',
    "+": lambda: f'u = "{URL}"' + ' + "a"' * LONG + "\n" + SINK,
    "+ of names": lambda: "u = " + " + ".join(["url"] * LONG) + "\n" + SINK,
    "and": lambda: "u = " + " and ".join(["url"] * LONG) + "\n" + SINK,
    "or": lambda: "u = " + " or ".join(f'"postgresql://db{number}/x"' for number in range(LONG)) + "\n" + SINK,
    "elif": lambda: "if a:\n    u = url\n" + 'elif b:\n    u = "postgresql://db/x"\n' * LONG + SINK,
    ".b": lambda: "u = url" + ".b" * LONG + "\n" + SINK,
    "()": lambda: "u = url" + "()" * LONG + "\n" + SINK,
    "[0]": lambda: "u = url" + "[0]" * LONG + "\n" + SINK,
    "not": lambda: "u = " + "not " * LONG + "url\n" + SINK,
    "-": lambda: "u = " + "-" * LONG + "1\n" + SINK,
    "%": lambda: "u = " + "url % " * LONG + "1\n" + SINK,
    "lambda": lambda: "u = " + "lambda: " * LONG + "url\n" + SINK,
    "await": lambda: "async def f():\n    u = " + "await " * LONG + "url\n    " + SINK,
    "conditional expressions": lambda: "u = " + "url if a else " * LONG + "url\n" + SINK,
    "comprehensions": lambda: "u = " + "[a for a in " * 3000 + "b" + "]" * 3000,
    "for in one comprehension": lambda: "u = [a " + "for a in b " * LONG + "]",
    "targets": lambda: " = ".join(f"u{number}" for number in range(LONG)) + " = url\ncreate_engine(u1)\n",
    "names of names": lambda: f'u0 = "{URL}"\n' + "".join(f"u{n} = u{n - 1}\n" for n in range(1, LONG))
    + f"create_engine(u{LONG - 1})\n",
    "functions": lambda: "".join(f"def f{n}(u):\n    return create_engine(u)\n" for n in range(3000)),
    "functions calling functions": lambda: "def f0(u):\n    return create_engine(u)\n"
    + "".join(f"def f{n}(u):\n    return f{n - 1}(u)\n" for n in range(1, 3000)) + f'f2999("{URL}")\n',
    "if in if": lambda: _nested("if a#:", 2000, f'create_engine("{URL}")\n'),
    "if in if, a large file": lambda: _nested("if a#:", 5000, f'create_engine("{URL}")\n'),
    "def in def": lambda: _nested("def f#():", 1500, f'create_engine("{URL}")\n'),
    "class in class": lambda: _nested("class C#:", 1500, f'u = create_engine("{URL}")\n'),
    "try in try": lambda: _nested("try:", 1500, f'create_engine("{URL}")\n'),
    "backslashes before indentation": lambda: "".join("   \\\n" * n + " if x:\n" for n in range(600)),
    "decorators": lambda: "@d\n" * 5000 + f'def g():\n    create_engine("{URL}")\n\ng()\n',
    "arguments": lambda: "create_engine(" + ",".join(f"k{number}=1" for number in range(LONG)) + ")\n",
    "parameters": lambda: "def f(" + ", ".join(f'u{n}="{URL}"' for n in range(1000)) + "):\n"
    + "".join(f"    create_engine(u{n})\n" for n in range(1000)) + "\nf()\n",
    "callers": lambda: "def f(u):\n    create_engine(u)\n" + f'f("{URL}")\n' * LONG,
    "branches": lambda: "".join(f'if x{n}: u = "postgresql://db/{n}"\n' for n in range(3000)) + SINK,
    "bases": lambda: "class C0:\n    u = url\n" + "".join(f"class C{n}(C{n - 1}): pass\n" for n in range(1, 2000))
    + "create_engine(C1999().u)\n",
    "settings": lambda: f'from pydantic import BaseSettings\nclass C0(BaseSettings):\n    u = "{URL}"\n'
    + "".join(f"class C{n}(C{n - 1}): pass\n" for n in range(1, 1000)) + "create_engine(C999().u)\n",
    "diamonds": lambda: "class A0:\n    u = url\nclass B0(A0): pass\n" + "".join(
        f"class A{n}(A{n - 1}, B{n - 1}): pass\nclass B{n}(A{n - 1}, B{n - 1}): pass\n" for n in range(1, 60))
    + "create_engine(A59().u)\ncreate_engine(A59().v)\n",
    "a large dictionary": lambda: "d = {" + ",\n".join(f'"k{n}": "{URL}{n}"' for n in range(30_000))
    + '}\ncreate_engine(d["k5"])\ncreate_engine(d[x])\n',
    "semicolons": lambda: "x = 1;" * 50_000 + "create_engine(url)\n",
    "comments": lambda: "# a remark\n" * 20_000 + "create_engine(url)\n",
    "comments that suppress": lambda: "# noqa gravity: ignore[\n" * 20_000 + "create_engine(url)\n",
    "suppressed statements": lambda: "x = 1  # noqa\n" * 10_000 + "create_engine(url)\n",
    "errors": lambda: "def (:\n" * 10_000,
    "Python 2": lambda: 'print "x"\nexec "y" in z\ntry:\n    pass\nexcept A, b:\n    raise A, b\n' * 1000,
    "noise": lambda: "".join(map(chr, random.Random(2).choices(range(1, 0x250), k=100_000))),
    "a doubled text": lambda: "u = url\n" + "u = u + u\n" * 200 + SINK,
    "doubled +": lambda: _doubling(f'"{URL}"', "# + #"),
    "doubled f-strings": lambda: _doubling(f'"{URL}"', 'f"{#}{#}"'),
    "doubled format": lambda: _doubling(f'"{URL}"', '"{}{}".format(#, #)'),
    "doubled %": lambda: _doubling(f'"{URL}"', '"%s%s" % (#, #)'),
    "doubled join": lambda: _doubling(f'"{URL}"', '"".join([#, #])'),
    "doubled replace": lambda: _doubling(f'"{URL}"', '#.replace("a", #)'),
    "doubled or": lambda: _doubling(f'"{URL}"', "# or #"),
    "doubled branches": lambda: _doubling(f'"{URL}"', '# + "a" if x else # + "b"'),
    "doubled lists": lambda: _doubling(f'["{URL}"]', "[#, #]"),
    "doubled dictionaries": lambda: _doubling(f'{{"a": "{URL}"}}', '{"a": #, "b": #, **#}'),
    "doubled defaults": lambda: _doubling("url", 'os.getenv("A", #) if x else os.getenv("B", #)'),
    "doubled calls": lambda: "def f0(x): return x\n" + "".join(
        f'def f{n}(x): return f{n - 1}(x + "a") + f{n - 1}(x + "b")\n' for n in range(1, 60))
    + 'create_engine(f59("a"))\n',
    "doubled lambdas": lambda: "def two(f):\n    return lambda x: f(f(x))\n\n\ndef a(x):\n    return x + 'a'\n\n\n"
    "create_engine(two(two)(two)(two)(two)(two)(a)('x'))\n",
    "doubled passing": lambda: "def f0(u): create_engine(u)\n" + "".join(
        f'def f{n}(u):\n    f{n - 1}(u + "a")\n    f{n - 1}(u + "b")\n' for n in range(1, 60)) + f'f59("{URL}")\n',
    "60 times if and else": lambda: "".join(f'if x{n}:\n    u = u + "a"\nelse:\n    u = u + "b"\n' for n in range(60))
    + SINK,
    "names that mean themselves": lambda: "u = u\nv = w\nw = v\nx = x + x\nd = {'a': d, **d}\nl = [l]\n"
    "f = lambda: f()\nfor y in l: create_engine(y)\nfor z in (u, v, x, d['a']['a'], f(), l[0][0]): create_engine(z)\n"
    "create_engine(v)\ncreate_engine(x)\ncreate_engine(d['a']['a'])\ncreate_engine(f())\n",
    "classes in a ring": lambda: "class A(A): u = x\nclass B(C): pass\nclass C(D): pass\nclass D(B): pass\n"
    "class S(S, S, S): u: str = S().u\ncreate_engine(A().u)\ncreate_engine(B().u)\ncreate_engine(D.v)\n"
    "create_engine(S().u)\n",
    "functions in a ring": lambda: f'def a(n): return b(n) or "{URL}"\ndef b(n): return a(n) + c()\n'
    "def c(): return c() + a(b(c()))\ncreate_engine(a(1))\ncreate_engine(b(a))\ncreate_engine(c())\n",
    "settings in a ring": lambda: "from pydantic_settings import BaseSettings\nclass A(BaseSettings):\n"
    "    b: 'B' = B()\n    url: str = b.url\n    @property\n    def u(self): return self.u + self.v\n    @property\n"
    "    def v(self): return B().u\nclass B(BaseSettings):\n    a: A = A()\n    url: str = a.url\n    @property\n"
    "    def u(self): return A().v\ncreate_engine(A().url)\ncreate_engine(A().u)\ncreate_engine(A().b.a.b.a.url)\n",
    "functions of functions": lambda: "def f(g): return g(g)\ndef h(x, y): return x(y, x)\nclass K:\n"
    "    def __init__(self, k=None): self.k = K(self); self.u = self.k.u\n"
    "    def __call__(self, *a): return self(*a)(self)\n"
    "create_engine(f(f))\ncreate_engine(h(h, f))\ncreate_engine(K().u)\ncreate_engine(K()(K()).k.k.u)\n",
    "many statements in one text": lambda: 'def f(cur):\n    cur.execute("' + "CREATE TABLE x (a int); " * 5000
    + '")\n',
    "SQL of brackets, quotes and comments": lambda: "def f(cur):\n" + "".join(
        f'    cur.execute("{part * 50_001}")\n' for part in ("(", "/*", "''", "$a$", "$a", "-- ", ";", "a.")),
    "URLs of signs": lambda: "".join(
        f'create_engine("postgresql://{part * 30_000}")\n' for part in ("@", ":", "a:", "?a=b&", "%", "[", "://x:")),
    "halves of characters": lambda: 'create_engine("postgresql://a:\\ud800@b/\\udfff")\nos.environ["\\ud800"]\n'
    'create_engine(os.getenv("\\ud800", "postgresql://\\udfff/x"))\n',
    "escapes cut short": lambda: 'create_engine("postgresql://a:b@c/\\x\\u12\\U99999999\\N{NO}\\777\\")\n',
    "tests around engines": lambda: "".join(
        f'if os.environ.get("DB{n}_URL"):\n    create_engine(os.environ["DB{n}_URL"])\n' for n in range(1500)),
    "brackets of 5 MB": lambda: "(" * 2_400_000 + ")" * 2_400_000,
    "engines of 5 MB": lambda: 'create_engine(os.environ["X"])\n' * 158_000,
    "errors of 5 MB": lambda: "x = = 1\n" * 600_000,
    "modules of 5000 dots": lambda: "from " + "." * 5000 + "x import u\nimport " + ".".join(["a"] * 5000)
    + "\nfrom ...... import v\nfrom .. import *\ncreate_engine(u)\ncreate_engine(v)\ncreate_engine(a.a.a)\n",
}


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str, tree: Path) -> None:
    (tree / "bad.py").write_text(IMPORTS + PYTHON[name](), "utf-8", "surrogatepass")
    lines = judged()
    assert max(map(len, lines)) < 1500


def test_a_deep_file_is_judged_up_to_its_depths(tree: Path) -> None:
    text = IMPORTS + f'create_engine("{URL}")\n' + _nested("if a#:", 300, "pass\n") + f'create_engine("{URL}")\n'
    (tree / "bad.py").write_text(text, "utf-8")
    lines = judged()
    assert only(lines, "GRV101", "bad.py") == [5, text.count("\n")]
    (trouble,) = only(lines, "GRV001", "bad.py")
    assert 200 <= trouble <= 210


MODULES = {
    "star imports in a circle": {
        "a.py": "from b import *\nfrom c import *\n", "b.py": "from a import *\nfrom c import *\n",
        "c.py": f"from a import *\nfrom b import *\nfrom c import *\n{IMPORTS}import a\ncreate_engine(nowhere)\n"
                "create_engine(a.nowhere)\n"},
    "star imports of everything by everything": {
        f"m{one}.py": "".join(f"from m{two} import *\n" for two in range(30) if one != two)
        + IMPORTS + "create_engine(nowhere)\n" for one in range(30)},
    "a name in a circle": {one: f"{IMPORTS}from {two} import u\ncreate_engine(u)\n"
                           for one, two in (("a.py", "b"), ("b.py", "c"), ("c.py", "a"))},
    "a package that holds itself": {
        "p/__init__.py": "from .a import *\nfrom . import p, a\nfrom p import p\n",
        "p/a.py": f"{IMPORTS}from . import *\nfrom . import a\nfrom .a import a\nimport p.p.p.p\n"
                  "create_engine(p.p.p.a.a.u)\ncreate_engine(a.a.a.p)\n"},
    "a name through a thousand modules": {
        "m/m0.py": f'u = "{URL}"\n', **{f"m/m{n}.py": f"from m.m{n - 1} import u\n" for n in range(1, 1000)},
        "m/z.py": f"{IMPORTS}from m.m999 import u\ncreate_engine(u)\n"},
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str, tree: Path) -> None:
    for path, text in MODULES[name].items():
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(text, "utf-8")
    judged()


# ---- bytes that are no text, and text in other encodings

BODY = 'from sqlalchemy import create_engine\n\nname = "é"\nengine = create_engine("postgresql://shop@db/shop")\n'
ENCODED: dict[str, tuple[bytes, int | None, int | None]] = {
    # the line that GRV101 is found at, and the line that GRV001 is
    "empty": (b"", None, None),
    "one line feed": (b"\n", None, None),
    "UTF-8 with a mark": (b"\xef\xbb\xbf" + BODY.encode(), 4, None),
    "UTF-16": (BODY.encode("utf-16"), 4, None),
    "UTF-32": (BODY.encode("utf-32"), 4, None),
    "latin-1 with a cookie": (b"# -*- coding: latin-1 -*-\n" + BODY.encode("latin-1"), 5, None),
    "latin-1 without one": (BODY.encode("latin-1"), None, 3),
    "a cookie on the third line": (b"\n\n# coding: latin-1\n" + BODY.encode("latin-1"), None, 6),
    "a cookie of nothing": (b"# coding: klingon\n" + BODY.encode(), None, 1),
    "a cookie that is no text's": (b"# coding: rot13\n" + BODY.encode(), None, 1),
    "a cookie of bytes": (b"# coding: hex\n" + BODY.encode(), None, 1),
    "a NUL byte": (BODY.encode() + b"x = 1\0\n", None, 5),
    "half of UTF-16": (b"\xff\xfea", None, 1),
    "Windows line ends": (BODY.replace("\n", "\r\n").encode(), 4, None),
    "form feeds and tabs": (BODY.replace("\n\n", "\n\f\nif x:\n\tpass\n").encode(), 6, None),
    "no line feed at the end": (BODY.rstrip("\n").encode(), 4, None),
    "a control character": (BODY.replace("é", "\x1b[31m").encode(), 4, None),
    "merge markers": (BODY.replace("name", "<<<<<<< ours\nname")
                      .replace("engine =", "=======\n>>>>>>> theirs\nengine =").encode(), 7, 3),
    "an error above": (b"def f(:\n    pass\n\n\n" + BODY.encode(), 8, 1),
    "an error below": (BODY.encode() + b"\n\nclass :\n", 4, 7),
    "Python 2, which the grammar knows": (BODY.encode() + b'print "done"\nraise E, "x"\n', 4, None),
    "Python 2, which it does not": (BODY.encode() + b'except A, b: pass\n', 4, 5),
}


@pytest.mark.parametrize("name", ENCODED)
def test_encodings(name: str, tree: Path) -> None:
    data, url, trouble = ENCODED[name]
    (tree / "bad.py").write_bytes(data)
    lines = judged()
    assert only(lines, "GRV101", "bad.py") == ([url] if url else [])
    assert only(lines, "GRV001", "bad.py") == ([trouble] if trouble else [])


@pytest.mark.parametrize("line", [b"# " + b"x" * 98 + b"\n", b"ROW = ('x', 1, None)\n"])
def test_files_of_20_megabytes(line: bytes, tree: Path) -> None:
    (tree / "bad.py").write_bytes(line * (20_500_000 // len(line)))
    lines = judged()
    assert only(lines, "GRV001", "bad.py") == [1]


def test_a_generated_file(tree: Path) -> None:
    (tree / "bad.py").write_text(IMPORTS + "ROW = ('some', 'words', 1, None)\n" * 10_000 + "create_engine('postgresql://d/b')\n",
                                 "utf-8")
    assert only(judged(), "GRV101", "bad.py") == [10_005]


# ---- files that are none

def test_links(tree: Path) -> None:
    (tree / "broken.py").symlink_to("nowhere.py")
    (tree / "loop.py").symlink_to("loop.py")
    (tree / "one.py").symlink_to("two.py")
    (tree / "two.py").symlink_to("one.py")
    (tree / "again").symlink_to(tree, target_is_directory=True)
    (tree / "zero.py").symlink_to("/dev/zero")
    lines = judged()
    for name in ("broken.py", "loop.py", "one.py", "two.py", "zero.py"):
        assert only(lines, "GRV001", name) == [1]
    assert sum(FOUND in line for line in lines) == 1


def test_pipes_and_folders(tree: Path) -> None:
    os.mkfifo(tree / "pipe.py")
    (tree / "folder.py").mkdir()
    (tree / "folder.py" / "inside.py").write_text(GOOD, "utf-8")
    (tree / "compose.yaml").mkdir()
    (tree / "Dockerfile").mkdir()
    (tree / "pyproject.toml").mkdir()
    (tree / ".gitignore").mkdir()
    lines = judged()
    assert only(lines, "GRV001", "pipe.py") == [1]
    assert only(lines, "GRV101", "folder.py/inside.py") == [5]


@pytest.mark.parametrize("name", ["pipe.py", "zero.py", "loop.py"])
def test_asked_for_by_name(name: str, tree: Path) -> None:
    os.mkfifo(tree / "pipe.py")
    (tree / "zero.py").symlink_to("/dev/zero")
    (tree / "loop.py").symlink_to("loop.py")
    result = check(name, "main.py")
    if name == "loop.py":
        assert (result.exit_code, result.stderr) == (1, "")
        assert only(result.stdout.splitlines(), "GRV001", name) == [1]
        return
    assert (result.exit_code, result.stdout) == (2, "")
    assert name in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_unreadable(tree: Path) -> None:
    (tree / "closed.py").write_text(GOOD, "utf-8")
    (tree / "shut").mkdir()
    (tree / "closed.py").chmod(0)
    (tree / "shut").chmod(0)
    try:
        lines = judged()
    finally:
        (tree / "shut").chmod(stat.S_IRWXU)
    assert only(lines, "GRV001", "closed.py") == [1]
    assert only(lines, "GRV001", "shut") == [1]


def test_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = check()
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    result = check("nowhere")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere" in result.stderr
    assert len(result.stderr.splitlines()) == 1


# ---- files that are not Python

COMPOSE = "services:\n  db:\n    image: postgres:16\n"
OTHERS: dict[str, tuple[str, str | bytes, int | None]] = {
    # the file, its text, and the line that GRV001 is found at
    "aliases of aliases": ("compose.yaml", "services:\n  a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"  {chr(98 + n)}: &{chr(98 + n)} [" + ", ".join([f"*{chr(97 + n)}"] * 9) + "]\n" for n in range(12)), 1),
    "an alias of itself": ("compose.yaml", "services: &a\n  db: *a\n  <<: *a\n", None),
    "an object of Python": ("compose.yaml", "services: !!python/object/apply:os.system [exit]\n", None),
    "deep lists": ("compose.yaml", "services: " + "[" * 100_000, 1),
    "deep maps": ("compose.yaml", "services: " + "{a: " * 100_000, 1),
    "deep indentation": ("compose.yaml", "services:\n" + "".join(" " * n + "a:\n" for n in range(1, 2000)), 1),
    "YAML with tabs": ("compose.yaml", "services:\n\tdb:\n", 2),
    "YAML with merge markers": ("compose.yaml", COMPOSE + "<<<<<<< ours\n  x: 1\n=======\n>>>>>>> theirs\n", 4),
    "YAML that is not UTF-8": ("compose.yaml", b"services:\n  db: \xff\n", 2),
    "YAML with a NUL": ("compose.yaml", b"services:\n  db: \0\n", 2),
    "YAML of other shapes": ("compose.yaml", "services:\n  a: null\n  b: []\n  c: {image: [], build: 3}\n", None),
    "empty YAML": ("compose.yaml", "", None),
    "YAML of one word": ("compose.yaml", "services", None),
    "malformed TOML": ("pyproject.toml", "[project]\nname = 'x\n", 2),
    "YAML of 10 MB": ("compose.yaml", "services:\n" + "  s:\n    image: postgres\n" * 400_000, 1),
    "a manifest of 10 MB": ("manifest.yaml", "apiVersion: v1\ndata:\n" + "  a: b\n" * 1_500_000, 1),
    "data in YAML of 10 MB": ("data.yaml", "- a: b\n" * 1_500_000, None),
    "a large TOML file": ("pyproject.toml", "[project]\nname = 'x'\n" + "# a remark\n" * 100_000, 1),
    "deep TOML": ("pyproject.toml", "x = " + "[" * 100_000, 1),
    "TOML with many dots": ("pyproject.toml", ".".join(["a"] * 2000) + " = 1\n",
                            None if sys.version_info >= (3, 11) else 1),  # tomli takes a thousand
    "TOML with a large number": ("pyproject.toml", "x = " + "9" * 10_000 + "\n",
                                 1 if hasattr(sys, "get_int_max_str_digits") else None),
    "TOML of other shapes": ("pyproject.toml", "project = 3\ntool = []\n[[dependency-groups]]\n", None),
    "TOML with merge markers": ("pyproject.toml", "[project]\n<<<<<<< ours\nname = 'x'\n", 2),
    "TOML that is not UTF-8": ("pyproject.toml", b"[project]\nname = '\xe9'\n", 2),
    "an unclosed section": ("alembic.ini", "[alembic\nscript_location = x\n", 1),
    "an ini file with merge markers": ("alembic.ini", "[alembic]\n<<<<<<< ours\na = b\n", 2),
    "a large ini file": ("alembic.ini", "[alembic]\n" + "a = b\n" * 1_000_000, 1),
    "a long ini value": ("alembic.ini", "[alembic]\nscript_location =\n" + "  x\n" * 50_000, None),
    "interpolations in a ring": ("alembic.ini", "[alembic]\nscript_location = %(a)s\na = %(b)s\nb = %(a)s%(%%(", None),
    "an ini file of noise": ("alembic.ini", bytes(random.Random(1).choices(range(256), k=20_000)), 1),
    "a Dockerfile with merge markers": ("Dockerfile", "FROM x\n<<<<<<< ours\nENV A=b\n=======\n>>>>>>> theirs\n", 2),
    "a Dockerfile of one line": ("Dockerfile", "FROM x\n" + "ENV A=b \\\n" * 50_000, None),
    "variables that double": ("Dockerfile", "FROM x\nENV A0=postgresql://a/b\n" + "".join(
        f"ENV A{n}=$A{n - 1}$A{n - 1}\n" for n in range(1, 80)) + "ENV DATABASE_URL=$A79\n", None),
    "documents that do not end": ("Dockerfile", "FROM x\n" + "RUN <<EOF\nfoo\n" * 2000, None),
    "a long document": ("README.md", "# a\n" * 200_000, None),
    "a long heading": ("README.md", "#" * 1_000_000, None),
    "ignoring by many stars": (".gitignore", "*a" * 40 + "\n" + "**/" * 2000 + "b\n[z-a]\n[\n!\n\\\n", None),
    "long requirements": ("requirements.txt", "a" * 500_000 + "\n" + "-r requirements.txt\n" * 500 + "[" * 9000, None),
    "a line of variables": ("Dockerfile", "FROM x\nENV " + " ".join(f"A{n}=b" for n in range(50_000)), None),
    "a long line of merged mappings": ("compose.yaml", "a0: &a0 {x: y}\n" + "".join(
        f"a{n}: &a{n}\n  <<: *a{n - 1}\n" for n in range(1, 20_000)), 1),
    "sections of an ini file": ("alembic.ini", "[DEFAULT]\nscript_location = x\n" + "".join(
        f"[alembic{n}]\n" for n in range(50_000)), None),
    "many statements": ("schema.sql", "CREATE TABLE x (a int);" * 20_000, None),
    "no environment": (".env", b"DATABASE_URL=\xff\0\n" * 1000, None),
    "a wide environment": (".env.example", "DATABASE_URL=x" + " " * 490_000 + "y\n" + "A='\n" * 100, None),
    "a large environment": (".env.example", "DATABASE_URL=postgresql://a/b\n" * 400_000, None),
    "functions of a script": ("init.sh", "f() {\n" + 'psql -c "CREATE DATABASE $1"\n' * 2000 + "}\n" + "f x\n" * 2000,
                              None),
    "a script of many documents": ("init.sh", "psql <<EOF\nCREATE USER x\n" * 4800, None),
    "a script of one document": ("init.sh", "psql <<EOF\n" + "CREATE DATABASE x;\n" * 5000 + "EOF\n", None),
    "commands inside commands": ("init.sh", 'psql -c "$(' * 4000 + "x", None),
    "quotes of a script that stay open": ("init.sh", "psql -c \"a' `b\n" * 20_000, None),
    "defaults inside defaults": ("init.sh", "psql ${A:-" * 40_000 + "x", None),
    "variables of a script that double": ("init.sh", "a0=x\n" + "".join(
        f'a{n}="$a{n - 1}$a{n - 1}"\n' for n in range(1, 100)) + 'psql -c "CREATE DATABASE $a99"\n', None),
    "a script that calls itself": (
        "init.sh", 'f() { psql -c "CREATE DATABASE $1"; f "$1$1"; g; }\ng() { f x; g; }\nf a\ng\n', None),
    "words of PowerShell left open": ("init.ps1", 'psql "$(' * 4000 + "x", None),
    "PowerShell of slips": ("init.ps1", "psql } ) ] @@ ' \" \n" * 4000, None),
    "PowerShell of texts": ("init.ps1", '$a = @"\nCREATE DATABASE x\n"@\n$a | psql\n' * 2000, None),
    "statements of passwords": ("init.sql", "CREATE USER x PASSWORD '" * 20_000, None),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files(name: str, tree: Path) -> None:
    path, text, trouble = OTHERS[name]
    (tree / path).write_bytes(text.encode() if isinstance(text, str) else text)
    lines = judged()
    assert only(lines, "GRV001", path)[:1] == ([trouble] if trouble else [])
    assert max(map(len, lines)) < 1500


_SIGNS = (
    "psql -c ", "CREATE DATABASE x", "'", '"', "`", "$", "$(", ")", "{", "}", "${A:-", "<<EOF\n", "EOF\n", "\n", " ",
    "|", "@'\n", '@"\n', '"@', "f()", "f", "A=", "$A", "$1", "--command=", ";", "#", "é", "\0", "\ud800", "if ",
    "do ", "in ", "read -d '' A ", "su x -c ", "[[", "((", "=", "export ", "\r\n", "&", "\\")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_SIGNS), max_size=40).map("".join))
def test_what_is_hardly_a_script(text: str) -> None:
    """Whatever is read, each word that is told of stands in the text, and each command holds its words."""
    data = text.encode("utf-8", "replace")
    for parse in (parse_shell, parse_powershell):
        found = parse(data)
        list(deeds(found))
        for command in found:
            assert 0 <= command.span[0] <= command.span[1] <= len(data)
            for word in (*command.words, *command.input):
                assert all(0 <= word.at(offset) <= len(data) + 1 for offset in (0, len(word.text)))
    for variable in parse_dotenv(Source("x", data)):
        assert "\n" not in variable.value
        assert data[slice(*variable.span)].decode("utf-8", "replace").strip("'\"") == variable.value.strip("'\"")


def test_a_branch_of_thousands(tree: Path) -> None:
    """Whether a branch never runs is asked of all of them at once."""
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\n"
    facts = parse_python((text + "".join(f"elif x{n}:\n    import a{n}\n" for n in range(20_000))).encode())
    (stretch,) = idle(Module("a.py", "code", lambda: facts).unit)
    assert stretch[0] == text.index("import a")


def test_a_comment_of_thousands_of_words(tree: Path) -> None:
    words = [f"GRV{number}" for number in range(20_000, 30_000)]
    (tree / "many.py").write_text(f"x = 1  # gravity: ignore[{', '.join(words)}]\n", "utf-8")
    assert len(only(judged(), "GRV002", "many.py")) == len(words)


@pytest.mark.parametrize("text", ['select = ["GRV101"', "select = 3\n", "nothing = 1\n", "select = ['GRV9']\n",
                                  "\xff\n", "[" * 5000, "x = " + "9" * 5000])
def test_configurations(text: str, tree: Path) -> None:
    (tree / "gravity-lint.toml").write_bytes(text.encode("latin-1"))
    result = CliRunner().invoke(cli, ["check"], catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "gravity-lint.toml:1: " in result.stderr
    assert "internal error" not in result.stderr


@pytest.mark.parametrize("text", ['services = ["*/*/*/*/*/*/*/*", "..", "/", "", "[", "**"]\n',
                                  'exclude = ["[", "!", "/", "\\\\", "", "[z-a]"]\n',
                                  '[per-file-ignores]\n"[z-a]" = ["GRV1"]\n"" = ["GRV1"]\n'])
def test_patterns_of_configurations(text: str, tree: Path) -> None:
    (tree / "gravity-lint.toml").write_text(text, "utf-8")
    result = CliRunner().invoke(cli, ["check"], catch_exceptions=False)
    assert result.exit_code in (0, 1, 2)
    assert "internal error" not in result.stderr
    assert "Traceback" not in result.stderr


# ---- what is shown of it

NAMES = ["with space.py", "with:colon:1:2.py", "with\nline\nfeeds.py", "tab\t.py", "emoji 🐘.py", "wide 数据.py",
         "quote'\".py", "-f.py", "[bold].py", "\x1b[31mred.py", "\u202egnp.py", "%s{0}.py"]


@pytest.mark.parametrize("output", ["concise", "full", "json"])
@pytest.mark.parametrize("name", [*(name.encode() for name in NAMES), b"not utf-8 \xff\xfe.py"])
def test_names_of_files(name: bytes, output: str, tree: Path) -> None:
    try:
        (tree / os.fsdecode(name)).write_text(GOOD, "utf-8")
    except OSError:
        pytest.skip("this file system does not take the name")
    result = check("-f", output)
    assert (result.exit_code, result.stderr) == (1, "")
    if output == "json":
        assert len(json.loads(result.stdout)["violations"]) == 2
        return
    assert not set(result.stdout) & {"\x1b", "\u202e", "\t", "\r"}
    if output == "concise":
        assert sum(": GRV101 " in line or ": GRV501 " in line for line in result.stdout.splitlines()) == 2


LINES = {
    "a very long line": 'x = "' + "a" * 10**6 + '"; create_engine("postgresql://d/b"); y = "' + "b" * 10**6 + '"',
    "a very long literal": 'create_engine("postgresql://d/' + "b" * 1_000_000 + '")',
    "a very long name": "x" * 1_000_000 + ' = create_engine("postgresql://d/b")',
    "wide characters": 'x = "数据库🐘👩‍👩‍👧‍👦é"; create_engine("postgresql://数据库/🐘")',
    "tabs": 'x\t=\t1;\tcreate_engine(\t"postgresql://d/b"\t)',
    "control characters": 'x = "\x1b[31m\x07\x7f"; create_engine("postgresql://d/\x1b[2Jb")',
    "line separators": 'x = "\u2028\u2029\x85\x0b\x0c"; create_engine("postgresql://d/\u2028b")',
}


@pytest.mark.parametrize("output", ["concise", "full", "json"])
@pytest.mark.parametrize("name", LINES)
def test_lines(name: str, output: str, tree: Path) -> None:
    (tree / "bad.py").write_text(IMPORTS + LINES[name] + "\n", "utf-8", newline="")
    result = check("-f", output)
    assert (result.exit_code, result.stderr) == (1, "")
    assert max(map(len, result.stdout.split("\n"))) < 1500
    if output == "json":
        found = json.loads(result.stdout)["violations"]
        assert ("bad.py", 5) in {(each["path"], each["line"]) for each in found}
    else:
        assert "bad.py:5:" in result.stdout
        assert not set(result.stdout) & {"\x1b", "\x07", "\u2028", "\x85"}


@pytest.mark.parametrize("limit", [400])
def test_a_small_stack_is_enough(limit: int, tree: Path) -> None:
    """Nested as deeply as code is read, with less of Python's stack than there ever is."""
    (tree / "bad.py").write_text(IMPORTS + "u = " + "(" * 70 + "url" + ")" * 70 + "\n" + SINK, "utf-8")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + len(_frames()))
    try:
        judged()
    finally:
        sys.setrecursionlimit(before)


def _frames() -> list[FrameType]:
    found: list[FrameType] = []
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


@pytest.mark.parametrize("text", [
    "from fastapi import FastAPI\napp = FastAPI(on_startup=[app])\n",
    "from fastapi import FastAPI\napp = FastAPI(lifespan=FastAPI(lifespan=app))\n",
    "import os\nimport psycopg2\nc = psycopg2.connect(os.environ['D'])\nc.execute('CREATE TABLE t (id \\ud800)')\n",
])
def test_code_that_made_rules_stumble(text: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(text, "utf-8")
    (tmp_path / "move.py").write_text("from alembic import command\ncommand.upgrade(None, 'head')\n", "utf-8")
    (tmp_path / "docker-compose.yml").write_text('services:\n  db:\n    build: "a\\0b"\n', "utf-8")
    report = run(Options((tmp_path,), Config(root=tmp_path), load_rules()))
    assert report.crashes == ()


def test_a_trail_through_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    package = tmp_path / "app"
    package.mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "main.py").write_bytes(b"from app import db\n\0\n")
    (package / "db.py").write_text("import os\nimport psycopg2\nc = psycopg2.connect(os.environ['D'])\n", "utf-8")
    (tmp_path / "Dockerfile").write_text('FROM python:3.12\nCMD ["python", "-m", "app.main"]\n', "utf-8")
    report = run(Options((tmp_path,), Config(root=tmp_path), load_rules()))
    assert report.crashes == ()


def test_ways_are_looked_up_fast() -> None:
    text = "from sqlalchemy import create_engine\n" + 'create_engine("postgresql://h/x")\n' * 4000
    begun = time.perf_counter()
    assert len(list(findings(service_of(text), "GRV101", "GRV305"))) == 4000
    assert time.perf_counter() - begun < 10
