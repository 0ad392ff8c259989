"""The figures against brute force, and the lower bound against schedules that keep the limits."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from beastmode.events import PROBED
from beastmode.runner import measures
from beastmode.settings import Rate
from tests.runner.story import Story

STAMPS = st.lists(st.integers(0, 300), max_size=40).map(sorted)


@given(STAMPS, st.integers(1, 120))
def test_the_most_starts_in_any_window_are_those_of_the_fullest_that_begins_at_a_start(
    stamps: list[int], window: int
) -> None:
    windows = [sum(begin <= stamp < begin + window for stamp in stamps) for begin in stamps]
    assert measures.most_in_window(stamps, window) == max(windows, default=0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=25))
def test_the_most_at_once_are_those_open_at_some_begin(spans: list[tuple[int, int]]) -> None:
    intervals = [(begin, begin + length) for begin, length in spans]
    open_at = [sum(b <= at < e for b, e in intervals) for at, end in intervals if at < end]
    assert measures.most_at_once(intervals) == max(open_at, default=0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0.01, 1.0))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = measures.percentile(values, share)
    enough = [value for value in values if sum(v <= value for v in values) >= share * len(values)]
    assert found == min(enough)
    assert measures.percentile([], share) == 0.0


def test_evidence_counts_probes_as_starts_and_a_kill_until_its_last_word() -> None:
    story = Story().session(3, Rate(8, 1.0)).attempt("a", 1.0, 2.0)
    story.now = 1.5
    story.add(PROBED, data={"left_us": 1_500_000, "ok": True})
    story.start("b", at=1.9).start("c", at=1.95).session(3, Rate(8, 1.0), at=9.0).stop("b", end="interrupted")
    story.stop("c", end="interrupted")
    seen = measures.evidence(story.told(), (Rate(8, 1.0),))
    assert (seen.most_in_flight, seen.most_starts_in_window, seen.starts) == (2, 4, 4)


def test_stamps_of_different_boots_are_not_compared() -> None:
    story = Story().session(boot="one").attempt("a", 5.0, 5.1).end().session(boot="two", at=5.0)
    story.attempt("b", 5.2, 5.3)
    assert measures.evidence(story.told(), (Rate(8, 1.0),)).most_starts_in_window == 1


def test_the_makespan_leaves_out_the_time_between_sessions() -> None:
    story = Story().session(at=0.0).attempt("a", 1.0, 3.0).end(at=4.0).session(at=1000.0)
    told = story.attempt("b", 1001.0, 1001.5).end().told()
    assert measures.makespan_s(told) == 2.5


def test_a_task_took_as_long_as_its_last_attempt_that_came_to_an_end() -> None:
    story = Story().session().attempt("a", 1.0, 5.0, 1, end="retry").attempt("a", 6.0, 7.0, 2, left=6.25)
    story.attempt("b", 1.0, 2.0).start("b", 2, at=3.0).start("c", at=3.0).attempt(
        "d", 4, 5, end="interrupted"
    )
    assert measures.durations_s(story.told()) == {"a": 0.75, "b": 1.0}


def test_the_critical_path_is_the_longest_chain_of_needs() -> None:
    story = Story().session().plan("a", "b", "c", "d", b={"needs": ["a"]}, d={"needs": ["b", "c", "gone"]})
    story.attempt("a", 0, 1).attempt("b", 1, 3).attempt("c", 0, 2.5).attempt("d", 3, 4)
    assert measures.critical_path_s(story.told()) == 4.0


def test_a_probe_before_the_first_admission_does_not_raise_the_bound_and_one_between_does() -> None:
    def bound(probe_s: float) -> float:
        story = (
            Story()
            .session(None, Rate(1, 1.0))
            .add(PROBED, data={"left_us": round(probe_s * 1e6), "ok": True})
        )
        told = story.attempt("a", 1.0, 1.1).attempt("b", 5.0, 5.1).told()
        return round(measures.lower_bound_s(told), 6)

    assert (bound(0.5), bound(2.0)) == (1.15, 2.2)


@dataclass(frozen=True)
class Case:
    """Tasks to be scheduled: how long each works, whom it needs, how often it fails first."""

    works_s: tuple[float, ...]
    needs: tuple[frozenset[int], ...]
    failures: tuple[int, ...]
    concurrency: int
    rate: Rate


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = draw(st.integers(1, 9))
    needs = [
        draw(st.frozensets(st.integers(0, i - 1), max_size=2)) if i else frozenset() for i in range(size)
    ]
    return Case(
        tuple(draw(st.sampled_from([0.0, 0.05, 0.3, 1.0, 2.5])) for _ in range(size)),
        tuple(needs),
        tuple(draw(st.sampled_from([0, 0, 0, 1, 2])) for _ in range(size)),
        draw(st.integers(1, 4)),
        Rate(draw(st.integers(1, 4)), draw(st.sampled_from([1.0, 5.0]))),
    )


def run_greedily(case: Case, story: Story) -> None:
    """Record attempts as early as the limits allow: never more at once, the padded window kept."""
    free, starts, ended = [0.0] * case.concurrency, list[float](), dict[int, float]()
    for task, work_s in enumerate(case.works_s):
        ready = max((ended[need] for need in case.needs[task]), default=0.0)
        for number in range(1, case.failures[task] + 2):
            full = len(starts) >= case.rate.starts
            window = starts[-case.rate.starts] + case.rate.padded_span_s if full else 0.0
            begin = max(ready, heapq.heappop(free), window, starts[-1] if starts else 0.0)
            ready = begin + work_s
            heapq.heappush(free, ready)
            starts.append(begin)
            end = "done" if number > case.failures[task] else "retry"
            story.attempt(f"t{task}", begin, ready, number, end=end)
        ended[task] = ready


@given(cases())
def test_no_schedule_that_keeps_the_limits_is_faster_than_the_lower_bound(case: Case) -> None:
    story = Story().session(case.concurrency, case.rate)
    names = [f"t{task}" for task in range(len(case.works_s))]
    story.plan(
        *names, **{f"t{t}": {"needs": [f"t{n}" for n in sorted(case.needs[t])]} for t in range(len(names))}
    )
    run_greedily(case, story)
    told = story.end().told()
    seen = measures.evidence(told, told.rates)
    assert seen.most_in_flight <= case.concurrency, "the case itself keeps the limits"
    assert seen.most_starts_in_window <= case.rate.starts
    assert measures.lower_bound_s(told) <= measures.makespan_s(told) + 1e-5
    if len(names) == 1:
        assert measures.lower_bound_s(told) > 0 or case.works_s == (0.0,), "and is none that says nothing"


def test_each_of_the_three_bounds_is_the_one_that_counts_somewhere() -> None:
    by_rate = Story().session(9, Rate(1, 1.0)).attempt("a", 0, 0.1).attempt("b", 1.05, 1.15)
    by_slots = Story().session(1, Rate(9, 1.0)).attempt("a", 0, 2).attempt("b", 2, 5)
    by_chain = Story().session(9).plan("a", "b", b={"needs": ["a"]}).attempt("a", 0, 2).attempt("b", 2, 3)
    bounds = [round(measures.lower_bound_s(story.told()), 6) for story in (by_rate, by_slots, by_chain)]
    assert bounds == [1.15, 5.0, 3.0]


def test_sessions_are_bounded_each_by_its_own_limits() -> None:
    story = Story().session(10).attempt("a", 0, 1).attempt("b", 0, 1).end().session(1, at=50.0)
    told = story.attempt("c", 51, 52).attempt("d", 52, 53).end().told()
    assert measures.lower_bound_s(told) == 2.0 + 0.2
