"""What a run says at its end, in a few lines."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from beastmode.runner.summary import Summary

_HELD = {
    "held": "the server asked for a longer wait than --max-wait allows",
    "budget": "the budget of attempts is used up; raise it with --max-attempts",
    "time": "the time is used up; raise it with --max-time",
}


def ending(summary: Summary, file: str) -> str:
    """How the run ended, what to do next, and where the report is."""
    tasks = summary.tasks
    others = [f"{tasks[name]} {name}" for name in tasks if name not in ("total", "done") and tasks[name]]
    also = f" ({', '.join(others)})" if others else ""
    bound = f", lower bound {summary.lower_bound_s:.2f} s" if summary.lower_bound_s else ""
    lines = [
        f"{summary.run_id} {summary.state}: {tasks['done']} of {tasks['total']} tasks done{also} "
        f"in {summary.makespan_s:.2f} s{bound}; at most {summary.most_in_flight} at once, "
        f"{summary.most_starts_in_window} starts in any window",
        *_next(summary, shlex.quote(file)),
        f"Report: {summary.report}/report.md",
    ]
    return "\n".join(lines)


def _next(summary: Summary, file: str) -> list[str]:
    lines = []
    if summary.state == "held":
        until = ""
        if summary.until_unix is not None:
            until = f" until {datetime.fromtimestamp(summary.until_unix, UTC):%Y-%m-%d %H:%M:%S} UTC"
        lines.append(
            f"Held back{until}: {_HELD.get(summary.reason, summary.reason)}. The same command goes on."
        )
    if summary.state == "interrupted":
        lines.append("Interrupted. The same command goes on.")
    if summary.tasks["failed"]:
        lines.append(f"Run what failed again: beast run {file} --failed (with the same options)")
    return lines
