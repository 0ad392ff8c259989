"""`beast resume`."""

from __future__ import annotations

from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.asking import AS_JSON, RUN, TASK, ask_of, named
from beastmode.runner.home import HOME

app = new_app()


@app.command()
def resume(
    first: str = RUN,
    second: str = TASK,
    as_json: bool = AS_JSON,
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Go on where a pause has stopped."""
    run, task = named(first, second)
    ask_of(home, run, task, "resume", as_json=as_json)
