"""Connection: one client's connection, that may neither send a head without end nor stand still for ever.

uvicorn with httptools bounds neither: a header may grow for ever, and a connection that nobody reads is never let go.
What cannot be read is a request like any other, with an answer and a record; and it is the last of its connection.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from beastmode.gateway.client import repeats
from beastmode.gateway.client.at_once import begin
from beastmode.gateway.client.crowd import most_clients
from beastmode.gateway.client.cycle import Cycle
from beastmode.gateway.client.flow import Flow
from beastmode.gateway.client.half_closed import HalfClosed
from beastmode.gateway.client.head import head_of
from beastmode.gateway.client.incoming import HEAD, LOST, Scope
from beastmode.gateway.client.outgoing import Outgoing, unsent
from beastmode.gateway.client.raw_head import flaw_named, target_of, without_upgrade
from beastmode.gateway.client.spare import LARGE_BYTES, spare_of

MOST_HEAD_BYTES = 128 * 1024
"""No head is read further than this: thousands of clients may each begin one and never end it. What is larger than the
proxy takes, but not than this, gets an answer that says so."""
_MOST_HEADERS = 1000
"""Of one request: the shortest is 4 bytes on the wire, and takes 100 here."""
_STEP_BYTES = 16 * 1024
"""Of a body that counts as going on."""
_TIMES_SEEN = 4
"""What a step of a large body takes, beside what is seen of it here: the loop has read it before, and the body grows by
it later."""
_FRAMING_BYTES, _FRAMING_EACH = 64 * 1024, 16
"""Of what stands around the chunks of a body (their sizes, what is said of them, and behind them): so much, and this
for each byte of the body. The parser puts a line of it together, however long."""
_MOST_PIPELINED = 8
"""Requests that may wait behind the one that is answered while its client is still listened to."""
_MOST_BEHIND = 100
"""Requests that may wait there at all: one read can bring thousands, each with a record and a turn to come."""
_ASGI = {"version": "3.0", "spec_version": "2.3"}
IDLE = "to ask again"
"""What a client has still to do whose requests have all been answered."""


class Connection(HttpToolsProtocol):
    """Reads requests from one client. Tells how far it has come, so that one that stands still can be cut; and those
    that `incoming.LOST` names when it is lost. What came before, byte for byte, is not parsed again (`repeats`).

    cycle: the request that is read, or was read last.   answers: the one that is answered, or was last.
    """

    cycle: Cycle  # type: ignore[assignment]
    answers: Cycle
    flow: Flow
    scope: Scope  # type: ignore[assignment]
    pipeline: deque[tuple[Cycle, Any]]  # type: ignore[assignment]
    _own: Scope
    """What of a scope is its own, not the request's."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.url, self.headers = b"", []
        self.bytes_in = 0
        self._head_began = 0
        self._in_head = self._between = True
        self._body_began = self._body_bytes = 0
        self._spoilt = self._ended = self._rests = False
        self._held_at = -1
        self._next: Cycle | None = None
        self._lost: set[Callable[[], None]] = set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > most_clients():
            self._make_room()
        self._own = {"scheme": self.scheme, "client": self.client, "server": self.server, LOST: self._lost}
        self.flow = Flow(transport)
        self._out = Outgoing(transport, self.loop)

    def _make_room(self) -> None:
        """Close one whose client asks nothing now."""
        for other in self.connections:
            if other is not self and isinstance(other, Connection) and other.asks_nothing():
                other.transport.close()
                return

    def asks_nothing(self) -> bool:
        """No request of its client has come whole, or in part, that is not answered."""
        return self._between and (self.cycle is None or self._is_done()) and not self.transport.is_closing()

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

    def eof_received(self) -> bool:  # type: ignore[override]
        """Its client sends nothing more. Whether to leave the connection open, for the answers that it may wait for."""
        if self._ended:
            return True
        if not (self._in_head or self._spoilt):
            self.cycle.disconnect()  # some of it never comes
        if self.scheme == "https" or self.cycle is None or self._is_done() or self.answers.disconnected:
            return False
        if self.answers.started:
            return False  # it leaves in the midst of an answer: nothing could be said to it to find that out
        self._ended = True
        HalfClosed(self.transport, self._say_more, self.loop.call_later).look()
        return True

    def _is_done(self) -> bool:
        return self.answers.response_complete and not self.pipeline

    def _say_more(self) -> None:
        if not self.answers.started:
            self._out.begin()

    def data_received(self, data: bytes) -> None:
        may_repeat = self._between and len(data) <= repeats.MOST_BYTES
        self.bytes_in += len(data)
        self._rests = False
        if self._held_at >= 0:
            self._read_large(data)
        elif may_repeat and (repeat := repeats.find(data)) is not None and self._is_free():
            self._take(repeat)
            may_repeat = False
        else:
            self._read(data)
        if self._next is not None:
            self._answer(self._next)
            if may_repeat:
                self._remember(data)

    def _read(self, data: bytes) -> None:
        self._parse(data)
        if self._in_head:
            if self.bytes_in - self._head_began > MOST_HEAD_BYTES:
                self._spoil("its head has no end")
        elif self.bytes_in - self._head_began > LARGE_BYTES or self.cycle.response_complete:
            self._hold()

    def _parse(self, data: bytes) -> None:
        left: bytes | memoryview = data
        while left and not self._spoilt:
            try:
                self.parser.feed_data(left)
                break
            except httptools.HttpParserUpgrade as offered:
                left = memoryview(left)[offered.args[0] :]
                self._decline()
            except httptools.HttpParserError as error:
                self._spoil(flaw_named(str(error), data))
        around = self.bytes_in - self._body_began - self._body_bytes
        if not self._in_head and around > _FRAMING_BYTES + _FRAMING_EACH * self._body_bytes:
            self._spoil("its chunks have more around than in them")

    def _decline(self) -> None:
        """Read on as if its client had not offered to change the protocol, as Java's does with what it sends first:
        httptools takes all that follows for the new one."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self._spoil("it asks for a tunnel, as of a proxy: a client is pointed here by its base URL")
            return
        head = without_upgrade(b"%b %b HTTP/%b" % (method, self.url, version), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.parser.feed_data(head)

    def _spoil(self, flaw: str) -> None:
        """Where the request ends that is read, nobody can tell: it is refused when it is its turn, and is the last."""
        was, self._spoilt = self._spoilt, True
        if was or self.transport.is_closing():
            return
        if self._in_head:
            self._begin_cycle(self._scope("1.1", self._method_so_far()))
            self._in_head = False
        self.cycle.spoil(flaw)
        if self.cycle.response_complete:
            self._out.close()

    def _give_up(self, flaw: str) -> None:
        """From within the parser, which goes on to the end of what has come unless it is told by an error."""
        self._spoil(flaw)
        raise ValueError(flaw)

    def _method_so_far(self) -> bytes:
        return self.parser.get_method() if self.url else b""  # before that the parser says DELETE

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
        self._between = False
        self.url, self.headers, self.expect_100_continue = b"", [], False
        if len(self.pipeline) >= _MOST_BEHIND:
            self._give_up(
                f"more than {_MOST_BEHIND} requests wait on its connection behind one that is answered"
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # what stands behind a chunked body is no header (RFC 9110, 6.5.1)
        if len(self.headers) >= _MOST_HEADERS:
            self._give_up(f"it has more than {_MOST_HEADERS:,} headers")
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # see `_decline`
        version = self.parser.get_http_version()
        self._begin_cycle(self._scope(version, self.parser.get_method()), self.parser.should_keep_alive())
        self._in_head = False
        self._body_began, self._body_bytes = self.bytes_in, 0

    def _begin_cycle(self, scope: Scope, keep_alive: bool = False) -> None:
        before, self.scope, is_old = self.cycle, scope, scope["http_version"] == "1.0"
        self.cycle = Cycle(
            scope,
            self._out,
            self.flow,
            keep_alive=keep_alive and not is_old,
            expects_100=self.expect_100_continue and not is_old,
            on_end=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._next = self.cycle
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        if self.flow.read_paused:
            self._listen()

    def _scope(self, version: str, method: bytes) -> Scope:
        """The head of a request, as ASGI has it."""
        path, query = target_of(self.url)
        name, raw_path = method.decode("ascii"), path.decode("latin-1")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": name,
            "path": raw_path,
            "raw_path": path,
            "root_path": "",
            "query_string": query,
            "headers": self.headers,
            HEAD: head_of(name, raw_path, query, self.headers),
            **self._own,
        }

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if not self.cycle.response_complete:
            self.cycle.feed(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_head, self._between, self._head_began = True, True, self.bytes_in
        self.url, self.headers = b"", []  # what comes next may be no request
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
        elif self._ended or self._spoilt:
            self._out.close()
        else:
            self._rests = True  # the `Reaper` sees how long: a timer for each answer took 2 us of its 80

    def _answer(self, cycle: Cycle) -> None:
        """Have it answered: at once, where it is whole and nothing has to be waited for."""
        self._next, self.answers = None, cycle
        if cycle.more_body:
            self._start(cycle)
        elif (task := begin(cycle.run(self.app), self.loop)) is not None:
            self._wait_for(task)

    def _start(self, cycle: Cycle) -> None:
        self.answers = cycle
        if cycle.disconnected:
            self._out.close()  # it is only to have its record
        self._wait_for(self.loop.create_task(cycle.run(self.app)))

    def _wait_for(self, task: asyncio.Task[None]) -> None:
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _listen(self) -> None:
        """Read on behind 64 KB of a body and behind a request that waits: else nobody would hear that the client has
        gone."""
        if len(self.pipeline) <= _MOST_PIPELINED:
            self.flow.resume_reading()

    def shutdown(self) -> None:
        self._out.flush()
        super().shutdown()

    def waits_for(self) -> tuple[object, ...] | None:
        """What its client has still to do, and how far it has come with it; None where it is not its turn."""
        left = unsent(self.transport)
        if self.transport.is_closing():
            return ("to go",)
        if left:
            return "to read", left
        if self.cycle is not None and self.cycle.more_body:
            if (self.flow.held or self.flow.read_paused) and not self.cycle.response_complete:
                return None  # it has sent all that we have read, and waits for us
            return "to send its body", self.cycle.response_complete or self.bytes_in // _STEP_BYTES
        if self._rests:
            return IDLE, self.bytes_in
        if self.cycle is None or self.cycle.response_complete:
            return "to send a head", self._head_began
        return None

    # ---- what comes again, byte for byte ----

    def _is_free(self) -> bool:
        return not self._spoilt and (self.cycle is None or self._is_done())

    def _take(self, repeat: repeats.Repeat) -> None:
        self._head_began, self.expect_100_continue = self.bytes_in, False
        self._begin_cycle({**repeat.scope, **self._own}, keep_alive=True)
        self.cycle.feed(repeat.body)
        self.cycle.feed_end()

    def _remember(self, data: bytes) -> None:
        """Where that was a request, and it has its answer."""
        cycle = self.cycle
        if self._between and cycle.response_complete and cycle.keep_alive:
            repeats.keep(data, cycle.scope, self._body_bytes)
