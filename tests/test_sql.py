"""The scanner of SQL statements: what each text does, what is not SQL, and what must not matter."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gravity_lint.facts.sql import HOLE, speaks, statements, verbs
from gravity_lint.screen import names_in

ONE = [
    ("CREATE DATABASE shop", "create-database", "shop"),
    ("create database if not exists `shop` character set utf8mb4", "create-database", "shop"),
    ("CREATE DATABASE shop WITH OWNER admin ENCODING 'UTF8';", "create-database", "shop"),
    (f"CREATE DATABASE {HOLE}", "create-database", "…"),
    (f"CREATE DATABASE {HOLE}_test OWNER {HOLE}", "create-database", "…_test"),
    ("CREATE DATABASE {}", "create-database", "…"),
    ("CREATE DATABASE %s", "create-database", "…"),
    ('CREATE DATABASE "{name}"', "create-database", "…"),
    ("-- make it\nCREATE /* now */ DATABASE shop", "create-database", "shop"),
    ("# make it\nCREATE DATABASE shop # done", "create-database", "shop"),
    ("/* CREATE DATABASE no */ SELECT 1", "other", ""),
    ("SELECT 'CREATE DATABASE no'", "other", ""),
    ("SELECT 'CREATE DATABASE shop' WHERE NOT EXISTS (SELECT 1) \\gexec", "create-database", "shop"),
    ("IF NOT EXISTS (SELECT * FROM sys.databases WHERE name = N'x') CREATE DATABASE shop", "create-database", "shop"),
    ("IF DB_ID('shop') IS NULL BEGIN CREATE DATABASE [shop] END", "create-database", "shop"),
    ("CREATE DATABASE shop ON PRIMARY (NAME = shop_data)", "create-database", "shop"),
    ("CREATE DATABASE shop ON CLUSTER main", "create-database", "shop"),
    ("CREATE DATABASE LINK remote CONNECT TO x", "other", ""),
    ("CREATE PLUGGABLE DATABASE shop", "create-database", "shop"),
    ("DROP DATABASE IF EXISTS shop WITH (FORCE)", "drop-database", "shop"),
    ("ALTER DATABASE shop SET timezone TO 'UTC'", "alter-database", "shop"),
    ("CREATE SCHEMA IF NOT EXISTS shop", "create-schema", "shop"),
    ('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"', "create-extension", "uuid-ossp"),
    ("CREATE USER shop WITH PASSWORD 'x'", "create-user", "shop"),
    ("CREATE USER 'shop'@'%' IDENTIFIED BY 'x'", "create-user", "shop"),
    ("CREATE USER IF NOT EXISTS shop@localhost IDENTIFIED BY 'x'", "create-user", "shop"),
    ("CREATE ROLE shop LOGIN", "create-user", "shop"),
    ("CREATE LOGIN shop WITH PASSWORD = 'x'", "create-user", "shop"),
    ("CREATE USER shop FOR LOGIN shop", "create-user", "shop"),
    ("CREATE USER MAPPING FOR x SERVER y", "other", ""),
    (f"CREATE USER {HOLE} WITH PASSWORD '{HOLE}'", "create-user", "…"),
    ("ALTER USER shop WITH PASSWORD 'x'", "alter-user", "shop"),
    ("ALTER ROLE shop SET client_encoding TO 'utf8'", "alter-user", "shop"),
    ("SET PASSWORD FOR shop = 'x'", "alter-user", ""),
    ("DROP USER IF EXISTS shop", "drop-user", "shop"),
    ("DROP OWNED BY shop", "other", ""),
    ("DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE ROLE shop LOGIN; END IF; END $$;", "create-user", "shop"),
    ("DO $body$ BEGIN EXECUTE 'CREATE DATABASE shop'; END $body$", "create-database", "shop"),
    ("EXEC('CREATE DATABASE shop')", "create-database", "shop"),
    ("EXECUTE sp_executesql N'CREATE LOGIN shop WITH PASSWORD = ''x'''", "create-user", "shop"),
    ("EXEC sp_addrolemember 'db_owner', 'shop'", "grant", ""),
    ("EXECUTE stored_query(1)", "other", ""),
    ("GRANT ALL PRIVILEGES ON DATABASE shop TO shop", "grant", ""),
    ("GRANT ALL PRIVILEGES ON `shop`.* TO 'shop'@'%' WITH GRANT OPTION", "grant", ""),
    ("GRANT admin TO shop", "grant", ""),
    ("GRANT SELECT (id, name), INSERT ON shop TO reader", "grant", ""),
    (f"GRANT {HOLE} TO {HOLE}", "grant", ""),
    (f"GRANT ALL ON DATABASE {HOLE}", "grant", ""),
    ("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader", "grant", ""),
    ("REVOKE ALL ON DATABASE shop FROM PUBLIC", "revoke", ""),
    ("REVOKE admin FROM shop CASCADE", "revoke", ""),
    ("CREATE TABLE items (id int)", "create-table", "items"),
    ("create table if not exists main.items(id integer primary key)", "create-table", "main.items"),
    ('CREATE TABLE "Items" AS SELECT 1', "create-table", "Items"),
    ("CREATE TABLE [dbo].[items] (id int)", "create-table", "dbo.items"),
    ("CREATE UNLOGGED TABLE items (id int)", "create-table", "items"),
    ("CREATE VIRTUAL TABLE items USING fts5(body)", "create-table", "items"),
    (f"CREATE TABLE {HOLE} ({HOLE})", "create-table", "…"),
    (f"CREATE TABLE {HOLE}.{HOLE}_log (id int)", "create-table", "….…_log"),
    (f"CREATE {HOLE} TABLE items (id int)", "create-table", "items"),
    ("CREATE MATERIALIZED VIEW items AS SELECT 1", "other", ""),
    ("CREATE OR REPLACE VIEW items AS SELECT 1", "other", ""),
    ("CREATE FUNCTION f() RETURNS void AS $$ CREATE TABLE no (id int); $$ LANGUAGE sql", "other", ""),
    ("CREATE PROCEDURE p() BEGIN CREATE TABLE no (id int); IF 1 THEN SELECT 1; END IF; DROP TABLE x; END", "other", ""),
    ("ALTER TABLE items ADD COLUMN price int", "alter-table", "items"),
    ("ALTER TABLE IF EXISTS ONLY items RENAME TO things", "alter-table", "items"),
    ("RENAME TABLE items TO things", "alter-table", "items"),
    ("DROP TABLE IF EXISTS items, things CASCADE", "drop-table", "items"),
    ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix ON items (id)", "create-index", "ix"),
    ("CREATE INDEX ON items USING gin (tags)", "create-index", ""),
    ("CREATE VECTOR INDEX IF NOT EXISTS near ON items (embedding)", "create-index", "near"),
    ("DROP INDEX ix", "drop-index", "ix"),
    ("TRUNCATE items RESTART IDENTITY", "truncate", "items"),
    ("TRUNCATE TABLE ONLY items", "truncate", "items"),
    ("EXPLAIN CREATE TABLE x AS SELECT 1", "other", ""),
    ("WITH x AS (SELECT 1) INSERT INTO y SELECT * FROM x", "other", ""),
    ("(SELECT 1)", "other", ""),
    ("SELECT data #> '{a,b}' FROM items", "other", ""),
    (HOLE, "other", ""),
    (f"CREATE {HOLE}", "other", ""),
    ("CREATE DATABASE :name OWNER :\"owner\"", "create-database", ":name"),
    ("CREATE DATABASE ${NAME}", "create-database", "…"),
    ("CREATE DATABASE $(Name)", "create-database", "…"),
    ("ALTER USER :user PASSWORD :'password'", "alter-user", ":user"),
    ("SELECT a::text, b[1:2] FROM items WHERE id = :id", "other", ""),
    ("VACUUM", "vacuum", ""),
    ("vacuum;", "vacuum", ""),
    ("vacuum full items", "vacuum", ""),
    ("VACUUM items", "vacuum", ""),
    ('VACUUM "items"', "vacuum", ""),
    (f"VACUUM {HOLE}", "vacuum", ""),
    ("VACUUM (VERBOSE, ANALYZE) items", "vacuum", ""),
    ("VACUUM INTO 'copy.db'", "backup", ""),
    ("BACKUP DATABASE shop TO DISK = 'shop.bak'", "backup", "shop"),
    ("RESTORE DATABASE shop FROM DISK = 'shop.bak' WITH REPLACE", "restore", "shop"),
    ("SELECT pg_start_backup('nightly')", "backup", ""),
    ("SELECT * FROM pg_create_logical_replication_slot('shop', 'pgoutput')", "replication", ""),
    ("CREATE PUBLICATION shop FOR ALL TABLES", "replication", "shop"),
    ("CREATE SUBSCRIPTION shop CONNECTION 'host=other' PUBLICATION shop", "replication", "shop"),
    ("DROP SUBSCRIPTION shop", "replication", "shop"),
    ("CHANGE MASTER TO MASTER_HOST = 'other'", "replication", ""),
    ("CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'other'", "replication", ""),
    ("START REPLICA", "replication", ""),
    ("STOP SLAVE SQL_THREAD", "replication", ""),
    ("START TRANSACTION", "other", ""),
    ("RESET ALL", "other", ""),
]


@pytest.mark.parametrize(("text", "kind", "name"), ONE, ids=[text for text, _, _ in ONE])
def test_kind(text: str, kind: str, name: str) -> None:
    found = statements(text)
    assert [statement.kind for statement in found] == [kind]
    assert found[0].name == name


@pytest.mark.parametrize(("text", "kind", "name"), ONE, ids=[text for text, _, _ in ONE])
def test_the_screen_sees_it(text: str, kind: str, name: str) -> None:
    data = f"execute({text.replace(HOLE, '{it}')!r})".encode()
    assert kind == "other" or (speaks(data) and not names_in(data).isdisjoint(map(str.encode, verbs())))


PROSE = [
    "Create table reservations for guests", "Create the table", "Create a database when none is there",
    "Grant access to the user", "Grant the user access on weekends", "Grant all users a discount on Friday",
    "Drop table of contents into the page", "Alter table manners", "Alter tables", "Create user accounts for guests",
    "Create index of the names on the page", "Create database", "Drop", "Revoke", "Truncate the text",
    "Set password policy", "If you create table reservations they stay", "Create", "Rename table columns", "",
    "vacuum cleaner", "Vacuum the floor", "Restore database access for guests", "Backup database before the upgrade",
    "create publication draft", "Create subscription plan", "Start slave labour", "Change master password",
    "Do not create tables here", "Begin by reading this", "Execute order 66",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_not_sql(text: str) -> None:
    assert all(statement.kind == "other" for statement in statements(text))


def test_several_statements_and_their_offsets() -> None:
    text = "SELECT 1; -- ;\n create database shop ;;\nGRANT ALL ON DATABASE shop TO shop"
    found = statements(text)
    assert [statement.kind for statement in found] == ["other", "create-database", "grant"]
    assert [text[statement.offset:].split()[0] for statement in found] == ["SELECT", "create", "GRANT"]


def test_commands_of_the_client_end_a_statement() -> None:
    text = """\\set ON_ERROR_STOP on
CREATE DATABASE shop;
  \\connect shop
CREATE USER shop;
SELECT 'CREATE DATABASE one' WHERE true \\gexec
SELECT 'CREATE DATABASE two' WHERE true
\\gexec
DELIMITER //
CREATE PROCEDURE fill() BEGIN GRANT ALL ON x TO y; END //
delimiter ;
USE other
DROP DATABASE three
"""
    assert [(s.kind, s.name) for s in statements(text) if s.kind != "other"] == [
        ("create-database", "shop"), ("create-user", "shop"), ("create-database", "one"), ("create-database", "two"),
        ("drop-database", "three")]


def test_batches_end_with_go() -> None:
    assert [s.kind for s in statements("CREATE DATABASE shop\nGO\nCREATE LOGIN shop WITH PASSWORD = 'x'\ngo")] == [
        "create-database", "create-user"]


def test_a_block_without_semicolons() -> None:
    text = "IF NOT EXISTS (SELECT 1) BEGIN CREATE DATABASE shop CREATE LOGIN shop WITH PASSWORD = 'x' END"
    assert [s.kind for s in statements(text)] == ["create-database", "create-user"]


def test_offset_within_a_body() -> None:
    text = "DO $$ BEGIN CREATE ROLE shop; END $$"
    assert text[statements(text)[0].offset:].startswith("CREATE ROLE")


@pytest.mark.parametrize("text", ["CREATE TEMP TABLE x (id int)", "CREATE GLOBAL TEMPORARY TABLE x (id int)",
                                  "CREATE TABLE #x (id int)", "CREATE LOCAL TEMP TABLE IF NOT EXISTS x AS SELECT 1"])
def test_temporary(text: str) -> None:
    (found,) = statements(text)
    assert found.kind == "create-table"
    assert found.temporary


def test_a_hole_may_be_what_follows() -> None:
    assert statements(f"CREATE TABLE items {HOLE}")[0].kind == "create-table"
    assert statements(f"DROP TABLE {HOLE}")[0].kind == "drop-table"
    assert statements(f"ALTER TABLE {HOLE}")[0].kind == "alter-table"


pieces = st.sampled_from([
    "CREATE", "DATABASE", "TABLE", "x", "(", ")", ";", "'", '"', "`", "$$", "$a$", "--", "/*", "*/",
                          "#", "\n", " ", HOLE, "{}", "{", "%s", "GRANT", "ON", "TO", "IF", "NOT", "EXISTS", "BEGIN",
                          "END", "DO", "EXEC", "[", "]", ".", ",", "@", "E'", "\\", "INDEX", "USER", "SET", "PASSWORD",
                          "\\", "\\gexec", "\\c x", "DELIMITER ", ":a", ":'a'", "${a}", "$(a)", "VACUUM", "USE",
                          "SELECT"])


@example("E' " + "PASSWORD VACUUM " * 50 + "\\")
@given(st.one_of(st.text(), st.lists(pieces).map("".join), st.lists(pieces).map(" ".join)))
def test_never_fails(text: str) -> None:
    for statement in statements(text):
        assert 0 <= statement.offset <= len(text)


@given(st.sampled_from([row for row in ONE if not set(row[0]) & set("#'$%")]),
       st.randoms(use_true_random=False))
def test_case_and_comments_do_not_matter(row: tuple[str, str, str], chance: random.Random) -> None:
    text, kind, _ = row
    words = ["".join(chance.choice((c.lower(), c.upper())) for c in word) for word in text.split()]
    if "--" in text or "gexec" in text or text in ("VACUUM items", "DROP SUBSCRIPTION shop"):
        return
    joined = "".join(word + chance.choice((" ", "\n", " /* DROP TABLE y; ' */ ", " -- it's; \n")) for word in words)
    assert [statement.kind for statement in statements(joined)] == [kind]
