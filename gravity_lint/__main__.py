"""`python -m gravity_lint`, the same as the command."""

import sys

if __package__ and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # the current directory, often the tree to be judged: a `click` or `yaml` in it must not be run

from gravity_lint.cli import main

main()
