"""The ledger of a home for those who look at it: opened once it is there, and anew where it was begun again."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from beastmode.store.ledger_file import ledger_path
from beastmode.store.ledger_reader import LedgerReader
from beastmode.store.sqlite_file import FileId, connect, file_id


class HomeLedger:
    """The ledger in `home`, which may not exist yet. Thread-safe: one reads, and the others wait."""

    def __init__(self, home: Path) -> None:
        self._path = ledger_path(home)
        self._reading, self._watching = threading.Lock(), threading.Lock()
        self._reader: LedgerReader | None = None
        self._watch: sqlite3.Connection | None = None
        self._read_id: FileId | None = None
        self._watched_id: FileId | None = None

    def version(self) -> str:
        """Changes whenever anything is recorded. Waits for nobody who reads."""
        with self._watching, suppress(sqlite3.Error):
            if (there := file_id(self._path)) is None:
                return "none"
            if self._watch is None or there != self._watched_id:
                if self._watch is not None:
                    self._watch.close()
                self._watch, self._watched_id = connect(self._path, write=False), there
            (version,) = self._watch.execute("PRAGMA data_version").fetchone()
            return f"{there[1]}.{version}"
        return "unreadable"

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
