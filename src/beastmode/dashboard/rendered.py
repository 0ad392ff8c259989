"""Rendered: a page that many look at is made once, and kept until something has changed."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import blake2b

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beastmode.dashboard.acting import SAID
from beastmode.dashboard.cookies import kept

MOST_BYTES = 16_000_000
KEPT_S = 1.0
"""What is shown of the time, of processes and of logs goes on without any record of it."""
_LEAST_ZIPPED, _ZIP_LEVEL = 1000, 3
"""Level 4 takes twice as long for 2 % less."""
_NO_PAGES = ("/events", "/enter", "/login", "/leave", "/static/")


@dataclass(slots=True)
class Page:
    """One that was made.   headers: but for its length.   mark: of what it shows; what stands around that is asked for
    once, and not again."""

    made_s: float
    headers: list[tuple[bytes, bytes]]
    body: bytes
    mark: bytes
    zipped: bytes | None = None

    def zip(self) -> bytes:
        """As gzip has it, made when it is first asked for."""
        if self.zipped is None:
            self.zipped = gzip.compress(self.body, _ZIP_LEVEL)
        return self.zipped


class Rendered:
    """Stands before an app whose pages are a matter of address, visitor and what has been recorded.

    told: the version that those who follow have heard of; None while nobody follows, and then nothing is kept. All who
    ask for the same at once get one page, and until the next version is told no other is made. Kept are HTML answers
    that are whole and good, set no cookie and have no words for one person in them.
    version: what it is now. `request.state.version` is what an answer is made of, at least: seen before anything is
    read, so that whoever looks on from there misses nothing.
    """

    def __init__(self, app: ASGIApp, told: Callable[[], str | None], version: Callable[[], str]) -> None:
        self._app, self._told, self._version = app, told, version
        self._now = ""
        self._bytes = 0
        self._pages: OrderedDict[Hashable, Page] = OrderedDict()
        self._making: dict[Hashable, asyncio.Future[Page | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        version = self._told()
        scope["state"]["version"] = version or self._version()
        if version is None or not _may_be_a_page(scope) or kept(Request(scope), SAID):
            await self._app(scope, receive, send)
            return
        key = (version, scope["path"], scope["query_string"], scope["state"]["visitor"])
        page = self._known(key, version) or await self._made_by_another(key)
        if page is None:
            await self._make(key, version, scope, receive, send)
        else:
            await _give(page, scope, send)

    def _known(self, key: Hashable, version: str) -> Page | None:
        if version != self._now:
            self._now, self._bytes = version, 0
            self._pages.clear()
        page = self._pages.get(key)
        return page if page is not None and time.monotonic() - page.made_s < KEPT_S else None

    async def _made_by_another(self, key: Hashable) -> Page | None:
        making = self._making.get(key)
        return None if making is None else await asyncio.shield(making)

    async def _make(self, key: Hashable, version: str, scope: Scope, receive: Receive, send: Send) -> None:
        making: asyncio.Future[Page | None] = asyncio.get_running_loop().create_future()
        mine = self._making.setdefault(key, making) is making
        taking = _Taking(send)
        try:
            await self._app(scope, receive, taking)
            if taking.page is not None:
                self._keep(key, version, taking.page)
                making.set_result(taking.page)
                await _give(taking.page, scope, send)
        finally:
            if mine:
                del self._making[key]
            if not making.done():
                making.set_result(None)  # each for themselves

    def _keep(self, key: Hashable, version: str, page: Page) -> None:
        if version != self._now:
            return
        before = self._pages.pop(key, None)
        self._pages[key] = page
        self._bytes += len(page.body) - (len(before.body) if before else 0)
        while self._bytes > MOST_BYTES:
            _, oldest = self._pages.popitem(last=False)
            self._bytes -= len(oldest.body)


class _Taking:
    """Takes an answer for a page; passes on whatever is none, as it comes.   page: None where there was none."""

    def __init__(self, send: Send) -> None:
        self._send, self._made_s = send, time.monotonic()
        self._headers: list[tuple[bytes, bytes]] = []
        self._taken: bytearray | None = None
        self.page: Page | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._headers = [one for one in message["headers"] if one[0] != b"content-length"]
            self._taken = bytearray()
            return
        if self._taken is None:
            await self._send(message)
            return
        self._taken += message.get("body", b"")
        if not message.get("more_body"):
            body = bytes(self._taken)
            self.page = Page(self._made_s, self._headers, body, _mark_of(body))


def _may_be_a_page(scope: Scope) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return scope["method"] == "GET" and not path.startswith(_NO_PAGES)


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    whole = "content-length" in headers and headers.get("content-type", "").startswith("text/html")
    return start["status"] == 200 and whole and "set-cookie" not in headers and "vary" not in headers


def _mark_of(body: bytes) -> bytes:
    _, _, shown = body.partition(b"<main")
    return b'W/"%s"' % blake2b(shown, digest_size=12).hexdigest().encode()


async def _give(page: Page, scope: Scope, send: Send) -> None:
    asked = Headers(scope=scope)
    headers = [*page.headers, (b"etag", page.mark), (b"vary", b"accept-encoding")]
    status, body = 200, page.body
    if page.mark.decode() in asked.get("if-none-match", ""):
        status, body = 304, b""
    elif len(body) >= _LEAST_ZIPPED and "gzip" in asked.get("accept-encoding", ""):
        body = page.zip()
        headers.append((b"content-encoding", b"gzip"))
    if status == 200:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
