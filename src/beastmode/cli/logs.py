"""`beast logs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.history import find_run, find_task, runner_of
from beastmode.errors import SettingError
from beastmode.runner.home import HOME, log_path, logs_of, run_folder
from beastmode.runner.views import TaskView

app = new_app()

_COMMANDS = re.compile(rb"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|\xc2[\x80-\x9f]")
"""What a terminal would obey: all control characters but tabs, line ends and the codes of colours."""


@app.command()
def logs(
    task: str = typer.Argument(help="The id of a task."),
    run: str = typer.Option("", help="A run, like r7. Default: the latest."),
    attempt: int = typer.Option(0, help="Which attempt. Default: the last.", show_default=False),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Show what an attempt of a task printed, and what proved it: as it stands, also while it runs."""
    progress = find_run(home, run)
    view = find_task(progress, task)
    number = _number(view, attempt)
    shown = [_show(path) for path in logs_of(log_path(run_folder(home, progress.run), task, number))]
    if not any(shown):
        print(f"Attempt {number} of {task} printed nothing{_failure(view, number)}.", file=sys.stderr)
    if view.open_attempt == number:
        at_work = (
            "is still at work" if runner_of(home, progress) else "was at work when its runner was killed"
        )
        print(f"Attempt {number} {at_work}.", file=sys.stderr)


def _number(view: TaskView, attempt: int) -> int:
    if not view.attempts:
        raise SettingError(f"{view.id!r} has not started yet: it is {view.state}", tip="See `beast status`.")
    number = attempt or view.attempts
    if not 1 <= number <= view.attempts:
        tip = f"Name one from 1 to {view.attempts}."
        raise SettingError(f"{view.id!r} has no attempt {number}", where="--attempt", tip=tip)
    return number


def _failure(view: TaskView, number: int) -> str:
    if view.failure is None or number != view.attempts:
        return ""
    return f"; it ended with {view.failure['class']}: {view.failure['cause']}"


def _show(path: Path) -> bool:
    """The log as it stands: bytes and all where a program reads it, without commands for a terminal."""
    if not path.exists():
        return False
    try:
        file = path.open("rb")
    except PermissionError:
        tip = "Ask as the user who ran it: only that one may read what its tasks printed."
        raise SettingError("this user may not read the log", where=str(path), tip=tip) from None
    for_terminal = sys.stdout.isatty()
    with file:
        print(f"==> {path} <==", file=sys.stderr, flush=True)
        while chunk := file.read(1 << 16):
            sys.stdout.buffer.write(_COMMANDS.sub(b"?", chunk) if for_terminal else chunk)
    sys.stdout.buffer.flush()
    return True
