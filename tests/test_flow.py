"""Which assignments reach a use inside one unit, seen from what the rules about connections then say."""

from __future__ import annotations

import pytest
from tree import holds

from gravity_lint.facts.code import Class, Function, Name, walk
from gravity_lint.facts.python import parse_python
from gravity_lint.link.flow import flow_of, present_if_false, present_if_true
from gravity_lint.link.modules import body_of, expressions, statements

# ---- the walker by itself


def lines_reaching(code: str, name: str) -> list[list[int]]:
    """For each use of a name in the first unit of a text: the lines that its bindings stand on."""
    data = code.encode()
    facts = parse_python(data)
    unit = next((stmt for stmt in facts.body if isinstance(stmt, (Function, Class))), facts)
    flow = flow_of(unit)
    found = []
    for stmt in statements(body_of(unit)):
        for root in expressions(stmt):
            for part in walk(root):
                if isinstance(part, Name) and part.id == name and (state := flow.uses.get(part)) is not None:
                    lines = sorted(data[: binding.span[0]].count(b"\n") + 1 for binding in state.bindings)
                    found.append(lines)
    return found


REACHING = {
    "set again": ("x = 1\nx = 2\nuse(x)\n", [[2]]),
    "both branches": ("if a:\n    x = 1\nelse:\n    x = 2\nuse(x)\n", [[2, 4]]),
    "one branch": ("x = 1\nif a:\n    x = 2\nuse(x)\n", [[1, 3]]),
    "a branch that leaves": ("def f(a):\n    x = 1\n    if a:\n        x = 2\n        return\n    use(x)\n", [[2]]),
    "a branch that raises": ("x = 1\nif a:\n    x = 2\n    raise E\nuse(x)\n", [[1]]),
    "elif": ("if a:\n    x = 1\nelif b:\n    x = 2\nelse:\n    x = 3\nuse(x)\n", [[2, 4, 6]]),
    "a loop that may not run": ("x = 1\nfor i in y:\n    x = 2\nuse(x)\n", [[1, 3]]),
    "a loop's own name": ("for x in y:\n    use(x)\n", [[1]]),
    "while": ("x = 1\nwhile a:\n    x = 2\nuse(x)\n", [[1, 3]]),
    "loop's else": ("for i in y:\n    pass\nelse:\n    x = 2\nuse(x)\n", [[4]]),
    "with": ("with a as x:\n    use(x)\n", [[1]]),
    "set inside a with": ("with a:\n    x = 1\nuse(x)\n", [[2]]),
    "try": ("try:\n    x = 1\nexcept E:\n    x = 2\nuse(x)\n", [[2, 4]]),
    "a handler that raises": ("try:\n    x = 1\nexcept E:\n    raise\nuse(x)\n", [[2]]),
    "try's else": ("try:\n    a()\nexcept E:\n    x = 1\nelse:\n    x = 2\nuse(x)\n", [[4, 6]]),
    "finally": ("x = 1\ntry:\n    a()\nfinally:\n    x = 2\nuse(x)\n", [[5]]),
    "a handler sees what was before and within": ("x = 1\ntry:\n    x = 2\nexcept E:\n    use(x)\n", [[1, 3]]),
    "match": ("x = 0\nmatch a:\n    case 1:\n        x = 1\n    case _:\n        x = 2\nuse(x)\n", [[1, 4, 6]]),
    "tuple": ("x, y = 1, 2\nuse(x)\n", [[1]]),
    "nested tuple": ("(a, (x, b)) = c\nuse(x)\n", [[1]]),
    "chain": ("x = y = 1\nuse(x)\n", [[1]]),
    "walrus": ("if (x := a()):\n    use(x)\n", [[1]]),
    "walrus and": ("if (x := a()) and use(x):\n    pass\n", [[1]]),
    "added": ("x = 'a'\nx += 'b'\nuse(x)\n", [[1], [1, 2]]),
    "import": ("import x\nuse(x)\n", [[1]]),
    "function": ("def g(): pass\n", []),
    "parameter": ("def f(x):\n    use(x)\n", [[1]]),
    "parameter set again": ("def f(x):\n    x = x or 1\n    use(x)\n", [[1], [2]]),
    "after exit": ("import sys\nif a:\n    x = 1\n    sys.exit(1)\nelse:\n    x = 2\nuse(x)\n", [[6]]),
    "break": ("for i in y:\n    x = 1\n    break\nuse(x)\n", [[2]]),
    "continue": ("x = 0\nfor i in y:\n    if i:\n        x = 1\n        continue\n    x = 2\nuse(x)\n", [[1, 4, 6]]),
    "a later turn of the loop": ("x = 0\nfor i in y:\n    use(x)\n    x = 1\n", [[1, 4]]),
}


@pytest.mark.parametrize("case", REACHING)
def test_what_reaches_a_use(case: str) -> None:
    code, lines = REACHING[case]
    assert lines_reaching(code, "x") == lines


@pytest.mark.parametrize(("test", "true", "false"), [
    ("x", {"x"}, set()),
    ("not x", set(), {"x"}),
    ("x is None", set(), {"x"}),
    ("x is not None", {"x"}, set()),
    ("x == ''", set(), {"x"}),
    ("x != ''", {"x"}, set()),
    ("x == 'a'", {"x"}, set()),
    ("x and y", {"x", "y"}, set()),
    ("x or y", set(), set()),
    ("not x or not y", set(), {"x", "y"}),
    ("not (x and y)", set(), {"x", "y"}),
    ("not not x", {"x"}, set()),
    ("a.x", {"a.x"}, set()),
    ("a['x']", {"a['x']"}, set()),
    ("all([x, y])", {"x", "y"}, set()),
    ("not all((x, y))", set(), {"x", "y"}),
    ("any(v is None for v in (x, y))", set(), {"v", "x", "y"}),
    ("isinstance(x, str)", {"x", "str"}, set()),
    ("(x := f())", {"x"}, set()),
    ("x.startswith('p')", {"x"}, set()),
    ("x in ('a', 'b')", {"x"}, set()),
    ("None is x", set(), {"x"}),
    ("None is not x", {"x"}, set()),
    ("len(x) == 0", {"x"}, set()),
    ("x == None", set(), {"x"}),
    ("1", set(), set()),
])
def test_what_a_test_proves(test: str, true: set[str], false: set[str]) -> None:
    stmt = parse_python(f"assert {test}\n".encode()).body[0]
    expr = stmt.test  # type: ignore[union-attr]
    assert (present_if_true(expr), present_if_false(expr)) == (true, false)


# ---- what follows from it

HEAD = "import os\nimport sys\nfrom sqlalchemy import create_engine\n"

CASES = {
    "set again: only the last counts": """
        url = "postgresql://old/x"
        url = "postgresql://new/x"  #= GRV101
        create_engine(url)
        """,
    "replaced by the environment": """
        url = "postgresql://old/x"
        url = os.environ["DATABASE_URL"]
        create_engine(url)
        """,
    "replaced when the environment has one": """
        url = "postgresql://old/x"  #= GRV102
        if os.getenv("DATABASE_URL"):
            url = os.environ["DATABASE_URL"]
        create_engine(url)
        """,
    "two branches, two literals": """
        if debug:
            url = "postgresql://a/x"  #= GRV101
        else:
            url = "postgresql://b/x"  #= GRV101
        create_engine(url)
        """,
    "a return in each branch, chosen by another variable": """
        def url():
            if os.getenv("STAGE") == "demo":
                return "postgresql://a/x"  #= GRV101
            return os.environ["DATABASE_URL"]
        create_engine(url())
        """,
    "a return in each branch, chosen by the variable's absence": """
        def url():
            if "DATABASE_URL" not in os.environ:
                return "postgresql://a/x"  #= GRV102
            return os.environ["DATABASE_URL"]
        create_engine(url())
        """,
    "an assignment in each branch, chosen by another variable": """
        if os.getenv("STAGE") == "demo":
            url = "postgresql://a/x"  #= GRV101
        else:
            url = os.environ["DATABASE_URL"]
        create_engine(url)
        """,
    "a test of the name itself, later": """
        url = os.getenv("DATABASE_URL")
        if url is None:
            url = "postgresql://a/x"  #= GRV102
        create_engine(url)
        """,
    "an expression chosen by another variable": """
        create_engine("postgresql://a/x" if os.getenv("DEMO") else os.environ["DATABASE_URL"])  #= GRV101
        """,
    "an expression chosen by the variable": """
        create_engine(os.environ["DATABASE_URL"] if os.getenv("DATABASE_URL") else "postgresql://a/x")  #= GRV102
        """,
    "an absent setting is replaced by what is not known": """
        from elsewhere import build
        url = os.getenv("DATABASE_URL")
        if not url:
            url = build()
        create_engine(url)
        """,
    "the absence of another setting replaces nothing": """
        host = os.getenv("DB_HOST")
        if host:
            url = f"postgresql://{host}/shop"
        else:
            url = os.getenv("DATABASE_URL")  #= GRV104
        create_engine(url)
        """,
    "a name beside another setting is nobody's default": """
        from sqlalchemy import URL
        def connect(whole):
            if whole:
                database = os.environ["DB_NAME"]
            else:
                database = "postgres"
            return create_engine(URL.create("postgresql", host=os.environ["DB_HOST"], database=database))
        connect(True)
        """,
    "a branch that leaves takes its value along": """
        def connect():
            url = os.environ["DATABASE_URL"]
            if not url:
                url = "postgresql://unused/x"
                raise RuntimeError(url)
            return create_engine(url)
        """,
    "checked by if": """
        url = os.getenv("DATABASE_URL")
        if not url:
            raise RuntimeError("DATABASE_URL is not set")
        create_engine(url)
        """,
    "checked by is None": """
        url = os.getenv("DATABASE_URL")
        if url is None:
            sys.exit("DATABASE_URL is not set")
        create_engine(url)
        """,
    "checked the other way round": """
        url = os.getenv("DATABASE_URL")
        if url is not None:
            create_engine(url)
        """,
    "checked by assert": """
        url = os.getenv("DATABASE_URL")
        assert url, "DATABASE_URL is not set"
        create_engine(url)
        """,
    "checked by assert is not None": """
        url = os.getenv("DATABASE_URL")
        assert url is not None
        create_engine(url)
        """,
    "checked by not all": """
        host, name = os.getenv("DB_HOST"), os.getenv("DB_NAME")
        if not all([host, name]):
            raise RuntimeError("DB_HOST and DB_NAME must be set")
        create_engine(f"postgresql://{host}/{name}")
        """,
    "checked by a loop over names": """
        for name in ("DB_HOST", "DB_NAME"):
            if not os.getenv(name):
                raise RuntimeError(f"{name} is not set")
        create_engine(f"postgresql://{os.getenv('DB_HOST')}/{os.getenv('DB_NAME')}")
        """,
    "checked by a list of missing names": """
        missing = [name for name in ("DB_HOST", "DB_NAME") if name not in os.environ]
        if missing:
            raise RuntimeError(f"{missing} must be set")
        create_engine(f"postgresql://{os.getenv('DB_HOST')}/{os.getenv('DB_NAME')}")
        """,
    "checked too late": """
        url = os.getenv("DATABASE_URL")  #= GRV104
        engine = create_engine(url)
        """,
    "checked, then read anew under another name": """
        url = os.getenv("DATABASE_URL")
        if not url:
            raise RuntimeError("DATABASE_URL is not set")
        other = os.getenv("REPORTS_URL")  #= GRV104
        create_engine(other)
        """,
    "printed is not checked": """
        url = os.getenv("DATABASE_URL")  #= GRV104
        if not url:
            print("DATABASE_URL is not set")
        create_engine(url)
        """,
    "logged is not checked, exit is": """
        url = os.getenv("DATABASE_URL")
        if not url:
            print("DATABASE_URL is not set")
            sys.exit(1)
        create_engine(url)
        """,
    "an early return is a check": """
        def connect():
            url = os.getenv("DATABASE_URL")
            if not url:
                return None
            return create_engine(url)
        """,
    "checked inside a conditional expression": """
        url = os.getenv("DATABASE_URL")
        engine = create_engine(url) if url else None
        """,
    "checked inside an and": """
        url = os.getenv("DATABASE_URL")
        engine = url and create_engine(url)
        """,
    "a literal in the failing branch": """
        url = os.getenv("DATABASE_URL")
        if url is None:
            url = "postgresql://localhost/x"  #= GRV102
        create_engine(url)
        """,
    "KeyError with a literal": """
        try:
            url = os.environ["DATABASE_URL"]
        except KeyError:
            url = "postgresql://localhost/x"  #= GRV102
        create_engine(url)
        """,
    "KeyError with an exit": """
        try:
            url = os.environ["DATABASE_URL"]
        except KeyError:
            sys.exit("DATABASE_URL is not set")
        create_engine(url)
        """,
    "KeyError with another exception": """
        def url():
            try:
                return os.environ["DATABASE_URL"]
            except KeyError as error:
                raise RuntimeError("DATABASE_URL is not set") from error
        create_engine(url())
        """,
    "KeyError with None": """
        try:
            url = os.environ["DATABASE_URL"]
        except KeyError:
            url = None
        if url:
            create_engine(url)
        """,
    "elements of a loop": """
        for url in ("postgresql://a/x", "postgresql://b/x"):  #= GRV101, GRV101
            create_engine(url)
        """,
    "assigned in a with": """
        with open("x") as file:
            url = "postgresql://a/x"  #= GRV101
        create_engine(url)
        """,
    "global": """
        engine = None
        def init():
            global engine
            engine = create_engine("postgresql://a/x")  #= GRV101
        """,
    "a local name hides the module's": """
        url = "postgresql://unused/x"
        def connect():
            url = os.environ["DATABASE_URL"]
            return create_engine(url)
        """,
    "a parameter hides the module's name": """
        url = "postgresql://unused/x"
        def connect(url):
            return create_engine(url)
        """,
    "joined step by step": """
        url = "postgresql://"  #= GRV101
        url += "db.internal"
        url += "/shop"
        create_engine(url)
        """,
    "joined step by step from the environment": """
        url = "postgresql://"
        url += os.environ["DB_HOST"]
        url += "/shop"
        create_engine(url)
        """,
    "unpacked": """
        host, port = "db.internal", 5432
        create_engine(f"postgresql://{host}:{port}/shop")  #= GRV101
        """,
    "unpacked from a function": """
        def where():
            return "db.internal", 5432
        host, port = where()
        create_engine(f"postgresql://{host}:{port}/shop")  #= GRV101
        """,
    "swapped": """
        a, b = os.environ["A_URL"], "postgresql://b/x"  #= GRV101
        a, b = b, a
        create_engine(a)
        """,
    "walrus with a check": """
        if not (url := os.getenv("DATABASE_URL")):
            raise RuntimeError("DATABASE_URL is not set")
        create_engine(url)
        """,
    "walrus inside the call": """
        create_engine(url := "postgresql://a/x")  #= GRV101
        """,
    "match": """
        match os.environ["STAGE"]:
            case "dev":
                url = "postgresql://dev/x"  #= GRV101
            case _:
                url = "postgresql://prod/x"  #= GRV101
        create_engine(url)
        """,
    "a dictionary's entry set later": """
        config = {}
        config["url"] = "postgresql://a/x"  #= GRV101
        create_engine(config["url"])
        """,
    "an attribute set later": """
        class Config:
            url = None
        config = Config()
        config.url = "postgresql://a/x"  #= GRV101
        create_engine(config.url)
        """,
    "recursion ends": """
        def url(n):
            return url(n - 1) if n else url(n)
        create_engine(url(3))
        """,
    "a name that refers to itself": """
        url = url
        create_engine(url)
        """,
    "defined in a later loop turn": """
        url = None
        while not url:
            url = os.getenv("DATABASE_URL")
        create_engine(url)
        """,
}

@pytest.mark.parametrize("case", CASES)
def test_flow(case: str) -> None:
    lines = CASES[case].splitlines()[1:]
    indent = len(lines[0]) - len(lines[0].lstrip())
    holds({"app.py": HEAD + "\n".join(line[indent:] for line in lines) + "\n"})
