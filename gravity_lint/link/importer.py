"""Which module of a service an import means."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

from gravity_lint.facts.code import Import
from gravity_lint.link.modules import Module
from gravity_lint.record import cached_property


class Importer:
    """Finds the module that an import means, among the modules of one service and the libraries beside it."""

    def __init__(
        self, root: str, modules: dict[str, Module], libraries: Mapping[str, bool], known: frozenset[str]
    ) -> None:
        self.root = root.rstrip("/")
        self.modules = modules
        self.libraries = {library.rstrip("/"): distributed for library, distributed in libraries.items()}
        """The roots of the libraries, and whether each is what is installed, and so no package itself."""
        self.known = known
        """Top-level names of well-known libraries, which a folder somewhere in the service does not hide."""
        self._found: dict[tuple[str, str], Module | None] = {}
        self._around: dict[str, str] = {}

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a module, itself or further down."""
        found: set[str] = set()
        for module in self.modules.values():
            folder = module.folder
            while folder and folder not in found and len(folder) > 1:
                found.add(folder)
                folder = folder.rsplit("/", 1)[0]
        return frozenset(found)

    @cached_property
    def _parents(self) -> dict[str, list[str]]:
        """First part of a dotted name → the folders that hold a module or a folder of that name, shallowest first."""
        found: dict[str, set[str]] = {}
        for path, module in self.modules.items():
            if not module.is_package:
                found.setdefault(module.stem, set()).add(path.rsplit("/", 1)[0])
        for folder in self.folders:
            parent, _, name = folder.rpartition("/")
            found.setdefault(name, set()).add(parent)
        return {name: sorted(where, key=lambda folder: (folder.count("/"), folder)) for name, where in found.items()}

    @cached_property
    def _roots(self) -> tuple[str, ...]:
        """The folders from which whatever imports may be served."""
        return (self.root, f"{self.root}/src", *self.libraries, *(f"{library}/src" for library in self.libraries))

    @cached_property
    def heads(self) -> frozenset[str]:
        """The first names by which code outside of the libraries can name what is in them."""
        entered = (name for name, places in self._parents.items() if any(map(self._entered, places)))
        return frozenset((*entered, *(library.rpartition("/")[2] for library in self.libraries)))

    def _parents_of(self, head: str, module: Module) -> list[str]:
        """Where a module finds a first name. The inside of a library's packages is no place for others' imports, and
        `import types` means no module of a library.
        """
        parents = self._parents.get(head, [])
        if not self.libraries:
            return parents
        entered = head not in sys.stdlib_module_names
        return [place for place in parents if not (library := self._library_of(place))
                or (entered and self._entered(place))
                or (module.role == "library" and module.path.startswith(f"{library}/"))]

    def _entered(self, place: str) -> bool:
        """Whether a folder of a library may be one of `sys.path`: no package holds it, nor is it one."""
        library = folder = self._library_of(place)
        if not library or (f"{library}/__init__.py" in self.modules and not self.libraries[library]):
            return False
        for name in place[len(library) + 1:].split("/") if place != library else ():
            folder = f"{folder}/{name}"
            if f"{folder}/__init__.py" in self.modules:
                return False
        return True

    def _library_of(self, folder: str) -> str:
        """The root of the library that a folder lies in, or is; empty for one of the service's own."""
        found = self._around.get(folder)
        if found is None:
            around = (root for root in (self.root, *self.libraries) if f"{folder}/".startswith(f"{root}/"))
            nearest = max(around, key=len, default="")
            found = self._around[folder] = nearest if nearest in self.libraries else ""
        return found

    def meant(self, module: Module, name: str, level: int) -> Module | None:
        """The module that `from name import`, with so many dots before it, means in a module; None for a library's."""
        return self.relative(module, name, level) if level else self.absolute(module, name)

    def imported(self, module: Module) -> Iterator[tuple[Module, str]]:
        """The modules that a module's text seems to import, and what it takes of them; nothing for all of one."""
        for name, level, taken in module.spelling.imports:
            if (base := self.meant(module, name, level)) is not None:
                yield from ((base, each) for each in taken or ("",))
            yield from ((whole, "") for whole in self._inside(module, base, name, level, taken))

    def of(self, module: Module, stmt: Import) -> Iterator[Module]:
        """The modules that an import statement in a module means, and so runs."""
        if stmt.plain:
            found = [self.absolute(module, alias.name) for alias in stmt.names]
        else:
            base = self.meant(module, stmt.module, stmt.level)
            taken = (alias.name for alias in stmt.names)
            found = [base, *self._inside(module, base, stmt.module, stmt.level, taken)]
        yield from (each for each in found if each is not None)

    def _inside(
        self, module: Module, base: Module | None, name: str, level: int, taken: Iterable[str]
    ) -> Iterator[Module]:
        """The modules among what `from name import …` takes; `base` is what that name means, where it is a module."""
        if base is not None and not base.is_package:
            return  # most are no package, and hold none
        for each in taken:
            if each != "*":
                whole = self.meant(module, f"{name}.{each}" if name else each, level)
                if whole is not None:
                    yield whole

    def relative(self, module: Module, name: str, level: int) -> Module | None:
        """`from ..name import` in a module → the module meant, None when it is not there."""
        folder = module.folder
        for _ in range(level - 1):
            folder = folder.rpartition("/")[0]
        return self._at(folder, name)

    def absolute(self, module: Module, name: str) -> Module | None:
        """`import name` in a module → the module meant, None when it belongs to a library.

        Python looks in the folders of `sys.path`, which the deployment decides: the service's root, `src`, and the
        folders above the importing file are tried in that order, then wherever else in the service the name fits.
        """
        if name.partition(".")[0] not in self._parents:
            return None
        key = module.folder, name
        if key in self._found and self._found[key] is not module:
            return self._found[key]
        found = self._search(module, name)
        if not module.is_package and module.stem != name.split(".", 1)[0]:  # what it is not to itself, it is to others
            self._found[key] = found
        return found

    def _search(self, module: Module, name: str) -> Module | None:
        head = name.split(".", 1)[0]
        parents = self._parents_of(head, module)
        if not parents:
            return None
        roots = self._roots
        above: list[str] = []
        folder = module.folder
        while len(folder) >= len(self.root) and folder.startswith(self.root):
            above.append(folder)
            if folder == self.root:
                break
            folder = folder.rpartition("/")[0]
        tried = [*roots, *reversed(above)] if head in self.known else [*roots, *reversed(above), *parents]
        for place in dict.fromkeys(tried):
            if place in parents and (found := self._at(place, name)) is not None and found is not module:
                if head in self.known and (
                    place not in roots
                    or (
                        found.path.count("/") - place.count("/") > 1
                        and f"{place}/{head}/__init__.py" not in self.modules
                    )
                ):
                    continue
                return found
        return None

    def _at(self, folder: str, name: str) -> Module | None:
        path = f"{folder}/{name.replace('.', '/')}" if name else folder
        return self.modules.get(f"{path}/__init__.py") or self.modules.get(f"{path}.py")

    def is_namespace(self, module: Module, name: str, level: int) -> str | None:
        """The folder that `name` means where it is a folder of modules without an `__init__.py`."""
        if level:
            folder = module.folder
            for _ in range(level - 1):
                folder = folder.rpartition("/")[0]
            path = f"{folder}/{name.replace('.', '/')}" if name else folder
            return path if path in self.folders else None
        head = name.split(".", 1)[0]
        for place in [self.root, f"{self.root}/src", *self._parents_of(head, module)]:
            path = f"{place}/{name.replace('.', '/')}"
            if path in self.folders and (head not in self.known or place in (self.root, f"{self.root}/src")):
                return path
        return None

    def packages_above(self, module: Module) -> Iterator[Module]:
        """The `__init__` modules that run before a module does, outermost last."""
        folder = module.folder.rpartition("/")[0] if module.is_package else module.folder
        while (found := self.modules.get(f"{folder}/__init__.py")) is not None:
            yield found
            folder = folder.rpartition("/")[0]
