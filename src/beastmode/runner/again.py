"""Again: whether a run that has ended short of its end is worth another session, and when. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from beastmode.runner.summary import Summary

MOST_IDLE = 2
"""Sessions in a row that bring no task to its end before it is given up: a list that cannot be done costs money all
night otherwise."""
_FIRST_S, _LONGEST_S = 60.0, 1800.0
_AFTER_RESET_S = 1.0
"""Clocks differ a little: a quota that is asked for in its last instant is still used up."""


@dataclass(frozen=True, slots=True)
class Again:
    """Another session.   wait_s: until then, from now.   why: in words, for whoever watches."""

    wait_s: float
    why: str


class Rounds:
    """Session after session of one run: whether another follows.

    Held back by a server or its quota: when that has passed, however often. Failed tasks: with doubling pauses, until
    `MOST_IDLE` sessions in a row brought none to its end. Never where only a person can help: budgets, gates, Ctrl-C.
    """

    def __init__(self) -> None:
        self._done = self._idle = 0

    def after(self, summary: Summary, now_unix: float) -> Again | str:
        """What follows a session that has ended: another one, or why there is none; "" where all is done."""
        self._idle = 0 if summary.tasks["done"] > self._done else self._idle + 1
        self._done = summary.tasks["done"]
        pause_s = min(_FIRST_S * 2 ** max(0, self._idle - 1), _LONGEST_S)
        if summary.state == "done":
            return ""
        if summary.state == "held":
            return _held(summary, pause_s, now_unix)
        if summary.state != "failed":
            return f"it was {summary.state}"
        if not summary.tasks["failed"]:
            return "what is left needs a person"
        if self._idle >= MOST_IDLE:
            return f"{MOST_IDLE} sessions in a row brought no task to its end"
        return Again(pause_s, f"{summary.tasks['failed']} failed")


def _held(summary: Summary, pause_s: float, now_unix: float) -> Again | str:
    if summary.reason != "held":
        return "a budget is used up, which only a person can raise"
    if summary.until_unix is None:
        return Again(pause_s, "the server could not be used")
    return Again(max(0.0, summary.until_unix - now_unix) + _AFTER_RESET_S, "held back by the server")
