"""`beast answer`."""

from __future__ import annotations

from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.asking import AS_JSON, ask_of
from beastmode.errors import SettingError
from beastmode.runner.home import HOME

app = new_app()


@app.command()
def answer(
    words: list[str] = typer.Argument(
        ..., metavar="[RUN] TASK NOTE", help="A task of a run (default: of the latest), and a note for it."
    ),
    as_json: bool = AS_JSON,
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Give a note to the next attempt of a task; one that has ended without a result, or waits, goes on with it."""
    if len(words) not in (2, 3) or not words[-1].strip():
        tip = "Write: beast answer TASK 'what it should know', or with its run: beast answer r7 TASK '…'."
        raise SettingError("a task and a note are wanted", where="beast answer", tip=tip)
    run, task = words[:-1] if len(words) == 3 else ("", words[0])
    ask_of(home, run, task, "answer", as_json=as_json, said={"note": words[-1]})
