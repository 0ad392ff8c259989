"""Together: nothing of either step is still at work when what they gave, or an error, is there."""

from __future__ import annotations

import asyncio

import pytest

from beastmode.runner.code.together import together
from tests.runner.workplace import in_a_loop


async def step(begun: asyncio.Event, awaited: asyncio.Event, told: list[str], error: str = "") -> int:
    begun.set()
    try:
        await awaited.wait()
    finally:
        told.append("ended")
    if error:
        raise ValueError(error)
    return len(told)


@in_a_loop
async def test_each_may_wait_for_what_the_other_does() -> None:
    one, other, told = asyncio.Event(), asyncio.Event(), list[str]()
    assert sorted(await together(step(one, other, told), step(other, one, told))) == [1, 2]


@in_a_loop
async def test_an_error_comes_once_both_have_ended() -> None:
    one, other, told = asyncio.Event(), asyncio.Event(), list[str]()
    with pytest.raises(ValueError, match="first"):
        await together(step(one, other, told, "first"), step(other, one, told, "second"))
    assert told == ["ended", "ended"]


@in_a_loop
async def test_cancelled_both_end() -> None:
    begun, never, told = asyncio.Event(), asyncio.Event(), list[str]()
    both = asyncio.ensure_future(together(step(asyncio.Event(), never, told), step(begun, never, told)))
    await begun.wait()
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both
    assert told == ["ended", "ended"]
