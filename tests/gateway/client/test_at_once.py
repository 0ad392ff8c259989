"""What begins at once ends as a task would: whatever it waits for, and whenever it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.gateway.client.at_once import begin, own_task

STEP = st.sampled_from(["turn", "future", "own task", "bears a cancel", "fails"])


class Story:
    """Waits for one thing after the other, and tells how far it has come."""

    def __init__(self, steps: list[str]) -> None:
        self._steps, self.heard = steps, list[str]()

    async def told(self) -> None:
        try:
            for step in self._steps:
                await self._take(step)
                self.heard.append(step)
        except asyncio.CancelledError:
            self.heard.append("cancelled")
            raise

    async def _take(self, step: str) -> None:
        loop = asyncio.get_running_loop()
        if step == "turn":
            await asyncio.sleep(0)
        elif step == "future":
            coming = loop.create_future()
            loop.call_soon(coming.set_result, None)
            await coming
        elif step == "own task":
            assert await own_task() is asyncio.current_task()
        elif step == "bears a cancel":
            await self._bear()
        else:
            raise OSError(step)

    async def _bear(self) -> None:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.heard.append("borne")


async def begun(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """As the loop begins it."""
    loop = asyncio.get_running_loop()
    made: asyncio.Future[asyncio.Task[None] | None] = loop.create_future()

    def call() -> None:
        try:
            made.set_result(begin(work, loop))
        except OSError as error:
            made.set_exception(error)

    loop.call_soon(call)
    return await made


def ended(steps: list[str], cancel_after: list[int], *, at_once: bool) -> list[str]:
    """What is heard of it; cancelled after so many turns, once and again."""

    async def play() -> list[str]:
        story = Story(steps)
        try:
            task = await begun(story.told()) if at_once else asyncio.create_task(story.told())
        except OSError:
            return [*story.heard, "failed"]
        if task is None:
            return [*story.heard, "ended"]
        for turns in [*cancel_after, 10]:
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task], timeout=1)
        end = "cancelled" if task.cancelled() else "failed" if task.exception() else "ended"
        return [*story.heard, end]

    return asyncio.run(play())


@given(st.lists(STEP, max_size=5))
def test_it_ends_as_a_task_does(steps: list[str]) -> None:
    assert ended(steps, [20], at_once=True) == ended(steps, [20], at_once=False)


def test_what_waits_for_nothing_needs_no_task() -> None:
    async def play() -> None:
        story = Story(["own task"])
        assert await begun(Story([]).told()) is None
        task = await begun(story.told())
        assert task is not None
        await task
        assert story.heard == ["own task"]

    asyncio.run(play())


def test_within_a_task_it_is_another_one() -> None:
    async def play() -> None:
        task = begin(Story(["own task"]).told(), asyncio.get_running_loop())
        assert task is not None
        assert task is not asyncio.current_task()
        await task

    asyncio.run(play())


@pytest.mark.parametrize(
    ("steps", "heard"),
    [
        (["bears a cancel", "future"], ["borne", "bears a cancel", "future"]),
        (["future", "turn"], ["cancelled"]),
        (["own task", "turn"], ["cancelled"]),
    ],
)
def test_cancelled_before_the_loop_comes_to_it_it_hears_of_it_where_it_waits(
    steps: list[str], heard: list[str]
) -> None:
    async def play() -> None:
        story, loop = Story(steps), asyncio.get_running_loop()

        def call() -> None:
            task = begin(story.told(), loop)
            assert task is not None
            task.cancel()

        loop.call_soon(call)
        for _ in range(10):
            await asyncio.sleep(0)
        assert story.heard == heard

    asyncio.run(play())
