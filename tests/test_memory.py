"""What a run keeps in mind: a small multiple of the code that it reads, and answers up to a number."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tree import service_of, told

from gravity_lint.link import evaluate

PER_BYTE = 28
"""Bytes that a run may take for a byte of code that all of its rules ask about."""

BODY = """\
def handle_{i}(request, limit: int = 10) -> dict[str, str]:
    settings = load(request.app, "config", name="shop")
    found = []
    for item in request.items():
        key = item.name.lower() if item.name else "none"
        if key in settings and not item.hidden:
            value = settings[key].format(item.value, size=len(found) + {i})
            found.append({{"key": key, "value": value, "rest": [item.a, item.b]}})
        elif item.parent is not None:
            try:
                found.extend(handle_{before}(item.parent, limit - 1))
            except KeyError as error:
                log.warning("lost %s of %s", item, error)
    return {{"found": found, "limit": limit, "more": len(found) > limit}}


"""
HEAD = """\
import logging
log = logging.getLogger()


def load(*given, **named):
    return given


"""


def service(folder: Path, files: int) -> int:
    """Writes a service all of whose functions run at its start, and gives the size of its code."""
    folder.mkdir()
    (folder / "requirements.txt").write_text("sqlalchemy\nfastapi\n")
    names = [f"part{number}" for number in range(files)]
    for name in names:
        text = HEAD + "".join(BODY.format(i=i, before=max(i - 1, 0)) for i in range(100)) + "handle_99(load())\n"
        (folder / f"{name}.py").write_text(text)
    (folder / "main.py").write_text(
        "import os\nfrom fastapi import FastAPI\nfrom sqlalchemy import MetaData, create_engine\n"
        + "".join(f"import {name}\n" for name in names)
        + 'app = FastAPI()\nengine = create_engine(os.environ["DATABASE_URL"])\nMetaData().create_all(engine)\n')
    return sum(path.stat().st_size for path in folder.glob("*.py"))


PROGRAM = """
import atexit, os, re, sys
def tell():
    with open("/proc/self/status") as status, open(os.environ["TAKEN"], "w") as taken:
        taken.write(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1])
atexit.register(tell)
leave = os._exit
os._exit = lambda code: (tell(), leave(code))
from gravity_lint.start import main
main()
"""


def taken(folder: Path) -> int:
    """The bytes that a process takes at most to judge a service."""
    told = folder.with_suffix(".taken")
    command = [sys.executable, "-c", PROGRAM, "check", "--isolated", "--no-cache", "-j", "1", str(folder)]
    done = subprocess.run(command, env={**os.environ, "TAKEN": str(told)}, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return int(told.read_text()) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system what a process took")
def test_memory_is_in_proportion_to_the_code(tmp_path: Path) -> None:
    small, large = service(tmp_path / "small", 5), service(tmp_path / "large", 30)
    more = taken(tmp_path / "large") - taken(tmp_path / "small")
    assert more < PER_BYTE * (large - small)


ENGINES = """\
import os
from sqlalchemy import create_engine

def address(name, default=None):
    return os.getenv(name, default)

""" + "".join(f"""
def engine{number}(prefix):
    return create_engine(address(prefix + "_URL", "postgresql://localhost/shop{number}"))

engine{number}("SHOP{number}")
""" for number in range(20))


def test_what_is_forgotten_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = told(service_of(ENGINES), "GRV101", "GRV102", "GRV106")
    assert len(before) >= 20
    monkeypatch.setattr(evaluate, "MAX_KEPT", 10)
    monkeypatch.setattr(evaluate, "MAX_KNOWN", 10)
    service = service_of(ENGINES)
    assert told(service, "GRV101", "GRV102", "GRV106") == before
    known = [frame for frame in service.evaluator.runs._frames.values() if frame.known]
    assert sum(len(frame.known) for frame in known) < 10 + evaluate.MAX_STEPS
    assert len(known) < 10


def test_runs_of_which_nothing_is_known_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MAX_KEPT", 0)
    service = service_of(ENGINES)
    assert told(service, "GRV101", "GRV102")
    gc.collect()
    assert len(service.evaluator.runs._entered) < 5
