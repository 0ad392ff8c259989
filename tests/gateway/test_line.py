"""Who goes next: the pure queue under a model, and the line under random cancellations on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from beastmode.gateway.line import AGES_S, FairQueue, Line, LineFullError
from beastmode.testing import VirtualLoop


def play(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = VirtualLoop()
    try:
        loop.run_until_complete(story())
    finally:
        loop.close()


def popped(queue: FairQueue[str]) -> str:
    return " ".join(queue.pop() for _ in range(len(queue)))


def test_keys_take_turns_and_each_keeps_its_order() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "b2", "c1"):
        queue.push(item, key=item[0])
    assert popped(queue) == "a1 b1 c1 a2 b2 a3"


def test_a_lower_class_goes_first_whatever_the_turn_of_the_keys() -> None:
    queue: FairQueue[str] = FairQueue()
    for item, priority in (("warming", 2), ("batch", 1), ("first", 0), ("second", 0)):
        queue.push(item, "one", priority)
    queue.push("other", "other", 0)
    assert popped(queue) == "first other second batch warming"


def test_within_a_class_a_lower_place_goes_first_and_within_a_place_keys_take_turns() -> None:
    queue: FairQueue[str] = FairQueue()
    for item, place in (("c1", 2), ("a1", 1), ("a2", 1), ("b1", 1), ("c2", 2), ("d", 0)):
        queue.push(item, key=item[0], place=place)
    queue.push("batch", "batch", priority=1, place=0)
    assert popped(queue) == "d a1 b1 a2 c1 c2 batch"


def test_a_key_keeps_its_turn_when_its_next_item_leaves() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "b1"):
        queue.push(item, key=item[0])
    assert queue.remove("a1")
    assert not queue.remove("a1")
    assert popped(queue) == "a2 b1"


def test_nobody_waits_twice_and_nobody_comes_out_of_an_empty_queue() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.push("a", "a")
    with pytest.raises(ValueError, match="waits already"):
        queue.push("a", "b")
    queue.pop()
    with pytest.raises(IndexError):
        queue.pop()


@dataclass(frozen=True)
class Waiter:
    number: int
    key: str
    priority: int
    place: int

    @property
    def where(self) -> tuple[int, int]:
        return self.priority, self.place

    @property
    def group(self) -> tuple[int, int, str]:
        return *self.where, self.key


class Fairness(RuleBasedStateMachine):
    """Beside the queue: a plain list of who waits, and which keys each waiting key has seen go before it."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: FairQueue[Waiter] = FairQueue()
        self.waiting: list[Waiter] = []
        self.passed_by: dict[tuple[int, int, str], set[str]] = {}
        self.number = 0

    @rule(
        key=st.sampled_from("abcd"),
        priority=st.integers(0, 2),
        place=st.integers(0, 2),
        times=st.integers(1, 5),
    )
    def push(self, key: str, priority: int, place: int, times: int) -> None:
        for _ in range(times):
            self.number += 1
            waiter = Waiter(self.number, key, priority, place)
            self.queue.push(waiter, key, priority, place)
            self.waiting.append(waiter)
            self.passed_by.setdefault(waiter.group, set())

    @precondition(lambda self: self.waiting)
    @rule()
    def pop(self) -> None:
        next_one = self.queue.pop()
        assert next_one.where == min(waiter.where for waiter in self.waiting)
        assert next_one == next(waiter for waiter in self.waiting if waiter.group == next_one.group)
        self._gone(next_one)
        self.passed_by[next_one.group] = set()
        for waiting in {waiter.group for waiter in self.waiting if waiter.where == next_one.where}:
            if waiting != next_one.group:
                assert next_one.key not in self.passed_by[waiting], "it went twice before another's turn"
                self.passed_by[waiting].add(next_one.key)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        waiter = data.draw(st.sampled_from(self.waiting))
        assert self.queue.remove(waiter)
        self._gone(waiter)

    def _gone(self, waiter: Waiter) -> None:
        self.waiting.remove(waiter)
        if all(other.group != waiter.group for other in self.waiting):
            self.passed_by[waiter.group] = set()

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.queue) == len(self.waiting)

    def teardown(self) -> None:
        while self.waiting:
            self.pop()


TestFairness = Fairness.TestCase


@dataclass(frozen=True)
class Visit:
    """comes, stays: in ticks.   gives_up: ticks after it came; None: it waits to the end."""

    key: str
    priority: int
    place: int
    comes: int
    stays: int
    gives_up: int | None


ticks = st.integers(0, 6)
visits = st.lists(
    st.builds(
        Visit, st.sampled_from("abc"), st.integers(0, 1), st.integers(0, 2), ticks, ticks, st.none() | ticks
    ),
    max_size=25,
)


@given(visits)
def test_whoever_gives_up_whenever_all_others_have_their_turn_alone(several: list[Visit]) -> None:
    line = Line(most_waiting=100)
    within: list[Visit] = []
    served: list[Visit] = []

    async def visit(one: Visit) -> None:
        async with line.turn(one.key, one.priority, one.place):
            within.append(one)
            try:
                assert len(within) == 1
                await asyncio.sleep(one.stays)
            finally:
                within.remove(one)
        served.append(one)

    async def come_and_go(one: Visit) -> None:
        await asyncio.sleep(one.comes)
        visiting = asyncio.create_task(visit(one))
        if one.gives_up is not None:
            await asyncio.sleep(one.gives_up)
            visiting.cancel()
        await asyncio.wait([visiting])
        if not visiting.cancelled():
            visiting.result()

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            for one in several:
                group.create_task(come_and_go(one))
        assert len(line) == 0
        async with asyncio.timeout(1), line.turn("late"):
            assert len(line) == 1

    play(story)
    assert [one for one in several if one.gives_up is None and one not in served] == []


def test_who_is_cancelled_in_the_moment_of_its_turn_passes_it_on() -> None:
    async def story() -> None:
        line = Line(most_waiting=9)
        served: list[str] = []

        async def visit(name: str) -> None:
            async with line.turn(name):
                served.append(name)

        async with line.turn("first"):
            unlucky, next_one = asyncio.create_task(visit("unlucky")), asyncio.create_task(visit("next"))
            await asyncio.sleep(0)
        unlucky.cancel()
        await next_one
        assert unlucky.cancelled()
        assert served == ["next"]
        assert len(line) == 0

    play(story)


def test_who_is_cancelled_just_before_its_turn_leaves_it_to_the_next_of_its_key() -> None:
    async def story() -> None:
        line = Line(most_waiting=9)
        served: list[str] = []

        async def visit(name: str) -> None:
            async with line.turn(key=name[0]):
                served.append(name)

        async with line.turn("first"):
            unlucky, *others = [asyncio.create_task(visit(name)) for name in ("a1", "a2", "b1", "a3")]
            await asyncio.sleep(0)
            unlucky.cancel()
        await asyncio.gather(*others)
        assert served == ["a2", "b1", "a3"]
        assert len(line) == 0

    play(story)


def test_a_full_line_takes_nobody_more_and_says_how_many_wait() -> None:
    async def story() -> None:
        line = Line(most_waiting=2)
        async with line.turn("a"):
            second = asyncio.create_task(line.turn("b").__aenter__())
            await asyncio.sleep(0)
            with pytest.raises(LineFullError, match="2 are in line"):
                await line.turn("c").__aenter__()
        await second

    play(story)


def test_who_has_left_makes_room_in_a_full_line_at_once() -> None:
    async def story() -> None:
        line = Line(most_waiting=2)
        async with line.turn("a"):
            second = asyncio.create_task(line.turn("b").__aenter__())
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.wait([second])
            assert len(line) == 1

    play(story)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=8), st.integers(1, 30))
def test_whoever_comes_last_waits_no_longer_than_it_ages_though_older_ones_ask_without_end(
    older: list[int], takes_s: int
) -> None:
    async def story() -> float:
        line = Line(most_waiting=99)
        loop = asyncio.get_running_loop()

        async def asks_again_and_again(number: int, place: int) -> None:
            while True:
                async with line.turn(str(number), place=place):
                    await asyncio.sleep(takes_s)

        asking = [asyncio.create_task(asks_again_and_again(*one)) for one in enumerate(older)]
        await asyncio.sleep(0)
        before = loop.time()
        async with line.turn("youngest", place=6):
            waited_s = loop.time() - before
        for one in asking:
            one.cancel()
        await asyncio.wait(asking)
        assert len(line) == 0
        return waited_s

    loop = VirtualLoop()
    try:
        waited_s = loop.run_until_complete(story())
    finally:
        loop.close()
    assert waited_s <= AGES_S + (len(older) + 1) * takes_s
    assert waited_s >= AGES_S or len(older) == 1
