"""The libraries that hand settings to a service, each as a way of a value: what it reads, and what stands in for it."""

from __future__ import annotations

from collections.abc import Iterator

from gravity_lint import knowledge
from gravity_lint.knowledge import Reader
from matrix.ways import FIELD, Way, fields


def _reader(name: str, head: str, default: str, required: str, unchecked: str = "", use: str = "TARGET") -> Way:
    values = {"default": default, "required": required, "unchecked": unchecked, "checked": unchecked}
    return Way(name, f"""
        --- PKG/config.py
        {head}
        TARGET = VALUE  #< source
        CHECK TARGET
        --- PKG/db.py
        IMPORT
        from PKG.config import TARGET  #< 1
        opened = OPEN({use})  #< sink
        """, values={verdict: text for verdict, text in values.items() if text})


def _settings(name: str, imports: str, body: str, use: str = "shop_target", **options: object) -> Way:
    """A settings class with this body, made in its module and used in another."""
    lines = [line for text in (imports, body) for line in text.split("\n")]
    count = len(imports.split("\n"))
    joined = "\n        ".join([*lines[:count], *lines[count:], "settings = Settings()  #< 1"])
    return Way(name, f"""
        --- PKG/config.py
        {joined}
        --- PKG/db.py
        IMPORT
        from PKG.config import settings  #< 2
        CHECK settings.{use}
        opened = OPEN(settings.{use})  #< sink
        """, **options)  # type: ignore[arg-type]


V2 = "from pydantic_settings import BaseSettings"
NESTED = {"default": ' = "LITERAL"', "required": ""}
CALL = {"default": '"LITERAL"', "required": "...", "unchecked": "None", "checked": "None"}
SENTINEL = {"checked": ' = "LITERAL"'}

LIBRARIES = (
    _settings("pydantic v1", "from pydantic import BaseSettings",
              "class Settings(BaseSettings):\n    shop_target: str VALUE  #< source", values=FIELD),
    _settings("pydantic v1 with a prefix", "from pydantic import BaseSettings",
              "class Settings(BaseSettings):\n    target: str VALUE  #< source\n"
              "    class Config:\n        env_prefix = 'SHOP_'", "target", values=FIELD),
    _settings("pydantic v1 beside v2", "from pydantic.v1 import BaseSettings",
              "class Settings(BaseSettings):\n    shop_target: str VALUE  #< source", values=FIELD),
    _settings("pydantic v2 with a prefix", "from pydantic_settings import BaseSettings, SettingsConfigDict",
              "class Settings(BaseSettings):\n"
              "    model_config = SettingsConfigDict(env_prefix='SHOP_', env_file='.env')\n"
              "    target: str VALUE  #< source", "target", values=FIELD),
    _settings("pydantic v2 with a dictionary of options", V2,
              "class Settings(BaseSettings):\n    model_config = {'env_prefix': 'SHOP_'}\n"
              "    target: str VALUE  #< source", "target", values=FIELD),
    _settings("inherited settings", V2,
              "class Common(BaseSettings):\n    shop_target: str VALUE  #< source\n"
              "class Settings(Common):\n    debug: bool = False", values=FIELD),
    _settings("`Field(default=)`", f"from pydantic import Field\n{V2}",
              "class Settings(BaseSettings):\n    shop_target: str = Field(default=VALUE)  #< source", values=CALL),
    _settings("`Field` with a positional default", f"from pydantic import Field\n{V2}",
              "class Settings(BaseSettings):\n    shop_target: str = Field(VALUE, description='where')  #< source",
              values=CALL),
    _settings("`Field(alias=)`", f"from pydantic import Field\n{V2}",
              "class Settings(BaseSettings):\n    target: str = Field(VALUE, alias='SHOP_TARGET')  #< source", "target",
              values=CALL),
    _settings("`Field(validation_alias=)`", f"from pydantic import AliasChoices, Field\n{V2}",
              "class Settings(BaseSettings):\n"
              "    target: str = Field(VALUE, validation_alias=AliasChoices('SHOP_TARGET', 'TARGET'))  #< source",
              "target", values=CALL),
    _settings("`Field(env=)`", "from pydantic import BaseSettings, Field",
              "class Settings(BaseSettings):\n    target: str = Field(VALUE, env='SHOP_TARGET')  #< source", "target",
              values=CALL),
    _settings("`Field(default_factory=)`", f"from pydantic import Field\n{V2}",
              "class Settings(BaseSettings):\n    shop_target: str = Field(default_factory=lambda: VALUE)  #< source",
              values={"default": '"LITERAL"'}),
    _settings("`Annotated` with a `Field`", f"from typing import Annotated\nfrom pydantic import Field\n{V2}",
              "class Settings(BaseSettings):\n"
              "    shop_target: Annotated[str, Field(description='where')] VALUE  #< source", values=FIELD),
    _settings("optional field", f"from typing import Optional\n{V2}",
              "class Settings(BaseSettings):\n    shop_target: Optional[str] VALUE  #< source",
              values={"default": ' = "LITERAL"', "unchecked": " = None", "checked": " = None"}),
    _settings("nested model", f"from pydantic import BaseModel\n{V2}",
              "class Where(BaseModel):\n    target: str VALUE  #< source\n"
              "class Settings(BaseSettings):\n    shop: Where = Where()", "shop.target", values=NESTED),
    Way("settings through a cached function", """
        --- PKG/config.py
        from functools import lru_cache
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            shop_target: str VALUE  #< source
        @lru_cache
        def get_settings() -> Settings:
            return Settings()  #< 1
        --- PKG/db.py
        IMPORT
        from PKG.config import get_settings  #< 2
        opened = OPEN(get_settings().shop_target)  #< sink
        """, values=FIELD, leave=("checked",)),
    Way("settings as a dependency", """
        --- PKG/config.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            shop_target: str VALUE  #< source
        def get_settings() -> Settings:
            return Settings()  #< 1
        --- PKG/db.py
        from typing import Annotated
        from fastapi import Depends
        IMPORT
        from PKG.config import Settings, get_settings
        def open_database(settings: Annotated[Settings, Depends(get_settings)]):  #< 2
            CHECK settings.shop_target
            return OPEN(settings.shop_target)  #< sink
        """, values=FIELD),
    _settings("field validator that rejects a sentinel", f"from pydantic import field_validator\n{V2}",
              "class Settings(BaseSettings):\n    shop_target: str VALUE\n"
              "    @field_validator('shop_target')\n    @classmethod\n    def _set(cls, value):\n"
              "        if value == \"LITERAL\":  #< source\n            raise ValueError('the target is not set')\n"
              "        return value", values=SENTINEL),
    _settings("v1 validator that rejects a sentinel", "from pydantic import BaseSettings, validator",
              "class Settings(BaseSettings):\n    shop_target: str VALUE\n"
              "    @validator('shop_target')\n    def _set(cls, value):\n"
              "        if value in (\"LITERAL\", ''):  #< source\n"
              "            raise ValueError('the target is not set')\n"
              "        return value", values=SENTINEL),
    _settings("model validator that rejects a sentinel", f"from pydantic import model_validator\n{V2}",
              "class Settings(BaseSettings):\n    shop_target: str VALUE\n"
              "    @model_validator(mode='after')\n    def _set(self):\n"
              "        if self.shop_target == \"LITERAL\":  #< source\n"
              "            raise ValueError('the target is not set')\n"
              "        return self", values=SENTINEL),
    _settings("model validator that demands a value", f"from pydantic import model_validator\n{V2}",
              "class Settings(BaseSettings):\n    shop_target: str VALUE  #< source\n"
              "    @model_validator(mode='after')\n    def _set(self):\n"
              "        if not self.shop_target:\n            raise ValueError('the target is not set')\n"
              "        return self",
              values={"default": ' = "LITERAL"', "unchecked": " = None"}, codes={"unchecked": ""}),
    _settings("validator that only alters", f"from pydantic import field_validator\n{V2}",
              "class Settings(BaseSettings):\n    shop_target: str VALUE  #< source\n"
              "    @field_validator('shop_target')\n    @classmethod\n    def _strip(cls, value):\n"
              "        return value.strip()", values={"default": ' = "LITERAL"', "required": ""}),
    *fields("computed field", """
        --- PKG/config.py
        from pydantic import computed_field
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            FIELDS
            @computed_field
            @property
            def url(self) -> str:  #< 2
                return f"SCHEME://{self.USER}:{self.PASSWORD}@{self.HOST}/{self.NAME}"  #< 1
        settings = Settings()  #< 3
        --- PKG/db.py
        IMPORT
        from PKG.config import settings  #< 4
        opened = OPEN(settings.url)  #< sink
        """),
    *fields("method that builds a DSN of fields", """
        --- PKG/config.py
        from pydantic import PostgresDsn
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            FIELDS
            def url(self) -> PostgresDsn:
                return PostgresDsn.build(scheme="SCHEME", username=self.USER, password=self.PASSWORD,  #< 1
                                         host=self.HOST, path=self.NAME)  #< 1
        settings = Settings()  #< 2
        --- PKG/db.py
        IMPORT
        from PKG.config import settings  #< 3
        opened = OPEN(str(settings.url()))  #< sink
        """),
    Way("dataclass field", """
        --- PKG/config.py
        import os
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Config:
            target: str = VALUE  #< source
        --- PKG/db.py
        from PKG.config import Config  #< 1
        IMPORT
        config = Config()  #< 2
        CHECK config.target
        opened = OPEN(config.target)  #< sink
        """),
    Way("dataclass field with a factory", """
        --- PKG/config.py
        import os
        from dataclasses import dataclass, field
        @dataclass
        class Config:
            target: str = field(default_factory=lambda: VALUE)  #< source
        config = Config()  #< 1
        --- PKG/db.py
        from PKG.config import config  #< 2
        IMPORT
        CHECK config.target
        opened = OPEN(config.target)  #< sink
        """),
    Way("argument of a dataclass", """
        --- PKG/config.py
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Config:
            target: str
        --- PKG/db.py
        import os
        from PKG.config import Config
        IMPORT
        config = Config(target=VALUE)  #< source
        CHECK config.target
        opened = OPEN(config.target)  #< sink
        """),
    Way("class method of a dataclass", """
        --- PKG/config.py
        import os
        from dataclasses import dataclass
        @dataclass
        class Config:
            target: str
            @classmethod
            def load(cls):
                return cls(target=VALUE)  #< source
        --- PKG/db.py
        from PKG.config import Config
        IMPORT
        config = Config.load()  #< 1
        CHECK config.target
        opened = OPEN(config.target)  #< sink
        """),
    Way("attrs field", """
        --- PKG/config.py
        import os
        import attr
        @attr.s
        class Config:
            target = attr.ib(default=VALUE)  #< source
        --- PKG/db.py
        from PKG.config import Config  #< 1
        IMPORT
        config = Config()  #< 2
        CHECK config.target
        opened = OPEN(config.target)  #< sink
        """),
    _reader("decouple", "from decouple import config", 'config("SHOP_TARGET", default="LITERAL")',
            'config("SHOP_TARGET")', 'config("SHOP_TARGET", default=None)'),
    _reader("decouple with its own file",
            "from decouple import Config, RepositoryEnv\n        config = Config(RepositoryEnv('.env'))",
            'config("SHOP_TARGET", "LITERAL")', 'config("SHOP_TARGET")', 'config("SHOP_TARGET", default=None)'),
    _reader("environs", "from environs import Env\n        env = Env()\n        env.read_env()",
            'env.str("SHOP_TARGET", "LITERAL")', 'env.str("SHOP_TARGET")', 'env.str("SHOP_TARGET", None)'),
    _reader("environs called", "from environs import env", 'env("SHOP_TARGET", default="LITERAL")',
            'env("SHOP_TARGET")', 'env("SHOP_TARGET", default=None)'),
    _reader("django-environ", "import environ\n        env = environ.Env()", 'env("SHOP_TARGET", default="LITERAL")',
            'env("SHOP_TARGET")', 'env.str("SHOP_TARGET", default=None)'),
    _reader("starlette", "from starlette.config import Config\n        config = Config('.env')",
            'config("SHOP_TARGET", default="LITERAL")', 'config("SHOP_TARGET")', 'config("SHOP_TARGET", default=None)'),
    _reader("starlette with a secret",
            "from starlette.config import Config\n        from starlette.datastructures import Secret\n"
            "        config = Config('.env')",
            'config("SHOP_TARGET", cast=Secret, default="LITERAL")', 'config("SHOP_TARGET", cast=Secret)',
            use="str(TARGET)"),
    _reader("dotenv", "from dotenv import dotenv_values\n        config = dotenv_values('.env')",
            'config.get("SHOP_TARGET", "LITERAL")', 'config["SHOP_TARGET"]', 'config.get("SHOP_TARGET")'),
    _reader("dynaconf", "from dynaconf import Dynaconf\n        settings = Dynaconf(envvar_prefix='SHOP')",
            'settings.get("TARGET", "LITERAL")', "settings.TARGET", 'settings.get("TARGET")'),
    _reader("dynaconf for Flask", "from dynaconf import settings",
            'settings.get("TARGET", "LITERAL")', "settings.TARGET", 'settings.get("TARGET")'),
    Way("click option", """
        --- PKG/db.py
        import click
        IMPORT
        @click.command()
        @click.option("--shop-target", envvar="SHOP_TARGET"VALUE)  #< source
        def main(shop_target):  #< 1
            CHECK shop_target
            return OPEN(shop_target)  #< sink
        """, values={"default": ', default="LITERAL"', "required": ", required=True", "unchecked": "", "checked": ""}),
    Way("typer option", """
        --- PKG/db.py
        import typer
        IMPORT
        application = typer.Typer()
        @application.command()
        def main(shop_target: str = typer.Option(VALUE, envvar="SHOP_TARGET")):  #< source
            CHECK shop_target
            return OPEN(shop_target)  #< sink
        """, values=CALL),
    Way("argparse option", """
        --- PKG/db.py
        import argparse
        IMPORT
        parser = argparse.ArgumentParser()
        parser.add_argument("--shop-target"VALUE)  #< source
        args = parser.parse_args()  #< 1
        CHECK args.shop_target
        opened = OPEN(args.shop_target)  #< sink
        """, values={"default": ', default="LITERAL"', "required": ", required=True", "unchecked": "", "checked": ""}),
    Way("Flask config by the name of a class", """
        --- PKG/config.py
        import os
        class Config:
            SHOP_TARGET = VALUE  #< source
        --- PKG/db.py
        from flask import Flask
        IMPORT
        app = Flask(__name__)
        app.config.from_object("PKG.config.Config")  #< 1
        CHECK app.config["SHOP_TARGET"]
        opened = OPEN(app.config["SHOP_TARGET"])  #< sink
        """),
    Way("Flask config by the name of a module", """
        --- PKG/config.py
        import os
        SHOP_TARGET = VALUE  #< source
        --- PKG/db.py
        from flask import Flask
        IMPORT
        app = Flask(__name__)
        app.config.from_object("PKG.config")  #< 1
        CHECK app.config["SHOP_TARGET"]
        opened = OPEN(app.config["SHOP_TARGET"])  #< sink
        """),
    Way("Flask config by item", """
        --- PKG/db.py
        import os
        from flask import Flask
        IMPORT
        app = Flask(__name__)
        app.config["SHOP_TARGET"] = VALUE  #< source
        CHECK app.config["SHOP_TARGET"]
        opened = OPEN(app.config["SHOP_TARGET"])  #< sink
        """),
    Way("Django settings", """
        --- PKG/settings.py
        import os
        INSTALLED_APPS = ["orders"]
        SHOP_TARGET = VALUE  #< source
        --- PKG/db.py
        from django.conf import settings
        IMPORT
        CHECK settings.SHOP_TARGET
        opened = OPEN(settings.SHOP_TARGET)  #< sink
        """),
)

SKIPPED = ("db", "cache", "json", "list", "dict", "tuple", "bytes", "getenvb", "environb")
"""Readers that give no text, or read a variable of their own."""


def _readers() -> Iterator[Way]:
    """Each name of each reader of the environment that the tables know."""
    for row in knowledge.values().readers:
        for call in row.calls:
            if not any(word.startswith(SKIPPED) for word in call.split(".")[1:]) and row.variable is None:
                yield _reader_way(call, row)


def _reader_way(call: str, row: Reader) -> Way:
    parts = call.split(".")
    first = next((place for place, part in enumerate(parts) if part[:1].isupper()), None)
    if first is None:
        head, written = f"import {parts[0]}" if len(parts) == 2 else f"from {parts[0]} import {parts[1]}", call
        written = written if len(parts) == 2 else ".".join(parts[1:])
    else:
        head = f"from {'.'.join(parts[:first])} import {parts[first]}\n        reader = {parts[first]}('.env')"
        written = "reader" if parts[first + 1] == "()" else f"reader.{parts[first + 1]}"
    before = "'.env', " * row.name.positions[0]
    plain = f'{written}({before}"SHOP_TARGET")'
    values = {"required" if row.missing == "raises" else "unchecked": plain}
    if row.default is not None:
        keyword = row.default.names[-1]
        values["default"] = f'{written}("SHOP_TARGET", {keyword}="LITERAL")'
        if row.missing == "raises":
            values["unchecked"] = f'{written}("SHOP_TARGET", {keyword}=None)'
    values["checked"] = values["unchecked"]
    if call == "os.environ.setdefault":
        values = {"default": values["default"]}
    return Way(f"reader {call}", f"""
        --- PKG/db.py
        {head}
        IMPORT
        TARGET = VALUE  #< source
        CHECK TARGET
        opened = OPEN(TARGET)  #< sink
        """, values=values)


def _bases() -> Iterator[Way]:
    """Each class that makes its heirs settings."""
    for base in knowledge.values().settings.bases:
        module, name = base.rsplit(".", 1)
        yield Way(f"heir of {base}", f"""
        --- PKG/db.py
        from {module} import {name} as Base
        IMPORT
        class Settings(Base):
            shop_target: str VALUE  #< source
        settings = Settings()  #< 1
        CHECK settings.shop_target
        opened = OPEN(settings.shop_target)  #< sink
        """, values=FIELD)


def _decorators() -> Iterator[Way]:
    """Each decorator that makes a class settings."""
    for decorator in knowledge.values().settings.decorators:
        module, name = decorator.rsplit(".", 1)
        yield Way(f"class under {decorator}", f"""
        --- PKG/db.py
        from {module} import {name} as settings_class
        IMPORT
        @settings_class
        class Settings:
            shop_target: str VALUE  #< source
        settings = Settings()  #< 1
        CHECK settings.shop_target
        opened = OPEN(settings.shop_target)  #< sink
        """, values=FIELD)


TABLES = (*_readers(), *_bases(), *_decorators())
