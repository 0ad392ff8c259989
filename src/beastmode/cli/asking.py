"""What the commands share that ask something of a run: which run and task are meant, and how the outcome is told."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import typer

from beastmode.cli.history import find_run, find_task, runner_of
from beastmode.cli.words import safe
from beastmode.compose.run.asking import Asked, ask
from beastmode.runner.control import Action, Control
from beastmode.runner.progress import Progress
from beastmode.runner.report.advice import list_of

_RUN = re.compile(r"r\d+")

RUN = typer.Argument("", metavar="[RUN]", help="A run, like r7. Default: the latest.")
TASK = typer.Argument("", metavar="[TASK]", help="A task of it. Default: the whole run.")
AS_JSON = typer.Option(False, "--json", help="Print one JSON object on stdout.")


def named(first: str, second: str) -> tuple[str, str]:
    """Run and task. A single word is a run where it looks like one, else a task of the latest."""
    return (first, second) if second or not first or _RUN.fullmatch(first) else ("", first)


def ask_of(
    home: Path, run: str, task: str, action: Action, *, as_json: bool, said: dict[str, Any] | None = None
) -> None:
    """Ask it of a run, or of one of its tasks, and print what has come of it. Raises BeastError for what is not there,
    or cannot be done."""
    progress = find_run(home, run)
    if task:
        find_task(progress, task)
    asked = ask(home, progress, Control(action, task, said or {}))
    if as_json:
        print(json.dumps(as_object(asked, runner_of(home, progress)), indent=2))
    else:
        print(_told(asked, progress))


def as_object(asked: Asked, runner: str) -> dict[str, Any]:
    """What has come of it, for programs."""
    return {
        "run_id": asked.run,
        "task": asked.task,
        "action": asked.action,
        "when": asked.when,
        "effect": asked.words,
        "control": asked.control or None,
        "runner": runner,
    }


def _told(asked: Asked, progress: Progress) -> str:
    who = f"{asked.run} {safe(asked.task)}".strip()
    if asked.when == "next":
        words = list_of(progress)
        command = f"`{shlex.join(['beast', 'run', *words])}`" if words else "its program"
        return f"{who}: asked for. It takes effect when {command} goes on: {safe(asked.words)}."
    if asked.when == "soon":
        return f"{who}: asked for. The runner has not answered yet; it is to be: {safe(asked.words)}."
    return f"{who} {safe(asked.words)}." if asked.when == "nothing" else f"{who}: {safe(asked.words)}."
