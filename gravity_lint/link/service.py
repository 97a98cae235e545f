"""One service: its files, and everything that linking knows of its code, computed when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial

from gravity_lint import knowledge
from gravity_lint.discover import File, ServiceFiles
from gravity_lint.facts.code import Comment, PythonFacts
from gravity_lint.facts.grammar import conflicts, parsed
from gravity_lint.facts.python import parse_python
from gravity_lint.link.contacts import Contact, unguarded
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.exposures import Exposed, exposed
from gravity_lint.link.importer import Importer
from gravity_lint.link.models import Model, models
from gravity_lint.link.modules import Module
from gravity_lint.link.operations import Performed, Sent, performed, sent
from gravity_lint.link.reach import Reach
from gravity_lint.link.shared import taken
from gravity_lint.link.sinks import Sink, sinks
from gravity_lint.link.spelling import ALIKE, SHORT
from gravity_lint.link.target import Target
from gravity_lint.link.targets import leads_to_database, targets
from gravity_lint.link.undeclared import Undeclared, undeclared
from gravity_lint.link.values import Hop, Site
from gravity_lint.record import cached_property
from gravity_lint.screen import matters, tells
from gravity_lint.source import Source, Unreadable, open_source
from gravity_lint.violation import Place, Step

_NOTHING = PythonFacts((), (), (), {})

_KEPT = 1_000
"""Files of shared libraries whose facts are kept, since every service that imports the library asks for them."""


@lru_cache(_KEPT)
def _shared(data: bytes) -> PythonFacts:
    return parse_python(data)


@lru_cache(ALIKE)
def _alike(data: bytes) -> PythonFacts:
    return parse_python(data)


class Service:
    """What checks ask. Files are read, facts taken and links made when the first question needs them."""

    def __init__(
        self, files: ServiceFiles, overlay: Mapping[str, bytes] | None = None, libraries: tuple[ServiceFiles, ...] = ()
    ) -> None:
        self.root = files.root
        self.kind = files.kind
        self.why = files.why
        self.files = files.files
        self._libraries = libraries
        self._overlay = overlay or {}
        self._sources: dict[str, Source | Unreadable] = {}
        self._foreign = {file.path for library in libraries for file in library.files}
        self._facts: dict[str, PythonFacts] = {}
        self._given: set[int] = set()
        """Those of its files, by their identity, which they keep as long as they are held above."""

    # ---- files

    def files_of(self, *kinds: str, roles: tuple[str, ...] = ("code",)) -> tuple[File, ...]:
        """The files of these kinds and roles."""
        return tuple(file for file in self.files if file.kind in kinds and file.role in roles)

    def source(self, path: str) -> Source:
        """A file's text. Raises `Unreadable`."""
        found = self._sources.get(path)
        if found is None:
            try:
                found = open_source(path, self._overlay)
            except Unreadable as error:
                found = error
            self._sources[path] = found
        if isinstance(found, Unreadable):
            raise found
        return found

    def facts(self, path: str) -> PythonFacts:
        """What a Python file says; nothing for one that cannot be read, which `troubles` reports."""
        found = self._facts.get(path)
        if found is None:
            try:
                data = self.source(path).data
                read = _shared if path in self._foreign else _alike if len(data) <= SHORT else parse_python
                found = read(data)
                if id(found) in self._given:  # what two of its files hold alike is not the same thing
                    found = parse_python(data)
                self._given.add(id(found))
            except Unreadable:
                found = _NOTHING
            self._facts[path] = found
        return found

    def _data(self, path: str) -> bytes:
        try:
            return self.source(path).data
        except Unreadable:
            return b""

    def comments(self, path: str) -> tuple[Comment, ...]:
        """The comments of a Python file that may suppress."""
        return self.facts(path).comments

    @cached_property
    def troubles(self) -> tuple[tuple[Place, str], ...]:
        """What of the service's own Python files cannot be read, or is not Python."""
        found: list[tuple[Place, str]] = []
        for file in self.files_of("python", roles=("code", "migration", "test")):
            try:
                source = self.source(file.path)
            except Unreadable as error:
                found.append((Place(file.path, error.line, 1, error.line, 2), error.reason))
                continue
            known = self._facts.get(file.path)
            if known is not None:
                troubles = known.troubles
            elif tells(source.data):
                troubles = parsed(source.data)[2]
            else:  # nothing there to be judged; what a merge left behind shows without a grammar
                troubles = conflicts(source.data)
            found.extend((source.place(trouble.span), trouble.message) for trouble in troubles[:1])
        return tuple(found)

    # ---- links

    @cached_property
    def matters(self) -> bool:
        """Whether any file of its own code can matter to a rule; otherwise nothing of it is linked."""
        for file in self.files_of("python"):
            try:
                if matters(self.source(file.path).data):
                    return True
            except Unreadable:
                continue
        return False

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Its Python modules by path, and those of the libraries beside it that it comes to (role `library`)."""
        if not self.matters:
            return {}
        own = {file.path: self._module(file, file.role) for file in self.files if file.kind == "python"}
        foreign = {file.path: self._module(file, "library") for library in self._libraries for file in library.files
                   if file.kind == "python"}
        if not foreign:
            return own
        used = taken(own.values(), self._importer(foreign).heads, self._importer({**own, **foreign}))
        return {**own, **{path: module for path, module in foreign.items() if module in used}}

    def _module(self, file: File, role: str) -> Module:
        return Module(file.path, role, partial(self.facts, file.path), partial(self._data, file.path))

    def _importer(self, modules: dict[str, Module]) -> Importer:
        libraries = {library.root: any(file.path in (f"{library.root}/pyproject.toml", f"{library.root}/setup.py")
                                       for file in library.files) for library in self._libraries}
        return Importer(self.root, modules, libraries, knowledge.library_names())

    @cached_property
    def evaluator(self) -> Evaluator:
        return Evaluator(self.modules, self._importer(self.modules))

    @cached_property
    def sinks(self) -> tuple[Sink, ...]:
        """Where it opens databases."""
        return tuple(sinks(self.evaluator))

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """What of its databases' addresses does not come from the deployment as it should."""
        return tuple(targets(self.evaluator, self.sinks))

    @cached_property
    def undeclared(self) -> tuple[Undeclared, ...]:
        """The databases' settings that its code reads and its settings classes do not declare."""
        return tuple(undeclared(self.evaluator))

    @cached_property
    def exposed(self) -> tuple[Exposed, ...]:
        """The addresses and passwords of databases that its code shows."""
        return tuple(exposed(self.evaluator))

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The tables and documents that it declares."""
        return tuple(models(self.evaluator))

    @cached_property
    def performed(self) -> tuple[Performed, ...]:
        """What its code does to databases by calls."""
        return tuple(performed(self.evaluator))

    @cached_property
    def unguarded(self) -> tuple[Contact, ...]:
        """The calls with which its start talks to a database, and lets their failure through or swallows it."""
        return tuple(unguarded(self.evaluator, self.reach, self.performed))

    @cached_property
    def sent(self) -> tuple[Sent, ...]:
        """The SQL statements that its code sends."""
        return tuple(sent(self.evaluator))

    @cached_property
    def reach(self) -> Reach:
        """What its start reaches."""
        return Reach(self.evaluator, self.root, self._commands)

    @cached_property
    def _commands(self) -> tuple[str, ...]:
        """The texts of the files that say how it is started."""
        found = []
        for file in self.files:
            name = file.path.rsplit("/", 1)[-1].lower()
            if file.kind in ("dockerfile", "shell") or name.startswith(("procfile", "docker-compose", "compose")):
                try:
                    found.append(self.source(file.path).text)
                except Unreadable:
                    continue
        return tuple(found)

    # ---- answers

    def place(self, site: Site) -> Place:
        """Where a site is, for people; the first line of a file that start-up runs and nobody can read."""
        try:
            return self.source(site.module.path).place(site.span)
        except Unreadable:
            return Place(site.module.path, 1, 1, 1, 1)

    def steps(self, hops: Iterable[Hop]) -> tuple[Step, ...]:
        """A trail for people, without the steps that only repeat the line before."""
        found: list[Step] = []
        for site, message, *_ in hops:
            place = self.place(site)
            last = found[-1].place if found else None
            if last is not None and (last.path, last.line) == (place.path, place.line):
                if len(found) == 1:
                    continue  # where it begins says more than what happens to it there
                found.pop()
            found.append(Step(place, message))
        return tuple(found)

    @cached_property
    def uses_database(self) -> bool:
        """Whether its code opens a database or declares models."""
        return bool(self.opened or self.models)

    @cached_property
    def opened(self) -> tuple[Sink, ...]:
        """The sinks that certainly open a database: a task queue's results may lie elsewhere."""
        return tuple(sink for sink in self.sinks if not sink.demands_scheme or leads_to_database(sink))

    @cached_property
    def database_place(self) -> Place | None:
        """The first proof that it uses a database."""
        sites = [sink.site for sink in self.opened] or [model.site for model in self.models]
        return self.place(min(sites, key=lambda site: (site.module.path, site.span))) if sites else None
