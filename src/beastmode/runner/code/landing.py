"""Landing: after a kill, which work is in the result branch although its end was never recorded.

Between the record that the branch is about to move and the record that the attempt has ended lies the move itself. Git
knows whether it took place: then the task is done, and what a kill left out is recorded now, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from beastmode.events import ACCEPTED, ATTEMPT_ENDED
from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import branch_of, result_ref, task_ref
from beastmode.runner.progress import Progress
from beastmode.runner.views import TaskView


@dataclass(frozen=True, slots=True)
class Landed:
    """Work that was merged by an attempt, or for a person (0), without its record.   branch: the task's own."""

    task: str
    attempt: int
    commit: str
    branch: str

    def event(self) -> tuple[str, str, int, dict[str, Any]]:
        """The record that is missing: kind, task, attempt, data."""
        facts = {"commit": self.commit, "branch": self.branch}
        if not self.attempt:
            return ACCEPTED, self.task, 0, facts
        return ATTEMPT_ENDED, self.task, self.attempt, {"end": "done", **facts, "merged": True}


async def landed(git: Git, run: str, commit: str) -> bool:
    """Whether a commit is in the result branch of a run. False where there is no such branch, or commit."""
    return await git.holds(result_ref(run), commit)


async def landed_in(git: Git, run: str, progress: Progress) -> dict[str, Landed]:
    """The tasks whose work is in the result branch without being recorded as done, by their ids."""
    return {
        view.id: Landed(view.id, attempt, commit, branch_of(task_ref(run, view.id)))
        for view, attempt, commit in list(_in_question(progress))
        if await landed(git, run, commit)
    }


def _in_question(progress: Progress) -> Iterator[tuple[TaskView, int, str]]:
    """The tasks that were being merged at the last word of their runner, or of a person's command."""
    for view in progress.tasks.values():
        if view.code is not None and view.code.merging is not None:
            attempt, commit = view.code.merging
            if attempt == view.open_attempt:
                yield view, attempt, commit
