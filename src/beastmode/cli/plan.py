"""`beast plan`: what a roadmap was read as, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from beastmode.cli.app import new_app
from beastmode.compose.opening import checked
from beastmode.errors import SettingError
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.plan import RoadmapPlan, plan_of

app = new_app()


@app.command()
def plan(
    file: Path = typer.Argument(help="The roadmap."),
    order: str = typer.Option("", help="Override the order: needs, sequence or phases."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON on stdout."),
) -> None:
    """Show the tasks of a roadmap, their order and its rule, waves, critical path, and the lines not taken."""
    if order not in ("", "needs", "sequence", "phases"):
        raise SettingError(
            f"{order!r} is not an order", where="--order", tip="Use needs, sequence or phases."
        )
    roadmap = read_roadmap(file)
    planned = plan_of(roadmap, checked(roadmap, str(file), order or None), order)
    if as_json:
        print(json.dumps(planned.as_json(), ensure_ascii=False, indent=2))
    else:
        _show(planned, Console(highlight=False, soft_wrap=True))


def _show(planned: RoadmapPlan, console: Console) -> None:
    counts = planned.counts
    console.print(f"[bold]{escape(planned.title or 'Roadmap')}[/bold]  ({planned.format})")
    console.print(
        f"{counts['tasks']} tasks, {counts['done']} done in the list, {counts['runnable']} to run; "
        f"order: {escape(planned.rule)}"
    )
    phase: list[str] | None = None
    for task in planned.tasks:
        if task["phase"] != phase:
            phase = task["phase"]
            console.print(f"\n[bold]{escape(' > '.join(phase) or 'Outside any phase')}[/bold]")
        console.print(_line(task))
    if counts["runnable"]:
        widest = max(len(wave) for wave in planned.waves)
        console.print(f"\n{len(planned.waves)} waves, at most {widest} tasks wide")
        console.print(
            f"Critical path ({len(planned.critical_path)}): {escape(' -> '.join(planned.critical_path))}"
        )
    if planned.ignored:
        console.print(f"\n[bold]{len(planned.ignored)} lines not taken[/bold]")
    for line in planned.ignored:
        console.print(
            f"  [dim]{line['line']:>5}[/dim]  {escape(line['text'][:70])}  [dim]({escape(line['reason'])})[/dim]"
        )


def _line(task: dict[str, Any]) -> str:
    box = "[green]x[/green]" if task["state"] == "done" else " "
    marks = " [P]" if task["parallel"] else ""
    needs = f"  [dim]needs {escape(', '.join(task['needs']))}[/dim]" if task["needs"] else ""
    return f"  \\[{box}] {escape(task['id'])}{escape(marks)}  {escape(task['title'])}{needs}"
