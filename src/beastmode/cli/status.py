"""`beast status`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.history import find_run
from beastmode.runner.home import HOME
from beastmode.runner.progress import Progress, TaskView
from beastmode.runner.summary import summarise

app = new_app()

_SHOWN = ("running", "waiting", "failed", "needs_person", "blocked")


@app.command()
def status(
    run: str = typer.Argument("", help="A run, like r7. Default: the latest."),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON on stdout."),
) -> None:
    """Show how a run stands: counts, what runs, what waits and why, what failed."""
    progress = find_run(home, run)
    if as_json:
        tasks = [_plain(view) for view in progress.tasks.values()]
        print(json.dumps({**summarise(progress).as_json(), "task_list": tasks}, indent=2))
        return
    print(_head(progress))
    for state in _SHOWN:
        for view in progress.tasks.values():
            if view.state == state:
                print(f"  {state:<12} {view.id}  {view.title}{_why(view)}")


def _head(progress: Progress) -> str:
    summary = summarise(progress)
    counts = ", ".join(
        f"{count} {name}" for name, count in summary.tasks.items() if count and name != "total"
    )
    roadmap = progress.started.data["roadmap"] if progress.started else ""
    return f"{summary.run_id} {summary.state}: {summary.tasks['total']} tasks: {counts}  {roadmap}"


def _why(view: TaskView) -> str:
    if view.state == "blocked":
        return f"  by {view.reason}"
    if view.failure:
        return f"\n{'':15}{view.failure['class']}: {view.failure['cause']}\n{'':15}{view.failure['tip']}"
    return ""


def _plain(view: TaskView) -> dict[str, object]:
    return {
        "id": view.id,
        "title": view.title,
        "phase": list(view.phases),
        "state": view.state,
        "attempts": view.attempts,
        "reason": view.reason,
        "failure": view.failure,
    }
