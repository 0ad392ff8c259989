"""`beast run`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer

from beastmode.cli.app import new_app
from beastmode.cli.live import view_for
from beastmode.cli.words import ending
from beastmode.compose.opening import Request, open_run
from beastmode.compose.session import drive
from beastmode.errors import RoadmapError, SettingError
from beastmode.runner.command_line import as_arguments
from beastmode.runner.fields import problems_of_shell
from beastmode.runner.home import HOME
from beastmode.runner.resume import Selection
from beastmode.settings import parse_concurrency, parse_duration, parse_rates

app = new_app()


@app.command()
def run(
    file: Path = typer.Argument(help="The roadmap: native YAML, a Markdown list, or spec-kit's tasks.md."),
    max_concurrency: str = typer.Option("", help="Tasks at once: a number, or none. Default 3."),
    rate: str = typer.Option(
        "", help="Starts of tasks: 8/s, 60/min, 500/h, several with commas, or none. Default 8/s."
    ),
    command: str = typer.Option(
        "", help="What to do for tasks that say only what: 'make {id}'. Not a shell line."
    ),
    timeout: str = typer.Option("", help="For one attempt: 90, 500ms, 10m, 1h30m. Default 1h."),
    retries: int = typer.Option(-1, help="Attempts after the first. Default 2.", show_default=False),
    health: str = typer.Option("", help="URL, tcp://host:port: must be well before a task starts."),
    verify: str = typer.Option(
        "", help="A shell line that must succeed for a task to be done; gets $BEAST_ID etc."
    ),
    server: str = typer.Option(
        "", help="Keep the limits together with all runs on this host that name this server."
    ),
    order: str = typer.Option("", help="Override the order: needs, sequence or phases."),
    max_wait: str = typer.Option(
        "", help="Longest wait for a quota or an unhealthy server. Default 12h (CI: 2m)."
    ),
    max_attempts: int = typer.Option(
        0, help="Budget: attempts in this session. Default: no limit.", show_default=False
    ),
    max_time: str = typer.Option("", help="Budget: time for this session. Default: no limit."),
    durability: str = typer.Option(
        "", help="full: survives a power cut (default); process: a kill -9 only, faster."
    ),
    home: Path = typer.Option(Path(HOME), help="Where the journal and the logs live.", envvar="BEAST_HOME"),
    report: Path | None = typer.Option(None, help="Where the report goes. Default: below the home."),
    fresh: bool = typer.Option(False, help="Begin a new run instead of going on."),
    only: str = typer.Option("", help="Only these tasks: ids with commas."),
    phase: str = typer.Option("", help="Only the tasks of this phase, like 'Month 2'."),
    failed: bool = typer.Option(False, help="Run failed tasks again."),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON on stdout."),
) -> None:
    """Run a roadmap in parallel, safely, to the end. The same command goes on where a run stopped."""
    flags: dict[str, Any] = {}
    _put(flags, "concurrency", max_concurrency, parse_concurrency, "--max-concurrency")
    _put(flags, "rates", rate, parse_rates, "--rate")
    _put(flags, "timeout_s", timeout, parse_duration, "--timeout")
    _put(flags, "max_wait_s", max_wait, parse_duration, "--max-wait")
    _put(flags, "max_time_s", max_time, parse_duration, "--max-time")
    _choose(flags, "order", order, ("needs", "sequence", "phases"))
    _choose(flags, "durability", durability, ("full", "process"))
    flags |= {
        name: value for name, value in (("health", health), ("verify", verify), ("server", server)) if value
    }
    if problems := problems_of_shell(verify):
        raise RoadmapError("--verify", problems)
    flags |= {"retries": retries} if retries >= 0 else {}
    flags |= {"max_attempts": max_attempts} if max_attempts > 0 else {}
    selection = Selection(tuple(filter(None, (name.strip() for name in only.split(",")))), phase, failed)
    request = Request(file, flags, as_arguments(command), home, report, fresh, selection)
    with view_for(sys.stderr) as view:
        summary = drive(open_run(request), view)
    print(ending(summary, str(file)), file=sys.stderr)
    if as_json:
        print(json.dumps(summary.as_json(), indent=2))
    raise typer.Exit(summary.exit_code)


def _put(flags: dict[str, Any], name: str, text: str, parse: Any, flag: str) -> None:
    if not text:
        return
    try:
        flags[name] = parse(text)
    except SettingError as error:
        raise SettingError(error.what, where=flag, tip=error.tip) from None


def _choose(flags: dict[str, Any], name: str, text: str, choices: tuple[str, ...]) -> None:
    if text and text not in choices:
        raise SettingError(f"{text!r} is none of {', '.join(choices)}", where=f"--{name}")
    if text:
        flags[name] = text
