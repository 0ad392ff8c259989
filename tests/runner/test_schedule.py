"""The loop: what starts when, what is blocked, and every way to end early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from beastmode.errors import JournalError
from beastmode.events import CANCELLED
from beastmode.runner import schedule as schedule_module
from beastmode.runner.execute import Job
from beastmode.runner.graph import graph_of
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.roadmap import Roadmap, Task
from beastmode.runner.schedule import Schedule
from beastmode.runner.states import TaskState
from tests.runner.virtual import FAULT, HOUR_S, PERMANENT, Room, Script, ending, throttle


class Played:
    """A schedule of tasks in a room, and what a watcher was told of it."""

    def __init__(self, room: Room, tasks: Sequence[Task], script: Script, **more: Any) -> None:
        self.room, self.tasks = room, tasks
        self.left: list[str] = []
        self.told: list[tuple[str, str]] = []

        async def noted(attempt: Attempt) -> Outcome:
            self.left.append(attempt.task.id)
            return await script(attempt)

        def job_of(index: int) -> Job:
            before = sum(event.task == tasks[index].id for event in room.starts())
            job = room.job(noted, tasks[index].id, retries=1, attempts=before)
            job.task.options = tasks[index].options
            return job

        def watch(task: int, state: TaskState, job: Job | None) -> None:
            self.told.append((tasks[task].id, state))

        self.schedule = Schedule(graph_of(Roadmap(tasks)), room.means, job_of, watch=watch, **more)

    def play(self, *fates: tuple[float, Callable[[], object]]) -> float:
        """Run to the end, with what happens from outside at given times."""

        async def story() -> None:
            loop = asyncio.get_running_loop()
            for at, fate in fates:
                loop.call_later(at, fate)
            await self.schedule.run()

        return self.room.play(story())

    @property
    def states(self) -> dict[str, str]:
        return {task.id: self.schedule.states.get(i, "pending") for i, task in enumerate(self.tasks)}


async def second(attempt: Attempt) -> Outcome:
    """A second of work."""
    await asyncio.sleep(1.0)
    return Outcome()


def tasks(*ids: str, **needs: str) -> list[Task]:
    """Tasks by id.   needs: ids with spaces between them, by the task that needs them."""
    return [Task(name, needs=tuple(needs.get(name, "").split())) for name in ids]


def test_as_many_at_once_as_the_guard_admits_and_a_need_is_waited_for() -> None:
    played = Played(Room(2), tasks("a", "b", "c", "d", d="a c"), second)
    assert played.play() == 3.0
    assert played.left == ["a", "b", "c", "d"]
    assert set(played.states.values()) == {"done"}


def test_a_lower_rank_goes_first() -> None:
    played = Played(Room(1), tasks("a", "b", "c"), second, rank=[2, 0, 1])
    played.play()
    assert played.left == ["b", "c", "a"]


def test_what_needs_a_failed_task_is_blocked_and_the_rest_goes_on() -> None:
    played = Played(Room(3), tasks("a", "b", "c", "d", b="a", c="b"), ending(PERMANENT, None))
    played.play()
    assert played.states == {"a": "failed", "b": "blocked", "c": "blocked", "d": "done"}
    assert ("c", "blocked") in played.told


def test_while_one_backs_off_its_place_is_used_by_others() -> None:
    async def script(attempt: Attempt) -> Outcome:
        if attempt.task.id == "a" and attempt.number == 1:
            return Outcome(throttle())
        return await second(attempt)

    played = Played(Room(1), tasks("a", "b"), script)
    played.play()
    assert played.left == ["a", "b", "a"]
    assert set(played.states.values()) == {"done"}


def test_results_of_an_earlier_session_are_passed_and_what_failed_then_still_blocks() -> None:
    known: dict[int, TaskState] = {0: "done", 2: "failed", 4: "skipped"}
    played = Played(Room(3), tasks("a", "b", "c", "d", "e", "f", b="a", d="c", f="e"), second, states=known)
    assert played.play() == 1.0
    assert sorted(played.left) == ["b", "f"]
    assert played.states["d"] == "blocked"


def test_nothing_to_do_ends_at_once() -> None:
    assert Played(Room(3), tasks("a"), second, states={0: "done"}).play() == 0.0


def test_stop_lets_what_runs_end_and_starts_nothing_more() -> None:
    played = Played(Room(2), tasks("a", "b", "c"), second)
    assert played.play((0.5, lambda: played.schedule.stop("interrupted"))) == 1.0
    assert played.states == {"a": "done", "b": "done", "c": "pending"}
    assert played.schedule.stop_reason == "interrupted"


def test_the_first_reason_to_stop_is_the_one_that_counts() -> None:
    played = Played(Room(1), tasks("a"), second)
    played.play(
        (0.2, lambda: played.schedule.stop("time")), (0.4, lambda: played.schedule.stop("interrupted"))
    )
    assert played.schedule.stop_reason == "time"


def test_kill_ends_what_runs_and_every_end_is_on_record() -> None:
    room = Room(2)
    played = Played(room, tasks("a", "b", "c"), second)
    assert played.play((0.5, played.schedule.kill)) == 0.5
    assert played.states == {"a": "pending", "b": "pending", "c": "pending"}
    assert room.ended_as() == ["interrupted", "interrupted"]


def test_a_kill_never_cuts_between_a_decision_and_its_record() -> None:
    room = Room(1, latency_s=1.0)
    played = Played(room, tasks("a"), second)
    played.play((2.5, played.schedule.kill))
    assert (room.ended_as(), played.states) == (["done"], {"a": "done"})


def test_a_task_cancelled_before_it_starts_never_does() -> None:
    room = Room(1)
    played = Played(room, tasks("a", "b", "c", c="b"), second)
    played.play((0.5, lambda: played.schedule.cancel(1)))
    assert played.states == {"a": "done", "b": "cancelled", "c": "blocked"}
    assert played.left == ["a"]
    assert [event.task for event in room.journal.events if event.kind == CANCELLED] == ["b"]


def test_a_task_cancelled_while_it_runs_is_ended_for_good() -> None:
    room = Room(1)
    played = Played(room, tasks("a", "b", "c", c="a"), second)
    assert played.play((0.5, lambda: played.schedule.cancel(0))) == 1.5
    assert played.states == {"a": "cancelled", "b": "done", "c": "blocked"}
    assert [event.task for event in room.journal.events if event.kind == CANCELLED] == ["a"]
    assert room.ended_as() == ["cancelled", "done"]


def test_what_has_ended_cannot_be_cancelled() -> None:
    played, answers = Played(Room(1), tasks("a", "b"), second), list[bool]()
    played.play((1.5, lambda: answers.append(played.schedule.cancel(0))))
    assert (answers, played.states["a"]) == ([False], "done")


def test_a_server_that_asks_for_more_than_max_wait_holds_the_run_once_what_runs_has_ended() -> None:
    async def script(attempt: Attempt) -> Outcome:
        return Outcome(throttle(20 * HOUR_S)) if attempt.task.id == "a" else await second(attempt)

    played = Played(Room(2), tasks("a", "b", "c"), script)
    assert played.play() == 1.0
    assert played.schedule.stop_reason == "held"
    assert played.states == {"a": "waiting", "b": "done", "c": "pending"}


def test_a_used_up_budget_ends_the_session() -> None:
    played = Played(Room(1, max_attempts=2), tasks("a", "b", "c"), second)
    played.play()
    assert played.schedule.stop_reason == "budget"
    assert sorted(played.states.values()) == ["done", "done", "waiting"]


def test_trouble_with_the_journal_starts_nothing_more() -> None:
    trouble = list[bool]()
    played = Played(Room(1), tasks("a", "b"), second, trouble=lambda: bool(trouble))
    played.play((0.5, lambda: trouble.append(True)))
    assert (played.schedule.stop_reason, played.left) == ("journal", ["a"])


def test_a_journal_that_fails_ends_the_run_with_its_error() -> None:
    room = Room(1)
    played = Played(room, tasks("a", "b"), second)

    async def story() -> None:
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        broken.set_exception(JournalError("disk full"))
        room.journal.append = lambda *event: broken  # type: ignore[method-assign]
        with pytest.raises(JournalError, match="disk full"):
            await played.schedule.run()

    room.play(story())
    assert played.left == []


def test_those_that_wait_in_line_are_numbers_and_not_coroutines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_module, "MOST_LIVE", 5)
    room = Room(None)
    played = Played(room, tasks(*(f"t{i}" for i in range(20))), second)
    most = list[int]()
    played.play(*((at, lambda: most.append(len(played.schedule.live))) for at in (0.5, 1.5, 2.5)))
    assert most == [5, 5, 5]
    assert set(played.states.values()) == {"done"}


def test_every_change_is_told_in_its_order() -> None:
    played = Played(Room(1), tasks("a", "b", b="a"), ending(FAULT, None))
    played.play()
    assert played.told == [("a", "running"), ("a", "done"), ("b", "running"), ("b", "done")]


def test_tasks_whose_touches_overlap_take_turns_and_the_rest_goes_on_beside_them() -> None:
    declared = [("src/",), ("src/a.py",), ("docs/",), ()]
    played = Played(Room(4), tasks("a", "b", "c", "d"), second, touches=lambda index: declared[index])
    assert played.play() == 2.0
    assert played.left == ["a", "c", "d", "b"]


def test_one_that_waits_for_touches_and_is_cancelled_holds_nobody_up() -> None:
    played = Played(Room(4), tasks("a", "b", "c"), second, touches=lambda index: ("src",))
    assert played.play((0.5, lambda: played.schedule.cancel(1))) == 2.0
    assert played.states == {"a": "done", "b": "cancelled", "c": "done"}


def test_ranks_hold_among_those_that_wait_for_touches() -> None:
    ranks = [0, 3, 2, 1]
    played = Played(Room(1), tasks("a", "b", "c", "d"), second, rank=ranks, touches=lambda index: ("src",))
    played.play()
    assert played.left == ["a", "d", "c", "b"]
