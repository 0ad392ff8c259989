"""The journal of a home for those who look at it: opened once its tables are there, anew where it was begun again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from beastmode.store.journal import JournalReader, made_journal
from beastmode.store.journal_file import FileId, file_id


class HomeJournal:
    """The journal at `path`, which may not exist yet. Not thread-safe: whoever shares it has a lock.

    anew: called where another file lies there now, or none: all that was read of the old one is over.
    """

    def __init__(self, path: Path, anew: Callable[[], None]) -> None:
        self._path, self._anew = path, anew
        self._reader: JournalReader | None = None
        self._of: FileId | None = None

    def reader(self) -> JournalReader | None:
        """To read from it; None where there is none yet. Raises JournalError."""
        there = file_id(self._path)
        if there != self._of:
            self._reader, self._of = None, there
            self._anew()
        if self._reader is None:
            self._reader = made_journal(self._path)
        return self._reader
