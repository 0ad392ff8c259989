"""Places: where an attempt writes its code, as its kind sees them. `workspace.py` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from beastmode.failures.failure import Failure
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.work import Coding


class WorkspaceError(Exception):
    """A place that could not be made, entered or saved.   failure: what the attempt ends with."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Place:
    """The worktree of a task.   path: its top.   folder: where the work is done in it.   base: the commit that it
    began from.   branch: of the task.   env: what everything that runs there gets."""

    task: str
    path: Path
    folder: Path
    base: str
    branch: str
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Saved:
    """Work as one commit.   changed: it differs from the base; files: in what, at most 1000."""

    commit: str
    changed: bool
    files: tuple[str, ...]


class Workspaces(Protocol):
    """Gives attempts their places, and keeps what they leave there."""

    async def enter(self, attempt: Attempt, work: Coding) -> Place:
        """The place of a task, made or taken up. Raises WorkspaceError."""
        ...

    async def save(self, place: Place, message: str) -> Saved:
        """All that changed there, committed on the task's branch. Raises WorkspaceError."""
        ...
