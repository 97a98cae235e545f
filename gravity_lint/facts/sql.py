"""What an SQL text does: the kind of each statement, told from its leading keywords by a scanner that never fails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise

from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex
from gravity_lint.source import found_in

HOLE = "\ue000"
"""Stands in a text for a part that is not known: an f-string's expression, a format field, a joined variable."""

MAX_TEXT = 500_000
"""Characters of a text that are read: what provisions stands before the data."""


class Statement(NamedTuple):
    """One statement of a text."""

    kind: str
    """`create-database`, `drop-database`, `alter-database`, `create-user`, `alter-user`, `drop-user`, `grant`,
    `revoke`, `create-table`, `alter-table`, `drop-table`, `create-index`, `drop-index`, `truncate`, `create-schema`,
    `create-extension`, `backup`, `restore`, `vacuum`, `replication` or `other`. A user is also a role, a login or a
    group."""
    verb: str
    """The leading keyword in capitals; empty where it is unknown."""
    object: str
    """What the verb acts on (`TABLE`, `ROLE` …) in capitals; empty where the statement has no such word."""
    name: str
    """Of the first thing acted on, `…` for each unknown part; empty where there is none."""
    offset: int
    """Of the verb, in characters of the text."""
    temporary: bool = False
    """A table that goes away with the session."""


class _Token(NamedTuple):
    kind: str  # word, quoted, string, body, hole, mark, end
    text: str
    offset: int

    @property
    def upper(self) -> str:
        """Comparable with keywords; what is quoted is no keyword."""
        return self.text.upper() if self.kind in ("word", "mark") else ""


@cache
def verbs() -> tuple[str, ...]:
    """Words of which every statement of one of the kinds but `other` holds one, in the cases in which they are written.

    Behind an escape, its letter seems to begin the word: `\\nCREATE`.
    """
    words = {*_VERBS, *_CARE, *_FUNCTIONS, *_PROCEDURES} - {"SELECT", "PERFORM", "CALL", "EXEC", "EXECUTE"}
    forms = {form for word in words for form in (word, word.lower(), word.capitalize())}
    return tuple(sorted(f"{letter}{form}" for form in forms for letter in ("", "n", "r", "t")))


def speaks(data: bytes) -> bool:
    """Whether a text, or code that holds texts, seems to hold a statement of one of the kinds but `other`.

    It may seem so where there is none.
    """
    text = data.lower()
    return any(_SPEAKS.match(text, at) for word, behind in _LEADING if not behind or any(map(text.__contains__, behind))
               for at in found_in(text, word))


# ---- text → tokens

_HOLE = (rf"(?:{HOLE}|\$\{{[^{{}}\n]{{0,200}}\}}|\$\(\w{{1,100}}\)"
         rf"|\{{\{{[^{{}}]{{0,200}}\}}\}}|\{{[^{{}}\s]{{0,200}}\}}|%\(\w{{1,100}}\)s|%[sIL](?!\w))")
_HOLES = regex(rf"{_HOLE}+")
_TOKEN = regex(rf"""
    (?P<space>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<escaped>[eE]'(?:[^'\\]+|\\(?:.|\Z)|'')*(?:'|\Z))
  | (?P<string>(?:[nNbBxX]|[uU]&)?'(?:[^']+|'')*(?:'|\Z))
  | (?P<quoted>"(?:[^"]+|"")*(?:"|\Z)|`(?:[^`]+|``)*(?:`|\Z)|\[[^\]\n]{{0,200}}\])
  | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$)
  | (?P<word>@{{0,2}}(?:[\w#]+|{_HOLE}|\$)+)
  | (?P<hole>(?<![:\w]):(?:'\w{{1,100}}'|"\w{{1,100}}"|[A-Za-z_]\w{{0,100}})(?!\w))
  | (?P<line>\\[A-Za-z!])
  | (?P<mark>.)
""", re.VERBOSE | re.DOTALL)
_GEXEC = regex(r"\\gexec\b", re.IGNORECASE)


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens of a text, comments left out; the commands of psql and mysql to themselves only end a statement."""
    position = 0
    while match := _TOKEN.match(text, position):
        kind, start, position = str(match.lastgroup), match.start(), match.end()
        if text[start] == "#" and _is_comment(text, start):
            position = _find(text, "\n", start)
        elif kind == "dollar":
            end = _find(text, match[0], position)
            yield _Token("body", text[position:end], position)
            position = min(end + len(match[0]), len(text))
        elif kind in ("escaped", "string"):
            inner = start + match[0].index("'") + 1
            yield _Token("string", text[inner:max(inner, position - match[0].endswith("'"))], inner)
        elif kind == "quoted":
            yield _Token("quoted", match[0][1:].removesuffix({"[": "]"}.get(match[0][0], match[0][0])), start)
        elif kind == "line":
            if runs := _GEXEC.match(text, start):
                position = runs.end()
                yield _Token("end", "gexec", start)
            elif match[0][1] != "g" and _begins_line(text, start):
                position = _find(text, "\n", start)
                yield _Token("end", "", start)
            else:
                position = start + 1
        elif kind == "word" and match[0].upper() == "DELIMITER" and _begins_line(text, start):
            position = _find(text, "\n", start)
            yield _Token("end", "", start)
        elif kind != "space":
            yield _Token("hole" if _HOLES.fullmatch(match[0]) else kind, match[0], start)


def words(text: str) -> tuple[tuple[str, str], ...]:
    """The tokens of a text, each with its kind: two texts that differ in comments alone have the same."""
    return tuple((token.kind, token.text) for token in _tokens(text))


def _is_comment(text: str, offset: int) -> bool:
    """MySQL's `# comment`, not PostgreSQL's operators `#>` and `#-`, not T-SQL's table `#name`."""
    before = text[max(0, offset - 200):offset].rpartition("\n")[2]
    return not before.strip() or (before[-1].isspace() and text[offset + 1:offset + 2] in (" ", "\t"))


def _begins_line(text: str, offset: int) -> bool:
    return not text[max(0, offset - 200):offset].rpartition("\n")[2].strip()


def _find(text: str, what: str, start: int) -> int:
    found = text.find(what, start)
    return found if found >= 0 else len(text)


# ---- tokens → the tokens of each statement

_ROUTINES = {"FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "PACKAGE"}
_BLOCK_ENDS = {"IF", "LOOP", "WHILE", "REPEAT", "FOR"}  # `END IF` ends no BEGIN


def _split(text: str) -> Iterator[list[_Token]]:
    """The tokens between `;` (or a line `GO`), where the statements of a routine's body belong to the routine."""
    statement: list[_Token] = []
    depth = 0
    for token in _tokens(text):
        word = token.upper
        if (word == ";" and depth <= 0) or token.kind == "end" or (word == "GO" and _alone(text, token)):
            if statement and token.text == "gexec":
                statement.append(token)
            if statement:
                yield statement
            statement, depth = [], 0
            continue
        if word in _VERBS and len(statement) == 2 and statement[0].upper == "USE":  # T-SQL needs no `;` behind it
            yield statement
            statement = []
        if word in ("BEGIN", "CASE", "END") and _creates_routine(statement):
            depth += 1 if word != "END" else -1
        elif word in _BLOCK_ENDS and depth >= 0 and statement and statement[-1].upper == "END":
            depth += _creates_routine(statement)
        statement.append(token)
    if statement:
        yield statement


def _alone(text: str, token: _Token) -> bool:
    end = token.offset + len(token.text)
    return _begins_line(text, token.offset) and not text[end:end + 200].partition("\n")[0].strip()


def _creates_routine(statement: list[_Token]) -> bool:
    return (bool(statement) and statement[0].upper == "CREATE"
            and any(token.upper in _ROUTINES for token in statement[1:8]))


# ---- the tokens of a statement → what it does

_VERBS = {"CREATE", "DROP", "ALTER", "GRANT", "REVOKE", "TRUNCATE", "RENAME", "SET", "EXEC", "EXECUTE"}
_CARE = {"BACKUP", "RESTORE", "VACUUM", "CHANGE", "START", "STOP", "RESET", "SELECT", "PERFORM", "CALL"}
"""Verbs of statements that copy a database or look after it; none of them stands in a block without `;`."""
_OBJECTS = {"DATABASE": "database", "USER": "user", "ROLE": "user", "LOGIN": "user", "GROUP": "user",
            "TABLE": "table", "INDEX": "index", "SCHEMA": "schema", "EXTENSION": "extension",
            "PUBLICATION": "publication", "SUBSCRIPTION": "subscription"}
_MODIFIERS = {"OR", "REPLACE", "GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "VIRTUAL", "EXTERNAL", "FOREIGN",
              "TRANSIENT", "PRIVATE", "PLUGGABLE", "SERVER", "APPLICATION", "UNIQUE", "FULLTEXT", "SPATIAL", "BITMAP",
              "CLUSTERED", "NONCLUSTERED", "COLUMNSTORE"}
_KINDS = {"create-database", "drop-database", "alter-database", "create-user", "alter-user", "drop-user",
          "create-table", "alter-table", "drop-table", "create-index", "drop-index", "create-schema",
          "create-extension"}
_REPLICATION = {f"{verb}-{thing}" for verb in ("create", "alter", "drop") for thing in ("publication", "subscription")}
_NOT_NAMES = {"A", "AN", "THE", "FOR", "IF", "IN", "ON", "OF", "TO", "AND", "OR", "WITH", "FROM", "WHEN", "IS", "AS",
              "BY", "THAT", "THIS", "YOUR", "OUR", "MY", "ITS", "NOT", "WHICH", "WHERE", "BEFORE", "AFTER", "MAPPING"}

# What may stand behind the name, so that English that starts like SQL ("create table reservations for guests") is not
# taken for it. The empty word is the end.
_AFTER = {word: frozenset(after.split()) for word, after in {
    "create-database": "WITH OWNER TEMPLATE ENCODING STRATEGY LOCALE LC_COLLATE LC_CTYPE LOCALE_PROVIDER TABLESPACE "
                       "ALLOW_CONNECTIONS CONNECTION IS_TEMPLATE OID CHARACTER CHARSET CHAR DEFAULT COLLATE ENCRYPTION "
                       "READ ON = CONTAINMENT ENGINE COMMENT ( USER DATAFILE LOCATION CLONE ICU_LOCALE",
    "alter-database": "SET RESET OWNER RENAME WITH CONNECTION ALLOW_CONNECTIONS IS_TEMPLATE REFRESH MODIFY ADD REMOVE "
                      "COLLATE CHARACTER CHARSET DEFAULT READ UPGRADE OPEN MOUNT",
    "drop-database": "WITH ( FORCE , CASCADE RESTRICT ON",
    "create-user": "WITH PASSWORD IDENTIFIED @ LOGIN NOLOGIN SUPERUSER NOSUPERUSER CREATEDB NOCREATEDB CREATEROLE "
                   "NOCREATEROLE INHERIT NOINHERIT REPLICATION NOREPLICATION BYPASSRLS NOBYPASSRLS ENCRYPTED "
                   "UNENCRYPTED VALID ROLE ADMIN SYSID AUTHORIZATION , REQUIRE ACCOUNT DEFAULT WITHOUT NOT SETTINGS "
                   "HOST GRANTEES ON ( =",
    "alter-user": "WITH PASSWORD IDENTIFIED @ LOGIN NOLOGIN SUPERUSER NOSUPERUSER CREATEDB NOCREATEDB CREATEROLE "
                  "NOCREATEROLE INHERIT NOINHERIT REPLICATION NOREPLICATION BYPASSRLS NOBYPASSRLS ENCRYPTED "
                  "UNENCRYPTED VALID , REQUIRE ACCOUNT DEFAULT SET RESET RENAME ADD DROP ENABLE DISABLE CONNECTION IN "
                  "QUOTA GRANT",
    "drop-user": ", @ CASCADE RESTRICT",
    "create-table": "( AS LIKE OF ON PARTITION SELECT CLONE ENGINE USING COMMENT TABLE",
    "alter-table": "ADD DROP ALTER RENAME MODIFY CHANGE SET OWNER ENABLE DISABLE ATTACH DETACH VALIDATE CONVERT "
                   "ENGINE AUTO_INCREMENT INHERIT NO CLUSTER RESET REPLICA COMMENT CHECK NOCHECK WITH SWITCH REBUILD "
                   "PARTITION TRUNCATE FORCE NOT OF ORDER DEFAULT CHARACTER COLLATE ROW_FORMAT * ON UPDATE DELETE "
                   "ALGORITHM LOCK",
    "drop-table": ", CASCADE RESTRICT PURGE ON SYNC",
    "create-index": "ON USING",
    "drop-index": ", CASCADE RESTRICT ON",
    "create-schema": "AUTHORIZATION DEFAULT CHARACTER COLLATE CHARSET WITH",
    "create-extension": "WITH SCHEMA VERSION FROM CASCADE",
    "create-publication": "FOR WITH",
    "create-subscription": "CONNECTION",
    "alter-publication": "ADD SET DROP OWNER RENAME",
    "alter-subscription": "CONNECTION ADD SET DROP OWNER RENAME ENABLE DISABLE REFRESH SKIP",
    "drop-publication": ", CASCADE RESTRICT",
    "drop-subscription": "CASCADE RESTRICT",
    "truncate": ", RESTART CONTINUE CASCADE RESTRICT DROP REUSE WITH ON",
    "grantee": ", WITH @ GRANTED IDENTIFIED REQUIRE CASCADE RESTRICT AS",
}.items()}
_AFTER_PAIRS = {("FOR", "ATTACH"), ("FOR", "LOGIN"), ("FROM", "LOGIN"), ("FROM", "EXTERNAL"), ("FROM", "WINDOWS"),
                ("FROM", "CERTIFICATE"), ("FOR", "CERTIFICATE"), ("IN", "ROLE"), ("IN", "GROUP"), ("IN", "DATABASE"),
                ("FOR", "EXCHANGE"), ("IGNORE", "UNKNOWN")}
_ENDS = {"END", "ELSE", "EXCEPTION", *_VERBS}  # of a statement in a block without `;`
_PRIVILEGES = {"ALL", "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "USAGE", "CONNECT",
               "CREATE", "TEMP", "TEMPORARY", "EXECUTE", "SET", "ALTER", "DROP", "INDEX", "GRANT", "PROCESS", "RELOAD",
               "SUPER", "FILE", "EVENT", "LOCK", "SHOW", "REPLICATION", "CONTROL", "VIEW", "IMPERSONATE", "RESOURCE",
               "MAINTAIN", "PROXY", "SHUTDOWN", "READ", "WRITE", "BACKUP", "TAKE", "OWNERSHIP", "MODIFY", "MONITOR"}
_FUNCTIONS = {"PG_START_BACKUP": "backup", "PG_STOP_BACKUP": "backup", "PG_BACKUP_START": "backup",
              "PG_BACKUP_STOP": "backup", "PG_CREATE_RESTORE_POINT": "backup",
              "PG_CREATE_LOGICAL_REPLICATION_SLOT": "replication", "PG_CREATE_PHYSICAL_REPLICATION_SLOT": "replication",
              "PG_COPY_LOGICAL_REPLICATION_SLOT": "replication", "PG_DROP_REPLICATION_SLOT": "replication"}
_PROCEDURES = {"SP_ADDLOGIN": "create-user", "SP_ADDUSER": "create-user", "SP_GRANTDBACCESS": "grant",
               "SP_GRANTLOGIN": "create-user", "SP_ADDROLE": "create-user", "SP_ADDROLEMEMBER": "grant",
               "SP_ADDSRVROLEMEMBER": "grant", "SP_DROPLOGIN": "drop-user", "SP_DROPUSER": "drop-user",
               "SP_PASSWORD": "alter-user"}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words)).lower()


_COPIED = {"DATABASE", "LOG", "TABLE", "DATABASES"}
_GAP = r"""(?:\\[nrt]|\s|["'\\+(),]|[frbu](?=["'])|/\*.{0,200}?\*/|--[^\n]{0,200}\n)+"""
"""What stands between two words of a text, which code may hold in pieces."""
_LEADING: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    *((word, ()) for word in (b"create", b"drop", b"alter", b"grant", b"revoke", b"truncate", b"backup", b"restore",
                              b"rename", b"vacuum", b"pg_", b"sp_")),
    (b"set", (b"password",)), (b"change", (b"master", b"replication")),
    *((word, (b"replica", b"slave")) for word in (b"start", b"stop", b"reset")),
)
"""How what `_SPEAKS` matches begins, and words of which one follows where only few may. To search for them one by one
takes a third of the time of a pattern that may begin with any."""
_SPEAKS = regex(rf"""(?:\b|(?<=\\[nrt]))(?:
    (?:create|drop|alter){_GAP} (?: (?:(?:{_any(_MODIFIERS)}|if|default){_GAP})* (?:{_any(_OBJECTS)}|privileges)\b
                                  | \w+{_GAP}index\b | [{{%$:\[<] )
  | (?:grant|revoke|truncate|backup|restore){_GAP} | rename{_GAP}(?:table|user)\b | set{_GAP}password\b | vacuum\b
  | change{_GAP}(?:master|replication)\b | (?:start|stop|reset){_GAP}(?:replica|slave|group_replication)\b
  | (?:{_any(_FUNCTIONS)}|{_any(_PROCEDURES)})\b )""".encode(), re.VERBOSE)
_REPLICA = {"", "ALL", "UNTIL", "FOR", "IO_THREAD", "SQL_THREAD", "USER"}
_DEPTH = 4
_NEXT = 6
_NEAR = 60
_FAR = 500  # tokens; a list of grantees is shorter, a hostile text is not


def statements(text: str) -> tuple[Statement, ...]:
    """What an SQL text does, statement by statement, in order; never fails.

    Unknown parts of the text are `HOLE`s; format fields (`{}`, `%s`) left in it are read as such too. A statement that
    is none of the kinds, not known or not SQL at all is `other`.
    """
    return tuple(_statements(text[:MAX_TEXT], 0, 0))


def _statements(text: str, base: int, depth: int) -> Iterator[Statement]:
    for tokens in _split(text):
        for statement in _judge(tokens, depth):
            yield statement._replace(offset=base + statement.offset)


def _judge(tokens: list[_Token], depth: int) -> Iterator[Statement]:
    """What a run of tokens does: one statement, or those in the block or the text that it runs."""
    first = next((index for index, token in enumerate(tokens) if token.upper != "("), 0)
    token, word = tokens[first], tokens[first].upper
    found: list[Statement] = []
    if word == "DO" or word in ("BEGIN", "DECLARE", "ELSE", "ELSIF", "LOOP", "EXCEPTION", "END") or (
            word == "IF" and any(token.upper == "(" for token in tokens[first + 1:first + 4])):
        found = list(_in_block(tokens[first + 1:], depth))
    elif word in ("EXEC", "EXECUTE"):
        found = list(_executed(tokens[first:first + _NEXT], depth))
    elif tokens[-1].kind == "end":  # `\gexec`: psql runs what the query returns
        found = [inner for text in tokens if text.kind == "string"
                 for inner in _nested(text, depth) if inner.kind != "other"]
    elif statement := _classify(tokens, first):
        found = [statement]
    yield from found or [Statement("other", word if token.kind == "word" else "", "", "", token.offset)]


def _in_block(tokens: list[_Token], depth: int) -> Iterator[Statement]:
    """What the statements of a block do; the text that PostgreSQL's DO runs is one too."""
    parentheses = 0
    for index, token in enumerate(tokens):
        word = token.upper
        parentheses += (word == "(") - (word == ")")
        if token.kind == "body" or (token.kind == "string" and index == 0):
            yield from (inner for inner in _nested(token, depth) if inner.kind != "other")
        elif word in ("EXEC", "EXECUTE") and parentheses == 0:
            yield from _executed(tokens[index:index + _NEXT], depth)
        elif word in (*_VERBS, "BACKUP", "RESTORE") and parentheses == 0 and (statement := _classify(tokens, index)):
            yield statement


def _executed(tokens: list[_Token], depth: int) -> Iterator[Statement]:
    """What `EXECUTE 'text'` runs, or one of T-SQL's procedures for logins does."""
    for token in tokens[1:_NEXT]:
        if token.kind == "string":
            yield from (inner for inner in _nested(token, depth) if inner.kind != "other")
            return
        if kind := _PROCEDURES.get(token.upper):
            yield Statement(kind, tokens[0].upper, "", "", tokens[0].offset)
            return


def _nested(token: _Token, depth: int) -> Iterator[Statement]:
    if depth < _DEPTH:
        yield from _statements(token.text, token.offset, depth + 1)


def _classify(tokens: list[_Token], index: int) -> Statement | None:
    """The statement that starts with the token there, or None if it is not one of the kinds."""
    verb = tokens[index].upper
    if verb in ("CREATE", "DROP", "ALTER"):
        return _definition(tokens, index)
    if verb in ("GRANT", "REVOKE"):
        return _permission(tokens, index)
    if verb in _CARE:
        return _care(tokens, index)
    following = _upper(tokens, index + 1)
    offset = tokens[index].offset
    if verb == "TRUNCATE":
        start = index + 1 + (following == "TABLE")
        start += _upper(tokens, start) == "ONLY"
        if (name := _name(tokens, start)) and _fits("truncate", tokens, name):
            return Statement("truncate", verb, "TABLE", name.text, offset)
    elif verb == "SET" and following == "PASSWORD" and _upper(tokens, index + 2) in ("FOR", "=", "TO"):
        return Statement("alter-user", verb, "PASSWORD", "", offset)
    elif (verb == "RENAME" and following in ("TABLE", "USER")
          and (name := _name(tokens, index + 2)) and _upper(tokens, name.end) in ("TO", "@")):
        return Statement(f"alter-{following.lower()}", verb, following, name.text, offset)
    return None


def _care(tokens: list[_Token], index: int) -> Statement | None:
    """What copies a database, restores or vacuums it, or sets up its replication."""
    verb, following = tokens[index].upper, _upper(tokens, index + 1)
    kind, thing, name = "", "", None
    if verb == "VACUUM":
        kind = "backup" if following == "INTO" else "vacuum" if _is_vacuum(tokens, index) else ""
    elif verb in ("BACKUP", "RESTORE"):
        name = _name(tokens, index + 2)
        behind = ("TO", "INTO", ",") if verb == "BACKUP" else ("FROM", "WITH")
        if following in _COPIED and name and (name.open or _upper(tokens, name.end) in behind):
            kind, thing = verb.lower(), following
    elif verb == "CHANGE":
        pair = following, _upper(tokens, index + 2)
        kind = "replication" if pair in (("MASTER", "TO"), ("REPLICATION", "SOURCE"), ("REPLICATION", "FILTER")) else ""
    elif verb in ("START", "STOP", "RESET"):
        replica = following in ("REPLICA", "SLAVE", "GROUP_REPLICATION") and _upper(tokens, index + 2) in _REPLICA
        kind = "replication" if replica else ""
    else:
        near = tokens[index + 1:index + _NEAR]
        called = (_FUNCTIONS.get(token.upper, "") for token, after in pairwise(near) if after.text == "(")
        kind = next(filter(None, called), "")
    return Statement(kind, verb, thing, name.text if name else "", tokens[index].offset) if kind else None


def _is_vacuum(tokens: list[_Token], index: int) -> bool:
    """`VACUUM`, with options or a table; with a word behind it in lower case it may be English."""
    if index + 1 >= len(tokens) or _upper(tokens, index + 1) in ("(", "FULL", "FREEZE", "VERBOSE", "ANALYZE"):
        return True
    name = _name(tokens, index + 1)
    return (name is not None and (name.end >= len(tokens) or _upper(tokens, name.end) in ("(", ","))
            and (tokens[index].text == "VACUUM" or tokens[name.end - 1].kind != "word"))


def _definition(tokens: list[_Token], index: int) -> Statement | None:
    """CREATE, ALTER or DROP of a thing."""
    verb, offset = tokens[index].upper, tokens[index].offset
    place, modifiers = index + 1, set()
    while (
        _upper(tokens, place) in _MODIFIERS
        or (_is_hole(tokens, place) and _upper(tokens, place + 1) in _OBJECTS)
        or (verb == "CREATE" and place == index + 1 and _upper(tokens, place + 1) == "INDEX")  # of whatever kind
    ):
        modifiers.add(_upper(tokens, place))
        place += 1
    word = _upper(tokens, place)
    if verb == "ALTER" and word == "DEFAULT" and _upper(tokens, place + 1) == "PRIVILEGES":
        granted = next((token.upper for token in tokens[place:place + _FAR]
                        if token.upper in ("GRANT", "REVOKE")), "")
        return Statement(granted.lower(), verb, "DEFAULT PRIVILEGES", "", offset) if granted else None
    kind = f"{verb.lower()}-{_OBJECTS.get(word, '')}"
    if kind not in _KINDS and kind not in _REPLICATION:
        return None
    place = _skip(tokens, place + 1)
    if kind == "create-index" and _upper(tokens, place) == "ON":  # PostgreSQL chooses the name
        name: _Name | None = _Name("", place, False)
    else:
        name = _name(tokens, place)
    if name is None or not _fits(kind, tokens, name):
        return None
    if kind in _REPLICATION:
        certain = name.open or name.end < len(tokens) or tokens[index].text == verb
        return Statement("replication", verb, word, name.text, offset) if certain else None
    temporary = bool(modifiers & {"TEMP", "TEMPORARY"}) or name.text.startswith("#")
    return Statement(kind, verb, word, name.text, offset, temporary and word == "TABLE")


def _permission(tokens: list[_Token], index: int) -> Statement | None:
    """GRANT or REVOKE of privileges on a thing, or of roles."""
    verb, offset = tokens[index].upper, tokens[index].offset
    statement = Statement(verb.lower(), verb, "", "", offset)
    first = tokens[index + 1] if index + 1 < len(tokens) else None
    if first is None or (first.upper == "OPTION" and verb == "GRANT"):
        return None
    if first.kind == "hole":
        return statement
    words = [token.upper for token in tokens[index + 1:index + _FAR]]
    target = "TO" if verb == "GRANT" else "FROM"
    if "ON" in words:
        privileged = any(word in _PRIVILEGES for word in words[:words.index("ON")])
        reaches = target in words or any(token.kind == "hole" for token in tokens[index + 1:index + _FAR])
        return statement if privileged and reaches else None
    if target not in words:
        return statement if tokens[-1].kind == "hole" and first.upper in _PRIVILEGES else None
    at = index + 1 + words.index(target)
    roles = [token for token in tokens[index + 1:at] if token.upper != ","]
    if verb == "REVOKE" and first.upper in ("ADMIN", "GRANT"):  # `REVOKE ADMIN OPTION FOR role FROM name`
        roles = roles[3:]
    plain = len(roles) == 1 or words.count(",") >= len(roles) - 1 or first.upper in _PRIVILEGES
    grantee = _name(tokens, at + 1 + (_upper(tokens, at + 1) in ("ROLE", "USER", "GROUP")))
    grantee = grantee or _name(tokens, at + 1)
    return statement if plain and grantee and _fits("grantee", tokens, grantee) else None


class _Name(NamedTuple):
    text: str
    end: int
    """The index of the token behind it."""
    open: bool
    """It ends in a hole, so that anything may follow."""


def _name(tokens: list[_Token], index: int) -> _Name | None:
    """The name that starts there: parts joined by dots."""
    parts: list[str] = []
    while index < len(tokens):
        token = tokens[index]
        if token.kind not in ("word", "quoted", "string", "hole") or (not parts and token.upper in _NOT_NAMES):
            break
        parts.append(_HOLES.sub("…", token.text))
        index += 1
        if _upper(tokens, index) != ".":
            return _Name(".".join(parts), index, token.kind == "hole")
        index += 1
    return None


def _fits(kind: str, tokens: list[_Token], name: _Name) -> bool:
    """Does what follows the name make it SQL?"""
    if kind == "create-index":
        return _fits_index(tokens, name)
    if kind == "alter-table" and name.end >= len(tokens):
        return name.open
    if name.open or name.end >= len(tokens):
        return True
    word = _upper(tokens, name.end)
    if tokens[name.end].kind == "word" and tokens[name.end].text.startswith("@"):  # 'user'@'host', user@localhost
        return kind in ("create-user", "alter-user", "drop-user", "grantee")
    return (tokens[name.end].kind == "hole" or word in _AFTER[kind] or (word in _ENDS and kind != "alter-table")
            or (word, _upper(tokens, name.end + 1)) in _AFTER_PAIRS)


def _fits_index(tokens: list[_Token], name: _Name) -> bool:
    """`ON [ONLY] table (…)`, or cut off by something unknown."""
    place = name.end
    if place >= len(tokens) or tokens[place].kind == "hole":
        return name.open or place < len(tokens)
    if _upper(tokens, place) == "USING":  # MySQL: `CREATE INDEX name USING BTREE ON …`
        place += 2
    if _upper(tokens, place) != "ON":
        return name.open
    place += 1 + (_upper(tokens, place + 1) == "ONLY")
    table = _name(tokens, place)
    return table is not None and (table.open or _upper(tokens, table.end) in ("(", "USING")
                                  or _is_hole(tokens, table.end))


def _skip(tokens: list[_Token], place: int) -> int:
    """Past IF [NOT] EXISTS, CONCURRENTLY and ONLY."""
    while _upper(tokens, place) in ("IF", "CONCURRENTLY", "ONLY", "ALL"):
        if _upper(tokens, place) != "IF":
            place += 1
        elif _upper(tokens, place + 1) == "EXISTS":
            place += 2
        elif (_upper(tokens, place + 1), _upper(tokens, place + 2)) == ("NOT", "EXISTS"):
            place += 3
        else:
            break
    return place


def _upper(tokens: list[_Token], index: int) -> str:
    return tokens[index].upper if index < len(tokens) else ""


def _is_hole(tokens: list[_Token], index: int) -> bool:
    return index < len(tokens) and tokens[index].kind == "hole"
