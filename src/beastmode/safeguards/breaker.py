"""Breaker: stop calling a server that mostly fails."""

from __future__ import annotations

import math
from collections import deque
from typing import Literal

from beastmode.failures.failure import Effect

BreakerState = Literal["closed", "open", "half_open"]

LAST, AT_LEAST, SHARE = 20, 10, 0.5
"""Half of the last 20 calls, at least 10: a roadmap has 7 to 100 tasks, so a minimum of 100 calls (the default
elsewhere) would never trip."""
OPEN_S, OPEN_MOST_S = 30.0, 300.0


class Breaker:
    """Opens when half of the last 20 calls were dropped; then one trial decides when it closes.

    Pure: `now` in seconds. `ignored` calls say nothing about the server and count for nothing. Each failed trial
    keeps it open 30 s longer than the one before, 300 s at most.
    Source: Envoy's outlier ejection (30 s times ejections, cap 300 s), resilience4j's failure rate.
    """

    def __init__(self) -> None:
        self.state: BreakerState = "closed"
        self.trips = 0
        self._calls: deque[bool] = deque(maxlen=LAST)
        self._failed_trials = 0
        self._open_until = 0.0

    def wait_s(self, now: float) -> float:
        """Seconds to wait before a call may leave, 0 for now; infinite while a trial is under way."""
        if self.state == "closed":
            return 0.0
        if self.state == "half_open":
            return math.inf
        return max(0.0, self._open_until - now)

    def leaves(self) -> bool:
        """A call leaves. True if it is the trial on which the breaker's state hangs; others wait for its end."""
        if self.state == "open":
            self.state = "half_open"
            return True
        return False

    def record(self, now: float, effect: Effect, *, trial: bool = False) -> None:
        """A call has ended. A trial that says nothing about the server lets the next call be the trial."""
        if trial:
            self._end_trial(now, effect)
        elif effect != "ignored" and self.state == "closed":
            self._calls.append(effect == "dropped")
            if len(self._calls) >= AT_LEAST and sum(self._calls) >= SHARE * len(self._calls):
                self._open(now)

    def _end_trial(self, now: float, effect: Effect) -> None:
        if effect == "dropped":
            self._failed_trials += 1
            self._open(now)
        elif effect == "success":
            self.state, self._failed_trials = "closed", 0
        else:
            self.state, self._open_until = "open", now

    def _open(self, now: float) -> None:
        self.state = "open"
        self.trips += 1
        self._calls.clear()
        self._open_until = now + min(OPEN_MOST_S, OPEN_S * (1 + self._failed_trials))
