"""`beast run`."""

from __future__ import annotations

import inspect
import json
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import typer

from beastmode.cli.app import new_app
from beastmode.cli.choosing import chosen
from beastmode.cli.coding_flags import coding_of, parameters
from beastmode.cli.flags import SETTINGS, asked_of, folder, ids_in, parameter, settings_of
from beastmode.cli.shown import shown_at
from beastmode.cli.views import view_for
from beastmode.cli.words import ending
from beastmode.compose.opening.request import Request
from beastmode.compose.run.notifying import Way
from beastmode.compose.run.performing import perform
from beastmode.errors import SettingError
from beastmode.runner.command_line import as_arguments
from beastmode.runner.home import HOME
from beastmode.runner.resume import Selection
from beastmode.settings import filled, understood

app = new_app()


def run(
    file: Path = typer.Argument(
        readable=False,
        help="The list: a file of any format in docs/roadmaps.md, or a folder with lists in it.",
    ),
    command: str | None = typer.Option(
        None, help="What to do for tasks that say only what: 'make {id}'. Not a shell line."
    ),
    home: str = typer.Option(HOME, help="Where the journal and the logs live.", envvar="BEAST_HOME"),
    report: str | None = typer.Option(None, help="Where the report goes. Default: below the home."),
    fresh: bool = typer.Option(False, "--fresh", help="Begin a new run instead of going on."),
    only: str | None = typer.Option(None, help="Only these tasks: ids with commas."),
    phase: str | None = typer.Option(None, help="Only the tasks of this phase, like 'Month 2'."),
    tag: str | None = typer.Option(None, help="Of a file with several lists (Task Master's tags): this one."),
    skip_optional: bool = typer.Option(
        False, "--skip-optional", help="Leave out tasks that the list marks as optional."
    ),
    failed: bool = typer.Option(False, "--retry-failed", "--failed", help="Run failed tasks again."),
    until_done: bool = typer.Option(
        False, "--until-done", help="Go on by itself: when the server is back, and with what failed."
    ),
    notify: list[str] | None = typer.Option(
        None,
        help="Who hears of the end, of tasks that need a person, quotas and budgets: a command, an http(s) address, "
        "desktop. Several times for several.",
    ),
    write_back: bool = typer.Option(
        False, "--write-back", help="Tick in FILE what is done, in its own notation, while the run goes on."
    ),
    ui: bool = typer.Option(
        False, "--ui", help="Show the run in the browser while it is at work: prints a link."
    ),
    ui_port: str | None = typer.Option(
        None,
        help="Where that listens on this machine; 0: any that is free. Default 8090. It is shown then, too.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON on stdout."),
    **given: Any,
) -> None:
    """Run a roadmap in parallel, safely, to the end. The same command goes on where a run stopped."""
    if fresh and failed:
        tip = "Leave out one of them: in a new run nothing has failed yet."
        raise SettingError("they contradict each other", where="--fresh and --retry-failed", tip=tip)
    settings, said = settings_of(given), coding_of(given)
    file = chosen(file, "run")
    request = Request(
        file,
        settings,
        None if command is None else as_arguments(command),
        folder("--home", home),
        None if report is None else folder("--report", report),
        fresh,
        Selection(ids_in(only), "" if phase is None else filled("--phase", phase), failed),
        said,
        partial(_confirm, yes="yes" in said),
        asked_of(tag, skip_optional),
        write_back=write_back,
    )
    ways = _ways(notify) if notify else []
    shown = shown_at(request.home, ui_port) if ui or ui_port is not None else nullcontext("")
    with shown as afterwards, view_for(sys.stderr) as view:
        summary = perform(request, view, notify=ways, until_done=until_done)
    print("\n".join(filter(None, (ending(summary, str(file)), afterwards))), file=sys.stderr)
    if as_json:
        print(json.dumps(summary.as_json(), indent=2))
    raise typer.Exit(summary.exit_code)


def _ways(notify: list[str]) -> list[Way]:
    from beastmode.compose.run.notice_ways import way_of  # urllib: most runs do without

    return [understood("--notify", text, way_of) for text in notify]


def _confirm(*opened: Any, yes: bool) -> None:
    from beastmode.cli.confirm import confirm  # most runs do without

    confirm(*opened, yes=yes)


# Typer reads flags off a signature; those of tables come from there, so that no flag can differ from what is told.
_OF_SETTINGS = [parameter(one.flag, one.help) for one in SETTINGS]
_FILE, *_OWN = [one for one in inspect.signature(run).parameters.values() if one.kind is not one.VAR_KEYWORD]
run.__signature__ = inspect.Signature([_FILE, *_OF_SETTINGS, *_OWN, *parameters()])  # type: ignore[attr-defined]
run.__annotations__ |= {one.name: one.annotation for one in (*_OF_SETTINGS, *parameters())}
app.command()(run)
