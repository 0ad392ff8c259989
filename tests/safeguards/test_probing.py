"""Probes: paid out of the limits, one for all that wait, and none where a success says as much."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.failures.failure import Failure
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.patience import HeldBackError
from beastmode.settings import Rate
from beastmode.testing import VirtualLoop
from tests.safeguards.guards import ILL, counted, guard_of, play


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
        assert guard.limits.in_use() == (1, 0)
        asking.cancel()
        await asyncio.sleep(6.0)
        assert guard.limits.in_use() == (0, 0)

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
