"""The ledger of a home for those who look at it: opened once it is there, and anew where it was begun again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beastmode.compose.ui.watch import Watch
from beastmode.store.ledger_file import ledger_path
from beastmode.store.ledger_reader import LedgerReader
from beastmode.store.sqlite_file import FileId, file_id


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
        """To read from it; None where there is no ledger. Raises LedgerVersionError and LedgerError."""
        with self._reading:
            there = file_id(self._path)
            if self._reader is not None and there != self._read_id:
                self._reader.close()
                self._reader = None
            if self._reader is None and there is not None:
                self._reader, self._read_id = LedgerReader(self._path), there
            yield self._reader
