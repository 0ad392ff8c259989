"""`beast report`."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.history import find_run, journal_of, summary_of
from beastmode.runner.home import HOME, run_folder
from beastmode.runner.report.files import write_report

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
    write_report(progress, summary_of(home, progress, str(folder)), journal_of(home), folder)
    name = "report.json" if as_json else "report.md"
    sys.stdout.buffer.write((folder / name).read_bytes())
    sys.stdout.buffer.flush()
    print(f"Written to {folder}: report.html (with a timeline), report.md, report.json", file=sys.stderr)
