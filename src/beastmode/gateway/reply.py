"""Reply: what goes back to the client, and whether it has begun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from beastmode.gateway.incoming import Headers, Message

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

    begun: the status has been sent, so that only more of the body can follow. A client that does not read holds up
    what sends to it until its connection is cut (`connection.Reaper`); then it has gone, and nothing is raised here.
    notes: headers of ours that go with any answer.
    """

    __slots__ = ("_send", "begun", "ended", "notes")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = self.ended = False
        self.notes: Headers = ()

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers; the body follows in pieces. Where it has begun already, it goes on as it is."""
        if self.begun:
            return
        self.begun = True
        message = {"type": "http.response.start", "status": status, "headers": [*headers, *self.notes]}
        await self._send(message)

    async def piece(self, data: bytes) -> None:
        """Send a piece of the body at once."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Send the last piece."""
        self.ended = True
        await self._send({"type": "http.response.body", "body": data})

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer in one piece. Its length is added."""
        await self.start(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self.end(body)
