"""What mends a URL whose driver does not fit its engine: the scheme of a driver that does, and that the service has."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.checks.reading import source_of
from gravity_lint.link.openings import Opening
from gravity_lint.link.schemes import Fault
from gravity_lint.violation import Place, Remedy

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

_PACKAGES = {"psycopg2": r"psycopg2(?:-binary)?", "mysqldb": "mysqlclient", "mysqlconnector": "mysql-connector-python",
             "cx_oracle": "cx[-_]oracle", "psycopg": r"psycopg(?:\[[^\]]*\])?"}
"""Drivers whose package has another name."""
_BUILT_IN = "pysqlite"


class Fitting:
    """The remedies of a service's URLs; `texts` are those of the files that say which packages are installed."""

    def __init__(self, service: Service, texts: tuple[str, ...]) -> None:
        self._service = service
        self._texts = texts

    def remedy(self, found: Fault, place: Place, opening: Opening, name: str = "", known: Iterable[str] = ()) -> Remedy:
        """What mends a URL at a place, that a variable is given if there is a `name`; `known` are the paths of the
        modules that lead it to its engines. Where the place is the engine's, another one can open the same URL."""
        if place == self._service.place(opening.site):
            return _told(place, f"another engine opens the same URL; give this one a URL with `{found.instead}://`, or "
                                "make an engine of the other kind")
        instead, why = self._instead(found.instead)
        if not instead:
            return _told(place, why)
        cautions = [why] if why else []
        source = source_of(self._service, place.path)
        text = "\n".join(source.text.split("\n")[place.line - 1:place.end_line]) if source is not None else ""
        if re.search(r"://[^\s\"']*\?\w", text):
            cautions.append("the parameters behind `?` are another driver's then")
        cautions += self._others(name, set(known)) if name else ()
        words = (("scheme", found.scheme), ("instead", instead))
        return Remedy("change-scheme", "unsafe" if cautions else "safe", "; ".join(cautions), (place,), words)

    def _instead(self, recommended: str) -> tuple[str, str]:
        """The scheme to write, and what to look at before that; without one, why there is none."""
        begin, _, driver = recommended.rpartition("+") if "+" in recommended else (recommended, "", "")
        dialect = begin.rpartition("+")[2]
        row = knowledge.schemes().dialect.get(dialect)
        if not driver or row is None:
            return recommended, ""
        mode = next((names for names in (row.synchronous, row.asynchronous) if driver in names), row.both)
        declared = [each for each in dict.fromkeys((*mode, *row.both)) if self._has(each)]
        if driver in declared or not self._texts:
            return recommended, "" if driver in declared else f"`{driver}` must be installed"
        if len(declared) > 1:
            names = ", ".join(f"`{each}`" for each in declared)
            return "", f"the service has several drivers for it: {names}"
        if declared:
            return f"{begin}+{declared[0]}", ""
        return recommended, f"`{driver}` is not among the packages of the service"

    def _has(self, driver: str) -> bool:
        """Whether the service declares a driver's package, or imports it."""
        pattern = _PACKAGES.get(driver, re.escape(driver).replace("_", "[-_]"))
        return driver == _BUILT_IN or self._service.evaluator.calls.imports(driver) or any(
            re.search(rf"(?<![\w-]){pattern}(?![\w-])", text, re.IGNORECASE) for text in self._texts)

    def _others(self, name: str, known: set[str]) -> Iterator[str]:
        """The modules besides those known that speak of a variable."""
        word = re.compile(rb"(?<![A-Za-z0-9_])" + re.escape(name.encode()) + rb"(?![A-Za-z0-9_])", re.IGNORECASE)
        found = [posixpath.basename(module.path) for module in self._service.modules.values()
                 if module.role in ("code", "migration") and module.path not in known and word.search(module.text)]
        if found:
            yield f"{', '.join(f'`{each}`' for each in found[:3])} may read `{name}` as well"


def _told(place: Place, why: str) -> Remedy:
    return Remedy("change-scheme", "display", "", (place,), (("why", why),))
