"""What mends a default: how it is written, and who would miss it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from gravity_lint.checks.runners import caution_of, runners
from gravity_lint.facts.code import Assign, Call, Class, Const, Expr, Logic, Name, Span
from gravity_lint.link.modules import Module, Unit, body_of, statements
from gravity_lint.link.values import External, Made
from gravity_lint.violation import Place, Remedy

if TYPE_CHECKING:
    from gravity_lint.link.service import Service
    from gravity_lint.link.target import Target

_GIVEN = ("os.getenv", "os.environ.get")
"""Readers that give None for what is absent; the mapping itself raises."""


class _Written(NamedTuple):
    """How a default is written."""

    form: str
    variable: str
    own: bool = False
    """Whether only the process's environment gives it: a file that the settings read does not count."""


class Defaults:
    """The remedies of a service's defaults."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[Module, Mapping[Span, _Written]] = {}

    def remedy(self, target: Target) -> Remedy | None:
        """What mends one; None for what is written in no way that is known, and for what production has no need of."""
        module = target.site.module
        if target.is_test:
            return None
        if module not in self._known:
            self._known[module] = dict(self._written(module))
        written = self._known[module].get(target.site.span)
        if written is None:
            return None
        variable = written.variable or target.setting
        found = runners(self._service, variable)
        lacking = [each for each in found if not each.sets]
        caution = "; ".join(caution_of({variable: lacking}, bool(found)))
        if written.own:
            caution = f"{caution}; " if caution else ""
            caution += f"`{variable}` must be in the environment itself, a file that the settings read is not enough"
        adds = [each for each in lacking if each.adds]
        words = (("form", written.form), ("variable", variable), ("role", target.role),
                 *((f"containers:{each.path}", " ".join(each.containers)) for each in adds if each.containers))
        places = (self._service.place(target.site), *(Place(each.path, 1, 1, 1, 1) for each in adds))
        return Remedy("require-setting", "unsafe" if caution else "safe", caution, places, words)

    def _written(self, module: Module) -> Iterator[tuple[Span, _Written]]:
        for unit in module.units:
            yield from self._read(unit)
            if isinstance(unit.node, Class):
                yield from self._fields(unit)

    def _read(self, unit: Unit) -> Iterator[tuple[Span, _Written]]:
        """The defaults in calls that read the environment, and behind them."""
        own = unit.owner is None and isinstance(unit.node, Class) and self._is_settings(unit)
        for part in unit.parts():
            if isinstance(part, Logic) and part.op == "or" and len(part.parts) == 2:
                first, second = part.parts
                if isinstance(first, Call) and len(first.args) == 1 and self._reader(first, unit) in _GIVEN:
                    yield second.span, _Written("either", _variable(first), own)
            if not isinstance(part, Call) or len(part.args) != len({id(arg) for arg in part.args}):
                continue
            name = self._reader(part, unit)
            reader = self._service.evaluator.know.reader.get(name)
            if reader is None or reader.default is None:
                continue
            form = "read" if name in _GIVEN else "argument" if reader.missing == "raises" else ""
            if form and name != "os.environ.pop" and (default := _argument(part, reader.default)) is not None:
                yield default.span, _Written(form, _variable(part) or reader.variable or "", own)

    def _reader(self, call: Call, unit: Unit) -> str:
        ask = self._service.evaluator
        for value in ask.values(call.func, ask.runs.frame(unit)):
            if isinstance(value, External):
                return value.name
            if isinstance(value, Made):
                return f"{value.name}.()"
        return ""

    def _is_settings(self, unit: Unit) -> bool:
        """Whether it is a class whose fields pydantic takes from the environment."""
        objects = self._service.evaluator.objects
        bases = self._service.evaluator.know.settings.bases
        return objects.settings.is_settings(unit) and any(
            name in bases and name.endswith(".BaseSettings") for name in objects.lineage(unit)[1])

    def _fields(self, unit: Unit) -> Iterator[tuple[Span, _Written]]:
        if not self._is_settings(unit):
            return
        ask = self._service.evaluator
        for stmt in statements(body_of(unit.node)):
            if not isinstance(stmt, Assign) or len(stmt.targets) != 1 or not isinstance(stmt.targets[0], Name):
                continue
            value = stmt.value
            if isinstance(value, Const):
                yield value.span, _Written("field", "")
            elif isinstance(value, Call):
                field = ask.know.field.get(self._reader(value, unit))
                if field is not None and (default := _argument(value, field.default)) is not None:
                    yield default.span, _Written("field-argument", "")


def _argument(call: Call, slot: tuple[tuple[int, ...], tuple[str, ...]]) -> Expr | None:
    """The argument that a call gives for a slot, where nothing is unpacked into it."""
    if any(arg.name in ("*", "**") for arg in call.args):
        return None
    positional = [arg.value for arg in call.args if arg.name is None]
    named = {arg.name: arg.value for arg in call.args if arg.name is not None}
    positions, names = slot
    return next((named[name] for name in names if name in named),
                next((positional[at] for at in positions if at < len(positional)), None))


def _variable(call: Call) -> str:
    """The variable that a call reads, where it is written there."""
    for arg in call.args:
        if arg.name in (None, "key") and isinstance(arg.value, Const) and isinstance(arg.value.value, str):
            return arg.value.value
        break
    return ""
