"""Spares: worktrees that nobody works in, clean and at some commit, for the next task.

To write 10,000 files takes longer than all else of a task; to move a worktree and bring it up to date does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from beastmode.runner.git import Git, GitError
from beastmode.runner.worktrees.files import delete
from beastmode.runner.worktrees.worktree import Worktree, known, make

_FOLDER = ".spare"
_MOST = 8


class Spares:
    """Spare worktrees of one root.   flags: for each command of git in them.   usable: False where a worktree cannot
    be moved, as with submodules: then each is made anew."""

    def __init__(self, git: Git, common: Path, root: Path, flags: Sequence[str], usable: bool = True) -> None:
        self._git, self._common, self._folder = git, common, root / _FOLDER
        self._flags, self._usable = tuple(flags), usable
        self._ready: list[Worktree] = []
        self._work: set[asyncio.Task[None]] = set()
        self._number = 0

    def gather(self) -> None:
        """Take up those that a killed session left."""
        for admin, path in known(self._common):
            if path.parent == self._folder and path.is_dir():
                self._ready.append(Worktree(path, admin, self._flags))
                self._number = max(self._number, int(path.name) if path.name.isdecimal() else 0)

    async def take(self, path: Path, commit: str) -> Worktree:
        """A worktree at a path, with no file that git does not know; a new one where none is spare."""
        if not self._ready:
            return await make(self._git, path, commit, self._flags)
        return await self._ready.pop().move(path)

    def give(self, worktree: Worktree, commit: str) -> None:
        """Take over one that nobody needs any more; it is made clean in the background."""
        if not self._usable or len(self._ready) + len(self._work) >= _MOST:
            worktree.take_down()
            return
        self._begin(self._clean(worktree, commit))

    def prepare(self, commit: str, count: int = 1) -> None:
        """Make some ahead, in the background, until `count` are there."""
        for _ in range(count - len(self._ready) - len(self._work) if self._usable else 0):
            self._begin(self._make(self._next(), commit))

    async def end(self) -> None:
        """Take all of them down."""
        for work in list(self._work):
            await asyncio.wait([work])
        for worktree in self._ready:
            await asyncio.to_thread(worktree.take_down)
        self._ready.clear()
        if self._folder.exists():
            await asyncio.to_thread(delete, self._folder)

    def _next(self) -> Path:
        self._number += 1
        return self._folder / str(self._number)

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        work = asyncio.create_task(coroutine)
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    async def _make(self, path: Path, commit: str) -> None:
        with suppress(
            GitError, OSError
        ):  # the task that would have taken it makes its own, and meets the error
            self._ready.append(await make(self._git, path, commit, self._flags))

    async def _clean(self, worktree: Worktree, commit: str) -> None:
        try:
            worktree.state = None
            worktree.exclude_file.unlink(missing_ok=True)
            moved = await worktree.move(self._next())
            await moved.go_to(commit)
            await moved.empty()
            self._ready.append(moved)
        except (GitError, OSError):
            worktree.take_down()
