"""`beast logs`."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.history import find_run
from beastmode.errors import SettingError
from beastmode.runner.home import HOME, log_path, run_folder

app = new_app()


@app.command()
def logs(
    task: str = typer.Argument(help="The id of a task."),
    run: str = typer.Option("", help="A run, like r7. Default: the latest."),
    attempt: int = typer.Option(0, help="Which attempt. Default: the last.", show_default=False),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Show what an attempt of a task printed, and its verification."""
    progress = find_run(home, run)
    view = progress.tasks.get(task)
    if view is None:
        raise SettingError(
            f"there is no task {task!r} in r{progress.run}", tip="`beast status --json` lists them."
        )
    number = attempt or view.attempts
    if not 1 <= number <= view.attempts:
        raise SettingError(f"{task!r} has no attempt {number or 1} yet; it has {view.attempts}")
    path = log_path(run_folder(home, progress.run), task, number)
    shown = [_show(path), _show(path.with_suffix(".verify.log"))]
    if not any(shown):
        print(f"Attempt {number} of {task} printed nothing.", file=sys.stderr)


def _show(path: Path) -> bool:
    """The log as it stands, bytes and all."""
    if not path.exists():
        return False
    print(f"==> {path} <==", file=sys.stderr)
    with path.open("rb") as file:
        while chunk := file.read(1 << 16):
            sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    return True
