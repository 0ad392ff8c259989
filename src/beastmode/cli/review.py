"""`beast review`."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from beastmode.amounts import counted, usd
from beastmode.cli.app import new_app
from beastmode.cli.diff import show
from beastmode.cli.history import find_run, find_task
from beastmode.cli.words import safe, safe_lines
from beastmode.errors import PreconditionError, SettingError
from beastmode.runner.code.reviewing import as_object, waiting_in
from beastmode.runner.code.whereabouts import found
from beastmode.runner.home import HOME, log_path, logs_of, run_folder
from beastmode.runner.processes.output import tail_of
from beastmode.runner.progress import Progress
from beastmode.runner.views import TaskView

app = new_app()

_RUN = re.compile(r"r\d+")
_LAST_LINES, _LAST_BYTES = 20, 16 * 1024
_MOST_ELSEWHERE = 20
_COMMANDS = (("look", "show"), ("put back", "back"))


@app.command()
def review(
    first: str = typer.Argument("", metavar="[RUN]", help="A run, like r7. Default: the latest."),
    second: str = typer.Argument("", metavar="[TASK]", help="A task of it. Default: list those that wait."),
    accept: bool = typer.Option(False, "--accept", help="Take its work: it is merged now, and checked."),
    reject: bool = typer.Option(False, "--reject", help="Give it up; its branch stays."),
    redo: str | None = typer.Option(None, "--redo", help="Have it done again, with this note for the agent."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object on stdout."),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Show what waits for a person; take it, give it up, or have it done again with a note."""
    run, task = _named(first, second)
    progress = find_run(home, run)
    words = [
        word for word, said in (("accept", accept), ("reject", reject), ("redo", redo is not None)) if said
    ]
    if not task:
        if words:
            raise SettingError("no task is named", where=f"--{words[0]}", tip="Write: beast review RUN TASK.")
        _print_list(progress, as_json)
        return
    view = find_task(progress, task)
    if len(words) > 1:
        raise SettingError(f"--{words[0]} and --{words[1]} at once", tip="Give one of them.")
    if words:
        _print_said(asyncio.run(_say(home, progress.run, task, words[0], redo or "")), as_json)
    else:
        _print_task(home, progress, view, as_json)


def _named(first: str, second: str) -> tuple[str, str]:
    """Run and task. A single word is a run where it looks like one, else a task of the latest."""
    return (first, second) if second or not first or _RUN.fullmatch(first) else ("", first)


async def _say(home: Path, run: int, task: str, word: str, note: str) -> tuple[str, TaskView, int]:
    # the parts of a run: 0.2 s, which looking does not need
    from beastmode.compose.coding import reviewing
    from beastmode.compose.coding.desk import desk_of

    if word == "redo" and not note.strip():
        raise SettingError("nothing was given", where="--redo", tip="Write what is to be done otherwise.")
    async with desk_of(home, run) as desk:
        if word == "accept":
            said = await reviewing.accept(desk, task)
        elif word == "reject":
            said = await reviewing.reject(desk, task)
        else:
            said = await reviewing.redo(desk, task, note)
    return said, find_task(find_run(home, str(run)), task), run


def _print_said(told: tuple[str, TaskView, int], as_json: bool) -> None:
    said, view, run = told
    print(json.dumps({"run_id": f"r{run}", **as_object(view)}, indent=2) if as_json else f"{safe(said)}.")


def _print_list(progress: Progress, as_json: bool) -> None:
    waiting, run = waiting_in(progress), progress.name
    if as_json:
        stuck, unseen = map(as_object, waiting.stuck), map(as_object, waiting.unseen)
        print(json.dumps({"run_id": run, "needs_person": list(stuck), "unreviewed": list(unseen)}, indent=2))
        return
    print(
        f"{run}: {counted(len(waiting.stuck), 'task')} in need of a person, {len(waiting.unseen)} not looked at."
    )
    for view in waiting.stuck:
        print("\n".join(_stuck(view)))
    for view in waiting.unseen:
        commit = view.code.commit[:12] if view.code else ""
        print(f"  done  {commit}  {safe(view.id)}  {safe(view.title)}")
        if view.code and view.code.elsewhere:
            print(f"        elsewhere: {safe(view.code.elsewhere[0]['told'])}")
    if waiting.stuck or waiting.unseen:
        one = (waiting.stuck or waiting.unseen)[0]
        print(f"Look at one: beast review {run} {safe(one.id)}")


def _stuck(view: TaskView) -> Iterator[str]:
    yield f"  {view.state.replace('_', ' ')}  {safe(view.id)}  {safe(view.title)}"
    if view.failure:
        yield f"        {safe(view.failure['class'])}: {safe(view.failure['cause'])}"
        yield f"        {safe(view.failure['tip'])}"


def _print_task(home: Path, progress: Progress, view: TaskView, as_json: bool) -> None:
    run = progress.name
    logs = _logs(home, progress.run, view)
    if as_json:
        print(json.dumps({"run_id": run, **as_object(view), "logs": [str(path) for path in logs]}, indent=2))
        return
    print("\n".join(_facts(view)))
    for path in logs:
        print(f"\n{safe(path)}, the end:\n{_end_of(path)}")
    try:
        git, changes = asyncio.run(found(progress, view, [Path.cwd()]))
    except PreconditionError as error:
        print(f"\n{safe(error.what)}")
    else:
        print("", flush=True)
        show(git, changes, "--stat")
    name = safe(view.id)
    print(f"\nAll of it: beast diff {name} --run {run}")
    print(f"Your word: beast review {run} {name} --accept | --reject | --redo 'what to do otherwise'")


def _facts(view: TaskView) -> Iterator[str]:
    yield f"{safe(view.id)}  {safe(view.title)}"
    yield f"{view.state.replace('_', ' ')}, {counted(view.attempts, 'attempt')}"
    if view.failure:
        yield f"{safe(view.failure['class'])}: {safe(view.failure['cause'])}"
        yield f"What to do: {safe(view.failure['tip'])}"
    if view.code is None:
        return
    if view.code.branch:
        merged = f", merged as {view.code.commit[:12]}" if view.code.merged else ""
        yield f"Branch: {safe(view.code.branch)}{merged}"
    if view.code.usage:
        requests = counted(int(view.code.usage.get("requests", 0)), "request")
        yield f"Cost: {usd(view.code.usage.get('cost_usd', 0), sign='')} USD, {requests}"
    if view.code.note:
        yield f"Note: {safe(view.code.note)}"
    yield from _elsewhere(view.code.elsewhere)


def _elsewhere(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What its attempts left elsewhere, the last ones, each with its commands."""
    if len(found) > _MOST_ELSEWHERE:
        yield f"Elsewhere: the last {_MOST_ELSEWHERE} of {len(found)}; --json has all"
    for one in found[-_MOST_ELSEWHERE:]:
        yield f"Elsewhere, at attempt {one['attempt']}: {safe(one['told'])}"
        yield from (f"    {to}: {safe(one[what])}" for to, what in _COMMANDS if one[what])


def _logs(home: Path, run: int, view: TaskView) -> list[Path]:
    """Those of the last attempt that are there."""
    log = log_path(run_folder(home, run), view.id, view.attempts)
    return [path for path in logs_of(log) if path.exists()]


def _end_of(path: Path) -> str:
    return safe_lines("\n".join(tail_of(path, _LAST_BYTES).splitlines()[-_LAST_LINES:]))
