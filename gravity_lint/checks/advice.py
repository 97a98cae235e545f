"""What the deployment does in place of the service, as remedies that only show it, in this service's names."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from gravity_lint.checks.drivers import compose_files
from gravity_lint.checks.interface import Interface, Store
from gravity_lint.checks.reading import source_of
from gravity_lint.checks.scaffold import Scaffold
from gravity_lint.facts.compose import ComposeService, compose_services
from gravity_lint.facts.sql import statements
from gravity_lint.facts.yamlfile import parse_yaml
from gravity_lint.mask import mask
from gravity_lint.violation import Place, Remedy

if TYPE_CHECKING:
    from gravity_lint.link.operations import Performed, Sent
    from gravity_lint.link.service import Service

Words = tuple[tuple[str, str], ...]
_KINDS = {
    "create-database": "deploy-database", "drop-database": "deploy-database",
    "create-user": "deploy-users", "alter-user": "deploy-users", "drop-user": "deploy-users", "grant": "deploy-users",
    "revoke": "deploy-users",
    "backup": "deploy-backup", "restore": "deploy-backup", "vacuum": "deploy-care", "replication": "deploy-care",
}


class Advice:
    """The remedies of one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.known = Interface(service)

    def sent(self, sent: Sent, place: Place) -> Remedy:
        """In place of a statement that the code sends."""
        name = next((each.name for each in statements(sent.whole) if each.kind.endswith("-database")), "")
        words = (("operation", sent.kind), ("statement", mask(sent.whole)), *self._named("" if "…" in name else name))
        if sent.kind in _KINDS:
            return Remedy(_KINDS[sent.kind], "display", "", (place,), words)
        tool = self.known.migrations.tool if self.known.migrations is not None else ""
        return Remedy("move-to-revision", "display", "", (place,), (*words, ("tool", tool)))

    def performed(self, done: Performed, place: Place) -> Remedy | None:
        """In place of a call or a process that does something to a database."""
        if done.operation not in _KINDS:
            return None
        words = (("operation", done.operation), *self._named(""))
        return Remedy(_KINDS[done.operation], "display", "", (place,), words)

    def migration(self, place: Place) -> Remedy:
        """In place of migrations that the service runs when it starts."""
        migrations, container = self.known.migrations, self._container
        built = container[1] if container is not None else None
        engines = [sink for sink in self.known.opened if sink.kind == "sql"]
        engines = [sink for sink in engines if sink.models] or engines
        names = dict.fromkeys(each.name for sink in engines for each in self.known.variables(sink))
        words = (
            ("command", (migrations.command if migrations is not None else "") or "alembic upgrade head"),
            ("container", built.name if built is not None else ""),
            ("file", posixpath.basename(container[0]) if container is not None else ""),
            ("build", (built.context if built is not None else "") or "."),
            ("variables", " ".join(names)), *self._named(""),
        )
        return Remedy("deploy-migration", "display", "", (place,), words)

    def script(self, place: Place) -> Remedy:
        """In place of a script that stands among the files of the service."""
        return Remedy("deploy-script", "display", "", (place,), (("path", self.known.path(place.path)),))

    def environment(self, env: str | None, place: Place) -> Remedy:
        """The lines of an env.py that take the URL from where the service does."""
        scaffold = Scaffold(self.service, ())
        lines, _ = scaffold.address
        path = self.known.path(env) if env is not None else "env.py"
        source = source_of(self.service, env) if env is not None else None
        other = scaffold.is_async and (source is None or b"async" not in source.data)
        caution = "the service's URL is for an asynchronous engine, which env.py must make as well" if other else ""
        return Remedy("env-url", "display", caution, (place,), (("path", path), ("url", "\0".join(lines))))

    def _named(self, name: str) -> Words:
        store = self._store
        return (("product", store.product if store is not None else ""), ("database", name), ("name", self.known.name),
                ("image", next(iter(self.known.images), "")),
                ("url", next((each.name for each in store.variables if each.role == "url"), "") if store else ""))

    @property
    def _store(self) -> Store | None:
        return next((store for store in self.known.stores if store.kind != "cache"), None)

    @property
    def _container(self) -> tuple[str, ComposeService] | None:
        """A container that is built from the service's folder, and the compose file that says so."""
        for path in compose_files(self.service):
            source = source_of(self.service, path)
            for each in compose_services(parse_yaml(source)) if source is not None else ():
                context = posixpath.normpath(posixpath.join(posixpath.dirname(path), each.context or ""))
                if each.context is not None and context == self.service.root:
                    return path, each
        return None
