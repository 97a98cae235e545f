"""Deployment files that bring the database along: compose files, images and Kubernetes manifests."""

from __future__ import annotations

import binascii
import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gravity_lint.checks.marks import (
    DEVELOPMENT,
    EXAMPLES,
    PRODUCTION,
    TESTS,
    is_for_tests,
    says_development,
    says_example,
)
from gravity_lint.checks.reading import source_of
from gravity_lint.facts.compose import ComposeService, compose_services, compose_words, is_database_image
from gravity_lint.facts.dockerfile import expand, parse_dockerfile
from gravity_lint.facts.sql import HOLE
from gravity_lint.facts.urls import in_memory, is_placeholder, parse_url
from gravity_lint.facts.yamlfile import Entry, YamlFacts, parse_yaml
from gravity_lint.knowledge.names import classify, split
from gravity_lint.record import NamedTuple, Record
from gravity_lint.regex import regex
from gravity_lint.source import Source
from gravity_lint.violation import Finding, Place, Remedy, Severity

if TYPE_CHECKING:
    from gravity_lint.link.service import Service

# ---- compose files

_FOLDERS = TESTS | EXAMPLES | {"demos", "templates", "devcontainer"}


class UnmarkedCompose(Record):
    """A compose file that starts a database and does not say that it is an example → a finding at the first one, with
    the fields `databases` and `verb`; a note where the file or its folder says that it is for development."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for file in service.files_of("yaml"):
            folder, name = posixpath.split(file.path)
            words = compose_words(name)
            folders = set(re.split(r"[/.]", posixpath.relpath(folder, service.root).lower()))
            if words is None or set(words) & (TESTS | EXAMPLES) or folders & _FOLDERS:
                continue
            source = source_of(service, file.path)
            if source is None:
                continue
            facts = parse_yaml(source)
            databases = [each for each in compose_services(facts) if starts_database(service, folder, each)
                         and not is_for_tests(each.name)]
            if databases and (severity := _unmarked(source, facts, databases, {*words, *folders})):
                names = ", ".join(f"`{each.name}`" for each in databases)
                fields = {"databases": names, "verb": "is a database" if len(databases) == 1 else "are databases"}
                caution = "its name says that it is for production" if PRODUCTION & set(words) else ""
                top = Place(file.path, 1, 1, 1, 1)
                remedy = Remedy("mark-example", "display" if caution else "safe", caution, (top,))
                yield Finding(source.place(databases[0].key), fields, severity=severity[0], remedy=remedy)


def starts_database(service: Service, folder: str, each: ComposeService) -> bool:
    """Whether a container of a compose file in this folder is a database: by its image, or by what it is built from."""
    if each.context is None and not each.inline:
        return each.image is not None and is_database_image(each.image.text)
    if each.inline:
        source: Source | None = Source("", each.inline.encode())
    else:
        path = posixpath.normpath(posixpath.join(folder, each.context or ".", each.dockerfile))
        source = source_of(service, path) if _is_inside(service.root, path) else None
    if source is None:
        return False
    stages = parse_dockerfile(source).stages
    return bool(stages) and is_database_image(stages[-1].image)


def _is_inside(root: str, path: str) -> bool:
    """Whether a path lies in a folder, links followed."""
    try:
        return f"{posixpath.realpath(path)}/".startswith(f"{posixpath.realpath(root).rstrip('/')}/")
    except (OSError, ValueError):
        return False


def _unmarked(source: Source, facts: YamlFacts, databases: list[ComposeService], words: set[str],
              ) -> tuple[Severity | None] | None:
    """None for a file that says it is an example, else how much its silence weighs. `words` are those of its path."""
    texts = [*_comments(source, facts, databases), *_names(facts)]
    if says_example(texts):
        return None
    development = DEVELOPMENT & words or says_development(texts)
    return ("note",) if development else (None,)


def _comments(source: Source, facts: YamlFacts, databases: list[ComposeService]) -> Iterator[str]:
    """What the file's comments say of the whole or of its databases: those at its top, and those above a database."""
    services = [each.first for each in compose_services(facts)]
    top = source.position(min(services))[0] if services else 1
    lines = [source.position(each.first)[0] for each in databases]
    near = {line - distance for line in lines for distance in (1, 2)}
    for first, last, text in _paragraphs(facts):
        if first < top or last in near:
            yield text


def _paragraphs(facts: YamlFacts) -> list[tuple[int, int, str]]:
    """Comments that have their lines to themselves, a sentence over several lines put together."""
    found: list[tuple[int, int, str]] = []
    for comment in facts.comments:
        text = comment.text.lstrip("#=*─━-! ").strip()
        if not comment.alone or not text:
            continue
        if found and found[-1][1] == comment.line - 1 and text[0].islower():
            first, _, before = found.pop()
            found.append((first, comment.line, f"{before} {text}"))
        else:
            found.append((comment.line, comment.line, text))
    return found


def _names(facts: YamlFacts) -> Iterator[str]:
    """The project's name, where it says what the project is."""
    for entry in facts.entries:
        if entry.path == ("name",) and re.split(r"[^a-z]", entry.text.lower(), maxsplit=1)[0] in EXAMPLES:
            yield "example only"  # `example-shop`; in `shop-example-app` it is the repository that is one


# ---- images and manifests


_BROKERS = {"broker", "brokers", "amqp", "rabbit", "rabbitmq", "queue", "kafka", "nats"}
_PRODUCTS = {"keycloak", "grafana", "metabase", "superset", "sonarqube", "kong", "gitea", "airflow", "nextcloud",
             "wordpress", "temporal", "auto-setup", "hasura", "graphql-engine", "vault", "pgadmin4", "adminer",
             "mongo-express", "redisinsight", "redis-commander", "pgbouncer", "flyway", "liquibase", "zabbix", "matomo",
             "harbor-core", "portus", "unleash-server", "outline", "n8n", "nocodb", "directus", "strapi", "mlflow"}
_URL_IN_TEXT = regex(r"(?<![\w:+.-])[A-Za-z][\w+.-]*://[^\s\"'`<>]+")
_ASSIGNED = regex(r"""^\s*(?:-\s*)?(?:export\s+)?["']?(?P<key>[\w.-]+)["']?\s*[:=]\s*""")
_UNKNOWN = regex(r"\{\{.{0,300}?\}\}|\$\([^()]*\)|\$\{[^{}]*\}|\$\w+|<%.{0,300}?%>|%\(\w+\)s")
_KINDS = ("ConfigMap", "Secret", "SealedSecret")
_MANIFEST = regex(rb"^[ \t]*[\"']?(?:apiVersion|configMapGenerator|secretGenerator)[\"']?[ \t]*:", re.MULTILINE)
_RUNS = {("args",), ("command",)}
_ROLE_WORDS = {"host", "hostname", "server", "address", "addr", "password", "passwd", "pass", "pwd", "pw", "root"}


class _Value(NamedTuple):
    """A setting that a file gives a value."""

    name: str
    text: str
    """With `HOLE`s for what is filled in later."""
    place: Place


class BakedUrl(Record):
    """A literal database URL, or host and password, in a Dockerfile or a Kubernetes manifest → a finding at each, with
    the fields `setting` and `what`."""

    def __call__(self, service: Service) -> Iterator[Finding]:
        for file in service.files_of("dockerfile"):
            if not is_for_tests(posixpath.basename(file.path)) and (
                    source := source_of(service, file.path)):
                yield from _judge(_of_dockerfile(source))
        for file in service.files_of("yaml"):
            source = source_of(service, file.path)
            if source is not None and _MANIFEST.search(source.data):
                for group in _of_manifest(source):
                    yield from _judge(group)


def _judge(values: Iterable[_Value]) -> Iterator[Finding]:
    """The values that are set side by side → a finding for each URL, and for each password beside a host."""
    values = [value for value in values if value.text.strip()]
    hosts = {}
    for value in values:
        if _is_literal_url(value):
            yield Finding(value.place, {"setting": _spoken(value), "what": "a literal database URL"})
        elif classify(value.name) == "host" and _is_literal(value.text):
            hosts[_store(value.name)] = value
    for value in values:
        if classify(value.name) == "password" and _is_literal(value.text) and _store(value.name) in hosts:
            host = hosts[_store(value.name)].name
            yield Finding(value.place,
                          {"setting": _spoken(value), "what": f"a literal password for the literal `{host}`"})


def _spoken(value: _Value) -> str:
    return f"`{value.name}`" if value.name else "The command"


def _is_literal_url(value: _Value) -> bool:
    if _BROKERS & set(split(value.name)):
        return False
    url = parse_url(value.text)
    if url is None or url.jdbc or not url.names_target or is_placeholder(value.text) or in_memory(value.text):
        return False
    if url.password and HOLE not in url.password:
        return True
    return not any(part is not None and HOLE in part for part in url[:4]) and HOLE not in (url.database or "")


def _is_literal(text: str) -> bool:
    return HOLE not in text and not re.fullmatch(r"<[^<>]*>|\.\.\.|x{3,}", text.strip(), re.IGNORECASE)


def _store(name: str) -> tuple[str, ...]:
    """Which database a setting's name speaks of: its words without those for the role."""
    return tuple(word for word in split(name) if word not in _ROLE_WORDS)


def _of_dockerfile(source: Source) -> Iterator[_Value]:
    facts = parse_dockerfile(source)
    known: dict[str, str] = {}
    for setting in facts.settings:
        value = expand(setting.value, known, HOLE)
        if setting.instruction != "RUN":
            known[setting.name] = value
        if not is_for_tests(setting.stage):
            yield _Value(setting.name, value, source.place(setting.span))
    for word in facts.words:
        text = expand(word.text, {}, HOLE)
        yield from (_Value("", match[0], source.place(word.span)) for match in _URL_IN_TEXT.finditer(text)
                    if not is_for_tests(word.stage))


def _of_manifest(source: Source) -> Iterator[list[_Value]]:
    """The settings of a manifest, those of one container, ConfigMap or Secret together."""
    facts = parse_yaml(source)
    if facts.template:
        yield list(_of_lines(source, range(1, source.data.count(b"\n") + 2)))
        return
    groups: dict[tuple[int, tuple[str, ...]], list[_Value]] = {}
    by_path = {(entry.document, entry.path): entry for entry in facts.entries}
    for entry in facts.entries:
        path, kind = entry.path, _kind(by_path, entry)
        group = groups.setdefault((entry.document, path[:-2]), [])
        if "env" in path[-3:-2] and path[-1] == "value":
            named = by_path.get((entry.document, (*path[:-1], "name")))
            if named is not None and not _is_product(by_path, entry):
                group.append(_Value(named.text, _known(entry.text), source.place(entry.span)))
        elif kind in _KINDS and len(path) >= 2 and path[-2] in ("data", "stringData"):
            group.extend(_of_data(source, entry, kind == "Secret" and path[-2] == "data"))
        elif path[-2:-1] == ("literals",) or (path[-2:-1] in _RUNS and not _is_product(by_path, entry)):
            group.extend(_of_text(source, entry))
    yield from groups.values()


def _kind(by_path: dict[tuple[int, tuple[str, ...]], Entry], entry: Entry) -> str:
    """The kind of the object that a value belongs to: of its document, or of the item of a List."""
    for length in (2, 0):
        found = by_path.get((entry.document, (*entry.path[:length], "kind")))
        if found is not None and len(entry.path) > length:
            return found.text
    return ""


def _is_product(by_path: dict[tuple[int, tuple[str, ...]], Entry], entry: Entry) -> bool:
    """Whether the container runs a database or another product, not a service of the repository."""
    for length in range(len(entry.path) - 1, 1, -1):
        image = by_path.get((entry.document, (*entry.path[:length], "image")))
        if image is not None:
            name = image.text.partition("@")[0].split("/")[-1].partition(":")[0].lower()
            return name in _PRODUCTS or name.endswith(("-exporter", "_exporter")) or is_database_image(image.text)
    return False


def _of_data(source: Source, entry: Entry, encoded: bool) -> Iterator[_Value]:
    """A value of a ConfigMap or Secret: one setting, or a whole file of them."""
    text = entry.text
    if encoded:
        import base64  # and with it what packs structures

        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return
    if entry.block and not encoded:
        yield from _of_text(source, entry)
    else:
        yield _Value(entry.path[-1], _known(text.strip()), source.place(entry.span))


def _of_text(source: Source, entry: Entry) -> Iterator[_Value]:
    """The settings in a value that is more than one setting: a command's argument, an assignment, a whole file."""
    first, last = source.position(entry.span[0])[0], source.position(entry.span[1])
    if entry.block:
        yield from _of_lines(source, range(first + 1, last[0] + (last[1] > 1)))
    else:
        yield from _of_line(entry.text, source.place(entry.span))


def _of_lines(source: Source, numbers: Iterable[int]) -> Iterator[_Value]:
    """The settings of a text, line by line: `KEY: value`, `KEY=value`, `name: KEY` above `value: value`, bare URLs."""
    named = ""
    for number in numbers:
        line = source.line(number)
        if line.lstrip().startswith(("#", "//", ";")) or not line.strip():
            continue
        start = len(line) - len(line.lstrip()) + 1
        for value in _of_line(line, Place(source.path, number, start, number, len(line) + 1)):
            if value.name == "name":
                named = value.text
            yield value._replace(name=named) if value.name == "value" else value


def _of_line(line: str, place: Place) -> Iterator[_Value]:
    assigned = _ASSIGNED.match(line)
    name = assigned["key"].lstrip("-") if assigned else ""
    text = _known(line[assigned.end():] if assigned else line).strip().strip("\"'")
    urls = _URL_IN_TEXT.findall(text)
    yield from (_Value(name, url, place) for url in urls)
    if assigned and not urls:
        yield _Value(name, text, place)


def _known(text: str) -> str:
    return _UNKNOWN.sub(HOLE, text)
