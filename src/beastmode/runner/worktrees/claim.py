"""Claim: the worktrees of a list are used by one runner of this host at a time, whatever its home."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.runner.code.git import HELD

_FILE = ".in-use"
_LONGEST_COMMAND_S, _BETWEEN_LOOKS_S = 60.0, 0.02
"""Of git, writing the files of a large repository."""


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
        if not _locked(file):
            os.close(file)
            what = "another runner is at work in the worktrees of this list, from another home"
            tip = "Wait for it, or end it: `beast status` in its home shows what it does."
            raise PreconditionError(what, where=str(self._root), tip=tip)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{run} {os.getpid()}".encode(), 0)
        self._file = file
        HELD.add(file)

    def release(self) -> None:
        """Let the next one in. Idempotent."""
        if self._file >= 0:
            HELD.discard(self._file)
            os.close(self._file)
            self._file = -1


def _locked(file: int) -> bool:
    """Whether the file is locked for us now. What a killed runner has begun with git is waited for."""
    deadline = time.monotonic() + _LONGEST_COMMAND_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if _is_alive(os.pread(file, 200, 0).decode("utf-8", "replace")) or time.monotonic() > deadline:
                return False
        time.sleep(_BETWEEN_LOOKS_S)


def _is_alive(holder: str) -> bool:
    """Whether a holder, as it wrote itself down, is a process that is there."""
    pid = holder.rpartition(" ")[2]
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def run_in(root: Path) -> str:
    """The run that holds a root of worktrees now; "" where none does. Changes nothing."""
    try:
        with (root / _FILE).open(encoding="utf-8", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (root / _FILE).read_text(encoding="utf-8", errors="replace").partition(" ")[0] or "another run"
    except OSError:
        return ""
    return ""


def remove_locks(common: Path, run: str) -> None:
    """Locks of this run's refs that a killed git has left: nobody else writes those refs."""
    for kind in ("refs/heads/beast", "refs/beast"):
        for lock in (common / kind / run).rglob("*.lock"):
            lock.unlink(missing_ok=True)
