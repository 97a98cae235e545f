"""The commands, their options and exit codes; nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from gravity_lint import __version__

if TYPE_CHECKING:
    from gravity_lint.config import Config
    from gravity_lint.report import Report
    from gravity_lint.rulebook import Rule

FORMATS = ("concise", "full", "json")
CLEAN, FOUND, FAILED = 0, 1, 2

_EPILOG = f"""\
\b
Exit codes:
  {CLEAN}  nothing was found, or only notes
  {FOUND}  errors or warnings were found
  {FAILED}  a mistake in use or configuration, or a fault of this program"""


def _guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what can go wrong into one line and exit code 2."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (click.exceptions.Exit, click.ClickException, click.Abort, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            if _is_mistake(error):
                raise _Mistake(str(error)) from error
            if os.environ.get("GRAVITY_LINT_DEBUG"):
                raise
            what = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise _Mistake(f"internal error: {what}; please report it (GRAVITY_LINT_DEBUG=1 shows where)") from error

    return wrapper


def _is_mistake(error: Exception) -> bool:
    """Whether this is the user's to mend; what could raise it is imported only now, since most commands do not fail."""
    from gravity_lint.config import ConfigError
    from gravity_lint.discover import NoSuchPath
    from gravity_lint.rulebook import RuleError

    return isinstance(error, (ConfigError, NoSuchPath, RuleError))


class _Mistake(click.ClickException):
    exit_code = FAILED

    def show(self, file: Any = None) -> None:
        from gravity_lint.mask import mask

        click.echo(f"gravity-lint: {mask(self.message)}", file=file or sys.stderr)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=_EPILOG)
@click.version_option(__version__, "-V", "--version", message="gravity-lint %(version)s")
def cli() -> None:
    """Finds, file and line, where a Python service brings, creates or hardcodes its database.

    It reads code and never runs or imports it; it needs no database, no network and no configuration.
    """


_PATHS = click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...")
_CONFIG = (
    click.option("--config", "config_file", metavar="FILE", type=click.Path(path_type=Path),
                 help="Use this configuration, whatever files lie around."),
    click.option("--isolated", is_flag=True, help="Use no configuration file at all."),
)
_COLOR = click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto",
                      help="Colours: auto obeys NO_COLOR, FORCE_COLOR and the terminal.")


def _config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_CONFIG):
        command = option(command)
    return command


@cli.command(epilog=_EPILOG)
@_PATHS
@click.option("--output-format", "-f", type=click.Choice(FORMATS),
              help="How to say it. [default: full on a terminal, concise elsewhere]")
@click.option("--output-file", "-o", metavar="FILE", type=click.Path(path_type=Path),
              help="Write to FILE and say nothing.")
@click.option("--select", metavar="RULES", multiple=True,
              help="Only these rules: codes, beginnings of codes, names; commas between.")
@click.option("--ignore", metavar="RULES", multiple=True, help="Not these rules.")
@click.option("--extend-select", metavar="RULES", multiple=True, help="These rules as well.")
@click.option("--verbose", "-v", is_flag=True,
              help="In full, show each violation, also those that say the same as another.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 although something was found.")
@click.option("--statistics", is_flag=True, help="Count what was found by rule.")
@_config_options
@click.option("--no-cache", is_flag=True, help="Read every file afresh.")
@click.option("--stdin-filename", metavar="FILE", type=click.Path(),
              help="Take standard input for the content of FILE (an editor's unsaved text).")
@_COLOR
@_guarded
def check(paths: tuple[str, ...], output_format: str | None, output_file: Path | None, select: tuple[str, ...],
          ignore: tuple[str, ...], extend_select: tuple[str, ...], verbose: bool, exit_zero: bool, statistics: bool,
          config_file: Path | None, isolated: bool, no_cache: bool, stdin_filename: str | None, color: str) -> None:
    """Judge the services under PATHS (default: the current directory).

    PATHS choose what is reported; a rule always sees the whole service around them. Notes are shown, but do not make
    the command fail.
    """
    from gravity_lint.run import Options, run

    places, overlay = _places(paths, stdin_filename)
    config, known = _load(places, config_file, isolated)
    rules = _chosen(known, config, _listed(select), _listed(ignore), _listed(extend_select))
    report = run(Options(places, config, rules, overlay))
    if output_file is not None:
        chosen = output_format or "concise"
        _write(output_file, "".join(_render(report, chosen, verbose, statistics, color == "always", 100)))
    else:
        colored = _colored(color, sys.stdout)
        chosen = output_format or ("full" if sys.stdout.isatty() else "concise")
        _print(_render(report, chosen, verbose, statistics, colored, _width()))
    for crash in report.crashes:
        click.echo(f"gravity-lint: {crash}", err=True)
    if report.crashes:
        sys.exit(FAILED)
    sys.exit(FOUND if report.failed and not exit_zero else CLEAN)


@cli.command("rules")
@_guarded
def list_rules() -> None:
    """List the rules."""
    from gravity_lint.rulebook import load_rules, sections

    rules = load_rules()
    width = max((len(rule.name) for rule in rules), default=0)
    shown: list[str] = []
    for section, members in sections(rules):
        shown.append(("\n" if shown else "") + section.title)
        shown += [f"  {rule.code}  {rule.name:<{width}}  {rule.severity:<7}  {rule.title}" for rule in members]
    _print(line + "\n" for line in shown)


@cli.command("rule")
@click.argument("rule", metavar="RULE")
@_guarded
@click.option("--examples", is_flag=True, help="Show every example.")
def show_rule(rule: str, examples: bool) -> None:
    """Explain RULE: why it is there, how to mend it, with examples."""
    from gravity_lint.rulebook import load_rules, unknown_selector

    rules = load_rules()
    found = next((each for each in rules if rule.upper() == each.code or rule == each.name), None)
    if found is None:
        reason = unknown_selector([rule], rules) or f"{rule!r} is the beginning of several codes; name one rule"
        raise _Mistake(f"{reason} (`gravity-lint rules` lists them)")
    heading = f"{found.code} {found.name} ({found.severity})"
    page = found.page(examples)
    more = "" if examples else f"\nEvery example ({len(found.examples)}): gravity-lint rule {found.code} --examples"
    _print([f"{heading}\n{'=' * len(heading)}\n\n{page}\n\nAdvice: {found.advice}{more}\n"])


@cli.command()
@_PATHS
@_config_options
@_guarded
def services(paths: tuple[str, ...], config_file: Path | None, isolated: bool) -> None:
    """Show what under PATHS was taken for a service, and why."""
    from gravity_lint.report.services import lines
    from gravity_lint.run import services as find

    places, _ = _places(paths, None)
    config, _ = _load(places, config_file, isolated)
    report = find(places, config)
    _print(line + "\n" for line in lines(report))
    for crash in report.crashes:
        click.echo(f"gravity-lint: {crash}", err=True)
    if report.crashes:
        sys.exit(FAILED)


# ---- from options to values


def _places(paths: tuple[str, ...], stdin_filename: str | None) -> tuple[tuple[Path, ...], dict[str, bytes]]:
    """The paths to judge, and what stands in for files' content."""
    if stdin_filename is None:
        if "-" in paths:
            raise click.UsageError("`-` needs --stdin-filename, so that its service is known")
        return tuple(map(Path, paths)) or (Path(),), {}
    given = tuple(Path(path) for path in paths if path != "-")
    place = Path(os.path.abspath(stdin_filename))
    return given or (Path(stdin_filename),), {place.as_posix(): sys.stdin.buffer.read()}


def _load(places: tuple[Path, ...], explicit: Path | None, isolated: bool) -> tuple[Config, tuple[Rule, ...]]:
    from gravity_lint.config import load
    from gravity_lint.rulebook import load_rules, unknown_selector

    if explicit and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    rules = load_rules()
    return load(places[0], explicit, isolated, lambda words: unknown_selector(tuple(words), rules)), rules


def _listed(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for value in values for word in value.replace(",", " ").split())


def _chosen(rules: tuple[Rule, ...], config: Config, select: tuple[str, ...], ignore: tuple[str, ...],
            extend: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules to run: `--select` replaces the configuration's, the others add to it."""
    from gravity_lint.rulebook import choose, unknown_selector

    for option, words in (("--select", select), ("--ignore", ignore), ("--extend-select", extend)):
        if reason := unknown_selector(words, rules):
            raise click.UsageError(f"{option}: {reason}")
    return choose(rules, select or config.select, (*config.extend_select, *extend), (*config.ignore, *ignore))


# ---- from a report to a stream


def _render(report: Report, output_format: str, verbose: bool, statistics: bool, color: bool,
            width: int) -> Iterator[str]:
    if output_format == "json":
        from gravity_lint.report.json import render

        yield render(report)
        return
    if output_format == "full":
        from gravity_lint.report import full

        yield from (line + "\n" for line in full.lines(report, color, width, verbose))
    else:
        from gravity_lint.report import concise

        yield from (line + "\n" for line in concise.lines(report))
    if statistics:
        from gravity_lint.report.statistics import lines

        yield from (line + "\n" for line in lines(report))


def _colored(color: str, stream: TextIO) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] != "0"
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _width() -> int:
    import shutil

    return max(50, shutil.get_terminal_size((100, 24)).columns)


def _print(parts: Iterable[str]) -> None:
    """Writes UTF-8 whatever the locale says, as far as the stream can take it."""
    stream = sys.stdout.buffer
    for part in parts:
        stream.write(part.encode("utf-8", "replace"))
    stream.flush()


def _write(path: Path, text: str) -> None:
    """Writes the file beside its place and moves it there, so that it is never half there."""
    import tempfile

    try:
        if path.exists() and not path.is_file():  # a device or a pipe
            path.write_bytes(text.encode("utf-8", "replace"))
            return
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8", "replace"))
            os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise _Mistake(f"cannot write {path}: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def main() -> None:
    """The console script. A reader that goes away is no mistake."""
    try:
        cli(prog_name="gravity-lint")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
