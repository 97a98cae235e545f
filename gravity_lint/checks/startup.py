"""What start-up does to a database, or other code of the service: operations, and talk that may fail."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint.checks.reading import is_within
from gravity_lint.link.service import Service
from gravity_lint.link.values import Hop
from gravity_lint.record import Record
from gravity_lint.violation import Finding, Place, Remedy


class StartupCall(Record):
    """Finds calls that do one thing to a database: those that start-up reaches, or those that it does not."""

    operation: str
    """`create-tables` or `run-migrations`"""
    reached: bool
    outside: tuple[str, ...] = ()
    """Modules and folders in which such calls belong, by name."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for done in service.performed:
            if done.operation != self.operation or is_within(service, done.site.module.path, self.outside):
                continue
            reached = service.reach.reaches(done.unit, done.site.span)
            if reached != self.reached:
                continue
            hops = (*service.reach.trail(done.unit), Hop(done.site, f"calls `{done.name}` here")) if reached else ()
            how, place = service.reach.how(done.unit), service.place(done.site)
            remedy = _deployed(service, place) if self.operation == "run-migrations" else None
            yield Finding(place, {"call": done.name, "how": how}, service.steps(hops), remedy=remedy)


def _deployed(service: Service, place: Place) -> Remedy:
    """What tells how the deployment runs migrations: imported where something was found."""
    from gravity_lint.checks.advice import Advice

    return Advice(service).migration(place)


_FAULTS = {
    "open": "nothing handles its failure; catch it, say which setting to check, and stop",
    "swallowed": "its failure is swallowed; say which setting to check, and stop",
}


class UnguardedContact(Record):
    """Finds calls by which start-up talks to a database without minding that it may not be there."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for one in service.unguarded:
            hops = one.trail
            if one.fault == "swallowed" and one.keeper != one.site:
                hops = (*hops, Hop(one.keeper, "the failure is swallowed here"))
            fields = {"call": one.name, "how": service.reach.how(one.unit), "fault": _FAULTS[one.fault]}
            yield Finding(service.place(one.site), fields, service.steps(hops))
