"""`beast plan`: what a roadmap was read as, before anything runs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.choosing import chosen
from beastmode.cli.flags import asked_of
from beastmode.cli.plan_text import Look, plan_lines
from beastmode.cli.prompts import prompt_lines, prompts_of
from beastmode.compose.opening import checked
from beastmode.errors import SettingError
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.plan import plan_of

app = new_app()


@app.command()
def plan(
    file: Path = typer.Argument(readable=False, help="The roadmap, or a folder with lists in it."),
    order: str = typer.Option("", help="Override the order: needs, sequence or phases."),
    tag: str | None = typer.Option(None, help="As of beast run."),
    skip_optional: bool = typer.Option(False, "--skip-optional", help="As of beast run."),
    prompts: bool = typer.Option(
        False, "--prompts", help="Show what an agent would be told of each task instead."
    ),
    check: str = typer.Option(
        "", help="As of beast run, for --prompts. Default: what the repository speaks of."
    ),
    verify: str = typer.Option("", help="As of beast run, for --prompts."),
    prompt_template: Path | None = typer.Option(None, readable=False, help="As of beast run, for --prompts."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON on stdout."),
) -> None:
    """Show the tasks of a roadmap, their order and its rule, waves, critical path, and the lines not taken."""
    if order not in ("", "needs", "sequence", "phases"):
        raise SettingError(
            f"{order!r} is not an order", where="--order", tip="Use needs, sequence or phases."
        )
    file = chosen(file, "plan")
    roadmap = read_roadmap(file, asked_of(tag, skip_optional))
    if prompts:
        told = prompts_of(roadmap, check, verify, prompt_template)
        print(json.dumps(told, indent=2) if as_json else "\n".join(prompt_lines(told)))
        return
    planned = plan_of(roadmap, checked(roadmap, str(file), order or None), order)
    if as_json:
        print(json.dumps(planned.as_json(), indent=2))
    else:
        print("\n".join(plan_lines(planned, _look())))


def _look() -> Look:
    """Bold and dim text on a terminal that wants it."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return Look()
    return Look(
        bold=lambda text: f"\x1b[1m{text}\x1b[0m",
        dim=lambda text: f"\x1b[2m{text}\x1b[0m",
        good=lambda text: f"\x1b[32m{text}\x1b[0m",
    )
