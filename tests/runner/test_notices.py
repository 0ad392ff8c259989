"""What somebody who is not looking is told: what happened, of which run, and what to do."""

from __future__ import annotations

from beastmode.failures.failure import Failure
from beastmode.runner.notices import of_end, of_error, of_pause, of_person
from tests.runner.test_again import NOW, ended


def test_a_task_that_needs_a_person_says_why_and_what_to_do() -> None:
    failure = Failure("merge_conflict", "src/a.py", tip="Resolve it.", passing=False)
    said = of_person("r7", "T012", failure).as_json()
    assert (said["event"], said["run"], said["task"]) == ("needs_person", "r7", "T012")
    assert said["text"] == said["content"] == "r7: T012 needs a person: merge_conflict: src/a.py Resolve it."


def test_a_pause_says_until_when() -> None:
    assert "r7 waits until 1970-01-12 13:46:40 UTC: rate limit" in of_pause("r7", "rate_limit", NOW).text


def test_the_end_is_told_with_the_summary() -> None:
    (notice,) = of_end(ended("done", done=9))
    assert (notice.event, notice.text) == ("finish", "r1 done: 9 of 9 tasks done.")
    assert notice.summary is not None
    assert notice.summary["tasks"]["done"] == 9


def test_a_quota_and_a_budget_are_told_beside_the_end() -> None:
    assert [notice.event for notice in of_end(ended("held", "held", NOW))] == ["quota", "finish"]
    assert [notice.event for notice in of_end(ended("held", "spent"))] == ["budget", "finish"]


def test_a_session_that_another_follows_is_no_end() -> None:
    (notice,) = of_end(ended("held", "held", NOW), goes_on="Another session begins in 3 h.")
    assert notice.event == "quota"
    assert notice.text.endswith("Another session begins in 3 h.")
    assert of_end(ended("failed", failed=2), goes_on="Another session begins in 60 s.") == []


def test_a_run_without_a_summary_is_told_too() -> None:
    assert of_error("r7", "the disk is full").as_json()["text"].startswith("r7 ended: the disk is full")
