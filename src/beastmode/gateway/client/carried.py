"""Carried: keys of ours in a request, found and taken out, so that nothing behind this sees one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter
from urllib.parse import unquote_plus

import msgspec

from beastmode.cache.credentials import IN_HEADERS

_Headers = Sequence[tuple[bytes, bytes]]

KEY_OF_QUERY = "key"
"""Gemini's clients may put theirs into the query."""
GEMINI_KEY = b"x-goog-api-key"

_OURS = b"beast_"
_VALUE = itemgetter(1)
_SCHEME = re.compile(rb"\s*(?:bearer\s+)?", re.IGNORECASE)
_ANYWHERE = re.compile(rb"beast_[0-9A-Za-z]{40}")
"""As good as a whole key, wherever it stands."""
_IN_TEXT = re.compile(r"(beast(?:_|%5F))[0-9A-Za-z]{40,}", re.IGNORECASE)
"""The same in a path, where it may be percent-encoded."""


class Carried(msgspec.Struct, frozen=True, gc=False):
    """A request without keys of ours.

    keys: those that were there, first the header's.   place: the header that an upstream of this client wants a key
    in, as it sent ours there; b"" where it sent none.
    """

    headers: _Headers
    query: str
    keys: tuple[str, ...] = ()
    place: bytes = b""


def take_out(headers: _Headers, query: str) -> Carried:
    """All that begins with `beast_` where a credential stands, and whole keys wherever they are, but for the body."""
    keys: list[str] = []
    place = b""
    if _OURS in b"\n".join(map(_VALUE, headers)):  # a tenth of looking at each: every request comes here
        headers, keys, place = _of_headers(headers)
    if query and ("beast" in query or "%" in query):
        query, found = _of_query(query)
        keys += found
        place = place or (GEMINI_KEY if found else b"")
    return Carried(headers, query, tuple(keys), place)


def blotted(text: str) -> str:
    """A path, or what a record says, with only the beginning of each whole key in it."""
    return _IN_TEXT.sub(r"\1", text) if "beast" in text.lower() else text


def _of_headers(headers: _Headers) -> tuple[_Headers, list[str], bytes]:
    """The headers without keys, the keys, and the header in which the first one stood."""
    found = [(name, key) for name, value in headers if _OURS in value and (key := _key_in(name, value))]
    kept = [
        (name, value)
        for name, value in headers
        if _OURS not in value or not (_key_in(name, value) or _ANYWHERE.search(value))
    ]
    return kept, [key.decode("latin-1") for _, key in found], found[0][0] if found else b""


def _key_in(name: bytes, value: bytes) -> bytes:
    """The key that a header carries as its credential, b"" for none."""
    key = _SCHEME.sub(b"", value, count=1).strip() if name in IN_HEADERS else b""
    return key if key.startswith(_OURS) else b""


def _of_query(query: str) -> tuple[str, list[str]]:
    kept, keys = [], []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        plain = unquote_plus(value).strip()
        if unquote_plus(name) == KEY_OF_QUERY and plain.startswith(_OURS.decode()):
            keys.append(plain)
        elif not _ANYWHERE.search(unquote_plus(pair).encode()):
            kept.append(pair)
    return "&".join(kept), keys
