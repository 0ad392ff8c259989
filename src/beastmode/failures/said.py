"""Said: what a text says without naming fields: statuses, names of exceptions, codes in the middle of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from beastmode.failures.phrases import holds

_NUMBER = re.compile(r"[45][0-9][0-9]")
_BEFORE = re.compile(
    r"(?:^|\bhttp(?:/[\d.]{1,3})?|\bstatus(?:[ _-]?code(?: of)?)?|\berror(?:[ _-]?code)?|\bcode|\breturned|"
    r"\bresponse(?:d with)?|\bgot|\breceived|\bwith|\bfrom api|api error|\bfailed|\bexception)"
    r"[\s:='\"(\[<-]{0,4}(?:an?\s)?$"
)
_COUNTED = re.compile(
    r" ?(?:tokens?|ms|s|seconds|minutes|chars|characters|bytes|[kmg]i?b|requests|items|words|retries|times|queries|"
    r"images|inputs|credits|attempts|models|messages)\b"
)
_PHRASES = {
    "400": "bad request", "401": "unauthorized", "402": "payment required", "403": "forbidden", "404": "not found",
    "405": "method not allowed", "408": "request timeout", "409": "conflict", "410": "gone", "413": "",
    "422": "unprocessable", "429": "too many requests", "500": "internal server error", "501": "not implemented",
    "502": "bad gateway", "503": "service", "504": "gateway", "520": "web server", "521": "web server is down",
    "522": "connection timed out", "523": "origin is unreachable", "524": "a timeout occurred", "525": "ssl handshake",
    "526": "invalid ssl", "529": "overloaded", "530": "",
}  # fmt: skip
_CALLED = re.compile(
    r"(?:error|fail(?:ed|ure)?|call|request|api|exception|ollama|provider)[^:\n,'\"{}]{0,24}[:-] $"
)
"""Before a number that is the status of the call spoken of: `API call (Attempt 1/3): 400 Provider returned error`."""
_REASONS = (
    (413, ("request entity too large", "payload too large", "content too large", "request body too large")),
    (422, ("unprocessable entity",)),
    (400, ("bad request",)),
    (502, ("bad gateway",)),
    (503, ("service unavailable", "service temporarily unavailable")),
    (504, ("gateway timeout", "gateway time-out")),
    (500, ("internal server error",)),
)
"""What stands for a status where the number is not there."""
_ALONE = {phrase: int(digits) for digits, phrase in _PHRASES.items() if digits < "500" and phrase}
_ENDINGS = (
    "Error",
    "Exception",
    "Timeout",
    "Disconnected",
    "Fault",
    "Refused",
    "Interrupted",
    "Exhausted",
    "Exceeded",
    "Unavailable",
    "Denied",
    "Unauthenticated",
    "TooManyRequests",
    "NotFound",
    "InvalidArgument",
)
_KIND = re.compile(rf"(?:{'|'.join(_ENDINGS)})(?![A-Za-z]|\.[A-Z]\w{{1,30}}\.[A-Z])")
_WORD_BEFORE = re.compile(r"[A-Za-z_]\w{0,60}$")
_SNAKE = re.compile(r"(?<![\w./-])[A-Za-z]{2,30}(?:_[A-Za-z]{2,30}){1,6}(?![\w/])")
_GRPC = re.compile(r"StatusCode\.([A-Z]{2,20}(?:_[A-Z]{2,20}){0,3})")
_CODES_ASIDE = str.maketrans("", "", " _-./:")


@lru_cache(maxsize=2048)
def spelled_code(code: str) -> str:
    """`rate_limit_error`, `RateLimitError` and `rate-limit` are one code."""
    return code.lower().translate(_CODES_ASIDE).removesuffix("exception").removesuffix("error")


def statuses(text: str) -> list[int]:
    """HTTP statuses of a lower-case text, 400-599: at its beginning, after a word such as `status`, or before their
    own phrase. aiohttp's parser calls a cut answer 400, which no server has sent: such texts have none."""
    found: list[int] = []
    if (
        ("4" not in text and "5" not in text)
        or "transferencodingerror" in text
        or "payload is not completed" in text
    ):
        return found
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if not _stands_alone(text, start, end):
            continue
        before, rest = text[max(0, start - 26) : start], text[end : end + 40]
        if (
            _leads(before)
            or _follows(match[0], rest)
            or ((_BEFORE.search(before) or _names_a_call(text, start, rest)) and not _COUNTED.match(rest))
        ):
            found.append(int(match[0]))
            if len(found) > 8:
                break
    return found


def reasoned(text: str, sentences: Iterable[str]) -> list[int]:
    """The status whose own phrase a lower-case text holds, or is one of the sentences, where it names no number."""
    alone = [_ALONE[one.strip(" .").lower()] for one in sentences if one.strip(" .").lower() in _ALONE]
    return alone[:1] or [status for status, phrases in _REASONS if holds(text, phrases)][:1]


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the digits are a number of their own: no part of a longer one, a word, a date or a price."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before.isalnum() or (before and before in ".,-+#$@&_%"):
        return False
    if after.isalnum() or (after and after in "%_"):
        return False
    return not (after and after in ".,:-" and text[end + 1 : end + 2].isdecimal())


def _leads(before: str) -> bool:
    """Whether nothing but marks stands before it: the text begins with its status."""
    return len(before) < 8 and not any(letter.isalnum() for letter in before)


def _follows(digits: str, after: str) -> bool:
    phrase = _PHRASES.get(digits)
    after = after.lstrip(" :-)]'\",{")
    general = ("client error", "server error", "status code", "provider returned error")
    return after.startswith(general) or bool(phrase and after.startswith(phrase))


def _names_a_call(text: str, start: int, rest: str) -> bool:
    """Whether the number stands behind the colon after some call, as if it were what came of it."""
    # aiohttp's parser says `400, message:` of what no server sent.
    named = rest.startswith((" ", ", message='"))
    return named and bool(_CALLED.search(text[max(0, start - 48) : start]))


def kinds(text: str) -> set[str]:
    """Names of exceptions in a text, without their modules, as written."""
    found: set[str] = set()
    if not holds(text, _ENDINGS):
        return found
    for match in _KIND.finditer(text):
        before = _WORD_BEFORE.search(text[max(0, match.start() - 60) : match.start()])
        found.add((before[0] if before else "") + match[0])
        if len(found) > 60:
            break
    return found


def snakes(text: str) -> set[str]:
    """Words such as `insufficient_quota`, `RESOURCE_EXHAUSTED` and gRPC's `StatusCode.NOT_FOUND`, in lower case."""
    found = {match[0].lower() for match in _SNAKE.finditer(text)} if "_" in text else set()
    if "StatusCode." in text:
        found.update(match[1].lower() for match in _GRPC.finditer(text))
    return found
