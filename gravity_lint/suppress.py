"""Findings that someone has answered for, by a comment beside them or in the configuration; and idle answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache

from gravity_lint.config import Config
from gravity_lint.facts.code import Comment
from gravity_lint.facts.python import parse_python
from gravity_lint.facts.troubles import troubles
from gravity_lint.link.service import Service
from gravity_lint.record import NamedTuple, Record
from gravity_lint.regex import regex
from gravity_lint.source import Source, Unreadable
from gravity_lint.violation import Finding, Place, Remedy, Violation

_OURS = regex(r"(?:#\s*)?gravity:\s*ignore\b[ \t]*(?:\[([^\]\n]*)\]|(?!\[))")
_NOQA = regex(r"#\s*noqa\b(?:[ \t]*:[ \t]*([A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*)|(?![ \t]*:))", re.IGNORECASE)
_MARKS = {"ini": ("#", ";"), "sql": ("--",), "markdown": ("<!--",)}
"""What begins a comment, where it is not only `#`."""
_QUOTED = regex(r"""(?<!\w)(?:"(?:\\.|[^"\\])*"|'[^']*')""")
_CODE_SPAN = regex(r"(`+).*?(?<!`)\1(?!`)")
_FENCE = regex(r" {0,3}(`{3,}|~{3,})")
_COMMENTED = frozenset({"python", "yaml", "ini", "dockerfile", "markdown", "sql", "toml", "shell", "env"})
"""The kinds of files whose comments are known for comments; in others, a line that looks like one may be prose."""
_LONG = 1000
"""Characters of a line beyond which nobody quotes: the patterns that look for it would take long."""
_WIDE = 100
"""Lines of a statement beyond which a comment in it is kept apart from those that hold for a few lines."""
_HINTS = 20
"""Words that are no rule of which the nearest rule is looked for, in one service: looking takes milliseconds."""


class Suppression(NamedTuple):
    """A comment on `line` that answers for findings on the lines `first` to `last`."""

    path: str
    line: int
    first: int
    last: int
    rules: tuple[str, ...]
    """Codes, beginnings of codes and names; empty for every rule."""
    text: str
    """As it is written, without what else the comment says."""
    column: int
    """From 1, in characters: where `text` begins."""
    noqa: bool
    """Whether other tools read it as well, so that not every code in it need be ours."""

    def answers(self, violation: Violation, exactly: bool = False) -> tuple[str, ...]:
        """The words of it that answer for a violation: `""` for a comment that names no rule.

        `exactly` asks for words that name the violation's rule and no other.
        """
        place = violation.place
        if place.path != self.path or not (self.first <= place.line <= self.last
                                           or place.line <= self.line <= place.end_line):
            return ()
        if exactly:
            return self.exact(violation)
        return tuple(word for word in self.rules or ("",) if names(word, violation.code, violation.name))

    def exact(self, violation: Violation) -> tuple[str, ...]:
        """The words of it that name the rule of a violation and no other."""
        return tuple(word for word in self.rules if word == violation.name or word.upper() == violation.code)

    def place(self, word: str | None = None) -> Place:
        """Where the comment is, or a word in it."""
        start, end = _words(self.text).get(word or "", (0, len(self.text)))
        return Place(self.path, self.line, self.column + start, self.line, self.column + end)


@lru_cache(16)
def _words(text: str) -> Mapping[str, tuple[int, int]]:
    """The words of a comment and where they stand; of one that stands there twice, the last."""
    return {match[0]: match.span() for match in re.finditer(r"[\w-]+", text)}


def names(word: str, code: str, name: str) -> bool:
    """Whether a word of a suppression names a rule; the empty one names all."""
    return not word or word == name or (len(word) >= 3 and code.startswith(word.upper()))


# ---- answering for violations


class Suppressed(NamedTuple):
    """Violations that stay, those that were answered for, and which words of which comments did that."""

    violations: tuple[Violation, ...]
    suppressed: tuple[Violation, ...]
    used: frozenset[tuple[Suppression, str]]


def suppress(violations: Iterable[Violation], comments: Comments, ignored: Callable[[str, str, str], bool],
             exactly: bool = False) -> Suppressed:
    """Takes away what a comment answers for, or what is `ignored` by path, code and name; `exactly`: only what names
    the very rule."""
    kept: list[Violation] = []
    gone: list[Violation] = []
    used: set[tuple[Suppression, str]] = set()
    for violation in violations:
        near = comments.naming(violation) if exactly else comments.near(violation.place)
        found = [(comment, word) for comment in near for word in comment.answers(violation, exactly)]
        used.update(found)
        (gone if found or ignored(violation.place.path, violation.code, violation.name) else kept).append(violation)
    return Suppressed(tuple(kept), tuple(gone), frozenset(used))


def per_file(config: Config) -> Callable[[str, str, str], bool]:
    """Whether `per-file-ignores` leave out, of a path, the rule of this code and name."""
    if not config.per_file_ignores:
        return lambda path, code, name: False
    from pathspec import GitIgnoreSpec

    root = config.root.as_posix().rstrip("/") + "/"
    specs = [(GitIgnoreSpec.from_lines([pattern]), rules) for pattern, rules in config.per_file_ignores]

    @cache
    def rules_for(path: str) -> tuple[str, ...]:
        return tuple(rule for spec, rules in specs if spec.match_file(path.removeprefix(root)) for rule in rules)

    def ignored(path: str, code: str, name: str) -> bool:
        return any(rule == name or code.startswith(rule.upper()) for rule in rules_for(path))

    return ignored


# ---- reading comments


class Comments:
    """The suppressions of files; each file is looked through once."""

    def __init__(self, read: Callable[[str], Source | None]) -> None:
        self._read = read
        self._known: dict[str, _ByLine] = {}
        self._naming: dict[tuple[str, str], _ByLine] = {}

    def know(self, gathered: Iterable[Suppression]) -> None:
        """Takes what was gathered elsewhere for all that the files of these suppressions say; they are not read."""
        files: dict[str, list[Suppression]] = {}
        for each in gathered:
            files.setdefault(each.path, []).append(each)
        self._known.update((path, _ByLine(those)) for path, those in files.items())

    def near(self, place: Place) -> Iterable[Suppression]:
        """The suppressions that may answer for what is at a place; none in a file that cannot be read."""
        return self._of(place.path).near(place)

    def naming(self, violation: Violation) -> Iterable[Suppression]:
        """Those of them that name the rule of a violation."""
        key = violation.place.path, violation.code
        if key not in self._naming:
            self._naming[key] = _ByLine(each for each in self._of(key[0]).all if each.exact(violation))
        return self._naming[key].near(violation.place)

    def _of(self, path: str) -> _ByLine:
        if path not in self._known:
            source = self._read(path)
            self._known[path] = _ByLine(suppressions(source) if source is not None else ())
        return self._known[path]

    def gather(self, service: Service, wanted: Callable[[str], bool]) -> tuple[Suppression, ...]:
        """The suppressions of a service's own files that speak of our rules, if every rule could judge those files.

        `wanted` says of which paths.

        Nothing but bytes is looked at in a file without such a word, and what the service has read is not read again.
        """
        found: list[Suppression] = []
        for file in service.files:
            if file.kind not in _COMMENTED or not wanted(file.path):
                continue
            try:
                source = service.source(file.path)
            except Unreadable:
                continue
            if not _speaks_of_us(source.data):
                continue
            facts = service.facts(file.path) if file.kind == "python" else None
            here = suppressions(source, facts.comments if facts else None)
            known = self._known[file.path] = _ByLine(here)
            if not (facts.troubles if facts else troubles(file.kind, source)):
                found += known.all
        return tuple(found)


class _ByLine:
    """The suppressions of a file by the lines that they hold for, so that thousands of both are soon matched."""

    def __init__(self, suppressions: Iterable[Suppression]) -> None:
        self.all = tuple(dict.fromkeys(suppressions))
        self._wide: list[Suppression] = []
        self._lines: dict[int, list[Suppression]] = {}
        for each in self.all:
            if each.last - each.first > _WIDE:
                self._wide.append(each)
            else:
                for line in range(each.first, each.last + 1):
                    self._lines.setdefault(line, []).append(each)

    def near(self, place: Place) -> Iterable[Suppression]:
        lines = (self._lines.get(line, ()) for line in range(place.line, place.end_line + 1))
        return dict.fromkeys((*self._wide, *(each for here in lines for each in here)))


def _speaks_of_us(data: bytes) -> bool:
    return data.find(b"gravity:") >= 0 or (
        (data.find(b"GRV") >= 0 or data.find(b"grv") >= 0) and b"noqa" in data.lower())


def suppressions(source: Source, comments: Iterable[Comment] | None = None) -> Iterator[Suppression]:
    """The suppressing comments of a file, by the comment form that its kind of file has.

    `comments` are those of a Python file, where it has been parsed.
    """
    if b"gravity:" not in source.data and b"noqa" not in source.data.lower():
        return
    name = source.path.rpartition("/")[2].lower()
    if name.endswith((".py", ".pyw")):
        for comment in parse_python(source.data).comments if comments is None else comments:
            text = comment.text.rstrip("\r\n")
            column = source.line(comment.line).rfind(text) + 1
            yield from _read(source.path, text, (comment.line, max(column, 1)),
                             (comment.first_line, comment.last_line), True)
    else:
        yield from _in_lines(source, _kind(name))


def _kind(name: str) -> str:
    endings = {".md": "markdown", ".markdown": "markdown", ".sql": "sql", ".ini": "ini", ".cfg": "ini"}
    return next((kind for ending, kind in endings.items() if name.endswith(ending)), "other")


def _in_lines(source: Source, kind: str) -> Iterator[Suppression]:
    """Comments of files that are read line by line.

    A comment behind text holds for its line; one that stands alone holds for the next line that is no comment, with
    the lines that a backslash joins to it; in Markdown, which findings judge as a whole, for the whole document.
    """
    lines = source.text.split("\n")
    marks = _MARKS.get(kind, ("#",))
    shown = _fenced(lines) if kind == "markdown" else frozenset()
    spoken_of = _spoken_of(lines, marks)
    for number, line in enumerate(lines, 1):
        if number in shown or not ("gravity:" in line or "noqa" in line.lower()):
            continue
        bare = line
        if len(line) <= _LONG:
            bare = (_CODE_SPAN if kind == "markdown" else _QUOTED).sub(lambda match: " " * len(match[0]), line)
        starts = [at for mark in marks if (at := bare.find(mark)) >= 0]
        if not starts:
            continue
        first = last = number
        if line.lstrip().startswith(marks):
            if kind == "markdown":
                first, last = 1, len(lines)
            else:
                last = spoken_of[number - 1]
        while last < len(lines) and lines[last - 1].rstrip().endswith("\\"):
            last += 1
        at = min(starts)
        yield from _read(source.path, line[at:], (number, at + 1), (first, last), "#" in marks)


def _fenced(lines: Sequence[str]) -> frozenset[int]:
    """The lines (from 1) of a Markdown text that only show something."""
    found: set[int] = set()
    fence = ""
    for number, line in enumerate(lines, 1):
        match = _FENCE.match(line)
        if fence:
            found.add(number)
            if match and match[1].startswith(fence) and not line[match.end():].strip():
                fence = ""
        elif match:
            fence = match[1]
    return frozenset(found)


def _spoken_of(lines: Sequence[str], marks: tuple[str, ...]) -> list[int]:
    """For each line, the number of the next that is no comment, or its own where none follows."""
    found = list(range(1, len(lines) + 1))
    following = 0
    for number in range(len(lines), 0, -1):
        found[number - 1] = following or number
        if not lines[number - 1].lstrip().startswith(marks):
            following = number
    return found


def _read(path: str, text: str, start: tuple[int, int], lines: tuple[int, int], noqa: bool) -> Iterator[Suppression]:
    """The suppressions in a comment's text, which begins at this line and column and holds for these lines."""
    line, column = start
    for pattern, is_noqa in ((_OURS, False), (_NOQA, True)):
        if (noqa or not is_noqa) and (match := pattern.search(text)):
            rules = tuple(re.findall(r"[\w-]+", match[1] or ""))
            if rules or match[1] is None:
                yield Suppression(path, line, *lines, rules, match[0].rstrip(), column + match.start(), is_noqa)


# ---- idle answers


class Answers(NamedTuple):
    """What is known of some suppressions when every check has spoken."""

    comments: tuple[Suppression, ...]
    used: frozenset[tuple[Suppression, str]]
    known: Mapping[str, str]
    """The code of every rule there is → its name."""
    judged: Callable[[str, str], bool]
    """Whether in the file of this path the rule of this code was asked."""


class UnusedSuppression(Record):
    """Comments and words in them that answer for nothing → findings with the fields `comment` and `reason`.

    Not called with a service like other checks, but after them all, with `Answers`. A word that names the rule of this
    check needs no care here: what would be said of it stands where it answers for it.
    """

    def __call__(self, answers: Answers) -> Iterator[Finding]:
        hints = _HINTS
        for comment in answers.comments:
            idle = []
            for word in _ours(comment, answers):
                ruled = [code for code, name in answers.known.items() if names(word, code, name)]
                if not ruled:
                    hint = _meant(word, answers.known) if hints > 0 else ""
                    hints -= 1
                    meant = f"`{word}` may be a slip of the hand{hint}"
                    yield Finding(comment.place(word), {"comment": word, "reason": f"is no rule{hint}"},
                                  remedy=_dropping(comment, word, meant))
                elif (comment, word) not in answers.used and all(answers.judged(comment.path, code) for code in ruled):
                    idle.append(word)
            whole = tuple(idle) == (comment.rules or ("",))
            for word in [""] if whole else idle:
                yield Finding(comment.place(word), {"comment": word or comment.text, "reason": "suppresses nothing"},
                              remedy=_dropping(comment, word, ""))


def _dropping(comment: Suppression, word: str, caution: str) -> Remedy:
    """What takes a comment away, or a word out of it."""
    whole = not word or len(comment.rules) == 1
    places = (comment.place(),) if whole else (comment.place(), comment.place(word))
    return Remedy("drop-suppression", "unsafe" if caution else "safe", caution, places)


def _ours(comment: Suppression, answers: Answers) -> tuple[str, ...]:
    """The words of a comment that are meant for us: of `noqa`, only codes with the letters of our rules."""
    if not comment.noqa:
        return comment.rules or ("",)
    letters = {code.rstrip("0123456789") for code in answers.known}
    return tuple(word for word in comment.rules if word.rstrip("0123456789").upper() in letters)


def _meant(word: str, known: Mapping[str, str]) -> str:
    """` (did you mean …?)` for the nearest rule, nothing where none is near."""
    if len(word) > 60:
        return ""
    import difflib

    near = difflib.get_close_matches(word.upper(), known, 1, 0.7) or difflib.get_close_matches(word, known.values(), 1)
    return f" (did you mean `{near[0]}`?)" if near else ""
