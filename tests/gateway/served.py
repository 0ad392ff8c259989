"""A real gateway on loopback, in the loop of the test, in front of any upstream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from beastmode.compose.serve_settings import Serving, UpstreamSettings
from beastmode.compose.serving import server_for
from beastmode.store.entry import Entry
from beastmode.store.ledger_file import ledger_path
from beastmode.store.ledger_reader import LedgerReader

_OF_UPSTREAM = {field.name for field in fields(UpstreamSettings)}


@asynccontextmanager
async def gateway(upstream: str, home: Path, **changes: Any) -> AsyncIterator[str]:
    """Serve `upstream` without limits, unless `changes` of Serving, or of its one upstream, say otherwise; gives the
    gateway's URL."""
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    of_upstream = {name: changes.pop(name) for name in _OF_UPSTREAM & changes.keys()}
    one = replace(UpstreamSettings(upstream, concurrency=None, rates=()), **of_upstream)
    free = Serving((one,), port=0, home=home, linger_s=0.0, drain_s=5.0)
    server = server_for(replace(free, **changes), started.set_result)
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
