"""Liveness: a file that stays locked exactly as long as its process lives, and is its board."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import weakref
from pathlib import Path

from beastmode.safeguards.host.board import ROWS_MOST, Board

TOUCH_S = 3600.0
"""Cleaners of /tmp remove what nobody touched for days; a run may be older than that."""


class Liveness:
    """Locked from here to `close`, or to the end of the process, however it ends. A stopped process lives.

    room: for so many rows in each log of its board.

    flock, not fcntl.lockf: those locks belong to processes, so a second store in one process would look dead.
    """

    def __init__(self, path: Path, room: int = ROWS_MOST) -> None:
        self.path, self._name = path, os.fspath(path)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.board = Board(self._fd, room)
            self._inode = os.fstat(self._fd).st_ino
        except OSError:
            os.close(self._fd)
            raise
        self._touched = time.monotonic()
        _ALL.add(self)

    def in_place(self) -> bool:
        """Can others still find it under its name, with all that it shows?"""
        try:
            found = os.stat(self._name)
            return found.st_ino == self._inode and self.board.mend(found.st_size)
        except OSError:
            return False

    def touch(self) -> None:
        """Show cleaners that it is in use; cheap enough to be called at every operation."""
        now = time.monotonic()
        if now - self._touched > TOUCH_S:
            self._touched = now
            with contextlib.suppress(OSError):
                os.utime(self.path)

    def let_go(self) -> None:
        """From now on its process looks dead; what it has shown can still be read."""
        if self._fd >= 0:
            self.board.close()  # its memory keeps the file open, and locked, too
            os.close(self._fd)
            self._fd = -1

    def close(self, *, remove: bool = True) -> None:
        """Let go of it."""
        if remove:
            self.path.unlink(missing_ok=True)
        self.let_go()


def is_held(path: Path) -> bool:
    """Does the process that locked `path` still live?"""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


_ALL: weakref.WeakSet[Liveness] = weakref.WeakSet()


def _close_in_child() -> None:
    # A forked child shares the lock: it would make its dead parent look alive.
    for liveness in list(_ALL):
        liveness.close(remove=False)


os.register_at_fork(after_in_child=_close_in_child)
