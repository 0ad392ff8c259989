"""The gateway's application from settings: its parts made and joined, and what they do at its begin and its end."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial

from beastmode.cache.stack import Stack
from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.compose.serve.alarms import Alarm, Tell, watch
from beastmode.compose.serve.caching import recall_asked, stack_for
from beastmode.compose.serve.door import door_for
from beastmode.compose.serve.listening import Listening
from beastmode.compose.serve.seen import Seen
from beastmode.compose.serve.settings.serving import Serving
from beastmode.compose.serve.upstreams import Limited, not_asked, routes_for
from beastmode.gateway.app import App
from beastmode.gateway.backend import Backend, trouble_of
from beastmode.gateway.call import Call
from beastmode.gateway.carrier import Carrier
from beastmode.gateway.door import Door
from beastmode.gateway.pages import pages
from beastmode.gateway.proxy import Proxy
from beastmode.gateway.remembering import Remembering
from beastmode.gateway.routes import Routes
from beastmode.runner.home import prepare_home
from beastmode.store import prices
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.writing.ledger import Ledger

_LAST_WORDS_S = 2.0
"""For requests that were cut at the end of the drain to have their record."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What differs where a gateway serves one run.   door: who may ask, instead of keys.   stack: the cache, which the
    run takes answers out of.   finishing: told of each request right before its record is written.   max_wait_s: for
    an upstream that is paused or not well; then who waits is refused.   upstreams: is given them, whose limits the run
    may change.   limited: told how many requests at once one bears, where that is found out."""

    door: Door
    stack: Stack | None
    finishing: Callable[[Call], None]
    max_wait_s: float = math.inf
    upstreams: Callable[[Sequence[Backend]], None] = lambda backends: None
    limited: Limited = not_asked


def app_for(
    serving: Serving,
    tell: Tell = lambda alarm: None,
    inside: Inside | None = None,
    seen: Seen | None = None,
) -> App:
    """The application, not yet serving. Raises BeastError.   tell: is told of alarms, and of their end.   inside: of a
    run; None elsewhere.   seen: by dashboards; None for none."""
    prepare_home(serving.home)
    clock, limits = SYSTEM_CLOCK, serving.limits
    listening = Listening(serving, clock)
    raised, over = _tellers(serving, listening, tell)
    routes = _routes_for(serving, listening, inside, raised, over)
    door = _door_for(serving, clock) if inside is None else inside.door
    ledger = _ledger_for(serving, listening)
    stack = stack_for(serving) if inside is None else inside.stack
    finishing = [*listening.finishing, *([] if inside is None else [inside.finishing])]
    carrier = Carrier(routes, ledger, clock, limits)
    memory = Remembering(
        stack,
        serving.cache,
        clock,
        carrier.source_of,
        ttl_s=serving.cache_ttl_s,
        held=carrier.held,
    )
    proxy = Proxy(carrier, ledger, clock, limits, memory, door, finishing=finishing)
    alarms = _alarms(routes, ledger, door, stack, raised, over)
    recall = partial(recall_asked, memory.asked, serving, clock)
    life = _Life(routes, carrier, proxy, door, ledger, stack, listening, alarms, recall)
    own = pages(lambda: ledger.counts, lambda: ledger.alarm or door.alarm or trouble_of(routes.every))
    shown = seen.page(serving, listening.hide, routes.every, door, ledger, stack) if seen else {}
    return App(
        proxy,
        own | dict(shown),
        door=door,
        locked=seen.locked if seen else {},
        keep_bytes=listening.keep_bytes,
        on_start=life.begin,
        on_drain=life.drain,
        on_stop=life.end,
    )


def _routes_for(
    serving: Serving, listening: Listening, inside: Inside | None, raised: Tell, over: Tell
) -> Routes[Backend]:
    if inside is None:
        return routes_for(serving, math.inf, raised, over, listening.limited)
    routes = routes_for(serving, inside.max_wait_s, raised, over, inside.limited)
    inside.upstreams(routes.every)
    return routes


def _door_for(serving: Serving, clock: Clock) -> Door:
    return door_for(serving.home, serving.host, serving.keys, clock, serving.limits.most_waiting)


def _ledger_for(serving: Serving, listening: Listening) -> Ledger:
    return Ledger(
        ledger_path(serving.home),
        strict=serving.strict,
        retention=serving.retention,
        on_begin=listening.on_begin,
        on_end=listening.on_end,
        hide=listening.hide,
    )


def _alarms(
    routes: Routes[Backend], ledger: Ledger, door: Door, stack: Stack | None, raised: Tell, over: Tell
) -> Sequence[Alarm]:
    def ledger_is_well() -> str:
        lost = f"{ledger.unwritten} records are lost" if ledger.unwritten else "no record is lost"
        return f"the ledger can be written again; {lost}"

    return [
        Alarm(lambda: trouble_of(routes.every), lambda: "the limits can be kept again", raised, over),
        Alarm(lambda: ledger.alarm, ledger_is_well, raised, over),
        Alarm(lambda: door.alarm, lambda: "the keys can be used again", raised, over),
        Alarm(lambda: stack.warning if stack else "", lambda: "the cache can be used again", raised, over),
    ]


def _tellers(serving: Serving, listening: Listening, tell: Tell) -> tuple[Tell, Tell]:
    """Who hears of an alarm, and of its end: people as a sentence, programs as an object."""
    if serving.log_format == "json":
        return listening.alarm, listening.alarm_over
    return lambda alarm: tell(f"beast: alarm: {alarm}"), lambda words: tell(f"beast: {words}")


@dataclass(slots=True)
class _Life:
    """What the parts do when the server begins, is told to end, and ends."""

    routes: Routes[Backend]
    carrier: Carrier
    proxy: Proxy
    door: Door
    ledger: Ledger
    stack: Stack | None
    listening: Listening
    alarms: Sequence[Alarm]
    recall: Callable[[], Coroutine[None, None, None]]
    watching: list[asyncio.Task[None]] = field(default_factory=list)

    async def begin(self) -> None:
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, prices.load)
        self.watching += [loop.create_task(watch(self.alarms)), loop.create_task(self.recall())]
        self.door.watch()
        self.listening.begin()

    def drain(self) -> None:
        self.listening.draining(self.ledger.counts.in_flight)
        self.door.stop()
        self.carrier.stop()

    async def end(self) -> None:
        deadline = time.monotonic() + _LAST_WORDS_S
        while self.ledger.counts.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for backend in self.routes.every:
            await backend.close()
        self.proxy.close()
        for task in self.watching:
            task.cancel()
        if self.stack is not None:
            await self.stack.close()
        await self.ledger.close()
        await self.door.close()
        for alarm in self.alarms:  # what went wrong at the very end
            alarm.look()
        await self.listening.end(self.ledger.counts)
