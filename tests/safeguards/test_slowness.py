"""Slowness: a comparison tells whether it is us; chance and other causes it does not take for us."""

from __future__ import annotations

import random

import pytest

from beastmode.safeguards.slowness import EVERY_S, Measure, Slowness, Times, Verdict


def feed(slowness: Slowness, level: float, took_s: object, calls: int, *, start: float) -> list[Verdict]:
    """So many calls one after the other, each taking `took_s(at once)` seconds; the verdicts."""
    assert callable(took_s)
    verdicts, now = [], start
    for _ in range(calls):
        at_once = slowness.fewer or int(level)
        seconds = took_s(at_once)
        now += seconds / at_once
        verdict = slowness.took(now, now - 1e-6, Measure("whole", seconds), level, starting=False)
        if verdict is not None:
            verdicts.append(verdict)
            level = verdict.level
    return verdicts


def test_a_server_that_shares_its_speed_gets_as_many_as_it_bears() -> None:
    slowness = Slowness()
    feed(slowness, 8, lambda at_once: 1.0, 20, start=0.0)
    verdicts = feed(slowness, 16, lambda at_once: max(1.0, at_once / 8), 200, start=100.0)
    assert verdicts[0].ours
    assert verdicts[0].level == pytest.approx(16 / 2 * 1.1)


def test_half_as_many_that_are_still_too_many_are_halved_again() -> None:
    slowness = Slowness()
    feed(slowness, 2, lambda at_once: 1.0, 20, start=0.0)
    verdicts = feed(slowness, 32, lambda at_once: max(1.0, (at_once / 2) ** 1.1), 400, start=100.0)
    assert [verdict.level for verdict in verdicts[:3]] == [16, 8, 4]


def test_a_server_that_is_slow_for_all_is_not_taken_for_ours() -> None:
    slowness = Slowness()
    feed(slowness, 12, lambda at_once: 1.0, 24, start=0.0)
    verdicts = feed(slowness, 12, lambda at_once: 5.0, 300, start=100.0)
    assert verdicts[0] == Verdict(12, ours=False)
    assert not slowness.slow


def test_without_a_reason_it_compares_seldom() -> None:
    slowness, compared = Slowness(), 0
    now = 0.0
    for _ in range(int(EVERY_S) * 12 * 3):
        now += 1 / 12
        compared += slowness.took(now, now - 0.5, Measure("whole", 1.0), 12, starting=False) is not None
    assert 1 <= compared <= 3


def test_chance_is_no_reason() -> None:
    rng, slowness = random.Random(7), Slowness()
    feed(slowness, 12, lambda at_once: rng.expovariate(1.0), 1000, start=0.0)
    assert not any(
        verdict.ours
        for verdict in feed(slowness, 12, lambda at_once: rng.expovariate(1.0), 3000, start=1000.0)
    )


def test_calls_are_compared_by_their_work() -> None:
    short, long = Times(), Times()
    for _ in range(10):
        short.add(0.5, 50)
        long.add(5.0, 500)
    assert short.mean == long.mean
    assert not long.above(short, 1.0)
    assert Slowness().took(1.0, 0.0, Measure("tokens", 1.0, 0.0), 3, starting=True) is None


def test_kinds_of_measures_are_not_mixed() -> None:
    slowness = Slowness()
    for number in range(100):
        kind, took_s = ("tokens", 0.01) if number % 2 else ("first_byte", 5.0)
        slowness.took(float(number), number - 0.5, Measure(kind, took_s), 4, starting=False)
    assert not slowness.slow
