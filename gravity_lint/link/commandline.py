"""Options of a command line: what declares them, and where their values come out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr, Call, Const, Function, Other, Param
from gravity_lint.link.choice import nothing
from gravity_lint.link.modules import Unit
from gravity_lint.link.values import Environment, External, Frame, Made, Site, Values, hop, literal_text

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator

_PARSED = frozenset({"parse_args", "parse_known_args"})


class CommandLine:
    """Answers what options give. Works with the evaluator whose part it is."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator

    def declared(self) -> Iterator[tuple[Call, Environment]]:
        """The options that the service's own code declares where something may be named after a store."""
        names = {*self.ask.calls.ends(self.ask.know.option)}
        names |= {name for row in self.ask.know.options for name in row.attributes}
        for call, unit in self.ask.calls.named(sorted(names), among=self.ask.calls.storing):
            option = self.option(call, self.ask.runs.frame(unit))
            if option is not None:
                yield call, option

    def option(self, call: Call, frame: Frame, parameter: str = "") -> Environment | None:
        """The option that a call declares, named after its `parameter` where it has no name; None for another call."""
        row = self._row(call, frame)
        if row is None:
            return None
        flags = [word for word in _words(call) if word.startswith("-")]
        given = self.ask.runs.argument(call, frame, row.default)
        ellipsis = any(isinstance(arg.value, Other) and arg.value.kind == "ellipsis" for arg in call.args)
        demanded = any(arg.name == "required" and isinstance(arg.value, Const) and arg.value.value for arg in call.args)
        default = () if ellipsis else tuple(value for value in given or () if not nothing(value))
        required = ellipsis or demanded or (given is None and (not flags or bool(row.default.positions)))
        variable = literal_text(self.ask.runs.argument(call, frame, row.variable) or ())
        name = variable or max(map(_name, flags), key=len, default="") or next(map(_name, _words(call)), parameter)
        if not name:
            return None  # an option whose name is computed
        site = Site(frame.unit.module, call.span)
        return Environment(site, (), name, "option", bool(required), False, default)

    def parameter(self, unit: Unit, param: Param) -> Values:
        """What an option gives for a parameter of the command it belongs to; empty where none does."""
        if not isinstance(unit.node, Function) or unit.parent is None:
            return ()
        around = self.ask.runs.frame(unit.parent)
        site = Site(unit.module, param.span)
        if isinstance(param.default, Call):
            option = self.option(param.default, around, param.name)
            return (hop(option, site, f"is the parameter `{param.name}` here", param.name),) if option else ()
        for decorator in unit.node.decorators:
            if isinstance(decorator, Call) and param.name in _targets(decorator):
                option = self.option(decorator, around)
                if option is not None:
                    return (hop(option, site, f"is the parameter `{param.name}` here", param.name),)
        return ()

    def parsed(self, base: Made, name: str, site: Site) -> Values:
        """What an attribute of parsed arguments is: `parser.parse_args().target`; empty where nothing declares it."""
        if base.name.rsplit(".", 1)[-1] not in _PARSED:
            return ()
        for call, unit in self.ask.calls.named(("add_argument", "add_option")):
            if unit.module is base.site.module and name in _targets(call):
                option = self.option(call, self.ask.runs.frame(unit))
                if option is not None:
                    return (hop(option, site, f"`{name}` is read from the command line here"),)
        return ()

    def _row(self, call: Call, frame: Frame) -> knowledge.Option | None:
        table = self.ask.know.option
        for value in self.ask.values(call.func, frame):
            if isinstance(value, External) and value.name in table:
                return table[value.name]
        spelled = call.func.name if isinstance(call.func, Attr) else ""
        return next((row for row in self.ask.know.options if spelled in row.attributes), None)


def _words(call: Call) -> list[str]:
    """The texts among a call's positional arguments."""
    consts = (arg.value for arg in call.args if arg.name is None and isinstance(arg.value, Const))
    return [const.value for const in consts if isinstance(const.value, str)]


def _name(word: str) -> str:
    return word.strip("-").split("/", 1)[0].replace("-", "_")


def _targets(call: Call) -> set[str]:
    """The names under which an option's value may come out."""
    named = {
        arg.value.value
        for arg in call.args
        if arg.name == "dest" and isinstance(arg.value, Const) and isinstance(arg.value.value, str)
    }
    return named or {_name(word) for word in _words(call)}
