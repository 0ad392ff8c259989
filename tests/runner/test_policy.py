"""The policy: every kind of failure, however often, to what follows from it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures.failure import Failure, Passing
from beastmode.runner.policy import Decision, Policy, Tries

HOUR_S = 3600.0


def policy(retries: int = 2, max_wait_s: float = HOUR_S, seed: int = 0) -> Policy:
    return Policy(retries, max_wait_s, random.Random(seed))


def failing(
    passing: Passing, hint_s: float | None = None, *, throttle: bool = False, class_: str = "x"
) -> Failure:
    return Failure(class_, "cause", passing, "tip", hint_s, throttle)


WAITS_FREE = [failing(True, throttle=True), failing(True, 5.0, throttle=True), failing("after", 5.0)]
"""What waits and uses up no try: throttles, and what passes at a stated time."""
COUNTS = [failing(True), failing(True, 5.0), failing(True, class_="verify_failed")]
ENDS = [failing(False), failing(False, 5.0), failing("after")]
"""Permanent, or passing only after something that nobody can name."""


@pytest.mark.parametrize("failure", WAITS_FREE, ids=str)
@pytest.mark.parametrize("counted", [0, 1, 2])
def test_a_throttle_waits_and_uses_up_nothing(failure: Failure, counted: int) -> None:
    tries = Tries(counted)
    decision = policy().after(failure, tries)
    assert (decision.end, decision.counts, decision.final) == ("waiting", False, False)
    assert tries.counted == counted


@pytest.mark.parametrize("failure", COUNTS, ids=str)
def test_a_passing_fault_is_tried_again_until_the_retries_are_used_up(failure: Failure) -> None:
    tries, rule = Tries(), policy(retries=2)
    assert [rule.after(failure, tries).end for _ in range(3)] == ["retry", "retry", "failed"]


@pytest.mark.parametrize("failure", ENDS, ids=str)
@pytest.mark.parametrize("retries", [0, 5])
def test_a_permanent_fault_fails_at_once(failure: Failure, retries: int) -> None:
    decision = policy(retries).after(failure, Tries())
    assert (decision.end, decision.wait_s, decision.final) == ("failed", 0.0, True)


def test_a_used_up_budget_holds_its_task_and_uses_up_nothing() -> None:
    tries = Tries()
    spent = failing("after", class_="out_of_budget")
    decision = policy().after(spent, tries)
    assert (decision.end, decision.reason, decision.counts) == ("waiting", "out_of_budget", False)
    assert tries.counted == 0
    assert policy().after(failing("after", 60.0, class_="out_of_budget"), tries).wait_s >= 60.0


def test_a_success_is_final_and_a_failed_verification_is_tried_again_at_once() -> None:
    assert policy().after(None, Tries()) == Decision("done")
    assert policy().after(failing(True, class_="verify_failed"), Tries()).wait_s == 0.0


@given(st.sampled_from(WAITS_FREE + COUNTS), st.integers(0, 9), st.integers())
def test_a_hint_is_never_shortened(failure: Failure, throttled: int, seed: int) -> None:
    decision = policy(9, seed=seed).after(failure, Tries(0, throttled))
    if failure.retry_after_s is not None:
        assert failure.retry_after_s <= decision.wait_s <= failure.retry_after_s * 1.1
    assert decision.reason == failure.class_


@given(st.integers(0, 40), st.integers())
def test_backoff_without_a_hint_grows_up_to_a_minute(counted: int, seed: int) -> None:
    decision = policy(99, seed=seed).after(failing(True), Tries(counted))
    assert 0.0 <= decision.wait_s <= min(60.0, 0.5 * 2**counted)


@pytest.mark.parametrize(
    "failure", [failing(True, 2 * HOUR_S), failing(True, 2 * HOUR_S, throttle=True)], ids=str
)
def test_a_hint_beyond_max_wait_holds_the_run_and_does_not_fail_the_task(failure: Failure) -> None:
    decision = policy(max_wait_s=HOUR_S).after(failure, Tries())
    assert (decision.end, decision.held, decision.final, decision.counts) == ("waiting", True, True, False)
    assert decision.wait_s >= 2 * HOUR_S, "it says when to come back"


def test_throttles_in_a_row_add_up_to_max_wait_and_an_attempt_that_counts_begins_anew() -> None:
    rule, tries, throttle = policy(9, max_wait_s=25.0), Tries(), failing(True, 10.0, throttle=True)
    assert [rule.after(throttle, tries).held for _ in range(3)] == [False, False, True]
    rule.after(failing(True), tries)
    assert tries.throttled_s == 0.0
    assert not rule.after(throttle, tries).held


@given(st.lists(st.sampled_from(WAITS_FREE + COUNTS + ENDS), max_size=30), st.integers(0, 4), st.integers())
def test_whatever_comes_no_more_attempts_count_than_retries_and_one(
    failures: list[Failure], retries: int, seed: int
) -> None:
    rule, tries, counting = policy(retries, seed=seed), Tries(), 0
    for failure in failures:
        decision = rule.after(failure, tries)
        counting += decision.counts
        assert decision.end in ("retry", "waiting", "failed")
        if decision.final:
            break
    assert counting == tries.counted <= retries + 1
