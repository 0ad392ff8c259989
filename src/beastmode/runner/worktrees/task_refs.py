"""TaskRefs: what git holds of a task of a run, read in one call and moved in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import (
    base_ref,
    kept_refs,
    merged_ref,
    result_ref,
    saved_ref,
    start_ref,
    task_ref,
)


@dataclass(frozen=True, slots=True)
class TaskRefs:
    """Commits, "" where there is none.   start: of the run.   result: merged so far.   base: the task began from it.
    saved: its next attempt goes on from it.   tip: of its branch, wherever an agent may have moved that.   merged: what
    its work became in the result."""

    start: str
    result: str
    base: str
    saved: str
    tip: str
    merged: str


async def read(git: Git, run: str, task: str = "") -> TaskRefs:
    """As they are now.   task: "" for those of the run alone."""
    names = [start_ref(run), result_ref(run)]
    own = (base_ref, saved_ref, task_ref, merged_ref)
    names += [ref(run, task) for ref in own] if task else []
    held = await git.refs(*names)
    return TaskRefs(*(held.get(name, "") for name in (names + [""] * len(own))[:6]))


async def begin_run(git: Git, run: str, base: str) -> None:
    """The run begins from a commit; its result is that, so far."""
    await git.move(*(f"create {ref} {base}" for ref in (start_ref(run), result_ref(run))))


async def begin_task(git: Git, run: str, task: str, base: str, before: TaskRefs) -> None:
    """The task begins from a commit, or begins anew, also where it was merged.

    before: what was read. Raises GitError, with nothing moved, where that has changed meanwhile.
    """
    held = {base_ref: before.base, saved_ref: before.saved, task_ref: before.tip}
    lines = [_from_to(ref(run, task), old, base) for ref, old in held.items()]
    if before.merged:
        lines.append(f"delete {merged_ref(run, task)} {before.merged}")
    await git.move(*lines)


def _from_to(ref: str, old: str, new: str) -> str:
    return f"update {ref} {new} {old}" if old else f"create {ref} {new}"


async def land(git: Git, run: str, task: str, commit: str, tip: str) -> None:
    """The result moves from `tip` to a commit that holds the task's work. Raises GitError, with nothing moved, where it
    is not at `tip`."""
    await git.move(f"update {result_ref(run)} {commit} {tip}", f"update {merged_ref(run, task)} {commit}")


async def mark_merged(git: Git, run: str, task: str, commit: str) -> None:
    """The second half of `land`, where git was ended between the two."""
    await git.move(f"update {merged_ref(run, task)} {commit}")


async def save(git: Git, run: str, task: str, commit: str) -> None:
    """The task's branch holds this commit, and it is what is saved."""
    await git.move(*(f"update {ref(run, task)} {commit}" for ref in (saved_ref, task_ref)))


async def forget(git: Git, run: str, task: str) -> None:
    """There is no such task: none of its commits is kept."""
    kept = await git("for-each-ref", "--format=%(refname)", kept_refs(run, task))
    names = [ref(run, task) for ref in (base_ref, saved_ref, task_ref, merged_ref)] + kept.split()
    await git.move(*(f"delete {name}" for name in names))
