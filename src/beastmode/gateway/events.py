"""Events: a stream of events on its way from the upstream to the client, read on the side and never changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

import aiohttp

from beastmode.failures.answers import CUT_OFF
from beastmode.failures.evidence import Evidence
from beastmode.gateway.accounting import account, account_unread
from beastmode.gateway.call import Call, Held
from beastmode.gateway.client.packing import Unpacking, readable
from beastmode.gateway.dialects.protocol import Follower
from beastmode.gateway.headers import as_text, without
from beastmode.gateway.wire import Answer

_AFTER_END_S, _AFTER_ERROR_S = 3.0, 0.2
"""Silence behind its terminal event, or behind an error, after which a stream is over: some servers leave the
connection open. Where they hear an error clients go at once, and the record should say why."""
_MOST_REST_S = 10.0
"""And however much comes: some servers go on with pings, and some clients read on to the end."""
_READING_FAILS = (aiohttp.ClientError, OSError, TimeoutError)


class EventStream:
    """One stream of events that an upstream has begun to answer with.   heard: called for each piece."""

    def __init__(self, answer: Answer, call: Call, heard: Callable[[], None]) -> None:
        self._answer, self._call, self._heard = answer, call, heard
        self._pieces = answer.pieces()
        known = readable(answer.packing)
        self._follower = call.dialect.follow() if known else None
        self._unpacking = Unpacking(answer.packing if known else "")
        self._mid_line = False

    async def relay(self, begun: Sequence[bytes]) -> Evidence | None:
        """Pass it on; what is wrong with it, or None. Of one that ends before its first byte, or whose first event is
        an error, nothing goes out, so that it can be tried again.   begun: what has been read of it already.
        Raises what reading from the upstream raises, and ClientGoneError."""
        call, follower = self._call, self._follower
        if follower is None and call.dialect.shape is not None:
            account_unread(call, self._answer.packing)
        if follower is not None and call.dialect.shape is not None:
            begun = begun or [piece async for piece in self._first()]
            self._read(b"".join(begun))
            if not begun or (follower.failed and not follower.begun):
                call.held = Held(self._answer.status, self._answer.headers, b"".join(begun))
                return self._flaw(follower)
        call.follower, call.answering = follower, True
        # A stated length does not pass on: an error event may have to follow where it breaks off.
        await call.out.start(self._answer.status, without(self._answer.headers, b"content-length"))
        try:
            for piece in begun:
                await call.out.piece(piece)
            await self._flow()
        finally:
            if follower is not None:
                account(call, follower.usage)
        return await self._end()

    async def _first(self) -> AsyncIterator[bytes]:
        """The first piece; none where it ends before."""
        async for piece in self._pieces:
            first_byte(self._call)
            self._heard()
            yield piece
            return

    async def _flow(self) -> None:
        follower = self._follower
        try:
            if not self._over():
                async for piece in self._pieces:
                    await self._take(piece)
                    if self._over():
                        break
            if follower is not None and self._over():
                await self._rest(_AFTER_END_S if follower.complete else _AFTER_ERROR_S)
        except _READING_FAILS:
            if follower is None or not follower.ended:
                raise

    def _over(self) -> bool:
        """Nothing that matters can follow. Not asked in the midst of a line, where it takes long to tell."""
        return self._follower is not None and not self._mid_line and self._follower.ended

    async def _rest(self, silence_s: float) -> None:
        """What comes behind the end, as long as it comes at once."""
        until = time.monotonic() + _MOST_REST_S
        with suppress(StopAsyncIteration, TimeoutError):
            while time.monotonic() < until:
                async with asyncio.timeout(silence_s):
                    piece = await anext(self._pieces)
                await self._take(piece)

    async def _take(self, piece: bytes) -> None:
        first_byte(self._call)
        try:  # it goes out before it is read: its client waits for it, and nobody waits for the record
            await self._call.out.piece(piece)
        finally:
            self._heard()
            self._read(piece)

    def _read(self, piece: bytes) -> None:
        if self._follower is None:
            return
        try:
            for part in self._unpacking.parts(piece):
                self._follower.feed(part)
                self._mid_line = not part.endswith((b"\n", b"\r"))
        except ValueError as error:
            raise aiohttp.ClientPayloadError(str(error)) from error

    async def _end(self) -> Evidence | None:
        follower = self._follower
        if follower is None or follower.complete:
            await self._call.out.end()
        if follower is None or (follower.complete and not follower.failed):
            return None
        return self._flaw(follower)

    def _flaw(self, follower: Follower) -> Evidence:
        exception = "" if follower.failed else CUT_OFF
        headers = as_text(self._answer.headers)
        return Evidence(
            self._answer.status, headers, follower.last, exception, mid_stream=True, url=self._call.url
        )


def first_byte(call: Call) -> None:
    """Something of the upstream's answer has come."""
    if call.entry.first_byte_s is None:
        call.entry.first_byte_s = time.monotonic() - call.received
