"""One session of a run: the parts are made and joined, the tasks run to their end."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from beastmode import events
from beastmode.clock import SYSTEM_CLOCK, Clock, boot_id
from beastmode.compose.opening.code import recorded
from beastmode.compose.opening.planning import estimate_of
from beastmode.compose.opening.run import Opened
from beastmode.compose.opening.used_before import used_before
from beastmode.compose.run.controlling import controlled
from beastmode.compose.run.ending import finish
from beastmode.compose.run.guarding import guard_for, store_for
from beastmode.compose.run.jobs import Kinds, Places, job_for
from beastmode.compose.run.levelling import Levels, levelled, levels_for
from beastmode.errors import JournalError
from beastmode.failures.secrets import Secrets
from beastmode.runner.execute import Job, Means
from beastmode.runner.home import watchdog_folder
from beastmode.runner.plain_limits import plain_rates
from beastmode.runner.processes.supervisor import Supervisor, end_leftovers, wait_for_old_watchdogs
from beastmode.runner.rank import rank_of
from beastmode.runner.resume import opening_events
from beastmode.runner.schedule import Schedule
from beastmode.runner.states import TaskState
from beastmode.runner.summary import Summary
from beastmode.runner.touches import touches_of
from beastmode.safeguards.budget import Budget
from beastmode.safeguards.guard import Guard
from beastmode.settings import Auto, RunSettings

if TYPE_CHECKING:
    from beastmode.compose.coding.coders import Coders


@dataclass(slots=True)
class Live:
    """A run at work, as a view may look at it: states, jobs and their steps, limits in use."""

    opened: Opened
    schedule: Schedule
    guard: Guard
    means: Means


class View:
    """Watches a run. The default sees nothing; `cli/live.py` shows it."""

    def begin(self, live: Live) -> None:
        """The run is at work; `live` may be looked at until `end`."""

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        """A task has a new state.   job: None where it was never started."""

    def end(self) -> None:
        """All work has ended."""

    def warned(self, warnings: Sequence[str]) -> None:
        """What was wrong on the way and did not end the run; after `end`."""


def drive(opened: Opened, view: View | None = None) -> Summary:
    """Run to the end of the session: start, watch signals, record, report. Raises BeastError for 74."""
    try:
        return asyncio.run(_drive(opened, view or View()))
    finally:
        opened.lock.release()


async def _drive(opened: Opened, view: View) -> Summary:
    try:
        return await _session(opened, view)
    finally:
        with suppress(JournalError):  # whatever was wrong with it has been raised already
            await opened.journal.close()


async def _session(opened: Opened, view: View) -> Summary:
    token = uuid.uuid4().hex
    await _end_what_is_left(opened)
    supervisor = Supervisor(token, watchdog_folder(opened.request.home) / f"{token}.lock")
    try:
        async with coders_of(opened, supervisor, view.warned) as coders:
            await _record_beginning(opened, token)
            return await _at_work(opened, view, supervisor, coders, token)
    finally:
        await supervisor.close()


async def _at_work(
    opened: Opened, view: View, supervisor: Supervisor, coders: Coders | None, token: str
) -> Summary:
    store = store_for(opened.settings)
    levels = _levels(opened, coders)
    guard = guard_for(opened, store, SYSTEM_CLOCK, token, levels.machine if levels else None)
    kinds = Kinds(supervisor)
    means = _means(opened, guard, SYSTEM_CLOCK)
    schedule = _schedule(opened, means, partial(job_for, opened, kinds, Places.of(opened), coders), view)
    if coders is not None:
        coders.on_budget = lambda: schedule.stop("spent")
    with _signals(schedule):
        view.begin(Live(opened, schedule, guard, means))
        try:
            with _time_limit(schedule, opened.settings.max_time_s):
                line = coders.line if coders else None
                async with (
                    controlled(opened, schedule, guard, coders),
                    levelled(guard, levels, SYSTEM_CLOCK, line),
                ):
                    await schedule.run()
        finally:
            view.end()
            await kinds.close()
            guard.close()
            view.warned(store.warnings)
        return await finish(opened, schedule, means)


def _schedule(opened: Opened, means: Means, job_of: Callable[[int], Job], view: View) -> Schedule:
    plan = opened.plan
    return Schedule(
        opened.graph,
        means,
        job_of,
        rank=rank_of(opened.graph, plan.tasks),
        touches=touches_of(plan.tasks),
        states=dict(plan.states),
        held=plan.held,
        gates=plan.gates,
        watch=view.changed,
        trouble=lambda: opened.journal.trouble is not None,
    )


def _levels(opened: Opened, coders: Coders | None) -> Levels | None:
    gateway = coders is not None and coders.line is not None
    return levels_for(opened.settings.concurrency, (task.work for task in opened.plan.tasks), gateway=gateway)


@asynccontextmanager
async def coders_of(
    opened: Opened, supervisor: Supervisor, warn: Callable[[Sequence[str]], None]
) -> AsyncIterator[Coders | None]:
    """The parts of a run that writes code, at work; None for any other run. Raises BeastError."""
    if opened.code is None:
        yield None
        return
    from beastmode.compose.coding.coders import Coders  # a gateway and all that agents need: 0.5 s

    coders = Coders(opened, opened.code, supervisor, warn)
    try:
        await coders.begin()
        yield coders
    finally:
        await coders.end()


async def _end_what_is_left(opened: Opened) -> None:
    """Nothing of a runner that was killed may still be at work when its tasks start again."""
    await wait_for_old_watchdogs(watchdog_folder(opened.request.home))
    if opened.progress.unclean:
        await end_leftovers(str(opened.progress.sessions[-1].started.data.get("session", "")))


async def _record_beginning(opened: Opened, token: str) -> None:
    """One batch: either the session has begun, with all that follows from the list as it is now, or it has not."""
    journal, run, settings = opened.journal, opened.run, opened.settings
    data = {
        "session": token,
        "pid": os.getpid(),
        "boot": boot_id(),
        "resumed": bool(opened.progress.sessions),
        "after_kill": opened.progress.unclean,
        "settings": {**asdict(settings), **_at_once(settings)},
        "rates": plain_rates(settings.rates),
        "asked": opened.limits.asked,
        **({"persons": opened.limits.persons} if opened.limits.persons else {}),
        "order": opened.roadmap.rule if settings.order is None else f"--order {settings.order}",
        **({"code": recorded(opened.code)} if opened.code else {}),
    }
    used, told = _used_before(opened), estimate_of(opened)
    opened.estimate = told
    journal.append(events.SESSION_STARTED, run, data=data)
    if told is not None and told.tasks:
        journal.append(events.ESTIMATED, run, data=told.as_json())
    await asyncio.gather(
        *(
            journal.append(kind, run, task, number, data | used.get((task, number), {}))
            for kind, task, number, data in opening_events(opened.plan, opened.request.selection)
        )
    )


def _at_once(settings: RunSettings) -> dict[str, Any]:
    """Tasks at once as they are to begin with; what becomes of an `auto` is told by events of their own."""
    most = settings.concurrency
    return {"concurrency": most.start, "auto": int(most)} if isinstance(most, Auto) else {}


def _used_before(opened: Opened) -> dict[tuple[str, int], dict[str, Any]]:
    """What attempts have used whose runner was killed before it could say so, for the events that end them."""
    server = opened.code.settings.server if opened.code else None
    if server is None or server.gateway or not opened.progress.unclean:
        return {}
    used = used_before(opened.request.home, opened.run)
    return {attempt: {"usage": usage} for attempt, usage in used.items()}


def _means(opened: Opened, guard: Guard, clock: Clock) -> Means:
    settings, attempts = opened.settings, Budget(opened.settings.max_attempts)
    rng = random.Random()
    secrets = Secrets.of_environment(os.environ)
    return Means(
        opened.run, guard, opened.journal, clock, rng, settings.max_wait_s, attempts, secrets=secrets
    )


@contextmanager
def _time_limit(schedule: Schedule, seconds: float | None) -> Iterator[None]:
    """Drain when the session's budget of time is used up."""
    if seconds is None:
        yield
        return
    timer = asyncio.get_running_loop().call_later(seconds, schedule.stop, "time")
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _signals(schedule: Schedule) -> Iterator[None]:
    """The first Ctrl-C (or TERM) drains, the second ends what runs."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if schedule.stop_reason == "interrupted":
            schedule.kill()
        else:
            schedule.stop("interrupted")

    caught: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in caught:
            loop.add_signal_handler(number, on_signal)
    except (RuntimeError, ValueError):
        caught = ()  # not in the main thread: whoever runs us there handles signals
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
