"""`beast runs`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from beastmode.amounts import duration
from beastmode.cli.app import new_app
from beastmode.cli.columns import in_columns
from beastmode.cli.history import each_run, summary_of
from beastmode.cli.words import safe
from beastmode.runner.home import HOME
from beastmode.runner.progress import Progress

app = new_app()

_HEAD = ("RUN", "STATE", "DONE", "FAILED", "TOOK", "BEGUN (UTC)", "ROADMAP")


@app.command()
def runs(
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
    as_json: bool = typer.Option(False, "--json", help="Print them as JSON on stdout."),
) -> None:
    """List the runs of this home, oldest first."""
    rows = [_row(home, progress) for progress in each_run(home)]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    lines = [_HEAD, *map(_line, rows)]
    print("\n".join(in_columns(lines)))


def _row(home: Path, progress: Progress) -> dict[str, Any]:
    assert progress.started is not None, "each run begins with that"
    begun = datetime.fromtimestamp(progress.started.unix_us / 1e6, UTC).isoformat(timespec="seconds")
    data = progress.started.data
    facts = {"begun": begun, "roadmap": data.get("roadmap", ""), "title": data.get("title", "")}
    return {**facts, **summary_of(home, progress).as_json()}


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    tasks, path = row["tasks"], Path(row["roadmap"])
    roadmap = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    done = f"{tasks['done']}/{tasks['total'] - tasks['skipped']}"
    begun = row["begun"][:19].replace("T", " ")
    took, failed = duration(row["makespan_s"]), str(tasks["failed"])
    return (row["run_id"], row["state"], done, failed, took, begun, safe(roadmap))
