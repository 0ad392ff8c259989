"""Why requests were not answered from the cache, of the newest ones in a ledger."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import bindparam, func, literal_column, or_, select
from sqlalchemy.dialects import sqlite

from beastmode.store.entry import first_id
from beastmode.store.ledger_file import fault, version_of
from beastmode.store.ledger_schema import REQUESTS
from beastmode.store.sqlite_file import connect

MOST_ROWS = 20_000
"""Looked at, the newest first: a day may have had millions, and these take some 20 ms."""

_NEWEST = (
    select(REQUESTS.c.cache, REQUESTS.c.cache_why, REQUESTS.c.outcome)
    .where(REQUESTS.c.id >= bindparam("id_"))
    .order_by(REQUESTS.c.id.desc())
    .limit(bindparam("most_"))
    .subquery()
)
_NOT_SHARED = or_(_NEWEST.c.outcome.is_(None), _NEWEST.c.outcome != literal_column("'shared'"))
_REASONS = (
    select(_NEWEST.c.cache, _NEWEST.c.cache_why, func.count())
    .where(_NEWEST.c.cache != literal_column("''"), _NOT_SHARED)
    .group_by(_NEWEST.c.cache, _NEWEST.c.cache_why)
    .order_by(func.count().desc(), _NEWEST.c.cache_why)
)
_SQL = str(_REASONS.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}))


class CacheUse(NamedTuple):
    """reasons: why and how many, the most first; `off` where there was no cache.   asked: how many requests that had to
    do with the cache were looked at, hits included.   all: there are no more since then."""

    reasons: list[tuple[str, int]]
    asked: int
    all: bool


def cache_use(path: Path, since_unix: float, most: int = MOST_ROWS) -> CacheUse:
    """Of the newest requests in the ledger at `path`, received since then. Answers that were shared with an identical
    request in flight do not count. Nothing where there is no ledger; raises LedgerError where it cannot be read."""
    if not path.exists():
        return CacheUse([], 0, all=True)
    try:
        db = connect(path, write=False)
    except sqlite3.Error as error:
        raise fault(error, path, "opened") from error
    try:
        rows = db.execute(_SQL, (first_id(since_unix), most)).fetchall() if version_of(db, path) else []
        newest = "SELECT count(*) FROM (SELECT 1 FROM requests WHERE id >= ? LIMIT ?)"
        (seen,) = db.execute(newest, (first_id(since_unix), most)).fetchone() if rows else (0,)
    except sqlite3.Error as error:
        raise fault(error, path, "read") from error
    finally:
        db.close()
    reasons = [(why or cache, count) for cache, why, count in rows if cache != "hit"]
    return CacheUse(reasons, sum(count for *_, count in rows), all=seen < most)
