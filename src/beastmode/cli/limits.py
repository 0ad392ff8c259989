"""`beast limits`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from beastmode.cli.app import new_app
from beastmode.cli.asking import AS_JSON, ask_of
from beastmode.cli.history import find_run, runner_of
from beastmode.compose.run.limits_asked import limits_asked
from beastmode.errors import PreconditionError
from beastmode.runner.home import HOME
from beastmode.runner.people import SERVER
from beastmode.runner.plain_limits import (
    at_once_in,
    rates_in,
    tokens_in,
)
from beastmode.runner.progress import Progress
from beastmode.runner.report.levels import TASKS, level_now
from beastmode.settings import Rate

app = new_app()


@app.command()
def limits(
    run: str = typer.Argument("", metavar="[RUN]", help="A run, like r7. Default: the latest."),
    max_concurrency: str | None = typer.Option(None, help="Tasks at once: a number, none, or auto."),
    rate: str | None = typer.Option(
        None,
        help="Starts of tasks, or requests to the model server where the run has a gateway: 8/s, or none.",
    ),
    upstream_concurrency: str | None = typer.Option(None, help="Requests in flight at the model server."),
    tokens: str | None = typer.Option(None, help="Tokens that the model server bears: 200000/min, or none."),
    as_json: bool = AS_JSON,
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Show the limits of a run, or change them while it is at work, or before it goes on."""
    progress = find_run(home, run)
    given = {
        "--max-concurrency": max_concurrency,
        "--rate": rate,
        "--upstream-concurrency": upstream_concurrency,
        "--tokens": tokens,
    }
    changed = limits_asked({flag: text for flag, text in given.items() if text is not None}, progress)
    if changed:
        ask_of(home, progress.name, "", "limits", as_json=as_json, said={"limits": changed})
        return
    if not progress.sessions:
        tip = "Say them to `beast run`, which begins it."
        raise PreconditionError(f"{progress.name} has not begun", tip=tip)
    runner = runner_of(home, progress)
    shown = _in_force(progress, alive=bool(runner))
    if as_json:
        print(json.dumps({"run_id": progress.name, **shown, "runner": runner}, indent=2))
    else:
        print("\n".join(_lines(progress, shown)))


def _in_force(progress: Progress, *, alive: bool) -> dict[str, Any]:
    """The limits now, and how much of them is in use by attempts that have begun.   alive: a runner is at work."""
    settings, now_us = progress.settings, time.time() * 1e6
    begun = [attempt.started_unix_us for attempt in progress.attempts]
    rates = [
        {
            "starts": rate.starts,
            "span_s": rate.span_s,
            "in_use": sum(at > now_us - rate.span_s * 1e6 for at in begun),
        }
        for rate in progress.rates
    ]
    return {
        "concurrency": settings.get("concurrency"),
        "in_use": sum(view.open_attempt > 0 for view in progress.tasks.values()) if alive else 0,
        "rates": rates,
        SERVER: progress.server_limits or None,
        "by_a_person": progress.people.limits or None,
    }


def _lines(progress: Progress, shown: dict[str, Any]) -> Iterator[str]:
    yield f"{progress.name}: its limits" + (", as a person has set them" if shown["by_a_person"] else "")
    auto = " (auto)" if TASKS in level_now(progress) else ""
    yield _line("tasks at once", f"{_most(shown['concurrency'])}{auto}, {shown['in_use']} at work")
    for rate in shown["rates"]:
        yield _line("starts of tasks", f"{Rate(rate['starts'], rate['span_s'])}, {rate['in_use']} in use")
    server = shown[SERVER]
    if server is not None:
        yield _line("requests in flight", _most(server["concurrency"]))
        yield _line("requests", ", ".join(map(str, rates_in(server["rates"]))) or "no limit")
        yield _line("tokens", ", ".join(map(str, tokens_in(server["tokens"]))) or "no limit")
    yield f"Change them: beast limits {progress.name} --max-concurrency N"


def _line(what: str, limit: str) -> str:
    return f"  {what:<20}{limit}"


def _most(asked: int | str | None) -> str:
    return "no limit" if asked is None else f"at most {at_once_in(asked)}"
