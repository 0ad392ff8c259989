"""Closure: why nothing may leave for a server, whatever the limits: its pause, its breaker, its health, or a person."""

from __future__ import annotations

import math

from beastmode.clock import Clock
from beastmode.safeguards.breaker import Breaker
from beastmode.safeguards.health import Health
from beastmode.safeguards.limit_store import Hold


class GuardStoppedError(Exception):
    """Nothing is admitted any more: the run is ending."""


class Closure:
    """Is a server closed to everybody, and for how long?   health: None where nobody looks after it.

    stopped: for good.   halted: why a person has it closed, "" where nobody has.   halts: how often somebody had.
    """

    def __init__(self, clock: Clock, breaker: Breaker, health: Health | None) -> None:
        self._clock, self._breaker, self._health = clock, breaker, health
        self.stopped, self.halted, self.halts = False, "", 0
        self._paused_until, self._pause_reason = -math.inf, ""

    def hold(self) -> Hold | None:
        """Why nothing may leave now; None where it may. Raises GuardStoppedError."""
        if self.stopped:
            raise GuardStoppedError
        if self.halted:
            return Hold(self.halted, math.inf)
        if self._paused_until > -math.inf and (paused_s := self._paused_until - self._clock.boottime()) > 0:
            return Hold(self._pause_reason, paused_s)
        now = self._clock.monotonic()
        wait_s = self._breaker.wait_s(now)
        if wait_s > 0:
            return Hold("breaker", wait_s)
        if self._health is not None and not self._health.fresh(now):
            wait_s = self._health.probe_wait_s(now)
            if wait_s > 0:
                return Hold("unhealthy", wait_s)
        return None

    def pause(self, for_s: float, reason: str) -> bool:
        """Close it for `for_s` seconds. False where it is paused for longer already: that stays."""
        until = self._clock.boottime() + for_s
        if until <= self._paused_until:
            return False
        self._paused_until, self._pause_reason = until, reason
        return True

    def halt(self, reason: str) -> None:
        """Close it until `go_on`."""
        self.halted, self.halts = reason, self.halts + 1

    def go_on(self) -> None:
        """Let go again what `halt` holds."""
        self.halted = ""
