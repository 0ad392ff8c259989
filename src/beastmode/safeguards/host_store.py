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
from beastmode.safeguards.host_file import OPEN_S, BusyError, HostFile
from beastmode.safeguards.host_folder import FOLDER_SETTING, file_stem, limits_folder, origin
from beastmode.safeguards.host_log import StartLog
from beastmode.safeguards.host_queue import Queue
from beastmode.safeguards.limit_store import Hold, Ticket
from beastmode.safeguards.liveness import Liveness
from beastmode.settings import Rate

T = TypeVar("T")

POLL_S = 0.020
"""What hangs on another process is asked for this often: nobody wakes us. 50 questions a second cost under 1 % of
a core, and a slot that another process frees stands empty for 10 ms on average."""
LOOK_S = 0.25
"""Even a known wait is cut to this while others are there: a place may be given back, or its owner may die."""
BURY_S = 0.1
"""How often those who wait look for dead processes."""
TRIM_EVERY = 64
"""Starts between two clearings of the log."""


class HostStore:
    """A LimitStore for all processes of this user and host that name the same server.

    concurrency, rates: this process's; among live processes the strictest holds.   linger_s: how much longer the
    slots of a process that died are held.   folder: default $BEAST_LIMITS_DIR or /tmp/beastmode-<uid>.   clock:
    the monotonic one of the host.   warnings: what went wrong with the file, for the user; the run goes on.
    Each call is one transaction, about 0.1 ms; for one thread. While others are there, `Hold.wait_s` is at most
    0.25 s, and 20 ms where it hangs on them; alone, it is exact. Raises PreconditionError, SettingError.
    """

    def __init__(
        self,
        server: str,
        concurrency: int | None,
        rates: Sequence[Rate],
        linger_s: float,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origin = origin(server)
        self._stem = limits_folder(folder) / file_stem(self.origin)
        self._concurrency, self._rates, self._linger_s = concurrency, tuple(rates), linger_s
        self._clock = clock
        self._member = random.getrandbits(62)
        self._calls: dict[int, tuple[int, float | None]] = {}
        self._unsaved: set[int] = set()
        self._stamps: list[float] = []
        self._tickets = self._appended = 0
        self._generation = -1
        self._strictest = members.Strictest(concurrency, (), 1)
        self._seen = (0, 0)
        self._buried_at = -math.inf
        self._closed = False
        self._alive: Liveness | None = None
        self._file = self._open()

    @property
    def warnings(self) -> list[str]:
        return self._file.warnings

    def set_limits(self, now: float, concurrency: int | None, rates: Sequence[Rate]) -> None:
        self._concurrency, self._rates = concurrency, tuple(rates)
        self._generation = -1
        self._save(now, lambda db: self._enter(db))

    def take(self, now: float, places: int = 1) -> Ticket | Hold:
        self._tickets += 1
        ticket = Ticket(self._tickets, places)
        hold = self._ask(now, ticket.number, slots=1, places=places)
        return ticket if hold is None else hold

    def take_places(self, ticket: Ticket, now: float, places: int = 1) -> Hold | None:
        hold = self._ask(now, ticket.number, slots=0, places=places)
        if hold is None:
            ticket.places += places
        return hold

    def left(self, ticket: Ticket, now: float) -> None:
        ticket.places -= 1
        self._calls[ticket.number] = (ticket.places, None)
        self._unsaved.add(ticket.number)
        self._stamps.append(now)
        self._save(now)

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0) -> None:
        ticket.places = 0
        if linger_s > 0:
            self._calls[ticket.number] = (0, now + linger_s)
        else:
            self._calls.pop(ticket.number, None)
        self._unsaved.add(ticket.number)
        self._save(now)

    def fill(self, now: float) -> None:
        self._save(now, lambda db: StartLog.read(db).forget(now))

    def in_use(self, now: float) -> tuple[int, int]:
        self._save(now, lambda db: self._look(db, now))
        return self._seen

    def close(self) -> None:
        """Leave: what is still held counts as if the process had died."""
        if self._closed:
            return
        self._save(self._clock(), lambda db: members.bury(db, self._member, self._clock()))
        self._closed = True
        self._file.close()
        if self._alive is not None:
            self._alive.close()

    def _open(self) -> HostFile:
        now = self._clock()
        try:
            self._file = HostFile(self._stem.with_name(f"{self._stem.name}.v1.db"), now)
            self._run(now, lambda db: members.bury_dead(db, self._stem, self._member, now), OPEN_S)
        except BusyError as error:
            raise PreconditionError(
                f"the limits cannot be kept: {error.reason}",
                where=str(self._stem.parent),
                tip=f"Free the disk or end what holds the file, or name another folder in {FOLDER_SETTING}.",
            ) from error
        return self._file
