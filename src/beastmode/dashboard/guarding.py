"""Guarding: what a browser may do with our pages, and who may ask for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beastmode.addresses import is_loopback
from beastmode.dashboard.cookies import kept
from beastmode.dashboard.visitor import Doorkeeper, Visitor

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""On every answer. No inline script or style is allowed, so what is shown cannot become one. To other sites nothing of
an address is told; with less, forms would not say any more where they stood."""
_OURS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_TRUSTED = [*_OURS, (b"cross-origin-opener-policy", b"same-origin")]
"""Where a browser trusts the way here; elsewhere it complains of this one."""
_NOT_KEPT = (b"cache-control", b"no-store")
"""Where an answer does not say otherwise."""
TICKET = "ticket"
"""The kind of cookie that stands for a key."""
_OPEN = ("/enter", "/login")
"""Where a key is shown."""


@lru_cache(maxsize=64)
def is_for_loopback(host: str) -> bool:
    """Whether a Host header names this machine itself. A page of another site whose name is pointed at 127.0.0.1 would
    be asked for by its own name (DNS rebinding)."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def is_from_here(headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from a page of ours. Browsers say so of themselves, and no page
    can make them say otherwise (Sec-Fetch-Site; Origin where that is not known)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin, host = headers.get("origin", ""), headers.get("host", "")
    return bool(host) and origin in (f"http://{host}", f"https://{host}")


class Guarded:
    """Lets in whom it may, tells the app who it is (`request.state`: visitor, ticket), and puts our headers on every
    answer. Who may not look is asked for a key, whatever the address; `request.state.wanted` is where they were going.

    keeper: knows the keys.   loopback_only: refuse whoever came by another name than this machine's.
    """

    def __init__(self, app: ASGIApp, keeper: Doorkeeper, loopback_only: bool) -> None:
        self._app, self._keeper, self._loopback_only = app, keeper, loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        ticket = kept(request, TICKET)
        visitor = self._keeper.visitor(ticket)
        if visitor is None:
            visitor = Visitor(may_look=False)
            scope = _asked_for_a_key(scope)
        scope.setdefault("state", {}).update(visitor=visitor, ticket=ticket)
        await self._app(scope, receive, _with_headers(send, _headers(request)))

    def _refusal(self, request: Request) -> Response | None:
        if self._loopback_only and not is_for_loopback(request.headers.get("host", "")):
            return Response("This dashboard answers on this machine's own names only.", 421, HEADERS)
        if request.method not in ("GET", "HEAD") and not is_from_here(request.headers):
            return Response("This came from a page of another site. Nothing was changed.", 403, HEADERS)
        return None


def _asked_for_a_key(scope: Scope) -> Scope:
    """The same request, for the page that asks; but for what that page needs itself."""
    root = scope.get("root_path", "")
    path = scope["path"].removeprefix(root)
    if path in _OPEN or path.startswith("/static/"):
        return scope
    asked = URL(scope=scope)
    wanted = f"{asked.path}?{asked.query}" if asked.query else asked.path
    state = {**scope.get("state", {}), "wanted": wanted if scope["method"] == "GET" else ""}
    login = f"{root}/login"
    return {
        **scope,
        "method": "GET",
        "path": login,
        "raw_path": login.encode(),
        "query_string": b"",
        "state": state,
    }


def _headers(request: Request) -> Sequence[tuple[bytes, bytes]]:
    trusted = request.scope["scheme"] == "https" or is_for_loopback(request.headers.get("host", ""))
    return _TRUSTED if trusted else _OURS


def _with_headers(send: Send, ours: Sequence[tuple[bytes, bytes]]) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            theirs = message["headers"]
            keeps = any(name == b"cache-control" for name, _ in theirs)
            message["headers"] = [*theirs, *ours] if keeps else [*theirs, *ours, _NOT_KEPT]
        await send(message)

    return sending
