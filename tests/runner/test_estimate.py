"""What a run may cost: from what was seen, or a guess that says so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.estimate import GUESS_S, GUESS_USD, Taken, estimate


def test_without_anything_seen_it_is_a_guess_and_says_so() -> None:
    guessed = estimate(7, 3, [])
    assert (guessed.seconds, guessed.usd) == (3 * GUESS_S, 7 * GUESS_USD)
    assert "a guess" in str(guessed)


def test_it_is_the_mean_of_what_was_seen() -> None:
    seen = [Taken(60.0, 0.1), Taken(120.0, 0.3), Taken(90.0)]
    told = estimate(4, 2, seen)
    assert (told.seconds, told.usd) == (180.0, 0.8)
    assert told.source == "from 3 tasks that were done here"


def test_where_nobody_counted_the_cost_stays_a_guess() -> None:
    told = estimate(2, None, [Taken(10.0)] * 3)
    assert (told.seconds, told.usd) == (10.0, 2 * GUESS_USD)
    assert "the cost is a guess" in told.source


def test_what_cost_nothing_does_not_say_what_another_costs() -> None:
    """Three tasks answered from memory made a budget of 0.01 USD, which ended the next run at once."""
    told = estimate(2, None, [Taken(10.0, 0.0)] * 3)
    assert told.usd == 2 * GUESS_USD
    assert "the cost is a guess" in told.source


def test_a_cost_that_nobody_counted_is_no_figure() -> None:
    assert "USD" not in Taken(10.0).words
    assert "0.25 USD" in Taken(10.0, 0.25).words


@given(
    st.integers(0, 1000),
    st.none() | st.integers(1, 50),
    st.lists(st.builds(Taken, st.floats(0, 1e6)), max_size=5),
)
def test_more_at_once_never_takes_longer(tasks: int, at_once: int | None, seen: list[Taken]) -> None:
    told = estimate(tasks, at_once, seen)
    assert 0 <= told.seconds <= estimate(tasks, 1, seen).seconds or not tasks
