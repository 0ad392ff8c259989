"""What an `auto` of tasks goes by beside their ends, on virtual time: the line at a gateway, and this machine."""

from __future__ import annotations

import asyncio

import pytest

from beastmode.compose.run import levelling
from beastmode.compose.run.levelling import levelled, levels_for
from beastmode.runner.work import Command, Http
from beastmode.safeguards.adaptive import Adaptive
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.safeguards.machine import Machine
from beastmode.settings import Auto
from beastmode.testing import VirtualLoop
from tests.safeguards.guards import play

WORK = Command(("true",))
ROOMY = Machine(50e9, 64e9, 0.5, 4)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> list[Machine]:
    """What is seen of the machine: the last of these."""
    seen = [ROOMY]
    monkeypatch.setattr(levelling, "look", lambda: seen[-1])
    return seen


async def level_after(loop: VirtualLoop, seconds: float, slots: int) -> int | None:
    """A run of agents that each ask all the time, behind a gateway with so many slots: its limit in the end."""
    levels = levels_for(Auto(32), [WORK], gateway=True)
    assert levels is not None
    clock = loop.clock()
    guard = Guard(MemoryStore(Auto(32), ()), clock, concurrency=Auto(32), rates=(), level=levels.machine)

    async def line() -> tuple[int, int]:
        return max(0, guard.limits.in_flight - slots), min(guard.limits.in_flight, slots)

    async def agent() -> None:
        async with guard.admit() as admitted:
            admitted.leaves()
            await asyncio.sleep(10_000)

    async with levelled(guard, levels, clock, line):
        agents = [asyncio.ensure_future(agent()) for _ in range(40)]
        await asyncio.sleep(seconds)
        for one in agents:
            one.cancel()
        await asyncio.gather(*agents, return_exceptions=True)
        return guard.limits.concurrency


def test_agents_are_added_until_their_requests_would_only_wait() -> None:
    async def story(loop: VirtualLoop) -> None:
        assert 8 <= (await level_after(loop, 300, slots=8) or 0) <= 12
        assert await level_after(loop, 300, slots=100) == 32

    play(story)


def test_none_is_added_where_the_machine_is_full(machine: list[Machine]) -> None:
    async def story(loop: VirtualLoop) -> None:
        loop.call_later(20.0, machine.append, Machine(5e9, 64e9, 0.5, 4))
        level = await level_after(loop, 300, slots=100)
        assert level is not None
        assert 3 <= level < 10

    play(story)


def test_requests_cost_this_machine_nothing_and_a_number_needs_no_level() -> None:
    requests = levels_for(Auto(32), [Http(url="http://x")], gateway=False)
    assert requests is not None
    assert not requests.here
    assert requests.pressure is None
    assert isinstance(requests.machine.level, Adaptive)
    assert levels_for(3, [WORK], gateway=True) is None
    assert levels_for(None, [WORK], gateway=True) is None
