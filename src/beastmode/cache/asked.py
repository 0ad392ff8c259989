"""Asked: which questions were asked for before, and so how much any cache could answer.

The tiers know nothing of a question whose answer failed, may not be kept, was removed or had to make room.
"""

from __future__ import annotations

import math
from array import array

CELLS = 1 << 18
"""Of 8 bytes, in each of two generations: 4 MB, where there are so many keys."""
_MASK_OF_TIME = 0xFFFFFFFF
_FULLEST = 0.75
"""Beyond it a look goes through too many cells."""


class Asked:
    """The keys that were asked for within the last `span_s` seconds, to the second. For one thread.

    In two generations: a new one begins when the young one is as old as the span, or has `most` keys. So a key is never
    forgotten within the span, unless `most` others are noted after it. A key that was never asked for is taken for one
    that was about once in a hundred million times.
    """

    def __init__(self, span_s: float, cells: int = CELLS) -> None:
        """cells: a power of 2, >= 4."""
        self.most = int(cells * _FULLEST)
        self._span_s, self._cells = span_s, cells
        self._young = self._old = _Generation(-math.inf, 1)

    def note(self, key: bytes, unix: float) -> bool:
        """Note that a key is asked for at that time; was it before?   key: evenly spread, as those of answers are."""
        if self._young.count >= self.most or unix - self._young.began >= self._span_s:
            self._old, self._young = self._young, _Generation(unix, self._cells)
        second = max(1, int(unix))
        last = max(self._young.last(key), self._old.last(key))
        self._young.put(key, second)
        return bool(last) and second - last < self._span_s + 1


class _Generation:
    """The second at which each key was asked for last: a table with open addressing. 32 bits of a key choose its cell,
    32 others and the second stand in it; a cell of 0 is free."""

    __slots__ = ("_cells", "_last", "began", "count")

    def __init__(self, began: float, cells: int) -> None:
        self.began, self.count = began, 0
        self._cells = array("Q", (0,)) * cells
        self._last = cells - 1

    def last(self, key: bytes) -> int:
        """0 for never."""
        return self._cells[self._place(key)] & _MASK_OF_TIME

    def put(self, key: bytes, second: int) -> None:
        """Note it. There must be a free cell."""
        place = self._place(key)
        if not self._cells[place]:
            self.count += 1
        self._cells[place] = max(self._cells[place], _mark(key) << 32 | second & _MASK_OF_TIME)

    def _place(self, key: bytes) -> int:
        """The cell of a key, or the free one that it would have."""
        cells, last, mark = self._cells, self._last, _mark(key)
        place = int.from_bytes(key[4:8], "big") & last
        while (cell := cells[place]) and cell >> 32 != mark:
            place = place + 1 & last
        return place


def _mark(key: bytes) -> int:
    return int.from_bytes(key[:4], "big") or 1
