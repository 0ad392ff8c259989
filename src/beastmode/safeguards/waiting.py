"""Waiting: the head of the line in front of a server, until what holds it has passed or something has changed."""

from __future__ import annotations

import asyncio

from beastmode.clock import LOOK_AGAIN_S, Clock
from beastmode.safeguards.limit_store import Hold


class Waiting:
    """Where the first of those that wait stands, the others behind it.   hold: why it does; None: nobody waits."""

    def __init__(self, clock: Clock) -> None:
        self.hold: Hold | None = None
        self._clock = clock
        self._nudge: asyncio.Future[None] | None = None

    async def out(self, hold: Hold, waited_s: dict[str, float]) -> None:
        """Until the hold has passed or something has changed, whichever is first.   waited_s: by reason; it grows."""
        self.hold, before = hold, self._clock.monotonic()
        loop = asyncio.get_running_loop()
        self._nudge = loop.create_future()
        timer = loop.call_later(min(hold.wait_s, LOOK_AGAIN_S), self.changed)
        try:
            await self._nudge
        finally:
            timer.cancel()
            self._nudge, self.hold = None, None
            waited_s[hold.reason] = waited_s.get(hold.reason, 0.0) + self._clock.monotonic() - before

    def changed(self) -> None:
        """Something has: who waits looks again."""
        if self._nudge is not None and not self._nudge.done():
            self._nudge.set_result(None)
