"""The rows of the table: what is run for each, and what is asked."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmarks import hostile, monorepo
from benchmarks.corpus import Corpus, fetch
from benchmarks.measure import BenchmarkError, Command, Series, in_turns, run
from benchmarks.tools import Ours, Tools, our_files, rival, ruff_files

MB = 1_000_000
QUICK = 5
"""How many times more often what takes a moment is run."""
DATABASE_WORDS = (b"create_engine", b"sqlalchemy", b"DATABASE_URL", b".execute(")


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    work: str
    ours: str
    theirs: str = "–"
    ratio: str = "–"
    asked: str = "–"
    met: str = "–"


@dataclass
class Bench:
    """What is measured, how often, and where."""

    ours: Ours
    tools: Tools
    home: Path
    """Where the corpus is, or is fetched to."""
    scratch: Path
    """An empty folder for everything that is made."""
    projects: tuple[str, ...] = ()
    services: int = 50
    seed: int = 0
    runs: int = 5
    timeout: float = 900
    gathered: dict[str, list[Series]] = field(default_factory=dict)
    """Row → what its runs gave."""
    notes: list[str] = field(default_factory=list)

    @cached_property
    def corpus(self) -> Corpus:
        return fetch(self.home, self.projects)

    def folder(self, name: str) -> Path:
        path = self.scratch / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def measure(self, row: str, commands: Sequence[Command], times: int = 1,
                around: Callable[[Command, int], AbstractContextManager[None]] | None = None) -> list[Series]:
        """Runs the commands in turns, and keeps what they gave."""
        series = in_turns(commands, self.runs * times, self.folder("output"), self.timeout, around)
        self.gathered.setdefault(row, []).extend(series)
        return series

    def cached(self, name: str) -> list[str]:
        """The options with which we remember in a folder of this name. Raises `BenchmarkError`."""
        if "--cache-dir" not in self.ours.options:
            raise BenchmarkError("`gravity-lint check` has no `--cache-dir`")
        return ["--cache-dir", str(self.scratch / "caches" / name)]


Row = Callable[[Bench], Iterator[Line]]


# ---- the 18 projects


def corpus_cold(bench: Bench) -> Iterator[Line]:
    corpus, empty = bench.corpus, bench.folder("empty")
    work = _projects(corpus)
    _complete(bench)
    commands = [bench.ours.check(empty, "--isolated", "--no-cache", "--output-format", "concise", *corpus.paths)]
    missing = _rivals(bench, ("ruff", "ast-grep", "ripgrep"), empty, corpus.paths, commands)
    own, *others = bench.measure("corpus", commands)
    asked = {"ruff": 1.0}
    for name in ("ruff", "ast-grep", "ripgrep"):
        yield _beside(f"{work}, cold, no cache", own, _named(others, name, missing), asked.get(name))
    ruff = _named(others, "ruff", missing)
    theirs = f"{ruff.peak / MB:.0f} MB (ruff)" if ruff.peak else f"ruff {_untold(ruff)}"
    if own.peak is None:
        yield Line("memory of the largest process, the same", _untold(own), theirs, asked="≤ 250 MB", met="no")
        return
    ratio = f"{own.peak / ruff.peak:.2f}" if ruff.peak else "–"
    yield Line("memory of the largest process, the same", f"{own.peak / MB:.0f} MB", theirs, ratio, "≤ 250 MB",
               _yes(own.peak <= 250 * MB))


def corpus_slow(bench: Bench) -> Iterator[Line]:
    corpus, empty = bench.corpus, bench.folder("empty")
    commands = [bench.ours.check(empty, "--isolated", "--no-cache", "--output-format", "concise", *corpus.paths)]
    names = ("semgrep", "bandit", "flake8")
    missing = _rivals(bench, names, empty, corpus.paths, commands)
    own, *others = bench.measure("corpus-slow", commands)
    for name in names:
        yield _beside(f"{_projects(corpus)}, cold, no cache", own, _named(others, name, missing), None)


def corpus_warm(bench: Bench) -> Iterator[Line]:
    corpus, empty = bench.corpus, bench.folder("empty")
    work = _projects(corpus)
    works = (f"{work}, warm, nothing changed", f"{work}, warm, one file of {len(corpus.python):,} changed",
             "the same, a file that speaks of databases")
    try:
        options = bench.cached("corpus")
    except BenchmarkError as error:
        yield from (_unmeasured(each, str(error), asked) for each, asked in zip(works, (0.6, 1.15, 1.15), strict=True))
        return
    warm = bench.ours.check(empty, "--isolated", *options, "--output-format", "concise", *corpus.paths)
    commands = [warm, _renamed(warm, "one file changed"), _renamed(warm, "one file about databases changed")]
    missing = _rivals(bench, ("ruff",), empty, corpus.paths, commands, bench.scratch / "caches" / "ruff")
    files = dict(zip((each.name for each in commands[1:3]), _changed_files(corpus, bench), strict=True))

    def around(command: Command, turn: int) -> AbstractContextManager[None]:
        if command.name not in files:
            return nullcontext()
        return changed(files[command.name][turn], lambda: run(warm, bench.folder("output"), bench.timeout))

    own, *edited, ruff = [*bench.measure("corpus-warm", commands, around=around), _absent("ruff", missing)][:4]
    yield _beside(works[0], own, ruff, 0.6)
    for each, what in zip(edited, works[1:], strict=True):
        yield _edited(_beside(what, each, own, 1.15, "gravity-lint, nothing changed"), each, files[each.name], corpus)
    _same_words(bench, [own, *edited])


@contextmanager
def changed(path: Path, settle: Callable[[], object]) -> Iterator[None]:
    """A file with a comment more at its end, and afterwards the file as it was; then `settle` is called."""
    before, stat = path.read_bytes(), path.stat()
    try:
        with path.open("ab") as file:
            file.write(b"\n# changed by the benchmark\n")
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    settle()


def _changed_files(corpus: Corpus, bench: Bench) -> tuple[list[Path], list[Path]]:
    """Files to change, one a turn: any, and such that speak of databases."""
    drawn = list(corpus.python)
    random.Random(bench.seed).shuffle(drawn)
    wanted = bench.runs + 1
    speaking: list[Path] = []
    for path in drawn[wanted:]:
        if len(speaking) < wanted and any(word in path.read_bytes() for word in DATABASE_WORDS):
            speaking.append(path)
    while len(speaking) < wanted or len(drawn) < wanted:  # of a small corpus some are changed again
        speaking.append(drawn[0])
        drawn.append(drawn[0])
    return drawn[:wanted], speaking


def _edited(line: Line, series: Series, files: Sequence[Path], corpus: Corpus) -> Line:
    """The line, with the worst of the files."""
    if series.seconds is None:
        return line
    worst = max(range(len(series.samples)), key=lambda turn: series.samples[turn].seconds)
    root = corpus.paths[0] if len(corpus.paths) == 1 else corpus.paths[0].parent
    path = files[worst].relative_to(root).as_posix()
    return Line(line.work, f"{line.ours} (worst {_time(series.samples[worst].seconds)}, `{path}`)", line.theirs,
                line.ratio, line.asked, line.met)


def _same_words(bench: Bench, warm: Sequence[Series]) -> None:
    """Notes whether we said the same however much was remembered."""
    cold = [each for each in bench.gathered.get("corpus", []) if each.name == "gravity-lint"]
    said = frozenset().union(*(each.outputs for each in (*cold, *warm)))
    if len(said) == 1:
        bench.notes.append("gravity-lint said the same in every run, cold, warm and with a file changed"
                           if cold else "gravity-lint said the same in every warm run")
    elif said:
        bench.notes.append(f"**gravity-lint said {len(said)} different things**, cold, warm or with a file changed")


def _complete(bench: Bench) -> None:
    """Raises `BenchmarkError` when a file would be left out for where the corpus lies."""
    corpus = bench.corpus
    own = our_files(bench.ours, *corpus.paths)
    said = [f"gravity-lint {own:,} (the others are generated or vendored)" if own < len(corpus.python)
            else f"gravity-lint {own:,}"]
    if "ruff" in bench.tools.programs:
        theirs = ruff_files(bench.tools, bench.folder("empty"), *corpus.paths)
        said.insert(0, f"ruff {theirs:,}")
        if theirs != len(corpus.python):
            raise BenchmarkError(f"ruff judges {theirs:,} of {len(corpus.python):,} files; "
                                 f"an ignore file above `{bench.home}` leaves some out, put the corpus elsewhere")
    if own < 0.99 * len(corpus.python):
        raise BenchmarkError(f"gravity-lint judges {own:,} of {len(corpus.python):,} files; put the corpus elsewhere")
    bench.notes.append(f"of the {len(corpus.python):,} Python files of {corpus.projects} projects "
                       f"({corpus.size / MB:.0f} MB) are judged: by {', by '.join(said)}")


def _projects(corpus: Corpus) -> str:
    return f"the {corpus.projects} projects" if corpus.projects > 1 else f"the project {corpus.paths[0].name}"


# ---- what is made


def one_monorepo(bench: Bench) -> Iterator[Line]:
    files = monorepo.monorepo(bench.services, bench.seed)
    folder = monorepo.write(files, bench.scratch / "monorepo")
    work = f"a monorepo of {bench.services} services, {len(files)} files, cold"
    commands = [bench.ours.check(bench.folder("empty"), "--isolated", "--no-cache", folder)]
    names = ("semgrep", "bandit", "ruff", "ast-grep", "flake8", "ripgrep")
    missing = _rivals(bench, names, bench.folder("empty"), (folder,), commands)
    own, *others = bench.measure("monorepo", commands)
    asked = {"semgrep": 0.15, "bandit": 0.25}
    for name in names:
        yield _beside(work, own, _named(others, name, missing), asked.get(name))


def hook(bench: Bench) -> Iterator[Line]:
    files = monorepo.service(0, bench.seed, more=7)
    folder = monorepo.write(files, bench.scratch / "hook")
    work = f"one service of {len(files)} files, warm (a hook)"
    try:
        command = bench.ours.check(folder, *bench.cached("hook"))
    except BenchmarkError as error:
        yield _unmeasured(work, str(error), 8)
        return
    own, empty = bench.measure("hook", [command, bench.ours.empty(folder)], QUICK)
    yield _beside(work, own, empty, 8)


def version(bench: Bench) -> Iterator[Line]:
    folder = bench.folder("empty")
    own, empty = bench.measure("version", [bench.ours.call(folder, "--version"), bench.ours.empty(folder)], QUICK)
    yield _beside("`gravity-lint --version`", own, empty, 4)


def growth(bench: Bench) -> Iterator[Line]:
    least = max(1, bench.services // 2)
    sizes = (least, 2 * least, 4 * least)
    folders = [monorepo.write(monorepo.monorepo(size, bench.seed), bench.scratch / f"growth-{size}") for size in sizes]
    for how in ("cold", "warm"):
        try:
            commands = [
                _renamed(bench.ours.check(bench.folder("empty"), "--isolated",
                                          *(["--no-cache"] if how == "cold" else bench.cached(f"growth-{size}")),
                                          folder), f"{size} services, {how}")
                for size, folder in zip(sizes, folders, strict=True)]
        except BenchmarkError as error:
            yield _unmeasured(f"growth to twice as many services, {how}", str(error), 2.1)
            continue
        series = bench.measure("growth", commands, 1 if how == "cold" else QUICK)
        for size, fewer, more in zip(sizes, series, series[1:], strict=False):
            yield _beside(f"from {size} to {2 * size} services, {how}", more, fewer, 2.1, f"{size} services")


def hostile_files(bench: Bench) -> Iterator[Line]:
    for number, (what, (path, text)) in enumerate(hostile.FILES.items()):
        folder = hostile.write(path, text(), bench.scratch / f"hostile-{number}")
        command = bench.ours.check(bench.folder("empty"), "--isolated", "--no-cache", "--output-format", "json", folder)
        own, = bench.measure("hostile", [command])
        asked = "< 2 s, or left out with a message"
        if own.seconds is None:
            yield Line(what, _untold(own), asked=asked, met="no")
            continue
        codes = _told_about(bench.folder("output") / "stdout", path)
        outcome = "left out with a message" if "GRV001" in codes else "judged" if codes else "silently left out"
        yield Line(what, f"{_time(own.seconds)}, {outcome}", asked=asked,
                   met=_yes("GRV001" in codes or (bool(codes) and own.seconds < 2)))


def _told_about(document: Path, path: str) -> set[str]:
    """The rules that say something about a file, in what was said last."""
    told = json.loads(document.read_text("utf-8"))["violations"]
    return {each["code"] for each in told if each["path"].endswith(path)}


ROWS: Mapping[str, Row] = {
    "version": version, "hook": hook, "growth": growth, "hostile": hostile_files, "monorepo": one_monorepo,
    "corpus": corpus_cold, "corpus-warm": corpus_warm, "corpus-slow": corpus_slow,
}
DEFAULT = tuple(name for name in ROWS if name != "corpus-slow")
"""The last one runs semgrep, bandit and flake8 over the corpus, many minutes each."""


def lines(bench: Bench, names: Sequence[str]) -> Iterator[Line]:
    """The lines of these rows; a row that cannot be measured is a line that says why."""
    for name in names:
        print(f"{name}:", file=sys.stderr, flush=True)
        try:
            yield from ROWS[name](bench)
        except BenchmarkError as error:
            yield _unmeasured(f"`{name}`", str(error), None)


# ---- lines


def _rivals(bench: Bench, names: Sequence[str], folder: Path, paths: Sequence[Path], commands: list[Command],
            cache: Path | None = None) -> Mapping[str, str]:
    """Adds the commands of those tools that are there; of the others, why they are not."""
    missing: dict[str, str] = {}
    for name in names:
        try:
            commands.append(rival(bench.tools, name, folder, *paths, cache=cache))
        except BenchmarkError as error:
            missing[name] = str(error)
    return missing


def _renamed(command: Command, name: str) -> Command:
    return Command(name, command.arguments, command.folder, command.environment, command.fine)


def _absent(name: str, missing: Mapping[str, str]) -> Series:
    return Series(name, trouble=missing.get(name, "it was not run"))


def _named(series: Sequence[Series], name: str, missing: Mapping[str, str]) -> Series:
    return next((each for each in series if each.name == name), _absent(name, missing))


def _beside(work: str, own: Series, other: Series, limit: float | None, whose: str = "") -> Line:
    """The line that compares two."""
    asked = "–" if limit is None else f"≤ {limit:g} ×"
    name = whose or other.name
    theirs = f"{name} {_untold(other)}" if other.seconds is None else f"{_time(other.seconds)} ({name})"
    if own.seconds is None:
        return Line(work, _untold(own), theirs, asked=asked, met="–" if limit is None else "no")
    if other.seconds is None:
        return Line(work, _time(own.seconds), theirs, asked=asked, met="–" if limit is None else "not measured")
    ratio = own.seconds / other.seconds
    return Line(work, _time(own.seconds), theirs, f"{ratio:.2f}", asked, "–" if limit is None else _yes(ratio <= limit))


def _unmeasured(work: str, reason: str, limit: float | None) -> Line:
    asked = "–" if limit is None else f"≤ {limit:g} ×"
    return Line(work, f"not measured: {reason}", asked=asked, met="–" if limit is None else "not measured")


def _untold(series: Series) -> str:
    return series.trouble if series.trouble.startswith("more than") else f"not measured: {series.trouble}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _yes(met: bool) -> str:
    return "yes" if met else "no"
