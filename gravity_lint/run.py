"""The pipeline: paths in, a report out."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from gravity_lint import baseline, inputs, mask, workers
from gravity_lint.baseline import Entry, Known, Outcome
from gravity_lint.cache import key_of
from gravity_lint.config import FILES, Config, Unknown, nearest
from gravity_lint.discover import Discovery, Selection, ServiceFiles, Trouble, discover
from gravity_lint.discover import plain as plain_discovery
from gravity_lint.discover import restored as restored_discovery
from gravity_lint.facts.python import parse_python
from gravity_lint.inputs import Inputs, Plain
from gravity_lint.link.service import Service
from gravity_lint.policy import Nested, Policies
from gravity_lint.record import Record, altered, cached_property, comparable
from gravity_lint.remember import Parts, plain_summary, plain_violations, restored_summary, restored_violations
from gravity_lint.report import Report, ServiceSummary
from gravity_lint.rulebook import Check, Rule, load_rules
from gravity_lint.screen import matters, tells
from gravity_lint.source import Source, Texts, Unreadable
from gravity_lint.suppress import Answers, Comments, Suppression, UnusedSuppression, suppress
from gravity_lint.violation import Finding, Place, Step, Violation

if TYPE_CHECKING:
    from gravity_lint.progress import Progress

STACK = 4_000
"""Python frames that one run may need: a value is followed through some sixty expressions, a dozen frames each."""
UNREADABLE = "unreadable"
"""The check whose rule also speaks for what could not be read before there was a service."""

WORTH_A_PROCESS = 100
"""Python files beside those of the largest service from which on other processes pay for their start."""
ENOUGH = 500
"""Python files that one process keeps in mind before it is rid of them."""
_Wanted = tuple[ServiceFiles, tuple[ServiceFiles, ...]]
"""A service to judge, with the libraries that it can import."""

MAX_SHOWN = 300
"""Characters of a value that messages show: some are whole files."""


class Options(Record):
    """What one run is asked to do."""

    paths: tuple[Path, ...]
    config: Config
    rules: tuple[Rule, ...]
    overlay: Mapping[str, bytes] = MappingProxyType({})
    """Absolute path → the bytes to judge in place of the file's own (an editor's buffer)."""
    recorded: bool = False
    """Whether each `Judged` has to say what of the disk it depends on."""
    jobs: int | None = 1
    """Processes that may judge services at the same time; None for as many as pay."""
    parts: Parts | None = None
    """What earlier runs found of each service, and what this one finds, where that is kept; not with an overlay."""
    progress: Progress | None = None
    """What shows how far a run is, where somebody can see it."""
    chosen: Callable[[Config], tuple[Rule, ...]] | None = None
    """Which rules a configuration chooses that lies nearer to some files; without it there are none."""
    unknown: Unknown | None = None
    """What is wrong with a rule that such a configuration names."""
    nested: Nested = ()
    """Those that were found, after the run's own."""
    baseline: str | None = None
    """The absolute path of the file with the violations that are known."""
    anew: bool = False
    """Whether that file is to be written anew, so that nothing in it is known."""
    base: Callable[[Options], Known] | None = None
    """What else is known, from the tree that this one is compared with."""
    everything: bool = False
    """Whether all is told of the services that are judged, whatever of them was asked for."""

    @cached_property
    def policies(self) -> Policies:
        return Policies(self.config, self.rules, self.nested)


@comparable
class Judged:
    """What is known of one service when every check has looked at it: plain values, whatever was asked for by name."""

    root: str
    summary: ServiceSummary
    violations: tuple[Violation, ...]
    """Those that no comment and no configuration answers for."""
    used: frozenset[tuple[Suppression, str]]
    """The comments that answer for others, and the words in them that do."""
    gathered: tuple[Suppression, ...]
    """The suppressions of its own files, where a rule asks for the idle ones."""
    crashes: tuple[str, ...] = ()
    """Faults of this program, a line each."""
    seen: Inputs | None = None
    """What of the disk all this depends on, if the options ask for it."""


def run(options: Options) -> Report:
    """Judges what lies under the paths by the rules. Raises `NoSuchPath`, `ConfigError`, `BaselineError`, `RuleError`.

    A fault of this program in one check or service is a line in `Report.crashes`; everything else is still judged.
    """
    found = _discovered(options)
    options = _with_nested(found, options)
    judged = _known_or_judged(list(_wanted(found)), options)
    for each in judged:
        inputs.add(each.seen)
    if options.everything:
        found = found._replace(selected=Selection(frozenset("/")))
    return _combined(found, judged, options)


def seen(options: Options) -> tuple[Discovery, Nested]:
    """What a run would look at, and the configurations that it would go by, the run's own first; nothing is judged.

    Raises `NoSuchPath` and `ConfigError`.
    """
    found = _discovered(options)
    options = _with_nested(found, options)
    return found, options.nested or ((options.config, frozenset(rule.code for rule in options.rules)),)


def _discovered(options: Options) -> Discovery:
    """What lies under the paths; where an earlier run has looked, and all is as it was, what that found."""
    if options.parts is None:
        return discover(options.paths, options.config, options.overlay.keys())
    name = ("discovery", *map(str, options.paths), repr(options.config))
    if (known := options.parts.get(name)) is not None:
        inputs.add(known[1])
        return restored_discovery(known[0])
    with inputs.recording(seen := Inputs()):
        found = discover(options.paths, options.config)
    inputs.add(seen)
    if _has_parts(found.services):
        options.parts.put(name, plain_discovery(found), seen)
    return found


def _with_nested(found: Discovery, options: Options) -> Options:
    """With the configurations that lie nearer to some files than the run's own, and all the rules that they choose."""
    if options.chosen is None or options.nested:
        return options
    named = (file.path for files in found.services for file in files.files if file.kind == "toml"
             and file.path.rpartition("/")[2] in FILES)
    configs = nearest(named, (files.root for files in found.services), options.config, options.unknown)
    if not configs:
        return options
    rules = {rule.code: rule for rule in options.rules}
    nested = [(options.config, frozenset(rules))]
    for config in configs:
        chosen = options.chosen(config)
        rules.update((rule.code, rule) for rule in chosen)
        nested.append((config, frozenset(rule.code for rule in chosen)))
    return altered(options, rules=tuple(rules[code] for code in sorted(rules)), nested=tuple(nested))


def _has_parts(services: Sequence[object]) -> bool:
    """Whether it pays to keep each service for itself; of a single one, all is judged again."""
    return len(services) > 1


def _known_or_judged(wanted: Sequence[_Wanted], options: Options) -> list[Judged]:
    """What is judged of each service, in their order; what earlier runs have judged is not judged again."""
    if (parts := options.parts) is None or not _has_parts(wanted):
        return _all_judged(wanted, options)
    names = _names(wanted, options)
    known = {index: found for index, name in enumerate(names) if (found := parts.get(name)) is not None}
    left = [index for index in range(len(wanted)) if index not in known]
    new = _all_judged([wanted[index] for index in left], altered(options, recorded=True))
    for index, judged in zip(left, new, strict=True):
        if judged.seen is not None and not judged.crashes:
            parts.put(names[index], plain(judged), judged.seen)
    fresh = dict(zip(left, new, strict=True))
    return [fresh[index] if index in fresh else altered(restored(known[index][0]), seen=known[index][1])
            for index in range(len(wanted))]


def _names(wanted: Sequence[_Wanted], options: Options) -> list[Plain]:
    """What tells each service from all that might be judged in its place: its files, its libraries', the options."""
    base = key_of(repr(options.config), [rule.code for rule in options.rules],
                  [(repr(config), sorted(codes)) for config, codes in options.nested])
    keys = {files.root: key_of(*files[:3], [tuple(file) for file in files.files])
            for each, libraries in wanted for files in (each, *libraries)}
    return [("service", base, keys[files.root], [keys[library.root] for library in libraries])
            for files, libraries in wanted]


def _all_judged(wanted: Sequence[_Wanted], options: Options) -> list[Judged]:
    """What is judged of each service, in their order, whichever process does it."""
    _ordered(options.rules)  # a rule that cannot be loaded is told before there are other processes
    sizes = [sum(file.kind == "python" for file in files.files) for files, _ in wanted]
    processes = _processes(sizes, options.jobs)
    if options.progress is not None:
        options.progress.begin(sum(sizes), len(sizes))
    if processes < 2:
        with options.progress or nullcontext():
            return list(_one_by_one(wanted, sizes, options))
    _prepared()
    within = altered(options, recorded=options.recorded or inputs.recorded(), progress=None)
    results = workers.spread(sizes, lambda index: _sent(judge(*wanted[index], within)), processes, ENOUGH,
                             options.progress)
    return [_lost(*each, result.why) if isinstance(result, workers.Lost) else _received(result)
            for each, result in zip(wanted, results, strict=True)]


def _one_by_one(wanted: Sequence[_Wanted], sizes: Sequence[int], options: Options) -> Iterator[Judged]:
    """What is judged of each service in this process, which forgets each before there are too many."""
    done = 0
    for each, size in zip(wanted, sizes, strict=True):
        if done + size > ENOUGH and done:
            gc.collect()  # all that is known of a service hangs together in circles
            done = 0
        yield judge(*each, options)
        done += size
        if options.progress is not None:
            options.progress.step(0, 1)


def _prepared() -> None:
    """Loads what every service needs, so that not each process does it."""
    tells(b"")
    matters(b"")
    parse_python(b"")


def _processes(sizes: Sequence[int], jobs: int | None) -> int:
    """How many processes are to judge services of these sizes."""
    if jobs == 1 or not workers.possible():
        return 1
    if jobs is None:
        jobs = workers.cores() if sum(sizes) - max(sizes, default=0) >= WORTH_A_PROCESS else 1
    return min(jobs, len(sizes))


def _sent(judged: Judged) -> Plain:
    """What was judged, as plain values for another process."""
    return plain(judged), judged.crashes, judged.seen and judged.seen.plain()


def _received(values: Plain) -> Judged:
    judged, crashes, seen = values
    return altered(restored(judged), crashes=crashes, seen=seen and Inputs.of(seen))


def _lost(files: ServiceFiles, libraries: tuple[ServiceFiles, ...], why: str) -> Judged:
    """What is known of a service that no process could judge."""
    crashes = _Crashes(files.root)
    crashes.add("judging", why)
    return Judged(files.root, ServiceSummary(files.root, files.kind, False, files.why, len(files.files)), (),
                  frozenset(), (), crashes.told())


def judge(files: ServiceFiles, libraries: tuple[ServiceFiles, ...], options: Options) -> Judged:
    """One service, with the libraries that it can import → what the rules say of it. Raises `RuleError`.

    Of the options, all but the paths count; nothing outside of this call is changed.
    """
    if not options.recorded:
        return _judged(files, libraries, options)
    with inputs.recording(seen := Inputs()):
        return altered(_judged(files, libraries, options), seen=seen)


def _judged(files: ServiceFiles, libraries: tuple[ServiceFiles, ...], options: Options) -> Judged:
    sys.setrecursionlimit(max(sys.getrecursionlimit(), STACK))
    checks, late = _ordered(options.rules)
    service, crashes = Service(files, options.overlay, libraries), _Crashes(files.root)
    comments = Comments(partial(_readable, service))
    violations: list[Violation] = []
    for rule, check in checks:
        try:
            for finding in check(service):
                violations.append(_violation(rule, finding, files.root))
        except Exception as error:
            crashes.add(f"rule {rule.code}", error)
        if options.progress is not None:
            options.progress.step(sum(file.kind == "python" for file in files.files) / len(checks))
    summary = _summary(service, crashes)
    gathered = _gathered(comments, service, crashes) if late else ()
    answered = suppress(options.policies.weighed(violations), comments, options.policies.ignored)
    return Judged(files.root, summary, answered.violations, answered.used, gathered, crashes.told())


def plain(judged: Judged) -> Plain:
    """What was judged, but for what it depends on, as plain values. What met a crash is not to be kept."""
    return (judged.root, plain_summary(judged.summary), plain_violations(judged.violations),
            sorted((tuple(comment), word) for comment, word in judged.used), list(map(tuple, judged.gathered)))


def restored(values: Plain) -> Judged:
    """What `plain` was given."""
    root, summary, violations, used, gathered = values
    return Judged(root, restored_summary(summary), restored_violations(violations),
                  frozenset((Suppression(*comment), word) for comment, word in used),
                  tuple(Suppression(*comment) for comment in gathered))


def _combined(found: Discovery, judged: Sequence[Judged], options: Options) -> Report:
    """What was found out about each service → the report about what was asked for."""
    texts, policies = Texts(options.overlay), options.policies
    comments = Comments(texts.get)
    _, late = _ordered(options.rules)
    own = suppress(policies.weighed(_troubles(found, options.rules)), comments, policies.ignored)
    used = own.used.union(*(each.used for each in judged))
    heard = {root: tuple(each for each in gathered if found.selected(each.path))
             for root, gathered in _heard(found, judged)}
    for gathered in heard.values():
        comments.know(gathered)
    unused = policies.weighed(_unused(late, heard, used, options))
    told = suppress(unused, comments, policies.ignored, exactly=True)
    violations = {each for part in (own.violations, told.violations, *(each.violations for each in judged))
                  for each in part}
    ordered = sorted(violations, key=lambda each: (each.place, each.code, each.message, each.service))
    new, outcome = _without_known(ordered, found, judged, options)
    summaries = sorted(each.summary for each in judged)
    return Report(tuple(each for each in new if found.selected(each.place.path)), tuple(summaries),
                  sum(each.files for each in summaries), tuple(line for each in judged for line in each.crashes),
                  texts.get, fail_on=options.config.fail_on, baseline=outcome)


def _without_known(violations: list[Violation], found: Discovery, judged: Sequence[Judged],
                   options: Options) -> tuple[list[Violation], Outcome | None]:
    """What is not known already, of all that was found, and what became of the baseline."""
    if options.baseline is None and options.base is None:
        return violations, None
    roots = [files.root for files in found.services if files.kind != "repository" or files.files]
    gone = _Gone(found, judged, violations, options)
    if options.baseline is not None and options.anew:
        before = baseline.read(options.baseline) if inputs.lexists(options.baseline) \
            else Known(options.baseline.rpartition("/")[0] or "/", {})
        selected = [each for each in violations if found.selected(each.place.path)]
        after = baseline.anew(before, selected, lambda entry: not gone.answered(before, entry), roots)
        return violations, Outcome(options.baseline, after=after)
    if options.baseline is None:
        assert options.base is not None
        base = options.base(options)
        return baseline.split(violations, base, lambda entry: gone(base, entry)).new, None
    known = baseline.read(options.baseline)
    own = baseline.split(violations, known, lambda entry: gone(known, entry))
    after, mended = baseline.pruned(known, own, found.selected.__call__, lambda entry: gone(known, entry), roots)
    silent = sum(found.selected(each.place.path) for each in own.known)
    moved = sum(found.selected(each.place.path) for _, each in own.moved)
    outcome = Outcome(options.baseline, silent, moved, mended, after)
    if options.base is None:
        return own.new, outcome
    both = baseline.united(known, baseline.rehomed(options.base(options), known.home))
    return baseline.split(violations, both, lambda entry: gone(both, entry)).new, outcome


class _Gone:
    """Says of an entry of a baseline that nothing met whether it is certain that what it tells of is not there."""

    def __init__(self, found: Discovery, judged: Sequence[Judged], violations: Iterable[Violation],
                 options: Options) -> None:
        self._found = found
        self._options = options
        self._sound = {each.root for each in judged if not each.crashes}
        self._roots = {files.root for files in found.services}
        self._seen = {file.path for files in found.services if files.root in self._sound for file in files.files}
        unreadable = {rule.code for rule in options.rules if rule.check_name == UNREADABLE}
        self._unread = {each.place.path for each in violations if each.code in unreadable}
        self._names = {rule.code: rule.name for rule in load_rules()}
        self._late = {rule.code for rule, _ in _ordered(options.rules)[1]}

    def __call__(self, known: Known, entry: Entry) -> bool:
        path = known.outer(entry.path)
        if path not in self._options.overlay and not inputs.exists(path):
            return True
        if entry.code not in self._names:
            return True
        return self._asked(path, entry.code) and self._judged(known.outer(entry.service), path) \
            and (entry.code not in self._late or self._found.selected(path))

    def answered(self, known: Known, entry: Entry) -> bool:
        """Whether this run would have told of it, were it there still."""
        return self._found.selected(known.outer(entry.path)) and self(known, entry)

    def _judged(self, service: str, path: str) -> bool:
        """Whether the service was judged, or is none any more, and its file was."""
        return path not in self._unread and (
            service in self._sound or (service not in self._roots and path in self._seen))

    def _asked(self, path: str, code: str) -> bool:
        policies = self._options.policies
        return policies.speaks(path, code) and not policies.ignored(path, code, self._names[code])


def services(paths: Sequence[Path], config: Config) -> Report:
    """Only finds what is a service, and whether it uses a database. Raises `NoSuchPath` and `ConfigError`."""
    summaries: list[ServiceSummary] = []
    lines: list[str] = []
    for files, libraries in _wanted(discover(paths, config)):
        crashes = _Crashes(files.root)
        summaries.append(_summary(Service(files, {}, libraries), crashes))
        lines += crashes.told()
    return Report((), tuple(sorted(summaries)), sum(each.files for each in summaries), tuple(lines))


def _wanted(found: Discovery) -> Iterator[_Wanted]:
    """The services of which something was asked for, each with the libraries that it can import."""
    known = {files.root: files for files in found.services}
    asked = {files.root: any(found.selected(file.path) for file in files.files) for files in found.services}
    for files in found.services:
        libraries = tuple(known[root] for root in files.imports_from if root in known)
        if asked[files.root] or any(asked[library.root] for library in libraries):
            yield files, libraries


def _ordered(rules: Iterable[Rule]) -> tuple[list[tuple[Rule, Check]], list[tuple[Rule, UnusedSuppression]]]:
    """The rules that judge services, and those that judge what the others left, each with its check."""
    checks: list[tuple[Rule, Check]] = []
    late: list[tuple[Rule, UnusedSuppression]] = []
    for rule in rules:
        if isinstance(check := rule.check, UnusedSuppression):
            late.append((rule, check))
        else:
            checks.append((rule, check))
    # What the others have read need not be parsed again to see whether it can be
    checks.sort(key=lambda one: one[0].check_name == UNREADABLE)
    return checks, late


def _summary(service: Service, crashes: _Crashes) -> ServiceSummary:
    try:
        uses, place = service.uses_database, service.database_place
    except Exception as error:
        crashes.add("linking", error)
        uses, place = False, None
    return ServiceSummary(service.root, service.kind, uses, tuple(service.why), len(service.files), place)


def _gathered(comments: Comments, service: Service, crashes: _Crashes) -> tuple[Suppression, ...]:
    try:
        return comments.gather(service, lambda path: True)
    except Exception as error:
        crashes.add("suppressions", error)
        return ()


def _readable(service: Service, path: str) -> Source | None:
    try:
        return service.source(path)
    except Unreadable:
        return None


def _heard(found: Discovery, judged: Sequence[Judged]) -> Iterator[tuple[str, tuple[Suppression, ...]]]:
    """The suppressions of each root about which every check has said all: none failed there, nor in a service that
    imports a library.

    A library without such a service, judged apart from what imports it, may answer for what only is found there.
    """
    gathered = {each.root: each.gathered for each in judged}
    crashed = {each.root for each in judged if each.crashes}
    failed = {root for files in found.services if files.root in crashed for root in (files.root, *files.imports_from)}
    imported = {root for files in found.services if files.kind == "service" for root in files.imports_from}
    for files in found.services:
        if files.root in gathered and files.root not in failed \
                and (files.kind != "library" or files.root in imported):
            yield files.root, gathered[files.root]


def _unused(rules: Iterable[tuple[Rule, UnusedSuppression]], gathered: Mapping[str, tuple[Suppression, ...]],
            used: frozenset[tuple[Suppression, str]], options: Options) -> Iterator[Violation]:
    """The suppressions of each service that answer for nothing, as violations of the rules that ask for them."""
    policies = options.policies
    known = {rule.code: rule.name for rule in (*load_rules(), *options.rules)} if gathered else {}

    def judged(path: str, code: str) -> bool:
        return policies.speaks(path, code) and not policies.ignored(path, code, known[code])

    for rule, check in rules:
        for root, comments in gathered.items():
            for finding in check(Answers(comments, used, known, judged)):
                yield _violation(rule, finding, root)


def _violation(rule: Rule, finding: Finding, service: str) -> Violation:
    """A finding in its rule's words, with every password out of them."""
    secret = finding.fields.get("role") == "password"
    fields = {key: mask.HIDDEN if secret and key == "value" else _short(mask.mask(str(value)))
              for key, value in finding.fields.items()}
    trail = tuple(Step(step.place, _short(mask.mask(step.message))) for step in finding.trail)
    message = mask.mask(rule.say(finding._replace(fields=fields)))
    remedy = finding.remedy and finding.remedy._replace(caution=mask.mask(finding.remedy.caution))
    return Violation(rule.code, rule.name, finding.severity or rule.severity, message, finding.place, service, trail,
                     rule.advice, remedy)


def _short(text: str) -> str:
    """What still reads as part of a sentence: the beginning and the end of a long text."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN - 80]}…{text[-79:]}"


def _troubles(found: Discovery, rules: Sequence[Rule]) -> Iterator[Violation]:
    """What discovery stumbled over, as violations of the rule about unreadable files."""
    for rule in rules:
        if rule.check_name == UNREADABLE:
            for trouble in found.troubles:
                place = Place(trouble.path, trouble.line, 1, trouble.line, 1)
                yield _violation(rule, Finding(place, {"reason": trouble.message}), _owner(found, trouble))


def _owner(found: Discovery, trouble: Trouble) -> str:
    roots = [files.root for files in found.services if f"{trouble.path}/".startswith(files.root.rstrip("/") + "/")]
    return max(roots, key=len, default=trouble.path.rpartition("/")[0] or "/")


class _Crashes:
    """Faults of this program in one service: one line for each, whatever met it."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._met: dict[str, list[str]] = {}

    def add(self, doing: str, error: Exception | str) -> None:
        if isinstance(error, str):
            what = error
        else:
            if os.environ.get("GRAVITY_LINT_DEBUG"):
                import traceback

                traceback.print_exception(error)
            what = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
        self._met.setdefault(what, []).append(doing)

    def told(self) -> tuple[str, ...]:
        return tuple(mask.mask(f"internal error in service {self._root} ({', '.join(doing)}): {what}; please report it "
                               "(GRAVITY_LINT_DEBUG=1 shows where)") for what, doing in self._met.items())
