"""One walk over a tree: the folders and files that can matter, without what git, a package manager or a tool made."""

from __future__ import annotations

import os
import stat
from io import StringIO
from operator import attrgetter

from gravity_lint import inputs
from gravity_lint.discover.ignore import Layer, Patterns, leaves_out, left_out
from gravity_lint.discover.values import Trouble
from gravity_lint.regex import regex

KINDS = {
    "py": "python", "pyw": "python", "yml": "yaml", "yaml": "yaml", "ini": "ini", "cfg": "ini", "md": "markdown",
    "markdown": "markdown", "sql": "sql", "toml": "toml", "sh": "shell", "bash": "shell", "ps1": "shell", "env": "env",
    "dockerfile": "dockerfile", "containerfile": "dockerfile", "rst": "other", "txt": "other", "tpl": "other",
    "j2": "other", "template": "other", "mako": "other",
}
NAMES = {"dockerfile": "dockerfile", "containerfile": "dockerfile", "procfile": "other", "pipfile": "other",
         "makefile": "other"}
MADE = {"node_modules", "site-packages", "__pycache__", "__pypackages__", "build", "dist", "vendor", "vendored",
        "_vendor", "third_party", "generated", "htmlcov"}
"""Folders that hold what somebody else wrote or a program made."""
TESTS = {"tests", "test", "testing", "test_", "__tests__", "fixtures", "testdata"}
SPECIMENS = {"fixtures", "testdata"}
"""Folders of trees that are there to be looked at: when one of those is asked for, nothing above it is of interest."""

_MARKS = {".git", ".gitignore", "pyvenv.cfg"}
_MAX_PATTERNS = 20_000_000
_GENERATED = ("_pb2.py", "_pb2.pyw", "_pb2_grpc.py", "_pb2_grpc.pyw")
_TEST_FILE = regex(r"(test_.*|.*_test|tests|conftest)\.pyw?$")
_NUMBERED = regex(r"[0-9]+_.*\.py$")


def _seen(entry: os.DirEntry[str]) -> bool:
    """Whether an entry can change what a walk brings; patterns are not asked."""
    name = entry.name
    if name in _MARKS:
        return True
    return _entered(name) if entry.is_dir(follow_symlinks=False) else kind_of(name) != ""


def _entered(name: str) -> bool:
    """Whether a folder of this name is entered where no pattern leaves it out.

    Not with `{{`: a template of a tree, whose files are no code before they are filled in.
    """
    return name[0] != "." and name not in MADE and "{{" not in name


WALKED = inputs.Lens("walked", _seen)
"""What counts of a folder that is walked."""


class Folder:
    """One folder: what stands in it, and what its place in the tree says about it."""

    __slots__ = "files", "folders", "migrations", "test"

    def __init__(self, test: bool = False, migrations: bool = False) -> None:
        self.files: list[str] = []
        self.folders: list[str] = []
        self.test = test
        self.migrations = migrations


class Tree:
    """A walked tree; folders are named by their path relative to the root, which is itself the empty string."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.folders: dict[str, Folder] = {}
        self.troubles: list[Trouble] = []
        self.kinds: dict[str, str] = {}
        """What `kind_of` said of names."""

    def kind(self, name: str) -> str:
        """A file's kind."""
        return self.kinds.get(name) or kind_of(name)

    def absolute(self, folder: str, name: str = "") -> str:
        path = self.root.rstrip("/")
        if folder:
            path = f"{path}/{folder}"
        return f"{path}/{name}" if name else path or "/"


def kind_of(name: str) -> str:
    """A file's name → its kind; empty for a file that is of no interest."""
    lower = name.lower()
    head, _, ending = lower.rpartition(".")
    if ending == "py" and head and not head.startswith(".env"):  # nearly all that is asked of
        return "" if lower.endswith(_GENERATED) else "python"
    if lower.startswith(".env"):
        return "env"
    if kind := KINDS.get(ending) if head else NAMES.get(lower):
        return "" if kind == "python" and lower.endswith(_GENERATED) else kind
    return NAMES.get(lower.partition(".")[0], "") if lower.startswith(("dockerfile.", "containerfile.")) else ""


def role_of(tree: Tree, path: str, name: str) -> str:
    """The role of the file of this name in this folder."""
    folder = tree.folders[path]
    if folder.test:
        return "test"
    if not name.endswith((".py", ".pyw")):
        return "code"
    if _TEST_FILE.match(name):
        return "test"
    if name == "env.py" and ("script.py.mako" in folder.files or "versions" in folder.folders):
        return "migration"
    if folder.migrations and (_in_versions(path) or _NUMBERED.match(name)):
        return "migration"
    return "code"


def _in_versions(path: str) -> bool:
    return "versions" in path.split("/")


def walk(root: str, excluded: Layer | None = None, start: str = "", tree: Tree | None = None) -> Tree:
    """Walks the tree at an absolute path. Never follows a link to a folder, never opens a file but `.gitignore`.

    `excluded` is what the configuration leaves out. With `start`, a folder below the root that the walk left out is
    walked after all and added to the `tree`.
    """
    tree = tree or Tree(root)
    outer = () if start else _outer_layers(root)
    stack: list[tuple[str, tuple[Layer, ...]]] = [(start, outer)]
    while stack:
        path, layers = stack.pop()
        _enter(tree, path, layers, excluded, stack)
    return tree


def _enter(tree: Tree, path: str, layers: tuple[Layer, ...], excluded: Layer | None,
           stack: list[tuple[str, tuple[Layer, ...]]]) -> None:
    """Reads one folder into the tree and puts those below it on the stack."""
    absolute = tree.absolute(path)
    try:
        entries = sorted(inputs.scan(absolute, WALKED), key=attrgetter("name"))
    except OSError as error:
        tree.troubles.append(Trouble(absolute, 1, f"is a folder that cannot be read: {error.strerror or error}"))
        return
    names = {entry.name for entry in entries}
    if path and "pyvenv.cfg" in names:
        return
    prefix = f"{path}/" if path else ""
    for own in ((".gitignore", ".git/info/exclude") if ".git" in names else (".gitignore",)):
        if own.partition("/")[0] in names and (patterns := _patterns(f"{absolute.rstrip('/')}/{own}")):
            layers = (*layers, Layer(patterns, "", len(prefix)))
    folder = tree.folders[path] = placed(tree, path)
    consulted = (*layers, excluded) if excluded else layers
    for entry in entries:
        name = entry.name
        inner = prefix + name
        if entry.is_dir(follow_symlinks=False):
            if not _entered(name) or (consulted and left_out(consulted, inner, True)):
                continue
            if name.endswith(".py"):
                message = "is a folder named like a Python file; the files in it are judged"
                tree.troubles.append(Trouble(tree.absolute(inner), 1, message))
            folder.folders.append(name)
            stack.append((inner, layers))
        elif (kind := kind_of(name)) and not (consulted and left_out(consulted, inner, False)) \
                and _regular(tree, entry):
            tree.kinds[name] = kind
            folder.files.append(name)


def placed(tree: Tree, path: str) -> Folder:
    """A new folder with what its name and its parents say about it."""
    if not path:
        return Folder()
    above, _, name = path.rpartition("/")
    parent = tree.folders.get(above, Folder())
    named = name in ("migrations", "alembic")
    versions = name == "versions" and (parent.migrations or "env.py" in parent.files
                                       or "script.py.mako" in parent.files)
    return Folder(test=parent.test or name in TESTS, migrations=parent.migrations or named or versions)


def _regular(tree: Tree, entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file to read; a broken link, a pipe or a device under a file's name is a trouble."""
    if entry.is_file(follow_symlinks=False):
        return True
    path = entry.path.replace(os.sep, "/")
    try:
        inputs.state(path)
        mode = os.stat(path).st_mode
    except OSError as error:
        if entry.is_symlink():
            tree.troubles.append(Trouble(path, 1, f"is a broken link: {error.strerror or error}"))
        return False
    if stat.S_ISDIR(mode):
        return False
    if not stat.S_ISREG(mode):
        tree.troubles.append(Trouble(path, 1, "is not a regular file"))
        return False
    inside = inputs.resolved(tree.root).replace(os.sep, "/").rstrip("/") + "/"
    return inputs.resolved(path).replace(os.sep, "/").startswith(inside)


def _patterns(path: str) -> Patterns | None:
    try:
        text = inputs.read(path, _MAX_PATTERNS).decode("utf-8", "replace")
    except (OSError, ValueError, inputs.NotRegular):
        return None
    return Patterns(StringIO(text, newline=None)) or None


def _outer_layers(root: str) -> tuple[Layer, ...]:
    """The ignore files above a root, up to the top of its git repository; none where those leave out the root."""
    if inputs.lexists(f"{root}/.git"):
        return ()
    layers: list[Layer] = []
    here, names = root, ""
    while True:
        above, _, name = here.rpartition("/")
        if not name:
            return ()
        names = f"{name}/{names}"
        here = above
        if patterns := _patterns(f"{here}/.gitignore"):
            layers.append(Layer(patterns, names, 0))
        if inputs.lexists(f"{here}/.git"):
            if patterns := _patterns(f"{here}/.git/info/exclude"):
                layers.append(Layer(patterns, names, 0))
            break
    if any(leaves_out(layer.patterns, layer.prefix.rstrip("/"), True) for layer in layers):
        return ()
    return tuple(reversed(layers))
