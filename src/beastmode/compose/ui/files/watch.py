"""Watching a file of SQLite: whether anything was written to it, whoever writes."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from beastmode.errors import BeastError
from beastmode.store.sqlite.file import FileId, connect

NONE, UNREADABLE = "none", "unreadable"
"""Versions of a file that is not there, and of one that cannot be looked at."""
PATIENCE_S = 0.3
"""How long a page waits for a file that another process keeps for itself; then it says so, and shows the others."""


class Watch:
    """Tells the version of the file at `path`, which may not exist yet. Thread-safe; a look costs microseconds.

    opened: connects to it, to read only, and waits for nobody: the thread that looks answers all pages. A journal has
    a way of its own.
    """

    def __init__(self, path: Path, opened: Callable[[Path], sqlite3.Connection] | None = None) -> None:
        self._path, self._opened = path, opened or partial(connect, write=False, busy_s=0.0)
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._id: FileId | None = None

    def version(self) -> str:
        """Other than before where something was written, or where another file lies there now; else `NONE` or
        `UNREADABLE`: whoever reads it tells what is wrong with it."""
        with self._lock:
            try:
                return self._look()
            except (sqlite3.Error, OSError, BeastError):
                return UNREADABLE

    def _look(self) -> str:
        there, put_ns = _found(self._path)
        if self._db is not None and there != self._id:
            self._db.close()
            self._db = None
        if there is None:
            return NONE
        if self._db is None:
            self._db, self._id = self._opened(self._path), there
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        return f"{there[1]}.{version}.{put_ns}"


def _found(path: Path) -> tuple[FileId | None, int]:
    """Which file lies there, and when it was last changed, or who may read it: one that was put right where it lies has
    the version for SQLite that it had before."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None, 0
    return (found.st_dev, found.st_ino), found.st_ctime_ns
