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
from beastmode.safeguards.host import members, solo
from beastmode.safeguards.host.board import ROWS_LEAST, ROWS_MOST
from beastmode.safeguards.host.decision import POLL_S, Decision
from beastmode.safeguards.host.file import BUSY_S, LOCKED, OPEN_S, BusyError, HostFile
from beastmode.safeguards.host.folder import FOLDER_SETTING, file_stem, limits_folder, origin
from beastmode.safeguards.host.holding import Holding, Unsaved
from beastmode.safeguards.host.log import KEEP_LEAST_S, LogName, forget_all
from beastmode.safeguards.host.queue import Amount, Queue
from beastmode.safeguards.limit_store import Hold, MemoryStore, Ticket
from beastmode.settings import Rate, TokenRate

T = TypeVar("T")

BURY_S = 0.1
"""How often those who wait look for dead processes."""
QUIET_S = 1.0
"""Who waits asks four times in it."""
_TIP = f"Free the disk or end what holds the file, or name another folder in {FOLDER_SETTING}."


class HostStore:
    """A LimitStore for all processes of this user and host that name the same server.

    concurrency, rates, tokens: this process's; among live processes the strictest holds.   linger_s: how much
    longer the slots of a process that died are held.   scope: limits of a part of the server, such as a hash of the
    credential, kept apart from those of other scopes.   folder: default $BEAST_LIMITS_DIR or /tmp/beastmode-<uid>.
    clock: the monotonic one of the host.   warnings: what was wrong with the file; the run goes on.
    While others are there, each step is one transaction, 0.03 ms, and `Hold.wait_s` is at most 0.25 s, and 20 ms where
    it hangs on them. Alone for a second, it counts in memory and shows what others would have to know: 0.007 ms, and
    waits are exact. For one thread. Raises PreconditionError, SettingError.
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
        self._mine = Holding(self._stem, self._member, _room_for(rates))
        self._joined = self._closed = False
        self._tickets = 0
        self._trouble, self._trouble_at = "", -math.inf
        self._generation = -1
        self._strictest = members.Strictest(concurrency, (), (), 1)
        self._in_use: dict[float | None, tuple[int, int]] = {}
        self._tokens_in_use: dict[float | None, int] = {}
        self._buried_at = -math.inf
        self._alone_since = math.inf
        # While it counts alone, and the one to begin with as soon as the transaction that has made it is committed.
        self._memory: MemoryStore | None = None
        self._next_memory: MemoryStore | None = None
        self._alone_is_over = False
        self._open()

    @property
    def warnings(self) -> Sequence[str]:
        return self._file.warnings

    def trouble(self, now: float) -> str:
        """The last there was: over with the next call that is let through, or when nobody has met it for `QUIET_S` and
        the file can be had. On a full disk it can, as long as nothing new is written."""
        if self._trouble and now >= self._trouble_at + QUIET_S and self._save(now):
            self._trouble = ""
        return f"the limits cannot be kept: {self._trouble}; requests wait\n  {_TIP}" if self._trouble else ""

    def set_limits(
        self, now: float, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] = ()
    ) -> None:
        self._limits = members.Limits(concurrency, tuple(rates), tuple(tokens), self._limits.linger_s)
        self._mine.unsaved.limits = True
        self._save(now)

    def take(self, now: float, places: int = 1, tokens: int = 0) -> Ticket | Hold:
        self._tickets += 1
        wanted = Amount(1, places, tokens)
        memory = self._counting_alone(now)
        if memory is not None:
            taken = memory.take(now, places, tokens)
            if isinstance(taken, Hold):
                if not self._asked():
                    return taken
            elif self._shown(self._tickets, wanted):
                taken.number = self._tickets
                return taken
            else:
                memory.end(taken, now, 0.0, 0)
        ticket = Ticket(self._tickets, 0, tokens)
        return self._ask(now, ticket, wanted) or ticket

    def take_places(self, ticket: Ticket, now: float, places: int = 1) -> Hold | None:
        wanted = Amount(0, places, 0)
        memory = self._counting_alone(now)
        if memory is not None:
            hold = memory.take_places(ticket, now, places)
            if hold is not None:
                if not self._asked():
                    return hold
            elif self._shown(ticket.number, wanted):
                return None
            else:
                memory.give_back(ticket, places)
        return self._ask(now, ticket, wanted)

    def left(self, ticket: Ticket, now: float) -> None:
        if self._memory is not None:
            self._memory.left(ticket, now)
        else:
            ticket.places -= 1
        self._mine.left(ticket)
        self._write("starts", now, 1)
        self._mine.show(Amount(0, -1, 0))
        self._changed(ticket.number, now)

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        used = ticket.tokens if used_tokens is None else used_tokens
        given_back = Amount(-1, -ticket.places, -ticket.tokens)
        if self._memory is not None:
            self._memory.end(ticket, now, linger_s, used_tokens)
        ticket.places = ticket.tokens = 0
        self._mine.end(ticket.number, now, linger_s)
        if used > 0:
            self._write("spent", now, used)
        self._mine.show(given_back)
        self._changed(ticket.number, now)

    def fill(self, until: float) -> None:
        unsaved = self._mine.unsaved
        unsaved.unknown_until = max(until, unsaved.unknown_until)
        self._save(self._clock())

    def most_places(self) -> float:
        return min((starts for _, starts in self._strictest.windows), default=math.inf)

    def in_use(self, now: float, span_s: float | None = None) -> tuple[int, int]:
        """Of all processes. The last known where the file is busy."""
        memory = self._counting_alone(now)
        if memory is not None and not self._asked():
            return memory.in_use(now, span_s)
        self._save(now, lambda db: self._count(db, now, span_s))
        return self._in_use.get(span_s, (0, 0))

    def tokens_in_use(self, now: float, span_s: float | None = None) -> int:
        """Of all processes. The last known where the file is busy."""
        memory = self._counting_alone(now)
        if memory is not None and not self._asked():
            return memory.tokens_in_use(now, span_s)
        self._save(now, lambda db: self._count_tokens(db, now, span_s))
        return self._tokens_in_use.get(span_s, 0)

    def close(self) -> None:
        """Leave. What is still held counts as if the process had died: the server may be at work on it."""
        if self._closed:
            return
        now = self._clock()
        saved = self._save(now, lambda db: self._leave(db, now))
        self._closed = True
        self._file.close()
        self._mine.close(remove=saved)  # what could not be written down is on its board, for the next one

    def _open(self) -> None:
        now = self._clock()
        try:
            self._file = HostFile(self._stem.with_name(f"{self._stem.name}.v2.db"), now)
            self._run(now, lambda db: self._bury_dead(db, now), OPEN_S)
        except BusyError as error:
            raise PreconditionError(
                f"the limits cannot be kept: {error.reason}", where=str(self._stem.parent), tip=_TIP
            ) from error

    def _leave(self, db: sqlite3.Connection, now: float) -> None:
        members.bury(db, self._member, now)
        # Together with the burial: whoever finds one that lives and is no member takes the file for lost.
        self._mine.let_go()

    def _save(self, now: float, step: Callable[[sqlite3.Connection], None] | None = None) -> bool:
        """Write what has changed. A busy file gets it with the next call; until then a start that has left
        counts as leaving and a call that has ended as in flight: too much, never too little. False
        where it was busy."""
        try:
            self._run(now, step or _nothing)
        except BusyError:
            return False
        return True

    def _run(self, now: float, step: Callable[[sqlite3.Connection], T], patience_s: float = BUSY_S) -> T:
        """Raises BusyError."""
        if self._closed:
            raise BusyError("the store is closed")

        self._alone_is_over = self._memory is not None  # also where what follows fails half-way

        def whole(db: sqlite3.Connection) -> T:
            self._next_memory = None
            if self._memory is not None:
                self._come_back(db, now)
            self._catch_up(db, now)
            self._mine.flush(db, now)
            return step(db)

        try:
            result = self._file.run(now, whole, patience_s)
        except BusyError as error:
            if error.reason != LOCKED:
                self._trouble, self._trouble_at = error.reason, now
            raise
        self._joined = True
        self._mine.unsaved = Unsaved()
        self._memory, self._alone_is_over = self._next_memory, False
        self._mine.touch()
        return result

    def _catch_up(self, db: sqlite3.Connection, now: float) -> None:
        """Follow what others have changed; join where this process is not known (any more)."""
        state = db.execute("SELECT generation, solo FROM state").fetchone()
        if state is None:
            raise sqlite3.DatabaseError("its state is missing")
        if state[1] not in (0, self._member):
            solo.take_over(db, self._stem, state[1], self._clock)
        elif state[1] and self._memory is None:
            db.execute("UPDATE state SET solo = 0")  # it is said to count alone, and does not know it
        if state == (self._generation, 0) and not self._mine.unsaved.limits:
            return
        if db.execute("DELETE FROM calls WHERE member = ? AND number < 0", (self._member,)).rowcount:
            self._mine.rewrite()  # hearsay of somebody who has taken over
        joining = not members.is_member(db, self._member)
        lost = joining and self._join(db)
        if joining or self._mine.unsaved.limits:
            members.enter(db, self._member, self._limits, self._mine.rows())
        if lost:
            forget_all(db, max(now, self._clock()))
        self._follow_members(db, now)

    def _join(self, db: sqlite3.Connection) -> bool:
        """Make itself known. True where the file is not the one that this process or others had joined."""
        members.sweep(self._stem)
        self._mine.show_alive()
        self._mine.rewrite()
        adopted = solo.adopt(db, self._stem, self._member, self._limits.linger_s, self._clock)
        return adopted or self._joined

    def _follow_members(self, db: sqlite3.Connection, now: float) -> None:
        self._strictest = members.strictest(db)
        (self._generation,) = db.execute("SELECT generation FROM state").fetchone()
        if self._others:
            self._alone_since = math.inf
        elif self._alone_since == math.inf:
            self._alone_since = now

    def _counting_alone(self, now: float) -> MemoryStore | None:
        """The memory that counts while nobody else is there; None: the file does. It does, too, where somebody has
        moved or removed what this process shows: nobody could ask it any more."""
        if self._memory is None or self._alone_is_over or not self._mine.in_place(now):
            return None
        return self._memory

    def _asked(self) -> bool:
        """Has somebody come? Then it is over with counting alone, from here on."""
        self._alone_is_over = self._alone_is_over or self._mine.asked()
        return self._alone_is_over

    def _shown(self, number: int, wanted: Amount) -> bool:
        """Show what is about to be taken by memory alone, and only then look whether somebody has come: the other way
        round, one who comes in between would not see it. False: then it is not taken."""
        if not self._mine.show(wanted) or self._asked():
            self._alone_is_over = True
            self._mine.show(Amount(-wanted.slots, -wanted.places, -wanted.tokens))
            return False
        self._mine.add(number, wanted)
        return True

    def _write(self, log: LogName, at: float, amount: int) -> None:
        """On the board while this process counts alone, otherwise in the file with the next transaction."""
        if self._memory is not None:
            if self._mine.write_alone(log, at, amount):
                return
            self._alone_is_over = True
        self._mine.unsaved.logs[log].append((at, amount))

    def _changed(self, number: int, now: float) -> None:
        """A call is not what it was."""
        if self._memory is None or self._asked():
            self._mine.unsaved.calls.add(number)
            self._save(now)

    def _come_back(self, db: sqlite3.Connection, now: float) -> None:
        """Whatever this transaction is for: what was counted alone is written down first."""
        solo.end(db, self._member, self._mine.board(), now)
        db.execute("DELETE FROM calls WHERE member = ?", (self._member,))
        self._mine.rewrite()

    def _begin_alone(self, db: sqlite3.Connection, now: float, wanted: Amount) -> None:
        alone = not self._others and now >= self._alone_since + solo.ALONE_S
        if alone and self._mine.begin_alone(wanted):
            self._next_memory = solo.begin(db, self._member, self._limits, now)

    def _ask(self, now: float, ticket: Ticket, wanted: Amount) -> Hold | None:
        def step(db: sqlite3.Connection) -> Hold | None:
            hold = self._hold(db, now, wanted)
            if hold is not None and self._bury_dead(db, now):
                self._catch_up(db, now)
                hold = self._hold(db, now, wanted)
            if hold is None:
                call = self._mine.with_more(ticket.number, wanted)
                db.execute("REPLACE INTO calls VALUES (?, ?, ?, ?, ?)", (self._member, ticket.number, *call))
                Queue(db, self._member).leave()
                self._begin_alone(db, now, wanted)
            elif self._others and self._possible(wanted.places):
                Queue(db, self._member).wait(now, hold.wait_s, wanted)
            return hold

        try:
            hold = self._run(now, step)
        except BusyError as error:
            return Hold(error.reason, POLL_S)
        if hold is None:
            self._trouble = ""
            self._mine.add(ticket.number, wanted)
            ticket.places += wanted.places
            self._mine.show(wanted)
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

    def _count(self, db: sqlite3.Connection, now: float, span_s: float | None) -> None:
        first = next((rate.padded_span_s for rate in self._limits.rates), None)
        self._in_use[span_s] = Decision(db, now, self._strictest).in_use(span_s or first)

    def _count_tokens(self, db: sqlite3.Connection, now: float, span_s: float | None) -> None:
        first = next((rate.padded_span_s for rate in self._limits.tokens), None)
        self._tokens_in_use[span_s] = Decision(db, now, self._strictest).tokens_in_use(span_s or first)


def _room_for(rates: Sequence[Rate]) -> int:
    """Starts that a newcomer may ask for: of the longest window, and of a minute at least."""
    longest_s = max([KEEP_LEAST_S, *(rate.padded_span_s for rate in rates)])
    most = [rate.starts * math.ceil(longest_s / rate.padded_span_s) for rate in rates]
    return max(ROWS_LEAST, min([*most, ROWS_MOST]))


def _nothing(db: sqlite3.Connection) -> None:
    del db  # what is unsaved is written by every transaction
