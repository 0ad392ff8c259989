"""What follows from an attempt's outcome: done, again when, wait until, fail. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

from beastmode.failures.failure import Failure
from beastmode.runner.states import AttemptEnd
from beastmode.safeguards.backoff import backoff_s, hinted_s


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens next to a task.

    end: how the attempt counts.   wait_s: before the next attempt, where there is one.   reason: of the wait.
    counts: the attempt used up one of the tries.   held: the wait is longer than anyone wants; the run ends.
    """

    end: AttemptEnd
    wait_s: float = 0.0
    reason: str = ""
    counts: bool = True
    held: bool = False

    @property
    def final(self) -> bool:
        """Nothing more happens to the task in this session."""
        return self.held or self.end not in ("retry", "waiting")


_DONE = Decision("done")
_SPENT = Decision("waiting", reason="out_of_budget", counts=False)
"""Until a person raises the budget; nothing else does."""
VERIFY_FAILED = "verify_failed"
_FOR_A_PERSON = frozenset(("agent_refused",))
NOT_MERGED = frozenset(("merge_conflict", "merge_red"))
"""Nobody's fault: others were merged before. Done once more on what they left; then somebody has to look."""


@dataclass(slots=True)
class Tries:
    """What a task has used up.   counted: attempts that count.   throttled, throttled_s: in a row, and the
    seconds they were made to wait.   sent_back: how often its work could not be merged.   rounds: how often its
    verification has failed."""

    counted: int = 0
    throttled: int = 0
    throttled_s: float = 0.0
    sent_back: int = 0
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """Decides by the Failure and by what was used up.

    retries: attempts after the first that count.   max_wait_s: the longest wait, one hint or throttles in a row.
    """

    retries: int
    max_wait_s: float
    rng: random.Random

    def after(self, failure: Failure | None, tries: Tries) -> Decision:
        """Decide, and count the attempt in `tries`."""
        if failure is None:
            return _DONE
        if failure.class_ == _SPENT.reason and failure.retry_after_s is None:
            return _SPENT
        if failure.throttle or failure.passing == "after":
            return self._after_throttle(failure, tries)
        if failure.class_ in _FOR_A_PERSON or (failure.class_ in NOT_MERGED and tries.sent_back):
            return Decision("needs_person", reason=failure.class_)
        if failure.class_ in NOT_MERGED:
            tries.sent_back += 1
            return Decision("retry", reason=failure.class_, counts=False)
        tries.counted += 1
        tries.rounds += failure.class_ == VERIFY_FAILED
        tries.throttled, tries.throttled_s = 0, 0.0
        if failure.passing is False or tries.counted > self.retries:
            return Decision("failed")
        if failure.class_ == VERIFY_FAILED:
            return Decision("retry", 0.0, failure.class_)
        if failure.retry_after_s is not None:
            return self._held_or(Decision("retry", hinted_s(failure.retry_after_s, self.rng), failure.class_))
        return Decision("retry", backoff_s(tries.counted, self.rng), failure.class_)

    def _after_throttle(self, failure: Failure, tries: Tries) -> Decision:
        """A throttle waits and uses up nothing; what can pass only "after" something unknown has failed."""
        if failure.retry_after_s is None and not failure.throttle:
            tries.counted += 1
            return Decision("failed")
        tries.throttled += 1
        if failure.retry_after_s is None:
            wait_s = backoff_s(tries.throttled + 1, self.rng)
        else:
            wait_s = hinted_s(failure.retry_after_s, self.rng)
        tries.throttled_s += wait_s
        decision = Decision("waiting", wait_s, failure.class_, counts=False)
        return self._held_or(decision, tries.throttled_s)

    def _held_or(self, decision: Decision, waited_s: float = 0.0) -> Decision:
        if max(decision.wait_s, waited_s) <= self.max_wait_s:
            return decision
        return Decision("waiting", decision.wait_s, decision.reason, counts=False, held=True)
