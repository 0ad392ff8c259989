"""The guard on virtual time: order, probes, pauses, patience, fairness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from beastmode.clock import Clock
from beastmode.failures.failure import Failure
from beastmode.safeguards.guard import Guard, GuardStoppedError, HeldBackError, Probe
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.settings import Rate, TokenRate
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


@pytest.mark.parametrize("rate", [Rate(1, 1.0), Rate(2, 60.0), Rate(8, 1.0)], ids=str)
def test_probes_are_paid_out_of_the_rate_and_never_starve_the_work(rate: Rate) -> None:
    leaving: list[float] = []

    async def story(loop: VirtualLoop) -> None:
        async def probe(leaves: Callable[[], None]) -> Failure | None:
            leaves()
            leaving.append(loop.time())
            return None

        guard = guard_of(loop, 3, rate, probe=probe)
        for _ in range(20):
            async with guard.admit() as admitted:
                admitted.leaves()
                leaving.append(loop.time())
                await asyncio.sleep(0.1)

    took = play(story)
    assert took <= 45 * rate.padded_span_s / rate.starts + 45
    for stamp in leaving:
        assert sum(stamp <= other < stamp + rate.span_s for other in leaving) <= rate.starts


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
        assert guard.in_use() == (0, 0)

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


def test_patience_with_an_ill_server_ends_at_a_slow_rate_too() -> None:
    """The probe waits for its place most of the time; that wait is the ill server's, not the rate's."""

    async def story(loop: VirtualLoop) -> None:
        async def probe(leaves: Callable[[], None]) -> Failure | None:
            leaves()
            return ILL

        guard = guard_of(loop, 3, Rate(1, 60.0), probe=probe, max_wait_s=300.0)
        with pytest.raises(HeldBackError, match="unhealthy"):
            async with asyncio.timeout(3600):
                await guard.admit().__aenter__()

    assert play(story) <= 400.0


def test_nothing_is_admitted_by_limits_that_were_lowered_while_its_probe_was_under_way() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def probe(leaves: Callable[[], None]) -> Failure | None:
            leaves()
            await asyncio.sleep(0.5)
            return None

        guard = guard_of(loop, 2, probe=probe)
        begun: list[float] = []

        async def call() -> None:
            async with guard.admit():
                begun.append(loop.time())
                await asyncio.sleep(3.0)

        calls = [asyncio.ensure_future(call())]
        loop.call_later(2.5, lambda: calls.append(asyncio.ensure_future(call())))
        loop.call_later(2.7, guard.set_limits, 1, ())
        await asyncio.sleep(2.8)
        await asyncio.gather(*calls)
        assert begun == [0.5, 3.5]

    play(story)


@pytest.mark.parametrize("how", ["timed out", "cancelled"])
def test_the_slot_of_a_probe_that_was_not_answered_lingers(how: str) -> None:
    """The server may still be at work on it."""

    async def story(loop: VirtualLoop) -> None:
        async def probe(leaves: Callable[[], None]) -> Failure | None:
            leaves()
            await asyncio.sleep(1.0)
            return Failure("timeout", "no answer", True, "wait")

        guard = guard_of(loop, 1, probe=probe, linger_s=5.0)
        asking = asyncio.ensure_future(guard.admit().__aenter__())
        await asyncio.sleep(0.5)
        if how == "cancelled":
            asking.cancel()
        await asyncio.sleep(0.75)
        assert guard.in_use() == (1, 0)
        asking.cancel()
        await asyncio.sleep(6.0)
        assert guard.in_use() == (0, 0)

    play(story)


def test_a_process_with_a_limit_of_one_does_not_starve_those_who_probe(tmp_path: Path) -> None:
    """Their probe and its start are two places, which a window of one never has at once."""

    async def story(loop: VirtualLoop) -> None:
        async def probe(leaves: Callable[[], None]) -> Failure | None:
            leaves()
            return None

        def store(*rates: Rate) -> HostStore:
            return HostStore("server:1", 3, rates, 2.0, folder=tmp_path, clock=loop.time)

        other, mine = store(Rate(1, 1.0)), store(Rate(8, 1.0))
        guard = Guard(mine, loop.clock(), concurrency=3, rates=[Rate(8, 1.0)], probe=probe)
        for _ in range(5):
            async with asyncio.timeout(10), guard.admit() as admitted:
                admitted.leaves()
        guard.close()
        other.close()

    assert play(story) <= 15.0


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
        assert guard.in_use() == (0, 8)
        async with guard.admit() as admitted:
            assert loop.time() >= 3.0
            assert admitted.waited_s["restart"] >= 3.0

    play(story)


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


def test_tokens_are_settled_as_told_and_what_never_left_costs_none() -> None:
    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, None, tokens=[TokenRate(1000, 60.0)])
        async with guard.admit(tokens=900):
            pass  # it never left
        async with guard.admit(tokens=900) as admitted:
            admitted.leaves()
            admitted.used_tokens = 100
        assert guard.tokens_in_use() == 100
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
        assert guard.tokens_in_use() == 800

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


@pytest.mark.parametrize("evidence", ["an end", "a piece of a stream"])
def test_a_busy_gateway_asks_for_no_health(evidence: str) -> None:
    """One probe at the start; then successes, or bytes on an open stream, are evidence enough."""
    probes: list[float] = []

    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, None, probe=counted(loop, probes))
        async with guard.admit() as stream:
            stream.leaves()
            for _ in range(40):
                await asyncio.sleep(0.5)
                if evidence == "a piece of a stream":
                    stream.heard()
                async with guard.admit() as call:
                    call.leaves()
                    call.effect = "success" if evidence == "an end" else "ignored"

    play(story)
    assert probes == [0.0]


def test_many_that_wait_cause_one_probe() -> None:
    probes: list[float] = []

    async def story(loop: VirtualLoop) -> None:
        guard = guard_of(loop, None, probe=counted(loop, probes))

        async def call() -> None:
            async with guard.admit() as admitted:
                admitted.leaves()

        await asyncio.gather(*(call() for _ in range(100)))

    play(story)
    assert probes == [0.0]


def test_a_piece_of_a_stream_does_not_make_an_ill_server_well() -> None:
    async def story(loop: VirtualLoop) -> None:
        answers: list[Failure | None] = [None, ILL, ILL]

        async def probe(leaves: Callable[[], None]) -> Failure | None:
            leaves()
            return answers.pop(0)

        guard = guard_of(loop, None, probe=probe)
        async with guard.admit() as stream:
            stream.leaves()
            await asyncio.sleep(2.0)
            waiting = asyncio.ensure_future(guard.admit().__aenter__())
            await asyncio.sleep(0.1)
            stream.heard()
            await asyncio.sleep(0.1)
            assert not waiting.done()
            waiting.cancel()

    play(story)


def counted(loop: VirtualLoop, probes: list[float]) -> Probe:
    """A probe of a server that is well; when each was made."""

    async def probe(leaves: Callable[[], None]) -> Failure | None:
        leaves()
        probes.append(loop.time())
        await asyncio.sleep(0.05)
        return None

    return probe
