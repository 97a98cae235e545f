"""What the formats say, and that none of them shows a password."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from gravity_lint.mask import apply, mask, secrets
from gravity_lint.report import Look, Report, ServiceSummary, concise, full, markdown, sarif, statistics
from gravity_lint.report import json as json_report
from gravity_lint.report import services as services_report
from gravity_lint.report.alike import together
from gravity_lint.report.text import conclusion, relative, safe
from gravity_lint.source import Source
from gravity_lint.violation import Place, Severity, Step, Violation


def place(path: str, text: str, part: str, line: int = 1) -> Place:
    column = text.split("\n")[line - 1].index(part) + 1
    return Place(path, line, column, line, column + len(part))


def report(text: str, part: str, *, name: str = "a.py", line: int = 1, severity: Severity = "error",
           trail: tuple[Step, ...] = (), message: str = "is wrong") -> Report:
    path = (Path.cwd() / name).as_posix()
    violation = Violation("GRV101", "hardcoded-database-url", severity, message, place(path, text, part, line),
                          Path.cwd().as_posix(), trail, "Mend it")
    source = Source(path, text.encode("utf-8", "replace"))
    return Report((violation,), (ServiceSummary(Path.cwd().as_posix(), "service", True),), 1, (), lambda _: source)


def shown(found: Report, width: int = 100, color: bool = False) -> str:
    return "\n".join(full.lines(found, color, width))


def test_full() -> None:
    text = "import os\nURL = 'sqlite:///x'\n\nengine = create_engine(URL)\n"
    path = (Path.cwd() / "a.py").as_posix()
    trail = (Step(place(path, text, "URL", 2), "`URL` is set here"),
             Step(place(path, text, "URL", 4), "reaches `create_engine` here"))
    assert shown(report(text, "'sqlite:///x'", line=2, trail=trail)) == """\
GRV101 hardcoded-database-url: is wrong
 --> a.py:2:7
  |
1 | import os
2 | URL = 'sqlite:///x'
  |       ^^^^^^^^^^^^^
  |
  = trail:
    1. `URL` is set here             a.py:2:1
    2. reaches `create_engine` here  a.py:4:24
       engine = create_engine(URL)
  = help: Mend it
  = more: gravity-lint rule GRV101

Found 1 error in 1 service (1 file)"""


# ---- what says the same


def alike(*places: str, **changes: object) -> tuple[Violation, ...]:
    """Violations that differ in nothing but their places, written `service/file:line`."""
    root = Path.cwd().as_posix()
    step = Step(Place(f"{root}/x.py", 1, 1, 1, 2), "is set here")
    return tuple(
        Violation("GRV102", "default-database-url", "error", "`URL` has a default",
                  Place(f"{root}/{path}", int(line), 1, int(line), 2), f"{root}/{path.partition('/')[0]}",
                  (step, step), "Mend it")._replace(**changes)
        for path, line in (each.split(":") for each in places))


def blocks(*violations: Violation, verbose: bool = False) -> list[str]:
    """What is shown of them, a text each, without the conclusion."""
    return "\n".join(full.lines(Report(violations, ()), False, 100, verbose)).split("\n\n")[:-1]


def test_what_says_the_same_is_shown_once() -> None:
    same = alike("a/db.py:1", "b/db.py:1", "c/db.py:7")
    assert blocks(*same) == ["""\
GRV102 default-database-url: `URL` has a default
 --> a/db.py:1:1
  = trail:
    1. is set here  x.py:1:1
    2. is set here  x.py:1:1
  = the same in 2 more services:
    b/db.py:1:1
    c/db.py:7:1
  = help: Mend it
  = more: gravity-lint rule GRV102"""]
    told = "\n".join(full.lines(Report(same, ()), False, 100))
    assert told.endswith("\n\nFound 3 errors in 0 services (0 files)")


def test_verbose_shows_each() -> None:
    places = ["a/db.py:1", "b/db.py:1", "c/db.py:7"]
    each = blocks(*alike(*places), verbose=True)
    assert [block.split("\n")[1] for block in each] == [f" --> {place}:1" for place in places]
    assert "the same" not in "".join(each)


def test_the_other_formats_list_each() -> None:
    found = Report(alike(*(f"s{number}/db.py:1" for number in range(52))), ())
    assert len(list(concise.lines(found))) == 52
    assert len(json_report.document(found)["violations"]) == 52


@pytest.mark.parametrize(("number", "listed", "rest"), [
    (1, 0, None), (2, 1, None), (7, 6, None), (8, 5, "and 2 more; `--verbose` shows each"),
    (52, 5, "and 46 more; `--verbose` shows each"),
])
def test_a_handful_of_places_is_listed(number: int, listed: int, rest: str | None) -> None:
    block, = blocks(*alike(*(f"s{at:02}/db.py:{at + 1}" for at in range(number))))
    lines = [line.strip() for line in block.split("\n")]
    assert [line for line in lines if re.fullmatch(r"s\d+/db\.py:\d+:1", line)] == \
        [f"s{at:02}/db.py:{at + 1}:1" for at in range(1, listed + 1)]
    assert [line for line in lines if line.startswith("and ")] == ([rest] if rest else [])
    assert any(line.startswith("= the same in ") for line in lines) is (number > 1)


@pytest.mark.parametrize(("places", "told"), [
    (["a/x.py:1", "b/x.py:1"], "1 more service"),
    (["a/x.py:1", "b/x.py:1", "c/x.py:1"], "2 more services"),
    (["a/x.py:1", "a/y.py:1"], "1 more file"),
    (["a/x.py:1", "a/y.py:1", "a/z.py:1"], "2 more files"),
    (["a/x.py:1", "a/x.py:2"], "1 more place"),
    (["a/x.py:1", "a/x.py:2", "a/y.py:1"], "2 more places"),
    (["a/x.py:1", "a/y.py:1", "a/y.py:2"], "2 more places"),
    (["a/x.py:1", "b/x.py:1", "b/x.py:2"], "2 more places in another service"),
    (["a/x.py:1", "a/y.py:1", "b/x.py:1"], "2 more places in 2 services"),
    (["a/x.py:1", "b/x.py:1", "b/y.py:1", "c/x.py:1"], "3 more places in 2 services"),
])
def test_where_the_others_are(places: list[str], told: str) -> None:
    group, = together(alike(*places))
    assert group.spread == told


@pytest.mark.parametrize("changes", [
    {"code": "GRV104"}, {"message": "`DSN` has a default"}, {"severity": "note"}, {"advice": "Leave it"},
    {"trail": ()}, {"trail": (Step(Place("/x.py", 1, 1, 1, 2), "is set here"),
                              Step(Place("/x.py", 1, 1, 1, 2), "reaches `connect` here"))},
], ids=lambda changes: next(iter(changes)))
def test_what_differs_in_a_word_is_never_put_together(changes: dict[str, object]) -> None:
    first, third = alike("a/db.py:1", "c/db.py:1")
    second, fourth = alike("b/db.py:1", "d/db.py:1", **changes)
    assert [(group.first, group.others) for group in together([first, second, third, fourth])] == \
        [(first, (third,)), (second, (fourth,))]


def test_concise_and_statistics() -> None:
    found = report("x = 1\n", "1", message="two\nlines")
    assert list(concise.lines(found)) == ["a.py:1:5: GRV101 two lines"]
    assert list(statistics.lines(found)) == ["1  GRV101  hardcoded-database-url"]


def test_json() -> None:
    step = Step(place(Path.cwd().as_posix() + "/b.py", "y", "y"), "here")
    text = json_report.text(report("x = 1\n", "1", trail=(step,), severity="note"))
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "version": 1,
        "violations": [{
            "code": "GRV101", "name": "hardcoded-database-url", "severity": "note", "message": "is wrong",
            "path": "a.py", "line": 1, "column": 5, "end_line": 1, "end_column": 6, "service": ".",
            "trail": [{"path": "b.py", "line": 1, "column": 1, "message": "here"}], "fix": None}],
        "services": [{"path": ".", "kind": "service", "uses_database": True}],
        "crashes": [],
        "summary": {"violations": 1, "errors": 0, "warnings": 0, "notes": 1, "files": 1, "services": 1,
                    "failed": False, "fixed": 0, "fixable": 0},
    }


def test_json_takes_what_no_encoding_takes() -> None:
    text = json_report.text(report("x = 1\n", "1", message="lone \udcff and 日本"))
    text.encode("utf-8")
    assert "日本" in text
    assert json.loads(text)["violations"][0]["message"] == "lone \udcff and 日本"


def underlined(output: str) -> tuple[str, str]:
    """The text above the carets, cut out by what a terminal's columns say, and the carets."""
    lines = output.split("\n")
    at = next(number for number, line in enumerate(lines) if re.fullmatch(r" *\| *\^+", line))
    start, length = lines[at].index("^"), lines[at].count("^")
    cut = ""
    for index in range(len(lines[at - 1])):
        head = wcswidth(lines[at - 1][:index])
        if start <= head < start + length:
            cut += lines[at - 1][index]
    return cut, "^" * length


@pytest.mark.parametrize(("text", "part", "expected"), [
    ("x = 'a'", "'a'", "'a'"),
    ("\tx = 'a'", "'a'", "'a'"),
    ("x\t= 'a'\t, 'b'", "'b'", "'b'"),
    ("名前 = '顧客'; y = '値'", "'値'", "'値'"),
    ("x = 'e\u0301'; y = 'z'", "'z'", "'z'"),
    ("x = '👩\u200d👩\u200d👧'; y = 'z'", "'z'", "'z'"),
    ("x = '👍🏽 ❤\ufe0f'; y = 'z'", "'z'", "'z'"),
    ("connect('h', password='hunter2'); y = 'z'", "'z'", "'z'"),
    ("x = 'postgresql://u:hunter2@h/db'", "'postgresql://u:hunter2@h/db'", "'postgresql://u:***@h/db'"),
    ("x = 'a\x1b[31mb'; y = 'z'", "'z'", "'z'"),
    ("x = 'a\u202eb'; y = 'z'", "'z'", "'z'"),
])
def test_the_underline_is_under_the_place(text: str, part: str, expected: str) -> None:
    output = shown(report(text + "\n", part))
    assert underlined(output)[0] == expected
    assert "hunter2" not in output
    assert "\x1b" not in output
    assert "\u202e" not in output


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=40), st.integers(20, 120))
@settings(max_examples=60, deadline=None)
def test_no_line_is_wider_than_the_terminal(before: str, width: int) -> None:
    text = before + "MARK" + before
    output = shown(report(text + "\n", "MARK"), width)
    line = next(line for line in output.split("\n") if line.startswith("1 | "))
    assert wcswidth(line) <= max(width, 24) + 1


def test_long_lines_are_cut_around_the_place() -> None:
    output = shown(report("x = [" + "1, " * 200_000 + "'here'" + ", 2" * 200_000 + "]\n", "'here'"), 80)
    assert underlined(output)[0] == "'here'"
    assert all(wcswidth(line) <= 80 for line in output.split("\n"))


def test_a_long_neighbour_is_cut_at_its_end() -> None:
    output = shown(report("first = [" + "1, " * 90 + "]\nx = 'here'\n", "'here'", line=2), 80)
    assert "1 | first = [1, " in output
    assert all(wcswidth(line) <= 80 for line in output.split("\n"))


def test_colours_only_where_asked() -> None:
    found = report("x = 1\n", "1")
    assert "\x1b[" not in shown(found)
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown(found, color=True)) == shown(found)


def test_a_place_beyond_the_file() -> None:
    found = report("x = 1\n", "1")
    beyond = found.violations[0].place._replace(line=99, end_line=99)
    lost = Report((Violation("GRV101", "n", "error", "m", beyond, "/s"),), (), 1, (), found.source)
    assert " --> a.py:99:5" in shown(lost)
    assert " --> a.py:99:5" in shown(Report(lost.violations, ()))


def test_conclusions() -> None:
    service, library = ServiceSummary("/a", "service", True), ServiceSummary("/b", "library", False)
    assert conclusion(Report((), (service, library), 3)) == \
        "All clean: nothing to say about 1 service and 1 library (3 files)"
    assert conclusion(Report((), (library, library), 3)) == "All clean: nothing to say about 2 libraries (3 files)"
    assert conclusion(Report((), ())) == "All clean: nothing to say about 0 services (0 files)"
    assert conclusion(Report((), (service,), 1, ("boom",))) == "Not everything could be judged in 1 service (1 file)"


def test_services() -> None:
    seen = Place("/r/a/db.py", 3, 5, 3, 9)
    found = Report((), (ServiceSummary("/r/a", "service", True, ("Dockerfile", "main.py"), 4, seen),
                        ServiceSummary("/r", "repository", False)))
    assert [line.replace(relative("/r"), "R") for line in services_report.lines(found)] == [
        "R/a  service, 4 files", "    because of Dockerfile, main.py",
        "    uses a database, first seen at R/a/db.py:3:5",
        "R  belongs to no service, 0 files"]
    assert "No service" in next(services_report.lines(Report((), ())))


def test_safe_text() -> None:
    assert safe("a\x1b[2Jb\nc\u202e\ud800") == "a\ufffd[2Jb c\ufffd\ufffd"


# ---- passwords

PYTHON = [
    'x = create_engine("postgresql://u:{}@h/db")', 'url = f"postgresql://{{user}}:{}@{{host}}/db"', 'password="{}"',
    'connect(host="h", user="u", password="{}", database="shop")', 'DB = {{"PASSWORD": "{}", "NAME": "shop"}}',
    'os.getenv("DB_PASSWORD", "{}")', 'pw = os.environ.get("DB_PASSWORD") or "{}"', 'f(getenv("DB_PASSWORD") or "{}")',
    'db_password: str = "{}"', 'db_password: str = Field("{}", alias="X")', 'db_password: str = Field(\n    "{}",\n)',
    'user, password = "u", "{}"', '"redis://:{}@h:6379/0"', '"postgresql://u:" + "{}" + "@h/db"',
    '"postgresql://u:" "{}@h/db"', '"postgresql://%s:%s@%s/db" % ("u", "{}", "h")',
    '"postgresql://{{}}:{{}}@{{}}/db".format("u", "{}", "h")', '"postgresql://u:%s@h" % "{}"',
    'connect("localhost", "root", "{}", "db")', '"CREATE USER x IDENTIFIED BY \'{}\'"',
    '"CREATE ROLE x WITH LOGIN PASSWORD \'{}\'"', 'config["PASSWORD"] = "{}"', 'update(MYSQL_PASSWORD="{}")',
    'add_argument("--db-password", default="{}")', 'setattr(c, "password", "{}")', 'password=SecretStr("{}")',
    'password: Annotated[str, Field(default="{}")]', 'auth=("neo4j", "{}")',
    'run(["redis-server", "--requirepass", "{}"])',
    'password = "{}" if debug else os.environ["P"]', 'def f(host, password: str = "{}"): ...',
    '"postgresql://" + "u" + ":" + "{}" + "@" + "h"', 'x = {{"db": {{"user": "u", "pass": "{}"}}}}',
    'Redis(host="h", password=cfg.get("pw", "{}"))', 'self.db_pass = "{}"', "password='''{}'''",
]
WORDS = ['connect("host=h user=u password={} dbname=d")', 'dsn = "UID=sa;PWD={};SERVER=h"', 'run("mysql -uroot -p{}")']
LINES = [
    "POSTGRES_PASSWORD: {}", "  - POSTGRES_PASSWORD={}", "PGPASSWORD={} psql", "ENV DB_PASSWORD {}",
    "ENV A=b DB_PASSWORD={} C=d", "password = {}", "url: postgresql://u:{}@h", '- name: DB_PASSWORD\n  value: "{}"',
    "password: |\n  {}\nnext: 1", "password:\n  {}", "P: ${{DB_PASSWORD:-{}}}", '"password": "{}",',
    "DATABASE_URL: postgresql://u:${{PW:-{}}}@h", "CREATE USER x PASSWORD '{}';", "redis-server --requirepass {}",
    '{{"name": "DB_PASSWORD", "value": "{}"}}', "export PGPASSWORD={}", 'args: ["--requirepass", "{}"]',
]
WORD = st.text("abcdefghijkmnopqrstuvwxyzABCDEFGH0123456789!^&*-_=+~.", min_size=4, max_size=20).map(
    lambda text: f"Q7{text}z")
ANY = st.text(st.characters(min_codepoint=32, max_codepoint=0x3000, exclude_characters="\\\"'@{}%\x7f", categories=[
    "L", "N", "P", "S", "Zs"]), min_size=4, max_size=20).map(lambda text: f"Q7{text}z")


@pytest.mark.parametrize("template", PYTHON + WORDS + LINES)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_no_format_shows_a_password(template: str, data: st.DataObject) -> None:
    password = data.draw(ANY if template in PYTHON else WORD)
    text = template.format(password)
    name = "settings.yaml" if template in LINES else "a.py"
    path = (Path.cwd() / name).as_posix()
    lines = text.split("\n")
    steps = tuple(Step(Place(path, at, 1, at, len(line) + 1), "here") for at, line in enumerate(lines, 1))
    found = report(f"# first\n{text}\n", lines[0], name=name, line=2, trail=steps * 2)
    for output in (shown(found), shown(found, color=True), *concise.lines(found), *json_report.render(found, Look()),
                   *sarif.render(found, Look()), *markdown.render(found, Look())):
        assert password not in output
    assert password not in apply(text, secrets(text, name == "a.py"))


@given(WORD)
def test_no_message_shows_a_password(password: str) -> None:
    for text in (f"`postgresql://u:{password}@h/db` is bad", f"`CREATE USER x PASSWORD '{password}'` is issued",
                 f'`password="{password}"` is written here', f"`host=h password={password}` is"):
        assert password not in mask(text)


@pytest.mark.parametrize("text", [
    'password=os.getenv("DB_PASSWORD")', 'url = f"postgresql://{user}:{password}@{host}:{port}/{name}"',
    'url="postgresql://localhost:5432/db"', 'u="http://localhost:8000/users?mail=a@b.c"', "password: str = Field(...)",
    'DB_PASSWORD = os.environ["DB_PASSWORD"]', '"mongodb://h1:27017,h2:27017/db"', 'def connect(a, b, c="x"): ...',
    'required = ["user", "password", "database"]', 'f"redis://{HOST}:{PORT}/0"', 'compass = "north"', 'passed = "x"',
    '"postgresql://%s:%s@%s" % (user, password, host)', 'p = config("DB_PASSWORD", default=None)',
    'sql.connect(os.environ["DB_HOST"], os.getenv("DB_USER"), os.environ["DB_PASSWORD"])',
])
def test_what_is_no_password_stays(text: str) -> None:
    assert apply(text, secrets(text, True)) == text


def test_a_password_that_reads_like_a_name() -> None:
    text = 'Redis(host="redis", password="password", port=6379, db="db")'
    assert apply(text, secrets(text, True)) == 'Redis(host="redis", password="***", port=6379, db="db")'


@pytest.mark.parametrize("text", [
    "POSTGRES_PASSWORD: ${DB_PASS}", "password: {{ .Values.pw }}", "POSTGRES_PASSWORD=$PW", "secrets:\n  - db",
    "valueFrom: {secretKeyRef: {name: x, key: y}}", "image: postgres:16", "secretName: db-credentials-name",
    "DB_PASSWORD: ${DB_PASSWORD:?must be set}",
])
def test_what_is_no_password_stays_in_other_files(text: str) -> None:
    assert apply(text, secrets(text, False)) == text


@given(st.text(), st.booleans())
def test_masking_never_fails(text: str, python: bool) -> None:
    spans = secrets(text, python)
    assert all(start < end <= len(text) for start, end in spans)
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    mask(text)
