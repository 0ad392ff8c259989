"""A person's word on a task: taken, given up, to be done again; kept in the journal, and in git where that follows."""

from __future__ import annotations

from beastmode.compose.coding.desk import Desk
from beastmode.compose.coding.taking import take
from beastmode.errors import PreconditionError
from beastmode.events import ACCEPTED, REDO, REJECTED
from beastmode.runner.code.changes import git_at, result_of
from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import branch_of
from beastmode.runner.policy import NOT_MERGED
from beastmode.runner.summary import at_gate
from beastmode.runner.worktrees import task_refs
from beastmode.runner.worktrees.salvage import keep


async def accept(desk: Desk, task: str) -> str:
    """The task's work counts: what is on its branch now is merged as the queue does it, and checked; what is merged
    already has been looked at. Raises PreconditionError where it cannot be merged, with what to do."""
    view = desk.view(task)
    if at_gate(view):
        tip = f"To let it begin: beast approve {desk.run} {task}"
        raise PreconditionError(f"{task!r} waits for a person's word, and has made nothing yet", tip=tip)
    if view.code is None:
        raise PreconditionError(
            f"{task!r} has no code that could be taken: it is {view.state}", tip="See `beast status`."
        )
    if view.code.merged:
        await desk.record(ACCEPTED, task, {})
        return f"{task} is looked at; it was merged as {view.code.commit[:12]}"
    commit, branch = await take(desk, task)
    await desk.record(ACCEPTED, task, {"commit": commit, "branch": branch})
    return f"{task} is taken: merged as {commit[:12]} into beast/{desk.run}/result"


async def reject(desk: Desk, task: str) -> str:
    """The task is given up; its branch stays. Raises PreconditionError for one that is merged."""
    view = desk.view(task)
    if view.code is not None and view.code.merged:
        tip = f"Take its commit back on the result branch: git revert {view.code.commit[:12]}"
        raise PreconditionError(f"{task!r} is merged already", tip=tip)
    await desk.record(REJECTED, task, {})
    return f"{task} is given up" + (f"; its work stays on {view.code.branch}" if view.code else "")


async def redo(desk: Desk, task: str, note: str) -> str:
    """The task is done again in the next session, with all its tries and the note. What was merged, or could not be,
    begins anew at the tip of the result; all else goes on from where it stands."""
    view = desk.view(task)
    kept = ""
    if view.code is not None and (view.code.merged or (view.failure or {}).get("class") in NOT_MERGED):
        kept = await begin_anew(await git_at(desk.folder), desk.run, task)
    earlier = f"Its earlier work is on the branch {kept}." if kept else ""
    await desk.record(REDO, task, {"note": "\n".join(filter(None, (note, earlier)))})
    again = f"{task} is done again by the next `beast run` of its list"
    return f"{again}, unless it is ticked there: take the tick away; what was done stays in git"


async def begin_anew(git: Git, run: str, task: str) -> str:
    """Let a task begin at the tip of the result. The branch that keeps what it had made; "" for nothing."""
    tip, refs = await result_of(git, run), await task_refs.read(git, run, task)
    kept = await keep(git, run, task, refs.tip) if refs.tip else ""
    await task_refs.begin_task(git, run, task, tip, refs)
    return branch_of(kept)
