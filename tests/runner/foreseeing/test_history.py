"""What attempts have taken, read off their events."""

from __future__ import annotations

from typing import Any

import pytest

from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, PLANNED, RUN_STARTED, SESSION_STARTED, Event
from beastmode.runner.foreseeing.history import Likeness, Past, Reading, agent_of, named_in, size_of
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding, Command

CODE = {"agent": "claude", "model": "m"}


def events(
    *attempts: tuple[str, int, float, float, dict[str, Any]], code: Any = None, **tasks: Any
) -> list[Event]:
    """A run: task, number, begun, ended and what was recorded at the end of each attempt."""
    records = [{"id": name, **facts} for name, facts in tasks.items()]
    told = [
        Event(RUN_STARTED, 7, data={"roadmap": "/list"}),
        Event(SESSION_STARTED, 7, data={"code": code} if code else {}),
        Event(PLANNED, 7, data={"tasks": records, "same": {"fingerprint": "f"}}),
    ]
    for task, number, begun, ended, data in attempts:
        told.append(Event(ATTEMPT_STARTED, 7, task, number, mono_us=int(begun * 1e6)))
        told.append(Event(ATTEMPT_ENDED, 7, task, number, {"end": "done", **data}, mono_us=int(ended * 1e6)))
    return told


def test_a_command_took_as_long_as_it_held_its_place() -> None:
    (past,) = Reading(7).of(events(("a", 1, 1.0, 3.5, {}), a={"kind": "command"}))
    assert past == Past(7, Likeness("/list", "a", "f", "command"), 2.5)


def test_of_code_it_is_told_by_whom_how_large_and_without_what_it_waited_for_others() -> None:
    data = {
        "check_s": 2.0,
        "check_wait_s": 5.0,
        "merge_s": 1.0,
        "merge_wait_s": 4.0,
        "usage": {"requests": 3},
    }
    spent = {("a", 1): (6.0, 10.0)}
    (past,) = Reading(7, spent).of(events(("a", 1, 0.0, 40.0, data), code=CODE, a={"size": 2}))
    assert past.like == Likeness("/list", "a", "f", "agent", "claude", "m", 2)
    assert (past.seconds, past.asked_s, past.check_s, past.merge_s) == (40 - 10 - 5 - 4, 6.0, 2.0, 1.0)
    assert past.usage == {"requests": 3}


def test_a_task_that_names_its_own_agent_is_of_that_one() -> None:
    (past,) = Reading(7).of(
        events(("a", 1, 0, 1, {}), code=CODE, a={"kind": "generate", "agent": "generate", "model": "x"})
    )
    assert (past.like.kind, past.like.agent, past.like.model) == ("generate", "generate", "x")


@pytest.mark.parametrize("end", ["interrupted", "cancelled", "waiting", "needs_person"])
def test_what_did_not_end_by_itself_says_nothing(end: str) -> None:
    assert Reading(7).of(events(("a", 1, 0.0, 9.0, {"end": end}))) == []


def test_what_is_tried_again_is_not_over() -> None:
    told = events(("a", 1, 0.0, 1.0, {"end": "retry"}), ("a", 2, 2.0, 5.0, {}))
    assert [(past.seconds, past.over) for past in Reading(7).of(told)] == [(1.0, False), (3.0, True)]


def test_the_end_of_a_long_run_is_read_without_its_middle() -> None:
    """A task of which only the end was read is no attempt; one that nobody named is of the kind of the others."""
    reading = Reading(7)
    told = events(("late", 1, 0.0, 1.0, {}), first={"kind": "python"})
    told[2].data["same"] = {"kind": "python"}
    assert reading.of(told[:3]) == []
    ends = [Event(ATTEMPT_ENDED, 7, "cut", 1, {"end": "done"}, mono_us=5), *told[3:]]
    (past,) = reading.of(ends)
    assert (past.like.task, past.like.kind, past.like.list) == ("late", "python", "/list")


def test_words_make_a_task_larger_and_names_are_those_of_the_list() -> None:
    sizes = [size_of(Task("a", details="x" * count)) for count in (0, 299, 300, 1_200, 50_000)]
    assert sizes == [0, 0, 1, 2, 3]
    assert size_of(Task("a", Coding(prompt="x" * 300))) == 1
    assert named_in(Task("a", Coding(command=("my", "{prompt}"), model="m"))) == {
        "agent": "my {prompt}",
        "model": "m",
    }
    assert named_in(Task("a", Coding())) == named_in(Task("a", Command(("x",)))) == {}
    assert agent_of(Coding("codex")) == "codex"
