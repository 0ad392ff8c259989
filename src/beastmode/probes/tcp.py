"""Health over TCP: well is whoever accepts a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from beastmode.failures import classify
from beastmode.failures.failure import Failure


async def probe(host: str, port: int, timeout_s: float, leaves: Callable[[], None]) -> Failure | None:
    """Connect and hang up, within `timeout_s` seconds."""
    where = f"{host}:{port}"
    leaves()
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return classify.timed_out(timeout_s, where=where, effect="dropped")
    except OSError as error:
        return classify.from_exception(error, where=where)
    writer.close()
    return None
