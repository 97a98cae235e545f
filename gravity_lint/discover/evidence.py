"""What the files of one folder say for it being a service: an image, packaging, an entry module, a compose file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from gravity_lint import inputs
from gravity_lint.discover.walk import Tree, role_of
from gravity_lint.regex import regex

ENTRIES = {"main", "app", "application", "wsgi", "asgi", "server", "run", "manage", "manager", "__main__", "api",
           "service", "worker", "celery", "celery_app", "celery_worker", "bot", "consumer", "index", "start", "web"}
"""Modules of these names are read for what they build; the first nine are entries by their name alone."""
NAMED = {"main", "app", "application", "wsgi", "asgi", "server", "run", "manage", "__main__"}
BUILDERS = ("FastAPI", "Flask", "Sanic", "Quart", "Litestar", "Starlette", "web.Application", "grpc.server",
            "aio.server", "Celery", "uvicorn.run", "run_app", "create_app", "make_app", "connexion.App", "FlaskApp",
            "AsyncApp", "FastStream", "Bottle", "falcon.App", "get_wsgi_application", "get_asgi_application",
            "Microservice", "BlackSheep", "Robyn", "Dispatcher")
"""Calls of these build or serve an application."""

_BUILDS = regex(rb"(?<!def )\b(" + b"|".join(re.escape(word.encode()) for word in BUILDERS)
                + rb")\(|(DJANGO_SETTINGS_MODULE)")
_MAY_BUILD = (*(word.encode() + b"(" for word in BUILDERS), b"DJANGO_SETTINGS_MODULE")
_GUARD = regex(rb"^if __name__ *== *['\"]__main__['\"]", re.M)
_RUNS_PYTHON = regex(rb"python|\bpip3?\b|\buv\b|poetry|pipenv|gunicorn|uvicorn|celery|\.py\b", re.I)
_BUILD_KEY = regex(rb"^[ \t]*(?:-[ \t]+)?(build|context|dockerfile)[ \t]*:[ \t]*[\"']?([^\s\"'#]*)", re.M)
_COMPOSE = regex(r"(docker-?)?compose([.-].*)?\.ya?ml$")
_REQUIREMENTS = regex(r"requirements(?![-_.]?(dev|test|lint|docs?[-_.]|typing))[^/]*\.(txt|in)$")
"""What an application needs to run; what its developers need beside it proves nothing."""
_TABLE = regex(rb"^\[(project|build-system|tool\.poetry|tool\.pdm|tool\.flit[.\w]*|tool\.uv\.workspace)\]", re.M)
_SCRIPTS = regex(rb"^\[(project\.scripts|tool\.poetry\.scripts)\]|console_scripts", re.M)
_HEAD = 65536


class Evidence:
    """What one folder holds; each list names the files, for people to read."""

    def __init__(self) -> None:
        self.images: list[str] = []
        """Dockerfiles that run Python, compose files that build this folder, a Procfile."""
        self.requirements: list[str] = []
        """Lists of what an application needs."""
        self.packages: list[str] = []
        """What makes the folder a distribution that others can install."""
        self.builders: list[str] = []
        """Modules that build or serve an application, and with what."""
        self.named: list[str] = []
        """Modules that are entries by their name alone."""
        self.scripts: list[str] = []
        """Distributions that install commands."""
        self.alembic: list[str] = []
        self.composes: list[str] = []
        self.workspace = False
        self.python = False
        self.package = False
        """Whether it holds `__init__.py`."""

    @property
    def packaged(self) -> bool:
        return bool((self.requirements or self.packages) and not self.workspace)

    @property
    def entry(self) -> bool:
        return bool(self.builders or self.named)


def collect(tree: Tree) -> dict[str, Evidence]:
    """Every folder of a tree that is neither of tests nor of migrations → its evidence."""
    result: dict[str, Evidence] = {}
    for path, folder in tree.folders.items():
        evidence = result[path] = Evidence()
        if not folder.test:
            for name in folder.files:
                _weigh(tree, path, name, evidence)
            if "requirements" in folder.folders and any(
                    name.endswith((".txt", ".in")) for name in tree.folders[_join(path, "requirements")].files):
                evidence.requirements.append("requirements/")
    for path, evidence in list(result.items()):
        for name in evidence.composes:
            for target in _built_by(tree, path, name):
                if (built := result.get(target)) is not None:
                    built.images.append(posixpath.relpath(_join(path, name), target or ".") + " builds it")
    return result


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _weigh(tree: Tree, path: str, name: str, evidence: Evidence) -> None:
    lower = name.lower()
    kind = tree.kind(name)
    if kind == "python":
        if role_of(tree, path, name) == "test":
            return
        evidence.python = True
        evidence.package |= name == "__init__.py"
        if lower == "setup.py":
            text = head(tree, path, name)
            if b"setuptools" in text or b"distutils" in text:
                evidence.packages.append(name)
                if _SCRIPTS.search(text):
                    evidence.scripts.append(name)
        else:
            _weigh_module(tree, path, name, evidence)
    elif kind == "dockerfile":
        if _RUNS_PYTHON.search(head(tree, path, name)):
            evidence.images.append(name)
    elif lower == "pyproject.toml":
        _weigh_pyproject(head(tree, path, name), name, evidence)
    elif lower == "pipfile" or _REQUIREMENTS.match(lower):
        evidence.requirements.append(name)
    elif lower == "procfile":
        evidence.images.append(name)
    elif lower == "alembic.ini":
        if not tree.folders[path].migrations and "env.py" not in tree.folders[path].files:  # Flask-Migrate's own
            evidence.alembic.append(name)
    elif kind == "yaml" and _COMPOSE.match(lower):
        evidence.composes.append(name)


def _weigh_module(tree: Tree, path: str, name: str, evidence: Evidence) -> None:
    stem = name.rpartition(".")[0]
    if stem not in ENTRIES or tree.folders[path].migrations:
        return
    if built := builds(tree, path, name):
        evidence.builders.append(f"{name} {built}")
    elif stem in NAMED:
        evidence.named.append(name)


def builds(tree: Tree, path: str, name: str) -> str:
    """What a module builds, in words; empty where it builds no application."""
    text = head(tree, path, name)
    if not any(text.find(word) >= 0 for word in _MAY_BUILD) or (match := _BUILDS.search(text)) is None:
        return ""
    return f"calls {match[1].decode()}" if match[1] else f"sets {match[2].decode()}"


def runs(tree: Tree, path: str, name: str) -> str:
    """How a module, whatever its name, can be run, in words; empty where it cannot."""
    guarded = "is run as a program" if _GUARD.search(head(tree, path, name)) else ""
    return builds(tree, path, name) or guarded


def _weigh_pyproject(text: bytes, name: str, evidence: Evidence) -> None:
    tables = {match[1].decode() for match in _TABLE.finditer(text)}
    if "tool.uv.workspace" in tables:
        evidence.workspace = True
    elif tables:
        evidence.packages.append(name)
        if _SCRIPTS.search(text):
            evidence.scripts.append(name)


def _built_by(tree: Tree, path: str, name: str) -> Iterator[str]:
    """The folders of the tree that a compose file builds images of; a folder's own Dockerfile wins over the context."""
    keys: list[dict[bytes, str]] = []
    for match in _BUILD_KEY.finditer(head(tree, path, name)):
        key, value = match[1], match[2].decode("utf-8", "replace")
        if key == b"build":
            keys.append({b"context": value} if value else {})
        elif keys:
            keys[-1][key] = value
    for build in keys:
        context = posixpath.normpath(posixpath.join(path, build.get(b"context") or "."))
        own = posixpath.normpath(posixpath.join(context, posixpath.dirname(build.get(b"dockerfile", ""))))
        for target in (own, context):
            target = "" if target == "." else target
            if target in tree.folders and has_python(tree, target):
                yield target
                break


def has_python(tree: Tree, path: str) -> bool:
    """Whether Python that is no test stands in a folder or below it."""
    stack = [path]
    while stack:
        here = stack.pop()
        folder = tree.folders.get(here)
        if folder is None or folder.test:
            continue
        if any(name.endswith((".py", ".pyw")) for name in folder.files):
            return True
        stack.extend(_join(here, name) for name in folder.folders)
    return False


def head(tree: Tree, path: str, name: str) -> bytes:
    """The beginning of a file; empty where it cannot be read (whoever reads it whole says so)."""
    try:
        return inputs.read(tree.absolute(path, name), _HEAD)
    except (OSError, ValueError, inputs.NotRegular):
        return b""
