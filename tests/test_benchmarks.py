"""The benchmark: a smoke run of it, that what it makes is always the same, and that it takes no foreign archive."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
if os.name != "posix":
    pytest.skip("the benchmark counts memory as POSIX systems do", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks import corpus, hostile, monorepo  # noqa: E402 (only now they are found)
from benchmarks.measure import BenchmarkError, Command, in_turns, run  # noqa: E402
from benchmarks.rows import DEFAULT, ROWS, Line, changed  # noqa: E402
from benchmarks.run import HEAD, main, table  # noqa: E402
from benchmarks.tools import LIST, NAMES  # noqa: E402

# ---- the smoke run


def test_a_small_run_prints_the_table(tmp_path: Path, capfd: pytest.CaptureFixture[str],
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    saved = tmp_path / "saved.json"
    assert main(["--python", sys.executable, "--tools", "none", "--rows", "version,monorepo,growth", "--services", "3",
                 "--runs", "1", "--timeout", "60", "--save", str(saved)]) == 0
    printed, told = capfd.readouterr()
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| ")]
    assert rows[0] == [HEAD.work, HEAD.ours, HEAD.theirs, HEAD.ratio, HEAD.asked, HEAD.met]
    assert {len(row) for row in rows} == {6}
    version, *others = rows[1:]
    assert re.fullmatch(r"`gravity-lint --version` \d+ ms \d+ ms \(python -c pass\) \d+\.\d\d ≤ 4 × (yes|no)",
                        " ".join(version))
    assert [row[0] for row in others if "semgrep" in row[2]] == ["a monorepo of 3 services, 48 files, cold"]
    assert all("left out by `--tools`" in row[2] for row in others if row[0].startswith("a monorepo"))
    assert sum(re.fullmatch(r"\d\.\d\d", row[3]) is not None for row in others) >= 2, "growth was measured"
    assert "version:\n  gravity-lint: warm-up" in told
    assert {series["trouble"] for row in json.loads(saved.read_text("utf-8")).values() for series in row} == {""}


@pytest.mark.parametrize("arguments", [["--rows", "nonsense"], ["--tools", "nonsense"], ["--runs", "0"]])
def test_a_mistake_in_use_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "must be" in capsys.readouterr().err


def test_the_readme_names_every_row() -> None:
    readme = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|", readme, re.M) == list(ROWS)
    assert set(DEFAULT) < set(ROWS)


def test_a_cell_may_hold_a_bar() -> None:
    head, rule, line = table([Line("a | b", "1 s", met="yes")])
    assert head.count("|") == rule.count("|") == line.count("|") - line.count("\\|") == 7
    assert line == "| a \\| b | 1 s | – | – | – | yes |"


def test_every_tool_has_its_version() -> None:
    assert len(LIST.read_text("utf-8").split()) == len(NAMES)
    assert all(re.fullmatch(r"[a-z\d-]+==[\d.]+", line) for line in LIST.read_text("utf-8").split())


# ---- processes


def python(program: str, name: str = "python") -> Command:
    return Command(name, (sys.executable, "-c", program), Path("/"))


def test_commands_are_run_in_turns(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write = f"open({str(log)!r}, 'a').write({{!r}}); print('said')"
    first, second = in_turns([python(write.format("A"), "a"), python(write.format("B"), "b")], 2, tmp_path, 30)
    assert log.read_text("utf-8") == "ABABAB", "a warm-up round and two more"
    assert [len(first.samples), len(second.samples)] == [2, 2]
    assert first.seconds is not None
    assert first.peak is not None
    assert first.seconds > 0
    assert first.peak > 1_000_000
    assert first.samples[0].lines == 1


@pytest.mark.skipif("PYTEST_XDIST_WORKER" in os.environ, reason="until it begins, a child is as large as its parent")
def test_memory_is_that_of_the_largest_process(tmp_path: Path) -> None:
    inner = "x = bytearray(200_000_000)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    assert 200_000_000 < run(python(outer), tmp_path, 30).peak < 300_000_000


@pytest.mark.parametrize(("program", "why"), [
    ("import sys; sys.exit('no way')", "no way"),
    ("raise ValueError", "exit code 1: ValueError"),  # which is also the exit code of who found something
    ("import time; time.sleep(60)", "more than 0.5 s"),
])
def test_what_fails_is_not_measured(program: str, why: str, tmp_path: Path) -> None:
    fine = frozenset({0, 1} if "ValueError" in program else {0})
    command = replace(python(program), fine=fine)
    failed, = in_turns([command], 2, tmp_path, 0.5 if "sleep" in program else 30)
    assert failed.seconds is None
    assert why in failed.trouble


def test_a_changed_file_is_put_back(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_bytes(b"x = 1\r\n")
    os.utime(path, ns=(10**18, 10**18))
    settled: list[bytes] = []
    with changed(path, lambda: settled.append(path.read_bytes())):
        assert path.read_bytes() == b"x = 1\r\n\n# changed by the benchmark\n"
    assert settled == [b"x = 1\r\n"]
    assert path.stat().st_mtime_ns == 10**18
    with pytest.raises(BenchmarkError), changed(path, lambda: settled.append(b"")):
        raise BenchmarkError("a run failed")
    assert (path.read_bytes(), len(settled)) == (b"x = 1\r\n", 1)


# ---- what is made


def test_the_same_seed_makes_the_same_monorepo() -> None:
    files = monorepo.monorepo(25, seed=7)
    assert list(files.items()) == list(monorepo.monorepo(25, seed=7).items())
    assert files != monorepo.monorepo(25, seed=8)
    told = hashlib.sha256(json.dumps(monorepo.monorepo(10)).encode()).hexdigest()
    script = "import hashlib, json; from benchmarks import monorepo; " \
             "print(hashlib.sha256(json.dumps(monorepo.monorepo(10)).encode()).hexdigest())"
    again = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True,
                           env={**os.environ, "PYTHONHASHSEED": "1"})
    assert again.stdout.strip() == told


def test_twice_as_many_services_are_twice_as_many_files() -> None:
    shared = len(monorepo.monorepo(0))
    assert [len(monorepo.monorepo(size)) - shared for size in (5, 50, 100, 400)] == [70, 700, 1400, 5600]
    assert len(monorepo.service(0, more=7)) == 60


@pytest.mark.parametrize("seed", range(4))
def test_what_is_made_is_python(seed: int) -> None:
    for path, text in {**monorepo.monorepo(25, seed), **monorepo.service(0, seed, more=7)}.items():
        assert not re.search(r"\$[a-z]|\$\{[a-z]\w*\}", path + ("" if path.endswith(".mako") else text)), path
        if path.endswith(".py"):
            ast.parse(text, path)


def test_every_service_is_found(tmp_path: Path) -> None:
    files = monorepo.monorepo(10)
    monorepo.write(files, tmp_path)
    done = subprocess.run([sys.executable, "-m", "gravity_lint", "services"], cwd=tmp_path, capture_output=True,
                          text=True, encoding="utf-8", check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    found = set(re.findall(r"^(\S+)  (service|library), ", done.stdout, re.M))
    made = {path.split("/")[1] for path in files if path.startswith("services/")}
    assert len(made) == 10
    assert found == {("libs/common", "library")} | {(f"services/{name}", "service") for name in made}


def test_every_ill_is_found_and_nothing_else(tmp_path: Path) -> None:
    files = monorepo.monorepo(25)
    ill = {path.split("/")[1] for index in range(25) if monorepo.ill(index) for path in monorepo.service(index)}
    monorepo.write(files, tmp_path)
    done = subprocess.run([sys.executable, "-m", "gravity_lint", "check", "--isolated", "--output-format", "concise"],
                          cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 1, done.stderr
    assert {line.split("/")[1] for line in done.stdout.splitlines() if line.startswith("services/")} == ill


def test_what_is_hostile_has_its_size() -> None:
    made = {path: text() for path, text in hostile.FILES.values()}
    assert 5_000_000 <= len(made["app/client.py"]) < 5_010_000
    assert made["app/nested.py"].count("[" * 20_000) == 1
    assert 10_000_000 <= len(made["deploy/everything.yaml"]) < 10_010_000
    ast.parse(hostile.code(5_000))


# ---- what is fetched


def test_the_corpus_is_pinned() -> None:
    wheels = corpus.wheels()
    assert len(wheels) == len({wheel.project for wheel in wheels}) == 18
    assert ("apache_airflow_core", "3.3.2") in {(wheel.project, wheel.version) for wheel in wheels}


@pytest.mark.parametrize("line", [
    "abc  a-1-py3-none-any.whl", f"{'0' * 64}  a-1.tar.gz", f"{'0' * 64}  ../a-1-py3-none-any.whl",
])
def test_a_broken_list_is_told(line: str) -> None:
    with pytest.raises(BenchmarkError, match="line 1 "):
        corpus.wheels(line)


def packed(path: Path, names: dict[str, str], mode: int = 0o100644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in names.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return path


def test_another_wheel_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    wheel = corpus.wheels()[0]
    packed(tmp_path / "wheels" / wheel.file, {"alembic/__init__.py": ""})
    with pytest.raises(BenchmarkError, match="not the pinned wheel"):
        corpus.fetch(tmp_path, [wheel.project])
    assert not (tmp_path / "x").exists()


def test_a_project_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="`nothing` is no project"):
        corpus.fetch(tmp_path, ["nothing"])


@pytest.mark.parametrize("name", ["../out.py", "a/../../out.py", "/out.py", "..\\out.py", "C:/out.py", "a/.."])
def test_nothing_is_unpacked_outside(name: str, tmp_path: Path) -> None:
    archive = packed(tmp_path / "home" / "a.whl", {"fine.py": "", name: "x"})
    with pytest.raises(BenchmarkError, match="nothing of it is unpacked"):
        corpus.unpack(archive, tmp_path / "home" / "x" / "a")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.whl"]
    assert not list((tmp_path / "home" / "x").iterdir())


def test_no_link_is_unpacked(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.whl", {"link": "/etc"}, mode=0o120777)
    with pytest.raises(BenchmarkError, match="holds `link`"):
        corpus.unpack(archive, tmp_path / "x" / "a")


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"nothing")
    with pytest.raises(BenchmarkError, match="cannot be unpacked"):
        corpus.unpack(tmp_path / "a.whl", tmp_path / "x" / "a")


def test_a_file_that_was_left_changed_is_unpacked_again(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.whl", {"a/app.py": "x = 1\n", "a/b.py": "y = 2\n"})
    folder = tmp_path / "x" / "a"
    corpus.unpack(archive, folder)
    (folder / "a" / "app.py").write_text("x = 1\n# changed\n", "utf-8")
    (folder / "a" / "b.py").unlink()
    corpus.mend(archive, folder)
    assert [(folder / "a" / name).read_text("utf-8") for name in ("app.py", "b.py")] == ["x = 1\n", "y = 2\n"]
