"""What a run says at its end, in a few lines; and how the text of others is made safe for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from beastmode.amounts import counted, duration, usd
from beastmode.runner.printable import printable
from beastmode.runner.report.words import how_many_done, utc

if TYPE_CHECKING:
    from beastmode.runner.summary import Summary

_HELD = {
    "held": "the server could not be used for longer than --max-wait allows",
    "budget": "the budget of attempts is used up; raise it with --max-attempts",
    "spent": "what its models may cost is used up; raise it with --budget, or that of the task that was named",
    "time": "the time is used up; raise it with --max-time",
}


_MOST_NAMED = 3
"""The end of a run is read at a glance, in the morning."""


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
        *_code(summary),
        *_gates(summary),
        *_next(summary, shlex.quote(file)),
        f"Report: {summary.report}/report.md",
    ]
    return "\n".join(lines)


def _code(summary: Summary) -> list[str]:
    """Of a run that writes code: what it cost, where it is, and how to look at what needs somebody."""
    lines = []
    run, used, tasks = summary.run_id, summary.upstream, summary.by_task or []
    if used and used["requests"]:
        unpriced = f" and {counted(used['unpriced'], 'request')} without a price" if used["unpriced"] else ""
        asked = f"{counted(used['requests'], 'request')}, {used['hits']:.0f} from memory, {used['refused']:.0f} refused"
        lines.append(f"Model: {usd(used['cost_usd'], sign='')} USD{unpriced}; {asked}.")
    if merged := sum(task["merged"] for task in tasks):
        branch = f"beast/{run}/result"
        lines.append(
            f"Merged: {merged} on {branch}. Look: git log --stat {branch}. Take it: beast merge {run}"
        )
    gates = summary.gates or []
    waiting = [
        task["id"]
        for task in tasks
        if task["state"] in ("needs_person", "failed") and task["id"] not in gates
    ]
    named, more = waiting[:_MOST_NAMED], len(waiting) - _MOST_NAMED
    lines += [f"Look at {safe(task)}: beast review {run} {shlex.quote(task)}" for task in named]
    lines += [f"And {more} more: beast review {run}"] if more > 0 else []
    return [*lines, *_elsewhere(run, [task["id"] for task in tasks if task.get("elsewhere")])]


def _elsewhere(run: str, tasks: Sequence[str]) -> list[str]:
    """What changed elsewhere than in their worktrees while agents ran."""
    lines = [
        f"While {safe(task)} ran, something changed elsewhere: beast review {run} {shlex.quote(task)}"
        for task in tasks[:_MOST_NAMED]
    ]
    more = len(tasks) - _MOST_NAMED
    return [*lines, f"And elsewhere of {more} more: beast status {run}"] if more > 0 else lines


def _gates(summary: Summary) -> list[str]:
    """What waits for a person's word that its list asks for."""
    waiting = summary.gates or []
    named, more = waiting[:_MOST_NAMED], len(waiting) - _MOST_NAMED
    lines = [
        f"{safe(task)} waits for your word: beast approve {summary.run_id} {shlex.quote(task)}"
        for task in named
    ]
    return [*lines, f"And {more} more: beast review {summary.run_id}"] if more > 0 else lines


def _next(summary: Summary, file: str) -> list[str]:
    lines = []
    if summary.state == "held":
        until = f" until {utc(summary.until_unix)}" if summary.until_unix is not None else ""
        why = _HELD.get(summary.reason, summary.reason)
        lines.append(f"Held back{until}: {why}. The same command goes on.")
    if summary.state == "interrupted":
        lines.append("Interrupted. The same command goes on.")
    if summary.state == "cancelled":
        lines.append(f"Cancelled. To have it after all: beast retry {summary.run_id}, then the same command.")
    elif cancelled := summary.tasks["cancelled"]:
        again = f"beast retry {summary.run_id}, then the same command"
        lines.append(f"{counted(cancelled, 'task')} cancelled for good. To have that after all: {again}.")
    if summary.tasks["failed"]:
        lines.append(f"Run what failed again: beast run {file} --retry-failed (with the same options)")
    return lines
