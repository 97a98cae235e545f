"""What scripts run: the words of their commands, where they stand, and that no text is too much."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gravity_lint.facts.powershell import parse_powershell
from gravity_lint.facts.shell import parse_shell
from gravity_lint.facts.sql import HOLE
from gravity_lint.facts.words import Command, Word
from gravity_lint.link.scripts import deeds
from tests.tree import discovered

Parse = Callable[[bytes], tuple[Command, ...]]


def shown(commands: tuple[Command, ...]) -> list[list[str]]:
    """Each command's words, then `<` before each text on its input."""
    texts = [[word.text for word in each.words] + [f"<{word.text}" for word in each.input] for each in commands]
    return [[text.replace(HOLE, "…") for text in each] for each in texts]


SHELL = [
    ("psql -c 'a b'", [["psql", "-c", "a b"]]),
    ('psql -c"a b" --command="c d"', [["psql", "-ca b", "--command=c d"]]),
    ("psql a\\ b \\\n  'c'\"d\"e", [["psql", "a b", "cde"]]),
    ('psql "a \\"b\\" \\$c \\\\ \\n"', [["psql", 'a "b" $c \\ \\n']]),
    ("psql '$x' \"$x\" ${x:-y} $(date)", [["psql", "$x", "…", "…", "…"], ["date"]]),
    ("# psql -c x\necho y # psql", [["echo", "y"]]),
    ("X=1 psql a | grep b && createdb c || exit 1", [["psql", "a"], ["grep", "b"], ["createdb", "c"], ["exit", "1"]]),
    ("if ! psql a; then createdb b; fi", [["psql", "a"], ["createdb", "b"]]),
    ("x=$(psql a)", [["psql", "a"]]),
    ("psql <<EOF\na $x \\$b\nEOF", [["psql", "<a … $b\n"]]),
    ("psql <<'EOF' >/dev/null 2>&1\na $x\nEOF", [["psql", "<a $x\n"]]),
    ("psql <<-EOF || exit 1\n\ta\n\tEOF", [["psql", "<a\n\t"], ["exit", "1"]]),
    ("cat <<EOF | docker exec -i db psql\na\nEOF", [["cat", "<a\n"], ["docker", "exec", "-i", "db", "psql", "<a\n"]]),
    ("psql <<< \"a $x\"", [["psql", "<a …"]]),
    ("echo -e 'a' | psql", [["echo", "-e", "a"], ["psql", "<a"]]),
    ("{ echo a; echo b; } | psql", [["echo", "a"], ["echo", "b"], ["psql", "<a", "<b"]]),
    ("x='a b'; psql $x \"$x\" ${x}", [["psql", "a b", "a b", "a b"]]),
    ("x=a; x=b; psql $x", [["psql", "…"]]),
    ("x=$x; psql $x", [["psql", "…"]]),
    ("x=$y; y=$x; psql $x", [["psql", "…"]]),
    ("y=b; x=\"a $y\"; psql \"$x\"", [["psql", "a b"]]),
    ("x=$(cat <<EOF\na\nEOF\n)\npsql \"$x\"", [["cat", "<a\n"], ["psql", "a\n"]]),
    ("read -r -d '' x <<EOF\na\nEOF\npsql \"$x\"", [["read", "-r", "-d", "", "x", "<a\n"], ["psql", "a\n"]]),
    ("f() { psql -c \"$1\"; }\nf 'a b'", [["psql", "-c", "…"], ["psql", "-c", "a b"]]),
    ("f() { local s=\"$1\"; psql \"$s\"; }\nf a", [["psql", "…"], ["psql", "a"]]),
    ("f() { psql -q \"$@\"; }\nf -c a", [["psql", "-q", "…"], ["psql", "-q", "-c", "a"]]),
    ("function createuser { :; }\ncreateuser x", [[":"], [":"]]),
    ("f() { f; }; f", [["f"], ["f"]]),
]


@pytest.mark.parametrize(("text", "wanted"), SHELL, ids=[text for text, _ in SHELL])
def test_shell(text: str, wanted: list[list[str]]) -> None:
    assert sorted(shown(parse_shell(text.encode()))) == sorted(wanted)


POWERSHELL = [
    ("psql -c 'a ''b'''", [["psql", "-c", "a 'b'"]]),
    ('& "C:\\p q\\psql.exe" -c "a `"b`" $x $($y.z)"', [["C:\\p q\\psql.exe", "-c", 'a "b" … …']]),
    ("$q = 'a b'\nInvoke-Sqlcmd -Query $q", [["Invoke-Sqlcmd", "-Query", "a b"]]),
    ('$q = "a " + $x\npsql -c $q', [["psql", "-c", "a …"]]),
    ("$q = 'a'; $q = 'b'; psql $q", [["psql", "…"]]),
    ("Invoke-Sqlcmd -Query @\"\na $x\n\"@ -Server b", [["Invoke-Sqlcmd", "-Query", "\na …\n", "-Server", "b"]]),
    ("@'\na $x\n'@ | psql", [["psql", "<\na $x\n"]]),
    ("'a' | docker exec -i db psql", [["docker", "exec", "-i", "db", "psql", "<a"]]),
    ("Write-Output 'a' | psql", [["Write-Output", "a"], ["psql", "<a"]]),
    ("if ($x) { createdb a }", [["createdb", "a"]]),
    ("psql --command=\"a b\" `\n -h c", [["psql", "--command", "a b", "-h", "c"]]),
    ("# psql a\n<# psql b #>\npsql c", [["psql", "c"]]),
    ("psql -c\"x\"\ncreatedb a", [["createdb", "a"]]),  # the grammar does not know the first line
]


@pytest.mark.parametrize(("text", "wanted"), POWERSHELL, ids=[text for text, _ in POWERSHELL])
def test_powershell(text: str, wanted: list[list[str]]) -> None:
    assert shown(parse_powershell(text.encode())) == wanted


def test_what_a_script_inside_a_script_does_keeps_its_place() -> None:
    text = "é=1\nsu postgres -c \"psql -c 'é; CREATE DATABASE \\\"shop\\\"'\""
    (deed,) = deeds(parse_shell(text.encode()))
    assert deed.kind == "create-database"
    assert text.encode()[deed.span[0]:deed.span[1]].startswith(b"CREATE DATABASE")


@pytest.mark.parametrize(("line", "kinds"), [
    ("bash <<EOF\ncreatedb shop\nEOF", ["create-database"]),
    ("ssh db.internal 'sudo -u postgres createuser shop'", ["create-user"]),
    ("echo createdb shop", []),
    ("printf 'CREATE DATABASE %s;' shop | psql", ["create-database"]),
    ("psql -c 'SELECT 1' -c 'GRANT ALL ON DATABASE a TO b; CREATE USER c'", ["grant", "create-user"]),
    ("mongosh --eval 'db.getSiblingDB(1).createUser({user: 2}); rs.initiate()'", ["create-user", "replication"]),
    ("mongosh --eval 'db.users.find({createUserId: 1})'", []),
    ("psql -c '\\q' -f CREATE.sql -d 'create database'", []),
    ("sh -c 'sh -c \"sh -c \\\"sh -c \\\\\\\"createdb x\\\\\\\"\\\"\"'", []),  # too deep to be written by anyone
])
def test_what_a_command_does(line: str, kinds: list[str]) -> None:
    assert [deed.kind for deed in deeds(parse_shell(line.encode()))] == kinds


def test_of_scripts_in_a_tree(tmp_path: Path) -> None:
    services = discovered(tmp_path, {
        "Dockerfile": "FROM python:3.12\nCMD python main.py\n",
        "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        "setup.PS1": "createdb a\n", "setup.bash": "createdb b\n"})
    assert sorted(file.path.rpartition("/")[2] for file in services[0].files_of("shell")) == ["setup.PS1", "setup.bash"]


# ---- any text

pieces = st.sampled_from([
    "psql", "createdb", "-c", "echo", "cat", "<<E\n", "<<-'E'\n", "\nE\n", "<<<", "$(", ")", "`", '"', "'", "${", "}",
    "$x", "x=", "f()", "{", "(", "|", "||", "&", ";", "\n", " ", "\\", "\\\n", "#", "é", "\ue000", "CREATE DATABASE x",
    "if", "then", "fi", "for", "do", "done", "case", "esac", "@'\n", "\n'@", '@"\n', '\n"@', "$", "=", "[", "]", "--",
    "function", "<#", "#>", "$@", '"$1"', "read", "sh", "su", "\0", "\r\n"])
texts = st.one_of(st.text(), st.lists(pieces, max_size=40).map("".join), st.lists(pieces, max_size=40).map(" ".join))


@pytest.mark.parametrize("parse", [parse_shell, parse_powershell])
@given(text=texts)
@example(text="='\n\0\n'")
def test_any_text_is_read(parse: Parse, text: str) -> None:
    data = text.encode("utf-8", "replace")
    commands = parse(data)
    for command in commands:
        assert command.words
        for word in (*command.words, *command.input):
            _stands_where_it_says(word, data)
    for deed in deeds(commands):
        assert 0 <= deed.span[0] <= deed.span[1] <= len(data)


def _stands_where_it_says(word: Word, data: bytes) -> None:
    """Every character of a word is the one that stands at its place, but for holes."""
    assert 0 <= word.span[0] <= word.span[1] <= len(data)
    if not word.pieces:
        assert set(word.text) <= {HOLE}
        return
    ends = [start for start, _ in word.pieces[1:]] + [len(word.text)]
    for (start, _), end in zip(word.pieces, ends, strict=True):
        for offset in range(start, end):
            letter = word.text[offset]
            if letter in (HOLE, "\ufffd"):
                break
            assert data[word.at(offset):].startswith(letter.encode())


BIG = 20_000


@pytest.mark.parametrize("parse", [parse_shell, parse_powershell])
@pytest.mark.parametrize("text", [
    "(" * BIG, "$(" * BIG, '"$(' * BIG, "{ " * BIG, "if " * BIG, "x=$x;" * BIG, "psql <<A\n" * (BIG // 4),
    "f() { f; g; }; g() { f; g; };" + "f;g;" * BIG, "psql \"" + "$x" * BIG + "\"", "a | " * BIG, "a | " * 4_900,
    "psql -c 'x'\n" * BIG,
    "x0=a\n" + "".join(f'x{n}="$x{n - 1}$x{n - 1}"\n' for n in range(1, BIG // 4)) + "psql $x9",
    "x='" + "y" * 90_000 + "'\n" + "psql $x\n" * 5_000, "cat " + "<<A " * (BIG // 4), "$x | " * BIG, "sh -c '" * BIG,
    "psql -c\"x\"\n" * BIG, "@'\n" * BIG, "@\"\n$x" * BIG,
], ids=range(20))
def test_hostile_texts_take_no_time(parse: Parse, text: str) -> None:
    begun = time.perf_counter()
    for _ in deeds(parse(text.encode())):
        pass
    assert time.perf_counter() - begun < 10
