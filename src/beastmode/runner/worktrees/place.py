"""Place: where a task is worked on, what is saved of it, and what it says when there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.runner.kinds.protocol import Attempt


@dataclass(frozen=True, slots=True)
class Place:
    """A worktree that an attempt works in.

    path: of the worktree.   folder: where the agent works, in it.   base: the commit that the task began from.
    branch: of the task, as people call it.   env: what every process there gets.   has_work: changes of an attempt
    before are in it.
    """

    task: str
    path: Path
    folder: Path
    base: str
    branch: str
    env: Mapping[str, str]
    has_work: bool = False


def in_place(attempt: Attempt, place: Place) -> Attempt:
    """The same attempt for what runs in a worktree: its folder, its variables."""
    return replace(attempt, root=place.folder, env={**attempt.env, **place.env})


@dataclass(frozen=True, slots=True)
class Saved:
    """What is on the branch of a task.   changed: whether anything differs from its base.   files: those that do, at
    most 1000."""

    commit: str
    changed: bool
    files: tuple[str, ...]


class WorkspaceError(Exception):
    """There is no place to work in, or its work cannot be saved.   failure: of the attempt."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


def no_place(
    cause: str, path: Path, tip: str | None = None, *, passing: bool | None = None
) -> WorkspaceError:
    """The error of a worktree at a path."""
    return WorkspaceError(classify.of_coding("workspace", cause, tip, passing=passing, where=str(path)))
