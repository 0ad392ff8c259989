"""Reply: what goes back to the client, and whether it has begun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.incoming import Message
from beastmode.gateway.client.packing import Unpacking, packing_in

Send = Callable[[Message], Awaitable[None]]
STEP_BYTES = 64 * 1024
"""Of a large piece that are sent at once."""
_TAIL_BYTES = 4
"""Of what was sent that tell whether an event has ended: a blank line has at most so many."""


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
    what sends to it until its connection is cut (`reaper.Reaper`); then it has gone, and nothing is raised here.
    notes: headers of ours that go with any answer.   keep_bytes: of the body that are kept for the record.   headers,
    kept: what was sent of both.
    """

    __slots__ = ("_keep_bytes", "_send", "_tail", "_unpacking", "begun", "ended", "headers", "kept", "notes")

    def __init__(self, send: Send, keep_bytes: int = 0) -> None:
        self._send, self._keep_bytes = send, keep_bytes
        self.begun = self.ended = False
        self._tail = b""
        self._unpacking: Unpacking | None = None
        self.headers: Headers = ()
        self.kept = bytearray()
        self.notes: Headers = ()

    @property
    def packed(self) -> bool:
        """What goes out is compressed, so that no words of ours can follow."""
        return bool(packing_in(self.headers))

    @property
    def mid_event(self) -> bool:
        """No blank line ends what went out last, so that more lines would belong to the same event. Of what is packed
        this says nothing."""
        lines = self._tail.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return bool(lines.strip(b"\n")) and not lines.endswith(b"\n\n")

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers; the body follows in pieces. Where it has begun already, it goes on as it is, and
        what is packed is unpacked from here on. Raises ValueError where that packing is not known."""
        if self.begun:
            packing = packing_in(headers)
            self._unpacking = Unpacking(packing) if packing else None
            return
        self.begun, self.headers = True, headers
        headers = [*headers, *self.notes] if self.notes else headers
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def piece(self, data: bytes) -> None:
        """Send a piece of the body at once. Of what cannot be unpacked nothing goes out: whoever carries it finds that
        too, and says why."""
        if self._unpacking is not None:
            data = self._unpacking.all_of(data)
        self._tail = (data if len(data) >= _TAIL_BYTES else self._tail + data)[-_TAIL_BYTES:]
        self._keep(data)
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Send the last piece. A large one goes as fast as its client reads, so that those who do not read share one
        copy of it. Raises ValueError where it could not be unpacked: it is no good end."""
        if self._unpacking is not None:
            data = self._unpacking.all_of(data)
            if self._unpacking.broken is not None:
                raise self._unpacking.broken
        self._keep(data)
        last = max(0, len(data) - 1) // STEP_BYTES * STEP_BYTES
        for at in range(0, last, STEP_BYTES):
            step = data[at : at + STEP_BYTES]
            await self._send({"type": "http.response.body", "body": step, "more_body": True})
        self.ended = True
        await self._send({"type": "http.response.body", "body": data[last:] if last else data})

    async def words(self, *pieces: bytes) -> None:
        """Send the last pieces, in words of ours, whatever has been sent before."""
        self._unpacking = None
        *before, last = pieces
        for piece in before:
            await self.piece(piece)
        await self.end(last)

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer in one piece. Its length is added."""
        await self.start(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self.end(body)

    def _keep(self, data: bytes) -> None:
        if len(self.kept) < self._keep_bytes:
            self.kept += data[: self._keep_bytes - len(self.kept)]
