"""The console script: tells the version before anything dear is imported, and leaves the rest to the commands."""

import os
import sys

from gravity_lint import __version__


def main() -> None:
    """Runs what the command line asks for; raises `SystemExit` with the exit code where that is not 0."""
    if sys.argv[1:] not in (["--version"], ["-V"]):
        from gravity_lint.cli import main as commands

        commands()
        return
    try:
        print(f"gravity-lint {__version__}", flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python tries once more when it ends
        if not isinstance(error, BrokenPipeError):
            print(f"gravity-lint: cannot write: {error.strerror}", file=sys.stderr)
        sys.exit(2)
