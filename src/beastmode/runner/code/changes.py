"""Changes: what a task, or a whole run, would change in a repository or has changed; read from git alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.runner.code.git import Git, GitError
from beastmode.runner.code.refs import base_ref, result_ref, task_ref
from beastmode.runner.views import TaskView


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file.   added, removed: lines; None for one that is not text."""

    path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """From one commit to another.   merged: the second is in the result branch."""

    base: str
    commit: str
    merged: bool


async def git_at(folder: Path) -> Git:
    """Git at the top of the checkout that a folder is in. Raises PreconditionError where it is in none."""
    try:
        return Git(Path(await Git(folder)("rev-parse", "--show-toplevel")))
    except (GitError, FileNotFoundError) as error:
        tip = "Go into the repository that the run worked on, then give the command again."
        raise PreconditionError(
            f"this is no checkout of git: {_first(error)}", where=str(folder), tip=tip
        ) from None


async def changes_of(git: Git, run: str, view: TaskView) -> Changes:
    """What a task changed: as it was merged, or as it stands on its branch. Raises PreconditionError where it has made
    nothing, or made it elsewhere."""
    if view.code is not None and view.code.merged:
        commit = await git.commit_of(view.code.commit)
        base = await git.commit_of(f"{view.code.commit}^")
    else:
        commit, base = (
            await git.commit_of(task_ref(run, view.id)),
            await git.commit_of(base_ref(run, view.id)),
        )
    if not commit or not base:
        raise _nothing(git, run, view)
    return Changes(base, commit, view.code is not None and view.code.merged)


async def files_of(git: Git, changes: Changes) -> list[FileChange]:
    """The files that differ, renames as one file gone and one come."""
    out = await git("diff-tree", "-r", "--no-renames", "--numstat", "-z", changes.base, changes.commit)
    rows = [row.split("\t", 2) for row in out.split("\0") if row]
    return [FileChange(path, _count(added), _count(removed)) for added, removed, path in rows]


async def result_of(git: Git, run: str) -> str:
    """The commit that the result branch of a run is at. Raises PreconditionError where there is none."""
    commit = await git.commit_of(result_ref(run))
    if not commit:
        tip = "Go into the repository that the run worked on; a run with --merge none has a branch for each task only."
        raise PreconditionError(f"there is no branch beast/{run}/result", where=str(git.folder), tip=tip)
    return commit


def _count(text: str) -> int | None:
    return None if text == "-" else int(text)


def _nothing(git: Git, run: str, view: TaskView) -> PreconditionError:
    what = f"{view.id!r} has no code of {run} in this repository: it is {view.state}"
    tip = "`beast status` shows how it stands; go into the repository that the run worked on."
    return PreconditionError(what, where=str(git.folder), tip=tip)


def _first(error: Exception) -> str:
    return (error.said if isinstance(error, GitError) else str(error)).partition("\n")[0]
