"""Credentials: where a request carries them, and whose they are as a hash. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from hashlib import blake2b

import msgspec

IN_HEADERS = frozenset((b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"))
"""Headers in which the dialects carry a client's key, in lower case."""
_IN_QUERY = frozenset(("key", "api_key", "api-key", "access_token", "subscription-key"))


def tenant_of(credentials: Iterable[bytes]) -> bytes:
    """Who is asked for, by the credentials that go upstream, in headers and query: whoever holds another never gets
    this one's answers. Order does not matter; none at all is a tenant too."""
    told = msgspec.msgpack.encode(sorted(credentials))
    return blake2b(told, digest_size=16, person=b"beast tenant 1").digest()


def without_credentials(query: str, names: Container[str] = _IN_QUERY) -> tuple[str, list[str]]:
    """A query without its credentials (`?key=…`), in order as it came, and those.   names: of them, in lower case."""
    if not query:
        return "", []
    kept: list[str] = []
    credentials: list[str] = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name.lower() in names:
            credentials.append(value)
        else:
            kept.append(part)
    return "&".join(kept), credentials
