"""Replaying a recorded request: through a gateway that runs, or through one of our own that lives as long as it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from beastmode.compose.serve_settings import Serving, UpstreamSettings
from beastmode.compose.serving import server_for
from beastmode.errors import PreconditionError
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.gateway.replaying import Replay, credential_header, judged, replay_of
from beastmode.store.entry import Entry
from beastmode.store.ledger_file import ledger_path
from beastmode.store.ledger_reader import LedgerReader

_OWN = (("accept-encoding", "identity"), ("cache-control", "no-cache"))
"""Its answer is read by people, and comes from the upstream, not from memory."""
_NOTHING_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it.

    to: base URL that it was sent to.   status: 0 where none came.   failure: None where it went well.
    """

    to: str
    status: int
    body: bytes
    total_s: float
    failure: Failure | None


def recorded(home: Path, name: str) -> Entry:
    """The request of that id, with its bodies. Raises PreconditionError where there is none, and LedgerError."""
    path = ledger_path(home)
    if not path.exists():
        tip = "Start the gateway with `beast serve`, or name its home with --home."
        raise PreconditionError("no request has been recorded here yet", where=str(home), tip=tip)
    reader = LedgerReader(path)
    try:
        entry = reader.find(name)
    finally:
        reader.close()
    if entry is None:
        tip = "See `beast requests --failed` for the ids; old requests go by age and size."
        raise PreconditionError(f"there is no request {name!r}", where=str(home), tip=tip)
    return entry


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
    async with _own_gateway(replay.upstream, home) as url:
        return await _ask(replay, url, key, shown=replay.upstream)


@asynccontextmanager
async def _own_gateway(upstream: str, home: Path) -> AsyncIterator[str]:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving_it = Serving((UpstreamSettings(upstream),), port=0, home=home, keys="optional", log_level="error")
    server = server_for(serving_it, started.set_result)
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
