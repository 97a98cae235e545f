"""What a run would go by, without judging anything: settings with where they come from, and files by service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gravity_lint.config import Config
from gravity_lint.keys import KEYS, toml
from gravity_lint.policy import Nested
from gravity_lint.report.text import counted, relative, safe


def settings(configs: Nested, given: Mapping[str, tuple[str, Any]]) -> Iterator[str]:
    """Every key with its value, and where that comes from; `given` are those of options: key → option and value.

    The first configuration is the run's; of the others, only what holds for a part of it.
    """
    for index, (config, _) in enumerate(configs):
        if index:
            yield ""
        yield from _settings(config, given, whole=index == 0)


def _settings(config: Config, given: Mapping[str, tuple[str, Any]], whole: bool) -> Iterator[str]:
    name = "no configuration" if config.path is None else relative(config.path.as_posix())
    yield f"# {safe(name)}: {'the whole run' if whole else f'what lies below {safe(relative(config.root.as_posix()))}'}"
    origins = dict(config.origins)
    rows = []
    for key in KEYS:
        if key.name == "extend" or (key.whole and not whole):
            continue
        value, where = _value(config, key.name), origins.get(key.name, "default")
        if key.name in given:
            option, value = given[key.name]
            adds = key.name in ("extend-select", "ignore")
            value = [*_value(config, key.name), *value] if adds else value
            where = f"{where}, {option}" if adds and key.name in origins else option
        places = ", ".join(relative(part) if part.startswith("/") else part for part in where.split(", "))
        rows.append((f"{key.name} = {key.standing if value in (None, [], {}) else toml(value)}", safe(places)))
    width = min(60, max(len(told) for told, _ in rows))
    yield from (f"{safe(told):<{width}}  # {where}" for told, where in rows)


def _value(config: Config, name: str) -> Any:
    """A value as it stands in a file; a file's path relative to the current folder."""
    value = getattr(config, name.replace("-", "_"))
    if name == "severity":
        return dict(value)
    if name == "per-file-ignores":
        return {glob: list(rules) for glob, rules in value}
    if isinstance(value, tuple):
        return list(value)
    return relative(value) if name == "baseline" and value is not None else value


def files(services: Sequence[tuple[str, str, Sequence[tuple[str, str]]]]) -> Iterator[str]:
    """The files of each service, with the kind of the service and the role of each file that is not plain code."""
    for root, kind, members in services:
        yield f"{safe(relative(root))} ({kind}, {counted(len(members), 'file')})"
        for path, role in members:
            yield f"  {safe(relative(path))}" + (f"  ({role})" if role != "code" else "")
