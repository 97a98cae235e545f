"""Comments and configuration that answer for findings."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

from gravity_lint import source as source_module
from gravity_lint import suppress as suppress_module
from gravity_lint.config import Config
from gravity_lint.facts.code import PythonFacts
from gravity_lint.facts.python import parse_python
from gravity_lint.link import service as service_module
from gravity_lint.link.service import Service
from gravity_lint.rulebook import choose, load_rules
from gravity_lint.run import Options, run
from gravity_lint.source import Source, open_source
from gravity_lint.suppress import Comments, per_file, suppress
from gravity_lint.violation import Finding, Place, Violation


def violation(path: str, line: int, code: str = "GRV101", end_line: int = 0) -> Violation:
    return Violation(code, "hardcoded-database-url", "error", "wrong", Place(path, line, 1, end_line or line, 2), "/s")


def kept(name: str, text: str, *lines: int, config: Config | None = None) -> list[int]:
    """The lines whose finding stays."""
    path = f"/s/{name}"
    source = Source(path, text.encode())
    comments = Comments(lambda _: source)
    found = suppress([violation(path, line) for line in lines], comments, per_file(config or Config(root=Path("/s"))))
    assert len(found.violations) + len(found.suppressed) == len(lines)
    assert bool(found.used) <= bool(found.suppressed)
    return [each.place.line for each in found.violations]


@pytest.mark.parametrize("comment", [
    "# gravity: ignore", "# gravity: ignore[GRV101]", "#gravity:ignore[GRV101] because of the demo",
    "# gravity: ignore[GRV201, GRV101]", "# gravity: ignore[hardcoded-database-url]", "# gravity: ignore for now",
    "# noqa", "# NOQA", "# noqa: GRV101", "# noqa:E501,GRV101", "# noqa: E501 GRV101", "# noqa: GRV1",
    "# type: ignore[x]  # noqa: GRV101  # why not", "# nosec gravity: ignore[GRV101]",
])
def test_comments_that_suppress(comment: str) -> None:
    assert kept("a.py", f"x = 1  {comment}\ny = 2\n", 1, 2) == [2]


@pytest.mark.parametrize("comment", [
    "# gravity: ignored", "# gravity: ignore[GRV102]", "# gravity: ignore[]", "# gravity: ignore[GRV101",
    "# gravity: ignore[G]", "# noqa: E501", "# noqa:", "# noqa: !", "# noqah", "# gravity ignore", "",
])
def test_comments_that_do_not(comment: str) -> None:
    assert kept("a.py", f"x = 1  {comment}\n", 1) == [1]


def test_any_line_of_the_statement() -> None:
    text = "e = create(\n    'u',\n    1,  # gravity: ignore[GRV101]\n)\nf = create('u')\n"
    assert kept("a.py", text, 1, 2, 3, 4, 5) == [5]
    assert kept("a.py", "e = create(\n    'u',\n)  # noqa\nf = 1\n", 1, 2, 4) == [4]


def test_a_function_is_not_its_body() -> None:
    assert kept("a.py", "def f():  # gravity: ignore\n    x = 1\n", 1, 2) == [2]


def test_a_comment_in_a_string_is_none() -> None:
    assert kept("a.py", 'x = "# gravity: ignore"\n', 1) == [1]


@pytest.mark.parametrize("name", ["compose.yaml", "alembic.ini", "Dockerfile", ".env", "deploy.sh", "pyproject.toml"])
def test_lines_of_other_files(name: str) -> None:
    assert kept(name, "a=b  # gravity: ignore[GRV101]\nc=d\n", 1, 2) == [2]
    assert kept(name, "a=b\n# gravity: ignore[GRV101] why\n# more\nc=d\ne=f\n", 1, 4, 5) == [1, 5]


def test_continued_lines() -> None:
    text = "FROM x\n# gravity: ignore\nENV A=1 \\\n    B=2 \\\n    C=3\nENV D=4\n"
    assert kept("Dockerfile", text, 3, 4, 5, 6) == [6]


def test_any_line_of_the_place() -> None:
    source = Source("/s/a.yaml", b"a:\n  b: 1\n  c: 2  # gravity: ignore[GRV101]\nd: 3\n")
    for last, gone in ((2, 0), (3, 1), (4, 1)):
        found = suppress([violation("/s/a.yaml", 1, end_line=last)], Comments(lambda _: source),
                         per_file(Config(Path("/s"))))
        assert len(found.suppressed) == gone


def test_ini_and_sql_have_comments_of_their_own() -> None:
    assert kept("alembic.ini", "; gravity: ignore\na = b\nc = d\n", 2, 3) == [3]
    assert kept("init.sql", "CREATE DATABASE x; -- gravity: ignore[GRV101]\nSELECT 1;\n", 1, 2) == [2]


def test_markdown() -> None:
    assert kept("DATABASE.md", "# A <!-- gravity: ignore[GRV101] -->\n\n# B\n", 1, 3) == [3]
    assert kept("DATABASE.md", "# A\n<!-- gravity: ignore[GRV101] -->\n# B\n", 1, 3) == []
    assert kept("DATABASE.md", "# gravity: ignore\n", 1) == [1]


def test_per_file_ignores() -> None:
    config = Config(root=Path("/s"))._replace(per_file_ignores=(("demo/*", ("GRV1",)), ("*.sql", ("GRV2",))))
    assert kept("demo/a.py", "x\n", 1, config=config) == []
    assert kept("app/a.py", "x\n", 1, config=config) == [1]
    assert kept("app/a.sql", "x\n", 1, config=config) == [1]


def test_a_file_that_cannot_be_read() -> None:
    found = suppress([violation("/s/a.py", 1)], Comments(lambda _: None), per_file(Config(root=Path("/s"))))
    assert len(found.violations) == 1


# ---- what suppresses nothing

URL = 'create_engine("sqlite:///words.db")'
CLEAN = 'create_engine(os.environ["DATABASE_URL"])'
HEAD = "import os\nfrom sqlalchemy import create_engine\n"
IDLE = "suppresses nothing"


class Idle(NamedTuple):
    """What is said of an idle suppression, and the text at the place where it is said."""

    path: str
    line: int
    text: str
    reason: str


def idle(root: Path, files: dict[str, str], *, select: tuple[str, ...] = (), ignore: tuple[str, ...] = (),
         paths: tuple[str, ...] = (".",), overlay: dict[str, str] | None = None, **config: object) -> list[Idle]:
    """The GRV002 findings of a run over these files (of their own rules, all others run as well)."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    unsaved = {(root / name).as_posix(): text.encode() for name, text in (overlay or {}).items()}
    report = run(Options(tuple(root / path for path in paths), Config(root=root)._replace(**config),  # type: ignore[arg-type]
                         choose(load_rules(), select, (), ignore), unsaved))
    found = []
    for each in report.violations:
        if each.code == "GRV002":
            path = Path(each.place.path).relative_to(root).as_posix()
            line = {**files, **(overlay or {})}[path].split("\n")[each.place.line - 1]
            assert each.place.end_line == each.place.line
            found.append(Idle(path, each.place.line, line[each.place.column - 1:each.place.end_column - 1],
                              each.message.partition("` ")[2].partition(";")[0]))
    return found


def idle_in(root: Path, code: str, comment: str, **options: Any) -> list[tuple[str, str]]:
    """What is said of a comment behind one statement."""
    files = {"app.py": f"{HEAD}x = {code}  {comment}\n", "DATABASE.md": "# Database\n"}
    return [(each.text, each.reason) for each in idle(root, files, **options)]


@pytest.mark.parametrize(("code", "comment", "expected"), [
    (CLEAN, "# gravity: ignore[GRV101]", ["# gravity: ignore[GRV101]"]),
    (CLEAN, "# gravity: ignore[GRV101] the reason", ["# gravity: ignore[GRV101]"]),
    (CLEAN, "#gravity:ignore[hardcoded-database-url]", ["#gravity:ignore[hardcoded-database-url]"]),
    (CLEAN, "# gravity: ignore", ["# gravity: ignore"]),
    (CLEAN, "# gravity: ignore for now", ["# gravity: ignore"]),
    (CLEAN, "# gravity: ignore[GRV]", ["# gravity: ignore[GRV]"]),
    (CLEAN, "# gravity: ignore[GRV101, GRV102]", ["# gravity: ignore[GRV101, GRV102]"]),
    (CLEAN, "# noqa: GRV101", ["# noqa: GRV101"]),
    (CLEAN, "# noqa: grv101", ["# noqa: grv101"]),
    (CLEAN, "# noqa: E501, GRV101", ["GRV101"]),
    (CLEAN, "# noqa: GRV101 E501 GRV1", ["GRV101", "GRV1"]),
    (CLEAN, "# type: ignore[x]  # noqa: GRV101  # why", ["# noqa: GRV101"]),
    (CLEAN, "# nosec gravity: ignore[GRV101]", ["gravity: ignore[GRV101]"]),
    (CLEAN, "# gravity: ignore[GRV101]  # noqa: GRV102", ["# gravity: ignore[GRV101]", "# noqa: GRV102"]),
    (CLEAN + "; y = '名前'", "# noqa: E501, GRV101", ["GRV101"]),
    (URL, "# gravity: ignore[GRV101, GRV102]", ["GRV102"]),
    (URL, "# gravity: ignore[GRV102, GRV101, unchecked-database-url]", ["GRV102", "unchecked-database-url"]),
    (URL, "# gravity: ignore[GRV102]", ["# gravity: ignore[GRV102]"]),
    (URL, "# gravity: ignore[GRV101]", []),
    (URL, "# gravity: ignore[GRV101, hardcoded-database-url, GRV1, GRV101]", []),
    (URL, "# gravity: ignore", []),
    (URL, "# gravity: ignore  # noqa: GRV101", []),
    (URL, "# noqa: E501,GRV101", []),
    (CLEAN, "# noqa", []),
    (CLEAN, "# noqa: E501", []),
    (CLEAN, "# noqa: E501, F401 and GRV in words", []),
    (CLEAN, "# gravity: ignored", []),
    (CLEAN, "# GRV101 noqa", []),
    (CLEAN + '; y = "# gravity: ignore"', "", []),
    (CLEAN + '; y = """\n# gravity: ignore\n"""', "", []),
    (CLEAN, "# gravity: ignore[GRV101, GRV002]", []),
    (CLEAN, "# gravity: ignore[GRV002]", []),
    (URL, "# gravity: ignore[GRV101, GRV002]", []),
    (CLEAN, "# gravity: ignore[unused-suppression,GRV101]", []),
    (CLEAN, "# noqa: GRV002, GRV101", []),
    (CLEAN, "# noqa  # gravity: ignore[GRV101]", ["# gravity: ignore[GRV101]"]),
    (CLEAN, "# gravity: ignore[GRV0]", ["# gravity: ignore[GRV0]"]),
])
def test_what_suppresses_nothing(code: str, comment: str, expected: list[str], tmp_path: Path) -> None:
    assert idle_in(tmp_path, code, comment) == [(text, IDLE) for text in expected]


@pytest.mark.parametrize(("comment", "expected"), [
    ("# gravity: ignore[GRV1011]", [("GRV1011", "is no rule (did you mean `GRV101`?)")]),
    ("# gravity: ignore[hardcoded-databse-url]", [
        ("hardcoded-databse-url", "is no rule (did you mean `hardcoded-database-url`?)")]),
    ("# gravity: ignore[E501]", [("E501", "is no rule")]),
    ("# gravity: ignore[ignore]", [("ignore", "is no rule")]),
    ("# gravity: ignore[G]", [("G", "is no rule")]),
    ("# gravity: ignore[GRV101, QQQ]", [("GRV101", IDLE), ("QQQ", "is no rule")]),
    ("# noqa: E501, GRV999", [("GRV999", "is no rule")]),
    ("# noqa: E501, ABC123", []),
])
def test_what_is_no_rule(comment: str, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    assert idle_in(tmp_path, CLEAN, comment) == expected


@pytest.mark.parametrize(("comment", "options", "told"), [
    ("# gravity: ignore[GRV101]", {}, True),
    ("# gravity: ignore[GRV101]", {"select": ("GRV002", "GRV102")}, False),
    ("# gravity: ignore[GRV101]", {"select": ("GRV002", "GRV101")}, True),
    ("# gravity: ignore[GRV101]", {"select": ("GRV101",)}, False),
    ("# gravity: ignore[GRV101]", {"ignore": ("GRV101",)}, False),
    ("# gravity: ignore[GRV101]", {"ignore": ("GRV102",)}, True),
    ("# gravity: ignore[GRV101]", {"ignore": ("GRV002",)}, False),
    ("# gravity: ignore[GRV1]", {"ignore": ("GRV102",)}, False),
    ("# gravity: ignore[GRV2]", {"ignore": ("GRV102",)}, True),
    ("# gravity: ignore", {"ignore": ("GRV102",)}, False),
    ("# gravity: ignore[GRV999]", {"select": ("GRV002",)}, True),
    ("# gravity: ignore[GRV101]", {"per_file_ignores": (("app.py", ("GRV101",)),)}, False),
    ("# gravity: ignore", {"per_file_ignores": (("app.py", ("GRV101",)),)}, False),
    ("# gravity: ignore[GRV101]", {"per_file_ignores": (("app.py", ("GRV102",)), ("b.py", ("GRV1",)))}, True),
    ("# gravity: ignore[GRV101]", {"per_file_ignores": (("*.py", ("unused-suppression",)),)}, False),
])
def test_who_was_not_asked_does_not_count(comment: str, options: dict[str, Any], told: bool, tmp_path: Path) -> None:
    assert bool(idle_in(tmp_path, CLEAN, comment, **options)) is told


@pytest.mark.parametrize("bare", ["# gravity: ignore", "# noqa", "# gravity: ignore[GRV0]"])
def test_only_who_names_the_rule_answers_for_it(bare: str, tmp_path: Path) -> None:
    text = f"{HEAD}x = create_engine(  {bare}\n    os.environ['U'],  # gravity: ignore[GRV101]\n)\n"
    assert Idle("app.py", 4, "# gravity: ignore[GRV101]", IDLE) in idle(tmp_path, {"app.py": text})
    text = text.replace(bare, "# gravity: ignore[GRV002]")
    assert idle(tmp_path, {"app.py": text}) == []


def test_the_severity_is_configured(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"{HEAD}x = {CLEAN}  # noqa: GRV101\n", "utf-8")
    told = {}
    for severity in (), (("GRV0", "note"),):
        config = Config(root=tmp_path)._replace(severity=severity)
        report = run(Options((tmp_path,), config, load_rules()))
        told[severity] = [each.severity for each in report.violations if each.code == "GRV002"]
    assert list(told.values()) == [["warning"], ["note"]]


FILES = {
    "compose.yaml": "# example only\nservices:\n  # gravity: ignore[GRV601]\n  db:\n    image: postgres:16\n",
    ".env.example": "NAME=shop # gravity: ignore[GRV101]\n",
    "alembic.ini": "; gravity: ignore[GRV402]\n[alembic]\n",
    "init.sql": "SELECT 1; -- gravity: ignore[GRV304]\n",
    "start.sh": "true # noqa: GRV201\n",
    "Dockerfile": "# gravity: ignore[GRV604]\nFROM python:3.13\nCMD python app.py\n",
    "pyproject.toml": "[project] # gravity: ignore[GRV101]\nname = 'shop'\n",
    "DATABASE.md": "# Database <!-- gravity: ignore[GRV501] -->\n",
    "tests/test_app.py": "x = 1  # gravity: ignore[GRV101]\n",
    "migrations/versions/0001_first.py": "def upgrade(): pass  # gravity: ignore[GRV403]\n",
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file(name: str, tmp_path: Path) -> None:
    found = idle(tmp_path, {"app.py": HEAD + f"x = {CLEAN}\n", name: FILES[name]})
    assert [(each.path, each.reason) for each in found] == [(name, IDLE)]
    assert found[0].text in FILES[name]
    assert "GRV" in found[0].text


@pytest.mark.parametrize(("name", "text"), [
    ("README.md", "Write `<!-- gravity: ignore[GRV501] -->` there.\n"),
    ("README.md", "```\n<!-- gravity: ignore[GRV501] -->\n```\n"),
    ("README.md", "~~~~md\n```\n<!-- gravity: ignore[GRV501] -->\n~~~~\n"),
    ("README.md", "~~~~md\n~~~\n<!-- gravity: ignore[GRV501] -->\n~~~~\n"),
    ("README.md", "# gravity: ignore[GRV501]\n"),
    ("notes.txt", "x # gravity: ignore[GRV501]\n"),
    ("notes.rst", "# gravity: ignore[GRV501]\n"),
    ("ci.yaml", "run: \"grep '# gravity: ignore[GRV101]' app\"\n"),
    ("ci.sh", "grep '# gravity: ignore[GRV101]' app\n"),
    ("broken.py", "x = 1  # gravity: ignore[GRV101]\ndef f(:\n    pass\n"),
    ("compose.yaml", "# example only\nservices: [}  # gravity: ignore[GRV601]\n"),
])
def test_words_about_it_and_files_that_nobody_can_judge(name: str, text: str, tmp_path: Path) -> None:
    assert idle(tmp_path, {"app.py": HEAD + f"x = {CLEAN}\n", name: text}) == []


def test_a_word_is_found_in_its_column(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"{HEAD}x = {URL}  # gravity: ignore[GRV2, GRV101, GRV201]\n", "utf-8")
    report = run(Options((tmp_path,), Config(root=tmp_path), load_rules()))
    places = [each.place for each in report.violations if each.code == "GRV002"]
    behind = len(f"x = {URL}  # gravity: ignore[") + 1
    assert [(place.column, place.end_column) for place in places] == [(behind, behind + 4), (behind + 14, behind + 20)]


def test_a_fence_ends(tmp_path: Path) -> None:
    text = "```\ntext\n```\n<!-- gravity: ignore[GRV501] -->\n"
    assert [each.line for each in idle(tmp_path, {"app.py": HEAD, "README.md": text})] == [4]


def test_an_apostrophe_is_no_quotation(tmp_path: Path) -> None:
    text = "a: it's  # gravity: ignore[GRV601], isn't it\n"
    assert [each.line for each in idle(tmp_path, {"app.py": HEAD, "x.yaml": text})] == [1]


# ---- several services


TWO = {
    "a/app.py": "from common.urls import SHOP\nfrom fastapi import FastAPI\nfrom sqlalchemy import create_engine\n"
                "app = FastAPI()\nengine = create_engine(SHOP)\n",
    "a/requirements.txt": "fastapi\n",
    "b/app.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    "b/requirements.txt": "fastapi\n",
    "common/__init__.py": "",
    "common/urls.py": "SHOP = 'postgresql://db.internal/shop'  # gravity: ignore[GRV101]\n"
                      "IDLE = 'postgresql://db.internal/idle'  # gravity: ignore[GRV101]\n",
}


def test_what_one_service_uses_is_used(tmp_path: Path) -> None:
    assert [(each.path, each.line) for each in idle(tmp_path, TWO)] == [("common/urls.py", 2)]


@pytest.mark.parametrize(("paths", "told"), [
    ((".",), ["b/app.py", "common/urls.py"]), (("a",), []), (("b",), ["b/app.py"]), (("common",), ["common/urls.py"]),
    (("b/app.py",), ["b/app.py"]), (("a/app.py", "common/urls.py"), ["common/urls.py"]), (("b/requirements.txt",), []),
])
def test_only_what_is_asked_for(paths: tuple[str, ...], told: list[str], tmp_path: Path) -> None:
    files = {**TWO, "b/app.py": TWO["b/app.py"] + "x = 1  # gravity: ignore[GRV101]\n"}
    (tmp_path / ".git").mkdir()
    idle(tmp_path, files)
    assert [each.path for each in idle(tmp_path, files, paths=paths)] == told


def test_a_library_alone_may_answer_for_what_is_found_elsewhere(tmp_path: Path) -> None:
    files = {**TWO, "common/pyproject.toml": "[project]\nname = 'common'\n"}
    assert [(each.path, each.line) for each in idle(tmp_path, files)] == [("common/urls.py", 2)]
    assert idle(tmp_path, files, paths=("common",)) == []


def test_libraries_alone_do_not_prove_each_other(tmp_path: Path) -> None:
    packaging = "[project]\nname = 'x'\n"
    files = {"libs/one/pyproject.toml": packaging, "libs/one/one/__init__.py": "x = 1  # gravity: ignore[GRV101]\n",
             "libs/two/pyproject.toml": packaging, "libs/two/two/__init__.py": "import one\n"}
    assert idle(tmp_path, files) == []
    assert idle(tmp_path, {**files, "shop/app.py": "import one\nfrom fastapi import FastAPI\napp = FastAPI()\n",
                           "shop/requirements.txt": "fastapi\n"}) != []


def test_where_a_check_failed_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**TWO, **{f"{name}/more.py": "x = 1  # gravity: ignore[GRV101]\n" for name in ("a", "b", "common")}}
    everything = [each.path for each in idle(tmp_path, files)]
    assert everything == ["a/more.py", "b/more.py", "common/more.py", "common/urls.py"]
    rule = next(rule for rule in load_rules() if rule.code == "GRV403")
    check = rule.check

    def fail(service: Service) -> Iterator[Finding]:
        if service.root.endswith("/a"):
            raise RuntimeError("boom")
        yield from check(service)

    monkeypatch.setitem(rule.__dict__, "check", fail)
    assert [each.path for each in idle(tmp_path, files)] == ["b/more.py"], "the library serves the service that failed"


def test_a_fault_while_comments_are_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Comments, service: Service, wanted: object) -> NoReturn:
        raise RuntimeError("boom")

    (tmp_path / "app.py").write_text(HEAD + f"x = {URL}\n", "utf-8")
    monkeypatch.setattr(Comments, "gather", fail)
    report = run(Options((tmp_path,), Config(root=tmp_path), load_rules()))
    assert [each.code for each in report.violations if each.code < "GRV2"] == ["GRV101"]
    assert ["(suppressions): RuntimeError: boom" in crash for crash in report.crashes] == [True]
    without = choose(load_rules(), (), (), ("GRV002",))
    assert run(Options((tmp_path,), Config(root=tmp_path), without)).crashes == (), "nobody asks, nothing is read"


def test_unsaved_text_counts(tmp_path: Path) -> None:
    saved = f"{HEAD}x = {CLEAN}  # gravity: ignore[GRV101]\n"
    assert idle(tmp_path, {"app.py": saved}, overlay={"app.py": f"{HEAD}x = {CLEAN}\n"}) == []
    found = idle(tmp_path, {"app.py": saved}, overlay={"app.py": f"\n{saved}"})
    assert [each.line for each in found] == [4]


def test_a_file_is_read_once_and_parsed_only_where_a_word_is_in_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"app.py": HEAD + f"x = {CLEAN}\n", "plain.py": "x = 1  # noqa\n", "spoken.py": "x = 1  # noqa: GRV101\n",
             "tests/test_a.py": "x = 1\n", "DATABASE.md": "# Notes\n", "init.sql": "SELECT 1;\n", "notes.txt": "x\n"}
    opened: Counter[str] = Counter()
    parsed: Counter[bytes] = Counter()

    def counted_open(path: str, overlay: Mapping[str, bytes]) -> Source:
        opened[Path(path).name] += 1
        return open_source(path, overlay)

    def counted_parse(data: bytes) -> PythonFacts:
        parsed[data] += 1
        return parse_python(data)

    for module in (service_module, source_module):
        monkeypatch.setattr(module, "open_source", counted_open)
    for module in (service_module, suppress_module):
        monkeypatch.setattr(module, "parse_python", counted_parse)
    before = {"ignore": ("GRV002",)}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    service_module._alike.cache_clear()
    assert idle(tmp_path, files, **before) == []  # type: ignore[arg-type]
    without = Counter(parsed)
    service_module._alike.cache_clear()
    opened.clear()
    parsed.clear()
    assert [each.path for each in idle(tmp_path, files)] == ["spoken.py"]
    assert {name: number for name, number in opened.items() if number > 1} == {}
    assert set(parsed) - set(without) <= {files["spoken.py"].encode()}
    assert max(parsed.values()) == 1
    assert "notes.txt" not in opened


def test_what_cannot_matter_is_not_parsed_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(data: bytes) -> NoReturn:
        pytest.fail(f"parsed {data!r}")

    for module in (service_module, suppress_module):
        monkeypatch.setattr(module, "parse_python", never)
    assert idle(tmp_path, {"a.py": "x = 1  # noqa\n", "b.py": "GRV = 1\n", "c.py": "x = 1\n"}) == []


def test_thousands_of_idle_ones_take_no_long_time(tmp_path: Path) -> None:
    many = 3_000
    files = {"app.py": HEAD + "x = [\n" + "    1,  # gravity: ignore[GRV101]\n" * many + "]\n",
             "run.sh": "# gravity: ignore[GRV201]\n" * many, "README.md": "<!-- gravity: ignore[GRV501] -->\n" * many}
    begun = time.process_time()
    source = Source("/s/a.py", b"x = 1  # gravity: ignore[GRV101]\n" * 10_000)
    violations = [violation("/s/a.py", line) for line in range(1, 10_001)]
    found = suppress(violations, Comments(lambda _: source), per_file(Config(Path("/s"))))
    assert len(found.used) == len(found.suppressed) == 10_000
    assert len(idle(tmp_path, files)) == 3 * many
    assert time.process_time() - begun < 20, "it is seconds, and would be minutes if each looked at all others"
