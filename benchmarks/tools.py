"""The other tools, in an environment of their own, and gravity-lint itself: how each is called, and its version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import BenchmarkError, Command

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
LIST = HERE / "tools.txt"
NAMES = ("ruff", "semgrep", "ast-grep", "bandit", "flake8", "ripgrep")
_PACKAGES = {"ast-grep": "ast-grep-cli"}
_PROGRAMS = {"ripgrep": "rg"}
WORDS = (r"create_(async_)?engine|create_all|drop_all|CREATE (DATABASE|USER|ROLE|TABLE)|GRANT |DATABASE_URL|DB_HOST|"
         r"postgres(ql)?(\+\w+)?://|mysql(\+\w+)?://|mongodb(\+srv)?://|redis://|sqlite://|command\.upgrade|pg_dump")
"""What ripgrep looks for: what a person would type to find the same by eye."""
_WHO = """\
import gravity_lint, platform
print(gravity_lint.__file__, gravity_lint.__version__, platform.python_version(), sep="\\n")
"""
_JUDGED = """\
import pathlib, sys
from gravity_lint.config import Config
from gravity_lint.discover import discover
paths = [pathlib.Path(each) for each in sys.argv[1:]]
found = discover(paths, Config(root=paths[0]))
files = {file.path for service in found.services for file in service.files if found.selected(file.path)}
print(sum(file.endswith(".py") for file in files))
"""


@dataclass(frozen=True)
class Tools:
    """What can be run, and why the rest cannot."""

    programs: Mapping[str, Path]
    versions: Mapping[str, str]
    missing: Mapping[str, str]
    """Tool → the reason."""
    settings: Path
    """A folder for what a tool insists on writing."""


@dataclass(frozen=True)
class Ours:
    """The gravity-lint that is measured."""

    python: Path
    start: tuple[str, ...]
    version: str
    """With the commit, when it is run from a checkout."""
    python_version: str
    environment: Mapping[str, str] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    """What `gravity-lint check` takes."""

    def check(self, folder: Path, *arguments: str | Path) -> Command:
        """A run of `gravity-lint check`."""
        return self.call(folder, "check", *arguments)

    def call(self, folder: Path, *arguments: str | Path) -> Command:
        return Command("gravity-lint", (*self.start, *map(str, arguments)), folder, self.environment)

    def empty(self, folder: Path) -> Command:
        """The least that a program in Python can take: the same interpreter, started and ended."""
        return Command("python -c pass", (str(self.python), "-c", "pass"), folder, self.environment)


def install(home: Path, wanted: Iterable[str]) -> Tools:
    """Makes the environment of the tools, or takes the one that was made for the same versions."""
    pins = {line.partition("==")[0]: line for line in LIST.read_text("utf-8").split()}
    folder = home / "tools"
    programs: dict[str, Path] = {}
    versions: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name in NAMES:
        pin = pins[_PACKAGES.get(name, name)]
        if name not in wanted:
            missing[name] = "left out by `--tools`"
            continue
        try:
            programs[name] = _program(folder, name, pin)
            versions[name] = _version(programs[name])
        except BenchmarkError as error:
            programs.pop(name, None)
            missing[name] = str(error)
    settings = home / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    return Tools(programs, versions, missing, settings)


def installed(home: Path) -> Path:
    """The interpreter of an environment with this checkout's gravity-lint in it, as users have it: installed from its
    wheel, and nothing else. Raises `BenchmarkError`."""
    folder = home / f"own-{sys.version_info.major}.{sys.version_info.minor}"
    print("installing gravity-lint", file=sys.stderr, flush=True)
    _pip(folder, str(CHECKOUT))
    return folder / "bin" / "python"


def ours(python: Path, checkout: Path | None = None) -> Ours:
    """The gravity-lint that this interpreter has, or that of this checkout, run by it. Raises `BenchmarkError`.

    `checkout` is where it was installed from, where that is known.
    """
    script = python.parent / "gravity-lint"
    environment = {} if script.is_file() else {"PYTHONPATH": str(CHECKOUT)}
    start = (str(script),) if script.is_file() else (str(python), "-m", "gravity_lint")
    place, version, python_version = _said([str(python), "-c", _WHO], environment).splitlines()
    checkout = checkout or Path(place).resolve().parent.parent
    commit = ""
    if (checkout / ".git").exists():
        commit = _said(["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=10"], {}).strip()
    options = frozenset(re.findall(r"--[a-z][\w-]*", _said([*start, "check", "--help"], environment)))
    return Ours(python, start, f"{version} ({commit})" if commit else version, python_version, environment, options)


def rival(tools: Tools, name: str, folder: Path, *paths: Path, cache: Path | None = None) -> Command:
    """The call of another tool that judges everything under the paths. Raises `BenchmarkError` when it is missing.

    Each looks at every Python file there, whatever ignore files say, and uses as many cores as it wants.
    """
    if name in tools.missing:
        raise BenchmarkError(tools.missing[name])
    settings = tools.settings
    environment: dict[str, str] = {}
    arguments: list[str | Path]
    if name == "ruff":
        remembered = ["--no-cache"] if cache is None else ["--cache-dir", cache]
        arguments = ["check", "--isolated", *remembered, "--select", "S", "--output-format", "concise"]
    elif name == "semgrep":
        arguments = ["scan", "--config", HERE / "semgrep.yml", "--metrics", "off", "--disable-version-check", "--quiet",
                     "--no-git-ignore", "--x-ignore-semgrepignore-files", "--max-target-bytes", "0"]
        environment = {"SEMGREP_SETTINGS_FILE": str(settings / "semgrep.yml"),
                       "SEMGREP_LOG_FILE": str(settings / "semgrep.log"), "SEMGREP_SEND_METRICS": "off"}
    elif name == "ast-grep":
        arguments = ["scan", "--rule", HERE / "ast-grep.yml", "--no-ignore", "vcs", "--report-style", "short",
                     "--color", "never"]
    elif name == "bandit":
        arguments = ["--quiet", "--recursive"]
    elif name == "flake8":
        arguments = ["--isolated"]
    else:
        arguments = ["--no-config", "--no-ignore", "--line-number", "--no-heading", WORDS]
    program = tools.programs[name]
    environment["PATH"] = os.pathsep.join((str(program.parent), os.environ.get("PATH", os.defpath)))
    return Command(name, (str(program), *map(str, arguments), *map(str, paths)), folder, environment)


def ruff_files(tools: Tools, folder: Path, *paths: Path) -> int:
    """How many Python files ruff judges under the paths. Raises `BenchmarkError`."""
    command = rival(tools, "ruff", folder, *paths)
    listed = _said([*command.arguments, "--show-files"], {})
    return sum(line.endswith(".py") for line in listed.splitlines())


def our_files(of: Ours, *paths: Path) -> int:
    """How many Python files gravity-lint judges under the paths. Raises `BenchmarkError`."""
    return int(_said([str(of.python), "-c", _JUDGED, *map(str, paths)], of.environment))


def _program(folder: Path, name: str, pin: str) -> Path:
    """The program of a tool, installed when it is not there in the pinned version; ripgrep also from the `PATH`."""
    program = folder / "bin" / _PROGRAMS.get(name, name)
    stamp = folder / f"{name}.pin"
    if program.is_file() and stamp.is_file() and stamp.read_text("utf-8") == pin:
        return program
    print(f"installing {pin}", file=sys.stderr, flush=True)
    try:
        _pip(folder, "--prefer-binary", pin)
    except BenchmarkError:
        if name == "ripgrep" and (found := shutil.which("rg")):
            return Path(found)
        raise
    stamp.write_text(pin, "utf-8")
    return program


def _pip(folder: Path, *what: str) -> None:
    """Installs into an environment, which is made when it is not there. Raises `BenchmarkError`."""
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    done = subprocess.run([folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
                           *what], capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if re.search(r"(ERROR|Error): ", line)]
        raise BenchmarkError(f"`{what[-1]}` cannot be installed: {said[0] if said else f'pip: {done.returncode}'}")


def _version(program: Path) -> str:
    said = _said([str(program), "--version"], {"PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"})
    match = re.search(r"\d+\.\d+[\w.]*", said)
    return match[0] if match else said.strip()


def _said(command: list[str], environment: Mapping[str, str]) -> str:
    """What a command prints. Raises `BenchmarkError` when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False,
                              env={**os.environ, **environment}, stdin=subprocess.DEVNULL, timeout=300,
                              cwd=tempfile.gettempdir())  # where `python -c` finds no other gravity_lint
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchmarkError(f"cannot run `{command[0]}`: {error}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise BenchmarkError(f"`{command[0]}` failed with exit code {done.returncode}: {lines[-1] if lines else ''}")
    return done.stdout
