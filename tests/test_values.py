"""Where values come from: settings, objects, functions, texts; and what must not be taken for a target."""

from __future__ import annotations

from pathlib import Path

import pytest
from tree import CONNECTION, Told, discovered, findings, holds, service_of, told

from gravity_lint.link import evaluate
from gravity_lint.link.values import Literal

USE = "from sqlalchemy import create_engine\n"

SETTINGS = {
    "pydantic 1 with a prefix": """
        from pydantic import BaseSettings
        class PostgresSettings(BaseSettings):
            host: str = "db.internal"  #= GRV102
            port: int = 5432
            name: str
            class Config:
                env_prefix = "PG_"
        s = PostgresSettings()
        create_engine(f"postgresql://{s.host}:{s.port}/{s.name}")
        """,
    "pydantic 2 with a nested model": """
        from pydantic import BaseModel
        from pydantic_settings import BaseSettings
        class Db(BaseModel):
            url: str
        class Settings(BaseSettings):
            db: Db
        create_engine(Settings().db.url)
        """,
    "a nested model with a default": """
        from pydantic import BaseModel
        from pydantic_settings import BaseSettings
        class Db(BaseModel):
            url: str = "postgresql://db.internal/shop"  #= GRV102
        class Settings(BaseSettings):
            db: Db = Db()
        create_engine(Settings().db.url)
        """,
    "a validator that assembles": """
        from pydantic import BaseSettings, PostgresDsn, validator
        class Settings(BaseSettings):
            POSTGRES_SERVER: str
            POSTGRES_USER: str
            POSTGRES_PASSWORD: str
            POSTGRES_DB: str
            SQLALCHEMY_DATABASE_URI: PostgresDsn | None = None
            @validator("SQLALCHEMY_DATABASE_URI", pre=True)
            def assemble(cls, v, values):
                if isinstance(v, str):
                    return v
                return PostgresDsn.build(scheme="postgresql", user=values.get("POSTGRES_USER"),
                    password=values.get("POSTGRES_PASSWORD"), host=values.get("POSTGRES_SERVER"),
                    path=f"/{values.get('POSTGRES_DB') or ''}")
        settings = Settings()
        create_engine(settings.SQLALCHEMY_DATABASE_URI)
        """,
    "a computed field": """
        from pydantic import PostgresDsn, computed_field
        from pydantic_core import MultiHostUrl
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            POSTGRES_SERVER: str
            POSTGRES_USER: str
            POSTGRES_PASSWORD: str = ""
            @computed_field
            @property
            def DATABASE_URI(self) -> PostgresDsn:
                return MultiHostUrl.build(scheme="postgresql+psycopg", username=self.POSTGRES_USER,
                    password=self.POSTGRES_PASSWORD, host=self.POSTGRES_SERVER, path="shop")
        settings = Settings()
        create_engine(str(settings.DATABASE_URI))
        """,
    "inherited settings": """
        from pydantic_settings import BaseSettings
        class Common(BaseSettings):
            database_url: str = "postgresql://db.internal/shop"  #= GRV102
        class Settings(Common):
            debug: bool = False
        create_engine(Settings().database_url)
        """,
    "an heir makes a default required": """
        from pydantic_settings import BaseSettings
        class Common(BaseSettings):
            database_url: str
        class Local(Common):
            database_url: str = "postgresql://localhost/shop"  #= GRV102
        create_engine(Common().database_url)
        """,
    "Field with three dots": """
        from pydantic import Field
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_url: str = Field(..., alias="DATABASE_URL")
        create_engine(Settings().database_url)
        """,
    "an Annotated field": """
        from typing import Annotated
        from pydantic import Field
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_url: Annotated[str, Field(description="where")]
            redis_url: Annotated[str, Field(description="where")] = "redis://cache.internal/0"  #= GRV102
        create_engine(Settings().database_url)
        """,
    "an optional field, unchecked": """
        from typing import Optional
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_url: Optional[str] = None  #= GRV104
        settings = Settings()
        create_engine(settings.database_url)
        """,
    "an optional field, checked": """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_url: str | None = None
        settings = Settings()
        if settings.database_url is None:
            raise RuntimeError("DATABASE_URL is not set")
        create_engine(settings.database_url)
        """,
    "a dataclass that reads": """
        import os
        from dataclasses import dataclass
        @dataclass
        class Config:
            url: str = os.environ["DATABASE_URL"]
            cache: str = os.getenv("REDIS_URL", "redis://cache.internal/0")  #= GRV102
        create_engine(Config().url)
        """,
    "a dataclass filled from the environment": """
        import os
        from dataclasses import dataclass
        @dataclass
        class Config:
            url: str
            @classmethod
            def load(cls):
                return cls(url=os.environ["DATABASE_URL"])
        create_engine(Config.load().url)
        """,
    "a dataclass filled with a default": """
        import os
        from dataclasses import dataclass
        @dataclass
        class Config:
            url: str
            @classmethod
            def load(cls):
                return cls(url=os.getenv("DATABASE_URL", "postgresql://db.internal/shop"))  #= GRV102
        create_engine(Config.load().url)
        """,
    "decouple": """
        from decouple import config
        create_engine(config("DATABASE_URL"))
        """,
    "environs": """
        from environs import Env
        env = Env()
        with env.prefixed("APP_"):
            url = env.str("DATABASE_URL", default="postgresql://db.internal/shop")  #= GRV102
        create_engine(url)
        """,
    "starlette": """
        from starlette.config import Config
        from starlette.datastructures import Secret
        config = Config(".env")
        url = config("DATABASE_URL", cast=Secret)
        create_engine(str(url))
        """,
    "dotenv_values": """
        from dotenv import dotenv_values
        config = dotenv_values(".env")
        create_engine(config["DATABASE_URL"])
        """,
    "argparse": """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--database-url", required=True)
        args = parser.parse_args()
        create_engine(args.database_url)
        """,
    "a click option": """
        import click
        @click.command()
        @click.option("--database-url", envvar="DATABASE_URL", required=True)
        def main(database_url):
            create_engine(database_url)
        """,
    "a file of YAML": """
        import yaml
        config = yaml.safe_load(open("config.yaml"))
        create_engine(config["database"]["url"])
        """,
    "configparser": """
        import configparser
        config = configparser.ConfigParser()
        config.read("config.ini")
        create_engine(config["database"]["url"])
        """,
    "environ.get of a wrapper that raises": """
        import os
        def env(name):
            value = os.environ.get(name)
            if value is None:
                raise RuntimeError(f"{name} is not set")
            return value
        create_engine(env("DATABASE_URL"))
        """,
    "a wrapper with a default": """
        import os
        def env(name, default=None):
            return os.environ.get(name, default)
        create_engine(env("DATABASE_URL", "postgresql://db.internal/shop"))  #= GRV102
        """,
    "a wrapper without its default": """
        import os
        def env(name, default=None):
            return os.environ.get(name, default)
        create_engine(env("DATABASE_URL"))  #= GRV104
        """,
    "environment aliased": """
        from os import environ as e
        create_engine(e["DATABASE_URL"])
        """,
    "getenv aliased": """
        from os import getenv as g
        create_engine(g("DATABASE_URL", "postgresql://db.internal/shop"))  #= GRV102
        """,
    "a default of another variable": """
        import os
        create_engine(os.getenv("DATABASE_URL", os.environ["DB_URI"]))
        """,
    "the default is a constant elsewhere": """
        import os
        FALLBACK = "postgresql://db.internal/shop"  #= GRV102
        create_engine(os.getenv("DATABASE_URL", FALLBACK))
        """,
    "setdefault": """
        import os
        os.environ.setdefault("DATABASE_URL", "postgresql://db.internal/shop")  #= GRV102
        create_engine(os.environ["DATABASE_URL"])
        """,
    "an empty default": """
        import os
        url = os.getenv("DATABASE_URL", "")
        if not url:
            raise RuntimeError("DATABASE_URL is not set")
        create_engine(url)
        """,
}

TEXTS = {
    "credentials in a joined URL": """
        import os
        create_engine(f"postgresql://shop:secret@{os.environ['DB_HOST']}/shop")  #= GRV103
        """,
    "only the port and the scheme are literal": """
        import os
        e = os.environ
        create_engine(f"postgresql+asyncpg://{e['U']}:{e['P']}@{e['H']}:5432/{e['D']}?ssl=require")
        """,
    "a path behind a base": """
        import os
        base = os.environ["DATABASE_BASE"]
        create_engine(base + "/shop")
        create_engine(f"{base}/shop")
        create_engine(os.path.join(base, "shop"))
        """,
    "a replaced scheme": """
        import os
        url = os.environ["DATABASE_URL"].replace("postgres://", "postgresql://", 1)
        create_engine(url)
        """,
    "an f-string of f-strings": """
        import os
        auth = f"{os.environ['U']}:{os.environ['P']}"
        host = f"{os.environ['H']}:5432"
        create_engine(f"postgresql://{auth}@{host}/shop")
        """,
    "a literal host inside f-strings": """
        import os
        host = f"{'db.internal'}:{5432}"
        create_engine(f"postgresql://{os.environ['U']}@{host}/shop")  #= GRV101
        """,
    "join": """
        create_engine("".join(["postgresql://", "db.internal", "/shop"]))  #= GRV101
        """,
    "template of braces with a dictionary": """
        import os
        parts = {"host": os.environ["H"], "name": os.environ["N"]}
        create_engine("postgresql://{host}/{name}".format(**parts))
        """,
    "format_map is unknown": """
        create_engine("postgresql://{host}/{name}".format_map(load()))
        """,
    "quoted password": """
        import os
        from urllib.parse import quote_plus
        p = quote_plus(os.environ["P"])
        create_engine("postgresql://%s:%s@%s/shop" % (os.environ["U"], p, os.environ["H"]))
        """,
    "a keyword DSN": """
        import os
        import psycopg2
        psycopg2.connect("host=%s dbname=shop user=%s" % (os.environ["H"], os.environ["U"]))
        psycopg2.connect("host=db.internal dbname=shop")  #= GRV101
        """,
    "memory": """
        create_engine("sqlite://")
        create_engine("sqlite:///:memory:")
        """,
    "a literal file": """
        create_engine("sqlite:///./shop.db")  #= GRV101
        """,
    "a file beside the code": """
        from pathlib import Path
        HERE = Path(__file__).parent
        create_engine(f"sqlite:///{HERE / 'shop.db'}")  #= GRV101
        """,
    "a folder of the deployment": """
        import os
        create_engine(f"sqlite:///{os.environ['DATA']}/shop.db")
        """,
    "percent that is no format": """
        create_engine("postgresql://u:p%40ss@db.internal/shop")  #= GRV101
        """,
    "format_map": """
        import os
        create_engine("postgresql://{H}/{N}".format_map(os.environ))
        """,
}

OBJECTS = {
    "a property of a class": """
        import os
        class Db:
            def __init__(self, host):
                self.host = host
            @property
            def url(self):
                return f"postgresql://{self.host}/shop"
        create_engine(Db(os.environ["H"]).url)
        """,
    "a property with a literal given": """
        class Db:
            def __init__(self, host):
                self.host = host
            @property
            def url(self):
                return f"postgresql://{self.host}/shop"  #= GRV101
        create_engine(Db("db.internal").url)
        """,
    "two objects of one class": """
        import os
        class Db:
            def __init__(self, url):
                self.url = url
        first, second = Db(os.environ["A"]), Db("postgresql://b/shop")  #= GRV101
        create_engine(first.url)
        create_engine(second.url)
        """,
    "super": """
        class Base:
            def __init__(self, url):
                self.url = url
        class Orders(Base):
            def __init__(self):
                super().__init__("postgresql://db.internal/shop")  #= GRV101
        create_engine(Orders().url)
        """,
    "an overridden attribute": """
        import os
        class Base:
            URL = "postgresql://unused/shop"
        class Production(Base):
            URL = os.environ["DATABASE_URL"]
        create_engine(Production.URL)
        """,
    "a singleton": """
        import os
        class Config:
            _it = None
            def __new__(cls):
                if cls._it is None:
                    cls._it = super().__new__(cls)
                    cls._it.url = os.environ["DATABASE_URL"]
                return cls._it
        create_engine(Config().url)
        """,
    "a dictionary of environments": """
        import os
        CONFIGS = {"dev": "postgresql://dev/shop",  #= GRV101
                   "prod": "postgresql://prod/shop"}  #= GRV101
        create_engine(CONFIGS[os.environ["STAGE"]])
        """,
    "a dictionary's get with a default": """
        import os
        CONFIG = {"url": os.environ["DATABASE_URL"]}
        create_engine(CONFIG.get("url"))
        """,
    "an enumeration": """
        from enum import Enum
        class Stage(Enum):
            DEV = "postgresql://dev/shop"  #= GRV101
        create_engine(Stage.DEV.value)
        """,
    "a named tuple": """
        import os
        from typing import NamedTuple
        class Db(NamedTuple):
            url: str
            pool: int = 5
        create_engine(Db(os.environ["DATABASE_URL"]).url)
        """,
    "nested dictionaries": """
        CONFIG = {"db": {"main": {"url": "postgresql://db.internal/shop"}}}  #= GRV101
        create_engine(CONFIG["db"]["main"]["url"])
        """,
    "merged dictionaries": """
        import os
        COMMON = {"echo": False}
        OPTIONS = {**COMMON, "url": os.environ["DATABASE_URL"]}
        create_engine(**OPTIONS)
        """,
    "a list of hosts": """
        from pymongo import MongoClient
        MongoClient(["a.internal", "b.internal"])  #= GRV101
        """,
    "a list of hosts that the deployment gives": """
        import os
        from pymongo import MongoClient
        MongoClient([os.environ["MONGO_ONE"], os.environ["MONGO_TWO"]])
        """,
    "a half made opener": """
        from functools import partial
        from sqlalchemy import create_engine
        make = partial(create_engine, "postgresql://db.internal/shop")  #= GRV101
        engine = make()
        """,
    "items of a mapping set later": """
        from sqlalchemy import create_engine
        config = {}
        config["target"] = "postgresql://a.internal/shop"  #= GRV101
        config.update(second="postgresql://b.internal/shop")  #= GRV101
        config.update({"third": "postgresql://c.internal/shop"})  #= GRV101
        def connect():
            return create_engine(config["target"])
        create_engine(config["second"])
        create_engine(config["third"])
        """,
    "a field that whoever makes the object gives": """
        import os
        import redis
        from dataclasses import dataclass
        @dataclass
        class Given:
            url: str = "redis://a.internal/0"
            def connect(self):
                return redis.from_url(self.url)
        Given(url=os.environ["REDIS_URL"])
        @dataclass
        class Left:
            url: str = "redis://b.internal/0"  #= GRV101
            def connect(self):
                return redis.from_url(self.url)
        Left()
        @dataclass
        class Nobody:
            url: str = "redis://c.internal/0"
            def connect(self):
                return redis.from_url(self.url)
        """,
    "a default below a folder with a default": """
        import os
        from sqlalchemy import create_engine
        FOLDER = os.getenv("DATA_DIR", "data")
        create_engine(os.getenv("DATABASE_URL", f"sqlite:///{FOLDER}/web.db"))  #= GRV102
        """,
    "a folder that stands in for an address": """
        import os
        from sqlalchemy import create_engine
        URI = os.getenv("STORE_URI", "./store")
        engine = create_engine(URI) if "://" in URI else None
        """,
    "a default below a folder that must be given": """
        import os
        from sqlalchemy import create_engine
        create_engine(os.getenv("DATABASE_URL", f"sqlite:///{os.environ['DATA_DIR']}/web.db"))
        """,
    "a field that a validator fills or refuses": """
        from sqlalchemy import create_engine
        from pydantic import field_validator, model_validator
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            first: str | None = None
            second: str = "postgresql://change-me/x"
            @model_validator(mode="after")
            def fill(self):
                if self.first is None:
                    self.first = "sqlite:///shop.db"  #= GRV102
                return self
            @field_validator("second")
            @classmethod
            def look(cls, value):
                if value == "postgresql://change-me/x":
                    raise ValueError("not set")
                return value
        settings = Settings()
        create_engine(settings.first)
        create_engine(settings.second)
        """,
    "a star import of a driver": """
        from peewee import *
        database = MySQLDatabase("shop", host="db.internal")  #= GRV101
        """,
    "a dependency": """
        import os
        from fastapi import Depends
        def url():
            return os.environ["DATABASE_URL"]
        def engine(where=Depends(url)):
            return create_engine(where)
        """,
    "a callable object": """
        import os
        class Url:
            def __call__(self):
                return os.environ["DATABASE_URL"]
        url = Url()
        create_engine(url())
        """,
    "kwargs passed on": """
        import psycopg2
        def connect(**options):
            return psycopg2.connect(**options)
        connect(host="db.internal", dbname="shop")  #= GRV101
        """,
    "args passed on": """
        def connect(*args):
            return create_engine(*args)
        connect("postgresql://db.internal/shop")  #= GRV101
        """,
    "a partial": """
        import functools
        def connect(url, echo):
            return create_engine(url, echo=echo)
        start = functools.partial(connect, "postgresql://db.internal/shop")  #= GRV101
        start(True)
        """,
    "a default of a parameter that callers replace": """
        import os
        def connect(url="postgresql://unused/shop"):
            return create_engine(url)
        connect(os.environ["DATABASE_URL"])
        """,
    "one caller of three is wrong": """
        import os
        def connect(url):
            return create_engine(url)
        connect(os.environ["A"])
        connect("postgresql://db.internal/shop")  #= GRV101
        connect(os.environ["B"])
        """,
    "an async generator": """
        import os
        import asyncpg
        async def pool():
            found = await asyncpg.create_pool(dsn=os.environ["DATABASE_URL"])
            yield found
        """,
    "cached_property": """
        import os
        from functools import cached_property
        class Container:
            @cached_property
            def url(self):
                return os.getenv("DATABASE_URL", "postgresql://db.internal/shop")  #= GRV102
        create_engine(Container().url)
        """,
}

SILENT = {
    "a literal that is no target": """
        create_engine("postgresql://")
        url = "postgresql://db.internal/shop"
        print(url)
        """,
    "documentation": '''
        """Set DATABASE_URL to postgresql://user:password@localhost/shop."""
        EXAMPLE = "postgresql://user:password@localhost/shop"
        def example():
            """postgresql://localhost/shop"""
            raise ValueError(f"not a URL like {EXAMPLE}")
        ''',
    "another service's address": """
        import os
        import requests
        API = os.getenv("ORDERS_URL", "http://orders:8000")
        requests.get("http://db.internal/")
        """,
    "a broker": """
        from celery import Celery
        Celery("shop", broker="redis://cache.internal/0")
        """,
    "a result backend that is none": """
        from celery import Celery
        Celery("shop", backend="rpc://", broker="amqp://guest@rabbit//")
        """,
    "unknown values": """
        from somewhere import settings
        create_engine(settings.url)
        create_engine(get_url())
        create_engine(self.url)
        create_engine(load()["url"])
        create_engine(*args, **kwargs)
        create_engine()
        """,
    "numbers and None": """
        import redis
        redis.Redis(host=None, port=6379, db=0)
        create_engine(None)
        create_engine(5432)
        """,
    "an engine's other arguments": """
        import os
        create_engine(os.environ["DATABASE_URL"], poolclass="postgresql://x/y", connect_args={"host": "x"})
        """,
    "a settings field of something else": """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            host: str = "0.0.0.0"
            log_url: str = "http://logs.internal"
            name: str = "orders"
            user: str = "nobody"
        """,
    "the caller decides": """
        class Repository:
            def __init__(self, url):
                self.engine = create_engine(url)
        """,
}

COMMON = {
    "flask tutorial": """
        import os
        import os
        basedir = os.path.abspath(os.path.dirname(__file__))
        class Config:
            SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL") or \\
                "sqlite:///" + os.path.join(basedir, "app.db")  #= GRV102
        """,
    "old URL of a dictionary": """
        import os
        from sqlalchemy.engine.url import URL
        DB = {"drivername": "postgresql", "username": os.environ["U"],
              "host": os.getenv("DB_HOST", "localhost")}  #= GRV102
        create_engine(URL(**DB))
        """,
    "Annotated Depends": """
        import os
        from typing import Annotated
        from fastapi import Depends
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            dsn: str = "postgresql://localhost/x"  #= GRV102
        def get_settings():
            return Settings()
        def engine(settings: Annotated[Settings, Depends(get_settings)]):
            return create_engine(settings.dsn)
        """,
    "pool of an attribute": """
        import os
        import asyncpg
        class Db:
            def __init__(self):
                self.config = {"host": os.getenv("DB_HOST", "localhost"),  #= GRV102
                               "user": os.environ["U"]}
            async def connect(self):
                self.pool = await asyncpg.create_pool(**self.config)
        """,
    "two fields": """
        import os
        import redis
        client = redis.Redis(host=os.getenv("REDIS_HOST", "localhost"),  #= GRV102
            password=os.getenv("REDIS_PASSWORD", "secret"))  #= GRV102
        """,
    "motor item": """
        import os
        from motor.motor_asyncio import AsyncIOMotorClient
        db = AsyncIOMotorClient(os.getenv("MONGO_URI", "mongodb://localhost:27017"))[os.getenv("X", "shop")]  #= GRV102
        """,
    "heroku": """
        import os
        url = os.getenv("DATABASE_URL")  #= GRV104
        if url and url.startswith("postgres://"):
            url = url.replace("postgres://", "postgresql://", 1)
        create_engine(url)
        """,
    "factory field": """
        import os
        from dataclasses import dataclass, field
        @dataclass
        class C:
            url: str = field(default_factory=lambda: os.environ["DATABASE_URL"])
        create_engine(C().url)
        """,
    "joined in a function": """
        import os
        def url():
            user = os.getenv("DB_USER", "postgres")  #= GRV102
            host = os.getenv("DB_HOST", "localhost")  #= GRV102
            port = os.getenv("DB_PORT", "5432")
            return f"postgresql://{user}@{host}:{port}/{os.environ['DB_NAME']}"
        create_engine(url())
        """,
    "comprehension": """
        import os
        URLS = {"a": "postgresql://a.internal/x",  #= GRV101
                "b": "postgresql://b.internal/x"}  #= GRV101
        engines = {name: create_engine(url) for name, url in URLS.items()}
        """,
    "items loop": """
        import os
        URLS = {"a": "postgresql://a.internal/x",  #= GRV101
                "b": "postgresql://b.internal/x"}  #= GRV101
        for name, url in URLS.items():
            create_engine(url)
        """,
    "values loop": """
        import os
        URLS = {"a": "postgresql://a.internal/x",  #= GRV101
                "b": "postgresql://b.internal/x"}  #= GRV101
        for url in URLS.values():
            create_engine(url)
        """,
    "list comprehension": """
        import os
        engines = [create_engine(url) for url in ["postgresql://a.internal/x"]]  #= GRV101
        """,
    "attribute settings": """
        import os
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            dsn: str = "postgresql://localhost/x"  #= GRV102
        class App:
            settings: Settings = Settings()
            def start(self):
                return create_engine(self.settings.dsn)
        """,
    "tortoise": """
        import os
        from tortoise import Tortoise
        ORM = {"connections": {"default": os.getenv("DB_URL", "postgres://localhost/x")},  #= GRV102
           "apps": {}}
        async def init():
            await Tortoise.init(config=ORM)
        """,
    "conditional at the sink": """
        import os
        class Config:
            URL = os.environ["DATABASE_URL"]
        create_engine(Config.URL if os.getenv("STAGE") != "test" else "sqlite://")
        """,
    "None if absent": """
        import os
        url = os.environ["DATABASE_URL"] if "DATABASE_URL" in os.environ else None
        if url: create_engine(url)
        """,
    "in environ": """
        import os
        if "DATABASE_URL" not in os.environ:
            raise RuntimeError("no")
        create_engine(os.getenv("DATABASE_URL"))
        """,
    "settings checked in init": """
        import os
        class Settings:
            def __init__(self):
                self.url = os.getenv("DATABASE_URL")
                self._check()
            def _check(self):
                if not self.url:
                    raise RuntimeError("DATABASE_URL")
        create_engine(Settings().url)
        """,
    "validate method called": """
        import os
        class Config:
            URL = os.getenv("DATABASE_URL")
            @classmethod
            def validate(cls):
                if not cls.URL:
                    raise RuntimeError("no")
        Config.validate()
        create_engine(Config.URL)
        """,
    "post init": """
        import os
        from dataclasses import dataclass
        @dataclass
        class C:
            url: str = os.getenv("DATABASE_URL")
            def __post_init__(self):
                if not self.url: raise ValueError("url")
        create_engine(C().url)
        """,
    "pydantic validator none": """
        import os
        from pydantic import field_validator
        from pydantic_settings import BaseSettings
        class S(BaseSettings):
            database_url: str | None = None
            @field_validator("database_url")
            @classmethod
            def there(cls, v):
                if not v:
                    raise ValueError("no")
                return v
        create_engine(S().database_url)
        """,
    "assert in helper": """
        import os
        def require(value, name):
            if value is None:
                raise RuntimeError(name)
            return value
        create_engine(require(os.getenv("DATABASE_URL"), "DATABASE_URL"))
        """,
    "check helper by name": """
        import os
        def check_env():
            for name in REQUIRED:
                if not os.getenv(name):
                    raise RuntimeError(name)
        REQUIRED = ["DATABASE_URL"]
        check_env()
        create_engine(os.getenv("DATABASE_URL"))
        """,
    "cast": """
        import os
        from typing import cast
        create_engine(cast(str, os.getenv("DATABASE_URL")))  #= GRV104
        """,
    "str of none": """
        import os
        create_engine(str(os.getenv("DATABASE_URL")))  #= GRV104
        """,
    "type ignore or empty": """
        import os
        create_engine(os.getenv("DATABASE_URL") or "")  #= GRV104
        """,
    "default empty": """
        import os
        create_engine(os.getenv("DATABASE_URL", ""))  #= GRV104
        """,
    "next": """
        import os
        urls = [os.environ["A"], "postgresql://b/x"]
        create_engine(next(iter(urls)))
        """,
    "sqlmodel echo": """
        import os
        from sqlmodel import create_engine as ce
        sqlite_file_name = "database.db"
        sqlite_url = f"sqlite:///{sqlite_file_name}"  #= GRV101
        connect_args = {"check_same_thread": False}
        engine = ce(sqlite_url, echo=True, connect_args=connect_args)
        """,
    "default argument of env helper": """
        import os
        def get(name, default="localhost"):  #= GRV102
            return os.getenv(name, default)
        import redis
        redis.Redis(host=get("REDIS_HOST"))
        """,
    "instance of another module's class with kwarg default": """
        import os
        class Db:
            def __init__(self, url: str = "postgresql://localhost/x"):  #= GRV101
                self.engine = create_engine(url)
        db = Db()
        """,
    "property with private attr": """
        import os
        class Config:
            def __init__(self):
                self._url = os.getenv("DATABASE_URL")  #= GRV104
            @property
            def url(self):
                return self._url
        config = Config()
        create_engine(config.url)
        """,
    "config dict get": """
        import os
        config = {"host": "db.internal"}  #= GRV101
        import redis
        redis.Redis(host=config.get("host", "localhost"))
        """,
    "environ update": """
        import os
        env = {**os.environ}
        create_engine(env["DATABASE_URL"])
        """,
    "staticmethod through instance": """
        import os
        class U:
            @staticmethod
            def dsn(): return "postgresql://a.internal/x"  #= GRV101
        create_engine(U().dsn())
        """,
    "async engine from sync url": """
        import os
        url = os.environ["DATABASE_URL"]
        from sqlalchemy.ext.asyncio import create_async_engine
        create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        """,
    "url parsed": """
        import os
        from urllib.parse import urlparse
        import psycopg2
        u = urlparse(os.environ["DATABASE_URL"])
        psycopg2.connect(host=u.hostname, user=u.username, password=u.password, dbname=u.path[1:])
        """,
    "with password from file": """
        import os
        import psycopg2
        with open("/run/secrets/p") as f: p = f.read().strip()
        psycopg2.connect(host=os.environ["H"], user=os.environ["U"], password=p)
        """,
    "secrets manager": """
        import os
        import boto3, json, psycopg2
        s = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId="x")["SecretString"])
        psycopg2.connect(host=s["host"], user=s["user"], password=s["password"])
        """,
    "test default": """
        import os
        url = os.getenv("TEST_DATABASE_URL", "postgresql://localhost/x")  #= GRV102
        """,
}

GROUPS = {"common": COMMON, "settings": SETTINGS, "texts": TEXTS, "objects": OBJECTS, "silent": SILENT}


def lines_of(case: str) -> str:
    lines = case.splitlines()[1:]
    indent = len(lines[0]) - len(lines[0].lstrip())
    return USE + "\n".join(line[indent:] for line in lines) + "\n"


@pytest.mark.parametrize(("group", "case"), [
    (group, case) for group, cases in GROUPS.items() for case in cases
])
def test_values(group: str, case: str) -> None:
    holds({"app.py": lines_of(GROUPS[group][case])})


@pytest.mark.parametrize(("group", "case"), [(group, case) for group, cases in GROUPS.items() for case in cases])
def test_trails_begin_and_end_where_they_say(group: str, case: str) -> None:
    service = service_of({"app.py": lines_of(GROUPS[group][case])})
    for _, finding in findings(service, *CONNECTION):
        assert finding.trail
        if finding.fields["sink"]:
            assert any(sink.site.module.path == finding.trail[-1].place.path
                       and service.place(sink.site).line == finding.trail[-1].place.line for sink in service.sinks)
        for step in finding.trail:
            assert step.message
            assert not step.message.endswith(".")


# ---- services side by side, shared names


def test_a_library_beside_two_services(tmp_path: Path) -> None:
    main = "from fastapi import FastAPI\napp = FastAPI()\n"
    opens = "from sqlalchemy import create_engine\nfrom common.config import url\nfrom app import config\n"
    services = discovered(tmp_path, {
        "libs/common/pyproject.toml": '[project]\nname = "common"\n',
        "libs/common/common/__init__.py": "",
        "libs/common/common/config.py": "def url(where):\n    return f'postgresql://{where}/shop'\n",
        "services/a/requirements.txt": "fastapi\n", "services/a/Dockerfile": "FROM python\n",
        "services/a/app/__init__.py": "", "services/a/app/main.py": main,
        "services/a/app/config.py": "HOST = 'db.internal'\n",
        "services/a/app/db.py": opens + "create_engine(url(config.HOST))\n",
        "services/b/requirements.txt": "fastapi\n", "services/b/Dockerfile": "FROM python\n",
        "services/b/app/__init__.py": "", "services/b/app/main.py": main,
        "services/b/app/config.py": "import os\nHOST = os.environ['DB_HOST']\n",
        "services/b/app/db.py": opens + "create_engine(url(config.HOST))\n",
    })
    found = {service.root.removeprefix(f"{tmp_path.as_posix()}/"): told(service, *CONNECTION, root=tmp_path.as_posix())
             for service in services}
    assert {root: codes for root, codes in found.items() if codes} == {
        "services/a": [Told("GRV101", "libs/common/common/config.py", 2)]}


def test_modules_of_the_same_name_in_one_service() -> None:
    holds("""
        --- a/config.py
        URL = "postgresql://a.internal/shop"  #= GRV101
        --- a/db.py
        from sqlalchemy import create_engine
        from .config import URL
        create_engine(URL)
        --- b/config.py
        import os
        URL = os.environ["DATABASE_URL"]
        --- b/db.py
        from sqlalchemy import create_engine
        from .config import URL
        create_engine(URL)
        """)


@pytest.mark.parametrize("imports", [
    "from app.core.config import URL", "from app.core import config\nURL = config.URL",
    "import app.core.config\nURL = app.core.config.URL", "import app.core.config as c\nURL = c.URL",
    "from .core.config import URL", "from .core import URL", "from app.core import *", "from .core.config import *",
    "from app.core.config import URL as U\nURL = U",
    "import importlib\nURL = importlib.import_module('app.core.config').URL",
    "try:\n    from app.local import URL\nexcept ImportError:\n    from app.core.config import URL",
    "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    from app.core.config import URL",
    "def get():\n    from app.core.config import URL\n    return URL\nURL = get()",
    "import app\nURL = app.core.config.URL", "from . import core\nURL = core.config.URL",
])
def test_ways_to_import(imports: str) -> None:
    holds({
        "app/__init__.py": "",
        "app/core/__init__.py": "from .config import URL\nfrom . import config\n",
        "app/core/config.py": 'URL = "postgresql://db.internal/shop"  #= GRV101\n',
        "app/db.py": f"from sqlalchemy import create_engine\n{imports}\ncreate_engine(URL)\n",
    })


def test_a_long_way_is_followed() -> None:
    files = {"m0.py": 'URL = "postgresql://db.internal/shop"  #= GRV101\n'}
    for number in range(1, 15):
        files[f"m{number}.py"] = f"from m{number - 1} import URL\n"
    files["db.py"] = "from sqlalchemy import create_engine\nfrom m14 import URL\ncreate_engine(URL)\n"
    holds(files)


def test_callers_that_one_question_has_no_time_for_are_found_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MAX_STEPS", 30)
    service = service_of("class Other:\n    def show(self, url):\n        pass\n"
                         + "".join(f"o{number} = Other()\no{number}.show(1)\n" for number in range(20))
                         + "def show(url):\n    return url, url, url, url, url\nshow('here')\n")
    ask = service.evaluator
    unit = next(unit for module in service.modules.values() for unit in module.units if unit.name == "show")
    asked = [ask.values(name, ask.runs.frame(unit)) for name in unit.node.body[0].value.items]
    found = [any(isinstance(value, Literal) and value.value == "here" for value in values) for values in asked]
    assert not found[0]
    assert found[-1]


def test_imports_in_a_circle_end() -> None:
    holds({"a.py": "from b import *\nfrom b import x\n", "b.py": "from a import *\nfrom a import x\n",
           "db.py": "from sqlalchemy import create_engine\nfrom a import x, y\ncreate_engine(x)\ncreate_engine(y)\n"})


@pytest.mark.parametrize("text", [
    "def f(x):\n    return f(f(x))\n", "def f(x, y=1):\n    return f(y, f(x)) if x else f(f(y), x)\n",
    "f = lambda x: f(f(x))\n",
    "class A:\n    @property\n    def f(self):\n        return self.f + A().f\nf = lambda x: A().f\n",
    "def f(x):\n    return g(x) or f(g(x))\ndef g(x):\n    return f(x) or g(f(x))\n",
    "def f(x):\n" + "    x = x + x\n" * 40 + "    return x\n",
    "def f(x):\n" + "    x = f'{x}{x}{x}'\n" * 40 + "    return x\n",
    "def f(x):\n" + "    x = x if f(x) else f(x)\n" * 20 + "    return x\n",
    "".join(f"def f{n}(x):\n    return f{n + 1}(x) + f{n + 1}(x)\n" for n in range(40)) + "f = f40 = f0\n",
    "".join(f"def f{n}(x, y):\n    return f{n + 1}(y, f{n + 1}(x, y))\n" for n in range(40)) + "f = f0\n",
    "x = 'a'\n" + "x = x + x\n" * 60 + "f = lambda y: x\n",
    "x = {}\n" + "x = {**x, **x}\n" * 40 + "f = lambda y: x\n",
])
def test_values_that_grow_without_end_stop(text: str) -> None:
    service = service_of({"app.py": f"{USE}{text}create_engine(f(1))\ncreate_engine(f(f('a')))\n"})
    assert len(list(findings(service, *CONNECTION))) < 3
    assert service.reach.reaches(service.evaluator.calls.code[0].unit, (0, 0)) in (True, False)


@pytest.mark.parametrize(("line", "name"), [
    ("import redis.asyncio as redis", "redis.asyncio.from_url"),
    ("import redis.asyncio", "redis.from_url"),
    ("import redis", "redis.from_url"),
    ("from redis import *", "redis.from_url"),
])
def test_what_an_import_binds(line: str, name: str) -> None:
    func = "redis.from_url" if "*" not in line else "from_url"
    service = service_of(f"{line}\nmade = {func}(url)\n")
    call, unit = next(iter(service.evaluator.calls.named(("from_url",))))
    values = service.evaluator.values(call.func, service.evaluator.runs.frame(unit))
    assert [getattr(value, "name", None) for value in values] == [name]


FILES = {
    "what stands in for a setting stands in for the one that falls back to it": """
        --- env.py
        import os
        FOLDER = os.getenv("FOLDER", "data")
        URL = os.getenv("DATABASE_URL")
        if not os.getenv("DATABASE_URL"):
            URL = f"sqlite:///{FOLDER}/web.db"  #= GRV102
        --- db.py
        import os
        from sqlalchemy import create_engine
        from env import URL
        OTHER = os.getenv("OTHER_DATABASE_URL", URL)
        create_engine(OTHER)
        """,
    "items of another module's mapping": """
        --- shop/config.py
        config = {}
        config["target"] = "postgresql://db.internal/shop"  #= GRV101
        --- shop/db.py
        from sqlalchemy import create_engine
        from shop.config import config
        def connect():
            return create_engine(config["target"])
        """,
    "what a context manager yields": """
        --- db.py
        from contextlib import contextmanager
        from sqlalchemy import create_engine
        @contextmanager
        def target():
            yield "postgresql://db.internal/shop"  #= GRV101
        with target() as found:
            create_engine(found)
        """,
    "keys of one configuration": """
        --- a.py
        import os
        from flask import Flask
        import flask_mysqldb
        app = Flask(__name__)
        app.config.update(MYSQL_HOST=os.environ["H"], MYSQL_PASSWORD="sesame")  #= GRV103
        """,
    "a namespace": """
        --- a.py
        from types import SimpleNamespace
        from sqlalchemy import create_engine
        create_engine(SimpleNamespace(target="postgresql://db.internal/shop").target)  #= GRV101
        """,
    "a module named as the configuration": """
        --- shop/config.py
        TARGET = "postgresql://db.internal/shop"  #= GRV101
        --- shop/app.py
        from flask import Flask
        from sqlalchemy import create_engine
        app = Flask(__name__)
        app.config.from_object("shop.config")
        create_engine(app.config["TARGET"])
        """,
    "Django's settings read back": """
        --- shop/settings.py
        INSTALLED_APPS = []
        REDIS_ADDRESS = "redis://cache.internal/0"  #= GRV101
        --- shop/db.py
        import redis
        from django.conf import settings
        client = redis.from_url(settings.REDIS_ADDRESS)
        """,
    "options of a command line": """
        --- a.py
        import click
        from sqlalchemy import create_engine
        @click.command()
        @click.option("--target", envvar="TARGET", default="postgresql://db.internal/shop")  #= GRV102
        @click.option("--other")  #= GRV104
        @click.option("--third", required=True)
        @click.argument("fourth")
        def main(target, other, third, fourth):
            for url in (target, other, third, fourth):
                pass
            create_engine(target)
            create_engine(other)
            create_engine(third)
            create_engine(fourth)
        --- b.py
        import typer
        from sqlalchemy import create_engine
        app = typer.Typer()
        @app.command()
        def main(
            target: str = typer.Option("postgresql://db.internal/shop", envvar="TARGET"),  #= GRV102
            other: str = typer.Option(None),  #= GRV104
            third: str = typer.Option(...),
        ):
            create_engine(target)
            create_engine(other)
            create_engine(third)
        --- c.py
        import argparse
        from sqlalchemy import create_engine
        parser = argparse.ArgumentParser()
        parser.add_argument("--target", default="postgresql://db.internal/shop")  #= GRV102
        parser.add_argument("--other")  #= GRV104
        parser.add_argument("third")
        args = parser.parse_args()
        create_engine(args.target)
        create_engine(args.other)
        create_engine(args.third)
        """,
}


@pytest.mark.parametrize("case", FILES)
def test_values_across_files(case: str) -> None:
    holds(FILES[case])
