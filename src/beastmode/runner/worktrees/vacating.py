"""Vacating: a worktree that its task needs no more is made clean for the next, in one look at its files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import task_ref
from beastmode.runner.worktrees.files import delete
from beastmode.runner.worktrees.ignored import precious_among
from beastmode.runner.worktrees.salvage import set_aside
from beastmode.runner.worktrees.worktree import Row, Worktree


@dataclass(frozen=True, slots=True)
class Vacate:
    """Makes a worktree clean.   git: of the repository.   run, task: whose it was.   saved: its last commit.
    aside: for what no commit can hold.   shown: the commit that we have made it show since, "" for none.   proven: what
    is in it and not saved was left by a proof."""

    git: Git
    run: str
    task: str
    saved: str
    aside: Path
    shown: str = ""
    proven: bool = False

    async def __call__(self, worktree: Worktree, commit: str) -> bool:
        """The worktree is detached at `commit`, with no file that is not of it, and nobody's.

        What was not saved is set aside first. False, and nothing is deleted, where it has ignored files that only it
        has. Raises GitError, OSError.
        """
        worktree.mend(self.aside)
        rows = await worktree.rows(ignored=True)
        if precious_among(worktree.state, rows):
            return False
        changed = [row for row in rows if not row.is_ignored]
        unsaved = not await self._is_where_it_was(worktree) or (changed and not self.proven)
        if unsaved:
            if self.proven:
                await worktree.undo()
            why = f"Set aside: what {self.task} had not saved"
            saved = self.saved, self.aside, why, self.shown
            await set_aside(self.git, worktree, self.run, self.task, *saved)
        if unsaved or any(row.state != "??" for row in changed):
            await worktree.go_to(commit)
            rows = await worktree.rows(ignored=True)
        worktree.state = None
        await asyncio.to_thread(_delete, worktree, rows)
        await worktree.advance(commit)
        return True

    async def _is_where_it_was(self, worktree: Worktree) -> bool:
        """Whether nobody has committed in it, or gone elsewhere, since it was saved."""
        ref = task_ref(self.run, self.task)
        head, _ = await worktree.head()
        tip = (await self.git.refs(ref)).get(ref, self.saved)
        return head == (self.shown or self.saved) and tip == self.saved and not worktree.operation


def _delete(worktree: Worktree, rows: Sequence[Row]) -> None:
    """All that git does not know, ignored or not, and what it does not see."""
    for row in rows:
        if row.is_ignored or row.state == "??":
            delete(worktree.path / row.path.rstrip("/"))
    worktree.tidy()
