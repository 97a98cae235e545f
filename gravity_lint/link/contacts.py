"""Calls of a service that talk to its databases there and then, and that start-up makes without looking."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal as OneOf

from gravity_lint.facts.code import Call, Function, Other, Span
from gravity_lint.knowledge.contacts import contacts
from gravity_lint.link.calls import spelled
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.failures import Fate, fate
from gravity_lint.link.handles import addresses
from gravity_lint.link.idle import mains, within
from gravity_lint.link.modules import Unit
from gravity_lint.link.operations import Performed
from gravity_lint.link.reach import Reach
from gravity_lint.link.values import External, Hop, Site
from gravity_lint.record import comparable

_FILES = ("sqlite", "duckdb", "file:")
"""Databases that nobody has to reach: opening them makes them."""


@comparable
class Contact:
    """One call that talks to a database when the service starts."""

    name: str
    """What is called, as it is written."""
    kind: str
    unit: Unit
    site: Site
    fault: OneOf["open", "swallowed"]
    keeper: Site
    """Where the failure is swallowed; the call itself, where nobody handles it."""
    trail: tuple[Hop, ...]


def unguarded(ask: Evaluator, reach: Reach, performed: tuple[Performed, ...]) -> Iterator[Contact]:
    """Such calls where their failure is let through or swallowed: of each unit, and of each hook, the first one.

    The first talk answers for those behind it: one that is looked after finds out for all of them that the database is
    there, and a unit that creates tables or migrates is told for that.
    """
    telling: set[Unit | None] = {one.unit for one in performed if one.operation in ("create-tables", "run-migrations")}
    told: set[Unit] = set()
    answered: set[tuple[Unit, str]] = set()
    reached = sorted(_contacts(ask, reach), key=lambda one: _order(reach, one[2], one[3]))
    looks = {kind: _Looks(ask, reach, kind, reached) for kind in {one[1] for one in reached}}
    for name, kind, unit, site in reached:
        begins = _begins(reach, unit, site)
        if begins in told or (begins, kind) in answered or _is_beside(ask, reach, unit, site):
            continue
        fault, keeper = _fault(ask, reach, unit, site)
        above = {step.origin for step in reach.way(unit)} - {reach.start(unit)}
        if (
            unit in telling
            or not telling.isdisjoint(above)
            or fault == "handled"
            or (begins is reach.start(unit) and looks[kind].before(unit, site))
        ):
            answered.add((begins, kind))
            continue
        told.add(begins)
        trail = (*reach.trail(unit), Hop(site, f"calls `{name}` here"))
        yield Contact(name, kind, unit, site, fault, keeper, trail)


class _Looks:
    """Which functions talk to databases of one kind and look after it, by whatever way start-up comes to them."""

    def __init__(self, ask: Evaluator, reach: Reach, kind: str, reached: Iterable[tuple[str, str, Unit, Site]]) -> None:
        self._ask = ask
        self._reach = reach
        self._fates: dict[Unit, Fate | None] = {}
        self._talks: dict[Unit, list[Span]] = {}
        for _, other, unit, site in reached:
            if other == kind and not _after_yield(unit, site):
                self._talks.setdefault(unit, []).append(site.span)

    def before(self, unit: Unit, site: Site) -> bool:
        """Whether start-up calls such a function on its way to a place."""
        where, at = unit, site
        for step in self._reach.way(unit):
            earlier = (called for span, called in self._reach.calls(where) if span[1] <= at.span[0])
            if any(self._fate(called) == "handled" for called in earlier):
                return True
            where, at = step.origin or where, step.site
        return False

    def _fate(self, unit: Unit) -> Fate | None:
        """What becomes of the failure of a talk in a function, or behind it: the best; None where there is none."""
        if unit not in self._fates:
            self._fates[unit] = None  # a function that calls itself
            found = [fate(self._ask, unit, span) for span in self._talks.get(unit, ())]
            for span, called in self._reach.calls(unit):
                if _after_yield(unit, Site(unit.module, span)):
                    continue
                inner = self._fate(called)
                if inner is not None:
                    found.append(fate(self._ask, unit, span) if inner == "open" else inner)
            self._fates[unit] = next((one for one in ("handled", "open", "swallowed") if one in found), None)
        return self._fates[unit]


def _order(reach: Reach, unit: Unit, site: Site) -> list[tuple[str, Span]]:
    """Those to which the start comes first stand first: by the places that lead there, from the start on."""
    sites = [*(step.site for step in reach.way(unit))][::-1]
    return [(one.module.path, one.span) for one in (*sites, site)]


def _is_beside(ask: Evaluator, reach: Reach, unit: Unit, site: Site) -> bool:
    """Whether start-up does not wait for a call, which runs beside it, at the end, or with the first request."""
    where, at = unit, site
    for step in reach.way(unit):
        if step.apart or _after_yield(where, at):
            return True
        where, at = step.origin or where, step.site
    return not set(contacts().first_request).isdisjoint(ask.objects.decorators(reach.start(unit)))


def _begins(reach: Reach, unit: Unit, site: Site) -> Unit:
    """What is told of once: a hook, what a module does as the program, and otherwise each unit for itself."""
    start = reach.start(unit)
    sites = [site, *(step.site for step in reach.way(unit) if step.origin is not None)]
    as_program = start.parent is None and within(sites[-1].span, mains(start))
    return start if isinstance(start.node, Function) or as_program else unit


def _contacts(ask: Evaluator, reach: Reach) -> Iterator[tuple[str, str, Unit, Site]]:
    """Every call of the service's own code that start-up runs and that talks to a database: name, kind, unit, place."""
    table = contacts().names
    for call, unit in _reached(ask, reach, table):
        for value in ask.values(call.func, ask.runs.frame(unit)):
            kind = table.get(value.name) if isinstance(value, External) else None
            if isinstance(value, External) and kind is not None and not _is_file(ask, value):
                yield spelled(call.func), kind, unit, Site(unit.module, call.span)
                break


def _reached(ask: Evaluator, reach: Reach, names: Collection[str]) -> Iterator[tuple[Call, Unit]]:
    """The calls of these dotted names that start-up runs; what it does not come to is not read for them."""
    for name, module in ask.carriers.seeming(names):
        for unit in module.calling(name):
            if unit in reach.units:
                yield from ((call, unit) for call in unit.called(name) if reach.reaches(unit, call.span))


def _is_file(ask: Evaluator, method: External) -> bool:
    """Whether a method's object leads to a database that is a file."""
    texts = addresses(ask, (method,))
    return texts is not None and all(text.startswith(_FILES) for text in texts)


def _fault(ask: Evaluator, reach: Reach, unit: Unit, site: Site) -> tuple[Fate, Site]:
    """What becomes of a failure on its way back to where start-up began, and from a hook to who serves."""
    found, keeper = _back(ask, reach, unit, site)
    if found == "open" and isinstance(reach.start(unit).node, Function):
        served = [_back(ask, reach, where, Site(where.module, call.span)) for call, where in reach.starts.raising]
        if served and all(fate != "open" for fate, _ in served):
            return served[0]
    return found, keeper


def _back(ask: Evaluator, reach: Reach, unit: Unit, site: Site) -> tuple[Fate, Site]:
    where, at = unit, site
    for step in reach.way(unit):
        found = fate(ask, where, at.span)
        if found != "open":
            return found, at
        where, at = step.origin or where, step.site
    return fate(ask, where, at.span), site


def _after_yield(unit: Unit, site: Site) -> bool:
    """Whether a call stands behind a `yield`: that part of a lifespan runs when the service stops."""
    return any(
        isinstance(part, Other) and part.kind == "yield" and part.span[1] <= site.span[0] for part in unit.parts()
    )
