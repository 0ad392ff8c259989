"""Cycle: one request on a connection and its answer, as ASGI has them. Every byte of both passes here.

It does what uvicorn's own does, at half the price: it judges a header once and not in each answer, makes no event for
a body that is there already, and knows nothing of logs.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from functools import lru_cache

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.incoming import FLAW, Message, Receive, Scope
from beastmode.gateway.client.outgoing import Outgoing
from beastmode.gateway.client.reply import Send

_WITHOUT_BODY = frozenset((204, 304))
_ODD_NAME = re.compile(rb"[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\\"]")
_ODD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LONG = 200
"""Bytes of a header that is not remembered."""
_BROKEN: Headers = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"21"),
    (b"connection", b"close"),
)


class Cycle:
    """One request and its answer.

    keep_alive: the connection takes another request when this is answered.   expects_100: its client waits for a word
    before it sends the body.   on_end: called when the answer has been sent.
    more_body: some of the request is still to come.   disconnected: its client has gone.   started, response_complete:
    some, or all, of the answer has been sent.   spoilt: what came of it is no HTTP.
    """

    __slots__ = (
        "_chunked",
        "_expects_100",
        "_flow",
        "_left",
        "_news",
        "_on_end",
        "_out",
        "_pieces",
        "_size",
        "_told_end",
        "disconnected",
        "keep_alive",
        "more_body",
        "response_complete",
        "scope",
        "spoilt",
        "started",
    )

    def __init__(
        self,
        scope: Scope,
        out: Outgoing,
        flow: FlowControl,
        *,
        keep_alive: bool,
        expects_100: bool,
        on_end: Callable[[], None],
    ) -> None:
        self.scope, self._out, self._flow, self._on_end = scope, out, flow, on_end
        self.keep_alive, self._expects_100 = keep_alive, expects_100
        self.more_body, self.disconnected, self.response_complete = True, False, False
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self.spoilt = self._told_end = self.started = self._chunked = False
        self._left: int | None = None
        self._news: asyncio.Event | None = None

    async def run(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Let the application answer. What it leaves unanswered is a 500, or the end of the connection."""
        try:  # noqa: SIM105 `suppress` takes longer than the call
            await app(self.scope, self.receive, self.send)
        except BaseException:  # noqa: S110 whatever it was stands in the record of the request; nobody else is told
            pass
        if not self.started and not self.disconnected:
            await self.send({"type": "http.response.start", "status": 500, "headers": _BROKEN})
            await self.send({"type": "http.response.body", "body": b"Internal Server Error"})
        elif not self.response_complete and not self.disconnected:
            self._out.close()

    # ---- the request, as it comes in ----

    def feed(self, data: bytes) -> None:
        """Some of the body."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER_LIMIT:
            self._flow.pause_reading()
        self._wake()

    def feed_end(self) -> None:
        """That was all of it."""
        self.more_body = False
        self._wake()

    def disconnect(self) -> None:
        """Its client has gone, or will be told nothing more."""
        self.disconnected = not self.response_complete
        self._wake()

    def spoil(self, flaw: str) -> None:
        """No more of it can be read, nor anything behind it: it is refused where it has no answer yet, and the
        connection closes behind that.   flaw: why."""
        self.scope[FLAW] = flaw
        self.spoilt, self.keep_alive, self.more_body = True, False, False
        self._wake()

    async def receive(self) -> Message:
        """What has come since the last time; waits for something to come."""
        if self._expects_100 and self.more_body and not self._out.is_closing():
            self._out.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._expects_100 = False
        over = self._is_over()
        if not over:
            self._flow.resume_reading()
            if not self._pieces and (self.more_body or self._told_end):
                self._news = self._news or asyncio.Event()
                self._news.clear()
                await self._news.wait()
                over = self._is_over()
        if over:
            return {"type": "http.disconnect"}
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size, self._told_end = 0, not self.more_body
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def _is_over(self) -> bool:
        return self.disconnected or self.response_complete or self.spoilt

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()

    # ---- the answer, as it goes out ----

    async def send(self, message: Message) -> None:
        """Send the next part of the answer. Raises RuntimeError for what HTTP cannot carry."""
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()
        if self.disconnected:
            return
        if self.response_complete:
            raise RuntimeError(f"{message['type']} after the end of the answer")
        if self.started:
            self._send_body(message.get("body", b""), last=not message.get("more_body", False))
        else:
            if self._expects_100 and self.more_body:
                self.keep_alive = False  # what follows may be the body or not: nobody can tell
            self.started, self._expects_100 = True, False
            self._out.write(self._head(message["status"], message["headers"]))

    def _head(self, status: int, headers: Headers) -> bytes:
        lines = [STATUS_LINE[status]]
        closes = False
        for name, value in headers:
            if name == b"content-length":
                self._left = int(value)
            elif name == b"connection":
                closes = b"close" in value.lower()
            lines.append(_line(name, value) if len(name) + len(value) < _LONG else _checked(name, value))
        if closes:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if self.scope["method"] == "HEAD" or status in _WITHOUT_BODY:
            self._left = self._left or 0
        # 1.0 knows no chunks: the end of the connection is that of the answer (RFC 9112, 6.1).
        elif self._left is None and self.scope["http_version"] != "1.0":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _send_body(self, data: bytes, *, last: bool) -> None:
        if self.scope["method"] == "HEAD":
            self._left = 0
        elif self._chunked:
            chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            self._out.send(chunk + b"0\r\n\r\n" if last else chunk)  # each piece of a stream is waited for
        else:
            if self._left is not None:
                self._left -= len(data)
            if self._left is not None and (self._left < 0 or (last and self._left > 0)):
                raise RuntimeError("the answer is not as long as its content-length")
            self._out.write(data)
        if last:
            self.response_complete = True
            self._wake()
            if not self.keep_alive:
                self._out.close()
            self._on_end()


def _checked(name: bytes, value: bytes) -> bytes:
    """The line of one header. Raises RuntimeError where it would end the head, or forge another."""
    if _ODD_NAME.search(name) or _ODD_VALUE.search(value):
        raise RuntimeError("a header of the answer is none")
    return b"%b: %b\r\n" % (name, value)


_line = lru_cache(maxsize=512)(_checked)
"""Remembered: most headers of an answer are those of the one before."""
