"""What start-up does to a database, or other code of the service: operations, and talk that may fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gravity_lint.checks.reading import is_within
from gravity_lint.link.operations import Performed
from gravity_lint.link.service import Service
from gravity_lint.link.values import Hop
from gravity_lint.record import Record
from gravity_lint.violation import Finding, Remedy


class StartupCall(Record):
    """Finds calls that do one thing to a database: those that start-up reaches, or those that it does not."""

    operation: str
    """`create-tables` or `run-migrations`"""
    reached: bool
    outside: tuple[str, ...] = ()
    """Modules and folders in which such calls belong, by name."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        found = [done for done in service.performed if done.operation == self.operation
                 and not is_within(service, done.site.module.path, self.outside)
                 and service.reach.reaches(done.unit, done.site.span) == self.reached]
        remedy = _remedies(service, self.operation, found, self.reached) if found else None
        for done in found:
            here = Hop(done.site, f"calls `{done.name}` here")
            hops = (*service.reach.trail(done.unit), here) if self.reached else ()
            how = service.reach.how(done.unit)
            yield Finding(service.place(done.site), {"call": done.name, "how": how}, service.steps(hops),
                          remedy=remedy(done) if remedy is not None else None)


def _remedies(service: Service, operation: str, found: list[Performed],
              reached: bool) -> Callable[[Performed], Remedy] | None:
    """What tells what becomes of a call: imported where there is one."""
    if operation == "create-tables":
        from gravity_lint.checks.removal import Removal

        removal = Removal(service)
        return lambda done: removal.remedy(done, reached, [each for each in found if each.unit is done.unit])
    if operation == "run-migrations":
        from gravity_lint.checks.advice import Advice

        advice = Advice(service)
        return lambda done: advice.migration(service.place(done.site))
    return None


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
