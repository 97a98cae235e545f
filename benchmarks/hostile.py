"""Makes services with one file that is larger or deeper than anybody writes by hand, and an ill in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

ENGINE = 'from sqlalchemy import create_engine\n\nengine = create_engine("postgresql://app:s3cret@db.internal/app")\n'
_MAIN = "from fastapi import FastAPI\n\nfrom app import {module}\n\napp = FastAPI()\nengine = {module}.engine\n"
_CLIENT = '''

class Resource{n}:
    """Calls resource {n}, which is kept under /resources/{n}."""

    path = "https://api.example.com/resources/{n}"
    fields = {{"id": "integer", "name": "string", "database": "string", "parent": Resource{before}}}

    def __init__(self, session, timeout=30.0, retries=3):
        self.session = session
        self.timeout = timeout
        self.retries = retries

    def get(self, key, **options):
        answer = self.session.get(f"{{self.path}}/{{key}}", timeout=self.timeout, params=options)
        if answer.status_code == 404:
            raise KeyError(f"no resource {n} has the key {{key}}")
        return {{name: answer.json().get(name) for name in self.fields}}

    def execute(self, statement="SELECT id FROM resource_{n} WHERE id = :id", **values):
        return self.session.execute(statement, values)
'''
_DEPLOYMENT = '''\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{n}
  labels: {{app: app-{n}, tier: backend}}
spec:
  template:
    spec:
      containers:
        - name: app-{n}
          image: registry.example.com/app:{n}
          env:
            - {{name: LOG_LEVEL, value: info}}
            - name: DATABASE_URL
              value: {url}
            - name: MESSAGE
              value: "resource {n} is kept here, and nothing else is said about it"
---
'''


def code(size: int = 5_000_000) -> str:
    """A generated client in Python of so many characters."""
    return _grown("class Resource0:\n    pass\n", ENGINE, size,
                  lambda number: _CLIENT.format(n=number + 1, before=number))


def brackets(depth: int = 20_000) -> str:
    """Python with so many brackets inside each other."""
    return f"nested = {'[' * depth}{']' * depth}\n{ENGINE}"


def manifest(size: int = 10_000_000) -> str:
    """Kubernetes manifests of so many characters; only the last one names a database."""
    last = _DEPLOYMENT.format(n="last", url="postgresql://app:s3cret@db.internal/app")
    return _grown("", last, size, lambda number: _DEPLOYMENT.format(n=number, url='""'))


FILES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "a generated Python file of 5 MB": ("app/client.py", code),
    "a Python file of 20,000 nested brackets": ("app/nested.py", brackets),
    "a YAML file of 10 MB": ("deploy/everything.yaml", manifest),
}
"""What it is → the file, and its text."""


def write(path: str, text: str, folder: Path) -> Path:
    """A service with this file, in a folder, which is given back."""
    (folder / "app").mkdir(parents=True)
    (folder / "requirements.txt").write_text("fastapi\nsqlalchemy\n", "utf-8")
    (folder / "app" / "__init__.py").touch()
    if path.endswith(".py"):
        (folder / "app" / "main.py").write_text(_MAIN.format(module=Path(path).stem), "utf-8")
    else:
        (folder / "app" / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n", "utf-8")
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(text, "utf-8", newline="\n")
    return folder


def _grown(head: str, tail: str, size: int, part: Callable[[int], str]) -> str:
    parts, length, number = [head], len(head) + len(tail), 0
    while length < size:
        parts.append(part(number))
        length += len(parts[-1])
        number += 1
    return "".join((*parts, tail))
