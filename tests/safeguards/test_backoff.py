"""Backoff: full jitter as it is defined, a cap, hints never shortened, and a budget of retries."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.safeguards.backoff import BASE_S, CAP_S, backoff_s, hinted_s, retries_allowed


def distance_from_uniform(samples: Iterable[float]) -> float:
    """Kolmogorov-Smirnov: how far the samples' distribution is from the uniform one over 0..1, at most."""
    ordered = sorted(samples)
    n = len(ordered)
    return max(max((i + 1) / n - x, x - i / n) for i, x in enumerate(ordered))


@pytest.mark.parametrize("tries", [1, 2, 5, 8, 9, 10_000])
def test_waits_are_uniform_up_to_the_doubling_bound(tries: int) -> None:
    bound_s = min(CAP_S, BASE_S * 2 ** min(tries - 1, 30))
    rng = random.Random(tries)
    samples = [backoff_s(tries, rng) / bound_s for _ in range(10_000)]
    assert distance_from_uniform(samples) < 1.63 / 100, "1 % level of the test for 10,000 samples"


def test_the_test_of_the_distribution_can_fail() -> None:
    """Equal jitter, half fixed and half random, is not full jitter."""
    rng = random.Random(1)
    assert distance_from_uniform(0.5 + rng.random() / 2 for _ in range(10_000)) > 0.4


@given(st.integers(1, 10**9), st.integers())
def test_a_wait_is_never_negative_and_never_above_the_cap(tries: int, seed: int) -> None:
    assert 0.0 <= backoff_s(tries, random.Random(seed)) <= CAP_S


@given(st.floats(0, 1e9), st.integers())
def test_a_hint_is_never_shortened_and_hardly_lengthened(hint_s: float, seed: int) -> None:
    assert hint_s <= hinted_s(hint_s, random.Random(seed)) <= hint_s + min(1.0, 0.1 * hint_s)


@given(st.integers(0, 10**6))
def test_a_fifth_of_what_is_active_may_be_retries_and_three_always(active: int) -> None:
    assert retries_allowed(active) == max(3, active // 5)
