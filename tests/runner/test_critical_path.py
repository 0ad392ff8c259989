"""The longest chain of needs, with and without needs."""

from __future__ import annotations

import pytest

from beastmode import events
from beastmode.events import Event
from beastmode.runner.measures import critical_path_s
from beastmode.runner.progress import Progress


def run_of(*attempts: tuple[str, float, float], needs: dict[str, list[str]]) -> Progress:
    """A session of attempts (task, from, to in seconds), each task as it is in `needs`."""
    progress = Progress(1, keep_attempts=True)
    records = [{"id": task, "needs": before} for task, before in needs.items()]
    progress.apply(Event(events.SESSION_STARTED, 1, data={"boot": "b", "settings": {}}))
    progress.apply(Event(events.PLANNED, 1, data={"tasks": records}))
    for task, begin_s, end_s in attempts:
        begin_us, end_us = int(begin_s * 1e6), int(end_s * 1e6)
        progress.apply(Event(events.ATTEMPT_STARTED, 1, task, 1, mono_us=begin_us))
        data = {"end": "done", "left_us": begin_us}
        progress.apply(Event(events.ATTEMPT_ENDED, 1, task, 1, data, mono_us=end_us))
    return progress


def test_the_critical_path_is_the_longest_chain_of_needs() -> None:
    needs = {"a": [], "b": ["a"], "c": ["b"], "alone": []}
    progress = run_of(("a", 0, 1), ("b", 1, 3), ("c", 3, 6), ("alone", 0, 4), needs=needs)
    assert critical_path_s(progress) == pytest.approx(6)


def test_without_needs_the_longest_task_is_the_critical_path() -> None:
    progress = run_of(("a", 0, 1), ("b", 0, 4), needs={"a": [], "b": []})
    assert critical_path_s(progress) == pytest.approx(4)


def test_a_task_that_is_gone_from_the_list_is_on_no_path() -> None:
    progress = run_of(("gone", 0, 9), ("b", 0, 4), needs={"b": []})
    progress.apply(Event(events.PLANNED, 1, data={"tasks": [], "gone": ["gone"]}))
    assert critical_path_s(progress) == pytest.approx(4)
