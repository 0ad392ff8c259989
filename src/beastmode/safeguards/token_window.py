"""Tokens: how many the calls of one window may cost, estimated before and settled after."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right

_COMPACT = 1024
"""So many forgotten entries are dropped at once: dropping each would shift the list every time."""


class TokenWindow:
    """At most `tokens` in any half-open window of `span_s` seconds, by the calls that were under way within it.

    A call counts as estimated until it has ended, and for `span_s` more as what it has used: nobody here knows at
    which instant between the two a server counts it, so it counts for every one. For all calls that touch a window,
    the sum of what had been used and what was still estimated when the last of them started is within `tokens`. One
    that used more than estimated may break that; it delays whoever comes next. An estimate above `tokens` counts as
    all of them: it is alone in its window.
    Pure: `now` is passed in, seconds, never going back. A question costs O(log n) of n ends in the window.
    """

    __slots__ = ("_ats", "_first", "_in_flight", "_sums", "_unknown_until", "span_s", "tokens")

    def __init__(self, tokens: int, span_s: float) -> None:
        self.tokens, self.span_s = tokens, span_s
        self._ats: list[float] = []
        self._sums: list[int] = [0]  # before the first end, and up to and including each
        self._first = 0
        self._in_flight = 0
        self._unknown_until = -math.inf

    def wait_s(self, now: float, tokens: int) -> float:
        """Seconds until so many are free, 0 for now; infinite while that hangs on a call that has not ended."""
        self._forget(now)
        unknown_s = max(self._unknown_until - now, 0.0)
        spent = self._sums[-1] - self._sums[self._first]
        missing = min(tokens, self.tokens) + self._in_flight + spent - self.tokens
        if missing <= 0:
            return unknown_s
        if missing > spent:
            return math.inf
        last = bisect_left(self._sums, self._sums[self._first] + missing, self._first) - 1
        return max(self._ats[last] + self.span_s - now, unknown_s)

    def take(self, tokens: int) -> None:
        """A call of so many, as estimated, may start: `wait_s` has called them free."""
        self._in_flight += tokens

    def settle(self, now: float, tokens: int, used: int) -> None:
        """A call that was estimated at `tokens` has ended, and has used so many."""
        self._in_flight -= tokens
        if used > 0:
            self._ats.append(now)
            self._sums.append(self._sums[-1] + used)

    def fill(self, until: float) -> None:
        """What happened up to `until` is not known: full for a whole window from there."""
        self._unknown_until = max(self._unknown_until, until + self.span_s)

    def in_window(self, now: float) -> int:
        """Tokens that count at `now`, those of calls in flight included."""
        self._forget(now)
        if now < self._unknown_until:
            return self.tokens
        return self._in_flight + self._sums[-1] - self._sums[self._first]

    def _forget(self, now: float) -> None:
        self._first = bisect_right(self._ats, now - self.span_s, self._first)
        if self._first > _COMPACT:
            del self._ats[: self._first], self._sums[: self._first]
            self._first = 0
