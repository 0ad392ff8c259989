"""Raw head: what a connection makes of the bytes of a head. Pure."""

from __future__ import annotations

import httptools

from beastmode.gateway.client.head import Headers

_TLS = b"\x16\x03"
"""How a client begins that speaks TLS."""


def target_of(url: bytes) -> tuple[bytes, bytes]:
    """Path and query that a request asks for, whether it names a host before them or not; without a fragment. What
    names no path stays as it is, and begins with no slash."""
    if url.startswith(b"/") and b"#" not in url:
        path, _, query = url.partition(b"?")
        return path, query
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        return url, b""
    return parsed.path or b"/", parsed.query or b""


def without_upgrade(line: bytes, headers: Headers) -> bytes:
    """The head as of a client that offers no other protocol (RFC 9110, 7.8).   line: method, target and version."""
    kept = [
        (name, _without(b"upgrade", value) if name == b"connection" else value) for name, value in headers
    ]
    return b"\r\n".join([line, *(b"%b: %b" % header for header in kept)]) + b"\r\n\r\n"


def _without(word: bytes, value: bytes) -> bytes:
    return b",".join(part for part in value.split(b",") if part.strip().lower() != word)


def flaw_named(reason: str, data: bytes) -> str:
    """Why a request cannot be read.   reason: the parser's.   data: that it stumbled over."""
    return (
        "it begins with TLS, and this port has none"
        if data.startswith(_TLS)
        else reason[:1].lower() + reason[1:]
    )
