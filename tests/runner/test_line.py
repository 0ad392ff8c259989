"""Line: lowest first, whoever comes when."""

from __future__ import annotations

from heapq import heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.line import Line

numbers = st.lists(st.integers(0, 1000), max_size=20)


@given(st.lists(st.one_of(numbers, st.none()), max_size=30))
def test_a_line_is_a_heap_whoever_comes_when(steps: list[list[int] | None]) -> None:
    line, heap = Line(), list[int]()
    for come in steps:
        if come is not None:
            line.join(come)
            for number in come:
                heappush(heap, number)
        elif heap:
            assert line.pop() == heappop(heap)
        assert len(line) == len(heap)
    assert [line.pop() for _ in range(len(line))] == sorted(heap)


def test_one_who_comes_later_with_a_lower_number_is_next() -> None:
    line = Line()
    line.join([3, 5])
    line.join([1, 4])
    assert [line.pop() for _ in range(4)] == [1, 3, 4, 5]


def test_nobody_can_leave_an_empty_line() -> None:
    line = Line()
    line.join([])
    with pytest.raises(IndexError):
        line.pop()
    assert not line
