"""The rule files, rules/<section>/<name>.md: policy, prose and examples, strictly loaded."""

from __future__ import annotations

import importlib
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from gravity_lint.checks import CHECKS
from gravity_lint.record import NamedTuple, Record, cached_property
from gravity_lint.regex import regex
from gravity_lint.violation import Applicability, Finding, Remedy, Severity

if TYPE_CHECKING:
    from gravity_lint.config import Config

Check = Callable[[Any], Iterable[Finding]]

_KEYS = {"code": str, "severity": str, "check": str, "where": dict, "message": str, "advice": str, "once": str}
_ONCE = ("file", "service")
_REQUIRED = ("code", "severity", "check", "message", "advice")
_CODE = regex(r"[A-Z]{3,5}[0-9]{3}")
_NAME = regex(r"[a-z0-9]+(-[a-z0-9]+)*")
_INTRO = regex(r"`([^`]+)`:\s*$")
_FENCE = regex(r"(`{3,}|~{3,})\s*([^`\s]*)")
_MARK = regex(r"[ \t]*(?:#|;|--|//|<!--)[ \t]*violation(?::[ \t]*(error|warning|note))?(?:[ \t]+x([0-9]+))?"
                   r"[ \t]*(?:-->)?[ \t]*$")


class RuleError(Exception):
    """A rule file that cannot be used; the message begins with its path and line."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")


class Mark(NamedTuple):
    """A finding that an example expects: on this line; of this severity where one is given."""

    line: int
    severity: Severity | None


EXAMPLES_SHOWN = 2
"""Examples of each kind, rejected and accepted, that a rule's page shows when it is not asked for every one."""


class ExampleFile(NamedTuple):
    """One file of an example, its marks taken off the text."""

    path: str
    text: str
    violations: tuple[Mark, ...]


class Example(NamedTuple):
    """One little service, and what the rule must find in it."""

    title: str
    files: tuple[ExampleFile, ...]
    line: int
    diffs: tuple[tuple[str, str], ...] = ()
    """What fixing it changes: the path of a file and the body of a unified diff, the numbers of its lines left out."""

    @property
    def rejects(self) -> bool:
        return any(file.violations for file in self.files)


class Section(NamedTuple):
    """One folder of rules and the title of its README."""

    folder: str
    title: str


class Rule(Record):
    """One thing that the architecture forbids or demands."""

    code: str
    name: str
    severity: Severity
    message: str
    """A `str.format` template over the fields of a finding."""
    advice: str
    check_name: str
    options: Mapping[str, Any]
    section: str
    title: str
    path: Path
    first_line: int
    """The line of the file on which `text` begins."""
    where_line: int
    fitted: Mapping[str, Any] | None = None
    """The options as the check takes them, where they are already known to fit it."""
    once: str = ""
    """`file` or `service` where it speaks of one as a whole, whatever it names: a baseline knows it by that alone."""

    @cached_property
    def text(self) -> str:
        """Its Markdown, without the front matter; only its page and its examples need it. Raises `RuleError`."""
        return _split(self.path, _read(self.path))[1]

    @cached_property
    def check(self) -> Check:
        """The check with this rule's options. Raises `RuleError` where they do not fit it."""
        module, _, name = CHECKS[self.check_name].partition(":")
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise RuleError(self.path, self.where_line, f"the check {self.check_name!r} cannot be loaded: {error}"
                            ) from error
        return typing.cast(Check, kind(**(_options(self, kind) if self.fitted is None else self.fitted)))

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The sections of the text that hold files. Raises `RuleError` where one is not written as it must be."""
        return tuple(_examples(self))

    def say(self, finding: Finding) -> str:
        """The message for one finding; a field that the finding does not have reads as its own name."""
        return self.message.format_map(_Fields(finding.fields))


    def page(self, every: bool = False) -> str:
        """Its documentation: the prose, and the first examples that it rejects and accepts, or every one of them."""
        if every:
            return self.text.rstrip()
        rejects = {example.line: example.rejects for example in self.examples}
        left = {True: EXAMPLES_SHOWN, False: EXAMPLES_SHOWN}
        shown: list[str] = []
        keep = True
        for number, line in enumerate(self.text.splitlines(), self.first_line):
            if line.startswith("## "):
                kind = rejects.get(number)
                keep = kind is None or left[kind] > 0
                if kind is not None:
                    left[kind] -= 1
            if keep:
                shown.append(line)
        return "\n".join(shown).rstrip()


class _Fields(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key


# ---- loading


@cache
def rules_folder() -> Path:
    """Where the rules are: inside the package once it is built, beside it in a checkout or an editable install."""
    package = Path(__file__).resolve().parent
    inside = package / "rules"
    return inside if inside.is_dir() else package.parent / "rules"


@cache
def load_rules(folder: Path | None = None) -> tuple[Rule, ...]:
    """All rules below a folder (the project's own by default), by code. Raises `RuleError`."""
    if folder is None and (built := _built()):
        return built
    rules: dict[str, Rule] = {}
    names: dict[str, Rule] = {}
    for path in sorted((folder or rules_folder()).rglob("*.md")):
        if path.name == "README.md":
            continue
        rule = read_rule(path)
        for table, key in ((rules, rule.code), (names, rule.name)):
            if key in table:
                raise RuleError(path, 1, f"{key} is already the rule {table[key].path}")
            table[key] = rule
    return tuple(sorted(rules.values(), key=lambda rule: rule.code))


def _built() -> tuple[Rule, ...]:
    """The project's own rules as they were built into the wheel; none in a checkout."""
    try:
        rows = importlib.import_module("gravity_lint.built.rules").RULES
    except ModuleNotFoundError:
        return ()
    folder = rules_folder()
    return tuple(Rule(**{**row, "path": folder / row["path"]}) for row in rows)


def sections(rules: Iterable[Rule]) -> Iterator[tuple[Section, tuple[Rule, ...]]]:
    """Rules → the folders they are in, in order, each with its title and its rules."""
    folders: dict[Path, list[Rule]] = {}
    for rule in rules:
        folders.setdefault(rule.path.parent, []).append(rule)
    for folder, members in sorted(folders.items()):
        yield Section(folder.name, _title_of(folder)), tuple(members)


def _title_of(folder: Path) -> str:
    try:
        text = (folder / "README.md").read_text("utf-8")
    except OSError:
        return folder.name
    return next((line[2:].strip() for line in text.splitlines() if line.startswith("# ")), folder.name)


def read_rule(path: Path) -> Rule:
    """One rule file → the rule. Raises `RuleError`."""
    matter, body, first_line = _split(path, _read(path))
    values, lines = _front_matter(path, matter)
    _judge(path, values, lines)
    title = next((line[2:].strip() for line in body.splitlines() if line.startswith("# ")), None)
    if title is None:
        raise RuleError(path, first_line, "there must be a title, `# …`, below the front matter")
    return Rule(values["code"], path.stem, values["severity"], values["message"], values["advice"], values["check"],
                values.get("where", {}), path.parent.name, title, path, first_line,
                lines.get("where", lines["check"]), once=values.get("once", ""))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(path, 1, f"cannot be read: {error}") from None


def _split(path: Path, text: str) -> tuple[str, str, int]:
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != "---":
        raise RuleError(path, 1, "a rule begins with its front matter between two lines of `---`")
    for number, line in enumerate(lines[1:], 2):
        if line.rstrip() == "---":
            after = number
            while after < len(lines) and not lines[after].strip():
                after += 1
            return "".join(lines[1:number - 1]), "".join(lines[after:]), after + 1
    raise RuleError(path, 1, "the front matter is not closed by a line of `---`")


def _front_matter(path: Path, text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The values of the front matter, and the line in the file on which each key stands."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        values = loader.construct_document(node) if node is not None else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        raise RuleError(path, (mark.line if mark else 0) + 2, f"the front matter is not YAML: {reason}") from None
    finally:
        loader.dispose()
    if not isinstance(values, dict):
        raise RuleError(path, 2, "the front matter must be keys and values")
    lines: dict[str, int] = {}
    for key, _ in (node.value if node is not None else ()):
        line = key.start_mark.line + 2
        if key.value in lines:
            raise RuleError(path, line, f"`{key.value}` stands twice in the front matter")
        lines[key.value] = line
    return values, lines


def _judge(path: Path, values: dict[str, Any], lines: dict[str, int]) -> None:
    import string

    for key, value in values.items():
        if key not in _KEYS:
            raise RuleError(path, lines.get(key, 2), f"unknown key `{key}`{did_you_mean(str(key), _KEYS)}")
        if not isinstance(value, _KEYS[key]) or value == "":
            raise RuleError(path, lines[key], f"`{key}` must be {'a mapping' if key == 'where' else 'text'}")
    for key in _REQUIRED:
        if key not in values:
            raise RuleError(path, 1, f"the front matter lacks `{key}`")
    if not _CODE.fullmatch(values["code"]):
        raise RuleError(path, lines["code"], f"`code` must look like GRV101, not {values['code']!r}")
    if not _NAME.fullmatch(path.stem):
        raise RuleError(path, 1, "the file's name must be the rule's name, in lower case with hyphens")
    if values["severity"] not in get_args(Severity):
        raise RuleError(path, lines["severity"], "`severity` must be error, warning or note, "
                        f"not {values['severity']!r}{did_you_mean(values['severity'], get_args(Severity))}")
    if values["check"] not in CHECKS:
        raise RuleError(path, lines["check"], f"unknown check {values['check']!r}"
                        f"{did_you_mean(values['check'], CHECKS)}")
    if values.get("once", "file") not in _ONCE:
        raise RuleError(path, lines["once"], f"`once` must be file or service, not {values['once']!r}")
    if values["message"].endswith("."):
        raise RuleError(path, lines["message"], "`message` must not end with a full stop")
    try:
        named = [name for _, name, _, _ in string.Formatter().parse(values["message"]) if name is not None]
    except ValueError as error:
        raise RuleError(path, lines["message"], f"`message` is not a template: {error}") from None
    for name in named:
        if not name.isidentifier():
            raise RuleError(path, lines["message"], f"`message` must name its fields, as {{setting}}, not {{{name}}}")


def _options(rule: Rule, kind: type[Record]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind) if rule.options else {}
    known = kind._fields
    found: dict[str, Any] = {}
    for key, value in rule.options.items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise RuleError(rule.path, rule.where_line, f"the check {rule.check_name!r} has no option `{key}`"
                            f"{did_you_mean(str(key), known)}")
        found[name] = value = tuple(value) if isinstance(value, list) else value
        if not _fits(value, hints[name]):
            raise RuleError(rule.path, rule.where_line, f"`{key}` of the check {rule.check_name!r} must be "
                            f"{_spoken(hints[name])}, not {value!r}")
    for name in known:
        if name in kind._required and name not in found:
            raise RuleError(rule.path, rule.where_line, f"the check {rule.check_name!r} needs the option `{name}`")
    return found


def _fits(value: object, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in inner
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, inner[0]) for item in value)
    if hint is int and isinstance(value, bool):
        return False
    return hint is Any or isinstance(value, origin or (type(None) if hint is None else hint))


def _spoken(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        return "a list, each " + _spoken(get_args(hint)[0])
    return {str: "text", int: "a number", bool: "true or false"}.get(hint, str(hint))


# ---- choosing


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for the nearest known word, nothing where none is near."""
    import difflib

    near = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def matches(selector: str, rule: Rule) -> bool:
    """Whether a code, the beginning of a code, or a name chooses this rule."""
    return selector == rule.name or (len(selector) >= 3 and rule.code.startswith(selector.upper()))


def unknown_selector(selectors: Iterable[str], rules: Sequence[Rule]) -> str | None:
    """What is wrong with the first selector that chooses no rule; None where all choose one."""
    for selector in selectors:
        if not any(matches(selector, rule) for rule in rules):
            words = [word for rule in rules for word in (rule.code, rule.name)]
            asked = selector.upper() if selector.upper().startswith("GRV") else selector
            return f"unknown rule {selector!r}{did_you_mean(asked, words)}"
    return None


def choose(rules: Iterable[Rule], select: Sequence[str], extend_select: Sequence[str],
           ignore: Sequence[str]) -> tuple[Rule, ...]:
    """The rules that the selectors leave: of those that match one, the most exact decides, and ignoring wins a tie."""
    def wanted(rule: Rule) -> bool:
        chosen = max(_weight(select, rule) if select else 1, _weight(extend_select, rule))
        return chosen > _weight(ignore, rule)

    return tuple(rule for rule in rules if wanted(rule))


def _weight(selectors: Sequence[str], rule: Rule) -> int:
    """How exactly the selectors name a rule; 0 where none does."""
    return max((99 if chosen == rule.name else len(chosen) * 10 for chosen in selectors if matches(chosen, rule)),
               default=0)


def trust(config: Config, rules: Iterable[Rule]) -> Mapping[str, Callable[[Remedy], Remedy | None]]:
    """What a configuration makes of the remedies of some rules, by code: it promotes, demotes or forbids them.

    Of the selectors that match a rule the most exact decides; forbidding and demoting win a tie. Advice stays advice.
    """
    found: dict[str, Callable[[Remedy], Remedy | None]] = {}
    told = config.fixable, config.unfixable, config.extend_safe_fixes, config.extend_unsafe_fixes
    for rule in rules if any(told) else ():
        allowed = _weight(config.fixable, rule) if config.fixable else 1
        safe, unsafe = _weight(config.extend_safe_fixes, rule), _weight(config.extend_unsafe_fixes, rule)
        if allowed <= _weight(config.unfixable, rule):
            found[rule.code] = lambda remedy: None
        elif safe or unsafe:
            found[rule.code] = partial(_judged_anew, "safe" if safe > unsafe else "unsafe")
    return found


def _judged_anew(applicability: Applicability, remedy: Remedy) -> Remedy:
    return remedy if remedy.applicability == "display" else remedy._replace(applicability=applicability)


# ---- examples


def _examples(rule: Rule) -> Iterator[Example]:
    title, title_line = "", 0
    files: list[ExampleFile] = []
    diffs: list[tuple[str, str]] = []
    intro: tuple[str, int] | None = None
    lines = rule.text.splitlines()
    index = 0
    while index < len(lines):
        line, number = lines[index], rule.first_line + index
        index += 1
        if fence := _FENCE.match(line):
            end = next((at for at in range(index, len(lines)) if lines[at].rstrip() == fence[1]), None)
            if end is None:
                raise RuleError(rule.path, number, "the fence is not closed")
            if fence[2] == "diff" and intro:
                diffs.append((intro[0], "".join(line + "\n" for line in lines[index:end])))
            elif file := _file(rule, intro[0] if intro else None, lines[index:end], number + 1):
                if not title:
                    raise RuleError(rule.path, number, "an example's file must stand below a `##` heading")
                if any(known.path == file.path for known in files):
                    raise RuleError(rule.path, number, f"the example has two files `{file.path}`")
                files.append(file)
            intro, index = None, end + 1
        elif line.startswith("## "):
            if files:
                yield Example(title, tuple(files), title_line, tuple(diffs))
            title, title_line, files, diffs, intro = line[3:].strip(), number, [], [], None
        elif found := _INTRO.match(line):
            intro = found[1], number
        elif line.strip() and intro:
            raise RuleError(rule.path, intro[1], f"`{intro[0]}`: must be followed by its fenced text")
    if files:
        yield Example(title, tuple(files), title_line, tuple(diffs))


def _file(rule: Rule, path: str | None, lines: Sequence[str], first_line: int) -> ExampleFile | None:
    """A fenced text → a file of the example; None for one that no path introduces, which is prose."""
    marks: list[Mark] = []
    texts: list[str] = []
    for number, line in enumerate(lines, 1):
        if mark := _MARK.search(line):
            if path is None:
                raise RuleError(rule.path, first_line + number - 1, "a marked text needs a line \"`path`:\" before it")
            severity = typing.cast("Severity | None", mark[1])
            marks.extend([Mark(number, severity)] * int(mark[2] or 1))
            line = line[:mark.start()]
        texts.append(line)
    if path is None:
        return None
    if path.startswith("/") or ".." in path.split("/") or "\\" in path:
        raise RuleError(rule.path, first_line - 1, f"`{path}` must be a path inside the example")
    return ExampleFile(path, "".join(line + "\n" for line in texts), tuple(marks))
