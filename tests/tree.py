"""Small services written as texts and linked without a disk, and the marks that say what is expected of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from gravity_lint.config import Config
from gravity_lint.discover import File, ServiceFiles, discover
from gravity_lint.link.service import Service
from gravity_lint.rulebook import Rule, load_rules
from gravity_lint.violation import Finding, Place

ROOT = "/service"
_HEADER = re.compile(r"^--- (\S+)\n", re.MULTILINE)
_MARK = re.compile(r"#= ([\w ,]+)$")
_KINDS = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".ini": "ini", ".md": "markdown", ".sh": "shell"}


class Told(NamedTuple):
    """A finding, told from the service's root."""

    code: str
    path: str
    line: int


def files_of(text: str) -> dict[str, str]:
    """`--- path` headers, each with a file's text behind it → path → text. Without a header all is `app.py`."""
    parts = _HEADER.split(dedent(text).lstrip("\n"))
    files = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {**({"app.py": parts[0]} if parts[0].strip() else {}), **files}


def service_of(files: Mapping[str, str] | str) -> Service:
    """Path → text (or one text as `files_of` takes it) → the linked service that these files are."""
    texts = files_of(files) if isinstance(files, str) else files
    listed = tuple(File(f"{ROOT}/{path}", _kind(path), _role(path)) for path in texts)
    return Service(
        ServiceFiles(ROOT, "service", (), listed, ()),
        {f"{ROOT}/{path}": text.encode() for path, text in texts.items()},
    )


def discovered(folder: Path, files: Mapping[str, str] | str) -> list[Service]:
    """The same written to a folder and found there, as the command does it."""
    for name, text in (files_of(files) if isinstance(files, str) else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    found = discover([folder], Config(root=folder))
    known = {each.root: each for each in found.services}
    return [
        Service(each, {}, tuple(known[root] for root in each.imports_from if root in known))
        for each in found.services
    ]


def _kind(path: str) -> str:
    if path.rsplit("/", 1)[-1] == "Dockerfile":
        return "dockerfile"
    return next((kind for suffix, kind in _KINDS.items() if path.endswith(suffix)), "other")


def _role(path: str) -> str:
    return "test" if path.startswith("tests/") else "migration" if "/versions/" in path else "code"


# ---- what is found


@cache
def _rules() -> Mapping[str, Rule]:
    return {rule.code: rule for rule in load_rules()}


def findings(service: Service, *codes: str) -> Iterator[tuple[str, Finding]]:
    """The findings of these rules, with their codes."""
    for code in codes:
        for finding in _rules()[code].check(service):
            yield code, finding


def told(service: Service, *codes: str, root: str = ROOT) -> list[Told]:
    """The findings of these rules as code, path from the root and line, sorted."""
    return sorted(at(code, finding.place, root) for code, finding in findings(service, *codes))


def at(code: str, place: Place, root: str = ROOT) -> Told:
    """A code and a place, told from the root."""
    return Told(code, place.path.removeprefix(f"{root}/"), place.line)


def marked(files: Mapping[str, str] | str) -> list[Told]:
    """What marks like `#= GRV101` at the ends of lines expect, sorted."""
    texts = files_of(files) if isinstance(files, str) else files
    return sorted(
        Told(word.strip(), path, number)
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if (match := _MARK.search(line))
        for word in match[1].split(",")
    )


CONNECTION = ("GRV101", "GRV102", "GRV103", "GRV104")
STARTUP = ("GRV301", "GRV302", "GRV303")


def holds(files: Mapping[str, str] | str, *codes: str) -> None:
    """Asserts that these rules (all of them about connections, when none is named) find what is marked, no more."""
    found, wanted = told(service_of(files), *(codes or CONNECTION)), marked(files)
    texts = files_of(files) if isinstance(files, str) else files
    shown = "\n".join(f"--- {path}\n{text}" for path, text in texts.items())
    assert found == wanted, f"\nfound:  {found}\nwanted: {wanted}\n{shown}"
