"""The ledger's file: where it lies, whether it is one of ours, and what its faults mean in words (SQLite)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from beastmode.errors import LedgerError, LedgerVersionError
from beastmode.store.ledger.schema import FORMAT, VERSION
from beastmode.store.sqlite.file import UPDATE_TIP, Tips, told, version_in

DAMAGED_TIP = "Move the file away: a new one is begun. `sqlite3 FILE .recover` may bring records back."
_TIPS = Tips(
    full="Free space on the disk that holds the ledger; recording goes on by itself.",
    disk="See to the disk that holds the ledger (is it full, is it failing?).",
    busy="Another process holds it. End that; recording goes on by itself.",
    damaged=DAMAGED_TIP,
    other="",
)


def ledger_path(home: Path) -> Path:
    """The ledger of all requests of a home."""
    return home / "ledger.db"


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """The version of the ledger, 0 where the file is empty. Raises for a newer one, and for what is no ledger."""
    version = version_in(db, FORMAT.name)
    if version is None:
        raise LedgerError("this is not a ledger", where=str(path), tip=DAMAGED_TIP)
    if version > VERSION:
        what = f"the ledger was written by a newer beast (format {version}, this one knows {VERSION})"
        raise LedgerVersionError(what, where=str(path), tip=UPDATE_TIP)
    return version


def fault(error: BaseException, path: Path, verb: str) -> LedgerError:
    """What a failure is called, and what to do about it.   verb: opened, written or read."""
    if isinstance(error, LedgerError):
        return error
    words, tip = told(error, _TIPS)
    return LedgerError(f"the ledger cannot be {verb}: {words}", where=str(path), tip=tip)
