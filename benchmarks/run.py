"""The one command: measures, and prints the table."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

if not __package__:  # run as a file
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.measure import BenchmarkError
from benchmarks.rows import DEFAULT, ROWS, Bench, Line, lines
from benchmarks.tools import CHECKOUT, NAMES, Ours, Tools, install, installed, ours

HEAD = Line("work", "gravity-lint", "beside it", "ratio", "asked", "met")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures what the arguments ask for; the exit code is 2 when that is not possible, else 0."""
    asked = _parser().parse_args(arguments)
    try:
        return _measure(asked)
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmarks: interrupted", file=sys.stderr)
        return 130


def _measure(asked: argparse.Namespace) -> int:
    home = asked.corpus.expanduser().absolute()
    own = ours(asked.python.absolute()) if asked.python else ours(installed(cache_folder()), CHECKOUT)
    tools = install(cache_folder(), asked.tools)
    with tempfile.TemporaryDirectory(prefix="gravity-lint-benchmark-") as scratch:
        bench = Bench(own, tools, home, Path(scratch), asked.projects, asked.services, asked.seed, asked.runs,
                      asked.timeout)
        load = _load()
        told = list(lines(bench, asked.rows))
        bench.notes.append(f"load of the machine before: {load}, after: {_load()}")
    print("\n".join((*heading(own, tools, asked.runs), "", *table(told), "", *(f"- {note}" for note in bench.notes))))
    if asked.save:
        asked.save.write_text(json.dumps(_samples(bench), indent=1), "utf-8")
    return 0


def table(told: Sequence[Line]) -> list[str]:
    """The lines as a table in Markdown."""
    rows = [[each.work, each.ours, each.theirs, each.ratio, each.asked, each.met] for each in (HEAD, *told)]
    made = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [made[0], "|---|---|---|---|---|---|", *made[1:]]


def heading(own: Ours, tools: Tools, runs: int) -> list[str]:
    """When, where and with which versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    versions = [f"{name} {version}" for name, version in tools.versions.items()]
    absent = [f"{name} ({reason})" for name, reason in tools.missing.items()]
    return [
        f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {cores} cores of {_processor()}, "
        f"{platform.system()} {platform.release()}, Python {own.python_version}; medians of {runs} runs in turns",
        "",
        f"gravity-lint {own.version}" + "".join(f", {each}" for each in versions)
        + (f"; not there: {', '.join(absent)}" if absent else ""),
    ]


def cache_folder() -> Path:
    """Where the corpus and the tools are kept by default."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gravity-lint-benchmarks"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures gravity-lint beside other tools and prints a table in "
        "Markdown; what is being done goes to standard error.")
    parser.add_argument("--rows", type=_names(ROWS), default=DEFAULT, metavar="ROWS",
                        help=f"of {', '.join(ROWS)}; all but the last by default")
    parser.add_argument("--tools", type=_names(NAMES, none=True), default=NAMES, metavar="TOOLS",
                        help=f"of {', '.join(NAMES)}, or none; all by default")
    parser.add_argument("--runs", type=_positive, default=5, metavar="N", help="runs of each command (default: 5)")
    parser.add_argument("--timeout", type=float, default=900, metavar="S",
                        help="seconds after which a run is ended and counts as failed (default: 900)")
    parser.add_argument("--corpus", type=Path, default=cache_folder(), metavar="DIR",
                        help="has the projects, or gets them: wheels/*.whl and x/PROJECT/ (default: %(default)s)")
    parser.add_argument("--projects", type=lambda text: tuple(text.split(",")), default=(), metavar="NAMES",
                        help="only these projects of the corpus, with _ for -")
    parser.add_argument("--services", type=_positive, default=50, metavar="N",
                        help="services of the monorepo (default: 50); growth is from half as many to twice as many")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="draws the ills of the made services and the files that are changed (default: 0)")
    parser.add_argument("--python", type=Path, metavar="FILE",
                        help="measure the gravity-lint that this interpreter has (default: this checkout's, installed "
                        "into an environment of its own)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write every single run to a JSON file")
    return parser


def _names(known: Collection[str], *, none: bool = False) -> Callable[[str], tuple[str, ...]]:
    """Reads names with commas between."""
    def read(text: str) -> tuple[str, ...]:
        names = () if none and text == "none" else tuple(text.split(","))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"`{name}` is unknown, it must be one of {', '.join(known)}")
        return names

    return read


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _samples(bench: Bench) -> dict[str, object]:
    return {
        row: [{"command": series.name, "trouble": series.trouble, "seconds": [each.seconds for each in series.samples],
               "peak": [each.peak for each in series.samples], "lines": [each.lines for each in series.samples]}
              for series in gathered]
        for row, gathered in bench.gathered.items()
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    sys.exit(main())
