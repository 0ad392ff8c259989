"""Host queue: who waits longest among the processes that share a server. SQL, inside a transaction.

Nobody is served here. What the longer waiters wait for is only set aside: a place beyond that may be taken,
so that one process that is slow to ask does not stand in the way of all.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

STALE_S = 0.5
"""A waiter that has not asked again for this long past its time was cancelled, stopped or has died."""


class Amount(NamedTuple):
    """What a call takes: 0 or 1 slots, places of the rate, tokens as estimated."""

    slots: int
    places: int
    tokens: int


@dataclass(slots=True)
class Queue:
    """The waiters, seen by `member`: one row a process, for a guard lets one of its callers ask at a time."""

    db: sqlite3.Connection
    member: int

    def ahead(self, now: float) -> Amount:
        """What those wait for who have waited longer than this member."""
        row = self.db.execute(
            "SELECT coalesce(sum(slots), 0), coalesce(sum(places), 0), coalesce(sum(tokens), 0) FROM waiters"
            " WHERE asks_by > ? AND member != ? AND (since, member) < (?, ?)",
            (now, self.member, self._since(now), self.member),
        ).fetchone()
        return Amount(*row)

    def wait(self, now: float, wait_s: float, wanted: Amount) -> None:
        """Stand in the queue, since the first time of asking; asks again in `wait_s`."""
        row = (self.member, self._since(now), now + wait_s + STALE_S, *wanted)
        self.db.execute("REPLACE INTO waiters VALUES (?, ?, ?, ?, ?, ?)", row)

    def leave(self) -> None:
        self.db.execute("DELETE FROM waiters WHERE member = ?", (self.member,))

    def _since(self, now: float) -> float:
        query = "SELECT since FROM waiters WHERE member = ? AND asks_by > ?"
        row = self.db.execute(query, (self.member, now)).fetchone()
        return now if row is None else float(row[0])
