"""Where a repository runs a service, and whether a variable is set there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gravity_lint import inputs
from gravity_lint.checks.reading import source_of
from gravity_lint.facts.compose import compose_env_files, compose_services, compose_variables, compose_words
from gravity_lint.facts.dotenv import parse_dotenv
from gravity_lint.facts.yamlfile import parse_yaml
from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex
from gravity_lint.source import Source, Unreadable, read

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_SHOWN = regex(r"example|sample|template|dist|tmpl", re.IGNORECASE)
_RUNS = regex(rb"\b(?:pytest|tox|nox|unittest|uvicorn|gunicorn|hypercorn|alembic|manage\.py|flask|celery)\b")
_CI = (".gitlab-ci.yml", ".gitlab-ci.yaml", ".circleci/config.yml", ".travis.yml", "azure-pipelines.yml",
       "bitbucket-pipelines.yml", "Jenkinsfile", ".drone.yml")
_WORKFLOWS = (".github/workflows", ".gitea/workflows", ".forgejo/workflows")
_FAR_UP = 6
_SPOKEN = 4
"""Places that a caution names one by one."""
_WORKLOAD = regex(rb"^[ \t]*kind:[ \t]*(?:Deployment|StatefulSet|DaemonSet|CronJob|Job|Pod)\b", re.MULTILINE)


class Runner(NamedTuple):
    """Something that runs the service."""

    path: str
    what: str
    """As people call it: the file's name, `the tests`."""
    sets: bool
    adds: bool = False
    """Whether a fix may give the variable there."""
    containers: tuple[str, ...] = ()
    """Of a compose file, those that run the service and lack it."""


def runners(service: Service, variable: str) -> tuple[Runner, ...]:
    """Whatever in the repository runs the service, each with whether it sets a variable."""
    return (*_examples(service, variable), *_composed(service, variable), *_deployed(service, variable),
            *_tests(service, variable), *_jobs(service, variable))


def caution_of(lacking: Mapping[str, Sequence[Runner]], known: bool) -> Iterator[str]:
    """Who would miss variables, in words: of each, what runs the service and does not set it. `known` says whether
    anything runs it at all."""
    names = ", ".join(f"`{name}`" for name, runs in lacking.items() if runs or not known)
    missing = list(dict.fromkeys(each.what for runs in lacking.values() for each in runs))
    if missing:
        more = f" and {len(missing) - _SPOKEN} more" if len(missing) > _SPOKEN else ""
        yield f"{names} {'is' if names.count('`') == 2 else 'are'} not set by {', '.join(missing[:_SPOKEN])}{more}"
    elif names:
        yield f"nothing in the repository sets {names}; whatever starts the service must"


def told_variables(service: Service) -> Iterator[tuple[str, str]]:
    """The variables, with their values, that files of variables and compose files give a service."""
    for file in service.files_of("env"):
        if (source := source_of(service, file.path)) is not None:
            yield from ((each.name, each.value) for each in parse_dotenv(source))
    for file in service.files_of("yaml"):
        if compose_words(posixpath.basename(file.path)) is not None and (source := source_of(service, file.path)):
            facts = parse_yaml(source)
            built = {each.name for each in compose_services(facts) if each.context is not None}
            yield from ((each.name, each.text) for each in compose_variables(facts) if each.service in built)


def _examples(service: Service, variable: str) -> Iterator[Runner]:
    for file in service.files_of("env"):
        name = posixpath.basename(file.path)
        source = source_of(service, file.path) if _SHOWN.search(name) else None
        if source is not None:
            names = {each.name.upper() for each in parse_dotenv(source)}
            yield Runner(file.path, f"`{name}`", variable.upper() in names, True)


def _composed(service: Service, variable: str) -> Iterator[Runner]:
    for file in service.files_of("yaml"):
        if compose_words(posixpath.basename(file.path)) is None or (source := source_of(service, file.path)) is None:
            continue
        facts, folder = parse_yaml(source), posixpath.dirname(file.path)
        given = {each.service for each in compose_variables(facts) if each.name.upper() == variable.upper()}
        for container, env_file in compose_env_files(facts):
            beside = source_of(service, posixpath.normpath(posixpath.join(folder, env_file)))
            if beside is None or any(each.name.upper() == variable.upper() for each in parse_dotenv(beside)):
                given.add(container)  # what is not there is for the deployment to write
        built = [each.name for each in compose_services(facts) if each.context is not None
                 and posixpath.normpath(posixpath.join(folder, each.context)) == service.root]
        lacking = tuple(name for name in built if name not in given)
        if built:
            yield Runner(file.path, f"`{posixpath.basename(file.path)}`", not lacking, True, lacking)


def _deployed(service: Service, variable: str) -> Iterator[Runner]:
    for file in service.files_of("yaml"):
        source = source_of(service, file.path)
        if source is not None and _WORKLOAD.search(source.data):
            sets = _names(source, variable) or b"envFrom:" in source.data
            yield Runner(file.path, f"`{posixpath.basename(file.path)}`", sets)


def _tests(service: Service, variable: str) -> Iterator[Runner]:
    tests = service.files_of("python", roles=("test",))
    sources = [source for file in tests if (source := source_of(service, file.path)) is not None]
    if sources:
        settings = [source for file in service.files_of("ini", "toml", "env")
                    if (source := source_of(service, file.path)) is not None
                    and re.search(r"pytest|tox|setup|pyproject|test", posixpath.basename(file.path))]
        yield Runner(tests[0].path, "the tests", any(_names(source, variable) for source in (*sources, *settings)))


def _jobs(service: Service, variable: str) -> Iterator[Runner]:
    folder = service.root
    for _ in range(_FAR_UP):
        for path in (*(f"{folder}/{name}" for name in _CI), *_listed(folder)):
            source = _ci(path)
            if source is not None and _RUNS.search(source.data) and (
                    folder == service.root or posixpath.basename(service.root).encode() in source.data):
                yield Runner(path, f"`{posixpath.basename(path)}`", _names(source, variable))
        if inputs.exists(f"{folder}/.git") or folder in ("", "/"):
            return
        folder = posixpath.dirname(folder)


def _listed(folder: str) -> Iterator[str]:
    for below in _WORKFLOWS:
        if inputs.is_folder(f"{folder}/{below}"):
            try:
                entries = inputs.scan(f"{folder}/{below}")
            except OSError:
                continue
            yield from sorted(f"{folder}/{below}/{entry.name}" for entry in entries
                              if entry.name.endswith((".yml", ".yaml")))


def _ci(path: str) -> Source | None:
    if not inputs.is_file(path):
        return None
    try:
        return read(path)
    except Unreadable:
        return None


def _names(source: Source, variable: str) -> bool:
    """Whether a text names a variable, or the field of that name."""
    return re.search(rb"(?<![A-Za-z0-9])" + re.escape(variable.encode()) + rb"(?![A-Za-z0-9_])", source.data,
                     re.IGNORECASE) is not None
