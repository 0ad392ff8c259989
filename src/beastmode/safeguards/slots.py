"""Concurrency: how many calls may be in flight."""

from __future__ import annotations

import math
from heapq import heappop, heappush


class Slots:
    """At most `limit` slots in use; None: any number. Pure: `now` is passed in, in seconds.

    A slot may linger after its call: a server goes on working on a request that timed out here, so freeing the
    slot at once would put one more call in flight there than it bears.
    """

    __slots__ = ("_busy", "_lingering", "limit")

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._busy = 0
        self._lingering: list[float] = []

    def wait_s(self, now: float) -> float:
        """Seconds until a slot is free, 0 for now; infinite while that hangs on a call that has not ended."""
        if self.limit is None or self.in_use(now) < self.limit:
            return 0.0
        missing = self.in_use(now) - self.limit + 1
        if missing > len(self._lingering):
            return math.inf
        return sorted(self._lingering)[missing - 1] - now

    def take(self) -> None:
        """Take a slot that `wait_s` has called free."""
        self._busy += 1

    def free(self, now: float, linger_s: float = 0.0) -> None:
        """Give a slot back, `linger_s` seconds from now."""
        self._busy -= 1
        if linger_s > 0:
            heappush(self._lingering, now + linger_s)

    def in_use(self, now: float) -> int:
        """Slots that are taken or lingering at `now`."""
        while self._lingering and self._lingering[0] <= now:
            heappop(self._lingering)
        return self._busy + len(self._lingering)
