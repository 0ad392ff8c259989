"""A body as it grows: whole at its end, however its pieces were cut, and small or large."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.gateway.client.body import Body
from beastmode.gateway.client.room import FIRST_BYTES, NoRoomError
from tests.gateway.client.test_spare import Loop

MOST = 3 * FIRST_BYTES


@given(st.lists(st.integers(0, FIRST_BYTES), max_size=3))
def test_it_is_all_its_pieces(sizes: list[int]) -> None:
    pieces = [bytes([number + 65]) * size for number, size in enumerate(sizes)]
    grown = Body(MOST)
    for piece in pieces:
        grown.add(piece)
    assert grown.size == len(grown.whole) == sum(sizes)
    assert grown.whole == b"".join(pieces)


def test_a_large_one_is_a_view_and_outlives_what_it_grew_in() -> None:
    grown = Body(MOST)
    grown.add(b"x" * FIRST_BYTES)
    assert isinstance(grown.whole, bytes)
    grown.add(b"y")
    whole = grown.whole
    del grown
    assert bytes(whole[-2:]) == b"xy"


def test_its_memory_goes_bit_by_bit_once_nobody_has_a_view_of_it() -> None:
    loop = Loop()
    grown = Body(40 * FIRST_BYTES)
    for _ in range(40):
        grown.add(b"x" * FIRST_BYTES)
    whole, memory = grown.whole, grown._large
    assert memory is not None
    grown.give_back(loop.spare, loop.call_later)
    loop.turn()
    assert bytes(whole[-1:]) == b"x"
    assert len(memory) == len(whole)
    del whole
    sizes = [len(memory)]
    while loop.due:
        loop.turn()
        sizes.append(len(memory))
    assert all(before - after <= 4 * 1024 * 1024 for before, after in pairwise(sizes))
    assert sizes[-1] <= 4 * 1024 * 1024


def test_where_the_machine_has_no_memory_there_is_no_room() -> None:
    grown = Body(2**62)  # no machine has that
    with pytest.raises(NoRoomError):
        grown.add(b"x" * (FIRST_BYTES + 1))
