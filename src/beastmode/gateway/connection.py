"""Connection: one client's connection, that may neither send a head without end nor stand still for ever.

uvicorn with httptools bounds neither: a header may grow for ever, and a connection that nobody reads is never let go.
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios
import time
from collections.abc import Callable, Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from beastmode.gateway.incoming import LOST
from beastmode.gateway.outgoing import Outgoing

MOST_HEAD_BYTES = 512 * 1024
"""No head is read further than this. What is larger than the proxy takes, but not than this, gets an answer in the
words of its dialect, and a record."""
_STEP_BYTES = 16 * 1024
"""Of a body that counts as going on."""
_MOST_PIPELINED = 8
"""Requests that may wait behind the one that is answered while its client is still listened to."""
_THROWN_AWAY_EVERY_S = 0.005
"""Between two reads of a body that nobody wants any more. Its client may look for an answer only when it has sent all;
but at full speed, a few that send gigabytes would take all of the processor."""


class _UntilClosed(int):
    """A length that every body has: uvicorn compares what it sends with it, and takes that off."""

    def __lt__(self, sent: int) -> bool:
        return False

    def __sub__(self, sent: int) -> int:
        return self

    def __ne__(self, left: object) -> bool:
        return False

    __hash__ = int.__hash__


class Connection(HttpToolsProtocol):
    """Reads requests from one client. Tells how far it has come, so that one that stands still can be cut; and those
    that `incoming.LOST` names when it is lost."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.bytes_in = 0
        self._head_began = 0
        self._in_head = True
        self._lost: set[Callable[[], None]] = set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._out = Outgoing(transport, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for tell in list(self._lost):
            tell()

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        super().data_received(data)
        too_long = self._in_head and self.bytes_in - self._head_began > MOST_HEAD_BYTES
        if too_long and not self.transport.is_closing():
            self.send_400_response("The head of this request has no end.")
        elif self.cycle is not None and self.cycle.more_body and self.cycle.response_complete:
            self.flow.pause_reading()
            self.loop.call_later(_THROWN_AWAY_EVERY_S, self._read_on)

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # what stands behind a chunked body is no header (RFC 9110, 6.5.1)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self.scope[LOST] = self._lost  # type: ignore[literal-required] # a key of ours, beside those of ASGI
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.transport = self._out  # type: ignore[assignment] # as much of a transport as it uses
        if self.cycle is not None and self.cycle.scope["http_version"] == "1.0":
            # It knows no chunks (RFC 9112, 6.1): the end of the connection is that of an answer without a length.
            self.cycle.chunked_encoding, self.cycle.expected_content_length = False, _UntilClosed()
        self._listen()

    def on_message_complete(self) -> None:
        self._in_head, self._head_began = True, self.bytes_in
        super().on_message_complete()
        self._listen()

    def _listen(self) -> None:
        """Read on: uvicorn stops behind 64 KB of a body and behind a request that waits, and nobody would hear that the
        client has gone."""
        if len(self.pipeline) <= _MOST_PIPELINED:
            self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        self._out.flush()  # the answer to the request before
        super().send_400_response(msg)

    def shutdown(self) -> None:
        self._out.flush()
        super().shutdown()

    def waits_for(self) -> tuple[object, ...] | None:
        """What its client has still to do, and how far it has come with it; None where it is not its turn."""
        unsent = _unsent(self.transport)
        if self.transport.is_closing():
            return ("to go",)
        if unsent:
            return "to read", unsent
        if self.cycle is not None and self.cycle.more_body:
            return "to send its body", self.cycle.response_complete or self.bytes_in // _STEP_BYTES
        answered = self.cycle is None or self.cycle.response_complete
        if answered and self.timeout_keep_alive_task is None:
            return "to send a head", self._head_began
        return None


def _unsent(transport: asyncio.Transport) -> int:
    """Bytes that its client has not taken. Of TLS the loop does not tell how many wait below it; the kernel does."""
    waiting = transport.get_write_buffer_size()
    if waiting or transport.get_extra_info("sslcontext") is None:
        return waiting
    try:
        queued = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:  # it has just gone, or this is no Linux: then the end of an idle connection cuts it
        return 0
    return int.from_bytes(queued, sys.byteorder)


class Reaper:
    """Cuts connections whose client has not moved for `slow_s` seconds. Its looks are a tenth of that apart."""

    def __init__(
        self, connections: Iterable[object], slow_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._connections, self._slow_s, self._monotonic = connections, slow_s, monotonic
        self._since: dict[Connection, tuple[tuple[object, ...], float]] = {}

    async def run(self) -> None:
        """Look again and again; ends by being cancelled."""
        while True:
            await asyncio.sleep(self._slow_s / 10)
            self.look()

    def look(self) -> None:
        """Cut those that have not moved since `slow_s` ago."""
        now, before = self._monotonic(), self._since
        self._since = {}
        for connection in list(self._connections):
            if not isinstance(connection, Connection) or (waits_for := connection.waits_for()) is None:
                continue
            known, since = before.get(connection, (None, now))
            since = since if known == waits_for else now
            if now - since >= self._slow_s:
                connection.transport.abort()
            else:
                self._since[connection] = waits_for, since
