"""What a run may take: from what was seen, or a guess that says so."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.runner.foreseeing.estimate import NOTHING, Spread, estimate
from beastmode.runner.foreseeing.foresight import Limits, Scene
from beastmode.runner.foreseeing.history import Likeness, Past
from beastmode.runner.foreseeing.likeness import GUESS_S, Memory, Pool, guess
from beastmode.runner.foreseeing.worlds import GUESS_REQUESTS, GUESS_USD, Case
from beastmode.runner.graph import Graph


def case(pools: list[Pool], at_once: int | None = 3, *, code: bool = False, edges: object = ()) -> Case:
    size = len(pools)
    graph = Graph(size, size, edges)  # type: ignore[arg-type]
    return Case(Scene(graph), Limits(at_once), pools, code=frozenset(range(size) if code else ()))


def seen(*seconds: float, run: int = 1, usage: Mapping[str, float] | None = None) -> list[Past]:
    like = [Likeness("l", f"t{at}", "", "agent") for at in range(len(seconds))]
    return [Past(run, of, took, usage=usage or {}) for of, took in zip(like, seconds, strict=True)]


def pool_of(pasts: list[Past]) -> Pool:
    return Memory(pasts).pool(Likeness("l", "new", "", "agent"))


def test_without_anything_seen_it_is_a_guess_with_a_wide_spread_and_says_so() -> None:
    guessed = estimate(case([guess("agent")] * 7, code=True))
    assert "a guess" in str(guessed)
    assert guessed.guessed == 1.0
    assert guessed.seconds.median == pytest.approx(3 * GUESS_S["agent"], rel=0.6)
    assert guessed.seconds.high > 25 * guessed.seconds.low
    assert guessed.usd is not None
    assert guessed.usd.low < 7 * GUESS_USD < guessed.usd.high
    assert guessed.requests is not None
    assert guessed.requests.low < 7 * GUESS_REQUESTS < guessed.requests.high


def test_the_more_was_seen_the_narrower_it_is() -> None:
    spreads = [
        estimate(case([pool_of([past for run in range(runs) for past in seen(*[60.0] * 5, run=run)])] * 6))
        for runs in (1, 3, 10)
    ]
    widths = [told.seconds.high / told.seconds.low for told in spreads]
    assert widths[0] > widths[1] > widths[2]
    assert all(told.seconds.holds(120.0) for told in spreads)
    assert "from tasks of this list run here before" in str(spreads[0])


def test_what_is_used_grows_with_the_time() -> None:
    usage = {"requests": 10, "hits": 0, "unpriced": 0, "cost_usd": 0.2, "tokens_in": 900, "tokens_out": 100}
    told = estimate(case([pool_of(seen(60.0, 60.0, 60.0, usage=usage))] * 4, code=True))
    assert told.usd is not None
    assert told.requests is not None
    assert told.tokens is not None
    assert told.usd.holds(0.8)
    assert told.requests.holds(40.0)
    assert told.tokens.holds(4000.0)


@pytest.mark.parametrize(
    "usage", [{}, {"requests": 2, "hits": 2, "unpriced": 0, "cost_usd": 0.0}, {"requests": 2, "unpriced": 1}]
)
def test_where_nobody_counted_the_cost_stays_a_guess(usage: dict[str, float]) -> None:
    """Three tasks answered from memory made a budget of 0.01 USD, which ended the next run at once."""
    told = estimate(case([pool_of(seen(10.0, 10.0, 10.0, usage=usage))] * 2, code=True))
    assert told.usd is not None
    assert told.usd.holds(2 * GUESS_USD)
    assert "the cost is a guess" in told.source


def test_what_memory_has_spared_is_no_saving_for_others() -> None:
    past = seen(1.0, usage={"requests": 4, "hits": 3, "unpriced": 0, "cost_usd": 0.5})[0]
    assert past.usd == 2.0


def test_what_has_to_be_tried_again_takes_longer() -> None:
    smooth = [Past(1, Likeness("l", f"t{at}", "", "agent"), 10.0) for at in range(40)]
    rough = [Past(1, Likeness("l", f"t{at}", "", "agent"), 10.0, over=at % 2 == 0) for at in range(40)]
    easy, hard = (estimate(case([pool_of(pasts)] * 12)) for pasts in (smooth, rough))
    assert easy.attempts.high == 12
    assert hard.attempts.median > 15
    assert hard.seconds.median > 1.2 * easy.seconds.median


def test_nothing_to_run_takes_nothing() -> None:
    assert estimate(case([])) == NOTHING


@pytest.mark.parametrize("edges", [(), [(at, at + 2) for at in range(4998)]])
def test_a_long_list_is_told_like_a_short_one(edges: object) -> None:
    """Its bounds are drawn, and a few plays say how far above them it is."""
    told = estimate(case([pool_of(seen(*[10.0] * 50))] * 5000, at_once=10, edges=edges))
    floor = 5000 / 10 * 10.0 if not edges else 2500 * 10.0
    assert told.seconds.median == pytest.approx(floor, rel=0.25)
    assert told.seconds.holds(floor)


def test_one_task_may_stand_for_many() -> None:
    pools = [pool_of(seen(*[1.0] * 50))] * 100
    few = Case(Scene(Graph(100, 100, ())), Limits(10), pools, stands_for=1000.0)
    assert estimate(few).tasks == 100_000
    assert estimate(few).seconds.holds(10_000.0)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0.01, 1e4), min_size=1, max_size=12),
    st.integers(1, 5),
    st.none() | st.integers(1, 50),
)
def test_its_spread_is_ordered_and_more_at_once_never_takes_longer_without_order(
    seconds: list[float], tasks: int, at_once: int | None
) -> None:
    told = estimate(case([pool_of(seen(*seconds))] * tasks, at_once), 400)
    alone = estimate(case([pool_of(seen(*seconds))] * tasks, 1), 400)
    assert 0 < told.seconds.low <= told.seconds.median <= told.seconds.high < math.inf
    assert told.seconds.median <= alone.seconds.median * (1 + 1e-9)


def test_a_spread_is_told_as_one_figure_where_all_are_alike() -> None:
    assert Spread(2.0, 2.0, 2.0).told("{:.0f} s".format) == "2 s"
    assert Spread(1.0, 2.0, 4.0).told("{:.0f} s".format) == "2 s (1 s to 4 s)"
