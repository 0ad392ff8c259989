"""Upstream: one model server, and one request to it. What it sends comes back byte for byte."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from beastmode.cache.key import tenant_of, without_credentials
from beastmode.gateway.carried import CREDENTIALS, GEMINI_KEY
from beastmode.gateway.headers import to_client, to_upstream, without
from beastmode.gateway.incoming import Headers, Incoming
from beastmode.gateway.locate import locate, without_key

_SENT_AS_THEY_COME = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
"""Headers that aiohttp would add where the client sent none."""

_MOST_HEADER_BYTES, _MOST_HEADERS = 64 * 1024, 1000
"""Of one header of an answer, and of headers in one; policies and cookies of what stands before a server are long."""
_JSON = ("/json", "+json")

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
        return locate(self.base_url, incoming.path, self._query_of(incoming)[0])

    def tenant_of(self, incoming: Incoming) -> bytes:
        """Whose credentials it sees with this request, as a hash."""
        if self._key:
            return tenant_of([self._key.encode()])
        headers = [name + b"=" + value for name, value in incoming.headers if name in CREDENTIALS]
        return tenant_of([*headers, *(one.encode() for one in without_credentials(incoming.query)[1])])

    @asynccontextmanager
    async def ask(self, incoming: Incoming, body: bytes, leaves: Callable[[], None]) -> AsyncIterator[Answer]:
        """Send it once. Leaving closes the connection unless the answer was read to its end, so that an upstream
        whose client has gone stops working.   leaves: called when the request is on the wire.

        Raises aiohttp.ClientError, OSError, TimeoutError.
        """
        async with self._open().request(
            incoming.method,
            URL(self.url_of(incoming), encoded=True),
            headers=self._headers_of(incoming),
            data=body or None,
            allow_redirects=False,
            skip_auto_headers=_SENT_AS_THEY_COME,
            trace_request_ctx=leaves,
        ) as response:
            leaves()
            yield _sound(response)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)  # its connections say goodbye in the next turn of the loop
            self._session = None

    def _headers_of(self, incoming: Incoming) -> list[tuple[str, str]]:
        place = GEMINI_KEY if self._query_of(incoming)[1] else incoming.key_at
        return to_upstream(incoming.headers, self._key, place)

    def _query_of(self, incoming: Incoming) -> tuple[str, bool]:
        """The query, and whether the client's key was taken out of it, as this upstream has its own."""
        has_other = any(name in CREDENTIALS for name, _ in incoming.headers)
        return without_key(incoming.query) if self._key and not has_other else (incoming.query, False)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_left)
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                trace_configs=[trace],
                read_bufsize=1 << 18,
                max_line_size=_MOST_HEADER_BYTES,
                max_field_size=_MOST_HEADER_BYTES,
                max_headers=_MOST_HEADERS,
            )
            # aiohttp sends a GET again by itself when a kept connection turns out to be dead: no limit would count it.
            self._session._retry_connection = False
        return self._session


def _sound(response: aiohttp.ClientResponse) -> Answer:
    """The answer, if HTTP can carry it on: aiohttp takes some heads that no server may send."""
    answer = Answer(response)
    if not 200 <= answer.status < 600 or _ODD.search(b"".join([value for _, value in answer.headers])):
        told = "the head of its answer is no HTTP"
        # The cause tells it from a status 400 that a server has sent, as it does where aiohttp finds the fault.
        cause = aiohttp.http_exceptions.BadHttpMessage(told)
        raise aiohttp.ClientResponseError(response.request_info, (), status=400, message=told) from cause
    return answer


async def _left(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx()
