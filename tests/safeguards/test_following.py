"""A guard that looks for its limit, on virtual time: what it applies, when, and who hears of it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from beastmode.failures.failure import Effect
from beastmode.safeguards.following import GAP_S, IDLE_S, RAISE_S
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.settings import Auto, Rate
from beastmode.testing import VirtualLoop
from tests.safeguards.guards import play


class Told:
    """A guard with `auto`, and all that it told: when, the limit, why."""

    def __init__(
        self, loop: VirtualLoop, concurrency: int | None = Auto(32), rates: tuple[Rate, ...] = ()
    ) -> None:
        self.said: list[tuple[float, int, str]] = []
        self.guard = Guard(
            MemoryStore(concurrency, rates),
            loop.clock(),
            concurrency=concurrency,
            rates=rates,
            notice=self._notice,
        )
        self._loop = loop

    def _notice(self, kind: str, data: dict[str, Any]) -> None:
        assert kind == "limits"
        assert data["reason"] == "auto"
        self.said.append((self._loop.time(), data["concurrency"], data["why"]))

    async def call(self, took_s: float = 1.0, effect: Effect = "success") -> None:
        async with self.guard.admit() as admitted:
            admitted.leaves()
            await asyncio.sleep(took_s)
            admitted.effect = effect

    async def calls(self, many: int, **more: Any) -> None:
        await asyncio.gather(*(self.call(**more) for _ in range(many)))


def test_it_begins_with_three_and_grows_as_calls_end_well() -> None:
    async def story(loop: VirtualLoop) -> None:
        told = Told(loop)
        assert told.guard.limits.concurrency == 3
        await told.calls(40)
        limits = [limit for _, limit, _ in told.said]
        assert limits == sorted(limits)
        assert told.guard.limits.concurrency == limits[-1] > 12

    assert play(story) < 8


def test_a_refusal_lowers_it_at_once_and_everybody_hears_why() -> None:
    async def story(loop: VirtualLoop) -> None:
        told = Told(loop)
        await told.calls(20)
        before = told.guard.limits.concurrency or 0
        await told.call(0.01, "dropped")
        assert told.said[-1][1:] == (told.guard.limits.concurrency, "refused")
        assert (told.guard.limits.concurrency or 99) < before

    play(story)


def test_raised_limits_come_together_and_are_applied_without_another_call() -> None:
    async def story(loop: VirtualLoop) -> None:
        told = Told(loop)
        await told.calls(3)
        await asyncio.sleep(RAISE_S)
        assert told.said[-1][1] == 5
        times = [at for at, _, _ in told.said]
        assert all(later - sooner >= RAISE_S - 1e-9 for sooner, later in pairwise(times))

    play(story)


def test_calls_that_end_together_are_not_followed_all_at_once() -> None:
    async def story(loop: VirtualLoop) -> None:
        told, left = Told(loop), list[float]()

        async def call() -> None:
            async with told.guard.admit() as admitted:
                admitted.leaves()
                left.append(loop.time())
                await asyncio.sleep(1.0)
                admitted.effect = "success"

        await asyncio.gather(*(call() for _ in range(60)))
        gaps = [later - sooner for sooner, later in pairwise(left[3:])]
        assert min(gaps) > GAP_S / 4

    play(story)


@pytest.mark.parametrize("effect", ["ignored", "dropped"])
def test_what_did_not_end_well_never_raises_it(effect: Effect) -> None:
    async def story(loop: VirtualLoop) -> None:
        told = Told(loop)
        await told.calls(9, effect=effect)
        assert (told.guard.limits.concurrency or 99) <= 3

    play(story)


def test_a_call_that_is_measured_has_ended_well_whatever_it_says_of_a_server() -> None:
    async def story(loop: VirtualLoop) -> None:
        told = Told(loop)
        for _ in range(3):
            async with told.guard.admit() as admitted:
                admitted.leaves()
                admitted.ended_well("whole")
        await told.calls(6, effect="ignored")
        assert told.guard.breaker.state == "closed"

    play(story)


def test_a_number_from_a_person_is_an_end_to_it_and_auto_begins_anew() -> None:
    async def story(loop: VirtualLoop) -> None:
        told = Told(loop, rates=(Rate(1000, 1.0),))
        await told.calls(20)
        found = told.guard.limits.concurrency
        told.guard.set_limits(told.guard.limits.asked, [Rate(500, 1.0)])
        assert told.guard.limits.concurrency == found, "only the rate was changed"
        told.guard.set_limits(2, [])
        told.said.clear()
        await told.calls(20)
        assert (told.guard.limits.concurrency, told.said) == (2, [])
        told.guard.set_limits(Auto(8), [])
        await told.calls(30)
        assert told.guard.limits.concurrency == 8

    play(story)


def test_who_is_idle_holds_back_nobody_and_takes_up_what_others_have_found(
    tmp_path: Path, alone_at_once: None
) -> None:
    async def story(loop: VirtualLoop) -> None:
        def guard_of() -> Guard:
            auto, clock = Auto(32), loop.clock()
            store = HostStore("server:1", auto, (), 0.0, folder=tmp_path, clock=clock.monotonic)
            return Guard(store, clock, concurrency=auto, rates=())

        busy, idle = guard_of(), guard_of()
        at_once = 0

        async def call(guard: Guard) -> None:
            nonlocal at_once
            async with guard.admit() as admitted:
                admitted.leaves()
                at_once = max(at_once, busy.limits.in_flight + idle.limits.in_flight)
                await asyncio.sleep(1.0)
                admitted.effect = "success"

        await asyncio.gather(*(call(busy) for _ in range(60)))
        assert at_once > 10, "the other one has never sent anything"
        flood = [asyncio.ensure_future(call(busy)) for _ in range(60)]
        await asyncio.sleep(2.0)
        await call(idle)
        assert (idle.limits.concurrency or 0) > 10
        await asyncio.gather(*flood)
        await asyncio.sleep(2 * IDLE_S)
        busy.close()
        idle.close()

    play(story)
