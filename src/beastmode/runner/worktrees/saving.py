"""Saving: all that an attempt changed in its worktree becomes one commit on the branch of its task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.code.commits import signed_like
from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import saved_ref, task_ref
from beastmode.runner.worktrees import task_refs
from beastmode.runner.worktrees.odd_files import odd_among
from beastmode.runner.worktrees.oddities import named
from beastmode.runner.worktrees.place import Place, Saved, no_place
from beastmode.runner.worktrees.salvage import leave_out, ours, set_aside
from beastmode.runner.worktrees.submodules import Submodules
from beastmode.runner.worktrees.worktree import Row, Worktree, is_below

_MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class Save:
    """Saves the worktree of one task.   git: of the repository.   aside: for what no commit can hold."""

    git: Git
    run: str
    worktree: Worktree
    place: Place
    aside: Path
    submodules: Submodules

    async def __call__(self, message: str) -> Saved:
        """What is on the task's branch now. Where an agent has left the branch, its work is brought there.

        Raises WorkspaceError where that cannot be; all work is set aside then, and the worktree is as it was saved
        last.
        """
        place, worktree = self.place, self.worktree
        if not worktree.is_there:
            raise no_place("the agent deleted its worktree", place.path, _TIP)
        worktree.mend(self.aside)
        head, ref = await worktree.head()
        rows = await worktree.rows()
        await self._refuse_unfinished(rows)
        saved = await self._last()
        if head != saved:
            await self._refuse_foreign(head)
        parent = await self._parent(head or saved, saved)
        signature = await signed_like(self.git, place.base) if rows else {}
        await self.submodules.save(worktree, rows, self.run, message, signature)
        commit = await self._commit(parent, rows, message, signature)
        if commit != saved or ref != task_ref(self.run, place.task) or head != commit:
            worktree.end_operations()
            await task_refs.save(self.git, self.run, place.task, commit)
        if ref != task_ref(self.run, place.task):
            worktree.point(f"ref: {task_ref(self.run, place.task)}")
        known = head == place.base and not self.submodules.repositories
        return await self._saved(commit, _files_in(ours(rows, worktree.excluded)) if known else None)

    async def _last(self) -> str:
        """The commit that was saved last."""
        ref = saved_ref(self.run, self.place.task)
        held = await self.git.refs(ref)
        if ref not in held:
            raise no_place(f"{ref} is gone", self.place.path, _TIP)
        return held[ref]

    async def _refuse_unfinished(self, rows: Sequence[Row]) -> None:
        """A rebase on its way, or conflicts that are in the files."""
        unmerged = [row.path for row in rows if row.unmerged]
        operation = self.worktree.operation
        if unmerged:
            await self._refuse(f"the agent left conflicts in {named(unmerged)}, of {operation or 'a merge'}")
        if operation == "a rebase":
            await self._refuse("the agent left a rebase that is not finished")
        odd = list(odd_among(self.worktree.path, ours(rows, self.worktree.excluded)))
        if odd:
            what = named([f"{one.path} {one.why}" for one in odd])
            await self._refuse(f"the agent left what no commit can hold: {what}")

    async def _refuse_foreign(self, head: str) -> None:
        """A commit that does not come from the one that the task began from, as after a reset or on another branch."""
        base = self.place.base
        if head and not await self.git.holds(head, base):
            await self._refuse(f"the agent went to commit {head[:12]}, which does not come from {base[:12]}")

    async def _refuse(self, cause: str) -> None:
        """Set all of it aside, go back, and say so."""
        task, worktree = self.place.task, self.worktree
        saved = await self._last()
        kept = await set_aside(self.git, worktree, self.run, task, saved, self.aside, f"Set aside: {cause}")
        await task_refs.save(self.git, self.run, task, saved)
        await worktree.go_to(saved, task_ref(self.run, task))
        await worktree.sweep()
        where = f"; it is kept in {named([ref.removeprefix('refs/heads/') for ref in kept])}" if kept else ""
        raise no_place(f"{cause}{where}", self.place.path, _TIP)

    async def _parent(self, head: str, saved: str) -> str:
        """What the commit stands on: the agent's own commits, unless one of them holds what none may."""
        if head == saved or not self.worktree.excluded:
            return head
        literal = {"GIT_LITERAL_PATHSPECS": "1"}
        told = await self.worktree.git(
            "rev-list", "-1", f"{self.place.base}..{head}", "--", *self.worktree.excluded, env=literal
        )
        return self.place.base if told else head

    async def _commit(self, parent: str, rows: Sequence[Row], message: str, signature: dict[str, str]) -> str:
        mine = [row.path for row in ours(rows, self.worktree.excluded)]
        await self.worktree.stage(mine)
        staged = any(row.state != "??" and is_below(row.path, self.worktree.excluded) for row in rows)
        head, _ = await self.worktree.head()
        begun_anew = parent == self.place.base != head
        left_out = (staged or begun_anew) and await leave_out(
            self.worktree, self.place.base, self.worktree.excluded
        )
        if not mine and not left_out and not staged and head == parent:
            return parent
        tree = await self.worktree.git("write-tree")
        if tree == (await self.git.commit(parent)).tree:
            return parent
        signature = signature or await signed_like(self.git, self.place.base)
        return await self.git("commit-tree", tree, "-p", parent, stdin=message.encode(), env=signature)

    async def _saved(self, commit: str, files: list[str] | None) -> Saved:
        """files: that differ from the base, where that is known."""
        if commit == self.place.base:
            return Saved(commit, False, ())
        if files is not None:
            return Saved(commit, True, tuple(files[:_MOST_FILES]))
        out = await self.git("diff-tree", "-r", "--name-only", "--no-renames", "-z", self.place.base, commit)
        there = tuple(out.split("\0")[:-1][:_MOST_FILES]) if out else ()
        return Saved(commit, bool(there), there)


def _files_in(rows: Sequence[Row]) -> list[str] | None:
    """The files that a commit of these rows changes, as git sorts them; None where the index said something of its own:
    then git is asked."""
    if any(row.state not in ("??", " M", " D") for row in rows):
        return None
    return sorted((row.path for row in rows), key=lambda path: path.encode("utf-8", "surrogateescape"))


_TIP = "Read the log of the attempt to see what the agent did; the next one begins from what was saved last."
