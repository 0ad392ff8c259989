"""A real gateway on loopback, in the loop of the test, in front of any upstream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import uvicorn

from beastmode.cache.admission import Mode
from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.stack import Stack
from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.compose.serve.door import door_for
from beastmode.compose.serve.seen import Seen
from beastmode.compose.serve.server import server_for
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.gateway.app import App
from beastmode.gateway.backend import Backend
from beastmode.gateway.carrier import Carrier
from beastmode.gateway.client.connection import Connection
from beastmode.gateway.limits import ProxyLimits
from beastmode.gateway.pages import pages
from beastmode.gateway.proxy import Proxy
from beastmode.gateway.remembering import Remembering
from beastmode.gateway.routes import Routes
from beastmode.gateway.upstream import Upstream
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.writing.ledger import Ledger

_OF_UPSTREAM = {field.name for field in fields(UpstreamSettings)}


@asynccontextmanager
async def gateway(upstream: str, home: Path, **changes: Any) -> AsyncIterator[str]:
    """Serve `upstream` without limits, unless `changes` of Serving, or of its one upstream, say otherwise; gives the
    gateway's URL. `seen`: by dashboards."""
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    of_upstream = {name: changes.pop(name) for name in _OF_UPSTREAM & changes.keys()}
    one = replace(UpstreamSettings(upstream, concurrency=None, rates=()), **of_upstream)
    seen: Seen | None = changes.pop("seen", None)
    free = Serving((one,), port=0, home=home, linger_s=0.0, drain_s=5.0)
    server = server_for(replace(free, **changes), started.set_result, seen=seen)
    serving = asyncio.create_task(server.serve())
    try:
        yield f"http://127.0.0.1:{await started}"
    finally:
        server.should_exit = True
        await serving


def records(home: Path) -> list[Entry]:
    """What the ledger of a home has, oldest first. To be read when the gateway has ended."""
    reader = LedgerReader(ledger_path(home))
    try:
        return list(reader.requests(1_000_000))[::-1]
    finally:
        reader.close()


@asynccontextmanager
async def serving_app(app: App) -> AsyncIterator[str]:
    """Any gateway made by hand, on loopback; gives its URL."""
    config = uvicorn.Config(app, port=0, http=Connection, log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def by_hand(
    urls: list[str],
    home: Path,
    *,
    limits: ProxyLimits = ProxyLimits(),  # noqa: B008 it is frozen
    concurrency: int | None = None,
    cache: Mode = "off",
    clock: Clock = SYSTEM_CLOCK,
) -> App:
    """An app in front of several upstreams, tried in order, with its limits in memory."""

    def backend(url: str) -> Backend:
        def guard_for(_scope: str) -> Guard:
            return Guard(MemoryStore(concurrency, ()), clock, concurrency=concurrency, rates=())

        return Backend(Upstream(url), guard_for, clock, most_waiting=limits.most_waiting)

    ledger = Ledger(ledger_path(home), clock=clock)
    routes = Routes([backend(url) for url in urls])
    door = door_for(home, "127.0.0.1", "auto", clock, limits.most_waiting)
    carrier = Carrier(routes, ledger, clock, limits)
    stack = Stack(L1Memory(10_000_000), clock=clock)
    memory = Remembering(stack, cache, clock, carrier.source_of, held=carrier.held)
    proxy = Proxy(carrier, ledger, clock, limits, memory, door)

    async def start() -> None:
        return None

    async def stop() -> None:
        for one in routes.every:
            await one.close()
        proxy.close()
        await ledger.close()
        await door.close()

    own = pages(lambda: ledger.counts, lambda: "")
    return App(proxy, own, door=door, on_start=start, on_drain=carrier.stop, on_stop=stop)
