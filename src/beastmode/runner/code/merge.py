"""Merge: the queue that brings finished work together, one task after the other, onto a branch that stays green."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from beastmode.failures import classify
from beastmode.runner.code.combine import Conflict, Work, combined
from beastmode.runner.code.git import GitError, said_of
from beastmode.runner.code.refs import base_ref, result_ref, task_ref
from beastmode.runner.code.sending_back import (
    SentBack,
    conflict_failure,
    conflict_told,
    keep_told,
    red_failure,
    red_told,
    send_back,
    tasks_at,
)
from beastmode.runner.code.together import together
from beastmode.runner.code.workspace import Place, WorkspaceError, Workspaces
from beastmode.runner.execute import Verdict
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.worktrees import task_refs
from beastmode.runner.worktrees.place import no_place
from beastmode.runner.worktrees.worktree import Row

Check = Callable[[Attempt, Place, str], Awaitable[Verdict]]
"""Whether what stands in a place is well.   The text goes into the name of its log."""
Record = Callable[[str, int, str], Awaitable[None]]
"""Makes sure that a restart will know: this attempt of this task is about to move the result branch to this commit."""

_MOST_MOVES = 5
"""Only we move the result branch, but a person may commit to it: then the work is merged onto that."""

T = TypeVar("T")


class MergeQueue:
    """Merges what was verified; one at a time, in the order in which it was finished.

    check: run on what comes out, unless the very same tree was verified before; None where there is none.
    The result branch moves only from the commit that was merged onto, after `record`; it never holds what was not
    checked. A conflict or a red check sends the task back to work on top of the new base, once: the second time its
    branch stays as it is, for a person.
    """

    def __init__(self, workspaces: Workspaces, check: Check | None, record: Record) -> None:
        self._workspaces, self._check, self._record = workspaces, check, record
        self._git, self._run = workspaces.git, workspaces.run
        self._turn = asyncio.Lock()
        self._tip, self._behind = "", set[str]()

    async def __call__(self, attempt: Attempt) -> Verdict:
        """Merge the work of one attempt.   facts: branch, and commit and `merged` where it was.   took: in its turn,
        and waiting for it.

        Cancelled before the branch has moved, nothing has changed; after that, it is merged all the same.
        """
        now = asyncio.get_running_loop().time
        asked = now()
        async with self._turn:
            begun = now()
            verdict = await self._merged(attempt)
        return replace(verdict, took={"merge_s": now() - begun, "merge_wait_s": begun - asked})

    async def _merged(self, attempt: Attempt) -> Verdict:
        task = attempt.task.id
        try:
            return await self._merge(attempt, self._workspaces.place_of(task))
        except WorkspaceError as error:
            return Verdict(error.failure)
        except (GitError, OSError) as error:
            cause, tip = said_of(error)
            return Verdict(classify.of_coding("workspace", f"it could not be merged: {cause}", tip))
        finally:
            if self._workspaces.has(task):  # not merged: the files are for its next attempt, or for a person
                await undivided(self._back_to_branch(task))

    async def _merge(self, attempt: Attempt, place: Place) -> Verdict:
        for _ in range(_MOST_MOVES):
            tip, work = await self._work_on_tip(attempt.task.id, place)
            again = self._check is not None and tip != work.base
            combining = combined(self._workspaces.git_of(place), attempt.task, work, tip)
            looking = self._workspaces.look(place) if again else _nothing()
            commit, rows = await together(combining, looking)
            if isinstance(commit, list):
                return await self._not_merged(attempt, place, work, tip, tip, commit)
            if again:
                red = await self._checked(attempt, place, commit, rows)
                if red.failure is not None:
                    return await self._not_merged(attempt, place, work, tip, commit, red)
            if await self._moved(attempt, commit, tip):
                return Verdict(None, facts={"commit": commit, "branch": place.branch, "merged": True})
        raise no_place(
            f"the result branch was moved by somebody else {_MOST_MOVES} times meanwhile", place.path
        )

    async def _commits_of(self, *refs: str) -> list[str]:
        held = await self._git.refs(*refs)
        for ref in refs:
            if ref not in held:
                raise GitError(("for-each-ref", ref), 0, "there is no such ref")
        return [held[ref] for ref in refs]

    async def _work_on_tip(self, task: str, place: Place) -> tuple[str, Work]:
        """The tip of the result, and what is to be merged onto it."""
        refs = result_ref(self._run), task_ref(self._run, task), base_ref(self._run, task)
        tip, commit, base = await self._commits_of(*refs)
        return tip, await self._work_on(tip, commit, base, place)

    async def _work_on(self, tip: str, commit: str, base: str, place: Place) -> Work:
        """An agent or a person that has merged the result branch into its own by itself began, as it were, from
        there."""
        if not await self._is_in_result(base, tip):
            raise no_place(
                f"the commit that it began from, {base[:12]}, is no longer in the result", place.path
            )
        if commit == base or (await self._git.commit(commit)).parents == (base,):
            return Work(commit, base)
        common = await self._git("merge-base", commit, tip)
        return Work(commit, common if await self._git.holds(common, base) else base)

    async def _checked(self, attempt: Attempt, place: Place, commit: str, rows: Sequence[Row]) -> Verdict:
        """What the check says of a commit.   rows: what the place differs by now; it was left there by the proof."""
        assert self._check
        await undivided(self._workspaces.show(place, commit, rows))
        self._workspaces.proven(attempt.task.id)
        return await self._check(attempt, place, "merge")

    async def _is_in_result(self, commit: str, tip: str) -> bool:
        """Whether a commit is the tip of the result, or came before it; mostly we have put both there."""
        if tip != self._tip:
            self._tip, self._behind = tip, {tip}
        if commit not in self._behind:
            if not await self._git.holds(tip, commit):
                return False
            self._behind.add(commit)
        return True

    async def _back_to_branch(self, task: str) -> None:
        """What a check has left in its worktree is no work of its agent."""
        with suppress(WorkspaceError, GitError, OSError, KeyError):
            await self._workspaces.show_branch(self._workspaces.place_of(task))

    async def _moved(self, attempt: Attempt, commit: str, tip: str) -> bool:
        """Move the result branch from `tip`, unless somebody else was faster. Not to be interrupted half-way: whoever
        cancels it too late gets a task that is merged."""
        moved, interruption = await _to_its_end(self._move(attempt, commit, tip))
        if interruption is not None and not moved:
            raise interruption
        return moved

    async def _move(self, attempt: Attempt, commit: str, tip: str) -> bool:
        await self._record(attempt.task.id, attempt.number, commit)
        try:
            await task_refs.land(self._git, self._run, attempt.task.id, commit, tip)
        except GitError:
            (now,) = await self._commits_of(result_ref(self._run))
            if now == tip:
                raise
            if now != commit:
                return False
            await task_refs.mark_merged(self._git, self._run, attempt.task.id, commit)
        if self._tip == tip:
            self._tip = commit
            self._behind.add(commit)
        with suppress(WorkspaceError, GitError, OSError, KeyError):
            await self._workspaces.finish(attempt.task.id)  # it is merged, whatever becomes of its worktree
        return True

    async def _not_merged(
        self, attempt: Attempt, place: Place, work: Work, tip: str, onto: str, why: Verdict | list[Conflict]
    ) -> Verdict:
        """Say why; and the first time send the task back to where it can go on.   onto: what its branch becomes."""
        kept = ""
        if not attempt.sent_back:
            back = SentBack(place, work.commit, tip, onto)
            kept = await undivided(send_back(self._workspaces, back))
        facts = {"branch": place.branch, "commit": work.commit, **({"kept": kept} if kept else {})}
        if isinstance(why, Verdict):
            failure, told = red_failure(why), red_told(why, sent_back=bool(kept))
        else:
            others = await tasks_at(self._git, work.base, tip, why)
            failure = conflict_failure(why, others)
            told = conflict_told(why, others, work.commit if kept else "")
        keep_told(attempt, told)
        return Verdict(failure, told, facts)


async def _nothing() -> list[Row]:
    """What is seen where nobody need look."""
    return []


async def undivided(work: Coroutine[Any, Any, T]) -> T:
    """Do something to its end; a cancellation that comes meanwhile is obeyed after it."""
    result, interruption = await _to_its_end(work)
    if interruption is not None:
        raise interruption
    return result


async def _to_its_end(work: Coroutine[Any, Any, T]) -> tuple[T, asyncio.CancelledError | None]:
    """Its result, and the cancellation that came meanwhile, which is not obeyed."""
    future, interruption = asyncio.ensure_future(work), None
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError as error:
            interruption = error
        except Exception:
            break  # its own, raised below
    return future.result(), interruption
