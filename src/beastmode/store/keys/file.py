"""The keys' file: where it lies, how it is opened, and what its faults mean in words (SQLite)."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

from sqlalchemy.dialects import sqlite

from beastmode.errors import KeysError
from beastmode.store.keys.schema import FORMAT, VERSION, creation
from beastmode.store.sqlite.file import (
    UPDATE_TIP,
    Tips,
    begin_private,
    connect,
    told,
    transaction,
    version_in,
)

BUSY_S = 5.0
"""How long another process may hold the keys."""
_MODE = 0o600
_DAMAGED_TIP = (
    "Put a copy of it back; or move it away and, before the gateway begins again, make new keys: "
    "beast keys add NAME"
)
_TIPS = Tips(
    full="Free space on the disk that holds the keys.",
    disk="See to the disk that holds the keys (is it full, is it failing?).",
    busy="Another process holds it. End that, then try again.",
    damaged=_DAMAGED_TIP,
    other="",
)


def keys_path(home: Path) -> Path:
    """The keys of a home."""
    return home / "keys.db"


def open_keys(path: Path, *, durable: bool, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """The file, open to be read and written; made where there is none, so that only its owner may read it.

    durable: what is committed survives a power cut.   busy_s: how long another process may hold it.   Raises KeysError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        begin_private(path)
        if stat.S_IMODE(os.stat(path).st_mode) != _MODE:
            os.chmod(path, _MODE)  # one that was copied here; SQLite's own files beside it take its mode
        db = connect(path, write=True, busy_s=busy_s)
    except (OSError, sqlite3.Error) as error:
        raise keys_fault(error, path) from error
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        _prepare(db, path)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        db.close()
        raise keys_fault(error, path) from error
    except BaseException:
        db.close()
        raise
    return db


def keys_fault(error: BaseException, path: Path) -> KeysError:
    """What a failure is called, and what to do about it."""
    words, tip = told(error, _TIPS)
    return KeysError(f"the keys cannot be used: {words}", where=str(path), tip=tip)


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    with transaction(db):
        version = version_in(db, FORMAT.name)
        if version == 0:
            for statement in creation(sqlite.dialect()):
                db.execute(statement)
        elif version is None:
            tip = "Move it away, or name another --home."
            raise KeysError("this is no file of keys", where=str(path), tip=tip)
        elif version > VERSION:
            what = f"the keys were written by a newer beast (format {version}, this one knows {VERSION})"
            raise KeysError(what, where=str(path), tip=UPDATE_TIP)
