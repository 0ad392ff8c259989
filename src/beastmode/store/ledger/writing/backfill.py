"""Brings what an older ledger has into the tables that are made of rows, the newest first, in small steps."""

from __future__ import annotations

from beastmode.store.ledger.rollups.tally import Tally
from beastmode.store.ledger.writing.file import LedgerFile

ROWS_A_STEP = 250
"""Some milliseconds: who records meanwhile waits as long."""

_STEP = "SELECT * FROM requests WHERE id < ? ORDER BY id DESC LIMIT ?"
_OUTCOME = "outcome"


def roll(file: LedgerFile, at_most: int = ROWS_A_STEP) -> bool:
    """Bring in the newest rows that are not in the tables, `at_most` of them. True where more are to come.

    Those that are in flight are passed by: they come in when they end. Exact, whoever else writes.
    """
    if not file.rollup.since():
        return False
    with file.changed():
        since = file.rollup.since()
        found = file.db.execute(_STEP, (since, at_most))
        outcome = [column[0] for column in found.description].index(_OUTCOME)
        rows = found.fetchall()
        tally = Tally()
        tally.add(row for row in rows if row[outcome] is not None)
        file.rollup.put(tally)
        last = "" if len(rows) < at_most else rows[-1][0]
        file.db.execute("UPDATE ledger_rolled SET from_id = ?", (last,))
    return bool(last)
