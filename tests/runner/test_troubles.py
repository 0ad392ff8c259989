"""Troubles: what failed over all runs, in groups, and what had changed before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.events import ATTEMPT_ENDED, CONTROL, LIMITS, SESSION_STARTED, Event
from beastmode.failures.tips import TIPS
from beastmode.runner import troubles as module
from beastmode.runner.troubles import OF_ATTEMPTS, Alike, Troubles


def event(kind: str, at_s: float, run: int = 1, task: str = "", seq: int = 0, **data: Any) -> Event:
    return Event(kind, run, task, data=data, unix_us=int(at_s * 1e6), seq=seq)


def failed(at_s: float, class_: str = "exit_code", cause: str = "c", task: str = "a", **data: Any) -> Event:
    failure = {"class": class_, "cause": cause, "tip": "Read the log."}
    return event(ATTEMPT_ENDED, at_s, task=task, end="failed", failure=failure, **data)


def after(*events: Event) -> Troubles:
    troubles = Troubles()
    troubles.apply_all(events)
    return troubles


def test_failures_alike_are_one_group() -> None:
    told = after(failed(1, task="a"), failed(2, "timeout"), failed(3, task="b"), failed(4, task="b"))
    first, second = told.alike(0)
    assert (first.newest.class_, first.count, first.first_unix, first.newest.unix) == ("exit_code", 3, 1, 4)
    assert list(first.tasks) == [("r1", "b"), ("r1", "a")]
    assert (second.newest.class_, second.count) == ("timeout", 1)


def test_numbers_in_it_make_no_other_failure_but_of_an_exit_code() -> None:
    slow = (failed(1, "timeout", "no end after 31 s"), failed(2, "timeout", "no end after 32 s"))
    ended = (failed(3, cause="exit code 1"), failed(4, cause="exit code 2"))
    groups = after(*slow, *ended).alike(0)
    assert [(group.newest.cause, group.count) for group in groups] == [
        ("exit code 2", 1),
        ("exit code 1", 1),
        ("no end after 32 s", 2),
    ]


def test_what_failed_before_the_time_is_no_member_and_is_remembered() -> None:
    (group,) = after(failed(1), failed(5)).alike(since_unix=3)
    assert (group.count, group.first_unix, group.older) == (1, 5, True)
    assert after(failed(1)).alike(since_unix=3) == []


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from("xy"), st.sampled_from("ab"))).map(sorted),
    st.integers(0, 50),
)
def test_groups_together_hold_each_failure_once(ends: list[tuple[int, str, str]], since: int) -> None:
    groups = after(*(failed(at, cause=cause, task=task) for at, cause, task in ends)).alike(since)
    assert sum(group.count for group in groups) == sum(at >= since for at, _, _ in ends)
    assert [group.newest.unix for group in groups] == sorted(
        (group.newest.unix for group in groups), reverse=True
    )
    for group in groups:
        assert since <= group.first_unix <= group.newest.unix
        assert group.older == any(at < since and cause == group.newest.cause for at, cause, _ in ends)


@pytest.mark.parametrize(
    ("class_", "usage", "told"),
    [
        ("rate_limit", {"requests": 3}, False),
        ("rate_limit", {"requests": 0}, True),
        ("rate_limit", {}, True),
        ("verify_failed", {"requests": 3}, True),
    ],
)
def test_what_the_requests_of_an_attempt_tell_is_not_told_twice(
    class_: str, usage: dict[str, int], told: bool
) -> None:
    assert bool(after(failed(1, class_, usage=usage)).alike(0)) == told


def test_classes_of_attempts_are_classes() -> None:
    assert TIPS.keys() >= OF_ATTEMPTS


def test_what_changed_is_told_in_words_the_latest_first() -> None:
    found: dict[str, Any] = {"reason": "auto", "concurrency": 2}
    person: dict[str, Any] = {"reason": "person", "concurrency": 4}
    told = after(
        event(SESSION_STARTED, 1, run=7),
        event(SESSION_STARTED, 2, run=7),
        event(LIMITS, 3, run=7, **found),
        event(LIMITS, 4, run=7, reason="auto", upstream="main", at_once=5),
        event(LIMITS, 5, run=7, **person),
        event(CONTROL, 6, run=7, action="limits", by="Ann", limits={"concurrency": 4}),
        event(CONTROL, 7, run=7, task="T1", action="pause"),
        event(CONTROL, 8, run=7, action="no such"),
    )
    assert [words for _, words in told.changes(0, 9)] == [
        "r7 was asked for: pause T1",
        "r7 was asked for: at most 4 tasks at once, by Ann",
        "r7 found out: at most 5 requests at once at main",
        "r7 found out: at most 2 tasks at once",
        "r7 went on",
        "r7 began",
    ]
    assert told.changes(2.5, 3.5) == [(3, "r7 found out: at most 2 tasks at once")]


def test_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FAILURES", 2)
    groups: list[Alike] = after(*(failed(at) for at in range(5))).alike(0)
    assert [group.count for group in groups] == [2]
