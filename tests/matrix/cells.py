"""One cell of the product: a service, the verdict that it must get, and whether the answer and its trail are that."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tree import CONNECTION, ROOT, Told, at, files_of, findings, service_of

from gravity_lint.violation import Place, Step
from matrix.libraries import LIBRARIES, TABLES
from matrix.openers import LITERALS, PLACES, SCHEMES, Opener
from matrix.undecided import UNDECIDED
from matrix.ways import ISSUE, OTHERS, Way

WAYS = (*ISSUE, *OTHERS, *LIBRARIES, *TABLES, *(way for way, _ in UNDECIDED))
REASONS = {way.name: reason for way, reason in UNDECIDED}
VERDICTS = ("hardcoded", "default", "required", "unchecked", "checked")
USUAL = {
    "hardcoded": '"LITERAL"',
    "default": 'os.getenv("SHOP_TARGET", "LITERAL")',
    "required": 'os.environ["SHOP_TARGET"]',
    "unchecked": 'os.getenv("SHOP_TARGET")',
    "checked": 'os.getenv("SHOP_TARGET")',
}
CLEAN = ""
CHECKS = (
    r"\1if not \2:\n\1    raise RuntimeError('the target is not set')",
    r"\1if \2 is None:\n\1    raise RuntimeError('the target is not set')",
    r"\1assert \2, 'the target is not set'",
    r"\1if \2 in (None, ''):\n\1    raise SystemExit('the target is not set')",
    r"\1if \2 is None or not \2.strip():\n\1    raise SystemExit('the target is not set')",
    r"\1try:\n\1    assert \2 is not None\n\1except AssertionError:\n\1    raise SystemExit(1)",
)
"""How code looks whether a value is there."""


@dataclass(frozen=True)
class Layout:
    """Where the modules of a service lie, and how they import each other."""

    folder: str
    package: str
    has_files: bool = True
    """Packages have an `__init__.py`."""
    relative: bool = False
    """Imports inside the package begin with dots."""


LAYOUTS = {
    "flat": Layout("", "", False),
    "package": Layout("shop", "shop"),
    "src": Layout("src/shop", "shop"),
    "nested package": Layout("shop/backend", "shop.backend"),
    "no package": Layout("shop", "shop", False),
    "scripts in a folder": Layout("backend", "", False),
    "relative imports": Layout("shop", "shop", relative=True),
}


@dataclass(frozen=True)
class Cell:
    """One service of the product."""

    way: Way
    opener: Opener
    verdict: str
    layout: str

    @property
    def id(self) -> str:
        return f"{self.way.name} | {self.verdict} | {self.opener.id} | {self.layout}"

    @property
    def role(self) -> str:
        return self.way.piece or self.opener.role

    @property
    def code(self) -> str:
        """The rule that must speak; empty where none may."""
        if self.verdict == "unchecked" and self.opener.needs_none and not self.way.piece:
            return CLEAN
        return self.way.codes.get(self.verdict, _code(self.verdict, self.role))


def _code(verdict: str, role: str) -> str:
    if verdict == "hardcoded":
        return "GRV101" if role in PLACES else "GRV103" if role in ("user", "password") else CLEAN
    if verdict == "default":
        return "GRV102"
    return "GRV104" if verdict == "unchecked" and role in ("url", "host") else CLEAN


def possible(way: Way, opener: Opener, verdict: str) -> bool:
    """Whether such a service can be written."""
    role = "url" if way.piece and opener.kind == "document" and opener.role == "host" else opener.role
    return (
        role in way.roles  # Mongo's `host` may hold a URL
        and opener.kind in way.kinds
        and verdict not in way.leave
        and verdict in (way.values or USUAL)
        and (verdict != "checked" or "CHECK" in way.text or way.values.get("checked", "").endswith('"LITERAL"'))
        and ("OPENALL" not in way.text or bool(opener.unpacks))
        and (not opener.at_module_level or re.search(r"^ *opened = OPEN\(", way.text, re.MULTILINE) is not None)
    )


def cells(way: Way, opener: Opener, layouts: tuple[str, ...]) -> Iterator[Cell]:
    """Every verdict of a way and an opener in these layouts."""
    for verdict in VERDICTS:
        if possible(way, opener, verdict):
            for layout in layouts:
                yield Cell(way, opener, verdict, layout)


# ---- the service


def render(cell: Cell) -> dict[str, str]:
    """The files of a cell, marks included."""
    way, opener = cell.way, cell.opener
    literal = literal_of(cell)
    value = (way.values or USUAL)[cell.verdict]
    text = way.text.replace("VALUE", value).replace("LITERAL", literal).replace("SCHEME", SCHEMES[opener.kind])
    text = text.replace('"KEY"', f'"{opener.keyword}"').replace("KEY=", f"{opener.keyword}=")
    text = _open(text.replace("OPENALL(**", "OPENALL("), opener)
    text = re.sub(r"^( *)IMPORT$", lambda match: _indented(opener.imports, match[1]), text, flags=re.MULTILINE)
    check = CHECKS[len(opener.id) % len(CHECKS)] if cell.verdict == "checked" else ""
    text = re.sub(r"^( *)CHECK (\S+)(\n|$)", lambda match: match.expand(check) + match[3] if check else "", text,
                  flags=re.MULTILINE)
    return arrange(files_of(text), LAYOUTS[cell.layout])


def literal_of(cell: Cell) -> str:
    """The literal of a cell."""
    return LITERALS[cell.way.piece] if cell.way.piece else cell.opener.literal()


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line for line in text.split("\n"))


def _open(text: str, opener: Opener) -> str:
    """What stands for `OPEN(…)` and `OPENALL(…)`, the value in its place."""
    while (match := re.search(r"(?P<start>opened = )?(?P<name>OPENALL|OPEN)\(", text)) is not None:
        end, depth = match.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        inner = text[match.end() : end - 1]
        if match["name"] == "OPENALL":
            written, start = opener.unpacks.replace("OPTIONS", inner), match["start"] or ""
        elif match["start"] and opener.statement:
            written, start = opener.statement.replace("TARGET", inner), ""
        else:
            written, start = opener.opens.replace("TARGET", inner), match["start"] or ""
        text = text[: match.start()] + start + written + text[end:]
    return text


def arrange(files: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """The files in a layout: where they lie, what they import, and the files that make folders packages."""
    found: dict[str, str] = {}
    for path, text in files.items():
        if layout.relative:
            dots = "." * path.count("/")
            text = re.sub(r"from PKG\.(?=\w)", f"from {dots}", text)
            text = re.sub(r"from PKG import", f"from {dots} import", text)
        if layout.package:
            text = text.replace("PKG", layout.package)
        else:
            text = text.replace("from PKG import", "import").replace("PKG.", "")
        found[path.replace("PKG/", f"{layout.folder}/" if layout.folder else "")] = text
    if layout.has_files:
        heads = {path[: match.end()] for path in found for match in re.finditer("/", path)
                 if not path.startswith(("scripts/", "tests/")) and path[: match.end()] != "src/"}
        found = {**{f"{head}__init__.py": "" for head in heads}, **found}
    return found


def shown(files: Mapping[str, str]) -> str:
    """The files as one text, for people."""
    return "\n".join(f"--- {path}\n{text}" for path, text in files.items() if text)


# ---- the answer


def problem(cell: Cell) -> str:
    """What is wrong about the answer to a cell; empty where it is what it must be."""
    files = render(cell)
    found = list(findings(service_of(files), *CONNECTION))
    marks = marks_of(files)
    joined = cell.verdict == "hardcoded" and next((place for place, mark in marks.items() if "joined" in mark), None)
    source = joined or next((place for place, mark in marks.items() if "source" in mark), None)
    wanted = [Told(cell.code, *source)] if cell.code and source else []
    told = [at(code, finding.place) for code, finding in found]
    if cell.way.name in REASONS:
        if told and cell.code:
            return f"it was undecided, and is decided now: {told}"
        wanted = []
    if told != wanted:
        return f"found {told}, wanted {wanted}"
    for _, finding in found:
        if wrong := _spot(cell, files, finding.place, bool(joined)) or trail_problem(files, finding.trail):
            return wrong
        steps = [place_of(step) for step in finding.trail]
        for one, following in pairwise(steps):
            if not _joined(files, one, following):
                return f"nothing leads from {one} to {following}"
        ranks = [_rank(marks.get(step, "")) for step in steps]
        if steps[0] != source or "sink" not in marks.get(steps[-1], ""):
            return f"the trail leads from {steps[0]} to {steps[-1]}"
        if None in ranks:
            return f"the trail passes {steps[ranks.index(None)]}, where nothing of it happens"
        if ranks != sorted(ranks, key=lambda rank: rank or 0):
            return f"the trail's steps are out of order: {steps}"
    return ""


def marks_of(files: Mapping[str, str]) -> dict[tuple[str, int], str]:
    """The places with a mark behind `#<`, and their marks."""
    return {
        (path, number): match[1]
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if (match := re.search(r"#< ([\w ]+)$", line))
    }


def _rank(mark: str) -> int | None:
    words = mark.split()
    if "source" in words:
        return -1
    if "joined" in words:
        return 0
    if "sink" in words:
        return 1000
    return int(words[0]) if words else None


def place_of(step: Step) -> tuple[str, int]:
    """A step's file and line, told from the service's root."""
    return step.place.path.removeprefix(f"{ROOT}/"), step.place.line


SAYS_NOTHING = {*keyword.kwlist, "self", "cls", "str", "os", "environ", "getenv", "opened", "none", "other"}
"""Words that two lines may share without the one leading to the other."""


def _joined(files: Mapping[str, str], one: tuple[str, int], following: tuple[str, int]) -> bool:
    """Whether a reader sees how one line leads to another.

    Both hold a name, or one of them names the function or the class that the other stands in, or the other's module.
    """
    lines = [files[path].splitlines()[line - 1].split("#<")[0].replace("-", "_")
             for path, line in (one, following)]
    words, others = ({word.lower() for word in re.findall(r"[A-Za-z]\w*", line)} - SAYS_NOTHING for line in lines)
    around, inside = (_around(files, place) for place in (one, following))
    stem = one[0].removesuffix("/__init__.py").removesuffix(".py").split("/")[-1]
    return bool(words & others or inside & words or around & others
                or stem in others or ("import *" in lines[0] and one[0] == following[0]))


def _around(files: Mapping[str, str], place: tuple[str, int]) -> set[str]:
    """The names of the functions and classes that a line stands in, in lower case."""
    return {
        node.name.lower().lstrip("_")
        for node in ast.walk(_tree(files[place[0]]))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and node.lineno <= place[1] <= (node.end_lineno or 0)
    }


@lru_cache(maxsize=64)
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def trail_problem(files: Mapping[str, str], trail: tuple[Step, ...], named: int = 0) -> str:
    """What is wrong with a trail's steps: each must stand in a file, on text, and name what stands there.

    `named` is the first step of which the names are asked, from the end where it is negative.
    """
    if not trail:
        return "there is no trail"
    for step in trail:
        asked = step in trail[named:]
        path, line = place_of(step)
        lines = files.get(path, "").splitlines()
        if not 0 < line <= step.place.end_line <= max(len(lines), 1):
            return f"{path}:{line} does not exist: {step.message}"
        here = "\n".join(lines[line - 1 : step.place.end_line])
        if not (1 <= step.place.column <= len(lines[line - 1] if lines else "") + 1):
            return f"{path}:{line}:{step.place.column} does not exist: {step.message}"
        for name in re.findall(r"`([^`]*)`", step.message) if asked else ():
            if not _names(name, step.message, here, path, shown(files)):
                return f"{path}:{line} says {step.message!r}, but reads {here!r}"
    return ""


def _names(name: str, message: str, here: str, path: str, everything: str) -> bool:
    """Whether a step may speak of a name: it is in the line, the file itself, or what the line stands in for."""
    if " " in name:
        return all(word in here for word in name.split())
    last = re.split(r"[./]", name.removesuffix("()").removesuffix(".py"))[-1]
    if last in ("__init__", ""):
        last = (re.split(r"[./]", name.removesuffix(".py")) or [""])[-2] if "." in name or "/" in name else ""
    words = re.findall(r"\w+", here)
    return (
        "import *" in here
        or last.lower() in here.lower()
        or name == path
        or any(len(word) > 2 and last.lower().endswith(word.lower()) for word in words)
        or (message.startswith("stands in for") and last.lower() in everything.lower())
    )


def _spot(cell: Cell, files: Mapping[str, str], place: Place, is_joined: bool) -> str:
    """What is wrong with the columns of a finding: they must hold the literal, or what reads the environment."""
    path = place.path.removeprefix(f"{ROOT}/")
    lines = files[path].splitlines()[place.line - 1 : place.end_line]
    text = "\n".join([*lines[:-1], lines[-1][: place.end_column - 1]])[place.column - 1 :]
    if cell.code == "GRV104":
        wanted = "" if cell.way.values else USUAL["unchecked"]
    else:
        wanted = "" if is_joined else f'"{literal_of(cell)}"'
    return f"the finding marks {text!r}, not {wanted!r}" if wanted and text != wanted else ""


# ---- what is known to be wrong


@dataclass(frozen=True)
class Fault:
    """Cells that do not get the right answer yet, and why. A cell among them that gets it is a mistake in this list."""

    reason: str
    way: str = ".*"
    """A pattern of the way's whole name."""
    opener: str = ".*"
    codes: tuple[str, ...] = ("GRV101", "GRV102", "GRV103", "GRV104")
    """The codes that are expected, where none is told or another."""
    verdicts: tuple[str, ...] = VERDICTS

    def holds(self, cell: Cell) -> bool:
        return (
            cell.code in self.codes
            and cell.verdict in self.verdicts
            and re.fullmatch(self.way, cell.way.name) is not None
            and re.fullmatch(self.opener, cell.opener.id) is not None
        )


FAULTS: tuple[Fault, ...] = (
    Fault("what `__new__` sets is not seen", way="singleton"),
)


def fault_of(cell: Cell) -> Fault | None:
    """Why a cell is known to fail; what is undecided is no fault."""
    return None if cell.way.name in REASONS else next((fault for fault in FAULTS if fault.holds(cell)), None)
