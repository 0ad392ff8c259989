"""Host file: the SQLite file in which the processes of a host count together. Holds no rule of counting."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from beastmode.clock import boot_id
from beastmode.errors import PreconditionError
from beastmode.safeguards.host.folder import limits_folder

T = TypeVar("T")

BUSY_S, OPEN_S = 0.05, 5.0
"""How long a transaction, and an opening, waits for the others'. Theirs take a fraction of a millisecond; one
that was stopped or starved in the middle holds longer, and then the event loop must go on."""

_SCHEMA = """
CREATE TABLE state (
    boot TEXT NOT NULL, generation INTEGER NOT NULL, kept_s REAL NOT NULL, solo INTEGER NOT NULL);
CREATE TABLE logs (name TEXT PRIMARY KEY, lost_at REAL NOT NULL, lost_total INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE starts (total INTEGER PRIMARY KEY, at REAL NOT NULL);
CREATE INDEX starts_at ON starts (at);
CREATE TABLE spent (total INTEGER PRIMARY KEY, at REAL NOT NULL);
CREATE INDEX spent_at ON spent (at);
CREATE TABLE members (
    member INTEGER PRIMARY KEY, pid INTEGER NOT NULL, concurrency INTEGER, linger_s REAL NOT NULL,
    starts_seen INTEGER NOT NULL, spent_seen INTEGER NOT NULL);
CREATE TABLE limits (member INTEGER NOT NULL, log TEXT NOT NULL, span_s REAL NOT NULL, most INTEGER NOT NULL);
CREATE TABLE calls (
    member INTEGER NOT NULL, number INTEGER NOT NULL, places INTEGER NOT NULL, tokens INTEGER NOT NULL, until REAL,
    PRIMARY KEY (member, number)) WITHOUT ROWID;
CREATE TABLE waiters (
    member INTEGER PRIMARY KEY, since REAL NOT NULL, asks_by REAL NOT NULL,
    slots INTEGER NOT NULL, places INTEGER NOT NULL, tokens INTEGER NOT NULL);
"""
_TABLES = ("state", "logs", "starts", "spent", "members", "limits", "calls", "waiters")

FUTURE_S = 60.0
"""A stamp this far ahead was made in another boot; where a system names no boots, that is how it shows."""


LOCKED = "slot"
"""Others are at work on it: it passes by itself, as waiting for a slot does."""


class BusyError(Exception):
    """The file cannot be had now; nothing was changed.   reason: `LOCKED`, or what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HostFile:
    """One short transaction at a time, on a file that may be damaged, deleted or replaced at any moment.

    path: its folder is made anew where someone has removed it.   replaced: a damaged or deleted file was in its
    place, so the past is not known.   warnings: what was damaged and where it lies now, for the user.
    """

    def __init__(self, path: Path, now: float) -> None:
        self.path, self.replaced = path, False
        self.warnings: list[str] = []
        self._inode: int | None = None
        self._db = self._open(now)

    def run(self, now: float, step: Callable[[sqlite3.Connection], T], patience_s: float = BUSY_S) -> T:
        """The result of `step`, inside one transaction: all of it or nothing. On a new file, it runs again.

        Raises BusyError.
        """
        try:
            return self._run(now, step, patience_s)
        except OSError as error:
            raise BusyError(f"{self.path} cannot be used ({error.strerror})") from error

    def close(self) -> None:
        self._db.close()

    def _run(self, now: float, step: Callable[[sqlite3.Connection], T], patience_s: float) -> T:
        for _ in range(2):
            try:
                self._follow(now)
                return self._transaction(step, patience_s)
            except sqlite3.DatabaseError as error:
                if _locked(error):
                    raise BusyError(LOCKED) from error
                if not _damaged(error):
                    raise BusyError(f"{self.path} cannot be used ({error})") from error
                self._replace(now, error)
        raise BusyError(f"{self.path} cannot be used (it was damaged twice)")

    def _transaction(self, step: Callable[[sqlite3.Connection], T], patience_s: float) -> T:
        self._begin(patience_s)
        try:
            result = step(self._db)
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        return result

    def _begin(self, patience_s: float) -> None:
        # SQLite's own waiting sleeps in steps of up to 100 ms; a transaction here takes a tenth of one.
        give_up = 0.0
        while True:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                now = time.monotonic()
                give_up = give_up or now + patience_s
                if not _locked(error) or now >= give_up:
                    raise
                time.sleep(0.0002)

    def _follow(self, now: float) -> None:
        """Someone who found the file damaged has put another in its place, or a person has deleted it."""
        try:
            inode = self.path.stat().st_ino
        except OSError:
            inode, self.replaced = 0, True
        if inode != self._inode:
            self._reopen(now)

    def _replace(self, now: float, error: sqlite3.DatabaseError) -> None:
        with self._alone():
            if self.path.exists() and self.path.stat().st_ino == self._inode:
                self._move_aside(error)
        self._reopen(now)

    def _reopen(self, now: float) -> None:
        self._inode = None  # until it is open again, so that a failure here is tried again by the next call
        self._db.close()
        self._db = self._open(now)

    def _open(self, now: float) -> sqlite3.Connection:
        """Raises BusyError."""
        try:
            limits_folder(self.path.parent)
            with self._alone():
                try:
                    return self._connect(now)
                except sqlite3.DatabaseError as error:
                    if not _damaged(error):
                        raise
                    self._move_aside(error)
                return self._connect(now)
        except (sqlite3.DatabaseError, OSError, PreconditionError) as error:
            raise BusyError(f"{self.path} cannot be opened ({error})") from error

    def _connect(self, now: float) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, timeout=OPEN_S)
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchone()
            # A lost file costs one full window; waiting for a disk would cost every start.
            db.execute("PRAGMA synchronous = OFF")
            _prepare(db, now, lost_at=now if self.replaced else -math.inf)
            db.execute("PRAGMA busy_timeout = 0").fetchone()
        except BaseException:
            db.close()
            raise
        self._inode = self.path.stat().st_ino
        return db

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        aside = f"{self.path}.damaged-{int(time.time())}-{os.getpid()}"
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                os.rename(f"{self.path}{end}", f"{aside}{end}")
        self.replaced = True
        self.warnings.append(
            f"the limits kept in {self.path} were unreadable ({error}); the file lies in {aside} now. "
            "Every window counts as full until it has passed once."
        )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process opens or replaces the file meanwhile."""
        fd = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up = time.monotonic() + OPEN_S
        try:
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > give_up:
                        raise BusyError(f"another process is opening {self.path}") from None
                    time.sleep(0.002)
            yield
        finally:
            os.close(fd)


def new_generation() -> int:
    """Marks a state of the limits: whoever remembers another one reads them again."""
    return random.getrandbits(62)


def _prepare(db: sqlite3.Connection, now: float, lost_at: float) -> None:
    """The tables: made in a new file, emptied in one of another boot.   lost_at: up to where nothing is known."""
    db.execute("BEGIN IMMEDIATE")
    if not _tables(db):
        for statement in _SCHEMA.split(";")[:-1]:
            db.execute(statement)
        _begin_state(db, lost_at)
    elif _is_of_another_boot(db, now):
        for table in _TABLES:
            db.execute(f"DELETE FROM {table}")  # noqa: S608  names of our own
        # Its times mean nothing in this boot; all that is known is that they were before this one began, at 0.
        _begin_state(db, max(lost_at, 0.0))
    db.execute("COMMIT")


def _tables(db: sqlite3.Connection) -> set[str]:
    """Ours or none. Raises DatabaseError where some are missing: what stood in them is lost."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    found = {str(name) for (name,) in db.execute(query)}
    if found and not found >= set(_TABLES):
        raise sqlite3.DatabaseError("tables are missing")
    return found


def _begin_state(db: sqlite3.Connection, lost_at: float) -> None:
    db.execute("INSERT INTO state VALUES (?, ?, 0, 0)", (boot_id(), new_generation()))
    db.executemany("INSERT INTO logs VALUES (?, ?, 0)", [("starts", lost_at), ("spent", lost_at)])


def _is_of_another_boot(db: sqlite3.Connection, now: float) -> bool:
    state = db.execute("SELECT boot FROM state").fetchone()
    if state is None:
        raise sqlite3.DatabaseError("its state is missing")
    if db.execute("SELECT count(*) FROM logs").fetchone() != (2,):
        raise sqlite3.DatabaseError("its logs are missing")
    (newest,) = db.execute("SELECT max(at) FROM starts").fetchone()
    return bool(state[0] != boot_id()) or (newest is not None and newest > now + FUTURE_S)


def _locked(error: sqlite3.Error) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _damaged(error: sqlite3.Error) -> bool:
    """Would a new file help? Against what stands in it, or a table that is missing; not against a lock, a full or
    failing disk, too many open files: moving a sound file aside would forget the limits for nothing."""
    inside = (
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
    )
    return _code(error) in inside


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
