"""Which processes write to a ledger now: each holds the lock of a file that the kernel lets go when it ends.

Those files hold what their process has noted (`notes`), and stay until somebody has taken that in.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path


class LedgerProcess:
    """This process, as a writer of the ledger at `path`; alive from `show` to `close` or its end, however it ends.

    name: written into every row, so that rows without an outcome tell whose they are.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._path = _lock_of(path, self.name)
        self._fd = -1

    @property
    def fd(self) -> int:
        """Of its file, while the lock is held; else -1."""
        return self._fd

    def show(self) -> None:
        """Take the lock, where it is not held yet. Raises OSError."""
        if self._fd >= 0:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while self._fd < 0:
            self._fd = _locked(self._path)

    def close(self) -> None:
        """Let go of it. Idempotent."""
        if self._fd >= 0:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1


def _locked(lock: Path) -> int:
    """A descriptor of the file, locked; -1 where it was swept away meanwhile, as if it were of a dead process."""
    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)  # the name is ours alone; others only look, and let go at once
        if os.fstat(fd).st_nlink:
            return fd
    except OSError:
        os.close(fd)
        raise
    os.close(fd)
    return -1


def lives(path: Path, name: str) -> bool:
    """Does the process `name` still write to the ledger at `path`?"""
    try:
        fd = os.open(_lock_of(path, name), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def files_of(path: Path) -> list[Path]:
    """The files of all processes, living or dead, as far as they can be seen."""
    try:
        return sorted(_lock_of(path, "any").parent.iterdir())
    except OSError:
        return []


def left_behind(path: Path) -> list[Path]:
    """The files of processes that no longer live."""
    left = []
    for file in files_of(path):
        with suppress(OSError):  # whose it is cannot be told
            if not lives(path, file.name):
                left.append(file)
    return left


def _lock_of(path: Path, name: str) -> Path:
    return path.with_name("ledger-processes") / name
