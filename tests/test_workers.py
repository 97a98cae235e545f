"""Other processes judge as this one does, and none of them can take the others down."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity_lint import inputs, workers
from gravity_lint import run as run_module
from gravity_lint.commands import plain
from gravity_lint.config import Config
from gravity_lint.inputs import Inputs, recording
from gravity_lint.inputs import plain as plain_inputs
from gravity_lint.report import Report
from gravity_lint.rulebook import load_rules
from gravity_lint.run import Options, run
from gravity_lint.workers import Lost, spread

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "fixtures" / "shop"

pytestmark = pytest.mark.skipif(not workers.possible(), reason="this process cannot be forked")


def generated(root: Path, count: int) -> Path:
    """Services of growing size that use one library."""
    for number in range(count):
        folder = root / f"service{number}"
        texts = {
            "requirements.txt": "fastapi\nsqlalchemy\n", "Dockerfile": "FROM python:3.12\nCMD [\"python\"]\n",
            "app/main.py": "from fastapi import FastAPI\nfrom app.db import engine\napp = FastAPI()\n",
            "app/db.py": f"from sqlalchemy import create_engine\nengine = create_engine('postgresql://u:p@h/d{number}')"
                         "\n", **{f"app/part{part}.py": f"x = {part}  # gravity: ignore\n" for part in range(number)}}
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
    return root


def judged(root: Path, jobs: int | None) -> tuple[Report, Inputs]:
    with recording(seen := Inputs()):
        return run(Options((root,), Config(root=root), load_rules(), jobs=jobs)), seen


@pytest.mark.parametrize("small", [False, True])
def test_the_same_whoever_judges(small: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "ENOUGH", 3 if small else 500)
    monkeypatch.setattr(run_module, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(inputs, "MARGIN", 10**15)  # what is young is kept otherwise, and grows old between two runs
    for root in (SHOP, generated(tmp_path, 7)):
        alone, seen = judged(root, 1)
        assert alone.violations
        for jobs in (2, 4, None):
            report, also_seen = judged(root, jobs)
            assert report[:4] == alone[:4]
            assert plain_inputs(also_seen) == plain_inputs(seen)


def test_other_processes_only_where_they_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 8)
    assert run_module._processes([30, 30], None) == 1
    assert run_module._processes([3000], None) == 1
    assert run_module._processes([400, 400, 400], None) == 3
    assert run_module._processes([30, 30], 2) == 2
    assert run_module._processes([400] * 20, None) == 8
    monkeypatch.setattr(workers, "possible", lambda: False)
    assert run_module._processes([400] * 20, 4) == 1


def ending(how: Callable[[], object]) -> Callable[..., Any]:
    """`judge` that comes to an end where it judges the catalog."""
    judge = run_module.judge

    def dying(files: Any, *given: Any) -> Any:
        if files.root.endswith("/catalog"):
            how()
        return judge(files, *given)

    return dying


@pytest.mark.parametrize(("how", "said"), [
    (lambda: os._exit(3), "its process ended with exit code 3"),
    (lambda: (faulthandler.disable(), os.kill(os.getpid(), signal.SIGSEGV)), "its process was ended by SIGSEGV"),
    (lambda: os.kill(os.getpid(), signal.SIGKILL), "its process was ended by SIGKILL, perhaps for want of memory"),
    (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
    (lambda: sys.exit(1), "its process ended with exit code 70"),
])
@pytest.mark.parametrize("jobs", [2, 4])
def test_a_worker_that_dies_takes_one_service_with_it(how: Callable[[], object], said: str, jobs: int,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = judged(SHOP, 1)
    monkeypatch.setattr(run_module, "judge", ending(how))
    report, _ = judged(SHOP, jobs)
    root = f"{SHOP}/catalog"
    assert report.crashes == (f"internal error in service {root} (judging): {said}; please report it "
                              "(GRAVITY_LINT_DEBUG=1 shows where)",)
    assert [each.path for each in report.services] == [each.path for each in whole.services]
    assert {each for each in report.violations if each.service != root and each.code != "GRV002"} \
        == {each for each in whole.violations if each.service != root and each.code != "GRV002"}


def test_every_worker_may_die() -> None:
    assert spread([1, 2, 3], lambda task: os._exit(1), 2, 9) == [Lost("its process ended with exit code 1")] * 3


def test_results_of_any_size_in_the_order_of_the_tasks() -> None:
    sizes = [3, 1, 400_000, 2, 70_000]
    assert spread(sizes, lambda task: "x" * sizes[task], 3, 5) == ["x" * size for size in sizes]
    assert spread([], lambda task: task, 3, 5) == []


def test_a_worker_has_few_files_open() -> None:
    before = set(os.listdir("/dev/fd"))
    counts = spread([1] * 6, lambda task: len(os.listdir("/dev/fd")), 4, 1)
    assert max(counts) <= len(before) + 5
    assert set(os.listdir("/dev/fd")) == before


def test_what_is_raised_here_ends_the_others(tmp_path: Path) -> None:
    def slow(task: int) -> int:
        (tmp_path / str(os.getpid())).touch()
        if task:
            time.sleep(60)
        while len(os.listdir(tmp_path)) < 2:
            time.sleep(0.01)
        return task

    def interrupted(worker: workers._Worker) -> bool:
        raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers._Worker, "hear", interrupted)
        with pytest.raises(KeyboardInterrupt):
            spread([2, 1], slow, 2, 9)
    assert time.monotonic() - begun < 30
    for name in os.listdir(tmp_path):
        with pytest.raises(ProcessLookupError):
            os.kill(int(name), 0)


PROGRAM = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background is begun without
from gravity_lint import run, workers
def slow(*given):
    os.write(1, b"begun\\n")  # at once, whatever else is written by another process
    time.sleep(60)
run.judge = slow
sys.argv = ["gravity-lint", "check", "--no-cache", "--isolated", "-j", "2", sys.argv[1]]
from gravity_lint.start import main
main()
"""


@pytest.mark.parametrize("whole", [True, False])
def test_control_c(whole: bool) -> None:
    """From a terminal it reaches every process; sent by a program, perhaps only the first."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(SHOP)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          start_new_session=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == process.stdout.readline() == b"begun\n"
        (os.killpg if whole else os.kill)(process.pid, signal.SIGINT)
        out, told = process.communicate(timeout=30)  # what still held the streams would be waited for
    assert (process.returncode, out, told) == (1, b"", b"\nAborted!\n")


def test_the_option() -> None:
    asked = plain(["-j", "3", "here"])
    assert asked is not None
    assert asked.jobs == 3
    for wrong in ("0", "x", "-1", "1.5", "٣", "1000"):
        assert plain(["--jobs", wrong]) is None


@pytest.mark.parametrize("wrong", ["0", "x", "-1"])
def test_a_wrong_number(wrong: str) -> None:
    done = subprocess.run([sys.executable, "-m", "gravity_lint", "check", f"--jobs={wrong}"], capture_output=True,
                          encoding="utf-8", timeout=60, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert "--jobs" in done.stderr
