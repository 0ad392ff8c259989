"""The window against a brute-force oracle: never one start too many, never a wait too long."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.measures import most_in_window
from beastmode.safeguards.window import Window
from beastmode.settings import Rate


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.floats(0, 3), st.floats(0, 0.5)), max_size=60),
)
def test_no_half_open_window_ever_holds_more(starts: int, steps: list[tuple[float, float]]) -> None:
    """Ask after `pause`, leave `delay` after being admitted: the stamps never break the limit."""
    window, now, stamps = Window(starts, 1.0), 0.0, list[float]()
    for pause, delay in steps:
        now += pause
        wait_s = window.wait_s(now)
        assert wait_s < math.inf
        now += wait_s
        while window.wait_s(now) > 0:  # rounding: a wait may end a hair early, then one asks again
            now = math.nextafter(now, math.inf)
        window.take()
        now += delay
        window.left(now)
        stamps.append(now)
    assert most_in_window([round(stamp * 1e9) for stamp in stamps], 999_999_999) <= starts


def test_a_wait_is_no_longer_than_needed() -> None:
    window = Window(2, 1.0)
    for stamp in (0.0, 0.3):
        window.take()
        window.left(stamp)
    assert window.wait_s(0.4) == 0.6
    assert window.wait_s(1.0) == 0.0
    assert window.wait_s(1.0, places=2) == 1.3 - 1.0


def test_what_is_about_to_leave_counts_as_now() -> None:
    window = Window(1, 1.0)
    window.take()
    assert window.wait_s(100.0) == math.inf
    window.give_back()
    assert window.wait_s(100.0) == 0.0


def test_an_unknown_past_counts_as_full_even_if_the_limit_is_raised() -> None:
    window = Window(2, 1.0)
    window.fill(5.0)
    window.starts = 10
    assert window.wait_s(5.5) == 0.5
    assert window.wait_s(6.0) == 0.0


def test_the_window_is_padded() -> None:
    assert Window.of(Rate(8, 1.0)).span_s == 1.05
    assert Window.of(Rate(60, 60.0)).span_s == 63.0
    assert Window.of(Rate(8, 0.1)).span_s == 0.15000000000000002
