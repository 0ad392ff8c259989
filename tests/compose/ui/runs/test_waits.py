"""What does not go on says why, until when, and what a person can do."""

from __future__ import annotations

from beastmode import events
from beastmode.compose.ui.runs.waits import persons_of, ready_of, waits_of
from tests.compose.ui.runs.looking import by_needs, look_at
from tests.runner.story import UNIX_S, Story, failure


def test_tasks_that_wait_are_told_by_reason_with_the_first_time() -> None:
    story = Story().session().plan("a", "b", "c")
    for task, until in (("a", 60.0), ("b", 30.0)):
        story.attempt(task, 1, 2, end="waiting", failure=failure("rate_limit"), until_unix=UNIX_S + until)
    story.attempt("c", 1, 2, end="retry", failure=failure("server_error"), until_unix=UNIX_S + 5)
    rate, error = waits_of(look_at(story))
    assert (rate.what, rate.count, rate.tasks, rate.until_unix) == ("rate limit", 2, ["a", "b"], UNIX_S + 30)
    assert (error.what, error.tip) == ("server error", "Read the log.")


def test_what_is_blocked_says_by_what() -> None:
    story = Story().session().plan("a", "b", b={"needs": ["a"]})
    story.attempt("a", 1, 2, end="failed", failure=failure()).end("failed", 1, blocked={"b": "a"})
    (wait,) = waits_of(look_at(story, by=""))
    assert (wait.state, wait.what, wait.tasks) == ("blocked", "needs a", ["b"])


def test_the_server_s_pause_the_breaker_and_health_hold_up_all_while_somebody_is_at_work() -> None:
    story = Story().session().plan("a")
    story.add(events.PAUSED, data={"seconds": 60, "reason": "rate_limit"})
    story.add(events.BREAKER, data={"state": "open"}).add(events.PROBED, data={"ok": False, "left_us": 0})
    lines = waits_of(look_at(story, later_s=10))
    assert [line.until_unix for line in lines] == [UNIX_S + 60, None, None]
    assert [line.what.partition(":")[0] for line in lines] == [
        "The server asked for a pause (rate limit)",
        "The breaker is open",
        "The last health check failed",
    ]
    assert len(waits_of(look_at(story, later_s=61))) == 2
    assert waits_of(look_at(story, by="")) == []


def test_a_held_run_says_until_when() -> None:
    story = Story().session().plan("a").end("held", 75, reason="quota_exhausted", until_unix=UNIX_S + 9)
    (wait,) = waits_of(look_at(story, by=""))
    assert (wait.state, wait.until_unix, wait.what) == (
        "held",
        UNIX_S + 9,
        "The run was held back: quota exhausted",
    )


def test_what_needs_a_person_is_told_with_its_tip() -> None:
    story = Story().session().plan("a", "b")
    story.attempt(
        "a", 1, 2, end="needs_person", failure=failure("merge_conflict", "both changed x", "Merge it.")
    )
    (person,) = persons_of(look_at(story))
    assert (person.task, person.what, person.tip) == ("a", "merge_conflict: both changed x", "Merge it.")


def test_a_pause_by_a_person_and_what_was_asked_and_not_done_are_told() -> None:
    story = Story().session().plan("a")
    story.add(events.CONTROL, data={"action": "pause"})
    told = {"control": story.events[-1].seq, "action": "pause", "acts": True, "effect": "paused"}
    story.add(events.CONTROLLED, data=told).add(events.CONTROL, "a", data={"action": "cancel"})
    look = look_at(story)
    assert look.run_line().state == "paused"
    assert [person.tip for person in persons_of(look)] == ["Let it go on: beast resume r1"]
    (asked,) = waits_of(look)
    assert (asked.what, asked.tasks) == ("Asked for: cancel; the runner has not answered yet", ["a"])


def test_ready_is_what_has_all_that_it_needs_and_is_told_only_where_it_can_be() -> None:
    story = by_needs(Story().session().plan("a", "b", "c", "d", c={"needs": ["a"]}, d={"needs": ["b"]}))
    story.attempt("a", 1, 2)
    assert ready_of(look_at(story)) == 2
    assert [row.state for row in look_at(story).page("", "", -1, 9).rows] == [
        "done",
        "ready",
        "ready",
        "pending",
    ]
    assert ready_of(look_at(story, by="")) is None
    assert ready_of(look_at(by_needs(story, "phase by phase"))) is None
