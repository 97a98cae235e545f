"""Adds a variable to the files that show a deployment what a service needs: `.env.example`, a compose example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gravity_lint.facts.compose import compose_variables, of_services
from gravity_lint.facts.dotenv import parse_dotenv
from gravity_lint.facts.yamlfile import Entry, parse_yaml
from gravity_lint.fix.edits import applied
from gravity_lint.fix.headers import newline_of
from gravity_lint.source import Source
from gravity_lint.violation import Edit


def with_variable(source: Source, name: str, value: str, containers: Sequence[str]) -> str:
    """A file's text with the variable in it: for these containers of a compose file, else as a line of its own."""
    if containers:
        return _in_compose(source, name, containers)
    if any(variable.name == name for variable in parse_dotenv(source)):
        return source.text
    end = newline_of(source.text)
    before = source.text if not source.text or source.text.endswith("\n") else source.text + end
    return f"{before}{name}={_quoted(value)}{end}"


def claims(source: Source, name: str, containers: Sequence[str]) -> Iterator[str]:
    """What only one fix may do at a time: give this variable, or begin the environment of a container."""
    yield f"{source.path}\n{name}"
    if containers:
        told = {path[0] for path, _ in of_services(parse_yaml(source)) if path[1:2] == ("environment",)}
        yield from (f"{source.path}\n{container} environment" for container in containers if container not in told)


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"[\s#'$`]", value) else value


def _in_compose(source: Source, name: str, containers: Sequence[str]) -> str:
    """The compose file asks whoever runs it for the variable; what is written on one line in braces stays as it is."""
    facts = parse_yaml(source)
    given = {(variable.service, variable.name) for variable in compose_variables(facts)}
    changes: list[Edit] = []
    for container in containers:
        entries = [entry for path, entry in of_services(facts) if path[:1] == (container,)]
        if entries and (container, name) not in given and (change := _added(source, entries, container, name)):
            changes.append(change)
    return applied(source.text, changes)


def _added(source: Source, entries: Sequence[Entry], container: str, name: str) -> Edit | None:
    text, end = source.text, newline_of(source.text)
    value = f"${{{name}:?must be set}}"
    depth = entries[0].path.index(container) + 1
    known = [entry for entry in entries
             if entry.path[depth:depth + 1] == ("environment",) and len(entry.path) > depth + 1]
    if known:
        last = known[-1]
        start, _ = _line(source, last.key[0] if not last.path[-1].isdigit() else last.span[0])
        indent = re.match(r"[ \t]*(?:-[ \t]+)?", text[start:])
        if indent is None or not _alone(text, start, last, source):
            return None
        item = f'{name}={value}' if "-" in indent[0] else f"{name}: {value}"
        at = _after(source, last.span[1])
        lead = "" if text[at - 1:at] == "\n" else end
        return Edit(source.path, at, at, f"{lead}{indent[0]}{item}{end}")
    built = [entry for entry in entries if entry.path[depth:depth + 1] == ("build",)]
    inner = _indent(source, entries[0], container)
    if not built or inner is None:
        return None
    at = _after(source, built[-1].span[1])
    lead = "" if text[at - 1:at] == "\n" else end
    unit = inner[:len(inner) // depth] or "  "
    return Edit(source.path, at, at, f"{lead}{inner}environment:{end}{inner}{unit}{name}: {value}{end}")


def _indent(source: Source, entry: Entry, container: str) -> str | None:
    """The blanks before what a compose file says of a container, whose first entry is given; None where it is not said
    on lines of their own."""
    lines = source.text[:_line(source, entry.key[0])[0]].split("\n")[:-1]
    head = re.compile(rf"(?P<indent>[ \t]*)[\"']?{re.escape(container)}[\"']?[ \t]*:[ \t]*(?:&\S+[ \t]*)?(?:#.*)?\r?")
    at = next((at for at in range(len(lines) - 1, -1, -1) if head.fullmatch(lines[at])), None)
    if at is None:
        return None
    rest = source.text.split("\n")[at + 1:]
    first = next((line for line in rest if line.strip() and not line.lstrip().startswith("#")), "")
    return first[:len(first) - len(first.lstrip())] or None


def _line(source: Source, at: int) -> tuple[int, int]:
    """A byte offset → where its line begins, in characters, and how far into the line it is."""
    characters = len(source.data[:at].decode("utf-8", "replace"))
    start = source.text.rfind("\n", 0, characters) + 1
    return start, characters - start


def _alone(text: str, start: int, entry: Entry, source: Source) -> bool:
    """Whether an entry has its line to itself, as in block style."""
    begins = entry.span[0] if entry.path[-1].isdigit() else entry.key[0]
    return re.fullmatch(r"[ \t]*(?:-[ \t]+)?[\"']?", text[start:start + _line(source, begins)[1]]) is not None


def _after(source: Source, at: int) -> int:
    """A byte offset → where the line ends that holds the character before it, in characters."""
    characters = len(source.data[:at].decode("utf-8", "replace"))
    if characters and source.text[characters - 1] == "\n":
        return characters
    found = source.text.find("\n", characters)
    return len(source.text) if found < 0 else found + 1
