"""Reviewing: which tasks of a run wait for a person's word, and what is known of each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from beastmode.runner.progress import Progress
from beastmode.runner.views import CodeView, TaskView

_NO_CODE = CodeView()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Tasks that wait for a person.   stuck: nothing goes on without one.   unseen: done, and nobody has looked."""

    stuck: list[TaskView]
    unseen: list[TaskView]


def waiting_in(progress: Progress) -> Waiting:
    """In the order of the list. Only what writes code is there to be looked at."""
    views = progress.tasks.values()
    stuck = [view for view in views if view.state == "needs_person" or (view.state == "failed" and view.code)]
    unseen = [view for view in views if view.state == "done" and view.code and not view.code.reviewed]
    return Waiting(stuck, unseen)


def as_object(view: TaskView) -> dict[str, Any]:
    """A task as programs read it."""
    code = view.code or _NO_CODE
    return {
        "task": view.id,
        "title": view.title,
        "state": view.state,
        "attempts": view.attempts,
        "branch": code.branch,
        "commit": code.commit,
        "merged": code.merged,
        "reviewed": code.reviewed,
        "note": code.note,
        "usage": code.usage,
        "elsewhere": list(code.elsewhere),
        "failure": view.failure,
    }
