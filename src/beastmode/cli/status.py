"""`beast status`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from beastmode.amounts import counted, duration
from beastmode.cli.app import new_app
from beastmode.cli.history import find_run, runner_of
from beastmode.cli.words import safe
from beastmode.events import Event
from beastmode.failures.advice import spoken
from beastmode.runner.foreseeing.estimate import Spread
from beastmode.runner.foreseeing.remaining import left_of
from beastmode.runner.home import HOME
from beastmode.runner.progress import Progress
from beastmode.runner.report.levels import level_now
from beastmode.runner.report.words import how_many_done, period, utc
from beastmode.runner.states import AT_WORK, FINAL, TaskState
from beastmode.runner.summary import Summary, summarise
from beastmode.runner.views import TaskView

app = new_app()

_SHOWN: dict[TaskState, str] = {
    "running": "cyan",
    "verifying": "cyan",
    "merging": "cyan",
    "waiting": "yellow",
    "needs_person": "magenta",
    "failed": "red",
    "blocked": "yellow",
}
_MOST_OF_A_STATE = 20
_WIDEST_ID = 32
_STATE_COLOURS = {"done": "green", "failed": "red", "killed": "red", "error": "red", "running": "cyan"}


@app.command()
def status(
    run: str = typer.Argument("", help="A run, like r7. Default: the latest."),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON on stdout."),
) -> None:
    """Show how a run stands: counts, what runs, what waits and why, what failed."""
    progress = find_run(home, run)
    runner = runner_of(home, progress)
    summary = summarise(progress, alive=bool(runner))
    if as_json:
        tasks = [_plain(view, progress) for view in progress.tasks.values()]
        still = _left(progress) if runner else None
        told = {
            "paused": progress.people.paused,
            "asked_for": list(map(asked, progress.people.unanswered)),
            "levels": level_now(progress),
            **({"left_s": asdict(still)} if still else {}),
        }
        print(json.dumps({**summary.as_json(), **told, "task_list": tasks}, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    head = (*_head(progress, summary, runner), *_levels(progress), *_people(progress, runner))
    for line in (*head, *_tasks(progress, summary), *_elsewhere(progress), *_more(summary)):
        console.print(line)


def _head(progress: Progress, summary: Summary, runner: str) -> Iterator[Text]:
    data = progress.started.data if progress.started else {}
    title = f"  {safe(data['title'])}" if data.get("title") else ""
    colour = _STATE_COLOURS.get(summary.state, "yellow")
    yield Text.assemble((f"{summary.run_id} {summary.state}", f"bold {colour}"), (title, "bold"))
    still = _left(progress) if runner else None
    left = f", about {still.told(spoken)} left" if still else ""
    yield Text(f"{how_many_done(summary.tasks)}, {counted(summary.attempts, 'attempt')}{left}")
    first, last = (progress.sessions[0], progress.sessions[-1]) if progress.sessions else (None, None)
    begun = utc(first.started.unix_us / 1e6) if first else None
    ended = utc(last.ended.unix_us / 1e6) if last and last.ended else None
    by = f", by {runner}" if runner else ""
    yield Text(f"{safe(data.get('roadmap', ''))}, {period(begun, ended)}{by}", "dim")


def _levels(progress: Progress) -> Iterator[Text]:
    """What an `auto` allows by now."""
    for of, limit in level_now(progress).items():
        what = counted(limit, "task") if of == "tasks" else f"{counted(limit, 'request')} to {safe(of)}"
        yield Text(f"  at once      {what} (auto)", "dim")


def _people(progress: Progress, runner: str) -> Iterator[Text]:
    """What people asked for and still holds, or is still to come."""
    people, run = progress.people, progress.name
    if people.paused:
        yield Text(f"  paused       nothing begins until: beast resume {run}", "yellow")
    for task in sorted(people.paused_tasks)[:_MOST_OF_A_STATE]:
        yield Text(f"  paused       {safe(task)}  until: beast resume {run} {safe(task)}", "yellow")
    for event in people.unanswered[-_MOST_OF_A_STATE:]:
        when = "the runner has not answered yet" if runner else "takes effect when the run goes on"
        what = f"{event.data.get('action')} {event.task}".strip()
        yield Text(f"  asked for    {safe(what)}: {when}", "yellow")


def _left(progress: Progress) -> Spread | None:
    """Seconds until a run at work will have come to its end; None where nothing says."""
    if not progress.sessions:
        return None
    session = progress.sessions[-1]
    ends = {attempt.task for attempt in progress.attempts if attempt.session == session.number}
    ended = sum(progress.tasks[task].state in FINAL for task in ends if task in progress.tasks)
    return left_of(session, ended, time.time())


def _tasks(progress: Progress, summary: Summary) -> Iterator[Text]:
    shown = [view for view in progress.tasks.values() if view.state in _SHOWN]
    width = min(_WIDEST_ID, max((len(safe(view.id)) for view in shown), default=0))
    since = {attempt.task: attempt.started_unix_us / 1e6 for attempt in progress.attempts}
    for state, colour in _SHOWN.items():
        views = [view for view in shown if view.state == state]
        for view in views[:_MOST_OF_A_STATE]:
            name = Text(f"  {state.replace('_', ' '):<12} ", colour)
            line = name.append(f"{safe(view.id):<{width}}  {safe(view.title)}", "default")
            yield line.append(_why(view, summary, since.get(view.id)), "dim")
            yield from _failure(view)
        if len(views) > _MOST_OF_A_STATE:
            yield Text(f"  … and {len(views) - _MOST_OF_A_STATE:,} more {state}: see --json", "dim")


def _why(view: TaskView, summary: Summary, since_unix: float | None) -> str:
    if view.state in AT_WORK:
        if summary.state == "killed":
            return "  was at work when its runner was killed; runs again"
        for_s = f", for {duration(time.time() - since_unix)}" if since_unix else ""
        return f"  attempt {view.attempts}{for_s}"
    if view.state == "waiting":
        until = f" until {utc(view.until_unix)}" if view.until_unix else ""
        return f"  {view.reason}{until}"
    return f"  by {safe(view.reason)}" if view.state == "blocked" and view.reason else ""


def _failure(view: TaskView) -> Iterator[Text]:
    if view.failure and view.state in ("failed", "needs_person"):
        yield Text(f"{'':15}{safe(view.failure['class'])}: {safe(view.failure['cause'])}")
        yield Text(f"{'':15}{safe(view.failure['tip'])}", "dim")


def _elsewhere(progress: Progress) -> Iterator[Text]:
    """What attempts left elsewhere than in their worktree, until a person has looked at the task."""
    left = [(view, view.code) for view in progress.tasks.values() if view.code and view.code.elsewhere]
    shown = [(view, code.elsewhere) for view, code in left if not code.reviewed]
    for view, found in shown[:_MOST_OF_A_STATE]:
        yield Text(f"  elsewhere    {safe(view.id)}  {safe(found[0]['told'])}", "yellow")
        more = f"{len(found) - 1} more; " if len(found) > 1 else ""
        yield Text(f"{'':15}{more}what to do: beast review {progress.name} {safe(view.id)}", "dim")
    if len(shown) > _MOST_OF_A_STATE:
        yield Text(f"  … and elsewhere of {len(shown) - _MOST_OF_A_STATE:,} more tasks: see --json", "dim")


def _more(summary: Summary) -> Iterator[Text]:
    if summary.state in ("killed", "interrupted", "held", "error"):
        until = f" from {utc(summary.until_unix)} on" if summary.until_unix else ""
        yield Text(f"The same `beast run` command goes on{until}.")
    if summary.tasks["failed"]:
        yield Text(
            f"`beast logs TASK` shows what it printed, `beast report {summary.run_id}` everything.", "dim"
        )


def asked(event: Event) -> dict[str, object]:
    """What a person asked for and no runner has done yet, for programs."""
    return {"control": event.seq, "action": event.data.get("action"), "task": event.task}


def _plain(view: TaskView, progress: Progress) -> dict[str, object]:
    return {
        "id": view.id,
        "title": view.title,
        "phase": list(view.phases),
        "state": view.state,
        "attempts": view.attempts,
        "reason": view.reason,
        "until_unix": view.until_unix,
        "failure": view.failure,
        "paused": view.id in progress.people.paused_tasks,
        "gate": progress.people.gate_of(view.id),
        "elsewhere": list(view.code.elsewhere) if view.code else [],
    }
