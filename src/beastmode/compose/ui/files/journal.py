"""The journal of a home for those who look at it: opened once its tables are there, anew where it was begun again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from beastmode.compose.ui.files.watch import PATIENCE_S
from beastmode.errors import JournalError, JournalVersionError
from beastmode.store.journal.file import DAMAGED_TIP, FileId, fault, file_id
from beastmode.store.journal.journal import JournalReader, made_journal

SENSELESS = (LookupError, TypeError, ValueError, AttributeError)
"""What comes of an event that says what no runner writes: SQLite sees damage to its pages, not to a value."""


def senseless(path: Path, error: Exception) -> JournalError:
    """One of these, as it is told."""
    what = f"the events make no sense ({type(error).__name__}: {error}): the journal may be damaged"
    return JournalError(what, where=str(path), tip=DAMAGED_TIP)


class HomeJournal:
    """The journal at `path`, which may not exist yet. Not thread-safe: whoever shares it has a lock.

    anew: called where another file lies there now, or none: all that was read of the old one is over.
    """

    def __init__(self, path: Path, anew: Callable[[], None]) -> None:
        self._path, self._anew = path, anew
        self._reader: JournalReader | None = None
        self._of: FileId | None = None

    @contextmanager
    def reading(self) -> Iterator[JournalReader | None]:
        """To read from it; None where there is none yet. Raises JournalVersionError and JournalError.

        After that it is opened again: what could not be read may have been put right where it lies, and an open file
        keeps what it has read.
        """
        try:
            yield self._opened()
        except (JournalError, JournalVersionError):
            self._close()
            raise

    def _opened(self) -> JournalReader | None:
        try:
            there = file_id(self._path)
        except OSError as error:
            raise fault(error, self._path, "read") from error
        if there != self._of:
            self._close()
            self._of = there
            self._anew()
        if self._reader is None:
            self._reader = made_journal(self._path, PATIENCE_S)
        return self._reader

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
