"""Each format, read back as its host reads it: schemas, and what hosts demand without writing it down."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import formats as hosts
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from gravity_lint.cli import cli
from gravity_lint.commands import _render
from gravity_lint.formats import FORMATS
from gravity_lint.report import Look, Report, ServiceSummary
from gravity_lint.source import Source
from gravity_lint.violation import Edit, Place, Remedy, Severity, Step, Violation

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "fixtures" / "shop"
SNAPSHOTS = ROOT / "tests" / "snapshots"
ENDINGS = {"concise": "txt", "full": "txt", "grouped": "txt", "json": "json", "json-lines": "jsonl", "sarif": "sarif",
           "github": "txt", "gitlab": "json", "junit": "xml", "rdjson": "json", "azure": "txt", "markdown": "md"}
READERS: dict[str, Callable[[str], object]] = {
    "concise": str, "full": str, "grouped": str, "markdown": hosts.rows, "json": json.loads,
    "json-lines": lambda text: [json.loads(line) for line in text.split("\n")[:-1]],
    "sarif": hosts.sarif, "gitlab": hosts.gitlab, "junit": hosts.junit, "rdjson": hosts.rdjson,
    "github": hosts.github, "azure": hosts.azure}
"""How each format is read; what is not valid fails."""


def check(*options: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(cli, ["check", "--isolated", *options])


def said(report: Report, name: str) -> str:
    return "".join(_render(report, name, Look()))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shop, outside of any repository, as the current directory."""
    for name in ("GITHUB_SERVER_URL", "CI_PROJECT_URL", "GITHUB_ACTIONS", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("expected.*", "__pycache__"))
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


# ---- the shop in every format


def short(text: str) -> str:
    """Without the rules' own pages, which are compared elsewhere."""
    return re.sub(r'("markdown": ")(?:[^"\\]|\\.)*"', r'\1…"', text)


def snapshot(name: str) -> Path:
    """Where what a format says of the shop is kept."""
    return SHOP / "expected.txt" if name == "concise" else SNAPSHOTS / f"{name}.{ENDINGS[name]}"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", FORMATS)
def test_the_shop(name: str) -> None:
    """To take what the shop says now for right: `UPDATE_SNAPSHOTS=1 pytest tests/test_formats.py -k the_shop`."""
    result = check("--output-format", name)
    assert result.exit_code == 1
    READERS[name](result.stdout)
    path = snapshot(name)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(short(result.stdout), "utf-8")
    assert short(result.stdout) == path.read_text("utf-8")


def test_a_snapshot_for_each() -> None:
    assert {*SNAPSHOTS.iterdir(), SHOP / "expected.txt"} == {snapshot(name) for name in FORMATS}


def test_each_tells_all_of_the_shop(shop: Path) -> None:
    violations = json.loads(check("-f", "json").stdout)["violations"]
    places = [(each["path"], each["line"]) for each in violations]
    told = {
        "json-lines": [(each["path"], each["line"]) for each in map(json.loads, check(
            "-f", "json-lines").stdout.split("\n")[:-1])],
        "sarif": [(hosts.path_of(at := each["locations"][0]), at["physicalLocation"]["region"]["startLine"])
                  for each in hosts.results(hosts.sarif(check("-f", "sarif").stdout))],
        "gitlab": [(each["location"]["path"], each["location"]["lines"]["begin"])
                   for each in hosts.gitlab(check("-f", "gitlab").stdout)],
        "rdjson": [(each["location"]["path"], each["location"]["range"]["start"]["line"])
                   for each in hosts.rdjson(check("-f", "rdjson").stdout)["diagnostics"]],
        "github": [(each["file"], int(each["line"])) for _, each, _ in hosts.github(check("-f", "github").stdout)],
        "azure": [(each["sourcepath"], int(each["linenumber"]))
                  for each, _ in hosts.azure(check("-f", "azure").stdout)],
        "junit": [(path, int(line)) for path, line in re.findall(
            r">([^:<>]+):(\d+):\d+: GRV", check("-f", "junit").stdout)],
    }
    for name, found in told.items():
        assert sorted(found) == sorted(places), name
    assert all((shop / path).is_file() for path, _ in places)
    assert len(hosts.rows(check("-f", "markdown").stdout)) == len(places)
    assert check("-f", "grouped").stdout.count("  GRV") == len(places)


# ---- reports made for the purpose


def report(*violations: Violation, crashes: Sequence[str] = (), text: str = "x = 1\n") -> Report:
    services = {each.service: ServiceSummary(each.service, "service", True, (), 1) for each in violations}
    return Report(violations, tuple(services.values()), 1, tuple(crashes), lambda path: Source(path, text.encode()))


def violation(path: str = "a.py", message: str = "`x` is wrong", severity: Severity = "error", line: int = 1,
              service: str = "", **changes: object) -> Violation:
    base = Path.cwd().as_posix()
    place = Place(f"{base}/{path}", line, 1, line, 2)
    return Violation("GRV101", "hardcoded-database-url", severity, message, place,
                     f"{base}/{service}".rstrip("/"), (), "Mend it")._replace(**changes)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_to_say(name: str) -> None:
    for empty in (Report((), ()), Report((), (ServiceSummary(Path.cwd().as_posix(), "service", False, (), 3),), 3)):
        READERS[name](said(empty, name))


NASTY = ["a b/ü ñ.py", "a,b:c;d]e%0A.py", "x|y`z*_.py", "<b>&amp;\"'.py", "100%25/c.py", "日本/名.py", "#?/[x](y).py",
         "back\\slash.py", "con\x1btrol\n\x00.py", "lone\udcff.py", "::add-mask::x/a.py", "noncharacter\uffff\ufffe.py"]
WORDS = ["two\nlines\r\nand % : , ; ] | > <",
         "`a|b` and `c\\|d` and ` ", "![x](http://h) [y](z) <img src=x> &lt; `", "]]>",
         "\x00\x1b[2J\u202e\ud800\ufffe\uffff", "::error ::x", "{0} {{1}}",
         "##vso[task.setvariable variable=x]y ##[group]"]


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_a_repository_holds(name: str) -> None:
    """Names and texts that mean something to a host are only shown; nothing is lost, nothing is obeyed."""
    nasty = [violation(path, word, severity, service="s v:c,é") for path in NASTY for word in WORDS
             for severity in ("error", "note")]
    steps = tuple(Step(each.place, each.message) for each in nasty[::7])
    told = said(report(*(each._replace(trail=steps, advice=each.message) for each in nasty)), name)
    told.encode("utf-8")
    read = READERS[name](told)
    if name not in ("json", "json-lines"):
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", told)
    if name in ("gitlab", "github", "azure", "json-lines", "markdown"):
        assert isinstance(read, list)
        assert len(read) == len(nasty)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"], exclude_characters="\ufffe\uffff"),
               min_size=1, max_size=30).filter(str.strip)
NAME = TEXT.map(lambda text: f"d/{text.strip()}/x").filter(lambda name: not {"", ".", ".."} & set(name.split("/")))


@given(NAME, TEXT)
@settings(max_examples=150, deadline=None)
def test_names_and_messages_come_through(path: str, message: str) -> None:
    message = message.strip()
    made = report(violation(path, message, "warning"))
    names = {
        "sarif": hosts.path_of(hosts.results(hosts.sarif(said(made, "sarif")))[0]["locations"][0]),
        "gitlab": hosts.gitlab(said(made, "gitlab"))[0]["location"]["path"],
        "rdjson": hosts.rdjson(said(made, "rdjson"))["diagnostics"][0]["location"]["path"],
        "github": hosts.github(said(made, "github"))[0][1]["file"],
        "azure": hosts.azure(said(made, "azure"))[0][0]["sourcepath"],
        "junit": hosts.junit(said(made, "junit"))[0][0].get("name").partition(": ")[2],
        "markdown": hosts.rows(said(made, "markdown"))[0][1].removesuffix(":1"),
    }
    prefix = names["gitlab"].removesuffix(path)  # the checkout's folder, where the tests run in a repository
    assert {name: told.removeprefix(prefix) for name, told in names.items()} == dict.fromkeys(names, path)
    texts = {
        "gitlab": hosts.gitlab(said(made, "gitlab"))[0]["description"],
        "rdjson": hosts.rdjson(said(made, "rdjson"))["diagnostics"][0]["message"].partition("\n")[0],
        "github": hosts.github(said(made, "github"))[0][2].partition("\n")[0].partition(": GRV101 ")[2],
        "azure": hosts.azure(said(made, "azure"))[0][1],
        "junit": hosts.junit(said(made, "junit"))[0][0][0].get("message"),
    }
    assert texts == dict.fromkeys(texts, message)
    shown = hosts.rows(said(made, "markdown"))[0][3]
    assert re.sub(r"[`\s]+", "", shown) == re.sub(r"[`\s]+", "", message)


@pytest.mark.parametrize("name", FORMATS)
def test_a_fault_of_the_program_is_told(name: str) -> None:
    root = Path.cwd().as_posix()
    crash = f"internal error in service {root}/two (rule GRV101): boom; please report it"
    made = report(violation(service="one"), violation("two/b.py", service="two"), crashes=[crash, "another"])
    told = said(made, name)
    read = READERS[name](told)
    if name == "sarif":
        first, second = (run["invocations"][0] for run in read["runs"])  # type: ignore[index]
        assert [note["message"]["text"] for note in second["toolExecutionNotifications"]] == [crash]
        assert [note["message"]["text"] for note in first["toolExecutionNotifications"]] == ["another"]
        assert not first["executionSuccessful"]
    elif name == "junit":
        assert [error.get("message") for error in read.iter("error")] == [crash, "another"]  # type: ignore[attr-defined]
    elif name not in ("concise", "full", "grouped"):  # standard error says it beside these
        assert "boom" in told


def test_text_of_sarif_is_no_link() -> None:
    """What the specification takes for a link in plain text has its bracket escaped; all else stays."""
    result, = hosts.results(hosts.sarif(said(report(violation(message="`a[0](x)` [y](http://h) [z] {0}")), "sarif")))
    assert result["message"]["text"] == "`a\\[0](x)` \\[y](http://h) [z] {0}"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", ["concise", "full", "grouped", "markdown"])
def test_statistics(name: str) -> None:
    told = check("--output-format", name, "--statistics").stdout
    assert re.search(r"4\W+GRV102\W+default-database-url", told)


def test_notes_do_not_fail() -> None:
    made = report(violation(severity="note"))
    assert hosts.github(said(made, "github"))[0][0] == "notice"
    assert hosts.azure(said(made, "azure"))[0][0] == {}
    assert hosts.gitlab(said(made, "gitlab"))[0]["severity"] == "info"
    assert hosts.junit(said(made, "junit")).get("failures") == "0"
    assert hosts.results(hosts.sarif(said(made, "sarif")))[0]["level"] == "note"
    assert hosts.rdjson(said(made, "rdjson"))["diagnostics"][0]["severity"] == "INFO"


def test_what_fails_is_what_is_asked_to_fail() -> None:
    made = report(violation(severity="error"), violation(severity="warning"), violation(severity="note"))
    for fail_on, failures in (("error", 1), ("warning", 2), ("note", 3), ("never", 0)):
        assert hosts.junit(said(made._replace(fail_on=fail_on), "junit")).get("failures") == str(failures)


def test_a_service_of_which_nothing_is_said_passes() -> None:
    root = Path.cwd().as_posix()
    services = (ServiceSummary(f"{root}/good", "service", True), ServiceSummary(f"{root}/bad", "service", True))
    made = report(violation("bad/a.py", service="bad"))._replace(services=services)
    assert [len(run["results"]) for run in hosts.sarif(said(made, "sarif"))["runs"]] == [1, 0]
    assert [suite.get("failures") for suite in hosts.junit(said(made, "junit"))] == ["1", "0"]


# ---- what hosts demand


def test_a_run_for_each_service_as_far_as_github_takes_them() -> None:
    for number in (1, 20, 21, 60):
        made = report(*(violation(f"s{at}/a.py", service=f"s{at}") for at in range(number)))
        runs = hosts.sarif(said(made, "sarif"))["runs"]
        assert len(runs) == (number if number <= 20 else 1)
        assert sum(len(run["results"]) for run in runs) == number


def test_names_count_from_the_root_of_the_repository(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / ".git").mkdir()
    monkeypatch.chdir(shop / "catalog" / "catalog")
    issues = hosts.gitlab(check("-f", "gitlab", "..").stdout)
    assert issues
    assert all((shop / issue["location"]["path"]).is_file() for issue in issues)
    ids = {run["automationDetails"]["id"] for run in hosts.sarif(check("-f", "sarif", "..").stdout)["runs"]}
    assert ids == {"gravity-lint/catalog/"}
    assert check("-f", "concise", "..").stdout.startswith("config.py:")
    monkeypatch.chdir("/")
    assert all((shop / issue["location"]["path"]).is_file()
               for issue in hosts.gitlab(check("-f", "gitlab", str(shop)).stdout))
    (shop / ".git").rmdir()
    monkeypatch.chdir(shop / "orders")
    found = hosts.results(hosts.sarif(check("-f", "sarif", "../catalog").stdout))
    assert all(Path(hosts.path_of(each["locations"][0]).removeprefix("file://")).is_file() for each in found)


def test_fingerprints_survive_edits(shop: Path) -> None:
    def prints() -> tuple[list[str], list[str]]:
        log, issues = hosts.sarif(check("-f", "sarif").stdout), hosts.gitlab(check("-f", "gitlab").stdout)
        return (sorted(each["partialFingerprints"]["primaryLocationLineHash"] for each in hosts.results(log)),
                sorted(issue["fingerprint"] for issue in issues))

    before = prints()
    for path in shop.rglob("*.py"):
        text = path.read_text("utf-8")
        if "from __future__" not in text:
            path.write_text(f"# a line more\n\n{text}", "utf-8")
    places = {issue["location"]["lines"]["begin"] for issue in hosts.gitlab(check("-f", "gitlab").stdout)}
    assert prints() == before
    assert 12 in places
    (shop / "catalog" / "catalog" / "config.py").unlink()
    assert set(prints()[1]) < set(before[1])


def test_two_of_a_kind_are_two() -> None:
    made = report(violation(line=1), violation(line=2), violation(line=3))
    later = report(violation(line=7), violation(line=8))
    both = [[issue["fingerprint"] for issue in hosts.gitlab(said(each, "gitlab"))] for each in (made, later)]
    assert both[0][:2] == both[1]


def test_what_tells_one_from_another_is_what_a_baseline_knows_it_by() -> None:
    """The words around what a message names may become better, and what is only counted may change."""
    messages = ("the model `A` and 1 more", "The model `A`, and 2 more", "the model `B` and 1 more")
    one, two, other = (hosts.gitlab(said(report(violation(message=message)), "gitlab"))[0]["fingerprint"]
                       for message in messages)
    assert one == two != other
    whole = [violation(message=f"`{name}` opens a database")._replace(code="GRV501") for name in ("a", "b")]
    assert len({hosts.gitlab(said(report(each), "gitlab"))[0]["fingerprint"] for each in whole}) == 1


@pytest.mark.usefixtures("shop")
def test_trails_are_code_flows() -> None:
    violations = json.loads(check("-f", "json").stdout)["violations"]
    trails = {(each["path"], each["line"], each["code"]): [(step["path"], step["line"]) for step in each["trail"]]
              for each in violations}
    for result in hosts.results(hosts.sarif(check("-f", "sarif").stdout)):
        at = result["locations"][0]
        key = (hosts.path_of(at), at["physicalLocation"]["region"]["startLine"], result["ruleId"])
        flow = [each["location"] for codes in result.get("codeFlows", ()) for thread in codes["threadFlows"]
                for each in thread["locations"]]
        steps = [(hosts.path_of(each), each["physicalLocation"]["region"]["startLine"]) for each in flow]
        assert steps == (trails[key] if len(trails[key]) > 1 else [])


@pytest.mark.usefixtures("shop")
def test_rules_are_described() -> None:
    for run in hosts.sarif(check("-f", "sarif").stdout)["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == sorted({result["ruleId"] for result in run["results"]})
        for rule in rules:
            assert rule["help"]["markdown"].startswith("# ")
            assert rule["help"]["text"]
            assert "helpUri" not in rule


def test_columns_are_left_out_where_lines_differ() -> None:
    long = violation()
    long = long._replace(place=long.place._replace(end_line=3))
    properties = hosts.github(said(report(long), "github"))[0][1]
    assert (properties["line"], properties["endLine"]) == ("1", "3")
    assert not {"col", "endColumn"} & set(properties)


def test_what_is_new_comes_first_for_github() -> None:
    made = report(*(violation(f"{at}.py", "the same") for at in range(12)), violation("z.py", "another"))
    files = [properties["file"].rpartition("/")[2] for _, properties, _ in hosts.github(said(made, "github"))]
    assert files[:3] == ["0.py", "z.py", "1.py"]


def test_a_summary_is_cut_where_github_takes_no_more() -> None:
    made = report(*(violation(f"{at}.py", "`x` is wrong " * 20, service=f"s{at // 100}") for at in range(6000)))
    told = said(made, "markdown")
    assert 900_000 < len(told.encode()) < 1 << 20
    shown = len(hosts.rows(told))
    assert told.endswith(f"\n… and {6000 - shown} more, for which there is no room here\n")


@pytest.mark.parametrize(("environment", "link"), [
    ({"GITHUB_SERVER_URL": "https://h", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "abc"}, "https://h/o/r/blob/abc"),
    ({"CI_PROJECT_URL": "https://h/o/r", "CI_COMMIT_SHA": "abc"}, "https://h/o/r/-/blob/abc"), ({}, None)])
def test_places_are_links_where_the_host_is_known(environment: dict[str, str], link: str | None, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA", "CI_PROJECT_URL", "CI_COMMIT_SHA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    told = said(report(violation("a b.py", line=7)), "markdown")
    assert ("](" in told) is (link is not None)
    assert link is None or f"[a b.py:7]({link}/a%20b.py#L7)" in told


@pytest.mark.parametrize("host", ["GITHUB_ACTIONS", "TF_BUILD"])
@pytest.mark.parametrize("name", ["concise", "full", "grouped"])
def test_logs_give_no_orders(name: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = re.compile(r"^\s*::|##(vso)?\[", re.M)
    made = report(violation("::stop-commands::x/a.py", "`##vso[task.complete]` `##[add-mask]x`"))
    assert orders.search(said(made, name))
    monkeypatch.setenv(host, "true")
    assert not orders.search(said(made, name))


# ---- fixes


MENDED = 'é = "ü"; x = 1\nname = "é"\n'


def mendable(*edits: tuple[int, int, str], path: str = "a.py") -> Report:
    remedy = Remedy("drop-suppression", "safe")
    file = f"{Path.cwd().as_posix()}/{path}"
    made = report(violation(remedy=remedy), text=MENDED)
    return made._replace(proposed=lambda each: tuple(Edit(file, *edit) for edit in edits))


def test_fixes_of_sarif_and_rdjson_make_the_text_that_is_meant() -> None:
    made = mendable((13, 14, "2 # é"), (22, 25, ""))
    meant = 'é = "ü"; x = 2 # é\nname = \n'
    fix, = hosts.results(hosts.sarif(said(made, "sarif")))[0]["fixes"]
    change, = fix["artifactChanges"]
    lines = MENDED.splitlines(True)
    for each in reversed(change["replacements"]):
        region = each["deletedRegion"]
        assert region["startLine"] == region["endLine"]
        line = lines[region["startLine"] - 1]
        lines[region["startLine"] - 1] = line[:region["startColumn"] - 1] + each["insertedContent"]["text"] \
            + line[region["endColumn"] - 1:]
    assert "".join(lines) == meant

    suggestion, = hosts.rdjson(said(made, "rdjson"))["diagnostics"][0]["suggestions"]
    rows = [line.encode() for line in MENDED.splitlines(True)]
    start, end = suggestion["range"]["start"], suggestion["range"]["end"]
    before = b"".join(rows[:start["line"] - 1]) + rows[start["line"] - 1][:start["column"] - 1]
    after = rows[end["line"] - 1][end["column"] - 1:] + b"".join(rows[end["line"]:])
    assert (before + suggestion["text"].encode() + after).decode() == meant


def test_an_edit_elsewhere_is_no_suggestion() -> None:
    assert "suggestions" not in said(mendable((0, 1, "x"), path="b.py"), "rdjson")
    assert "artifactChanges" in said(mendable((0, 1, "x"), path="b.py"), "sarif")


@pytest.mark.parametrize("name", ["json", "json-lines", "sarif", "rdjson"])
def test_no_edit_shows_a_password(name: str) -> None:
    told = said(mendable((0, 0, 'url = "postgresql://u:hunter2@h/db"\n')), name)
    assert "hunter2" not in told
    if name == "json-lines":
        assert json.loads(told)["fix"]["refused"] == "the edit would show a password"
    if name in ("sarif", "rdjson"):
        assert '"fixes"' not in told
        assert '"suggestions"' not in told


@pytest.mark.usefixtures("shop")
def test_fixes_of_the_shop_are_told() -> None:
    mendable = {(each["path"], each["code"]) for each in json.loads(check("-f", "json").stdout)["violations"]
                if each["fix"] and each["fix"]["edits"]}
    fixed = {(hosts.path_of(each["locations"][0]), each["ruleId"])
             for each in hosts.results(hosts.sarif(check("-f", "sarif").stdout)) if "fixes" in each}
    assert fixed == mendable
    assert ("catalog/docker-compose.yml", "GRV601") in fixed


# ---- several at once


def test_several_at_once(shop: Path) -> None:
    result = check("-f", "sarif:out.sarif", "--output-format", "junit:sub:x.xml", "-f", "concise", "-f", "markdown:-")
    assert (result.stderr, result.exit_code) == ("", 1)
    hosts.sarif((shop / "out.sarif").read_text("utf-8"))
    hosts.junit((shop / "sub:x.xml").read_text("utf-8"))
    first, second = check("-f", "concise").stdout, check("-f", "markdown").stdout
    assert result.stdout == first + second
    assert check("-f", "json:only.json").stdout == ""
    assert json.loads((shop / "only.json").read_text("utf-8"))["summary"]["failed"]


def test_what_cannot_be_written_is_told_and_the_rest_written(shop: Path) -> None:
    result = check("-f", "sarif:no/such/out.sarif", "-f", "gitlab:out.json", "-f", "junit:catalog", "-f", "concise")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == ["gravity-lint: cannot write no/such/out.sarif: No such file or directory",
                                          "gravity-lint: cannot write catalog: Is a directory"]
    hosts.gitlab((shop / "out.json").read_text("utf-8"))
    assert result.stdout == check("-f", "concise").stdout


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("options", "reason"), [
    (["-f", "json:a", "-f", "sarif:./a"], "two formats are to be written to a"),
    (["-f", "json", "-f", "sarif", "-o", "a"], "-o is for a single format"),
    (["-f", "json:a", "-o", "b"], "-o is for a single format"),
    (["-f", "json:"], "'json:' has no file behind the colon"),
    (["-f", "C:\\x"], "'C' is not one of concise, full, "),
])
def test_mistakes(options: list[str], reason: str) -> None:
    result = check(*options)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert reason in result.stderr


def test_with_fixes(shop: Path) -> None:
    result = check("--fix", "-f", "gitlab:left.json", "-f", "concise")
    assert "Fixed " in result.stdout
    left = hosts.gitlab((shop / "left.json").read_text("utf-8"))
    assert "GRV601" not in {issue["check_name"] for issue in left}
    assert len(left) == result.stdout.count(": GRV")


# ---- validators of the hosts themselves, where `NODE_MODULES` names a folder of npm packages that holds them


def test_microsofts_validator_takes_the_shop(shop: Path) -> None:
    program = hosts.node("@microsoft/sarif-multitool-linux/Sarif.Multitool")
    if program is None:
        pytest.skip("NO @microsoft/sarif-multitool-linux UNDER NODE_MODULES: its rules for SARIF are not asked")
    check("-f", "sarif:out.sarif")
    done = subprocess.run([program, "validate", "out.sarif", "--rule-kind", "Sarif;Ghas",
                           "--level", "Error;Warning;Note", "--output", "judged.sarif"],
                          cwd=shop, capture_output=True, text=True, timeout=120)
    judged = json.loads((shop / "judged.sarif").read_text("utf-8-sig"))
    found = {each["ruleId"] for each in hosts.results(judged) if each.get("level", "warning") != "note"}
    assert found <= {"SARIF2005"}, done.stdout  # that asks for a home page, which the project has not


def test_a_validator_of_reviewdogs_format_takes_the_shop(shop: Path) -> None:
    program = hosts.node("@umbrelladocs/rdformat-validator/bin/rdformat-validator.js")
    if program is None:
        pytest.skip("NO @umbrelladocs/rdformat-validator UNDER NODE_MODULES: it is not asked")
    check("-f", "rdjson:out.json")
    done = subprocess.run(["node", program, "--strict", "--no-extra-fields", "out.json"], cwd=shop, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stdout
