"""URLs of which the driver does not fit the engine that opens them, in the code and in the files that give them."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint import inputs, knowledge
from gravity_lint.checks.environments import URL, env_of
from gravity_lint.checks.marks import TESTS, is_for_tests
from gravity_lint.checks.reading import source_of
from gravity_lint.facts.compose import compose_env_files, compose_services, compose_variables, compose_words
from gravity_lint.facts.dockerfile import expand, parse_dockerfile
from gravity_lint.facts.dotenv import parse_dotenv
from gravity_lint.facts.ini import matters, parse_ini
from gravity_lint.facts.sql import HOLE
from gravity_lint.facts.yamlfile import YamlFacts, parse_yaml
from gravity_lint.link.openings import Opening, Openings
from gravity_lint.link.schemes import Fault, Reaching, fault
from gravity_lint.link.values import Environment, Hop
from gravity_lint.record import NamedTuple, Record, cached_property
from gravity_lint.regex import regex
from gravity_lint.source import Source
from gravity_lint.violation import Finding, Place, Remedy, Severity, Step

if TYPE_CHECKING:
    from gravity_lint.checks.fitting import Fitting
    from gravity_lint.link.service import Service

PACKAGES = regex(
    r"(?i:requirements.*\.(?:txt|in|pip)|.*requirements\.txt|constraints.*\.txt)|pyproject\.toml|Pipfile(?:\.lock)?|"
    r"setup\.(?:py|cfg)|environment\.ya?ml|(?:uv|poetry|pdm)\.lock|(?i:dockerfile.*)")
"""Files that say which packages are installed."""
_INTERPOLATION = regex(r"%\(\w+\)s|\$\{\w+[^}]*\}")
_FAR_UP = 4


class MismatchedDriver(Record):
    """A URL that the engine it is given to cannot open, because its driver works in the other kind of engine only, or
    is not known → a finding where the URL's scheme stands, with the fields `sink`, `scheme`, `why` and `instead`; a
    note where it is a test's. Where another engine can open the same URL, the finding stands at the engine."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        if not service.matters:
            return
        judge = _Judge(service)
        seen: set[tuple[str, int, int]] = set()
        for finding in (*judge.code(), *judge.ini(), *judge.files()):
            key = finding.place.path, finding.place.line, finding.place.column
            if key not in seen:
                seen.add(key)
                yield finding


class Given(NamedTuple):
    """What a file gives a variable."""

    name: str
    text: str
    """With `HOLE`s for what is filled in later."""
    place: Place


class _Judge:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.packages = _Packages(service)
        openings = Openings(service.evaluator, service.sinks)
        self.reaching = Reaching(service.evaluator)
        self.own: tuple[Opening, ...] = openings.of_code
        """The engines of the service and of its env.py whose URL the code gives."""
        self.of_ini: dict[str, tuple[Opening, ...]] = {}
        """env.py → its engines that take the URL of the ini."""
        for file in self.service.files_of("python", roles=("code", "migration")):
            if posixpath.basename(file.path) == "env.py":
                given, of_ini = openings.of_env(file.path)
                known = {opening.site for opening in self.own}
                self.own += tuple(opening for opening in given if opening.site not in known)
                self.of_ini[file.path] = of_ini

    # ---- in the code

    def code(self) -> Iterator[Finding]:
        for found in self.reaching.mismatches(self.packages, self.own):
            steps = self.service.steps(found.trail)
            place = self.service.place(found.site)
            yield _finding(found.opening, found.fault, place, steps, found.is_test,
                           self.fitting.remedy(found.fault, place, found.opening))

    @cached_property
    def fitting(self) -> Fitting:
        """What mends the URLs: imported where there is one."""
        from gravity_lint.checks.fitting import Fitting

        return Fitting(self.service, self.packages.texts)

    # ---- in alembic.ini

    def ini(self) -> Iterator[Finding]:
        for file in self.service.files_of("ini"):
            source = source_of(self.service, file.path)
            if source is None or not matters(source.data) or not self.of_ini:
                continue
            facts = parse_ini(source)
            openings = self.of_ini.get(env_of(self.service, file.path, facts) or "", ())
            for option in facts.options:
                if option.key == URL:
                    text = _INTERPOLATION.sub(HOLE, option.value.partition("\n")[0])
                    given = Given("", text, source.place(option.span))
                    yield from self._judge(given, [((), opening) for opening in openings])

    # ---- in what gives the environment

    def files(self) -> Iterator[Finding]:
        readers: dict[str, list[tuple[tuple[Hop, ...], Opening]]] = {}
        for value, opening in self.reaching.readers(self.own):
            name = value.name.upper() if value.kind == "setting" else value.name
            readers.setdefault(name, []).append((_way(value), opening))
        if not readers:
            return
        for given in given_by_files(self.service):
            yield from self._judge(given, readers.get(given.name, []))

    def _judge(self, given: Given, ways: list[tuple[tuple[Hop, ...], Opening]]) -> Iterator[Finding]:
        """What a file gives, and the engines that it reaches: the file is wrong, or the engine where others can."""
        faults = [(way, opening, fault(given.text, opening.takes, self.packages)) for way, opening in ways]
        opened = any(found is None for _, _, found in faults)
        for way, opening, found in faults:
            if found is None:
                continue
            named = f"`{given.name}` gets its value here" if given.name else "the URL stands here"
            reaches = Hop(opening.site, f"reaches `{opening.name}` here")
            trail = (Step(given.place, named), *self.service.steps((*way, reaches)))
            place = self.service.place(opening.site) if opened else given.place
            known = {hop.site.module.path for way, _, _ in faults for hop in way}
            remedy = self.fitting.remedy(found, place, opening, given.name, known)
            yield _finding(opening, found, place, trail, opening.is_test or knowledge.is_test(given.name), remedy)


def _way(value: Environment) -> tuple[Hop, ...]:
    what = "the setting is declared" if value.kind == "setting" else f"`{value.name}` is read"
    return (Hop(value.site, f"{what} here"), *value.trail)


def _finding(opening: Opening, found: Fault, place: Place, trail: tuple[Step, ...], is_test: bool,
             remedy: Remedy) -> Finding:
    fields = {"sink": opening.name, "scheme": found.scheme, "why": found.why, "instead": found.instead}
    severity: Severity | None = "note" if is_test else None
    return Finding(place, fields, trail, severity, remedy)


# ---- the files


def given_by_files(service: Service) -> Iterator[Given]:
    """What the service's examples, images and compose files give its variables."""
    for file in service.files_of("env"):
        name = posixpath.basename(file.path).lower()
        if name != ".env" and not is_for_tests(name) and (
                source := source_of(service, file.path)):
            yield from _of_dotenv(source)
    for file in service.files_of("dockerfile"):
        if not is_for_tests(posixpath.basename(file.path)) and (
                source := source_of(service, file.path)):
            yield from _of_dockerfile(source)
    for path in compose_files(service):
        if source := source_of(service, path):
            yield from _of_compose(source, service)


def _of_dotenv(source: Source) -> Iterator[Given]:
    known: dict[str, str] = {}
    last: dict[str, Given] = {}
    for variable in parse_dotenv(source):
        known[variable.name] = expand(variable.value, known, HOLE)
        last[variable.name] = Given(variable.name, known[variable.name], source.place(variable.span))
    yield from last.values()


def _of_dockerfile(source: Source) -> Iterator[Given]:
    known: dict[str, str] = {}
    for setting in parse_dockerfile(source).settings:
        if setting.instruction != "RUN":
            known[setting.name] = expand(setting.value, known, HOLE)
        if setting.instruction == "ENV" and not is_for_tests(setting.stage):
            yield Given(setting.name, known[setting.name], source.place(setting.span))


def _of_compose(source: Source, service: Service) -> Iterator[Given]:
    """What a compose file gives the containers that are built from the service's folder."""
    facts = parse_yaml(source)
    folder = posixpath.dirname(source.path)
    built = _built(facts, folder, service)
    own: dict[str, set[str]] = {name: set() for name in built}
    for variable in compose_variables(facts):
        if variable.service in built:
            own[variable.service].add(variable.name)
            yield Given(variable.name, expand(variable.text, {}, HOLE), source.place(variable.span))
    seen = {file.path for file in service.files}
    for container, path in compose_env_files(facts):
        place = posixpath.normpath(posixpath.join(folder, path))
        for example in _examples_of(place) if container in built else ():
            if example not in seen and _is_below(example, folder) and (text := source_of(service, example)):
                # what stands in the compose file itself wins
                yield from (given for given in _of_dotenv(text) if given.name not in own[container])


def _built(facts: YamlFacts, folder: str, service: Service) -> frozenset[str]:
    """The containers that are built from the service's folder, or from a Dockerfile of it, and are no tests."""
    own = {file.path for file in service.files}
    found: set[str] = set()
    for container in compose_services(facts):
        context = posixpath.normpath(posixpath.join(folder, container.context or ""))
        dockerfile = posixpath.normpath(posixpath.join(context, container.dockerfile))
        here = posixpath.dirname(dockerfile) == service.root or (context == service.root and dockerfile in own)
        if container.context is not None and here and not is_for_tests(container.name):
            found.add(container.name)
    return frozenset(found)


def _examples_of(path: str) -> Iterator[str]:
    """A container's environment file → itself, or what people copy to get it."""
    if posixpath.basename(path) != ".env":
        yield path
    yield from (f"{path}.{ending}" for ending in ("example", "sample", "template", "dist"))


def compose_files(service: Service) -> Iterator[str]:
    """The compose files of a service, and those above it in its repository."""
    paths = [file.path for file in service.files_of("yaml")]
    for folder in _above(service.root):
        paths += _files(folder)
    for path in paths:
        words = compose_words(posixpath.basename(path))
        if words is not None and TESTS.isdisjoint(words):
            yield path


def _above(root: str) -> Iterator[str]:
    """The folders above a service, up to the top of its repository; none outside of one."""
    found: list[str] = []
    folder = root
    for _ in range(_FAR_UP + 1):
        if inputs.lexists(f"{folder}/.git"):
            yield from found
            return
        folder = posixpath.dirname(folder)
        found.append(folder)


def _files(folder: str) -> list[str]:
    try:
        entries = sorted(inputs.scan(folder, inputs.FILES), key=lambda entry: entry.name)
    except OSError:
        return []
    return [f"{folder}/{entry.name}" for entry in entries
            if (_is_below(f"{folder}/{entry.name}", folder) if entry.is_symlink() else entry.is_file())]


def _is_below(path: str, folder: str) -> bool:
    """Whether a path is a file in a folder, and not a link that leads out of it."""
    inside = inputs.resolved(folder).rstrip(os.sep) + os.sep
    return inputs.is_file(path) and inputs.resolved(path).startswith(inside)


class _Packages:
    """The packages that make a scheme mean another driver, so far as the service or its repository speaks of them; that
    is looked up when one is asked for, as few URLs ask."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __contains__(self, name: object) -> bool:
        return name in self._found

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Those of the files that say which packages are installed."""
        return tuple(_package_texts(self._service))

    @cached_property
    def _found(self) -> frozenset[str]:
        wanted = {row.unless for row in knowledge.schemes().dialects if row.unless}
        found = {name for name in wanted if self._service.evaluator.calls.imports(name)}
        for text in self.texts:
            found |= {name for name in wanted if re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", text)}
        return frozenset(found)


def _package_texts(service: Service) -> Iterator[str]:
    """The texts of the files that say which packages are installed."""
    paths = [file.path for file in service.files if PACKAGES.fullmatch(posixpath.basename(file.path))]
    for folder in (service.root, *_above(service.root)):
        paths += [path for path in _files(folder) if PACKAGES.fullmatch(posixpath.basename(path))]
    for path in dict.fromkeys(paths):
        source = source_of(service, path)
        if source is not None:
            yield source.text
