"""What a person's word means, by how the run stands."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from beastmode.events import CONTROL, Event
from beastmode.runner.control import Action, Control, Meaning, meaning
from beastmode.runner.roadmap import Gate
from beastmode.runner.states import TaskState


@dataclass
class Run:
    """A run that stands as a test says."""

    states: dict[str, TaskState] = field(default_factory=dict)
    paused: bool = False
    paused_tasks: frozenset[str] = frozenset()
    gates: dict[str, Gate] = field(default_factory=dict)
    approved: frozenset[str] = frozenset()
    classes: dict[str, str] = field(default_factory=dict)
    run: str = "r1"

    def tasks(self) -> list[str]:
        return list(self.states)

    def state_of(self, task: str) -> TaskState | None:
        return self.states.get(task)

    def class_of(self, task: str) -> str:
        return self.classes.get(task, "")

    def is_paused(self, task: str) -> bool:
        return task in self.paused_tasks

    def gate_of(self, task: str) -> Gate:
        return self.gates.get(task, "")

    def was_approved(self, task: str) -> bool:
        return task in self.approved


def said(action: Action, run: Run, task: str = "", note: str = "") -> Meaning:
    return meaning(Control(action, task, {"note": note, "limits": {"concurrency": 1}}), run)


STATES: dict[str, TaskState] = {
    "p": "pending",
    "r": "running",
    "d": "done",
    "f": "failed",
    "n": "needs_person",
    "c": "cancelled",
    "s": "skipped",
}


@pytest.mark.parametrize(
    ("action", "acts"),
    [
        ("pause", "prn"),
        ("cancel", "prn"),
        ("retry", "fnc"),
        ("answer", "prfnc"),
        ("resume", ""),
        ("approve", ""),
    ],
)
def test_which_tasks_a_word_does_something_to(action: Action, acts: str) -> None:
    run = Run(STATES)
    assert "".join(task for task in STATES if said(action, run, task, "note").acts) == acts


def test_what_is_so_already_needs_nothing_and_what_is_wrong_is_told_what_to_do() -> None:
    run = Run(STATES, paused=True, paused_tasks=frozenset("p"), approved=frozenset("f"))
    assert said("pause", run).words == said("pause", run, "p").words == "is paused already"
    assert said("cancel", run, "c").words == "is cancelled already"
    assert said("approve", run, "f").words == "is approved already"
    assert not said("retry", run, "p").tip
    assert "--redo" in said("retry", run, "d").tip
    assert "--redo" in said("answer", run, "d", "note").tip
    assert "is no" in said("pause", run, "x").words.replace("there is no", "is no")


def test_a_resumed_run_says_which_tasks_stay_paused() -> None:
    run = Run(STATES, paused=True, paused_tasks=frozenset("p"))
    assert said("resume", run).words == "goes on; 1 of its tasks stay paused by themselves, like 'p'"
    assert said("resume", Run(STATES)).words == "is not paused"
    assert said("resume", run, "p").acts


def test_a_gate_is_approved_and_nothing_else_is() -> None:
    run = Run(STATES, gates={"n": "before", "p": "only"}, classes={"n": "gate"})
    assert said("approve", run, "n").acts
    assert "done" in said("approve", run, "p").words
    assert "beast approve r1 n" in said("retry", run, "n").tip
    conflict = Run(STATES, classes={"n": "merge_conflict"})
    refused = said("approve", conflict, "n")
    assert (refused.acts, "merge_conflict" in refused.words) == (False, True)
    assert "beast review r1 n" in refused.tip


def test_an_answer_opens_a_gate_or_has_a_task_done_again_with_its_note() -> None:
    run = Run(STATES, gates={"n": "before"})
    assert (said("answer", run, "n", "go").acts, said("answer", run, "n", "go").tasks) == (True, ())
    assert said("answer", run, "f", "go").tasks == ("f",)
    assert said("answer", run, "p", "go").words == "the note goes to its next attempt"
    assert said("answer", run, "r", "go").words.endswith("attempt, if this one is not enough: it has begun")


def test_of_a_whole_run_what_has_no_result_is_cancelled_and_what_has_none_is_retried() -> None:
    assert "3 that had not ended" in said("cancel", Run(STATES)).words
    assert said("retry", Run(STATES)).tasks == ("f", "c")
    ended = Run({"d": "done"})
    assert not said("cancel", ended).acts
    assert not said("retry", ended).acts


def test_limits_are_told_in_words() -> None:
    assert said("limits", Run()).words == "at most 1 task at once: until changed again"


def test_an_action_that_nobody_knows_is_no_control() -> None:
    assert Control.of(Event(CONTROL, 1, "t", data={"action": "retry", "note": "n"})).note == "n"
    with pytest.raises(ValueError, match="dance"):
        Control.of(Event(CONTROL, 1, data={"action": "dance"}))


@pytest.mark.parametrize(
    "data",
    [
        {"action": "approve"},
        {"action": "limits"},
        {"action": "limits", "limits": 3},
        {"action": "limits", "limits": {"concurrency": 0}},
        {"action": "limits", "limits": {"rates": [{"starts": 0, "span_s": 1}]}},
        {"action": "limits", "limits": {"rates": "8/s"}},
        {"action": "limits", "limits": {"server": {"tokens": [{"tokens": -1, "span_s": 1.0}]}}},
        {"action": "limits", "limits": {"speed": 9}},
    ],
)
def test_a_row_that_somebody_else_wrote_wrongly_is_no_control(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no action|no limits"):
        Control.of(Event(CONTROL, 1, data=data))
