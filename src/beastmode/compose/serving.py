"""A server from settings: the gateway's parts made and joined, and run until told to end."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.alarms import LedgerAlarm, Tell
from beastmode.compose.caching import stack_for
from beastmode.compose.door import door_for
from beastmode.compose.listening import Listening
from beastmode.compose.port import see_port
from beastmode.compose.serve_keys import key_of
from beastmode.compose.serve_settings import Serving, UpstreamSettings
from beastmode.compose.tls import checked_tls
from beastmode.gateway.app import App
from beastmode.gateway.backend import Backend
from beastmode.gateway.carrier import Carrier
from beastmode.gateway.connection import Connection, Reaper
from beastmode.gateway.pages import pages
from beastmode.gateway.proxy import Proxy
from beastmode.gateway.remembering import Remembering
from beastmode.gateway.routes import Routes
from beastmode.gateway.upstream import Upstream
from beastmode.probes.probe import probe_for
from beastmode.runner.home import prepare_home
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host_store import HostStore
from beastmode.store import prices
from beastmode.store.ledger import Ledger
from beastmode.store.ledger_file import ledger_path

_IDLE_CLIENT_S = 120.0
"""Longer than clients keep a connection they do not use, so that none sends a request into one that is being closed."""
_OBJECTS_A_LOOK = 10_000
_LAST_WORDS_S = 2.0
"""For requests that were cut at the end of the drain to have their record."""


def serve(
    serving: Serving, on_started: Callable[[int], None] = lambda port: None, tell: Tell = lambda alarm: None
) -> None:
    """Serve until TERM or Ctrl-C, then drain. Raises BeastError where it cannot start.   on_started: gets the port.
    tell: is told of alarms, and of their end."""
    _allow_connections()
    see_port(serving.host, serving.port)  # uvicorn would end without a word that anybody reads

    def started(port: int) -> None:
        asyncio.get_running_loop().run_in_executor(None, _settle)
        on_started(port)

    server_for(serving, started, tell).run()


def _settle() -> None:
    """Once all is loaded, leave it out of the garbage collection; and a request makes no garbage in circles that would
    be worth a look at every 700 objects. Together a fifth of the CPU of a request."""
    prices.load()
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_LOOK)


def server_for(
    serving: Serving, on_started: Callable[[int], None], tell: Tell = lambda alarm: None
) -> uvicorn.Server:
    """The server, not yet running. Raises BeastError."""
    tls = checked_tls(serving.tls_cert, serving.tls_key)
    app = app_for(serving, tell)
    config = uvicorn.Config(
        app,
        host=serving.host,
        port=serving.port,
        http=Connection,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=round(_IDLE_CLIENT_S),
        timeout_graceful_shutdown=math.ceil(serving.drain_s),
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    # What it logs are our own cut connections; every request has its record.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return _Server(config, app, serving.limits.slow_client_s, on_started)


def app_for(serving: Serving, tell: Tell = lambda alarm: None) -> App:
    """The application, not yet serving. Raises BeastError."""
    prepare_home(serving.home)
    clock = SYSTEM_CLOCK
    routes, listening = _routes(serving), Listening(serving, clock)
    door = door_for(serving.home, serving.host, serving.keys, clock, serving.limits.most_waiting)
    ledger = Ledger(
        ledger_path(serving.home),
        strict=serving.strict,
        retention=serving.retention,
        on_begin=listening.on_begin,
        on_end=listening.on_end,
        hide=listening.hide,
    )
    carrier, stack = Carrier(routes, ledger, clock, serving.limits), stack_for(serving)
    memory = Remembering(stack, serving.cache, clock, carrier.source_of, ttl_s=serving.cache_ttl_s)
    proxy = Proxy(carrier, ledger, clock, serving.limits, memory, door, finishing=listening.finishing)

    def alarm() -> str:
        return ledger.alarm or door.alarm

    def drain() -> None:
        listening.draining(ledger.counts.in_flight)
        door.stop()
        for backend in routes.every:
            backend.stop()

    watching: list[asyncio.Task[None]] = []

    async def start() -> None:
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, prices.load)
        watching.append(loop.create_task(_alarm_of(ledger, serving, listening, tell).watch()))
        door.watch()
        listening.begin()

    async def stop() -> None:
        deadline = time.monotonic() + _LAST_WORDS_S
        while ledger.counts.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for backend in routes.every:
            await backend.close()
        for task in watching:
            task.cancel()
        if stack is not None:
            await stack.close()
        await ledger.close()
        await door.close()
        await listening.end(ledger.counts)

    return App(
        proxy,
        pages(lambda: ledger.counts, alarm),
        door=door,
        keep_bytes=listening.keep_bytes,
        on_start=start,
        on_drain=drain,
        on_stop=stop,
    )


def _alarm_of(ledger: Ledger, serving: Serving, listening: Listening, tell: Tell) -> LedgerAlarm:
    """People hear of it as a sentence, programs as an object."""
    if serving.log_format == "json":
        return LedgerAlarm(ledger, listening.alarm, listening.alarm_over)
    return LedgerAlarm(
        ledger, lambda alarm: tell(f"beast: alarm: {alarm}"), lambda words: tell(f"beast: {words}")
    )


def _routes(serving: Serving) -> Routes[Backend]:
    backends = {one.name: _backend(one, serving) for one in serving.upstreams}
    models = [(pattern, [backends[name] for name in names]) for pattern, names in serving.models]
    return Routes(list(backends.values()), models)


def _backend(one: UpstreamSettings, serving: Serving) -> Backend:
    probe = probe_for(one.health) if one.health else None

    def guard_for(scope: str) -> Guard:
        linger_s = serving.linger_s
        store = HostStore(one.url, one.concurrency, one.rates, linger_s, tokens=one.tokens, scope=scope)
        return Guard(
            store,
            SYSTEM_CLOCK,
            concurrency=one.concurrency,
            rates=one.rates,
            tokens=one.tokens,
            probe=probe,
            linger_s=linger_s,
        )

    upstream = Upstream(one.url, key=key_of(one), idle_s=serving.idle_s, connect_s=serving.connect_s)
    return Backend(
        upstream,
        guard_for,
        SYSTEM_CLOCK,
        most_waiting=serving.limits.most_waiting,
        name=one.name,
        by_tenant=one.limits_per == "credential",
    )


def _allow_connections() -> None:
    """As many open files as this user may have: a few hundred idle clients must not keep the next one out."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Server(uvicorn.Server):
    """Says on which port it listens, once it does. TERM and Ctrl-C drain it: those in line are told, what has left
    may end, and the exit code is 0. Told again, it cuts what is left and ends by that signal."""

    def __init__(
        self, config: uvicorn.Config, app: App, slow_client_s: float, on_started: Callable[[int], None]
    ) -> None:
        super().__init__(config)
        self._app, self._on_started = app, on_started
        self._reaper = Reaper(self.server_state.connections, slow_client_s)

    async def main_loop(self) -> None:
        self._on_started(self.servers[0].sockets[0].getsockname()[1])
        reaping = asyncio.get_running_loop().create_task(self._reaper.run())
        try:
            await super().main_loop()
        finally:
            reaping.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        again = self.should_exit
        super().handle_exit(sig, frame)
        self.force_exit = again

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._app.drain()
        await super().shutdown(sockets)  # type: ignore[arg-type]
        if self.force_exit:
            for task in list(self.server_state.tasks):
                task.cancel()
            await self.lifespan.shutdown()
        else:
            self._captured_signals.clear()  # else uvicorn ends the process by the signal it has just obeyed
