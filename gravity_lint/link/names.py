"""What the names of a module and its imports mean, across the modules of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gravity_lint import knowledge
from gravity_lint.facts.code import Assign, Attr, Declare, Expr, Import, Name, Span
from gravity_lint.link.choice import choose, nothing
from gravity_lint.link.flow import Binding
from gravity_lint.link.modules import Module, Unit
from gravity_lint.link.values import External, ModuleValue, Site, Table, Unknown, Value, Values, hops
from gravity_lint.record import altered, cached_property
from gravity_lint.regex import regex

if TYPE_CHECKING:
    from gravity_lint.link.evaluate import Evaluator

_SET = regex(rb"\.\s*(\w+)\s*(?::[^=\n]*)?(?:[-+*/%&|^@<>]{1,2})?=(?!=)")
"""An attribute that is assigned to."""
_DECLARED = regex(rb"(?:global|nonlocal)[ \t\\]")
"""A name that a function declares as one of what is around it."""
MAX_WAY = 60
"""Modules that a name is followed through."""


class Names:
    """Looks names up. Answers with the evaluator whose part it is."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.ask = evaluator
        self._members: dict[tuple[Module, str], Values | None] = {}
        self._looking: set[tuple[Module, str]] = set()
        self._missed: set[tuple[Module, str]] = set()
        """What this search did not find: modules that star-import each other lead to each other by countless ways."""
        self._sets: dict[tuple[Module, str], list[tuple[Name, Expr, Unit, Span]]] = {}
        self._setters: dict[Module, dict[str, list[Unit]]] = {}

    def member(self, module: Module, name: str, depth: int = 0) -> Values | None:
        """What a name at a module's top level is; None when the module does not have it."""
        key = module, name
        if key in self._members:
            return self._members[key]
        if (
            key in self._looking or key in self._missed or len(self._looking) > MAX_WAY
        ):  # a circle of imports: Python finds the submodule, or nothing yet
            return self.submodule(module.folder, name, Site(module, (0, 0))) if module.is_package else None
        self._looking.add(key)
        try:
            found = self._member(module, name, depth)
        finally:
            self._looking.discard(key)
        if found is None:
            self._missed.add(key)
        if not self._looking:
            self._missed.clear()
        if not self._looking and not self.ask.exhausted:
            self._members[key] = found
        return found

    def _member(self, module: Module, name: str, depth: int) -> Values | None:
        frame = self.ask.runs.frame(module.unit)
        flow = module.unit.flow
        state = flow.exit.get(name)
        bindings = state.bindings if state is not None else ()
        extra = [
            (binding, unit)
            for unit in self._global_setters(module).get(name, ())
            for binding in unit.flow.globals[name]
        ]
        outside = self._set_from_outside(module, name) if flow.binds(name) else []
        if bindings or extra or outside:
            found = list(self.ask.state(name, state, frame)) if state is not None and bindings else []
            for binding, unit in extra:
                found.extend(self.ask.binding(name, binding, self.ask.runs.frame(unit)))
            found.extend(outside)
            found = [self._with_items(value, name, module) for value in found]
            return choose(value for value in found if len(found) == 1 or not nothing(value))
        for stmt in reversed(flow.stars):
            target = self.target(module, stmt)
            if target is not None and depth < 8 and not name.startswith("_"):
                values = self.member(target, name, depth + 1)
                if values is not None:
                    return hops(values, Site(module, stmt.span), f"`{name}` is imported here")
            library = f"{stmt.module}.{name}"
            if target is None and not stmt.level and library in knowledge.dotted_names():
                return (External(Site(module, stmt.span), (), library),)
        if module.is_package:
            return self.submodule(module.folder, name, Site(module, (0, 0)))
        return None

    def _set_from_outside(self, module: Module, name: str) -> list[Value]:
        """What other modules set a module's name to: `config.url = …` behind `from shop import config`."""
        found: list[Value] = []
        for base, value, unit, span in self._attributes_set(module, name):
            if unit.module is module:
                continue
            frame = self.ask.runs.frame(unit)
            if any(isinstance(each, ModuleValue) and each.module is module for each in self.ask.values(base, frame)):
                site = Site(unit.module, span)
                found.extend(hops(self.ask.values(value, frame), site, f"`{name}` is set here", name))
        return found

    def _attributes_set(self, module: Module, name: str) -> list[tuple[Name, Expr, Unit, Span]]:
        """Where the service's own code sets an attribute of this name on what a plain name stands for, `self` left out.

        What sets a module's names speaks of that module.
        """
        spelled = name.encode("utf-8", "replace")
        return [one for where in self._setting.get(spelled, ()) if where.mentions(module.stem)
                for one in self._set_in(where, name)]

    def is_set(self, name: str) -> bool:
        """Whether the service's own code seems to set an attribute of this name."""
        return name.encode("utf-8", "replace") in self._setting

    @cached_property
    def _setting(self) -> dict[bytes, list[Module]]:
        """Every name of an attribute → the modules whose text seems to assign to such an attribute."""
        found: dict[bytes, list[Module]] = {}
        for module in self.ask.calls.code:
            for attribute in set(_SET.findall(module.text)):
                found.setdefault(attribute, []).append(module)
        return found

    def _set_in(self, module: Module, name: str) -> list[tuple[Name, Expr, Unit, Span]]:
        found = self._sets.get((module, name))
        if found is None:
            found = self._sets[module, name] = []
            for unit in module.setters(name):
                for stmt in unit.statements:
                    if not isinstance(stmt, Assign) or stmt.value is None:
                        continue
                    for target in stmt.targets:
                        if (isinstance(target, Attr) and target.name == name and isinstance(target.base, Name)
                                and target.base.id != "self"):
                            found.append((target.base, stmt.value, unit, stmt.span))
        return found

    def _with_items(self, value: Value, name: str, module: Module) -> Value:
        """A mapping of a module with the items that the module's own lines set in it: `config["url"] = …`."""
        if not isinstance(value, Table) or value.site.module is not module:
            return value
        frame = self.ask.runs.frame(module.unit)
        items = [
            (path[len(name) + 2 : -2], self.ask.state(path, state, frame))
            for path, state in module.unit.flow.exit.items()
            if path.startswith(f"{name}['") and path.endswith("']") and path.count("[") == 1 and state.bindings
        ]
        return altered(value, items=(*value.items, *items)) if items else value

    def _global_setters(self, module: Module) -> dict[str, list[Unit]]:
        """The functions of a module that set its names by `global`."""
        found = self._setters.get(module)
        if found is None:
            found = {}
            for unit in module.around([match.start() for match in _DECLARED.finditer(module.text)]):
                if unit.parent is not None and any(isinstance(one, Declare) for one in unit.statements):
                    for name in unit.flow.globals:
                        found.setdefault(name, []).append(unit)
            self._setters[module] = found
        return found

    def target(self, module: Module, stmt: Import) -> Module | None:
        """The module that `from … import` in a module takes its names from; None for a library's."""
        return self.ask.importer.meant(module, stmt.module, stmt.level)

    def imported(self, module: Module, stmt: Import, binding: Binding, site: Site) -> Values:
        """What a name that an import binds is."""
        if stmt.plain:
            name = binding.alias
            alias = next((alias for alias in stmt.names if alias.span == binding.span), None)
            renamed = alias is not None and alias.span[1] - alias.span[0] > len(name.encode())
            if alias is not None and alias.bound == name.split(".", 1)[0] and not renamed:
                name = alias.bound  # `import redis.asyncio` binds `redis`; `import redis.asyncio as redis` does not
            return self.module_value(module, name, 0, site)
        target = self.target(module, stmt)
        if target is not None:
            found = self.member(target, binding.alias)
            return found if found is not None else (Unknown(site, (), "not in its module"),)
        folder = self.ask.importer.is_namespace(module, stmt.module, stmt.level)
        if folder is not None and (found := self.submodule(folder, binding.alias, site)) is not None:
            return found
        if stmt.level:
            return (Unknown(site, (), "not in its package"),)
        return (External(site, (), f"{stmt.module}.{binding.alias}"),)

    def module_value(self, module: Module, name: str, level: int, site: Site) -> Values:
        """What `import name` in a module gives."""
        found = self.ask.importer.meant(module, name, level)
        if found is not None:
            return (ModuleValue(site, (), found),)
        folder = self.ask.importer.is_namespace(module, name, level)
        if folder is not None:
            return (ModuleValue(site, (), None, folder),)
        return (External(site, (), name),)

    def submodule(self, folder: str, name: str, site: Site) -> Values | None:
        """The module or folder of modules with this name in a folder; None when there is none."""
        found = self.ask.modules.get(f"{folder}/{name}.py") or self.ask.modules.get(f"{folder}/{name}/__init__.py")
        if found is not None:
            return (ModuleValue(site, (), found),)
        path = f"{folder}/{name}"
        return (ModuleValue(site, (), None, path),) if path in self.ask.importer.folders else None
