"""`beast try`: one task of a list, all the way, before the rest of it is let loose."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import typer

from beastmode.cli.app import new_app
from beastmode.cli.choosing import chosen
from beastmode.cli.coding_flags import CODING_FLAGS, coding_of
from beastmode.cli.flags import asked_of, folder, settings_of
from beastmode.cli.run import run
from beastmode.compose.opening.foreseeing import case_of
from beastmode.compose.opening.history import pasts_in
from beastmode.compose.opening.planning import next_task, question_of
from beastmode.compose.opening.request import Request
from beastmode.compose.opening.run import read_list
from beastmode.errors import EXIT_DONE
from beastmode.failures.advice import spoken
from beastmode.runner.command_line import as_arguments
from beastmode.runner.foreseeing.estimate import Estimate, estimate

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
            print(_told(first, _taken(home, first), left and _rest(file, home, given)), file=sys.stderr)
        raise


def _taken(home: Path, task: str) -> str:
    """What the task has taken just now, all its attempts, in words; "" where nobody can tell."""
    pasts = pasts_in(home)
    mine = [past for past in pasts if past.run == pasts[-1].run and past.like.task == task]
    prices = [past.usd for past in mine]
    known = [usd for usd in prices if usd is not None]
    cost = f"{sum(known):.2f} USD" if known and len(known) == len(prices) else "nobody could count its cost"
    return f"{spoken(sum(past.seconds for past in mine))} and {cost}" if mine else ""


def _rest(file: Path, home: Path, given: Mapping[str, Any]) -> Estimate:
    """What the other tasks would take."""
    said = coding_of({one.name: given[one.name] for one in CODING_FLAGS})
    flags = settings_of({name: given[name] for name in ("max_concurrency", "rate")})
    command = None if given["command"] is None else as_arguments(given["command"])
    asked = asked_of(given["tag"], given["skip_optional"])
    request = Request(file, flags, command, home, coding=said, asked=asked)
    return estimate(case_of(question_of(request, read_list(file, asked)).question))


def _told(task: str, taken: str, rest: Estimate | Literal[0]) -> str:
    lines = [f"{task} took {taken}."] if taken else []
    if rest:
        lines.append(f"The other {rest.tasks} would take {rest}.")
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
