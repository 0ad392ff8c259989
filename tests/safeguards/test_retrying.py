"""Tries again take turns; all others pass them."""

from __future__ import annotations

import asyncio

from beastmode.clock import Clock
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.testing import VirtualLoop
from tests.safeguards.guards import guard_of, play


def test_three_may_try_again_at_once_and_the_fourth_waits_for_one_to_end() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, None)
        retries = [guard.admit(retry=True) for _ in range(4)]
        for retry in retries[:3]:
            await retry.__aenter__()
        fourth = asyncio.ensure_future(retries[3].__aenter__())
        await asyncio.sleep(1.0)
        async with guard.admit():
            assert not fourth.done(), "others pass it meanwhile"
        await retries[0].__aexit__(None, None, None)
        await fourth
        assert retries[3].waited_s == {"retries": 1.0}

    play(story)


def test_a_retry_that_found_its_place_free_has_waited_for_nothing() -> None:
    async def story() -> None:
        guard = Guard(
            MemoryStore(None, ()), Clock(), concurrency=None, rates=()
        )  # real time passes while it looks
        async with guard.admit(retry=True) as admitted:
            admitted.leaves()
        assert admitted.waited_s == {}

    asyncio.run(story())
