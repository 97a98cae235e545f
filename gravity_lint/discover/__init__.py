"""Which services stand under the paths that were asked for, and which files are theirs."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from gravity_lint import inputs
from gravity_lint.config import Config
from gravity_lint.discover import units
from gravity_lint.discover.ignore import Layer, Patterns, leaves_out
from gravity_lint.discover.top import MARKED, PARTED, top_of
from gravity_lint.discover.values import Discovery, File, NoSuchPath, Selection, ServiceFiles, Trouble
from gravity_lint.discover.walk import WALKED, Folder, Tree, kind_of, placed, role_of, walk

LENSES = {lens.name: lens for lens in (inputs.EVERYTHING, inputs.FILES, MARKED, PARTED, WALKED)}
"""What a run may have looked for in a folder."""

__all__ = ["LENSES", "Discovery", "File", "NoSuchPath", "Selection", "ServiceFiles", "Trouble", "discover", "plain",
           "restored"]


def discover(paths: Sequence[Path], config: Config, unsaved: Collection[str] = ()) -> Discovery:
    """Paths → the services around them, whole, and the selection that the paths make.

    `unsaved` names files (absolute) that count although they may not exist yet: an editor's buffers, what a fix adds.
    Raises `NoSuchPath` for any other path that is neither a file nor a folder.
    """
    asked = {_absolute(path): None for path in paths}
    folders = {path: path not in unsaved and _is_folder(path) for path in asked}
    services: list[ServiceFiles] = []
    troubles: list[Trouble] = []
    trees = _trees(folders, config)
    _add(trees, sorted(set(unsaved) - asked.keys()), config)
    roots = sorted(tree.root for tree in trees)
    for tree in trees:
        _without(tree, roots)
        services += _services(tree, config)
        troubles += tree.troubles
    services.sort(key=lambda service: service.root)
    return Discovery(tuple(services), Selection(frozenset(asked)), tuple(sorted(set(troubles))))


def plain(found: Discovery) -> inputs.Plain:
    """What was discovered, as plain values."""
    services = [(*each[:3], [tuple(file) for file in each.files], each.imports_from) for each in found.services]
    return services, sorted(found.selected.paths), [tuple(trouble) for trouble in found.troubles]


def restored(values: inputs.Plain) -> Discovery:
    """What `plain` was given."""
    services, asked, troubles = values
    return Discovery(
        tuple(ServiceFiles(root, kind, why, tuple(map(File._make, files)), shared)
              for root, kind, why, files, shared in services),
        Selection(frozenset(asked)), tuple(map(Trouble._make, troubles)))


def _absolute(path: Path) -> str:
    try:
        return os.path.abspath(path).replace(os.sep, "/")
    except ValueError as error:
        raise NoSuchPath(f"{str(path)!r}: {error}") from None


def _is_folder(path: str) -> bool:
    try:
        inputs.state(path)
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        if inputs.is_link(path):
            return False
        reason = "no such file or folder" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", error)
        raise NoSuchPath(f"{path}: {reason}") from None
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise NoSuchPath(f"{path}: neither a file nor a folder")
    return stat.S_ISDIR(mode)


# ---- trees


def _trees(folders: dict[str, bool], config: Config) -> list[Tree]:
    """The trees that hold the paths, each walked once, with every path in one of them."""
    known: dict[tuple[str, bool], str] = {}
    tops: dict[str, str] = {}
    for path, folder in folders.items():
        start = (path, True) if folder else (path.rpartition("/")[0] or "/", False)
        if start not in known:
            known[start] = top_of(*start)
        tops[path] = known[start]
    trees: dict[str, Tree] = {}
    for top in sorted(set(tops.values())):
        if not any(_reached(tree, top) for tree in trees.values()):
            trees[top] = _walked(top, config)
    for path, folder in folders.items():
        tree = next(tree for root, tree in reversed(trees.items()) if _below(root, tops[path]))
        _include(tree, path, folder, config)
    return list(trees.values())


def _add(trees: Sequence[Tree], files: Iterable[str], config: Config) -> None:
    """Adds files that are not on the disk yet to the innermost of the trees that will hold them."""
    for path in files:
        around = [tree for tree in trees if _below(tree.root, path)]
        if around and not inputs.lexists(path):
            _include(max(around, key=lambda tree: len(tree.root)), path, False, config)


def _walked(root: str, config: Config) -> Tree:
    layer = _excluded(config, root)
    if layer and layer.prefix and leaves_out(layer.patterns, layer.prefix.rstrip("/"), True):
        tree = Tree(root)
        tree.folders[""] = Folder()
        return tree
    return walk(root, layer)


def _below(root: str, path: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _relative(root: str, path: str) -> str:
    return path[len(root.rstrip("/")) + 1:]


def _reached(tree: Tree, path: str) -> bool:
    """Whether a walk has reached a folder as what it is, and not as a test."""
    folder = tree.folders.get(_relative(tree.root, path)) if _below(tree.root, path) else None
    return folder is not None and not folder.test


def _excluded(config: Config, root: str) -> Layer | None:
    """What the configuration leaves out of the tree at this root."""
    patterns = Patterns(config.exclude)
    if not patterns:
        return None
    home = config.root.as_posix()
    if _below(home, root):
        inner = _relative(home, root)
        return Layer(patterns, f"{inner}/" if inner else "", 0)
    if _below(root, home):
        inner = _relative(root, home) + "/"
        return Layer(patterns, "", len(inner), inner)
    return Layer(patterns, "", 0)


def _include(tree: Tree, path: str, folder: bool, config: Config) -> None:
    """Adds what was asked for by name although the walk left it out; only the configuration may leave it out."""
    inner = _relative(tree.root, path)
    layer = _excluded(config, tree.root)
    if layer and inner.startswith(layer.under) \
            and leaves_out(layer.patterns, (layer.prefix + inner[layer.cut:]).rstrip("/"), folder):
        return
    if folder:
        if inner not in tree.folders:
            _trace(tree, inner)
            walk(tree.root, layer, inner, tree)
        return
    above, _, name = inner.rpartition("/")
    if inputs.is_link(path) and not inputs.exists(path):
        broken = Trouble(path, 1, "is a broken link")
        tree.troubles += [broken] if all(trouble.path != path for trouble in tree.troubles) else []
    elif kind_of(name):
        _trace(tree, inner)
        here = tree.folders.setdefault(above, placed(tree, above))
        if name not in here.files:
            here.files = sorted((*here.files, name))


def _trace(tree: Tree, inner: str) -> None:
    """Makes the folders above a path known to the tree, empty but for the way to it."""
    parts = inner.split("/")[:-1]
    for end in range(len(parts)):
        above, path = "/".join(parts[:end]), "/".join(parts[:end + 1])
        parent = tree.folders.setdefault(above, Folder())
        if parts[end] not in parent.folders:
            parent.folders.append(parts[end])
        tree.folders.setdefault(path, placed(tree, path))


def _without(tree: Tree, roots: Iterable[str]) -> None:
    """Takes out of a tree what is a tree of its own."""
    inner = [_relative(tree.root, root) for root in roots if root != tree.root and _below(tree.root, root)]
    if inner:
        tree.folders = {path: folder for path, folder in tree.folders.items()
                        if not any(path == root or path.startswith(f"{root}/") for root in inner)}
        for path, folder in tree.folders.items():
            folder.folders = [name for name in folder.folders if (f"{path}/{name}" if path else name) in tree.folders]


# ---- services


def _services(tree: Tree, config: Config) -> list[ServiceFiles]:
    """A tree → its services, its libraries, and the rest as one unit of the kind `repository`."""
    found = units.find(tree)
    if config.services:
        found = _configured(tree, config, found)
    owners = {unit.root: unit for unit in found}
    files: dict[str, list[File]] = {}
    owner: dict[str, str | None] = {}
    for path in sorted(tree.folders, key=lambda path: (path.count("/"), path)):
        above = owner.get(path.rpartition("/")[0]) if path else None
        mine = owner[path] = path if path in owners else above
        for name in tree.folders[path].files:
            kind = tree.kind(name)
            file = File(tree.absolute(path, name), kind, _role(tree, path, name, kind, owners.get(mine or "")))
            files.setdefault("" if mine is None else mine, []).append(file)
    libraries = {tree.absolute(unit.root) for unit in found if unit.kind == "library"}
    result = []
    for root in sorted({*owners, *files}):
        place = tree.absolute(root)
        unit = owners.get(root)
        shared = tuple(sorted(libraries - {place}))
        kind, why = (unit.kind, _told(unit.why)) if unit else ("repository", ())
        result.append(ServiceFiles(place, kind, why, tuple(sorted(files.get(root, ()))), shared))
    return result


def _role(tree: Tree, path: str, name: str, kind: str, unit: units.Unit | None) -> str:
    """The role of a file; the sample applications of a library are no service, and judged as little as its tests."""
    role = role_of(tree, path, name)
    if role != "code" or kind != "python" or unit is None or unit.kind != "library":
        return role
    return "test" if units.is_sample(path[len(unit.root):].lstrip("/"), name) else role


def _told(why: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(why))


def _configured(tree: Tree, config: Config, found: Iterable[units.Unit]) -> tuple[units.Unit, ...]:
    """The services that the configuration names, and the libraries that were found beside them."""
    home = config.root.as_posix()
    patterns = Patterns("/" + glob.removeprefix("./").strip("/") + "/" for glob in config.services)
    whole = any(glob.strip("./") == "" for glob in config.services)
    named = []
    for path in tree.folders:
        place = tree.absolute(path)
        if (whole and place == home) or (_below(home, place) and place != home
                                         and patterns.verdict(_relative(home, place), True)):
            named.append(units.Unit(path, "service", ("named by `services` of the configuration",)))
    roots = {unit.root for unit in named}
    kept = (unit for unit in found if unit.kind == "library" and unit.root not in roots)
    return (*named, *kept)
