"""Board: what a process shows of itself in its liveness file, for whoever joins it or comes after it.

Its process writes it through its memory, others read the file: what one process has written, every other reads, also
after `kill -9`. A write is twenty times as fast as by a system call, and is not left to another thread half-way.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from beastmode.safeguards.host.queue import Amount

BoardLog = Literal["starts", "spent", "lingering"]
"""When calls started; when they ended, with their tokens; until when slots linger."""
ROWS_LEAST, ROWS_MOST = 256, 8192
"""Of each log: what went before is not known to whoever takes over. 25 to 800 KB in all."""
_LOGS: tuple[BoardLog, ...] = ("starts", "spent", "lingering")

_MAGIC = 0x42454153_00000002
_MAGIC_AT, _ASKED_AT, _HELD_AT, _ROWS_AT, _LOGS_AT = 0, 8, 16, 40, 64
_CELL, _HELD = struct.Struct("=q"), struct.Struct("=qqq")
_ROW = struct.Struct("=dqqd")
"""When, number, amount, and again when: a row that was cut off half-way in the writing is told by that."""
_YES, _NO = _CELL.pack(1), _CELL.pack(0)


class Board:
    """The writer's side.   fd: of the file.   room: for so many rows in each log.   rows: how many have ever been
    written in it.

    What a step takes is shown before it is done, what it gives back after it is written down elsewhere: whoever looks
    in between sees too much, never too little. Raises OSError.

    Where somebody else cuts its file off, the next write would end the process (SIGBUS): see `mend`.
    """

    __slots__ = ("_at", "_fd", "_map", "_room", "_size", "rows")

    def __init__(self, fd: int, room: int = ROWS_MOST) -> None:
        self._fd, self._room = fd, room
        self._at = {log: _LOGS_AT + number * room * _ROW.size for number, log in enumerate(_LOGS)}
        self.rows: dict[BoardLog, int] = dict.fromkeys(_LOGS, 0)
        self._size = _LOGS_AT + len(_LOGS) * room * _ROW.size
        self._fill(0)
        self._map = mmap.mmap(fd, self._size)
        self._write_head()

    def mend(self, size: int) -> bool:
        """Make its file whole again where it has only `size` bytes left. True where there was nothing to do; else what
        it has shown is lost but for what is held, which the next `show` brings back."""
        if size >= self._size:
            return True
        self._fill(size)
        self._write_head()
        return False

    def _fill(self, start: int) -> None:
        # All of it at once: a disk that is full later must not stop what is going on.
        if os.pwrite(self._fd, bytes(self._size - start), start) < self._size - start:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _write_head(self) -> None:
        self._write(_ROWS_AT, _CELL.pack(self._room))
        self._write(_MAGIC_AT, _CELL.pack(_MAGIC))

    def close(self) -> None:
        """Its file is being closed: the number may mean another one soon."""
        self._fd = -1
        self._map.close()

    def show(self, held: Amount) -> None:
        """What is held: slots, places that have not left, tokens of calls in flight."""
        self._write(_HELD_AT, _HELD.pack(*held))

    def write(self, log: BoardLog, at: float, amount: int) -> None:
        """A row of a log that nobody else keeps now."""
        number = self.rows[log] + 1
        self._write(self._at[log] + number % self._room * _ROW.size, _ROW.pack(at, number, amount, at))
        self.rows[log] = number

    def read(self) -> Shown | None:
        """As others would, also where they do not find it any more."""
        return _read(self._fd)

    def asked(self) -> bool:
        """Has somebody come, so that this process must not go on counting alone?"""
        if self._fd < 0:
            raise _closed()
        return self._map[_ASKED_AT : _ASKED_AT + _CELL.size] != _NO

    def forget_asked(self) -> None:
        self._write(_ASKED_AT, _NO)

    def _write(self, at: int, data: bytes) -> None:
        """In one copy, of whole numbers at their places in memory: a kill leaves each of them old or new."""
        if self._fd < 0:
            raise _closed()
        self._map[at : at + len(data)] = data


def _closed() -> OSError:
    return OSError(errno.EBADF, os.strerror(errno.EBADF))


@dataclass(frozen=True, slots=True)
class Shown:
    """The reader's side: a board as it was at one moment."""

    held: Amount
    logs: dict[BoardLog, bytes]

    def rows_after(self, log: BoardLog, seen: int) -> Rows:
        """The rows of a log that come after number `seen`."""
        rows = (row for row in _ROW.iter_unpack(self.logs[log]) if row[0] == row[3] and row[1] > seen)
        found = sorted((number, at, amount) for at, number, amount, _ in rows)
        last = found[-1][0] if found else seen
        whole = len(found) == last - seen
        return Rows([(at, amount) for _, at, amount in found], last, whole)


@dataclass(frozen=True, slots=True)
class Rows:
    """When and how much.   last: the number of the last.   whole: none before it was overwritten."""

    rows: list[tuple[float, int]]
    last: int
    whole: bool


def ask(path: Path) -> None:
    """Tell the process of `path` that it is not alone any more. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.pwrite(fd, _YES, _ASKED_AT)
    finally:
        os.close(fd)


def read_board(path: Path) -> Shown | None:
    """What the process of `path` shows; None where there is no board. Raises OSError where it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return _read(fd)
    finally:
        os.close(fd)


def _read(fd: int) -> Shown | None:
    """What is held is read first, since it is written last: what is missing there stands in a log."""
    head = os.pread(fd, _LOGS_AT, 0)
    if len(head) < _LOGS_AT or _CELL.unpack_from(head, _MAGIC_AT) != (_MAGIC,):
        return None
    (room,) = _CELL.unpack_from(head, _ROWS_AT)
    size = room * _ROW.size
    logs = {log: os.pread(fd, size, _LOGS_AT + number * size) for number, log in enumerate(_LOGS)}
    if any(len(rows) < size for rows in logs.values()):
        return None
    return Shown(Amount(*_HELD.unpack_from(head, _HELD_AT)), logs)
