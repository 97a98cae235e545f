"""Keeps passwords out of everything that is shown: where they are in a text, and the text without them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from gravity_lint.record import NamedTuple
from gravity_lint.regex import regex

HIDDEN = "***"
"""What stands for a password; of one length, so that it does not tell the password's."""

Spans = tuple[tuple[int, int], ...]

_LONG = ("password", "passwd", "passwort", "passphrase", "passwrd", "pwd", "pswd", "secret", "credential", "authtoken",
         "auth_token", "apikey", "api_key", "requirepass")
_SHORT = frozenset({"pass", "pw", "auth", "basic_auth"})
_GLUED = regex(r"(?:db|pg|sql|user|root|admin|redis|mongo|mail|smtp)pass")
_NOT = regex(r"secret_?(?:key_?ref|name)|existing_?secret|secrets")
"""Names that tell where a secret is kept, not what it is."""

_URL = regex(r"://[^\s\"'`@/:]*:([^\s\"'`]{1,500})@")
_USERINFO = regex(r"://[^\s@/:]*:([^\n]{0,500})@")
_WEB = regex(r"(?:https?|wss?|ftp)$", re.IGNORECASE)
_CUT = regex(r"://[^\s@/:]*:([^@\s]{0,500})$")
_PORT = regex(r"[0-9]{1,5}(?:[/,?].*)?", re.DOTALL)
_HOLE = regex(r"\{[^{}\n]*\}")
_VARIABLE = regex(r"\{[A-Za-z_][^{}\n]*\}|\{\}|\$\{\w+(?::?\?[^}]*)?\}|\$\(\w+\)|\$[A-Za-z_]\w*|%s|%\(\w+\)s"
                       r"|\{\{[^{}\n]*\}\}|\*{3,}|<[\w -]+>")
_GIVEN = (r"(?:\bidentified\s+(?:(?:with|via)\s+\S+\s+)?(?:by|as|using)\s+(?:values\s+)?|(?<!\w)\w{0,40}?password"
          r"(?:\s+for\s+\S{1,100}?)?(?:\s*=\s*|\s+(?:to|as)\s+|\s+|(?=\()))"
          r"(?:password\s*)?\(?\s*")
"""What stands before a password in SQL."""
_VALUE = (r"(?:(?P<sign>\\?[\"'])(?P<quoted>(?:(?!(?P=sign))[^\n]){1,300})(?P=sign)"
          r"|[\"'\\]{0,3}(?P<plain>[^\s\"',\\]+))")
"""A word of a command line, or an item of a list of them."""
_PATTERNS = tuple((words, regex(text, re.IGNORECASE | re.DOTALL)) for words, text in (
    (("identified", "password"), _GIVEN + r"(?:[NEB]|U&|_\w{1,12}\s?)?(?P<sign>''(?=[^\s;,)'\"])|\\?['\"])"
              r"(?P<quoted>(?:(?!(?P=sign))(?:\\.|.)|(?P=sign){2}){0,300})(?:(?P=sign)|\Z)"),
    (("identified", "password"), _GIVEN + r"(?P<sign>\$\w{0,20}\$)(?P<quoted>.{0,300}?)(?P=sign)"),
    (("identified",), r"\bidentified\s+by\s+\S{1,100}\s+replace\s+" + _VALUE),
    (("identified",),
     r"\b(?:user|to)\s+\S{1,80}\s+identified\s+by\s+(?!values\b|password\b|random\b)(?P<plain>[^\s'\"\\;,$%{(:<]+)"),
    (("pass",), r"--[\w-]{0,30}pass\w*[\"']?(?:[ =]|,\s*(?=[\"']))" + _VALUE),
    (("requirepass",), r"\brequirepass[\"']?[ =,]\s*" + _VALUE),
    (("-p",), r"\b(?:mysql|mariadb)\w*\b[^\n]{0,200}?[\s\"']-p(?=[^\s,])(?![\"'](?:[,\])\s]|\Z))" + _VALUE),
    (("password",), r"\b(?:mysql|mariadb)-?admin\b[^\n]{0,200}?[\s\"']password[\"']?[\s,]\s*" + _VALUE),
    (("-cli",), r"\b(?:redis|valkey|keydb)-cli\b[^\n]{0,200}?[\s\"']-a[\"']?[\s,]\s*" + _VALUE),
    (("-p",), r"\bmongo\w*\b[^\n]{0,200}?[\s\"']-p(?:[\"']?[\s,=]\s*|(?=[^\s\"',]))(?!\d+:\d)" + _VALUE),
    (("-p",), r"\b(?:sqlcmd|osql|isql|bcp)\b[^\n]{0,200}?[\s\"'](?-i:-P)(?:[\"']?[\s,]\s*)?" + _VALUE),
    (("-p",),
     r"\b(?:sshpass|az[\"',\s]{1,4}(?:postgres|mysql|mariadb|sql)\b[^\n]{0,200}?)[\"',\s]{1,4}-p[\"',\s]{0,4}"
     + _VALUE),
    (("password", "pwd"), r"(?<=[\s\"'(])-\w{0,40}(?:password|pwd)[\"']?[\s:]\s*(?![(|])" + _VALUE),
    (("convertto-securestring",),
     r"\bConvertTo-SecureString\s+(?:-(?:AsPlainText|Force|String)\s+)*(?!-)" + _VALUE),
    (("echo", "printf"),
     r"\b(?:echo|printf)\s+(?:-\w+\s+)?" + _VALUE + r"\s*\|[^\n|]{0,100}?(?:\s-W\b|\s-S\b|\bcreateuser\b|stdin\b)"),
))
"""Passwords in SQL and in the options of commands, in whatever language those stand; each with the words, in small
letters, of which a text must hold one."""
_SEVERAL = (
    (("sp_",), regex(r"\bsp_(?:password\b|setapprole\b|addlogin\s+N?'[^'\n]*'|addlinkedsrvlogin\b)([^;\n]{0,300})",
                re.IGNORECASE),
     regex(r"['\"]([^'\"\n]+)")),
    (("password", "identified"),
     regex(r"(?:password|identified\s+by)\s+[\"'\\]*(?:%[Lsr]|%\(\w+\)s|\{\w*\})[^\n]{0,100}?['\"]\s*"
                r"(?:,|%|\.format\s*\()([^;\n]{0,300})", re.IGNORECASE),
     regex(r"(?<![\w\])][\[(])['\"]{1,2}([^'\"\n]+)['\"]")),
    (("setuser",), regex(r"\bsetuser\b([^\n]{0,300})", re.IGNORECASE), regex(r"(?<=[\s\"'\\])[><#!]([^\s\"']+)")),
)
"""Stretches of a line, and what in them is a password."""
_PAIR = regex(r"(?<!\w)\w{0,40}?(?:password|passwd|pwd)\s*=\s*(?:[NE](?='))?"
                   r"('(?:[^'\\]|\\.)*'|\\\"[^\"\n]*|[^\s;&\"'`\\]+)", re.IGNORECASE)
_SPOKEN = regex(r"(?<![\w.\-])([A-Za-z_][\w.\-]*)(?:\\?[\"'`])?\s*(?:=|:)\s*(\\?[\"'])((?:(?!\2)(?:\\.|.))*)\2",
                     re.DOTALL)
_REMEMBERED = 300
"""Characters of a sentence that is not looked through again when it is said of another place."""
_REACH = 2000
"""How far along a line a value is followed."""
_KEY = regex(r"(?<![\w.\-])(?P<key>[A-Za-z_][\w.\-]*)[\"']?[ \t]*"
                  r"(?P<sign>:[-=?]|[:=]|[ \t](?=[^\s:=]))[ \t]*")
_NAMED = regex(r"\bname[\"']?:[ \t]*[\"']?([\w.\-]+)[\"']?[ \t]*,?\s+[\"']?value[\"']?:[ \t]*")
_BASE64 = regex(r"(?<![\w+/])[A-Za-z0-9+/]{16,}={0,2}(?![\w+/])")

_TOKEN = regex(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<string>[rRbBuUfFtT]{0,2}(?:\"\"\"(?P<b1>(?:\\.|[^\\])*?)\"\"\"|'''(?P<b2>(?:\\.|[^\\])*?)'''"
    r"|\"(?P<b3>(?:\\.|[^\"\\\n])*)(?:\"|(?=\n)|\Z)|'(?P<b4>(?:\\.|[^'\\\n])*)(?:'|(?=\n)|\Z)))"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<number>[0-9][\w.]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<newline>\n)"
    r"|(?P<op>==|!=|:=|\+=|[-+*/%.,:=;\\@])", re.DOTALL)
_ASKS = regex(r"(?i)(?:get\w*|env\w*|\w*env|environ|config|cfg|conf|settings|read\w*|require\w*|pop|fetch\w*)$")
"""Calls whose first argument is the name of a setting, not its value."""
_ASIDE = frozenset({"alias", "validation_alias", "serialization_alias", "env", "envvar", "title", "description", "help",
                    "name", "comment"})
"""Keyword arguments beside a default that are not one."""
_CONNECTS = regex(r"(?i)(?:connect|connection|create_pool)$")


def is_secret(name: str) -> bool:
    """Whether a variable, field, key or option is, by its name, a password."""
    low = name.strip("-").replace("-", "_").lower()
    if _NOT.fullmatch(low):
        return False
    if any(word in low for word in _LONG):
        return True
    return bool(_SHORT & {low, *low.split("_")}) or _GLUED.search(low) is not None


def mask(text: str) -> str:
    """A sentence for people without the passwords in it."""
    return _masked(text) if len(text) <= _REMEMBERED else _masked.__wrapped__(text)


@lru_cache(2_000)
def _masked(text: str) -> str:
    return apply(text, _merged(_in_text(text), len(text))) if text else text


def apply(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with each span replaced."""
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], HIDDEN]
        at = end
    return "".join([*parts, text[at:]])


def secrets(text: str, python: bool) -> Spans:
    """Where the passwords are in a file's text: sorted spans of characters that do not overlap."""
    found = list(_everywhere(text))
    if python:
        found += _in_code(text)
    else:
        found += _in_lines(text)
    return _merged(found, len(text))


def _merged(spans: Iterable[tuple[int, int]], size: int) -> Spans:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif start < end <= size:
            merged.append((start, end))
    return tuple(merged)


# ---- any text


def _in_text(text: str) -> Iterator[tuple[int, int]]:
    yield from _everywhere(text)
    if "://" in text and (cut := _CUT.search(text)) and not _PORT.fullmatch(cut[1]):
        yield from _value(text, *cut.span(1))
    for match in _PAIR.finditer(text):
        yield from _value(text, *match.span(1))
    for match in _SPOKEN.finditer(text):
        if is_secret(match[1]):
            yield from _value(text, *match.span(3))


def _everywhere(text: str) -> Iterator[tuple[int, int]]:
    """Passwords that show without knowing the language: in URLs, SQL, options of commands, encoded URLs."""
    if "://" in text:
        for match in _URL.finditer(text):
            if not _is_port(text[:match.start()][-5:], match[1]):
                yield from _value(text, *match.span(1))
    small = text.lower() if text.isascii() else None  # elsewhere more letters than one may count as the same
    for words, pattern in _PATTERNS:
        for match in pattern.finditer(text) if small is None or any(word in small for word in words) else ():
            group = "plain" if match.groupdict().get("quoted") is None else "quoted"
            yield from _value(text, *match.span(group))
    for words, stretch, secret in _SEVERAL:
        for match in stretch.finditer(text) if small is None or any(word in small for word in words) else ():
            for inner in secret.finditer(match[1]):
                yield from _value(text, match.start(1) + inner.start(1), match.start(1) + inner.end(1))
    for match in _BASE64.finditer(text):
        import base64
        import binascii

        try:
            plain = base64.b64decode(match[0], validate=True)
        except (binascii.Error, ValueError):
            continue
        if re.search(rb"://[^\s@]*:[^\s]*@", plain):
            yield match.span()


def _value(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A password's span; nothing where a variable stands in its place, its default where it has one."""
    value = text[start:end]
    if not value or _VARIABLE.fullmatch(value):
        return
    if default := re.fullmatch(r"\$\{\w+:?[-=](.*)\}", value, re.DOTALL):
        yield start + default.start(1), start + default.end(1)
    else:
        yield start, end


def _is_port(before: str, text: str) -> bool:
    """`8000/users?mail=a` before an `@`, after the scheme of a web address: a port, not a password."""
    return _WEB.search(before) is not None and _PORT.fullmatch(text) is not None


# ---- Python


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int
    body: tuple[int, int]
    """The span inside the quotes of a string."""


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "op"
        body = match.span()
        if match["string"] is not None:
            kind = "string"
            body = next(match.span(name) for name in ("b1", "b2", "b3", "b4") if match[name] is not None)
        if kind != "comment":
            found.append(_Token(kind, match[0], match.start(), match.end(), body))
    return found


def _in_code(text: str) -> Iterator[tuple[int, int]]:
    tokens = _tokens(text)
    for index, token in enumerate(tokens):
        if token.kind == "string":
            yield from _in_string(text, tokens, index)
            yield from _after_key(text, tokens, index)
        elif token.kind == "word":
            yield from _after_name(text, tokens, index)


def _in_string(text: str, tokens: Sequence[_Token], index: int) -> Iterator[tuple[int, int]]:
    """Passwords inside one string, and those that the string is joined with."""
    start, end = tokens[index].body
    body = text[start:end]
    flat = _HOLE.sub(lambda hole: "_" * len(hole[0]), body)
    joined = _joined(tokens, index)
    if "://" in flat:
        for match in _USERINFO.finditer(flat):
            if not _is_port(flat[:match.start()][-5:], match[1]):
                yield from _value(text, start + match.start(1), start + match.end(1))
        cut = _CUT.search(flat)
        if cut and (_begins(text, joined, "@")
                    or not (_PORT.fullmatch(cut[1]) or body.startswith(("{", "%"), cut.start(1)))):
            yield from _value(text, start + cut.start(1), start + cut.end(1))
            if not cut[1] and joined:
                inside = text[slice(*joined.body)]
                yield joined.body[0], joined.body[0] + (inside.rfind("@") if "@" in inside else len(inside))
        yield from _formatted(text, tokens, index)
    elif _begins(text, joined, "@") and body.strip(":/"):
        yield start + (1 if body.startswith(":") else 0), end
    for match in _PAIR.finditer(flat):
        yield from _value(text, start + match.start(1), start + match.end(1))
    for match in _SPOKEN.finditer(body):
        if is_secret(match[1]):
            yield from _value(text, start + match.start(3), start + match.end(3))


def _joined(tokens: Sequence[_Token], index: int) -> _Token | None:
    """The string that is added to this one, by `+` or by standing beside it."""
    for token in tokens[index + 1:index + 8]:
        if token.kind == "string":
            return token
        if token.kind != "newline" and token.text not in ("+", "\\"):
            return None
    return None


def _begins(text: str, token: _Token | None, sign: str) -> bool:
    return token is not None and text[token.body[0]:token.body[1]].startswith(sign)


def _formatted(text: str, tokens: Sequence[_Token], index: int) -> Iterator[tuple[int, int]]:
    """`"…://%s:%s@…" % (user, "secret")`, `.format(user, "secret")`, and the same told to a logger: the literals that
    fill a URL's user part."""
    body = text[slice(*tokens[index].body)][:_REACH]
    match = re.search(r"://([^@]*):([^@:]*)@", body)
    following = [token.text for token in tokens[index + 1:index + 4]]
    if not match or not (following[:1] in (["%"], [","]) or following[:2] == [".", "format"]):
        return
    hole = re.compile(r"%s|%\(\w+\)s|\{\w*\}")
    if not hole.search(match[2]):
        return
    position = len(hole.findall(body[:match.start(2)]))
    skipped = 2 if following[0] == "%" and following[1:2] == ["("] else 3 if following[0] == "." else 1
    yield from _argument(text, tokens, index + 1 + skipped, position)


def _argument(text: str, tokens: Sequence[_Token], index: int, position: int) -> Iterator[tuple[int, int]]:
    """The literals in one positional argument of an argument list whose first token has this index."""
    at = depth = 0
    for start, token in enumerate(tokens[index:index + 200], index):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth < 0:
            return
        if token.text == "," and depth == 0:
            at += 1
        elif at == position and token.kind == "string" and not _is_variable(tokens, start):
            yield from _value(text, *token.body)


def _is_variable(tokens: Sequence[_Token], index: int) -> bool:
    """Whether a string is the name of a variable that is asked for: `os.environ["NAME"]`, `os.getenv("NAME")`."""
    before = [token.text for token in tokens[max(0, index - 2):index]]
    return before in (["environ", "["], ["getenv", "("])


def _after_name(text: str, tokens: Sequence[_Token], index: int) -> Iterator[tuple[int, int]]:
    token = tokens[index]
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is None:
        return
    if following.text == "(" and _CONNECTS.search(token.text) and (not index or tokens[index - 1].text != "def"):
        yield from _argument(text, tokens, index + 2, 2)
    if not is_secret(token.text):
        return
    if following.text in ("=", "==", "!=", "+=", ":=") or following.text == "or":
        yield from _expression(text, tokens, index + 2, _is_statement(tokens, index))
    elif following.text == ",":  # user, password = "a", "b"
        sign = index + 1
        while sign < min(len(tokens), index + 40) and (tokens[sign].kind == "word" or tokens[sign].text in (",", ".")):
            sign += 1
        if sign < len(tokens) and tokens[sign].text == "=" and _is_statement(tokens, index):
            yield from _expression(text, tokens, sign + 1, True)
    elif following.text == ":":  # name: annotation = value
        depth = 0
        for sign in range(index + 2, min(index + 60, len(tokens))):
            here = tokens[sign]
            depth += (here.kind == "open") - (here.kind == "close")
            if here.text == "=":
                yield from _expression(text, tokens, sign + 1, False)
                if depth <= 0:
                    return
            elif depth < 0 or (depth == 0 and (here.kind == "newline" or here.text == ",")):
                return


def _is_statement(tokens: Sequence[_Token], index: int) -> bool:
    """Whether only names, dots and commas stand before this token on its line: an assignment, not an argument."""
    first = max(0, index - 40)
    while index > first and tokens[index - 1].kind != "newline":
        index -= 1
        if tokens[index].kind != "word" and tokens[index].text not in (".", ","):
            return False
    before = [token for token in tokens[max(0, index - 3):index] if token.kind != "newline"]
    return not before or before[-1].text not in ("(", "[", "{", ",")


def _after_key(text: str, tokens: Sequence[_Token], index: int) -> Iterator[tuple[int, int]]:
    """What follows a quoted name of a password: a dictionary's value, a default beside it, an `or`."""
    name = text[slice(*tokens[index].body)]
    if len(name) > 60 or not re.fullmatch(r"[\w.\-/]+", name) or not is_secret(name):
        return
    sign = index + 1
    if sign >= len(tokens) or (index and tokens[index - 1].text == "="):  # a value that reads like a name
        return
    if tokens[sign].text in (":", "==", "!="):
        yield from _expression(text, tokens, sign + 1, False)
    elif tokens[sign].text == "," and (name.startswith("-") or _in_call(tokens, index)):
        depth = 0
        for at in range(sign + 1, min(sign + 120, len(tokens))):
            depth += (tokens[at].kind == "open") - (tokens[at].kind == "close")
            if depth < 0:
                sign = at
                break
            if depth == 0 and tokens[at - 1].text in (",", "="):
                yield from _expression(text, tokens, at, False)
    while sign < len(tokens) and tokens[sign].kind == "close":
        sign += 1
    if sign < len(tokens) and sign > index + 1 and tokens[sign].text in ("or", "="):
        yield from _expression(text, tokens, sign + 1, False)


def _in_call(tokens: Sequence[_Token], index: int) -> bool:
    """Whether this token is an argument of a call, not an item of a list or tuple."""
    depth = 0
    for at in range(index - 1, max(-1, index - 120), -1):
        depth += (tokens[at].kind == "close") - (tokens[at].kind == "open")
        if depth < 0:
            return tokens[at].text == "(" and at > 0 and (tokens[at - 1].kind == "word" or tokens[at - 1].text == ")")
    return False


def _expression(text: str, tokens: Sequence[_Token], index: int, statement: bool) -> Iterator[tuple[int, int]]:
    """The literals of an expression, except where they name a setting that is asked for."""
    stack: list[bool] = []
    for at in range(index, min(index + 400, len(tokens))):
        token, before = tokens[at], tokens[at - 1]
        if token.kind == "open":
            named = before.kind == "word" or before.text in (")", "]")
            stack.append(named and at > index and (token.text == "[" or bool(_ASKS.search(before.text))))
        elif token.kind == "close":
            if not stack:
                return
            stack.pop()
        elif not stack and (token.kind == "newline" or token.text == ";" or (token.text == "," and not statement)):
            return
        elif token.kind == "string":
            aside = before.text == "=" and tokens[at - 2].text in _ASIDE
            if not aside and not (stack and stack[-1] and before.kind == "open"):
                yield from _value(text, *token.body)
        elif token.kind == "number" and at == index:
            yield token.start, token.end


# ---- YAML, ini, env, Dockerfile, shell


def _in_lines(text: str) -> Iterator[tuple[int, int]]:
    for match in _PAIR.finditer(text):
        yield from _value(text, *match.span(1))
    at = 0
    for match in _KEY.finditer(text):
        if match.start() < at or not is_secret(match["key"]):
            continue
        start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - _REACH)
        before = text[start:match.start()].strip().strip("\"'")
        if match["sign"].isspace() and before.upper() not in ("ENV", "ARG"):
            continue
        span = _scalar(text, match.end(), match["sign"], before)
        if text.startswith(("{", "["), span[0]) and not text.startswith("{{", span[0]):
            continue
        at = span[1]
        if not text.startswith(("|", ">"), span[0]):
            yield from _value(text, *span)
        yield from _block(text, match, span)
    for match in _NAMED.finditer(text):
        if is_secret(match[1]):
            yield from _value(text, *_scalar(text, match.end(), ":", ""))


def _scalar(text: str, start: int, sign: str, before: str) -> tuple[int, int]:
    """The span of the value that begins here."""
    if quoted := re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:''|[^'])*)'", re.DOTALL).match(text, start):
        return quoted.span(quoted.lastindex or 0)
    end = text.find("\n", start, start + _REACH)
    line = text[start:end if end >= 0 else start + _REACH]
    if sign in (":-", ":=", ":?"):
        stop = re.search(r"\}|$", line)
    elif demanded := re.match(r"\$\{\w+:?\?[^}\n]*\}", line):
        return start, start + demanded.end()
    elif line.startswith(("${", "{{")) or (sign == "=" and before not in ("", "-", "#")):
        told = re.match(r"\$\{[^{}]*\}", line)  # `${NAME:?must be set}` has blanks
        blank = re.compile(r"(?<!\\)[ \t]|$").search(line, told.end() if told else 0)
        stop = blank if not line.startswith("{{") else re.search(r"(?<=\}\})|$", line)
    else:
        stop = re.search(r"[ \t]+#|[ \t]*\r?$", line)
    return start, start + (stop.start() if stop else len(line))


def _block(text: str, match: re.Match[str], span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The lines below a key that hold its value: a YAML block, or a value that begins on the next line."""
    value = text[slice(*span)].strip()
    if match["sign"] != ":" or not (value == "" or value[0] in "|>"):
        return
    line_start = text.rfind("\n", 0, match.start()) + 1
    indent = len(text[line_start:match.start()]) - len(text[line_start:match.start()].lstrip(" "))
    at = text.find("\n", span[1]) + 1
    while 0 < at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        if line.strip():
            if len(line) - len(line.lstrip(" ")) <= indent:
                return
            if not value and re.match(r"\s*(?:- |[\w.\-\"']+:(?:\s|$))", line):
                return
            yield at + len(line) - len(line.lstrip()), at + len(line.rstrip())
        at = end + 1
