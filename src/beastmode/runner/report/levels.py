"""What an `auto` has found: how many at once, over time, and why it changed. Of tasks, and of each model server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from beastmode.events import LIMITS, Event
from beastmode.runner.progress import Progress
from beastmode.runner.report.timeline import Axis

Plain = dict[str, Any]

MOST_CHANGES = 500
"""The last ones, of each; the journal has all."""
TASKS = "tasks"


def levels(progress: Progress) -> list[Plain]:
    """One for each limit that was looked for; none where numbers were all there was.

    of: `tasks`, or the name of a model server.   history: at_s, seconds with a runner at work; limit from then on; why.
    """
    axis, found = Axis(progress), dict[str, list[Plain]]()
    for session in progress.sessions:
        settings = session.started.data.get("settings", {})
        if "auto" in settings:
            _add(found, axis, session.number, session.started, TASKS, settings["concurrency"], "start")
    for event in progress.evidence:
        if event.kind == LIMITS and event.data.get("reason") == "auto":
            data = event.data
            of, limit = (
                (data["upstream"], data["at_once"]) if "upstream" in data else (TASKS, data["concurrency"])
            )
            _add(found, axis, progress.session_of(event), event, of, limit, data["why"])
    return list(_summed(found))


def level_now(progress: Progress) -> dict[str, int]:
    """The limit that holds now, of each that is still looked for."""
    tasks = {} if _tasks_by_number(progress) else {TASKS: progress.settings["concurrency"]}
    return tasks | {of["of"]: of["last"] for of in levels(progress) if of["of"] != TASKS}


def _tasks_by_number(progress: Progress) -> bool:
    """Whether a person's number holds for tasks: that of the session's flags, or a later one."""
    if not progress.sessions:
        return True
    began = progress.sessions[-1].started
    by_number = "auto" not in began.data.get("settings", {})
    for event in progress.evidence:
        data = event.data
        if event.seq > began.seq and data.get("reason") == "person" and "concurrency" in data:
            by_number = not str(data.get("asked", data)["concurrency"]).startswith("auto")
    return by_number


def _add(
    found: dict[str, list[Plain]], axis: Axis, session: int, event: Event, of: str, limit: int, why: str
) -> None:
    at_s = round(axis.place(session, event.mono_us) / 1e6, 3)
    found.setdefault(of, []).append({"at_s": at_s, "limit": limit, "why": why})


def _summed(found: dict[str, list[Plain]]) -> Iterator[Plain]:
    for of, history in found.items():
        history.sort(key=lambda change: float(change["at_s"]))
        limits = [change["limit"] for change in history]
        yield {
            "of": of,
            "changes": len(history),
            "first": limits[0],
            "lowest": min(limits),
            "highest": max(limits),
            "last": limits[-1],
            "reasons": dict(Counter(change["why"] for change in history)),
            "history": history[-MOST_CHANGES:],
        }
