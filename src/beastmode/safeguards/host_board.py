"""Board: what a process shows of itself in its liveness file, for whoever joins it or comes after it.

Written and read by plain system calls: what one process has written, every other reads, also after `kill -9`.
"""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from beastmode.safeguards.host_queue import Amount

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
    """

    __slots__ = ("_at", "_fd", "_room", "rows")

    def __init__(self, fd: int, room: int = ROWS_MOST) -> None:
        self._fd, self._room = fd, room
        self._at = {log: _LOGS_AT + number * room * _ROW.size for number, log in enumerate(_LOGS)}
        self.rows: dict[BoardLog, int] = dict.fromkeys(_LOGS, 0)
        # All of it at once: a disk that is full later must not stop what is going on.
        size = _LOGS_AT + len(_LOGS) * room * _ROW.size
        if os.pwrite(fd, bytes(size), 0) < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.pwrite(fd, _CELL.pack(room), _ROWS_AT)
        os.pwrite(fd, _CELL.pack(_MAGIC), _MAGIC_AT)

    def close(self) -> None:
        """Its file is being closed: the number may mean another one soon."""
        self._fd = -1

    def show(self, held: Amount) -> None:
        """What is held: slots, places that have not left, tokens of calls in flight."""
        os.pwrite(self._fd, _HELD.pack(*held), _HELD_AT)

    def write(self, log: BoardLog, at: float, amount: int) -> None:
        """A row of a log that nobody else keeps now."""
        number = self.rows[log] + 1
        os.pwrite(
            self._fd, _ROW.pack(at, number, amount, at), self._at[log] + number % self._room * _ROW.size
        )
        self.rows[log] = number

    def read(self) -> Shown | None:
        """As others would, also where they do not find it any more."""
        return _read(self._fd)

    def asked(self) -> bool:
        """Has somebody come, so that this process must not go on counting alone?"""
        return os.pread(self._fd, 8, _ASKED_AT) != _NO

    def forget_asked(self) -> None:
        os.pwrite(self._fd, _NO, _ASKED_AT)


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
