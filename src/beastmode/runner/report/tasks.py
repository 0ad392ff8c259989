"""What was run: the run itself, its sessions, its phases and tasks, and what kinds of work they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from beastmode.runner.progress import Progress
from beastmode.runner.report.words import utc
from beastmode.runner.summary import Summary
from beastmode.runner.views import SessionView, TaskView
from beastmode.runner.work import GENERATE, PLAYBACK

Plain = dict[str, Any]

MOST_TASKS = 10_000
"""Rows of the task table in report.json, and phases. Failures are always complete."""
LONGEST_TEXT = 500
"""Characters of a title, cause or name that are kept for people; the journal has the rest."""

CATEGORIES = ("improvement", "optimization", "test", "docs", "others")
_SAME_CATEGORY = {"tests": "test", "testing": "test", "doc": "docs", "documentation": "docs"}
_SAME_CATEGORY |= {
    "improvements": "improvement",
    "optimisation": "optimization",
    "optimizations": "optimization",
}


def cut(text: str) -> str:
    """The text, or as much of it as is kept for people."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def run_line(progress: Progress) -> Plain:
    """What was run, and when."""
    data = progress.started.data if progress.started else {}
    first, last = (progress.sessions[0], progress.sessions[-1]) if progress.sessions else (None, None)
    return {
        "run_id": progress.name,
        "title": cut(data.get("title", "")),
        "roadmap": data.get("roadmap", ""),
        "format": data.get("format", ""),
        "order": last.started.data.get("order", "") if last else data.get("rule", ""),
        "started_utc": utc(first.started.unix_us / 1e6) if first else None,
        "ended_utc": utc(last.ended.unix_us / 1e6) if last and last.ended else None,
    }


def session_lines(progress: Progress, summary: Summary) -> list[Plain]:
    """Every turn of a runner at this run."""
    attempts = Counter(attempt.session for attempt in progress.attempts)
    last = progress.sessions[-1] if progress.sessions else None
    return [
        _session(session, attempts[session.number], summary.state if session is last else "killed")
        for session in progress.sessions
    ]


def _session(session: SessionView, attempts: int, without_end: str) -> Plain:
    end: Plain = session.ended.data if session.ended else {}
    return {
        "session": session.number,
        "state": end.get("state", without_end),
        "exit_code": end.get("exit_code"),
        "started_utc": utc(session.started.unix_us / 1e6),
        "ended_utc": utc(session.ended.unix_us / 1e6) if session.ended else None,
        "length_s": round((session.last_us - session.started.mono_us) / 1e6, 3),
        "attempts": attempts,
    }


def task_lines(progress: Progress, took: dict[str, float]) -> list[Plain]:
    """The tasks in the order of the list; where they are too many, those that are not done come first.

    took: seconds of each task's last attempt that ended, from its real start; None where there was none.
    """
    views: Sequence[TaskView] = list(progress.tasks.values())
    if len(views) > MOST_TASKS:
        views = sorted(views, key=lambda view: view.state in ("done", "skipped"))[:MOST_TASKS]
    return [_task(view, took) for view in views]


def _task(view: TaskView, took: dict[str, float]) -> Plain:
    return {
        "task": view.id,
        "title": cut(view.title),
        "phase": _phase(view),
        "category": category(view),
        "kind": view.kind,
        "state": view.state,
        "attempts": view.attempts,
        "took_s": round(took[view.id], 3) if view.id in took else None,
        "reason": cut(view.reason),
        "until_utc": utc(view.until_unix) if view.state == "waiting" else None,
    }


def _phase(view: TaskView) -> str:
    return cut(" / ".join(view.phases))


def phase_lines(progress: Progress, took: dict[str, float]) -> list[Plain]:
    """A line for each phase, in the order of the list."""
    lines: dict[str, Plain] = {}
    for view in progress.tasks.values():
        line = lines.setdefault(
            _phase(view),
            {"phase": _phase(view), "total": 0, "attempts": 0, "took_s": 0.0, "states": Counter()},
        )
        line["total"] += 1
        line["attempts"] += view.attempts
        line["took_s"] += took.get(view.id, 0.0)
        line["states"][view.state] += 1
    return [line | {"took_s": round(line["took_s"], 3)} for line in lines.values()]


def category(view: TaskView) -> str:
    """One of CATEGORIES."""
    name = view.category.strip().casefold()
    name = _SAME_CATEGORY.get(name, name)
    return name if name in CATEGORIES else "others"


def dogfooding(progress: Progress) -> Plain:
    """What kinds of work the run did, and how much of it our own code generation (kind `generate`) did: what was played
    back from recorded answers is counted apart."""
    done = [view for view in progress.tasks.values() if view.state == "done"]
    by_generate = Counter(_is_played(view) for view in done if view.kind == GENERATE)
    total = Counter(category(view) for view in progress.tasks.values())
    of_these = Counter(category(view) for view in done)
    return {
        "categories": {name: {"total": total[name], "done": of_these[name]} for name in CATEGORIES},
        "done": len(done),
        "done_by_generate": by_generate[False],
        "done_by_playback": by_generate[True],
        "kinds": dict(sorted(Counter(view.kind or "command" for view in done).items())),
    }


def _is_played(view: TaskView) -> bool:
    return view.code is not None and view.code.model == PLAYBACK
