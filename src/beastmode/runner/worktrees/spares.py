"""Spares: worktrees that nobody works in, clean and at some commit, for the next task.

To write 10,000 files takes longer than all else of a task; to move a worktree and bring it up to date does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from beastmode.runner.code.git import Git, GitError
from beastmode.runner.worktrees.files import delete
from beastmode.runner.worktrees.making import make, take_down
from beastmode.runner.worktrees.worktree import Worktree, known

_FOLDER = ".spare"
_MOST = 8
"""Kept clean at once; more than that are taken down."""
_MADE_AT_ONCE = 2
"""Each may be thousands of files that are written: with more at once, the first would come later."""


class Spares:
    """Spare worktrees of one root.   flags: for each command of git in them.   usable: False where a worktree cannot
    be moved, as with submodules: then each is made anew."""

    def __init__(self, git: Git, common: Path, root: Path, flags: Sequence[str], usable: bool = True) -> None:
        self._git, self._common, self._folder = git, common, root / _FOLDER
        self._flags, self._usable = tuple(flags), usable
        self._ready: list[Worktree] = []
        self._at_work: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Condition()
        self._coming = self._waiting = 0
        self._cleaner, self._makers = asyncio.Semaphore(1), asyncio.Semaphore(_MADE_AT_ONCE)
        self._ended = False
        self._ahead, self._way_is_free = 0, asyncio.Event()
        self._way_is_free.set()
        self._number = 0

    async def gather(self) -> None:
        """Take up those that a killed session left."""
        for admin, path in known(self._common):
            if path.parent != self._folder:
                continue
            worktree = Worktree(self._git, path, admin, self._flags)
            self._number = max(self._number, int(path.name) if path.name.isdecimal() else 0)
            if not worktree.is_there:
                take_down(worktree)
                continue
            self.give(worktree, partial(_as_it_is, worktree, self._folder))

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Tasks come first: while one is in here, no spare one is made or cleaned, unless a task waits for that."""
        self._ahead += 1
        self._see_way()
        try:
            yield
        finally:
            self._ahead -= 1
            self._see_way()

    def _see_way(self) -> None:
        if self._ahead and not self._waiting:
            self._way_is_free.clear()
        else:
            self._way_is_free.set()

    async def take(self, path: Path, commit: str) -> Worktree:
        """A worktree at a path, detached at a commit, with no file that is not of it; made anew where none is spare."""
        spare = await self._next_ready()
        if spare is not None:
            try:
                spare = await asyncio.to_thread(spare.move, path)
                await spare.advance(commit)
                return spare
            except (GitError, OSError):  # somebody was at it
                await asyncio.to_thread(take_down, spare)
        return await make(self._git, self._common, path, commit, self._flags)

    async def _next_ready(self) -> Worktree | None:
        """A spare one, once it is clean or made where that is on its way: to begin with one now takes longer."""
        async with self._arrived:
            while not self._ready and self._coming > self._waiting:
                self._waiting += 1
                self._see_way()
                try:
                    await self._arrived.wait()
                finally:
                    self._waiting -= 1
                    self._see_way()
            return self._ready.pop() if self._ready else None

    def give(self, worktree: Worktree, vacate: Callable[[], Awaitable[bool]]) -> None:
        """Take over one that nobody needs any more, in the background.   vacate: makes it clean; False: it stays where
        it is."""
        self._begin(self._cleaned(worktree, vacate))

    def prepare(self, commit: str, wanted: int = 1) -> None:
        """Make some ahead, in the background, until so many are there or on their way."""
        missing = min(wanted, _MOST) - len(self._ready) - self._coming
        for _ in range(missing if self._usable else 0):
            self._begin(self._made(commit))

    async def end(self) -> None:
        """Take all of them down."""
        self._ended = True
        while self._at_work:
            await asyncio.wait(self._at_work)
        for worktree in self._ready:
            await asyncio.to_thread(take_down, worktree)
        self._ready.clear()
        if self._folder.exists():
            await asyncio.to_thread(delete, self._folder)

    def _begin(self, one: Coroutine[Any, Any, Worktree | None]) -> None:
        """Have one on its way. It may come to nothing: what cannot be cleaned stays, for a person to look at; and where
        none can be made, a task makes its own, and meets the error."""
        self._coming += 1
        work = asyncio.create_task(self._await(one))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)

    async def _await(self, one: Coroutine[Any, Any, Worktree | None]) -> None:
        ready = None
        try:
            with suppress(GitError, OSError):
                ready = await one
        finally:
            async with self._arrived:
                self._coming -= 1
                self._ready += [ready] if ready is not None else []
                self._arrived.notify_all()

    def _next(self) -> Path:
        self._number += 1
        return self._folder / str(self._number)

    async def _made(self, commit: str) -> Worktree | None:
        async with self._makers:
            await self._way_is_free.wait()
            if self._ended:
                return None
            return await make(self._git, self._common, self._next(), commit, self._flags)

    async def _cleaned(self, worktree: Worktree, vacate: Callable[[], Awaitable[bool]]) -> Worktree | None:
        async with self._cleaner:
            await self._way_is_free.wait()
            return await asyncio.to_thread(self._put_away, worktree) if await vacate() else None

    def _put_away(self, worktree: Worktree) -> Worktree | None:
        """To the other spare ones; None where there are enough."""
        if self._usable and len(self._ready) < _MOST:
            return worktree.move(self._next())
        take_down(worktree)
        return None


async def _as_it_is(worktree: Worktree, aside: Path) -> bool:
    """A spare one that a killed session left, perhaps half-made."""
    worktree.mend(aside)
    commit, _ = await worktree.head()
    await worktree.go_to(commit)
    await worktree.empty()
    return True
