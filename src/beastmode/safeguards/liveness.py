"""Liveness: a file that stays locked exactly as long as its process lives, and says what the process holds."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import weakref
from pathlib import Path

from beastmode.safeguards.host_queue import Amount

TOUCH_S = 3600.0
"""Cleaners of /tmp remove what nobody touched for days; a run may be older than that."""


class Liveness:
    """Locked from here to `close`, or to the end of the process, however it ends. A stopped process lives.

    flock, not fcntl.lockf: those locks belong to processes, so a second store in one process would look dead.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._touched = time.monotonic()
        _ALL.add(self)

    def show(self, held: Amount) -> None:
        """Write down what is held, for whoever finds the file of limits lost. About 1 us."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.pwrite(self._fd, b"%8d %8d %16d\n" % held, 0)

    def touch(self) -> None:
        """Show cleaners that it is in use; cheap enough to be called at every operation."""
        now = time.monotonic()
        if now - self._touched > TOUCH_S:
            self._touched = now
            with contextlib.suppress(OSError):
                os.utime(self.path)

    def close(self, *, remove: bool = True) -> None:
        """Let go of it."""
        if self._fd >= 0:
            if remove:
                self.path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1


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


def shown(path: Path) -> Amount:
    """What the process of `path` holds, as it says; nothing where it says nothing."""
    try:
        busy, leaving, tokens = path.read_bytes().split()
        return Amount(int(busy), int(leaving), int(tokens))
    except (OSError, ValueError):
        return Amount(0, 0, 0)


_ALL: weakref.WeakSet[Liveness] = weakref.WeakSet()


def _close_in_child() -> None:
    # A forked child shares the lock: it would make its dead parent look alive.
    for liveness in list(_ALL):
        liveness.close(remove=False)


os.register_at_fork(after_in_child=_close_in_child)
