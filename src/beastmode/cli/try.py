"""`beast try`: one task of a list, all the way, before the rest of it is let loose."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from beastmode.cli.app import new_app
from beastmode.cli.choosing import chosen
from beastmode.cli.flags import asked_of, folder, settings_of
from beastmode.cli.run import run
from beastmode.compose.coding_history import taken_of
from beastmode.compose.opening import next_task
from beastmode.errors import EXIT_DONE
from beastmode.runner.estimate import Estimate, Taken, estimate
from beastmode.settings import RunSettings

app = new_app()

_OF_A_RUN = {"fresh": False, "only": None, "phase": None, "failed": False}
"""Flags that say which tasks: here it is one."""


def one_task(file: Path, **given: Any) -> None:
    """Run one task of a roadmap to its end, and say what the others would take and cost. It counts: `beast run` with
    the same options goes on with the others."""
    del given["one"]  # there is no other way to try
    home = folder("--home", given["home"])
    file = chosen(file, "try")
    first, left = next_task(file, home, asked_of(given["tag"], given["skip_optional"]))
    if not first:
        print("Nothing is left to try: every task has ended, or waits for one that has not.", file=sys.stderr)
        raise typer.Exit(EXIT_DONE)
    try:
        run(file, **{**_OF_A_RUN, **given, "only": first})
    except typer.Exit as ended:
        if ended.exit_code == EXIT_DONE:
            at_once = settings_of({"--max-concurrency": given["max_concurrency"]}).get(
                "concurrency", RunSettings().concurrency
            )
            taken = taken_of(home, file, first)
            print(_told(first, taken, estimate(left, at_once, taken, 1)), file=sys.stderr)
        raise


def _told(task: str, taken: Sequence[Taken], rest: Estimate) -> str:
    lines = [f"{task} took {took.words}." for took in taken]
    if rest.tasks:
        lines.append(f"The other {rest.tasks} would take {rest}, if they are like it.")
        lines.append("Run them: the same command with `run` instead of `try`.")
    return "\n".join(lines)


_ONE = typer.Option(True, "--one", help="One task: the first that can begin.")
_FILE, *_REST = inspect.signature(run).parameters.values()
_PARAMETERS = [
    _FILE,
    *(other for other in _REST if other.name not in _OF_A_RUN),
    inspect.Parameter("one", inspect.Parameter.KEYWORD_ONLY, default=_ONE, annotation=bool),
]
# Typer reads flags off a signature: those of `beast run`, so that none can differ from it.
one_task.__signature__ = inspect.Signature(_PARAMETERS)  # type: ignore[attr-defined]
one_task.__annotations__ = {parameter.name: parameter.annotation for parameter in _PARAMETERS}
app.command("try")(one_task)
