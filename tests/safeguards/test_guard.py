"""The guard on virtual time: order, pauses, patience, fairness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.failures.failure import Failure
from beastmode.safeguards.closure import GuardStoppedError
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.patience import HeldBackError
from beastmode.settings import Rate, TokenRate
from beastmode.testing import VirtualLoop
from tests.safeguards.guards import ILL, guard_of, play


def test_nothing_starts_while_the_server_is_not_well_and_patience_ends() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def probe(leaves: Callable[[], None]) -> Failure | None:
            leaves()
            return ILL

        guard = guard_of(loop, 3, Rate(8, 1.0), probe=probe, max_wait_s=60.0)
        with pytest.raises(HeldBackError, match="unhealthy"):
            async with guard.admit():
                raise AssertionError("admitted by an ill server")

    assert play(story) <= 61.0


def test_a_pause_holds_everybody_and_a_stop_sends_those_who_wait_away() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, 1)
        guard.pause(5.0, "rate_limit")
        async with guard.admit() as admitted:
            assert loop.time() >= 5.0
            assert admitted.waited_s["rate_limit"] >= 5.0
            waiting = asyncio.ensure_future(guard.admit().__aenter__())
            await asyncio.sleep(1)
            guard.stop()
            with pytest.raises(GuardStoppedError):
                await waiting

    play(story)


def test_first_come_first_served_and_a_cancelled_waiter_takes_no_place() -> None:
    order: list[int] = []

    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, 1)

        async def call(number: int) -> None:
            async with guard.admit():
                order.append(number)
                await asyncio.sleep(1)

        calls = [asyncio.ensure_future(call(number)) for number in range(5)]
        await asyncio.sleep(0.5)
        calls[2].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert guard.limits.in_use() == (0, 0)

    play(story)
    assert order == [0, 1, 3, 4]


def test_a_slot_lingers_after_a_call_that_was_cut_off() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, 1, linger_s=2.0)
        async with guard.admit() as admitted:
            admitted.leaves()
            admitted.cut_off = True
        async with guard.admit():
            assert loop.time() >= 2.0

    play(story)


def test_the_breaker_opens_and_one_trial_decides() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, 3)
        for _ in range(10):
            async with guard.admit() as admitted:
                admitted.effect = "dropped"
        states: list[str] = [guard.breaker.state]
        async with guard.admit() as trial:
            assert loop.time() >= 30.0
            states.append(guard.breaker.state)
            trial.effect = "success"
        states.append(guard.breaker.state)
        assert states == ["open", "half_open", "closed"]

    play(story)


def test_after_a_clean_end_only_the_rest_of_a_window_is_waited_for() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, 1, Rate(500, 3600.0), Rate(8, 1.0))
        guard.resume(killed=False, ended_s_ago=3600.0)
        async with guard.admit():
            assert 180.0 <= loop.time() <= 180.1, "the padded hour began 3,600 s ago"

    play(story)


def test_after_a_kill_the_window_is_full_and_slots_linger() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, 1, Rate(8, 1.0), linger_s=3.0)
        guard.resume(killed=True, ended_s_ago=3600.0)
        assert guard.limits.in_use() == (0, 8)
        async with guard.admit() as admitted:
            assert loop.time() >= 3.0
            assert admitted.waited_s["restart"] >= 3.0

    play(story)


def test_tokens_are_settled_as_told_and_what_never_left_costs_none() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, None, tokens=[TokenRate(1000, 60.0)])
        async with guard.admit(tokens=900):
            pass  # it never left
        async with guard.admit(tokens=900) as admitted:
            admitted.leaves()
            admitted.used_tokens = 100
        assert guard.limits.tokens_in_use() == 100
        async with guard.admit(tokens=900) as admitted:
            assert loop.time() == 0.0
            admitted.leaves()
        async with guard.admit(tokens=10) as admitted:
            assert loop.time() == 63.0, "nobody counted it, so the guess stands for a padded minute"
            assert admitted.waited_s == {"tokens": 63.0}

    play(story)


def test_a_call_of_unknown_tokens_counts_some() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, None, tokens=[TokenRate(1000, 60.0)], unknown_tokens=400)
        for _ in range(2):
            async with guard.admit() as admitted:
                admitted.leaves()
        assert guard.limits.tokens_in_use() == 800

    play(story)


def test_who_waits_for_tokens_is_let_through_when_a_call_ends() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, None, tokens=[TokenRate(1000, 60.0)])
        async with guard.admit(tokens=900) as first:
            first.leaves()
            waiting = asyncio.ensure_future(guard.admit(tokens=900).__aenter__())
            await asyncio.sleep(5.0)
            assert guard.hold is not None
            assert guard.hold.reason == "tokens"
            first.used_tokens = 100
        await asyncio.sleep(0.0)
        await waiting
        assert loop.time() == 5.0

    play(story)


def test_numbers_that_no_server_can_mean_break_nothing(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        limits = [TokenRate(1000, 60.0)]
        for number in (2**63, -5):
            store = HostStore("server:1", 3, (), 2.0, tokens=limits, folder=tmp_path, clock=loop.time)
            guard = Guard(store, loop.clock(), concurrency=3, rates=(), tokens=limits)
            async with guard.admit(tokens=2**63) as admitted:
                admitted.leaves()
                admitted.used_tokens = number
            guard.close()

    play(story)


def test_who_waits_for_a_start_that_has_not_left_is_told_when_it_has() -> None:
    """It waited for the next end of a call, or for 30 s."""

    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, None, Rate(1, 1.0))
        async with guard.admit() as first:
            waiting = asyncio.ensure_future(guard.admit().__aenter__())
            await asyncio.sleep(0.5)
            first.leaves()
            await waiting
            assert loop.time() == 0.5 + Rate(1, 1.0).padded_span_s

    play(story)
