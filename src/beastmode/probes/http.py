"""Health over HTTP: well is whoever answers GET with 2xx."""

from __future__ import annotations

import time
from collections.abc import Callable

import aiohttp

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.words import masked
from beastmode.probes.proxies import proxy_for

_MOST_BYTES = 16 * 1024


async def probe(url: str, timeout_s: float, leaves: Callable[[], None]) -> Failure | None:
    """Ask once, on a connection of its own, within `timeout_s` seconds. Redirects are not followed."""
    where = masked(url)
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    leaves()
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session,
            session.get(url, allow_redirects=False, proxy=proxy_for(url)) as answer,
        ):
            if 200 <= answer.status < 300:
                return None
            text = (await answer.content.read(_MOST_BYTES)).decode("utf-8", "replace")
            return classify.from_status(
                answer.status, answer.headers, text, now_unix=time.time(), where=where
            )
    except TimeoutError:
        return classify.timed_out(timeout_s, where=where, effect="dropped")
    except (aiohttp.ClientError, OSError) as error:
        return classify.from_exception(error, where=where)
