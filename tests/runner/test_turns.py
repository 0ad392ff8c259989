"""Whose turn it is, and who stands aside."""

from __future__ import annotations

import pytest

from beastmode.runner.turns import Turns


def popped(turns: Turns) -> list[int]:
    """All that may start, one after the other, each over at once."""
    order = list[int]()
    while turns:
        order.append(turns.pop())
        turns.over(order[-1])
    return order


def test_turns_come_by_rank_and_else_in_the_order_of_the_file() -> None:
    for rank, order in ((None, [0, 1, 2]), ([2, 0, 1], [1, 2, 0])):
        turns = Turns(rank, None)
        turns.join([2, 0, 1])
        assert popped(turns) == order


def test_one_that_stands_aside_may_still_come_but_holds_nobody_up() -> None:
    turns = Turns(None, lambda task: ("src",))
    turns.paused.add(0)
    turns.join([0, 1])
    turns.put_aside(turns.pop())
    assert (popped(turns), len(turns), bool(turns)) == ([1], 1, False)
    turns.resume(0)
    assert (popped(turns), len(turns)) == ([0], 0)


def test_one_that_left_and_comes_back_before_its_turn_stands_in_line_once() -> None:
    turns = Turns(None, None)
    turns.join([0, 1])
    turns.leave(0)
    turns.come_back([0])
    assert popped(turns) == [0, 1]
    turns.come_back([0])
    assert popped(turns) == [0]


def test_one_that_left_from_aside_is_not_awaited_any_more() -> None:
    turns = Turns(None, None)
    turns.join([0])
    turns.put_aside(turns.pop())
    turns.leave(0)
    assert len(turns) == 0
    with pytest.raises(IndexError):
        turns.pop()
