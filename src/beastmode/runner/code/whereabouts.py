"""Whereabouts: the repository that a run worked on, as its sessions say, or where it is looked for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.runner.code.changes import Changes, changes_of, git_at
from beastmode.runner.code.git import Git
from beastmode.runner.progress import Progress
from beastmode.runner.views import TaskView


def top_of(progress: Progress) -> Path | None:
    """The top of the checkout in which code was written last; None where no session says."""
    return next((Path(code["repository"]) for code in _sessions_of(progress)), None)


def folder_of(progress: Progress) -> Path:
    """The folder of that checkout in which the runner was started; the current one where no session says, or where it
    is not there any more."""
    said = next((Path(code["repository"], code.get("inside", "")) for code in _sessions_of(progress)), None)
    return said if said is not None and said.is_dir() else Path.cwd()


async def found(progress: Progress, view: TaskView, near: Sequence[Path]) -> tuple[Git, Changes]:
    """What a task changed, and where that is: in the repository that the run worked on, else in the first of those near
    that has it: it may have been moved, and an older run does not say which it was. Raises the PreconditionError of the
    first that was looked at."""
    top = top_of(progress)
    places = [*([top] if top else []), *near]
    first: PreconditionError | None = None
    for folder in places:
        try:
            if folder == top:
                _see(folder, progress, view)
            git = await git_at(folder)
            return git, await changes_of(git, progress.name, view)
        except PreconditionError as error:
            first = first or error
    assert first is not None
    raise first


def _see(top: Path, progress: Progress, view: TaskView) -> None:
    if not top.is_dir():
        what = f"the repository that {progress.name} worked on is not there any more"
        again = f"beast diff {shlex.quote(view.id)} --run {progress.name}"
        tip = f"Move it back, or go to where it lies now and give: {again}"
        raise PreconditionError(what, where=str(top), tip=tip)


def _sessions_of(progress: Progress) -> list[dict[str, str]]:
    """How code was written, of the sessions that say where; the last in front."""
    written = (session.started.data.get("code") or {} for session in reversed(progress.sessions))
    return [code for code in written if code.get("repository")]
