"""Claim: the worktrees of a list are used by one runner of this host at a time, whatever its home."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from beastmode.errors import PreconditionError

_FILE = ".in-use"


class Claim:
    """Holds a root of worktrees, until `release` or the end of the process, however it ends."""

    def __init__(self, root: Path) -> None:
        self._root, self._file = root, -1

    def take(self, run: str) -> None:
        """Hold it for a run. Raises PreconditionError while another process does, or where there is no place for it."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            file = os.open(self._root / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            tip = "Name a folder that can be written in XDG_DATA_HOME."
            what = f"worktrees cannot be made: {error.strerror}"
            raise PreconditionError(what, where=str(self._root), tip=tip) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            what = "another runner is at work in the worktrees of this list, from another home"
            tip = "Wait for it, or end it: `beast status` in its home shows what it does."
            raise PreconditionError(what, where=str(self._root), tip=tip) from None
        os.ftruncate(file, 0)
        os.pwrite(file, run.encode(), 0)
        self._file = file

    def release(self) -> None:
        """Let the next one in. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def run_in(root: Path) -> str:
    """The run that holds a root of worktrees now; "" where none does. Changes nothing."""
    try:
        with (root / _FILE).open(encoding="utf-8", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (root / _FILE).read_text(encoding="utf-8", errors="replace") or "another run"
    except OSError:
        return ""
    return ""


def remove_locks(common: Path, run: str) -> None:
    """Locks of this run's refs that a killed git has left: nobody else writes those refs."""
    for kind in ("refs/heads/beast", "refs/beast"):
        for lock in (common / kind / run).rglob("*.lock"):
            lock.unlink(missing_ok=True)
