"""What a person may say to a schedule at work: told one by one, then all at once against a model."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.events import APPROVED, CANCELLED, GATE, RESET
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import Gate, Task, TaskOptions
from beastmode.runner.states import FINAL
from tests.runner.test_schedule import Played, second, tasks
from tests.runner.virtual import FAULT, PERMANENT, Room, Script, ending, throttle


def test_a_paused_run_begins_nothing_lets_what_runs_end_and_goes_on() -> None:
    played = Played(Room(2), tasks("a", "b", "c", "d"), second)
    took = played.play((0.5, played.schedule.pause), (10.5, played.schedule.resume))
    assert (took, played.left) == (11.5, ["a", "b", "c", "d"])
    assert set(played.states.values()) == {"done"}


def test_an_attempt_that_would_follow_waits_for_the_pause_to_end_too() -> None:
    played = Played(Room(1), tasks("a"), ending(FAULT, None))
    assert played.play((0.0, played.schedule.pause), (60.0, played.schedule.resume)) == 60.0
    assert len(played.room.starts()) == 2


def test_a_paused_run_that_is_stopped_ends() -> None:
    played = Played(Room(1), tasks("a", "b"), second)
    took = played.play((0.5, played.schedule.pause), (5.0, lambda: played.schedule.stop("interrupted")))
    assert (took, played.states) == (5.0, {"a": "done", "b": "pending"})


def test_a_paused_run_with_nothing_left_to_begin_ends() -> None:
    played = Played(Room(1), tasks("a"), second)
    assert played.play((0.5, played.schedule.pause)) == 1.0


def test_a_paused_task_lets_others_pass_and_keeps_the_run_alive() -> None:
    played = Played(Room(1), tasks("a", "b", "c", d="b"), second)
    played.play((0.5, lambda: played.schedule.pause_task(1)), (5.0, lambda: played.schedule.resume_task(1)))
    assert (played.left, played.states["b"]) == (["a", "c", "b"], "done")


def test_a_task_paused_between_attempts_keeps_what_it_has_used_up() -> None:
    room = Room(1)
    played = Played(room, tasks("a"), ending(FAULT))
    played.play((0.1, lambda: played.schedule.pause_task(0)), (30.0, lambda: played.schedule.resume_task(0)))
    assert [event.mono_us / 1e6 for event in room.starts()] == [0.0, 30.0]
    assert room.ended_as() == ["retry", "failed"]


def test_a_task_paused_at_work_ends_its_attempt_and_begins_no_other() -> None:
    async def script(attempt: Attempt) -> Outcome:
        await asyncio.sleep(1.0)
        return Outcome(FAULT if attempt.number == 1 else None)

    played = Played(Room(1), tasks("a"), script)
    assert played.play(
        (0.5, lambda: played.schedule.pause_task(0)), (30.0, lambda: played.schedule.resume_task(0))
    ) == pytest.approx(31.0)
    assert played.room.ended_as() == ["retry", "done"]


def test_a_task_paused_and_resumed_at_once_loses_nothing() -> None:
    def blink() -> None:
        played.schedule.pause_task(0)
        played.schedule.resume_task(0)

    async def script(attempt: Attempt) -> Outcome:
        return Outcome(throttle(5.0) if attempt.number == 1 else None)

    played = Played(Room(1), tasks("a"), script)
    played.play((1.0, blink))
    assert played.room.ended_as() == ["waiting", "done"]


def test_what_failed_comes_again_and_what_it_blocked_may_come() -> None:
    played = Played(Room(2), tasks("a", "b", "c", "slow", b="a", c="b"), once_broken("a"))
    played.play((2.0, lambda: played.schedule.again([0])))
    assert set(played.states.values()) == {"done"}
    assert [state for task, state in played.told if task == "b"] == ["blocked", "pending", "running", "done"]


def test_what_another_blocks_too_stays_blocked() -> None:
    played = Played(Room(3), tasks("a", "x", "b", "slow", b="a x"), once_broken("a", "x"))
    played.play((2.0, lambda: played.schedule.again([0])))
    assert played.states == {"a": "done", "x": "failed", "b": "blocked", "slow": "done"}


def test_a_task_cancelled_in_line_and_asked_for_again_is_run_once() -> None:
    played = Played(Room(1), tasks("a", "b"), second)
    played.play((0.3, lambda: played.schedule.cancel(1)), (0.6, lambda: played.schedule.again([1])))
    assert (played.left, played.states["b"]) == (["a", "b"], "done")


def test_a_task_cancelled_before_its_needs_were_done_comes_again_after_them() -> None:
    played = Played(Room(1), tasks("a", "b", "c", b="a"), second)
    played.play((0.5, lambda: played.schedule.cancel(1)), (1.5, lambda: played.schedule.again([1])))
    assert (played.left, played.states["b"]) == (["a", "c", "b"], "done")


def test_cancelling_all_ends_what_runs_and_everything_else_at_once() -> None:
    room = Room(2)
    played = Played(room, tasks("a", "b", "c", "d", d="c"), second)
    assert played.play((0.5, played.schedule.cancel_all)) == 0.5
    assert set(played.states.values()) == {"cancelled"}
    assert room.ended_as() == ["cancelled", "cancelled"]
    assert (played.schedule.stop_reason, played.left) == ("cancelled", ["a", "b"])


def test_cancelling_all_leaves_results_alone() -> None:
    played = Played(Room(1), tasks("a", "b", "c"), ending(PERMANENT, None))
    played.play((0.0, lambda: None), (0.1, played.schedule.cancel_all))
    assert played.states == {"a": "failed", "b": "done", "c": "done"}


def test_a_cancellation_is_on_record_at_once_and_not_when_the_work_has_ended() -> None:
    async def stubborn(attempt: Attempt) -> Outcome:
        try:
            await asyncio.sleep(10.0)
        except asyncio.CancelledError:
            await asyncio.sleep(3.0)
            raise
        return Outcome()

    room = Room(1)
    recorded: list[int] = []
    played = Played(room, tasks("a"), stubborn)
    played.play(
        (0.5, lambda: played.schedule.cancel(0)),
        (1.0, lambda: recorded.append(sum(event.kind == CANCELLED for event in room.journal.events))),
    )
    assert (recorded, played.states) == ([1], {"a": "cancelled"})


def gated(*, only: bool = False) -> Played:
    gate: Gate = "only" if only else "before"
    listed = tasks("a", "gate", "c", c="gate")
    listed[1].options = TaskOptions(gate=gate)
    return Played(Room(1), listed, second, gates={1: gate})


def test_a_gate_waits_for_a_person_blocks_what_needs_it_and_the_rest_goes_on() -> None:
    played = gated()
    assert played.play() == 1.0
    assert played.states == {"a": "done", "gate": "needs_person", "c": "blocked"}
    event = next(event for event in played.room.journal.events if event.kind == GATE)
    assert "beast approve r1 gate" in event.data["failure"]["tip"]


def test_an_approved_gate_begins_while_the_run_is_at_work() -> None:
    played = gated()
    played.play((0.5, lambda: played.schedule.approve(1)))
    assert (played.left, set(played.states.values())) == (["a", "gate", "c"], {"done"})


def test_a_gate_may_be_approved_before_its_turn() -> None:
    played = gated()
    played.schedule.settle()
    played.schedule.approve(1)
    played.play()
    assert "needs_person" not in {state for _, state in played.told}


def test_where_a_persons_word_is_all_there_is_to_do_the_task_is_done_with_it() -> None:
    played = gated(only=True)
    played.play((0.5, lambda: played.schedule.approve(1)))
    assert (played.left, set(played.states.values())) == (["a", "c"], {"done"})


def test_what_was_said_before_it_began_holds_from_the_first_start_on() -> None:
    played = Played(Room(3), tasks("a", "b", "c"), second)
    played.schedule.settle()
    played.schedule.pause_task(0)

    async def story() -> None:
        played.schedule.cancel(1)
        asyncio.get_running_loop().call_later(5.0, played.schedule.resume_task, 0)
        await played.schedule.run()

    assert played.room.play(story()) == 6.0
    assert played.left == ["c", "a"]


def once_broken(*broken: str) -> Script:
    """The first attempts of these fail for good; all take a second, one called `slow` ten."""
    left = set(broken)

    async def script(attempt: Attempt) -> Outcome:
        await asyncio.sleep(10.0 if attempt.task.id == "slow" else 1.0)
        if attempt.task.id in left:
            left.discard(attempt.task.id)
            return Outcome(PERMANENT)
        return Outcome()

    return script


WORDS = (
    "pause",
    "resume",
    "pause_task",
    "resume_task",
    "cancel",
    "cancel",
    "again",
    "again",
    "approve",
    "limits",
)
SAID = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(WORDS), st.integers(0, 5)), min_size=5, max_size=40
)


class Spoken:
    """A schedule of six tasks to which people talk at random, and what must hold of it at every step."""

    def __init__(self, seed: int, said: list[tuple[int, str, int]]) -> None:
        rng = random.Random(seed)
        self.room = Room(1)
        self.listed = [
            Task(f"t{at}", needs=tuple(f"t{n}" for n in range(at) if rng.random() < 0.3)) for at in range(6)
        ]
        kinds: tuple[Gate, ...] = ("before", "only")
        self.gates = {at: rng.choice(kinds) for at in range(6) if rng.random() < 0.2}
        for at, gate in self.gates.items():
            self.listed[at].options = TaskOptions(gate=gate)
        self.rng, self.said = rng, said
        self.broken, self.since = list[str](), dict[str, float]()
        self.at_work = list[int]()
        self.played = Played(self.room, self.listed, self._work, gates=self.gates)
        self.schedule = self.played.schedule

    async def _work(self, attempt: Attempt) -> Outcome:
        index = int(attempt.task.id[1:])
        self.broken += self._broken(index, attempt.number)  # raised here, it would be a fault of the task
        self.at_work.append(index)
        try:
            await asyncio.sleep(self.rng.choice((0.3, 1.0, 2.0)))
        finally:
            self.at_work.remove(index)
        return Outcome(self.rng.choice((None, None, FAULT, PERMANENT, throttle(1.0))))

    def _broken(self, index: int, number: int) -> list[str]:
        """What must not be when an attempt begins, and is."""
        needs = [int(need[1:]) for need in self.listed[index].needs]
        starts = [event.mono_us / 1e6 for event in self.room.starts() if event.task == f"t{index}"]
        begun = starts[-1]
        may_not_be = {
            "the run is paused": self.schedule.paused and begun > self.since["pause"],
            "the task is paused": index in self.schedule.paused_tasks
            and begun > self.since[f"pause_task{index}"],
            "its gate is closed": index in self.schedule.gates,
            "a need is not done": any(self.schedule.state_of(need) != "done" for need in needs),
            "it is at work already": index in self.at_work,
            "it is done already": self.schedule.state_of(index) == "done",
            "its attempts are not numbered on": number != len(starts),
        }
        return [f"t{index}: {what}" for what, so in may_not_be.items() if so]

    def say(self, word: str, index: int) -> None:
        schedule, state = self.schedule, self.schedule.state_of(index)
        if schedule.over:
            return
        if word == "again":
            if index not in schedule.live and state in ("failed", "cancelled"):
                self.room.journal.append(RESET, 1, self.listed[index].id)
                schedule.again([index])
        elif word == "limits":
            self.room.guard.set_limits(1 + index % 3, ())
            schedule.look_again()
        elif word in ("pause", "resume"):
            self.since[word] = self.room.loop.time()
            getattr(schedule, word)()
        else:
            self.since[f"{word}{index}"] = self.room.loop.time()
            if word == "approve":
                self.room.journal.append(APPROVED, 1, self.listed[index].id)
            getattr(schedule, word)(index)

    def play(self) -> None:
        async def story() -> None:
            loop = asyncio.get_running_loop()
            for tenths, word, index in self.said:
                loop.call_later(tenths / 10, self.say, word, index)
            for word, indices in (("resume", [0]), ("resume_task", range(6)), ("approve", range(6))):
                for index in indices:
                    loop.call_later(7.0, self.say, word, index)
            await self.schedule.run()

        self.room.play(story())


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**6), SAID)
def test_whatever_people_say_nothing_is_lost_and_every_task_comes_to_its_end(
    seed: int, said: list[tuple[int, str, int]]
) -> None:
    spoken = Spoken(seed, said)
    spoken.play()
    assert not spoken.broken
    states = {f"t{at}": spoken.schedule.state_of(at) for at in range(6)}
    assert all(state in FINAL for state in states.values()), states
    blocking = {at for at in range(6) if states[f"t{at}"] in ("failed", "cancelled", "needs_person")}
    blocked = {f"t{at}" for at in spoken.schedule._graph.blocked_by(*blocking)}
    assert {task for task, state in states.items() if state == "blocked"} <= blocked
    fold = Progress(1).apply_all(spoken.room.journal.events)
    for task, state in states.items():
        if state != "blocked" and task in fold.tasks:
            assert fold.tasks[task].state == state, (task, state, fold.tasks[task])
