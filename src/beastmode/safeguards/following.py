"""Following: a limit that is kept where calls say that it should be, as they end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Protocol

from beastmode.failures.failure import Effect
from beastmode.safeguards.slowness import Measure

RAISE_S = 0.1
"""More at once are allowed only so often, and what came together in between: each change is recorded, and known to all
processes that share a server. Fewer hold at once."""
GAP_S, GAP_SHARE = 0.025, 0.75
"""Between two starts, at most, and of the time in which as many end: calls that take equally long end together, and
twelve that followed them at once to a server that bears six now were six refusals before the first was known."""
IDLE_S = 10.0
"""After so long without a call of its own a process holds back no other that shares its server."""
_SMOOTH = 0.1


class Level(Protocol):
    """How many calls at once, and why: `adaptive.Adaptive` and `pressure.Pressure`.

    ceiling: `limit` is never above it.   why: of the last change.
    """

    @property
    def ceiling(self) -> int: ...

    @property
    def limit(self) -> int: ...

    @property
    def why(self) -> str: ...

    def succeeded(self, now: float, left_at: float, at_once: int, took: Measure | None) -> None: ...

    def dropped(self, now: float, left_at: float, at_once: int) -> None: ...

    def others_use(self, at_once: int) -> None:
        """So many are in flight already: others have found that this is borne."""
        ...


class Following:
    """Tells a level how calls end, and whoever keeps the limit what it is now.

    apply: holds from now on: the limit, and why.   limit: that was applied last.   idle: no call of this process was in
    flight for a while, and nothing is applied.
    """

    def __init__(self, level: Level, apply: Callable[[int, str], None]) -> None:
        self.level, self.limit, self.idle = level, level.limit, True
        self._apply = apply
        self._took_s, self._next_start = 0.0, -math.inf
        self._raised_at = -RAISE_S
        self._timer: asyncio.TimerHandle | None = None

    def ended(self, now: float, effect: Effect, left_at: float, at_once: int, took: Measure | None) -> None:
        """A call is over.   took: it has ended well, also where that says nothing about a server's health."""
        if effect == "success" or took is not None:
            self._took_s += (now - left_at - self._took_s) * _SMOOTH
            self.level.succeeded(now, left_at, at_once, took)
        elif effect == "dropped":
            self.level.dropped(now, left_at, at_once)
        self.look(now)

    def wait_s(self, now: float) -> float:
        """Seconds until another call may start; 0 for now."""
        return max(0.0, self._next_start - now)

    def starts(self, now: float) -> None:
        """A call is let through."""
        self._next_start = now + min(GAP_S, GAP_SHARE * self._took_s / self.limit)

    def look(self, now: float) -> None:
        """Apply what the level says by now."""
        limit = self.level.limit
        if limit > self.limit and now < self._raised_at + RAISE_S:
            self._look_later(self._raised_at + RAISE_S - now)
        elif limit != self.limit:
            self._raised_at = now if limit > self.limit else self._raised_at
            self.limit = limit
            self._apply(limit, self.level.why)

    def _look_later(self, wait_s: float) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait_s, self._looked_later, loop)

    def _looked_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self.look(loop.time())

    def close(self) -> None:
        """Nothing is applied any more."""
        if self._timer is not None:
            self._timer.cancel()
