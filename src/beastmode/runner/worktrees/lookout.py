"""Lookout: what an attempt has left elsewhere than in its worktree, seen by a look before it and one after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.worktrees.elsewhere import Elsewhere, Outlook, outlook
from beastmode.runner.worktrees.strays import Stray, is_of, strays_between
from beastmode.runner.worktrees.trail import Trail, begins, trail_of
from beastmode.runner.worktrees.worktree import Worktree

OURS = "beast/"
_STASHED = re.compile(r"(?:WIP on|On) (\S+): ")
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
        self._owners: dict[tuple[str, str, str], str] = {}

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
        found = strays_between(before, now, mine.trail(), mine.base, self._top)
        branches = {stray.name: await self._stashed_on(stray) for stray in found if stray.kind == "stash"}
        found = [replace(s, own=True) if branches.get(s.name) == mine.branch else s for s in found]
        found = [s for s in found if s.own or not branches.get(s.name, "").startswith(OURS)]
        return self._without_theirs(task, found)

    def _without_theirs(self, task: str, found: Sequence[Stray]) -> list[Stray]:
        """Less what the agents of other tasks did, at work now or before."""
        self._owners |= {_key(stray): task for stray in found if stray.own}
        others = [one.trail() for name, one in self._watched.items() if name != task and found]
        return [
            stray
            for stray in found
            if stray.own or not (_key(stray) in self._owners or any(is_of(stray, trail) for trail in others))
        ]

    async def _stashed_on(self, stray: Stray) -> str:
        """The branch that git names in what it says of a stash; "" where it names none, or the stash is gone: somebody
        else may have taken that out."""
        subject = (await self._git.commit(stray.name)).subject if stray.how == "made" else ""
        named = _STASHED.match(subject or "")
        return named[1] if named else ""


def _key(stray: Stray) -> tuple[str, str, str]:
    return stray.kind, stray.name, stray.new
