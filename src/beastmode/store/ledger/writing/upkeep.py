"""What a ledger needs beside writing: rows of killed processes get an outcome, old ones make room."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass

from beastmode.store.ledger.entry import Row, first_id
from beastmode.store.ledger.notes import noted, put_noted
from beastmode.store.ledger.process import left_behind, lives
from beastmode.store.ledger.rollups.forgetting import (
    MINUTES_KEPT_S,
    figures_to_go,
    forget_figures,
    forget_rows,
)
from beastmode.store.ledger.schema import REQUESTS
from beastmode.store.ledger.writing.file import LedgerFile
from beastmode.store.sqlite.file import transaction
from beastmode.store.sqlite.room import give_back, used_bytes

ROWS_A_STEP, MOST_ROWS_A_STEP = 100, 500
"""Deleted at once: a few milliseconds, also where each has bodies. Who records meanwhile waits as long."""
PAGES_A_STEP = 100

_OPEN = "SELECT * FROM requests WHERE outcome IS NULL AND process = ?"
_KILLED_CAUSE = "the gateway was killed while this request was in flight"
_KILLED_TIP = "Send it again where that does no harm: the upstream may have done it."
_OLDEST = "SELECT max(id) FROM (SELECT id FROM requests ORDER BY id LIMIT ?)"
_OLDEST_BEFORE = "SELECT max(id) FROM (SELECT id FROM requests WHERE id < ? ORDER BY id LIMIT ?)"

_OLDEST_BODY_BEFORE = "SELECT max(id) FROM (SELECT id FROM bodies WHERE id < ? ORDER BY id LIMIT ?)"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long requests are kept.

    age_s: seconds since they were received; bodies_age_s: likewise of their bodies.   size_bytes: what they take in
    the file; the oldest go first. The file itself may be a few MB larger, and so may the write-ahead log beside it.
    """

    age_s: float = 30 * 86_400.0
    size_bytes: int = 1_000_000_000
    bodies_age_s: float = 7 * 86_400.0


def finish_killed(file: LedgerFile) -> int:
    """Give the outcome `unfinished` to the open rows of processes that no longer live. How many there were.

    What those processes had noted is among them; what they left behind is removed.
    """
    left = left_behind(file.path)
    for one in left:
        put_noted(file.db, noted(one))
    open_rows = file.db.execute("SELECT DISTINCT process FROM requests WHERE outcome IS NULL")
    dead = [name for (name,) in open_rows.fetchall() if not lives(file.path, name)]
    finished = 0
    for name in dead:
        rows = [_killed(row) for row in file.db.execute(_OPEN, (name,))]
        file.write(rows, [])
        finished += len(rows)
    for one in left:
        with suppress(OSError):
            one.unlink(missing_ok=True)
    return finished


def _killed(row: Row) -> Row:
    known = dict(zip(REQUESTS.c.keys(), row, strict=True))
    known |= {"outcome": "unfinished", "class": "killed", "cause": _KILLED_CAUSE, "tip": _KILLED_TIP}
    return tuple(known.values())


def rows_a_step(came: int) -> int:
    """How many rows a step may delete after `came` new ones: twice as many, within what nobody notices."""
    return min(max(ROWS_A_STEP, 2 * came), MOST_ROWS_A_STEP)


def make_room(file: LedgerFile, retention: Retention, now_unix: float, at_most: int = ROWS_A_STEP) -> bool:
    """Delete the oldest rows that are too many, `at_most` of them, and give room back: one small step. True where
    more is to be done."""
    is_large = used_bytes(file.db) > retention.size_bytes
    last = _last_to_go(file.db, retention, now_unix, at_most, is_large=is_large)
    body = _last_body_to_go(file.db, retention, now_unix, at_most)
    figures = figures_to_go(file.db, max(retention.age_s, MINUTES_KEPT_S), now_unix)
    if last is not None or body is not None or figures:
        with transaction(file.db):
            file.db.execute("DELETE FROM bodies WHERE id <= ?", (max(last or "", body or ""),))
            if last is not None:
                forget_rows(file.db, last, minutes_too=is_large)
                file.db.execute("DELETE FROM requests WHERE id <= ?", (last,))
            forget_figures(file.db, figures, at_most)
    more = last is not None or body is not None or bool(figures)
    return give_back(file.db, retention.size_bytes, PAGES_A_STEP) or more


def _last_to_go(
    db: sqlite3.Connection, retention: Retention, now_unix: float, at_most: int, *, is_large: bool
) -> str | None:
    (last,) = db.execute(_OLDEST_BEFORE, (first_id(now_unix - retention.age_s), at_most)).fetchone()
    if last is None and is_large:
        (last,) = db.execute(_OLDEST, (at_most,)).fetchone()
    return None if last is None else str(last)


def _last_body_to_go(
    db: sqlite3.Connection, retention: Retention, now_unix: float, at_most: int
) -> str | None:
    before = first_id(now_unix - retention.bodies_age_s)
    (last,) = db.execute(_OLDEST_BODY_BEFORE, (before, at_most)).fetchone()
    return None if last is None else str(last)
