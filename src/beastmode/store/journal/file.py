"""The journal's file: its schema and version, how it is opened, and what its faults mean in words."""

from __future__ import annotations

import errno
import os
import sqlite3
import struct
import threading
from collections import Counter
from pathlib import Path
from typing import Literal

from beastmode.errors import JournalError, JournalVersionError
from beastmode.events import CONTROL, ONCE_AN_ATTEMPT, RUN_STARTED
from beastmode.store.sqlite.file import NO_TEXT

VERSION = 1
BUSY_S = 30.0
"""How long another process may hold the journal. A commit takes milliseconds; a checkpoint on a slow disk more."""

INDEX_OF_CONTROLS = f"CREATE INDEX IF NOT EXISTS controls ON events (run, seq) WHERE kind = '{CONTROL}'"
"""A runner looks several times a second, among all that it writes itself. Journals from before it had it are given it;
to a version from before it is nothing but an index."""
_SCHEMA = f"""
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, kind TEXT NOT NULL, task TEXT NOT NULL,
  attempt INTEGER NOT NULL, unix_us INTEGER NOT NULL, mono_us INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX events_of_run ON events (run, seq);
CREATE INDEX runs ON events (kind) WHERE kind = '{RUN_STARTED}';
CREATE UNIQUE INDEX once_an_attempt ON events (run, task, attempt, kind)
  WHERE kind IN {ONCE_AN_ATTEMPT};
{INDEX_OF_CONTROLS};
PRAGMA user_version = {VERSION};
"""
_HEADER_BYTES, _USER_VERSION_AT = 100, 60
"""Of an SQLite file, see "Database File Format" 1.3."""

FULL_TIP = "Free space on the disk that holds the journal, then run the same command again: it goes on."
_RIGHTS_TIP = (
    "Make the folder and its files readable and writable for you, or name another folder with --home."
)
_GONE_TIP = "Find what deletes it, a clean-up or a task, then run the same command again: it begins with what is left."
_NOT_OURS_TIP = "Move the file away, or name another folder with --home."
DAMAGED_TIP = (
    "Keep a copy (`sqlite3 FILE .recover` may bring events back), and name another folder with --home."
)
_TIPS = {
    sqlite3.SQLITE_FULL: FULL_TIP,
    sqlite3.SQLITE_IOERR: "See to the disk that holds the journal (is it full, is it failing?), then run the same"
    " command again: it goes on.",
    sqlite3.SQLITE_READONLY: _RIGHTS_TIP,
    sqlite3.SQLITE_PERM: _RIGHTS_TIP,
    sqlite3.SQLITE_CANTOPEN: _RIGHTS_TIP,
    sqlite3.SQLITE_BUSY: "Another process holds it, and for long. End that, then run the same command again: it goes"
    " on.",
    sqlite3.SQLITE_CORRUPT: DAMAGED_TIP,
    sqlite3.SQLITE_NOTADB: _NOT_OURS_TIP,
    sqlite3.SQLITE_ERROR: _NOT_OURS_TIP,  # its tables are others than a journal's
    sqlite3.SQLITE_CONSTRAINT: "Another runner recorded the same attempt. Keep this file and report it: this must"
    " not happen.",
}

FileId = tuple[int, int]
"""Device and inode."""
_connected: Counter[FileId] = Counter()
_connecting = threading.Lock()


class Connection(sqlite3.Connection):
    """A connection that this process knows of until it is closed, see `connect`."""

    file: FileId | None = None

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        super().close()
        if self.file is not None:
            with _connecting:
                _connected[self.file] -= 1
            self.file = None


def connect(path: Path, *, write: bool, busy_s: float = BUSY_S) -> Connection:
    """Open a journal. Where `write` is set, a missing one is made, empty; else only reading is possible.   busy_s: how
    long another process may hold it before that is a fault.

    Raises JournalVersionError, without touching the file, for one of a newer version; JournalError where it is
    no journal or cannot be opened.
    """
    if write and _has_wal(path):
        connect(
            path, write=False
        ).close()  # a version may stand only there; the last writer to close would move it
    with _connecting:
        try:
            # Closing any descriptor of a file drops every POSIX lock that the process has on it, those of SQLite's
            # own connections too; another process would then take the WAL for abandoned and delete it, and what is
            # recorded after that would be lost. So the header of a file that is in use here is not read again.
            if not _connected[file_id(path) or (0, 0)]:
                _refuse_newer_header(path)
            db = _connect(path, write=write, busy_s=busy_s)
        except (OSError, sqlite3.Error) as error:
            raise fault(error, path, "opened") from error
        db.file = file_id(path)
        _connected[db.file or (0, 0)] += 1
    try:
        refuse_newer(version_of(db), path)
    except sqlite3.Error as error:
        db.close()
        raise fault(error, path, "opened") from error
    except JournalVersionError:
        db.close()
        raise
    return db


def version_of(db: sqlite3.Connection) -> int:
    """The version of the schema; 0 where there is none yet."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def create_schema(db: sqlite3.Connection) -> None:
    """To be called in a transaction."""
    for statement in _SCHEMA.split(";"):
        db.execute(statement)


def refuse_newer(version: int, path: Path) -> None:
    """Raise JournalVersionError for a version that this one does not know."""
    if version > VERSION:
        raise JournalVersionError(
            f"the journal was written by a newer beast (format {version}, this one knows {VERSION})",
            where=str(path),
            tip="Update beastmode, or name another folder with --home.",
        )


def file_id(path: Path | str) -> FileId | None:
    """Which file stands under a name; None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def fault(error: BaseException, path: Path, verb: Literal["written", "opened", "read"]) -> JournalError:
    """What a failure is called, and what to do about it."""
    if isinstance(error, OSError):
        words, full = str(error.strerror or error), error.errno in (errno.ENOSPC, errno.EDQUOT)
        tip = FULL_TIP if full else _GONE_TIP if error.errno == errno.ENOENT else _RIGHTS_TIP
    elif isinstance(error, UnicodeDecodeError):
        words, tip = NO_TEXT, DAMAGED_TIP
    else:
        words, tip = str(error), _TIPS.get(code_of(error), "")
    return JournalError(f"the journal cannot be {verb}: {words}", where=str(path), tip=tip)


def code_of(error: BaseException) -> int:
    """SQLite's primary result code, 0 where there is none."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _connect(path: Path, *, write: bool, busy_s: float) -> Connection:
    mode = "rwc" if write else "ro"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_s,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )


def _has_wal(path: Path) -> bool:
    try:
        return os.stat(f"{path}-wal").st_size > 0
    except OSError:
        return False


def _refuse_newer_header(path: Path) -> None:
    """Look at the version in the file's header: reads 100 bytes, and writes and locks nothing."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return
    if len(header) < _HEADER_BYTES:
        return
    if not header.startswith(b"SQLite format 3\0"):
        raise JournalError("this is not a journal", where=str(path), tip=_NOT_OURS_TIP)
    refuse_newer(struct.unpack_from(">I", header, _USER_VERSION_AT)[0], path)
