"""Replaying a recorded request: through a gateway that runs, or through one of our own that lives as long as it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.serve.application import Inside
from beastmode.compose.serve.caching import stack_for
from beastmode.compose.serve.door import door_for
from beastmode.compose.serve.server import server_for
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.errors import PreconditionError
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.gateway.call import Call
from beastmode.gateway.replaying import Replay, credential_header, judged, replay_of
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.reading.reader import reader_of

_OWN = (("accept-encoding", "identity"), ("cache-control", "no-cache"))
"""Its answer is read by people, and comes from the upstream, not from memory."""
_NOTHING_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it.

    to: base URL that it was sent to.   status: 0 where none came.   failure: None where it went well.   id: of its own
    record; "" where another gateway keeps that.
    """

    to: str
    status: int
    body: bytes
    total_s: float
    failure: Failure | None
    id: str = ""


def recorded(home: Path, name: str) -> Entry:
    """The request of that id, with its bodies. Raises PreconditionError where there is none, and LedgerError."""
    reader = reader_of(home)
    try:
        return reader.find(name)
    finally:
        reader.close()


async def send_again(entry: Entry, *, to: str, home: Path, key: str = "", anyway: bool = False) -> Answered:
    """Send it, and wait for its answer however long it waits in line.

    to: base URL of a gateway; "" for the upstream that it went to, within its limits, which are shared with all that
    this host and user has running, and with a record of its own.   key: of the upstream; "" where the gateway has it.
    anyway: also where the recorded body is not the one that was sent.

    Raises PreconditionError where nothing was sent.
    """
    replay = replay_of(entry)
    if replay.changed and not anyway:
        tip = "Send what is there with --anyway; it may be answered otherwise."
        raise PreconditionError(
            f"this would not be the same request: it {replay.changed}", where=entry.id, tip=tip
        )
    if to:
        return await _ask(replay, to, key)
    passed: list[str] = []
    async with _own_gateway(replay.upstream, home, lambda call: passed.append(call.entry.id)) as url:
        answered = await _ask(replay, url, key, shown=replay.upstream)
    return replace(answered, id=passed[0]) if passed else answered


@asynccontextmanager
async def _own_gateway(upstream: str, home: Path, finishing: Callable[[Call], None]) -> AsyncIterator[str]:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving_it = Serving((UpstreamSettings(upstream),), port=0, home=home, keys="optional", log_level="error")
    door = door_for(home, serving_it.host, serving_it.keys, SYSTEM_CLOCK, serving_it.limits.most_waiting)
    inside = Inside(door, stack_for(serving_it), finishing)
    server = server_for(serving_it, started.set_result, inside=inside)
    serving = asyncio.create_task(server.serve())
    begun: list[asyncio.Future[Any]] = [serving, started]
    await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield f"http://127.0.0.1:{started.result()}"
    finally:
        server.should_exit = True
        await serving


async def _ask(replay: Replay, base: str, key: str, shown: str = "") -> Answered:
    url = replay.url(base)
    headers = [*replay.headers, *_OWN, *([credential_header(replay, key)] if key else [])]
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    before = time.monotonic()
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                replay.method,
                URL(url, encoded=True),
                headers=headers,
                data=replay.body or None,
                allow_redirects=False,
                skip_auto_headers=_NOTHING_ADDED,
            ) as answer,
        ):
            status, told = answer.status, {name.lower(): value for name, value in answer.headers.items()}
            body, cut = await _all_of(answer)
    except (aiohttp.ClientConnectorError, TimeoutError) as error:
        tip = "Start it with `beast serve`, name another with --to, or go to the upstream with --direct."
        raise PreconditionError(f"no gateway answers: {error}", where=base, tip=tip) from None
    except aiohttp.ClientError as error:
        return Answered(shown or base, 0, b"", time.monotonic() - before, _broken(error, url))
    took_s = time.monotonic() - before
    failure = judged(replay, url, status, told, body) or (_broken(cut, url) if cut else None)
    return Answered(shown or base, status, body, took_s, failure)


async def _all_of(answer: aiohttp.ClientResponse) -> tuple[bytes, aiohttp.ClientError | None]:
    """The body as far as it came, and what cut it off."""
    body = bytearray()
    try:
        async for piece in answer.content.iter_any():
            body += piece
    except aiohttp.ClientError as error:
        return bytes(body), error
    return bytes(body), None


def _broken(error: aiohttp.ClientError, url: str) -> Failure:
    return classify(Evidence(exception=error, url=url), now_unix=time.time())
