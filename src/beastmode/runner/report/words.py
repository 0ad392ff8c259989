"""The words for the figures of a run, shared by its report and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from beastmode.amounts import counted, duration

if TYPE_CHECKING:
    from beastmode.runner.summary import Summary

Plain = Mapping[str, Any]

STATES = {
    "done": "✓ done",
    "running": "▶ running",
    "verifying": "▶ verifying",
    "merging": "▶ merging",
    "failed": "✗ failed",
    "blocked": "⊘ blocked",
    "waiting": "… waiting",
    "needs_person": "? needs a person",
    "skipped": "» skipped",
    "cancelled": "⊘ cancelled",
}
LEVELS = "How many at once were allowed where that was `auto`: found out from how calls and attempts ended."
ELSEWHERE = "What was moved, made or deleted while an attempt ran, elsewhere than in its worktree."
_REST = ("failed", "needs_person", "blocked", "cancelled", "waiting", "skipped")


# ---- numbers -------------------------------------------------------------------------------------


def memory(kib: float | None) -> str:
    """KiB for people; `—` where nothing was recorded."""
    if not kib:
        return "—"
    return f"{kib / 1024:.0f} MiB" if kib < 1024 * 1024 else f"{kib / 1024 / 1024:.1f} GiB"


def throughput(per_s: float | None) -> str:
    """Tasks over time, in the unit that leaves a number one can picture."""
    if not per_s:
        return "—"
    for unit, span_s in (("s", 1.0), ("min", 60.0)):
        if per_s * span_s >= 1:
            return f"{per_s * span_s:,.2f} tasks/{unit}"
    return f"{per_s * 3600:,.2f} tasks/h"


def utc(unix: float | None) -> str | None:
    """A time for people and for machines, with its zone named."""
    return None if unix is None else f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%S} UTC"


def period(begin_utc: str | None, end_utc: str | None) -> str:
    """From when to when; the day said once."""
    if begin_utc is None:
        return "not started"
    if end_utc is None:
        return f"since {begin_utc}"
    end = end_utc[11:] if end_utc[:10] == begin_utc[:10] else end_utc
    return f"{begin_utc.removesuffix(' UTC')} to {end}"


def left_out(count: int, noun: str) -> str:
    """What a bounded list does not show; "" where it shows all."""
    return f"… and {counted(count, f'more {noun}')}: see report.json." if count > 0 else ""


# ---- sentences -----------------------------------------------------------------------------------


def how_many_done(counts: Mapping[str, int]) -> str:
    """`5 of 13 tasks done (6 failed, 2 blocked)`. What was skipped is not counted among all."""
    person = "needs a person" if counts["needs_person"] == 1 else "need a person"
    names = {"needs_person": person, "waiting": "still to do"}
    rest = [f"{counts[state]:,} {names.get(state, state)}" for state in _REST if counts[state]]
    others = f" ({', '.join(rest)})" if rest else ""
    return f"{counts['done']:,} of {counted(counts['total'] - counts['skipped'], 'task')} done{others}"


def headline(summary: Summary, window_s: float | None) -> str:
    """The whole run in a sentence or two.   window_s: of the first rate; None: there was none."""
    done = how_many_done(summary.tasks)
    if not summary.attempts:
        return f"{done}; nothing was started.{_so_far(summary)}"
    limits = f"never more than {summary.most_in_flight} at once"
    if window_s is not None:
        limits += f" and {counted(summary.most_starts_in_window, 'start')} in any {duration(window_s)}"
    return f"{done} in {duration(summary.makespan_s)}, {limits}.{_so_far(summary)}"


def _so_far(summary: Summary) -> str:
    if summary.state == "held":
        until = f" until {utc(summary.until_unix)}" if summary.until_unix else ""
        return f" Held back{until}: the same command goes on."
    return {
        "interrupted": " Interrupted: the same command goes on.",
        "cancelled": " The run was cancelled.",
        "paused": " The run is paused: this is how it stands.",
        "running": " The run is still at work: this is how it stands.",
        "killed": " The runner was killed: the same command goes on.",
        "error": " The journal or its disk failed: the same command goes on once that is mended.",
    }.get(summary.state, "")


def named(row: Plain) -> str:
    """A task by id and title."""
    return f"{row['task']}: {row['title']}" if row["title"] not in ("", row["task"]) else str(row["task"])


def group_title(group: Plain) -> str:
    """What failures that are alike have in common."""
    return f"{group['class'] or 'failed'}: {counted(group['count'], 'task')}"


def state_words(row: Plain) -> str:
    """A task's state, with what it waits for or is blocked by."""
    words = str(STATES.get(row["state"], row["state"]))
    if row["state"] == "blocked" and row["reason"]:
        return f"{words} by {row['reason']}"
    return f"{words} until {row['until_utc']}" if row["until_utc"] else words


_REASONS = {
    "slot": "a free slot",
    "rate": "the rate",
    "retries": "the budget of retries",
    "unhealthy": "health",
    "paused": "a person, who had paused the run",
    "restart": "what the runner before may have left",
}


def reason_words(reason: str) -> str:
    """What was waited for, in words."""
    return _REASONS.get(reason, reason.replace("_", " "))
