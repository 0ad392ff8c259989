"""Packing: the words of a body that was sent packed. Only for reading on the side; what passes stays packed, but for a
stream to a client that has been told before, by a sign of life, that it is not."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress

_MOST_BYTES = 16 * 1024 * 1024
_GZIP = (zlib.MAX_WBITS | 16,)
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS)}
"""How each may be packed. Some servers send deflate without its frame, and clients take it."""


def readable(headers: Mapping[str, str]) -> bool:
    """Whether `unpacked` can read a body with these headers: it came as it is, or in a packing that is known."""
    coding = _coding(headers)
    return coding in ("", "identity") or coding in _WINDOWS


def unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body unpacked, at most 16 MB of it; as it is where its packing is not known or broken.

    headers: names in lower case.   Known: gzip and deflate, what the standard library reads.
    """
    for window in _WINDOWS.get(_coding(headers), ()):
        with suppress(zlib.error):
            return zlib.decompressobj(window).decompress(body, _MOST_BYTES)
    return body


def unpacker(coding: str) -> Callable[[bytes], bytes]:
    """Unpacks pieces as they come. Raises ValueError where that packing is not known, as does what it gives where a
    piece is broken."""
    windows = _WINDOWS.get(coding.strip().lower())
    if windows is None:
        told = (
            f"the stream is packed with {coding[:50]}, and its client was told before that it is not packed"
        )
        raise ValueError(told)
    unpack = zlib.decompressobj(windows[0]).decompress

    def checked(piece: bytes) -> bytes:
        try:
            return unpack(piece)
        except zlib.error as error:
            raise ValueError(f"a piece of the stream cannot be unpacked: {error}") from None

    return checked


def _coding(headers: Mapping[str, str]) -> str:
    return headers.get("content-encoding", "").strip().lower()
