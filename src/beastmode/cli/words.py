"""What a run says at its end, in a few lines; and how the text of others is made safe for a terminal."""

from __future__ import annotations

import shlex

from beastmode.runner.printable import printable
from beastmode.runner.report.words import counted, duration, how_many_done, utc
from beastmode.runner.summary import Summary

_HELD = {
    "held": "the server could not be used for longer than --max-wait allows",
    "budget": "the budget of attempts is used up; raise it with --max-attempts",
    "spent": "its budget is used up; raise it with --budget",
    "time": "the time is used up; raise it with --max-time",
}


def safe(text: object) -> str:
    """Text of others on one line, without anything that a terminal would obey."""
    return str(printable(str(text)))


def safe_lines(text: str) -> str:
    """Text of others in its lines, without anything else that a terminal would obey."""
    return "\n".join(safe(line.expandtabs()) for line in text.splitlines())


def ending(summary: Summary, file: str) -> str:
    """How the run ended, what to do next, and where the report is."""
    bound = f" (lower bound {duration(summary.lower_bound_s)})" if summary.lower_bound_s else ""
    starts = counted(summary.most_starts_in_window, "start")
    window = f", {starts} in any window" if summary.most_starts_in_window else ""
    lines = [
        f"{summary.run_id} {summary.state}: {how_many_done(summary.tasks)} in {duration(summary.makespan_s)}{bound}; "
        f"at most {summary.most_in_flight} at once{window}",
        *_next(summary, shlex.quote(file)),
        f"Report: {summary.report}/report.md",
    ]
    return "\n".join(lines)


def _next(summary: Summary, file: str) -> list[str]:
    lines = []
    if summary.state == "held":
        until = f" until {utc(summary.until_unix)}" if summary.until_unix is not None else ""
        why = _HELD.get(summary.reason, summary.reason)
        lines.append(f"Held back{until}: {why}. The same command goes on.")
    if summary.state == "interrupted":
        lines.append("Interrupted. The same command goes on.")
    if summary.tasks["failed"]:
        lines.append(f"Run what failed again: beast run {file} --failed (with the same options)")
    return lines
