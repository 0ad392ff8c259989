"""Host decision: may one more call start, given all that the processes of a host hold? SQL, in a transaction."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass

from beastmode.safeguards.host_log import StartLog
from beastmode.safeguards.host_members import Strictest
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

    def hold(self, slots: int, places: int, ahead: tuple[int, int]) -> Hold | None:
        """Why `slots` (0 or 1) and `places` cannot be had now.   ahead: what is set aside for longer waiters."""
        slots_ahead, places_ahead = ahead
        busy, leaving = self.held()
        slot_wait_s = self._slot_wait_s(busy + slots_ahead) if slots else 0.0
        if slot_wait_s > 0:
            return Hold("slot", self._capped(slot_wait_s, POLL_S))
        log = StartLog.read(self.db)
        for span_s, starts in self.limits.windows:
            wait_s = log.wait_s(self.now, span_s, starts, places + leaving + places_ahead)
            if wait_s > 0:
                return Hold("rate", self._capped(wait_s, POLL_S if wait_s == math.inf else LOOK_S))
        return None

    def held(self) -> tuple[int, int]:
        """Slots in use, lingering ones included, and places that have not left."""
        query = "SELECT count(*), coalesce(sum(places), 0) FROM calls WHERE until IS NULL OR until > ?"
        busy, leaving = self.db.execute(query, (self.now,)).fetchone()
        return busy, leaving

    def in_use(self, span_s: float | None) -> tuple[int, int]:
        """Slots in use, and starts that count in the window of `span_s`."""
        busy, leaving = self.held()
        starts = dict(self.limits.windows).get(span_s) if span_s else None
        if span_s is None or starts is None:
            return busy, 0
        log = StartLog.read(self.db)
        return busy, starts if log.unknown(self.now, span_s) else leaving + log.in_window(self.now, span_s)

    def _slot_wait_s(self, in_use: int) -> float:
        limit = self.limits.concurrency
        if limit is None or in_use < limit:
            return 0.0
        query = "SELECT until FROM calls WHERE until > ? ORDER BY until LIMIT 1 OFFSET ?"
        until = self.db.execute(query, (self.now, in_use - limit)).fetchone()
        return math.inf if until is None else float(until[0]) - self.now

    def _capped(self, wait_s: float, cap_s: float) -> float:
        return min(wait_s, cap_s) if self.limits.members > 1 else wait_s
