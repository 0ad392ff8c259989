"""Why requests were not answered from the cache, of the newest ones in a ledger."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from beastmode.store.ledger.entry import first_id
from beastmode.store.ledger.file import fault, version_of
from beastmode.store.sqlite.file import connect, file_id

MOST_ROWS = 20_000
"""Looked at, the newest first: a day may have had millions, and these take some 20 ms."""

_NEWEST = "SELECT cache, cache_why, outcome FROM requests WHERE id >= ? ORDER BY id DESC LIMIT ?"
_COUNTED = f"SELECT cache, cache_why, outcome IS 'shared', count(*) FROM ({_NEWEST}) GROUP BY 1, 2, 3"  # noqa: S608


class CacheUse(NamedTuple):
    """reasons: why and how many, the most first; `off` where there was no cache.   asked: how many requests that had to
    do with the cache were looked at, hits included.   all: there are no more since then."""

    reasons: list[tuple[str, int]]
    asked: int
    all: bool


def cache_use(path: Path, since_unix: float, most: int = MOST_ROWS, busy_s: float | None = None) -> CacheUse:
    """Of the newest requests in the ledger at `path`, received since then. Those that shared the answer to an identical
    one in flight do not count. Nothing where there is no ledger; raises LedgerError where it cannot be read.   busy_s:
    as `connect` takes it."""
    try:
        if file_id(path) is None:
            return CacheUse([], 0, all=True)
        with closing(connect(path, write=False, busy_s=busy_s)) as db:
            there = version_of(db, path) > 0
            rows = db.execute(_COUNTED, (first_id(since_unix), most)).fetchall() if there else []
    except (OSError, UnicodeDecodeError, sqlite3.Error) as error:
        raise fault(error, path, "read") from error
    told = [(cache, why or cache, count) for cache, why, shared, count in rows if cache and not shared]
    reasons = [(why, count) for cache, why, count in told if cache != "hit"]
    return CacheUse(
        sorted(reasons, key=lambda one: (-one[1], one[0])),
        sum(count for *_, count in told),
        all=sum(row[-1] for row in rows) < most,
    )
