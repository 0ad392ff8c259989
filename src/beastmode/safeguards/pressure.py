"""Pressure: how many workers keep a server busy that has a line in front of it, before more would only wait there."""

from __future__ import annotations

from beastmode.safeguards.slowness import Measure
from beastmode.settings import AUTO_CEILING, AUTO_START

STEP_S = 5.0
"""One worker more, or fewer, at a time, and then a look at what that does: a new one asks for its first answer within
seconds."""
FREE, FULL = 0.15, 1.0
"""Requests that wait for each that is at work. Below the first a worker more is served; above the second the line is as
long as what is served, so that half of the workers only wait."""
SPAN_S = 10.0
"""Over which that is averaged: agents ask in bursts, with tools between."""


class Pressure:
    """A `Level` for workers behind a gateway, which never see a refusal: the line in front of it tells what they do.

    ceiling: >= 1.   limit: within [1, ceiling].   Pure: times are passed in, monotonic, s, not going back.
    """

    def __init__(self, ceiling: int = AUTO_CEILING) -> None:
        self.ceiling = max(1, ceiling)
        self.limit = min(AUTO_START, self.ceiling)
        self.why = "start"
        self._waiting = self._at_work = 0.0
        self._looked_at: float | None = None
        self._stepped_at = 0.0

    def looked(self, now: float, waiting: int, at_work: int, workers: int) -> None:
        """How it looks there.   waiting: requests in line.   at_work: those that have left it.   workers: running."""
        if self._looked_at is None:
            self._looked_at = self._stepped_at = now
        share = min(1.0, (now - self._looked_at) / SPAN_S)
        self._looked_at = now
        self._waiting += (waiting - self._waiting) * share
        self._at_work += (at_work - self._at_work) * share
        if now < self._stepped_at + STEP_S:
            return
        line = self._waiting / max(1.0, self._at_work)
        if line < FREE and workers >= self.limit < self.ceiling:
            self._step(now, 1, "no line")
        elif line > FULL and self.limit > 1:
            self._step(now, -1, "a line")

    def _step(self, now: float, by: int, why: str) -> None:
        self.limit, self.why, self._stepped_at = self.limit + by, why, now

    def succeeded(self, now: float, left_at: float, at_once: int, took: Measure | None) -> None:
        """How long a worker takes says nothing of the server: most of it is its own."""

    def dropped(self, now: float, left_at: float, at_once: int) -> None:
        """Nor does how one ends: what the server refuses, the gateway has seen, and waits."""

    def others_use(self, at_once: int) -> None:
        """Others have lines of their own."""
