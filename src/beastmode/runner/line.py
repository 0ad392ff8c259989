"""Line: numbers that wait, lowest first. A million that come together cost four bytes each, not forty."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import pairwise


class Line:
    """Those that come into an empty line stand in one sorted array; those that come later in a heap beside it."""

    def __init__(self) -> None:
        self._sorted = array("i")
        self._next = 0
        self._later: list[int] = []

    def __len__(self) -> int:
        return len(self._sorted) - self._next + len(self._later)

    def join(self, numbers: Iterable[int]) -> None:
        """Stand in line, each at its place."""
        if self:
            for number in numbers:
                heappush(self._later, number)
        else:
            self._sorted, self._next = _ascending(array("i", numbers)), 0

    def pop(self) -> int:
        """The lowest, which leaves the line. Raises IndexError where there is none."""
        first = self._sorted[self._next] if self._next < len(self._sorted) else None
        if self._later and (first is None or self._later[0] < first):
            return heappop(self._later)
        if first is None:
            raise IndexError("nobody stands in line")
        self._next += 1
        return first

    def over(self, number: int) -> None:
        """One that was popped is over; nobody here waits for that."""


def _ascending(numbers: array[int]) -> array[int]:
    if all(before <= after for before, after in pairwise(numbers)):
        return numbers  # the usual case, without a million objects for `sorted`
    return array("i", sorted(numbers))
