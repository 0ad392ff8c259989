"""How long many things took, in a few bytes: counts of lengths that are nearly alike, each kind 10 % longer than the
one before."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

Lengths = dict[int, int]
"""How many of each kind."""

_FIRST_S = 1e-5
_RATIO = 1.1
_KINDS = 256
"""From 10 microseconds to four days; what is shorter or longer counts as that."""
_PER_KIND = 1 / math.log(_RATIO)
_OFFSET = -math.log(_FIRST_S) * _PER_KIND
_PAIR = struct.Struct("<BI")
_MOST = 0xFFFFFFFF

_log = math.log


def kind_of(seconds: float) -> int:
    """Which of the kinds a length is."""
    if seconds <= _FIRST_S:
        return 0
    return min(int(_log(seconds) * _PER_KIND + _OFFSET), _KINDS - 1)


def packed(lengths: Mapping[int, int]) -> bytes:
    """As bytes, five for each kind that there is."""
    pairs = ((kind, min(count, _MOST)) for kind, count in sorted(lengths.items()) if count > 0)
    return b"".join([_PAIR.pack(kind, count) for kind, count in pairs])


def unpacked_into(lengths: Lengths, data: bytes) -> None:
    """Add those that `packed` has made bytes of."""
    for kind, count in _PAIR.iter_unpack(data):
        lengths[kind] = lengths.get(kind, 0) + count


def quantile(lengths: Mapping[int, int], share: float) -> float | None:
    """The length that this share of them does not exceed, at most 5 % off; None where there are none.

    share: from 0 to 1. Of n lengths it is the one with the number ceil(share * n), the shortest being the first.
    """
    place = math.ceil(share * sum(lengths.values()))
    for kind in sorted(lengths):
        place -= lengths[kind]
        if place <= 0:
            return _FIRST_S * math.pow(_RATIO, kind + 0.5)
    return None
