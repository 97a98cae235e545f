"""From the evidence of single folders to the units of a tree: its services and shared libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from gravity_lint.discover.evidence import Evidence, builds, collect, runs
from gravity_lint.discover.walk import Tree, role_of
from gravity_lint.record import NamedTuple

CODE_FOLDERS = {"app", "src", "application", "code"}
"""Folders that hold the code of what stands around them."""
SAMPLE_FOLDERS = {"docs", "doc", "docs_src", "docs_examples", "documentation", "examples", "example", "samples", "demo",
                  "demos"}
"""Folders that show how to use what stands around them."""
SIDE_FOLDERS = SAMPLE_FOLDERS | {"scripts", "script", "tools", "infra", "deploy", "deployment", "deployments", "docker",
                                 "ops", "ci", "bin", "ansible", "terraform", "helm", "k8s", "kubernetes", "charts",
                                 "notebooks", "benchmarks", "templates"}
"""Folders whose programs are a service only where an image is built of them."""
SHARED_FOLDERS = {"shared", "common", "commons", "lib", "libs", "libraries", "packages", "pkg", "core", "utils"}
"""Folders beside services that are libraries, although no packaging says so."""
_READ_AT_MOST = 200
_SAMPLES = {"example.py", "examples.py", "sample.py", "demo.py"}
_NO_ENTRIES = _SAMPLES | {"setup.py"}
"""Beside a package, what they build is shown and not run; a setup.py may quote it."""


def is_sample(path: str, name: str) -> bool:
    """Whether a file of a library, by its folder from the library's root and its name, only shows how to use it."""
    return not SAMPLE_FOLDERS.isdisjoint(path.split("/")) or (not path and name in _SAMPLES)


class Unit(NamedTuple):
    """A service or library to be, while folders are folded into each other; the paths are relative to the tree."""

    root: str
    kind: str
    why: tuple[str, ...]
    image: bool = False
    packaged: bool = False
    builder: bool = False
    entry: bool = False
    migrated: bool = False
    """Brings its own Alembic environment."""
    package: bool = False
    """Its root holds `__init__.py`."""

    @property
    def deployable(self) -> bool:
        """Whether it could be deployed by itself."""
        return self.kind == "service" and (self.image or self.packaged or self.migrated) and (self.entry or self.image)


def find(tree: Tree) -> tuple[Unit, ...]:
    """A walked tree → its services and libraries, by root; at most one a folder."""
    evidence = collect(tree)
    python = _with_python(tree, evidence)
    units = _folded(tree, evidence, python, SIDE_FOLDERS) or _folded(tree, evidence, python, set())
    if not units or not _claimed(tree, evidence, units):
        if "" not in python:
            return ()
        return (Unit("", "service", ("Python code that no packaging, image or entry module claims",)),)
    units = _settled(tree, units)
    return tuple(sorted([*units, *_shared(tree, evidence, python, units)], key=lambda unit: unit.root))


def _claimed(tree: Tree, evidence: dict[str, Evidence], units: list[Unit]) -> bool:
    """Whether more than the name of a module, with other Python beside it, makes the units of a tree."""
    if any(unit.deployable or unit.builder or unit.packaged or unit.migrated for unit in units):
        return True
    roots = {unit.root for unit in units}
    return all(not own.python or path in roots or any(path.startswith(f"{root}/") for root in roots)
               for path, own in evidence.items()) and "" not in roots


def _with_python(tree: Tree, evidence: dict[str, Evidence]) -> set[str]:
    """The folders that hold Python, themselves or below them."""
    result: set[str] = set()
    for path, own in evidence.items():
        while own.python and path not in result:
            result.add(path)
            if not path:
                break
            path = path.rpartition("/")[0]
    return result


def _folded(tree: Tree, evidence: dict[str, Evidence], python: set[str], side: set[str]) -> list[Unit]:
    """Folds the folders, innermost first, into the units that the root is left with."""
    below: dict[str, list[Unit]] = {}
    for path in sorted(python, key=lambda path: (-path.count("/") if path else 1, path)):
        kids = [kid for name in tree.folders[path].folders
                for kid in below.pop(_join(path, name), ()) if name not in side or (kid.image and kid.entry)]
        below[path] = list(_fold(path, evidence[path], kids, partial(_lone, tree, path, kids, evidence)))
    return below.get("", [])


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _lone(tree: Tree, path: str, kids: list[Unit], evidence: dict[str, Evidence]) -> bool:
    """Whether a folder's code is all in its kids: no other folder with Python below it, tests and scripts apart."""
    roots = {kid.root for kid in kids}
    stack = [_join(path, name) for name in tree.folders[path].folders if name not in SIDE_FOLDERS]
    while stack:
        here = stack.pop()
        if here in roots or tree.folders[here].test:
            continue
        if evidence[here].python:
            return False
        stack.extend(_join(here, name) for name in tree.folders[here].folders)
    return True


def _fold(path: str, own: Evidence, kids: list[Unit], lone: Callable[[], bool]) -> Iterator[Unit]:
    """One folder and the units below it → the units of both."""
    claim = _claim(path, own)
    strong = [kid for kid in kids if kid.deployable]
    weak = [kid for kid in kids if not kid.deployable]
    if claim is None:
        yield from _without_claim(path, own, kids)
    elif len(strong) > 1:
        yield from _beside_several(claim, own, strong, weak)
    elif strong and own.images and own.builders and strong[0].image:
        yield _merged(claim, weak)
        yield strong[0]
    elif not strong and _separate(own, weak, lone):
        yield from weak
    else:
        yield _merged(claim, [kid for kid in kids if not _library_within(claim, kid)])
        yield from (kid for kid in kids if _library_within(claim, kid))


def _claim(path: str, own: Evidence) -> Unit | None:
    """What a folder's own files make of it, or None."""
    if not (own.packaged or own.images or own.builders or (own.alembic and (own.named or own.composes or own.python))):
        return None
    why = (*own.images, *own.packages, *own.requirements, *own.builders, *own.named, *own.alembic)
    runs = bool(own.images or own.entry or own.scripts)
    kind = "service" if runs or (own.requirements and not own.packages) else "library"
    return Unit(path, kind, why, image=bool(own.images), packaged=own.packaged, builder=bool(own.builders),
                entry=own.entry, migrated=bool(own.alembic), package=own.package)


def _merged(claim: Unit, kids: Iterable[Unit]) -> Unit:
    """A folder's unit with the evidence below it taken in."""
    for kid in kids:
        inner = kid.root[len(claim.root):].lstrip("/")
        claim = claim._replace(
            kind="service" if "service" in (claim.kind, kid.kind) else "library",
            why=(*claim.why, *(f"{inner}/{why}" for why in kid.why)), image=claim.image or kid.image,
            packaged=claim.packaged or kid.packaged, builder=claim.builder or kid.builder,
            entry=claim.entry or kid.entry, migrated=claim.migrated or kid.migrated)
    return claim


def _without_claim(path: str, own: Evidence, kids: list[Unit]) -> Iterator[Unit]:
    """A folder that claims nothing: code folders and packages give their units to what stands around them."""
    inner = [kid for kid in kids if kid.package
             and ((kid.kind == "service" and not kid.deployable) or _is_part(own, kid))]
    only = kids[0] if len(kids) == 1 else None
    if only and (only.root.rpartition("/")[2] in CODE_FOLDERS or inner or own.alembic or own.named):
        why = (*own.named, *own.alembic)
        yield _merged(Unit(path, only.kind, why, entry=own.entry, migrated=bool(own.alembic), package=own.package),
                      kids)
    elif own.named and kids and not any(kid.deployable for kid in kids) and sum(kid.builder for kid in kids) < 2:
        yield _merged(Unit(path, "service", tuple(own.named), entry=True, package=own.package), kids)
    elif len(inner) > 1 or (own.package and inner):
        whole = _merged(Unit(path, "library", (), package=own.package), inner)
        yield whole._replace(migrated=False) if whole.kind == "service" else whole  # it may be only a part itself
        yield from (kid for kid in kids if kid not in inner)
    elif kids:
        yield from kids
    elif own.named and not own.package:
        yield Unit(path, "service", tuple(own.named), entry=True)


def _is_part(own: Evidence, kid: Unit) -> bool:
    """Whether a unit is only a package with an alembic.ini inside another package, which is no project of its own."""
    return own.package and kid.kind == "library" and kid.migrated and not kid.packaged


def _beside_several(claim: Unit, own: Evidence, strong: list[Unit], weak: list[Unit]) -> Iterator[Unit]:
    """A folder above several units that could be deployed by themselves: it is one of them only if it builds an app."""
    inner = [kid for kid in strong if own.images and kid.package and not kid.image]
    if len(inner) == len(strong):
        yield _merged(claim, [*strong, *weak])
        return
    apart = [kid for kid in strong if kid not in inner]
    if own.builders:
        yield _merged(claim, [*inner, *(kid for kid in weak if kid.kind == "service")])
        yield from (kid for kid in weak if kid.kind == "library")
    else:
        yield from (kid for kid in weak if kid.kind == "library" or (kid.builder and not kid.package))
        yield from inner
    yield from apart


def _separate(own: Evidence, weak: list[Unit], lone: Callable[[], bool]) -> bool:
    """Whether folders with no more than an entry each are services: they share one list of requirements, no code."""
    apps = [kid for kid in weak if kid.builder and not kid.package]
    return (len(apps) > 1 and len(apps) == len(weak) and not (own.images or own.entry or own.packages)) and lone()


def _library_within(claim: Unit, kid: Unit) -> bool:
    """Whether a packaged library stands below a folder that runs without it."""
    return (kid.kind == "library" and kid.packaged and claim.kind == "service"
            and kid.root.rpartition("/")[2] not in CODE_FOLDERS and (claim.entry or claim.image))


def _settled(tree: Tree, units: list[Unit]) -> list[Unit]:
    """The kinds where nothing in the folder itself decides: what stands beside it, and what its modules build."""
    deployed = sum(unit.image for unit in units)
    result: list[Unit] = []
    for unit in units:
        if unit.kind == "service" and deployed > 1 and not unit.image and not unit.builder and not unit.migrated:
            built = _built_somewhere(tree, unit.root)
            unit = unit._replace(why=(*unit.why, built)) if built else unit._replace(kind="library")
        elif unit.kind == "library" and len(units) == 1:
            built = _built_somewhere(tree, unit.root, runs)
            if built or not unit.packaged:
                unit = unit._replace(kind="service", why=(*unit.why, built) if built else unit.why)
        result.append(unit)
    return result


def _built_somewhere(tree: Tree, root: str, told: Callable[[Tree, str, str], str] = builds) -> str:
    """Where a module of a unit, whatever its name, builds an application; empty where none of the first ones does."""
    seen = 0
    prefix = f"{root}/" if root else ""
    for path, folder in tree.folders.items():
        if (path != root and not path.startswith(prefix)) or folder.test or folder.migrations:
            continue
        if not SIDE_FOLDERS.isdisjoint(path[len(prefix):].split("/")):
            continue
        for name in folder.files:
            if path == root and name in _NO_ENTRIES:
                continue
            if name.endswith(".py") and role_of(tree, path, name) == "code" and seen < _READ_AT_MOST:
                seen += 1
                if built := told(tree, path, name):
                    return f"{_join(path, name)[len(prefix):]} {built}"
    return ""


def _shared(tree: Tree, evidence: dict[str, Evidence], python: set[str], units: list[Unit]) -> Iterator[Unit]:
    """Packages beside the services of a tree that no packaging declares."""
    roots = {unit.root for unit in units}
    if "" in roots or sum(unit.kind == "service" for unit in units) < 2:
        return
    above = {root[:end] for root in roots for end in range(len(root)) if not end or root[end] == "/"}
    packages = [path for path in sorted(above - roots - {""}) if evidence[path].package]
    for path in packages:
        if path.rpartition("/")[0] not in packages:
            yield Unit(path, "library", ("the package around services",), package=True)
    for path in sorted(above.difference(packages)):  # the folders of a package are no libraries, but parts of it
        for name in tree.folders[path].folders:
            inner = _join(path, name)
            if inner in python and inner not in roots and inner not in above and name not in SIDE_FOLDERS \
                    and (name in SHARED_FOLDERS or evidence[inner].package):
                yield Unit(inner, "library", ("a package beside the services",), package=evidence[inner].package)
