"""Occupying: the worktree at a task's path, whatever stood there before; nothing of that is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import task_ref
from beastmode.runner.worktrees import task_refs
from beastmode.runner.worktrees.files import free_name, move_aside
from beastmode.runner.worktrees.making import take_down
from beastmode.runner.worktrees.salvage import keep, ours, set_aside
from beastmode.runner.worktrees.spares import Spares
from beastmode.runner.worktrees.vacating import Vacate
from beastmode.runner.worktrees.worktree import Worktree, find


@dataclass(frozen=True, slots=True)
class Occupy:
    """Finds, mends, takes over or makes worktrees.   git, common: of the repository.   aside: a folder for what no
    commit can hold.   flags: for each command in a worktree."""

    git: Git
    common: Path
    aside: Path
    run: str
    flags: Sequence[str]
    spares: Spares

    async def __call__(self, task: str, path: Path, saved: str) -> Worktree:
        """The worktree of a task, on its branch, as it was saved. Its `state` is None where it is a new one."""
        found = find(self.git, self.common, path, self.flags)
        if found is not None and found.is_there:
            found.mend(self.aside)
            state = found.state
            if state and (state.run, state.task) == (self.run, task):
                await self._take_up(found, task, saved)
                return found
            taken = await self._take_over(found, saved)
            if taken is not None:
                taken.point(f"ref: {task_ref(self.run, task)}")
                return taken
        elif found is not None:
            await self._forget(found)
        if path.is_symlink() or path.exists():
            move_aside(path, self.aside)
        new = await self.spares.take(path, saved)
        new.point(f"ref: {task_ref(self.run, task)}")
        return new

    async def _take_up(self, worktree: Worktree, task: str, saved: str) -> None:
        """Back to what was saved; what an attempt had not saved is set aside. Mostly there is nothing to do."""
        ref = task_ref(self.run, task)
        rows = ours(await worktree.rows(), worktree.excluded)
        if not rows and await worktree.head() == (saved, ref) and not worktree.operation:
            return
        why = f"Set aside: what an attempt at {task} had not saved"
        await set_aside(self.git, worktree, self.run, task, saved, self.aside, why)
        await task_refs.save(self.git, self.run, task, saved)
        await worktree.go_to(saved, ref)
        await worktree.sweep()

    async def _take_over(self, worktree: Worktree, commit: str) -> Worktree | None:
        """The worktree of another run, without its work; None where it was put aside because of what is in it."""
        state = worktree.state
        if state is None:  # no attempt was ever made in it
            await worktree.go_to(commit)
            await worktree.empty()
            return worktree
        saved = (await task_refs.read(self.git, state.run, state.task)).saved or commit
        if await Vacate(self.git, state.run, state.task, saved, self.aside)(worktree, commit):
            return worktree
        await asyncio.to_thread(worktree.move, free_name(worktree.path.name, self.aside))
        return None

    async def _forget(self, worktree: Worktree) -> None:
        """A worktree whose files are gone; commits that only it held are kept."""
        state = worktree.state
        head, _ = await Worktree(self.git, worktree.admin, worktree.admin).head()
        if state and head:
            saved = (await task_refs.read(self.git, state.run, state.task)).saved
            if saved and not await self.git.holds(saved, head):
                await keep(self.git, state.run, state.task, head)
        take_down(worktree)
