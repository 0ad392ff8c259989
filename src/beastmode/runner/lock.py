"""One runner a roadmap: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import IO

from beastmode.errors import RunLockedError


class RunLock:
    """Holds a roadmap in a home for one runner, until `release` or the end of the process, however it ends.

    Raises RunLockedError, naming the first runner, while another process holds it.
    """

    def __init__(self, home: Path, roadmap_key: str) -> None:
        folder = home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / (hashlib.blake2b(roadmap_key.encode(), digest_size=8).hexdigest() + ".lock")
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise RunLockedError(
                f"this roadmap is being run already, by {holder}",
                where=roadmap_key,
                tip="Wait for it, look at it with `beast status`, or use another --home.",
            ) from None
        self.name(f"process {os.getpid()}")

    def name(self, holder: str) -> None:
        """Say who holds it, for those who are refused."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(holder)
        self._file.flush()

    def release(self) -> None:
        self._file.close()
