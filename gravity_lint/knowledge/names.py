"""Judging a name: which part of a database's address a variable, setting or field called so is, if any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Literal

from gravity_lint.knowledge.reading import Role, table
from gravity_lint.record import Record, cached_property
from gravity_lint.regex import regex

_PIECE = regex(r"[A-Za-z0-9]+")
_CAMEL = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Words(Record):
    """The words of names.yaml."""

    stores: Mapping[Literal["any", "sql", "document", "cache"], tuple[str, ...]]
    roles: Mapping[Role, tuple[str, ...]]
    neutral: tuple[str, ...]
    qualifiers: tuple[str, ...]
    tests: tuple[str, ...]
    pipelines: tuple[str, ...]
    foreign: tuple[str, ...]
    numbered: tuple[str, ...]
    languages: tuple[str, ...]
    files: tuple[str, ...]
    brands: tuple[str, ...]
    schemes: Mapping[Literal["sql", "document", "cache"], tuple[str, ...]]

    @cached_property
    def kind_of_store(self) -> Mapping[str, Literal["any", "sql", "document", "cache"]]:
        return {word: kind for kind, words in self.stores.items() for word in words}

    @cached_property
    def kind_of_scheme(self) -> Mapping[str, Literal["sql", "document", "cache"]]:
        return {word: kind for kind, words in self.schemes.items() for word in words}

    @cached_property
    def role_of(self) -> Mapping[tuple[str, ...], Role]:
        return {tuple(part.split()): role for role, parts in self.roles.items() for part in parts}

    @cached_property
    def glued(self) -> frozenset[str]:
        """The words of which a piece without any joint (`DBHOST`) may be made."""
        roles = (word for part in self.role_of for word in part)
        return frozenset({*self.kind_of_store, *roles, *self.tests, "root", "initdb", "cache"} - {"ip", "pw", "con"})

    @cached_property
    def brand(self) -> re.Pattern[str]:
        return regex("|".join(map(re.escape, sorted(self.brands, key=len, reverse=True))))

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset({*self.glued, *self.neutral, *self.qualifiers, *self.foreign})


@cache
def words() -> Words:
    """The words of names.yaml. Raises `KnowledgeError` when the table is wrong."""
    found: Words = table("names", Words)
    return found


@cache
def store_words() -> re.Pattern[bytes]:
    """What shows in a text that may name a store: one of the words for stores."""
    return regex(b"|".join(re.escape(word.encode()) for word in words().kind_of_store), re.IGNORECASE)


@cache
def stores() -> tuple[bytes, ...]:
    """The words for stores, in lower case."""
    return tuple(word.encode().lower() for word in words().kind_of_store)


@cache
def split(name: str) -> tuple[str, ...]:
    """A name → its words in lower case: cut at joints, at capitals and, where all of it is known words, inside.

    `POSTGRES_DB`, `mongoUri`, `DBHOST` and `MySQLSettings` give (postgres, db), (mongo, uri), (db, host) and
    (mysql, settings). Numbers are left out.
    """
    return tuple(word for piece in _PIECE.findall(name) for word in _words_of(piece))


def _words_of(piece: str) -> Iterator[str]:
    table = words()
    if piece.lower() in table.known:
        yield piece.lower()
        return
    if not piece.isupper() and not piece.islower():
        piece = table.brand.sub(lambda match: match[0].capitalize(), piece)
    for part in _CAMEL.findall(piece):
        if not part.isdigit():
            yield from _unglue(part.lower())


def _unglue(word: str) -> tuple[str, ...]:
    """A word → the fewest known words it is made of, or itself."""
    table = words()
    if word in table.known or len(word) > 40:
        return (word,)
    best: list[tuple[str, ...] | None] = [(), *([None] * len(word))]
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, part = best[start], word[start:end]
            if before is None or part not in table.glued:
                continue
            found, known = (*before, part), best[end]
            if known is None or len(found) < len(known):
                best[end] = found
    made = best[-1]
    return made if made and any(part in table.kind_of_store for part in made) else (word,)


@lru_cache(10_000)
def classify(name: str, context: str = "") -> Role | None:
    """A name → the part of a database's address that it holds; None when it holds none.

    `context` is what gives a plain name (`host`, `name`) its meaning: the name of the class that it is a field of, the
    prefix of its variable, or both with a space between.
    """
    table = words()
    parts = split(name)
    if any(part in table.foreign for part in parts):
        return None
    role = _judge(parts)
    if role is not None or not context:
        return role
    around = split(context)
    if any(part in table.foreign for part in around):
        return None
    store = next((part for part in around if part in table.kind_of_store), None)
    return _judge((store, *parts)) if store else None


def _judge(parts: tuple[str, ...]) -> Role | None:
    """The role of words among which there is no foreign one."""
    table = words()
    end = len(parts)
    while end and parts[end - 1] in table.qualifiers and _role_at(parts, end) is None:
        end -= 1
    found = _role_at(parts, end)
    if found is None:
        return None
    role, start = found
    stores = [index for index in range(start) if parts[index] in table.kind_of_store]
    if not stores:
        return None
    store, between = parts[stores[-1]], parts[stores[-1] + 1:start]
    if role == "database" and not _has_name({parts[index] for index in stores}, parts[start]):
        return None
    if role == "file":
        return role if store in table.files and between in ((), ("file",)) else None
    return _through(role, parts[start], between)


def _has_name(stores: set[str], word: str) -> bool:
    """Whether what `name`, `db` or `database` names behind these stores is a database's name."""
    table = words()
    return stores.isdisjoint(table.numbered) and not (word == "name" and stores.issubset(table.languages))


def _role_at(parts: tuple[str, ...], end: int) -> tuple[Role, int] | None:
    """The role that the words before `end` name, and where they begin; the longest part wins."""
    for length in (2, 1):
        if end >= length and (role := words().role_of.get(parts[end - length:end])):
            return role, end - length
    return None


def _through(role: Role, word: str, between: tuple[str, ...]) -> Role | None:
    """The role of the last word, seen what stands between it and the database; None when that is another thing."""
    table = words()
    if word in ("name", "address", "ip") and between:
        # DB_USER_NAME and DB_HOST_NAME are one thing in two words; DB_TABLE_NAME is another
        last = table.role_of.get(between[-1:])
        if last == "host" or (last == "user" and word == "name"):
            return last if all(part in table.neutral or part in table.qualifiers for part in between[:-1]) else None
        return role if all(part in table.qualifiers or part == "initdb" for part in between) else None
    allowed = (*table.neutral, *table.qualifiers)
    if all(part in allowed or table.role_of.get((part,)) in ("host", "user") for part in between):
        return role
    return None


def is_test(name: str) -> bool:
    """Whether a name says that it is for tests (`TEST_DATABASE_URL`)."""
    return not set(words().tests).isdisjoint(split(name))


def is_pipeline(name: str) -> bool:
    """Whether a name, or a word for a stage, is a pipeline's (`GITHUB_ACTIONS`, `ci`)."""
    return name.lower() in words().pipelines


def kind_of(name: str) -> Literal["sql", "document", "cache"] | None:
    """The kind of database a name speaks of: `sql`, `document` or `cache`; None where it does not say."""
    for part in split(name):
        kind = words().kind_of_store.get(part)
        if kind is not None and kind != "any":
            return kind
    return None


def scheme_kind(url: str) -> Literal["sql", "document", "cache"] | None:
    """A URL, or its scheme → `sql`, `document` or `cache` for a database's; None for another's.

    Takes what stands before `://`, without a driver behind `+`.
    """
    scheme = url.partition("://")[0].partition("+")[0].strip().lower()
    return words().kind_of_scheme.get(scheme)
