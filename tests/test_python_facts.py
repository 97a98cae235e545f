"""What Python's syntax is turned into: values, statements, comments and troubles, whatever the text."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gravity_lint
from gravity_lint.facts import code
from gravity_lint.facts import python as reader
from gravity_lint.facts.code import Expr, Stmt, dotted, walk
from gravity_lint.facts.python import parse_python


def fault(reason: str) -> list[pytest.MarkDecorator]:
    """Marks a case that a fault of the reader fails."""
    return [pytest.mark.xfail(strict=True, reason=reason)]


def expr(text: str) -> Expr:
    """The expression that a text is."""
    stmt = only(f"({text})\n")
    assert isinstance(stmt, code.Do)
    return stmt.value


def only(text: str) -> Stmt:
    """The one statement that a text is."""
    facts = parse_python(text.encode())
    assert not facts.troubles
    assert len(facts.body) == 1
    return facts.body[0]


def fields(value: object) -> tuple[str, ...]:
    """The names of a fact's parts; none of what is no fact."""
    return getattr(type(value), "__match_args__", ())


def short(value: object) -> object:
    """Facts as nested tuples of class name and parts, spans left out, so that a table can be read."""
    if isinstance(value, code.Const):
        return value.value
    if isinstance(value, code.Name):
        return f"<{value.id}>"
    if names := fields(value):
        return (type(value).__name__, *(short(getattr(value, name)) for name in names if name not in ("span", "whole")))
    if isinstance(value, tuple):
        return [short(item) for item in value]
    return value


# ---- expressions


@pytest.mark.parametrize(("text", "value"), [
    ("'a'", "a"),
    ('"""a\nb"""', "a\nb"),
    (r"'a\tb\n\\\'\x41\101A\U00000041\q'", "a\tb\n\\'AAAA\\q"),
    ("'a\\\nb'", "ab"),
    (r"r'a\tb'", r"a\tb"),
    (r"R'\d'", r"\d"),
    ("u'a'", "a"),
    ("b'a'", b"a"),
    (r"b'\x41'", b"A"),
    ("rb'a'", b"a"),
    ("'a' 'b' \"c\"", "abc"),
    ("('a'\n  'b')", "ab"),
    ("f'a'", "a"),
    ("f'{{a}}'", "{a}"),
    ("''", ""),
    ("'' ''", ""),
    ("'héé €'", "héé €"),
    ("1", 1),
    ("0x_1F", 31),
    ("1_000", 1000),
    ("1.5", 1.5),
    ("1e3", 1000.0),
    ("True", True),
    ("None", None),
])
def test_constants(text: str, value: object) -> None:
    found = expr(text)
    assert isinstance(found, code.Const)
    assert found.value == value
    assert type(found.value) is type(value)


@pytest.mark.parametrize(("text", "value"), [
    (r"r'a\'b'", r"a\'b"),
    (r"rb'\x41'", rb"\x41"),
    (r"'\N{BULLET}'", r"\N{BULLET}"),  # named characters stand in no address
    (r"'\ud800'", "\ud800"),
])
def test_rare_escapes(text: str, value: object) -> None:
    found = expr(text)
    assert isinstance(found, code.Const)
    assert found.value == value


@pytest.mark.parametrize(("text", "parts"), [
    ("f'a{b}c'", ("Text", ["a", "<b>", "c"])),
    ("f'{a}{b.c}'", ("Text", ["<a>", ("Attr", "<b>", "c")])),
    ("f'{a!r:>{width}}'", ("Text", ["<a>"])),
    ("f'{a=}'", ("Text", ["<a>"])),
    ("f'a{b}' 'c' f'{d}'", ("Text", ["a", "<b>", "c", "<d>"])),
    ("f'{a[\"k\"]}'", ("Text", [("Item", "<a>", "k")])),
    (r"f'\x41{a}'", ("Text", ["A", "<a>"])),
    (r"rf'\d{a}'", ("Text", [r"\d", "<a>"])),
    ("f'''{\n a\n}'''", ("Text", ["<a>"])),
    ("f'{{{a}}}'", ("Text", ["{", "<a>", "}"])),
])
def test_texts_with_holes(text: str, parts: object) -> None:
    assert short(expr(text)) == parts


@pytest.mark.parametrize(("text", "parts"), [
    ("a + b + c", ("Sum", ["<a>", "<b>", "<c>"])),
    ("a + (b + c)", ("Sum", ["<a>", ("Sum", ["<b>", "<c>"])])),
    ("a % b", ("Binary", "%", "<a>", "<b>")),
    ("a or b or c", ("Logic", "or", ["<a>", "<b>", "<c>"])),
    ("a or b and c", ("Logic", "or", ["<a>", ("Logic", "and", ["<b>", "<c>"])])),
    ("not a", ("Compare", "not", ["<a>"])),
    ("a is not b", ("Compare", "is not", ["<a>", "<b>"])),
    ("a not in b", ("Compare", "not in", ["<a>", "<b>"])),
    ("a < b < c", ("Compare", "< <", ["<a>", "<b>", "<c>"])),
    ("a if b else c", ("Choice", "<b>", "<a>", "<c>")),
    ("a.b.c", ("Attr", ("Attr", "<a>", "b"), "c")),
    ("a['k'][0]", ("Item", ("Item", "<a>", "k"), 0)),
    ("a[b, c]", ("Item", "<a>", ("Series", "tuple", ["<b>", "<c>"]))),
    ("a(b, c=d, *e, **f)", ("Call", "<a>", [("Arg", None, "<b>"), ("Arg", "c", "<d>"), ("Arg", "*", "<e>"),
                                            ("Arg", "**", "<f>")])),
    ("a(b).c(d)", ("Call", ("Attr", ("Call", "<a>", [("Arg", None, "<b>")]), "c"), [("Arg", None, "<d>")])),
    ("{'a': b, **c}", ("Mapping", [["a", "<b>"], [None, "<c>"]])),
    ("[a, b]", ("Series", "list", ["<a>", "<b>"])),
    ("(a,)", ("Series", "tuple", ["<a>"])),
    ("{a, b}", ("Series", "set", ["<a>", "<b>"])),
    ("await a()", ("Await", ("Call", "<a>", []))),
    ("(a := b)", ("Assigned", "a", "<b>")),
    ("lambda x, y=1: x", ("Lambda", [("Param", "x", None, None, "", False), ("Param", "y", 1, None, "", False)],
                          "<x>")),
])
def test_expressions(text: str, parts: object) -> None:
    assert short(expr(text)) == parts


@pytest.mark.parametrize("text", [
    "[f(x) for x in y]", "{k: f(v) for k, v in z}", "(f(x) for x in y)", "a[f(1):2]", "-f(1)", "f(1) @ b",
    "a(f(x) for x in y)", "{f(1): 2}", "a(**f(1))", "f(1) < 2", "lambda: f(1)", "lambda x=f(1): x", "a(*f(1))",
    "[*f(1)]",
])
def test_calls_are_seen_wherever_they_stand(text: str) -> None:
    calls = [dotted(part.func) for part in walk(expr(text)) if isinstance(part, code.Call)]
    assert "f" in calls or text.startswith("lambda x=")  # a lambda's defaults are its parameters', not its body's


def test_comments_inside_an_expression() -> None:
    found = expr("f(  # one\n    'a',  # two\n    # three\n    b=1,\n)")
    assert short(found) == ("Call", "<f>", [("Arg", None, "a"), ("Arg", "b", 1)])


# ---- statements


@pytest.mark.parametrize(("text", "parts"), [
    ("a = b", ("Assign", ["<a>"], "<b>", None, "")),
    ("a = b = c", ("Assign", ["<a>", "<b>"], "<c>", None, "")),
    ("a: int = 1", ("Assign", ["<a>"], 1, "<int>", "")),
    ("a: int", ("Assign", ["<a>"], None, "<int>", "")),
    ("a += b", ("Assign", ["<a>"], "<b>", None, "+")),
    ("a //= b", ("Assign", ["<a>"], "<b>", None, "//")),
    ("(a, b) = c", ("Assign", [("Series", "tuple", ["<a>", "<b>"])], "<c>", None, "")),
    ("a, b = c", ("Assign", [("Series", "tuple", ["<a>", "<b>"])], "<c>", None, "")),
    ("a.b['c'] = d", ("Assign", [("Item", ("Attr", "<a>", "b"), "c")], "<d>", None, "")),
    ("a = b, c", ("Assign", ["<a>"], ("Series", "tuple", ["<b>", "<c>"]), None, "")),
    ("import a.b", ("Import", "", 0, [("Alias", "a.b", "a")], True)),
    ("import a.b as c, d", ("Import", "", 0, [("Alias", "a.b", "c"), ("Alias", "d", "d")], True)),
    ("from a.b import c as d, e", ("Import", "a.b", 0, [("Alias", "c", "d"), ("Alias", "e", "e")], False)),
    ("from . import a", ("Import", "", 1, [("Alias", "a", "a")], False)),
    ("from ...a.b import (c,\n    d,  # why\n)", ("Import", "a.b", 3, [("Alias", "c", "c"), ("Alias", "d", "d")],
                                                  False)),
    ("from .. a import c", ("Import", "a", 2, [("Alias", "c", "c")], False)),
    ("from a import *", ("Import", "a", 0, [("Alias", "*", "*")], False)),
    ("return a", ("Return", "<a>")),
    ("return", ("Return", None)),
    ("raise A from b", ("Raise", "<A>")),
    ("raise", ("Raise", None)),
    ("assert a, 'b'", ("Assert", "<a>")),
    ("global a, b", ("Declare", "global", ["a", "b"])),
    ("del a", ("Do", ("Other", "delete_statement", ["<a>"]))),
    ("if a: b\nelif c: d\nelse: e", ("If", [["<a>", [("Do", "<b>")]], ["<c>", [("Do", "<d>")]],
                                            [None, [("Do", "<e>")]]])),
    ("for a in b: c\nelse: d", ("Loop", "<a>", "<b>", [("Do", "<c>")], [("Do", "<d>")])),
    ("async for (a, b) in c: d", ("Loop", ("Series", "tuple", ["<a>", "<b>"]), "<c>", [("Do", "<d>")], [])),
    ("while a: break", ("Loop", None, "<a>", [("Leave", "break")], [])),
    ("with a as b: c", ("With", [["<a>", "<b>"]], [("Do", "<c>")])),
    ("with a as b, c: d", ("With", [["<a>", "<b>"], ["<c>", None]], [("Do", "<d>")])),
    ("with (a as b, c as d): e", ("With", [["<a>", "<b>"], ["<c>", "<d>"]], [("Do", "<e>")])),
    ("async with a() as (b, c): d", ("With", [[("Call", "<a>", []), ("Series", "tuple", ["<b>", "<c>"])]],
                                     [("Do", "<d>")])),
    ("try: a\nexcept (B, C) as d: e\nexcept: f\nelse: g\nfinally: h",
     ("Try", [("Do", "<a>")], [("Handler", ("Series", "tuple", ["<B>", "<C>"]), "d", [("Do", "<e>")]),
                               ("Handler", None, None, [("Do", "<f>")])], [("Do", "<g>")], [("Do", "<h>")])),
    ("try: a\nexcept* B as c: d", ("Try", [("Do", "<a>")], [("Handler", "<B>", "c", [("Do", "<d>")])], [], [])),
    ("match a:\n    case 1: b\n    case [x, *_] if c:\n        d",
     ("Match", "<a>", [[("Do", "<b>")], [("Do", "<d>")]])),
    ("class A(B, c=D): e", ("Class", "A", [("Arg", None, "<B>"), ("Arg", "c", "<D>")], [("Do", "<e>")], [])),
    ("@a\n@b.c(d)\nclass A: e", ("Class", "A", [], [("Do", "<e>")],
                                 ["<a>", ("Call", ("Attr", "<b>", "c"), [("Arg", None, "<d>")])])),
    ("async def a() -> b: c", ("Function", "a", [], [("Do", "<c>")], [], "<b>", True)),
    ("a; b", None),
    ("type A = int", None),
    ("def f[T](a: T) -> T: b", ("Function", "f", [("Param", "a", None, "<T>", "", False)], [("Do", "<b>")], [], "<T>",
                                False)),
])
def test_statements(text: str, parts: object) -> None:
    if parts is None:
        assert not parse_python(text.encode()).troubles
        return
    assert short(only(f"{text}\n")) == parts


def test_parameters() -> None:
    function = only("def f(a, b: int, c=1, d: str = 'x', /, *args: int, e, f=2, **kw): pass\n")
    assert isinstance(function, code.Function)
    found = [(each.name, short(each.default), short(each.annotation), each.kind, each.keyword_only)
             for each in function.params]
    assert found == [
        ("a", None, None, "", False), ("b", None, "<int>", "", False), ("c", 1, None, "", False),
        ("d", "x", "<str>", "", False), ("args", None, "<int>", "*", False), ("e", None, None, "", True),
        ("f", 2, None, "", True), ("kw", None, None, "**", True)]


def test_parameters_behind_a_star() -> None:
    function = only("def f(a, *, b): pass\n")
    assert isinstance(function, code.Function)
    assert [(each.name, each.keyword_only) for each in function.params] == [("a", False), ("b", True)]


def test_the_span_of_a_compound_statement_is_its_head() -> None:
    text = "@deco\ndef name(a):\n    return a\n\n\nwith a() as b:\n    c\n"
    function, block = parse_python(text.encode()).body
    assert text[slice(*function.span)] == "name"
    assert text[slice(*block.span)].strip() == "with a() as b:"


def test_spans_count_bytes() -> None:
    data = "x = 'äöü', f('é')\n".encode()
    stmt = parse_python(data).body[0]
    assert isinstance(stmt, code.Assign)
    assert stmt.value is not None
    assert [data[slice(*part.span)].decode() for part in walk(stmt.value)] == [
        "'äöü', f('é')", "'äöü'", "f('é')", "f", "'é'"]


# ---- Python 2, and what is no Python


@pytest.mark.parametrize(("text", "names"), [
    ("print 'a', f(1)\nx = 2\n", {"x"}),
    ("print >>sys.stderr, f(1)\nx = 2\n", {"x"}),
    ("exec 'a' in b\nx = 2\n", {"x"}),
    ("try:\n    a()\nexcept E, e:\n    b()\nx = 2\n", {"x"}),
    ("raise E, 'a'\nx = 2\n", {"x"}),
    ("x = 0777\ny = 2L\n", {"x", "y"}),
    ("x = `a`\ny = 1\n", {"x", "y"}),
    ("if a <> b:\n    x = 1\n", {"x"}),
    ("def f(a, (b, c)):\n    pass\nx = 1\n", {"x"}),
])
def test_python_2_is_read(text: str, names: set[str]) -> None:
    facts = parse_python(text.encode())
    assert names == _assigned(facts.body)
    assert facts.troubles == ()


@pytest.mark.parametrize(("text", "names"), [
    ("x = 1\n<<<<<<< HEAD\ny = 1\n=======\ny = 2\n>>>>>>> other\nz = 3\n", {"x", "z"}),
    ("x = (1,\ny = 2\n\ndef f():\n    z = 3\n", set()),
    ("def f(:\n    pass\n\nx = 1\n", {"x"}),
    ("class A\n    x = 1\n\ny = 2\n", {"y"}),
    pytest.param("x = 1\n    y = 2\nz = 3\n", {"x", "z"}, marks=fault("a wrong indentation is passed over")),
    ("x = 'open\ny = 2\n", {"y"}),
    ("x = 1 +\ny = 2\n", set()),
    ("x = 1\n\x00\ny = 2\n", {"x"}),
])
def test_around_an_error_the_rest_is_there(text: str, names: set[str]) -> None:
    facts = parse_python(text.encode())
    assert names <= _assigned(facts.body)
    assert facts.troubles


def _assigned(block: tuple[Stmt, ...]) -> set[str]:
    return {target.id for stmt in _all(block) if isinstance(stmt, code.Assign) for target in stmt.targets
            if isinstance(target, code.Name)}


def _all(block: tuple[Stmt, ...]) -> Iterator[Stmt]:
    for stmt in block:
        yield stmt
        for name in fields(stmt):
            value = getattr(stmt, name)
            if isinstance(value, tuple):
                for item in value:
                    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], tuple):
                        yield from _all(item[1])
                    elif type(item).__name__ in str(code.Stmt):
                        yield from _all((item,))


@pytest.mark.parametrize(("text", "line", "says"), [
    ("x = 1\ny = (\n", 2, "not valid Python"),
    ("x = 1\n<<<<<<< HEAD\nx = 2\n=======\n>>>>>>> b\n", 2, "merge conflict"),
    ("def f():\n    return 1\n\nclass :\n    pass\n", 4, "not valid Python"),
])
def test_where_the_trouble_is(text: str, line: int, says: str) -> None:
    trouble = parse_python(text.encode()).troubles[0]
    assert text.encode()[: trouble.span[0]].count(b"\n") + 1 == line
    assert says in trouble.message


@pytest.mark.parametrize("text", [
    "", "\n", "# only a comment", "#!/usr/bin/python\n", "x = 1", "x = '''\n=======\n'''\n", "x = 1\r\ny = 2\r\n",
    "match = 1\nmatch.x\ntype = 2\nprint(match, file=x)\nexec('a')\nasync_ = 1\n", "\x0c\nx = 1\n", "a[::2, ...]\n",
    "def f(*, a): ...\ndef g(a, /): ...\n", "lambda *a, **k: (a, k)\n", "@a[0]\ndef f(): pass\n",
])
def test_good_python_has_no_trouble(text: str) -> None:
    assert parse_python(text.encode()).troubles == ()


# ---- deep and long


@pytest.mark.parametrize("text", [
    "(" * 3000 + ")" * 3000, "[" * 100_000, "x = " + "a + " * 10_000 + "b", "x = " + "a and " * 10_000 + "b",
    "x = a" + ".b" * 10_000, "a" + "()" * 10_000, "a" + "[0]" * 10_000, "x = " + "not " * 10_000 + "a",
    "x = " + "- " * 10_000 + "a", "x = " + "lambda: " * 5_000 + "a", "x = " + "{0: " * 3_000 + "1" + "}" * 3_000,
    "if a: pass\n" + "elif b: pass\n" * 10_000, "x = " + "a if b else " * 5_000 + "c", "x = " + "f(" * 3_000,
    "".join(f"{' ' * n}if a:\n" for n in range(200)) + " " * 200 + "pass\n", "'a' " * 20_000, "x = y = " * 3_000 + "1",
    "f'{" * 200 + "}'" * 200, "@a\n" * 5_000 + "def f(): pass\n", "x = " + "await " * 3_000 + "a",
    "x = " + "a % " * 10_000 + "b", "x = " + "a < " * 10_000 + "b",
], ids=lambda text: f"{text[:12]!r}")
def test_deep_and_long_code_is_survived(text: str) -> None:
    facts = parse_python(f"{text}\nlast = 1\n".encode())
    for stmt in facts.body:
        for name in fields(stmt):
            value = getattr(stmt, name)
            if fields(value):
                assert list(walk(value))  # type: ignore[arg-type]


def test_long_sums_are_whole() -> None:
    stmt = only("x = " + " + ".join(f"'{n}'" for n in range(2_000)) + "\n")
    assert isinstance(stmt, code.Assign)
    assert isinstance(stmt.value, code.Sum)
    assert [short(part) for part in stmt.value.parts] == [str(n) for n in range(2_000)]


# ---- comments that may suppress


@pytest.mark.parametrize(("text", "rows"), [
    ("x = 1  # noqa\n", [(1, 1, 1)]),
    ("x = f(\n    1,  # noqa\n    2,\n)\n", [(2, 1, 4)]),
    ("x = f(\n    1,\n)  # noqa\n", [(3, 1, 3)]),
    ("# gravity: ignore[X]\nx = 1\n", [(1, 1, 1)]),
    ("with (\n    a() as b,  # noqa\n):\n    c()\n", [(2, 1, 3)]),
    ("def f(\n    a,  # noqa\n):\n    b()\n", [(2, 1, 3)]),
    ("def f():\n    b(  # noqa\n    )\n", [(2, 2, 3)]),
    ("@deco(\n    1,  # noqa\n)\ndef f(): pass\n", None),
    ("if a and (\n    b  # noqa\n):\n    c()\n", [(2, 1, 3)]),
    ("for a in (\n    b,  # noqa\n):\n    c()\n", [(2, 1, 3)]),
    ("x = '# noqa'\n", []),
    ('x = """\n# noqa\n"""\n', []),
    ("x = 1  # ordinary\n", []),
    ("x = 1  # NOQA: GRV101\ny = 2  # Gravity: ignore\n", [(1, 1, 1), (2, 2, 2)]),
    ("class A(\n    B,  # noqa\n):\n    x = 1\n", [(2, 1, 3)]),
    ("x = [\n    f(\n        1,  # noqa\n    ),\n    2,\n]\n", [(3, 1, 6)]),
    ("x = 1; y = 2  # noqa\n", [(1, 1, 1)]),
    ("x = 1 \\\n    + 2  # noqa\n", [(2, 1, 2)]),
    ("while True:\n    x = 1\n    # noqa\n    y = 2\n", [(3, 3, 3)]),
])
def test_comments_know_their_statement(text: str, rows: list[tuple[int, int, int]] | None) -> None:
    found = [(each.line, each.first_line, each.last_line) for each in parse_python(text.encode()).comments]
    if rows is not None:
        assert found == rows
    else:
        assert len(found) == 1


# ---- any text at all

_PIECES = st.sampled_from([
    "def f(", "):", "\n", "    ", "class A", ":", "if ", "else", "elif", "try", "except", "with ", " as ", "lambda ",
    "'", '"', '"""', "f'", "{", "}", "[", "]", "(", ")", "=", ":=", "+", "%", ".", ",", "*", "**", "@", "->", "x", "y",
    "import ", "from ", "return ", "print ", "exec ", "match ", "case ", "async ", "await ", "\\", "#", "# noqa", "\t",
    "\r\n", "é", "\x00", "0x", "1e", "...", "not ", " or ", " and ", " in ", " is ", "<<<<<<< a\n", "yield ", "`", "$",
])


def _spans(value: object) -> Iterator[tuple[int, int]]:
    stack = [value]
    while stack:
        here = stack.pop()
        if names := fields(here):
            stack.extend(getattr(here, name) for name in names if name != "span")
            if (span := getattr(here, "span", None)) is not None and span != (0, 0):
                yield span
        elif isinstance(here, tuple):
            stack.extend(here)


def _sound(data: bytes) -> None:
    facts = parse_python(data)
    for start, end in _spans((facts.body, facts.troubles)):
        assert 0 <= start <= end <= len(data)
    lines = data.count(b"\n") + 1
    for comment in facts.comments:
        assert 1 <= comment.first_line <= comment.line <= comment.last_line <= lines
    pickle.dumps(facts)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_PIECES, max_size=40))
def test_any_pieces_of_python_are_survived(pieces: list[str]) -> None:
    _sound("".join(pieces).encode())


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda raw: raw.decode("latin-1"))))
def test_any_text_is_survived(text: str) -> None:
    _sound(text.encode("utf-8", "replace"))


# ---- functions, read when they are asked for


OWN = sorted(Path(gravity_lint.__file__).parent.rglob("*.py"), key=lambda path: path.stat().st_size)
NESTED = """\
@a(lambda x: x)
@b
async def outer(c=1, *, d: int = 2) -> "e":
    # before
    def inner(self): return self.f(
        1,
\t2)
    class Local:
        @property
        def g(self):
            '''text
at the margin'''

            if c:
                async def h(): await i
            return h  # after

        # less
    try: return Local
    finally:
        pass

def last(): pass; return 1
def ß(ä="ü"):
  return "ö", ä
"""


def whole(block: code.Block) -> list[object]:
    """Statements as they are shown, and the spans of all their parts."""
    found: list[object] = []
    stack: list[object] = [block]
    while stack:
        here = stack.pop()
        if isinstance(here, tuple):
            stack.extend(reversed(here))
        elif isinstance(here, code.Function):
            found.append((here.name, here.span, here.whole))
            stack.append((here.decorators, here.params, here.returns, here.body))
        elif names := fields(here):
            found.append((type(here).__name__, getattr(here, "span", None)))
            stack.append(tuple(getattr(here, name) for name in names if name not in ("span", "whole")))
        else:
            found.append(here)
    return found


@pytest.mark.parametrize("data", [NESTED.encode(), *(path.read_bytes() for path in OWN[-3:])],
                         ids=["nested", *(path.name for path in OWN[-3:])])
def test_a_function_reads_the_same_without_its_tree(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = whole(parse_python(data).body)
    monkeypatch.setattr(reader, "MAX_TREES", 0)
    later = parse_python(data)
    assert all(stmt._body.nodes is None for stmt in later.body  # type: ignore[union-attr]
               if isinstance(stmt, code.Function))
    assert whole(later.body) == kept


def test_of_many_texts_few_trees_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_recent", type(reader._recent)())
    text = b"def a():\n    return b\n" + b"#" * 999
    monkeypatch.setattr(reader, "MAX_TREES", 3 * len(text))
    read = [parse_python(text + bytes([65 + number])) for number in range(5)]
    assert len(reader._recent.texts) == 2
    for facts in read:
        function = facts.body[0]
        assert isinstance(function, code.Function)
        assert short(function.body) == [("Return", "<b>")]
