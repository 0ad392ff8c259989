"""Asking something of a run that nobody is at work on: it is kept for the next session, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from beastmode import Roadmap, Task
from beastmode.cli.history import find_run
from beastmode.compose.opening.request import Request
from beastmode.compose.opening.run import open_run
from beastmode.compose.run.asking import Asked, ask
from beastmode.compose.run.session import drive
from beastmode.compose.run.standing import JournalStanding
from beastmode.errors import PreconditionError
from beastmode.runner.control import Action, Control
from beastmode.runner.home import journal_path
from beastmode.runner.work import Command
from beastmode.store.journal.journal import Journal


def one_run(home: Path) -> None:
    """Of a task that is done and one that failed."""
    tasks = [Task("good", Command(("true",))), Task("bad", Command(("false",)))]
    drive(open_run(Request(Roadmap(tasks), {"retries": 0}, home=home)))


def say(home: Path, action: Action, task: str = "") -> Asked:
    return ask(home, find_run(home, "r1"), Control(action, task, {"note": "n"}))


def test_what_is_asked_for_twice_is_kept_once(tmp_path: Path) -> None:
    one_run(tmp_path)
    first, second = say(tmp_path, "pause"), say(tmp_path, "pause")
    assert (first.when, second.when) == ("next", "nothing")
    assert (
        second.words == "is paused already; that was asked for before, and takes effect when the run goes on"
    )
    assert [event.seq for event in find_run(tmp_path, "r1").people.unanswered] == [first.control]


def test_each_word_is_understood_as_the_run_will_stand_after_those_before(tmp_path: Path) -> None:
    one_run(tmp_path)
    words: list[tuple[Action, str]] = [
        ("pause", ""),
        ("resume", ""),
        ("retry", "bad"),
        ("pause", "bad"),
        ("resume", "bad"),
        ("cancel", "bad"),
        ("retry", "bad"),
        ("cancel", ""),
    ]
    assert {say(tmp_path, action, task).when for action, task in words} == {"next"}
    now = JournalStanding(find_run(tmp_path, "r1"))
    assert (now.paused, now.is_paused("bad"), now.state_of("bad")) == (False, False, "cancelled")
    assert now.state_of("good") == "done"


def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    one_run(tmp_path)
    with pytest.raises(PreconditionError, match="good is done") as refused:
        say(tmp_path, "retry", "good")
    assert "--redo" in refused.value.tip
    assert not find_run(tmp_path, "r1").people.controls


def test_an_action_of_a_newer_version_is_left_alone_and_told(tmp_path: Path) -> None:
    one_run(tmp_path)

    async def write() -> None:
        journal = Journal(journal_path(tmp_path))
        await journal.append("control", 1, data={"action": "dance"})
        await journal.close()

    asyncio.run(write())
    assert JournalStanding(find_run(tmp_path, "r1")).paused is False
    one_run(tmp_path)
    (control,) = find_run(tmp_path, "r1").people.controls
    assert control.effect is not None
    assert control.effect.data["effect"] == "not done: there is no action 'dance' of a run"


def test_a_run_whose_place_another_has_taken_is_told_so(tmp_path: Path) -> None:
    one_run(tmp_path)
    drive(open_run(Request(Roadmap([Task("good", Command(("true",)))]), {}, home=tmp_path, fresh=True)))
    with pytest.raises(PreconditionError, match="r2 is the run of its list now"):
        say(tmp_path, "pause")
