"""The door of a home's dashboard: its own key, and those of the gateway."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from beastmode.compose.ui.key_ring import UiKeyRing
from beastmode.compose.ui.ticket import Tickets
from beastmode.dashboard.pages.entering import KEPT_S
from beastmode.dashboard.visitor import Visitor

_HOME = "home"
_OWNER = Visitor(may_change=True, may_read=True, name="of the home")


class HomeDoor:
    """A `Doorkeeper`: who has the key of the home may read and change everything.   ring: of the other keys, which open
    what `beast keys` says; None: there are no others.   open_: all others may look.   unix: what time it is."""

    def __init__(
        self,
        key: str,
        ring: UiKeyRing | None = None,
        *,
        open_: bool = True,
        unix: Callable[[], float] = time.time,
    ) -> None:
        self._key, self._ring, self._open, self._unix = key.encode(), ring, open_, unix
        self._tickets = Tickets(key)

    def enter(self, key: str) -> str:
        unix = self._unix()
        mine = hmac.compare_digest(key.encode("utf-8", "replace"), self._key)
        holder = _HOME if mine else self._ring.holder(key, unix) if self._ring else ""
        return self._tickets.issue(holder, int(unix) + KEPT_S) if holder else ""

    def visitor(self, ticket: str) -> Visitor | None:
        unix = self._unix()
        holder = self._tickets.holder(ticket, unix) if ticket else ""
        if holder == _HOME:
            return _OWNER
        known = self._ring.visitor(holder, unix) if holder and self._ring else None
        return known or (Visitor() if self._open else None)
