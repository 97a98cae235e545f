"""Every driver times every way that a value travels times every origin; a sample in each run, all with MATRIX=all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from tree import CONNECTION, ROOT, Told, at, files_of, findings, service_of

from gravity_lint import knowledge
from gravity_lint.knowledge import Shape, Slot

WHOLE = os.environ.get("MATRIX") == "all"
VERDICTS = ("hardcoded", "default", "required", "unchecked", "checked")
CODES = {"hardcoded": "GRV101", "default": "GRV102", "required": "", "unchecked": "GRV104", "checked": ""}
URLS = {
    "sql": "postgresql://shop:secret@db.internal/shop",
    "document": "mongodb://mongo.internal/shop",
    "cache": "redis://cache.internal:6379/0",
}
SCHEMES = {"sql": "postgresql", "document": "mongodb", "cache": "redis"}


# ---- the drivers


@dataclass(frozen=True)
class Opener:
    """One way to open one database: what to import, what to call, and where its target stands."""

    call: str
    role: str
    kind: str
    imports: str
    spelled: str
    before: str
    """What stands between the bracket and the target."""
    after: str
    keyword: str
    """The name of the argument, empty where it has none."""
    config: bool = False

    @property
    def id(self) -> str:
        return f"{self.call}.{self.role}{'[]' if self.config else ''}"

    def literal(self) -> str:
        return {"url": URLS[self.kind], "host": "db.internal", "file": "/var/lib/shop.db"}[self.role]


def _openers(every_call: bool = False) -> Iterator[Opener]:
    """Each row in each role that can carry the whole target, spelled in turn in the ways that code spells it."""
    number = 0
    for row in dict.fromkeys(knowledge.drivers().values()):
        for role, slot in row.arguments.items():
            if role not in ("url", "host", "file", "config"):
                continue
            for call in row.calls if every_call else (row.calls[number % len(row.calls)],):
                if (opener := _opener(call, role, slot, row, number)) is not None:
                    yield opener
                number += 1


def _opener(call: str, role: str, slot: Slot, row: knowledge.Driver, number: int) -> Opener | None:
    imports, spelled = _spelled(call, number)
    keyword = slot.names[0] if slot.names else ""
    before, after, inner = "", "", role
    if role == "config":
        found = _inside(row.keys) if row.keys is not None else None
        if found is None:
            return None
        keys, inner = found
        before, after = "".join(f'{{"{key}": ' for key in keys), "}" * len(keys)
    positional = slot.positions[:1] == (0,) and (not keyword or number % 2 == 0)
    if not positional and not keyword:
        before = ", ".join(["None"] * slot.positions[0] + [before])
    name = "" if positional or not keyword else f"{keyword}="
    return Opener(call, inner, row.kind, imports, spelled, f"{name}{before}", after, keyword, role == "config")


def _spelled(call: str, number: int) -> tuple[str, str]:
    """A dotted name → its import and how it is called: by its package, its own name, or another one."""
    parts = call.split(".")
    owned = len(parts) > 2 and parts[-2][:1].isupper()
    parent, names = ".".join(parts[: -2 if owned else -1]), parts[-2 if owned else -1 :]
    if number % 3 == 0:
        return f"import {parent}", call
    if number % 3 == 1:
        return f"from {parent} import {names[0]}", ".".join(names)
    return f"from {parent} import {names[0]} as other", ".".join(["other", *names[1:]])


def _inside(shape: Shape) -> tuple[list[str], str] | None:
    """The keys to a target inside a configuration, and its role."""
    for key, role in shape.roles.items():
        if role in ("url", "host", "file"):
            return ["default" if key == "*" else key], role
    if shape.itself in ("url", "host", "file"):
        return [], shape.itself
    for key, inner in shape.inner.items():
        if (found := _inside(inner)) is not None:
            return ["default" if key == "*" else key, *found[0]], found[1]
    return None


OPENERS = tuple(_openers())


# ---- the ways

MARK = re.compile(r"#< (source|joined|sink)\b.*$")


@dataclass(frozen=True, eq=False)
class Way:
    """Files with gaps: VALUE is the value, OPEN(…) the sink, IMPORT its import, CHECK x a test that x is there."""

    name: str
    text: str
    roles: tuple[str, ...] = ("url", "host", "file")
    is_piece: bool = False
    """VALUE is the host of a URL that is joined elsewhere."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Origin → what stands for VALUE, with LITERAL in it; empty: the usual expressions."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Origin → the code it gives here, where that is not the usual one."""
    leave: tuple[str, ...] = ()
    """Origins that this way cannot carry."""
    kinds: tuple[str, ...] = ("sql", "document", "cache")

    def can(self, opener: Opener, verdict: str) -> bool:
        role = "url" if self.is_piece and opener.kind == "document" else opener.role  # Mongo's `host` may be a URL
        return (
            role in self.roles
            and opener.kind in self.kinds
            and verdict not in self.leave
            and (verdict != "checked" or "CHECK" in self.text)
            and ("KEY" not in self.text or bool(opener.keyword and not opener.config))
        )


FIELD = {"default": ' = "LITERAL"', "required": "", "unchecked": " = None"}
PICKED = {"hardcoded": "GRV102"}
"""A literal of which the environment is the other choice only stands in for it."""

WAYS = (
    Way("direct", """
        --- app.py
        import os
        IMPORT
        opened = OPEN(VALUE)  #< source sink
        """),
    Way("module constant", """
        --- app.py
        import os
        IMPORT
        TARGET = VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("annotated constant", """
        --- app.py
        import os
        from typing import Final
        IMPORT
        TARGET: Final[str] = VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("constant of another module", """
        --- app/__init__.py
        --- app/config.py
        import os
        TARGET = VALUE  #< source
        CHECK TARGET
        --- app/db.py
        IMPORT
        from app.config import TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("attribute of another module", """
        --- app/__init__.py
        --- app/config.py
        import os
        TARGET = VALUE  #< source
        --- app/db.py
        IMPORT
        from . import config
        CHECK config.TARGET
        opened = OPEN(config.TARGET)  #< sink
        """),
    Way("passed on by a package", """
        --- app/__init__.py
        --- app/core/__init__.py
        from .settings import TARGET as WHERE
        --- app/core/settings.py
        import os
        TARGET = VALUE  #< source
        CHECK TARGET
        --- app/db.py
        IMPORT
        from app.core import WHERE
        opened = OPEN(WHERE)  #< sink
        """),
    Way("star import", """
        --- config.py
        import os
        TARGET = VALUE  #< source
        CHECK TARGET
        --- db.py
        IMPORT
        from config import *
        opened = OPEN(TARGET)  #< sink
        """),
    Way("class attribute", """
        --- config.py
        import os
        class Config:
            TARGET = VALUE  #< source
        --- db.py
        IMPORT
        from config import Config
        CHECK Config.TARGET
        opened = OPEN(Config.TARGET)  #< sink
        """),
    Way("inherited class attribute", """
        --- config.py
        import os
        class Base:
            TARGET = VALUE  #< source
        class Production(Base):
            DEBUG = False
        --- db.py
        IMPORT
        from config import Production
        config = Production()
        CHECK config.TARGET
        opened = OPEN(config.TARGET)  #< sink
        """),
    Way("instance attribute", """
        --- config.py
        import os
        class Config:
            def __init__(self):
                self.target = VALUE  #< source
                CHECK self.target
        config = Config()
        --- db.py
        IMPORT
        from config import config
        opened = OPEN(config.target)  #< sink
        """),
    Way("attribute of the object that opens", """
        --- db.py
        import os
        IMPORT
        class Store:
            def __init__(self, target):
                self.target = target
            def start(self):
                CHECK self.target
                self.made = OPEN(self.target)  #< sink
        store = Store(VALUE)  #< source
        """),
    Way("settings field", """
        --- config.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_target: str VALUE  #< source
        settings = Settings()
        --- db.py
        IMPORT
        from config import settings
        CHECK settings.database_target
        opened = OPEN(settings.database_target)  #< sink
        """, values={**FIELD, "checked": " = None"}, leave=("hardcoded",)),
    Way("settings field through a cached function", """
        --- config.py
        from functools import lru_cache
        from pydantic import Field
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_target: str = VALUE  #< source
        @lru_cache
        def get_settings() -> Settings:
            return Settings()
        --- db.py
        IMPORT
        from config import get_settings
        opened = OPEN(get_settings().database_target)  #< sink
        """, values={"default": 'Field("LITERAL")', "required": "Field(..., description='x')", "unchecked": "None"},
        leave=("hardcoded",)),
    Way("property joining fields", """
        --- config.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            db_host: str VALUE  #< source
            db_user: str
            @property
            def url(self) -> str:
                return f"SCHEME://{self.db_user}@{self.db_host}/shop"
        settings = Settings()
        --- db.py
        IMPORT
        from config import settings
        CHECK settings.db_host
        opened = OPEN(settings.url)  #< sink
        """, ("url",), True, {**FIELD, "checked": " = None"}, leave=("hardcoded", "checked")),
    Way("f-string", """
        --- db.py
        import os
        IMPORT
        USER = os.environ["DB_USER"]
        HOST = VALUE  #< source
        CHECK HOST
        TARGET = f"SCHEME://{USER}@{HOST}/shop"  #< joined
        opened = OPEN(TARGET)  #< sink
        """, ("url",), True),
    Way("percent", """
        --- db.py
        import os
        IMPORT
        HOST = VALUE  #< source
        CHECK HOST
        TARGET = "SCHEME://%s:%s/shop" % (HOST, os.environ["DB_PORT"])  #< joined
        opened = OPEN(TARGET)  #< sink
        """, ("url",), True),
    Way("percent with names", """
        --- db.py
        import os
        IMPORT
        HOST = VALUE  #< source
        CHECK HOST
        TARGET = "SCHEME://%(host)s/%(name)s" % {"name": os.environ["DB_NAME"], "host": HOST}  #< joined
        opened = OPEN(TARGET)  #< sink
        """, ("url",), True),
    Way("format", """
        --- db.py
        import os
        IMPORT
        HOST = VALUE  #< source
        CHECK HOST
        TARGET = "SCHEME://{}/{name}".format(HOST, name=os.environ["DB_NAME"])  #< joined
        opened = OPEN(TARGET)  #< sink
        """, ("url",), True),
    Way("sum", """
        --- db.py
        import os
        IMPORT
        HOST = VALUE  #< source
        CHECK HOST
        TARGET = "SCHEME://" + HOST + "/" + os.environ["DB_NAME"]  #< joined
        opened = OPEN(TARGET)  #< sink
        """, ("url",), True),
    Way("sum by steps", """
        --- db.py
        import os
        IMPORT
        HOST = VALUE  #< source
        CHECK HOST
        target = "SCHEME://"  #< joined
        target += HOST
        target += "/shop"
        opened = OPEN(target)  #< sink
        """, ("url",), True),
    Way("URL.create", """
        --- db.py
        import os
        from sqlalchemy import URL
        IMPORT
        HOST = VALUE  #< source
        CHECK HOST
        TARGET = URL.create("SCHEME", username=os.environ["DB_USER"], host=HOST, database=os.environ["DB_NAME"])
        opened = OPEN(TARGET)  #< sink
        """, ("url",), True, kinds=("sql",)),
    Way("make_url and a method", """
        --- db.py
        import os
        from sqlalchemy.engine import make_url
        IMPORT
        TARGET = make_url(VALUE)  #< source
        CHECK TARGET
        opened = OPEN(TARGET.set(port=5432))  #< sink
        """, ("url",), kinds=("sql",), leave=("unchecked",)),
    Way("returned by a function", """
        --- config.py
        import os
        def target() -> str:
            return VALUE  #< source
        --- db.py
        IMPORT
        from config import target
        opened = OPEN(target())  #< sink
        """),
    Way("returned by a function after a check", """
        --- config.py
        import os
        def target() -> str:
            found = VALUE  #< source
            CHECK found
            return found
        --- db.py
        import config
        IMPORT
        opened = OPEN(config.target())  #< sink
        """),
    Way("static method", """
        --- config.py
        import os
        class Config:
            @staticmethod
            def target() -> str:
                return VALUE  #< source
        --- db.py
        from config import Config
        IMPORT
        opened = OPEN(Config.target())  #< sink
        """),
    Way("parameter of a wrapper", """
        --- db.py
        IMPORT
        def start(target, retries=3):
            CHECK target
            return OPEN(target)  #< sink
        --- app.py
        import os
        from db import start
        opened = start(VALUE)  #< source
        """),
    Way("keyword of two wrappers", """
        --- db.py
        IMPORT
        def _open(*, where):
            return OPEN(where)  #< sink
        def start(target):
            return _open(where=target)
        --- app.py
        import os
        import db
        opened = db.start(target=VALUE)  #< source
        """),
    Way("entry of a dictionary", """
        --- config.py
        import os
        CONFIG = {"pool": 5, "target": VALUE}  #< source
        --- db.py
        from config import CONFIG
        IMPORT
        opened = OPEN(CONFIG["target"])  #< sink
        """),
    Way("unpacked dictionary", """
        --- db.py
        import os
        IMPORT
        OPTIONS = {"KEY": VALUE}  #< source
        opened = OPENALL(**OPTIONS)  #< sink
        """),
    Way("unpacked call of dict", """
        --- db.py
        import os
        IMPORT
        OPTIONS = dict(KEY=VALUE)  #< source
        opened = OPENALL(**OPTIONS)  #< sink
        """),
    Way("or", """
        --- db.py
        import os
        IMPORT
        TARGET = os.environ.get("OTHER_TARGET") or VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """, codes=PICKED),
    Way("conditional", """
        --- db.py
        import os
        IMPORT
        TARGET = VALUE if os.getenv("STAGE") == "local" else os.environ["PRODUCTION_TARGET"]  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """, codes=PICKED),
    Way("branches", """
        --- db.py
        import os
        IMPORT
        if os.getenv("STAGE") == "local":
            TARGET = VALUE  #< source
        else:
            TARGET = os.environ["PRODUCTION_TARGET"]
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """, codes=PICKED),
    Way("except KeyError", """
        --- db.py
        import os
        IMPORT
        try:
            TARGET = os.environ["PRODUCTION_TARGET"]
        except KeyError:
            TARGET = VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """, codes=PICKED),
    Way("global set by a function", """
        --- db.py
        import os
        IMPORT
        target = None
        def configure():
            global target
            target = VALUE  #< source
        def start():
            CHECK target
            return OPEN(target)  #< sink
        """),
    Way("passed through str and strip", """
        --- db.py
        import os
        IMPORT
        TARGET = str(VALUE)  #< source
        opened = OPEN(TARGET)  #< sink
        """),
    Way("closure", """
        --- db.py
        import os
        IMPORT
        def build():
            target = VALUE  #< source
            CHECK target
            def start():
                return OPEN(target)  #< sink
            return start
        """),
    Way("lambda", """
        --- db.py
        import os
        IMPORT
        TARGET = VALUE  #< source
        CHECK TARGET
        start = lambda: OPEN(TARGET)  #< sink
        """),
    Way("walrus", """
        --- db.py
        import os
        IMPORT
        if (target := VALUE) is not None:  #< source
            opened = OPEN(target)  #< sink
        """, leave=("unchecked",)),
    Way("unpacked tuple", """
        --- db.py
        import os
        IMPORT
        TARGET, RETRIES = VALUE, 3  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("awaited inside a with", """
        --- db.py
        import os
        IMPORT
        async def start():
            target = VALUE  #< source
            CHECK target
            async with OPEN(target) as opened:  #< sink
                return await opened.execute("SELECT 1")
        """),
    Way("dataclass field", """
        --- config.py
        import os
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Config:
            target: str = VALUE  #< source
        --- db.py
        from config import Config
        IMPORT
        config = Config()
        CHECK config.target
        opened = OPEN(config.target)  #< sink
        """),
    Way("argument of a dataclass", """
        --- config.py
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Config:
            target: str
        --- db.py
        import os
        from config import Config
        IMPORT
        config = Config(target=VALUE)  #< source
        CHECK config.target
        opened = OPEN(config.target)  #< sink
        """),
    Way("getattr", """
        --- config.py
        import os
        TARGET = VALUE  #< source
        --- db.py
        import config
        IMPORT
        opened = OPEN(getattr(config, "TARGET"))  #< sink
        """),
)


# ---- one cell


def _value(way: Way, opener: Opener, verdict: str) -> str:
    literal = "db.internal" if way.is_piece else opener.literal()
    name = "DB_HOST" if way.is_piece else "DATABASE_TARGET"
    usual = {
        "hardcoded": '"LITERAL"',
        "default": f'os.getenv("{name}", "LITERAL")',
        "required": f'os.environ["{name}"]',
        "unchecked": f'os.getenv("{name}")',
        "checked": f'os.getenv("{name}")',
    }
    return (way.values or usual)[verdict].replace("LITERAL", literal)


def _render(way: Way, opener: Opener, verdict: str) -> dict[str, str]:
    text = way.text.replace("VALUE", _value(way, opener, verdict)).replace("SCHEME", SCHEMES[opener.kind])
    text = text.replace("IMPORT", opener.imports).replace("KEY", opener.keyword)
    text = re.sub(r"OPENALL\((.*)\)( as \w+)?", rf"{opener.spelled}(\1)\2", text)
    text = re.sub(r"OPEN\(((?:[^()]|\([^()]*\))*)\)", rf"{opener.spelled}({opener.before}\1{opener.after})", text)
    check = r"\1if not \2:\n\1    raise RuntimeError('the target is not set')" if verdict == "checked" else ""
    return files_of(re.sub(r"( *)CHECK (\S+)", check, text))


def _line(files: Mapping[str, str], word: str) -> tuple[str, int] | None:
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if (match := MARK.search(line)) and word in match[0]:
                return path, number
    return None


def _expected(way: Way, opener: Opener, verdict: str) -> str:
    code = way.codes.get(verdict, CODES[verdict])
    return "" if code == "GRV104" and opener.role == "file" else code


def check(way: Way, opener: Opener, verdict: str) -> None:
    """One cell: exactly what is expected is found, with a trail from where it begins to the sink."""
    files = _render(way, opener, verdict)
    service = service_of(files)
    found = list(findings(service, *CONNECTION))
    code = _expected(way, opener, verdict)
    text = "\n".join(f"--- {path}\n{body}" for path, body in files.items())
    joined = verdict == "hardcoded" and _line(files, "joined")
    source = joined or _line(files, "source")
    sink = _line(files, "sink")
    assert source
    assert sink
    wanted = [Told(code, *source)] if code else []
    assert [at(code, finding.place) for code, finding in found] == wanted, text
    for _, finding in found:
        path, line = finding.trail[0].place.path, finding.trail[0].place.line
        assert (path.removeprefix(f"{ROOT}/"), line) == source, f"{text}\nbegins at {path}:{line}"
        path, line = finding.trail[-1].place.path, finding.trail[-1].place.line
        assert (path.removeprefix(f"{ROOT}/"), line) == sink, f"{text}\nends at {path}:{line}"


# ---- the product

def _sample() -> Iterator[tuple[Way, Opener, str]]:
    if WHOLE:
        yield from ((way, opener, verdict) for way in WAYS for opener in OPENERS for verdict in VERDICTS)
        return
    for number, opener in enumerate(OPENERS):  # each driver, with the ways in turn
        able = [way for way in (*WAYS[number * 5 % len(WAYS) :], *WAYS) if way.can(opener, "required")]
        yield from ((way, opener, verdict) for way in able[:4] for verdict in VERDICTS)
    for number, way in enumerate(WAYS):  # each way, with three drivers
        fit = [opener for opener in OPENERS if way.can(opener, "required")]
        for step in range(3):
            opener = fit[(number * 7 + step * len(fit) // 3) % len(fit)]
            yield from ((way, opener, verdict) for verdict in VERDICTS)


def _cells() -> Iterator[object]:
    for way, opener, verdict in dict.fromkeys(_sample()):
        if way.can(opener, verdict):
            yield pytest.param(way, opener, verdict, id=f"{way.name}-{verdict}-{opener.id}")


@pytest.mark.parametrize(("way", "opener", "verdict"), list(_cells()))
def test_a_value_reaches_a_driver(way: Way, opener: Opener, verdict: str) -> None:
    check(way, opener, verdict)


@pytest.mark.parametrize("opener", list(_openers(every_call=True)), ids=lambda opener: opener.id)
def test_every_name_of_every_driver(opener: Opener) -> None:
    for verdict in VERDICTS[:4]:
        check(WAYS[0], opener, verdict)


def test_the_sample_meets_every_row_and_way() -> None:
    cells = [(way, opener) for way, opener, verdict in _sample() if way.can(opener, verdict)]
    assert {way.name for way, _ in cells} == {way.name for way in WAYS}
    rows = {knowledge.drivers()[opener.call] for _, opener in cells}
    carrying = {
        row for row in knowledge.drivers().values() if {"url", "host", "file", "config"} & set(row.arguments)
    }
    assert rows == carrying


# ---- credentials beside the place


def _logins() -> Iterator[tuple[str, knowledge.Driver, str]]:
    """Each row that takes a password and a place by name: a call, the row, and the role of the place."""
    for number, row in enumerate(dict.fromkeys(knowledge.drivers().values())):
        place = next((role for role in ("host", "url") if role in row.arguments and row.arguments[role].names), None)
        if place is not None and "password" in row.arguments:
            yield row.calls[number % len(row.calls)], row, place


def _login(row: knowledge.Driver, place: str, where: str, **values: str) -> str:
    """A service that opens a database with these values, each on a line of its own with its role as a mark."""
    given = {place: where, **{role: value for role, value in values.items() if role in row.arguments}}
    lines = [f"    {row.arguments[role].names[0]}={value},  #< {role}" for role, value in given.items()]  # type: ignore[index]
    return "\n".join(lines)


LOGINS = [pytest.param(call, row, place, id=call) for call, row, place in _logins()]
ENV = 'os.environ["{}"]'


@pytest.mark.parametrize(("call", "row", "place"), LOGINS)
@pytest.mark.parametrize(("place_is", "user_is", "password_is", "code", "at_role"), [
    ("environment", "environment", "environment", "", ""),
    ("environment", "environment", "literal", "GRV103", "password"),
    ("environment", "literal", "environment", "GRV103", "user"),
    ("environment", "literal", "literal", "GRV103", "user"),
    ("literal", "environment", "environment", "GRV101", "place"),
    ("literal", "literal", "literal", "GRV101", "place"),
    ("unknown", "unknown", "unknown", "", ""),
    ("environment", "unknown", "unknown", "", ""),
])
def test_credentials(call: str, row: knowledge.Driver, place: str, place_is: str, user_is: str, password_is: str,
                     code: str, at_role: str) -> None:
    imports, spelled = _spelled(call, len(call))
    literal = {"host": '"db.internal"', "url": f'"{SCHEMES[row.kind]}://db.internal/shop"'}[place]
    unknown = "load()"
    where = {"environment": ENV.format("PLACE"), "literal": literal, "unknown": unknown}[place_is]
    user = {"environment": ENV.format("LOGIN"), "literal": '"shop"', "unknown": unknown}[user_is]
    password = {"environment": ENV.format("SECRET"), "literal": '"secret"', "unknown": unknown}[password_is]
    if at_role == "user" and "user" not in row.arguments:
        code, at_role = (code, "password") if password_is == "literal" else ("", "")
    body = _login(row, place, where, user=user, password=password, database=ENV.format("NAME"))
    text = f"import os\n{imports}\nfrom elsewhere import load\nopened = {spelled}(\n{body}\n)\n"
    found = [at(each, finding.place) for each, finding in findings(service_of({"db.py": text}), *CONNECTION)]
    role = place if at_role == "place" else at_role
    line = next((number for number, line in enumerate(text.splitlines(), 1) if line.endswith(f"#< {role}")), 0)
    assert found == ([Told(code, "db.py", line)] if code else []), text
