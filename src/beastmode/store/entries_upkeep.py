"""What a cache needs beside writing: old answers make room, and all of them go when it is cleared."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ClauseElement

from beastmode.store import entries
from beastmode.store.entries_file import EntriesFile, fault, sql, state
from beastmode.store.sqlite_file import transaction
from beastmode.store.sqlite_room import give_back, used_bytes

STEP_BYTES = 4 * 1024 * 1024
"""Deleted in one step, about: whoever writes meanwhile waits as long."""
PAGES_A_STEP = 500


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
        with transaction(file.db):
            file.db.executemany(sql(entries.DELETE), keys)
    return give_back(file.db, limits.size_bytes, PAGES_A_STEP) or bool(keys)


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
