"""What Cache-Control says, of requests and of answers (RFC 9111), and what a client is told about the cache. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from beastmode.cache.answer import Answer, Headers

DEFAULT_TTL_S = 86_400.0
"""How long an answer is served where it says nothing itself: a day."""
MOST_S = 2**31
"""What a number of seconds beyond it is taken for, as RFC 9111 has it."""

Pairs = Iterable[tuple[bytes, bytes]]
"""Headers: name and value; a name may come several times."""

TOLD = b"x-beast-cache"
"""The header in which a client is told what the cache did."""
OFF = b"off"
"""Its value where the cache was not asked."""

_NAME = b"cache-control"
WISHES = frozenset((_NAME,))
"""The headers by which a request says what it asks for; without any, it asks for nothing."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 the word of RFC 9110 for a word
_ELEMENT = re.compile(r'((?:"(?:[^"\\]|\\.?)*(?:"|$)|[^,"])*)(?:,|$)', re.DOTALL)
_DIRECTIVE = re.compile(rf'({_TOKEN})(?:=(?:({_TOKEN})|"((?:[^"\\]|\\.)*)"))?', re.DOTALL)
_PLAIN = re.compile(_TOKEN)
_SECONDS = re.compile(r"[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of the cache.

    read: an answer that is kept may be used.   store: the answer may be kept.   max_age_s: only a younger one.
    min_fresh_s: only one that may be served for as long from now.   only_if_cached: where none fits, 504 and no call
    upstream.   ignored: directives that were understood and have no effect here.
    """

    read: bool = True
    store: bool = True
    max_age_s: float | None = None
    min_fresh_s: float = 0.0
    only_if_cached: bool = False
    ignored: tuple[str, ...] = ()

    def why_not(self, answer: Answer, now_unix: float) -> str:
        """Why this request may not have that answer, "" where it may."""
        if not self.read:
            return "no-cache" if self.store else "no-store"
        if self.max_age_s is not None and answer.age_s(now_unix) > self.max_age_s:
            return "older than max-age"
        if answer.expires_unix - now_unix < self.min_fresh_s:
            return "min-fresh"
        return ""


ANYTHING = Wish()
"""The wish of a request that says nothing."""


def wish_of(headers: Pairs) -> Wish:
    """What a request's headers ask for. What cannot be understood counts as not said.

    no-cache: not read, but stored.   no-store: neither.   max-stale: ignored, nothing stale is ever kept.
    """
    said = directives(headers)
    if not said:
        return ANYTHING
    no_store = "no-store" in said
    return Wish(
        read=not no_store and "no-cache" not in said,
        store=not no_store,
        max_age_s=_seconds(said.get("max-age")),
        min_fresh_s=_seconds(said.get("min-fresh")) or 0.0,
        only_if_cached="only-if-cached" in said,
        ignored=("max-stale",) if "max-stale" in said else (),
    )


def ttl_s(headers: Pairs, default_s: float = DEFAULT_TTL_S) -> float:
    """For how many seconds an answer with these headers may be served again; 0.0: it may not be stored.

    At most `default_s`, s-maxage before max-age, less the Age it came with; one that is no number counts as 0.
    private: the asker's credential is part of the key, so nobody else gets it.   must-revalidate: nothing stale is
    ever served.   no-cache forbids it, since nothing here can ask the upstream whether an answer still holds; but
    not of an event stream: nearly all servers send it with each of these so that no proxy holds events back, and say
    nothing by it of the answer.
    """
    headers = list(headers)
    said = directives(headers)
    if "no-store" in said or ("no-cache" in said and not _is_event_stream(headers)):
        return 0.0
    for name in ("s-maxage", "max-age"):
        if name in said:
            left_s = (_seconds(said[name]) or 0.0) - _age_of(headers)
            return max(0.0, min(default_s, left_s))
    return default_s


def directives(headers: Pairs) -> dict[str, str | None]:
    """The directives of all Cache-Control headers together, by name in lower case; None: it has no value.

    Of a directive that comes twice with numbers the smaller counts.
    """
    values = [value for name, value in headers if len(name) == len(_NAME) and name.lower() == _NAME]
    said: dict[str, str | None] = {}
    for name, argument in _elements(b",".join(values).decode("latin-1")) if values else ():
        said[name] = _stricter(said[name], argument) if name in said else argument
    return said


def _elements(text: str) -> Iterator[tuple[str, str | None]]:
    for element in _ELEMENT.findall(text):
        if match := _DIRECTIVE.fullmatch(element.strip(" \t")):
            name, plain, quoted = match.groups()
            yield name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain


def _stricter(one: str | None, other: str | None) -> str | None:
    numbers = [number for number in (_seconds(one), _seconds(other)) if number is not None]
    return str(int(min(numbers))) if numbers else other


def _seconds(text: str | None) -> float | None:
    """None where it is no whole number of seconds."""
    if text is None or not _SECONDS.fullmatch(text):
        return None
    return float(MOST_S if len(text) > 10 else min(int(text), MOST_S))


def _age_of(headers: Pairs) -> float:
    ages = [_seconds(value.decode("latin-1").strip()) for name, value in headers if name.lower() == b"age"]
    return max((age for age in ages if age is not None), default=0.0)


def _is_event_stream(headers: Pairs) -> bool:
    kinds = [value for name, value in headers if name.lower() == b"content-type"]
    return bool(kinds) and kinds[0].split(b";")[0].strip().lower() == b"text/event-stream"


# ---- what a client is told ----


def hit(tier: str, age_s: float) -> bytes:
    """The value of `TOLD` for an answer from the cache."""
    return b"hit; tier=%b; age=%d" % (tier.encode("ascii"), age_s)


@lru_cache(maxsize=256)  # the reasons are few
def miss(why: str, ignored: tuple[str, ...] = ()) -> bytes:
    """The value of `TOLD` where the upstream is asked.   why: printable as it is; what no header takes becomes `?`."""
    told = f"miss; why={_item(why)}"
    for name in ignored:
        told += f"; ignored={_item(name)}"
    return told.encode("ascii")


def hit_headers(answer: Answer, tier: str, age_s: float) -> Headers:
    """The headers of an answer from the cache: those it came with, Age, and what the cache did."""
    return (*answer.headers, (b"age", b"%d" % age_s), (TOLD, hit(tier, age_s)))


def _item(text: str) -> str:
    """A word as it stands, anything else as a quoted string (RFC 9651): no text can end the header or forge a part."""
    if _PLAIN.fullmatch(text):
        return text
    printable = "".join(c if " " <= c <= "~" else "?" for c in text)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'
