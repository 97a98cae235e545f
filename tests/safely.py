"""How an interpreter is started that does not import from the folder it is started in."""

import sys

SAFELY = "-P" if sys.version_info >= (3, 11) else "-I"
"""Before Python 3.11 only what also leaves out the environment does that."""
