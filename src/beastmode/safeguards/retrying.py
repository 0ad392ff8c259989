"""Retrying: tries again take turns, so that they are never more than a share of what is in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from beastmode.clock import Clock
from beastmode.safeguards.backoff import retries_allowed


class RetryTurns:
    """Turns of calls that try again.   in_flight: calls now, all of them."""

    def __init__(self, clock: Clock, in_flight: Callable[[], int]) -> None:
        self._clock, self._in_flight = clock, in_flight
        self._taken, self._stopped = 0, False
        self._changed = asyncio.Event()

    async def take(self, waited_s: dict[str, float]) -> None:
        """Wait for a turn, which `give_back` ends.   waited_s: `retries` in it tells how long, where it had to."""
        before = self._clock.monotonic()
        while self._taken >= retries_allowed(self._in_flight()) and not self._stopped:
            self._changed.clear()
            await self._changed.wait()
            waited_s["retries"] = self._clock.monotonic() - before
        self._taken += 1

    def give_back(self) -> None:
        """A turn is over."""
        self._taken -= 1
        self._changed.set()

    def stop(self) -> None:
        """Nobody waits any more."""
        self._stopped = True
        self._changed.set()
