"""Addresses and passwords of databases that leave the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gravity_lint import knowledge
from gravity_lint.link.exposures import Exposed
from gravity_lint.link.service import Service
from gravity_lint.record import Record
from gravity_lint.violation import Finding, Remedy

_DOES = {
    "shows": "`{call}` prints it",
    "logs": "`{call}` writes it to the log",
    "returns": "`{call}` returns it to a client",
}
_HOLDS = {"url": "may hold a password", "password": "is a password"}


class ExposedAddress(Record):
    """Finds database URLs and passwords that are printed, logged or returned."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        remedy = _remedies(service) if service.exposed else None
        for one in service.exposed:
            fields = {
                "setting": one.name,
                "holds": _HOLDS[one.role],
                "does": _DOES[one.how].format(call=one.call),
                "call": one.call,
            }
            is_test = knowledge.is_test(one.name)
            yield Finding(service.place(one.site), fields, service.steps(one.trail), "note" if is_test else None,
                          remedy(one) if remedy is not None else None)


def _remedies(service: Service) -> Callable[[Exposed], Remedy | None]:
    """What tells how a text is masked: imported where there is one."""
    from gravity_lint.checks.masking import Masking

    return Masking(service).remedy
