"""The commands' options, read with click; what they do is in `commands`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from gravity_lint import __version__, commands
from gravity_lint.commands import CLEAN, FAILED, FOUND, Asked, Misuse, guarded, is_format
from gravity_lint.formats import FORMATS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_EPILOG = f"""\
\b
Exit codes:
  {CLEAN}  nothing was found, or only notes
  {FOUND}  errors or warnings were found
  {FAILED}  a mistake in use or configuration, or a fault of this program"""


def _guarded(command: Callable[..., int]) -> Callable[..., None]:
    """A command that ends the process with its exit code."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            code = guarded(lambda: command(*args, **kwargs))
        except Misuse as misuse:
            raise click.UsageError(str(misuse)) from None
        if code:
            sys.exit(code)

    return wrapper


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=_EPILOG)
@click.version_option(__version__, "-V", "--version", message="gravity-lint %(version)s")
def cli() -> None:
    """Finds, file and line, where a Python service brings, creates or hardcodes its database.

    It reads code and never runs or imports it; it needs no database, no network and no configuration.
    """


_PATHS = click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...")
_CONFIG = (
    click.option("--config", "config_file", metavar="FILE", type=click.Path(),
                 help="Use this configuration, whatever files lie around."),
    click.option("--isolated", is_flag=True, help="Use no configuration file at all."),
)
_COLOR = click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto",
                      help="Colours: auto obeys NO_COLOR, FORCE_COLOR and the terminal.")


_CACHE_DIR = click.option("--cache-dir", metavar="DIR", type=click.Path(),
                          help="Where earlier runs are kept. [default: GRAVITY_LINT_CACHE_DIR, or the user's caches]")


def _some_rules(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """What may stand for a rule behind the last comma, for the shell's completion."""
    from click.shell_completion import CompletionItem

    from gravity_lint.rulebook import load_rules

    before, comma, word = begun.rpartition(",")
    return [CompletionItem(before + comma + known, help=rule.title) for rule in load_rules()
            for known in (rule.code, rule.name) if known.lower().startswith(word.lower())]


def _some_keys(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from gravity_lint.keys import KEYS

    return [CompletionItem(key.name, help=key.help) for key in KEYS if key.name.startswith(begun)]


def _some_formats(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in FORMATS if name.startswith(begun)]


def _formats(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """What stands behind `--output-format`, each time a format and perhaps the file for it."""
    for word in words:
        if not is_format(word):
            name, _, _ = word.partition(":")
            raise click.BadParameter(f"{word!r} has no file behind the colon" if name in FORMATS else
                                     f"{name!r} is not one of {', '.join(FORMATS)}")
    return words


_CHECK = (
    click.option("--output-format", "-f", metavar="FORMAT[:FILE]", multiple=True, callback=_formats,
                 shell_complete=_some_formats,
                 help=f"How to say it, and to which file, several times if need be: {', '.join(FORMATS)}. "
                      "[default: full on a terminal, concise elsewhere]"),
    click.option("--output-file", "-o", metavar="FILE", type=click.Path(),
                 help="Write to FILE and say nothing."),
    click.option("--select", metavar="RULES", multiple=True, shell_complete=_some_rules,
                 help="Only these rules: codes, beginnings of codes, names; commas between."),
    click.option("--ignore", metavar="RULES", multiple=True, shell_complete=_some_rules, help="Not these rules."),
    click.option("--extend-select", metavar="RULES", multiple=True, shell_complete=_some_rules,
                 help="These rules as well."),
    click.option("--unsafe-fixes", is_flag=True, help="Count and apply fixes that a person must look at, too."),
    click.option("--diff", is_flag=True, help="Show what fixes would change, and write nothing."),
    click.option("--fix-only", is_flag=True, help="Apply fixes, and say nothing of what is left."),
    click.option("--show-fixes", is_flag=True, help="List what was fixed."),
    click.option("--add-ignore", metavar="REASON", help="Write suppressions for what is left, with this reason."),
    click.option("--verbose", "-v", is_flag=True,
                 help="In full, show each violation, also those that say the same as another."),
    click.option("--exit-zero", is_flag=True, help="Exit 0 although something was found."),
    click.option("--statistics", is_flag=True, help="Count what was found by rule."),
    click.option("--baseline", metavar="FILE", type=click.Path(),
                 help="Say nothing of the violations that FILE knows."),
    click.option("--diff-base", metavar="REV",
                 help="Say only what is new since the branch left REV, a revision of git."),
    click.option("--fail-on", type=click.Choice(["error", "warning", "note", "never"]),
                 help="The least severity that makes the command fail. [default: warning]"),
    *_CONFIG,
    click.option("--no-cache", is_flag=True, help="Read every file afresh, and keep nothing for the next run."),
    _CACHE_DIR,
    click.option("--jobs", "-j", metavar="N", type=click.IntRange(1, 999),
                 help="Processes that judge services. [default: one for each processor, where that pays]"),
    click.option("--stdin-filename", metavar="FILE", type=click.Path(),
                 help="Take standard input for the content of FILE (an editor's unsaved text)."),
    _COLOR,
)


def _options(of: tuple[Callable[..., Any], ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that gives a command these options."""
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(of):
            command = option(command)
        return command
    return decorate


@cli.command(epilog=_EPILOG)
@_PATHS
@click.option("--fix", is_flag=True, help="Apply safe fixes, and say what is left.")
@click.option("--write-baseline", metavar="FILE", type=click.Path(),
              help="Write all that is found to FILE, as known violations.")
@click.option("--prune-baseline", is_flag=True, help="Take out of the baseline what is mended.")
@click.option("--show-settings", is_flag=True, help="Show what is configured, and where; judge nothing.")
@click.option("--show-files", is_flag=True, help="Show which files are judged, by service; judge nothing.")
@_options(_CHECK)
@_guarded
def check(**given: Any) -> int:
    """Judge the services under PATHS (default: the current directory).

    PATHS choose what is reported; a rule always sees the whole service around them. Notes are shown, but do not make
    the command fail.
    """
    return commands.check(Asked(**given))


@cli.command(epilog=_EPILOG)
@_PATHS
@_options(_CHECK)
@_guarded
def fix(**given: Any) -> int:
    """Mend the services under PATHS: the same as `check --fix`."""
    return commands.check(Asked(**given, fix=True))


@cli.command("rules")
@_guarded
def list_rules() -> int:
    """List the rules."""
    return commands.list_rules()


@cli.command("rule")
@click.argument("rule", metavar="RULE", shell_complete=_some_rules)
@_guarded
@click.option("--examples", is_flag=True, help="Show every example.")
def show_rule(rule: str, examples: bool) -> int:
    """Explain RULE: why it is there, how to mend it, with examples."""
    return commands.show_rule(rule, examples)


@cli.command()
@_PATHS
@_options(_CONFIG)
@_guarded
def services(paths: tuple[str, ...], config_file: str | None, isolated: bool) -> int:
    """Show what under PATHS was taken for a service, and why."""
    return commands.services(paths, config_file, isolated)


@cli.command()
@click.option("--write", "writes", is_flag=True, help="Write the files that are not there yet.")
@_guarded
def init(writes: bool) -> int:
    """Propose a configuration, a pre-commit hook and a CI job for the repository around."""
    return commands.init(writes)


@cli.command("config")
@click.argument("key", required=False, shell_complete=_some_keys)
@click.option("--schema", is_flag=True, help="The JSON Schema of the configuration, for editors.")
@_guarded
def show_keys(key: str | None, schema: bool) -> int:
    """Explain the keys of the configuration, or one KEY."""
    return commands.show_keys(key, schema)


@cli.command()
@_CACHE_DIR
@_guarded
def clean(cache_dir: str | None) -> int:
    """Remove what earlier runs have kept."""
    return commands.clean(cache_dir)


def main() -> None:
    """The console script. A reader that goes away is no mistake."""
    try:
        cli(prog_name="gravity-lint")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
