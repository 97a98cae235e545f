"""`python -m gravity_lint`, the same as the command."""

from gravity_lint.cli import main

main()
