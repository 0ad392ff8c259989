"""`beast approve`."""

from __future__ import annotations

from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.asking import AS_JSON, ask_of, named
from beastmode.errors import SettingError
from beastmode.runner.home import HOME

app = new_app()


@app.command()
def approve(
    first: str = typer.Argument("", metavar="[RUN]", help="A run, like r7. Default: the latest."),
    second: str = typer.Argument("", metavar="TASK", help="The task that waits for a person's word."),
    as_json: bool = AS_JSON,
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Let a task begin for which the list wants a person's word first."""
    run, task = named(first, second)
    if not task:
        tip = "Write: beast approve TASK. `beast review` lists those that need a person."
        raise SettingError("no task is named", where="beast approve", tip=tip)
    ask_of(home, run, task, "approve", as_json=as_json)
