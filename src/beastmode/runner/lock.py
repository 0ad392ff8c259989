"""One runner a roadmap: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from pathlib import Path
from typing import IO

from beastmode.errors import RunLockedError

_LOOKS, _BETWEEN_LOOKS_S = 5, 0.02
"""`holder_of` takes the lock for an instant to see whether it is free; a runner that starts then looks again."""


class RunLock:
    """Holds a roadmap in a home for one runner, until `release` or the end of the process, however it ends.

    Raises RunLockedError, naming the first runner, while another process holds it.
    """

    def __init__(self, home: Path, roadmap_key: str) -> None:
        path = _path(home, roadmap_key)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        if not any(_locked(self._file) for _ in range(_LOOKS)):
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise RunLockedError(
                f"this roadmap is being run already, by {holder}",
                where=roadmap_key,
                tip="Wait for it, look at it with `beast status`, or use another --home.",
            )
        self.name(f"process {os.getpid()}")

    def name(self, holder: str) -> None:
        """Say who holds it, for those who are refused."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(holder)
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        time.sleep(_BETWEEN_LOOKS_S)
        return False
    return True


def holder_of(home: Path, roadmap_key: str) -> str:
    """Who runs a roadmap now, as that runner named itself; "" where nobody does. Changes nothing."""
    try:
        file = _path(home, roadmap_key).open(encoding="utf-8")
    except OSError:
        return ""
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return file.read().strip() or "another process"
    return ""


def _path(home: Path, roadmap_key: str) -> Path:
    return home / "locks" / (hashlib.blake2b(roadmap_key.encode(), digest_size=8).hexdigest() + ".lock")
