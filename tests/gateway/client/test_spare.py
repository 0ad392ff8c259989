"""Spare time: large bodies have turns in it, and whoever else there is waits for one step of them at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.gateway.client.spare import CATCH_UP_S, LEAST_PAUSE_S, SHARE, Spare, spare_of


class Loop:
    """An event loop's clock, and what it is to call."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, Callable[[], None]]] = []
        self.spare = Spare(lambda: self.now, self.call_later)

    def call_later(self, delay_s: float, call: Callable[[], None]) -> None:
        self.due.append((self.now + delay_s, call))

    def run(self) -> None:
        """Until nothing is due any more."""
        while self.due:
            assert len(self.due) == 1, "one step at a time"
            self.turn()

    def turn(self) -> None:
        """What is due next."""
        when, call = self.due.pop(0)
        self.now = max(self.now, when)
        call()


def working(loop: Loop, step_s: float, steps: int, done: list[tuple[float, str]], name: str = "") -> None:
    """A body that takes so many steps of so long, each in its turn."""

    def step() -> bool:
        nonlocal steps
        done.append((loop.now, name))
        loop.now += step_s
        loop.spare.took(step_s)
        steps -= 1
        if steps:
            loop.spare.ask(step)
        return True

    loop.spare.ask(step)


@given(
    st.lists(st.tuples(st.floats(0.0001, 0.01), st.integers(1, 30)), min_size=1, max_size=12),
)
def test_all_large_bodies_together_have_a_quarter_of_the_time(bodies: list[tuple[float, int]]) -> None:
    loop, done = Loop(), list[tuple[float, str]]()
    for step_s, steps in bodies:
        working(loop, step_s, steps, done)
    loop.run()
    worked_s = sum(step_s * steps for step_s, steps in bodies)
    longest_s = max(step_s for step_s, _ in bodies)
    assert worked_s <= SHARE * (loop.now + CATCH_UP_S) + longest_s  # the pause behind the last is to come
    assert len(done) == sum(steps for _, steps in bodies)


def test_between_two_steps_there_is_time_for_others_even_where_a_step_takes_none() -> None:
    loop, done = Loop(), list[tuple[float, str]]()
    for name in "abc":
        working(loop, 0.0, 2, done, name)
    loop.run()
    assert [name for _, name in done] == ["a", "b", "c", "a", "b", "c"]
    assert [when for when, _ in done] == pytest.approx([n * LEAST_PAUSE_S for n in range(6)])


def test_a_loop_that_wakes_up_late_catches_up_one_step_in_each_of_its_turns() -> None:
    loop, done = Loop(), list[tuple[float, str]]()
    working(loop, 0.0, 100, done)
    loop.now = 1.0
    for steps in range(1, 11):
        loop.turn()
        assert (loop.now, len(done)) == (1.0, steps)
    loop.run()
    assert loop.now == pytest.approx(1.0 + 89 * LEAST_PAUSE_S)


def test_what_nobody_wants_any_more_comes_behind_all_that_somebody_does() -> None:
    loop, done = Loop(), list[tuple[float, str]]()

    def thrown_away() -> bool:
        done.append((loop.now, "thrown away"))
        return True

    loop.spare.ask(thrown_away, behind=True)
    working(loop, 0.001, 3, done, "wanted")
    loop.run()
    assert [name for _, name in done] == ["wanted", "wanted", "wanted", "thrown away"]


def test_who_has_gone_takes_no_time_from_the_next_one() -> None:
    loop, done = Loop(), list[tuple[float, str]]()
    for _ in range(1000):
        loop.spare.ask(lambda: False)
    working(loop, 0.001, 1, done)
    loop.run()
    assert done == [(0.0, "")]


def test_who_waits_for_a_turn_and_is_cancelled_has_none() -> None:
    async def story() -> list[str]:
        spare, had = spare_of(asyncio.get_running_loop()), list[str]()

        async def one(name: str) -> None:
            await spare.turn()
            had.append(name)

        first, second = (asyncio.create_task(one(name)) for name in ("first", "second"))
        await asyncio.sleep(0)
        first.cancel()
        await second
        return had

    assert asyncio.run(story()) == ["second"]


def test_a_loop_has_one_of_them() -> None:
    async def story() -> Spare:
        loop = asyncio.get_running_loop()
        assert spare_of(loop) is spare_of(loop)
        return spare_of(loop)

    assert asyncio.run(story()) is not asyncio.run(story())
