"""The life of one task, a story for each turn it can take."""

from __future__ import annotations

import asyncio

import pytest

from beastmode.events import PAUSED, STEP
from beastmode.failures.failure import Failure
from beastmode.runner.execute import Job, Verdict, execute
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.policy import Tries
from tests.runner.virtual import FAULT, HOUR_S, NOT_VERIFIED, PERMANENT, Room, checking, ending, throttle


def run(room: Room, job: Job) -> tuple[str, float]:
    """The state in which a job ends, and how long it took."""
    states: list[str] = []

    async def story() -> None:
        states.append(await execute(job, room.means))

    took = room.play(story())
    return states[0], took


def test_an_attempt_is_on_record_before_it_leaves_and_its_end_before_anything_follows() -> None:
    room = Room(1, latency_s=0.5)

    async def script(attempt: Attempt) -> Outcome:
        assert [event.attempt for event in room.starts()] == [attempt.number]
        await asyncio.sleep(2.0)
        return Outcome()

    async def story() -> None:
        assert await execute(room.job(script), room.means) == "done"
        assert room.ended_as() == ["done"]

    assert room.play(story()) == 3.0
    assert room.ends()[0].data["left_us"] == 500_000, "stamped when it left, not when it was admitted"


def test_the_slot_is_held_until_the_end_is_on_record() -> None:
    room = Room(1, latency_s=0.5)

    async def story() -> None:
        await asyncio.gather(*(execute(room.job(ending(None), name), room.means) for name in "ab"))

    room.play(story())
    kinds = [(event.kind, event.task) for event in room.journal.events]
    assert kinds == [(kind, task) for task in "ab" for kind in ("attempt_started", "attempt_ended")]


def test_a_throttle_waits_as_long_as_asked_counts_nothing_and_pauses_all() -> None:
    room = Room()
    job = room.job(ending(throttle(30.0), throttle(30.0), throttle(30.0), None), retries=0)
    state, took = run(room, job)
    assert (state, job.tries.counted) == ("done", 0)
    assert took >= 90.0
    assert room.ended_as() == ["waiting", "waiting", "waiting", "done"]
    paused = [event.data for event in room.journal.events if event.kind == PAUSED]
    assert paused == [{"seconds": 30.0, "reason": "rate_limit"}] * 3


def test_a_pause_asked_of_one_task_holds_for_all() -> None:
    room, left = Room(), list[float]()

    async def other(attempt: Attempt) -> Outcome:
        left.append(room.loop.time())
        return Outcome()

    async def story() -> None:
        first = asyncio.ensure_future(execute(room.job(ending(throttle(60.0), None), "a"), room.means))
        await asyncio.sleep(1.0)
        await execute(room.job(other, "b"), room.means)
        await first

    room.play(story())
    assert left[0] >= 60.0
    waits = {event.task: event.data.get("waited_s", {}) for event in room.starts()}
    assert waits["b"] == {"rate_limit": pytest.approx(left[0] - 1.0, abs=0.01)}


def test_a_passing_fault_backs_off_and_comes_back() -> None:
    room = Room()
    job = room.job(ending(FAULT, FAULT, None), retries=2)
    state, took = run(room, job)
    assert (state, room.ended_as()) == ("done", ["retry", "retry", "done"])
    waits = [event.data["wait_s"] for event in room.ends() if "wait_s" in event.data]
    assert took == pytest.approx(sum(waits), abs=0.01)
    assert 0 < waits[0] <= 0.5 < 1.0 >= waits[1], "exponential, with full jitter"


def test_while_it_backs_off_it_says_why_and_until_when() -> None:
    room = Room()
    job = room.job(ending(FAULT, None))

    async def story() -> None:
        running = asyncio.ensure_future(execute(job, room.means))
        while job.step != "backoff":
            await asyncio.sleep(0.001)
        assert (job.reason, room.means.sleeping) == ("exit_code", 1)
        assert job.due == pytest.approx(room.ends()[0].data["wait_s"], abs=0.01)
        assert await running == "done"
        assert room.means.sleeping == 0

    room.play(story())


def test_a_permanent_fault_fails_at_once_with_its_tip_on_record() -> None:
    room = Room()
    assert run(room, room.job(ending(PERMANENT), retries=5)) == ("failed", 0.0)
    assert room.ends()[0].data["failure"] == {
        "class": "auth",
        "cause": "no such key",
        "tip": "Set a valid key.",
        "retryable": False,
    }


def test_a_failed_verification_is_fed_to_the_next_attempt_and_forgotten_after_it_passed() -> None:
    room, seen = Room(), list[str]()

    async def script(attempt: Attempt) -> Outcome:
        seen.append(attempt.feedback)
        return Outcome()

    job = room.job(script, verify=checking(NOT_VERIFIED, NOT_VERIFIED, None, says="3 != 4"))
    assert run(room, job) == ("done", 0.0)
    assert seen == ["", "3 != 4", "3 != 4"]
    assert job.feedback == ""


def test_that_work_is_verified_is_on_record_while_it_is() -> None:
    room, told = Room(), list[list[tuple[int, str]]]()
    judge = checking(NOT_VERIFIED, None)

    async def verify(attempt: Attempt) -> Verdict:
        await asyncio.sleep(1.0)
        steps = [event for event in room.journal.events if event.kind == STEP]
        told.append([(event.attempt, event.data["step"]) for event in steps])
        return await judge(attempt)

    assert run(room, room.job(ending(None, None), verify=verify)) == ("done", 2.0)
    assert told == [[(1, "verifying")], [(1, "verifying"), (2, "verifying")]]


def test_what_never_verifies_fails_and_a_failed_attempt_is_not_verified() -> None:
    room = Room()
    assert run(room, room.job(ending(None), verify=checking(NOT_VERIFIED), retries=1))[0] == "failed"
    assert room.ended_as() == ["retry", "failed"]
    room = Room()

    async def never(attempt: Attempt) -> None:
        raise AssertionError("verified what had failed")

    assert run(room, room.job(ending(PERMANENT), verify=never))[0] == "failed"


def test_a_kind_that_raises_is_a_failed_attempt_and_not_the_end_of_the_run() -> None:
    async def broken(attempt: Attempt) -> Outcome:
        raise ConnectionRefusedError(111, "Connection refused")

    room = Room()
    assert run(room, room.job(broken, retries=1))[0] == "failed"
    assert room.ends()[-1].data["failure"]["class"] == "connection_refused"


@pytest.mark.parametrize(("cancelled", "end"), [(True, "cancelled"), (False, "interrupted")])
def test_what_is_cut_off_is_recorded_and_uses_up_nothing(cancelled: bool, end: str) -> None:
    room = Room()

    async def forever(attempt: Attempt) -> Outcome:
        await asyncio.sleep(1e6)
        return Outcome()

    job = room.job(forever)

    async def story() -> None:
        running = asyncio.ensure_future(execute(job, room.means))
        await asyncio.sleep(5.0)
        job.cancelled = cancelled
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    room.play(story())
    assert (room.ended_as(), job.tries.counted) == ([end], 0)
    assert room.guard.limits.in_use() == (0, 0), "nothing of it is left in the guard"


def test_a_hint_beyond_max_wait_holds_the_run_and_says_until_when() -> None:
    room = Room(max_wait_s=HOUR_S)
    quota = Failure("quota_exhausted", "come back tomorrow", "after", "Wait.", 20 * HOUR_S)
    job = room.job(ending(quota))
    assert run(room, job)[0] == "waiting"
    assert room.means.held_until is not None
    assert room.means.held_until >= 20 * HOUR_S
    assert (job.reason, job.tries.counted, room.ended_as()) == ("quota_exhausted", 0, ["waiting"])


def test_a_server_that_cannot_be_used_for_longer_than_max_wait_holds_the_run_before_anything_starts() -> None:
    room = Room(max_wait_s=HOUR_S)
    room.guard.pause(2 * HOUR_S, "rate_limit")
    assert run(room, room.job(ending(None)))[0] == "waiting"
    assert room.starts() == []
    assert room.means.held_until == pytest.approx(2 * HOUR_S, abs=1)


def test_a_used_up_budget_of_attempts_leaves_the_task_waiting() -> None:
    room = Room(max_attempts=2)
    job = room.job(ending(FAULT), retries=9)
    assert run(room, job)[0] == "waiting"
    assert (room.ended_as(), room.means.held_until) == (["retry", "retry"], None)
    assert (room.means.attempts.used, room.means.attempts.reserved) == (2, 0)


def test_a_run_that_stops_wakes_who_backs_off_and_leaves_them_pending() -> None:
    room = Room()

    async def story() -> None:
        running = asyncio.ensure_future(execute(room.job(ending(throttle(600.0), None)), room.means))
        await asyncio.sleep(1.0)
        room.means.stopping.set()
        room.guard.stop()
        assert await running == "pending"

    assert room.play(story()) == 1.0
    assert room.ended_as() == ["waiting"]


def test_attempts_go_on_counting_where_an_earlier_session_left_off() -> None:
    room = Room()
    job = room.job(ending(FAULT), attempts=4, tries=Tries(counted=2), retries=2)
    assert run(room, job)[0] == "failed"
    assert [event.attempt for event in room.ends()] == [5]


def test_cpu_and_memory_are_on_record_where_the_kind_knows_them() -> None:
    async def measured(attempt: Attempt) -> Outcome:
        return Outcome(cpu_s=0.12345, max_rss_kib=2048)

    room = Room()
    run(room, room.job(measured))
    data = room.ends()[0].data
    assert (data["cpu_s"], data["max_rss_kib"]) == (0.1235, 2048)
