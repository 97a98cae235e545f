"""What is read is never run, nothing but the report is written, no password is shown, and one tree gives one report."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gravity_lint
from gravity_lint import mask as mask_module
from gravity_lint.cli import cli
from tests.safely import SAFELY

HOME = Path(gravity_lint.__file__).resolve().parent.parent
SHOP = HOME / "fixtures" / "shop"
GOOD = """from fastapi import FastAPI
from sqlalchemy import create_engine

app = FastAPI()
engine = create_engine("postgresql://shop:s3cret@db/shop")
"""
CANARY = "import pathlib; (pathlib.Path({marks!r}) / __name__).touch(); raise SystemExit('a canary was run')\n"


def python(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs this Python with this package to be found, and nothing else of the environment that matters."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "GRAVITY", "COV")) and name not in ("NO_COLOR", "FORCE_COLOR")}
    return subprocess.run([sys.executable, "-B", *arguments], cwd=cwd, capture_output=True, text=True, encoding="utf-8",
                          timeout=120, check=False, env={**kept, "PYTHONPATH": str(HOME), **environment})


# ---- nothing is run


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The modules that `python -m` itself imports before the first line of the module that is named."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "nothing.py").write_text("import sys\nprint(*sys.modules)\n", "utf-8")
    return frozenset(name.split(".")[0] for name in python("-m", "nothing", cwd=folder).stdout.split())


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """Where canaries leave their names when they are run."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


def cage(root: Path, marks: Path, spared: frozenset[str]) -> None:
    """A service that holds a canary under every name that something might import or run."""
    root.mkdir()
    (root / "main.py").write_text(GOOD, "utf-8")
    libraries = {"yaml", "_yaml", "libcst", "click", "tomli", "pathspec", "wcwidth", "tree_sitter",
                 "tree_sitter_python", "gravity_lint", "colorama", "exceptiongroup", "typing_extensions"}
    hooks = {"setup", "conftest", "sitecustomize", "usercustomize", "manage", "tasks", "hatch_build", "backend"}
    text = CANARY.format(marks=str(marks))
    for name in sorted({*sys.stdlib_module_names, *libraries, *hooks} - spared):
        (root / f"{name}.py").write_text(text, "utf-8")
    for name in sorted(libraries - spared):
        (root / "src" / name).mkdir(parents=True)
        (root / "src" / name / "__init__.py").write_text(text, "utf-8")
    for path in ("alembic/env.py", "alembic/versions/0001_first.py", "migrations/env.py", ".venv/x.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    (root / "canary.pth").write_text(text.replace("import pathlib; ", "import pathlib;"), "utf-8")
    (root / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n\n[project]\nname = 'shop'\n"
        "dynamic = ['version']\n\n[tool.setuptools.dynamic]\nversion = {attr = 'setup.version'}\n", "utf-8")
    (root / "compose.yaml").write_text(
        f"services:\n  db: !!python/object/apply:os.mkdir ['{marks}/yaml']\n  api: {{image: postgres}}\n", "utf-8")


def told(result: subprocess.CompletedProcess[str], marks: Path) -> None:
    assert [path.name for path in marks.iterdir()] == []
    assert result.stderr == ""
    assert result.returncode == 1
    assert "main.py:5:24: GRV101 " in result.stdout


@pytest.mark.parametrize("command", [["check"], ["services"]], ids=" ".join)
def test_the_installed_command_runs_nothing(command: list[str], tmp_path: Path, marks: Path) -> None:
    cage(tmp_path / "shop", marks, frozenset())
    script = tmp_path / "bin" / "gravity-lint"
    script.parent.mkdir()
    script.write_text("import sys\nfrom gravity_lint.cli import main\nsys.exit(main())\n", "utf-8")
    result = python(str(script), *command, cwd=tmp_path / "shop")
    if command == ["check"]:
        told(result, marks)
    assert [path.name for path in marks.iterdir()] == []


def test_the_module_runs_nothing(tmp_path: Path, marks: Path, bare: frozenset[str]) -> None:
    """As `python -m gravity_lint`, which Python looks for in the current directory: all the rest it does not."""
    cage(tmp_path / "shop", marks, bare | {"gravity_lint"})
    told(python("-m", "gravity_lint", "check", cwd=tmp_path / "shop"), marks)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no safe path")
def test_the_module_runs_nothing_on_a_safe_path(tmp_path: Path, marks: Path) -> None:
    cage(tmp_path / "shop", marks, frozenset())
    told(python(SAFELY, "-m", "gravity_lint", "check", cwd=tmp_path / "shop"), marks)


WATCHED = '''
import io
import os
import sys

TREE, OUTPUT = sys.argv[1], sys.argv[2]
FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "os.startfile",
             "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown",
             "os.truncate", "os.utime", "os.putenv", "os.kill", "os.setxattr", "shutil.", "ctypes.dlopen", "pty.",
             "urllib.", "http.", "ftplib.", "smtplib.", "pickle.", "sqlite3.", "webbrowser.", "code.__new__")
met = []


def watch(event, arguments):
    if event.startswith(FORBIDDEN):
        met.append((event, arguments))
    elif event == "open":
        path, mode, flags = arguments
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC))
        own = isinstance(path, int) or bool(OUTPUT) and os.path.basename(OUTPUT) in str(path)
        if writes and not own:
            met.append((event, arguments))
    elif event == "exec":
        if arguments[0].co_filename == "<unknown>" or TREE in arguments[0].co_filename:
            met.append((event, arguments))
    elif event == "compile":
        source, path = arguments
        text = source.decode("utf-8", "replace") if isinstance(source, bytes) else str(source)
        if "READ_ONLY" in text and path != "<unknown>":  # what `ast.parse` names what it only parses
            met.append((event, arguments))
    elif event == "import" and arguments[1] and TREE in str(arguments[1]):
        met.append((event, arguments))


from gravity_lint.cli import cli

output = ["-o", OUTPUT] if OUTPUT else []
sys.addaudithook(watch)
try:
    cli(["check", "--no-cache", *sys.argv[3:], *output])
except SystemExit as end:
    code = end.code
own = (OUTPUT + ".", os.path.join(os.path.dirname(OUTPUT), "." + os.path.basename(OUTPUT))) if OUTPUT else ()
for event, arguments in met:
    if not (own and event in ("os.rename", "os.chmod", "os.remove") and str(arguments[0]).startswith(own)):
        print("MET", event, arguments, file=sys.stderr)
sys.exit(code)
'''


@pytest.mark.parametrize("options", [["-f", "concise"], ["-f", "full"], ["-f", "json"], ["--statistics"]], ids=" ".join)
@pytest.mark.parametrize("output", ["", "report.txt"])
def test_only_reads(options: list[str], output: str, tmp_path: Path) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "main.py").write_text(GOOD + 'READ_ONLY = __import__("os").system\n', "utf-8")
    (root / "wrong.py").write_text("READ_ONLY = 1\n\n\ndef f(:\n", "utf-8")
    (root / "compose.yaml").write_text("services:\n  db:\n    image: postgres\n", "utf-8")
    (root / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n", "utf-8")
    (root / "Dockerfile").write_text("FROM python\nENV DATABASE_URL=postgresql://a:b@c/d\n", "utf-8")
    (root / "init.sh").write_text("$(touch run) `touch run`; createdb shop; . ./other.sh\ntouch run\n", "utf-8")
    (root / "init.ps1").write_text("New-Item run; psql -c \"CREATE DATABASE shop $(New-Item run)\"\n", "utf-8")
    (root / "init.sql").write_text("CREATE DATABASE shop;\n\\! touch run\n", "utf-8")
    (root / ".env.example").write_text("DATABASE_URL=$(touch run)\nexport PATH=`touch run`\n", "utf-8")
    script = tmp_path / "watched.py"
    script.write_text(WATCHED, "utf-8")
    before = {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*"))}
    result = python(str(script), str(root), str(tmp_path / output) if output else "", *options, cwd=root)
    assert result.stderr == ""
    assert result.returncode == 1
    assert {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*"))} == before
    shown = (tmp_path / output).read_text("utf-8") if output else result.stdout
    assert "GRV101" in shown or "hardcoded-database-url" in shown


OUTSIDE = '''
import os
import sys

OUTER = os.path.realpath(sys.argv[1])


def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        real = os.path.realpath(arguments[0])
        if real.startswith(OUTER) and not real.startswith(os.path.join(OUTER, "repo") + os.sep):
            print("READ", arguments[0], file=sys.stderr)


from gravity_lint.cli import cli

sys.addaudithook(watch)
cli(["check", "-f", "concise"])
'''
ENGINE = """import os
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

app = FastAPI()
engine = create_async_engine(os.environ["DATABASE_URL"])
"""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_what_files_name_outside_of_the_tree_is_not_read(tmp_path: Path) -> None:
    """Environment files, builds and links that lead out of the repository, or to what is no file."""
    outer, shop = tmp_path / "outer", tmp_path / "outer" / "repo" / "shop"
    (shop / "folder.env").mkdir(parents=True)
    (outer / "repo" / ".git").mkdir()
    secret = "DATABASE_URL=postgresql+psycopg2://shop:PASSW0RD@db/shop\n"
    for path in (outer / "secret.env", outer / "secret.env.example", outer / ".env.example", shop / "own.env"):
        path.write_text(secret, "utf-8")
    (outer / "Dockerfile").write_text("FROM postgres\nENV DATABASE_URL=postgresql+psycopg2://a:PASSW0RD@b/c\n", "utf-8")
    (outer / "init.sh").write_text("psql -c 'CREATE DATABASE secret'\n", "utf-8")
    (shop / "main.py").write_text(ENGINE, "utf-8")
    os.mkfifo(shop / "pipe.env")
    os.mkfifo(shop / "other.env.example")
    (shop / "link.env").symlink_to(outer / "secret.env")
    (shop / "zero.env").symlink_to("/dev/zero")
    (shop / "loop.env").symlink_to("loop.env")
    (shop / "linked").symlink_to(outer, target_is_directory=True)
    files = ["/etc/passwd", str(outer / "secret.env"), "../../secret.env", "../../.env", "linked/secret.env",
             "link.env", "zero.env", "loop.env", "pipe.env", "other.env", "folder.env", "/dev/stdin", "own.env", "",
             ".", "x" * 5000]
    (shop / "compose.yaml").write_text("services:\n  api:\n    build: .\n    env_file:\n" + "".join(
        f"      - {json.dumps(path)}\n" for path in files) + "".join(
        f"  db{number}:\n    build: {json.dumps(path)}\n" for number, path in enumerate(
            ("../..", str(outer), "/", "~", "folder.env", "pipe.env"))), "utf-8")
    script = tmp_path / "watched.py"
    script.write_text(OUTSIDE, "utf-8")
    result = python(str(script), str(outer), cwd=shop)
    assert result.stderr == ""
    assert [line for line in result.stdout.splitlines() if "GRV107" in line and "own.env:1:" not in line] == []
    assert "own.env:1:14: GRV107 " in result.stdout


# ---- no password is shown

PASSWORDS = st.text("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!*+-_.~", min_size=9, max_size=40).map(
    lambda text: f"Zq7{text}kX9")
PLACES = {
    "urls.py": """from sqlalchemy import create_engine
import asyncpg, psycopg2, pymongo, redis, os, pymysql

one = create_engine("postgresql://shop:PASSW0RD@db/shop")
two = create_engine(f"postgresql://{os.environ['USER']}:PASSW0RD@{os.environ['HOST']}/shop")
three = create_engine("postgresql://shop:" + "PASSW0RD" + "@db/shop")
four = create_engine("postgresql://%s:%s@db/shop" % ("shop", "PASSW0RD"))
five = create_engine("postgresql://{}:{}@db/shop".format("shop", "PASSW0RD"))
six = create_engine(os.getenv("DATABASE_URL", "postgresql+asyncpg://shop:PASSW0RD@db:5432/shop?ssl=1"))
seven = create_engine(os.environ.get("DATABASE_URL") or "mysql://shop:PASSW0RD@db/shop")
eight = psycopg2.connect("host=db user=shop password=PASSW0RD dbname=shop")
nine = psycopg2.connect(host="db", user="shop", password="PASSW0RD", dbname="shop")
ten = asyncpg.create_pool(host=os.environ["HOST"], user="shop", password="PASSW0RD")
eleven = pymongo.MongoClient("mongodb+srv://shop:PASSW0RD@cluster/shop?authSource=admin")
twelve = redis.Redis(host="cache", password="PASSW0RD")
thirteen = redis.from_url("redis://:PASSW0RD@cache:6379/0")
fourteen = pymysql.connect(host="db", user="shop", passwd="PASSW0RD", db="shop")
""",
    "settings.py": """from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy import URL, create_engine

class Settings(BaseSettings):
    database_url: str = "postgresql://shop:PASSW0RD@db/shop"
    db_password: str = "PASSW0RD"
    postgres_password: SecretStr = Field(default="PASSW0RD", alias="POSTGRES_PASSWORD")
    mongo_pass: str = Field("PASSW0RD")

settings = Settings()
DB_PASSWORD = "PASSW0RD"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "db", "USER": "a", "PASSWORD": "PASSW0RD"}}
engine = create_engine(settings.database_url)
other = create_engine(URL.create("postgresql", username="shop", password="PASSW0RD", host="db", database="shop"))
third = create_engine(URL.create("postgresql", username="shop", password=DB_PASSWORD, host="db", database="shop"))
fourth = create_engine(f"postgresql://shop:{settings.db_password}@db/shop")
""",
    "sql.py": """import psycopg2
from sqlalchemy import text

def install(connection, cursor):
    cursor.execute("CREATE USER shop WITH PASSWORD 'PASSW0RD'")
    cursor.execute("CREATE ROLE shop LOGIN ENCRYPTED PASSWORD 'PASSW0RD'")
    cursor.execute("CREATE USER 'shop'@'%' IDENTIFIED BY 'PASSW0RD'")
    cursor.execute('CREATE USER shop IDENTIFIED BY "PASSW0RD"')
    connection.execute(text("ALTER USER shop WITH PASSWORD 'PASSW0RD'"))
    connection.execute(text(\"\"\"
        GRANT ALL ON shop.* TO 'shop'@'%' IDENTIFIED BY 'PASSW0RD'
    \"\"\"))
""",
    "compose.yaml": """services:
  api:
    build: .
    environment:
      DATABASE_URL: postgresql://shop:PASSW0RD@db/shop
      DB_PASSWORD: PASSW0RD
  db:
    image: postgres:16
    environment:
      - POSTGRES_PASSWORD=PASSW0RD
      - POSTGRES_USER=shop
    command: ["redis-server", "--requirepass", "PASSW0RD"]
""",
    "alembic.ini": """[alembic]
script_location = alembic
sqlalchemy.url = postgresql://shop:PASSW0RD@db/shop
""",
    "alembic/env.py": """from alembic import context

context.config.set_main_option("sqlalchemy.url", "postgresql://shop:PASSW0RD@db/shop")
""",
    "Dockerfile": """FROM python:3.12
ENV DB_PASSWORD=PASSW0RD DATABASE_URL=postgresql://shop:PASSW0RD@db/shop
ENV POSTGRES_PASSWORD "PASSW0RD"
ARG DATABASE_URL="postgresql://shop:PASSW0RD@db/shop"
CMD ["api", "--db", "postgresql://shop:PASSW0RD@db/shop"]
""",
    "k8s/deployment.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - name: api
          image: shop/api
          env:
            - name: DATABASE_URL
              value: postgresql://shop:PASSW0RD@db/shop
            - name: DB_PASSWORD
              value: PASSW0RD
""",
    "init.sh": """PGPASSWORD=PASSW0RD psql -c "CREATE DATABASE shop"
mysql -uroot -p"PASSW0RD" -e "CREATE USER a IDENTIFIED BY 'PASSW0RD'"
mysqladmin -u root password PASSW0RD && mysqladmin create shop
redis-cli -a PASSW0RD ACL SETUSER shop on ">PASSW0RD" allkeys
mongo -u a -p PASSW0RD --eval "db.createUser({user: 'a', pwd: 'PASSW0RD'})"
sqlcmd -U sa -P 'PASSW0RD' -Q "CREATE LOGIN shop WITH PASSWORD = N'PASSW0RD'"
sshpass -p PASSW0RD createdb shop
az mysql flexible-server create -p PASSW0RD -n shop
gcloud sql users create shop --password PASSW0RD --instance=i
echo PASSW0RD | createuser -P shop
psql -c 'CREATE ROLE shop PASSWORD $$PASSW0RD$$'
psql <<EOF
CREATE USER shop
  WITH PASSWORD 'PASSW0RD';
SET PASSWORD FOR shop = PASSWORD('PASSW0RD');
EOF
""",
    "init.ps1": """$env:PGPASSWORD = 'PASSW0RD'; psql -c "CREATE DATABASE shop"
& mysql "-pPASSW0RD" -e "CREATE DATABASE shop"
Invoke-Sqlcmd -Username sa -Password PASSW0RD -Query "CREATE DATABASE shop"
New-DbaLogin -SqlInstance x -SecurePassword (ConvertTo-SecureString -String "PASSW0RD" -AsPlainText -Force)
""",
    "init.sql": """CREATE USER shop WITH PASSWORD $tag$PASSW0RD$tag$;
ALTER ROLE shop WITH PASSWORD U&'PASSW0RD';
CREATE LOGIN shop WITH PASSWORD = N'PASSW0RD';
CREATE USER shop IDENTIFIED BY PASSW0RD;
ALTER USER shop IDENTIFIED BY 'PASSW0RD' REPLACE 'PASSW0RD';
CREATE USER shop IDENTIFIED VIA mysql_native_password USING PASSWORD('PASSW0RD');
SET PASSWORD FOR shop TO 'PASSW0RD';
DO $$ BEGIN EXECUTE 'CREATE USER shop PASSWORD ''PASSW0RD'''; END $$;
DO $$ BEGIN EXECUTE format('CREATE USER %I PASSWORD %L', 'shop', 'PASSW0RD'); END $$;
EXEC sp_addlogin 'shop', 'PASSW0RD';
""",
    "backup.py": """import logging, os, subprocess

def back_up(cursor):
    subprocess.run("PGPASSWORD=PASSW0RD pg_dump shop", shell=True)
    subprocess.run(["mysqldump", "-uroot", "-pPASSW0RD", "shop"])
    subprocess.run(["mongodump", "-u", "a", "-p", "PASSW0RD", "--db", "shop"])
    subprocess.run(["redis-cli", "-a", "PASSW0RD", "bgsave"])
    subprocess.run(["redis-cli", "-a", "a PASSW0RD b", "bgsave"])
    subprocess.run(["env", "PGPASSWORD=PASSW0RD", "pg_dump", "shop"])
    os.system('PGPASSWORD="PASSW0RD" pg_dump shop')
    os.system("sqlcmd -Q \\"CREATE LOGIN shop WITH PASSWORD = N'PASSW0RD'\\"")
    os.system("mongo --eval \\"db.createUser({user: 'a', pwd: 'PASSW0RD', roles: []})\\"")
    cursor.execute("ALTER ROLE shop WITH PASSWORD %s" % "'PASSW0RD'")
    cursor.execute("CREATE USER shop PASSWORD $$PASSW0RD$$")
    cursor.execute("SET PASSWORD FOR shop = 'PASSW0RD'")
    cursor.execute("CHANGE MASTER TO MASTER_PASSWORD='PASSW0RD'")
    logging.info("postgresql://shop:%s@db/shop", "PASSW0RD")
    logging.info("postgresql://shop:PASSW0RD@db/shop")
""",
    "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=PASSWORDS)
def test_no_password_is_shown(password: str, tmp_path: Path) -> None:
    for path, text in PLACES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text.replace("PASSW0RD", password), "utf-8")
    found: set[str] = set()
    for output in ("concise", "full", "json"):
        result = CliRunner().invoke(cli, ["check", "--isolated", "-f", output, str(tmp_path)], catch_exceptions=False)
        assert result.exit_code == 1
        assert [line for line in result.output.splitlines() if password in line] == []
        if output == "json":
            found = {each["code"] for each in json.loads(result.stdout)["violations"]}
    assert {"GRV101", "GRV102", "GRV105", "GRV202", "GRV203", "GRV204", "GRV402", "GRV601", "GRV604"} <= found


# ---- one tree, one report


def test_the_same_report_for_every_seed() -> None:
    reports = {python("-m", "gravity_lint", "check", "-f", "json", str(SHOP), cwd=HOME, PYTHONHASHSEED=seed).stdout
               for seed in ("0", "1", "2")}
    assert len(reports) == 1
    assert len(json.loads(reports.pop())["violations"]) > 20


def report(*paths: str) -> str:
    return CliRunner().invoke(cli, ["check", "--isolated", "-f", "concise", *paths], catch_exceptions=False).output


def test_the_same_report_for_every_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(shop)
    files = sorted(str(path.relative_to(shop)) for path in shop.rglob("*") if path.is_file())
    whole = report(".")
    assert report(*files) == whole
    for seed in range(3):
        assert report(*random.Random(seed).sample(files, len(files))) == whole
        assert report(*random.Random(seed).choices(files, k=len(files)), ".") == whole


def test_the_same_report_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHOP)
    *here, fixable = report(".").splitlines()
    monkeypatch.chdir(SHOP.parent)
    assert report("shop").splitlines() == [*(f"shop/{line}" for line in here), fixable]
    monkeypatch.chdir(tmp_path)
    prefix = os.path.relpath(SHOP, tmp_path).replace(os.sep, "/")
    assert report(str(SHOP)).splitlines() == [*(f"{prefix}/{line}" for line in here), fixable]


@given(st.lists(st.sampled_from((
    "password", "PASSWORD ", "identified by ", "alter user a ", " replace ", "'", '"', "$a$", "secret", "x", " ", "=",
    "--db-pass ", "requirepass ", "mysql ", "mariadb-admin ", "redis-cli ", " -a ", " -p", " -P ", "mongo ", "sqlcmd ",
    "sshpass", "az postgres ", "-pwd ", "ConvertTo-SecureString ", "echo ", " | psql -W", "sp_password ", "setuser a ",
    ">", "%s", ", ", "(", ")", "\u017f", "\u212a", "postgres://u:", "@h", "\n")), max_size=12).map("".join))
def test_what_cannot_hold_a_password_is_left_out_soundly(text: str) -> None:
    """Patterns are not tried where a word that they need is missing: nothing else is hidden for that."""
    with pytest.MonkeyPatch.context() as patch:
        found = mask_module.mask(text)
        for name in ("_PATTERNS", "_SEVERAL"):
            patch.setattr(mask_module, name, tuple((("",), *rest) for _, *rest in getattr(mask_module, name)))
        mask_module._masked.cache_clear()
        assert mask_module.mask(text) == found
        mask_module._masked.cache_clear()
