"""Room in a SQLite file: how much of it is used, and how what is free is given back."""

from __future__ import annotations

import sqlite3

PAGES_KEPT = 1024
"""Free pages that are not given back: new rows will need them."""


def used_bytes(db: sqlite3.Connection) -> int:
    """What its rows take in the file."""
    return (_pragma(db, "page_count") - _pragma(db, "freelist_count")) * _pragma(db, "page_size")


def give_back(db: sqlite3.Connection, size_bytes: int, pages_a_step: int) -> bool:
    """Make the file smaller by one small step, where much of it is free, or some of it and it is larger than
    `size_bytes`. True where more is to be given back. The file was made with `auto_vacuum = INCREMENTAL`."""
    pages, spare = _pragma(db, "page_count"), _pragma(db, "freelist_count") - PAGES_KEPT
    if spare <= 0 or (spare < pages // 4 and pages * _pragma(db, "page_size") <= size_bytes):
        return False
    # Not `execute`: it takes one step of a statement that has no columns, and that gives one page back.
    db.executescript(f"PRAGMA incremental_vacuum({min(spare, pages_a_step)})")
    return spare > pages_a_step


def _pragma(db: sqlite3.Connection, name: str) -> int:
    (value,) = db.execute(f"PRAGMA {name}").fetchone()
    return int(value)
