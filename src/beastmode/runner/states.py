"""The states of a task and of an attempt, and the table of legal moves."""

from __future__ import annotations

from typing import Literal

TaskState = Literal[
    "pending",
    "ready",
    "running",
    "verifying",
    "merging",
    "waiting",
    "done",
    "failed",
    "needs_person",
    "blocked",
    "skipped",
    "cancelled",
]
AttemptEnd = Literal["done", "retry", "waiting", "failed", "needs_person", "interrupted", "cancelled"]
"""What an attempt's end means for its task: done; again after a backoff; again once a stated time has come (it
used up nothing); failed; only a person can go on from here; the runner was killed or stopped under it (it used up
nothing); cancelled."""

MOVES: dict[TaskState, frozenset[TaskState]] = {
    "pending": frozenset({"ready", "blocked", "skipped", "cancelled", "needs_person"}),
    "ready": frozenset({"running", "waiting", "cancelled", "pending"}),
    "running": frozenset(
        {"verifying", "merging", "done", "failed", "waiting", "pending", "cancelled", "needs_person"}
    ),
    "verifying": frozenset({"merging", "done", "failed", "waiting", "pending", "cancelled", "needs_person"}),
    "merging": frozenset({"done", "failed", "waiting", "pending", "cancelled", "needs_person"}),
    "waiting": frozenset({"ready", "running", "failed", "pending", "cancelled"}),
    "done": frozenset({"pending"}),
    "failed": frozenset({"pending", "done", "cancelled"}),
    "needs_person": frozenset({"pending", "ready", "done", "cancelled"}),
    "blocked": frozenset({"pending", "cancelled"}),
    "skipped": frozenset({"pending"}),
    "cancelled": frozenset({"pending"}),
}
"""From each state, where a task may go. Back to `pending`: a changed task, a new session, a person's word."""

AT_WORK: tuple[TaskState, ...] = ("running", "verifying", "merging")
"""States in which an attempt is under way."""

FINAL: frozenset[TaskState] = frozenset({"done", "failed", "blocked", "skipped", "cancelled", "needs_person"})
"""States in which nothing more happens in this session."""

ENDED: frozenset[TaskState] = frozenset({"done", "failed", "skipped", "cancelled"})
"""States of a task that has come to a result, or is to have none."""
NOT_COMING: frozenset[TaskState] = frozenset({"failed", "cancelled", "needs_person"})
"""States that block what needs the task."""

STATE_AFTER: dict[AttemptEnd, TaskState] = {
    "done": "done",
    "retry": "waiting",
    "waiting": "waiting",
    "failed": "failed",
    "needs_person": "needs_person",
    "interrupted": "pending",
    "cancelled": "cancelled",
}
"""The state of a task after an attempt that ended so."""
