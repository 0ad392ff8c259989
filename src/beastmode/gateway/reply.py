"""Reply: what goes back to the client, and whether it has begun. Cuts off clients that do not read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from beastmode.gateway.incoming import ClientGoneError, Headers, Message
from beastmode.gateway.packing import unpacker

Send = Callable[[Message], Awaitable[None]]


class Sink(Protocol):
    """Takes an answer: its head, its pieces, its end."""

    @property
    def begun(self) -> bool: ...
    async def start(self, status: int, headers: Headers) -> None: ...
    async def piece(self, data: bytes) -> None: ...
    async def end(self, data: bytes = b"") -> None: ...


class Reply:
    """One answer to one client.

    begun: the status has been sent, so that only more of the body can follow.   slow_s: how long a client may take
    to make room for the next piece; then it counts as gone.   notes: headers of ours that go with any answer.
    packed: what goes out is compressed, so that no words of ours can follow.
    """

    __slots__ = ("_send", "_slow_s", "_unpack", "begun", "ended", "notes", "packed")

    def __init__(self, send: Send, slow_s: float) -> None:
        self._send, self._slow_s = send, slow_s
        self.begun = self.ended = self.packed = False
        self._unpack: Callable[[bytes], bytes] | None = None
        self.notes: Headers = ()

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers; the body follows in pieces. Where it has begun already, it goes on as it is, and
        what is packed is unpacked from here on. Raises ValueError where that packing is not known."""
        packing = _packing(headers)
        if self.begun:
            self._unpack = unpacker(packing) if packing else None
            return
        self.begun, self.packed = True, bool(packing)
        await self._pass(
            {"type": "http.response.start", "status": status, "headers": [*headers, *self.notes]}
        )

    async def piece(self, data: bytes) -> None:
        """Send a piece of the body at once. Raises ClientGoneError where the client does not read."""
        if self._unpack is not None:
            data = self._unpack(data)
        await self._pass({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Send the last piece."""
        self.ended = True
        if self._unpack is not None:
            data = self._unpack(data)
        await self._pass({"type": "http.response.body", "body": data})

    async def words(self, data: bytes) -> None:
        """Send the last piece, in words of ours, whatever has been sent before."""
        self._unpack = None
        await self.end(data)

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer in one piece. Its length is added."""
        await self.start(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self.end(body)

    async def _pass(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._slow_s):
                await self._send(message)
        except TimeoutError:
            raise ClientGoneError from None


def _packing(headers: Headers) -> str:
    """How a body with these headers is compressed, "" where it is not."""
    named = next((value for name, value in headers if name == b"content-encoding"), b"")
    return "" if named.strip().lower() == b"identity" else named.decode("latin-1")
