"""`python -m gravity_lint`, the same as the command."""

import os
import sys

# `-m` puts the current folder first on the path, and that is the tree to be judged: no `yaml` in it must be imported.
_here = os.path.realpath(sys.path[0] or os.curdir)
if _here == os.path.realpath(os.curdir) and _here != os.path.dirname(os.path.dirname(os.path.realpath(__file__))):
    del sys.path[0]

from gravity_lint.start import main  # noqa: E402 (only now is it safe to import anything)

main()
