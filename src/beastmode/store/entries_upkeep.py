"""What a cache needs beside writing: old answers make room, and all of them go when it is cleared."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ClauseElement

from beastmode.store import entries
from beastmode.store.entries_file import EntriesFile, fault, sql, state

STEP_BYTES = 4 * 1024 * 1024
"""Deleted in one step, about: whoever writes meanwhile waits as long."""
PAGES_A_STEP = 500
PAGES_KEPT = 1024
"""Free pages that are not given back: new answers will need them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept.   size_bytes: what the entries take in the file; the oldest go first. The file itself may be
    a few MB larger, and so may the write-ahead log beside it.   age_s: seconds since an answer was stored."""

    size_bytes: int = 1 << 30
    age_s: float = 86_400.0


def make_room(file: EntriesFile, limits: Limits, now_unix: float) -> bool:
    """Delete some of what is outdated, too old or too much, and give room back: one small step. True where more may
    be to do."""
    keys = _to_go(file.db, limits, now_unix)
    if keys:
        with file.transaction():
            file.db.executemany(sql(entries.DELETE), keys)
    return _give_back(file.db, limits) or bool(keys)


def clear(path: Path, now_unix: float) -> int:
    """Forget all answers of the cache at `path`, in every process that uses it. How many there were.

    From its first step on none of them is read or written. Where it cannot delete them then (it is killed, the disk is
    full) the upkeep of those processes does. Raises CacheError and CacheVersionError.
    """
    file = EntriesFile(path, now_unix)
    try:
        (number,) = file.db.execute(sql(entries.NUMBER)).fetchone()
        file.begin_anew(now_unix)
        with suppress(sqlite3.Error):
            file.db.execute(sql(entries.DELETE_ALL))
            file.db.execute(
                "VACUUM"
            )  # copies what is left, next to nothing: 470 MB took 3 s, and 55 s in small steps
    except (OSError, sqlite3.Error) as error:
        raise fault(error, path, "cleared") from error
    finally:
        file.close()
    return int(number)


def used_bytes(db: sqlite3.Connection) -> int:
    """What the entries take in the file."""
    return (_pragma(db, "page_count") - _pragma(db, "freelist_count")) * _pragma(db, "page_size")


def _to_go(db: sqlite3.Connection, limits: Limits, now_unix: float) -> list[tuple[bytes]]:
    generation, _ = state(db)
    for outdated in entries.OF_OLDER_GENERATIONS:
        if keys := _some(db, outdated, (generation,)):
            return keys
    if keys := _some(db, entries.STORED_BEFORE, (generation, now_unix - limits.age_s)):
        return keys
    too_many = used_bytes(db) - limits.size_bytes
    return _some(db, entries.OLDEST, (generation,), too_many) if too_many > 0 else []


def _some(
    db: sqlite3.Connection, statement: ClauseElement, values: tuple[object, ...], left: int = STEP_BYTES
) -> list[tuple[bytes]]:
    """The first keys that fit: of about `left` bytes of answers together, and of `STEP_BYTES` at most; at least one."""
    keys: list[tuple[bytes]] = []
    left = min(left, STEP_BYTES)
    for key, size in db.execute(f"{sql(statement)} LIMIT {entries.ROWS_A_STEP}", values).fetchall():
        keys.append((key,))
        left -= size
        if left < 0:
            break
    return keys


def _give_back(db: sqlite3.Connection, limits: Limits) -> bool:
    pages, free = _pragma(db, "page_count"), _pragma(db, "freelist_count")
    spare, size = free - PAGES_KEPT, pages * _pragma(db, "page_size")
    if spare <= 0 or (spare < pages // 4 and size <= limits.size_bytes):
        return False
    # Not `execute`: it takes one step of a statement that has no columns, and that gives one page back.
    db.executescript(f"PRAGMA incremental_vacuum({min(spare, PAGES_A_STEP)})")
    return spare > PAGES_A_STEP


def _pragma(db: sqlite3.Connection, name: str) -> int:
    (value,) = db.execute(f"PRAGMA {name}").fetchone()
    return int(value)
