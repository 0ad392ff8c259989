"""Patience: what a call bears in a row, and what it is asked."""

from __future__ import annotations

import math

import pytest

from beastmode.safeguards.limit_store import Hold
from beastmode.safeguards.patience import Bearing, HeldBackError, ImpatientError


def test_a_hold_is_borne_until_it_would_be_longer_in_a_row_than_anyone_wants() -> None:
    bearing = Bearing(lambda wait_s: True, 60.0)
    bearing.bear(Hold("unhealthy", 10.0), 0.0)
    bearing.bear(Hold("unhealthy", 10.0), 50.0)
    with pytest.raises(HeldBackError, match="unhealthy") as held:
        bearing.bear(Hold("unhealthy", 10.5), 50.0)
    assert held.value.until == 60.5


def test_what_was_borne_before_a_relief_does_not_count() -> None:
    bearing = Bearing(lambda wait_s: True, 60.0)
    bearing.bear(Hold("breaker", 30.0), 0.0)
    bearing.relieved()
    bearing.bear(Hold("breaker", 30.0), 100.0)
    with pytest.raises(HeldBackError):
        bearing.bear(Hold("breaker", 30.0), 131.0)


def test_a_call_that_does_not_want_to_wait_goes_whatever_others_would_bear() -> None:
    asked: list[float] = []

    def patient(wait_s: float) -> bool:
        asked.append(wait_s)
        return wait_s <= 5.0

    bearing = Bearing(patient, math.inf)
    bearing.bear(Hold("breaker", 5.0), 0.0)
    with pytest.raises(ImpatientError):
        bearing.bear(Hold("breaker", math.inf), 1.0)
    assert asked == [5.0, math.inf]


def test_a_wait_of_unknown_length_is_borne_as_long_as_it_has_lasted() -> None:
    bearing = Bearing(lambda wait_s: True, 60.0)
    bearing.bear(Hold("breaker", math.inf), 0.0)
    bearing.bear(Hold("breaker", math.inf), 60.0)
    with pytest.raises(HeldBackError) as held:
        bearing.bear(Hold("breaker", math.inf), 61.0)
    assert held.value.until == 61.0
