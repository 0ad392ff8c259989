"""An answer of an upstream as the cache keeps it: whole, and byte for byte as it came."""

from __future__ import annotations

from collections.abc import Iterable
from sys import getsizeof

import msgspec

from beastmode.cache.tags import tag_of

Headers = tuple[tuple[bytes, bytes], ...]
"""Pairs of name, in lower case, and value."""


class Answer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The answer to one request, for others that ask the same. Fields may be added at the end, with a default.

    headers: see `replayable`.   body: all of it, a stream's events as well: the same bytes in the same order; in which
    pieces a stream came is not kept (one piece takes less room, and is sent at once).   stored_unix: when it was
    whole.   ttl_s: how long it may be served after that.   tokens_…: as the upstream counted them, None where it
    did not; what a hit saves.   tags: under which it can be forgotten; see `tags.py`.
    """

    status: int
    headers: Headers
    body: bytes
    stored_unix: float
    ttl_s: float
    model: str = ""
    dialect: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    tags: tuple[str, ...] = ()

    @property
    def expires_unix(self) -> float:
        """It may be served before this, and not from then on."""
        return self.stored_unix + self.ttl_s

    def age_s(self, now_unix: float) -> float:
        """Seconds since it was stored, never negative: a clock may have been set back."""
        return max(0.0, now_unix - self.stored_unix)

    @property
    def size(self) -> int:
        """Bytes of memory that it takes, what Python needs around the values included."""
        size = getsizeof(self) + getsizeof(self.headers) + _FEW + getsizeof(self.body)
        for pair in self.headers:
            size += getsizeof(pair) + getsizeof(pair[0]) + getsizeof(pair[1]) + _ROUNDED
        if self.tags:
            size += getsizeof(self.tags) + sum([getsizeof(tag) + _ROUNDED_TAG for tag in self.tags])
        return size + getsizeof(self.model) + getsizeof(self.dialect)

    @property
    def known_as(self) -> tuple[str, ...]:
        """Its tags; of one that was kept before there were any, the one of its model."""
        return self.tags or (tag_of("model", self.model),)


NO_ANSWER = Answer(0, (), b"", 0.0, 0.0)
"""In the place of one that was removed: it has expired for ever."""

_FEW = 4 * 32
"""The numbers of an answer, an object each."""
_ROUNDED, _ROUNDED_TAG = 24, 12
"""Of three small objects, and of one with its share of the tuple: the allocator deals in steps of 16 bytes."""

_NOT_REPLAYED = frozenset((b"age", b"set-cookie", b"retry-after", b"retry-after-ms"))
_NOT_REPLAYED_PREFIXES = (b"x-ratelimit-", b"ratelimit", b"anthropic-ratelimit-", b"x-beast-")


def replayable(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers that are true of an answer at any time: all but its age, cookies, and where limits stood just then.

    A client that is told again of a limit that was nearly used up an hour ago would hold back for nothing.
    """
    return tuple(
        (name, value)
        for name, value in headers
        if name not in _NOT_REPLAYED and not name.startswith(_NOT_REPLAYED_PREFIXES)
    )
