"""What becomes of a literal address: the words in which the service reads a variable, and the variable's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gravity_lint.config import Config
from gravity_lint.fix.imports import with_import
from gravity_lint.fix.kinds import Refused
from gravity_lint.fix.literals import with_field
from gravity_lint.mending import Mending, Wish, mending, write
from gravity_lint.rulebook import load_rules
from gravity_lint.run import Options
from gravity_lint.violation import Remedy

RULES = tuple(rule for rule in load_rules() if rule.code in ("GRV001", "GRV101", "GRV103"))
ENGINE = "from sqlalchemy import create_engine\n"
URL = "'postgresql://app:s3cret@h/d'"
SETTINGS = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n"


def mended(folder: Path, files: dict[str, str]) -> Mending:
    """Writes files, and fixes what is said of them."""
    put(folder, {"main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n", ".git/HEAD": "", **files})
    options = Options((folder,), Config(root=folder), RULES)
    found = mending(options, Wish(True, True))
    assert not write(found, options)[1]
    return found


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def remedy(found: Mending) -> Remedy:
    only, = {violation.remedy for violation in found.report.fixed}
    assert only is not None
    return only


# ---- how it is read


WAYS: dict[str, tuple[str, str]] = {
    "os": (f"import os\n\n{ENGINE}\ne = create_engine({URL})\n",
           f"import os\n\n{ENGINE}\ne = create_engine(os.environ['DATABASE_URL'])\n"),
    "another name for os": (f"import os as system\n\n{ENGINE}\ne = create_engine({URL})\n",
                            f"import os as system\n\n{ENGINE}\ne = create_engine(system.environ['DATABASE_URL'])\n"),
    "environ": (f"from os import environ, path\n\n{ENGINE}\ne = create_engine({URL})\n",
                f"from os import environ, path\n\n{ENGINE}\ne = create_engine(environ['DATABASE_URL'])\n"),
    "decouple": (f"from decouple import config\n{ENGINE}\ndebug = config('DEBUG')\ne = create_engine({URL})\n",
                 f"from decouple import config\n{ENGINE}\ndebug = config('DEBUG')\n"
                 "e = create_engine(config('DATABASE_URL'))\n"),
    "environs": (f"from environs import Env\n{ENGINE}\nenv = Env()\nx = env.str('X')\ne = create_engine({URL})\n",
                 f"from environs import Env\n{ENGINE}\nenv = Env()\nx = env.str('X')\n"
                 "e = create_engine(env.str('DATABASE_URL'))\n"),
    "starlette": (f"from starlette.config import Config\n{ENGINE}\nconfig = Config()\nx = config('X')\n\n\n"
                  f"def f():\n    return create_engine({URL})\n",
                  f"from starlette.config import Config\n{ENGINE}\nconfig = Config()\nx = config('X')\n\n\n"
                  "def f():\n    return create_engine(config('DATABASE_URL'))\n"),
    "a reader that comes later": (
        f"from decouple import config\n{ENGINE}\ne = create_engine({URL})\ndebug = config('DEBUG')\n",
        f"import os\n\nfrom decouple import config\n{ENGINE}\ne = create_engine(os.environ['DATABASE_URL'])\n"
        "debug = config('DEBUG')\n"),
    "a comment inside": (f"{ENGINE}\ne = create_engine(\n    # the shop's\n    'postgresql://'  # and\n    'h/d',\n)\n",
                         f"import os\n\n{ENGINE}\n# and\ne = create_engine(\n    # the shop's\n"
                         "    os.environ['DATABASE_URL'],\n)\n"),
    "one line": (f"{ENGINE}def f(): x = 1; e = create_engine({URL}); return e  #\n",
                 f"import os\n\n{ENGINE}def f(): x = 1; e = create_engine(os.environ['DATABASE_URL']); return e  #\n"),
    "tabs and brackets": (f"{ENGINE}class A:\n\t@property\n\tdef f(self):\n\t\treturn create_engine((\n\t\t\t{URL}))\n",
                          f"import os\n\n{ENGINE}class A:\n\t@property\n\tdef f(self):\n\t\treturn create_engine("
                          "os.environ['DATABASE_URL'])\n"),
    "a formatted text": (
        f"import os\n\n{ENGINE}\nhost = os.environ['PG_HOST']\n"
        "e = create_engine(f'postgresql://{os.environ[\"PG_USER\"]}:pw@{host}:5432/{\"x\"}?a=1')\n",
        f"import os\n\n{ENGINE}\nhost = os.environ['PG_HOST']\n"
        "e = create_engine(f'postgresql://{os.environ[\"PG_USER\"]}:{os.environ[\"PG_PASSWORD\"]}@{host}:5432/{\"x\"}"
        "?a=1')\n"),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_literal_is_read(tmp_path: Path, name: str) -> None:
    before, after = WAYS[name]
    found = mended(tmp_path, {"db.py": before})
    assert (tmp_path / "db.py").read_text("utf-8") == after, found.refused
    assert found.report.violations == ()
    assert "s3cret" not in (tmp_path / ".env.example").read_text("utf-8")


HOMES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "an object that is imported": (
        {"app/config.py": f"{SETTINGS}\n\nsettings = Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom app.config import settings\n\ne = create_engine({URL}, echo=settings.debug)\n"},
        {"app/config.py": f"{SETTINGS}    database_url: str\n\n\nsettings = Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom app.config import settings\n\n"
                      "e = create_engine(settings.database_url, echo=settings.debug)\n"}),
    "an object that others import": (
        {"app/config.py": f"{SETTINGS}\n\nsettings = Settings()\n",
         "app/api.py": "from app.config import settings\n\ndebug = settings.debug\n",
         "app/db.py": f"{ENGINE}\ne = create_engine({URL})\n"},
        {"app/config.py": f"{SETTINGS}    database_url: str\n\n\nsettings = Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom app.config import settings\n\ne = create_engine(settings.database_url)\n"}),
    "a function that gives it": (
        {"app/config.py": f"{SETTINGS}\n\ndef get_settings():\n    return Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom .config import get_settings\n\n\ndef f():\n    return create_engine({URL})\n"},
        {"app/config.py": f"{SETTINGS}    database_url: str\n\n\ndef get_settings():\n    return Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom .config import get_settings\n\n\ndef f():\n"
                      "    return create_engine(get_settings().database_url)\n"}),
    "a prefix, and names in capitals": (
        {"app/config.py": "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n"
                          "    DEBUG: bool = False\n    model_config = {'env_prefix': 'SHOP_'}\n\n\n"
                          "settings = Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom app import config\n\ne = create_engine({URL})\n"},
        {"app/config.py": "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n"
                          "    DEBUG: bool = False\n    DATABASE_URL: str\n"
                          "    model_config = {'env_prefix': 'SHOP_'}\n\n\n"
                          "settings = Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom app import config\n\ne = create_engine(config.settings.DATABASE_URL)\n",
         ".env.example": "SHOP_DATABASE_URL=postgresql://app:***@h/d\n"}),
    "settings that import the module": (
        {"app/config.py": f"from app import db\n{SETTINGS}\n\nsettings = Settings()\n",
         "app/api.py": "from app.config import settings\n\ndebug = settings.debug\n",
         "app/db.py": f"{ENGINE}\ne = create_engine({URL})\n"},
        {"app/config.py": f"from app import db\n{SETTINGS}\n\nsettings = Settings()\n",
         "app/db.py": f"import os\n\n{ENGINE}\ne = create_engine(os.environ['DATABASE_URL'])\n"}),
    "a field that is there": (
        {"app/config.py": f"{SETTINGS}    database_url: str\n\n\nsettings = Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom app.config import settings\n\ne = create_engine({URL})\n"},
        {"app/config.py": f"{SETTINGS}    database_url: str\n\n\nsettings = Settings()\n",
         "app/db.py": f"{ENGINE}\nfrom app.config import settings\n\ne = create_engine(settings.database_url)\n"}),
}


@pytest.mark.parametrize("name", HOMES)
def test_a_literal_becomes_a_field_of_the_settings(tmp_path: Path, name: str) -> None:
    before, after = HOMES[name]
    found = mended(tmp_path, {"app/__init__.py": "", **before})
    for path, text in after.items():
        assert (tmp_path / path).read_text("utf-8") == text, found.refused
    assert found.report.violations == ()


# ---- what it is called


def test_two_databases_have_two_names_and_one_has_one(tmp_path: Path) -> None:
    mended(tmp_path, {"a.py": f"{ENGINE}one = create_engine('postgresql://h/shop')\n"
                              "two = create_engine('postgresql://h/reports_db')\n",
                      "b.py": f"{ENGINE}one = create_engine('postgresql://h/shop')\n"})
    assert (tmp_path / "a.py").read_text("utf-8") == \
        f"import os\n\n{ENGINE}one = create_engine(os.environ['DATABASE_URL'])\n" \
        "two = create_engine(os.environ['REPORTS_DATABASE_URL'])\n"
    assert "os.environ['DATABASE_URL']" in (tmp_path / "b.py").read_text("utf-8")
    assert (tmp_path / ".env.example").read_text("utf-8") == \
        "DATABASE_URL=postgresql://h/shop\nREPORTS_DATABASE_URL=postgresql://h/reports_db\n"


@pytest.mark.parametrize(("told", "name"), [
    ("PG_DSN=postgresql://db/d\n", "PG_DSN"), ("API_URL=http://x\n", "DATABASE_URL"),
    ("PG_DSN=x\nPG_URL=y\n", "DATABASE_URL"), ("REDIS_URL=redis://r\n", "DATABASE_URL"),
])
def test_a_name_that_the_deployment_sets_and_nobody_reads_is_taken(tmp_path: Path, told: str, name: str) -> None:
    found = mended(tmp_path, {".env.example": told, "db.py": f"{ENGINE}e = create_engine({URL})\n"})
    assert f"os.environ['{name}']" in (tmp_path / "db.py").read_text("utf-8")
    assert remedy(found).applicability == ("safe" if name in told else "unsafe")


def test_a_name_that_is_read_already_is_told(tmp_path: Path) -> None:
    found = mended(tmp_path, {"a.py": f"import os\n{ENGINE}e = create_engine(os.environ['DATABASE_URL'])\n",
                              "b.py": f"{ENGINE}e = create_engine({URL})\n"})
    assert remedy(found).caution.startswith("`DATABASE_URL` is read already: both are the same database then; ")


def test_the_stages_of_a_configuration_have_one_name(tmp_path: Path) -> None:
    text = "import os\n\n\nclass {}:\n    SQLALCHEMY_DATABASE_URI = {}\n\n\n" \
           "class {}:\n    SQLALCHEMY_DATABASE_URI = {}\n"
    read = "os.environ['DATABASE_URL']"
    found = mended(tmp_path, {
        "config.py": text.format("Dev", "'mysql://a:b@localhost/dev'", "Prod", "'mysql://c:d@db/shop'"),
        "app.py": "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\n\napp = Flask(__name__)\n"
                  "app.config.from_object('config.Dev')\ndb = SQLAlchemy(app)\n"})
    assert (tmp_path / "config.py").read_text("utf-8") == text.format("Dev", read, "Prod", read)
    assert (tmp_path / ".env.example").read_text("utf-8") == "DATABASE_URL=mysql://a:***@localhost/dev\n"
    assert len(found.report.fixed) == 2


def test_a_name_that_is_read_for_another_database_is_not_taken(tmp_path: Path) -> None:
    mended(tmp_path, {".env.example": "DATABASE_URL=postgresql://h/other\n",
                      "a.py": f"import os\n{ENGINE}e = create_engine(os.environ['DATABASE_URL'])\n",
                      "b.py": f"{ENGINE}e = create_engine('postgresql://h/shop')\n"})
    assert "os.environ['SHOP_DATABASE_URL']" in (tmp_path / "b.py").read_text("utf-8")


def test_what_may_be_one_of_several_is_only_shown(tmp_path: Path) -> None:
    found = mended(tmp_path, {"db.py": f"{ENGINE}import sys\nif sys.argv:\n    url = 'postgresql://h/a'\nelse:\n"
                                       "    url = 'postgresql://h/b'\ne = create_engine(url)\n"})
    assert found.files == {}
    assert {each.remedy.applicability for each in found.report.violations if each.remedy} == {"display"}


def test_what_stands_in_for_something_else_is_only_shown(tmp_path: Path) -> None:
    found = mended(tmp_path, {"db.py": f"{ENGINE}import sys\n\ne = create_engine(sys.argv[1] or 'postgresql://h/a')\n"
                                       f"f = None or create_engine({URL})\n"})
    assert [each.remedy.applicability for each in found.report.violations if each.remedy] == ["display"]
    assert [each.place.line for each in found.report.fixed] == [5]


@pytest.mark.parametrize(("before", "reason"), [
    (f"{ENGINE}os = 1\ne = create_engine({URL})\n", "`os` is something else in this file"),
    (f"{ENGINE}import os\nh = os.environ['PG_HOST']\ne = create_engine(f'postgresql://a\\x62:pw@{{h}}/d')\n",
     "the address holds escaped characters"),
])
def test_what_cannot_be_done_rightly_is_refused(tmp_path: Path, before: str, reason: str) -> None:
    found = mended(tmp_path, {"db.py": before})
    assert found.files == {}
    assert [each.reason for each in found.refused] == [reason]


# ---- imports and fields


IMPORTS = [
    ("", "import os\n"), ("x = 1\n", "import os\n\nx = 1\n"), ("def f(): pass\n", "import os\n\n\ndef f(): pass\n"),
    ('"""Doc."""\n', '"""Doc."""\n\nimport os\n'), ('"""Doc."""\n\nx = 1\n', '"""Doc."""\n\nimport os\n\nx = 1\n'),
    ('"""Doc."""\nx = 1\n', '"""Doc."""\n\nimport os\n\nx = 1\n'),
    ("#!/usr/bin/env python\nx = 1\n", "#!/usr/bin/env python\nimport os\n\nx = 1\n"),
    ("# licence\n\nx = 1\n", "# licence\n\nimport os\n\nx = 1\n"),
    ("import os\n", "import os\n"), ("import os, sys\n", "import os, sys\n"),
    ("import sys\n", "import os\nimport sys\n"), ("import abc\nimport sys\n", "import abc\nimport os\nimport sys\n"),
    ("from abc import ABC\n", "import os\nfrom abc import ABC\n"),
    ("from __future__ import annotations\n\nimport click\n",
     "from __future__ import annotations\n\nimport os\n\nimport click\n"),
    ("from __future__ import annotations\nx = 1\n", "from __future__ import annotations\n\nimport os\n\nx = 1\n"),
    ("import click\n", "import os\n\nimport click\n"), ("from . import a\n", "import os\n\nfrom . import a\n"),
    ("# head\nimport click\n", "# head\nimport os\n\nimport click\n"),
    ("x = 1\nimport sys\n", "import os\n\nx = 1\nimport sys\n"),
    ("import (\n", None), ("import json\r\nx = 1\r\n", "import json\r\nimport os\r\nx = 1\r\n"),
    ("import json", "import json\nimport os"), ("def os(): pass\n", None), ("os: int = 1\n", None),
]


@pytest.mark.parametrize(("before", "after"), IMPORTS)
def test_an_import_comes_where_it_belongs(before: str, after: str | None) -> None:
    if after is None:
        if "os" in before:
            with pytest.raises(Refused):
                with_import(before, "import os")
        return
    assert with_import(before, "import os") == after
    assert with_import(after, "import os") == after


@pytest.mark.parametrize(("before", "after"), [
    ("class A:\n    a: int\n    b: int = 1\n\n    def f(self): pass\n",
     "class A:\n    a: int\n    b: int = 1\n    new: str\n\n    def f(self): pass\n"),
    ("class A:\n\tdb_host: str  # host\n\tz: int", "class A:\n\tdb_host: str  # host\n\tnew: str\n\tz: int"),
    ("class A:\n  a: int", "class A:\n  a: int\n  new: str"),
    ("class A:\r\n  a: int\r\n", "class A:\r\n  a: int\r\n  new: str\r\n"),
    ("class A:\n  new: str\n", "class A:\n  new: str\n"), ("class A: a: int\n", None), ("class A: pass\n", None),
    ("class B:\n  a: int\n", None),
    ("class A:\n  é: str = '''é\n  x'''; b = 1\n", "class A:\n  é: str = '''é\n  x'''; b = 1\n  new: str\n"),
])
def test_a_field_comes_where_it_belongs(before: str, after: str | None) -> None:
    if after is None:
        with pytest.raises(Refused):
            with_field(before, "A", "new: str")
    else:
        assert with_field(before, "A", "new: str") == after
