"""TaskRefs: what git holds of a task of a run, read in one call and moved in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from beastmode.runner.git import Git
from beastmode.runner.refs import base_ref, kept_refs, merged_ref, result_ref, saved_ref, start_ref, task_ref


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
    out = await git("for-each-ref", "--format=%(refname) %(objectname)", *names)
    held = dict(line.rsplit(" ", 1) for line in out.splitlines())
    return TaskRefs(*(held.get(name, "") for name in (names + [""] * len(own))[:6]))


async def begin_run(git: Git, run: str, base: str) -> None:
    """The run begins from a commit; its result is that, so far."""
    await _move(git, {start_ref(run): base, result_ref(run): base}, new=True)


async def begin_task(git: Git, run: str, task: str, base: str) -> None:
    """The task begins from a commit, or begins anew, also where it was merged."""
    moves = {ref(run, task): base for ref in (base_ref, saved_ref, task_ref)}
    await _move(git, moves, gone=merged_ref(run, task))


async def land(git: Git, run: str, task: str, commit: str, tip: str) -> None:
    """The result moves from `tip` to a commit that holds the task's work. Raises GitError, with nothing moved, where it
    is not at `tip`."""
    lines = f"update {result_ref(run)} {commit} {tip}\nupdate {merged_ref(run, task)} {commit}\n"
    await git("update-ref", "--no-deref", "--stdin", stdin=lines.encode())


async def save(git: Git, run: str, task: str, commit: str) -> None:
    """The task's branch holds this commit, and it is what is saved."""
    await _move(git, {ref(run, task): commit for ref in (saved_ref, task_ref)})


async def forget(git: Git, run: str, task: str) -> None:
    """There is no such task: none of its commits is kept."""
    kept = await git("for-each-ref", "--format=%(refname)", kept_refs(run, task))
    names = [ref(run, task) for ref in (base_ref, saved_ref, task_ref, merged_ref)] + kept.split()
    lines = "".join(f"delete {name}\n" for name in names)
    await git("update-ref", "--no-deref", "--stdin", stdin=lines.encode())


async def _move(git: Git, commits: dict[str, str], new: bool = False, gone: str = "") -> None:
    verb = "create" if new else "update"
    lines = "".join(f"{verb} {ref} {commit}\n" for ref, commit in commits.items())
    lines += f"delete {gone}\n" if gone else ""
    await git("update-ref", "--no-deref", "--stdin", stdin=lines.encode())
