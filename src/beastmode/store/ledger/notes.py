"""Notes: what has left and is not in the ledger yet, in a file of its process that survives kill -9.

A commit of one row wakes two threads, and takes SQLite three times as long after a pause as in a row: 0.4 ms that a
request would wait before it leaves. A note is one write to memory that the kernel keeps, 0.03 ms after the same pause;
the row follows with the next batch. Like SQLite's own write-ahead log, notes are read by whoever opens the ledger next.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import zlib
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import msgspec

from beastmode.store.ledger.entry import Row
from beastmode.store.ledger.process import files_of
from beastmode.store.sqlite.file import connect

SLOT_BYTES, SLOTS = 1024, 512
"""A slot never lies across two pages, so that a kill leaves all of a note or nothing."""
SLOW_S = 0.05
REST_S, LONGEST_REST_S = 0.5, 60.0
"""A disk that took so long to take a note is left alone for a while, since the event loop waits for it; twice as long
each time in a row. Once says little: on a busy machine this process may just not have had its turn, and each request
of a minute then waited for a commit of its own."""

_HEAD = struct.Struct("<QH")
"""At the file's beginning: up to which number all are in the ledger; how long the names of the columns are."""
_NOTE = struct.Struct("<QIH")
"""At a slot's beginning: the note's number, its sum, how long it is."""


class Notes:
    """Notes rows of `columns` in an open file, in place of what that held. Raises OSError where there is no room.

    last, settled: the number of the last note, and the one up to which all are in the ledger.
    `take` is for the event loop, `settle` for the thread that writes the ledger.
    """

    def __init__(self, fd: int, columns: Sequence[str]) -> None:
        self._fd = fd
        self._encode = msgspec.msgpack.Encoder().encode
        self.last = self.settled = 0
        self._rests_until, self._rest_s = 0.0, REST_S
        names = self._encode(columns)
        space = (_HEAD.pack(0, len(names)) + names).ljust(SLOT_BYTES * (1 + SLOTS), b"\0")
        try:
            _write(fd, space, 0)  # all of it now: later there is room for sure
        except OSError:
            os.ftruncate(fd, 0)  # what is left of the disk is for the ledger
            raise

    def take(self, row: Row) -> int:
        """Note a row; its number. 0 where that cannot be: too many are not in the ledger yet, it is too long, or the
        file cannot be written."""
        number, began = self.last + 1, monotonic()
        if number - self.settled > SLOTS or began < self._rests_until:
            return 0
        try:
            data = self._encode(row)
            if _NOTE.size + len(data) > SLOT_BYTES:
                return 0
            head = _NOTE.pack(number, zlib.crc32(data, number & 0xFFFFFFFF), len(data))
            _write(self._fd, head + data, _place(number))
        except (OSError, OverflowError, ValueError):
            return 0
        self.last = number
        if (now := monotonic()) - began > SLOW_S:
            self._rests_until = now + self._rest_s
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        else:
            self._rest_s = REST_S
        return number

    def settle(self, number: int) -> None:
        """All up to this one are in the ledger. Raises OSError."""
        _write(self._fd, number.to_bytes(8, "little"), 0)
        self.settled = number


class Noted(NamedTuple):
    """What a process has noted and not settled, oldest first."""

    columns: list[str]
    rows: list[list[object]]


def noted(file: Path) -> Noted:
    """The notes in a file; none where it is not there, or was not begun. Raises OSError."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        data = b""
    slots = range(SLOT_BYTES, len(data) - SLOT_BYTES + 1, SLOT_BYTES)
    settled, length = _HEAD.unpack_from(data) if slots else (0, 0)
    if not length:
        return Noted([], [])
    columns = msgspec.msgpack.decode(data[_HEAD.size : _HEAD.size + length], type=list[str])
    found: dict[int, bytes] = {}
    for at in slots:
        number, crc, size = _NOTE.unpack_from(data, at)
        note = data[at + _NOTE.size : at + _NOTE.size + size]
        if number > settled and zlib.crc32(note, number & 0xFFFFFFFF) == crc:  # else it is being written now
            found[number] = note
    return Noted(columns, [msgspec.msgpack.decode(found[number], type=list) for number in sorted(found)])


def put_noted(db: sqlite3.Connection, notes: Noted) -> None:
    """Make rows of notes, but for those that have one."""
    if notes.rows:
        names, marks = ", ".join(f'"{name}"' for name in notes.columns), ", ".join("?" * len(notes.columns))
        db.executemany(f"INSERT OR IGNORE INTO requests ({names}) VALUES ({marks})", notes.rows)  # noqa: S608


def take_in(path: Path, busy_s: float | None = None) -> None:
    """Make rows of what processes that write to the ledger at `path` have noted, for somebody who is about to read it.
    Where it cannot be written, it stays as it is.   busy_s: as `connect` takes it."""
    with suppress(OSError, sqlite3.Error):
        waiting = [notes for notes in map(noted, files_of(path)) if notes.rows]
        if waiting and path.exists():
            with closing(connect(path, write=True, busy_s=busy_s)) as db:
                for notes in waiting:
                    put_noted(db, notes)


def _place(number: int) -> int:
    return SLOT_BYTES * (1 + number % SLOTS)


def _write(fd: int, data: bytes, at: int) -> None:
    if os.pwrite(fd, data, at) != len(data):
        raise OSError("there is no room for all of it")
