"""`beast report`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.history import find_run, journal_of
from beastmode.runner.home import HOME, run_folder
from beastmode.runner.report import write_report
from beastmode.runner.summary import summarise

app = new_app()


@app.command()
def report(
    run: str = typer.Argument("", help="A run, like r7. Default: the latest."),
    out: Path | None = typer.Option(None, help="Folder to write to. Default: the run's own."),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
    as_json: bool = typer.Option(False, "--json", help="Print report.json on stdout."),
) -> None:
    """Write the report of a run from its journal (Markdown, HTML, JSON) and print the Markdown."""
    progress = find_run(home, run)
    folder = out or run_folder(home, progress.run) / "report"
    write_report(progress, summarise(progress, str(folder)), journal_of(home), folder)
    if as_json:
        print(json.dumps(json.loads((folder / "report.json").read_text(encoding="utf-8")), indent=2))
    else:
        print((folder / "report.md").read_text(encoding="utf-8"))
