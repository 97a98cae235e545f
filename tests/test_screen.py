"""The screen is sound: whoever parses every file and looks everywhere finds what is found with it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gravity_lint.checks import alembic
from gravity_lint.config import Config
from gravity_lint.facts.code import Attr, Call, PythonFacts
from gravity_lint.facts.python import parse_python
from gravity_lint.link import carriers, defaults, operations, service
from gravity_lint.link.calls import Calls
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.spelling import Spelling
from gravity_lint.rulebook import Rule, load_rules
from gravity_lint.run import Options, run
from gravity_lint.screen import matters
from gravity_lint.violation import Violation

RULES = load_rules()
UNREADABLE = "unreadable-file"
FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


@contextmanager
def unscreened() -> Iterator[list[str]]:
    """Inside, every text is held to matter and to hold whatever is looked for; gives the files that are parsed."""
    parsed: list[str] = []
    facts = service.Service.facts

    def counted(self: service.Service, path: str) -> PythonFacts:
        parsed.append(path)
        return facts(self, path)

    def everywhere(self: Calls, *_: object) -> tuple[Module, ...]:
        shared = [module for _, module in sorted(self.modules.items()) if module.role == "library"]
        return (*self.code, *shared)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service.Service, "facts", counted)
        patch.setattr(service, "matters", lambda data: True)
        patch.setattr(carriers, "MANY", 10**9)
        for asked in ("holding", "calling"):
            patch.setattr(Calls, asked, lambda self, *_: self.code)
        patch.setattr(Calls, "anywhere", everywhere)
        patch.setattr(Calls, "importing", lambda self, *_: tuple(self.modules.values()))
        for asked in ("mentions", "matches", "defines"):
            patch.setattr(Module, asked, lambda self, *_: True)
        patch.setattr(Module, "around", lambda self, *_: self.units)
        patch.setattr(Unit, "holds", lambda self, *_: True)
        patch.setattr(Module, "setting", lambda self, *_: None)
        patch.setattr(Module, "renaming", lambda self, *_: [stmt for stmt, _ in self.imports])
        patch.setattr(defaults, "_may_ask", lambda unit: True)
        patch.setattr(operations, "speaks", lambda data: True)
        patch.setattr(alembic, "undoes", lambda data: False)
        yield parsed


def found(folder: Path) -> list[Violation]:
    """What every rule says but the one that speaks of files which matter and cannot be read: it asks the screen.

    What would mend it is left out: fixes ask of texts what they really hold.
    """
    report = run(Options(paths=(folder,), config=Config(root=folder), rules=RULES))
    assert not report.crashes
    return [each._replace(remedy=None) for each in report.violations if each.name != UNREADABLE]


def parsed_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The files of a folder that a run with the screen parses."""
    parsed: set[str] = set()
    facts = service.Service.facts

    def counted(self: service.Service, path: str) -> Any:
        parsed.add(path)
        return facts(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(service.Service, "facts", counted)
        found(folder)
    return parsed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_examples_of_a_rule(rule: Rule, tmp_path: Path) -> None:
    for number, example in enumerate(rule.examples):
        for file in example.files:
            path = tmp_path / str(number) / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, "utf-8")
    for folder in sorted(tmp_path.iterdir()):
        with_it = found(folder)
        with unscreened():
            assert found(folder) == with_it, folder.name


@pytest.mark.parametrize("name", sorted(each.name for each in FIXTURES.iterdir() if each.is_dir()))
def test_the_fixtures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = found(FIXTURES / name)
    few = parsed_at_all(FIXTURES / name, monkeypatch)
    with unscreened() as parsed:
        assert found(FIXTURES / name) == with_it
    assert few <= set(parsed)


def test_what_says_nothing_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from sqlalchemy import create_engine\nengine = create_engine('mysql://u:p@h/d')\n"
    (tmp_path / "main.py").write_text(text, "utf-8")
    (tmp_path / "sums.py").write_text("def double(number):\n    return 2 * number\n", "utf-8")
    assert parsed_at_all(tmp_path, monkeypatch) == {(tmp_path / "main.py").as_posix()}


@pytest.mark.parametrize(("text", "answer"), [
    ("", False), ("x = 1\n", False), ("import OS\n", True), ("engine = CREATE_ENGINE(u)\n", True),
    ("'''\u00e9'''\n", False), ("DATABASE_URL = ''\n", True),
])
def test_what_matters(text: str, answer: bool) -> None:
    assert matters(text.encode()) is answer


@pytest.mark.parametrize("text", [
    "import a.b, c as d", "if x: import a", "import a; import b.c as e; from d import f", "from .a import b, c as d",
    "from . import (  # why ) not\n    a,  # b\n    b as c,\n)", "from a import b, \\\n    c", "import a, \\\n    b",
    "try: from a import *\nexcept ImportError: import b", "from.a import(b)",
    "def f():\n    import a\n    from b import c",
])
def test_every_import_is_seen_without_a_grammar(text: str) -> None:
    module = Module("a.py", "code", lambda: parse_python(text.encode()), text.encode)
    told = {(one.name, one.level, name) for one in module.spelling.imports for name in one.taken or ("",)}
    for stmt, _ in module.imports:
        for alias in stmt.names:
            assert ((alias.name, 0, "") if stmt.plain else (stmt.module, stmt.level, alias.name)) in told


@pytest.mark.parametrize("text", [
    "x = {}", "x: T = {}", "x = a.b.{}()", "x = y = {}", "x = (\n    {}\n)", "x = await {}()", "x = a or {}",
    "x = a and ({})", "x = {} if a else b", "x = b if a else {}", "x = a().{}()", "x = \\\n    {}", "if a: x = {}",
    "def x():\n    return {}", "def x():\n    return (\n        {}())",
    "class A:\n    def x(self):\n        self.y = {}",
])
def test_what_is_handed_on_is_seen_without_a_grammar(text: str) -> None:
    code = text.format("Base").encode()
    module = Module("a.py", "code", lambda: parse_python(code), lambda: code)
    assert module.made_of("Base") == [name for unit in module.units for name in unit.made_of.get("Base", ())] != []


@pytest.mark.parametrize("text", [
    "f(a)", "x.f(a)", "f (a)", "x. f(a)", "x.\\\n  f(a)", "(x.f\n  (a))", "(f  # why\n (a))", "@f(a)\ndef g(): pass",
    "def g():\n    def h():\n        return x.f(\n            b(')'),\n            a)", "f('a) (' +\n  a)",
    "[f(a) for b in c]",
])
def test_every_call_is_seen_without_a_grammar(text: str) -> None:
    code = text.encode()
    module = Module("a.py", "code", lambda: parse_python(code), lambda: code)
    known = [(call, unit) for unit in module.units for call in unit.called("f")]
    assert module.calls("f") == known != []
    assert module.calls("f", re.compile(rb"\ba\b")) == known
    assert any(isinstance(call.func, Attr) for call, _ in known) <= module.spelling.has_method(b"f")


@pytest.mark.parametrize("text", [
    "f()()", "@app.on('start')(run)\ndef g(): pass", "def g():\n    f(a)  (b)", "f(\n  a\n)  # why\n", "x = f(a)(b)(c)",
    "(f(a)  # why\n  (b))", "f(a)\\\n(b)", "class A:\n    def g(self):\n        return (self.f())(1)", "a[0](b)(c)",
])
def test_every_call_of_what_a_call_returned_is_seen_without_a_grammar(text: str) -> None:
    code = text.encode()
    module = Module("a.py", "code", lambda: parse_python(code), lambda: code)
    known = [(call, unit) for unit in module.units for call in unit.calls if isinstance(call.func, Call)]
    assert [one for one in module.calls("()") if isinstance(one[0].func, Call)] == known


REVISION = "revision = 'a'\n\n\ndef upgrade():\n    op.add_column('t', c)\n\n\n"


@pytest.mark.parametrize(("text", "answer"), [
    ("def downgrade():\n    op.drop_column('t', 'c')\n", True),
    ("def downgrade() -> None:  # back\n\n    # ### commands ###\n    op.drop_column('t', 'c')\n", True),
    ('def downgrade() -> None:\n    """Back."""\n    with op.batch() as batch:\n        batch.go()\n', True),
    ("def downgrade(engine):\r\n    bind = engine.bind\r\n    bind.go()\r\n", True),
    ("def downgrade():\n    if op.is_there():\n        op.drop_table('t')\n", True),
    ("def downgrade():\n    pass\n", False), ("def downgrade():\n    return (None)\n", False),
    ("def downgrade():\n    raise (Never())\n", False), ("def downgrade():\n    yield (1)\n", False),
    ("def downgrade():\n    del (x)\n", False), ("def downgrade():\n    print ('no')\n", False),
    ('def downgrade():\n    """op.drop_table(t)"""\n', False), ("def downgrade():\n    ...\n", False),
    ("def downgrade():\n    x == y()\n", False), ("def downgrade(): pass\nop.go()\n", False),
    ("x = '''\ndef downgrade():\n    op.go()\n'''\n", False),
    ('x = """\ndef downgrade():\n    """Back."""\n    op.go()\n"""\n', False),
    ("x = '\\\ndef downgrade():\\\n    op.go()'\n", False),
    ("def downgrade():\n    op.go()\n\n\ndef downgrade():\n    pass\n", False),
    ("class A:\n    def downgrade():\n        op.go()\n", False),
])
def test_what_a_revision_undoes_is_seen_without_a_grammar(text: str, answer: bool) -> None:
    code = f"import sqlalchemy\n{REVISION}{text}".encode()
    assert alembic.undoes(code) is answer
    assert not (answer and alembic.missing_downgrade(parse_python(code)))


def test_a_revision_of_which_nobody_else_sees_that_it_is_no_python_is_parsed() -> None:
    code = f"{REVISION}def downgrade():\n    op.drop_column('t', 'c')\n".encode()
    assert not alembic.undoes(code)
    assert alembic.undoes(b"import sqlalchemy\n" + code)


@pytest.mark.parametrize("text", [
    "self.x = 1", "self.x: int = 1", "self . x=1", "self.\\\nx = 1", "self.x \\\n = 1", "self.a = self.x = 1",
    "self.x: dict[\n  str, int\n] = {}", "a = self.x \\\n= 1", "self.x=1;a = 2", "self.x += 1", "self.x //= 1",
    "self.x >>= 1"])
def test_an_attribute_that_is_set_is_seen_in_the_text(text: str) -> None:
    targets = [target for stmt in parse_python(text.encode()).body for target in getattr(stmt, "targets", ())]
    assert any(isinstance(target, Attr) and target.name == "x" for target in targets)
    assert list(Spelling(text.encode()).sets(b"x"))


@pytest.mark.parametrize("text", ["self.x == 1", "f(self.x)", "x = 1", "f(x=1)", "self.xy = 1", "self.x.y = 1"])
def test_what_is_not_set_is_not_read_for_it(text: str) -> None:
    assert not list(Spelling(text.encode()).sets(b"x"))


@pytest.mark.parametrize("text", [
    "from a import x as y", "import a.x as y", "from a import (w, x  # why\n as y)", "from a import x \\\n as y",
    "def f():\n    from a import x as y"])
def test_what_gets_another_name_is_seen_in_the_text(text: str) -> None:
    module = Module("m.py", "code", lambda: parse_python(text.encode()), lambda: text.encode())
    assert [alias.bound for stmt in module.renaming("x") for alias in stmt.names if alias.name.endswith("x")] == ["y"]


@pytest.mark.parametrize(("text", "answer"), [
    ("def read(): return get('DATABASE_URL', 'x')", True), ("def database(): return get('url', 'x')", True),
    ("def read(): return get('name of it', 'x')", False), ("def read(): return get('COLOUR', 'x')", False)])
def test_a_function_may_ask_for_a_part_of_an_address(text: str, answer: bool) -> None:
    module = Module("m.py", "code", lambda: parse_python(text.encode()), lambda: text.encode())
    assert defaults._may_ask(module.units[1]) is answer
