"""A runner on virtual time: real guard, policy, execute and schedule around scripted work."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, Event
from beastmode.failures.failure import Failure
from beastmode.runner.execute import Job, Means, Verdict
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.roadmap import Task
from beastmode.safeguards.budget import Budget
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.settings import Rate
from beastmode.testing import MemoryJournal, ScriptedKind, VirtualLoop, attempt_of

Script = Callable[[Attempt], Awaitable[Outcome]]
HOUR_S = 3600.0


class Room:
    """What a run needs, on virtual time. Use `play` to tell a story in it."""

    def __init__(
        self,
        concurrency: int | None = 3,
        *rates: Rate,
        latency_s: float = 0.0,
        max_wait_s: float = HOUR_S,
        max_attempts: int | None = None,
    ) -> None:
        self.loop = VirtualLoop()
        self.clock = self.loop.clock()
        self.journal = MemoryJournal(self.clock, latency_s)
        self.guard = Guard(
            MemoryStore(concurrency, rates),
            self.clock,
            concurrency=concurrency,
            rates=rates,
            max_wait_s=max_wait_s,
        )
        self.means = Means(
            1, self.guard, self.journal, self.clock, random.Random(0), max_wait_s, Budget(max_attempts)
        )

    def play(self, story: Coroutine[Any, Any, None]) -> float:
        """Play it to its end; how long it took."""
        try:
            self.loop.run_until_complete(story)
            return self.loop.time()
        finally:
            self.loop.close()

    def job(self, script: Script, task: str = "t", **more: Any) -> Job:
        """A job whose attempts do what `script` says."""
        made = Task(task)
        return Job(
            made, ScriptedKind(script), lambda number, said: attempt_of(made, number, feedback=said), **more
        )

    def ends(self) -> list[Event]:
        return [event for event in self.journal.events if event.kind == ATTEMPT_ENDED]

    def starts(self) -> list[Event]:
        return [event for event in self.journal.events if event.kind == ATTEMPT_STARTED]

    def ended_as(self) -> list[str]:
        """How the attempts ended, in the order of their records."""
        return [event.data["end"] for event in self.ends()]


def ending(*failures: Failure | None) -> Script:
    """Attempts that end with these failures, one after the other; None is success. The last one repeats."""
    left = list(failures)

    async def script(attempt: Attempt) -> Outcome:
        failure = left.pop(0) if len(left) > 1 else left[0]
        return Outcome(failure, failure.effect if failure else "success")

    return script


def checking(*verdicts: Failure | None, says: str = "") -> Callable[[Attempt], Awaitable[Verdict]]:
    """Verifications that find these, one after the other; the last one repeats."""
    left = list(verdicts)

    async def verify(attempt: Attempt) -> Verdict:
        failure = left.pop(0) if len(left) > 1 else left[0]
        return Verdict(failure, says if failure else "")

    return verify


def throttle(hint_s: float | None = None) -> Failure:
    """The server asks for less."""
    return Failure(
        "rate_limit", "slow down", True, "Lower the rate.", hint_s, throttle=True, effect="dropped"
    )


FAULT = Failure("exit_code", "exit code 1", True, "Read the log.")
PERMANENT = Failure("auth", "no such key", False, "Set a valid key.")
NOT_VERIFIED = Failure("verify_failed", "3 != 4", True, "Read what it printed.")
