"""SQLite files of ours, as far as all are alike: how one is opened and recognised, and what its faults mean."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

# Python's driver looks for an adapter of each value but numbers and text, mostly in vain: a fifth of what a row takes.
sqlite3.register_adapter(type(None), lambda none: none)
sqlite3.register_adapter(bool, int)

FileId = tuple[int, int]
"""Device and inode."""

BUSY_S = 2.0
"""How long another process may hold a file before that is a fault. A commit takes well below a millisecond."""
RIGHTS_TIP = (
    "Make the folder and its files readable and writable for you, or name another folder with --home."
)
UPDATE_TIP = "Update beastmode, or name another folder with --home."

NO_TEXT = "it is damaged: what should be text is none"
"""Said by Python's driver in words about a codec."""

_PRIVATE = 0o600


class Tips(NamedTuple):
    """What to do about a file's faults: its disk is full, or fails; another process holds it; it is damaged; else."""

    full: str
    disk: str
    busy: str
    damaged: str
    other: str


def connect(path: Path, *, write: bool, busy_s: float | None = None) -> sqlite3.Connection:
    """A connection to a file that need not be one of ours. Where `write` is not set, only reading is possible.

    busy_s: how long another process may hold it; None: `BUSY_S`.
    """
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}",
        uri=True,
        timeout=BUSY_S if busy_s is None else busy_s,
        isolation_level=None,
        check_same_thread=False,
    )


def begin_private(path: Path) -> None:
    """Make the file, if there is none, for its owner only; SQLite's own files beside it take its mode.

    Never opens one that is there: closing it would drop the locks that SQLite holds on it in this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _PRIVATE))


def file_id(path: Path) -> FileId | None:
    """Which file lies there, None where none does."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def must_still_be(path: Path, known: FileId | None) -> None:
    """Raise FileNotFoundError where the file was deleted or replaced: what is written then is lost."""
    if file_id(path) != known:
        raise FileNotFoundError(errno.ENOENT, "it was deleted or replaced while it was in use")


def version_in(db: sqlite3.Connection, table: str) -> int | None:
    """The version of a file, which stands in a table of that name; 0 where the file is empty, None where it is not
    one of these."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if table not in tables:
        return None
    (version,) = db.execute(f"SELECT max(version) FROM {table}").fetchone()  # noqa: S608 a name of ours
    return None if version is None else int(version)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All that is done in it, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def told(error: BaseException, tips: Tips) -> tuple[str, str]:
    """What a failure says, and what to do about it."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return str(error.strerror or error), tips.full if full else RIGHTS_TIP
    if isinstance(error, UnicodeDecodeError):
        return NO_TEXT, tips.damaged
    code = int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    by_code = {
        sqlite3.SQLITE_FULL: tips.full,
        sqlite3.SQLITE_IOERR: tips.disk,
        sqlite3.SQLITE_READONLY: RIGHTS_TIP,
        sqlite3.SQLITE_PERM: RIGHTS_TIP,
        sqlite3.SQLITE_CANTOPEN: RIGHTS_TIP,
        sqlite3.SQLITE_BUSY: tips.busy,
        sqlite3.SQLITE_LOCKED: tips.busy,
        sqlite3.SQLITE_CORRUPT: tips.damaged,
        sqlite3.SQLITE_NOTADB: tips.damaged,
    }
    return str(error), by_code.get(code, tips.other)
