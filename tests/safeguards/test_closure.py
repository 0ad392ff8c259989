"""Closure: who closes a server, and which of several reasons is told."""

from __future__ import annotations

import math

import pytest

from beastmode.clock import Clock
from beastmode.safeguards.breaker import OPEN_S, Breaker
from beastmode.safeguards.closure import Closure, GuardStoppedError
from beastmode.safeguards.health import Health
from beastmode.safeguards.limit_store import Hold
from beastmode.testing import ManualTime


def open_breaker(now: float) -> Breaker:
    breaker = Breaker()
    for _ in range(10):
        breaker.record(now, "dropped")
    return breaker


def test_the_longer_pause_stays(time: ManualTime) -> None:
    closure = Closure(Clock(time, time), Breaker(), None)
    assert closure.pause(10.0, "quota")
    assert not closure.pause(5.0, "rate_limit")
    assert closure.hold() == Hold("quota", 10.0)
    time.now += 10.0
    assert closure.hold() is None


def test_a_person_goes_before_a_pause_that_goes_before_breaker_and_health(time: ManualTime) -> None:
    health = Health()
    health.failed(time.now)
    closure = Closure(Clock(time, time), open_breaker(time.now), health)
    closure.pause(5.0, "rate_limit")
    closure.halt("paused")
    assert closure.hold() == Hold("paused", math.inf)
    closure.go_on()
    assert closure.hold() == Hold("rate_limit", 5.0)
    time.now += 5.0
    assert closure.hold() == Hold("breaker", OPEN_S - 5.0)
    assert Closure(Clock(time, time), Breaker(), health).hold() is None, "the next probe is due"


def test_who_is_stopped_hears_it_whatever_else_holds(time: ManualTime) -> None:
    closure = Closure(Clock(time, time), open_breaker(time.now), None)
    closure.halt("paused")
    closure.stopped = True
    with pytest.raises(GuardStoppedError):
        closure.hold()
