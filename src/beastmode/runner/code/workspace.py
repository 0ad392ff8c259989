"""Workspaces: a git worktree for each task of a run, in which its work is done, kept apart and saved."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.failures.failure import Failure
from beastmode.runner.code.git import Git, GitError, said_of
from beastmode.runner.code.refs import branch_of, safe_name, task_ref
from beastmode.runner.code.repository import Repository
from beastmode.runner.code.standing import StandingGit
from beastmode.runner.code.together import together
from beastmode.runner.home import log_beside
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding, Command
from beastmode.runner.worktrees import task_refs
from beastmode.runner.worktrees.claim import Claim, remove_locks
from beastmode.runner.worktrees.copies import copy_all, matches
from beastmode.runner.worktrees.excludes import lines_for, users_excludes
from beastmode.runner.worktrees.lookout import Lookout
from beastmode.runner.worktrees.occupying import Occupy
from beastmode.runner.worktrees.oddities import NO_FILTER, filter_works, submodules_of
from beastmode.runner.worktrees.place import Place, Saved, WorkspaceError, no_place
from beastmode.runner.worktrees.salvage import keep
from beastmode.runner.worktrees.saving import Save
from beastmode.runner.worktrees.spares import Spares
from beastmode.runner.worktrees.strays import Stray, left_behind
from beastmode.runner.worktrees.submodules import Submodules
from beastmode.runner.worktrees.surroundings import Surroundings
from beastmode.runner.worktrees.task_refs import TaskRefs
from beastmode.runner.worktrees.vacating import Vacate
from beastmode.runner.worktrees.worktree import Row, State, Worktree

RunSetup = Callable[[Command, Place, Path], Awaitable[Failure | None]]
"""Runs a command in a place, its output in a log."""

_NO_TASK = "\n"
"""No task is called so: an id is one line."""

_GIT_TIP = (
    "Correct what git says, as a lock that a killed command has left, then give the same command again."
)

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
        self.git = StandingGit.like(repository.git)
        self._list_file, self._run_setup = list_file, run_setup
        self._surroundings = Surroundings(self.git)
        self._lookout = Lookout(self.git, repository.top, repository.common, self._lists)
        self._claim = Claim(root)
        self._places: dict[str, Place] = {}
        self._worktrees: dict[str, Worktree] = {}
        self._proven: set[str] = set()
        self._shown: dict[str, str] = {}
        self._flags: tuple[str, ...] = ()
        self._excludes = ""
        self._submodules = Submodules({}, {})
        self._spares = Spares(self.git, repository.common, root, ())

    async def begin(self) -> None:
        """The result branch exists, and nobody else uses the same worktrees; nothing more is changed.

        Raises PreconditionError where that cannot be.
        """
        self._claim.take(self.run)
        try:
            await self._begin()
        except BaseException as error:
            await self.git.close()
            self._claim.release()
            if isinstance(error, GitError):
                cause, tip = said_of(error)
                raise PreconditionError(cause, where=str(self.repository.top), tip=tip or _GIT_TIP) from None
            raise

    async def _begin(self) -> None:
        remove_locks(self.repository.common, self.run)
        refs = await task_refs.read(self.git, self.run)
        if not refs.start and not refs.result:
            await self._refuse_in_the_way()
            await task_refs.begin_run(self.git, self.run, self.repository.base)
        elif not (refs.start and refs.result):
            raise self._not_ours(refs)
        settings = {} if await filter_works(self.git) else NO_FILTER
        self._flags = tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        self._excludes = await users_excludes(self.git)
        await self._lookout.begin()
        common = self.repository.common
        self._submodules = Submodules.of(common, await submodules_of(self.git, self.repository.base))
        movable = not self._submodules.repositories
        self._spares = Spares(self.git, common, self.root, self._flags, movable)
        await self._spares.gather()

    async def _refuse_in_the_way(self) -> None:
        """Git keeps a branch where its folder of branches would be."""
        ways = ("refs/heads/beast", f"refs/heads/beast/{self.run}")
        for ref in await self.git.refs(*ways):
            name = branch_of(ref)
            tip = f"Rename it: git branch -m {name} NEW-NAME"
            raise PreconditionError(f"there is a branch {name}, so that none can be below it", tip=tip)

    async def prepare(self, tasks: Collection[str], at_once: int) -> None:
        """Begin to make the worktrees that tasks will need first, where they have none. Nobody waits for it.

        tasks: that will be done.   at_once: of them.
        """
        new = sum(not self.path_of(task).exists() for task in tasks)
        refs = await task_refs.read(self.git, self.run)
        # One more than are at work: while that of a task is cleaned, the next task begins in it.
        self._spares.prepare(refs.result, min(new, at_once + 1))

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

    def has(self, task: str) -> bool:
        """Whether a task was entered in this session, and is not finished."""
        return task in self._places

    async def enter(self, attempt: Attempt, work: Coding) -> Place:
        """The worktree of a task as it was saved last, or a new one at the tip of the result.

        What an attempt that was killed has left is set aside first. Raises WorkspaceError.
        """
        path = self.path_of(attempt.task.id)
        try:
            place = await self._enter(attempt, work, path)
        except (GitError, OSError) as error:
            cause, tip = said_of(error)
            raise no_place(cause, path, tip) from None
        except PreconditionError as error:
            raise no_place(error.what, path, error.tip, passing=False) from None
        self._places[attempt.task.id] = place
        return place

    async def _enter(self, attempt: Attempt, work: Coding, path: Path) -> Place:
        task = attempt.task.id
        self._shown.pop(task, None)
        self._proven.discard(task)
        with self._spares.ahead():
            refs = await self._begun(task)
            occupying = self._occupy(path)(task, path, refs.saved)
            worktree, elsewhere = await together(occupying, self._lookout.look())
        await self._submodules.fill(worktree)
        state = worktree.state
        excluded = await self._copy(worktree, work, fresh=state is None)
        env = await self._surroundings.enter(path, worktree.exclude_file)
        folder = path / self.repository.inside / work.cwd
        branch, has_work = branch_of(task_ref(self.run, task)), refs.saved != refs.base
        place = Place(task, path, folder, refs.base, branch, {**env, **work.env}, has_work)
        if state is None:
            await self._set_up(attempt, work, place)
            made = tuple(await worktree.ignored()) if work.setup else ()  # copies are known
            state = State(self.run, task, excluded, made)
            if task != _NO_TASK:
                self._spares.prepare(refs.result)
        worktree.state = replace(state, excluded=excluded)
        self._worktrees[task] = worktree
        self._lookout.watch(task, worktree, branch, refs.base, elsewhere)
        return place

    def _occupy(self, path: Path) -> Occupy:
        common = self.repository.common
        return Occupy(self.git, common, self._aside(path), self.run, self._flags, self._spares)

    async def _copy(self, worktree: Worktree, work: Coding, *, fresh: bool) -> tuple[str, ...]:
        """Bring what a commit does not have; what no commit may hold. Folders come once, files each time: an agent may
        have changed them."""
        top = self.repository.top
        copies = matches(top, work.copy)
        excluded = (*copies, *self._lists)
        worktree.exclude(self._excludes + lines_for(excluded))
        wanted = [path for path in copies if fresh or not (worktree.path / path).is_dir()]
        if wanted:
            await asyncio.to_thread(copy_all, top, worktree.path, wanted)
        return excluded

    @asynccontextmanager
    async def at_tip(self, work: Coding, log: Path) -> AsyncIterator[Place]:
        """A place at the tip of the result that belongs to no task, for as long as it is looked at.

        work: its setup and copies are those of the run.   log: beside it stands that of the setup. Raises
        WorkspaceError.
        """
        await self._forget(_NO_TASK)  # of a session that was killed
        attempt = Attempt(self.run, Task(_NO_TASK), (), 1, math.inf, log, 0, self.root, self.root)
        try:
            yield await self.enter(attempt, work)
        finally:
            if _NO_TASK in self._places:
                await self.finish(_NO_TASK)
            await self._forget(_NO_TASK)

    async def _forget(self, task: str) -> None:
        try:
            await task_refs.forget(self.git, self.run, task)
        except GitError as error:
            cause, tip = said_of(error)
            raise no_place(cause, self.repository.top, tip or _GIT_TIP) from None

    async def _begun(self, task: str) -> TaskRefs:
        """The refs of a task, which begins at the tip of the result where it has not begun before, or was merged."""
        refs = await task_refs.read(self.git, self.run, task)
        if refs.saved and refs.base and not refs.merged:
            return refs
        if refs.tip and not refs.merged:
            await keep(self.git, self.run, task, refs.tip)
        await task_refs.begin_task(self.git, self.run, task, refs.result, refs)
        return replace(refs, base=refs.result, saved=refs.result, tip=refs.result)

    @property
    def _lists(self) -> tuple[str, ...]:
        """The file of the roadmap, where it is in the checkout."""
        top, file = self.repository.top, self._list_file
        return (file.relative_to(top).as_posix(),) if file and file.is_relative_to(top) else ()

    async def _set_up(self, attempt: Attempt, work: Coding, place: Place) -> None:
        if work.setup is None:
            return
        failure = await self._run_setup(work.setup, place, log_beside(attempt.log_path, "setup"))
        if failure is not None:
            raise WorkspaceError(failure)

    async def save(self, place: Place, message: str) -> Saved:
        """All that changed in a place, as one commit on the branch of its task. Raises WorkspaceError."""
        worktree = self._worktrees[place.task]
        aside = self._aside(place.path)
        try:
            if not worktree.admin.is_dir():
                raise no_place(f"the agent took its worktree out of git; its files go to {aside}", place.path)
            save = Save(self.git, self.run, worktree, place, aside, self._submodules)
            with self._spares.ahead():
                return await save(message)
        except (GitError, OSError) as error:
            cause, tip = said_of(error)
            raise no_place(cause, place.path, tip) from None

    async def strays(self, place: Place, *, walled: bool) -> list[Stray]:
        """What was moved, made or deleted elsewhere than in a place since it was entered; to be asked once its work is
        saved. Commits that were left there on no branch are kept.

        walled: its agent could not write in the user's checkout. Raises GitError.
        """
        found = await self._lookout.strays(place.task, walled=walled)
        for commit in self._lookout.trail(place.task).left:
            saved = (await task_refs.read(self.git, self.run, place.task)).saved
            if saved and not await self.git.holds(saved, commit):
                kept = branch_of(await keep(self.git, self.run, place.task, commit))
                found.append(left_behind(commit, kept, place.base, self.repository.top))
        return found

    async def tidy(self, task: str) -> None:
        """What a proof has left in the worktree of a task is no work of its agent: the files are those that were saved
        again. Raises nothing that the next step would not meet."""
        with suppress(WorkspaceError, GitError, OSError):
            await self._worktree_of(self._places[task]).undo()

    def proven(self, task: str) -> None:
        """As `tidy`, later: what is in the worktree of a task and not saved was left by its proof, and goes when the
        worktree is made to show something else, or is finished with."""
        self._proven.add(task)

    def git_of(self, place: Place) -> Git:
        """Git in a place, whatever became of its `.git`. Raises WorkspaceError."""
        env = {"GIT_DIR": str(self._worktree_of(place).admin), "GIT_WORK_TREE": str(place.path)}
        return self.git.at(place.path, env)

    async def look(self, place: Place) -> list[Row]:
        """What in a place differs from its commit, for `show`. Raises WorkspaceError, GitError."""
        with self._spares.ahead():
            return await self._worktree_of(place).rows()

    async def show(self, place: Place, commit: str, rows: Sequence[Row]) -> None:
        """The files of a place become those of a commit, on no branch. What is not saved is lost, but for what is
        ignored.   rows: what `look` has just seen.   Raises WorkspaceError, GitError."""
        with self._spares.ahead():
            await self._worktree_of(place).show(commit, rows)
        self._shown[place.task] = commit

    async def show_branch(self, place: Place) -> None:
        """The files of a place become those of its task's branch, likewise. Raises WorkspaceError, GitError."""
        ref = task_ref(self.run, place.task)
        self._shown.pop(place.task, None)
        worktree = self._worktree_of(place)
        await worktree.show((await self.git.refs(ref))[ref], await worktree.rows(), ref)

    def _worktree_of(self, place: Place) -> Worktree:
        worktree = self._worktrees[place.task]
        if not worktree.is_there or not worktree.admin.is_dir():
            raise no_place("its worktree is gone", place.path)
        worktree.mend(self._aside(place.path))
        return worktree

    async def finish(self, task: str) -> None:
        """The task is merged: its ports are free, and its worktree is for the next task, unless it holds ignored files
        that nobody else has. What was not saved in it is set aside, but for what its proof has left."""
        place, worktree = self._places.pop(task), self._worktrees.pop(task)
        self._lookout.leave(task)
        proven, shown = task in self._proven, self._shown.pop(task, "")
        self._proven.discard(task)
        self._surroundings.leave(place.path)
        refs = await task_refs.read(self.git, self.run, task)
        vacate = Vacate(self.git, self.run, task, refs.saved, self._aside(place.path), shown, proven)
        self._spares.give(worktree, partial(vacate, worktree, refs.result))

    async def end(self) -> None:
        """The session is over. Worktrees of tasks that are not merged stay."""
        await self._spares.end()
        self._surroundings.end()
        await self.git.close()
        self._claim.release()

    def _aside(self, path: Path) -> Path:
        return self.root / ".aside" / path.name
