"""Levelling: what an `auto` of tasks goes by beside their ends: this machine, and the line at the gateway of a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from beastmode.clock import Clock
from beastmode.runner.work import Http, Work
from beastmode.safeguards.adaptive import Adaptive
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.machine import Machine, WithinMachine, look, room_of
from beastmode.safeguards.pressure import Pressure
from beastmode.settings import Auto

LOOK_S = 1.0

Line = Callable[[], Awaitable[tuple[int, int] | None]]
"""Requests that wait at the gateway of a run, and those at work; None where that is not known now."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What finds out how many tasks at once.   pressure: where their models are behind a gateway of the run.   here:
    they have processes on this machine."""

    machine: WithinMachine
    pressure: Pressure | None
    here: bool


def levels_for(concurrency: int | None, works: Iterable[Work | None], *, gateway: bool) -> Levels | None:
    """None where a number is all there is.   works: of the tasks: requests cost this machine nothing, whatever else is
    going on here.   gateway: the run has one, and its tasks see no refusal."""
    if not isinstance(concurrency, Auto):
        return None
    pressure = Pressure(concurrency) if gateway else None
    here = any(not isinstance(work, Http) for work in works)
    return Levels(WithinMachine(pressure or Adaptive(concurrency)), pressure, here)


@asynccontextmanager
async def levelled(
    guard: Guard, levels: Levels | None, clock: Clock, line: Line | None
) -> AsyncIterator[None]:
    """While inside, what is looked at reaches the guard within a second or two."""
    if levels is None:
        yield
        return
    watching = asyncio.get_running_loop().create_task(_watch(guard, levels, clock, line))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(guard: Guard, levels: Levels, clock: Clock, line: Line | None) -> None:
    before = look() if levels.here else None
    while True:
        await asyncio.sleep(LOOK_S)
        now, at_work = clock.monotonic(), guard.limits.in_flight
        before = _look_here(levels.machine, now, at_work, before)
        if levels.pressure is not None and line is not None and (seen := await line()) is not None:
            levels.pressure.looked(now, *seen, workers=at_work)
        guard.limits.look()


def _look_here(level: WithinMachine, now: float, at_work: int, before: Machine | None) -> Machine | None:
    """What it was like without tasks; at the first look that finds none."""
    here = look()
    if here is None or before is None:
        return before
    level.looked(now, room_of(here, at_work, before), at_work)
    return here if at_work == 0 and here.available > before.available else before
