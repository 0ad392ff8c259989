"""Place: where a call went, whoever says so: the URL given, that of an exception, or one that the error names."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from beastmode.failures.phrases import holds

_CALLED = (
    re.compile(r"for url:? '?(https?://[^\s'\"<>)]{1,300})", re.IGNORECASE),
    re.compile(
        r"(?:fetching from|post|get|request to|connect(?:ing)? to) [\"'(]?(https?://[^\s'\"<>)]{1,300})",
        re.IGNORECASE,
    ),
    re.compile(r"host=['\"]([\w.-]{1,200}['\"], port=\d{1,5})"),
    re.compile(r"connect to (?:host )?([\w.-]{1,200}:\d{1,5})"),
    re.compile(r"[Cc]onnect call failed \('([\d.]{7,15}', \d{1,5})"),
    re.compile(
        r"(?:ECONN[A-Z]{3,8}|ETIMEDOUT|EHOSTUNREACH|dial tcp) (?:\[?[\w.:-]{1,200}\]?->)?([\w.-]{1,200}:\d{1,5})"
    ),
    re.compile(r"(?:ENOTFOUND|EAI_AGAIN|dial tcp: lookup) ([\w-]{1,63}(?:\.[\w-]{1,63}){1,9})"),
)
_SIGNS = (
    "http",
    "host=",
    "connect",
    "econn",
    "etimedout",
    "ehostunreach",
    "dial tcp",
    "enotfound",
    "eai_again",
)
"""One of them stands in every text that names the address, in lower case."""
_BETWEEN = re.compile(r"['\"],? ?(?:port=)?")
_NAMED = re.compile(
    r"s?(?: id| name)?[:=]? ?(?:[`'\"]{1,2}([\w.:/@+-]{2,100})[`'\"]|(?<=: )([\w.:/@+-]{2,100}))",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:^|[\s\"'])([\w.:/@+-]{3,100}) is not a valid model", re.IGNORECASE)
_QUOTED = re.compile(r"[`'\"]([\w.:/@+-]{2,100})[`'\"](?: model)? (?:is not|not found|does not exist)")


def mentioned(text: str, low: str) -> str:
    """The address that an error names as the one called; not the links to documentation.   low: lower case of it."""
    if not holds(low, _SIGNS):
        return ""
    for pattern in _CALLED:
        match = pattern.search(text)
        if match:
            return _BETWEEN.sub(":", match[1]).rstrip(".,:;")
    return ""


def model_in(text: str) -> str:
    """The model that an error speaks of, or "": what stands quoted behind the word, or is said not to exist."""
    low = text.lower()
    at = low.find("model")
    for _ in range(8):
        if at < 0:
            break
        match = _NAMED.match(text, at + 5)
        if match:
            return match[1] or match[2]
        at = low.find("model", at + 5)
    match = (_BEFORE.search(text) or _QUOTED.search(text)) if " not " in low else None
    return match[1] if match else ""


def host_of(where: str) -> str:
    """Host and port of a URL, without credentials; a `where` that is no URL as it is."""
    if "://" not in where:
        return where
    try:
        return urlsplit(where).netloc.rpartition("@")[2]
    except ValueError:
        return ""
