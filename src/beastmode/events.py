"""The names of what the journal records, and the event itself. Everything shown anywhere is a view of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

RUN_STARTED = "run_started"
"""A run exists: roadmap, title, format, rule."""
SESSION_STARTED = "session_started"
"""A runner took it up: pid, session token, boot, limits and other settings, whether the last session ended."""
SESSION_ENDED = "session_ended"
"""The runner let go of it in good order: state, exit code, its own CPU and memory."""
PLANNED = "planned"
"""Tasks as they stand in the list now: one record each, many to an event."""
RESET = "reset"
"""A task's recorded result no longer counts (it changed, or what it needs did, or a person asked): reason."""
SELECTED = "selected"
"""Only these tasks are part of this session."""
ESTIMATED = "estimated"
"""What this session was to take when it began: time, attempts, of code what it uses, each with its spread; source."""
ATTEMPT_STARTED = "attempt_started"
"""An attempt is about to leave: seconds waited, by reason."""
STEP = "step"
"""It has come to its next step, and is at it until another event of it: `verifying` or `merging`."""
ATTEMPT_ENDED = "attempt_ended"
"""How it ended: the task's state now, the instant it really left, failure, verification, CPU and memory."""
BASE_GREEN = "base_green"
"""The check succeeded on the result branch before any task began: commit, check."""
MERGING = "merging"
"""The result branch is about to move to this commit, which holds the task's work. Attempt 0: a person took it."""
ACCEPTED = "accepted"
"""A person took the task's work: it is merged, as this commit, or was before."""
REJECTED = "rejected"
"""A person gave the task up."""
REDO = "redo"
"""A person wants the task done again, with all its tries: note."""
CANCELLED = "cancelled"
"""A person ended the task for good; without a task: all that had not come to a result."""
CONTROL = "control"
"""A person asks something of the run, or of one of its tasks: action, by whom, what else belongs to it."""
CONTROLLED = "controlled"
"""A runner has done what was asked: the `seq` of that, its action, the effect in words."""
GATE = "gate"
"""The turn of a task has come for which the list asks a person: whether it passed, or the failure it waits with."""
APPROVED = "approved"
"""A task may pass its gate: by whom, their note."""
ANSWERED = "answered"
"""A person's note for the next attempt."""
PROBED = "probed"
"""A health check: when it left, whether the server was well."""
BREAKER = "breaker"
"""The breaker changed its state."""
PAUSED = "paused"
"""The server asked for a pause: seconds, reason."""
LIMITS = "limits"
"""Limits in force from now on: what changed of concurrency, rates, server (of models); reason: person, auto."""

ONCE_AN_ATTEMPT = (ATTEMPT_STARTED, ATTEMPT_ENDED)
"""Recorded at most once for each attempt; the journal's schema refuses a second."""
PERSONS = (ACCEPTED, REJECTED, REDO, CONTROL)
"""What a person says through a command of its own: no part of a session, and of no boot of the machine."""


@dataclass(slots=True)
class Event:
    """One line of the journal.

    run: its number.   task, attempt: "" and 0 where the event is not about one.   data: JSON values.
    unix_us: wall clock, microseconds.   mono_us: monotonic clock, microseconds, comparable within one boot.
    seq: its place in the journal, from 1; 0 while it is not written.
    """

    kind: str
    run: int
    task: str = ""
    attempt: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    unix_us: int = 0
    mono_us: int = 0
    seq: int = 0

    @property
    def between_sessions(self) -> bool:
        """Whether it was recorded by a command of its own, not by the runner of a session."""
        return self.kind in PERSONS or (self.kind == MERGING and not self.attempt)
