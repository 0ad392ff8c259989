"""What a ledger needs beside writing: rows of killed processes get an outcome, old ones make room."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass

from beastmode.store.entry import first_id
from beastmode.store.ledger_file import LedgerFile
from beastmode.store.ledger_notes import noted, put_noted
from beastmode.store.ledger_process import left_behind, lives
from beastmode.store.sqlite_file import transaction
from beastmode.store.sqlite_room import give_back, used_bytes

ROWS_A_STEP, MOST_ROWS_A_STEP = 100, 500
"""Deleted at once: a few milliseconds, also where each has bodies. Who records meanwhile waits as long."""
PAGES_A_STEP = 100

_KILLED = (
    "UPDATE requests SET outcome = 'unfinished', class = 'killed', cause = ?, tip = ?"
    " WHERE outcome IS NULL AND process = ?"
)
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
        finished += file.db.execute(_KILLED, (_KILLED_CAUSE, _KILLED_TIP, name)).rowcount
    for one in left:
        with suppress(OSError):
            one.unlink(missing_ok=True)
    return finished


def rows_a_step(came: int) -> int:
    """How many rows a step may delete after `came` new ones: twice as many, within what nobody notices."""
    return min(max(ROWS_A_STEP, 2 * came), MOST_ROWS_A_STEP)


def make_room(file: LedgerFile, retention: Retention, now_unix: float, at_most: int = ROWS_A_STEP) -> bool:
    """Delete the oldest rows that are too many, `at_most` of them, and give room back: one small step. True where
    more is to be done."""
    last = _last_to_go(file.db, retention, now_unix, at_most)
    body = _last_body_to_go(file.db, retention, now_unix, at_most)
    if last is not None or body is not None:
        with transaction(file.db):
            file.db.execute("DELETE FROM bodies WHERE id <= ?", (max(last or "", body or ""),))
            file.db.execute("DELETE FROM requests WHERE id <= ?", (last or "",))
    return give_back(file.db, retention.size_bytes, PAGES_A_STEP) or last is not None or body is not None


def _last_to_go(db: sqlite3.Connection, retention: Retention, now_unix: float, at_most: int) -> str | None:
    (last,) = db.execute(_OLDEST_BEFORE, (first_id(now_unix - retention.age_s), at_most)).fetchone()
    if last is None and used_bytes(db) > retention.size_bytes:
        (last,) = db.execute(_OLDEST, (at_most,)).fetchone()
    return None if last is None else str(last)


def _last_body_to_go(
    db: sqlite3.Connection, retention: Retention, now_unix: float, at_most: int
) -> str | None:
    before = first_id(now_unix - retention.bodies_age_s)
    (last,) = db.execute(_OLDEST_BODY_BEFORE, (before, at_most)).fetchone()
    return None if last is None else str(last)
