"""Whether another session follows: only where it can bring something, and never for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.again import MOST_IDLE, Again, Rounds
from beastmode.runner.summary import TASK_COUNTS, Summary

NOW = 1_000_000.0


def ended(state: str, reason: str = "", until: float | None = None, /, **tasks: int) -> Summary:
    counts = dict.fromkeys(TASK_COUNTS, 0) | {"total": 9} | tasks
    return Summary("r1", state, counts, 0.0, 0, 0.0, 0.0, 0, 0, "", 1, reason, until)


def test_what_is_done_is_over() -> None:
    assert Rounds().after(ended("done", done=9), NOW) == ""


def test_a_quota_is_waited_for_and_a_second_more() -> None:
    more = Rounds().after(ended("held", "held", NOW + 5400), NOW)
    assert isinstance(more, Again)
    assert more.wait_s == 5401.0


def test_a_reset_that_has_passed_is_no_time_that_runs_backwards() -> None:
    more = Rounds().after(ended("held", "held", NOW - 5400), NOW)
    assert isinstance(more, Again)
    assert more.wait_s == 1.0


@pytest.mark.parametrize("reason", ["spent", "budget", "time"])
def test_a_budget_is_for_a_person_to_raise(reason: str) -> None:
    assert "budget" in str(Rounds().after(ended("held", reason), NOW))


@pytest.mark.parametrize("counts", [{"needs_person": 2}, {"cancelled": 1}, {"blocked": 3, "needs_person": 1}])
def test_a_person_is_not_replaced_by_trying_again(counts: dict[str, int]) -> None:
    assert Rounds().after(ended("failed", **counts), NOW) == "what is left needs a person"


@pytest.mark.parametrize("state", ["interrupted", "error"])
def test_who_is_interrupted_stops(state: str) -> None:
    assert isinstance(Rounds().after(ended(state), NOW), str)


def test_failed_tasks_are_taken_up_as_long_as_some_come_to_their_end() -> None:
    rounds = Rounds()
    assert all(
        isinstance(rounds.after(ended("failed", done=n, failed=9 - n), NOW), Again) for n in range(1, 8)
    )
    assert isinstance(rounds.after(ended("failed", done=7, failed=2), NOW), Again)
    assert "2 sessions in a row" in str(rounds.after(ended("failed", done=7, failed=2), NOW))


@given(st.lists(st.integers(0, 5), max_size=40))
def test_a_list_that_cannot_be_done_is_given_up(done: list[int]) -> None:
    """However it goes: as many idle sessions in a row end it, and pauses stay within their bounds."""
    rounds, idle, before = Rounds(), 0, 0
    for number in done:
        more = rounds.after(ended("failed", done=number, failed=1), NOW)
        idle = 0 if number > before else idle + 1
        before = number
        assert isinstance(more, str) == (idle >= MOST_IDLE)
        if isinstance(more, str):
            return
        assert 60.0 <= more.wait_s <= 1800.0


def test_a_server_that_is_down_is_asked_for_again_with_growing_pauses() -> None:
    rounds = Rounds()
    waits = [
        more.wait_s for _ in range(9) if isinstance(more := rounds.after(ended("held", "held"), NOW), Again)
    ]
    assert waits == [60, 120, 240, 480, 960, 1800, 1800, 1800, 1800]
