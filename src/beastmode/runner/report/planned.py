"""Plan against actual: what each session was to take when it began, and what it has taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from beastmode.runner import measures
from beastmode.runner.progress import Progress
from beastmode.runner.views import AttemptView, SessionView

Plain = dict[str, Any]

_WHOLE = ("done", "failed")
"""How sessions end that have come to the end of their list."""


def plan_lines(progress: Progress) -> list[Plain]:
    """A line for each session that had an estimate.   progress: with its attempts kept.

    tasks: that it was to run, and how many of them have ended.   figures: low, median and high as foreseen, and actual;
    within: whether it lies between low and high; None where the session did not come to the end of its list.
    """
    makespans = measures.makespans_s(progress)
    return [
        _line(session, [a for a in progress.attempts if a.session == session.number], makespans)
        for session in progress.sessions
        if session.estimate
    ]


def _line(session: SessionView, attempts: Sequence[AttemptView], makespans: dict[int, float]) -> Plain:
    told, state = session.estimate, session.ended.data.get("state", "") if session.ended else ""
    ended = {attempt.task for attempt in attempts if attempt.end in ("done", "failed", "needs_person")}
    actual = {
        "seconds": makespans.get(session.number, 0.0),
        "attempts": float(len(attempts)),
        **_used(attempts),
    }
    figures = {
        name: _figure(told[name], of, whole=state in _WHOLE) for name, of in actual.items() if name in told
    }
    return {
        "session": session.number,
        "source": told.get("source", ""),
        "tasks": told["tasks"],
        "tasks_ended": len(ended),
        "figures": figures,
    }


def _used(attempts: Sequence[AttemptView]) -> dict[str, float]:
    """What they have asked of their model; nothing where nobody counted."""
    usages = [attempt.usage for attempt in attempts if attempt.usage]
    if not usages:
        return {}
    return {
        "requests": sum(usage.get("requests", 0) for usage in usages),
        "tokens": sum(usage.get("tokens_in", 0) + usage.get("tokens_out", 0) for usage in usages),
        "usd": sum(usage.get("cost_usd", 0.0) for usage in usages),
    }


def _figure(told: dict[str, float], actual: float, *, whole: bool) -> Plain:
    rounded = round(actual, 3)
    within = told["low"] <= rounded <= told["high"] if whole else None
    return {**told, "actual": rounded, "within": within}
