"""Adaptive: within its bounds whatever comes, and each reaction by itself, told in calls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.safeguards.adaptive import EARLY, FORGET_S, LATER, PROVEN, REFUSALS, Adaptive
from beastmode.safeguards.slowness import Measure
from beastmode.settings import AUTO_CEILING as CEILING
from beastmode.settings import AUTO_START as START

calls = st.tuples(
    st.sampled_from(["succeeded", "dropped"]),
    st.floats(0, 100),
    st.floats(0, 50),
    st.integers(0, 40),
    st.floats(0.001, 1000),
)


@given(st.integers(1, 64), st.lists(calls, max_size=300))
def test_whatever_comes_the_limit_is_within_one_and_the_ceiling(
    ceiling: int, calls: list[tuple[str, float, float, int, float]]
) -> None:
    adaptive, now = Adaptive(ceiling), 0.0
    for end, pause_s, took_s, at_once, work in calls:
        now += pause_s
        if end == "succeeded":
            adaptive.succeeded(now, now - took_s, at_once, Measure("whole", took_s, work))
        else:
            adaptive.dropped(now, now - took_s, at_once)
        assert 1 <= adaptive.limit <= ceiling


@given(st.lists(calls, max_size=100), calls)
def test_a_refusal_never_raises_the_limit_and_a_success_never_by_more_than_one(
    before: list[tuple[str, float, float, int, float]], last: tuple[str, float, float, int, float]
) -> None:
    adaptive, now = Adaptive(), 0.0
    for end, pause_s, took_s, at_once, _ in [*before, last]:
        now += pause_s
        was = adaptive.limit
        if end == "succeeded":
            adaptive.succeeded(now, now - took_s, at_once, None)
            assert was <= adaptive.limit <= was + 1
        else:
            adaptive.dropped(now, now - took_s, at_once)
            assert adaptive.limit <= was


class Calls:
    """A server that answers in a second, one call after the other, as many at once as are allowed."""

    def __init__(self, ceiling: int = CEILING) -> None:
        self.adaptive, self.now = Adaptive(ceiling), 0.0

    def succeed(self, times: int, at_once: int | None = None) -> int:
        for _ in range(times):
            self.now += 1.0
            self.adaptive.succeeded(self.now, self.now - 1.0, at_once or self.adaptive.limit, None)
        return self.adaptive.limit

    def refuse(self, at_once: int | None = None) -> int:
        self.now += 0.1
        self.adaptive.dropped(self.now, self.now - 0.01, at_once or self.adaptive.limit)
        return self.adaptive.limit


def test_it_starts_low_and_doubles_until_the_first_refusal() -> None:
    calls = Calls()
    assert calls.adaptive.limit == START
    assert calls.succeed(9) == START + 9
    assert calls.refuse() == int((START + 9) * 0.75)
    assert calls.succeed(5) == 9
    assert calls.succeed(5) == 10, "then one more for each round of calls"


def test_what_is_not_used_does_not_grow() -> None:
    calls = Calls()
    calls.succeed(9)
    assert calls.succeed(100, at_once=5) == 12


def test_all_refusals_of_one_moment_are_one() -> None:
    calls = Calls()
    calls.succeed(9)
    left_at = calls.now
    for at_once in (12, 11, 10):
        calls.adaptive.dropped(calls.now + 0.1, left_at, at_once)
    assert calls.adaptive.limit == 9


def test_a_level_that_failed_is_tried_again_when_enough_calls_have_paid_for_it() -> None:
    calls = Calls()
    assert calls.refuse(at_once=3) == 2
    needed = round(1 / REFUSALS) * 2  # it owes one, and another has to be saved up
    assert calls.succeed(needed - 10) == 2
    assert calls.succeed(20) >= 3


def test_a_level_that_was_proven_is_tried_again_soon_and_once() -> None:
    calls = Calls()
    calls.succeed(9)
    calls.succeed(PROVEN)
    assert calls.refuse(at_once=8) == 12
    calls.refuse(at_once=9)
    assert calls.refuse(at_once=4) == 3
    assert calls.succeed(EARLY - 1) == 3
    assert calls.succeed(1) == 4, "it may have been no limit of the server"
    assert calls.refuse() < 4
    assert calls.succeed(EARLY + 60) == 3, "this time it counts"


def test_a_level_that_fell_by_half_is_tried_again_later() -> None:
    calls = Calls()
    calls.succeed(9)
    calls.succeed(PROVEN)
    calls.refuse(at_once=8)
    assert calls.refuse(at_once=9) == 8
    assert calls.succeed(LATER - 1) == 8
    assert calls.succeed(1) == 9


def test_one_call_that_is_refused_alone_says_nothing_about_how_many() -> None:
    calls = Calls()
    calls.succeed(9)
    for at_once in (12, 8, 5, 3, 2, 1):
        calls.refuse(at_once)
    assert calls.adaptive.limit == 1
    assert calls.succeed(8) == 9, "a server that was away is as it was"


def test_after_a_quarter_of_an_hour_what_failed_is_forgotten() -> None:
    calls = Calls()
    calls.refuse(at_once=3)
    calls.now += FORGET_S
    assert calls.succeed(10) > 3


def test_a_server_that_slows_down_is_sent_less_until_it_is_known_why() -> None:
    adaptive, now, seen = Adaptive(), 0.0, set[str]()
    for _ in range(3000):
        level = adaptive.limit
        took_s = max(1.0, level / 4)  # four at once at full speed
        now += took_s / level
        adaptive.succeeded(now, now - took_s, level, Measure("whole", took_s))
        seen.add(adaptive.why)
    assert "slow" in seen
    assert 3 <= adaptive.limit <= 10, "without, it would be 32"
