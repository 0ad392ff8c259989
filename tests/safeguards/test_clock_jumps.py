"""Clocks that jump: the wall clock by a day either way, and a suspend of the machine. Nothing ever starts early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.clock import LOOK_AGAIN_S, Clock
from beastmode.failures.failure import Failure
from beastmode.runner.measures import most_in_window
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import LimitStore, MemoryStore
from beastmode.settings import Rate
from beastmode.testing import START_UNIX, VirtualLoop

DAY_S = 86_400.0
RATE = Rate(3, 1.0)


class Machine:
    """A virtual loop whose wall clock can be set, and which can be suspended: the monotonic clock and every timer
    stand still then, as on Linux; the boot clock and the wall clock go on."""

    def __init__(self) -> None:
        self.loop = VirtualLoop(start_s=1000.0)
        self.asleep_s = self.wall_s = 0.0
        self.clock = Clock(
            self.loop.time,
            lambda: self.loop.time() + self.asleep_s,
            lambda: START_UNIX + self.loop.time() + self.asleep_s + self.wall_s,
        )

    def suspend(self, for_s: float) -> None:
        self.asleep_s += for_s

    def set_wall_clock(self, by_s: float) -> None:
        self.wall_s += by_s


Jump = Callable[[Machine], None]
JUMPS: dict[str, Jump] = {
    "none": lambda machine: None,
    "a day ahead": lambda machine: machine.set_wall_clock(DAY_S),
    "a day back": lambda machine: machine.set_wall_clock(-DAY_S),
    "asleep for a minute": lambda machine: machine.suspend(60.0),
    "asleep for a day": lambda machine: machine.suspend(DAY_S),
}


def starts_of_a_run(store: str, jump: Jump, folder: Path) -> list[float]:
    """The real starts, by the loop's own time, of 60 calls at 3/s with health checks, in a run that jumps at 5.3 s."""
    machine, starts = Machine(), list[float]()
    loop, clock = machine.loop, machine.clock

    async def probe(leaves: Callable[[], None]) -> Failure | None:
        leaves()
        starts.append(loop.time())
        await asyncio.sleep(0.05)
        return None

    def limit_store() -> LimitStore:
        if store == "memory":
            return MemoryStore(2, [RATE])
        return HostStore("server:1", 2, [RATE], 2.0, folder=folder, clock=clock.monotonic)

    async def play() -> None:
        guard = Guard(limit_store(), clock, concurrency=2, rates=[RATE], probe=probe)

        async def call() -> None:
            async with guard.admit() as admitted:
                admitted.leaves()
                starts.append(loop.time())
                await asyncio.sleep(0.3)

        loop.call_later(5.3, jump, machine)
        await asyncio.gather(*(call() for _ in range(60)))
        guard.close()

    loop.run_until_complete(play())
    loop.close()
    return starts


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("store", ["memory", "host"])
def test_no_jump_moves_any_start(store: str, jump: str, tmp_path: Path) -> None:
    starts = starts_of_a_run(store, JUMPS[jump], tmp_path / "jump")
    assert starts == starts_of_a_run(store, JUMPS["none"], tmp_path / "none")
    assert most_in_window([round(start * 1e6) for start in starts], 1_000_000) == RATE.starts


@pytest.mark.parametrize("jump", JUMPS)
def test_a_pause_ends_when_it_said_and_time_asleep_counts(jump: str) -> None:
    """The server said: come back in ten minutes. Asleep for one of them, nine are left; neither earlier nor later
    because a person set the clock."""
    machine = Machine()

    async def play() -> None:
        guard = Guard(MemoryStore(1, []), machine.clock, concurrency=1, rates=[])
        until = machine.clock.boottime() + 600.0
        guard.pause(600.0, "rate_limit")
        machine.loop.call_later(5.3, JUMPS[jump], machine)
        async with guard.admit():
            overslept_s = machine.clock.boottime() - until
        assert overslept_s >= 0.0
        assert overslept_s <= LOOK_AGAIN_S + (DAY_S if jump == "asleep for a day" else 0.0)

    machine.loop.run_until_complete(play())
    machine.loop.close()


def test_a_suspend_shortens_no_slot_that_lingers() -> None:
    """The server's own work may have stood still as well: on the same host it did."""
    machine = Machine()

    async def play() -> None:
        guard = Guard(MemoryStore(1, []), machine.clock, concurrency=1, rates=[], linger_s=10.0)
        async with guard.admit() as admitted:
            admitted.leaves()
            admitted.cut_off = True
        machine.suspend(DAY_S)
        async with guard.admit():
            assert machine.loop.time() >= 1010.0

    machine.loop.run_until_complete(play())
    machine.loop.close()
