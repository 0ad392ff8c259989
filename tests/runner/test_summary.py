"""The summary a run ends with."""

from __future__ import annotations

import pytest

from beastmode.runner.summary import TASK_COUNTS, summarise
from beastmode.settings import Rate
from tests.runner.story import UNIX_S, Story, failure


def test_it_counts_every_task_once_and_what_was_not_reached_as_waiting() -> None:
    story = Story().session(3, Rate(8, 1.0)).plan("a", "b", "c", "d", "e", "f", e={"state": "done"})
    story.attempt("a", 1, 2).attempt("b", 1, 3, end="failed", failure=failure()).attempt(
        "c", 2, 4, end="retry"
    )
    summary = summarise(story.end("failed", 1, blocked={"d": "b"}).told(), "out")
    assert summary.tasks == {
        "total": 6,
        "done": 1,
        "failed": 1,
        "blocked": 1,
        "waiting": 2,
        "needs_person": 0,
        "skipped": 1,
        "cancelled": 0,
    }
    assert (summary.run_id, summary.state, summary.exit_code, summary.report) == ("r1", "failed", 1, "out")
    assert (summary.success_rate, summary.attempts, summary.makespan_s) == (0.2, 3, 3.0)
    assert (summary.most_in_flight, summary.most_starts_in_window) == (2, 2)
    assert sum(summary.tasks[name] for name in TASK_COUNTS if name != "total") == summary.tasks["total"]


def test_where_all_was_skipped_nothing_was_missed() -> None:
    summary = summarise(Story().session().plan("a", a={"state": "done"}).end().told())
    assert (summary.success_rate, summary.makespan_s, summary.lower_bound_s) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(("alive", "state"), [(True, "running"), (False, "killed")])
def test_without_an_end_it_runs_or_was_killed(alive: bool, state: str) -> None:
    told = Story().session().plan("a").start("a", at=1.0).told()
    assert summarise(told, alive=alive).state == state


def test_a_run_that_recorded_only_its_existence_can_be_summarised() -> None:
    assert summarise(Story().told()).tasks["total"] == 0


def test_a_held_run_says_why_and_until_when() -> None:
    story = Story().session().plan("a").end("held", 75, reason="held", until_unix=UNIX_S + 3600)
    summary = summarise(story.told())
    assert (summary.state, summary.reason, summary.until_unix) == ("held", "held", UNIX_S + 3600)
    assert summary.as_json()["exit_code"] == 75
