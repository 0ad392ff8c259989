"""Starting: no more agents come up at once than the cores bear, and none waits long for one that does not."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from beastmode.compose.coding.starting import PATIENCE_S, Starting
from beastmode.testing import VirtualLoop


def play(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = VirtualLoop()
    try:
        loop.run_until_complete(story())
    finally:
        loop.close()


def test_a_task_keeps_its_place_and_one_that_comes_later_is_behind_it() -> None:
    starting = Starting(1)
    assert [starting.place_of(task) for task in ("first", "second", "first", "third")] == [1, 2, 1, 3]


def test_the_next_starts_once_one_asks_and_asking_again_is_no_second_start() -> None:
    async def story() -> None:
        starting = Starting(2)
        await starting.turn("a", 1)
        await starting.turn("b", 1)
        waiting = [asyncio.create_task(starting.turn(task, 1)) for task in ("c", "d")]
        await asyncio.sleep(0)
        starting.asks("a", 1)
        starting.asks("a", 1)
        await waiting[0]
        await asyncio.sleep(PATIENCE_S / 2)
        assert not waiting[1].done()
        starting.asks("c", 1)
        await waiting[1]

    play(story)


def test_an_agent_that_ends_without_having_asked_is_the_last_that_is_waited_for() -> None:
    async def story() -> None:
        starting = Starting(1)
        await starting.turn("asks", 1)
        waiting = [asyncio.create_task(starting.turn(task, 1)) for task in "abc"]
        starting.asks("asks", 1)
        starting.ended("asks", 1)
        await waiting[0]
        await asyncio.sleep(PATIENCE_S / 2)
        assert [one.done() for one in waiting] == [True, False, False]
        starting.ended("a", 1)
        async with asyncio.timeout(PATIENCE_S / 4):
            await asyncio.gather(*waiting[1:], *(starting.turn(task, 2) for task in "abcdef"))

    play(story)


def test_who_is_cancelled_while_it_waits_takes_no_start() -> None:
    async def story() -> None:
        starting = Starting(1)
        await starting.turn("a", 1)
        gone, stays = asyncio.create_task(starting.turn("b", 1)), asyncio.create_task(starting.turn("c", 1))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        starting.asks("a", 1)
        async with asyncio.timeout(PATIENCE_S / 2):
            await stays

    play(story)


@given(st.integers(1, 4), st.lists(st.none() | st.integers(0, 4), max_size=20))
def test_never_more_come_up_at_once_and_none_waits_longer_than_the_patience_with_those_before_it(
    at_once: int, asks_after_s: list[int | None]
) -> None:
    """asks_after_s: None: it never does."""

    async def story() -> None:
        starting, loop = Starting(at_once), asyncio.get_running_loop()
        over_at: list[float] = []

        async def start(number: int, after_s: int | None) -> None:
            await starting.turn("task", number)
            now = loop.time()
            assert now <= number // at_once * PATIENCE_S
            assert sum(now < at for at in over_at) < at_once
            over_at.append(now + min(PATIENCE_S, math.inf if after_s is None else after_s))
            if after_s is not None:
                await asyncio.sleep(after_s)
                starting.asks("task", number)

        await asyncio.gather(*(start(*one) for one in enumerate(asks_after_s)))

    play(story)
