"""Playing a list through: never faster than any bound, and exactly the bound where that is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.runner.foreseeing.foresight import Leg, Limits, Scene, Try, play
from beastmode.runner.graph import Graph
from beastmode.settings import Rate, TokenRate

HALF_S = Rate(2, 1.0)
Tries = tuple[Try, ...]


def takes(seconds: float) -> Tries:
    return (Try((Leg("", seconds),)),)


def graph(size: int, *edges: tuple[int, int]) -> Graph:
    return Graph(size, size, edges)


def length(scene: Scene, limits: Limits, *tries: Tries) -> float:
    return play(scene, limits, lambda task: tries[task % len(tries)])


@st.composite
def stories(draw: st.DrawFn) -> tuple[Graph, list[Tries], Limits]:
    size = draw(st.integers(1, 20))
    pairs = draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=25))
    edges = sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})
    again = st.none() | st.floats(0, 2)
    one = st.builds(lambda s, pause: (Try((Leg("", s),), pause), Try((Leg("", s),))), st.floats(0, 10), again)
    tries: list[Tries] = []
    for first, second in draw(st.lists(one, min_size=size, max_size=size)):
        tries.append((second,) if first.again_s is None else (first, second))
    rates = draw(st.lists(st.builds(Rate, st.integers(1, 5), st.floats(0.1, 5)), max_size=2))
    return Graph(size, size, edges), tries, Limits(draw(st.none() | st.integers(1, 6)), tuple(rates))


def work_s(tries: Tries) -> float:
    return sum(leg.seconds for one in tries for leg in one.legs)


@settings(deadline=None)
@given(stories())
def test_it_is_never_shorter_than_chain_work_or_rate_allow(story: tuple[Graph, list[Tries], Limits]) -> None:
    made, tries, limits = story
    took = play(Scene(made), limits, tries.__getitem__)
    work, starts = [work_s(one) for one in tries], sum(map(len, tries))
    bounds = [max(made.lengths(work)), sum(work) / (limits.at_once or math.inf)]
    bounds += [(math.ceil(starts / rate.starts) - 1) * rate.padded_span_s for rate in limits.rates]
    assert took >= max(bounds) - 1e-6


@settings(deadline=None)
@given(stories())
def test_without_rates_it_is_within_grahams_bound(story: tuple[Graph, list[Tries], Limits]) -> None:
    """List scheduling takes at most work / places + the longest chain, pauses between attempts included."""
    made, tries, limits = story
    took = play(Scene(made), Limits(limits.at_once), tries.__getitem__)
    whole = [work_s(one) + sum(each.again_s or 0.0 for each in one) for one in tries]
    assert took <= sum(map(work_s, tries)) / (limits.at_once or math.inf) + max(made.lengths(whole)) + 1e-6


@pytest.mark.parametrize(
    ("tasks", "limits", "expected"),
    [
        (10, Limits(3), 4 * 2.0),
        (10, Limits(None), 2.0),
        (7, Limits(None, (HALF_S,)), 3 * HALF_S.padded_span_s + 2.0),
        (4, Limits(1, (HALF_S,)), 4 * 2.0),
    ],
)
def test_of_tasks_that_all_take_two_seconds_it_is_known(tasks: int, limits: Limits, expected: float) -> None:
    assert length(Scene(graph(tasks)), limits, takes(2.0)) == pytest.approx(expected)


def test_a_chain_is_as_long_as_its_tasks() -> None:
    assert length(Scene(graph(3, (0, 1), (1, 2))), Limits(3), takes(1.0), takes(2.0), takes(4.0)) == 7.0


def test_the_longest_chain_starts_first_where_the_rank_says_so() -> None:
    made = graph(4, (2, 3))
    of = takes(1.0)
    assert length(Scene(made), Limits(2), of) == 3.0
    assert length(Scene(made, rank=[2, 3, 0, 1]), Limits(2), of) == 2.0


def test_tasks_that_touch_the_same_take_turns() -> None:
    touching = Scene(graph(3), touches=lambda task: ("src/a.py",) if task < 2 else ())
    assert length(touching, Limits(3), takes(1.0)) == 2.0


def test_what_is_over_holds_nobody_up_and_what_is_held_does() -> None:
    made = graph(4, (0, 1), (2, 3))
    assert length(Scene(made, over={0}, held={2}), Limits(1), takes(1.0)) == 1.0
    assert Scene(made, over={0}, held={2}).to_run == [1, 3]


def test_a_task_that_fails_for_good_spares_what_needs_it() -> None:
    fails = (Try((Leg("", 1.0),), 0.5), Try((Leg("", 1.0),), 0.5))
    assert length(Scene(graph(2, (0, 1))), Limits(3), fails) == 2.5


def test_a_place_is_free_while_a_task_waits_for_its_next_attempt() -> None:
    tries: Sequence[Tries] = [(Try((Leg("", 1.0),), 5.0), Try((Leg("", 1.0),))), takes(5.0)]
    assert length(Scene(graph(2)), Limits(1), *tries) == 7.0


def test_checks_and_merges_are_waited_for_in_a_place() -> None:
    coded = (Try((Leg("", 1.0), Leg("check", 2.0), Leg("merge", 3.0))),)
    scene = Scene(graph(3))
    assert length(scene, Limits(3, checks=1), coded) == 1 + 2 + 3 * 3.0
    assert length(scene, Limits(3, checks=1, merging=None), coded) == 1 + 3 * 2 + 3.0
    assert length(scene, Limits(3, checks=3, merging=None), coded) == 6.0


def test_the_model_server_takes_so_many_at_a_time() -> None:
    asked = (Try((Leg("model", 2.0, 1.0),)),)
    assert length(Scene(graph(6)), Limits(6, asking=2), asked) == 6.0


def test_its_requests_and_tokens_flow_no_faster_than_allowed() -> None:
    asked = (Try((Leg("model", 0.0, 10.0, 1000.0),)),)
    per_min = Rate(60, 60.0)
    took = length(Scene(graph(18)), Limits(None, asking_rates=(per_min,)), asked)
    assert took == pytest.approx((180 - 10 - 60) / 60 * per_min.padded_span_s, rel=0.12)
    tokens = TokenRate(6000, 60.0)
    assert length(Scene(graph(18)), Limits(None, tokens=(tokens,)), asked) == pytest.approx(took, rel=0.01)
