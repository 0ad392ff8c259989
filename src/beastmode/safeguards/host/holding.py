"""Host holding: what one process holds of a server's limits, and how the others get to know it."""

from __future__ import annotations

import math
import sqlite3
from contextlib import suppress
from pathlib import Path

from beastmode.safeguards.host import members
from beastmode.safeguards.host.board import Shown
from beastmode.safeguards.host.liveness import Liveness
from beastmode.safeguards.host.log import HostLog, LogName, forget_all
from beastmode.safeguards.host.queue import Amount
from beastmode.safeguards.limit_store import Ticket

CLEAR_EVERY = 64
"""Starts between two clearings of what no window needs any more."""
LOOK_S = 0.01
"""Between two looks at whether the board is still in its place. Each takes some microseconds, and lets other threads in
between, which took tens."""


class Holding:
    """Calls of `member`, kept here whatever becomes of the file or the board: either may be lost, or busy.

    room: for so many rows in each log of its board.   calls: by number: places that have not left, tokens as estimated,
    and until when the slot lingers (None: it is in flight).   unsaved: what the file does not know yet.
    """

    def __init__(self, stem: Path, member: int, room: int) -> None:
        self.member, self._room = member, room
        self.calls: dict[int, tuple[int, int, float | None]] = {}
        self.unsaved = Unsaved()
        self._path = members.liveness_path(stem, member)
        self._alive: Liveness | None = None
        self._held = Amount(0, 0, 0)
        self._seen_at = math.inf

    def with_more(self, number: int, wanted: Amount) -> tuple[int, int, None]:
        """What a call holds once it has taken (more of) what it needs."""
        places, tokens, _ = self.calls.get(number, (0, 0, None))
        return places + wanted.places, tokens + wanted.tokens, None

    def add(self, number: int, wanted: Amount) -> None:
        """It has taken it."""
        self.calls[number] = self.with_more(number, wanted)

    def left(self, ticket: Ticket) -> None:
        self.calls[ticket.number] = (ticket.places, ticket.tokens, None)

    def end(self, number: int, now: float, linger_s: float) -> None:
        self.calls.pop(number, None)
        if linger_s > 0:
            self._forget_lingering(now)
            self.calls[number] = (0, 0, now + linger_s)
            self._show_lingering(now + linger_s)

    # The board.

    def show_alive(self) -> None:
        """Have a board where others can find it. Raises OSError."""
        if self._alive is None or not self._path.exists():
            self.close(remove=False)
            self._alive = None
            self._alive = Liveness(self._path, self._room)
            self._alive.board.show(self._held)
            for _, _, until in self.calls.values():
                if until is not None:
                    self._show_lingering(until)

    def show(self, more: Amount) -> bool:
        """What is held has changed by so much. False where it could not be shown."""
        self._held = held = _sum(self._held, more)
        try:
            if self._alive is not None:
                self._alive.board.show(held)
                return True
        except OSError:
            pass
        return False

    def begin_alone(self, wanted: Amount) -> bool:
        """From the commit on, others believe the board instead of the file: it shows everything before, with what is
        being taken just now. False where they could not find it. Raises OSError."""
        if self._alive is None or not self._alive.in_place():
            return False
        self._alive.board.forget_asked()
        self._alive.board.show(_sum(self._held, wanted))
        return True

    def write_alone(self, log: LogName, at: float, amount: int) -> bool:
        """Started or spent, and in no file. False where it could not be written."""
        try:
            if self._alive is not None:
                self._alive.board.write(log, at, amount)
                return True
        except OSError:
            pass
        return False

    def asked(self) -> bool:
        """Has somebody come? Yes, too, where that cannot be seen."""
        try:
            return self._alive is None or self._alive.board.asked()
        except OSError:
            return True

    def in_place(self, now: float) -> bool:
        """Could others find the board? What was seen counts for `LOOK_S`."""
        if self._alive is None:
            return False
        if not self._seen_at <= now < self._seen_at + LOOK_S:
            if not self._alive.in_place():
                return False
            self._alive.touch()
            self._seen_at = now
        return True

    def rows(self) -> tuple[int, int]:
        """How many starts, and how many ends with tokens, stand on the board."""
        rows = {} if self._alive is None else self._alive.board.rows
        return rows.get("starts", 0), rows.get("spent", 0)

    def board(self) -> Shown | None:
        """What it shows. Raises OSError."""
        return None if self._alive is None else self._alive.board.read()

    def touch(self) -> None:
        if self._alive is not None:
            self._alive.touch()

    def let_go(self) -> None:
        if self._alive is not None:
            self._alive.let_go()

    def close(self, *, remove: bool) -> None:
        if self._alive is not None:
            self._alive.close(remove=remove)

    # The file, in a transaction.

    def rewrite(self) -> None:
        """The file knows none of the calls, or only how many: the next flush writes them all."""
        self.unsaved.calls.update(self.calls)

    def flush(self, db: sqlite3.Connection, now: float) -> None:
        """Write what is unsaved; the caller forgets it after the commit."""
        unsaved = self.unsaved
        for number in unsaved.calls:
            if number in self.calls:
                row = (self.member, number, *self.calls[number])
                db.execute("REPLACE INTO calls VALUES (?, ?, ?, ?, ?)", row)
            else:
                db.execute("DELETE FROM calls WHERE member = ? AND number = ?", (self.member, number))
        for name, rows in unsaved.logs.items():
            if rows:
                self._append(db, name, rows, now)
        if unsaved.unknown_until > -math.inf:
            forget_all(db, unsaved.unknown_until)

    def _append(
        self, db: sqlite3.Connection, name: LogName, rows: list[tuple[float, int]], now: float
    ) -> None:
        log = HostLog.read(db, name)
        cleared = log.total // CLEAR_EVERY
        for at, amount in rows:
            log.append(at, amount)
        if name == "starts" and log.total // CLEAR_EVERY > cleared:
            HostLog.read(db, "starts").trim(now)
            HostLog.read(db, "spent").trim(now)
            db.execute("DELETE FROM calls WHERE until <= ?", (now,))
            self._forget_lingering(now)

    def _forget_lingering(self, now: float) -> None:
        self.calls = {n: call for n, call in self.calls.items() if call[2] is None or call[2] > now}

    def _show_lingering(self, until: float) -> None:
        with suppress(OSError):
            if self._alive is not None:
                self._alive.board.write("lingering", until, 1)


class Unsaved:
    """Changes of this process that are not in the file yet."""

    __slots__ = ("calls", "limits", "logs", "unknown_until")

    def __init__(self) -> None:
        self.calls: set[int] = set()
        self.logs: dict[LogName, list[tuple[float, int]]] = {"starts": [], "spent": []}
        self.unknown_until = -math.inf
        self.limits = False


def _sum(one: Amount, other: Amount) -> Amount:
    return Amount(one.slots + other.slots, one.places + other.places, one.tokens + other.tokens)
