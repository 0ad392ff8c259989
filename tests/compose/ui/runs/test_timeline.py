"""The stretches of a task's time: each with its reason, one after the other, and no longer than the run."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from beastmode.compose.ui.runs.timeline import MOST_ROWS, timeline_of
from tests.compose.ui.runs.looking import by_needs, look_at
from tests.compose.ui.runs.test_folding import stories
from tests.runner.story import Story, failure


def told(
    story: Story, task: str, by: str = "process 1", later_s: float = 0.0
) -> list[tuple[str, float, float, str]]:
    rows = timeline_of(look_at(by_needs(story), by, later_s)).rows
    (row,) = (row for row in rows if row.task == task)
    return [(part.step, part.from_s, part.to_s, part.reason) for part in row.stretches]


def test_a_task_s_turn_comes_then_limits_hold_it_then_it_works() -> None:
    story = Story().session().plan("a", "b", b={"needs": ["a"]}).attempt("a", 1, 4)
    story.start("b", at=10, slot=2.0, rate=1.0).stop("b", at=12, left=10.0)
    assert told(story, "b") == [
        ("ready", 4.0, 7.0, ""),
        ("wait", 7.0, 9.0, "slot"),
        ("wait", 9.0, 10.0, "rate"),
        ("run", 10.0, 12.0, "done"),
    ]


def test_what_was_proven_and_merged_has_its_part_of_the_time() -> None:
    story = Story().session().plan("a").start("a", at=0)
    story.step("a", "verifying", at=6).step("a", "merging", at=9).stop("a", at=10)
    assert told(story, "a") == [
        ("run", 0.0, 6.0, "done"),
        ("verify", 6.0, 9.0, "done"),
        ("merge", 9.0, 10.0, "done"),
    ]


def test_what_was_being_proven_when_its_runner_was_killed_was_cut_off_and_is_not_at_work() -> None:
    story = Story().session().plan("a", "b").start("a", at=0).step("a", "verifying", at=6).start("b", at=8)
    assert told(story, "a", later_s=2) == [("run", 0.0, 6.0, ""), ("verify", 6.0, 10.0, "")]
    assert told(story, "a", by="") == [("run", 0.0, 6.0, "interrupted"), ("verify", 6.0, 8.0, "interrupted")]


def test_between_two_attempts_is_the_backoff_and_the_open_one_lasts_until_now() -> None:
    story = Story().session().plan("a").attempt("a", 0, 1, end="retry", failure=failure()).start("a", 2, at=3)
    assert told(story, "a", later_s=5) == [
        ("run", 0.0, 1.0, "retry"),
        ("backoff", 1.0, 3.0, "exit_code"),
        ("run", 3.0, 8.0, ""),
    ]
    assert told(story, "a", by="")[-1] == ("run", 3.0, 3.0, "interrupted")


def test_what_the_server_asked_for_between_two_attempts_is_no_backoff() -> None:
    story = Story().session().plan("a").attempt("a", 0, 1, end="waiting", failure=failure("quota_exhausted"))
    story.attempt("a", 60, 61, 2)
    assert told(story, "a")[1] == ("wait", 1.0, 60.0, "quota_exhausted")


def test_where_the_list_has_an_order_of_its_own_no_turn_is_claimed() -> None:
    story = Story().session().plan("a").attempt("a", 5, 6)
    line = timeline_of(look_at(by_needs(story, "phases wait for each other")))
    assert not line.ready
    assert [part.step for part in line.rows[0].stretches] == ["run"]


def test_of_many_tasks_those_at_work_and_those_that_failed_are_shown() -> None:
    names = [f"t{number}" for number in range(300)]
    story = Story().session().plan(*names).start("t0", at=0.5)
    for number, name in enumerate(names[1:], 1):
        fails = {"end": "failed", "failure": failure()} if number == 3 else {}
        story.attempt(name, number, number + 0.5, 1, **fails)
    line = timeline_of(look_at(story))
    shown = {row.task for row in line.rows}
    assert (len(shown), line.left_out) == (MOST_ROWS, 300 - MOST_ROWS)
    assert {"t0", "t3", "t299"} <= shown


@given(stories())
def test_stretches_follow_each_other_within_the_run(story: Story) -> None:
    for by in ("process 1", ""):
        line = timeline_of(look_at(by_needs(story), by, 3.0))
        for row in line.rows:
            assert all(0 <= part.from_s <= part.to_s <= line.end_s + 1e-6 for part in row.stretches)
            assert all(one.to_s <= other.from_s + 1e-6 for one, other in pairwise(row.stretches))
