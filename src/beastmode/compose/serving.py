"""A server from settings: the gateway's parts made and joined, and run until told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import uvicorn

from beastmode.clock import SYSTEM_CLOCK
from beastmode.errors import PreconditionError, SettingError
from beastmode.gateway.app import App
from beastmode.gateway.backend import Backend
from beastmode.gateway.carrier import Carrier
from beastmode.gateway.connection import Connection, Reaper
from beastmode.gateway.limits import ProxyLimits
from beastmode.gateway.pages import pages
from beastmode.gateway.proxy import Proxy
from beastmode.gateway.routes import Routes
from beastmode.gateway.upstream import Upstream
from beastmode.runner.home import HOME, prepare_home
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host_folder import origin
from beastmode.safeguards.host_store import HostStore
from beastmode.settings import Rate
from beastmode.store import prices
from beastmode.store.ledger import Ledger
from beastmode.store.ledger_file import ledger_path

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_IDLE_CLIENT_S = 120.0
"""Longer than clients keep a connection they do not use, so that none sends a request into one that is being closed."""
_LAST_WORDS_S = 2.0
"""For requests that were cut at the end of the drain to have their record."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What a person asked for.

    upstream: its base URL.   key_env: the variable that holds its key, which then replaces the clients' own.
    concurrency, rates: what the upstream bears.   linger_s: how much longer a slot is held after a call that was cut
    off.   idle_s: the longest silence of the upstream.   drain_s: how long streams may go on after TERM.
    """

    upstream: str
    key_env: str = ""
    host: str = "127.0.0.1"
    port: int = 8080
    concurrency: int | None = 3
    rates: tuple[Rate, ...] = (Rate(8, 1.0),)
    home: Path = Path(HOME)
    linger_s: float = 2.0
    idle_s: float = 600.0
    drain_s: float = 30.0
    strict: bool = False
    limits: ProxyLimits = field(default_factory=ProxyLimits)


def serve(serving: Serving, on_started: Callable[[int], None] = lambda port: None) -> None:
    """Serve until TERM or Ctrl-C, then drain. Raises BeastError where it cannot start.   on_started: gets the port."""
    _allow_connections()
    server_for(serving, on_started).run()


def server_for(serving: Serving, on_started: Callable[[int], None]) -> uvicorn.Server:
    """The server, not yet running. Raises BeastError."""
    app = app_for(serving)
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
        timeout_graceful_shutdown=round(serving.drain_s),
    )
    # What it logs are our own cut connections; every request has its record.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return _Server(config, app, serving.limits.slow_client_s, on_started)


def app_for(serving: Serving) -> App:
    """The application, not yet serving. Raises BeastError."""
    key = _checked(serving)
    prepare_home(serving.home)
    clock = SYSTEM_CLOCK
    ledger = Ledger(ledger_path(serving.home), strict=serving.strict)
    routes = Routes([_backend(serving, key)])
    proxy = Proxy(Carrier(routes, ledger, clock, serving.limits), ledger, clock, serving.limits)

    def drain() -> None:
        for backend in routes.every:
            backend.stop()

    async def start() -> None:
        asyncio.get_running_loop().run_in_executor(None, prices.load)

    async def stop() -> None:
        deadline = time.monotonic() + _LAST_WORDS_S
        while ledger.counts.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for backend in routes.every:
            await backend.close()
        await ledger.close()

    own = pages(lambda: ledger.counts, lambda: ledger.alarm)
    slow_s = serving.limits.slow_client_s
    return App(proxy, own, slow_client_s=slow_s, on_start=start, on_drain=drain, on_stop=stop)


def _backend(serving: Serving, key: str) -> Backend:
    def guard_for(_scope: str) -> Guard:
        store = HostStore(serving.upstream, serving.concurrency, serving.rates, serving.linger_s)
        return Guard(
            store,
            SYSTEM_CLOCK,
            concurrency=serving.concurrency,
            rates=serving.rates,
            linger_s=serving.linger_s,
        )

    upstream = Upstream(serving.upstream, key=key, idle_s=serving.idle_s)
    return Backend(upstream, guard_for, SYSTEM_CLOCK, most_waiting=serving.limits.most_waiting)


def _checked(serving: Serving) -> str:
    """The upstream's key; "" where the clients bring their own."""
    origin(serving.upstream)
    if not serving.upstream.startswith(("http://", "https://")):
        raise SettingError(
            f"{serving.upstream!r} is no base URL",
            where="--upstream",
            tip="Write http:// or https:// in front.",
        )
    if serving.host not in _LOOPBACK:
        tip = "Serve on 127.0.0.1 with a proxy of your own in front; other addresses need keys, which come later."
        raise SettingError("only loopback is served", where="--host", tip=tip)
    key = os.environ.get(serving.key_env, "") if serving.key_env else ""
    if serving.key_env and not key:
        tip = f"Set it, for example: export {serving.key_env}=…, or leave --upstream-key-env out."
        raise PreconditionError(f"the environment has no variable {serving.key_env}", tip=tip)
    return key


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
