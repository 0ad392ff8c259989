"""Host log: what all processes that share a server have started or spent, exact in every window. SQL, in a transaction.

There are two: `starts`, of calls by when they left, and `spent`, of tokens by when their calls ended. Rows are
numbered by the total up to and including them, and their stamps never go back, so that a sum is one subtraction and
two look-ups, however long the window: 30,000 an hour cost what 8 a second do.
"""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass
from typing import Literal

LogName = Literal["starts", "spent"]

KEEP_LEAST_S = 63.0
"""A log of a minute at least (padded): a run limited per minute, started after one limited per second, would
otherwise not know its window and wait a minute for nothing."""


@dataclass(slots=True)
class HostLog:
    """A log, as one transaction finds it. What it counts are starts or tokens.

    total, newest_at: of the last row.   lost_at: what happened until then is not known, so a window that reaches
    back to it counts as full;   lost_total: all until then.   kept_s: the longest window.
    """

    db: sqlite3.Connection
    name: LogName
    total: int
    newest_at: float
    lost_at: float
    lost_total: int
    kept_s: float

    @classmethod
    def read(cls, db: sqlite3.Connection, name: LogName) -> HostLog:
        query = "SELECT lost_at, lost_total, kept_s FROM logs, state WHERE name = ?"
        lost_at, lost_total, kept_s = db.execute(query, (name,)).fetchone()
        newest = db.execute(f"SELECT total, at FROM {name} ORDER BY total DESC LIMIT 1").fetchone()  # noqa: S608  ours
        total, at = newest or (lost_total, lost_at)
        return cls(db, name, total, at, lost_at, lost_total, kept_s)

    def wait_s(self, now: float, span_s: float, limit: int, more: int) -> float:
        """Seconds until `more` fit, 0 for now.   more: with what is on its way, and not in the log yet.

        Infinite while that hangs on what is on its way. The twin of `Window.wait_s` and `TokenWindow.wait_s`.
        """
        unknown_s = self.lost_at + span_s - now if self.unknown(now, span_s) else 0.0
        before = self._total_at(now - span_s)
        missing = more + self.total - before - limit
        if missing <= 0:
            return unknown_s
        if missing > self.total - before:
            return math.inf
        query = f"SELECT at FROM {self.name} WHERE total >= ? ORDER BY total LIMIT 1"  # noqa: S608  a name of ours
        (at,) = self.db.execute(query, (before + missing,)).fetchone()
        return max(unknown_s, float(at) + span_s - now, 0.0)

    def in_window(self, now: float, span_s: float) -> int:
        """What counts at `now`, as far as it is known."""
        return self.total - self._total_at(now - span_s)

    def unknown(self, now: float, span_s: float) -> bool:
        """Does the window reach back to where nothing is known?"""
        return self.lost_at > now - span_s

    def since(self, at: float) -> list[tuple[float, int]]:
        """When and how much, of all that came later than `at`."""
        total, found = self._total_at(at), list[tuple[float, int]]()
        query = f"SELECT total, at FROM {self.name} WHERE total > ? ORDER BY total"  # noqa: S608  a name of ours
        for up_to, then in self.db.execute(query, (total,)):
            found.append((then, up_to - total))
            total = up_to
        return found

    def append(self, now: float, amount: int = 1) -> None:
        """So much has happened. A stamp older than the newest is moved up to it: late is safe, early is not."""
        if amount > 0:
            self.total += amount
            self.newest_at = max(now, self.newest_at)
            self.db.execute(f"INSERT INTO {self.name} VALUES (?, ?)", (self.total, self.newest_at))  # noqa: S608  ours

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
        self.db.execute(f"DELETE FROM {self.name} WHERE total <= ?", (total,))  # noqa: S608  a name of ours
        self.db.execute("UPDATE logs SET lost_at = ?, lost_total = ? WHERE name = ?", (at, total, self.name))

    def _total_at(self, at: float) -> int:
        last = self._last_until(at)
        return self.lost_total if last is None else last[0]

    def _last_until(self, at: float) -> tuple[int, float] | None:
        query = f"SELECT total, at FROM {self.name} WHERE at <= ? ORDER BY at DESC, total DESC LIMIT 1"  # noqa: S608
        found: tuple[int, float] | None = self.db.execute(query, (at,)).fetchone()
        return found


def forget_all(db: sqlite3.Connection, until: float) -> None:
    """Neither starts nor tokens up to `until` are known."""
    HostLog.read(db, "starts").forget(until)
    HostLog.read(db, "spent").forget(until)
