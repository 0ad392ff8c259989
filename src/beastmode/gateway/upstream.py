"""Upstream: one model server, and one request to it. What it sends comes back byte for byte."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextvars import ContextVar
from types import TracebackType

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from beastmode.cache.credentials import IN_HEADERS, tenant_of, without_credentials
from beastmode.gateway.carried import GEMINI_KEY, KEY_OF_QUERY
from beastmode.gateway.headers import to_client, to_upstream, without
from beastmode.gateway.incoming import Headers, Incoming
from beastmode.gateway.locate import locate

_SENT_AS_THEY_COME = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
"""Headers that aiohttp would add where the client sent none."""

_MOST_HEADER_BYTES, _MOST_HEADERS = 64 * 1024, 1000
"""Of one header of an answer, and of headers in one; policies and cookies of what stands before a server are long."""
_JSON = ("/json", "+json")
_STEP_BYTES = 256 * 1024
"""Of a body at once to the upstream."""
_LEAVES: ContextVar[Callable[[], None]] = ContextVar("leaves")
"""What the request of this task calls when it leaves. aiohttp's own way to hear of it, tracing, took 20 us each."""

_ODD = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Answer:
    """An upstream's answer whose body is still to come.   headers: those that pass on, names in lower case."""

    __slots__ = ("_response", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Headers = to_client(response.raw_headers)
        if self.status == 304:  # its length is that of a body which does not come: uvicorn would wait for it
            self.headers = without(self.headers, b"content-length")

    def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes in, packed as it was sent. Raises aiohttp.ClientError, OSError, TimeoutError."""
        return self._response.content.iter_any()

    @property
    def is_stream(self) -> bool:
        """It comes as server-sent events."""
        return self._response.content_type == "text/event-stream"

    @property
    def comes_in_parts(self) -> bool:
        """Its length is not told, and it is no JSON: lines of JSON, sound, a file. Each part may be awaited."""
        kind = self._response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return "Content-Length" not in self._response.headers and not kind.endswith(_JSON)

    @property
    def is_packed(self) -> bool:
        """It is compressed, so that what passes cannot be read on the side."""
        return self._response.headers.get("Content-Encoding", "identity").lower() != "identity"


class Upstream:
    """Sends requests to one base URL. Closed when the server ends.

    key: replaces the client's own credential; "" lets that pass.   idle_s: the longest silence of the upstream, before
    its first byte and between two.
    """

    def __init__(
        self, base_url: str, *, key: str = "", idle_s: float = 600.0, connect_s: float = 10.0
    ) -> None:
        self.base_url = base_url
        self._key = key
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_s, sock_read=idle_s)
        self._session: aiohttp.ClientSession | None = None

    def url_of(self, incoming: Incoming) -> str:
        """Where a request goes."""
        return locate(self.base_url, incoming.path, self._query_of(incoming))

    def tenant_of(self, incoming: Incoming) -> bytes:
        """Whose credentials it sees with this request, as a hash."""
        if self._key:
            return tenant_of([self._key.encode()])
        headers = [name + b"=" + value for name, value in incoming.headers if name in IN_HEADERS]
        return tenant_of([*headers, *(one.encode() for one in without_credentials(incoming.query)[1])])

    def ask(self, incoming: Incoming, body: bytes, leaves: Callable[[], None]) -> Asking:
        """Send it once: `async with upstream.ask(…) as answer`.   leaves: called when the request is on the wire."""
        request = self._open().request(
            incoming.method,
            URL(self.url_of(incoming), encoded=True),
            headers=[*self._headers_of(incoming), *_length_of(body)],
            data=_in_steps(body) if len(body) > _STEP_BYTES else body or None,
            allow_redirects=False,
        )
        return Asking(request, leaves)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)  # its connections say goodbye in the next turn of the loop
            self._session = None

    def _headers_of(self, incoming: Incoming) -> list[tuple[str, str]]:
        _, of_gemini = without_credentials(incoming.query, (KEY_OF_QUERY,))
        return to_upstream(incoming.headers, self._key, GEMINI_KEY if of_gemini else incoming.key_at)

    def _query_of(self, incoming: Incoming) -> str:
        """The query; without the client's credentials where this upstream has its own."""
        return without_credentials(incoming.query)[0] if self._key else incoming.query

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                request_class=_Request,
                skip_auto_headers=_SENT_AS_THEY_COME,
                read_bufsize=1 << 16,
                max_line_size=_MOST_HEADER_BYTES,
                max_field_size=_MOST_HEADER_BYTES,
                max_headers=_MOST_HEADERS,
            )
            # aiohttp sends a GET again by itself when a kept connection turns out to be dead: no limit would count it.
            self._session._retry_connection = False
        return self._session


def _length_of(body: bytes) -> list[tuple[str, str]]:
    """What aiohttp cannot know of a body that comes in steps."""
    return [("Content-Length", str(len(body)))] if len(body) > _STEP_BYTES else []


async def _in_steps(body: bytes) -> AsyncIterator[memoryview]:
    """A large body as fast as it is taken: as a whole it would be copied into the connection's memory."""
    view = memoryview(body)
    for start in range(0, len(view), _STEP_BYTES):
        yield view[start : start + _STEP_BYTES]


class Asking:
    """One request. Entering sends it and gives its answer; leaving closes the connection unless the answer was read to
    its end, so that an upstream whose client has gone stops working.

    Raises aiohttp.ClientError, OSError, TimeoutError.
    """

    __slots__ = ("_leaves", "_request", "_response")

    def __init__(self, request: Awaitable[aiohttp.ClientResponse], leaves: Callable[[], None]) -> None:
        self._request, self._leaves = request, leaves

    async def __aenter__(self) -> Answer:
        _LEAVES.set(self._leaves)
        self._response = await self._request
        self._leaves()  # a second word changes nothing, and a missing one would be a start that no limit has counted
        try:
            return _sound(self._response)
        except aiohttp.ClientError:
            self._response.close()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._response.__aexit__(kind, error, trace)


class _Request(aiohttp.ClientRequest):
    """Says when it leaves, and adds no header to a request that has those it needs."""

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        if "Content-Type" not in self.headers:
            super().update_auto_headers(skip_auto_headers)

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        _LEAVES.get()()
        return await super().send(conn)


def _sound(response: aiohttp.ClientResponse) -> Answer:
    """The answer, if HTTP can carry it on: aiohttp takes some heads that no server may send."""
    answer = Answer(response)
    if not 200 <= answer.status < 600 or _ODD.search(b"".join([value for _, value in answer.headers])):
        told = "the head of its answer is no HTTP"
        # The cause tells it from a status 400 that a server has sent, as it does where aiohttp finds the fault.
        cause = aiohttp.http_exceptions.BadHttpMessage(told)
        raise aiohttp.ClientResponseError(response.request_info, (), status=400, message=told) from cause
    return answer
