"""What libraries give back: reads of the environment, conversions, URL builders, and methods of texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr, Call
from gravity_lint.knowledge.exposures import exposures
from gravity_lint.link import texts
from gravity_lint.link.choice import checked, nothing
from gravity_lint.link.values import (
    MAX_HOPS,
    MAX_VALUES,
    Built,
    ClassValue,
    Deferred,
    Environment,
    External,
    Frame,
    FunctionValue,
    Hop,
    Instance,
    Items,
    Joined,
    Literal,
    Made,
    ModuleValue,
    Site,
    Table,
    Unknown,
    Value,
    Values,
    hop,
    hops,
    literal_text,
)
from gravity_lint.record import altered

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator


_METHODS = frozenset({"format", "format_map", "join", "joinpath", "get", "items", "values"})
"""Methods of texts and dictionaries that have a meaning of their own here."""


class Library:
    """Answers for calls that leave the service's own code. Answers with the evaluator whose part it is."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self.know = knowledge.values()
        self._methods = _METHODS | {*self.know.methods, *self.know.changes}

    def variable(self, names: Values, site: Site, required: bool, default: Values = ()) -> Environment:
        """A read of the environment; where the name is passed in, it begins where the name stands."""
        name = literal_text(names) or ""
        given = names[0]
        begins = given.site if name and given.trail else site
        default = tuple(value for value in default if not nothing(value))
        found = Environment(begins, (), name, "variable", required, False, default)
        return hop(found, site, "read from the environment here") if begins is not site else found

    def method(self, expr: Call, func: Attr, frame: Frame, site: Site) -> Values | None:
        """A method of a text or a dictionary; None when the base is something else."""
        if func.name not in self._methods:
            return None
        bases = self.ask.values(func.base, frame)
        if func.name in ("items", "values") and isinstance(bases[0], Table):
            return self._contents(bases[0], func.name, site)
        if func.name == "get":
            tables = [base for base in bases if isinstance(base, Table)]
            if tables and expr.args:
                return self._get(expr, tables, len(tables) < len(bases), frame, site)
            configs = [base for base in bases if isinstance(base, External) and base.name.endswith(".config")]
            if configs and expr.args and (key := literal_text(self.ask.values(expr.args[0].value, frame))) is not None:
                return self.ask.objects.configured(key, site)
            if expr.args and all(isinstance(base, Made) and base.name in self.know.mapping_calls for base in bases):
                default = self.ask.values(expr.args[1].value, frame) if len(expr.args) > 1 else ()
                return (self.variable(self.ask.values(expr.args[0].value, frame), site, False, default),)
            return None
        if not all(isinstance(base, (Literal, Environment, Joined, Built)) for base in bases):
            return None
        if func.name in ("format", "format_map"):
            template = literal_text(bases)
            if template is None:
                return (Unknown(site, (), "format"),)
            given, named, _ = self.ask.runs.arguments(expr, frame)
            positional = [self.ask.runs.force(value) for value in given]
            return (
                Joined(
                    site,
                    (),
                    texts.braces(
                        template, positional, {k: self.ask.runs.force(v) for k, v in named.items()}, bases[0].site
                    ),
                ),
            )
        if func.name == "join":
            items = self.ask.values(expr.args[0].value, frame)[0] if expr.args else None
            if not isinstance(items, Items):
                return (Unknown(site, (), "join"),)
            parts: list[Values] = []
            for number, item in enumerate(items.items):
                parts.extend([bases] if number else [])
                parts.append(self.ask.runs.force(item))
            return (Joined(site, (), tuple(parts)),)
        if func.name == "joinpath":
            given_parts = [bases, *(self.ask.values(arg.value, frame) for arg in expr.args)]
            return (Joined(site, (), texts.path_of(given_parts, site)),)
        found = checked(bases)  # a method of nothing fails: whatever comes out of it was there
        if func.name not in self.know.changes:
            return found
        step = Hop(site, f"`{func.name}` changes it here", changes=True)
        return tuple(altered(value, trail=(*value.trail, step)[:MAX_HOPS]) for value in found)

    def _contents(self, table: Table, name: str, site: Site) -> Values:
        """`mapping.items()` and `mapping.values()`"""
        items = [(key, given) for key, given in self.ask.runs.flat(table) if key is not None]
        if name == "values":
            return (Items(site, (), tuple(given for _, given in items)),)
        pairs = [Items(site, (), ((Literal(site, (), key),), given)) for key, given in items]
        return (Items(site, (), tuple((pair,) for pair in pairs)),)

    def _get(self, call: Call, tables: list[Table], others: bool, frame: Frame, site: Site) -> Values:
        """`mapping.get(key, default)`: the default answers only where the whole mapping is known, without the key."""
        key = literal_text(self.ask.values(call.args[0].value, frame))
        found = tuple(value for table in tables for value in self.ask.runs.lookup(table, key))
        open_ended = others or any(name is None for table in tables for name, _ in self.ask.runs.flat(table))
        if not found and not open_ended and len(call.args) > 1:
            found = self.ask.values(call.args[1].value, frame)
        return hops(found, site, "read here") or (Unknown(site, (), "key"),)

    def external(self, name: str, call: Call, frame: Frame, site: Site) -> Values:
        """What a library's callable gives for these arguments."""
        know = self.know
        reader = know.reader.get(name)
        if reader is not None:
            names = self.ask.runs.argument(call, frame, reader.name)
            default = self.ask.runs.argument(call, frame, reader.default)
            if names is None:
                names = (Literal(site, (), reader.variable),)
            raises = reader.missing == "raises" and default is None
            return (self.variable(names, site, raises, default or ()),)
        passed = know.pass_.get(name)
        if passed is not None:
            if name in ("dict",):
                named = self.ask.runs.arguments(call, frame)[1]
                return (Table(site, (), tuple(named.items())),) if named else self._first(call, frame, site)
            found = self.ask.runs.argument(call, frame, passed.argument) or (Unknown(site, (), "argument"),)
            if name in exposures().hiding:
                step = Hop(site, f"`{name.rsplit('.', 1)[-1]}` takes it here", hides=True)
                found = tuple(altered(value, trail=(*value.trail, step)[:MAX_HOPS]) for value in found)
            return found
        builder = know.builder.get(name)
        if builder is not None:
            roles = ((role, self.ask.runs.argument(call, frame, slot)) for role, slot in builder.arguments.items())
            return (Built(site, (), tuple((role, values) for role, values in roles if values is not None)),)
        if name in know.joins.calls or name.rsplit(".", 1)[-1] in know.joins.attributes:
            given_parts = [self.ask.values(arg.value, frame) for arg in call.args if arg.name is None]
            return (Joined(site, (), texts.path_of(given_parts, site)),)
        field = know.field.get(name)
        if field is not None:
            return self.ask.objects.settings.field_default(call, frame, field) or (Unknown(site, (), "field"),)
        if name in know.suppliers:
            supplied = self._first(call, frame, site)
            return tuple(
                value
                for item in supplied
                for function in self.ask.callable(item, site)
                for value in self.ask.returned(function, None, None)
            ) or self._instances(supplied, site)
        if name == "os.path.dirname":
            return texts.folder(self._first(call, frame, site))
        return self._reflection(name, call, frame, site)

    def _reflection(self, name: str, call: Call, frame: Frame, site: Site) -> Values:
        """Calls that reach names by texts: `getattr`, `import_module`, `partial`."""
        if name == "getattr" and len(call.args) >= 2:
            key = literal_text(self.ask.values(call.args[1].value, frame))
            if key is not None:
                return tuple(
                    value
                    for base in self.ask.values(call.args[0].value, frame)
                    for value in self.ask.attribute(base, key, site)
                )
        if name == "functools.partial" and call.args:
            return tuple(
                altered(
                    value,
                    bound=(*value.bound, *(Deferred(arg.value, frame) for arg in call.args[1:] if arg.name is None)),
                )
                if isinstance(value, FunctionValue)
                else value
                for value in self.ask.values(call.args[0].value, frame)
            )
        if name in ("importlib.import_module", "__import__") and call.args:
            return self._by_text(self.ask.values(call.args[0].value, frame), frame, site)
        return (Made(site, (), name, call, frame),)

    def _by_text(self, names: Values, frame: Frame, site: Site) -> Values:
        """The modules that a dotted name means, its unknown parts being anything."""
        found: list[Value] = []
        for template in texts.templates(names):
            if texts.HOLE not in template.text:
                found.extend(self.ask.names.module_value(frame.unit.module, template.text.lstrip("."), 0, site))
                continue
            pattern = re.escape(template.text.replace(".", "/")).replace(re.escape(texts.HOLE), "[^/]+")
            wanted = re.compile(f"(?:.*/)?{pattern}(?:/__init__)?\\.py")
            if len(template.text.replace(texts.HOLE, "")) > 3:
                found.extend(
                    ModuleValue(site, (), module) for path, module in self.ask.modules.items() if wanted.fullmatch(path)
                )
        return tuple(found[:MAX_VALUES]) or (Unknown(site, (), "module"),)

    def _first(self, call: Call, frame: Frame, site: Site) -> Values:
        return self.ask.values(call.args[0].value, frame) if call.args else (Unknown(site, (), "argument"),)

    def _instances(self, values: Values, site: Site) -> Values:
        return tuple(Instance(site, (), value.unit) for value in values if isinstance(value, ClassValue)) or (
            Unknown(site, (), "supplied"),
        )
