"""Tickets: what a browser keeps in the place of a key. Whoever finds one learns no key, and nobody can make one up."""

from __future__ import annotations

import base64
import hmac

_FOR = b"tickets of the dashboard"


class Tickets:
    """Issues and reads tickets.   key: of the home; with another one, none is good any more. Pure."""

    def __init__(self, key: str) -> None:
        self._secret = hmac.digest(key.encode(), _FOR, "sha256")

    def issue(self, holder: str, until_unix: int) -> str:
        """One for `holder`, which has no dot in it, that is good until then."""
        said = f"{until_unix}.{holder}"
        return f"{said}.{self._mark(said)}"

    def holder(self, ticket: str, unix: float) -> str:
        """Whose it is; "" for one that is not ours, or is good no more."""
        said, _, mark = ticket.rpartition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(said).encode()):
            return ""
        until, _, holder = said.partition(".")
        return holder if unix < int(until) else ""

    def _mark(self, said: str) -> str:
        digest = hmac.digest(self._secret, said.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
