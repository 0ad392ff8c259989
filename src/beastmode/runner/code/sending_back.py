"""Sending back: a task whose work cannot be merged begins again on what was merged meanwhile; nothing of it is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.runner.code.combine import TRAILER, Conflict
from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import base_ref, branch_of, saved_ref, task_ref
from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.execute import Verdict
from beastmode.runner.home import log_beside
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.printable import printable
from beastmode.runner.processes.output import AttemptLog
from beastmode.runner.worktrees.salvage import keep

_MOST_PATHS = 20
"""That are named with the tasks that changed them; each is a question to git."""
_MOST_TASKS = 5


@dataclass(frozen=True, slots=True)
class SentBack:
    """A task that goes back.   work: its own commit.   tip: its new base.   onto: what its branch becomes: `tip`, or
    its work on top of it."""

    place: Place
    work: str
    tip: str
    onto: str


async def send_back(workspaces: Workspaces, back: SentBack) -> str:
    """Keep the work on a branch of its own, and set branch, base and worktree anew. Returns the name of that branch.

    The refs of the task change together or not at all.
    """
    git, run, task = workspaces.git, workspaces.run, back.place.task
    kept = await keep(git, run, task, back.work)
    commits = {base_ref: back.tip, saved_ref: back.onto, task_ref: back.onto}
    await git.move(*(f"update {ref(run, task)} {commit}" for ref, commit in commits.items()))
    await workspaces.show_branch(back.place)
    return branch_of(kept)


def keep_told(attempt: Attempt, told: str) -> None:
    """Leave what the next one is told beside the log of this attempt, for one in another session and for whoever reads
    logs. Raises nothing: the words of its failure are in the journal."""
    log = AttemptLog(log_beside(attempt.log_path, "merge"), attempt.log_limit_bytes)
    log.write(told.encode("utf-8", "replace"))
    log.close()


def told_in(log: Path) -> str:
    """What `keep_told` has left; "" where there is nothing."""
    with suppress(OSError):
        return log_beside(log, "merge").read_text(encoding="utf-8", errors="replace")
    return ""


async def tasks_at(git: Git, base: str, tip: str, conflicts: Sequence[Conflict]) -> dict[str, list[str]]:
    """Of the paths in conflict: the tasks that were merged between two commits and changed them."""
    paths = dict.fromkeys(path for conflict in conflicts for path in conflict.paths)
    found = {}
    for path in list(paths)[:_MOST_PATHS]:
        words = (f"--format=%(trailers:key={TRAILER},valueonly,separator=%x0A)", f"{base}..{tip}")
        log = await git("--literal-pathspecs", "log", *words, "--", path)
        if tasks := [task for task in dict.fromkeys(log.splitlines()) if task]:
            found[path] = tasks
    return found


def conflict_failure(conflicts: Sequence[Conflict], others: Mapping[str, Sequence[str]]) -> Failure:
    """Names the files, and the tasks that came before."""
    paths = dict.fromkeys(path for conflict in conflicts for path in conflict.paths)
    tasks = list(dict.fromkeys(task for path in paths for task in others.get(path, ())))
    by = f" with what {', '.join(map(repr, tasks[:_MOST_TASKS]))} changed" if tasks else ""
    return classify.of_coding("merge_conflict", f"conflicts{by}: {', '.join(map(printable, paths))}")


def conflict_told(conflicts: Sequence[Conflict], others: Mapping[str, Sequence[str]], kept: str) -> str:
    """For the next attempt, or for a person: what does not fit, and where the work is.

    kept: the commit that holds it, where the task was sent back; a branch has another name in every run, and what a
    model is told should not.
    """
    lines = ["The work could not be merged: what other tasks had merged meanwhile conflicts with it."]
    lines += [f"* {printable(conflict.said)}" for conflict in conflicts]
    lines += [f"* {printable(path)} was changed by {', '.join(tasks)}" for path, tasks in others.items()]
    if kept:
        lines.append(
            "The files now stand as the others left them, without that work: do the task"
            f" again on top of what is there now. `git show {kept[:12]}` shows what was done before."
        )
    return "\n".join(lines)


def red_failure(red: Verdict) -> Failure:
    """Alone the work was green: what the check says of it together with the others'."""
    cause = red.failure.cause if red.failure is not None else ""
    return classify.of_coding("merge_red", f"on top of what was merged meanwhile, the check is red: {cause}")


def red_told(red: Verdict, *, sent_back: bool) -> str:
    """For the next attempt, or for a person: what the check printed, and what the files hold now."""
    lines = ["On top of what other tasks had merged meanwhile, the check is red."]
    if sent_back:
        lines.append("The files now hold the work on top of theirs: mend what the check names.")
    return "\n".join([*lines, "", red.output])
