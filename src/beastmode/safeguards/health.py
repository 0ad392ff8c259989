"""Health: no start without recent evidence that the server is well."""

from __future__ import annotations

import math

FRESH_S = 1.0
"""A probe before each task would double the requests (8/s would carry 4 tasks/s), so evidence holds for a
second, and every success renews it."""
RECOVER = 2
"""Probes in a row that must succeed after a failed one: a server that flaps is not well."""
PROBE_LEAST_S, PROBE_MOST_S = 0.5, 30.0


class Health:
    """Is there evidence, no older than `fresh_s`, that the server is well? Pure: `now` in seconds.

    After a failed probe the next one waits 0.5 s, doubling to 30 s, and two in a row must succeed.
    """

    def __init__(self, fresh_s: float = FRESH_S) -> None:
        self.fresh_s = fresh_s
        self.failed_in_row = 0
        self._to_recover = 0
        self._well_at = -math.inf
        self._probe_at = -math.inf

    @property
    def well(self) -> bool:
        """False from a failed probe until the server has recovered."""
        return self._to_recover == 0

    def fresh(self, now: float) -> bool:
        """May a call leave now without a probe?"""
        return self.well and now - self._well_at <= self.fresh_s

    def probe_wait_s(self, now: float) -> float:
        """Seconds until the next probe is due, 0 for now."""
        return max(0.0, self._probe_at - now)

    def succeeded(self, now: float, *, probe: bool) -> None:
        """A call or a probe came back well. After a failure only probes make the server well again."""
        if probe:
            self._to_recover = max(0, self._to_recover - 1)
            self.failed_in_row = 0
            self._probe_at = now
        if self.well:
            self._well_at = now

    def failed(self, now: float) -> None:
        """A probe failed."""
        pause_s = min(PROBE_MOST_S, PROBE_LEAST_S * 2 ** min(self.failed_in_row, 16))
        self.failed_in_row += 1
        self._to_recover = RECOVER
        self._probe_at = now + pause_s
