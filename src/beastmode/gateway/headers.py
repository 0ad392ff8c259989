"""Headers: which of them pass, and how a credential is put in their place. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from beastmode.cache.codings import narrowed
from beastmode.cache.credentials import IN_HEADERS
from beastmode.cache.tags import HEADER as TAGS
from beastmode.gateway.client.head import Headers

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""RFC 9110, 7.6.1: they are about one connection, not about the message."""
PRIORITY = b"x-beast-priority"
"""Ours: a client says with it how urgent it is. It goes no further."""
_REMADE = frozenset((b"host", b"content-length", b"expect"))
"""These are written anew for the request that goes on (`wire.py`)."""
_NOT_FOR_UPSTREAM = _REMADE | _HOP_BY_HOP | {PRIORITY, TAGS}
_ANTHROPIC = b"anthropic-version"
"""A client that sends this wants its upstream's key in `x-api-key`."""


def to_upstream(headers: Headers, key: str = "", place: bytes = b"") -> list[tuple[bytes, bytes]]:
    """The headers that go on to the upstream, which is asked for no packing that is not read here.

    key: replaces the client's credential, in the header it was in.   place: the header for it where the client has no
    credential of its own, b"" where that is not known.
    """
    dropped = _with_named(_NOT_FOR_UPSTREAM, headers)
    passed = [(name, value) for name, value in narrowed(headers) if name not in dropped]
    return _with_key(passed, key, place) if key else passed


def to_client(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of an upstream's answer that go back to the client; its length stays: bodies pass untouched."""
    lowered = [(name.lower(), value) for name, value in headers]
    dropped = _with_named(_HOP_BY_HOP, lowered)
    return [(name, value) for name, value in lowered if name not in dropped]


def _with_key(headers: Iterable[tuple[bytes, bytes]], key: str, place: bytes) -> list[tuple[bytes, bytes]]:
    headers = list(headers)
    usual = b"x-api-key" if any(name == _ANTHROPIC for name, _ in headers) else b"authorization"
    names = [name for name, _ in headers if name in IN_HEADERS] or [place or usual]
    others = [(name, value) for name, value in headers if name not in IN_HEADERS]
    value = f"Bearer {key}" if names[0] == b"authorization" else key
    return [*others, (names[0], value.encode("latin-1"))]


def _with_named(dropped: frozenset[bytes], headers: Headers) -> frozenset[bytes]:
    """These, and those that a `connection` header names."""
    if b"connection" not in dict(headers):
        return dropped
    named = [value for name, value in headers if name == b"connection"]
    return dropped.union(part.strip().lower() for part in b",".join(named).split(b","))


def as_text(headers: Headers) -> dict[str, str]:
    """By name, for those who read; of several of one name the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


def without(headers: Headers, *names: bytes) -> list[tuple[bytes, bytes]]:
    """All but those of these names."""
    return [(name, value) for name, value in headers if name not in names]
