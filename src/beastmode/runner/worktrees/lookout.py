"""Lookout: what an attempt has left elsewhere than in its worktree, seen by a look before it and one after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.worktrees.elsewhere import Elsewhere, Outlook, outlook
from beastmode.runner.worktrees.strays import Stray, strays_between
from beastmode.runner.worktrees.trail import Trail, begins, trail_of
from beastmode.runner.worktrees.worktree import Worktree

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Watched:
    """An attempt that is looked after.   branch: of its task, as people call it.   begun: where the trail of its
    worktree began."""

    worktree: Worktree
    branch: str
    base: str
    before: Elsewhere
    begun: int

    def trail(self) -> Trail:
        """Where its worktree has stood so far."""
        return trail_of(self.worktree.admin, self.begun)


class Lookout:
    """Looks for one run.   top: of the user's checkout.   common: the folder of git that all worktrees share.
    lists: paths that we may write ourselves.

    What the agent of one task is known to have done is told of no other. What nobody is known to have done is told of
    each attempt that ran meanwhile, since it cannot be told whose it is: the user works in the same repository.
    """

    def __init__(self, git: Git, top: Path, common: Path, lists: Sequence[str]) -> None:
        self._git, self._top = git, top
        self._outlook: Outlook = outlook(git, top, common, lists)
        self._files = _NOTHING
        self._watched: dict[str, Watched] = {}
        self._owned: set[tuple[str, str]] = set()

    async def begin(self) -> None:
        """Files that differ when a run begins are the user's. Raises GitError."""
        self._files = await self._outlook.files()

    async def look(self) -> Elsewhere:
        """How it stands as an attempt begins. Raises GitError."""
        return await self._outlook.look(self._files)

    def watch(self, task: str, worktree: Worktree, branch: str, base: str, before: Elsewhere) -> None:
        """An attempt of this task begins in this worktree."""
        self._watched[task] = Watched(worktree, branch, base, before, begins(worktree.admin))

    def leave(self, task: str) -> None:
        """The task has come to its end."""
        self._watched.pop(task, None)

    def trail(self, task: str) -> Trail:
        """Where the worktree of a task has stood, since its attempt began."""
        return self._watched[task].trail()

    async def strays(self, task: str, *, walled: bool) -> list[Stray]:
        """What is otherwise than as its attempt began.

        walled: its agent could not write in the user's checkout; then the files there are looked at only where their
        index was written. Raises GitError.
        """
        mine = self._watched[task]
        now = await self._outlook.look(mine.before.files)
        before = mine.before
        if not walled or (before.index, before.head) != (now.index, now.head):
            self._files = await self._outlook.files()
            now = replace(now, files=self._files)
        trail = mine.trail()
        found = strays_between(before, now, trail, mine.base, self._top)
        found = [await self._stash_of(mine, stray) if stray.kind == "stash" else stray for stray in found]
        others = [watched.trail().made for name, watched in self._watched.items() if name != task and found]
        theirs = frozenset().union(*others) | {id_ for owner, id_ in self._owned if owner != task}
        self._owned |= {(task, stray.new) for stray in found if stray.own}
        return [stray for stray in found if stray.own or not stray.new or stray.new not in theirs]

    async def _stash_of(self, mine: Watched, stray: Stray) -> Stray:
        """Git names the branch that a stash was made on."""
        subject = (await self._git.commit(stray.name)).subject or ""
        return replace(stray, own=stray.how == "made" and f" {mine.branch}: " in f" {subject} ")
