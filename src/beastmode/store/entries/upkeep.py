"""What a cache needs beside writing: old answers make room, and all, or those with a tag, go when it is cleared."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ClauseElement

from beastmode.store.entries import schema
from beastmode.store.entries.file import EntriesFile, Forgotten, fault, sql, state
from beastmode.store.sqlite.file import transaction
from beastmode.store.sqlite.room import give_back, used_bytes

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
    """Delete some of what is outdated, cleared, too old or too much, and give room back: one small step. True where
    more may be to do."""
    if forget_cleared(file):
        return True
    keys = _to_go(file.db, limits, now_unix)
    _delete(file.db, keys)
    return give_back(file.db, limits.size_bytes, PAGES_A_STEP) or bool(keys)


def forget_cleared(file: EntriesFile) -> bool:
    """Delete some of what has a tag that was cleared: one small step. True where more may be to do."""
    unfinished = file.db.execute(sql(schema.UNFINISHED)).fetchone()
    if unfinished is None:
        return False
    tag, number = unfinished
    known = file.forgotten
    begin = known.tag_set if (known.tag, known.number) == (tag, number) else 0
    keys, tag_set = _cleared(file.db, tag, number, begin)
    _delete(file.db, keys)
    file.forgotten = Forgotten(tag, number, tag_set)
    if not keys and tag_set == begin:
        file.db.execute(sql(schema.FINISH), (tag, number))
    return True


def forget_unused_tags(file: EntriesFile, after: int, most: int) -> int:
    """Of the next `most` sets of tags behind that one forget those that no answer has any more. The last one that was
    looked at; 0 where that was the last of all."""
    generation, _ = state(file.db)
    with transaction(file.db):
        sets = file.db.execute(f"{sql(schema.SETS_FROM)} LIMIT {most}", (after,)).fetchall()
        unused = [
            row for row in sets if not file.db.execute(sql(schema.IS_USED), (generation, *row)).fetchone()
        ]
        file.db.executemany(sql(schema.FORGET_SET), unused)
    return int(sets[-1][0]) if len(sets) == most else 0


def clear(path: Path, now_unix: float) -> int:
    """Forget all answers of the cache at `path`, in every process that uses it. How many there were.

    From its first step on none of them is read or written. Where it cannot delete them then (it is killed, the disk is
    full) the upkeep of those processes does. Raises CacheError and CacheVersionError.
    """
    file = EntriesFile(path, now_unix)
    try:
        (number,) = file.db.execute(sql(schema.NUMBER)).fetchone()
        file.begin_anew(now_unix)
        with suppress(sqlite3.Error):
            with transaction(file.db):  # together: what is written meanwhile keeps its tags
                file.db.execute(sql(schema.DELETE_ALL))
                file.db.execute(sql(schema.FORGET_SETS))
            # It copies what is left, next to nothing: 470 MB took 3 s, and 55 s in small steps.
            file.db.execute("VACUUM")
    except (OSError, sqlite3.Error) as error:
        raise fault(error, path, "cleared") from error
    finally:
        file.close()
    return int(number)


def clear_tag(path: Path, tag: str, now_unix: float, most_s: float = math.inf) -> int:
    """Forget the answers with this tag of the cache at `path`, in every process that uses it. How many there were.

    As `clear`: from its first step on none of them is written; a process that runs reads none as soon as it has looked,
    twice a second. An answer that was begun before and ends later is not kept.   most_s: for so long they are deleted;
    what is left then is for the upkeep, or for `finish_clears`.
    """
    file = EntriesFile(path, now_unix)
    try:
        number = _number_with(file.db, tag)
        file.clear_tag(tag)
        until = time.monotonic() + most_s
        with suppress(sqlite3.Error):
            while forget_cleared(file) and time.monotonic() < until:
                pass
    except (OSError, sqlite3.Error) as error:
        raise fault(error, path, "cleared") from error
    finally:
        file.close()
    return number


def finish_clears(path: Path, now_unix: float) -> None:
    """Delete what clears of tags have left in the cache at `path`. Raises CacheError and CacheVersionError."""
    file = EntriesFile(path, now_unix)
    try:
        while forget_cleared(file):
            pass
    except (OSError, sqlite3.Error) as error:
        raise fault(error, path, "cleared") from error
    finally:
        file.close()


def _number_with(db: sqlite3.Connection, tag: str) -> int:
    generation, _ = state(db)
    (number,) = db.execute(sql(schema.NUMBER_WITH_TAG), (generation, tag)).fetchone()
    kind, _, model = tag.partition(":")
    if kind == "model":
        (untagged,) = db.execute(sql(schema.NUMBER_OF_MODEL), (generation, model)).fetchone()
        number += untagged
    return int(number)


def _cleared(db: sqlite3.Connection, tag: str, number: int, begin: int) -> tuple[list[tuple[bytes]], int]:
    """Some keys that this clear is about, in the sets of tags from `begin` on; and how far they were looked at. None
    and no further: there are no more.

    A tag is in as many sets as a run has tasks. Each step looked at all of them again: 142,857 answers in 47,619 sets
    took a minute and a half.
    """
    generation, _ = state(db)
    keys: list[tuple[bytes]] = []
    at, left = begin, STEP_BYTES
    for (at,) in _few(db, schema.SETS_WITH_TAG, (tag, begin), schema.SETS_A_STEP):
        rows = _few(db, schema.OF_SET, (generation, at, number), schema.ROWS_A_STEP - len(keys))
        some = _fitting(rows, left)
        keys += some
        left -= sum(size for _, size in rows)
        if left < 0 or len(keys) == schema.ROWS_A_STEP:
            return keys, at
    kind, _, model = tag.partition(":")
    if not keys and at == begin and kind == "model":
        keys = _some(db, schema.OF_MODEL, (generation, model, number))
    return keys, at


def _delete(db: sqlite3.Connection, keys: list[tuple[bytes]]) -> None:
    if keys:
        with transaction(db):
            db.executemany(sql(schema.DELETE), keys)


def _to_go(db: sqlite3.Connection, limits: Limits, now_unix: float) -> list[tuple[bytes]]:
    generation, _ = state(db)
    for outdated in schema.OF_OLDER_GENERATIONS:
        if keys := _some(db, outdated, (generation,)):
            return keys
    if keys := _some(db, schema.STORED_BEFORE, (generation, now_unix - limits.age_s)):
        return keys
    too_many = used_bytes(db) - limits.size_bytes
    return _some(db, schema.OLDEST, (generation,), too_many) if too_many > 0 else []


def _some(
    db: sqlite3.Connection, statement: ClauseElement, values: tuple[object, ...], left: int = STEP_BYTES
) -> list[tuple[bytes]]:
    """The first keys that fit: of about `left` bytes of answers together, and of `STEP_BYTES` at most; at least one."""
    return _fitting(_few(db, statement, values, schema.ROWS_A_STEP), min(left, STEP_BYTES))


def _few(
    db: sqlite3.Connection, statement: ClauseElement, values: tuple[object, ...], most: int
) -> list[tuple[Any, ...]]:
    return db.execute(f"{sql(statement)} LIMIT ?", (*values, most)).fetchall()


def _fitting(rows: Iterable[tuple[bytes, int]], left: int) -> list[tuple[bytes]]:
    keys: list[tuple[bytes]] = []
    for key, size in rows:
        keys.append((key,))
        left -= size
        if left < 0:
            break
    return keys
