"""Guarding: what a browser may do with our pages, and who may ask for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer. No inline script or style is allowed, so what is shown cannot become one."""
KEY = "beast-key"
"""The cookie that holds the key."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_for_loopback(host: str) -> bool:
    """Whether a Host header names this machine itself. A page of another site whose name is pointed at 127.0.0.1 would
    be asked for by its own name (DNS rebinding)."""
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
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
    """Lets in whom it may, tells the app who it is (`request.state.visitor`), and puts our headers on every answer.

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
        visitor = self._keeper.visitor(request.cookies.get(KEY, ""))
        if visitor is None and not request.url.path.endswith("/enter"):
            refusal = Response("Looking at this needs a key. Open the link that beast printed.", 401, HEADERS)
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = visitor or Visitor()
        await self._app(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if self._loopback_only and not is_for_loopback(request.headers.get("host", "")):
            return Response("This dashboard answers on this machine's own names only.", 421, HEADERS)
        if request.method not in ("GET", "HEAD") and not is_from_here(request.headers):
            return Response("This came from a page of another site. Nothing was changed.", 403, HEADERS)
        return None


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *ours]
        await send(message)

    return sending
