"""Tickets: what a browser keeps in the place of a key. Whoever finds one learns no key, and nobody can make one up."""

from __future__ import annotations

import base64
import hmac

_FOR = b"tickets of the dashboard"
_MOST_KNOWN = 256
"""Whoever looks shows the same one every second: it is looked at once. Those that are not ours are not kept."""


class Tickets:
    """Issues and reads tickets.   key: of the home; with another one, none is good any more."""

    def __init__(self, key: str) -> None:
        self._secret = hmac.digest(key.encode(), _FOR, "sha256")
        self._known: dict[str, tuple[int, str]] = {}

    def issue(self, holder: str, until_unix: int) -> str:
        """One for `holder`, which has no dot in it, that is good until then."""
        said = f"{until_unix}.{holder}"
        return f"{said}.{self._mark(said)}"

    def holder(self, ticket: str, unix: float) -> str:
        """Whose it is; "" for one that is not ours, or is good no more."""
        until, holder = self._known.get(ticket) or self._read(ticket)
        return holder if unix < until else ""

    def _read(self, ticket: str) -> tuple[int, str]:
        """Until when it is good, and whose it is; 0 for one that is not ours."""
        said, _, mark = ticket.rpartition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(said).encode()):
            return 0, ""
        until, _, holder = said.partition(".")
        if len(self._known) == _MOST_KNOWN:
            self._known.clear()
        self._known[ticket] = int(until), holder
        return int(until), holder

    def _mark(self, said: str) -> str:
        digest = hmac.digest(self._secret, said.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
