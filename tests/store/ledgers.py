"""What the tests of the ledger share: requests as a proxy would record them, and looking at the file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from beastmode.clock import Clock
from beastmode.store.ledger.entry import Entry, Outcome
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.schema import ROLLUPS
from beastmode.store.ledger.writing.ledger import Ledger

NOON = 1_764_072_000.0
"""2025-11-25 12:00:00 UTC."""


AT_NOON = Clock(unix=lambda: NOON)
"""So that retention finds nothing old."""


def opened(path: Path, **options: Any) -> Ledger:
    return Ledger(path, **{"clock": AT_NOON, **options})


def entry(received_unix: float = NOON, **known: Any) -> Entry:
    known = {"method": "POST", "path": "/v1/chat/completions", "model": "m", "dialect": "openai", **known}
    return Entry(received_unix=received_unix, **known)


def end(ledger: Ledger, request: Entry, outcome: Outcome = "upstream_ok") -> None:
    request.outcome = outcome
    ledger.end(request)


async def upstream_call(ledger: Ledger, request: Entry, outcome: Outcome = "upstream_ok") -> None:
    """The life of a request that leaves."""
    ledger.begin(request)
    await ledger.leaves(request)
    end(ledger, request, outcome)


def recorded(path: Path, last: int = 1_000_000, **wanted: Any) -> list[Entry]:
    """Newest first."""
    reader = LedgerReader(path)
    try:
        return list(reader.requests(last, **wanted))
    finally:
        reader.close()


def sql(path: Path, statement: str) -> list[Any]:
    db = sqlite3.connect(path)
    try:
        with db:
            return db.execute(statement).fetchall()
    finally:
        db.close()


def older(path: Path, version: int) -> None:
    """Make the ledger one of an older version, with the rows that it has."""
    for table in ROLLUPS:
        sql(path, f"DROP TABLE {table.name}")
    if version < 2:
        sql(path, "ALTER TABLE bodies DROP COLUMN sent")
    sql(path, f"UPDATE ledger_format SET version = {version}")
