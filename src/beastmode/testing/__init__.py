"""Fakes that are part of the product: time by hand, a loop on virtual time, a journal in memory, a scripted kind;
servers have modules of their own.

Tests of programs that use beastmode may build on them. Nothing of beastmode imports this module.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from beastmode.clock import Clock
from beastmode.events import ONCE_AN_ATTEMPT, Event
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.roadmap import Task

START_UNIX = 1_800_000_000.0
"""What the wall clock of a virtual loop shows at its start."""


class ManualTime:
    """Time that moves only when told to: call it for the reading, set or add to `now`. In seconds."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class DeadlockError(Exception):
    """Nothing is scheduled any more, and the program has not ended: it would wait for ever."""


class _VirtualSelector(selectors.SelectSelector):
    """Instead of sleeping, moves the time on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise DeadlockError("nothing is scheduled: the program waits for something that cannot come")
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer. Deterministic: no threads, no sockets, no real waiting.

    Raises DeadlockError where a real loop would hang. About 300 to 700 times faster than the time it plays.
    """

    def __init__(self, start_s: float = 0.0) -> None:
        self._virtual = _VirtualSelector()
        self._virtual.now = start_s
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def clock(self) -> Clock:
        """Its time as a Clock."""
        return Clock(self.time, self.time, lambda: START_UNIX + self.time())


class MemoryJournal:
    """Keeps events in memory; what is appended in one turn of the loop is safe `latency_s` later, as one batch.

    `crash` forgets what was not safe yet, as a kill -9 does. Refuses a second record of one attempt's start or end.
    """

    def __init__(self, clock: Clock, latency_s: float = 0.0) -> None:
        self.events: list[Event] = []
        self.latency_s = latency_s
        self._clock = clock
        self._pending: list[tuple[Event, asyncio.Future[None]]] = []
        self._once: set[tuple[str, str, int]] = set()
        self._dead = False

    def append(
        self, kind: str, run: int, task: str = "", attempt: int = 0, data: dict[str, Any] | None = None
    ) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        now_us, unix_us = int(self._clock.monotonic() * 1e6), int(self._clock.unix() * 1e6)
        written: asyncio.Future[None] = loop.create_future()
        if self._dead:
            written.cancel()
            return written
        self._pending.append((Event(kind, run, task, attempt, data or {}, unix_us, now_us), written))
        if len(self._pending) == 1:
            loop.call_later(self.latency_s, self._commit)
        return written

    def crash(self) -> None:
        """As kill -9: what was not safe yet is lost, and nothing is heard of this journal again."""
        for _, written in self._pending:
            written.cancel()
        self._pending.clear()
        self._dead = True

    def adopt(self, crashed: MemoryJournal) -> None:
        """Begin with what another journal had made safe."""
        self.events, self._once = crashed.events, crashed._once

    def _commit(self) -> None:
        pending, self._pending = self._pending, []
        for event, written in pending:
            once = (event.kind, event.task, event.attempt)
            if event.kind in ONCE_AN_ATTEMPT:
                if once in self._once:
                    raise AssertionError(f"recorded twice: {once}")
                self._once.add(once)
            event.seq = len(self.events) + 1
            self.events.append(event)
            if not written.done():
                written.set_result(None)


class ScriptedKind:
    """A kind that does what `script` says for an attempt: a coroutine function that returns the Outcome."""

    def __init__(self, script: Callable[[Attempt], Awaitable[Outcome]]) -> None:
        self._script = script

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        leaves()
        return await self._script(attempt)


def attempt_of(task: Task, number: int = 1, *, folder: Path = Path(), feedback: str = "") -> Attempt:
    """An Attempt as the runner would make it, for tests of kinds.   folder: it runs in, and its log goes to."""
    log = folder / f"{task.id}.{number}.log"
    return Attempt("1", task, (), number, 60.0, log, 1024 * 1024, folder, folder, feedback)
