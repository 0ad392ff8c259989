"""Host log: the starts of all processes that share a server, exact in every window. SQL, in a transaction.

Rows are numbered by the total of starts up to and including them, and their stamps never go back, so that a
count is one subtraction and two look-ups, however long the window: 30,000 an hour cost what 8 a second do.
"""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass

KEEP_LEAST_S = 63.0
"""A log of a minute at least (padded): a run limited per minute, started after one limited per second, would
otherwise not know its window and wait a minute for nothing."""


@dataclass(slots=True)
class StartLog:
    """The log, as one transaction finds it.

    total, newest_at: of the last start.   lost_at: what happened until then is not known, so a window that
    reaches back to it counts as full;   lost_total: starts until then.   kept_s: the longest window.
    """

    db: sqlite3.Connection
    total: int
    newest_at: float
    lost_at: float
    lost_total: int
    kept_s: float

    @classmethod
    def read(cls, db: sqlite3.Connection) -> StartLog:
        lost_at, lost_total, kept_s = db.execute("SELECT lost_at, lost_total, kept_s FROM state").fetchone()
        newest = db.execute("SELECT total, at FROM starts ORDER BY total DESC LIMIT 1").fetchone()
        total, at = newest or (lost_total, lost_at)
        return cls(db, total, at, lost_at, lost_total, kept_s)

    def wait_s(self, now: float, span_s: float, starts: int, places: int) -> float:
        """Seconds until `places` are free, 0 for now.   places: those that have not left yet included.

        Infinite while that hangs on a start that has not left. The twin of `Window.wait_s`.
        """
        unknown_s = self.lost_at + span_s - now if self.unknown(now, span_s) else 0.0
        before = self._total_at(now - span_s)
        missing = places + self.total - before - starts
        if missing <= 0:
            return unknown_s
        if missing > self.total - before:
            return math.inf
        query = "SELECT at FROM starts WHERE total >= ? ORDER BY total LIMIT 1"
        (at,) = self.db.execute(query, (before + missing,)).fetchone()
        return max(unknown_s, float(at) + span_s - now, 0.0)

    def in_window(self, now: float, span_s: float) -> int:
        """Starts that count at `now`, as far as they are known."""
        return self.total - self._total_at(now - span_s)

    def unknown(self, now: float, span_s: float) -> bool:
        """Does the window reach back to where nothing is known?"""
        return self.lost_at > now - span_s

    def append(self, now: float, starts: int = 1) -> None:
        """Calls have left. A stamp older than the newest is moved up to it: late is safe, early is not."""
        self.total += starts
        self.newest_at = max(now, self.newest_at)
        self.db.execute("INSERT INTO starts VALUES (?, ?)", (self.total, self.newest_at))

    def trim(self, now: float) -> None:
        """Keep what the longest window needs."""
        last = self._last_until(now - max(self.kept_s, KEEP_LEAST_S))
        if last is not None:
            self._lose(last[1], last[0])

    def forget(self, until: float) -> None:
        """What happened up to `until` is not known. The twin of `Window.fill`."""
        if until > self.lost_at:
            last = self._last_until(until)
            self._lose(until, self.lost_total if last is None else last[0])

    def _lose(self, at: float, total: int) -> None:
        self.lost_at, self.lost_total = at, total
        self.db.execute("DELETE FROM starts WHERE total <= ?", (total,))
        self.db.execute("UPDATE state SET lost_at = ?, lost_total = ?", (at, total))

    def _total_at(self, at: float) -> int:
        last = self._last_until(at)
        return self.lost_total if last is None else last[0]

    def _last_until(self, at: float) -> tuple[int, float] | None:
        query = "SELECT total, at FROM starts WHERE at <= ? ORDER BY at DESC, total DESC LIMIT 1"
        found: tuple[int, float] | None = self.db.execute(query, (at,)).fetchone()
        return found
