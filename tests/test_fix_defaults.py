"""What becomes of a default, for each library that reads settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from gravity_lint.config import Config
from gravity_lint.mending import Mending, Wish, mending, write
from gravity_lint.rulebook import load_rules
from gravity_lint.run import Options

RULES = tuple(rule for rule in load_rules() if rule.code in ("GRV001", "GRV102"))

V2 = "from pydantic import AliasChoices, Field\nfrom pydantic_settings import BaseSettings\n\n\n"
V1 = "from pydantic import BaseSettings, Field\n\n\n"
TEXTS: dict[str, tuple[str, str]] = {
    "pydantic, a description": (
        V2 + "class Settings(BaseSettings):\n    database_url: str = Field(\n        'sqlite:///x.db',  # for now\n"
             "        description='where',\n    )\n",
        V2 + "class Settings(BaseSettings):\n    database_url: str = Field(\n        ...,  # for now\n"
             "        description='where',\n    )\n"),
    "pydantic, an alias": (
        V2 + "class Settings(BaseSettings):\n    url: str = Field(default='sqlite:///x.db', "
             "validation_alias=AliasChoices('DATABASE_URL', 'DB_URL'))\n",
        V2 + "class Settings(BaseSettings):\n    url: str = Field(default=..., "
             "validation_alias=AliasChoices('DATABASE_URL', 'DB_URL'))\n"),
    "pydantic 1, env": (
        V1 + "class Settings(BaseSettings):\n    url: str = Field('sqlite:///x.db', env='DATABASE_URL')\n"
             "    debug: bool = False\n",
        V1 + "class Settings(BaseSettings):\n    url: str = Field(..., env='DATABASE_URL')\n    debug: bool = False\n"),
    "pydantic 1, a prefix": (
        V1 + "class Settings(BaseSettings):\n    debug: bool = False\n    db_host: str = 'db'  # the host\n\n"
             "    class Config:\n        env_prefix = 'APP_'\n",
        V1 + "class Settings(BaseSettings):\n    debug: bool = False\n    db_host: str  # the host\n\n"
             "    class Config:\n        env_prefix = 'APP_'\n"),
    "pydantic, an optional field": (
        V2 + "class Settings(BaseSettings):\n    db_user: 'str | None' = None\n    db_host: str | None = 'db'\n",
        V2 + "class Settings(BaseSettings):\n    db_user: 'str | None' = None\n    db_host: str\n"),
    "decouple": ("from decouple import config\n\nurl = config('DATABASE_URL', default='sqlite:///x.db', cast=str)\n",
                 "from decouple import config\n\nurl = config('DATABASE_URL', cast=str)\n"),
    "decouple, by position": ("from decouple import config\n\nurl = config('DATABASE_URL', 'sqlite:///x.db')\n",
                              "from decouple import config\n\nurl = config('DATABASE_URL')\n"),
    "environs": ("from environs import Env\n\nenv = Env()\nenv.read_env()\nurl = env.str('DATABASE_URL', 'sqlite:///x.db')\n",
                 "from environs import Env\n\nenv = Env()\nenv.read_env()\nurl = env.str('DATABASE_URL')\n"),
    "starlette": ("from starlette.config import Config\n\nconfig = Config('.env')\n"
                  "url = config('DATABASE_URL', cast=str, default='sqlite:///x.db')\n",
                  "from starlette.config import Config\n\nconfig = Config('.env')\n"
                  "url = config('DATABASE_URL', cast=str)\n"),
    "django-environ": ("import environ\n\nenv = environ.Env()\nDATABASES = {'default': env.db(default='sqlite:///x.db')}\n",
                       "import environ\n\nenv = environ.Env()\nDATABASES = {'default': env.db()}\n"),
    "dj-database-url, by position": ("import dj_database_url\n\nDATABASES = {'default': dj_database_url.config("
                                     "'DATABASE_URL', default='sqlite:///x.db')}\n", ""),
    "Flask": ("import os\n\n\nclass Config:\n    SQLALCHEMY_DATABASE_URI = os.environ.get('DATABASE_URL') or \\\n"
              "        'sqlite:///x.db'\n    DEBUG = True\n",
              "import os\n\n\nclass Config:\n    SQLALCHEMY_DATABASE_URI = os.environ['DATABASE_URL']\n"
              "    DEBUG = True\n"),
    "Django": ("import os\n\nDATABASES = {\n    'default': {\n        'ENGINE': 'django.db.backends.postgresql',\n"
               "        'HOST': os.getenv('DB_HOST', 'db'),  # the host\n        'PORT': 5432,\n    }\n}\n",
               "import os\n\nDATABASES = {\n    'default': {\n        'ENGINE': 'django.db.backends.postgresql',\n"
               "        'HOST': os.environ['DB_HOST'],  # the host\n        'PORT': 5432,\n    }\n}\n"),
    "dynaconf": ("from dynaconf import settings\n\nurl = settings.get('DATABASE_URL', 'sqlite:///x.db')\n",
                 "from dynaconf import settings\n\nurl = settings['DATABASE_URL']\n"),
    "click": ("import click\n\n\n@click.command()\n@click.option('--db-url', envvar='DATABASE_URL', "
              "default='sqlite:///x.db', help='where')\ndef serve(db_url):\n    pass\n",
              "import click\n\n\n@click.command()\n@click.option('--db-url', envvar='DATABASE_URL', "
              "required=True, help='where')\ndef serve(db_url):\n    pass\n"),
    "typer": ("import typer\n\n\ndef serve(db_url: str = typer.Option('sqlite:///x.db', envvar='DATABASE_URL')):\n"
              "    pass\n",
              "import typer\n\n\ndef serve(db_url: str = typer.Option(..., envvar='DATABASE_URL')):\n    pass\n"),
    "argparse": ("import argparse\n\nparser = argparse.ArgumentParser()\nparser.add_argument('--db-url', "
                 "default='sqlite:///x.db')\n",
                 "import argparse\n\nparser = argparse.ArgumentParser()\nparser.add_argument('--db-url', "
                 "required=True)\n"),
    "environ-config": ("import environ\n\n\n@environ.config(prefix='APP')\nclass Config:\n"
                       "    debug = environ.bool_var(True)\n    db_host = environ.var('db', help='the host')\n"
                       "    db_name = environ.var('app')\n",
                       "import environ\n\n\n@environ.config(prefix='APP')\nclass Config:\n"
                       "    debug = environ.bool_var(True)\n    db_host = environ.var(help='the host')\n"
                       "    db_name = environ.var()\n"),
}


def mended(folder: Path, files: dict[str, str]) -> Mending:
    """Writes files, and fixes what is said of them."""
    for name, text in {"main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n", ".git/HEAD": "", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    options = Options((folder,), Config(root=folder), RULES)
    found = mending(options, Wish(True, True))
    assert not write(found, options)[1]
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_a_default_goes(tmp_path: Path, name: str) -> None:
    before, after = TEXTS[name]
    found = mended(tmp_path, {"config.py": before})
    assert (tmp_path / "config.py").read_text("utf-8") == (after or before), (found.report.violations, found.refused)
    assert bool(found.report.violations) == (not after)


def test_an_option_that_no_variable_gives_is_named_as_it_is_written(tmp_path: Path) -> None:
    found = mended(tmp_path, {"config.py": TEXTS["argparse"][0]})
    assert [each.remedy.caution for each in found.report.fixed if each.remedy] == [
        "`--db-url` must then be given wherever the command is run"]


@pytest.mark.parametrize("text", [
    "import os\n\nif os.getenv('DATABASE_URL'):\n    url = os.environ['DATABASE_URL']\nelse:\n    url = 'sqlite:///x.db'\n"
    "    print(url)\n",
    "from decouple import config\n\nurl = config('DATABASE_URL', 'sqlite:///x.db', str)\n",
    "import os\n\nif os.environ.get('DATABASE_URL'): pass\nelse: os.environ.setdefault('DATABASE_URL', 'sqlite:///x.db')\n",
    "import os\n\nurl = os.environ['DATABASE_URL'] if debug else 'sqlite:///x.db'\n",
])
def test_what_is_written_in_another_way_stays(tmp_path: Path, text: str) -> None:
    assert mended(tmp_path, {"config.py": text}).files == {}
