"""Workspaces: a git worktree for each task of a run, in which its work is done, kept apart and saved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.failures.failure import Failure
from beastmode.runner.git import Git, GitError
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.refs import branch_of, safe_name, task_ref
from beastmode.runner.repository import Repository
from beastmode.runner.work import Coding, Command
from beastmode.runner.worktrees import task_refs
from beastmode.runner.worktrees.copies import copy_all, matches
from beastmode.runner.worktrees.excludes import lines_for, users_excludes
from beastmode.runner.worktrees.files import move_aside
from beastmode.runner.worktrees.oddities import filter_works, submodules_of
from beastmode.runner.worktrees.place import Place, Saved, WorkspaceError, no_place
from beastmode.runner.worktrees.salvage import keep, set_aside
from beastmode.runner.worktrees.saving import Save
from beastmode.runner.worktrees.spares import Spares
from beastmode.runner.worktrees.surroundings import Surroundings
from beastmode.runner.worktrees.task_refs import TaskRefs
from beastmode.runner.worktrees.worktree import State, Worktree, find

RunSetup = Callable[[Command, Place, Path], Awaitable[Failure | None]]
"""Runs a command in a place, its output in a log."""

_NO_FILTER = tuple(
    part
    for name in ("process=", "smudge=", "clean=", "required=false")
    for part in ("-c", f"filter.lfs.{name}")
)
"""Where Git LFS is asked for and is not there, files stay the pointers that they are in the commit."""

__all__ = ["Place", "RunSetup", "Saved", "WorkspaceError", "Workspaces"]


class Workspaces:
    """The worktrees of a run, one for each task that is at work.

    root: where they lie, outside of the checkout; the same for all runs of a list.   list_file: of the roadmap; no task
    changes it.   run_setup: runs the setup of a new worktree.
    Everything that a restart needs is in the refs of git. The user's checkout is only read.
    """

    def __init__(
        self, repository: Repository, run: str, root: Path, list_file: Path | None, run_setup: RunSetup
    ) -> None:
        self.repository, self.run, self.root = repository, run, root
        self.git = repository.git
        self._list_file, self._run_setup = list_file, run_setup
        self._surroundings = Surroundings(self.git)
        self._places: dict[str, Place] = {}
        self._flags: tuple[str, ...] = ()
        self._excludes = ""
        self._spares = Spares(self.git, repository.common, root, ())

    async def begin(self) -> None:
        """The result branch exists; nothing else is changed. Raises PreconditionError where it cannot be this run's."""
        refs = await task_refs.read(self.git, self.run)
        if not refs.start and not refs.result:
            await task_refs.begin_run(self.git, self.run, self.repository.base)
        elif not (refs.start and refs.result):
            raise self._not_ours(refs)
        self._flags = () if await filter_works(self.git) else _NO_FILTER
        self._excludes = await users_excludes(self.git)
        movable = not await submodules_of(self.git, self.repository.base)
        self._spares = Spares(self.git, self.repository.common, self.root, self._flags, movable)
        self._spares.gather()

    def _not_ours(self, refs: TaskRefs) -> PreconditionError:
        branch = f"beast/{self.run}/result"
        if refs.result:
            tip = f"Rename it: git branch -m {branch} NEW-NAME"
            return PreconditionError(f"there is a branch {branch} that no run of ours made", tip=tip)
        tip = f"Make it again where it was, or at the start of the run: git branch {branch} {refs.start[:12]}"
        return PreconditionError(f"the branch {branch} with what was merged is gone", tip=tip)

    def path_of(self, task: str) -> Path:
        """Where a task's worktree is, or will be."""
        return self.root / safe_name(task)

    def place_of(self, task: str) -> Place:
        """Where a task works that was entered in this session. Raises KeyError."""
        return self._places[task]

    async def enter(self, attempt: Attempt, work: Coding) -> Place:
        """The worktree of a task as it was saved last, or a new one at the tip of the result.

        What an attempt that was killed has left is set aside first. Raises WorkspaceError.
        """
        path = self.path_of(attempt.task.id)
        try:
            place = await self._enter(attempt, work, path)
        except (GitError, OSError) as error:
            raise no_place(str(error), path) from None
        self._places[attempt.task.id] = place
        return place

    async def _enter(self, attempt: Attempt, work: Coding, path: Path) -> Place:
        task = attempt.task.id
        refs = await task_refs.read(self.git, self.run, task)
        if not refs.saved:
            if refs.tip:
                await keep(self.git, self.run, task, refs.tip)
            await task_refs.begin_task(self.git, self.run, task, refs.result)
        base, saved = refs.base or refs.result, refs.saved or refs.result
        worktree = await self._taken_up(task, path, saved) or await self._vacated(path, saved)
        fresh = worktree.state is None
        excluded = self._excluded(work)
        await self._go_to(worktree, saved, task, fresh)
        _make_excludes(worktree, self._excludes, excluded)
        await asyncio.to_thread(copy_all, self.repository.top, path, matches(self.repository.top, work.copy))
        env = await self._surroundings.enter(path, worktree.exclude_file)
        folder = path / self.repository.inside / work.cwd
        place = Place(task, path, folder, base, branch_of(task_ref(self.run, task)), {**env, **work.env})
        if fresh:
            await self._set_up(attempt, work, place)
            made = tuple(await worktree.ignored())
            worktree.state = State(self.run, task, excluded, made)
        return place

    def _excluded(self, work: Coding) -> tuple[str, ...]:
        """What no commit of a task may hold: its copies, and the list."""
        top, file = self.repository.top, self._list_file
        paths = matches(top, work.copy)
        inside = file is not None and file.is_relative_to(top)
        return (*paths, file.relative_to(top).as_posix()) if file and inside else tuple(paths)

    async def _taken_up(self, task: str, path: Path, saved: str) -> Worktree | None:
        """The worktree that this task had before, with what was not saved set aside."""
        worktree = find(self.repository.common, path, self._flags)
        if worktree is None or not worktree.is_there:
            return None
        worktree.mend(self._aside(path))
        state = worktree.state
        if state is None or (state.run, state.task) != (self.run, task):
            return None
        why = f"Set aside: what an attempt at {task} had not saved"
        await set_aside(self.git, worktree, self.run, task, saved, self._aside(path), why)
        return worktree

    async def _vacated(self, path: Path, commit: str) -> Worktree:
        """A worktree at a path where another run's may be, or what is left of one; nothing of it is lost."""
        worktree = find(self.repository.common, path, self._flags)
        if worktree is not None and not worktree.is_there:
            await self._keep_head(worktree)
            worktree.take_down()
            worktree = None
        if worktree is not None and worktree.state is not None:
            state = worktree.state
            saved = (await task_refs.read(self.git, state.run, state.task)).saved or commit
            why = f"Set aside: what was not saved when run {self.run} took the worktree"
            await set_aside(self.git, worktree, state.run, state.task, saved, self._aside(path), why)
            worktree.state = None
        if worktree is not None:
            return worktree
        if path.is_symlink() or path.exists():
            move_aside(path, self._aside(path))
        return await self._spares.take(path, commit)

    async def _keep_head(self, worktree: Worktree) -> None:
        """Commits that only a worktree held whose files are gone."""
        state = worktree.state
        head, ref = await Worktree(self.repository.top, worktree.admin).head()
        if state and head and not ref.startswith("refs/heads/"):
            saved = (await task_refs.read(self.git, state.run, state.task)).saved
            if not await self.git.succeeds("merge-base", "--is-ancestor", head, saved or head):
                await keep(self.git, state.run, state.task, head)

    async def _go_to(self, worktree: Worktree, saved: str, task: str, fresh: bool) -> None:
        await task_refs.save(self.git, self.run, task, saved)
        await worktree.go_to(saved, task_ref(self.run, task))
        await (worktree.empty() if fresh else worktree.sweep())

    async def _set_up(self, attempt: Attempt, work: Coding, place: Place) -> None:
        if work.setup is None:
            return
        failure = await self._run_setup(work.setup, place, attempt.log_path.with_suffix(".setup.log"))
        if failure is not None:
            raise WorkspaceError(failure)

    async def save(self, place: Place, message: str) -> Saved:
        """All that changed in a place, as one commit on the branch of its task. Raises WorkspaceError."""
        try:
            worktree = find(self.repository.common, place.path, self._flags)
            if worktree is None:
                raise no_place("the agent took its worktree out of git", place.path)
            return await Save(self.git, self.run, worktree, place, self._aside(place.path))(message)
        except (GitError, OSError) as error:
            raise no_place(str(error), place.path) from None

    def git_of(self, place: Place) -> Git:
        """Git in a place, whatever became of its `.git`. Raises WorkspaceError."""
        env = {"GIT_DIR": str(self._worktree_of(place).admin), "GIT_WORK_TREE": str(place.path)}
        return Git(place.path, env)

    async def show(self, place: Place, commit: str) -> None:
        """The files of a place become those of a commit, on no branch. What is not saved is lost; what git does not
        know stays. Raises WorkspaceError, GitError."""
        await self._worktree_of(place).go_to(commit)

    async def show_branch(self, place: Place) -> None:
        """The files of a place become those of its task's branch. Raises WorkspaceError, GitError."""
        ref = task_ref(self.run, place.task)
        await self._worktree_of(place).go_to(await self.git("rev-parse", ref), ref)

    def _worktree_of(self, place: Place) -> Worktree:
        worktree = find(self.repository.common, place.path, self._flags)
        if worktree is None or not worktree.is_there:
            raise no_place("its worktree is gone", place.path)
        worktree.mend(self._aside(place.path))
        return worktree

    async def send_back(self, place: Place) -> str:
        """The task begins anew at the tip of the result; the branch that keeps what it had made."""
        refs = await task_refs.read(self.git, self.run, place.task)
        kept = await keep(self.git, self.run, place.task, refs.saved)
        await task_refs.begin_task(self.git, self.run, place.task, refs.result)
        return branch_of(kept)

    async def finish(self, task: str) -> None:
        """The task is merged: its ports are free, and its worktree is for the next task, if nothing else is in it."""
        place = self._places.pop(task)
        self._surroundings.leave(place.path)

    async def end(self) -> None:
        """The session is over. Worktrees of tasks that are not merged stay."""
        await self._spares.end()
        self._surroundings.end()

    def _aside(self, path: Path) -> Path:
        return self.root / ".aside" / path.name


def _make_excludes(worktree: Worktree, users: str, excluded: tuple[str, ...]) -> None:
    worktree.exclude_file.write_text(users + lines_for(excluded), encoding="utf-8", errors="surrogateescape")
