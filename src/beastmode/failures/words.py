"""The server's or program's own words: made one line, cut, and free of control characters and secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from beastmode.failures.phrases import holds

MOST_CHARACTERS = 500
_ENOUGH = 650
"""Characters looked at for one line: what is cut off behind cannot leave half a secret, because it is not shown."""

_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_URL_USER = re.compile(r"(://)(?!<[\w-]{1,60}>@)[^/\s@\"']{1,500}@")  # `<name>` stands for one
_URL_QUERY = re.compile(r"([?&][\w.~-]{1,60}=)[^\s\"'&<>)\]]{4,}")
_SCHEME = re.compile(
    r"\b(bearer|basic|digest|negotiate|apikey|token)(\s+)(?!\*)[\w.~+/=*:-]{6,}", re.IGNORECASE
)
_NAMED = re.compile(
    r"((?:key|token|secret|passw(?:or)?d|passphrase|authorization|cookie|credentials?|signature|"
    r"session(?:[-_ ]?id)?|pwd)(?: provided| used| is| was)?\\?[\"'`]?\s{0,3}"
    r"(?:[:=]|=>|(?<=provided)|(?<=used)|(?<=is)|(?<=was))\s{0,3}\\?[\"'`(]{0,2})"  # within JSON, quotes are escaped
    r"(?!\*\*\*|bearer|basic|none\b|null\b|true\b|false\b|required|missing|invalid|not\b|expired|"
    r"permission denied|operation not permitted|read-only file system|file exists)"  # of /etc/passwd, server.key
    r"((?:[^\s\"'`&,;})\]\\]|\\(?![\"'])){4,})",
    re.IGNORECASE,
)
_SCHEME_BEGINS = re.compile(r"bearer|basic|digest|negotiate|apikey|token")
_NAMED_BEGINS = re.compile(
    r"key|token|secre(?=t)|passw|passphrase|authorization|cookie|credential|signature|session|pwd"
)
"""Where the two above may begin. None may hide the beginning of another: in `secretoken` there are two."""
_COOKIE = re.compile(r"((?:set-)?cookie[\"']?\s{0,3}[:=][ \t]{0,3}[\"']?)[^\"'\n]{4,}", re.IGNORECASE)
_COOKIE_BEGINS = re.compile("cookie")
_SHORT = 12
_MOST_PLAIN = 20
"""Letters of a word of the language."""
_WORD = re.compile(rf"(?<![\w.~+*-])[\w.~+*-]{{{_SHORT},}}+")
KEY_BEGINS = (
    r"(?:(?:sk|pk|rk|csk|fw|r8|gsk|xai|hf|pplx|nvapi|tgp|key|ghp|gho|ghs|ghu|ghr|github_pat|glpat|xox[abps]|ya29|dop_v1|"
    r"lsv2|sess|tok)[-_.]|AIza|AKIA|ASIA|eyJ)"
)
"""How the keys of providers begin: a regular expression."""
_PREFIX = re.compile(KEY_BEGINS)
_LONG = 32
_SCHEMES = ("bearer", "basic", "digest", "negotiate", "apikey", "token")
_NAMES = (
    "key",
    "token",
    "secret",
    "passw",
    "passphrase",
    "authorization",
    "credential",
    "signature",
    "session",
    "pwd",
)
_SENSITIVE = (
    "authorization",
    "cookie",
    "key",
    "token",
    "secret",
    "credential",
    "signature",
    "password",
    "session",
    "auth",
)
_KEPT_QUERIES = ("?api-version=", "&api-version=", "?beta=", "&beta=", "?alt=", "&alt=")


def masked(text: str) -> str:
    """The text without credentials in URLs, bearer tokens, cookies and keys in the forms that providers use."""
    low = text.lower()
    if "://" in text:
        text = _URL_USER.sub(r"\1***@", text)
    if "=" in text and ("?" in text or "&" in text):
        text = _URL_QUERY.sub(_query, text)
    if "cookie" in low:
        text = sub_where(_COOKIE, _COOKIE_BEGINS, _value, text)
    if holds(low, _SCHEMES):
        text = sub_where(_SCHEME, _SCHEME_BEGINS, _credential, text)
    if holds(low, _NAMES):
        text = sub_where(_NAMED, _NAMED_BEGINS, _named, text)
    if len(max(text.split(), key=len, default="")) < _SHORT:
        return text
    return _WORD.sub(_opaque, text)


def sub_where(
    pattern: re.Pattern[str], begins: re.Pattern[str], instead: Callable[[re.Match[str]], str], text: str
) -> str:
    """As `pattern.sub`, but looks only where `begins` finds a beginning of it in lower case: many words whose capitals
    do not count took ten times as long, which was 20 ms for a body of 64 KB."""
    low = text.lower()
    if len(low) != len(text):  # places would not be the same in both
        return pattern.sub(instead, text)
    parts: list[str] = []
    at = 0
    for begin in begins.finditer(low):
        match = pattern.match(text, begin.start()) if begin.start() >= at else None
        if match is not None:
            parts += [text[at : match.start()], instead(match)]
            at = match.end()
    return "".join([*parts, text[at:]])


def _value(match: re.Match[str]) -> str:
    return f"{match[1]}***"


def _named(match: re.Match[str]) -> str:
    """What is called a key is one where it is no word of the language: of a sentence ("the session is already open"),
    or a member that is called `key` and nothing more (`{key: 'bugs'`), as prompts explain them."""
    name, value = match[1].lower(), match[2]
    if value.rstrip(".:").isalpha() and value.islower() and len(value) < _MOST_PLAIN:
        sentence = name.startswith(("key", "token", "session")) and name.endswith((" is ", " was "))
        before = match.string[max(0, match.start() - 8) : match.start()].rstrip(" ")
        if sentence or (name.replace(" ", "") == "key:'" and before.endswith("{")):
            return match[0]
    return _value(match)


def _query(match: re.Match[str]) -> str:
    return match[0] if match[1].lower() in _KEPT_QUERIES else f"{match[1]}***"


def _credential(match: re.Match[str]) -> str:
    """What follows `bearer` or `token` is one where it is no word of the language."""
    word = match[0][len(match[1]) + len(match[2]) :]
    plain = word.rstrip(".:").isalpha() and (word.islower() or word.istitle()) and len(word) < _MOST_PLAIN
    return match[0] if plain else f"{match[1]}{match[2]}***"


def _opaque(match: re.Match[str]) -> str:
    """A word that begins like a key is one; a long word of small and capital letters and digits too. Hashes are not."""
    word = match[0]
    prefix = _PREFIX.match(word)
    if prefix:
        return f"{prefix[0]}***"
    if len(word) < _LONG or "." in word:
        return word
    kinds = (any(c.isdigit() for c in word), any(c.islower() for c in word), any(c.isupper() for c in word))
    return "***" if all(kinds) else word


def secrets_in(headers: Mapping[str, str], *urls: str) -> tuple[str, ...]:
    """Values that must not be shown wherever they turn up: of sensitive headers, of credentials in URLs."""
    found = [
        part
        for name, value in headers.items()
        if any(mark in str(name).lower() for mark in _SENSITIVE)
        and not str(name).lower().startswith(("x-ratelimit", "anthropic-ratelimit"))
        for part in _parts(str(value))
    ]
    for url in urls:
        if "@" in url or "?" in url:
            user = url.partition("://")[2].partition("/")[0].rpartition("@")[0]
            found += [part for part in (user, *user.split(":"), *_parts(url.partition("?")[2])) if part]
    if not found:
        return ()
    return tuple(sorted((one for one in set(found) if len(one) >= 6), key=len, reverse=True))


def _parts(value: str) -> Iterable[str]:
    yield value
    for part in re.split(r"[\s;,&]+", value[:4000]):
        yield part
        yield part.partition("=")[2]


def without(text: str, secrets: tuple[str, ...]) -> str:
    """The text with each of the secrets made ***."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, "***")
    return text


def one_line(text: str, most: int = MOST_CHARACTERS) -> str:
    """One line of at most `most` characters, without control characters, terminal escapes and secrets."""
    whole = len(text) <= _ENOUGH
    line = _ESCAPE.sub("", text[:_ENOUGH]) if "\x1b" in text else text[:_ENOUGH]
    line = masked(line if line.isprintable() else _CONTROL.sub(" ", line).strip())
    if not whole and len(line) <= most:
        line = line.rpartition(" ")[0] or "***"  # the cut may have left half a secret at the end
    return line if len(line) <= most else line[: most - 1] + "…"


def last_lines(text: str) -> str:
    """The end of a program's output as one line: what it said last is what it ended on."""
    return one_line(" | ".join(line.strip() for line in text[-2000:].splitlines()[-3:] if line.strip()))
