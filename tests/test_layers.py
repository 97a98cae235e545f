"""The layers only look down, and each parser stays in its own room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gravity_lint

ROOT = Path(gravity_lint.__file__).parent
LAYERS = (
    {"record"},
    {"formats", "progress", "regex", "inputs", "writing"},
    {"violation"},
    {"source", "mask"},
    {"knowledge"},
    {"facts"},
    {"keys"},
    {"config"},
    {"roots"},
    {"discover"},
    {"screen"},
    {"appended", "cache", "workers"},
    {"link"},
    {"checks"},
    {"rulebook", "suppress"},
    {"policy"},
    {"baseline"},
    {"report", "fix"},
    {"remember"},
    {"run"},
    {"mending", "against", "beginning", "showing"},
    {"commands"},
    {"cli", "flake8_plugin"},
    {"start"},
    {"__main__"},
)
"""From the ground up: a module may import from its own room and from those below it."""
ROOMS = {
    **dict.fromkeys(("tree_sitter", "tree_sitter_bash", "tree_sitter_powershell", "tree_sitter_python"), "facts"),
    "libcst": "fix",
    "click": "cli",
    "flake8": "flake8_plugin",
}
MODULES = sorted(ROOT.rglob("*.py"))


def room(module: str) -> str:
    """`gravity_lint.facts.code` → `facts`"""
    return module.split(".")[1] if "." in module else ""


def name(path: Path) -> str:
    return ".".join(("gravity_lint", *path.relative_to(ROOT).with_suffix("").parts))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" if module == "gravity_lint" else module for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_only_looks_down(path: Path) -> None:
    height = {each: level for level, rooms in enumerate(LAYERS) for each in rooms}
    own = room(name(path))
    if own == "__init__":
        own = "violation"
    assert own in height, f"give {own} its layer"
    for module in imports(path):
        if module.partition(".")[0] == "gravity_lint" and (other := room(module)) in height:
            assert other == own or height[other] < height[own], f"{own} must not import {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_parser_stays_in_its_room(path: Path) -> None:
    for module in imports(path):
        allowed = ROOMS.get(module.partition(".")[0])
        assert allowed in (None, room(name(path))), f"{module} belongs in {allowed}"
