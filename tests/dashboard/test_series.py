"""Figures over time as charts: whole steps, rates by what has passed of a step, gaps where nothing ended."""

from __future__ import annotations

import json

import pytest

from beastmode.dashboard.series import SPANS, Chart, Span, charts_of, steps_of
from beastmode.dashboard.sources.stats import Figures
from tests.dashboard.reading import Stats

STEP_S = 60.0


def lines(*steps: tuple[float, Figures], now: float = 1e9) -> dict[str, list[float | None]]:
    return {one.name: list(one.values) for chart in charts_of(steps, STEP_S, now) for one in chart.lines}


@pytest.mark.parametrize("span", SPANS.values(), ids=lambda span: span.name)
def test_a_span_ends_with_the_step_in_which_it_is_now(span: Span) -> None:
    steps = steps_of(Stats(), span, 1_000_000_123.0)
    begins = [begin for begin, _ in steps]
    assert begins[-1] <= 1_000_000_123.0 < begins[-1] + span.step_s
    assert len(begins) == span.length_s / span.step_s
    assert all(begin % 60 == 0 for begin in begins)


def test_rates_are_by_outcome_and_of_the_last_step_by_what_has_passed() -> None:
    ended = {
        "upstream_ok": 30,
        "hit": 6,
        "shared": 6,
        "failed": 1,
        "rejected": 2,
        "unfinished": 3,
        "cancelled": 12,
    }
    told = lines((0.0, Figures(60, ended)), (60.0, Figures(60, ended)), now=90.0)
    assert told["answered"] == [0.5, 1.0]
    assert told["from the cache"] == [0.2, 0.4]
    assert told["went wrong"] == [0.1, 0.2]
    assert told["client left"] == [0.2, 0.4]


def test_where_nothing_ended_there_is_a_gap_and_no_zero() -> None:
    told = lines((0.0, Figures(p50_s=0.2, p95_s=1.0, p99_s=2.0)), (60.0, Figures()))
    assert (told["half of them"], told["95 %"], told["99 %"]) == ([0.2, None], [1.0, None], [2.0, None])
    assert told["cost"] == [0.0, 0.0]


def test_each_line_can_be_told_without_its_colour() -> None:
    for chart in charts_of([], STEP_S, 0.0):
        assert len({tuple(line.dash) for line in chart.lines}) == len(chart.lines)
        assert len({line.colour for line in chart.lines}) == len(chart.lines)


def test_the_script_gets_what_it_draws() -> None:
    (chart, *_) = charts_of([(0.0, Figures())], STEP_S, 1e9)
    assert isinstance(chart, Chart)
    told = json.loads(chart.as_json())
    assert (told["unit"], told["times"]) == ("rate", [0.0])
    assert told["lines"][0] == {"name": "answered", "colour": "done", "dash": [], "values": [0.0]}
