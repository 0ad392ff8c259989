"""`beast plan`: what a roadmap was read as, before anything runs."""

from __future__ import annotations

import inspect
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import typer

from beastmode.cli.app import new_app
from beastmode.cli.choosing import chosen
from beastmode.cli.coding_flags import CODING_FLAGS, coding_of, parameters
from beastmode.cli.estimate_text import Foreseen, estimate_lines
from beastmode.cli.flags import asked_of, settings_of
from beastmode.cli.plan_text import Look, plan_lines
from beastmode.cli.prompts import prompt_lines, prompts_of
from beastmode.cli.what_if import rows_of
from beastmode.compose.opening.foreseeing import case_of
from beastmode.compose.opening.planning import question_of
from beastmode.compose.opening.request import Request
from beastmode.compose.opening.run import checked
from beastmode.errors import JournalError, JournalVersionError
from beastmode.runner.command_line import as_arguments
from beastmode.runner.foreseeing.bottleneck import bottleneck
from beastmode.runner.foreseeing.estimate import estimate
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.home import HOME
from beastmode.runner.plan import plan_of
from beastmode.runner.roadmap import Roadmap
from beastmode.settings import filled

app = new_app()

_OF_CODE = ("agent", "model", "gateway", "tokens", "upstream_concurrency", "check_concurrency", "merge")
"""Flags of `beast run` for code that matter for time: understood as there."""


def plan(
    file: Path = typer.Argument(readable=False, help="The roadmap, or a folder with lists in it."),
    order: str | None = typer.Option(None, help="Override the order: needs, sequence or phases."),
    tag: str | None = typer.Option(None, help="As of beast run."),
    skip_optional: bool = typer.Option(False, "--skip-optional", help="As of beast run."),
    max_concurrency: str | None = typer.Option(None, help="As of beast run, for the estimate."),
    rate: str | None = typer.Option(None, help="As of beast run, for the estimate."),
    retries: str | None = typer.Option(None, help="As of beast run, for the estimate."),
    command: str | None = typer.Option(None, help="As of beast run, for the estimate."),
    what_if: str | None = typer.Option(
        None, help="Other limits to be estimated beside: 'max-concurrency=5,10 rate=16/s'."
    ),
    home: Path = typer.Option(Path(HOME), help="Where earlier runs are recorded.", envvar="BEAST_HOME"),
    fresh: bool = typer.Option(False, "--fresh", help="As of beast run: estimate all, whatever is done."),
    prompts: bool = typer.Option(
        False, "--prompts", help="Show what an agent would be told of each task instead."
    ),
    check: str = typer.Option(
        "", help="As of beast run, for --prompts. Default: what the repository speaks of."
    ),
    verify: str = typer.Option("", help="As of beast run, for --prompts."),
    prompt_template: Path | None = typer.Option(None, readable=False, help="As of beast run, for --prompts."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON on stdout."),
    **code: Any,
) -> None:
    """Show the tasks of a roadmap, their order and its rule, waves, critical path, the lines not taken; how long it may
    take, and what holds it up."""
    flags = settings_of(
        {"order": order, "max_concurrency": max_concurrency, "rate": rate, "retries": retries}
    )
    said = coding_of({one.name: code.get(one.name) for one in CODING_FLAGS})
    done_by = None if command is None else as_arguments(command)
    file, asked = chosen(file, "plan"), asked_of(tag, skip_optional)
    roadmap = read_roadmap(file, asked)
    if prompts:
        told = prompts_of(roadmap, check, verify, prompt_template)
        print(json.dumps(told, indent=2) if as_json else "\n".join(prompt_lines(told)))
        return
    request = Request(file, flags, done_by, home, fresh=fresh, coding=said, asked=asked)
    planned = plan_of(roadmap, checked(roadmap, str(file), flags.get("order")), order or "")
    foreseen, trouble = _foreseen(request, roadmap, what_if)
    if as_json:
        print(json.dumps(planned.as_json() | (foreseen.as_json() if foreseen else {}), indent=2))
    else:
        lines = partial(estimate_lines, foreseen) if foreseen else None
        print("\n".join(plan_lines(planned, _look(), lines)))
    if trouble:
        print(f"beast: no estimate: {trouble}", file=sys.stderr)


def _foreseen(request: Request, roadmap: Roadmap, what_if: str | None) -> tuple[Foreseen | None, str]:
    """What is foreseen; nothing, and why, where earlier runs cannot be read: the list can be shown all the same."""
    try:
        planned = question_of(request, roadmap)
        case = case_of(planned.question)
    except (JournalError, JournalVersionError) as error:
        return None, str(error)
    rows = rows_of(case, filled("--what-if", what_if)) if what_if is not None else []
    return Foreseen(estimate(case), bottleneck(case), rows, planned.known), ""


def _look() -> Look:
    """Bold and dim text on a terminal that wants it."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return Look()
    return Look(
        bold=lambda text: f"\x1b[1m{text}\x1b[0m",
        dim=lambda text: f"\x1b[2m{text}\x1b[0m",
        good=lambda text: f"\x1b[32m{text}\x1b[0m",
    )


# Typer reads flags off a signature; those of code come from their table, as those of `beast run` do.
_OWN = [one for one in inspect.signature(plan).parameters.values() if one.kind is not one.VAR_KEYWORD]
_CODE = [one for one in parameters() if one.name in _OF_CODE]
plan.__signature__ = inspect.Signature([*_OWN, *_CODE])  # type: ignore[attr-defined]
plan.__annotations__ |= {one.name: one.annotation for one in _CODE}
app.command()(plan)
