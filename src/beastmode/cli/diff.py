"""`beast diff`."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import typer

from beastmode.cli.app import new_app
from beastmode.cli.history import find_run, find_task
from beastmode.errors import PreconditionError
from beastmode.runner.code.changes import Changes, files_of
from beastmode.runner.code.git import Git
from beastmode.runner.code.whereabouts import found
from beastmode.runner.home import HOME
from beastmode.runner.views import TaskView

app = new_app()

_AS_TEXT = ("--no-ext-diff", "--no-textconv", "--no-color")
"""For programs: nothing that a user's configuration adds."""


@app.command()
def diff(
    task: str = typer.Argument(help="The id of a task."),
    run: str = typer.Option("", help="A run, like r7. Default: the latest."),
    stat: bool = typer.Option(False, "--stat", help="The files only, with how much changed in each."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object on stdout."),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Show what a task changed, as git shows it: against what it began from, or as it was merged."""
    progress = find_run(home, run)
    view = find_task(progress, task)
    git, changes = asyncio.run(found(progress, view, [Path.cwd()]))
    if as_json:
        print(json.dumps(asyncio.run(_as_object(git, progress.name, view, changes)), indent=2))
    else:
        show(git, changes, *(["--stat"] if stat else []))


def show(git: Git, changes: Changes, *flags: str) -> None:
    """By git itself, in its colours and with its pager where stdout is a terminal."""
    command = ["git", "diff", *flags, changes.base, changes.commit]
    if subprocess.run(command, cwd=git.folder, check=False).returncode:
        raise PreconditionError("git could not show it", where=str(git.folder), tip="It said why above.")


async def _as_object(git: Git, run: str, view: TaskView, changes: Changes) -> dict[str, Any]:
    text = await git("diff", *_AS_TEXT, changes.base, changes.commit)
    return {
        "run_id": run,
        "task": view.id,
        "state": view.state,
        "base": changes.base,
        "commit": changes.commit,
        "merged": changes.merged,
        "branch": view.code.branch if view.code else "",
        "files": [
            {"path": _utf8(file.path), "added": file.added, "removed": file.removed}
            for file in await files_of(git, changes)
        ],
        "diff": _utf8(text),
    }


def _utf8(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
