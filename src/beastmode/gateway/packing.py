"""Packing: the words of a body that was sent packed. Only for reading on the side; what passes stays packed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

_MOST_BYTES = 16 * 1024 * 1024
_WINDOW = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


def unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body unpacked, at most 16 MB of it; as it is where its packing is not known or broken.

    headers: names in lower case.   Known: gzip and deflate, what the standard library reads.
    """
    window = _WINDOW.get(headers.get("content-encoding", "").strip().lower())
    if window is None:
        return body
    try:
        return zlib.decompressobj(window).decompress(body, _MOST_BYTES)
    except zlib.error:
        return body
