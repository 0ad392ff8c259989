"""Connection: one client's connection, that may neither send a head without end nor stand still for ever.

uvicorn with httptools bounds neither: a header may grow for ever, and a connection that nobody reads is never let go.
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from beastmode.gateway.cycle import Cycle
from beastmode.gateway.flow import Flow
from beastmode.gateway.incoming import LOST, Scope
from beastmode.gateway.outgoing import Outgoing
from beastmode.gateway.spare import LARGE_BYTES, spare_of

MOST_HEAD_BYTES = 512 * 1024
"""No head is read further than this. What is larger than the proxy takes, but not than this, gets an answer in the
words of its dialect, and a record."""
_STEP_BYTES = 16 * 1024
"""Of a body that counts as going on."""
_TIMES_SEEN = 4
"""What a step of a large body takes, beside what is seen of it here: the loop has read it before, and the body grows by
it later."""
_MOST_PIPELINED = 8
"""Requests that may wait behind the one that is answered while its client is still listened to."""
_LINE = b"%b: %b\r\n".__mod__
"""Of a header: name and value."""
_ASGI = {"version": "3.0", "spec_version": "2.3"}
IDLE = "to ask again"
"""What a client has still to do whose requests have all been answered."""


class Connection(HttpToolsProtocol):
    """Reads requests from one client. Tells how far it has come, so that one that stands still can be cut; and those
    that `incoming.LOST` names when it is lost.

    cycle: the request that is read, or was read last.
    """

    cycle: Cycle  # type: ignore[assignment]
    flow: Flow
    scope: Scope  # type: ignore[assignment]
    pipeline: deque[tuple[Cycle, Any]]  # type: ignore[assignment]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.bytes_in = 0
        self._head_began = 0
        self._in_head, self._offers = True, False
        self._rests = False
        self._held_at = -1
        self._lost: set[Callable[[], None]] = set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._out = Outgoing(transport, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        if self.cycle is not None:
            self.cycle.disconnect()
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()
        self.parser = None  # type: ignore[assignment]
        for tell in list(self._lost):
            tell()

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        self._rests = False
        if self._held_at >= 0:
            self._read_large(data)
            return
        self._parse(data)
        if self._in_head:
            if self.bytes_in - self._head_began > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of this request has no end.")
        elif self.bytes_in - self._head_began > LARGE_BYTES or self.cycle.response_complete:
            self._hold()

    def _parse(self, data: bytes) -> None:
        try:
            while data:
                data = self._rest_of(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _rest_of(self, data: bytes) -> bytes:
        """What of it is still to be parsed: all behind a head that offers another protocol."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._stay_with_http_1()
            return data[offer.args[0] :]
        return b""

    def _stay_with_http_1(self) -> None:
        """Have the body read that comes behind an offer of another protocol, such as Java's of HTTP/2: the parser took
        it for a part of that. Another one is told how the body is framed."""
        framing = [pair for pair in self.headers if pair[0] in (b"content-length", b"transfer-encoding")]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(map(_LINE, framing)))

    # ---- a large body, and what comes of one that nobody wants any more: read in turn with all others ----

    def _read_large(self, data: bytes) -> None:
        began = time.monotonic()
        self._parse(data)
        spare_of(self.loop).took(_TIMES_SEEN * (time.monotonic() - began))
        if self._in_head:
            self._held_at = -1
        elif self.bytes_in - self._held_at >= _STEP_BYTES:
            self._hold()

    def _hold(self) -> None:
        """Read no more of it until it is its turn.

        Its client may look for an answer only when it has sent all, so all is read; but at full speed, a few that send
        gigabytes would take all of the processor."""
        if not self.transport.is_closing():
            self._held_at = self.bytes_in
            self.flow.hold()
            spare_of(self.loop).ask(self._let_go, behind=self.cycle.response_complete)

    def _let_go(self) -> bool:
        if self.transport.is_closing():
            return False
        self.flow.let_go()
        return True

    # ---- what the parser tells; every request passes here, so none of it calls what uvicorn does there ----

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # what stands behind a chunked body is no header (RFC 9110, 6.5.1)
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if not self._in_head:
            return  # that was the framing of a body whose head has been read
        self._in_head, self._offers = False, self.parser.should_upgrade()
        before, version = self.cycle, self.parser.get_http_version()
        self.scope = self._scope(version)
        self.cycle = Cycle(
            self.scope,
            self._out,
            self.flow,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            expects_100=self.expect_100_continue,
            on_end=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start(self.cycle)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        if self.flow.read_paused:
            self._listen()

    def _scope(self, version: str) -> Scope:
        """The head of a request, as ASGI has it."""
        path, query = self.url, b""
        if path.startswith(b"/") and b"#" not in path:
            path, _, query = path.partition(b"?")
        else:
            parsed = httptools.parse_url(path)
            path, query = parsed.path, parsed.query or b""
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": self.parser.get_method().decode("ascii"),
            "scheme": self.scheme,
            "path": unquote(path.decode("ascii")) if b"%" in path else path.decode("ascii"),
            "raw_path": path,
            "root_path": "",
            "query_string": query,
            "headers": self.headers,
            "client": self.client,
            "server": self.server,
            LOST: self._lost,
        }

    def on_body(self, body: bytes) -> None:
        if not self.cycle.response_complete:
            self.cycle.feed(body)

    def on_message_complete(self) -> None:
        if self._offers:
            self._offers = False
            return  # only its head is complete
        self._in_head, self._head_began = True, self.bytes_in
        if not self.cycle.response_complete:
            self.cycle.feed_end()
        if self.flow.read_paused:
            self._listen()

    def on_response_complete(self) -> None:
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start(self.pipeline.pop()[0])
        else:
            self._rests = True  # the `Reaper` sees how long: a timer for each answer took 2 us of its 80

    def _start(self, cycle: Cycle) -> None:
        task = self.loop.create_task(cycle.run(self.app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _listen(self) -> None:
        """Read on behind 64 KB of a body and behind a request that waits: else nobody would hear that the client has
        gone."""
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
            if self.flow.held and not self.cycle.response_complete:
                return None  # it has just sent a step, and waits for us
            return "to send its body", self.cycle.response_complete or self.bytes_in // _STEP_BYTES
        if self._rests:
            return IDLE, self.bytes_in
        if self.cycle is None or self.cycle.response_complete:
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
    """Cuts connections whose client has not moved for `slow_s` seconds, and closes those of which no request has come
    for `idle_s`. Its looks are a tenth of `slow_s` apart."""

    def __init__(
        self,
        connections: Iterable[object],
        slow_s: float,
        idle_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections, self._monotonic = connections, monotonic
        self._slow_s, self._idle_s = slow_s, idle_s
        self._since: dict[Connection, tuple[tuple[object, ...], float]] = {}

    async def run(self) -> None:
        """Look again and again; ends by being cancelled."""
        while True:
            await asyncio.sleep(self._slow_s / 10)
            self.look()

    def look(self) -> None:
        """Cut those that have not moved for too long."""
        now, before = self._monotonic(), self._since
        self._since = {}
        for connection in list(self._connections):
            if not isinstance(connection, Connection) or (waits_for := connection.waits_for()) is None:
                continue
            known, since = before.get(connection, (None, now))
            since = since if known == waits_for else now
            if waits_for[0] == IDLE and now - since >= self._idle_s:
                connection.transport.close()
            elif waits_for[0] != IDLE and now - since >= self._slow_s:
                connection.transport.abort()
            else:
                self._since[connection] = waits_for, since
