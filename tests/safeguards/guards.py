"""What tests of the guard share: it is played on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from beastmode.failures.failure import Failure
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.safeguards.probing import Probe
from beastmode.settings import Rate
from beastmode.testing import VirtualLoop

ILL = Failure("server_error", "ill", True, "wait")


def play(story: Callable[[VirtualLoop], Coroutine[Any, Any, None]]) -> float:
    """Play a story on virtual time; how long it took."""
    loop = VirtualLoop()
    try:
        loop.run_until_complete(story(loop))
        return loop.time()
    finally:
        loop.close()


def guard_of(loop: VirtualLoop, concurrency: int | None, *rates: Rate, **more: Any) -> Guard:
    store = MemoryStore(concurrency, rates, more.get("tokens", ()))
    return Guard(store, loop.clock(), concurrency=concurrency, rates=rates, **more)


def counted(loop: VirtualLoop, probes: list[float]) -> Probe:
    """A probe of a server that is well; when each was made."""

    async def probe(leaves: Callable[[], None]) -> Failure | None:
        leaves()
        probes.append(loop.time())
        await asyncio.sleep(0.05)
        return None

    return probe
