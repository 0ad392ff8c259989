"""Wire: one request to a server and its answer, byte for byte, on a connection that is kept for the next.

It stands on aiohttp's connector and parser, below its session: what that adds (redirects, cookies, proxies, unpacking,
headers of its own) is not for a gateway, and was half of what a request to an upstream took.
"""

from __future__ import annotations

import asyncio
import re
import select
import time
from collections.abc import AsyncIterator, Callable
from functools import cached_property, partial
from types import TracebackType

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, RawResponseMessage, StreamWriter
from aiohttp.http_exceptions import BadHttpMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.spare import LARGE_BYTES, spare_of
from beastmode.gateway.headers import to_client, without
from beastmode.gateway.silence import Silence

_MOST_HEADER_BYTES, _MOST_HEADERS = 64 * 1024, 1000
"""Of one header of an answer, and of headers in one; policies and cookies of what stands before a server are long."""
_AROUND_BYTES, _AROUND_EACH = 512 * 1024, 16
"""Of what stands around the body of an answer: so much, and this for each byte of the body."""
_TO_HEAR_S = 0.001
"""For the loop to read what has come."""
_AHEAD_BYTES = 64 * 1024
"""Of an answer that are read before somebody takes them; then its server has to wait."""
_WITHOUT_BODY = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""Methods that say nothing of a length where there is no body (RFC 9110, 8.6)."""
_JSON = ("/json", "+json")
_LINE = b"%b: %b\r\n".__mod__
"""Of a header: name and value."""
_ODD = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Answer:
    """An upstream's answer whose body is still to come.   headers: those that pass on, names in lower case."""

    __slots__ = ("_content", "_kind", "_told", "headers", "status")

    def __init__(self, head: RawResponseMessage, content: aiohttp.StreamReader) -> None:
        self._told, self._content = head.headers, content
        self._kind = head.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.status = head.code
        self.headers: Headers = to_client(head.raw_headers)
        if self.status == 304:  # its length is that of a body which does not come: uvicorn would wait for it
            self.headers = without(self.headers, b"content-length")

    def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes in, packed as it was sent. Raises aiohttp.ClientError, OSError, TimeoutError."""
        return self._content.iter_any()

    @property
    def is_stream(self) -> bool:
        """It comes as server-sent events."""
        return self._kind == "text/event-stream"

    @property
    def comes_in_parts(self) -> bool:
        """Its length is not told, and it is no JSON: lines of JSON, sound, a file. Each part may be awaited."""
        return "Content-Length" not in self._told and not self._kind.endswith(_JSON)

    @property
    def packing(self) -> str:
        """How it is compressed, "" where it is not."""
        packing = self._told.get("Content-Encoding", "").strip().lower()
        return "" if packing == "identity" else packing


class Wire:
    """Connections to the server of `base_url`.   idle_s: the longest silence of it.   connect_s: for a new one."""

    def __init__(self, base_url: str, *, idle_s: float, connect_s: float) -> None:
        self._url = URL(base_url)
        self._host = (self._url.host_port_subcomponent or "").encode("ascii")
        self._idle_s = idle_s
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_s)
        self._connector: aiohttp.TCPConnector | None = None
        self.silence: Silence

    def exchange(
        self, method: str, url: str, headers: Headers, body: bytes, leaves: Callable[[], None]
    ) -> Exchange:
        """Send it once: `async with wire.exchange(…) as answer`.   url: whole, and as it is to be sent.
        headers: but for Host and Content-Length.   leaves: called as soon as it has gone out."""
        target = url[url.index("/", url.index("://") + 3) :]
        lines = [b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (method.encode(), target.encode("latin-1"), self._host)]
        lines += map(_LINE, headers)
        if body or method not in _WITHOUT_BODY:
            lines.append(b"Content-Length: %d\r\n" % len(body))
        lines.append(b"\r\n")
        return Exchange(self, method, url, b"".join(lines), body, leaves)

    async def connect(self, method: str) -> Connection:
        """A kept connection, or a new one. Raises aiohttp.ClientError, OSError."""
        if self._connector is None:
            self._connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=15)
            loop = asyncio.get_running_loop()
            self.silence = Silence(self._idle_s, time.monotonic, loop.call_later)
            reading: type[ResponseHandler] = _Reading
            self._connector._factory = partial(reading, loop=loop)
            # What the connector asks a request for is where to: the same for all.
            self._where = _Where("GET", self._url, loop=loop)
        try:
            connection = await self._connector.connect(self._where, [], self._timeout)
        except TimeoutError:  # its own cause says no more: it was cancelled
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {self._url}") from None
        assert isinstance(connection.protocol, _Reading)
        connection.protocol.asked()
        connection.protocol.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=_AHEAD_BYTES,
            max_line_size=_MOST_HEADER_BYTES,
            max_field_size=_MOST_HEADER_BYTES,
            max_headers=_MOST_HEADERS,
        )
        return connection

    async def close(self) -> None:
        if self._connector is not None:
            self.silence.close()
            await self._connector.close()
            await asyncio.sleep(0)  # its connections say goodbye in the next turn of the loop
            self._connector = None


class _Reading(ResponseHandler):
    """As aiohttp's own, but for three things. Whoever reads a body is told that the rest of it is no HTTP, instead of
    waiting for ever. What comes on a kept connection before it is asked again is no answer to whoever asks next. And
    what stands around a body (heads, of which those before the last may come without end, chunk sizes, trailers) is
    bounded.
    """

    idle = False
    _came = 0

    def asked(self) -> None:
        """A request goes out: what comes from here on is its answer."""
        self.idle, self._came, self._payload = False, 0, None

    def data_received(self, data: bytes) -> None:
        if self.idle:
            self.close()
            return
        self._came += len(data)
        super().data_received(data)
        inside = 0 if self._payload is None else self._payload.total_bytes
        if self._came - inside > _AROUND_BYTES + _AROUND_EACH * inside:
            if self.transport is not None:
                self.transport.close()  # its own `close` would forget why
            self.set_exception(BadHttpMessage("it has more around its body than in it"))

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        super().set_exception(exc, exc_cause or exc)
        body = self._payload
        if body is not None and not body.is_eof() and body.exception() is None:
            why = getattr(exc, "message", "") or type(exc).__name__  # not its status: 400 is of aiohttp's own
            body.set_exception(aiohttp.ClientPayloadError(f"the body of its answer is no HTTP: {why}"))


class _Where(aiohttp.ClientRequest):
    """Where to, worked out once and not for each request."""

    @cached_property
    def connection_key(self) -> ConnectionKey:
        return super().connection_key


class Exchange:
    """One request and its answer. Leaving it closes the connection unless the answer was read to its end, so that a
    server whose client has gone stops working.

    Raises aiohttp.ClientError, OSError, TimeoutError.
    """

    __slots__ = (
        "_body",
        "_connection",
        "_content",
        "_head",
        "_heads",
        "_leaves",
        "_method",
        "_sending",
        "_url",
        "_wire",
    )

    def __init__(
        self, wire: Wire, method: str, url: str, head: bytes, body: bytes, leaves: Callable[[], None]
    ) -> None:
        self._wire, self._method, self._url, self._leaves = wire, method, url, leaves
        self._head, self._body = head, body
        self._sending: asyncio.Task[None] | None = None
        self._content: aiohttp.StreamReader | None = None
        self._heads = 0

    async def __aenter__(self) -> Answer:
        self._connection = await self._wire.connect(self._method)
        try:
            protocol = self._connection.protocol
            assert protocol is not None
            self._send(protocol)
            self._wire.silence.add(self)
            return await self._answer(protocol)
        except BaseException:
            self._cut()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_sending:
            self._cut()
        else:
            self._wire.silence.leave_out(self)
            if isinstance(self._connection.protocol, _Reading):
                self._connection.protocol.idle = True
            self._connection.release()  # which closes it where some of the answer is left

    def heard(self) -> object:
        """How much of the answer has come; None while its server need not say anything: it has said all, still takes
        the request, or has to wait until somebody takes what has come."""
        transport = self._connection.transport
        if transport is None or not transport.is_reading():
            return None
        if self._content is None:
            return None if self._is_sending else self._heads
        return None if self._content.is_eof() else (self._heads, self._content.total_bytes)

    def give_up(self) -> None:
        """Its server has said nothing for too long."""
        error = aiohttp.SocketTimeoutError("Timeout on reading data from socket")
        if self._content is not None:
            self._content.set_exception(error)
        assert self._connection.protocol is not None
        self._connection.protocol.set_exception(error)

    @property
    def _is_sending(self) -> bool:
        return self._sending is not None and not self._sending.done()

    def _send(self, protocol: ResponseHandler) -> None:
        """In one write, but for a large body, which goes as fast as it is taken while the answer may come already."""
        transport = protocol.transport
        if transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")
        if len(self._body) <= LARGE_BYTES:
            transport.write(self._head + self._body)
        else:
            transport.write(self._head)
            self._sending = asyncio.get_running_loop().create_task(_send_in_steps(self._body, protocol))
        self._leaves()  # until it is stamped, its place counts as leaving now: the server need not wait for that

    async def _answer(self, protocol: ResponseHandler) -> Answer:
        try:
            while True:
                head, content = await protocol.read()
                self._heads += 1
                if not 100 <= head.code < 200 or head.code == 101:  # else there is one still to come
                    self._content = content
                    return _sound(Answer(head, content))
        except HttpProcessingError as error:
            # The cause tells it from a status 400 that a server has sent.
            raise self._error(error.code, error.message, error.headers) from error

    def _error(
        self, status: int, message: str, headers: CIMultiDict[str] | None = None
    ) -> aiohttp.ClientResponseError:
        url, none = URL(self._url, encoded=True), CIMultiDictProxy[str](CIMultiDict())
        asked = aiohttp.RequestInfo(url, self._method, none, url)
        return aiohttp.ClientResponseError(asked, (), status=status, message=message, headers=headers)

    def _cut(self) -> None:
        self._wire.silence.leave_out(self)
        if self._sending is not None:
            self._sending.cancel()
        self._connection.close()


def _sound(answer: Answer) -> Answer:
    """The answer, if HTTP can carry it on: aiohttp takes some heads that no server may send."""
    if not 200 <= answer.status < 600 or _ODD.search(b"".join([value for _, value in answer.headers])):
        raise BadHttpMessage("the head of its answer is no HTTP")
    return answer


async def _send_in_steps(body: bytes, protocol: ResponseHandler) -> None:
    """As a whole it would be copied into the connection's memory, and keep others waiting. What goes wrong with the
    connection meanwhile is told to whoever waits for the answer."""
    loop = asyncio.get_running_loop()
    view, writer, spare = memoryview(body), StreamWriter(protocol, loop), spare_of(loop)
    try:
        for start in range(0, len(view), LARGE_BYTES):
            if start:
                await spare.turn()
                if _has_said(protocol):  # written to after it has answered and gone, its answer would be lost
                    await asyncio.sleep(_TO_HEAR_S)
            await writer.write(view[start : start + LARGE_BYTES])
    except (aiohttp.ClientError, OSError):
        pass


def _has_said(protocol: ResponseHandler) -> bool:
    """Something has come from the server, or its end, that the loop has not seen yet."""
    if protocol.transport is None:
        return False
    looking = select.poll()
    looking.register(protocol.transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(looking.poll(0))
