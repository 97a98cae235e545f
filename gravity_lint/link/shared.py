"""Which modules of the libraries beside a service its code can come to: of the others, nothing is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gravity_lint.link.importer import Importer
from gravity_lint.link.modules import Module
from gravity_lint.regex import regex
from gravity_lint.source import found_in

_PATH = regex(rb"(?:\w+\.)*")
_NAME = regex(rb"[\w.]{1,200}:?")
_LONGEST = 200
"""Bytes that are looked at before a part which is known, and as many behind it: a text may be one word of megabytes."""


def taken(own: Iterable[Module], heads: Iterable[str], importer: Importer) -> frozenset[Module]:
    """The modules of libraries that a service's own modules import, or name in a text (`"libs.kit.main:app"`), and what
    those import in turn.

    `heads` are the first names that lead into the libraries; `importer` finds what an import means among all modules.
    A module may seem to be taken and not be, never less.
    """
    words = sorted(head.encode("utf-8", "replace") for head in heads)
    waiting: list[Module] = []
    for module in own:
        if b".." not in module.text and not any(module.text.find(word) >= 0 for word in words):
            continue  # what leads from there to a library names its folder, or what lies in it, or climbs up to it
        waiting += (imported for imported, _ in importer.imported(module))
        names = dict.fromkeys(name for word in words for name in _quoted(module.text, word))
        waiting += (named for name in names for named in _meant(name, module, importer))
    found: set[Module] = set()
    while waiting:
        module = waiting.pop()
        if module.role == "library" and module not in found:
            found.add(module)
            waiting += (imported for imported, _ in importer.imported(module))
            waiting += importer.packages_above(module)
    return frozenset(found)


def _quoted(text: bytes, head: bytes) -> Iterator[str]:
    """The dotted names behind a quotation mark that hold a part, and the colon behind them: `libs.kit.main:`."""
    for at in found_in(text, head):
        near = max(0, at - _LONGEST)
        begin = max(text.rfind(b"'", near, at), text.rfind(b'"', near, at)) + 1
        if begin and _PATH.fullmatch(text, begin, at) and (behind := _NAME.match(text, at)) is not None:
            yield (text[begin:at] + behind[0]).decode("utf-8", "replace")


def _meant(name: str, module: Module, importer: Importer) -> Iterator[Module]:
    """The modules that a dotted name and its beginnings mean. A single word without a colon may only mean a package."""
    word = "." not in name and ":" not in name
    name = name.rstrip(":").rstrip(".")
    yield from _below(name, module, importer)
    while name:
        found = importer.absolute(module, name)
        if found is not None and (found.is_package or not word):
            yield found
        name = name.rpartition(".")[0]


def _below(name: str, module: Module, importer: Importer) -> Iterator[Module]:
    """All modules of the folder that a dotted name means.

    Who names a folder may mean any of them: `f"kit.{name}"`, or an application in which Django looks for models.
    """
    found = importer.absolute(module, name)
    folder = found.folder if found is not None and found.is_package else importer.is_namespace(module, name, 0)
    if folder:
        yield from (each for path, each in importer.modules.items() if path.startswith(f"{folder}/"))
