"""Host decision: may one more call start, given all that the processes of a host hold? SQL, in a transaction."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass

from beastmode.safeguards.host.log import HostLog
from beastmode.safeguards.host.members import Strictest
from beastmode.safeguards.host.queue import Amount
from beastmode.safeguards.limit_store import Hold

POLL_S = 0.020
"""What hangs on another process is asked for this often: nobody wakes us. A slot that another process frees
stands empty for 10 ms on average; 50 questions a second cost 1 % of a core."""
LOOK_S = 0.25
"""Even a known wait is cut to this while others are there: a place may be given back, its owner may die."""


@dataclass(slots=True)
class Decision:
    """Reads, and decides; changes nothing.   limits: the strictest of all processes."""

    db: sqlite3.Connection
    now: float
    limits: Strictest

    def hold(self, wanted: Amount, ahead: Amount) -> Hold | None:
        """Why `wanted` cannot be had now.   ahead: what is set aside for longer waiters."""
        held = self.held()
        slot_wait_s = self._slot_wait_s(held.slots + ahead.slots) if wanted.slots else 0.0
        if slot_wait_s > 0:
            return Hold("slot", self._capped(slot_wait_s, POLL_S))
        if wanted.slots:
            wait_s = self._token_wait_s(wanted.tokens + ahead.tokens, held.tokens)
            if wait_s > 0:
                return Hold("tokens", self._capped(wait_s, POLL_S if wait_s == math.inf else LOOK_S))
        log = HostLog.read(self.db, "starts")
        for span_s, starts in self.limits.windows:
            wait_s = log.wait_s(self.now, span_s, starts, wanted.places + held.places + ahead.places)
            if wait_s > 0:
                return Hold("rate", self._capped(wait_s, POLL_S if wait_s == math.inf else LOOK_S))
        return None

    def held(self) -> Amount:
        """Slots in use, lingering ones included, places that have not left, and tokens of calls in flight."""
        query = (
            "SELECT count(*), coalesce(sum(places), 0), coalesce(sum(tokens), 0)"
            " FROM calls WHERE until IS NULL OR until > ?"
        )
        return Amount(*self.db.execute(query, (self.now,)).fetchone())

    def in_use(self, span_s: float | None) -> tuple[int, int]:
        """Slots in use, and starts that count in the window of `span_s`."""
        held = self.held()
        starts = dict(self.limits.windows).get(span_s) if span_s else None
        if span_s is None or starts is None:
            return held.slots, 0
        log = HostLog.read(self.db, "starts")
        unknown = log.unknown(self.now, span_s)
        return held.slots, starts if unknown else held.places + log.in_window(self.now, span_s)

    def tokens_in_use(self, span_s: float | None) -> int:
        """Tokens that count in the window of `span_s`."""
        most = dict(self.limits.tokens).get(span_s) if span_s else None
        if span_s is None or most is None:
            return 0
        log = HostLog.read(self.db, "spent")
        unknown = log.unknown(self.now, span_s)
        return most if unknown else self.held().tokens + log.in_window(self.now, span_s)

    def _token_wait_s(self, tokens: int, in_flight: int) -> float:
        if not self.limits.tokens:
            return 0.0
        log = HostLog.read(self.db, "spent")
        waits = (
            log.wait_s(self.now, span_s, most, min(tokens, most) + in_flight)
            for span_s, most in self.limits.tokens
        )
        return next((wait_s for wait_s in waits if wait_s > 0), 0.0)

    def _slot_wait_s(self, in_use: int) -> float:
        limit = self.limits.concurrency
        if limit is None or in_use < limit:
            return 0.0
        query = "SELECT until FROM calls WHERE until > ? ORDER BY until LIMIT 1 OFFSET ?"
        until = self.db.execute(query, (self.now, in_use - limit)).fetchone()
        return math.inf if until is None else float(until[0]) - self.now

    def _capped(self, wait_s: float, cap_s: float) -> float:
        return min(wait_s, cap_s) if self.limits.members > 1 else wait_s
