"""Settings of a database that code expects and nobody declares."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint import knowledge
from gravity_lint.link.service import Service
from gravity_lint.link.values import Hop
from gravity_lint.record import Record
from gravity_lint.violation import Finding


class UndeclaredSetting(Record):
    """Finds reads of a database's setting from a settings class that has no such attribute."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for one in service.undeclared:
            trail = (
                Hop(one.declared, f"`{one.owner}` is declared here, without `{one.name}`"),
                Hop(one.site, f"`{one.read}` is read here"),
            )
            hint = f"; it declares `{one.near}`" if one.near else ""
            fields = {"setting": one.name, "read": one.read, "owner": one.owner, "hint": hint}
            is_test = knowledge.is_test(one.name)
            yield Finding(service.place(one.site), fields, service.steps(trail), "note" if is_test else None)
