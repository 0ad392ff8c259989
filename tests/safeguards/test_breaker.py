"""The breaker as a state machine: it opens when it should, stays open as long, and one trial decides."""

from __future__ import annotations

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from beastmode.failures.failure import Effect
from beastmode.safeguards.breaker import AT_LEAST, LAST, OPEN_MOST_S, OPEN_S, Breaker

effects = st.sampled_from(["success", "dropped", "dropped", "ignored"])


class BreakerMachine(RuleBasedStateMachine):
    """Calls leave when they may, end in any order, and the past is kept whole, as the breaker does not."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now = 100.0
        self.in_flight: list[bool] = []
        self.past: list[bool] = []
        self.failed_trials = 0
        self.trips = 0

    @rule(pause_s=st.sampled_from([0.0, 0.125, 1.0, 29.0, 31.0, 299.0, 301.0]))
    def time_passes(self, pause_s: float) -> None:
        self.now += pause_s

    @precondition(lambda self: self.breaker.wait_s(self.now) == 0)
    @rule()
    def a_call_leaves(self) -> None:
        was = self.breaker.state
        trial = self.breaker.leaves()
        assert trial == (was == "open")
        assert not (trial and any(self.in_flight)), "one trial at a time"
        self.in_flight.append(trial)

    @precondition(lambda self: self.in_flight)
    @rule(number=st.integers(0, 30), effect=effects)
    def a_call_ends(self, number: int, effect: Effect) -> None:
        trial = self.in_flight.pop(number % len(self.in_flight))
        was = self.breaker.state
        self.breaker.record(self.now, effect, trial=trial)
        if trial:
            self.the_trial_decides(effect)
        elif was == "closed":
            self.the_last_calls_decide(effect)
        else:
            assert self.breaker.state == was, "who left before it opened has no say any more"
        assert self.breaker.trips == self.trips

    def the_trial_decides(self, effect: Effect) -> None:
        if effect == "success":
            assert self.breaker.state == "closed"
            self.failed_trials, self.past = 0, []
        elif effect == "dropped":
            self.failed_trials += 1
            self.opens()
        else:
            assert (self.breaker.state, self.breaker.wait_s(self.now)) == ("open", 0.0), (
                "the next call is the trial"
            )

    def the_last_calls_decide(self, effect: Effect) -> None:
        if effect != "ignored":
            self.past.append(effect == "dropped")
        last = self.past[-LAST:]
        if effect != "ignored" and len(last) >= AT_LEAST and sum(last) * 2 >= len(last):
            self.opens()
        else:
            assert self.breaker.state == "closed"

    def opens(self) -> None:
        assert self.breaker.state == "open"
        assert self.breaker.wait_s(self.now) == min(OPEN_MOST_S, OPEN_S * (1 + self.failed_trials))
        self.past = []
        self.trips += 1

    @invariant()
    def the_states_hold_calls_back(self) -> None:
        wait_s = self.breaker.wait_s(self.now)
        assert (wait_s == math.inf) == (self.breaker.state == "half_open") == any(self.in_flight)
        assert self.breaker.state != "closed" or wait_s == 0.0


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def breaker_after(*effects: Effect) -> Breaker:
    breaker = Breaker()
    for effect in effects:
        breaker.record(0.0, effect)
    return breaker


def test_nine_failures_are_too_few_to_judge_by() -> None:
    nine: list[Effect] = ["dropped"] * (AT_LEAST - 1)
    assert breaker_after(*nine).state == "closed"
    assert breaker_after(*nine, "ignored").state == "closed", "says nothing about the server"
    assert breaker_after(*nine, "success").state == "open", "nine of ten"


def test_only_the_last_twenty_count() -> None:
    good: list[Effect] = ["success"] * 100
    bad: list[Effect] = ["dropped"] * (LAST // 2)
    assert breaker_after(*good, *bad[1:]).state == "closed"
    assert breaker_after(*good, *bad).state == "open", "half of the last twenty, whatever was before"


def test_failed_trials_keep_it_open_longer_up_to_five_minutes() -> None:
    bad: list[Effect] = ["dropped"] * AT_LEAST
    breaker, now, waits = breaker_after(*bad), 0.0, list[float]()
    for _ in range(12):
        waits.append(breaker.wait_s(now))
        now += waits[-1]
        assert breaker.leaves()
        breaker.record(now, "dropped", trial=True)
    assert waits == [*(30.0 * n for n in range(1, 11)), 300.0, 300.0]
