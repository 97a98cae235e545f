"""What discovery says: files, the services they belong to, and what it stumbled over."""

from __future__ import annotations

from gravity_lint.record import NamedTuple


class File(NamedTuple):
    """One file to judge. Alembic's `env.py` has the role `migration` like the revisions beside it."""

    path: str
    """Absolute, with `/`."""
    kind: str
    """python, yaml, ini, dockerfile, markdown, sql, toml, shell, env or other."""
    role: str
    """code, test or migration."""


class ServiceFiles(NamedTuple):
    """A service, a shared library, or (kind `repository`) what belongs to neither: compose files, stray scripts."""

    root: str
    """Absolute, with `/`. A root that holds `__init__.py` is itself the package."""
    kind: str
    """service, library or repository."""
    why: tuple[str, ...]
    """The evidence, to be read by people."""
    files: tuple[File, ...]
    imports_from: tuple[str, ...]
    """The roots of the shared libraries of the same tree."""


class Trouble(NamedTuple):
    """What cannot be judged; the message goes on from the words "this file"."""

    path: str
    line: int
    message: str


class Selection(NamedTuple):
    """The absolute paths that were asked for; called with a path, says whether findings there are wanted."""

    paths: frozenset[str]

    def __call__(self, path: str) -> bool:
        if path in self.paths:
            return True
        end = path.rfind("/")
        while end > 0:
            if path[:end] in self.paths:
                return True
            end = path.rfind("/", 0, end)
        return "/" in self.paths


class Discovery(NamedTuple):
    """Every service of every tree that was asked for, and which of their files are to be reported."""

    services: tuple[ServiceFiles, ...]
    selected: Selection
    troubles: tuple[Trouble, ...]


class NoSuchPath(Exception):
    """A path that was asked for and is not there."""
