"""Ballast: a file that takes up room as long as there is some, to be deleted when there is none."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from beastmode.store.journal.file import fault

BALLAST_BYTES = 1024 * 1024
"""Enough for the last records of every attempt in flight."""


class Ballast:
    """The ballast at `path`, shared by all who write beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self) -> None:
        """Have it, whole. Raises JournalError where there is no room for it: a run could not end well there."""
        try:
            if not self._path.exists() or self._path.stat().st_size < BALLAST_BYTES:
                # Zeros may be stored as a hole, and free nothing.
                self._path.write_bytes(os.urandom(BALLAST_BYTES))
        except OSError as error:
            with suppress(OSError):
                self.drop()
            raise fault(error, self._path, "opened") from error

    def drop(self) -> None:
        """Free its room. Idempotent."""
        self._path.unlink(missing_ok=True)
