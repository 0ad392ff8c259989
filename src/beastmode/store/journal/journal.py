"""The journal: append-only events in SQLite (WAL), one writer, group commit.

What it does not do: give events a meaning (`runner/progress.py` does), or keep two runners apart
(`runner/lock.py` does; the unique index in `file.py` is the last line behind it).
"""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.errors import JournalError
from beastmode.events import (
    ATTEMPT_ENDED,
    CONTROL,
    LIMITS,
    ONCE_AN_ATTEMPT,
    RUN_STARTED,
    SESSION_STARTED,
    Event,
)
from beastmode.settings import Durability
from beastmode.store.journal.ballast import BALLAST_BYTES, Ballast
from beastmode.store.journal.file import (
    BUSY_S,
    INDEX_OF_CONTROLS,
    VERSION,
    Connection,
    code_of,
    connect,
    create_schema,
    fault,
    file_id,
    version_of,
)

__all__ = ["BALLAST_BYTES", "VERSION", "Journal", "JournalReader"]

_INSERT = "INSERT INTO events (run, kind, task, attempt, unix_us, mono_us, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT kind, run, task, attempt, data, unix_us, mono_us, seq FROM events"
_CHANGES = (SESSION_STARTED, LIMITS, CONTROL)
"""Of what may have led to a failure."""

_LOOK_S = 0.01

Row = tuple[int, str, str, int, int, int, bytes]


class Journal:
    """Appends events; each `append` returns a future that is done once the event is safe.

    durability: `full`, an event is on the disk before its future is done; `process`, it is with the kernel, which
    survives kill -9 but not a power cut.   Appends of one turn of the event loop are committed together; while
    one commit is under way the next batch gathers. Events come back in the order of `append`.
    trouble: what went wrong with the disk so far, None where all is well; to be looked at before more is begun.
    Raises JournalVersionError, without touching the file, for one written by a newer version; JournalError where
    the file cannot be used, or there is no room to go on.
    """

    def __init__(self, path: Path, durability: Durability = "full", clock: Clock = SYSTEM_CLOCK) -> None:
        self.path = path
        self.trouble: JournalError | None = None
        self._clock = clock
        self._pending: list[tuple[Row, asyncio.Future[None]]] = []
        self._flushing = False
        self._idle: asyncio.Future[None] | None = None
        self._lost: JournalError | None = None
        self._closed = False
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self._db = _open(path, "FULL" if durability == "full" else "NORMAL")
        self._ballast = Ballast(path.with_name("ballast"))
        self._names = (path.absolute(), Path(f"{path.absolute()}-wal"))
        self._files = [file_id(name) for name in self._names]
        try:
            self._ballast.keep()
        except JournalError:
            self._db.close()
            raise
        self._thread = ThreadPoolExecutor(1, "journal") if durability == "full" else None

    def append(
        self, kind: str, run: int, task: str = "", attempt: int = 0, data: dict[str, Any] | None = None
    ) -> asyncio.Future[None]:
        """Record an event. The future fails with JournalError if it could not be written."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        payload = self._encode(data) if data else b"{}"
        if self._closed:
            _fail(written, JournalError("the journal is closed", where=str(self.path)))
            return written
        self._pending.append(((run, kind, task, attempt, *self._stamps(), payload), written))
        if not self._flushing:
            self._flushing = True
            loop.call_soon(self._flush)
        return written

    def new_run(self, data: dict[str, Any], above: int = 0) -> int:
        """Record that a run exists, and return its number: one more than the highest so far, and than `above`."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            (highest,) = self._db.execute("SELECT coalesce(max(run), 0) FROM events").fetchone()
            number = max(int(highest), above) + 1
            row = (number, RUN_STARTED, "", 0, *self._stamps(), self._encode(data))
            self._db.execute(_INSERT, row)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            raise self._failed(error) from error
        return number

    async def close(self) -> None:
        """Write what is pending, then let go of the file. Idempotent. Raises JournalError where some of what was
        pending could not be written."""
        self._lost = None
        try:
            while self._flushing:
                self._idle = asyncio.get_running_loop().create_future()
                await self._idle
        finally:
            self._closed = True
            if self._thread:
                self._thread.shutdown()
            self._db.close()
        if self._lost is not None:
            raise self._lost

    def _stamps(self) -> tuple[int, int]:
        return int(self._clock.unix() * 1e6), int(self._clock.monotonic() * 1e6)

    def _flush(self) -> None:
        batch, self._pending = self._pending, []
        rows = [row for row, _ in batch]
        if self._thread is None:
            try:
                self._write(rows)
            except (sqlite3.Error, OSError) as error:
                self._settle(batch, error)
            else:
                self._settle(batch, None)
            return
        done = asyncio.get_running_loop().run_in_executor(self._thread, self._write, rows)
        done.add_done_callback(lambda future: self._settle(batch, future.exception()))

    def _settle(self, batch: list[tuple[Row, asyncio.Future[None]]], error: BaseException | None) -> None:
        failed = self._lost = self._failed(error) if error else self._lost
        for _, written in batch:
            if written.done():  # whoever asked was cancelled; the event is written all the same
                continue
            if error is None:
                written.set_result(None)
            elif failed is not None:
                _fail(written, failed)
        self._flushing = bool(self._pending)
        if self._flushing:
            asyncio.get_running_loop().call_soon(self._flush)
        elif self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _write(self, rows: list[Row]) -> None:
        try:
            self._commit(rows)
        except sqlite3.OperationalError as error:
            if code_of(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise
            self._ballast.drop()
            self._commit(rows)
            self.trouble = self._failed(error)

    def _commit(self, rows: list[Row]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(_INSERT, rows)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._rollback()
            raise
        if [file_id(name) for name in self._names] != self._files:
            raise FileNotFoundError(errno.ENOENT, "it was deleted or replaced while it was in use")

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _failed(self, error: BaseException) -> JournalError:
        self.trouble = fault(error, self.path, "written")
        return self.trouble


class JournalReader:
    """Reads a journal that others may be writing. Raises JournalVersionError for one of a newer version, and
    JournalError where it cannot be read.   busy_s: how long another process may keep it from being read."""

    def __init__(self, path: Path, busy_s: float = BUSY_S) -> None:
        self._path = path
        self._db = connect(path, write=False, busy_s=busy_s)
        self._decode = msgspec.json.Decoder(dict[str, Any]).decode

    @property
    def is_made(self) -> bool:
        """Whether anything can be read yet; False in the instant in which somebody is making the file."""
        try:
            return version_of(self._db) > 0
        except sqlite3.Error as error:
            raise fault(error, self._path, "read") from error

    def runs(self) -> Iterator[Event]:
        """The RUN_STARTED event of every run, oldest first; none where its file has been made, and no table yet."""
        if not self.is_made:
            return iter(())
        return self._events(f"{_SELECT} WHERE kind = ? ORDER BY seq", (RUN_STARTED,))

    def events(self, run: int, after: int = 0) -> Iterator[Event]:
        """The events of a run in order, those with a higher `seq` than `after`."""
        return self._events(f"{_SELECT} WHERE run = ? AND seq > ? ORDER BY seq", (run, after))

    def controls(self, run: int, after: int = 0) -> list[Event]:
        """What people asked of a run, those with a higher `seq` than `after`, in order."""
        return list(
            self._events(
                f"{_SELECT} WHERE kind = '{CONTROL}' AND run = ? AND seq > ? ORDER BY seq", (run, after)
            )
        )

    def attempts(self, run: int, task: str) -> Iterator[Event]:
        """The starts and ends of a task's attempts, in order."""
        # Kinds spelt out and `+seq`: else SQLite looks at all events of the run.
        where = f"kind IN {ONCE_AN_ATTEMPT} AND run = ? AND task = ?"
        return self._events(f"{_SELECT} WHERE {where} ORDER BY +seq", (run, task))

    def troubles(self, after: int = 0) -> Iterator[Event]:
        """Of all runs, with a higher `seq` than `after`, in order: the ends of attempts that failed, and what may have
        led to them: runs that began or went on, other limits, what people asked for."""
        # The data is looked at as text: most attempts end well, and decoding them all would take ten times as long.
        where = (
            f"kind IN {_CHANGES} OR (kind = '{ATTEMPT_ENDED}' AND instr(CAST(data AS TEXT), '\"failure\"'))"
        )
        return self._events(f"{_SELECT} WHERE seq > ? AND ({where}) ORDER BY seq", (after,))

    def last_seq(self) -> int:
        """The highest `seq` there is; 0 for none."""
        return max(
            (event.seq for event in self._events(f"{_SELECT} ORDER BY seq DESC LIMIT 1", ())), default=0
        )

    def first(self, run: int, most: int) -> list[Event]:
        """The first `most` events of a run."""
        return list(self._events(f"{_SELECT} WHERE run = ? ORDER BY seq LIMIT ?", (run, most)))

    def last(self, run: int, most: int) -> list[Event]:
        """The last `most` events of a run, in order. However long it is, no more is read."""
        return list(self._events(f"{_SELECT} WHERE run = ? ORDER BY seq DESC LIMIT ?", (run, most)))[::-1]

    def close(self) -> None:
        self._db.close()

    def _events(self, sql: str, values: Iterable[Any]) -> Iterator[Event]:
        try:
            for kind, run, task, attempt, data, unix_us, mono_us, seq in self._db.execute(sql, tuple(values)):
                yield Event(kind, run, task, attempt, self._decode(data), unix_us, mono_us, seq)
        except (sqlite3.Error, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise fault(error, self._path, "read") from error


def made_journal(path: Path, busy_s: float = BUSY_S) -> JournalReader | None:
    """A journal that may not exist yet, open to be read; None also in the instant in which somebody is making it. As
    JournalReader."""
    try:
        if file_id(path) is None:
            return None
    except OSError as error:
        raise fault(error, path, "read") from error
    reader = JournalReader(path, busy_s)
    made = False
    try:
        made = reader.is_made
    finally:
        if not made:
            reader.close()
    return reader if made else None


def _open(path: Path, synchronous: str) -> Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise fault(error, path, "opened") from error
    db = connect(path, write=True)
    try:
        _use_wal(db)
        db.execute(f"PRAGMA synchronous = {synchronous}")
        _have_schema(db)
    except sqlite3.Error as error:
        db.close()
        raise fault(error, path, "opened") from error
    return db


def _use_wal(db: Connection) -> None:
    """SQLite does not wait by itself while others change the mode too, as all do who meet at a new home."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if code_of(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_LOOK_S)


def _have_schema(db: Connection) -> None:
    if version_of(db):
        db.execute(INDEX_OF_CONTROLS)
        return
    db.execute("BEGIN IMMEDIATE")
    if version_of(db) == 0:  # nobody else was faster
        create_schema(db)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the header alone tells the version


def _fail(written: asyncio.Future[None], error: JournalError) -> None:
    written.set_exception(error)
    written.exception()  # not everybody waits; `trouble` tells them all
