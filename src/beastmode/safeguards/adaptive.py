"""Adaptive: how many calls at once a server bears, learned from how they end."""

from __future__ import annotations

import math
from typing import Literal

from beastmode.safeguards.slowness import Measure, Slowness
from beastmode.settings import AUTO_CEILING, AUTO_START

FLOOR = 1
"""Or nothing would ever be learned."""
CUT = 0.75
"""Halved, as TCP does, a server of twelve would be half idle for some hundred calls; cut to 0.9, as Netflix does, a
server whose capacity halves refused six times as many in the first minute (facts/safeguards.md)."""
SLOW_SPEED = 0.15
"""Above the level at which calls were slow because of us. At full speed it was there again within seconds."""
REFUSALS = 1 / 300
"""Of all calls, those that may be spent on finding out whether a level that failed is borne now: a third of the 1 in
100 that is promised; the rest is for what changes by itself. A server of three met 1 to 10 in 100 where time alone, or
slower growth, decided about the next try."""
DEBT = -1.0
"""However many were refused at once: after a bad minute the next try would come an hour later."""
PROVEN = 5
"""Calls that a level has borne since the last refusal make another one there doubtful: a server that refuses one call
in 200 whatever we do had a limit of 1 within minutes, where each was taken for its limit."""
DEEP, EARLY, LATER = 0.3, 20, 200
"""Calls after which a level that was proven before is tried again, once: few where the limit fell to less than the
share, which looks like a server that was away; more where it fell by half, which looks like a smaller one. Where each
try had to be saved up, five seconds of trouble cost five minutes at a tenth of the speed."""
FORGET_S = 900.0
"""A server is another one after a quarter of an hour, also where calls are so few that they never save up a try."""

Why = Literal["start", "grows", "refused", "slow", "not slow", "tries fewer"]


class Adaptive:
    """A limit that follows what a server bears: additive increase, multiplicative decrease, memory of what failed.

    ceiling: never above it, >= 1.   limit: calls at once from now on, within [1, ceiling] whatever comes; it grows only
    where at least half of it was used.   why: of its last change.
    Pure: times are passed in, monotonic, s; of a call always when it left, and how many were in flight then, itself
    included. What says nothing about load (a client's fault, a cancelled call) is not told.
    Source: Netflix concurrency-limits (AIMD, when to grow), TCP (slow start, one cut a round trip); the memory, the
    budget of tries and the comparison in `slowness` are ours: docs/adaptive.md has what was measured.
    """

    def __init__(self, ceiling: int = AUTO_CEILING) -> None:
        self.ceiling = max(FLOOR, ceiling)
        self.why: Why = "start"
        self._level = float(min(AUTO_START, self.ceiling))
        self._starting = True
        self._failed_at, self._failed_time = math.inf, -math.inf
        self._calls_since_failure = 0
        self._slow_at = math.inf
        self._credit, self._proven = 0.0, 0
        self._cut_time = -math.inf
        self._borne = [0] * (self.ceiling + 1)
        self._slowness = Slowness()

    @property
    def limit(self) -> int:
        return int(self._slowness.fewer or self._level)

    def succeeded(self, now: float, left_at: float, at_once: int, took: Measure | None) -> None:
        """A call has ended well.   took: what says whether the server is slow; None: nothing of this call does."""
        self._credit = min(1.0, self._credit + REFUSALS)
        self._calls_since_failure += 1
        if now - self._failed_time > FORGET_S:
            self._failed_at = math.inf
        if left_at >= self._cut_time:  # what had left before tells nothing of the limit as it is now
            self._borne[min(at_once, self.ceiling)] += 1
            if self._slowness.fewer is None and not self._slowness.slow and 2 * at_once >= self.limit:
                self._grow()
        if took is not None:
            self._measure(now, left_at, took)

    def dropped(self, now: float, left_at: float, at_once: int) -> None:
        """The server pushed back: it refused, timed out, or could not be reached. Of calls that had left before the
        limit was last cut, it tells nothing new."""
        if left_at < self._cut_time:
            return
        level = self._level * CUT
        self._starting = False
        if at_once <= 1:  # 0: it had left before anybody counted
            self._forget()  # it bears less than one: that is no question of how many at once
        elif sum(self._borne[at_once:]) >= PROVEN:
            self._proven = self.limit
        else:
            level = min(level, at_once - 1.0)
            self._credit = max(DEBT, self._credit - 1.0)
            self._failed_at, self._failed_time, self._calls_since_failure = float(at_once), now, 0
        self._cut_time, self._borne = now, [0] * len(self._borne)
        self._slowness.interrupt()
        self._level, self.why = max(float(FLOOR), level), "refused"

    def others_use(self, at_once: int) -> None:
        """So many are in flight already: others have found that this is borne."""
        self._level = max(self._level, min(float(at_once), float(self.ceiling)))

    def _forget(self) -> None:
        self._failed_at = self._slow_at = math.inf
        self._starting = True

    def _grow(self) -> None:
        step = 1.0 if self._starting else 1.0 / self._level
        if self._level >= self._slow_at:
            step *= SLOW_SPEED
        grown = min(self._level + step, float(self.ceiling))
        if grown >= self._failed_at:
            if self._may_try():
                self._failed_at, self._proven = math.inf, 0
            else:
                grown = max(self._level, math.nextafter(self._failed_at, 0.0))
        if int(grown) > int(self._level):
            self.why = "grows"
        self._level = grown

    def _may_try(self) -> bool:
        """May a level that failed be tried again?"""
        calls = EARLY if self._level <= DEEP * self._proven else LATER
        return self._credit >= 1.0 or (self._proven > 0 and self._calls_since_failure >= calls)

    def _measure(self, now: float, left_at: float, took: Measure) -> None:
        before = self.limit
        verdict = self._slowness.took(now, left_at, took, self._level, starting=self._starting)
        self._starting = self._starting and not self._slowness.slow
        if verdict is not None:
            self._level = max(float(FLOOR), min(float(self.ceiling), verdict.level))
            self._slow_at = self._level if verdict.ours else math.inf
            self.why = "slow" if verdict.ours else "not slow"
        elif self.limit < before:
            self.why = "tries fewer"
