"""What the tables that are made of rows keep when these go: figures, for longer; and nothing that names a request."""

from __future__ import annotations

import sqlite3

from beastmode.store.ledger.rollups.tally import FAILURE_SPAN_S, minute_of

MINUTES_KEPT_S = 92 * 86_400.0
"""Figures by the minute, and groups of failures. Where a ledger is too large they go with the rows of their time."""
HOURS_KEPT_S = 2 * 366 * 86_400.0
"""Figures by the hour: some ten megabytes."""
_MINUTES_A_STEP = 1_000

_OF_RUNS = "SELECT run, id FROM requests WHERE id <= ? AND (run <> '' OR task <> '')"
_OLDEST = (
    "SELECT 1 FROM figures WHERE span = 60 AND began < :minutes"
    " UNION ALL SELECT 1 FROM figures WHERE span = 3600 AND began < :hours"
    " UNION ALL SELECT 1 FROM failures WHERE began < :minutes LIMIT 1"
)
_FIGURES = (
    "DELETE FROM figures WHERE (span, began) IN"
    " (SELECT span, began FROM figures WHERE span = ? AND began < ? ORDER BY began LIMIT ?)"
)
_FAILURES = tuple(
    f"DELETE FROM {table} WHERE (shape, began) IN"  # noqa: S608 names of ours
    f" (SELECT shape, began FROM {table} WHERE began < ? ORDER BY began LIMIT ?)"
    for table in ("failures", "failures_of_whom")
)

Until = dict[str, int]
"""Before which Unix time figures go: of minutes (`minutes`), of hours (`hours`)."""


def forget_rows(db: sqlite3.Connection, last: str, *, minutes_too: bool) -> None:
    """Before the requests up to this id are deleted: forget where they are.   minutes_too: and their figures by the
    minute. Within a transaction."""
    minute = minute_of(last, 0)
    db.executemany(
        "DELETE FROM requests_of_runs WHERE run = ? AND id = ?", db.execute(_OF_RUNS, (last,)).fetchall()
    )
    db.execute("DELETE FROM failure_texts WHERE id <= ?", (last,))
    db.execute("DELETE FROM seen WHERE minute < ?", (minute,))
    if minutes_too:
        db.execute(_FIGURES, (60, minute * 60, _MINUTES_A_STEP))
        for failures in _FAILURES:
            db.execute(failures, (minute * 60 - FAILURE_SPAN_S, _MINUTES_A_STEP))


def figures_to_go(db: sqlite3.Connection, minutes_s: float, now_unix: float) -> Until:
    """Until when figures are too old; empty where none are.   minutes_s: how long those of minutes are kept."""
    hours_s = max(minutes_s, HOURS_KEPT_S)
    until = {"minutes": int(now_unix - minutes_s), "hours": int(now_unix - hours_s)}
    return until if db.execute(_OLDEST, until).fetchone() else {}


def forget_figures(db: sqlite3.Connection, until: Until, at_most: int) -> None:
    """Delete the oldest of those. Within a transaction."""
    if until:
        db.execute(_FIGURES, (60, until["minutes"], at_most))
        db.execute(_FIGURES, (3600, until["hours"], at_most))
        for failures in _FAILURES:
            db.execute(failures, (until["minutes"], at_most))
