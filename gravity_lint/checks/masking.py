"""What masks an address that is shown: what the service's libraries offer, its host alone, or asterisks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.facts.code import Assign, Attr, Call, Expr, Item, Name
from gravity_lint.link.exposures import Exposed, leaves
from gravity_lint.link.modules import Unit
from gravity_lint.link.texts import templates
from gravity_lint.link.values import (
    Environment,
    External,
    Hop,
    Instance,
    Items,
    Joined,
    Literal,
    Made,
    Site,
    Table,
    Value,
    Values,
    sources,
)
from gravity_lint.record import cached_property
from gravity_lint.violation import Remedy

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_SQLALCHEMY = frozenset({"SQLAlchemy", "Flask-SQLAlchemy", "FastAPI-SQLAlchemy", "Advanced Alchemy", "GINO",
                         "APScheduler"})


class Masking:
    """The remedies of a service's addresses that are shown."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ask = service.evaluator

    def remedy(self, one: Exposed) -> Remedy | None:
        """What masks all that one call or one function shows; None for what is written in no way that is known."""
        found = list(leaves(self._ask, one))
        place = self._service.place(one.site)
        if not found:
            return None
        masks: list[str] = []
        cautions: list[str] = []
        for expr, source in found:
            values = self._ask.values(expr, self._ask.runs.frame(one.unit))
            whole = any(isinstance(each, (Instance, Table, Items, Made)) for each in values)
            if whole or not isinstance(expr, (Name, Attr, Item)):
                return Remedy("mask-address", "display", "", (place,), (("why", _advice(one)),))
            masks.append(self._mask(values, source))
            if masks[-1].startswith("sqlalchemy") and not all(map(_is_there, values)):
                cautions.append("`make_url` fails where it is not set")
            if not all(isinstance(each, (Environment, Literal, Joined)) for each in values):
                cautions.append("it may be something else as well")
        if one.how == "returns":
            cautions.append("clients get something else; leave it out where none of them needs it")
        places = tuple(self._service.place(Site(one.unit.module, expr.span)) for expr, _ in found)
        caution = "; ".join(dict.fromkeys(cautions))
        words = (("masks", " ".join(masks)),)
        return Remedy("mask-address", "unsafe" if caution else "safe", caution, places, words)

    def _mask(self, values: Values, source: Value) -> str:
        """How a value is masked: `sqlalchemy` or `host` for a URL, with `-text` where it may be no text; `hidden`."""
        whole = any(_is_url(value) for value in values)
        if not whole:
            return "hidden"
        kind = "sqlalchemy" if any((each.site.module, each.site.span) in self._opened
                                   for each in (*values, source, *sources(values))) else "host"
        return kind if all(map(self._is_text, values)) else f"{kind}-text"

    @cached_property
    def _opened(self) -> frozenset[tuple[object, tuple[int, int]]]:
        """Where the URLs begin that SQLAlchemy opens."""
        return frozenset(
            (each.site.module, each.site.span)
            for sink in self._service.sinks if sink.driver in _SQLALCHEMY
            for _, values in sink.roles
            for each in (*values, *sources(values)))

    def _is_text(self, value: Value) -> bool:
        """Whether a value is a text, and no object that stands for one: pydantic makes some of addresses."""
        if not isinstance(value, (Environment, Literal, Joined)) or any(map(self._makes, value.trail)):
            return False
        if not isinstance(value, Environment) or value.kind != "setting":
            return True
        found = _assigned(value.site)
        return found is not None and (found[1].annotation is None or _is_str(found[1].annotation))

    def _makes(self, hop: Hop) -> bool:
        """Whether a library makes an object of a value at a step of its way."""
        found = _assigned(hop.site)
        if found is None or not isinstance(found[1].value, Call):
            return False
        callees = self._ask.values(found[1].value.func, self._ask.runs.frame(found[0]))
        return any(isinstance(each, External) and each.name not in self._ask.know.reader and each.name != "str"
                   for each in callees)


def _assigned(site: Site) -> tuple[Unit, Assign] | None:
    """The assignment, or the field, that is all of what stands at a place, and the unit that it is in."""
    return next(((unit, stmt) for unit in site.module.units for stmt in unit.statements
                 if isinstance(stmt, Assign) and stmt.span == site.span), None)


def _is_str(annotation: Expr) -> bool:
    return isinstance(annotation, Name) and annotation.id == "str"


def _is_url(value: Value) -> bool:
    """Whether a value is a whole address."""
    if isinstance(value, Environment):
        return knowledge.classify(value.name) == "url" or knowledge.classify(value.name, value.owner) == "url"
    return any("://" in template.text for template in templates((value,)))


def _is_there(value: Value) -> bool:
    return not isinstance(value, Environment) or value.required or value.checked or bool(value.default)


def _advice(one: Exposed) -> str:
    if one.how == "returns":
        return "pick the fields that a client may see"
    return f"name the fields that are to be seen, or declare `{one.name}` as `SecretStr`"
