"""What mends a default: how it is written, and who would miss it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from gravity_lint import mask
from gravity_lint.checks.runners import caution_of, runners
from gravity_lint.facts.code import (
    Assign,
    Attr,
    Call,
    Choice,
    Class,
    Const,
    Do,
    Expr,
    Function,
    If,
    Item,
    Logic,
    Name,
    Return,
    Span,
    Try,
)
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.values import Environment, External, FunctionValue, Literal, Made, Site
from gravity_lint.record import NamedTuple
from gravity_lint.violation import Place, Remedy

if TYPE_CHECKING:
    from gravity_lint.link.service import Service
    from gravity_lint.link.target import Target

_GIVEN = ("os.getenv", "os.environ.get")
"""Readers that give None for what is absent; the mapping itself raises."""
_FORMS = {"os.getenv": "read", "os.environ.get": "read", "os.environ.setdefault": "read",
          "dj_database_url.config": "parse"}
"""Readers that are replaced by others, each with how."""


class _Written(NamedTuple):
    """How a default is written."""

    form: str
    variable: str
    own: bool = False
    """Whether only the process's environment gives it: a file that the settings read does not count."""
    caution: str = ""
    """What to look at in place of a variable, where it has none."""
    origin: Site | None = None
    """Where that is asked for for which it stands in, if that must change with it."""
    at: Site | None = None
    """Where the default is named, if it stands elsewhere."""


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
        variable = written.variable or target.setting if written else ""
        if written is None or not variable:
            return None
        found = () if written.caution else runners(self._service, variable)
        lacking = [each for each in found if not each.sets]
        cautions = [written.caution] if written.caution else [*caution_of({variable: lacking}, bool(found))]
        if written.own:
            cautions.append(f"`{variable}` must be in the environment itself, a file that the settings read is not "
                            "enough")
        adds = [each for each in lacking if each.adds]
        words = (("form", written.form), ("variable", variable), ("role", target.role),
                 ("origin", "yes" if written.origin else ""),
                 ("value", "" if "…" in target.value else mask.mask(target.value)),
                 *((f"containers:{each.path}", " ".join(each.containers)) for each in adds if each.containers))
        sites = (written.at or target.site, *([written.origin] if written.origin else []))
        places = (*map(self._service.place, sites), *(Place(each.path, 1, 1, 1, 1) for each in adds))
        return Remedy("require-setting", "unsafe" if cautions else "safe", "; ".join(cautions), places, words)

    def _written(self, module: Module) -> Iterator[tuple[Span, _Written]]:
        for unit in module.units:
            found = dict((*_branches(unit), *self._read(unit),
                          *(self._fields(unit) if isinstance(unit.node, Class) else ())))
            yield from self._named(unit, found)
            yield from found.items()

    def _named(self, unit: Unit, found: Mapping[Span, _Written]) -> Iterator[tuple[Span, _Written]]:
        """The constants of the same module that are named as defaults: what goes is the name."""
        ask = self._service.evaluator
        for part in unit.parts() if found else ():
            if isinstance(part, Name) and part.span in found:
                for value in ask.values(part, ask.runs.frame(unit)):
                    if isinstance(value, Literal) and value.site.module is unit.module:
                        yield value.site.span, found[part.span]._replace(at=Site(unit.module, part.span))

    # ---- calls, and what is written behind them

    def _read(self, unit: Unit) -> Iterator[tuple[Span, _Written]]:
        """The defaults in calls that read the environment, and behind them."""
        own = unit.owner is None and isinstance(unit.node, Class) and self._is_settings(unit)
        alone = {id(stmt.value) for stmt in unit.statements if isinstance(stmt, Do)}
        for part in unit.parts():
            if isinstance(part, Logic) and part.op == "or" and len(part.parts) == 2:
                yield from self._either(part, unit, own)
            elif isinstance(part, Choice) and isinstance(part.then, (Call, Item)):
                yield part.other.span, _Written("choice", "", own)
            if not isinstance(part, Call) or len(part.args) != len({id(arg) for arg in part.args}):
                continue
            name = self._reader(part, unit)
            if name in self._service.evaluator.know.option or name.endswith(".add_argument"):
                yield from _option(part, name)
            if not name and (default := self._handed_on(part, unit)) is not None:
                yield default.span, _Written("wrapped", _variable(part), own)
            reader = self._service.evaluator.know.reader.get(name)
            if reader is None or reader.default is None:
                continue
            form = _FORMS.get(name) or ("argument" if reader.missing == "raises" else
                                        "read" if name.endswith(".get") else "")
            form = "drop" if name == "os.environ.setdefault" and id(part) in alone else form
            if form and name != "os.environ.pop" and (default := _argument(part, reader.default)) is not None:
                yield default.span, _Written(form, _variable(part) or reader.variable or "", own)

    def _either(self, part: Logic, unit: Unit, own: bool) -> Iterator[tuple[Span, _Written]]:
        """What stands behind an `or`: after a call, or after a name for what is asked for elsewhere."""
        first, second = part.parts
        if isinstance(first, Call) and len(first.args) == 1 and self._reader(first, unit) in _GIVEN:
            yield second.span, _Written("either", _variable(first), own)
        elif isinstance(first, (Name, Attr)):
            ask = self._service.evaluator
            for value in ask.values(first, ask.runs.frame(unit)):
                if isinstance(value, Environment) and value.kind in ("variable", "setting") and not value.default:
                    yield second.span, _Written("instead", value.name, own, origin=value.site)

    def _handed_on(self, call: Call, unit: Unit) -> Expr | None:
        """The default that a call gives to a function of the service's own which only hands it on: `def env(name,
        default=None): return os.getenv(name, default)`."""
        ask = self._service.evaluator
        for value in ask.values(call.func, ask.runs.frame(unit)):
            inner = value.unit if isinstance(value, FunctionValue) and value.receiver is None else None
            node = inner.node if inner is not None else None
            if inner is None or not isinstance(node, Function) or len(node.params) != 2 or len(node.body) > 2:
                continue
            last, names = node.body[-1], [param.name for param in node.params]
            if isinstance(last, Return) and isinstance(last.value, Call) and self._reader(last.value, inner) in _GIVEN \
                    and [arg.value.id for arg in last.value.args if isinstance(arg.value, Name)] == names:
                return _argument(call, ((1,), (names[1],)))
        return None

    def _reader(self, call: Call, unit: Unit) -> str:
        ask = self._service.evaluator
        for value in ask.values(call.func, ask.runs.frame(unit)):
            if isinstance(value, External):
                return value.name
            if isinstance(value, Made):
                return f"{value.name}.()"
        return ""

    # ---- fields of settings classes

    def _is_settings(self, unit: Unit) -> bool:
        """Whether it is a class whose fields pydantic takes from the environment."""
        return self._service.evaluator.objects.settings.is_settings(unit) and self._inherits(unit, _pydantic)

    def _inherits(self, unit: Unit, fits: Callable[[str], bool]) -> bool:
        bases = self._service.evaluator.know.settings.bases
        return any(name in bases and fits(name) for name in self._service.evaluator.objects.lineage(unit)[1])

    def _fields(self, unit: Unit) -> Iterator[tuple[Span, _Written]]:
        ask = self._service.evaluator
        if not ask.objects.settings.is_settings(unit):
            return
        filled, nested = self._is_settings(unit), not self._inherits(unit, lambda name: True)
        nested = nested and any(name.startswith("pydantic") for name in ask.objects.lineage(unit)[1])
        for stmt in unit.statements:
            if not isinstance(stmt, Assign) or len(stmt.targets) != 1 or not isinstance(stmt.targets[0], Name):
                continue
            name, value = unit.last_name, stmt.value
            caution = f"`{name}.{stmt.targets[0].id}` must then be given wherever `{name}` is made" if nested else ""
            if isinstance(value, Call):
                field = ask.know.field.get(self._reader(value, unit))
                if field is not None and (default := _argument(value, field.default)) is not None:
                    yield default.span, _Written("field-argument" if filled or nested else "argument", "",
                                                 caution=caution)
            elif value is not None and (filled or nested):
                yield value.span, _Written("field", "", caution=caution)


def _pydantic(base: str) -> bool:
    return base.endswith(".BaseSettings") or base.startswith(("confz.", "goodconf."))


def _branches(unit: Unit) -> Iterator[tuple[Span, _Written]]:
    """What is set where the environment gives nothing, and nothing else is done there."""
    for stmt in unit.statements:
        inner = [block for _, block in stmt.branches] if isinstance(stmt, If) else \
            [handler.body for handler in stmt.handlers] if isinstance(stmt, Try) else []
        for block in inner:
            only = block[0] if len(block) == 1 else None
            if isinstance(only, Assign) and only.value is not None and not only.op:
                yield only.value.span, _Written("stop", "")


def _option(call: Call, name: str) -> Iterator[tuple[Span, _Written]]:
    """The default of an option of a command line, which can be demanded."""
    default = next((arg.value for arg in call.args if arg.name == "default"), None)
    first = call.args[0].value if call.args and call.args[0].name is None else None
    typer = name.startswith("typer.")
    if typer and default is None:
        default = first
    flags = [arg.value.value for arg in call.args if arg.name is None and isinstance(arg.value, Const)
             and isinstance(arg.value.value, str) and arg.value.value.startswith("-")]
    variable = next((arg.value.value for arg in call.args if arg.name in ("envvar", "env_var")
                     and isinstance(arg.value, Const) and isinstance(arg.value.value, str)), "")
    if default is None or any(arg.name == "required" for arg in call.args):
        return
    if typer or (flags and name.startswith(("click.", "argparse.", "configargparse.", "rich_click.", "asyncclick."))):
        caution = "" if variable else f"`{max(flags, key=len)}` must then be given wherever the command is run" \
            if flags else "it must then be given wherever the command is run"
        yield default.span, _Written("ellipsis" if typer else "demand", variable, caution=caution)


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
