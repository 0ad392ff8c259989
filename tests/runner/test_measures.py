"""The figures of a run, beside the plainest way to compute them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode import events
from beastmode.events import Event
from beastmode.runner.measures import critical_path_s, evidence, makespan_s, most_at_once
from beastmode.runner.progress import Progress

spans = st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda span: (span[0], span[0] + span[1]))


@given(st.lists(spans, max_size=30))
def test_the_most_at_once_is_what_looking_at_every_instant_finds(intervals: list[tuple[int, int]]) -> None:
    seen = max(sum(begin <= now < end for begin, end in intervals) for now in range(71))
    assert most_at_once(intervals) == seen


def run_of(*sessions: list[tuple[str, float, float]], needs: dict[str, list[str]] | None = None) -> Progress:
    """A run whose sessions have attempts (task, from, to in seconds), each task as it is in `needs`."""
    progress = Progress(1, keep_attempts=True)
    records = [{"id": task, "needs": before} for task, before in (needs or {}).items()]
    for session in sessions:
        progress.apply(Event(events.SESSION_STARTED, 1, data={"boot": "b", "settings": {}}))
        progress.apply(Event(events.PLANNED, 1, data={"tasks": records}))
        for task, begin_s, end_s in session:
            begin_us, end_us = int(begin_s * 1e6), int(end_s * 1e6)
            number = 1 + sum(attempt.task == task for attempt in progress.attempts)
            progress.apply(Event(events.ATTEMPT_STARTED, 1, task, number, mono_us=begin_us))
            data = {"end": "done", "left_us": begin_us}
            progress.apply(Event(events.ATTEMPT_ENDED, 1, task, number, data, mono_us=end_us))
        progress.apply(Event(events.SESSION_ENDED, 1, data={"state": "done", "exit_code": 0}))
    return progress


def test_the_time_between_two_sessions_is_left_out() -> None:
    progress = run_of([("a", 0, 1), ("b", 1, 3)], [("c", 1000, 1002)])
    assert makespan_s(progress) == pytest.approx(5)


def test_attempts_of_different_sessions_are_never_in_flight_together() -> None:
    """Their clocks may be of different boots: what looks like an overlap is none."""
    progress = run_of([("a", 0, 10), ("b", 5, 8)], [("c", 6, 9)])
    assert evidence(progress, ()).most_in_flight == 2


def test_the_critical_path_is_the_longest_chain_of_needs() -> None:
    needs = {"a": [], "b": ["a"], "c": ["b"], "alone": []}
    progress = run_of([("a", 0, 1), ("b", 1, 3), ("c", 3, 6), ("alone", 0, 4)], needs=needs)
    assert critical_path_s(progress) == pytest.approx(6)


def test_without_needs_the_longest_task_is_the_critical_path() -> None:
    progress = run_of([("a", 0, 1), ("b", 0, 4)], needs={"a": [], "b": []})
    assert critical_path_s(progress) == pytest.approx(4)


def test_a_task_that_is_gone_from_the_list_is_on_no_path() -> None:
    progress = run_of([("gone", 0, 9), ("b", 0, 4)], needs={"b": []})
    progress.apply(Event(events.PLANNED, 1, data={"tasks": [], "gone": ["gone"]}))
    assert critical_path_s(progress) == pytest.approx(4)
