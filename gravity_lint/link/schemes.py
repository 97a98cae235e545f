"""Whether an engine can open the URLs that reach it: what their schemes say, and where they come from."""

from __future__ import annotations

from collections.abc import Container, Iterator

from gravity_lint import knowledge
from gravity_lint.facts.code import Attr, Class, Const, Expr, Function, walk
from gravity_lint.link.evaluate import Evaluator
from gravity_lint.link.modules import Unit
from gravity_lint.link.openings import Opening
from gravity_lint.link.texts import HOLE, templates
from gravity_lint.link.values import (
    Built,
    Environment,
    Hop,
    Joined,
    Literal,
    Site,
    Value,
    Values,
    changed,
    literal_text,
    sources,
)
from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex

_SCHEME = regex(r"(?P<scheme>[A-Za-z][\w+.-]*)://")
_MAX_DEFAULTS = 4
_MAX_PARTS = 40


class Fault(NamedTuple):
    """Why an engine cannot open a URL."""

    scheme: str
    why: str
    instead: str
    """The scheme to write; empty where none is known."""


def fault(text: str, takes: str, packages: Container[str]) -> Fault | None:
    """A URL (behind its scheme it may have holes), who takes it, and the packages that the service may have installed
    → why it cannot be opened; None where it can, or where that is not known."""
    table = knowledge.schemes()
    taker = table.taker[takes]
    if not text.startswith(taker.prefix):
        return None
    match = _SCHEME.match(text.removeprefix(taker.prefix))
    if match is None:
        return None
    scheme = match["scheme"].lower()
    name, _, driver = scheme.partition("+")
    dialect = table.dialect.get(name)
    if dialect is None:
        return None
    if taker.mode is None:
        if not driver or _works(dialect, driver) == "unknown" or scheme in taker.schemes or name not in taker.schemes:
            return None
        return Fault(scheme, "which only SQLAlchemy understands", name)
    works = _works(dialect, driver)
    if works == "synchronous" and not driver and dialect.unless in packages:
        return None
    instead = taker.prefix + dialect.instead[taker.mode]
    if works == "refused":
        return Fault(scheme, "which SQLAlchemy does not know", instead) if taker.mode == "asynchronous" else None
    if works in ("both", "unknown", taker.mode) or any(word in text for word in table.fallbacks):
        return None
    return Fault(taker.prefix + scheme, f"whose driver is {works}", instead)


def _works(dialect: knowledge.Dialect, driver: str) -> str:
    """The engines that a driver works in; without one, what the dialect means."""
    if not driver:
        return dialect.plain
    for mode in ("synchronous", "asynchronous", "both"):
        if driver in getattr(dialect, mode):
            return mode
    return "unknown"


# ---- what an engine is given


class Mismatch(NamedTuple):
    """A URL in the code that the engine it is given to cannot open."""

    opening: Opening
    fault: Fault
    site: Site
    """Where the URL's scheme stands."""
    trail: tuple[Hop, ...]
    is_test: bool


class _Text(NamedTuple):
    """A URL whose scheme is known."""

    value: Value
    text: str
    site: Site
    """Where its scheme stands."""
    way: tuple[Hop, ...]
    setting: str = ""
    """The variable or setting that it stands in for."""
    owner: str = ""
    """The class of that setting."""


class Reaching:
    """What reaches the engines of a service as it is written, or as the deployment gives it."""

    def __init__(self, ask: Evaluator) -> None:
        self.ask = ask

    # ---- URLs in the code

    def mismatches(self, packages: Container[str], openings: tuple[Opening, ...]) -> Iterator[Mismatch]:
        """The URLs in the code that an engine cannot open, each place once: where the URL begins, or, where another
        engine can open it, at the engine."""
        given = [(opening, text) for opening in openings for text in self._given(opening)]
        opened = {text.site for opening, text in given if fault(text.text, opening.takes, packages) is None}
        seen: set[Site] = set()
        for opening, text in given:
            found = fault(text.text, opening.takes, packages)
            site = opening.site if text.site in opened else text.site
            if found is None or site in seen:
                continue
            seen.add(site)
            start = Hop(text.site, f"stands in for `{text.setting}` here" if text.setting else "the URL begins here")
            trail = (start, *text.way, Hop(opening.site, f"reaches `{opening.name}` here"))
            is_test = opening.is_test or any(map(knowledge.is_test, (text.setting, text.owner)))
            yield Mismatch(opening, found, site, trail, is_test)

    def _given(self, opening: Opening) -> list[_Text]:
        """The texts that an engine may be given as they are; none that the code mends on another way to it."""
        unsure = _unsure(opening.url)
        texts = list(self._texts(opening.url, 0)) if _is_known(opening.url) else []
        return [text for text in texts if text.value.site not in unsure and text.site not in unsure]

    def _texts(self, values: Values, depth: int) -> Iterator[_Text]:
        """The texts that values may be as they are, with schemes that are known."""
        for value in values:
            if changed(value):
                continue
            if isinstance(value, Environment):
                if depth < _MAX_DEFAULTS and not self._rewritten(value):
                    for text in self._texts(value.default, depth + 1):
                        yield text._replace(way=(*text.way, *value.trail), setting=text.setting or value.name,
                                            owner=f"{text.owner} {value.owner}")
            elif isinstance(value, Built):
                scheme = next((part for role, part in value.roles if role == "scheme"), ())
                name = literal_text(scheme)
                if name and not any(map(changed, scheme)):
                    yield _Text(value, f"{name}://", scheme[0].site, value.trail)
            elif isinstance(value, (Literal, Joined)):
                yield from _beginning(value)

    # ---- the environment

    def readers(self, openings: tuple[Opening, ...]) -> Iterator[tuple[Environment, Opening]]:
        """The variables that reach an engine as the deployment gives them."""
        for opening in openings:
            if not _is_known(opening.url):
                continue
            unsure = _unsure(opening.url)
            parts = [value for value in opening.url if isinstance(value, (Joined, Built))]
            joined = {source.name for source in sources(parts) if isinstance(source, Environment)}
            for value in opening.url:
                if isinstance(value, Environment) and value.name and value.name not in joined \
                        and not changed(value) and value.site not in unsure and not self._rewritten(value):
                    yield value, opening

    def _rewritten(self, value: Environment) -> bool:
        """Whether the class of a setting may give it another text, or a name that is not its own."""
        if value.kind != "setting":
            return False
        unit, name = self._field(value.site)
        bases = self.ask.objects.lineage(unit)[1] if unit is not None else ()
        if unit is None or not any(base in self.ask.know.settings.bases for base in bases):
            return True
        return self._validated(unit, name)

    def _field(self, site: Site) -> tuple[Unit | None, str]:
        """The class whose field stands at a place, and the field's name."""
        fields = self.ask.objects.settings.fields
        for unit in site.module.units:
            for name, stmt in fields(unit).items() if isinstance(unit.node, Class) else ():
                if stmt.span == site.span:
                    return unit, name
        return None, ""

    def _validated(self, unit: Unit, name: str) -> bool:
        """Whether a method that runs when the settings are made may give a field another value."""
        for owner in self.ask.objects.lineage(unit)[0]:
            for method in owner.inner.values():
                words = self.ask.objects.decorators(method)
                decorators = method.node.decorators if isinstance(method.node, Function) else ()
                if any(word.endswith("validator") for word in words):
                    named = {part.value for each in decorators for part in walk(each) if isinstance(part, Const)}
                    if named & {name, "*"}:
                        return True
                    if any(word in ("validator", "field_validator") for word in words):
                        continue  # of other fields
                elif method.last_name not in ("__init__", "__post_init__", "model_post_init"):
                    continue
                if any(_speaks_of(part, name) for part in method.parts()):
                    return True
        return False


def _speaks_of(part: Expr, name: str) -> bool:
    return (isinstance(part, Const) and part.value == name) or (isinstance(part, Attr) and part.name == name)


def _is_known(values: Values) -> bool:
    """Whether nothing unknown may stand for a URL: it may be another one of them, mended."""
    whole = all(isinstance(value, (Literal, Environment, Joined, Built)) for value in values)
    parts = [value for value in values if isinstance(value, Joined)] if len(values) > 1 else []
    return whole and all(isinstance(source, (Literal, Environment)) for source in sources(parts))


def _unsure(values: Values) -> frozenset[Site]:
    """Where the texts begin that may also reach their engine altered: the code mends some of them."""
    found: set[Site] = set()
    for value in values:
        for item in (value, *sources((value,))):
            if changed(value) or changed(item):
                found.add(item.site)
                found |= {inner.site for inner in _defaults(item, 0)}
    return frozenset(found)


def _defaults(value: Value, depth: int) -> Iterator[Value]:
    """What stands in for a variable."""
    for default in value.default if isinstance(value, Environment) and depth < _MAX_DEFAULTS else ():
        yield default
        yield from _defaults(default, depth + 1)


def _beginning(value: Literal | Joined) -> Iterator[_Text]:
    """A text whose scheme is known, and the place where it begins."""
    for template in templates((value,)):
        match = _SCHEME.match(template.text)
        if match is None or HOLE in match[0]:
            continue
        pieces = [piece for offset, piece in template.pieces if offset < match.end()]
        if not any(map(changed, pieces)) and not _is_altered(value):
            yield _Text(value, template.text, pieces[0].site if len(pieces) == 1 else value.site, value.trail)


def _is_altered(value: Value) -> bool:
    """Whether one of the texts that a text begins with was altered before it was joined."""
    stack = [value]
    for _ in range(_MAX_PARTS):
        if not stack:
            return False
        here = stack.pop()
        inner = [item for part in here.parts[:4] for item in part] if isinstance(here, Joined) else []
        texts = [item for item in inner if isinstance(item, Joined)]
        if any(map(changed, texts)):
            return True
        stack.extend(texts)
    return True
