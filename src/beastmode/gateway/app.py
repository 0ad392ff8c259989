"""App: which path goes where. Raw ASGI, because every request passes here."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping

from beastmode.gateway.client.incoming import Incoming, Receive, Scope
from beastmode.gateway.client.reply import Reply, Send
from beastmode.gateway.dialects import dialect_for
from beastmode.gateway.door import Door
from beastmode.gateway.proxy import Proxy
from beastmode.store.keys.key import Right

Page = Callable[[], tuple[int, str, bytes]]
"""Gives status, content type and body."""
RIGHTS: dict[str, Right] = {"/metrics": "metrics"}
"""Pages that not everybody may see where keys are asked for, and the right that opens each."""


class App:
    """The gateway as an ASGI application.

    door: says who may see a page.   pages: small answers of our own by path (`/livez`, `/readyz`, `/metrics`); they
    are not counted as requests.   locked: those of them that only a token opens (`Authorization: Bearer`).
    keep_bytes: of each answer, for whoever records all.
    on_start, on_stop: called when the server begins and ends; on_drain: when nothing more is to be begun.
    """

    def __init__(
        self,
        proxy: Proxy,
        pages: dict[str, Page],
        *,
        door: Door,
        locked: Mapping[str, str] | None = None,
        keep_bytes: int = 0,
        on_start: Callable[[], Awaitable[None]],
        on_drain: Callable[[], None],
        on_stop: Callable[[], Awaitable[None]],
    ) -> None:
        self._proxy, self._pages, self._door = proxy, pages, door
        self._locked = locked or {}
        self._keep_bytes = keep_bytes
        self._on_start, self._on_drain, self._on_stop = on_start, on_drain, on_stop

    def drain(self) -> None:
        """Begin nothing any more; what has left for the upstream goes on."""
        self._on_drain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        incoming, reply = Incoming(scope, receive), Reply(send, self._keep_bytes)
        page = self._pages.get(incoming.path) if incoming.method in ("GET", "HEAD") else None
        if incoming.flaw:
            await self._proxy.handle(incoming, reply)
        elif page is not None:
            await self._show(page, incoming, reply)
        elif incoming.path == "/" and incoming.method == "HEAD":
            await reply.whole(200, [], b"")  # Claude Code asks this first
        elif incoming.header(b"upgrade").lower() == "websocket":
            await reply.whole(426, [(b"connection", b"close")], b"")  # Codex then uses HTTP at once
        else:
            await self._proxy.handle(incoming, reply)

    async def _show(self, page: Page, incoming: Incoming, reply: Reply) -> None:
        if not self._opens(incoming):
            await reply.whole(401, [(b"content-type", b"text/plain")], b"this page needs its token\n")
            return
        right = RIGHTS.get(incoming.path)
        refused = self._door.refusal(incoming, right) if right else None
        if refused is None:
            status, kind, body = page()
        else:
            status, kind = refused.status, "application/json"
            body = dialect_for(incoming.method, incoming.path).error(refused.failure, status)
        await reply.whole(status, [(b"content-type", kind.encode())], body)

    def _opens(self, incoming: Incoming) -> bool:
        token = self._locked.get(incoming.path)
        shown = incoming.header(b"authorization").encode()
        return token is None or hmac.compare_digest(shown, f"Bearer {token}".encode())

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._on_start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._on_stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
