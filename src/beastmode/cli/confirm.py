"""Before a run that writes code begins: what will be done, for how much, and a moment to stop it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence

from beastmode.compose.opening.code import Code
from beastmode.errors import PreconditionError
from beastmode.runner.code.coding import ModelServer
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding
from beastmode.settings import RunSettings

_MOMENT_S = 5


def confirm(
    code: Code,
    tasks: Sequence[Task],
    settings: RunSettings,
    *,
    yes: bool,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Say it on stderr; on a terminal wait 5 s for a Ctrl-C, elsewhere raise PreconditionError without `yes`."""
    for line in lines_of(code, tasks, settings):
        print(line, file=sys.stderr)
    if yes:
        return
    if not sys.stderr.isatty():
        tip = "Look at the lines above, then give the same command with --yes."
        raise PreconditionError("agents cost money, and nobody is at a terminal to stop them", tip=tip)
    for left in range(_MOMENT_S, 0, -1):
        print(f"\rBegins in {left} s; Ctrl-C stops it. ", end="", file=sys.stderr, flush=True)
        pause(1.0)
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def lines_of(code: Code, tasks: Sequence[Task], settings: RunSettings) -> Iterator[str]:
    """What a person should know before it begins.   tasks: those that are to be run."""
    many = "1 task" if len(tasks) == 1 else f"{len(tasks)} tasks"
    at_once = settings.concurrency or len(tasks)
    yield f"{many} by {_agents(code, tasks)}, at most {min(at_once, len(tasks)) or 1} at once: {code.estimate}"
    yield f"  model server: {_server(code.settings.server)}; budget: {_budget(code)}"
    yield f"  proof: {_proof(code, tasks, settings)}"
    base = code.repository.branch or code.repository.base[:12]
    where = (
        "each task keeps its branch"
        if code.settings.merge == "none"
        else "merged one by one, never into yours"
    )
    yield f"  from {base}; {where}"
    for note in (*code.chosen.notes, *code.repository.notes):
        yield f"  {note}"


def _agents(code: Code, tasks: Sequence[Task]) -> str:
    names: dict[str, None] = {}
    for task in tasks:
        work = code.chosen.work_of(task)
        if isinstance(work, Coding):
            names[work.agent or work.command[0]] = None
    return ", ".join(names)


def _server(server: ModelServer | None) -> str:
    if server is None:
        return "each agent's own, without a gateway: nobody paces it"
    if server.gateway:
        return f"the gateway at {server.gateway}, which paces"
    rates = ", ".join(map(str, server.rates)) or "any rate"
    return (
        f"{server.upstream or 'that of each agent'} ({rates}, {server.concurrency or 'any number'} in flight)"
    )


def _budget(code: Code) -> str:
    settings = code.settings
    if settings.server is None or settings.server.gateway:
        return "none is kept"
    told = "none" if settings.budget_usd is None else f"{settings.budget_usd:g} USD"
    return told if settings.task_budget_usd is None else f"{told}, {settings.task_budget_usd:g} USD a task"


def _proof(code: Code, tasks: Sequence[Task], settings: RunSettings) -> str:
    own = len(tasks) if settings.verify else sum(task.options.verify is not None for task in tasks)
    verify = f"{own} of {len(tasks)} have a verify" if own < len(tasks) else "each has a verify"
    check = f"check `{code.settings.check}`" if code.settings.check else "no check"
    return f"{check}; {verify}" + ("" if code.settings.check or own else ": the agents' word is all there is")
