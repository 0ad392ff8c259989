"""Spare: the part of the event loop's time that large bodies have, so that nobody else waits for them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary, ref

LARGE_BYTES = 256 * 1024
"""What is larger has its turns; so much may be read, or sent, at once."""
SHARE = 0.25
"""Of the time, for all large bodies together: 30 MB are read in 0.2 s."""
LEAST_PAUSE_S = 0.001
"""For a step, and others, at least; the loop's timers know no less."""
_EARLY_S = LEAST_PAUSE_S / 2
"""So much too early a timer may come; asked for again for less than that, the loop would spin."""
CATCH_UP_S = 0.01
"""Of lost time: on a busy machine the loop wakes up late. Then step follows step, but each in a turn of its own."""

Step = Callable[[], bool]
"""Goes one step, or lets one begin; False where there is nothing to do any more."""


class Spare:
    """Gives turns to work on large bodies, first come, first served: one step, then a pause in which whatever has come
    meanwhile is served. To be used from one event loop.

    monotonic: s.   call_later: calls back after so many seconds.
    """

    def __init__(
        self, monotonic: Callable[[], float], call_later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        self._monotonic, self._call_later = monotonic, call_later
        self._waiting: deque[Step] = deque()
        self._behind: deque[Step] = deque()
        self._free_at = monotonic()
        self._armed = False

    def ask(self, step: Step, *, behind: bool = False) -> None:
        """Have it called when it is its turn.   behind: all that is not."""
        (self._behind if behind else self._waiting).append(step)
        self._arm()

    async def turn(self) -> None:
        """Wait for it."""
        mine = asyncio.get_running_loop().create_future()

        def step() -> bool:
            if mine.done():
                return False  # who has waited for it has gone
            mine.set_result(None)
            return True

        self.ask(step)
        await mine

    def took(self, seconds: float) -> None:
        """So long was the loop at work for a large body; the pause that follows makes up for it."""
        self._busy_for(seconds / SHARE)

    def _busy_for(self, seconds: float) -> None:
        self._free_at = max(self._free_at, self._monotonic() - CATCH_UP_S) + seconds

    def _arm(self) -> None:
        if not self._armed and (self._waiting or self._behind):
            self._armed = True
            self._call_later(max(0.0, self._free_at - self._monotonic()), self._go)

    def _go(self) -> None:
        self._armed = False
        if self._monotonic() + _EARLY_S >= self._free_at and self._step():
            self._busy_for(LEAST_PAUSE_S)
        self._arm()

    def _step(self) -> bool:
        while self._waiting or self._behind:
            if (self._waiting or self._behind).popleft()():
                return True
        return False


_OF_LOOP: WeakKeyDictionary[asyncio.AbstractEventLoop, Spare] = WeakKeyDictionary()


def spare_of(loop: asyncio.AbstractEventLoop) -> Spare:
    """That of an event loop; there is one."""
    spare = _OF_LOOP.get(loop)
    if spare is None:
        known = ref(loop)  # held by what it is the key of, it would stay for ever

        def call_later(delay_s: float, call: Callable[[], None]) -> None:
            if (its := known()) is not None:
                its.call_later(delay_s, call)

        spare = _OF_LOOP[loop] = Spare(time.monotonic, call_later)
    return spare
