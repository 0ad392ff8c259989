"""How long a run at work will still take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.foreseeing.estimate import Spread
from beastmode.runner.foreseeing.remaining import left_of, remaining
from tests.runner.story import UNIX_S, Story

TOLD = Spread(60.0, 120.0, 240.0)


def test_at_first_it_is_what_was_foreseen_less_what_has_passed() -> None:
    assert remaining(TOLD, 0, 10, 20.0) == Spread(40.0, 100.0, 220.0)
    assert remaining(None, 0, 10, 20.0) is None


def test_the_more_has_ended_the_more_its_pace_counts() -> None:
    """Half of it took 300 s, though all was to take 120."""
    left = remaining(TOLD, 5, 10, 300.0)
    assert left == Spread(165.0, 180.0, 210.0)
    assert remaining(None, 5, 10, 300.0) == Spread(300.0, 300.0, 300.0)


def test_when_all_has_ended_nothing_is_left() -> None:
    assert remaining(TOLD, 10, 10, 99.0) == Spread(0.0, 0.0, 0.0)


@given(st.integers(0, 50), st.integers(1, 50), st.floats(0, 1e6))
def test_it_is_ordered_and_never_negative(ended: int, tasks: int, elapsed_s: float) -> None:
    left = remaining(TOLD, min(ended, tasks), tasks, elapsed_s)
    assert left is not None
    assert 0 <= left.low <= left.median * (1 + 1e-9)
    assert left.median <= left.high * (1 + 1e-9)
    assert left.high == pytest.approx(max(left.high, left.low))


def left(guessed: float, ended: bool = False) -> Spread | None:
    """Of a session 20 s after it began, that was to take what TOLD says."""
    spread = {"low": TOLD.low, "median": TOLD.median, "high": TOLD.high}
    story = Story().session().add("estimated", data={"tasks": 10, "seconds": spread, "guessed": guessed})
    progress = (story.end() if ended else story).told()
    return left_of(progress.sessions[-1], 0, UNIX_S + 20)


def test_it_is_told_of_a_session_at_work_whose_estimate_is_no_guess() -> None:
    assert left(0.5) == Spread(40.0, 100.0, 220.0)
    assert left(0.6) is None
    assert left(0.0, ended=True) is None
    assert left_of(Story().session().told().sessions[-1], 0, UNIX_S) is None
