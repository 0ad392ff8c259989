"""Patience: how long a call waits for a server that is paused, or not well. Its limits it waits for anyway. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable

from beastmode.safeguards.limit_store import Hold

Patience = Callable[[float], bool]
"""Would a call wait so many seconds (infinite: unknown) for a server that is paused or not well?"""


class HeldBackError(Exception):
    """The server cannot be called for longer than anyone wants to wait.   until: boottime; inf if unknown."""

    def __init__(self, reason: str, until: float) -> None:
        super().__init__(reason)
        self.reason, self.until = reason, until


class ImpatientError(HeldBackError):
    """The server cannot be called for longer than this call wants to wait."""


class Bearing:
    """What a call bears of a server that holds it back.   patient: asked whenever it would wait.   most_s: in a row."""

    def __init__(self, patient: Patience, most_s: float) -> None:
        self._patient, self._most_s = patient, most_s
        self._since: float | None = None

    def bear(self, hold: Hold, now: float) -> None:
        """The server holds it back.   now: boottime.   Raises ImpatientError, HeldBackError."""
        if self._since is None:
            self._since = now
        wait_s = 0.0 if hold.wait_s == math.inf else hold.wait_s
        if not self._patient(hold.wait_s):
            raise ImpatientError(hold.reason, now + wait_s)
        if now - self._since + wait_s > self._most_s:
            raise HeldBackError(hold.reason, now + wait_s)

    def relieved(self) -> None:
        """The server could be called: what comes after this is counted anew."""
        self._since = None
