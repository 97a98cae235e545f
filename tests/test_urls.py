"""Database URLs: their parts, their schemes, and the forms that are no real address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity_lint.facts.sql import HOLE
from gravity_lint.facts.urls import in_memory, is_database_scheme, is_placeholder, parse_url


@pytest.mark.parametrize(("text", "parts"), [
    ("postgresql://shop:pw@db:5432/shop", ("postgresql", "shop", "pw", "db", "5432", "shop")),
    ("postgresql+asyncpg://shop@db/shop", ("postgresql+asyncpg", "shop", None, "db", None, "shop")),
    ("postgresql:///shop", ("postgresql", None, None, None, None, "shop")),
    ("postgresql:///shop?host=/run/postgresql", ("postgresql", None, None, "/run/postgresql", None, "shop")),
    ("postgresql://", ("postgresql", None, None, None, None, None)),
    ("mysql://u:p%40w@[::1]:3306/x", ("mysql", "u", "p@w", "::1", "3306", "x")),
    ("mysql://u:p@w@h/x", ("mysql", "u", "p@w", "h", None, "x")),
    ("mysql://u:p/w@h/x", ("mysql", "u", "p/w", "h", None, "x")),
    ("postgresql://h:5432/x?options=a@b", ("postgresql", None, None, "h", "5432", "x")),
    ("redis://:pw@cache:6379/0", ("redis", None, "pw", "cache", "6379", "0")),
    ("mongodb+srv://u:p@cluster.example.net/", ("mongodb+srv", "u", "p", "cluster.example.net", None, None)),
    ("mongodb://a:1,b:2/x", ("mongodb", None, None, "a:1,b:2", None, "x")),
    ("sqlite:////data/shop.db", ("sqlite", None, None, None, None, "/data/shop.db")),
    ("sqlite:///shop.db", ("sqlite", None, None, None, None, "shop.db")),
    ("jdbc:postgresql://db:5432/shop?user=u", ("postgresql", "u", None, "db", "5432", "shop")),
    ("jdbc:sqlserver://db:1433;databaseName=shop;user=sa;password=x", ("sqlserver", "sa", "x", "db", "1433", "shop")),
    ("jdbc:oracle:thin:@//db:1521/shop", ("oracle", None, None, "db", "1521", "shop")),
    (f"postgresql://{HOLE}:{HOLE}@{HOLE}:{HOLE}/{HOLE}", ("postgresql", HOLE, HOLE, HOLE, HOLE, HOLE)),
    (f"{HOLE}://u:p@db/shop", (HOLE, "u", "p", "db", None, "shop")),
    ("  'MySQL://db/shop' ", ("mysql", None, None, "db", None, "shop")),
])
def test_parts(text: str, parts: tuple[str | None, ...]) -> None:
    url = parse_url(text)
    assert url is not None
    assert url[:6] == parts


@pytest.mark.parametrize("text", ["", "shop.db", "amqp://u:p@h/", "http://db/x", "kafka://h", "nats://h", "smtp://h",
                                  "host=db dbname=x", "://", "sqlite", "postgresql:", "s3://bucket", "qdrant://h"])
def test_no_database_url(text: str) -> None:
    assert parse_url(text) is None


@pytest.mark.parametrize(("scheme", "expected"), [
    ("postgresql", True), ("postgres://", True), ("mssql+pyodbc", True), ("sqlite+aiosqlite", True), ("rediss", True),
    ("jdbc:mariadb", True), ("mongodb+srv", True), ("cockroachdb+psycopg", True), ("clickhouse+http", True),
    ("amqp", False), ("amqps", False), ("http", False), ("https", False), ("kafka", False), ("nats", False),
    ("smtp", False), ("driver", False), ("", False), ("db+postgresql", True),
])
def test_schemes(scheme: str, expected: bool) -> None:
    assert is_database_scheme(scheme) is expected


@pytest.mark.parametrize(("text", "expected"), [
    ("driver://user:pass@localhost/dbname", True), ("postgresql://user:password@host:port/dbname", True),
    ("postgresql://<user>:<password>@<host>/<name>", True), ("postgresql://user:pass@localhost/dbname", False),
    ("sqlite:///shop.db", False), ("", False),
])
def test_placeholders(text: str, expected: bool) -> None:
    assert is_placeholder(text) is expected


@pytest.mark.parametrize(("text", "expected"), [
    ("sqlite://", True), ("sqlite:///:memory:", True), ("sqlite+aiosqlite:///:memory:", True), (":memory:", True),
    ("sqlite:///", True), ("sqlite+aiosqlite://", True),
    ("file::memory:?cache=shared", True), ("sqlite:///file:x?mode=memory&cache=shared&uri=true", True),
    ("file:shop.db?mode=ro", False), ("sqlite:///memory.db", False), ("postgresql:///memory", False), ("", False),
])
def test_in_memory(text: str, expected: bool) -> None:
    assert in_memory(text) is expected


@given(st.one_of(st.text(), st.lists(st.sampled_from(
    ["postgresql", "jdbc:", "oracle:thin:@", "://", ":", "/", "@", "?", "[", "]", ",", ";", "=", "&", "%", HOLE, "x"]
)).map("".join)))
def test_never_fails(text: str) -> None:
    parse_url(text)
    is_placeholder(text)
    in_memory(text)
    is_database_scheme(text)
