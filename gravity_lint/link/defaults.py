"""Literals that stand in for a database's settings, in what the service reads of the environment and its settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from gravity_lint import knowledge
from gravity_lint.facts.code import Call, Const, Function
from gravity_lint.facts.urls import in_memory, is_database_scheme, parse_url
from gravity_lint.knowledge.names import store_words, stores
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Module, Unit, place_of
from gravity_lint.link.sinks import Sink
from gravity_lint.link.target import ROLES, Target
from gravity_lint.link.texts import HOLE, names_file, templates
from gravity_lint.link.values import (
    Environment,
    Hop,
    Joined,
    Literal,
    Value,
    from_environment,
)
from gravity_lint.record import altered
from gravity_lint.regex import regex

_ASKED = regex(rb"\(\s*(?:\w+\s*=\s*)?[rbuf]?[\"']([A-Za-z][\w.]*)[\"']\s*,")
"""The first of several arguments of a call, where it is a text that may be the name of a setting."""
_NAMES = regex(rb"[\"']([A-Za-z][\w.\x80-\xff]*)[\"']")
"""A text that may be the name of a setting."""
FOLDERS = ("./", "../", "~", "/")
"""How a folder's name begins that stands where an address could."""


def defaults(value: Value, role: str, setting: Environment, sink: Sink | None, depth: int = 0) -> Iterator[Target]:
    """What stands in for an absent setting, where it is a literal."""
    name = setting.name or setting.owner.rsplit(".", 1)[-1]
    if isinstance(value, Environment) and depth < 6:
        for inner in value.default:
            yield from defaults(inner, role, value if value.name else setting, sink, depth + 1)
    elif isinstance(value, (Literal, Joined)) and (not from_environment((value,)) or names_file(value)):
        for template in templates((value,)):
            text = template.text
            if not text.strip() or (HOLE in text and not _names_host(text) and not names_file(value)):
                continue
            foreign = "://" in text and (not _leads_to_database(text) or text.rstrip().endswith("://"))
            if role in ("url", "host", "file") and (foreign or in_memory(text)):
                continue
            if role == "url" and text.startswith(FOLDERS):
                continue  # a folder, where an address could stand
            if sink is not None and sink.demands_scheme and role == "url" and not _leads_to_database(text):
                continue
            name = value.chosen or name
            end = (Hop(sink.site, f"reaches `{sink.name}` here"),) if sink is not None else ()
            trail = (Hop(value.site, f"stands in for `{name}` here"), *setting.trail, *end)
            yield Target(
                "default",
                ROLES.get(role, role),
                name,
                text.replace(HOLE, "…"),
                sink.name if sink else "",
                sink.driver if sink else "",
                value.site,
                trail,
                knowledge.is_test(name),
            )


def _names_host(text: str) -> bool:
    """Whether a text with unknown parts at least says which host."""
    url = parse_url(text)
    return url is not None and bool(url.host) and HOLE not in (url.host or "")


def _leads_to_database(text: str) -> bool:
    return is_database_scheme(text.split("://", 1)[0])


def declared(ask: Evaluator) -> Iterator[Target]:
    """Settings and reads of the environment that are named after a database and have a literal default."""
    for unit in ask.objects.settings.classes:
        if ask.objects.settings.is_settings(unit):
            context = f"{unit.last_name} {ask.objects.settings.prefix(unit)}"
            for name in ask.objects.settings.fields(unit):
                for value in ask.objects.settings.setting(unit, name):
                    if not isinstance(value, Environment) or not value.default:
                        continue
                    role = knowledge.classify(name, context) or knowledge.classify(value.name, "")
                    for default in value.default if role is not None else ():
                        for target in defaults(default, role or "", value, None):
                            yield altered(target, is_test=target.is_test or knowledge.is_test(unit.last_name))
    own = {module for module in ask.reading if module in ask.calls.storing} | _asking(ask)
    near = (unit for module in own for unit in module.around(module.places(stores())))
    for unit in sorted(filter(_may_ask, near), key=place_of):
        yield from _read(ask, unit)
    yield from _options(ask)


def _asking(ask: Evaluator) -> set[Module]:
    """The modules of the service's own code that ask something for what is named after a database, as functions of the
    service's own may be asked."""
    named = ask.calls.speaking(lambda word: knowledge.classify(word, "database") is not None)
    return {module for module in named if any(map(_speaks, set(_ASKED.findall(module.text))))}


@cache
def _speaks(name: bytes) -> bool:
    """Whether a name speaks of a store, and of a part of an address, as far as it can be told without what it is in."""
    text = name.decode("utf-8", "replace")
    return store_words().search(name) is not None and knowledge.classify(text, "database") is not None


def _may_ask(unit: Unit) -> bool:
    """Whether a text in a function's text may be the name of a part of an address."""
    node, text = unit.node, unit.module.text
    if not isinstance(node, Function) or not text:
        return True
    named = (name.decode("utf-8", "replace") for name in set(_NAMES.findall(text, *node.whole)))
    return any(knowledge.classify(name, unit.last_name) is not None for name in named)


def _read(ask: Evaluator, unit: Unit) -> Iterator[Target]:
    frame = ask.runs.frame(unit)
    context = unit.last_name if unit.parent is not None else ""
    for call in unit.calls:
        role = _named_role(call, context)
        if role is None or len(call.args) < 2:
            continue
        for value in ask.values(call, frame):
            if isinstance(value, Environment):
                for default in value.default:
                    yield from defaults(default, role, value, None)


def _options(ask: Evaluator) -> Iterator[Target]:
    """Options of a command line that are named after a database and have a literal default."""
    for _, option in ask.commandline.declared():
        role = knowledge.classify(option.name) if option.name else None
        if role is not None:
            for value in option.default:
                if isinstance(value, Literal):
                    yield from defaults(value, role, option, None)


def _named_role(call: Call, context: str) -> str | None:
    """The part of a target that a call asks for by the first literal text in it."""
    for arg in call.args:
        if (
            isinstance(arg.value, Const)
            and isinstance(arg.value.value, str)
            and arg.name in (None, "key", "name", "var")
        ):
            name = arg.value.value
            return knowledge.classify(name, context) if re.fullmatch(r"[A-Za-z][\w.]*", name) else None
    return None
