"""Starting: which tasks come before which at the model, and how many agents come up at once.

Sixteen agents that start together share the cores, so that the first of them asks as late as the last: on two cores
Claude Code took 6.4 s to its first request, and the model server had nothing to do meanwhile. Four at a time, it is
1.4 s, and the others come up while those are served.
"""

from __future__ import annotations

import asyncio
import os
from itertools import count

PATIENCE_S = 2.0
"""How long one start keeps others waiting at most, since its agent may wait for something else than CPU. Four of Claude
Code took 1.4 s on two quiet cores. A bound on each wait instead let all that were left start together: 36 agents on
cores that others used as well, and the model server had nothing to do for 9 s."""


def starts_by_cores() -> int:
    """How many agents start at once: two a core, since each waits now and then."""
    return 2 * (os.cpu_count() or 2)


class Starting:
    """Tasks in the order in which their turn came, and a start for each of their attempts. From one event loop.

    at_once: starts, >= 1. One is over when its agent asks for the first time, and after PATIENCE_S. An agent that ends
    without having asked does not show when it has started: from then on nobody waits.
    """

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._under_way: set[tuple[str, int]] = set()
        self._silent: set[tuple[str, int]] = set()
        self._nobody_waits = False
        self._places: dict[str, int] = {}
        self._next = count(1)

    def place_of(self, task: str) -> int:
        """From 1: behind all that were asked for before; a task keeps it to the end, whatever becomes of its
        attempts."""
        if task not in self._places:
            self._places[task] = next(self._next)
        return self._places[task]

    async def turn(self, task: str, attempt: int) -> None:
        """Return once this attempt may start: first come, first served."""
        await self._free.acquire()
        if self._nobody_waits:
            self._free.release()  # for whoever is next, who does the same
        self._under_way.add((task, attempt))
        self._silent.add((task, attempt))
        asyncio.get_running_loop().call_later(PATIENCE_S, self._over, task, attempt)

    def asks(self, task: str, attempt: int) -> None:
        """It has started. Idempotent."""
        self._silent.discard((task, attempt))
        self._over(task, attempt)

    def ended(self, task: str, attempt: int) -> None:
        """It starts no more, if it ever has."""
        self._over(task, attempt)
        if (task, attempt) in self._silent:
            self._silent.remove((task, attempt))
            self._nobody_waits = True
            self._free.release()

    def _over(self, task: str, attempt: int) -> None:
        if (task, attempt) in self._under_way:
            self._under_way.remove((task, attempt))
            self._free.release()
