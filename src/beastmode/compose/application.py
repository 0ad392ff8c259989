"""The gateway's application from settings: its parts made and joined, and what they do at its begin and its end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from beastmode.cache.stack import Stack
from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.alarms import LedgerAlarm, Tell
from beastmode.compose.caching import stack_for
from beastmode.compose.door import door_for
from beastmode.compose.listening import Listening
from beastmode.compose.serve_settings import Serving
from beastmode.compose.upstreams import routes_for
from beastmode.gateway.app import App
from beastmode.gateway.backend import Backend
from beastmode.gateway.carrier import Carrier
from beastmode.gateway.keys import Doorkeeper
from beastmode.gateway.pages import pages
from beastmode.gateway.proxy import Proxy
from beastmode.gateway.remembering import Remembering
from beastmode.gateway.routes import Routes
from beastmode.runner.home import prepare_home
from beastmode.store import prices
from beastmode.store.ledger import Ledger
from beastmode.store.ledger_file import ledger_path

_LAST_WORDS_S = 2.0
"""For requests that were cut at the end of the drain to have their record."""


def app_for(serving: Serving, tell: Tell = lambda alarm: None) -> App:
    """The application, not yet serving. Raises BeastError.   tell: is told of alarms, and of their end."""
    prepare_home(serving.home)
    clock, limits = SYSTEM_CLOCK, serving.limits
    listening = Listening(serving, clock)
    routes = routes_for(serving)
    door = door_for(serving.home, serving.host, serving.keys, clock, limits.most_waiting)
    ledger = _ledger_for(serving, listening)
    stack = stack_for(serving)
    carrier = Carrier(routes, ledger, clock, limits)
    memory = Remembering(stack, serving.cache, clock, carrier.source_of, ttl_s=serving.cache_ttl_s)
    proxy = Proxy(carrier, ledger, clock, limits, memory, door, finishing=listening.finishing)
    life = _Life(routes, door, ledger, stack, listening, _alarm_of(ledger, serving, listening, tell))
    return App(
        proxy,
        pages(lambda: ledger.counts, lambda: ledger.alarm or door.alarm),
        door=door,
        keep_bytes=listening.keep_bytes,
        on_start=life.begin,
        on_drain=life.drain,
        on_stop=life.end,
    )


def _ledger_for(serving: Serving, listening: Listening) -> Ledger:
    return Ledger(
        ledger_path(serving.home),
        strict=serving.strict,
        retention=serving.retention,
        on_begin=listening.on_begin,
        on_end=listening.on_end,
        hide=listening.hide,
    )


def _alarm_of(ledger: Ledger, serving: Serving, listening: Listening, tell: Tell) -> LedgerAlarm:
    """People hear of it as a sentence, programs as an object."""
    if serving.log_format == "json":
        return LedgerAlarm(ledger, listening.alarm, listening.alarm_over)
    return LedgerAlarm(
        ledger, lambda alarm: tell(f"beast: alarm: {alarm}"), lambda words: tell(f"beast: {words}")
    )


@dataclass(slots=True)
class _Life:
    """What the parts do when the server begins, is told to end, and ends."""

    routes: Routes[Backend]
    door: Doorkeeper
    ledger: Ledger
    stack: Stack | None
    listening: Listening
    alarm: LedgerAlarm
    watching: list[asyncio.Task[None]] = field(default_factory=list)

    async def begin(self) -> None:
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, prices.load)
        self.watching.append(loop.create_task(self.alarm.watch()))
        self.door.watch()
        self.listening.begin()

    def drain(self) -> None:
        self.listening.draining(self.ledger.counts.in_flight)
        self.door.stop()
        for backend in self.routes.every:
            backend.stop()

    async def end(self) -> None:
        deadline = time.monotonic() + _LAST_WORDS_S
        while self.ledger.counts.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for backend in self.routes.every:
            await backend.close()
        for task in self.watching:
            task.cancel()
        if self.stack is not None:
            await self.stack.close()
        await self.ledger.close()
        await self.door.close()
        await self.listening.end(self.ledger.counts)
