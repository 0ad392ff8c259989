"""Rate: a log of real starts, exact in every window."""

from __future__ import annotations

import math
from collections import deque

from beastmode.settings import Rate


class Window:
    """At most `starts` in any half-open window of `span_s` seconds, counted at the real start.

    A place is taken first and stamped when its call really leaves; until then it counts as starting now, so a
    delay between the decision and the wire (a slow commit, a busy loop) never lets one start too many through.
    Pure: `now` is passed in, seconds, never going back. Not shared between processes, see `host/store.py`.
    Source: sliding-window log. A token bucket or a leaky bucket of (8, 1 s) lets 15 starts into one second; a
    log of booked (not real) start times let 16 through.
    """

    __slots__ = ("_leaving", "_left", "_unknown_until", "span_s", "starts")

    def __init__(self, starts: int, span_s: float) -> None:
        self.starts, self.span_s = starts, span_s
        self._left: deque[float] = deque()
        self._leaving = 0
        self._unknown_until = -math.inf

    @classmethod
    def of(cls, rate: Rate) -> Window:
        """The window kept for `rate`, padded for the jitter of the way to the server."""
        return cls(rate.starts, rate.padded_span_s)

    def wait_s(self, now: float, places: int = 1) -> float:
        """Seconds until `places` are free, 0 for now; infinite while that hangs on a start that has not left."""
        self._forget(now)
        unknown_s = self._unknown_until - now
        missing = places + self._leaving + len(self._left) - self.starts
        if missing <= 0:
            return unknown_s if unknown_s > 0 else 0.0
        if missing > len(self._left):
            return math.inf
        return max(self._left[missing - 1] + self.span_s - now, unknown_s, 0.0)

    def take(self, places: int = 1) -> None:
        """Take places that `wait_s` has called free."""
        self._leaving += places

    def left(self, now: float) -> None:
        """One of the places taken has really started."""
        self._leaving -= 1
        self._left.append(now)

    def give_back(self, places: int = 1) -> None:
        """Places taken whose calls never left: they count for nothing."""
        self._leaving -= places

    def fill(self, until: float) -> None:
        """What happened up to `until` is not known (a restart, a new limit): full for a whole window from there."""
        self._unknown_until = max(self._unknown_until, until + self.span_s)

    def in_window(self, now: float) -> int:
        """Starts that count at `now`, those about to leave included."""
        self._forget(now)
        return self.starts if now < self._unknown_until else self._leaving + len(self._left)

    def _forget(self, now: float) -> None:
        left, oldest = self._left, now - self.span_s
        while left and left[0] <= oldest:
            left.popleft()
