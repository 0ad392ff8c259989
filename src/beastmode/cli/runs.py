"""`beast runs`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.history import all_runs, find_run
from beastmode.runner.home import HOME
from beastmode.runner.summary import summarise

app = new_app()


@app.command()
def runs(
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
    as_json: bool = typer.Option(False, "--json", help="Print them as JSON on stdout."),
) -> None:
    """List the runs of this home, oldest first."""
    rows = []
    for event in all_runs(home):
        summary = summarise(find_run(home, f"r{event.run}"))
        begun = datetime.fromtimestamp(event.unix_us / 1e6, UTC).isoformat(timespec="seconds")
        rows.append({"begun": begun, "roadmap": event.data["roadmap"], **summary.as_json()})
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        tasks = row["tasks"]
        print(
            f"{row['run_id']:<5} {row['state']:<12} {tasks['done']}/{tasks['total']}  {row['begun']}  {row['roadmap']}"
        )
