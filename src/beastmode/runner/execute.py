"""execute: the whole life of one task, top to bottom."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from beastmode.clock import Clock
from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, PAUSED, STEP
from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.secrets import Secrets
from beastmode.runner.kinds.protocol import Attempt, Kind, Outcome
from beastmode.runner.policy import Decision, Policy, Tries
from beastmode.runner.roadmap import Task
from beastmode.runner.states import STATE_AFTER, AttemptEnd, TaskState
from beastmode.safeguards.admission import Admission
from beastmode.safeguards.budget import Budget
from beastmode.safeguards.closure import GuardStoppedError
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.patience import HeldBackError

OUT_OF_BUDGET = "out_of_budget"
"""Why a task waits that has used up what its models may cost. Whoever keeps that of the run stops the run."""
Step = Literal["admission", "running", "verifying", "merging", "recording", "backoff"]
"""Where a live task is: before the guard, at job, being checked, being merged, its end being recorded, between
attempts."""


class Recorder(Protocol):
    """Where events go: `store.journal.Journal`, or a fake of the same promise."""

    def append(
        self, kind: str, run: int, task: str = "", attempt: int = 0, data: dict[str, Any] | None = None
    ) -> asyncio.Future[None]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification or a merge found.   failure: None where it is well.   output: for the next attempt.
    facts: recorded with the attempt's end, as those of its Outcome.   took: so are these, seconds by name: what a plan
    learns from; no part of what was found."""

    failure: Failure | None
    output: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class Job:
    """One task on its way: what to do, with what, and what it has used up so far.

    prepare: makes the Attempt that the kind sees, from its number and the feedback.   verify: checks a result;
    None: the kind's word is all there is.   merge: brings what was verified to where all results go; None: nothing
    is merged.   attempts: number of the last attempt of the run, counted or not.
    step, reason: where it is now and why it waits, for those who look and for those who would end it.
    due: boottime of its next attempt, while it waits for that.   failure: of its last attempt.   cancelled: a
    person ended it.   paused: a person wants no further attempt of it for now.
    """

    task: Task
    kind: Kind
    prepare: Callable[[int, str], Attempt]
    verify: Callable[[Attempt], Awaitable[Verdict]] | None = None
    merge: Callable[[Attempt], Awaitable[Verdict]] | None = None
    retries: int = 2
    attempts: int = 0
    tries: Tries = field(default_factory=Tries)
    feedback: str = ""
    step: Step = "admission"
    reason: str = ""
    due: float = 0.0
    failure: Failure | None = None
    cancelled: bool = False
    paused: bool = False


@dataclass(slots=True)
class Means:
    """What every task of a run shares.

    attempts: the run's budget of them.   stopping: set when the run ends early; nothing new starts then.
    sleeping: tasks that wait for their next attempt, outside the guard; on_sleep: told when one begins to.
    held_until: boottime at which a run that was held back may go on, inf where unknown; None: it was not.
    secrets: never shown, whoever says them.
    """

    run: int
    guard: Guard
    journal: Recorder
    clock: Clock
    rng: random.Random
    max_wait_s: float
    attempts: Budget = field(default_factory=Budget)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    sleeping: int = 0
    on_sleep: Callable[[], None] = lambda: None
    held_until: float | None = None
    secrets: Secrets = field(default_factory=Secrets)


async def execute(job: Job, means: Means) -> TaskState:
    """Bring one task to a final state; `waiting` where the run is held back, `pending` where it is stopped.

    Every attempt is on disk before it leaves and after it ends. The slot is held until its end is recorded, so
    that never more than the limit are between the two: after a kill -9, no more are repeated.
    """
    policy = Policy(job.retries, means.max_wait_s, means.rng)
    while True:
        job.step = "admission"
        try:
            async with means.guard.admit(retry=job.tries.counted > 0) as admitted:
                if not means.attempts.reserve():
                    return "waiting"
                outcome = await _attempt(job, means, admitted)
                job.failure = outcome.failure
                decision = policy.after(outcome.failure, job.tries)
                await _record_end(job, means, admitted, outcome, decision)
        except HeldBackError as held:
            means.held_until, job.reason = held.until, held.reason
            return "waiting"
        except GuardStoppedError:
            return "pending"
        if decision.reason == OUT_OF_BUDGET:
            job.reason = decision.reason
            return "waiting"
        if decision.held:
            means.held_until, job.reason = means.clock.boottime() + decision.wait_s, decision.reason
        if decision.final:
            return STATE_AFTER[decision.end]
        if job.cancelled or job.paused or not await _due(job, means, decision):
            return "cancelled" if job.cancelled else "pending"


async def _attempt(job: Job, means: Means, admitted: Admission) -> Outcome:
    """Record the start, perform, verify, merge. Cancelled, the end is recorded and nothing of the attempt is left."""
    job.attempts += 1
    try:
        await _record_start(job, means, admitted)
        job.step = "running"
        attempt = job.prepare(job.attempts, job.feedback)
        attempt.sent_back, attempt.rounds = job.tries.sent_back, job.tries.rounds
        outcome = await _perform(job, attempt, admitted)
        _pause_for_all(outcome.failure, means)
        if outcome.ok and job.verify is not None:
            _comes_to("verifying", job, means)
            _judged(job, outcome, await job.verify(attempt))
        if outcome.ok and job.merge is not None:
            _comes_to("merging", job, means)
            _judged(job, outcome, await job.merge(attempt))
        if outcome.failure is not None:
            outcome.failure = means.secrets.hide_in(outcome.failure)
    except asyncio.CancelledError:
        end: AttemptEnd = "cancelled" if job.cancelled else "interrupted"
        await _record_end(job, means, admitted, Outcome(), Decision(end, counts=False))
        raise
    return outcome


def _comes_to(step: Literal["verifying", "merging"], job: Job, means: Means) -> None:
    """Told to whoever looks; nothing depends on it, so nobody waits until it is on disk."""
    job.step = step
    means.journal.append(STEP, means.run, job.task.id, job.attempts, {"step": step})


def _judged(job: Job, outcome: Outcome, verdict: Verdict) -> None:
    outcome.failure, job.feedback = verdict.failure, verdict.output if verdict.failure else ""
    outcome.facts |= verdict.facts | {of: round(seconds, 3) for of, seconds in verdict.took.items()}


async def _perform(job: Job, attempt: Attempt, admitted: Admission) -> Outcome:
    try:
        outcome = await job.kind.perform(attempt, admitted.leaves)
    except Exception as error:  # a kind returns its faults; one that raises is broken, but the run goes on
        outcome = Outcome(classify.from_exception(error))
    admitted.effect = outcome.effect
    if outcome.ok:
        admitted.ended_well("whole")
    admitted.cut_off = outcome.failure is not None and outcome.failure.class_ == "timeout"
    return outcome


def _pause_for_all(failure: Failure | None, means: Means) -> None:
    """A server that says when to come back says it to every task of this run."""
    if failure is None or not failure.throttle or failure.retry_after_s is None:
        return
    means.guard.pause(failure.retry_after_s, failure.class_)
    means.journal.append(PAUSED, means.run, data={"seconds": failure.retry_after_s, "reason": failure.class_})


async def _record_start(job: Job, means: Means, admitted: Admission) -> None:
    waited = admitted.waited_s
    data = {"waited_s": {reason: round(waited[reason], 6) for reason in waited}} if waited else None
    await means.journal.append(ATTEMPT_STARTED, means.run, job.task.id, job.attempts, data)


async def _record_end(
    job: Job, means: Means, admitted: Admission, outcome: Outcome, decision: Decision
) -> None:
    data: dict[str, Any] = {"end": decision.end}
    if admitted.left_at is not None:
        data["left_us"] = int(admitted.left_at * 1e6)
    if outcome.cpu_s or outcome.max_rss_kib:
        data |= {"cpu_s": round(outcome.cpu_s, 4), "max_rss_kib": outcome.max_rss_kib}
    if decision.wait_s:
        data |= {"wait_s": round(decision.wait_s, 3), "until_unix": means.clock.unix() + decision.wait_s}
    if outcome.failure is not None:
        data["failure"] = plain(outcome.failure)
    data |= outcome.facts
    job.step = "recording"
    means.attempts.settle(1, 1)
    await means.journal.append(ATTEMPT_ENDED, means.run, job.task.id, job.attempts, data)


def plain(failure: Failure) -> dict[str, Any]:
    """A failure as the journal has it."""
    told: dict[str, Any] = {"class": failure.class_, "cause": failure.cause, "tip": failure.tip}
    told["retryable"] = failure.passing
    if failure.retry_after_s is not None:
        told["retry_after_s"] = failure.retry_after_s
    return told


async def _due(job: Job, means: Means, decision: Decision) -> bool:
    """Wait until the next attempt is due. False: the run is stopping, there will be none."""
    if decision.wait_s <= 0:
        return not means.stopping.is_set()
    job.step, job.reason, job.due = "backoff", decision.reason, means.clock.boottime() + decision.wait_s
    means.sleeping += 1
    means.on_sleep()
    due = asyncio.ensure_future(means.clock.wait_until(job.due))
    stopping = asyncio.ensure_future(means.stopping.wait())
    try:
        await asyncio.wait((due, stopping), return_when=asyncio.FIRST_COMPLETED)
        return not means.stopping.is_set()
    finally:
        due.cancel()
        stopping.cancel()
        means.sleeping -= 1
