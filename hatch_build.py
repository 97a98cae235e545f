"""Builds into the wheel what every run would make anew: rules and tables of knowledge as Python values, so that no YAML
is read for them, patterns as the code of their engine, and the functions that make records."""

from __future__ import annotations

import re
import sys
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import MappingProxyType, ModuleType
from typing import Any
from unittest import mock

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HEAD = '"""Made when the wheel was built; the source is `{source}`."""\n\n'


class Tables(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `gravity_lint/built` to a wheel. An editable install has none and reads the sources each time."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            texts = dict(modules())
        finally:
            sys.path.remove(self.root)
        self.folder = tempfile.TemporaryDirectory(prefix="gravity-lint-")
        for name, text in texts.items():
            path = Path(self.folder.name, name)
            path.write_text(text, "utf-8")
            build_data["force_include"][str(path)] = f"gravity_lint/built/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self.folder.cleanup()


def modules() -> Iterator[tuple[str, str]]:
    """The name and the text of each module of `gravity_lint.built`. Raises what loading a rule or a table raises."""
    import gravity_lint
    from gravity_lint import knowledge
    from gravity_lint.knowledge import names
    from gravity_lint.knowledge.contacts import Contacts
    from gravity_lint.knowledge.exposures import Exposures
    from gravity_lint.knowledge.reading import table
    from gravity_lint.rulebook import load_rules, rules_folder

    tables = {
        "contacts": Contacts, "drivers": tuple[knowledge.Driver, ...], "exposures": Exposures,
        "frameworks": knowledge.Frameworks, "models": tuple[knowledge.Models, ...], "names": names.Words,
        "operations": knowledge.Operations, "schemes": knowledge.Schemes, "settings": tuple[knowledge.Setting, ...],
        "values": knowledge.Values,
    }
    yield "__init__.py", '"""Rules and tables as they were when the wheel was built."""\n'
    for name, kind in tables.items():
        yield f"{name}.py", _module(f"knowledge/{name}.yaml", "TABLE", table(name, kind))
    yield "rules.py", _module("rules/", "RULES", tuple(_row(rule, rules_folder()) for rule in load_rules()))
    everything = list(_imported(gravity_lint.__path__))
    names.words().brand, names.store_words()
    yield "patterns.py", _patterns()
    yield "records.py", _records(everything)


def _imported(folders: Iterable[str]) -> Iterator[ModuleType]:
    """Every module of the package but for those that need what only commands and fixes do."""
    for found in walk_packages(folders, "gravity_lint."):
        if found.name.rpartition(".")[2] != "__main__":  # importing it is running it
            try:
                yield import_module(found.name)
            except ModuleNotFoundError as error:
                if error.name not in ("click", "libcst", "wcwidth"):
                    raise


def _patterns() -> str:
    """Every pattern that is known when modules are imported, as the engine of this interpreter is given it."""
    from gravity_lint import regex

    given: list[tuple[Any, ...]] = []
    with mock.patch("_sre.compile", side_effect=lambda *each: given.append(each)):
        for text, flags in regex.KNOWN:
            re.purge()
            re.compile(text, flags)
    re.purge()  # they are none
    patterns = {key: (flags, array("I", code).tobytes(), groups, dict(names), indices)
                for key, (_, flags, code, groups, names, indices) in zip(regex.KNOWN, given, strict=True)}
    return f'"""Made when the wheel was built."""\n\nENGINE = {regex.engine()!r}\nPATTERNS = {patterns!r}\n'


def _records(modules: Iterable[ModuleType]) -> str:
    """The functions that make the named tuples and structs of these modules."""
    from gravity_lint import record

    kinds = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    texts = {record.making(kind) for kind in kinds
             if hasattr(kind, "_struct_fields") or (issubclass(kind, record.NamedTuple) and kind._fields)}
    texts |= {record.spanning(f"_{name}") for kind in kinds for name in getattr(kind, "_struct_spans", ())}
    functions = "".join(f"{text}\n\n\nFUNCTIONS[{text!r}] = {text.partition('(')[0].removeprefix('def ')}\n\n\n"
                        for text in sorted(texts))
    return f'"""Made when the wheel was built."""\n\nFUNCTIONS = {{}}\n\n\n{functions}'.rstrip() + "\n"


def _row(rule: Any, folder: Path) -> dict[str, Any]:
    """What makes the rule again, with its options as its check took them."""
    path, options = rule.path.relative_to(folder).as_posix(), _given(rule.check)
    return {**_given(rule), "path": path, "fitted": options}


def _given(record: Any) -> dict[str, Any]:
    return {name: record.__dict__[name] for name in record._fields if name in record.__dict__}


def _module(source: str, name: str, value: object) -> str:
    kinds: set[type] = set()
    text = _text(value, kinds)
    imports = sorted(f"from {kind.__module__} import {kind.__name__}" for kind in kinds - {MappingProxyType})
    if MappingProxyType in kinds:
        imports.insert(0, "from types import MappingProxyType")
    return HEAD.format(source=source) + "\n".join(imports) + f"\n\n{name} = {text}\n"


def _text(value: Any, kinds: set[type]) -> str:
    """A value → the expression that makes it; the classes that the expression names are added to `kinds`."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_text(key, kinds)}: {_text(each, kinds)}" for key, each in value.items())
        if isinstance(value, MappingProxyType):
            kinds.add(MappingProxyType)
            return f"MappingProxyType({{{inner}}})"
        return f"{{{inner}}}"
    if type(value) is list:
        return f"[{', '.join(_text(each, kinds) for each in value)}]"
    if type(value) is tuple:
        return f"({''.join(f'{_text(each, kinds)}, ' for each in value)})"
    if isinstance(value, (str, int, bool)) or value is None:
        return repr(value)
    kinds.add(type(value))
    given = value._asdict() if isinstance(value, tuple) else _given(value)
    return f"{type(value).__name__}({', '.join(f'{name}={_text(each, kinds)}' for name, each in given.items())})"
