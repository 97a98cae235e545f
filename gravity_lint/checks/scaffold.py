"""What an Alembic environment of a service must know: its URL, its metadata, the modules of its models, its paths."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.checks.interface import Interface, call_of, unit_of
from gravity_lint.facts.code import Arg, Assign, Attr, Call, Class, Const, Expr, Function, Import, Item, Name, walk
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.sinks import Sink
from gravity_lint.link.spelling import Written
from gravity_lint.link.values import ClassValue, Environment, External, Literal, Made, Site, changed, sources
from gravity_lint.record import NamedTuple, cached_property
from gravity_lint.violation import Place, Remedy

if TYPE_CHECKING:
    from gravity_lint.link.models import Model
    from gravity_lint.link.service import Service

KIND = "scaffold-alembic"
FOLDERS = ("migrations", "alembic")
_ADDRESS = "DATABASE_URL"
"""The variable where the service has none."""
_OTHERS = ("gino.", "advanced_alchemy.")
"""Bases whose metadata is not an attribute that a scaffold knows."""


class _Wanted(NamedTuple):
    """Something that env.py imports: `from module import name`, and how it is used."""

    module: str
    name: str
    expression: str


class Scaffold:
    """What a scaffold for a service's own models is made of."""

    def __init__(self, service: Service, models: Iterable[Model]) -> None:
        self.service = service
        self.ask = service.evaluator
        self.interface = Interface(service)
        found = tuple(models)
        by_hand = service.reach.starts.by_hand
        self.models = tuple(model for model in found if not by_hand(model.site.module)) or found

    def remedy(self) -> Remedy:
        """How the environment that is missing comes to be: by Flask-Migrate where the service has it, else by files."""
        root = self.service.root
        top = Place(f"{root}/alembic.ini", 1, 1, 1, 1)
        if self.ask.calls.imports("flask_migrate") or "flask-migrate" in self.interface.packages:
            return Remedy("flask-migrate", "display", "", (top,))
        folder = next((name for name in FOLDERS if not self._is_taken(name)), "")
        metadata = self._metadata
        url, notes = self.address
        words = (
            ("folder", folder), ("path", self._root), ("models", "\n".join(self._modules)),
            ("metadata", "\n".join(f"{one.module} {one.name} {one.expression}" for one in metadata)),
            ("url", "\0".join(url)), ("async", "yes" if self._engine and self.is_async else ""),
            ("sqlmodel", "yes" if any(one.module == "sqlmodel" for one in metadata) else ""),
            ("refused", self._refused(folder)),
        )
        return Remedy(KIND, "unsafe", self._caution(notes), (top,), words)

    def _is_taken(self, name: str) -> bool:
        start = f"{self.service.root}/{name}/"
        return any(file.path.startswith(start) for file in self.service.files)

    def _refused(self, folder: str) -> str:
        """Why nothing can be scaffolded; empty where it can."""
        if not folder:
            return "the folders `migrations` and `alembic` are there already, and hold something else"
        bad = next((name for name in self._modules if not all(part.isidentifier() for part in name.split("."))), "")
        if bad:
            return f"`{bad}` cannot be imported by that name"
        if not self._metadata:
            return "which metadata the models belong to is not known"
        return "" if self.address[0] else "where the URL of its engine comes from is not known"

    def _caution(self, notes: tuple[str, ...]) -> str:
        said = ["whether env.py imports every model, and whether the first revision holds all that the models say"]
        said += notes
        mains = [self.interface.path(path) for path in self._applications]
        if mains:
            said.append(f"env.py imports `{mains[0]}`, which makes the application")
        said += [f"`{path}` creates tables when it is imported, so that nothing is left for the first revision: take "
                 "that out first" for path in self._creating]
        if "alembic" not in self.interface.packages:
            said.append("`alembic` is not among the requirements")
        return "; ".join(said)

    @cached_property
    def _applications(self) -> tuple[str, ...]:
        """The modules with models that build an application, or run one."""
        words = (b"FastAPI(", b"Flask(", b"Starlette(", b"Sanic(", b".run(")
        found = {model.site.module.path: model.site.module for model in self.models}
        return tuple(path for path, module in found.items() if any(word in module.text for word in words))

    @cached_property
    def _creating(self) -> tuple[str, ...]:
        """What env.py imports and creates tables by that."""
        mine = {model.site.module for model in self.models}
        mine |= {package for module in mine for package in self.ask.importer.packages_above(module)}
        found = {done.site.module.path for done in self.service.performed if done.operation == "create-tables"
                 and done.unit.parent is None and done.site.module in mine}
        return tuple(sorted(map(self.interface.path, found)))

    # ---- paths

    @cached_property
    def _root(self) -> str:
        """The folder, from the service's root, from which its modules import each other."""
        votes: Counter[str] = Counter()
        mine = {model.site.module for model in self.models}
        for module in self.ask.modules.values():
            if module.role != "code" or not module.path.startswith(f"{self.service.root}/"):
                continue
            for written in module.spelling.imports:  # only votes, for which not every module need be parsed
                for found, name in self._imported(written, module):
                    folder = _above(found, name)
                    if folder is not None and self._is_inside(folder) and all(
                            model.site.module.path.startswith(f"{folder}/") for model in self.models):
                        votes[folder] += 10 if module in mine or found in mine else 1
        if votes:
            return posixpath.relpath(votes.most_common(1)[0][0], self.service.root)
        folder = min((module.path for module in mine), default=f"{self.service.root}/").rpartition("/")[0]
        while folder != self.service.root and (f"{folder}/__init__.py" in self.ask.modules or not all(
                module.path.startswith(f"{folder}/") for module in mine)):
            folder = posixpath.dirname(folder)
        return posixpath.relpath(folder, self.service.root)

    def _imported(self, written: Written, module: Module) -> Iterator[tuple[Module, str]]:
        """The modules of the service that an absolute import means, with their names."""
        if written.level:
            return
        found = self.ask.importer.absolute(module, written.name)
        if found is not None:
            yield found, written.name
            return
        for name in written.taken:
            inner = self.ask.importer.absolute(module, f"{written.name}.{name}")
            if inner is not None:
                yield inner, f"{written.name}.{name}"

    def _is_inside(self, folder: str) -> bool:
        return folder == self.service.root or folder.startswith(f"{self.service.root}/")

    def dotted(self, module: Module) -> str:
        """How a module of the service is imported."""
        inner = posixpath.relpath(module.path, posixpath.normpath(f"{self.service.root}/{self._root}"))
        return inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    # ---- models

    @cached_property
    def _modules(self) -> tuple[str, ...]:
        """The modules of the service that declare tables."""
        return tuple(sorted({self.dotted(model.site.module) for model in self.models}))

    @cached_property
    def _metadata(self) -> tuple[_Wanted, ...]:
        """The metadata that the models belong to, each once."""
        found: dict[tuple[str, str], _Wanted] = {}
        for model in self.models:
            wanted = self._metadata_of(model)
            if wanted is not None:
                found.setdefault((wanted.module, wanted.expression), wanted)
        return tuple(found.values())

    def _metadata_of(self, model: Model) -> _Wanted | None:
        unit = unit_of(model)
        if unit is None:
            return self._metadata_of_table(model)
        names = self.ask.objects.lineage(unit)[1]
        if any(name.startswith(_OTHERS) for name in names):
            return None
        if any(name.endswith(".SQLModel") for name in names):
            return _Wanted("sqlmodel", "SQLModel", "SQLModel.metadata")
        base = self._base(unit)
        return base and base._replace(expression=f"{base.expression}.metadata")

    def _base(self, unit: Unit) -> _Wanted | None:
        """The base that a model's class leads to: a class of the service, or a name that it gives to one."""
        for one in reversed(self.ask.objects.lineage(unit)[0]):
            node = one.node
            if not isinstance(node, Class) or not self._is_declarative(one):
                continue
            frame = self.ask.runs.frame(one.parent) if one.parent is not None else self.ask.runs.frame(one)
            for arg in node.bases:
                if arg.name is not None:
                    continue
                for value in self.ask.values(arg.value, frame):
                    owner = value.receiver if isinstance(value, External) and value.receiver is not None else value
                    if isinstance(owner, Made) and (named := self._named(owner.site)) is not None:
                        return named
            if "." not in one.name and one is not unit:
                return _Wanted(self.dotted(one.module), one.name, one.name)
        return _Wanted(self.dotted(unit.module), unit.name, unit.name) if "." not in unit.name else None

    def _is_declarative(self, unit: Unit) -> bool:
        """Whether a class is, or inherits from, the base of models and not only a mixin."""
        names = self.ask.objects.lineage(unit)[1]
        decorated = any("as_declarative" in name for name in self.ask.objects.decorators(unit))
        return decorated or any(
            name in row.bases or name.removesuffix("()") in row.factories
            or any(name == f"{owner}.{attribute}" for owner in row.owners for attribute in row.attributes)
            for name in names for row in knowledge.models() if row.orm == "sqlalchemy")

    def _named(self, site: Site) -> _Wanted | None:
        """The name at a module's top level that is given what a call makes."""
        for stmt in site.module.unit.statements:
            if isinstance(stmt, Assign) and stmt.value is not None and stmt.value.span == site.span \
                    and isinstance(stmt.targets[0], Name):
                name = stmt.targets[0].id
                return _Wanted(self.dotted(site.module), name, name)
        return None

    def _metadata_of_table(self, model: Model) -> _Wanted | None:
        """The metadata that a call of `Table` is given."""
        for unit in model.site.module.units:
            for call in unit.calls:
                if call.span == model.site.span and len(call.args) > 1:
                    return self._metadata_in(call.args[1], unit)
        return None

    def _metadata_in(self, arg: Arg, unit: Unit) -> _Wanted | None:
        expr, frame = arg.value, self.ask.runs.frame(unit)
        if isinstance(expr, Attr) and expr.name == "metadata":
            for value in self.ask.values(expr.base, frame):
                if isinstance(value, ClassValue) and value.unit is not None and "." not in value.unit.name:
                    module, name = self.dotted(value.unit.module), value.unit.name
                    return _Wanted(module, name, f"{name}.metadata")
                if isinstance(value, External) and value.name.endswith(".SQLModel"):
                    return _Wanted("sqlmodel", "SQLModel", "SQLModel.metadata")
                if isinstance(value, Made) and (named := self._named(value.site)) is not None:
                    return named._replace(expression=f"{named.expression}.metadata")
        for value in self.ask.values(expr, frame):
            if isinstance(value, Made) and (named := self._named(value.site)) is not None:
                return named
        return None

    # ---- the URL

    @cached_property
    def _engines(self) -> tuple[Sink, ...]:
        """Where the service opens the database of its models."""
        return tuple(sink for sink in self.interface.opened if sink.models == "sqlalchemy")

    @cached_property
    def _engine(self) -> Sink | None:
        """The engine that migrations are to follow: a synchronous one where there are both."""
        return min(self._engines, default=None,
                   key=lambda sink: (not self._address(sink)[0], self.interface.is_asynchronous(sink)))

    @cached_property
    def is_async(self) -> bool:
        """Whether the engine of the models is an asynchronous one."""
        return self._engine is not None and self.interface.is_asynchronous(self._engine)

    @cached_property
    def address(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The lines that env.py imports for its URL and, as the last one, the expression; what is to be said of it."""
        if self._engine is None:
            return _from_environment(_ADDRESS), (f"nothing of the service opens a database; env.py reads `{_ADDRESS}`",)
        address, note = self._address(self._engine)
        names = {variable.name for sink in self._engines for variable in self.interface.variables(sink)
                 if variable.role in ("url", "")}
        notes = (note,) if note else ()
        if len(names) > 1:
            told = " and ".join(f"`{name}`" for name in sorted(names))
            notes = (*notes, f"its engines read {told}; env.py follows one")
        return address, notes

    def _address(self, sink: Sink) -> tuple[tuple[str, ...], str]:
        """How env.py comes to the URL of an engine, and what is to be said of that; nothing where it cannot."""
        values = tuple(value for role, given in sink.roles if role in ("url", "file") for value in given)
        given = list(sources(values))
        read = [value for value in given if isinstance(value, Environment)]
        plain = len({value.name for value in read}) == 1 and all(
            isinstance(value, Environment) for value in values) and not any(map(changed, values))
        if plain and all(value.kind == "variable" for value in read):
            return _from_environment(read[0].name), ""
        if given and all(isinstance(value, Literal) for value in given):
            return _from_environment(_ADDRESS), f"the service's URL is written in its code; env.py reads `{_ADDRESS}`"
        found = self._expression(sink) if values else None
        if found is not None:
            return found, ""
        if plain:
            return _from_environment(read[0].name), ""
        named = self._named(sink.site)
        if named is not None and values:
            expression = f"{named.name}.url.render_as_string(hide_password=False)"
            return (f"from {named.module} import {named.name}", expression), ""
        return (), ""

    def _expression(self, sink: Sink) -> tuple[str, ...] | None:
        """The expression by which the service itself comes to the URL, where env.py can write it too."""
        call = call_of(sink)
        if call is None:
            if isinstance(sink.unit.node, Class) and "." not in sink.unit.name:
                return f"from {self.dotted(sink.site.module)} import {sink.unit.name}", f"{sink.unit.name}.{sink.name}"
            if sink.unit.parent is None and sink.name.isidentifier() and sink.unit.flow.binds(sink.name):
                return f"from {self.dotted(sink.site.module)} import {sink.name}", sink.name
            return self._of_item(sink)
        arg = next((arg.value for arg in call.args if arg.name in (None, "url")), None)
        return self._written(arg, sink.unit) if arg is not None else None

    def _of_item(self, sink: Sink) -> tuple[str, ...] | None:
        """The value of `app.config[…] = value`, or the item of an application that a module makes."""
        for stmt in sink.unit.statements:
            if not isinstance(stmt, Assign) or stmt.value is None:
                continue
            for target in stmt.targets:
                if target.span == sink.site.span:
                    value = self._written(stmt.value, sink.unit)
                    return value or (self._written(target, sink.unit) if sink.unit.parent is None else None)
        return None

    def _written(self, expr: Expr, unit: Unit) -> tuple[str, ...] | None:
        """An expression of one name of a module's top level, its attributes, and calls without arguments."""
        names = {part.id: part for part in walk(expr) if isinstance(part, Name) and part.id != "str"}
        known = all(isinstance(part, (Name, Attr)) or (isinstance(part, Call) and (not part.args or _is_str(part)))
                    or (isinstance(part, Item) and part is expr) or isinstance(part, Const) for part in walk(expr))
        if len(names) != 1 or not known:
            return None
        name, part = names.popitem()
        text = _text(unit, expr)
        if isinstance(unit.node, Function) and unit.flow.binds(name) and not self._is_imported(name, unit):
            given = [stmt for stmt in unit.statements if isinstance(stmt, Assign)
                     and isinstance(stmt.targets[0], Name) and stmt.targets[0].id == name]
            inner = given[0].value if len(given) == 1 and not given[0].op else None
            found = self._written(inner, unit) if inner is not None and _reads_less(inner, name) else None
            start = part.span[0] - expr.span[0], part.span[1] - expr.span[0]
            raw = text.encode()
            return found and (*found[:-1], (raw[:start[0]] + found[-1].encode() + raw[start[1]:]).decode())
        wanted = self._import(name, unit.module)
        return (wanted, text) if wanted and "\n" not in text else None

    def _is_imported(self, name: str, unit: Unit) -> bool:
        return any(isinstance(stmt, Import) and any(alias.bound == name for alias in stmt.names)
                   for stmt in unit.statements)

    def _import(self, name: str, module: Module) -> str:
        """The import that gives env.py a name which a module of the service uses; empty where there is none."""
        for stmt, _ in module.imports:
            for alias in stmt.names:
                if alias.bound == name and not stmt.plain:
                    return self._from(stmt, alias.name, name, module)
        state = module.unit.flow.exit.get(name)
        if state is not None and state.bindings:
            return f"from {self.dotted(module)} import {name}"
        return ""

    def _from(self, stmt: Import, taken: str, name: str, module: Module) -> str:
        importer = self.ask.importer
        found = importer.meant(module, stmt.module, stmt.level)
        given = f" as {name}" if name != taken else ""
        if found is not None:
            return f"from {self.dotted(found)} import {taken}{given}"
        folder = importer.is_namespace(module, stmt.module, stmt.level)
        inner = self.ask.modules.get(f"{folder}/{taken}.py") or self.ask.modules.get(f"{folder}/{taken}/__init__.py")
        if inner is None:
            return ""
        package, _, last = self.dotted(inner).rpartition(".")
        return f"from {package} import {last}{given}" if package else f"import {last}{given}"


def _above(module: Module, name: str) -> str | None:
    """The folder from which a module is imported by a dotted name."""
    path = module.path.removesuffix("/__init__.py").removesuffix(".py")
    tail = "/" + name.replace(".", "/")
    return path[:-len(tail)] or "/" if path.endswith(tail) else None


def _from_environment(name: str) -> tuple[str, str]:
    return "import os", f'os.environ["{name}"]'


def _text(unit: Unit, expr: Expr) -> str:
    return unit.module.text[expr.span[0]:expr.span[1]].decode("utf-8", "replace")


def _is_str(call: Call) -> bool:
    return isinstance(call.func, Name) and call.func.id == "str" and len(call.args) == 1


def _reads_less(expr: Expr, name: str) -> bool:
    """Whether a value does not need the name that it is given."""
    return not any(isinstance(part, Name) and part.id == name for part in walk(expr))
