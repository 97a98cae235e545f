"""What each command does once its options are known; nothing here knows how they were read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO, cast

from gravity_lint.formats import FORMATS
from gravity_lint.record import NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from gravity_lint.against import Tree
    from gravity_lint.cache import Cache
    from gravity_lint.config import Config
    from gravity_lint.keys import FailOn
    from gravity_lint.mending import Mending
    from gravity_lint.progress import Progress
    from gravity_lint.remember import Parts
    from gravity_lint.report import Look, Report
    from gravity_lint.rulebook import Rule
    from gravity_lint.run import Options
    from gravity_lint.violation import Violation

CLEAN, FOUND, FAILED = 0, 1, 2
"""Exit codes."""


class Mistake(Exception):
    """What the user has to mend."""


class Misuse(Exception):
    """Options that do not fit each other or the rules; raised before anything is said."""


class Asked(NamedTuple):
    """What a command line of `check` asks for, by the names of its options."""

    paths: tuple[str, ...] = ()
    output_format: tuple[str, ...] = ()
    output_file: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    verbose: bool = False
    exit_zero: bool = False
    statistics: bool = False
    config_file: str | None = None
    isolated: bool = False
    no_cache: bool = False
    cache_dir: str | None = None
    stdin_filename: str | None = None
    stdin: bytes | None = None
    """What standard input gave, where it has been read already."""
    color: str = "auto"
    jobs: int | None = None
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    fix_only: bool = False
    show_fixes: bool = False
    add_ignore: str | None = None
    baseline: str | None = None
    write_baseline: str | None = None
    prune_baseline: bool = False
    diff_base: str | None = None
    fail_on: FailOn | None = None
    show_settings: bool = False
    show_files: bool = False

    @property
    def mends(self) -> bool:
        """Whether files may change, or it is asked how."""
        return self.fix or self.diff or self.fix_only or self.add_ignore is not None


FLAGS = {"--exit-zero": "exit_zero", "--isolated": "isolated", "--no-cache": "no_cache", "--statistics": "statistics",
         "--unsafe-fixes": "unsafe_fixes",
         "--verbose": "verbose", "-v": "verbose"}
LISTS = {"--extend-select": "extend_select", "--ignore": "ignore", "--select": "select"}
FOLDERS = {"--baseline": "baseline", "--cache-dir": "cache_dir", "--diff-base": "diff_base"}
FORMAT = ("--output-format", "-f")
JOBS = ("--jobs", "-j")


def plain(words: Sequence[str]) -> Asked | None:
    """The words behind `check` → what they ask for, where they are paths and common options; None for all else.

    Reading options with click takes longer than a run in which nothing has changed. It judges whatever is unusual here
    or wrong.
    """
    given: dict[str, Any] = {}
    paths: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("-"):
            paths.append(word)
        elif word in FLAGS:
            given[FLAGS[word]] = True
        elif (value := next(waiting, None)) is None:
            return None
        elif word in LISTS:
            given[LISTS[word]] = (*given.get(LISTS[word], ()), value)
        elif word in FOLDERS:
            given[FOLDERS[word]] = value
        elif word in FORMAT and is_format(value):
            given["output_format"] = (*given.get("output_format", ()), value)
        elif word in JOBS and value.isascii() and value.isdigit() and len(value) < 4 and int(value) > 0:
            given["jobs"] = int(value)
        else:
            return None
    return Asked(tuple(paths), **given)


def is_format(word: str) -> bool:
    """Whether this is `FORMAT` or `FORMAT:FILE`."""
    name, colon, file = word.partition(":")
    return name in FORMATS and bool(file or not colon)


def guarded(command: Callable[[], int]) -> int:
    """Runs a command → its exit code; what goes wrong is one line on standard error. Raises `Misuse`."""
    try:
        return command()
    except (Misuse, BrokenPipeError):
        raise
    except Exception as error:
        if is_mistake(error):
            _tell(str(error))
            return FAILED
        if os.environ.get("GRAVITY_LINT_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        _tell(f"internal error: {what}; please report it (GRAVITY_LINT_DEBUG=1 shows where)")
        return FAILED


def is_mistake(error: Exception) -> bool:
    """Whether this is the user's to mend; what could raise it is imported only now, since most commands do not fail."""
    from gravity_lint.baseline import BaselineError, NoBase
    from gravity_lint.config import ConfigError
    from gravity_lint.discover import NoSuchPath
    from gravity_lint.rulebook import RuleError

    return isinstance(error, (Mistake, BaselineError, ConfigError, NoBase, NoSuchPath, RuleError))


def _tell(reason: str) -> None:
    from gravity_lint.mask import mask

    print(f"gravity-lint: {mask(reason)}", file=sys.stderr)


# ---- commands, each to be `guarded`


def check(asked: Asked) -> int:
    """Judges what was asked for, mends it if that is asked for, and says what was found."""
    if asked.show_settings or asked.show_files:
        return _show_what(asked)
    _outputs(asked)
    if asked.mends:
        return _mend(asked)
    if asked.write_baseline is not None or asked.prune_baseline:
        return _keep(asked)
    report = judged(asked)
    return _told(report, asked)


def _told(report: Report, asked: Asked) -> int:
    """Says what was found → the exit code."""
    report = _weighing(report, asked)
    unsaid = _say(report, asked)
    if report.baseline is not None and asked.stdin_filename is None:
        from gravity_lint.report.known import lines

        for line in lines(report.baseline, _relative):
            _tell(line)
    return _crashed(report) or unsaid or _code(report, asked)


def _keep(asked: Asked) -> int:
    """Writes a baseline anew, or without what is mended."""
    from gravity_lint import baseline
    from gravity_lint.report.text import counted
    from gravity_lint.run import run

    if asked.stdin_filename is not None:
        raise Misuse("a baseline is written of files, not of standard input")
    if asked.write_baseline is not None and (asked.prune_baseline or asked.baseline is not None or asked.diff_base):
        raise Misuse("--write-baseline goes with no other option about what is known")
    options = _options(asked, None)
    if options.baseline is None:
        raise Misuse("--prune-baseline needs a baseline: --baseline FILE, or `baseline` in the configuration")
    report = run(options)
    if report.baseline is None or report.baseline.after is None or report.crashes:
        return _crashed(report)
    after = report.baseline.after
    if _written(options.baseline, [baseline.text(after)]):
        return FAILED
    if asked.write_baseline is None:
        return _told(report._replace(baseline=report.baseline._replace(mended=(), moved=0)), asked)
    _print([f"Wrote {counted(sum(after.counts.values()), 'violation')} to {asked.write_baseline}\n"])
    return CLEAN


class Output(NamedTuple):
    """A report that is asked for."""

    name: str
    """Its format; empty for the one that suits the stream."""
    file: str | None
    """Where it goes to, if not to the stream."""


def _outputs(asked: Asked) -> list[Output]:
    """The reports that are asked for. Raises `Misuse`."""
    found = [Output(name, None if file in ("", "-") else file)
             for name, _, file in (word.partition(":") for word in asked.output_format or ("",))]
    if asked.output_file is not None:
        if len(found) > 1 or found[0].file is not None:
            raise Misuse("-o is for a single format; of several, name each one's file: --output-format FORMAT:FILE")
        found = [found[0]._replace(file=asked.output_file)]
    files = [os.path.abspath(output.file) for output in found if output.file is not None]
    if twice := next((file for file in files if files.count(file) > 1), None):
        raise Misuse(f"two formats are to be written to {os.path.basename(twice)}")
    return found


def _say(report: Report, asked: Asked, stream: TextIO | None = None) -> int:
    """Writes a report to the files that are asked for, then to this stream → FAILED where a file cannot be written."""
    from gravity_lint.report import Look

    stream, code = stream or sys.stdout, CLEAN
    unnamed = "full" if stream.isatty() else "concise"
    outputs = [Output(name or ("concise" if file is not None else unnamed), file) for name, file in _outputs(asked)]
    report = _telling(report, {name for name, _ in outputs}, asked)
    for name, file in outputs:
        if file is not None:
            look = Look(asked.color == "always", verbose=asked.verbose, statistics=asked.statistics)
            code = max(code, _written(file, _render(report, name, look)))
    for name, file in outputs:
        if file is None:
            look = Look(_colored(asked.color, stream), 0, asked.verbose, asked.statistics)
            _print(_render(report, name, look), stream)
    return code


def _written(file: str, parts: Iterable[str]) -> int:
    from gravity_lint.writing import write

    try:
        write(file, "".join(parts).encode("utf-8", "replace"))
    except OSError as error:
        _tell(f"cannot write {file}: {error.strerror or error}")
        return FAILED
    return CLEAN


def _code(report: Report, asked: Asked) -> int:
    return FOUND if _weighing(report, asked).failed and not asked.exit_zero else CLEAN


def _weighing(report: Report, asked: Asked) -> Report:
    """The report, failing on what the option says, if it says so."""
    if asked.fail_on is None:
        return report
    return report._replace(fail_on=asked.fail_on)


def _telling(report: Report, formats: set[str], asked: Asked) -> Report:
    """The report, with the wish for fixes; for a format that shows them, able to do so where there are some."""
    if formats == {"concise"} or all(violation.remedy is None for violation in report.violations):
        return report._replace(unsafe=asked.unsafe_fixes)
    from gravity_lint.mending import proposals

    return proposals(report, asked.unsafe_fixes)


def _mend(asked: Asked) -> int:
    """Judges, mends and writes; with `--diff` only shows what it would write."""
    from gravity_lint.mending import Wish, mending, write

    if asked.add_ignore is not None and not asked.add_ignore.isprintable():
        raise Misuse("--add-ignore takes a reason of one line")
    if asked.write_baseline is not None or asked.prune_baseline:
        raise Misuse("a baseline is written without fixes; mend first, and then write it")
    options = _options(asked, None)
    overlay = options.overlay
    fix = asked.fix or asked.fix_only or asked.add_ignore is None
    found = mending(options, Wish(fix, asked.unsafe_fixes, asked.add_ignore, frozenset(overlay) or None))
    for refusal in found.refused:
        _note(refusal.violation, refusal.reason)
    if found.exhausted:
        _tell("not everything could be mended at once; run it again")
    if asked.diff:
        return _crashed(found.report) or _show(found, asked)
    failed: list[tuple[str, str]] = []
    report, stream = found.report, None
    if overlay:
        (path, text), stream = next(iter(overlay.items())), sys.stderr
        sys.stdout.buffer.write(found.files[path][1] if path in found.files else text)
        sys.stdout.buffer.flush()
    elif found.files:
        report, failed = write(found, options)
    for path, reason in failed:
        _tell(f"{_relative(path)} {reason}")
    unsaid = _said(report, asked, stream)
    return _crashed(report) or (FAILED if failed else unsaid) or (CLEAN if asked.fix_only else _code(report, asked))


def _said(report: Report, asked: Asked, stream: TextIO | None) -> int:
    from gravity_lint.report.text import fixed

    code = CLEAN if asked.fix_only else _say(report, asked, stream)
    if asked.show_fixes:
        _print((line + "\n" for line in fixed(report)), stream or sys.stderr)
    return code


def _show(found: Mending, asked: Asked) -> int:
    """The diff of what would be written."""
    from gravity_lint.mending import diffs
    from gravity_lint.report.text import counted

    lines = list(diffs(found, _relative))
    _print(lines)
    if lines:
        _tell(f"would fix {counted(len(found.report.fixed), 'violation')}")
    return FOUND if lines else CLEAN


def _relative(path: str) -> str:
    from gravity_lint.report.text import relative

    return relative(path)


def _note(violation: Violation, reason: str) -> None:
    from gravity_lint.report.text import where

    _tell(f"{where(violation.place)}: {violation.code} not fixed: {reason}")


def judged(asked: Asked) -> Report:
    """What is found of what was asked for; told again where an earlier run has found it and nothing has changed."""
    from gravity_lint.remember import remembered

    asked = _saved(asked)
    return remembered(_cache(asked), _question(asked), lambda parts: _judged(asked, parts))


def _saved(asked: Asked) -> Asked:
    """The same without standard input where that is what its file holds: an editor asks when it has saved."""
    if asked.stdin_filename is None or ("-" not in asked.paths and asked.stdin is None):
        return asked
    text = sys.stdin.buffer.read() if asked.stdin is None else asked.stdin
    try:
        same = os.path.isfile(asked.stdin_filename) and _content(asked.stdin_filename) == text
    except (OSError, ValueError):
        same = False
    if not same:
        return asked._replace(stdin=text)
    given = tuple(path for path in asked.paths if path != "-")
    return asked._replace(paths=given or (asked.stdin_filename,), stdin_filename=None)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _judged(asked: Asked, parts: Parts | None) -> Report:
    from gravity_lint.run import run

    return run(_options(asked, parts))


def _options(asked: Asked, parts: Parts | None) -> Options:
    """What is asked for → what a run is told."""
    from gravity_lint.rulebook import unknown_selector
    from gravity_lint.run import Options

    places, overlay = _places(asked.paths, asked.stdin_filename, asked.stdin)
    config, known = _load(places, asked.config_file, asked.isolated)
    alone = asked.isolated or asked.config_file is not None
    named = asked.write_baseline or asked.baseline
    options = Options(
        places, config, _chosen(known, config, asked), overlay, jobs=asked.jobs, parts=parts, progress=_progress(),
        chosen=None if alone else lambda nearer: _chosen(known, nearer, asked),
        unknown=lambda words: unknown_selector(tuple(words), known),
        baseline=config.baseline if named is None else _absolute(named), anew=asked.write_baseline is not None)
    if asked.diff_base is None:
        return options
    from gravity_lint.against import compared

    return compared(options, _begun(asked.diff_base, places), _cache(asked))


def _begun(revision: str, places: Iterable[str | os.PathLike[str]]) -> Tree:
    """The tree with which the branch began. Raises `NoBase`."""
    from gravity_lint.against import begun

    return begun(revision, tuple(_absolute(os.fspath(place)) for place in places))


def _absolute(path: str) -> str:
    return os.path.abspath(path).replace(os.sep, "/")


def _show_what(asked: Asked) -> int:
    """Shows by what a run would go, and judges nothing."""
    from gravity_lint import showing
    from gravity_lint.run import seen

    options = _options(asked._replace(diff_base=None), None)
    found, configs = seen(options)
    shown: list[str] = []
    if asked.show_settings:
        words = {name: (f"--{name}", list(_listed(getattr(asked, name.replace("-", "_")))))
                 for name in ("select", "extend-select", "ignore")}
        given: dict[str, tuple[str, Any]] = {name: each for name, each in words.items() if each[1]}
        if asked.fail_on is not None:
            given["fail-on"] = ("--fail-on", asked.fail_on)
        if asked.baseline is not None:
            given["baseline"] = ("--baseline", asked.baseline)
        shown += showing.settings(configs, given)
    if asked.show_files:
        selected = ((files, [(file.path, file.role) for file in files.files if found.selected(file.path)])
                    for files in found.services)
        shown += ([""] if shown else []) + list(
            showing.files([(files.root, files.kind, members) for files, members in selected if members]))
    _print(line + "\n" for line in shown)
    return CLEAN


def show_keys(key: str | None, schema: bool) -> int:
    """Explains the keys of the configuration, or one; or gives their JSON Schema."""
    from gravity_lint.keys import BY_NAME, KEYS, explained

    if schema:
        import json

        from gravity_lint.keys import schema as made
        from gravity_lint.rulebook import load_rules

        if key is not None:
            raise Misuse("--schema is of all keys")
        rules = load_rules()
        document = made([rule.code for rule in rules], [rule.name for rule in rules])
        _print([json.dumps(document, ensure_ascii=False, indent=2) + "\n"])
        return CLEAN
    if key is not None and key not in BY_NAME:
        from gravity_lint.config import meant

        raise Mistake(f"unknown key {key!r}{meant(key, BY_NAME)} (`gravity-lint config` lists them)")
    wanted = KEYS if key is None else (BY_NAME[key],)
    _print(("" if index == 0 else "\n") + "".join(line + "\n" for line in explained(each))
           for index, each in enumerate(wanted))
    return CLEAN


def init(writes: bool) -> int:
    """Proposes what the repository around the current folder needs to begin with; writes it, if that is asked for."""
    from gravity_lint.beginning import lines, proposed, top_of, written
    from gravity_lint.record import altered
    from gravity_lint.run import run

    top = top_of(_absolute(os.curdir))
    asked = Asked((top,))
    report = run(altered(_options(asked, None), baseline=None))
    beginning = proposed(top, report)
    code, wrote = CLEAN, None
    if writes:
        done = list(written(beginning))
        wrote = [path for path, fault in done if not fault]
        for path, fault in done:
            if fault:
                _tell(f"cannot write {_relative(path)}: {fault}")
                code = FAILED
    _print(line + "\n" for line in lines(beginning, report, wrote))
    return _crashed(report) or code


def clean(cache_dir: str | None) -> int:
    """Removes the cache."""
    from gravity_lint.cache import Cache

    folder = _cache_folder(cache_dir)
    if folder is None:
        raise Mistake("there is no folder for caches; name one with --cache-dir")
    try:
        cleaned = Cache(folder).clean()
    except OSError as error:
        raise Mistake(f"cannot clean {folder}: {error.strerror or error}") from error
    what = f"Removed {cleaned.entries} entr{'y' if cleaned.entries == 1 else 'ies'} ({cleaned.size / 1e6:.1f} MB) from"
    _print([f"{what if cleaned.entries else 'Nothing to remove in'} {cleaned.folder}\n"])
    return CLEAN


def services(paths: tuple[str, ...], config_file: str | None, isolated: bool) -> int:
    """Shows what was taken for a service."""
    from gravity_lint.report.services import lines
    from gravity_lint.run import services as find

    places, _ = _places(paths)
    config, _ = _load(places, config_file, isolated)
    report = find(places, config)
    _print(line + "\n" for line in lines(report))
    return _crashed(report)


def _crashed(report: Report) -> int:
    for crash in report.crashes:
        print(f"gravity-lint: {crash}", file=sys.stderr)
    return FAILED if report.crashes else CLEAN


def list_rules() -> int:
    """Lists the rules."""
    from gravity_lint.rulebook import load_rules, sections

    rules = load_rules()
    width = max((len(rule.name) for rule in rules), default=0)
    shown: list[str] = []
    for section, members in sections(rules):
        shown.append(("\n" if shown else "") + section.title)
        shown += [f"  {rule.code}  {rule.name:<{width}}  {rule.severity:<7}  {rule.title}" for rule in members]
    _print(line + "\n" for line in shown)
    return CLEAN


def show_rule(rule: str, examples: bool) -> int:
    """Explains one rule."""
    from gravity_lint.rulebook import load_rules, unknown_selector

    rules = load_rules()
    found = next((each for each in rules if rule.upper() == each.code or rule == each.name), None)
    if found is None:
        reason = unknown_selector([rule], rules) or f"{rule!r} is the beginning of several codes; name one rule"
        raise Mistake(f"{reason} (`gravity-lint rules` lists them)")
    heading = f"{found.code} {found.name} ({found.severity})"
    page = found.page(examples)
    more = "" if examples else f"\nEvery example ({len(found.examples)}): gravity-lint rule {found.code} --examples"
    _print([f"{heading}\n{'=' * len(heading)}\n\n{page}\n\nAdvice: {found.advice}{more}\n"])
    return CLEAN


# ---- from options to values


def _places(paths: tuple[str, ...], stdin_filename: str | None = None,
            stdin: bytes | None = None) -> tuple[tuple[Path, ...], dict[str, bytes]]:
    """The paths to judge, and what stands in for files' content."""
    from pathlib import Path

    if stdin_filename is None:
        if "-" in paths:
            raise Misuse("`-` needs --stdin-filename, so that its service is known")
        return tuple(map(Path, paths)) or (Path(),), {}
    given = tuple(Path(path) for path in paths if path != "-")
    place = Path(os.path.abspath(stdin_filename))
    return given or (Path(stdin_filename),), {place.as_posix(): sys.stdin.buffer.read() if stdin is None else stdin}


def _cache(asked: Asked) -> Cache | None:
    """Where earlier runs are kept; None where this one has nothing to do with them."""
    from gravity_lint.cache import Cache

    folder = _cache_folder(asked.cache_dir)
    return None if asked.no_cache or asked.stdin_filename is not None or folder is None else Cache(folder)


def _cache_folder(asked: str | None) -> str | None:
    from gravity_lint.cache import default_folder

    return asked or os.environ.get("GRAVITY_LINT_CACHE_DIR") or default_folder()


def _question(asked: Asked) -> tuple[object, ...]:
    """All that the report of a `check` depends on but files and this program."""
    paths = [os.path.abspath(path) for path in asked.paths or (os.curdir,)]
    config = None if asked.config_file is None else os.path.abspath(asked.config_file)
    baseline = None if asked.baseline is None else _absolute(asked.baseline)
    base = None
    if asked.diff_base is not None and asked.stdin_filename is None:
        base = tuple(_begun(asked.diff_base, paths))
    return (paths, _listed(asked.select), _listed(asked.ignore), _listed(asked.extend_select), config, asked.isolated,
            baseline, base)


def _load(places: tuple[Path, ...], explicit: str | None, isolated: bool) -> tuple[Config, tuple[Rule, ...]]:
    from pathlib import Path

    from gravity_lint.config import load
    from gravity_lint.rulebook import load_rules, unknown_selector

    if explicit is not None and isolated:
        raise Misuse("--config and --isolated exclude each other")
    rules = load_rules()
    file = None if explicit is None else Path(explicit)
    return load(places[0], file, isolated, lambda words: unknown_selector(tuple(words), rules)), rules


def _listed(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for value in values for word in value.replace(",", " ").split())


def _chosen(rules: tuple[Rule, ...], config: Config, asked: Asked) -> tuple[Rule, ...]:
    """The rules to run: `--select` replaces the configuration's, the others add to it."""
    from gravity_lint.rulebook import choose, unknown_selector

    select, ignore, extend = _listed(asked.select), _listed(asked.ignore), _listed(asked.extend_select)
    for option, words in (("--select", select), ("--ignore", ignore), ("--extend-select", extend)):
        if reason := unknown_selector(words, rules):
            raise Misuse(f"{option}: {reason}")
    return choose(rules, select or config.select, (*config.extend_select, *extend), (*config.ignore, *ignore))


# ---- from a report to a stream


def _render(report: Report, name: str, look: Look) -> Iterable[str]:
    import importlib

    module, _, function = FORMATS[name].partition(":")
    render = cast("Callable[[Report, Look], Iterable[str]]", getattr(importlib.import_module(module), function))
    return render(report, look)


def _colored(color: str, stream: TextIO) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] != "0"
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _progress() -> Progress | None:
    """What shows how far a long run is; none where nobody sees it, or it could not be rubbed out."""
    if os.environ.get("CI") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty():
        return None
    from gravity_lint.progress import Progress

    return Progress(sys.stderr)


def _print(parts: Iterable[str], to: TextIO | None = None) -> None:
    """Writes UTF-8 whatever the locale says, as far as the stream can take it."""
    stream = (to or sys.stdout).buffer
    for part in parts:
        stream.write(part.encode("utf-8", "replace"))
    stream.flush()
