"""Upstream: one model server, and one request to it. What it sends comes back byte for byte."""

from __future__ import annotations

from collections.abc import Callable

from yarl import URL

from beastmode.cache.credentials import IN_HEADERS, tenant_of, without_credentials
from beastmode.gateway.client.carried import GEMINI_KEY, KEY_OF_QUERY
from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.headers import to_upstream
from beastmode.gateway.locate import locate
from beastmode.gateway.wire import Exchange, Wire


class Upstream:
    """Sends requests to one base URL. Closed when the server ends.

    key: replaces the client's own credential; "" lets that pass.   idle_s: the longest silence of the upstream, before
    its first byte and between two.
    """

    def __init__(
        self, base_url: str, *, key: str = "", idle_s: float = 600.0, connect_s: float = 10.0
    ) -> None:
        self.base_url = base_url
        self._base = base_url if base_url.isascii() else str(URL(base_url))  # as it can be sent
        self._key = key
        self._own_tenant = tenant_of([key.encode()] if key else [])
        self._wire = Wire(base_url, idle_s=idle_s, connect_s=connect_s)

    def url_of(self, incoming: Incoming) -> str:
        """Where a request goes."""
        return locate(self._base, incoming.path, self._query_of(incoming))

    def tenant_of(self, incoming: Incoming) -> bytes:
        """Whose credentials it sees with this request, as a hash."""
        if self._key or not (incoming.query or incoming.has_any(IN_HEADERS)):
            return self._own_tenant
        theirs = [name + b"=" + value for name, value in incoming.headers if name in IN_HEADERS]
        if incoming.query:
            theirs += [one.encode() for one in without_credentials(incoming.query)[1]]
        return tenant_of(theirs) if theirs else self._own_tenant

    def ask(self, url: str, incoming: Incoming, body: bytes, leaves: Callable[[], None]) -> Exchange:
        """Send it once: `async with upstream.ask(…) as answer`.   url: its own, see `url_of`.   leaves: called as
        soon as it has gone out."""
        return self._wire.exchange(incoming.method, url, self._headers_of(incoming), body, leaves)

    async def close(self) -> None:
        await self._wire.close()

    def _headers_of(self, incoming: Incoming) -> Headers:
        if not self._key:
            return to_upstream(incoming.headers)
        _, of_gemini = without_credentials(incoming.query, (KEY_OF_QUERY,))
        return to_upstream(incoming.headers, self._key, GEMINI_KEY if of_gemini else incoming.key_at)

    def _query_of(self, incoming: Incoming) -> str:
        """The query; without the client's credentials where this upstream has its own."""
        return without_credentials(incoming.query)[0] if self._key else incoming.query
