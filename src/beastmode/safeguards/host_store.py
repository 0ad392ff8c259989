"""HostStore: the limits of one server, kept together by all processes of one user on one host."""

from __future__ import annotations

import math
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from beastmode.errors import PreconditionError
from beastmode.safeguards import host_members as members
from beastmode.safeguards.host_decision import POLL_S, Decision
from beastmode.safeguards.host_file import BUSY_S, OPEN_S, BusyError, HostFile
from beastmode.safeguards.host_folder import FOLDER_SETTING, file_stem, limits_folder, origin
from beastmode.safeguards.host_log import HostLog, forget_all
from beastmode.safeguards.host_queue import Amount, Queue
from beastmode.safeguards.limit_store import Hold, Ticket
from beastmode.safeguards.liveness import Liveness
from beastmode.settings import Rate, TokenRate

T = TypeVar("T")

BURY_S = 0.1
"""How often those who wait look for dead processes."""
CLEAR_EVERY = 64
"""Starts between two clearings of what no window needs any more."""


class HostStore:
    """A LimitStore for all processes of this user and host that name the same server.

    concurrency, rates, tokens: this process's; among live processes the strictest holds.   linger_s: how much
    longer the slots of a process that died are held.   scope: limits of a part of the server, such as a hash of the
    credential, kept apart from those of other scopes.   folder: default $BEAST_LIMITS_DIR or /tmp/beastmode-<uid>.
    clock: the monotonic one of the host.   warnings: what was wrong with the file; the run goes on.
    Each call is one transaction, 0.02 to 0.04 ms alone; for one thread. While others are there, `Hold.wait_s` is at
    most 0.25 s, and 20 ms where it hangs on them; alone, it is exact. Raises PreconditionError, SettingError.
    """

    def __init__(
        self,
        server: str,
        concurrency: int | None,
        rates: Sequence[Rate],
        linger_s: float,
        *,
        tokens: Sequence[TokenRate] = (),
        scope: str = "",
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origin = origin(server)
        self._stem = limits_folder(folder) / file_stem(self.origin, scope)
        self._limits = members.Limits(concurrency, tuple(rates), tuple(tokens), linger_s)
        self._clock = clock
        self._member = random.getrandbits(62)
        self._alive: Liveness | None = None
        self._joined = self._closed = False
        # What this process holds is kept here too: the file may be lost, or busy when a call leaves or ends.
        self._calls: dict[int, tuple[int, int, float | None]] = {}
        self._unsaved = _Unsaved()
        self._held = Amount(0, 0, 0)
        self._tickets = 0
        self._generation = -1
        self._strictest = members.Strictest(concurrency, (), (), 1)
        self._in_use, self._tokens_in_use = (0, 0), 0
        self._buried_at = -math.inf
        self._open()

    @property
    def warnings(self) -> Sequence[str]:
        return self._file.warnings

    def set_limits(
        self, now: float, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] = ()
    ) -> None:
        self._limits = members.Limits(concurrency, tuple(rates), tuple(tokens), self._limits.linger_s)
        self._unsaved.limits = True
        self._save(now)

    def take(self, now: float, places: int = 1, tokens: int = 0) -> Ticket | Hold:
        self._tickets += 1
        hold = self._ask(now, self._tickets, Amount(1, places, tokens))
        if hold is not None:
            return hold
        self._show(Amount(1, places, tokens))
        return Ticket(self._tickets, places, tokens)

    def take_places(self, ticket: Ticket, now: float, places: int = 1) -> Hold | None:
        hold = self._ask(now, ticket.number, Amount(0, places, 0))
        if hold is None:
            ticket.places += places
            self._show(Amount(0, places, 0))
        return hold

    def left(self, ticket: Ticket, now: float) -> None:
        ticket.places -= 1
        self._calls[ticket.number] = (ticket.places, ticket.tokens, None)
        self._unsaved.calls.add(ticket.number)
        self._unsaved.starts.append(now)
        self._show(Amount(0, -1, 0))
        self._save(now)

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        self._show(Amount(-1, -ticket.places, -ticket.tokens))
        self._unsaved.spent.append((now, ticket.tokens if used_tokens is None else used_tokens))
        ticket.places = ticket.tokens = 0
        self._calls.pop(ticket.number, None)
        if linger_s > 0:
            self._calls[ticket.number] = (0, 0, now + linger_s)
        self._unsaved.calls.add(ticket.number)
        self._save(now)

    def fill(self, until: float) -> None:
        self._unsaved.unknown_until = max(until, self._unsaved.unknown_until)
        self._save(self._clock())

    def most_places(self) -> float:
        return min((starts for _, starts in self._strictest.windows), default=math.inf)

    def in_use(self, now: float) -> tuple[int, int]:
        """Of all processes. The last known where the file is busy."""
        self._save(now, lambda db: self._count(db, now))
        return self._in_use

    def tokens_in_use(self, now: float) -> int:
        """Of all processes. The last known where the file is busy."""
        self._save(now, lambda db: self._count_tokens(db, now))
        return self._tokens_in_use

    def close(self) -> None:
        """Leave. What is still held counts as if the process had died: the server may be at work on it."""
        if self._closed:
            return
        now = self._clock()
        self._save(now, lambda db: self._leave(db, now))
        self._closed = True
        self._file.close()
        if self._alive is not None:
            self._alive.close()

    def _open(self) -> None:
        now = self._clock()
        try:
            self._file = HostFile(self._stem.with_name(f"{self._stem.name}.v2.db"), now)
            self._run(now, lambda db: self._bury_dead(db, now), OPEN_S)
        except BusyError as error:
            raise PreconditionError(
                f"the limits cannot be kept: {error.reason}",
                where=str(self._stem.parent),
                tip=f"Free the disk or end what holds the file, or name another folder in {FOLDER_SETTING}.",
            ) from error

    def _leave(self, db: sqlite3.Connection, now: float) -> None:
        members.bury(db, self._member, now)
        if self._alive is not None:
            # Together with the burial: whoever finds one that lives and is no member takes the file for lost.
            self._alive.close()

    def _save(self, now: float, step: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """Write what has changed. A busy file gets it with the next call; until then a start that has left
        counts as leaving and a call that has ended as in flight: too much, never too little."""
        try:
            self._run(now, step or _nothing)
        except BusyError:
            return

    def _run(self, now: float, step: Callable[[sqlite3.Connection], T], patience_s: float = BUSY_S) -> T:
        """Raises BusyError."""
        if self._closed:
            raise BusyError("the store is closed")

        def whole(db: sqlite3.Connection) -> T:
            self._catch_up(db, now)
            self._flush(db, now)
            return step(db)

        result = self._file.run(now, whole, patience_s)
        self._joined = True
        self._unsaved = _Unsaved()
        if self._alive is not None:
            self._alive.touch()
        return result

    def _catch_up(self, db: sqlite3.Connection, now: float) -> None:
        """Follow what others have changed; join where this process is not known (any more)."""
        state = db.execute("SELECT generation FROM state").fetchone()
        if state is None:
            raise sqlite3.DatabaseError("its state is missing")
        if state[0] == self._generation and not self._unsaved.limits:
            return
        joining = not members.is_member(db, self._member)
        lost = False
        if joining:
            self._show_alive()
            self._unsaved.calls.update(self._calls)
            lost = members.adopt(db, self._stem, self._member, self._limits.linger_s) or self._joined
        if joining or self._unsaved.limits:
            members.enter(db, self._member, self._limits)
        if lost:
            forget_all(db, now)
        self._strictest = members.strictest(db)
        (self._generation,) = db.execute("SELECT generation FROM state").fetchone()

    def _show(self, more: Amount) -> None:
        """What is held has changed by so much."""
        held = self._held
        self._held = Amount(held.slots + more.slots, held.places + more.places, held.tokens + more.tokens)
        if self._alive is not None:
            self._alive.show(self._held)

    def _show_alive(self) -> None:
        members.sweep(self._stem)
        path = members.liveness_path(self._stem, self._member)
        if self._alive is None or not path.exists():
            if self._alive is not None:
                self._alive.close(remove=False)
            self._alive = None
            self._alive = Liveness(path)
            self._alive.show(self._held)

    def _flush(self, db: sqlite3.Connection, now: float) -> None:
        unsaved = self._unsaved
        for number in unsaved.calls:
            if number in self._calls:
                row = (self._member, number, *self._calls[number])
                db.execute("REPLACE INTO calls VALUES (?, ?, ?, ?, ?)", row)
            else:
                db.execute("DELETE FROM calls WHERE member = ? AND number = ?", (self._member, number))
        if any(used for _, used in unsaved.spent):
            spent = HostLog.read(db, "spent")
            for at, used in unsaved.spent:
                spent.append(at, used)
        if unsaved.starts:
            starts = HostLog.read(db, "starts")
            cleared = starts.total // CLEAR_EVERY
            for at in unsaved.starts:
                starts.append(at)
            if starts.total // CLEAR_EVERY > cleared:
                self._clear(db, now)
        if unsaved.unknown_until > -math.inf:
            forget_all(db, unsaved.unknown_until)

    def _clear(self, db: sqlite3.Connection, now: float) -> None:
        HostLog.read(db, "starts").trim(now)
        HostLog.read(db, "spent").trim(now)
        db.execute("DELETE FROM calls WHERE until <= ?", (now,))
        self._calls = {n: call for n, call in self._calls.items() if call[2] is None or call[2] > now}

    def _ask(self, now: float, number: int, wanted: Amount) -> Hold | None:
        places, tokens, _ = self._calls.get(number, (0, 0, None))
        call = (places + wanted.places, tokens + wanted.tokens, None)

        def step(db: sqlite3.Connection) -> Hold | None:
            hold = self._hold(db, now, wanted)
            if hold is not None and self._bury_dead(db, now):
                self._catch_up(db, now)
                hold = self._hold(db, now, wanted)
            if hold is None:
                db.execute("REPLACE INTO calls VALUES (?, ?, ?, ?, ?)", (self._member, number, *call))
                Queue(db, self._member).leave()
            elif self._others and self._possible(wanted.places):
                Queue(db, self._member).wait(now, hold.wait_s, wanted)
            return hold

        try:
            hold = self._run(now, step)
        except BusyError as error:
            return Hold(error.reason, POLL_S)
        if hold is None:
            self._calls[number] = call
        return hold

    def _hold(self, db: sqlite3.Connection, now: float, wanted: Amount) -> Hold | None:
        # Whoever has a slot need not stand back for those who wait for one: they may be waiting for this one.
        stands_back = self._others and wanted.slots
        ahead = Queue(db, self._member).ahead(now) if stands_back else Amount(0, 0, 0)
        return Decision(db, now, self._strictest).hold(wanted, ahead)

    @property
    def _others(self) -> bool:
        return self._strictest.members > 1

    def _possible(self, places: int) -> bool:
        """Can so many ever be free? Who waits for more would stand in the way of all for ever."""
        return all(places <= starts for _, starts in self._strictest.windows)

    def _bury_dead(self, db: sqlite3.Connection, now: float) -> bool:
        if not self._others or now < self._buried_at + BURY_S:
            return False
        self._buried_at = now
        return members.bury_dead(db, self._stem, self._member, now)

    def _count(self, db: sqlite3.Connection, now: float) -> None:
        rates = self._limits.rates
        span_s = rates[0].padded_span_s if rates else None
        self._in_use = Decision(db, now, self._strictest).in_use(span_s)

    def _count_tokens(self, db: sqlite3.Connection, now: float) -> None:
        tokens = self._limits.tokens
        span_s = tokens[0].padded_span_s if tokens else None
        self._tokens_in_use = Decision(db, now, self._strictest).tokens_in_use(span_s)


def _nothing(db: sqlite3.Connection) -> None:
    del db  # what is unsaved is written by every transaction


class _Unsaved:
    """Changes of this process that are not in the file yet."""

    __slots__ = ("calls", "limits", "spent", "starts", "unknown_until")

    def __init__(self) -> None:
        self.calls: set[int] = set()
        self.starts: list[float] = []
        self.spent: list[tuple[float, int]] = []
        self.unknown_until = -math.inf
        self.limits = False
