"""The journal: append-only events in SQLite (WAL), one writer, group commit.

What it does not do: give events a meaning (`runner/progress.py` does), or keep two runners apart
(`runner/lock.py` does; the unique index here is the last line behind it).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.errors import JournalError, JournalVersionError
from beastmode.events import ONCE_AN_ATTEMPT, RUN_STARTED, Event
from beastmode.settings import Durability

VERSION = 1
BALLAST_BYTES = 1024 * 1024
"""Kept beside the journal and deleted when the disk is full, so that what is in flight can still be recorded."""

_SCHEMA = f"""
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, kind TEXT NOT NULL, task TEXT NOT NULL,
  attempt INTEGER NOT NULL, unix_us INTEGER NOT NULL, mono_us INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX events_of_run ON events (run, seq);
CREATE INDEX runs ON events (kind) WHERE kind = '{RUN_STARTED}';
CREATE UNIQUE INDEX once_an_attempt ON events (run, task, attempt, kind)
  WHERE kind IN {ONCE_AN_ATTEMPT};
PRAGMA user_version = {VERSION};
"""
_INSERT = "INSERT INTO events (run, kind, task, attempt, unix_us, mono_us, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT kind, run, task, attempt, data, unix_us, mono_us, seq FROM events"
_USER_VERSION_AT = 60
"""Offset in the header of an SQLite file, see "Database File Format" 1.3."""

_FULL_TIP = "Free space on the disk that holds the journal, then run the same command again: it goes on."

Row = tuple[int, str, str, int, int, int, bytes]


class Journal:
    """Appends events; each `append` returns a future that is done once the event is safe.

    durability: `full`, an event is on the disk before its future is done; `process`, it is with the kernel, which
    survives kill -9 but not a power cut.   Appends of one turn of the event loop are committed together; while
    one commit is under way the next batch gathers. Events come back in the order of `append`.
    Raises JournalVersionError, without touching the file, for one written by a newer version.
    """

    def __init__(self, path: Path, durability: Durability = "full", clock: Clock = SYSTEM_CLOCK) -> None:
        self.path = path
        self.trouble: JournalError | None = None
        self._clock = clock
        self._pending: list[tuple[Row, asyncio.Future[None]]] = []
        self._flushing = False
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        refuse_newer(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ballast = path.with_name("ballast")
        self._db = _open(path, "FULL" if durability == "full" else "NORMAL")
        self._thread = ThreadPoolExecutor(1, "journal") if durability == "full" else None
        _keep_ballast(self._ballast)

    def append(
        self, kind: str, run: int, task: str = "", attempt: int = 0, data: dict[str, Any] | None = None
    ) -> asyncio.Future[None]:
        """Record an event. The future fails with JournalError if it could not be written."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        clock = self._clock
        unix_us, mono_us = int(clock.unix() * 1e6), int(clock.monotonic() * 1e6)
        payload = self._encode(data) if data else b"{}"
        self._pending.append(((run, kind, task, attempt, unix_us, mono_us, payload), written))
        if not self._flushing:
            self._flushing = True
            loop.call_soon(self._flush)
        return written

    def new_run(self, data: dict[str, Any]) -> int:
        """Record that a run exists, and return its number: one more than the highest so far."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            (highest,) = self._db.execute("SELECT coalesce(max(run), 0) FROM events").fetchone()
            row = (highest + 1, RUN_STARTED, "", 0, *self._stamps(), self._encode(data))
            self._db.execute(_INSERT, row)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error
        return int(highest) + 1

    async def close(self) -> None:
        """Write what is pending, then let go of the file. A failure to write raises JournalError."""
        try:
            while self._pending:
                await asyncio.gather(*(written for _, written in self._pending))
        finally:
            if self._thread:
                self._thread.shutdown()
            self._db.close()

    def _stamps(self) -> tuple[int, int]:
        return int(self._clock.unix() * 1e6), int(self._clock.monotonic() * 1e6)

    def _flush(self) -> None:
        batch, self._pending = self._pending, []
        rows = [row for row, _ in batch]
        if self._thread is None:
            try:
                self._write(rows)
                self._settle(batch, None)
            except sqlite3.Error as error:
                self._settle(batch, error)
            return
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, self._write, rows)
        done.add_done_callback(lambda future: self._settle(batch, future.exception()))

    def _settle(self, batch: list[tuple[Row, asyncio.Future[None]]], error: BaseException | None) -> None:
        failed = self._failed(error) if error else None
        for _, written in batch:
            if written.done():  # whoever asked was cancelled; the event is written all the same
                continue
            if failed is None:
                written.set_result(None)
            else:
                written.set_exception(failed)
                written.exception()  # not everybody waits; `trouble` tells them all
        self._flushing = bool(self._pending)
        if self._flushing:
            asyncio.get_running_loop().call_soon(self._flush)

    def _write(self, rows: list[Row]) -> None:
        try:
            self._commit(rows)
        except sqlite3.OperationalError as error:
            self._rollback()
            if not self._ballast.exists():
                raise
            self._ballast.unlink()
            self._commit(rows)
            self.trouble = self._failed(error)

    def _commit(self, rows: list[Row]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(_INSERT, rows)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._rollback()
            raise

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _failed(self, error: BaseException) -> JournalError:
        if isinstance(error, sqlite3.IntegrityError):
            tip = "Another runner recorded the same attempt. Keep this file and report it: this must not happen."
        else:
            tip = _FULL_TIP
        self.trouble = JournalError(f"the journal cannot be written: {error}", where=str(self.path), tip=tip)
        return self.trouble


class JournalReader:
    """Reads a journal that others may be writing. Raises JournalVersionError for one of a newer version."""

    def __init__(self, path: Path) -> None:
        refuse_newer(path)
        self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)
        self._decode = msgspec.json.Decoder(dict[str, Any]).decode

    def runs(self) -> Iterator[Event]:
        """The RUN_STARTED event of every run, oldest first."""
        return self._events(f"{_SELECT} WHERE kind = ? ORDER BY seq", (RUN_STARTED,))

    def events(self, run: int, after: int = 0) -> Iterator[Event]:
        """The events of a run in order, those with a higher `seq` than `after`."""
        return self._events(f"{_SELECT} WHERE run = ? AND seq > ? ORDER BY seq", (run, after))

    def close(self) -> None:
        self._db.close()

    def _events(self, sql: str, values: Iterable[Any]) -> Iterator[Event]:
        for kind, run, task, attempt, data, unix_us, mono_us, seq in self._db.execute(sql, tuple(values)):
            yield Event(kind, run, task, attempt, self._decode(data), unix_us, mono_us, seq)


def refuse_newer(path: Path) -> None:
    """Raise JournalVersionError if the file was written by a newer version. Reads 100 bytes, writes nothing."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise JournalError(f"the journal cannot be read: {error.strerror}", where=str(path)) from error
    if len(header) < 100:
        return
    if not header.startswith(b"SQLite format 3\0"):
        raise JournalError(
            "this is not a journal", where=str(path), tip="Move the file away, or name --home."
        )
    (version,) = struct.unpack_from(">I", header, _USER_VERSION_AT)
    if version > VERSION:
        raise JournalVersionError(
            f"the journal was written by a newer beast (format {version}, this one knows {VERSION})",
            where=str(path),
            tip="Update beastmode, or name another folder with --home.",
        )


def _open(path: Path, synchronous: str) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.execute("BEGIN IMMEDIATE")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
        db.execute("COMMIT")
        if version == 0:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the header alone tells the version
    except sqlite3.Error as error:
        raise JournalError(
            f"the journal cannot be opened: {error}", where=str(path), tip=_FULL_TIP
        ) from error
    return db


def _keep_ballast(path: Path) -> None:
    if path.exists():
        return
    try:
        with path.open("wb") as file:
            file.write(os.urandom(BALLAST_BYTES))  # zeros may be stored as a hole and free nothing
    except OSError:
        path.unlink(missing_ok=True)
