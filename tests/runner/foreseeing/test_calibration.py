"""Nine runs in ten are said to lie within the spread: over homes whose truths are drawn, with heavy tails, drift of the
mean from run to run and failures, at least eight in ten do, and the spread stays of use."""

from __future__ import annotations

from statistics import median

import pytest

from tests.runner.homes import play_home

HOMES, FIRST_RUNS = 12, 3
"""Runs of which nothing is known yet are guesses, and not counted."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "width", "width_of_repeats"),
    [
        pytest.param({}, 2.5, 1.2, id="usual"),
        pytest.param({"tail": 1.3}, 3.0, 1.6, id="heavy-tails"),
        pytest.param({"drift": 0.4}, 4.0, 2.2, id="drift"),
        pytest.param({"again": 0.25}, 2.5, 1.5, id="failures"),
        pytest.param({"drift": 0.03, "noise": 0.02, "tail": 0.3}, 2.0, 1.0, id="calm"),
    ],
)
def test_four_fifths_of_runs_lie_within_their_spread(
    truth: dict[str, float], width: float, width_of_repeats: float
) -> None:
    told = [one for seed in range(HOMES) for one in play_home(100 + seed, **truth).told[FIRST_RUNS:]]
    within = sum(estimate.seconds.holds(took) for estimate, took in told) / len(told)
    assert within >= 0.8, f"{within:.0%} of {len(told)} runs"
    widths = [(one.seconds.high - one.seconds.low) / took for one, took in told]
    assert median(widths) <= width
    repeats = [w for w, (one, _) in zip(widths, told, strict=True) if "same tasks" in one.source]
    assert median(repeats) <= width_of_repeats
