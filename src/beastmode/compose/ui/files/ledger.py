"""The ledger of a home for those who look at it: opened once it is there, and anew where it was begun again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from beastmode.compose.ui.files.watch import PATIENCE_S, Watch
from beastmode.errors import LedgerError, LedgerVersionError
from beastmode.store.ledger.file import fault, ledger_path
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.sqlite.file import FileId, file_id


class HomeLedger:
    """The ledger in `home`, which may not exist yet. Thread-safe: one reads, and the others wait."""

    def __init__(self, home: Path) -> None:
        self._path = ledger_path(home)
        self._watch, self._reading = Watch(self._path), threading.Lock()
        self._reader: LedgerReader | None = None
        self._read_id: FileId | None = None

    def version(self) -> str:
        """Changes whenever anything is recorded. Waits for nobody who reads."""
        return self._watch.version()

    @contextmanager
    def reader(self) -> Iterator[LedgerReader | None]:
        """To read from it; None where there is no ledger. Raises LedgerVersionError and LedgerError; then it is opened
        again, since it may be put right where it lies."""
        with self._reading:
            try:
                yield self._opened()
            except (LedgerError, LedgerVersionError):
                self._close()
                raise
            except (UnicodeDecodeError, msgspec.DecodeError) as error:  # SQLite looks into no value
                self._close()
                raise fault(error, self._path, "read") from error

    def _opened(self) -> LedgerReader | None:
        try:
            there = file_id(self._path)
        except OSError as error:
            raise fault(error, self._path, "read") from error
        if there != self._read_id:
            self._close()
        if self._reader is None and there is not None:
            self._reader, self._read_id = LedgerReader(self._path, PATIENCE_S), there
        return self._reader

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
