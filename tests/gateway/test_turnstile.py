"""A key's turnstile on virtual time: rates are waited for, budgets hold, and nothing that was set aside is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.gateway.rejected import RejectedError
from beastmode.gateway.turnstile import Turnstile
from beastmode.settings import parse_rates
from beastmode.store.allowance import NO_USE, Use, ends_unix, parse_allowances, period_name
from beastmode.store.keys.key import Key, KeyLimits
from beastmode.testing import START_UNIX, VirtualLoop

FOREVER = 1e9
DAY = period_name("day", START_UNIX)
Story = Callable[[VirtualLoop], Coroutine[Any, Any, None]]


def key(rate: str = "none", budget: str = "none") -> Key:
    return Key("id", "ci", KeyLimits(rates=parse_rates(rate), allowances=parse_allowances(budget)), 0.0)


def play(story: Story) -> None:
    loop = VirtualLoop()
    try:
        loop.run_until_complete(story(loop))
    finally:
        loop.close()


def turnstile(
    loop: VirtualLoop, rate: str = "none", budget: str = "none", most_waiting: int = 1000
) -> Turnstile:
    return Turnstile(key(rate, budget), loop.clock(), most_waiting)


async def refused(entering: Coroutine[Any, Any, None]) -> RejectedError:
    with pytest.raises(RejectedError) as error:
        await entering
    return error.value


def test_what_exceeds_the_rate_waits_and_goes_in_order() -> None:
    async def story(loop: VirtualLoop) -> None:
        gate, went = turnstile(loop, "2/10s"), list[tuple[int, float]]()

        async def one(number: int) -> None:
            await gate.enter(Use(1), FOREVER)
            went.append((number, loop.time()))
            gate.leave(Use(1), Use(1))

        await asyncio.gather(*map(one, range(5)))
        assert went == [(0, 0.0), (1, 0.0), (2, 10.0), (3, 10.0), (4, 20.0)]

    play(story)


def test_who_could_not_leave_before_its_deadline_is_told_at_once_how_long_it_would_take() -> None:
    async def story(loop: VirtualLoop) -> None:
        gate = turnstile(loop, "1/min")
        await gate.enter(Use(1), FOREVER)
        said = await refused(gate.enter(Use(1), loop.time() + 30))
        assert (said.status, said.failure.class_, said.failure.retry_after_s) == (429, "rate_limit", 60.0)
        assert "beast keys set ci --rate" in said.failure.tip
        assert loop.time() == 0.0

    play(story)


def test_a_rate_that_is_raised_lets_those_that_wait_go() -> None:
    async def story(loop: VirtualLoop) -> None:
        gate = turnstile(loop, "1/min")
        await gate.enter(Use(1), FOREVER)
        loop.call_later(5, lambda: gate.know(key("2/min")))
        await gate.enter(Use(1), FOREVER)
        assert loop.time() == 5.0
        said = await refused(gate.enter(Use(1), 50.0))
        assert said.failure.retry_after_s == 55.0

    play(story)


def test_a_budget_that_is_used_up_is_told_with_the_time_of_its_reset() -> None:
    async def story(loop: VirtualLoop) -> None:
        gate = turnstile(loop, budget="1requests/day")
        await gate.enter(Use(1), FOREVER)
        gate.leave(Use(1), Use(1))
        said = await refused(gate.enter(Use(1), FOREVER))
        assert (said.status, said.failure.class_, said.failure.passing) == (429, "out_of_budget", "after")
        assert said.failure.retry_after_s == ends_unix("day", START_UNIX) - START_UNIX
        assert "1 of 1requests/day" in said.failure.cause
        assert "beast keys set ci --budget" in said.failure.tip
        gate.know(key(budget="2requests/day"))
        await gate.enter(Use(1), FOREVER)

    play(story)


def test_who_does_not_fit_beside_those_in_flight_waits_for_what_they_give_back() -> None:
    async def story(loop: VirtualLoop) -> None:
        gate, guess = turnstile(loop, budget="100tokens/day"), Use(1, 80)
        await gate.enter(guess, FOREVER)
        loop.call_later(7, lambda: gate.leave(guess, Use(1, 10)))
        await gate.enter(guess, FOREVER)
        assert loop.time() == 7.0
        loop.call_later(1, lambda: gate.leave(guess, Use(1, 95)))
        said = await refused(gate.enter(guess, FOREVER))
        assert (said.failure.class_, loop.time()) == ("out_of_budget", 8.0)

    play(story)


def test_who_waits_for_others_until_its_deadline_is_told_so() -> None:
    async def story(loop: VirtualLoop) -> None:
        gate = turnstile(loop, budget="100tokens/day")
        await gate.enter(Use(1, 80), FOREVER)
        said = await refused(gate.enter(Use(1, 80), 3600.0))
        assert (said.status, loop.time()) == (429, 3600.0)
        assert "set aside for its requests in flight" in said.failure.cause

    play(story)


def test_too_many_in_line_are_shed_and_the_end_is_told_to_all() -> None:
    async def story(loop: VirtualLoop) -> None:
        gate = turnstile(loop, "1/min", most_waiting=2)
        await gate.enter(Use(1), FOREVER)
        waiting = [asyncio.ensure_future(refused(gate.enter(Use(1), FOREVER))) for _ in range(2)]
        await asyncio.sleep(1)
        assert (await refused(gate.enter(Use(1), FOREVER))).status == 429
        gate.stop()
        assert [(await one).status for one in waiting] == [503, 503]
        assert (await refused(gate.enter(Use(1), FOREVER))).status == 503

    play(story)


def test_those_that_wait_when_their_key_is_revoked_are_refused() -> None:
    async def story(loop: VirtualLoop) -> None:
        gate = turnstile(loop, "1/min")
        await gate.enter(Use(1), FOREVER)
        loop.call_later(3, lambda: gate.know(replace(gate.key, revoked_unix=START_UNIX)))
        said = await refused(gate.enter(Use(1), FOREVER))
        assert (said.status, loop.time()) == (401, 3.0)

    play(story)


@given(st.integers(0, 10_000))
def test_budgets_hold_however_many_ask_hang_up_and_fail(seed: int) -> None:
    """Guesses are never too low, so what was used passes the limit by no more than one request that went alone."""
    rng = random.Random(seed)

    async def story(loop: VirtualLoop) -> None:
        gate = turnstile(loop, "50/s", "1000tokens/day")
        spent = [NO_USE]

        async def one() -> None:
            guess = Use(1, rng.randint(1, 300))
            await asyncio.sleep(rng.random() * 5)
            try:
                await gate.enter(guess, loop.time() + rng.choice((1, 5, 100)))
            except RejectedError:
                return
            used = Use(1, rng.randint(0, guess.tokens)) if rng.random() < 0.8 else NO_USE
            try:
                await asyncio.sleep(rng.random())
            finally:
                spent.append(used)
                gate.leave(guess, used)

        tasks = [asyncio.ensure_future(one()) for _ in range(30)]
        for task in rng.sample(tasks, 8):
            loop.call_later(rng.random() * 6, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        total = sum(use.tokens for use in spent)
        assert gate.purse.used_in(DAY).tokens == total <= 1000 + 300
        assert total >= 1000 or gate.purse.fits(Use(1, 1000 - total), loop.clock().unix())

    play(story)
