"""The console script: answers what is plainly asked without importing anything that it does not need."""

import gc
import os
import sys

from gravity_lint import __version__

GARBAGE = (100_000, 50, 50)
"""Objects between two searches for garbage: nearly all that is made here lives on, and searching took a fifth."""


def main() -> None:
    """Runs what the command line asks for and ends the process. A reader that goes away is no mistake."""
    words = sys.argv[1:]
    gc.set_threshold(*GARBAGE)
    try:
        code = _version() if words in (["--version"], ["-V"]) else _check(words)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python tries once more when it ends
        code = 2
    if code is None:
        from gravity_lint.cli import main as commands

        commands()
    sys.exit(code)


def _end_with(code: int) -> None:
    """Lets the process end as it stands: what is known of a large service would take seconds to be taken apart."""
    import atexit

    def leave() -> None:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # Python says what is wrong
        os._exit(code)

    atexit.register(leave)


def _version() -> int:
    try:
        print(f"gravity-lint {__version__}", flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        print(f"gravity-lint: cannot write: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _check(words: list[str]) -> "int | None":
    """The exit code of a plain `check`; None where click must read the words, or say what is wrong with them."""
    if words[:1] != ["check"] or sys.platform == "win32":  # where a command must expand patterns in paths itself
        return None
    from gravity_lint import commands

    asked = commands.plain(words[1:])
    if asked is None:
        return None
    gc.disable()  # what is found out lives as long as it is needed, and a twentieth of the time went into looking
    try:
        code = commands.guarded(lambda: commands.check(asked))
        _end_with(code)
        return code
    except commands.Misuse:
        gc.enable()
        return None
    except KeyboardInterrupt:
        print("\nAborted!", file=sys.stderr)
        return 1
