"""Room for bodies: bounded, fair among large ones, and never taken from ordinary requests by large or slow ones."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.gateway.client.room import FIRST_BYTES, Hold, Loans, NoRoomError, Place, Room, Share


def test_a_body_takes_what_has_come_and_gives_it_back() -> None:
    room = Room(4 * FIRST_BYTES, FIRST_BYTES, 1.0)
    place = Place(room)
    place.hold(10)
    place.hold(FIRST_BYTES + 5)
    assert (room.first.used, room.rest.used) == (FIRST_BYTES, 5)
    place.let_go()
    place.let_go()
    assert room.used == 0


def test_who_only_claims_to_send_much_keeps_no_ordinary_request_out() -> None:
    async def story() -> None:
        room = Room(8 * FIRST_BYTES, 4 * FIRST_BYTES, 0.01)
        claims = Place(room)
        await claims.expect(5 * FIRST_BYTES)
        with pytest.raises(NoRoomError):
            await Place(room).expect(2 * FIRST_BYTES)
        with pytest.raises(NoRoomError):
            Place(room).hold(FIRST_BYTES + 1)
        for _ in range(3):
            Place(room).hold(FIRST_BYTES)

    asyncio.run(story())


def test_ordinary_requests_are_bounded_too() -> None:
    room = Room(5 * FIRST_BYTES, FIRST_BYTES, 1.0)
    for _ in range(3):
        Place(room).hold(FIRST_BYTES)
    with pytest.raises(NoRoomError):
        Place(room).hold(1)
    assert room.used == 3 * FIRST_BYTES


def test_answers_hold_what_there_is_room_for_until_they_let_go() -> None:
    share = Share(10, 0.0)
    first, second = Hold(share), Hold(share)
    assert [first.takes(4), second.takes(4), first.takes(4), first.takes(2)] == [True, True, False, True]
    first.gives_back(1)
    assert share.used == 9
    first.gives_back(100)
    first.let_go()
    first.let_go()
    assert share.used == 4
    assert second.takes(6)


def test_a_body_that_several_read_takes_room_once_and_until_the_last_has_it() -> None:
    share, one, other = Share(10, 0.0), b"lent twice"[:6], b"another"
    loans = Loans(share)
    assert [loans.lend(one), loans.lend(one), loans.lend(other)] == [True, True, False]
    loans.give_back(one)
    assert share.used == 6
    loans.give_back(one)
    assert share.used == 0


def test_large_ones_wait_in_order() -> None:
    async def story() -> list[int]:
        share, order = Share(10, 60.0), list[int]()
        assert share.take(10)

        async def wait(number: int, size: int) -> None:
            await share.wait_for(size)
            order.append(number)

        waiting = [asyncio.create_task(wait(number, size)) for number, size in enumerate((6, 4, 9))]
        await asyncio.sleep(0)
        assert not share.take(0), "nobody gets in before those that wait"
        share.give_back(10)
        await asyncio.wait(waiting[:2])
        share.give_back(10)
        await waiting[2]
        assert share.used == 9
        return order

    assert asyncio.run(story()) == [0, 1, 2]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["wait", "cancel", "end", "turn"]), st.integers(0, 9)), max_size=40
    )
)
def test_whatever_comes_and_goes_no_room_is_lost_or_given_twice(steps: list[tuple[str, int]]) -> None:
    async def story() -> None:
        share = Share(10, 60.0)
        tasks: list[tuple[asyncio.Task[None], asyncio.Event]] = []

        async def holds(size: int, ends: asyncio.Event) -> None:
            await share.wait_for(size)
            try:
                await ends.wait()
            finally:
                share.give_back(size)

        for act, number in steps:
            if act == "wait":
                ends = asyncio.Event()
                tasks.append((asyncio.create_task(holds(number, ends)), ends))
            elif act == "turn":
                await asyncio.sleep(0)
            elif tasks:
                task, ends = tasks[number % len(tasks)]
                task.cancel() if act == "cancel" else ends.set()
            assert 0 <= share.used <= 10
        for _, ends in tasks:
            ends.set()
        for task, _ in tasks:
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(task, 30)
        assert share.used == 0

    asyncio.run(story())
