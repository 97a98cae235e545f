"""What a repository needs to begin with: a configuration, a hook and a CI job; only what is not there yet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from gravity_lint import __version__, inputs
from gravity_lint.config import FILES
from gravity_lint.keys import TABLE, toml
from gravity_lint.record import NamedTuple
from gravity_lint.report import Report
from gravity_lint.report.text import counted, relative, safe

BASELINE = "gravity-lint-baseline.json"
MAX_BYTES = 1_000_000
SHOWN = 20
"""Services that are named."""

HOOK = """\
  - repo: local
    hooks:
      - id: gravity-lint
        name: gravity-lint
        entry: gravity-lint check
        language: system
        types: [text]
        require_serial: true
"""
GITHUB = f"""\
name: gravity-lint
on:
  pull_request:
  push:
    branches: [main, master]
permissions:
  contents: read
jobs:
  gravity-lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: pip install gravity-lint=={__version__}
      - run: gravity-lint check --output-format github
"""
GITLAB = f"""\
gravity-lint:
  image: python:3.13-slim
  script:
    - pip install gravity-lint=={__version__}
    - gravity-lint check --output-format concise --output-format gitlab:gravity-lint.json
  artifacts:
    when: always
    reports:
      codequality: gravity-lint.json
"""


class Proposal(NamedTuple):
    """A file to begin with, or what to add to one that is there."""

    path: str
    """From the top of the repository."""
    text: str
    exists: bool


class Beginning(NamedTuple):
    """What is proposed for a repository, and what it has already."""

    top: str
    proposals: tuple[Proposal, ...]
    there: tuple[str, ...]
    hosts: frozenset[str] = frozenset()
    """Those whose CI was thought of."""


def top_of(folder: str) -> str:
    """The top of the git repository around an absolute folder; without one, the folder itself."""
    here = folder
    while not inputs.lexists(f"{here.rstrip('/')}/.git"):
        above = os.path.dirname(here)
        if above == here:
            return folder
        here = above
    return here


def proposed(top: str, report: Report) -> Beginning:
    """What a repository needs, by what is found in it."""
    proposals: list[Proposal] = []
    there: list[str] = []
    own = next((name for name in FILES if TABLE.encode() in _bytes(f"{top}/{name}") or (
        name != "pyproject.toml" and inputs.lexists(f"{top}/{name}"))), None)
    if own is None:
        proposals.append(Proposal(FILES[0], _configuration(top, report), False))
    else:
        there.append(own)
    _wanted(top, ".pre-commit-config.yaml", HOOK, proposals, there, head="repos:\n")
    hosts = _hosts(top)
    if "github" in hosts:
        jobs = f"{top}/.github/workflows"
        named = [name for name in _names(jobs) if TABLE.encode() in _bytes(f"{jobs}/{name}")]
        if named:
            there.append(f".github/workflows/{named[0]}")
        else:
            _wanted(top, ".github/workflows/gravity-lint.yml", GITHUB, proposals, there)
    if "gitlab" in hosts:
        _wanted(top, ".gitlab-ci.yml", GITLAB, proposals, there)
    return Beginning(top, tuple(proposals), tuple(there), frozenset(hosts))


def _wanted(top: str, path: str, text: str, proposals: list[Proposal], there: list[str], head: str = "") -> None:
    exists = inputs.lexists(f"{top}/{path}")
    if exists and TABLE.encode() in _bytes(f"{top}/{path}"):
        there.append(path)
    else:
        proposals.append(Proposal(path, text if exists else head + text, exists))


def _configuration(top: str, report: Report) -> str:
    found = [relative(each.path, top) for each in report.services if each.kind == "service"]
    named = [service for service in found if service != "."]
    lines = ["# `gravity-lint config` explains every key\n"]
    if report.violations:
        lines.append(f'baseline = "{BASELINE}"  # what was there on the first day\n')
    if named:
        lines.append(f"# Found without help; `services` is needed where one is missed\n# services = {toml(named)}\n")
    return "".join(lines)


def _hosts(top: str) -> set[str]:
    """The hosts whose CI there is, or where the repository comes from."""
    config = _bytes(f"{top}/.git/config").lower()
    found = {host for host in ("github", "gitlab") if f"{host}.".encode() in config}
    if inputs.is_folder(f"{top}/.github"):
        found.add("github")
    if inputs.lexists(f"{top}/.gitlab-ci.yml"):
        found.add("gitlab")
    return found


def _bytes(path: str) -> bytes:
    try:
        return inputs.read(path, MAX_BYTES)
    except (OSError, ValueError, inputs.NotRegular):
        return b""


def _names(folder: str) -> list[str]:
    try:
        return sorted(entry.name for entry in inputs.scan(folder) if entry.name.endswith((".yml", ".yaml")))
    except OSError:
        return []


def written(beginning: Beginning) -> Iterator[tuple[str, str]]:
    """Writes the files that are not there yet → each with what went wrong, empty where nothing did."""
    inside = os.path.realpath(beginning.top)
    for proposal in beginning.proposals:
        if proposal.exists:
            continue
        path = os.path.join(beginning.top, proposal.path)
        try:
            folder = os.path.dirname(path)
            if os.path.commonpath([os.path.realpath(folder), inside]) != inside:
                raise OSError(0, "leads out of the repository")
            os.makedirs(folder, exist_ok=True)
            with open(path, "x", encoding="utf-8", newline="\n") as file:
                file.write(proposal.text)
        except OSError as error:
            yield path, error.strerror or str(error)
        else:
            yield path, ""


# ---- what is said


def lines(beginning: Beginning, report: Report, wrote: Sequence[str] | None) -> Iterator[str]:
    """What was found, what is proposed, and what to do next; `wrote` are the files that were written, if any were to
    be."""
    yield from _found(report)
    for name in beginning.there:
        yield f"{safe(name)}: has gravity-lint already"
    for proposal in beginning.proposals:
        path = safe(relative(f"{beginning.top}/{proposal.path}"))
        if wrote is not None and not proposal.exists:
            if f"{beginning.top}/{proposal.path}" in wrote:
                yield f"{path}: written"
            continue
        yield ""
        yield f"{path}, {'which exists; add this' if proposal.exists else 'a new file'}:"
        yield ""
        yield from (f"    {line}" if line else "" for line in proposal.text.splitlines())
    if not beginning.hosts:
        yield ""
        yield "No CI job: neither .github nor .gitlab-ci.yml is here; elsewhere, let it run `gravity-lint check`"
    yield ""
    yield from _next(beginning, report, wrote is not None)


def _found(report: Report) -> Iterator[str]:
    services = [each for each in report.services if each.kind == "service"]
    using = [safe(relative(each.path)) for each in services if each.uses_database]
    named = ", ".join(using[:SHOWN]) + (", …" if len(using) > SHOWN else "")
    yield f"{counted(len(services), 'service')}, of which {len(using)} use{'s' if len(using) == 1 else ''} a database" \
          + (f": {named}" if using else "")
    rules = counted(len(report.by_rule), "rule")
    yield f"{counted(len(report.violations), 'violation')} of {rules}" if report.violations else "No violations"


def _next(beginning: Beginning, report: Report, wrote: bool) -> Iterator[str]:
    new = [each for each in beginning.proposals if not each.exists]
    if new and not wrote:
        yield "Nothing is written yet; `gravity-lint init --write` writes the new files. Then:"
    else:
        yield "Next:"
    if report.violations and not inputs.lexists(f"{beginning.top}/{BASELINE}"):
        yield f"  gravity-lint check --write-baseline {safe(relative(f'{beginning.top}/{BASELINE}'))}"
    yield "  pre-commit install"
