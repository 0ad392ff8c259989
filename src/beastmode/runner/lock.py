"""One runner a roadmap: a lock that dies with its process."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from beastmode.errors import JournalError, PreconditionError, RunLockedError

_NAMED_WITHIN_S = 1.0
"""A runner says who it is right after it has got the lock; until then the name of the one before stands there."""
_LOOK_S = 0.01
_MOST_BYTES = 200
_TRIES, _BETWEEN_TRIES_S = 5, 0.02
"""`holder_of` takes the lock for an instant to see whether it is free; a runner that starts then tries again."""


class RunLock:
    """Holds a roadmap in a home for one runner, until `release` or the end of the process, however it ends.

    Raises RunLockedError, naming the first runner, while another process holds it; PreconditionError or, on a
    full disk, JournalError where the home has no place for the lock.
    """

    def __init__(self, home: Path, roadmap_key: str) -> None:
        path = _path(home, roadmap_key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _impossible(error, home) from error
        try:
            self._take(home, roadmap_key)
        except BaseException:
            os.close(self._file)
            raise
        self.name(f"process {os.getpid()}")

    def _take(self, home: Path, roadmap_key: str) -> None:
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(_BETWEEN_TRIES_S)
            except OSError as error:
                raise _impossible(error, home) from error
        raise RunLockedError(
            f"this roadmap is being run already, by {_name_in(self._file)}",
            where=roadmap_key,
            tip="Wait for it, look at it with `beast status`, or use another --home.",
        )

    def name(self, holder: str) -> None:
        """Say who holds it, for those who are refused: `process <pid>` stands in it. A full disk may swallow it."""
        with suppress(OSError):
            os.pwrite(self._file, f"{holder}\n".encode().ljust(_MOST_BYTES), 0)

    def name_run(self, run: str) -> None:
        """Say which run of the roadmap its holder is at work on: `holder_on` reads it."""
        self.name(f"run {run}, process {os.getpid()}")

    def release(self) -> None:
        """Let the next one in. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def holder_of(home: Path, roadmap_key: str) -> str:
    """Who runs a roadmap now, as that runner named itself; "" where nobody does. Changes nothing."""
    try:
        file = os.open(_path(home, roadmap_key), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return ""
    except OSError:
        return _name_in(file)
    finally:
        os.close(file)


def holder_on(home: Path, roadmap_key: str, run: str) -> str:
    """Who is at work on one run of a roadmap, as that runner named itself; "" where nobody is, or on another run of it.
    Who has not said yet which run it is counts."""
    holder = holder_of(home, roadmap_key)
    on_another = holder.startswith("run ") and not holder.startswith(f"run {run},")
    return "" if on_another else holder


def _path(home: Path, roadmap_key: str) -> Path:
    return home / "locks" / (hashlib.blake2b(roadmap_key.encode(), digest_size=8).hexdigest() + ".lock")


def _name_in(file: int) -> str:
    """Who holds the lock, by its own word."""
    deadline = time.monotonic() + _NAMED_WITHIN_S
    while True:
        name = os.pread(file, _MOST_BYTES, 0).decode("utf-8", "replace").partition("\n")[0]
        if _is_alive(name):
            return name
        if time.monotonic() > deadline:
            # It cannot be seen from here (another container), or the disk was too full for a name.
            return name.strip() or "another process"
        time.sleep(_LOOK_S)


def _is_alive(name: str) -> bool:
    pid = re.search(r"process (\d+)", name)
    if pid is None:
        return False
    try:
        os.kill(int(pid[1]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _impossible(error: OSError, home: Path) -> PreconditionError | JournalError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        tip = "Free space on that disk, then run the same command again: it goes on."
        return JournalError(f"the home cannot be written: {error.strerror}", where=str(home), tip=tip)
    tip = "Name a folder that can be written, and that can be locked, with --home."
    return PreconditionError(f"the home cannot be locked: {error.strerror}", where=str(home), tip=tip)
