"""Packing: the words of a body that was sent packed. Only for reading on the side; what passes stays packed, but for a
stream to a client that has been told before, by a sign of life, that it is not."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

_MOST_BYTES = 16 * 1024 * 1024
_MOST_PART = 1024 * 1024
_MOST_EACH = 200
"""Bytes that a byte of a stream may hold, once it has held 16 MB: events hold 10 to 40; a bomb 1,000, and 64 KB of it
would hold up everybody for as long as 64 MB."""
_HEAD_BYTES = 2
"""Of a stream that tell how it is packed."""
_GZIP = (zlib.MAX_WBITS | 16,)
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS)}
"""How each may be packed. Some servers send deflate without its frame, and clients take it."""


def readable(packing: str) -> bool:
    """Whether what is packed so can be unpacked here; "" is not packed."""
    return packing in ("", "identity") or packing in _WINDOWS


def told_in_vain(packing: str) -> str:
    """What is wrong with an answer in a packing that is not known, to a client that has heard a sign of life."""
    return f"the answer is packed with {packing[:50]}, and its client was told before that it is not"


def unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body unpacked, at most 16 MB of it; as it is where its packing is not known or broken.

    headers: names in lower case.   Known: gzip and deflate, what the standard library reads.
    """
    return _unpacked(body, packing_of(headers))[0]


def is_broken(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a whole body is not packed as it says, or ends too early; False where that packing is not known."""
    packing = packing_of(headers)
    return packing in _WINDOWS and not _unpacked(body, packing)[1]


def packing_of(headers: Mapping[str, str]) -> str:
    """How a body with these headers is packed.   headers: names in lower case."""
    return headers.get("content-encoding", "").strip().lower()


def packing_in(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The same of headers as they come; "" where it says so in words too."""
    named = next((value for name, value in headers if name == b"content-encoding"), b"").strip().lower()
    return "" if named == b"identity" else named.decode("latin-1")


def _unpacked(body: bytes, packing: str) -> tuple[bytes, bool]:
    """The body unpacked, and whether it was all there."""
    for window in _WINDOWS.get(packing, ()):
        with suppress(zlib.error):
            return _members(body, window)
    return body, False


def _members(body: bytes, window: int) -> tuple[bytes, bool]:
    """A body may be packed in several parts, one after the other. What stands behind the last is left alone."""
    parts: list[bytes] = []
    room = _MOST_BYTES
    while True:
        unpacking = zlib.decompressobj(window)
        try:
            parts.append(unpacking.decompress(body, room))
        except zlib.error:
            if not parts:
                raise
            return b"".join(parts), True
        body, room = unpacking.unused_data, room - len(parts[-1])
        if not (unpacking.eof and body and room > 0):
            return b"".join(parts), unpacking.eof or room <= 0


class Unpacking:
    """Unpacks pieces as they come.   packing: "" for none. Raises ValueError where it is not known.

    broken: why `all_of` finds no more; None as long as it does.
    """

    broken: ValueError | None = None

    def __init__(self, packing: str) -> None:
        windows = _WINDOWS.get(packing.strip().lower())
        if windows is None and packing:
            raise ValueError(told_in_vain(packing))
        self._windows, self._head = windows or (), b""
        self._unpacking: zlib._Decompress | None = None
        self._parts_ended = 0
        self._room = _MOST_BYTES

    def parts(self, piece: bytes) -> Iterator[bytes]:
        """What is in a piece, at most 1 MB at a time: a few bytes can hold very many. Raises ValueError where it is
        broken, or holds far too many."""
        if not self._windows:
            yield piece
            return
        self._room += _MOST_EACH * len(piece)
        while piece:
            try:
                part, piece = self._next(piece)
            except zlib.error as error:
                if self._parts_ended:
                    return  # what stands behind the last is left alone
                raise ValueError(f"a piece of the stream cannot be unpacked: {error}") from None
            self._room -= len(part)
            if self._room < 0:
                raise ValueError(f"the stream unpacks to more than {_MOST_EACH} times its size")
            if part:
                yield part

    def all_of(self, piece: bytes) -> bytes:
        """All that is in a piece; nothing of one that is broken, nor of those behind it."""
        if self.broken is None:
            try:
                return b"".join(self.parts(piece))
            except ValueError as error:
                self.broken = error
        return b""

    def _next(self, piece: bytes) -> tuple[bytes, bytes]:
        """Some of what is in it, and the rest of it. It may be packed in several parts, one after the other."""
        if self._unpacking is None:
            piece = self._head = self._head + piece
            if len(piece) < _HEAD_BYTES:
                return b"", b""
            self._unpacking, self._head = _beginning(piece, self._windows), b""
        part = self._unpacking.decompress(piece, _MOST_PART)
        if not self._unpacking.eof:
            return part, self._unpacking.unconsumed_tail
        rest, self._unpacking = self._unpacking.unused_data, None
        self._parts_ended += 1
        return part, rest


def _beginning(piece: bytes, windows: Sequence[int]) -> zlib._Decompress:
    """Of the way in which it is packed, as its head tells. Raises zlib.error."""
    for window in windows[:-1]:
        with suppress(zlib.error):
            zlib.decompressobj(window).decompress(piece, 1)
            return zlib.decompressobj(window)
    return zlib.decompressobj(windows[-1])
