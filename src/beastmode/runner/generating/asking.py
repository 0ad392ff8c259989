"""Asking: one request of an attempt goes to the model, and its whole answer comes back, or a Failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from beastmode.failures import classify
from beastmode.failures.answers import flaw_in
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.probes.proxies import proxy_for
from beastmode.runner.generating.speaking import PATHS, Dialect, headers_of
from beastmode.runner.model_access import Access

_PIECE_BYTES = 256 * 1024


class Answer(NamedTuple):
    """A good answer, whole.   body: as it came."""

    body: bytes


class Refused(NamedTuple):
    """Anything else.   said: of an answer with a bad status, its text."""

    failure: Failure
    said: str = ""


class Asking:
    """Sends the requests of one attempt: `async with Asking() as asking:`."""

    async def __aenter__(self) -> Self:
        """A connection for each request: one kept alive may be found closed, and aiohttp would then send it again."""
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_left)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            trace_configs=[trace],
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
            read_bufsize=_PIECE_BYTES,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(
        self,
        access: Access,
        dialect: Dialect,
        body: dict[str, Any],
        most_bytes: int,
        leaves: Callable[[], None],
    ) -> Answer | Refused:
        """Send one request and read its answer to the end; no redirect is followed, nothing is sent twice.

        leaves: called when it has been written. Takes as long as it takes: the caller has the time limit.
        """
        url = access.url.rstrip("/") + PATHS[dialect]
        where = host_of(access.url)
        try:
            async with self._session.request(
                "POST",
                url,
                data=msgspec.json.encode(body),
                headers=headers_of(dialect, access.key),
                allow_redirects=False,
                proxy=proxy_for(url),
                trace_request_ctx=leaves,
            ) as response:
                got = await _read(response, most_bytes)
                status, headers = response.status, dict(response.headers)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Refused(classify.from_exception(error, where=where))
        finally:
            await asyncio.sleep(0)  # a connection is closed in the next turn of the loop
        if got is None:
            cause = f"the answer is longer than {most_bytes} bytes"
            return Refused(classify.invalid_response(cause, where=where))
        failure = _judge(status, headers, got, dialect, access, str(body.get("model", "")))
        return Refused(failure, got[:20_000].decode("utf-8", "replace")) if failure else Answer(got)


def host_of(url: str) -> str:
    """Scheme, host and port: the path of a way to a model holds its token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


async def _left(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx()


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> bytes | None:
    """The whole body; None where it is too long."""
    kept = bytearray()
    while piece := await response.content.read(_PIECE_BYTES):
        kept += piece
        if len(kept) > most_bytes:
            return None
    return bytes(kept)


def _judge(
    status: int, headers: dict[str, str], body: bytes, dialect: Dialect, access: Access, model: str
) -> Failure | None:
    where = host_of(access.url)
    if 300 <= status < 400:
        return classify.redirected(headers, f"HTTP {status}", where=where)
    evidence: Evidence | None = Evidence(status, headers, body)
    if status < 300:
        evidence = flaw_in(status, headers, body, dialect=dialect, streamed=True)
    if evidence is None:
        return None
    return classify.classify(replace(evidence, url=where, model=model), now_unix=time.time())
