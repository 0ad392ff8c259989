"""Vacating: a worktree that its task needs no more is made clean for the next, in one look at its files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.git import Git
from beastmode.runner.worktrees.files import delete, tidy
from beastmode.runner.worktrees.ignored import precious_among
from beastmode.runner.worktrees.salvage import set_aside
from beastmode.runner.worktrees.worktree import Worktree


@dataclass(frozen=True, slots=True)
class Vacate:
    """Makes a worktree clean.   git: of the repository.   run, task: whose it was.   saved: its last commit.
    aside: for what no commit can hold."""

    git: Git
    run: str
    task: str
    saved: str
    aside: Path

    async def __call__(self, worktree: Worktree, commit: str) -> bool:
        """The worktree is detached at `commit`, with no file that is not of it, and nobody's.

        What was not saved is set aside first. False, and nothing is deleted, where it has ignored files that only it
        has. Raises GitError, OSError.
        """
        worktree.mend(self.aside)
        rows = await worktree.rows(ignored=True)
        if precious_among(worktree.state, rows):
            return False
        head, _ = await worktree.head()
        changed = [row for row in rows if not row.is_ignored]
        if changed or head != self.saved or worktree.operation:
            why = f"Set aside: what {self.task} had not saved"
            await set_aside(self.git, worktree, self.run, self.task, self.saved, self.aside, why)
            await worktree.go_to(commit)
        worktree.state = None
        for row in rows:
            if row.is_ignored or row.state == "??":
                await asyncio.to_thread(delete, worktree.path / row.path.rstrip("/"))
        await asyncio.to_thread(tidy, worktree.path)
        await worktree.advance(commit)
        return True
