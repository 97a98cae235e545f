"""The ways of a value from where it begins to where a database is opened, each as a small service with gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

PIECES = {"HOST": "host", "USER": "user", "PASSWORD": "password", "NAME": "database"}


@dataclass(frozen=True, eq=False)
class Way:
    """A service with gaps.

    VALUE is the value, OPEN(…) the call that opens the database, OPENALL(**…) the same with the mapping KEY: VALUE,
    IMPORT what it needs, `CHECK x` a test that x is there, PKG the package. Behind `#<` stand marks: `source`, where
    the value begins, `joined`, where a text of it begins, `sink`, where the database is opened, and numbers, which
    say in which order the lines between them are passed. Other lines are on no trail.
    """

    name: str
    text: str
    piece: str = ""
    """VALUE is this part of a URL that is joined on the way."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Verdict → what stands for VALUE, with LITERAL in it; the others cannot be carried. Empty: all, as usual."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Verdict → the code it gives here, where that is not the usual one."""
    leave: tuple[str, ...] = ()
    """Verdicts that this way cannot carry."""
    kinds: tuple[str, ...] = ("sql", "document", "cache")
    roles: tuple[str, ...] = ("url", "host", "file", "user", "password", "database")


FIELD = {"default": ' = "LITERAL"', "required": "", "unchecked": " = None", "checked": " = None"}
PICKED = {"hardcoded": "GRV102"}
"""A literal of which the environment is the other choice only stands in for it."""


def pieces(name: str, text: str, **options: object) -> Iterator[Way]:
    """A way that joins HOST, USER, PASSWORD and NAME into a URL → the same with each of them as the value."""
    for given, role in PIECES.items():
        lines = "\n".join(
            f"{each} = VALUE  #< source\nCHECK {each}" if each == given else f'{each} = os.environ["SHOP_{each}"]'
            for each in PIECES
        )
        parts = text.split("DEFINE")
        indent = " " * (len(parts[0]) - len(parts[0].rstrip(" ")))
        body = lines.replace("\n", f"\n{indent}").join(parts)
        yield Way(f"{name}, {role}", body, piece=role, roles=("url",), **options)  # type: ignore[arg-type]


def fields(name: str, text: str) -> Iterator[Way]:
    """A way that joins the fields HOST, USER, PASSWORD and NAME of a settings class → each of them as the value."""
    for given, role in PIECES.items():
        lines = [f"{each}: str VALUE  #< source" if each == given else f"{each}: str" for each in PIECES]
        body = text.replace("FIELDS", "\n            ".join(lines))
        yield Way(f"{name}, {role}", body, piece=role, roles=("url",), values=FIELD, leave=("checked",))


ISSUE = (
    Way("direct", """
        --- PKG/db.py
        import os
        IMPORT
        opened = OPEN(VALUE)  #< source sink
        """),
    Way("module constant", """
        --- PKG/db.py
        import os
        IMPORT
        TARGET = VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("constant in another module", """
        --- PKG/config.py
        import os
        TARGET = VALUE  #< source
        CHECK TARGET
        --- PKG/db.py
        IMPORT
        from PKG.config import TARGET  #< 1
        opened = OPEN(TARGET)  #< sink
        """),
    Way("attribute of another module", """
        --- PKG/config.py
        import os
        TARGET = VALUE  #< source
        --- PKG/db.py
        IMPORT
        from PKG import config  #< 1
        CHECK config.TARGET
        opened = OPEN(config.TARGET)  #< sink
        """),
    Way("through a package's re-export", """
        --- PKG/core/__init__.py
        from PKG.core.settings import TARGET as WHERE  #< 1
        --- PKG/core/settings.py
        import os
        TARGET = VALUE  #< source
        CHECK TARGET
        --- PKG/db.py
        IMPORT
        from PKG.core import WHERE  #< 2
        opened = OPEN(WHERE)  #< sink
        """),
    Way("star import", """
        --- PKG/config.py
        import os
        TARGET = VALUE  #< source
        CHECK TARGET
        --- PKG/db.py
        IMPORT
        from PKG.config import *  #< 1
        opened = OPEN(TARGET)  #< sink
        """),
    Way("class attribute", """
        --- PKG/config.py
        import os
        class Config:
            TARGET = VALUE  #< source
        --- PKG/db.py
        IMPORT
        from PKG.config import Config  #< 1
        CHECK Config.TARGET
        opened = OPEN(Config.TARGET)  #< sink
        """),
    Way("instance attribute set in `__init__`", """
        --- PKG/config.py
        import os
        class Config:
            def __init__(self):
                self.target = VALUE  #< source
                CHECK self.target
        config = Config()  #< 1
        --- PKG/db.py
        IMPORT
        from PKG.config import config  #< 2
        opened = OPEN(config.target)  #< sink
        """),
    Way("settings field", """
        --- PKG/config.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            shop_target: str VALUE  #< source
        settings = Settings()  #< 1
        --- PKG/db.py
        IMPORT
        from PKG.config import settings  #< 2
        CHECK settings.shop_target
        opened = OPEN(settings.shop_target)  #< sink
        """, values=FIELD),
    *fields("property that joins fields", """
        --- PKG/config.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            FIELDS
            @property
            def url(self) -> str:  #< 2
                return f"SCHEME://{self.USER}:{self.PASSWORD}@{self.HOST}/{self.NAME}"  #< 1
        settings = Settings()  #< 3
        --- PKG/db.py
        IMPORT
        from PKG.config import settings  #< 4
        opened = OPEN(settings.url)  #< sink
        """),
    *pieces("f-string", """
        --- PKG/db.py
        import os
        IMPORT
        DEFINE
        TARGET = f"SCHEME://{USER}:{PASSWORD}@{HOST}/{NAME}"  #< joined
        opened = OPEN(TARGET)  #< sink
        """),
    *pieces("%", """
        --- PKG/db.py
        import os
        IMPORT
        DEFINE
        TARGET = "SCHEME://%s:%s@%s/%s" % (USER, PASSWORD, HOST, NAME)  #< joined
        opened = OPEN(TARGET)  #< sink
        """),
    *pieces("% with names", """
        --- PKG/db.py
        import os
        IMPORT
        DEFINE
        PARTS = {"host": HOST, "user": USER, "password": PASSWORD, "name": NAME}
        TARGET = "SCHEME://%(user)s:%(password)s@%(host)s/%(name)s" % PARTS  #< joined
        opened = OPEN(TARGET)  #< sink
        """),
    *pieces(".format", """
        --- PKG/db.py
        import os
        IMPORT
        DEFINE
        TARGET = "SCHEME://{}:{}@{where}/{name}".format(USER, PASSWORD, where=HOST, name=NAME)  #< joined
        opened = OPEN(TARGET)  #< sink
        """),
    *pieces("+", """
        --- PKG/db.py
        import os
        IMPORT
        DEFINE
        TARGET = "SCHEME://" + USER + ":" + PASSWORD + "@" + HOST + "/" + NAME  #< joined
        opened = OPEN(TARGET)  #< sink
        """),
    *pieces("+ by steps", """
        --- PKG/db.py
        import os
        IMPORT
        DEFINE
        target = "SCHEME://"  #< joined
        target += USER + ":" + PASSWORD  #< 1
        target += "@" + HOST  #< 2
        target += "/" + NAME  #< 3
        opened = OPEN(target)  #< sink
        """),
    *pieces("URL.create", """
        --- PKG/db.py
        import os
        from sqlalchemy import URL
        IMPORT
        DEFINE
        TARGET = URL.create("SCHEME", username=USER, password=PASSWORD, host=HOST, database=NAME)  #< 1
        opened = OPEN(TARGET)  #< sink
        """, kinds=("sql",)),
    Way("returned by a function", """
        --- PKG/config.py
        import os
        def target() -> str:
            return VALUE  #< source
        --- PKG/db.py
        IMPORT
        from PKG.config import target  #< 1
        opened = OPEN(target())  #< sink
        """),
    Way("returned by a function after a check", """
        --- PKG/config.py
        import os
        def target() -> str:
            found = VALUE  #< source
            CHECK found
            return found  #< 1
        --- PKG/db.py
        from PKG import config
        IMPORT
        opened = OPEN(config.target())  #< sink
        """),
    Way("passed through a wrapper's parameter", """
        --- PKG/db.py
        IMPORT
        def start(target, retries=3):  #< 2
            CHECK target
            return OPEN(target)  #< sink
        --- PKG/app.py
        import os
        from PKG.db import start
        TARGET = VALUE  #< source
        opened = start(TARGET)  #< 1
        """),
    Way("passed at once through a wrapper's parameter", """
        --- PKG/db.py
        IMPORT
        def start(target, retries=3):
            CHECK target
            return OPEN(target)  #< sink
        --- PKG/app.py
        import os
        from PKG.db import start
        opened = start(VALUE)  #< source
        """),
    Way("passed by name through two wrappers", """
        --- PKG/db.py
        IMPORT
        def _open(*, where):
            return OPEN(where)  #< sink
        def start(target):
            return _open(where=target)  #< 1
        --- PKG/app.py
        import os
        from PKG import db
        opened = db.start(target=VALUE)  #< source
        """),
    Way("dictionary entry", """
        --- PKG/config.py
        import os
        CONFIG = {"pool": 5, "target": VALUE}  #< source
        --- PKG/db.py
        from PKG.config import CONFIG  #< 1
        IMPORT
        opened = OPEN(CONFIG["target"])  #< sink
        """),
    Way("`**kwargs`", """
        --- PKG/db.py
        import os
        IMPORT
        OPTIONS = {"KEY": VALUE}  #< source
        opened = OPENALL(**OPTIONS)  #< sink
        """),
    Way("`**kwargs` of `dict`", """
        --- PKG/db.py
        import os
        IMPORT
        OPTIONS = dict(KEY=VALUE)  #< source
        opened = OPENALL(**OPTIONS)  #< sink
        """),
    Way("`**kwargs` of a wrapper", """
        --- PKG/db.py
        import os
        IMPORT
        def start(**options):
            return OPENALL(**options)  #< sink
        --- PKG/app.py
        import os
        from PKG.db import start
        opened = start(KEY=VALUE)  #< source
        """),
    Way("`or`", """
        --- PKG/db.py
        import os
        IMPORT
        TARGET = os.environ.get("OTHER_TARGET") or VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """, codes=PICKED),
    Way("conditional expression", """
        --- PKG/db.py
        import os
        IMPORT
        TARGET = os.environ["OTHER_TARGET"] if "OTHER_TARGET" in os.environ else VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """, codes=PICKED),
    Way("conditional expression on a stage", """
        --- PKG/db.py
        import os
        IMPORT
        TARGET = VALUE if os.getenv("STAGE") == "local" else os.environ["PRODUCTION_TARGET"]  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("if/else branches", """
        --- PKG/db.py
        import os
        IMPORT
        if os.getenv("OTHER_TARGET"):
            TARGET = os.environ["OTHER_TARGET"]
        else:
            TARGET = VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """, codes=PICKED),
    Way("if/else branches on a stage", """
        --- PKG/db.py
        import os
        IMPORT
        if os.getenv("STAGE") == "local":
            TARGET = VALUE  #< source
        else:
            TARGET = os.environ["PRODUCTION_TARGET"]
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("config object chosen by name", """
        --- PKG/config.py
        import os
        class Base:
            DEBUG = False
        class Production(Base):
            TARGET = VALUE  #< source
        CONFIGS = {"production": Production}  #< 1
        --- PKG/db.py
        import os
        IMPORT
        from PKG.config import CONFIGS  #< 2
        config = CONFIGS[os.environ["SHOP_STAGE"]]  #< 3
        CHECK config.TARGET
        opened = OPEN(config.TARGET)  #< sink
        """),
    Way("config object chosen by a function", """
        --- PKG/config.py
        import os
        class Base:
            TARGET = VALUE  #< source
        class Production(Base):
            DEBUG = False
        CONFIGS = {"production": Production, "base": Base}  #< 1
        def load(name="base"):
            return CONFIGS.get(name, Base)()  #< 2
        --- PKG/db.py
        import os
        IMPORT
        from PKG.config import load
        config = load(os.environ.get("SHOP_STAGE", "base"))  #< 3
        CHECK config.TARGET
        opened = OPEN(config.TARGET)  #< sink
        """),
)

OTHERS = (
    Way("annotated constant", """
        --- PKG/db.py
        import os
        from typing import Final
        IMPORT
        TARGET: Final[str] = VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("inherited class attribute", """
        --- PKG/config.py
        import os
        class Base:
            TARGET = VALUE  #< source
        class Production(Base):
            DEBUG = False
        --- PKG/db.py
        IMPORT
        from PKG.config import Production  #< 1
        config = Production()  #< 2
        CHECK config.TARGET
        opened = OPEN(config.TARGET)  #< sink
        """),
    Way("attribute of the object that opens", """
        --- PKG/db.py
        import os
        IMPORT
        class Store:
            def __init__(self, target):
                self.target = target  #< 1
            def start(self):
                CHECK self.target
                self.made = OPEN(self.target)  #< sink
        store = Store(VALUE)  #< source
        """),
    *pieces("property that joins attributes", """
        --- PKG/config.py
        import os
        class Config:
            DEFINE
            @property
            def url(self):  #< 2
                return f"SCHEME://{self.USER}:{self.PASSWORD}@{self.HOST}/{self.NAME}"  #< joined
        --- PKG/db.py
        IMPORT
        from PKG.config import Config  #< 3
        opened = OPEN(Config().url)  #< sink
        """, leave=("checked",)),
    Way("`make_url` and a method", """
        --- PKG/db.py
        import os
        from sqlalchemy.engine import make_url
        IMPORT
        TARGET = make_url(VALUE)  #< source
        opened = OPEN(TARGET.set(port=5432))  #< sink
        """, kinds=("sql",), leave=("unchecked", "checked"), roles=("url",)),
    Way("static method", """
        --- PKG/config.py
        import os
        class Config:
            @staticmethod
            def target() -> str:
                return VALUE  #< source
        --- PKG/db.py
        from PKG.config import Config  #< 1
        IMPORT
        opened = OPEN(Config.target())  #< sink
        """),
    Way("`except KeyError`", """
        --- PKG/db.py
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
        --- PKG/db.py
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
    Way("passed through `str`", """
        --- PKG/db.py
        import os
        IMPORT
        TARGET = str(VALUE)  #< source
        opened = OPEN(TARGET)  #< sink
        """),
    Way("closure", """
        --- PKG/db.py
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
        --- PKG/db.py
        import os
        IMPORT
        TARGET = VALUE  #< source
        CHECK TARGET
        start = lambda: OPEN(TARGET)  #< sink
        """),
    Way("walrus", """
        --- PKG/db.py
        import os
        IMPORT
        if (target := VALUE) is not None:  #< source
            opened = OPEN(target)  #< sink
        """, leave=("unchecked", "checked")),
    Way("unpacked tuple", """
        --- PKG/db.py
        import os
        IMPORT
        TARGET, RETRIES = VALUE, 3  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("awaited inside a with", """
        --- PKG/db.py
        import os
        IMPORT
        async def start():
            target = VALUE  #< source
            CHECK target
            async with OPEN(target) as opened:  #< sink
                return await opened.execute("SELECT 1")
        """),
    Way("named tuple", """
        --- PKG/config.py
        from typing import NamedTuple
        class Config(NamedTuple):
            target: str
        --- PKG/db.py
        import os
        from PKG.config import Config
        IMPORT
        config = Config(VALUE)  #< source
        CHECK config.target
        opened = OPEN(config.target)  #< sink
        """),
    Way("returned under a decorator of a library", """
        --- PKG/db.py
        import os
        from elsewhere import traced
        IMPORT
        @traced
        def target():
            return VALUE  #< source
        opened = OPEN(target())  #< sink
        """),
    Way("`getattr`", """
        --- PKG/config.py
        import os
        TARGET = VALUE  #< source
        --- PKG/db.py
        from PKG import config  #< 1
        IMPORT
        opened = OPEN(getattr(config, "TARGET"))  #< sink
        """),
    Way("import inside a function", """
        --- PKG/config.py
        import os
        TARGET = VALUE  #< source
        CHECK TARGET
        --- PKG/db.py
        def start():
            IMPORT
            from PKG.config import TARGET  #< 1
            return OPEN(TARGET)  #< sink
        """),
    Way("import inside a try", """
        --- PKG/config.py
        import os
        TARGET = VALUE  #< source
        CHECK TARGET
        --- PKG/db.py
        IMPORT
        try:
            from PKG.config import TARGET  #< 1
        except ImportError:
            raise
        opened = OPEN(TARGET)  #< sink
        """),
    Way("cached property", """
        --- PKG/config.py
        import os
        from functools import cached_property
        class Config:
            @cached_property
            def target(self):  #< 1
                return VALUE  #< source
        config = Config()  #< 2
        --- PKG/db.py
        from PKG.config import config  #< 3
        IMPORT
        opened = OPEN(config.target)  #< sink
        """),
    Way("member of an enumeration", """
        --- PKG/config.py
        import os
        from enum import Enum
        class Where(str, Enum):
            TARGET = VALUE  #< source
        --- PKG/db.py
        from PKG.config import Where  #< 1
        IMPORT
        opened = OPEN(Where.TARGET.value)  #< sink
        """),
    Way("default of a parameter that a caller leaves out", """
        --- PKG/db.py
        import os
        IMPORT
        def start(target=VALUE):  #< source
            CHECK target
            return OPEN(target)  #< sink
        opened = start()
        """),
    Way("`super().__init__`", """
        --- PKG/store.py
        class Store:
            def __init__(self, target):
                self.target = target  #< 2
        --- PKG/db.py
        import os
        from PKG.store import Store
        IMPORT
        class Orders(Store):
            def __init__(self):
                super().__init__(VALUE)  #< source
        store = Orders()  #< 3
        CHECK store.target
        opened = OPEN(store.target)  #< sink
        """),
    Way("item set in a dictionary", """
        --- PKG/config.py
        import os
        config = {}
        config["target"] = VALUE  #< source
        --- PKG/db.py
        from PKG.config import config  #< 1
        IMPORT
        opened = OPEN(config["target"])  #< sink
        """),
    Way("`get` of a dictionary", """
        --- PKG/config.py
        import os
        CONFIG = {"target": VALUE}  #< source
        --- PKG/db.py
        from PKG.config import CONFIG  #< 1
        IMPORT
        opened = OPEN(CONFIG.get("target"))  #< sink
        """),
    Way("`update` of a dictionary", """
        --- PKG/db.py
        import os
        IMPORT
        config = {}
        config.update(target=VALUE)  #< source
        opened = OPEN(config["target"])  #< sink
        """),
    Way("nested dictionaries", """
        --- PKG/config.py
        import os
        CONFIG = {"orders": {"database": {"target": VALUE}}}  #< source
        --- PKG/db.py
        from PKG.config import CONFIG  #< 1
        IMPORT
        opened = OPEN(CONFIG["orders"]["database"]["target"])  #< sink
        """),
    Way("simple namespace", """
        --- PKG/db.py
        import os
        from types import SimpleNamespace
        IMPORT
        config = SimpleNamespace(target=VALUE)  #< source
        opened = OPEN(config.target)  #< sink
        """),
    Way("set from outside into a module", """
        --- PKG/config.py
        TARGET = None
        --- PKG/app.py
        import os
        from PKG import config
        config.TARGET = VALUE  #< source
        --- PKG/db.py
        from PKG import config  #< 1
        IMPORT
        def start():
            CHECK config.TARGET
            return OPEN(config.TARGET)  #< sink
        """),
    Way("yielded by a generator", """
        --- PKG/db.py
        import os
        from contextlib import contextmanager
        IMPORT
        @contextmanager
        def target():
            yield VALUE  #< source
        with target() as found:  #< 1
            CHECK found
            opened = OPEN(found)  #< sink
        """),
    Way("first of a list", """
        --- PKG/db.py
        import os
        IMPORT
        TARGETS = [VALUE]  #< source
        opened = OPEN(TARGETS[0])  #< sink
        """),
    Way("each of a list", """
        --- PKG/db.py
        import os
        IMPORT
        TARGETS = [VALUE]  #< source
        for target in TARGETS:  #< 1
            CHECK target
            opened = OPEN(target)  #< sink
        """),
    Way("one of what a function returns", """
        --- PKG/db.py
        import os
        IMPORT
        def load():
            return VALUE, 5  #< source
        TARGET, SIZE = load()  #< 1
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("awaited", """
        --- PKG/config.py
        import os
        async def target():
            return VALUE  #< source
        --- PKG/db.py
        from PKG.config import target
        IMPORT
        async def start():
            found = await target()  #< 1
            CHECK found
            return OPEN(found)  #< sink
        """),
    Way("`typing.cast`", """
        --- PKG/db.py
        import os
        from typing import cast
        IMPORT
        TARGET = cast(str, VALUE)  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
    Way("class attribute in a class method", """
        --- PKG/db.py
        import os
        IMPORT
        class Orders:
            TARGET = VALUE  #< source
            @classmethod
            def start(cls):
                CHECK cls.TARGET
                return OPEN(cls.TARGET)  #< sink
        """),
    Way("object of an object", """
        --- PKG/config.py
        import os
        class Database:
            def __init__(self):
                self.target = VALUE  #< source
        class Config:
            def __init__(self):
                self.database = Database()  #< 1
        config = Config()  #< 2
        --- PKG/db.py
        from PKG.config import config  #< 3
        IMPORT
        CHECK config.database.target
        opened = OPEN(config.database.target)  #< sink
        """),
    Way("class inside a class", """
        --- PKG/config.py
        import os
        class Config:
            class Database:
                TARGET = VALUE  #< source
        --- PKG/db.py
        from PKG.config import Config  #< 1
        IMPORT
        CHECK Config.Database.TARGET
        opened = OPEN(Config.Database.TARGET)  #< sink
        """),
    Way("stripped", """
        --- PKG/db.py
        import os
        IMPORT
        TARGET = VALUE.strip()  #< source
        opened = OPEN(TARGET)  #< sink
        """, leave=("unchecked",)),
    Way("singleton", """
        --- PKG/config.py
        import os
        class Config:
            _made = None
            def __new__(cls):
                if cls._made is None:
                    cls._made = super().__new__(cls)
                    cls._made.target = VALUE  #< source
                return cls._made
        --- PKG/db.py
        from PKG.config import Config  #< 1
        IMPORT
        opened = OPEN(Config().target)  #< sink
        """),
    Way("global of its own module, made once", """
        --- PKG/config.py
        import os
        _target = None
        def target():
            global _target
            if _target is None:
                _target = VALUE  #< source
            return _target  #< 1
        --- PKG/db.py
        from PKG.config import target  #< 2
        IMPORT
        opened = OPEN(target())  #< sink
        """),
    Way("method that opens", """
        --- PKG/db.py
        import os
        IMPORT
        class Store:
            def start(self, target):
                CHECK target
                return OPEN(target)  #< sink
        --- PKG/app.py
        import os
        from PKG.db import Store
        store = Store()
        opened = store.start(VALUE)  #< source
        """),
    Way("constant of a constant", """
        --- PKG/base.py
        import os
        TARGET = VALUE  #< source
        --- PKG/config.py
        from PKG.base import TARGET  #< 1
        SHOP_TARGET = TARGET  #< 2
        --- PKG/db.py
        from PKG.config import SHOP_TARGET  #< 3
        IMPORT
        CHECK SHOP_TARGET
        opened = OPEN(SHOP_TARGET)  #< sink
        """),
    Way("partial of a wrapper", """
        --- PKG/db.py
        import os
        from functools import partial
        IMPORT
        def start(target, size):
            CHECK target
            return OPEN(target)  #< sink
        opened = partial(start, VALUE)(5)  #< source
        """),
    Way("`match`", """
        --- PKG/db.py
        import os
        IMPORT
        match os.environ["STAGE"]:
            case "local":
                TARGET = VALUE  #< source
            case _:
                TARGET = os.environ["PRODUCTION_TARGET"]
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """),
)
